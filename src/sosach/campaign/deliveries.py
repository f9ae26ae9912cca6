"""What units had to deliver and did, from a run's table ``expected_deliveries``, for the site."""

import duckdb

from sosach.lake import Run
from sosach.report.model import DueRow, Unit


def due_rows(con: duckdb.DuckDBPyConnection, run: Run, titles: dict[str, str], units: dict[str, Unit]) -> list[DueRow]:
    """One row a register and unit, by register and unit code; none for a run that has no such table.

    Args:
        con: a connection with ``cl_don_vi``.
        run: the run's folder.
        titles: register id to title.
        units: today's communes; others get the name that the list of units has.
    """
    table = run.table("expected_deliveries")
    if not table.is_file():
        return []
    found = con.execute(
        "SELECT register, unit, count(*) FILTER (WHERE status = 'received'), count(*) FILTER (WHERE status = 'late'),"
        " count(*) FILTER (WHERE status = 'missing'), count(*) FILTER (WHERE status = 'not_due'), max(days_late),"
        " (SELECT max_by(name, coalesce(valid_to, DATE '9999-12-31')) FROM cl_don_vi WHERE code = unit)"
        " FROM read_parquet(?) GROUP BY register, unit ORDER BY register, unit",
        [str(table)],
    ).fetchall()
    return [
        DueRow(register, titles.get(register, register), units.get(unit) or Unit(unit, name or "Toàn tỉnh"), *counts)
        for register, unit, *counts, name in found
    ]
