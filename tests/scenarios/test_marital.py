"""Derived marital status, its class beside the recorded one, and when data prove it."""

from datetime import date

import duckdb
import pytest

from sosach.link.coverage import build_coverage
from sosach.link.marital import derive_status
from sosach.link.match import match_mentions
from tests.scenarios.registers import add, world

AS_OF = date(2025, 8, 15)
HUSBAND, WIFE, OTHER = "040085000011", "040185000022", "040186000033"


def person(
    con: duckdb.DuckDBPyConnection,
    record: str,
    pin: str,
    name: str,
    born: date,
    sex: str,
    status: str | None,
    **cells: object,
) -> None:
    add(
        con,
        "dan_cu",
        record,
        so_dinh_danh=pin,
        ho_ten=name,
        ngay_sinh=born,
        gioi_tinh=sex,
        tinh_trang_hon_nhan=status,
        **cells,
    )


def spouses(con: duckdb.DuckDBPyConnection, his: str | None, hers: str | None) -> None:
    person(
        con,
        "h",
        HUSBAND,
        "NGUYỄN VĂN AN",
        date(1985, 3, 2),
        "Nam",
        his,
        vo_chong_so_dinh_danh=WIFE,
        vo_chong_ho_ten="TRẦN THỊ BÌNH",
    )
    person(
        con,
        "w",
        WIFE,
        "TRẦN THỊ BÌNH",
        date(1985, 5, 6),
        "Nữ",
        hers,
        vo_chong_so_dinh_danh=HUSBAND,
        vo_chong_ho_ten="NGUYỄN VĂN AN",
    )


def marriage(con: duckdb.DuckDBPyConnection, record: str = "k", day: date = date(2010, 4, 4), **cells: object) -> None:
    row = {
        "ngay_dang_ky": day, "noi_dang_ky": "16681", "so": "05/2010", "so_nam": day.year,
        "chong_ho_ten": "NGUYỄN VĂN AN", "chong_so_giay_to_tuy_than": HUSBAND,
        "vo_ho_ten": "TRẦN THỊ BÌNH", "vo_so_giay_to_tuy_than": WIFE,
    }  # fmt: skip
    add(con, "ket_hon", record, **{**row, **cells})


def divorce(con: duckdb.DuckDBPyConnection, effective: date, kind: str = "ly_hon", **cells: object) -> None:
    row = {
        "loai_viec": kind, "ngay_ban_an": effective, "ngay_hieu_luc": effective,
        "chong_ho_ten": "NGUYỄN VĂN AN", "chong_so_giay_to": HUSBAND,
        "vo_ho_ten": "TRẦN THỊ BÌNH", "vo_so_giay_to": WIFE,
    }  # fmt: skip
    add(con, "ly_hon", "j" + effective.isoformat(), **{**row, **cells})


def status(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, object]]:
    match_mentions(con)
    build_coverage(con, 0.95, AS_OF.year)
    derive_status(con, AS_OF)
    cursor = con.execute("FROM marital_status")
    names = [d[0] for d in cursor.description]
    return {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (None, "A2"),
        ("CHUA_XAC_DINH", "A2"),
        ("CHUA_KET_HON", "C1"),
        ("DANG_CO_VO_CHONG", "KHOP"),
        ("LY_HON", "C2"),
        ("GOA", "C3"),
    ],
)
def test_open_marriage_beside_each_recorded_status(recorded: str | None, expected: str) -> None:
    with world() as con:
        spouses(con, recorded, "DANG_CO_VO_CHONG")
        marriage(con)
        found = status(con)["h"]
        assert (found["derived"], found["class"]) == ("DANG_CO_VO_CHONG", expected)
        assert found["marriage_record_id"] == "k"


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [(None, "A3"), ("CHUA_KET_HON", "C4"), ("DANG_CO_VO_CHONG", "C5"), ("LY_HON", "KHOP"), ("GOA", "C6")],
)
def test_divorce_beside_each_recorded_status(recorded: str | None, expected: str) -> None:
    with world() as con:
        spouses(con, recorded, recorded)
        marriage(con)
        divorce(con, date(2015, 6, 7))
        assert {r["class"] for r in status(con).values()} == {expected}


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [(None, "A4"), ("CHUA_KET_HON", "C7"), ("DANG_CO_VO_CHONG", "C8"), ("LY_HON", "C9"), ("GOA", "KHOP")],
)
def test_death_of_the_spouse_beside_each_recorded_status(recorded: str | None, expected: str) -> None:
    with world() as con:
        spouses(con, "DANG_CO_VO_CHONG", recorded)
        marriage(con)
        add(
            con,
            "khai_tu",
            "t",
            nkt_ho_ten="NGUYỄN VĂN AN",
            nkt_so_giay_to_tuy_than=HUSBAND,
            nkt_ngay_chet=date(2020, 1, 1),
        )
        found = status(con)
        assert (found["w"]["derived"], found["w"]["class"]) == ("GOA", expected)
        assert found["h"]["in_scope"] is False


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (None, "A1"),
        ("CHUA_KET_HON", "KHOP"),
        ("DANG_CO_VO_CHONG", "B1"),
        ("LY_HON", "B2"),
        ("GOA", "B3"),
        ("HUY_KET_HON", "B2"),
    ],
)
def test_no_event_beside_each_recorded_status(recorded: str | None, expected: str) -> None:
    with world() as con:
        person(con, "h", HUSBAND, "NGUYỄN VĂN AN", date(1985, 3, 2), "Nam", recorded)
        assert status(con)["h"]["class"] == expected


def test_a_divorce_of_the_day_counts_and_one_of_tomorrow_does_not() -> None:
    for effective, expected in ((AS_OF, "C5"), (date(2025, 8, 16), "KHOP")):
        with world() as con:
            spouses(con, "DANG_CO_VO_CHONG", "DANG_CO_VO_CHONG")
            marriage(con)
            divorce(con, effective)
            assert status(con)["h"]["class"] == expected


def test_a_couple_that_divorced_and_married_again_is_married() -> None:
    with world() as con:
        spouses(con, "DANG_CO_VO_CHONG", "DANG_CO_VO_CHONG")
        marriage(con, "k1", date(2010, 4, 4))
        divorce(con, date(2015, 6, 7))
        marriage(con, "k2", date(2018, 9, 9), so="07/2018", so_nam=2018)
        found = status(con)["h"]
        assert (found["class"], found["marriage_record_id"]) == ("KHOP", "k2")


def test_a_re_registration_is_the_same_marriage() -> None:
    with world() as con:
        spouses(con, "DANG_CO_VO_CHONG", "DANG_CO_VO_CHONG")
        marriage(con, "k1", date(2010, 4, 4))
        marriage(con, "k2", date(2020, 4, 4), so="08/2020", loai_dang_ky="Đăng ký lại")
        assert status(con)["h"]["class"] == "KHOP"


def test_two_open_marriages_are_suspected() -> None:
    with world() as con:
        spouses(con, "DANG_CO_VO_CHONG", "DANG_CO_VO_CHONG")
        person(con, "o", OTHER, "LÊ THỊ CÚC", date(1986, 1, 1), "Nữ", "DANG_CO_VO_CHONG")
        marriage(con, "k1")
        marriage(con, "k2", date(2016, 4, 4), so="06/2016", vo_ho_ten="LÊ THỊ CÚC", vo_so_giay_to_tuy_than=OTHER)
        found = status(con)
        assert found["h"]["class"] == "E1"
        assert found["w"]["class"] == "KHOP"


def test_another_spouse_on_the_record() -> None:
    with world() as con:
        person(
            con,
            "h",
            HUSBAND,
            "NGUYỄN VĂN AN",
            date(1985, 3, 2),
            "Nam",
            "DANG_CO_VO_CHONG",
            vo_chong_so_dinh_danh=OTHER,
            vo_chong_ho_ten="LÊ THỊ CÚC",
        )
        person(con, "w", WIFE, "TRẦN THỊ BÌNH", date(1985, 5, 6), "Nữ", "DANG_CO_VO_CHONG")
        marriage(con)
        found = status(con)
        assert (found["h"]["class"], found["w"]["class"]) == ("D1", "KHOP")


def test_after_annulment_the_earlier_status_returns() -> None:
    with world() as con:
        spouses(con, "CHUA_KET_HON", "HUY_KET_HON")
        marriage(con)
        divorce(con, date(2012, 1, 1), kind="huy_ket_hon")
        found = status(con)
        assert (found["h"]["derived"], found["h"]["class"], found["w"]["class"]) == ("CHUA_KET_HON", "KHOP", "KHOP")


def test_the_note_in_the_book_ends_a_marriage_without_a_judgment() -> None:
    with world() as con:
        spouses(con, "LY_HON", "DANG_CO_VO_CHONG")
        marriage(con, tinh_trang_ket_hon="Đã ly hôn")
        found = status(con)
        assert (found["h"]["class"], found["w"]["class"]) == ("KHOP", "C5")


def test_an_open_marriage_under_age_is_f1_and_in_scope() -> None:
    with world() as con:
        spouses(con, "DANG_CO_VO_CHONG", "DANG_CO_VO_CHONG")
        con.execute("UPDATE dan_cu SET ngay_sinh = DATE '2006-03-02', ngay_sinh_nam = 2006 WHERE record_id = 'h'")
        marriage(con, day=date(2025, 1, 1))
        found = status(con)["h"]
        assert (found["class"], found["in_scope"]) == ("F1", True)


def books(con: duckdb.DuckDBPyConnection, missing_year: int | None = None) -> None:
    """Marriage books of the commune 16681 and all places inside it, 2000-2025, closed without entries."""
    con.execute(
        "INSERT INTO so_ho_tich (record_id, record_key, unit, ma_noi_dang_ky, loai_so, nam_mo_so, so_truong_hop) "
        "SELECT code || y, code || y, '16681', code, 'KH', y, CASE WHEN y = ? THEN 4 ELSE 0 END "
        "FROM cl_unit_now CROSS JOIN range(2000, 2026) t(y) WHERE unit = '16681'",
        [missing_year],
    )


@pytest.mark.parametrize(
    ("missing_year", "lives_from", "expected"),
    [
        (None, date(1985, 3, 2), "du_can_cu"),
        (2012, date(1985, 3, 2), "chua_du_so"),
        (2003, date(1985, 3, 2), "du_can_cu"),  # before he could marry
        (None, date(2010, 1, 1), "chua_ro_noi_cu_tru"),
    ],
)
def test_single_is_proved_only_by_all_books_since_marriageable_age(
    missing_year: int | None, lives_from: date, expected: str
) -> None:
    with world() as con:
        person(con, "h", HUSBAND, "NGUYỄN VĂN AN", date(1985, 3, 2), "Nam", "CHUA_KET_HON")
        add(con, "cu_tru", "c", so_dinh_danh=HUSBAND, loai_cu_tru="thuong_tru", tu_ngay=lives_from)
        books(con, missing_year)
        found = status(con)["h"]
        assert (found["reason"], found["confirmable"]) == (expected, expected == "du_can_cu")


def test_a_wrong_number_or_a_disagreement_is_never_confirmable() -> None:
    with world() as con:
        spouses(con, "DANG_CO_VO_CHONG", "LY_HON")
        con.execute("UPDATE dan_cu SET so_dinh_danh = '040185000011' WHERE record_id = 'h'")  # female digit on a man
        marriage(con, chong_so_giay_to_tuy_than="040185000011")
        found = status(con)
        assert (found["h"]["reason"], found["w"]["reason"]) == ("so_dinh_danh", "chua_khop")
