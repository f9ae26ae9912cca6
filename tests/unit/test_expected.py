"""Who did not send and who is late are figures: expected periods of units against the deliveries that came."""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sosach.delivering import Delivering, Expected
from sosach.ingest.expected import periods_of, write_expected
from sosach.ingest.replacing import replacements
from sosach.registers import Register, load_registers
from sosach.settings import PROJECT
from sosach.state import HELD, DeliveryRecord

EXPECTATIONS = PROJECT / "expectations"
KET_HON = load_registers(EXPECTATIONS)["ket_hon"]
DISTRICT_VINH = "412"
THANH_VINH, TRUONG_VINH, ANH_SON = "16681", "16690", "17329"  # the first two lie in what was district 412
COMMUNES = 130
AS_OF = date(2025, 10, 20)


def _register(every: str = "month", by: str = "commune", begins: date = date(2025, 8, 1), **more: Any) -> Register:
    expected = Expected.model_validate({"every": every, "by": by, "due_days": 10, "from": begins})
    return KET_HON.model_copy(update={"delivering": Delivering(expected=expected, **more)})


def _delivery(
    unit: str | None,
    received_on: date,
    begins: date | None = None,
    ends: date | None = None,
    origin: str = "note",
    **more: Any,
) -> DeliveryRecord:
    _delivery.count += 1  # type: ignore[attr-defined]
    number = _delivery.count  # type: ignore[attr-defined]
    return DeliveryRecord(
        sha256=f"{number:064}",
        register="ket_hon",
        file_name=f"ket_hon/{number}.csv",
        rows=number,
        received_on=received_on,
        sequence=number,
        unit=unit,
        period_from=begins,
        period_to=ends,
        origin={"period": origin} if begins else {},
        **more,
    )


_delivery.count = 0  # type: ignore[attr-defined]


def _table(register: Register, deliveries: list[DeliveryRecord], tmp_path: Path, as_of: date = AS_OF) -> dict[Any, Any]:
    """Status, days late and sequence of the delivery by unit and first day of the period."""
    with duckdb.connect() as con:
        target = tmp_path / "expected_deliveries.parquet"
        n = write_expected(con, EXPECTATIONS, {"ket_hon": register}, deliveries, as_of, target)
        rows = con.execute(
            "SELECT unit, period_from, status, days_late, rows FROM read_parquet(?)", [str(target)]
        ).fetchall()
    assert len(rows) == n
    found = {(unit, begins): (status, days, rows) for unit, begins, status, days, rows in rows}
    assert len(found) == n, "one row a unit and period"
    return found


AUGUST, SEPTEMBER, OCTOBER = date(2025, 8, 1), date(2025, 9, 1), date(2025, 10, 1)


def test_nothing_declared_is_nothing_expected(tmp_path: Path) -> None:
    assert _table(KET_HON, [_delivery(THANH_VINH, AS_OF)], tmp_path) == {}
    assert KET_HON.delivering.expected is None, "the dossier knows no rhythm of deliveries"


@pytest.mark.parametrize(
    ("every", "begins", "ends"),
    [
        ("month", [AUGUST, SEPTEMBER, OCTOBER], [date(2025, 8, 31), date(2025, 9, 30), date(2025, 10, 31)]),
        ("quarter", [date(2025, 7, 1), OCTOBER], [date(2025, 9, 30), date(2025, 12, 31)]),
        ("year", [date(2025, 1, 1)], [date(2025, 12, 31)]),
        ("once", [date(2025, 8, 15)], [date(2025, 8, 25)]),
    ],
)
def test_periods_begin_with_the_one_that_holds_the_declared_day(
    every: str, begins: list[date], ends: list[date]
) -> None:
    expected = Expected.model_validate({"every": every, "due_days": 10, "from": date(2025, 8, 15)})
    found = periods_of(expected, AS_OF)
    assert ([p.begins for p in found], [p.ends for p in found]) == (begins, ends)
    assert [(p.due_on - p.ends).days for p in found] == [0 if every == "once" else 10] * len(found)
    assert periods_of(expected, date(2024, 12, 31)) == []


def test_received_late_missing_and_not_due(tmp_path: Path) -> None:
    found = _table(
        _register(),
        [
            (first := _delivery(THANH_VINH, date(2025, 9, 10), AUGUST, date(2025, 8, 31))),
            (late := _delivery(THANH_VINH, date(2025, 10, 11), SEPTEMBER, date(2025, 9, 30))),
        ],
        tmp_path,
    )
    assert found[THANH_VINH, AUGUST] == ("received", 0, first.rows)
    assert found[THANH_VINH, SEPTEMBER] == ("late", 1, late.rows)
    assert found[THANH_VINH, OCTOBER] == ("not_due", 0, None)
    assert found[TRUONG_VINH, AUGUST] == ("missing", 40, None)
    assert found[TRUONG_VINH, SEPTEMBER] == ("missing", 10, None)
    assert Counter(status for status, *_ in found.values()) == {
        "received": 1,
        "late": 1,
        "missing": 2 * COMMUNES - 2,
        "not_due": COMMUNES,
    }
    on_the_day = _table(_register(), [], tmp_path, date(2025, 9, 10))
    assert on_the_day[THANH_VINH, AUGUST] == ("not_due", 0, None), "it may come until the day ends"
    assert _table(_register(), [], tmp_path, date(2025, 9, 11))[THANH_VINH, AUGUST] == ("missing", 1, None)


def test_an_older_or_bigger_area_counts_for_its_communes(tmp_path: Path) -> None:
    whole = (AUGUST, date(2025, 9, 30))
    found = _table(_register(), [_delivery(DISTRICT_VINH, date(2025, 10, 2), *whole)], tmp_path)
    sent = {unit for (unit, begins), (status, *_) in found.items() if status == "received" and begins == SEPTEMBER}
    assert {THANH_VINH, TRUONG_VINH} < sent
    assert ANH_SON not in sent
    assert all(found[unit, AUGUST][0] == "late" for unit in sent)
    old = _table(_register(), [_delivery("16663", date(2025, 10, 2), *whole)], tmp_path)
    assert [unit for (unit, begins), (s, *_) in old.items() if s == "received"] == [THANH_VINH]
    province = _table(_register(), [_delivery("40", date(2025, 10, 2), *whole)], tmp_path)
    assert Counter(s for (_, begins), (s, *_) in province.items() if begins == SEPTEMBER) == {"received": COMMUNES}


def test_a_commune_does_not_deliver_for_its_district(tmp_path: Path) -> None:
    begins = date(2025, 5, 1)
    register = _register(by="district", begins=begins)
    period = (begins, date(2025, 5, 31))
    deliveries = [_delivery("16663", date(2025, 6, 2), *period), _delivery("415", date(2025, 6, 2), *period)]
    found = _table(register, deliveries, tmp_path)
    assert len(found) == 2 * 20, "May and June: after that there are no districts"
    assert found[DISTRICT_VINH, begins][0] == "missing"
    assert found["415", begins][0] == "received"
    assert set(_table(_register(by="province"), [], tmp_path)) == {("40", day) for day in (AUGUST, SEPTEMBER, OCTOBER)}


@pytest.mark.parametrize(
    ("begins", "ends", "received_on", "counted"),
    [
        (date(2025, 9, 2), date(2025, 9, 29), date(2025, 10, 2), [SEPTEMBER]),
        (date(2025, 9, 5), date(2025, 9, 5), date(2025, 10, 2), [SEPTEMBER]),
        (date(2025, 8, 29), date(2025, 9, 29), date(2025, 10, 2), [SEPTEMBER]),
        (date(2000, 1, 3), date(2025, 9, 29), date(2025, 10, 2), [AUGUST, SEPTEMBER]),
        (date(2025, 9, 2), date(2025, 9, 20), date(2025, 9, 20), []),
        (date(2025, 7, 2), date(2025, 8, 1), date(2025, 10, 2), []),
    ],
)
def test_a_period_seen_in_the_rows_counts_where_it_fills_the_expected_one(
    begins: date, ends: date, received_on: date, counted: list[date], tmp_path: Path
) -> None:
    found = _table(_register(), [_delivery(THANH_VINH, received_on, begins, ends, "data")], tmp_path)
    assert [day for day in (AUGUST, SEPTEMBER, OCTOBER) if found[THANH_VINH, day][2]] == counted


def test_a_period_that_was_said_has_to_cover_the_expected_one(tmp_path: Path) -> None:
    half = _delivery(THANH_VINH, date(2025, 10, 2), SEPTEMBER, date(2025, 9, 15), "path")
    assert _table(_register(), [half], tmp_path)[THANH_VINH, SEPTEMBER][0] == "missing"


def test_without_a_period_a_delivery_is_about_the_last_one_that_ended(tmp_path: Path) -> None:
    found = _table(_register(), [_delivery(THANH_VINH, date(2025, 10, 2))], tmp_path)
    assert [found[THANH_VINH, day][0] for day in (AUGUST, SEPTEMBER, OCTOBER)] == ["missing", "received", "not_due"]


def test_once_counts_what_came_since_it_was_asked_for(tmp_path: Path) -> None:
    register = _register(every="once", begins=date(2025, 9, 1))
    deliveries = [
        _delivery(THANH_VINH, date(2025, 8, 1)),
        _delivery(TRUONG_VINH, date(2025, 9, 11)),
        _delivery(ANH_SON, date(2025, 9, 13)),
    ]
    found = _table(register, deliveries, tmp_path)
    assert [found[unit, SEPTEMBER][:2] for unit in (THANH_VINH, TRUONG_VINH, ANH_SON)] == [
        ("missing", 39),
        ("received", 0),
        ("late", 2),
    ]


def test_the_first_delivery_says_when_and_a_held_one_does_not_count(tmp_path: Path) -> None:
    period = (SEPTEMBER, date(2025, 9, 30))
    first = _delivery(THANH_VINH, date(2025, 10, 2), *period)
    corrected = _delivery(THANH_VINH, date(2025, 10, 15), *period)
    held = _delivery(ANH_SON, date(2025, 10, 2), *period, status=HELD)
    found = _table(_register(), [first, corrected, held], tmp_path)
    assert found[THANH_VINH, SEPTEMBER] == ("received", 0, first.rows)
    assert found[ANH_SON, SEPTEMBER][0] == "missing"


def test_a_delivery_is_replaced_by_its_note_or_by_the_declared_rule() -> None:
    period = {"begins": SEPTEMBER, "ends": date(2025, 9, 30)}
    first = _delivery(THANH_VINH, date(2025, 10, 2), **period)
    second_part = _delivery(THANH_VINH, date(2025, 10, 2), **period)
    other_unit = _delivery(ANH_SON, date(2025, 10, 2), **period)
    corrected = _delivery(THANH_VINH, date(2025, 10, 5), **period)
    again = _delivery(THANH_VINH, date(2025, 10, 6), **period)
    other_sender = _delivery(THANH_VINH, date(2025, 10, 7), **period, sender="Sở Tư pháp")
    no_unit = [_delivery(None, date(2025, 10, day)) for day in (8, 9)]
    held = _delivery(THANH_VINH, date(2025, 10, 10), **period, status=HELD)
    named = _delivery(ANH_SON, date(2025, 10, 11), replaces=no_unit[0].sha256)
    received = [first, second_part, other_unit, corrected, again, other_sender, *no_unit, held, named]
    by_note = {no_unit[0].sha256: named.sha256}
    assert replacements(received, {"ket_hon": KET_HON}) == by_note
    whole = _register(replace="whole_period")
    assert replacements(received, {"ket_hon": whole}) == by_note | {
        first.sha256: corrected.sha256,
        second_part.sha256: corrected.sha256,
        corrected.sha256: again.sha256,
    }
    assert replacements(reversed(received), {"ket_hon": whole}) == replacements(received, {"ket_hon": whole})
    early = _delivery(ANH_SON, date(2025, 10, 1), replaces=f"{_delivery.count + 2:064}")  # type: ignore[attr-defined]
    late = _delivery(ANH_SON, date(2025, 10, 12))
    assert early.replaces == late.sha256
    assert replacements([early, late], {"ket_hon": whole}) == {}, "an earlier delivery replaces no later one"
