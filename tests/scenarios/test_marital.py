"""Derived marital status and its class beside the recorded one: the matrix, eras, exceptions, broken chains.

Every case is a couple of its own in one world, which is derived once; the cases are in the modules imported here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pytest

from sosach.link.classes import classify
from sosach.link.status import stand_on
from tests.scenarios import marital_marriages, marital_others
from tests.scenarios.marital_cases import BY_RECORD, CASES, MARRIED, PARTED, SINGLE, WIDOWED, Couple
from tests.scenarios.marital_world import AS_OF, HUSBAND, classed, death, divorce, marriage, of, spouses
from tests.scenarios.marital_world import rows as rows_of
from tests.scenarios.registers import add, world

CASE_MODULES = (marital_marriages, marital_others)
"""Imported for the cases that they add."""


@dataclass
class Town:
    """The derived world and its cases by name."""

    con: duckdb.DuckDBPyConnection
    cases: dict[str, Couple]
    classed: dict[str, dict[str, Any]]
    findings: set[tuple[str, str, str]]
    standing: dict[tuple[str, date], str]


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with world() as con:
        cases = {}
        for n, (name, setup) in enumerate(CASES.items(), 1):
            cases[name] = Couple(n, con)
            setup(cases[name])
        found = classed(con)
        findings = set(con.execute("SELECT kind, person_id, record_id FROM marital_findings").fetchall())
        asked = sorted({(f"P{of(BY_RECORD[who], c.n)}", day) for c in cases.values() for who, day, _ in c.days})
        stand_on(con, " UNION ".join(f"SELECT '{who}' AS person_id, DATE '{day}' AS day" for who, day in asked))
        standing = con.execute("SELECT person_id, asked_on, derived FROM standing").fetchall()
        yield Town(con, cases, found, findings, {(person_id, day): status for person_id, day, status in standing})


@pytest.mark.parametrize("name", CASES)
def test_case(town: Town, name: str) -> None:
    couple = town.cases[name]
    for who, columns in couple.expected.items():
        row = town.classed[of(who, couple.n)]
        assert {column: row[column] for column in columns} == columns, who
    for who, day, status in couple.days:
        assert town.standing.get((f"P{of(BY_RECORD[who], couple.n)}", day), SINGLE) == status, (who, day)
    if couple.found is not None:
        own = {f"P{of(number, couple.n)}": who for who, number in BY_RECORD.items()}
        found = {(kind, own[who], record) for kind, who, record in town.findings if who in own}
        assert found == {(kind, who, of(record, couple.n)) for kind, who, record in couple.found}


SAID = (None, "CHUA_XAC_DINH", SINGLE, MARRIED, PARTED, WIDOWED, "HUY_KET_HON")


def test_the_matrix_of_derived_and_recorded_status() -> None:
    """Rows: no event, open marriage, divorce, death of the husband; columns as in ``SAID``."""
    with world() as con:
        for n in range(1, 5):
            spouses(con, None, None, n)
            if n > 1:
                marriage(con, n=n)
        divorce(con, date(2015, 6, 7), n=3)
        death(con, date(2020, 1, 1), n=4)
        classed(con)
        matrix = []
        for said in SAID:
            con.execute("UPDATE dan_cu SET tinh_trang_hon_nhan = ?", [said])
            classify(con, AS_OF)
            matrix.append([row["class"] for row in rows_of(con, "FROM classed WHERE record_id[1] = 'w' ORDER BY ALL")])
    assert [" ".join(column) for column in zip(*matrix, strict=True)] == [
        "A1 A1 KHOP B1 B2 B3 B2",
        "A2 A2 C1 KHOP C2 C3 C2",
        "A3 A3 C4 C5 KHOP C6 KHOP",
        "A4 A4 C7 C8 C9 KHOP C9",
    ]


def test_the_events_of_a_person_stand_in_order() -> None:
    with world() as con:
        spouses(con, MARRIED, MARRIED)
        marriage(con, "k1", tinh_trang_ket_hon="Đã ly hôn", ghi_chu="Ly hôn ngày 01/08/2017")
        divorce(con, date(2017, 8, 1))
        add(
            con, "xac_nhan_tthn", "x", nxn_ho_ten="NGUYỄN VĂN AN", nxn_so_giay_to_tuy_than=HUSBAND,
            ngay_dang_ky=date(2018, 1, 2), nxn_tinh_trang_hon_nhan=PARTED,
        )  # fmt: skip
        marriage(con, "k2", date(2019, 1, 3))
        classed(con)
        events = rows_of(con, f"FROM marital_events WHERE person_id = 'P{HUSBAND}' ORDER BY seq")
    assert [e["seq"] for e in events] == list(range(1, 6))
    assert [e["kind"] for e in events] == ["ket_hon", "ghi_chu_ly_hon", "ly_hon", "xac_nhan", "ket_hon"]
    assert [(e["starts"], e["ends"]) for e in events] == [
        (True, False), (False, False), (False, True), (False, False), (True, False),
    ]  # fmt: skip
    assert {e["method"] for e in events} == {"pin"}
