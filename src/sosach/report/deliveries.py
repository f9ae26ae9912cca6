"""The page of deliveries: which registers and units sent on time, late or not at all.

Holds the page's figures; counts are of deliveries, not of persons, and none is hidden. The words are in the template.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sosach.report.model import DueRow

FILE_NAME = "giao-nhan.html"


@dataclass(frozen=True)
class DueTotal:
    """Periods due from all units of one register, and how many units owe at least one."""

    title: str
    units: int
    units_owing: int
    on_time: int
    late: int
    missing: int
    not_due: int


def due_totals(rows: Iterable[DueRow]) -> list[DueTotal]:
    """One total a register, in the order in which the registers first come."""
    by_register: dict[str, list[DueRow]] = {}
    for row in rows:
        by_register.setdefault(row.register_id, []).append(row)
    return [
        DueTotal(
            title=found[0].register_title,
            units=len(found),
            units_owing=sum(row.missing > 0 for row in found),
            on_time=sum(row.on_time for row in found),
            late=sum(row.late for row in found),
            missing=sum(row.missing for row in found),
            not_due=sum(row.not_due for row in found),
        )
        for found in by_register.values()
    ]


def owing(rows: Sequence[DueRow]) -> list[DueRow]:
    """Units that were late or owe a delivery: those that owe most first, then the longest overdue, by unit code."""
    behind = [row for row in rows if row.late or row.missing]
    return sorted(behind, key=lambda row: (-row.missing, -row.days_late, row.unit.code, row.register_id))
