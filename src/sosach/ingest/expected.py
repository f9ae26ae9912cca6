"""Expected against received: which unit had to deliver which period of a register, and what came of it.

Reads ``delivering: expected:`` of the registers, the list of units and the recorded deliveries; opens no delivery.
A register that declares nothing expects nothing.
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from sosach.delivering import Expected
from sosach.duck import literal, write_parquet
from sosach.ingest.handover import PROVINCE
from sosach.normalize.macros import register_code_lists
from sosach.registers import Register
from sosach.state import ACCEPTED, DeliveryRecord

MONTHS = {"month": 1, "quarter": 3, "year": 12}
LEVELS = {"commune": "xa", "district": "huyen", "province": "tinh"}

TABLE = """
CREATE OR REPLACE TEMP TABLE expected_deliveries (register VARCHAR, unit VARCHAR, period_from DATE, period_to DATE,
  due_on DATE, delivery_id VARCHAR, received_on DATE, rows BIGINT, status VARCHAR, days_late INTEGER)"""

# An area delivers for the units of today or of its time that lie in it: itself, the commune that followed it, the
# communes of a district and those that followed them, and the province for all.
_AREAS = f"""
CREATE OR REPLACE TEMP TABLE areas AS
  SELECT code AS area, code AS unit FROM cl_don_vi
  UNION SELECT code, unit FROM cl_unit_now
  UNION SELECT district, code FROM cl_don_vi WHERE level = 'xa' AND district IS NOT NULL
  UNION SELECT x.district, u.unit FROM cl_don_vi AS x JOIN cl_unit_now AS u USING (code)
    WHERE x.level = 'xa' AND x.district IS NOT NULL
  UNION SELECT '{PROVINCE}', code FROM cl_don_vi UNION SELECT '{PROVINCE}', '{PROVINCE}'"""

# A period that was said has to cover the expected one. A period seen in the dates of the rows rarely reaches from the
# first day to the last: it has to fill half of the expected one, or to lie in it, and to come after its end. Without
# any period a delivery is about the last one that ended before it came.
_MATCHED = f"""
INSERT INTO expected_deliveries
WITH existing AS (
  SELECT code, level, coalesce(valid_from, DATE '0001-01-01') AS begins, coalesce(valid_to, DATE '9999-12-31') AS ends
  FROM cl_don_vi UNION ALL SELECT '{PROVINCE}', 'tinh', DATE '0001-01-01', DATE '9999-12-31'),
wanted AS (
  SELECT DISTINCT p.*, u.code AS unit FROM periods AS p
  JOIN existing AS u ON u.level = p.level AND p.period_to BETWEEN u.begins AND u.ends),
candidates AS (
  SELECT w.register, w.unit, w.period_from, d.delivery_id, d.received_on, d.rows, d.sequence,
    least(d.period_to, w.period_to) - greatest(d.period_from, w.period_from) + 1 AS common
  FROM wanted AS w JOIN areas AS a USING (unit) JOIN received AS d ON d.register = w.register AND d.unit = a.area
  WHERE CASE
    WHEN w.once THEN d.received_on >= w.period_from
    WHEN d.period_from IS NULL THEN w.period_to < d.received_on AND d.received_on <= w.next_to
    WHEN d.origin <> 'data' THEN d.period_from <= w.period_from AND d.period_to >= w.period_to
    ELSE d.received_on > w.period_to AND common > 0
      AND (2 * common >= w.period_to - w.period_from + 1 OR common = d.period_to - d.period_from + 1) END),
first AS (
  FROM candidates QUALIFY row_number() OVER (
    PARTITION BY register, unit, period_from ORDER BY received_on, sequence) = 1)
SELECT w.register, w.unit, w.period_from, w.period_to, w.due_on, f.delivery_id, f.received_on, f.rows,
  CASE WHEN f.received_on > w.due_on THEN 'late' WHEN f.received_on IS NOT NULL THEN 'received'
    WHEN ?::DATE > w.due_on THEN 'missing' ELSE 'not_due' END AS status,
  greatest(coalesce(f.received_on, ?::DATE) - w.due_on, 0)
FROM wanted AS w LEFT JOIN first AS f USING (register, unit, period_from)"""


@dataclass(frozen=True)
class Period:
    """One expected period: its days, the day it is due, and the last day of the period after it."""

    begins: date
    ends: date
    due_on: date
    next_ends: date


def periods_of(expected: Expected, as_of: date) -> list[Period]:
    """The periods that have begun by ``as_of``, oldest first."""
    due = timedelta(days=expected.due_days)
    if expected.every == "once":
        last = expected.begins + due
        return [Period(expected.begins, last, last, last)] if expected.begins <= as_of else []
    months = MONTHS[expected.every]
    index = expected.begins.year * 12 + (expected.begins.month - 1) // months * months
    found = []
    while (begins := date(index // 12, index % 12 + 1, 1)) <= as_of:
        ends = _end(index + months - 1)
        found.append(Period(begins, ends, ends + due, _end(index + 2 * months - 1)))
        index += months
    return found


def _end(index: int) -> date:
    """The last day of a month counted from the year 0."""
    year, month = divmod(index, 12)
    return date(year, month + 1, monthrange(year, month + 1)[1])


def write_expected(
    con: duckdb.DuckDBPyConnection,
    expectations: Path,
    registers: Mapping[str, Register],
    deliveries: Sequence[DeliveryRecord],
    as_of: date,
    target: Path,
) -> int:
    """Write table ``expected_deliveries`` of a run and leave it on the connection; returns its number of rows.

    ``register, unit, period_from, period_to, due_on, delivery_id, received_on, rows`` (of the whole delivery, which
    may be about more units), ``status`` (received, late, missing, not_due), ``days_late`` (until received, or until
    ``as_of`` while missing). The delivery that came first counts, also where a later one replaced it; held ones
    do not count.

    Args:
        con: an open connection.
        expectations: folder with ``code_lists/``.
        registers: the dictionaries.
        deliveries: those that the run is about.
        as_of: date of the run.
        target: the Parquet file.
    """
    con.execute(TABLE)
    periods = [
        (name, LEVELS[e.by], e.every == "once", p.begins, p.ends, p.due_on, p.next_ends)
        for name, register in registers.items()
        if (e := register.delivering.expected)
        for p in periods_of(e, as_of)
    ]
    if periods:
        register_code_lists(con, expectations, {"cl_don_vi", "cl_unit_now"})
        con.execute(_AREAS)
        _fill(
            con,
            "periods (register VARCHAR, level VARCHAR, once BOOLEAN, period_from DATE, period_to DATE, due_on DATE,"
            " next_to DATE)",
            periods,
        )
        _fill(
            con,
            "received (register VARCHAR, delivery_id VARCHAR, unit VARCHAR, period_from DATE, period_to DATE,"
            " origin VARCHAR, received_on DATE, rows BIGINT, sequence BIGINT)",
            [
                (
                    d.register,
                    d.delivery_id,
                    d.unit,
                    d.period_from,
                    d.period_to,
                    d.origin.get("period", ""),
                    d.received_on,
                    d.rows,
                    d.sequence,
                )
                for d in deliveries
                if d.unit and d.status == ACCEPTED
            ],
        )
        con.execute(_MATCHED, [as_of, as_of])
    return write_parquet(con, "FROM expected_deliveries", target, "register, unit, period_from")


def _fill(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Make a small table with these rows; dates and texts are written as literals."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table}")
    if rows:
        values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
        con.execute(f"INSERT INTO {table.split(' ', 1)[0]} VALUES {values}")
