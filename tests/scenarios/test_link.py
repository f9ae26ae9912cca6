"""Whom a mention is joined to, and whom it must not be joined to."""

from datetime import date
from typing import Any

import duckdb
import pytest

from sosach.link.match import link_persons
from tests.scenarios.registers import add, world

PIN_AN = "040085000011"
PIN_BINH = "040185000022"
AN = {"ho_ten": "NGUYỄN VĂN AN", "ngay_sinh": date(1985, 3, 2), "gioi_tinh": "Nam"}
BINH = {"ho_ten": "TRẦN THỊ BÌNH", "ngay_sinh": date(1985, 5, 6), "gioi_tinh": "Nữ"}

Found = dict[tuple[str, str], tuple[str, str]]


def links(con: duckdb.DuckDBPyConnection) -> Found:
    """(record_id, role) -> (person_id, method)."""
    link_persons(con, run_id="thu")
    return {
        (r, role): (p, m)
        for r, role, p, m in con.execute("SELECT record_id, role, person_id, method FROM links").fetchall()
    }


def couple(con: duckdb.DuckDBPyConnection, an: str | None = PIN_AN, binh: str | None = PIN_BINH) -> None:
    add(con, "dan_cu", "d1", so_dinh_danh=an, so_cmnd="186000001", vo_chong_ho_ten="TRẦN THỊ BÌNH", **AN)
    add(con, "dan_cu", "d2", so_dinh_danh=binh, vo_chong_ho_ten="NGUYỄN VĂN AN", **BINH)


def decisions(con: duckdb.DuckDBPyConnection, record: str) -> dict[str, tuple[str, str]]:
    """subject -> (decision, reason) of a record's pairs."""
    rows = con.execute(
        "SELECT subject_record_id, decision, reason FROM link_pairs WHERE record_id = ? AND register <> 'dan_cu'",
        [record],
    ).fetchall()
    return {subject: (decision, reason) for subject, decision, reason in rows}


def test_a_number_links_where_the_name_agrees() -> None:
    with world() as con:
        couple(con)
        cells = {"chong_ho_ten": "Nguyễn Văn An", "chong_so_giay_to_tuy_than": PIN_AN}
        add(con, "ket_hon", "k1", **cells, vo_ho_ten="X", vo_so_giay_to_tuy_than="012345678901")
        found = links(con)
        assert found["k1", "chong"] == (found["d1", "chu_the"][0], "pin")
        assert found["k1", "vo"][1] == "unlinked"
        assert found["k1", "vo"][0] not in {found["d1", "chu_the"][0], found["d2", "chu_the"][0]}


def test_a_borrowed_number_does_not_link_another_person() -> None:
    with world() as con:
        couple(con)
        cells = {"nkt_ho_ten": "LÊ THỊ XUÂN", "nkt_ngay_sinh": date(1950, 1, 1), "nkt_gioi_tinh": "Nữ"}
        add(con, "khai_tu", "t1", **cells, nkt_so_giay_to_tuy_than=PIN_AN)
        add(con, "khai_tu", "t2", **cells | {"nkt_gioi_tinh": "Nam"}, nkt_so_giay_to_tuy_than=PIN_AN)
        found = links(con)
        for record in ("t1", "t2"):
            assert found[record, "nkt"][1] == "unlinked"
            assert found[record, "nkt"][0] != found["d1", "chu_the"][0]
            assert decisions(con, record)["d1"][0] != "linked"


def test_an_old_identity_card_links_with_the_name() -> None:
    with world() as con:
        couple(con)
        cells = {"chong_ho_ten": "Nguyễn Văn An", "chong_so_giay_to_tuy_than": "186000001"}
        add(con, "ket_hon", "k1", **cells, vo_ho_ten="Trần Thị Bình", vo_ngay_sinh=date(1985, 5, 6))
        found = links(con)
        assert found["k1", "chong"] == (found["d1", "chu_the"][0], "cmnd")
        assert found["k1", "vo"] == (found["d2", "chu_the"][0], "exact_keys")


def test_name_and_year_link_only_with_the_relative_beside() -> None:
    with world() as con:
        couple(con)
        year = {"chong_ho_ten": "NGUYỄN VĂN AN", "chong_ngay_sinh_nam": 1985, "vo_ngay_sinh_nam": 1985, "unit": "16690"}
        add(con, "ket_hon", "k1", **year, vo_ho_ten="TRẦN THỊ BÌNH")
        add(con, "ket_hon", "k2", **year, vo_ho_ten="LÊ THỊ CÚC")
        found = links(con)
        assert found["k1", "chong"] == (found["d1", "chu_the"][0], "probable")
        assert found["k2", "chong"][1] == "unlinked"
        decision, reason = decisions(con, "k1")["d1"]
        assert decision == "linked"
        assert reason.startswith("khớp vì cùng họ tên, cùng năm sinh")
        assert "cùng tên vợ/chồng" in reason
        assert "khác: xã cư trú" in reason


TWO_SUBJECTS = (("d1", PIN_AN), ("d2", "040085000033"))


def test_two_candidates_decide_nothing() -> None:
    with world() as con:
        for record, pin in TWO_SUBJECTS:
            add(con, "dan_cu", record, so_dinh_danh=pin, **AN)
        add(
            con, "ket_hon", "k1", chong_ho_ten="NGUYỄN VĂN AN", chong_ngay_sinh=date(1985, 3, 2), vo_ho_ten="LÊ THỊ CÚC"
        )
        assert links(con)["k1", "chong"][1] == "unlinked"
        assert {decision for decision, _ in decisions(con, "k1").values()} == {"review"}
        assert con.execute("SELECT min(margin), max(margin) FROM link_pairs WHERE role = 'chong'").fetchone() == (0, 0)


def test_a_number_borne_by_two_different_people_is_two_persons() -> None:
    with world() as con:
        add(con, "dan_cu", "d1", so_dinh_danh=PIN_AN, **AN)
        add(con, "dan_cu", "d2", so_dinh_danh=PIN_AN, ho_ten="HỒ VĂN TÁM", ngay_sinh=date(1971, 9, 9), gioi_tinh="Nam")
        add(con, "ket_hon", "k1", chong_ho_ten="Hồ Văn Tám", chong_so_giay_to_tuy_than=PIN_AN, vo_ho_ten="LÊ THỊ CÚC")
        found = links(con)
        assert found["d1", "chu_the"][0] != found["d2", "chu_the"][0]
        assert found["k1", "chong"][0] == found["d2", "chu_the"][0]


def test_every_mention_is_linked_exactly_once() -> None:
    with world() as con:
        couple(con)
        child = {"nks_ho_ten": "NGUYỄN VĂN CƯỜNG", "nks_ngay_sinh": date(2015, 1, 2), "nks_gioi_tinh": "Nam"}
        parents = {"me_ho_ten": "TRẦN THỊ BÌNH", "me_ngay_sinh_nam": 1985, "cha_ho_ten": "NGUYỄN VĂN AN"}
        add(con, "khai_sinh", "s1", **child, **parents)
        add(con, "cu_tru", "c1", so_dinh_danh=PIN_AN, loai_cu_tru="thuong_tru")
        _, counts = link_persons(con, run_id="thu")
        assert counts["mentions"] == 4
        assert counts["links"] == counts["mentions"] + counts["subjects"]
        assert con.execute(
            "SELECT count(*) FROM (SELECT record_id, role FROM links GROUP BY ALL HAVING count(*) > 1)"
        ).fetchone() == (0,)


def test_people_outside_the_population_data_are_held_together_by_exact_keys() -> None:
    with world() as con:
        wife = {"vo_ho_ten": "Lê Thị Cúc", "vo_ngay_sinh": date(1950, 7, 8)}
        add(con, "ket_hon", "k1", chong_ho_ten="HỒ VĂN TÁM", chong_so_giay_to_tuy_than="186777777", **wife)
        add(con, "ly_hon", "j1", chong_ho_ten="Hồ Văn Tám", chong_so_giay_to="186777777", **wife)
        add(con, "khai_tu", "t1", nkt_ho_ten="LÊ THỊ CÚC", nkt_ngay_sinh=date(1950, 7, 8), nkt_gioi_tinh="Nữ")
        found = links(con)
        assert found["k1", "chong"] == found["j1", "chong"]
        assert found["k1", "vo"] == found["j1", "vo"] == found["t1", "nkt"]
        assert found["t1", "nkt"][1] == "unlinked"


def test_the_first_of_january_holds_nobody_together() -> None:
    with world() as con:
        for record in ("t1", "t2"):
            add(con, "khai_tu", record, nkt_ho_ten="LÊ THỊ CÚC", nkt_ngay_sinh=date(1950, 1, 1), nkt_gioi_tinh="Nữ")
        found = links(con)
        assert found["t1", "nkt"][0] != found["t2", "nkt"][0]


def test_residence_records_without_a_usable_number_are_not_one_person() -> None:
    with world() as con:
        for record, number in (
            ("c1", "0400850000"),
            ("c2", "0400850001"),
            ("c3", "040085000099"),
            ("c4", "040085000099"),
        ):
            add(con, "cu_tru", record, so_dinh_danh=number, loai_cu_tru="thuong_tru")
        found = links(con)
        assert len({found[record, "chu_the"][0] for record in ("c1", "c2", "c3", "c4")}) == 3


SURE = {"chong_ngay_sinh": date(1985, 3, 2), "vo_ho_ten": "Trần Thị Bình"}


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"chong_ho_ten": "Nguyễn Vân An", "chong_ngay_sinh": date(1985, 2, 3)}, "họ tên chỉ khác dấu"),
        ({"chong_ho_ten": "Nguyeenx Văn An"}, "lỗi gõ Telex, VNI"),
        ({"chong_ho_ten": "Nguye64n Văn An"}, "lỗi gõ Telex, VNI"),
        ({"chong_ho_ten": "Nguyễn An"}, "thừa, thiếu hoặc đảo chữ đệm"),
        ({"chong_ho_ten": "Nguyễn Vản Am"}, "họ tên gần giống"),
        ({"chong_ho_ten": "Nguyễn Đức An"}, "khác: chữ đệm"),
        ({"chong_ngay_sinh": date(1985, 2, 3)}, "chỉ đảo ngày và tháng"),
        ({"chong_ngay_sinh": date(1985, 3, 12)}, "chỉ khác ngày, tháng hoặc năm"),
        ({"chong_ngay_sinh": date(1986, 3, 2)}, "chỉ khác ngày, tháng hoặc năm"),
        ({"chong_ngay_sinh": None, "chong_ngay_sinh_nam": 1985}, "cùng năm sinh"),
        ({"chong_ngay_sinh": None, "chong_ngay_sinh_nam": 1986}, "năm sinh (lệch một năm hoặc sai một chữ số)"),
        ({"chong_so_giay_to_tuy_than": "040085000012"}, "số định danh chỉ sai một chữ số"),
        ({"chong_so_giay_to_tuy_than": "040185000011"}, "số định danh chỉ sai một chữ số"),
        ({"chong_so_giay_to_tuy_than": "186000010"}, "số CMND chỉ sai một chữ số"),
        ({"vo_ho_ten": "Trần Bình", "chong_ngay_sinh": date(1985, 2, 3)}, "tên vợ/chồng gần giống"),
    ],
)
def test_one_slip_is_linked_by_weight_and_named(cells: dict[str, Any], words: str) -> None:
    with world() as con:
        couple(con)
        add(con, "ket_hon", "k1", **{"chong_ho_ten": "Nguyễn Văn An", **SURE, **cells})
        found = links(con)
        decision, reason = decisions(con, "k1")["d1"]
        assert (decision, found["k1", "chong"]) == ("linked", (found["d1", "chu_the"][0], "probable"))
        assert words in reason


PARENTS = {"cha_ho_ten": "NGUYỄN VĂN AN", "me_ho_ten": "TRẦN THỊ BÌNH"}
TWIN = {"ngay_sinh": date(2015, 1, 2), "gioi_tinh": "Nam", **PARENTS}
BORN = {"nks_ngay_sinh": date(2015, 1, 2), "nks_gioi_tinh": "Nam", **PARENTS}


def test_twins_stay_two() -> None:
    with world() as con:
        add(con, "dan_cu", "d1", so_dinh_danh="040215000011", ho_ten="NGUYỄN MINH QUÂN", **TWIN)
        add(con, "dan_cu", "d2", so_dinh_danh="040215000022", ho_ten="NGUYỄN MINH QUANG", **TWIN)
        add(con, "khai_sinh", "s1", nks_ho_ten="Nguyễn Minh Quân", **BORN)
        add(con, "khai_sinh", "s2", nks_ho_ten="Nguyễn Minh Quang", **BORN)
        found = links(con)
        assert found["d1", "chu_the"][0] != found["d2", "chu_the"][0]
        assert found["s1", "nks"] == (found["d1", "chu_the"][0], "exact_keys")
        assert found["s2", "nks"] == (found["d2", "chu_the"][0], "exact_keys")
        assert con.execute("SELECT count(*) FROM link_pairs WHERE register = 'dan_cu'").fetchone() == (0,)


def test_a_twin_without_a_record_is_not_the_other_one() -> None:
    with world() as con:
        add(con, "dan_cu", "d1", so_dinh_danh="040215000011", ho_ten="NGUYỄN MINH QUÂN", **TWIN)
        add(con, "khai_sinh", "s2", nks_ho_ten="Nguyễn Minh Quang", **BORN)
        assert links(con)["s2", "nks"][1] == "unlinked"
        decision, reason = decisions(con, "s2")["d1"]
        assert decision == "review"
        assert reason.endswith("có thể là anh chị em sinh đôi")


def test_brothers_are_not_one() -> None:
    with world() as con:
        add(con, "dan_cu", "d1", ho_ten="NGUYỄN MINH QUÂN", ngay_sinh=date(2012, 6, 7), gioi_tinh="Nam", **PARENTS)
        add(con, "khai_sinh", "s2", nks_ho_ten="Nguyễn Minh Quang", **BORN)
        assert links(con)["s2", "nks"][1] == "unlinked"


def test_a_brother_of_the_same_given_name_is_not_the_child() -> None:
    with world() as con:
        add(con, "dan_cu", "d1", ho_ten="NGUYỄN ĐỨC QUANG", ngay_sinh=date(2011, 6, 7), gioi_tinh="Nam", **PARENTS)
        add(con, "khai_sinh", "s1", nks_ho_ten="Nguyễn Minh Quang", **BORN)
        assert links(con)["s1", "nks"][1] == "unlinked"
        decision, reason = decisions(con, "s1")["d1"]
        assert decision == "review"
        assert "có thể là anh chị em" in reason


def test_a_mother_is_found_by_the_number_in_her_child_s_record() -> None:
    with world() as con:
        couple(con)
        child = {"ngay_sinh": date(2015, 1, 2), "gioi_tinh": "Nam", **PARENTS}
        add(
            con,
            "dan_cu",
            "d3",
            so_dinh_danh="040215000011",
            ho_ten="NGUYỄN MINH QUÂN",
            me_so_dinh_danh=PIN_BINH,
            **child,
        )
        other = {"cha_ho_ten": None, "me_ho_ten": "Trần Thị Bích", "unit": "16690"}
        add(
            con,
            "khai_sinh",
            "s1",
            nks_ho_ten="Nguyễn Minh Quân",
            nks_so_dinh_danh_ca_nhan="040215000011",
            **BORN | other,
        )
        found = links(con)
        assert found["s1", "nks"] == (found["d3", "chu_the"][0], "pin")
        assert decisions(con, "s1")["d2"][1].count("người thân hoặc bản ghi liên quan chỉ đến người này") == 1


def test_a_change_is_found_by_the_entry_that_it_changes() -> None:
    with world() as con:
        add(con, "dan_cu", "d1", so_dinh_danh="040215000011", ho_ten="NGUYỄN MINH QUÂN", **TWIN)
        key = {"record_key": "16690|01/2015|07/2015", "noi_dang_ky": "16690", "quyen_so": "01/2015", "so": "07/2015"}
        add(con, "khai_sinh", "s1", nks_ho_ten="Nguyễn Minh Quân", **BORN, **key)
        entry = {"goc_loai_so": "KS", "goc_noi_dang_ky": "16690", "goc_quyen_so": "01/2015", "goc_so": "07/2015"}
        add(con, "thay_doi_ho_tich", "c1", ntd_ho_ten="Nguyễn Minh Quang", ntd_ngay_sinh_nam=2015, **entry)
        found = links(con)
        assert found["c1", "ntd"] == (found["d1", "chu_the"][0], "probable")


def test_a_residence_record_with_a_number_that_dan_cu_lacks_is_found_by_others_who_bear_it() -> None:
    with world() as con:
        couple(con, an="000000000000")
        add(con, "bhyt", "b1", so_dinh_danh=PIN_AN, **AN)
        add(con, "cu_tru", "c1", so_dinh_danh=PIN_AN, loai_cu_tru="thuong_tru")
        add(con, "cu_tru", "c2", so_dinh_danh="040085000099", loai_cu_tru="thuong_tru")
        found = links(con)
        assert found["b1", "chu_the"] == (found["d1", "chu_the"][0], "exact_keys")
        assert found["c1", "chu_the"] == (found["d1", "chu_the"][0], "pin")
        assert found["c2", "chu_the"][1] == "unlinked"


def test_a_residence_record_is_not_of_the_citizen_to_whom_its_number_was_written_by_mistake() -> None:
    with world() as con:
        couple(con, an="000000000000", binh=PIN_AN)
        add(con, "bhyt", "b1", so_dinh_danh=PIN_AN, **AN)
        add(con, "cu_tru", "c1", so_dinh_danh=PIN_AN, loai_cu_tru="thuong_tru")
        found = links(con)
        assert found["c1", "chu_the"] == (found["d1", "chu_the"][0], "pin")


def test_a_citizen_with_two_numbers_is_one_person_and_a_namesake_another() -> None:
    with world() as con:
        parents = {"cha_ho_ten": "NGUYỄN VĂN BA", "me_ho_ten": "LÊ THỊ TƯ"}
        for record, pin in TWO_SUBJECTS:
            add(con, "dan_cu", record, so_dinh_danh=pin, **AN, **parents)
        add(con, "dan_cu", "d3", so_dinh_danh="040085000044", **AN, cha_ho_ten="NGUYỄN VĂN SÁU", me_ho_ten="HỒ THỊ BẢY")
        found = links(con)
        assert found["d1", "chu_the"][0] == found["d2", "chu_the"][0] != found["d3", "chu_the"][0]
        assert con.execute("SELECT count(*) FROM persons").fetchone() == (2,)


def test_without_any_number_people_are_found_by_name_birth_and_relatives() -> None:
    with world() as con:
        couple(con, an=None, binh=None)
        con.execute("UPDATE dan_cu SET so_cmnd = NULL")
        add(con, "ket_hon", "k1", chong_ho_ten="Nguyễn Văn An", vo_ngay_sinh_nam=1985, **SURE)
        add(con, "cu_tru", "c1", loai_cu_tru="thuong_tru")
        found = links(con)
        assert found["k1", "chong"] == (found["d1", "chu_the"][0], "exact_keys")
        assert found["k1", "vo"] == (found["d2", "chu_the"][0], "probable")


def test_empty_registers_give_empty_tables() -> None:
    with world() as con:
        _, counts = link_persons(con, run_id="thu")
        assert (counts["links"], counts["persons"], counts["link_pairs"]) == (0, 0, 0)
        add(con, "ket_hon", "k1", chong_ho_ten="Nguyễn Văn An", vo_ho_ten="Trần Thị Bình")
        assert {m for _, m in links(con).values()} == {"unlinked"}


def many(con: duckdb.DuckDBPyConnection, birth: str, name: str, n: int) -> None:
    """``n`` citizens of one commune, and a certificate for each that has no number."""
    con.execute(f"""
    INSERT INTO dan_cu BY NAME SELECT 'd' || i AS record_id, 'd' || i AS record_key, '16681' AS unit, {name} AS ho_ten,
      {birth} AS ngay_sinh, year({birth})::INTEGER AS ngay_sinh_nam, 'Nam' AS gioi_tinh,
      '0400' || lpad(((i * 7919) % 100000000)::VARCHAR, 8, '0') AS so_dinh_danh FROM range({n}) t(i);
    INSERT INTO xac_nhan_tthn BY NAME SELECT 'x' || i AS record_id, 'x' || i AS record_key, '16681' AS unit,
      {name} AS nxn_ho_ten, {birth} AS nxn_ngay_sinh, year({birth})::INTEGER AS nxn_ngay_sinh_nam,
      'Nam' AS nxn_gioi_tinh FROM range({n}) t(i)""")


def test_where_all_names_are_equal_birth_dates_are_not_enough_and_frequent_keys_are_counted() -> None:
    with world() as con:
        many(con, "DATE '1990-05-17' + (i // 300)::INTEGER", "'NGUYỄN VĂN AN'", 600)
        _, counts = link_persons(con, run_id="thu")
        assert counts["links_unlinked"] == 600
        assert counts["keys_cut_name_home"] == 2
        assert counts["pairs"] == 0


def test_a_commune_with_every_birth_on_the_first_of_january_is_told_apart_by_names() -> None:
    names = "'NGUYỄN VĂN ' || chr((65 + i % 26)::INTEGER) || 'EN' || chr((97 + (i // 26) % 8)::INTEGER)"
    with world() as con:
        many(con, "make_date((1950 + i % 40)::INTEGER, 1, 1)", names, 400)
        _, counts = link_persons(con, run_id="thu")
        wrong = con.execute("""
        SELECT count(*) FROM links x JOIN links d ON d.register = 'dan_cu' AND d.person_id = x.person_id
        WHERE x.register = 'xac_nhan_tthn' AND substr(x.record_id, 2) <> substr(d.record_id, 2)""").fetchone()
        assert wrong == (0,)
        assert counts["links"] == 800
