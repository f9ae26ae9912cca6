"""Field by field between registers: each state, who is likelier wrong and why, ties, and registers that are empty."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from sosach.link.reconcile import reconcile
from sosach.link.reconcile_compare import KIND_WORDS
from sosach.link.reconcile_words import FIELD_WORDS, likelier_words, words_by_issue
from tests.scenarios.registers import add, world

AS_OF = date(2025, 8, 15)
AN = "040085000011"
BIRTH = date(1985, 3, 2)
FATHER, MOTHER = "040060000021", "040162000031"
HUSBAND = {"h": "040085000041", "d": "040085000042"}
LINKS = """
CREATE TABLE links (register VARCHAR, record_key VARCHAR, record_id VARCHAR, role VARCHAR, person_id VARCHAR,
  method VARCHAR, weight DOUBLE);
CREATE TABLE persons (person_id VARCHAR, record_id VARCHAR)
"""

Row = dict[str, Any]


def link(con: duckdb.DuckDBPyConnection, register: str, record: str, role: str, person: str) -> None:
    con.execute("INSERT INTO links VALUES (?, ?, ?, ?, ?, 'pin', NULL)", [register, record, record, role, person])


def citizen(con: duckdb.DuckDBPyConnection, person: str, **cells: Any) -> None:
    """A population record of that id."""
    given = {"ho_ten": "LÊ VĂN AN", "ngay_sinh": BIRTH, "gioi_tinh": "Nam", **cells}
    add(con, "dan_cu", person, **given)
    link(con, "dan_cu", person, "chu_the", person)
    con.execute("INSERT INTO persons VALUES (?, ?)", [person, person])


def holder(con: duckdb.DuckDBPyConnection, register: str, person: str, **cells: Any) -> None:
    given = {"ho_ten": "LÊ VĂN AN", "ngay_sinh": BIRTH, "gioi_tinh": "Nam", **cells}
    add(con, register, f"{register}-{person}", **given)
    link(con, register, f"{register}-{person}", "chu_the", person)


def wed(con: duckdb.DuckDBPyConnection, record: str, husband: str | None, wife: str | None, **cells: Any) -> None:
    add(con, "ket_hon", record, **{"ngay_dang_ky": date(2010, 5, 5), **cells})
    for role, person in (("chong", husband), ("vo", wife)):
        if person:
            link(con, "ket_hon", record, role, person)


def born(con: duckdb.DuckDBPyConnection, person: str, **cells: Any) -> None:
    given = {
        "nks_ho_ten": "Lê Văn An", "nks_ngay_sinh": BIRTH, "nks_gioi_tinh": "Nam", "ngay_dang_ky": date(1985, 4, 1),
        "loai_dang_ky": "Đúng hạn", **cells,
    }  # fmt: skip
    add(con, "khai_sinh", f"ks-{person}", **given)
    link(con, "khai_sinh", f"ks-{person}", "nks", person)


def people(con: duckdb.DuckDBPyConnection) -> None:
    """Persons by the name of what is wrong with their records."""
    citizen(con, "right")
    born(con, "right")
    holder(con, "bhyt", "right")

    citizen(con, "spelt", ho_ten="VI THỊ HOÀ", gioi_tinh="Nữ")
    born(con, "spelt", nks_ho_ten="Vi Thị Hòa", nks_gioi_tinh="Nữ")

    citizen(con, "gap_here", dan_toc="Thái", ngay_sinh=None)
    born(con, "gap_here", ngay_dang_ky=date(2016, 4, 1))
    citizen(con, "gap_of_old", dan_toc="Thái")
    born(con, "gap_of_old")

    citizen(con, "tone", ho_ten="LÊ VĂN ÀN")
    born(con, "tone")
    holder(con, "bhyt", "tone")
    holder(con, "can_cuoc", "tone")

    citizen(con, "digits", so_dinh_danh=AN, ngay_sinh=date(1986, 3, 2), gioi_tinh="Nữ")
    born(con, "digits")

    citizen(con, "tie")
    add(con, "dan_cu", "tie2", ho_ten="LÊ VĂN BẢO", ngay_sinh=BIRTH)
    link(con, "dan_cu", "tie2", "chu_the", "tie")

    for number in range(6):  # where others speak the default is wrong: what a pair alone is judged by
        citizen(con, f"default{number}")
        born(con, f"default{number}", nks_ngay_sinh=date(1985, 1, 1))
        holder(con, "bhyt", f"default{number}")
        holder(con, "can_cuoc", f"default{number}")
    citizen(con, "default")
    born(con, "default", nks_ngay_sinh=date(1985, 1, 1))

    for number in range(6):
        citizen(con, f"young{number}", ngay_sinh=date(2006, 3, 2))
        wed(con, f"ky{number}", None, f"young{number}", vo_ngay_sinh=date(1986, 3, 2), ngay_dang_ky=date(2008, 5, 5))
        holder(con, "bhyt", f"young{number}", ngay_sinh=date(1986, 3, 2))
    citizen(con, "young", ngay_sinh=date(2006, 3, 2))
    wed(con, "ky", None, "young", vo_ngay_sinh=date(1986, 3, 2), ngay_dang_ky=date(2008, 5, 5))

    citizen(con, "mended", ngay_sinh=date(1984, 3, 2))
    born(con, "mended", ghi_chu="Cải chính ngày sinh từ 02.03.1984 thành 02.03.1985 theo Quyết định số 5/QĐ-UBND")
    holder(con, "bhyt", "mended")

    citizen(con, "father", so_dinh_danh=FATHER, ho_ten="LÊ VĂN CHA", ngay_sinh=date(1960, 1, 2))
    for child in ("child0", "child"):
        wrong = {"cha_so_dinh_danh": MOTHER} if child == "child" else {"cha_so_dinh_danh": FATHER}
        citizen(con, child, cha_ho_ten="LÊ VĂN CHA", me_ho_ten="TRẦN THỊ MẸ", **wrong)
        born(con, child, cha_ho_ten="Lê Văn Cha", me_ho_ten="Trần Thị Mẹ" if child == "child0" else "Trần Thị Mè")
        link(con, "khai_sinh", f"ks-{child}", "cha", "father")

    for who, ended in (("h", False), ("d", True)):
        wife = "040187000021" if who == "h" else "040187000022"
        citizen(con, who, so_dinh_danh=HUSBAND[who], vo_chong_ho_ten="NGUYỄN THỊ XUÂN")
        citizen(con, f"{who}w", so_dinh_danh=wife, ho_ten="TRẦN THỊ BÌNH", gioi_tinh="Nữ", vo_chong_ho_ten="LÊ VĂN AN",
                vo_chong_so_dinh_danh=HUSBAND[who], ngay_sinh=date(1987, 1, 2))  # fmt: skip
        wed(con, f"k{who}", who, f"{who}w", chong_ho_ten="Lê Văn An", vo_ho_ten="Trần Thị Bình", so="05/2010",
            so_nam=2010, quyen_so="01/2010", noi_dang_ky="16681")  # fmt: skip
        if ended:
            add(con, "ly_hon", "j", ngay_ban_an=date(2015, 1, 1), ket_hon_so="05/2010", ket_hon_quyen_so="01/2010",
                ket_hon_ngay_dang_ky=date(2012, 5, 5), ket_hon_noi_dang_ky="16684")  # fmt: skip
            link(con, "ly_hon", "j", "chong", who)
            link(con, "ly_hon", "j", "vo", f"{who}w")

    citizen(con, "dead")
    add(con, "khai_tu", "t", nkt_ho_ten="Lê Văn An", nkt_ngay_chet=date(2024, 3, 4), ngay_dang_ky=date(2024, 3, 6))
    link(con, "khai_tu", "t", "nkt", "dead")

    born(con, "unknown", ngay_dang_ky=date(2020, 4, 1))
    citizen(con, "unborn", so_dinh_danh="040220000011", ngay_sinh=date(2020, 3, 2))
    pair = con.execute(
        "SELECT min(code), max(code) FROM cl_unit_now GROUP BY unit HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
    ).fetchone()
    assert pair is not None
    for record, place in zip(("t1", "t2"), pair, strict=True):
        add(con, "khai_tu", record, so="01/2010", quyen_so="01/2010", noi_dang_ky=place, ngay_dang_ky=date(2010, 4, 1),
            nkt_ho_ten="Lê Thị Tư")  # fmt: skip

    citizen(con, "elsewhere", so_dinh_danh="042085000011")
    born(con, "elsewhere", noi_dang_ky="16681")

    born(con, "groom")
    wed(con, "kg", "groom", None, chong_ho_ten="Lê Đình An", chong_ngay_sinh=BIRTH)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with world() as con:
        con.execute(LINKS)
        people(con)
        reconcile(con, AS_OF)
        yield con


def told(con: duckdb.DuckDBPyConnection, field: str, person: str, **which: str) -> list[Row]:
    """Differences of one person's field."""
    where = "".join(f" AND {name} = '{value}'" for name, value in which.items())
    found = con.execute(
        f"SELECT d.*, {likelier_words()} AS words FROM differences d JOIN links l USING (register, record_id, role) "
        f"WHERE field = '{field}' AND l.person_id = '{person}'{where} ORDER BY ALL"
    )
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_equal_values_and_values_in_another_case_leave_counts_only(con: duckdb.DuckDBPyConnection) -> None:
    assert told(con, "ho_ten", "right") == []
    counts = dict(con.execute(
        "SELECT concat_ws('.', register, state, kind), n FROM difference_counts WHERE field = 'ho_ten'"
    ).fetchall())  # fmt: skip
    assert counts["khai_sinh.equal_after_normalising.case"] > 0
    assert counts["bhyt.equal."] > 0
    cells = con.execute(
        "SELECT sum(n) FROM difference_counts WHERE field = 'ho_ten' AND register = 'khai_sinh' AND role = 'nks'"
    ).fetchone()
    entries = con.execute(
        "SELECT count(*) FROM links a JOIN persons USING (person_id) WHERE a.register = 'khai_sinh' AND a.role = 'nks'"
    ).fetchone()
    assert cells == entries  # every entry joined to a citizen is compared once


def test_a_spelling_that_says_the_same_is_no_difference(con: duckdb.DuckDBPyConnection) -> None:
    (row,) = told(con, "ho_ten", "spelt")
    assert (row["state"], row["kind"], row["xr"]) == ("equal_after_normalising", "tone_placement", "XR01")
    assert (row["likelier_wrong"], row["probability"], row["words"]) == (None, None, None)


def test_missing_on_either_side(con: duckdb.DuckDBPyConnection) -> None:
    assert [(r["state"], r["kind"]) for r in told(con, "dan_toc", "gap_here")] == [("missing_here", "empty")]
    (row,) = told(con, "ngay_sinh", "gap_here")
    assert (row["state"], row["other_record_id"]) == ("missing_there", "gap_here")
    assert told(con, "dan_toc", "gap_of_old") == []  # an old entry's gap is counted only


def test_other_registers_tell_which_side_is_wrong(con: duckdb.DuckDBPyConnection) -> None:
    (row,) = told(con, "ho_ten", "tone", register="khai_sinh")
    assert (row["kind"], row["xr"], row["likelier_wrong"]) == ("tone", "XR01", "there")
    assert row["probability"] > 0.9
    assert row["reasons"].startswith("bảo hiểm y tế, hồ sơ căn cước ghi như sổ khai sinh")
    assert "giấy khai sinh là giấy tờ gốc" in row["reasons"]
    assert row["words"].startswith("bên có khả năng sai hơn: dân cư (xác suất 9")
    assert ", vì bảo hiểm y tế" in row["words"]


def test_the_digits_of_the_number_tell_the_year_and_the_sex(con: duckdb.DuckDBPyConnection) -> None:
    (year,) = told(con, "ngay_sinh", "digits")
    assert (year["kind"], year["xr"], year["likelier_wrong"]) == ("one_year", "XR02", "there")
    assert "cấu trúc số định danh ghi như sổ khai sinh" in year["reasons"]
    (sex,) = told(con, "gioi_tinh", "digits")
    assert (sex["xr"], sex["likelier_wrong"]) == ("XR03", "there")
    assert "chữ đệm của tên" in sex["reasons"]


def test_a_tie_names_no_side(con: duckdb.DuckDBPyConnection) -> None:
    """Two population records of one person, told by nobody else."""
    (row,) = told(con, "ho_ten", "tie")
    assert (row["record_id"], row["other_record_id"], row["kind"]) == ("tie2", "tie", "given_name")
    assert (row["likelier_wrong"], row["probability"], row["reasons"]) == (None, None, None)
    assert row["words"] == "chưa rõ bên nào sai"


def test_the_first_of_january_is_seen_as_a_default(con: duckdb.DuckDBPyConnection) -> None:
    (row,) = told(con, "ngay_sinh", "default")
    assert (row["kind"], row["likelier_wrong"]) == ("default_day", "here")
    assert "ngày 01/01 thường là ngày mặc định" in row["reasons"]


def test_a_birth_date_that_no_bride_can_have(con: duckdb.DuckDBPyConnection) -> None:
    (row,) = told(con, "ngay_sinh", "young")
    assert row["likelier_wrong"] == "there"
    assert "không hợp với tuổi" in row["reasons"]


def test_a_value_of_before_a_correction(con: duckdb.DuckDBPyConnection) -> None:
    (row,) = told(con, "ngay_sinh", "mended", register="khai_sinh")
    assert (row["kind"], row["xr"], row["likelier_wrong"]) == ("old_value", "XR10", "there")
    assert "trước khi cải chính" in row["reasons"]


def test_a_parents_number_of_the_other_sex(con: duckdb.DuckDBPyConnection) -> None:
    assert told(con, "cha_so_dinh_danh", "child0") == []
    (row,) = told(con, "cha_so_dinh_danh", "child")
    assert (row["xr"], row["likelier_wrong"]) == ("XR04", "there")
    assert "người khác giới" in row["reasons"]
    (name,) = told(con, "me_ho_ten", "child")
    assert (name["kind"], name["xr"]) == ("tone", "XR04")


def test_another_spouse_while_the_marriage_lasts(con: duckdb.DuckDBPyConnection) -> None:
    (row,) = told(con, "vo_chong_ho_ten", "h")
    assert (row["state"], row["xr"], row["likelier_wrong"]) == ("differs", "XR08", "there")
    assert "bản ghi dân cư của chính vợ, chồng" in row["reasons"]
    assert told(con, "vo_chong_ho_ten", "d") == []  # divorced


def test_a_judgment_against_the_entry_that_it_names(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "SELECT field, register, other_register, likelier_wrong, reasons FROM differences WHERE role = 'su_kien' "
        "AND record_id = 'j' ORDER BY field"
    ).fetchall()
    assert [row[:4] for row in rows] == [
        ("ket_hon_ngay_dang_ky", "ly_hon", "ket_hon", "here"),
        ("ket_hon_noi_dang_ky", "ly_hon", "ket_hon", None),
    ]
    assert "năm trong số đăng ký kết hôn" in rows[0][4]


def test_a_death_that_dan_cu_does_not_know(con: duckdb.DuckDBPyConnection) -> None:
    (row,) = told(con, "ngay_chet", "dead")
    assert (row["state"], row["xr"]) == ("missing_there", "XR09")


def test_records_without_a_counterpart_and_one_event_twice(con: duckdb.DuckDBPyConnection) -> None:
    assert [r["xr"] for r in told(con, "ban_ghi", "unknown")] == ["XR05"]
    assert [r["xr"] for r in told(con, "ban_ghi", "unborn")] == ["XR06"]
    twice = con.execute("SELECT record_id, other_record_id, xr FROM differences WHERE field = 'su_kien'").fetchall()
    assert twice == [("t1", "t2", "XR12")]


def test_a_number_that_names_another_province_than_the_birth_book(con: duckdb.DuckDBPyConnection) -> None:
    (row,) = told(con, "ma_noi_khai_sinh", "elsewhere")
    assert (row["register"], row["xr"], row["state"]) == ("khai_sinh", "XR11", "differs")


def test_marriage_beside_birth_without_a_population_record(con: duckdb.DuckDBPyConnection) -> None:
    (row,) = told(con, "ho_ten", "groom")
    assert (row["register"], row["other_register"], row["kind"]) == ("ket_hon", "khai_sinh", "middle_changed")


def test_an_issue_is_explained_to_the_officer(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE OR REPLACE TEMP TABLE issues (issue_id VARCHAR, register VARCHAR, record_id VARCHAR, "
                "rule_id VARCHAR, state VARCHAR)")  # fmt: skip
    for issue, record, rule, state in (
        ("i1", "tone", "XR01", "open"), ("i2", "tone", "XR01", "fixed_at_source"), ("i3", "tone", "XR02", "open"),
        ("i4", "digits", "XR03", "new"), ("i5", "tie", "XR01", "open"),
    ):  # fmt: skip
        con.execute("INSERT INTO issues VALUES (?, 'dan_cu', ?, ?, ?)", [issue, record, rule, state])
    words_by_issue(con)
    words = dict(con.execute("FROM issue_words").fetchall())
    assert words.keys() == {"i1", "i4", "i5"}
    assert words["i1"].startswith("họ tên: khác dấu thanh; bên có khả năng sai hơn: dân cư (xác suất 9")
    assert "LÊ VĂN" not in words["i1"].upper()
    assert words["i5"] == "họ tên: khác tên; chưa rõ bên nào sai"


def test_every_field_and_kind_has_words(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("SELECT DISTINCT field, kind FROM difference_counts").fetchall()
    assert {field for field, _ in rows} <= FIELD_WORDS.keys()
    assert {kind for _, kind in rows if kind} <= KIND_WORDS.keys()


def test_the_same_input_gives_the_same_rows(con: duckdb.DuckDBPyConnection) -> None:
    first = con.execute("FROM differences ORDER BY ALL").fetchall()
    reconcile(con, AS_OF)
    assert con.execute("FROM differences ORDER BY ALL").fetchall() == first != []


def test_empty_registers() -> None:
    with world() as con:
        con.execute(LINKS)
        assert reconcile(con, AS_OF) == {"differences": 0}
