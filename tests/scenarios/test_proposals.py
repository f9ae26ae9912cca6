"""What is proposed, on which evidence, and what must never be proposed."""

from datetime import date

import duckdb

from sosach.cleanse.proposals import build_proposals
from sosach.link.coverage import build_coverage
from sosach.link.match import link_persons
from sosach.link.status import derive
from tests.scenarios.marital_world import AS_OF, HUSBAND, WIFE, divorce, marriage, person, spouses
from tests.scenarios.registers import add, world


def proposed(con: duckdb.DuckDBPyConnection, issues: list[tuple[str, str, str]]) -> list[tuple[object, ...]]:
    """Proposals (kind, record, field, old, new, confidence) for open issues (record_id, rule_id, state) of dan_cu."""
    link_persons(con, run_id="thu")
    build_coverage(con, 0.95, AS_OF.year)
    derive(con, AS_OF)
    con.execute(
        "CREATE TABLE issues (issue_id VARCHAR, register VARCHAR, record_id VARCHAR, record_key VARCHAR, "
        "rule_id VARCHAR, unit VARCHAR, state VARCHAR)"
    )
    for number, (record, rule, state) in enumerate(issues):
        con.execute(
            "INSERT INTO issues VALUES (?, 'dan_cu', ?, ?, ?, '16681', ?)", [f"i{number}", record, record, rule, state]
        )
    build_proposals(con)
    return con.execute(
        "SELECT kind, record_key, field, old_value, new_value, confidence FROM proposals ORDER BY 1, 2"
    ).fetchall()


def test_a_divorce_not_yet_on_the_record_is_proposed_with_its_chain() -> None:
    with world() as con:
        spouses(con, "DANG_CO_VO_CHONG", "LY_HON")
        marriage(con)
        divorce(con, date(2015, 6, 7))
        assert proposed(con, [("h", "XR07", "new")]) == [
            ("status_from_events", "h", "tinh_trang_hon_nhan", "DANG_CO_VO_CHONG", "LY_HON", "pin")
        ]
        assert con.execute("SELECT evidence FROM proposals").fetchone() == ("kết hôn k → bản án j02015-06-07",)


def test_no_proposal_without_an_open_issue() -> None:
    with world() as con:
        spouses(con, "DANG_CO_VO_CHONG", "LY_HON")
        marriage(con)
        divorce(con, date(2015, 6, 7))
        assert proposed(con, [("h", "XR07", "fixed_at_source")]) == []


def test_absence_of_events_proves_nothing() -> None:
    with world() as con:
        person(con, "h", HUSBAND, "NGUYỄN VĂN AN", date(1985, 3, 2), "Nam", None)
        person(con, "w", WIFE, "TRẦN THỊ BÌNH", date(1985, 5, 6), "Nữ", "DANG_CO_VO_CHONG")
        assert proposed(con, [("h", "CT18", "new"), ("w", "XR07", "new")]) == []


def test_two_open_marriages_get_no_proposal() -> None:
    with world() as con:
        spouses(con, "LY_HON", "DANG_CO_VO_CHONG")
        person(con, "o", "040186000033", "LÊ THỊ CÚC", date(1986, 1, 1), "Nữ", "DANG_CO_VO_CHONG")
        marriage(con, "k1")
        marriage(
            con, "k2", date(2016, 4, 4), so="06/2016", vo_ho_ten="LÊ THỊ CÚC", vo_so_giay_to_tuy_than="040186000033"
        )
        assert proposed(con, [("h", "XR07", "new")]) == []


def test_death_and_spouse_come_from_the_books() -> None:
    with world() as con:
        spouses(con, "DANG_CO_VO_CHONG", "DANG_CO_VO_CHONG")
        con.execute("UPDATE dan_cu SET vo_chong_so_dinh_danh = NULL, vo_chong_ho_ten = NULL WHERE record_id = 'w'")
        marriage(con)
        person(con, "o", "040140000044", "HỒ VĂN TÁM", date(1940, 1, 1), "Nam", "CHUA_KET_HON")
        add(
            con,
            "khai_tu",
            "t",
            nkt_ho_ten="HỒ VĂN TÁM",
            nkt_so_giay_to_tuy_than="040140000044",
            nkt_ngay_chet=date(2020, 1, 1),
        )
        assert proposed(con, [("w", "CT19", "open"), ("o", "XR09", "open")]) == [
            ("death_from_book", "o", "ngay_chet", None, "2020-01-01", "pin"),
            ("spouse_from_entry", "w", "vo_chong_so_dinh_danh", None, HUSBAND, "pin"),
        ]


def test_two_books_with_two_death_dates_propose_nothing() -> None:
    with world() as con:
        person(con, "o", "040140000044", "HỒ VĂN TÁM", date(1940, 1, 1), "Nam", "CHUA_KET_HON")
        for record, day in (("t1", date(2020, 1, 1)), ("t2", date(2021, 1, 1))):
            add(
                con,
                "khai_tu",
                record,
                nkt_ho_ten="HỒ VĂN TÁM",
                nkt_so_giay_to_tuy_than="040140000044",
                nkt_ngay_chet=day,
            )
        assert proposed(con, [("o", "XR09", "open")]) == []


def test_an_old_card_number_moves_only_into_an_empty_field() -> None:
    with world() as con:
        person(con, "a", "186000001", "NGUYỄN VĂN AN", date(1985, 3, 2), "Nam", "CHUA_KET_HON")
        person(con, "b", "186000002", "LÊ VĂN BA", date(1985, 3, 2), "Nam", "CHUA_KET_HON", so_cmnd="186999999")
        assert proposed(con, [("a", "ID03-DC", "new"), ("b", "ID03-DC", "new")]) == [
            ("cmnd_to_own_field", "a", "so_cmnd", None, "186000001", "format")
        ]
