"""How a profile is made of what is written, and which level each pair of values falls into."""

from datetime import date
from typing import Any

import duckdb
import pytest

from sosach.link.blocking import RULES
from sosach.link.comparisons import COMPARISONS, VIETNAM
from sosach.link.config import ELSE
from sosach.link.mentions import PROFILE, ROLES, SUBJECTS, collect
from tests.scenarios.registers import add, world

TYPES = {"birth": "DATE", "death": "DATE", "birth_year": "INTEGER", "kin": "VARCHAR[]"}


def profile(con: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any]:
    """The profile of a citizen of that name."""
    con.execute("DELETE FROM dan_cu")
    add(con, "dan_cu", "d1", ho_ten=name)
    collect(con)
    row = con.execute("SELECT name, name_key, name_fold, surname, given FROM subjects").fetchone()
    assert row is not None
    return dict(zip(("name", "name_key", "name_fold", "surname", "given"), row, strict=True))


def test_a_name_is_folded_so_that_slips_of_writing_vanish() -> None:
    with world() as con:
        plain = profile(con, "NGUYỄN THỊ THUÝ")
        assert plain["name"] == "nguyễn thị thuý"
        assert (plain["name_key"], plain["surname"], plain["given"]) == ("nguyen thi thuy", "nguien", "thui")
        for slip in (
            "Nguyễn Thị Thúi", "NGUYEENX THIJ THUYS", "Nguye64n Thi5 Thuy1", "NGUYỄN THỊ THUÝ *",
            "Nguyễn Thị Thuý (tức Mai)",
        ):  # fmt: skip
            assert profile(con, slip)["name_fold"] == plain["name_fold"], slip
        assert profile(con, "L0 VĂN ĐÔNG")["name_fold"] == profile(con, "Lô Văn Đông")["name_fold"] == "lo van dong"
        assert profile(con, "Lan")["surname"] is None


def test_names_that_differ_are_not_folded_into_one() -> None:
    names = ["Lê Văn Hoa", "Lê Văn Hoan", "Lê Văn Hoàng", "Lê Văn Hòa Hợp", "Lê Văn Xuân", "Lê Văn Xuyên", "Lê Văn Sơn"]
    with world() as con:
        assert len({profile(con, name)["name_fold"] for name in names}) == len(names)


def test_numbers_are_told_by_their_form_and_place_holders_are_none() -> None:
    with world() as con:
        add(con, "dan_cu", "d1", so_dinh_danh="186000001", ho_ten="A")
        add(con, "dan_cu", "d2", so_dinh_danh="000000000000", so_cmnd="111111111", ho_ten="B")
        add(con, "can_cuoc", "c1", so_dinh_danh="040085000011", so_cmnd_cu="186000002", ho_ten="C")
        add(con, "bhyt", "b1", so_dinh_danh="0400850000", ho_ten="C")
        collect(con)
        found = con.execute("SELECT id, pin, cmnd FROM subjects UNION ALL SELECT record_id, pin, cmnd FROM mentions")
        assert sorted(found.fetchall()) == [
            ("b1", None, None),
            ("c1", "040085000011", "186000002"),
            ("d1", None, "186000001"),
            ("d2", None, None),
        ]


def test_equal_profiles_have_one_fingerprint() -> None:
    with world() as con:
        for record, name in (("b1", "Vi Văn Ba"), ("b2", "VI VĂN BA"), ("b3", "Vi Văn Bá")):
            add(con, "bhyt", record, ho_ten=name, ngay_sinh=date(1990, 1, 2), gioi_tinh="Nam")
        collect(con)
        prints = dict(con.execute("SELECT record_id, fingerprint FROM mentions").fetchall())
        assert prints["b1"] == prints["b2"] != prints["b3"]


def test_the_key_of_every_rule_is_null_where_a_part_is() -> None:
    with world() as con:
        add(con, "dan_cu", "d1", so_dinh_danh="khong ro")
        collect(con)
        for rule in RULES:
            assert con.execute(f"SELECT {rule.key} FROM subjects").fetchall() == [(None,)], rule.name


def test_every_role_gives_all_columns_of_a_profile() -> None:
    with world() as con:
        for role in (*ROLES, SUBJECTS):
            assert con.execute(role.select).fetchall() == []
        collect(con)
        for table in ("mentions", "subjects"):
            columns = {str(row[0]) for row in con.execute(f"DESCRIBE {table}").fetchall()}
            assert {*PROFILE, "id", "fingerprint"} <= columns


def level(name: str, left: dict[str, Any], right: dict[str, Any]) -> str:
    """Words of the level into which a pair falls."""
    comparison = next(c for c in COMPARISONS if c.name == name)
    columns = (*VIETNAM.columns, *VIETNAM.tf_columns)
    shown = [f"CAST(? AS {TYPES.get(c, 'VARCHAR')}) AS {c}_{side}" for c in sorted(set(columns)) for side in ("l", "r")]
    values = [(left if side == "l" else right).get(c) for c in sorted(set(columns)) for side in ("l", "r")]
    cases = " ".join(
        f"WHEN {'true' if lv.sql_condition == ELSE else lv.sql_condition} THEN {i}"
        for i, lv in enumerate(comparison.levels)
    )
    with duckdb.connect() as con:
        row = con.execute(f"SELECT CASE {cases} END FROM (SELECT {', '.join(shown)})", values).fetchone()
    assert row is not None
    return comparison.levels[row[0]].words_vi


def named(name: str) -> dict[str, str]:
    """Columns of a name without tones."""
    words = name.split()
    return {"name": name, "name_key": name, "name_fold": name, "surname": words[0], "given": words[-1]}


def born(year: int, month: int | None = None, day: int = 1) -> dict[str, Any]:
    return {"birth_year": year, "birth": date(year, month, day) if month else None}


@pytest.mark.parametrize(
    ("comparison", "left", "right", "words"),
    [
        ("name", named("le van an"), {}, "họ tên"),
        ("name", named("le van an"), named("le van an"), "cùng họ tên"),
        ("name", {**named("le van an"), "name": "lê văn ân"}, named("le van an"), "họ tên chỉ khác dấu"),
        ("name", named("le thi ngoc ha"), named("le ngoc thi ha"), "họ tên chỉ thừa, thiếu hoặc đảo chữ đệm"),
        ("name", named("le thi ngoc ha"), named("le thi ha"), "họ tên chỉ thừa, thiếu hoặc đảo chữ đệm"),
        ("name", named("le van anh"), named("le van ang"), "họ tên gần giống"),
        ("name", named("le van an"), named("le duc an"), "chữ đệm (cùng họ, cùng tên)"),
        ("name", named("le van an"), named("tran van an"), "họ (cùng tên gọi)"),
        ("name", named("le van an"), named("tran thi cuc"), "họ tên"),
        ("birth", born(1985, 3, 2), born(1985, 3, 2), "cùng ngày sinh"),
        ("birth", born(1985, 1, 1), born(1985, 1, 1), "cùng ghi sinh ngày 01/01 của một năm"),
        ("birth", born(1985), born(1985, 3, 2), "cùng năm sinh"),
        ("birth", born(1985, 2, 3), born(1985, 3, 2), "ngày sinh chỉ đảo ngày và tháng"),
        ("birth", born(1958, 3, 2), born(1985, 3, 2), "ngày sinh chỉ khác ngày, tháng hoặc năm"),
        ("birth", born(1985, 3, 21), born(1985, 3, 2), "ngày sinh chỉ khác ngày, tháng hoặc năm"),
        ("birth", born(1985, 7, 8), born(1985, 3, 2), "ngày và tháng sinh (cùng năm)"),
        ("birth", born(1986), born(1985, 3, 2), "năm sinh (lệch một năm hoặc sai một chữ số)"),
        ("birth", born(1958), born(1985), "năm sinh (lệch một năm hoặc sai một chữ số)"),
        ("birth", born(1932), born(1985), "năm sinh"),
        ("number", {"cmnd": "186000001"}, {"pin": "040085000011"}, "số định danh, CMND"),
        ("number", {"cmnd": "186000001"}, {"pin": "040085000011", "cmnd": "186000001"}, "cùng số CMND"),
        ("number", {"pin": "040085000011"}, {"pin": "040085000101"},
         "số định danh chỉ sai một chữ số hoặc phần mã tỉnh, giới tính, năm sinh"),
        ("number", {"pin": "040085000011"}, {"pin": "042189000011"},
         "số định danh chỉ sai một chữ số hoặc phần mã tỉnh, giới tính, năm sinh"),
        ("number", {"pin": "040085000011"}, {"pin": "040085734511"}, "số định danh"),
        ("number", {"cmnd": "186000001"}, {"cmnd": "186000010"}, "số CMND chỉ sai một chữ số"),
        ("number", {"cmnd": "186000001"}, {"cmnd": "182345671"}, "số CMND"),
        ("spouse", {"spouse_key": "le thi ha"}, {}, "dân cư không ghi tên vợ/chồng"),
        ("spouse", {}, {"spouse_key": "le thi ha"}, "tên vợ/chồng"),
        ("mother", {"mother_key": "le thi ha", "mother_number": "1"}, {"mother_key": "le ha", "mother_number": "1"},
         "cùng số giấy tờ của mẹ"),
        ("mother", {"mother_key": "le thi ha"}, {"mother_key": "le ha"}, "tên mẹ gần giống"),
        ("death", {"death": date(2020, 1, 2)}, {}, "dân cư chưa ghi đã chết"),
        ("death", {"death": date(2020, 1, 2)}, {"death": date(2020, 1, 20)}, "ngày chết gần nhau"),
        ("death", {}, {"death": date(2020, 1, 20)}, "ngày chết"),
        ("kin", {"kin": ["a", "b"]}, {"kin": ["b"]}, "người thân hoặc bản ghi liên quan chỉ đến người này"),
        ("kin", {"kin": ["a"]}, {"kin": ["b"]}, "người thân hoặc bản ghi liên quan chỉ đến người khác"),
    ],
)  # fmt: skip
def test_a_pair_falls_into_its_level(comparison: str, left: dict[str, Any], right: dict[str, Any], words: str) -> None:
    assert level(comparison, left, right) == words
