"""When data prove a status: for each ground the citizen for whom it holds, and the nearest one for whom it does not."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from sosach.link.coverage import build_coverage
from sosach.link.doubts import GROUNDS, REASONS
from sosach.report.words import REASON_ACTIONS
from tests.scenarios.confirmable_world import AS_OF, BORN, HALF, MARRY, NO_DISTRICT, World, days
from tests.scenarios.registers import add, world


def singles(w: World) -> dict[str, list[str]]:
    """Citizens without a marriage; what is expected of each."""
    w.citizen("plain")
    w.citizen("claimed")
    w.citizen("claimant", "Nữ", "DANG_CO_VO_CHONG")
    w.names_spouse("claimant", "claimed")
    w.citizen("namesake")
    w.citizen("careless", "Nữ", "DANG_CO_VO_CHONG")
    w.names_spouse("careless", "namesake", vo_chong_ho_ten="PHAN VĂN KHÁC")
    for key, sex in (("head", "Nam"), ("wife", "Nữ"), ("father", "Nam"), ("son", "Nam"), ("in_law", "Nữ")):
        w.citizen(key, sex)
    w.member("wife", "Vợ", "head")
    w.member("son", "Con đẻ", "father")
    w.member("in_law", "Con dâu", "father")
    for key, sex in (("father2", "Nam"), ("son2", "Nam"), ("daughter2", "Nữ"), ("gone2", "Nam")):
        w.citizen(key, sex)
    w.citizen("in_law2", "Nữ", "DANG_CO_VO_CHONG")
    w.names_spouse("in_law2", "gone2", vo_chong_ho_ten="PHAN VĂN KHÁC")
    w.member("son2", "Con đẻ", "father2")
    w.member("daughter2", "Con đẻ", "father2")
    w.member("in_law2", "Con dâu", "father2")
    w.citizen("parent")
    w.child("parent", "claimant")
    w.citizen("recognised")
    w.child("recognised", "claimant", recognised=True)
    w.citizen("alone")
    w.child("alone", None)
    w.citizen("about_to_marry")
    w.certificate("about_to_marry", purpose=MARRY)
    w.citizen("certified")
    w.certificate("certified")
    w.citizen("divorced_on_paper")
    w.certificate("divorced_on_paper", status="LY_HON")
    w.citizen("unplaced")
    w.marriage(None, None, chong_ho_ten=w.names["unplaced"], chong_ngay_sinh=BORN)
    w.citizen("other_birth")
    w.marriage(None, None, chong_ho_ten=w.names["other_birth"], chong_ngay_sinh=date(1985, 8, 9))
    for key in ("reviewed", "reviewed_child"):
        w.citizen(key)
    w.review("reviewed")
    w.review("reviewed_child", "khai_sinh", "nks")
    w.citizen("from_elsewhere", so_dinh_danh="042085999999")
    w.citizen("away")
    w.spell("away", date(2024, 1, 1), "tam_vang")
    w.citizen("briefly_away")
    w.spell("briefly_away", date(2024, 1, 1), "tam_vang", den_ngay=date(2024, 1, 20))
    w.citizen("away_as_a_child")
    w.spell("away_as_a_child", date(2000, 1, 1), "tam_vang", den_ngay=date(2002, 1, 1))
    w.citizen("abroad", lives=False)
    w.spell("abroad", den_ngay=date(2012, 1, 1))
    w.spell("abroad", date(2012, 1, 2), unit="TINH", den_ngay=date(2014, 1, 1))
    w.spell("abroad", date(2014, 1, 2))
    w.citizen("unknown_for_years", lives=False)
    w.spell("unknown_for_years", den_ngay=date(2012, 1, 1))
    w.spell("unknown_for_years", date(2013, 1, 1))
    w.citizen("moved", lives=False)
    w.spell("moved", den_ngay=date(2012, 1, 1))
    w.spell("moved", date(2012, 1, 21))
    w.citizen("came_late", lives=False)
    w.spell("came_late", date(2010, 1, 1))
    w.citizen("left", lives=False)
    w.spell("left", den_ngay=date(2020, 1, 1))
    w.citizen("tenant")
    w.spell("tenant", date(2012, 1, 1), "tam_tru", unit=HALF, thoi_han=date(2013, 12, 31))
    w.citizen("later_tenant")
    w.spell("later_tenant", date(2014, 1, 1), "tam_tru", unit=HALF, thoi_han=date(2015, 12, 31))
    w.citizen("books_missing", unit=HALF)
    w.citizen("moved_in_after", lives=False)
    w.spell("moved_in_after", den_ngay=date(2013, 1, 1))
    w.spell("moved_in_after", date(2013, 1, 1), unit=HALF)
    w.citizen("moved_out_before", lives=False)
    w.spell("moved_out_before", unit=HALF, den_ngay=date(2004, 1, 1))
    w.spell("moved_out_before", date(2004, 1, 1))
    w.citizen("district_missing", unit=NO_DISTRICT)
    w.citizen("not_updated", unit="16690", ngay_cap_nhat=date(2025, 2, 14), lives=False)
    w.spell("not_updated")
    w.citizen("updated", unit="16708", ngay_cap_nhat=date(2025, 2, 15), lives=False)
    w.spell("updated")
    return {
        "plain": [],
        "claimed": ["nguoi_khac_khai"],
        "namesake": [],
        "head": ["ho_gia_dinh"],
        "wife": ["ho_gia_dinh"],
        "father": [],
        "son": ["ho_gia_dinh"],
        "in_law": ["ho_gia_dinh"],
        "son2": [],
        "daughter2": [],
        "parent": ["co_con"],
        "recognised": [],
        "alone": [],
        "about_to_marry": ["giay_xac_nhan"],
        "certified": [],
        "divorced_on_paper": ["giay_xac_nhan"],
        "unplaced": ["chua_ro_nguoi"],
        "other_birth": [],
        "reviewed": ["chua_ro_nguoi"],
        "reviewed_child": [],
        "from_elsewhere": ["tinh_khac"],
        "away": ["vang_mat"],
        "briefly_away": [],
        "away_as_a_child": [],
        "abroad": ["vang_mat", "chua_du_so"],
        "unknown_for_years": ["chua_ro_noi_cu_tru"],
        "moved": [],
        "came_late": ["chua_ro_noi_cu_tru"],
        "left": ["chua_ro_noi_cu_tru"],
        "tenant": ["chua_du_so"],
        "later_tenant": [],
        "books_missing": ["chua_du_so"],
        "moved_in_after": [],
        "moved_out_before": [],
        "district_missing": ["chua_du_so"],
        "not_updated": ["du_lieu_cu"],
        "updated": [],
    }


def couples(w: World) -> dict[str, list[str]]:
    """Citizens who are or were married; what is expected of each."""
    w.couple("he", "she")
    w.citizen("left_alone", status="DANG_CO_VO_CHONG")
    w.marriage("left_alone", None)
    w.couple("he_bad", "she_bad")
    w.con.execute("UPDATE dan_cu SET ngay_sinh_nam = 1986 WHERE record_id = 'she_bad'")
    w.couple("he_denied", "she_denies")
    w.con.execute("UPDATE dan_cu SET tinh_trang_hon_nhan = 'CHUA_KET_HON' WHERE record_id = 'she_denies'")
    w.couple("he_silent", "she_silent")
    w.con.execute("UPDATE dan_cu SET tinh_trang_hon_nhan = NULL WHERE record_id = 'she_silent'")
    w.couple("he_other", "she_other")
    w.names_spouse("he_other", "she_other", vo_chong_so_dinh_danh="040185999999")
    w.couple("he_unnamed", "she_unnamed")
    for key in ("he_unnamed", "she_unnamed"):
        w.names_spouse(key, "he", vo_chong_so_dinh_danh=None, vo_chong_ho_ten=None)
    w.couple("he_named", "she_named")
    w.names_spouse("he_named", "she_named", vo_chong_so_dinh_danh=None, vo_chong_ho_ten=None)
    w.couple("he_wanted", "she_wanted")
    w.citizen("third", "Nữ", "DANG_CO_VO_CHONG")
    w.names_spouse("third", "he_wanted")
    w.couple("he_again", "she_again")
    w.citizen("late", "Nữ", "DANG_CO_VO_CHONG", ngay_chet=date(2009, 1, 1))
    w.names_spouse("late", "he_again")
    w.couple("he_undated", "she_undated")
    w.con.execute("UPDATE ket_hon SET ngay_dang_ky = NULL WHERE chong_so_giay_to_tuy_than = ?", [w.pins["he_undated"]])
    w.couple("he_judged", "she_judged")
    w.divorce(
        "he", "she", chong_ho_ten=w.names["he_judged"], chong_so_giay_to=None, vo_ho_ten="LÊ THỊ X", vo_so_giay_to=None
    )
    w.couple("he_flagged", "she_flagged")
    w.con.execute(
        "UPDATE ket_hon SET chong_ho_ten = 'PHAN VĂN KHÁC' WHERE chong_so_giay_to_tuy_than = ?", [w.pins["he_flagged"]]
    )
    w.couple("he_single_paper", "she_single_paper")
    w.certificate("he_single_paper", status="LY_HON")
    w.couple("he_early_paper", "she_early_paper")
    w.certificate("he_early_paper", day=date(2010, 1, 1))
    for he, she, updated in (("parted", "ex", AS_OF), ("parted2", "ex2", date(2014, 1, 1)), ("parted3", "ex3", AS_OF)):
        w.couple(he, she, status="LY_HON")
        w.divorce(he, she)
        w.names_spouse(he, she, vo_chong_so_dinh_danh=None, vo_chong_ho_ten=None)
        said = "LY_HON" if he == "parted3" else "DANG_CO_VO_CHONG"
        w.names_spouse(she, he, tinh_trang_hon_nhan=said, ngay_cap_nhat=updated)
    for he, she, born in (("dad", "mum", 301), ("dad2", "mum2", 299)):
        w.couple(he, she, status="LY_HON")
        w.divorce(he, she)
        w.names_spouse(she, he, vo_chong_so_dinh_danh=None, vo_chong_ho_ten=None)
        w.child(he, "third", date(2015, 6, 8) + days(born))
    w.couple("widower", "deceased", status="DANG_CO_VO_CHONG")
    w.con.execute("UPDATE dan_cu SET tinh_trang_hon_nhan = 'GOA' WHERE record_id = 'widower'")
    w.con.execute("UPDATE dan_cu SET ngay_chet = DATE '2020-02-02' WHERE record_id = 'deceased'")
    return {
        "he": [],
        "she": [],
        "left_alone": ["vo_chong_khong_ro"],
        "he_bad": ["vo_chong_khong_ro"],
        "she_bad": ["so_dinh_danh"],
        "he_denied": ["vo_chong_chua_khop"],
        "she_denies": ["chua_khop"],
        "he_silent": [],
        "he_other": ["vo_chong_khac_so"],
        "she_other": ["vo_chong_khac_so"],
        "he_unnamed": ["vo_chong_khac_so"],
        "he_named": [],
        "he_wanted": ["nguoi_khac_khai"],
        "he_again": [],
        "he_undated": ["thieu_mat_xich"],
        "he_judged": ["chua_ro_nguoi"],
        "he_flagged": ["co_nghi_van"],
        "he_single_paper": ["giay_xac_nhan"],
        "he_early_paper": [],
        "parted": ["nguoi_khac_khai"],
        "parted2": [],
        "parted3": [],
        "dad": ["co_con"],
        "dad2": [],
        "widower": [],
        "deceased": ["ngoai_dien"],
    }


Found = tuple[dict[str, list[str]], dict[str, dict[str, Any]], dict[str, str], dict[str, str]]


@pytest.fixture(scope="module")
def found() -> Iterator[Found]:
    """What is expected, ``marital_status`` by citizen, certificates by name, and their reasons."""
    with world() as con:
        w = World(con)
        w.books()
        expected = singles(w) | couples(w)
        papers = certificates(w)
        yield expected, w.derive(), papers, w.answered()


def certificates(w: World) -> dict[str, str]:
    """Certificates by short name."""
    last_year = date(2025, 1, 5)
    w.couple("newly", "wed")
    w.con.execute(
        "UPDATE ket_hon SET ngay_dang_ky = DATE '2025-02-02' WHERE chong_so_giay_to_tuy_than = ?", [w.pins["newly"]]
    )
    w.couple("newly2", "wed2", unit=HALF)
    w.con.execute(
        "UPDATE ket_hon SET ngay_dang_ky = DATE '2025-02-02' WHERE chong_so_giay_to_tuy_than = ?", [w.pins["newly2"]]
    )
    return {
        "single then": w.certificate("newly", last_year, purpose=MARRY),
        "books missing then": w.certificate("newly2", last_year, purpose=MARRY),
        "married then": w.certificate("he", last_year, "DANG_CO_VO_CHONG"),
        "not confirmed": w.certificate("claimed", last_year),
        "stranger": w.certificate(None, last_year),
        "first day": w.certificate("plain", date(2024, 8, 16)),
        "day before": w.certificate("plain", date(2024, 8, 15)),
        "tomorrow": w.certificate("plain", date(2025, 8, 16)),
    }


def test_each_ground_holds_for_its_citizen_and_not_for_the_next_one(found: Found) -> None:
    expected, status, _, _ = found
    assert {key: status[key]["reasons"] for key in expected} == {
        key: list(r) or ["du_can_cu"] for key, r in expected.items()
    }


def test_the_reason_is_the_first_and_confirmable_is_having_none(found: Found) -> None:
    _, status, _, _ = found
    for row in status.values():
        assert row["reason"] == row["reasons"][0]
        assert row["confirmable"] == (row["reasons"] == ["du_can_cu"])
        assert row["reasons"] == sorted(row["reasons"], key=list(REASONS).index)


def test_every_ground_is_tried_here_and_has_words_for_officers(found: Found) -> None:
    expected, _, _, _ = found
    told = {code for reasons in expected.values() for code in reasons}
    assert told | {"du_can_cu"} == set(REASONS)
    assert {code for code, _ in GROUNDS} <= set(REASONS)
    assert set(REASON_ACTIONS) == set(REASONS) - {"du_can_cu", "ngoai_dien"}


def test_a_certificate_is_saved_where_data_answer_for_its_day(found: Found) -> None:
    _, _, papers, reasons = found
    assert {name: reasons[record] for name, record in papers.items() if record in reasons} == {
        "single then": "du_can_cu",
        "books missing then": "chua_du_so",
        "married then": "du_can_cu",
        "not confirmed": "nguoi_khac_khai",
        "stranger": "khong_co_trong_dan_cu",
        "first day": "du_can_cu",
    }


def coverage(
    con: duckdb.DuckDBPyConnection, *books: tuple[str, int, int | None]
) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Marriage books ``(place, year, closing count)``; expected, found, covered by place and year."""
    for place, year, count in books:
        add(
            con, "so_ho_tich", f"{place}{year}", ma_noi_dang_ky=place, loai_so="KH", nam_mo_so=year, so_truong_hop=count
        )
    build_coverage(con, 0.95, 2025)
    rows = con.execute("SELECT ma_noi_dang_ky, nam, expected, digitised, covered FROM coverage").fetchall()
    return {(place, year): tuple(rest) for place, year, *rest in rows}


def test_the_open_book_of_the_year_holds_what_its_highest_number_says() -> None:
    with world() as con:
        for place, number in (("16663", 1), ("16663", 2), ("16663", 4), ("16669", 1), ("16669", 2)):
            add(con, "ket_hon", f"{place}{number}", noi_dang_ky=place, so_nam=2025, so_thu_tu=number)
        found = coverage(
            con, ("16663", 2025, None), ("16669", 2025, None), ("16672", 2025, None), ("16672", 2024, None)
        )
    assert found == {
        ("16663", 2025): (4, 3, False),  # number 3 is missing
        ("16669", 2025): (2, 2, True),
        ("16672", 2025): (0, 0, True),
    }


def test_a_place_needs_books_only_for_the_years_in_which_it_stood() -> None:
    with world() as con:
        con.execute("UPDATE cl_don_vi SET valid_to = DATE '2019-12-31' WHERE code = '16663'")
        places = [code for (code,) in con.execute("SELECT code FROM cl_unit_now WHERE unit = '16681'").fetchall()]
        coverage(con, *((place, 2020, 0) for place in (*places, "412") if place != "16663"))
        found = dict(con.execute("SELECT year, covered FROM marriage_books WHERE unit = '16681'").fetchall())
    assert (found[2019], found[2020], found[2021]) == (False, True, False)


def test_a_district_is_covered_over_its_years_and_not_without_a_year() -> None:
    found = {}
    for missing in (None, 2018):
        with world() as con:
            places = [code for (code,) in con.execute("SELECT code FROM cl_unit_now WHERE unit = '16681'").fetchall()]
            for year in range(2016, 2026):
                for number in range(0 if year == missing else 36):
                    add(con, "ket_hon", f"{year}{number}", noi_dang_ky="412", so_nam=year, so_thu_tu=number + 1)
            books = [(place, year, 0) for place in places for year in range(2016, 2026)]
            # 36 of 38 entries in one year are less than 95%, 360 of 362 in all are more.
            books += [("412", year, 38 if year == 2020 else 36) for year in range(2016, 2026)]
            rows = coverage(con, *books)
            assert rows["412", 2020] == (38, 36, False)
            found[missing] = dict(
                con.execute("SELECT year, covered FROM marriage_books WHERE unit = '16681' AND year > 2015").fetchall()
            )
    assert all(found[None].values())
    assert not found[2018][2018]
