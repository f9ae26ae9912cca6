"""Rows of the state database as plain values, for callers that should not know SQLAlchemy."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

ACCEPTED = "accepted"
HELD = "held"


@dataclass(frozen=True)
class DeliveryRecord:
    """One delivery that was taken in; ``sequence`` counts from 1 within its register, in order of arrival.

    Args:
        status: accepted, or held (kept in the lake, but no run is about it).
        unit: code of the unit that it is about, None where nothing says it; likewise the period and the sender.
        origin: where ``unit``, ``period`` and ``sender`` were found: note, path or data.
        declared_rows: the number of rows that the handover note promised.
        replaces: SHA-256 of the delivery that this one replaces, by its note.
        parts: where its rows stand in the file: name, first_row, line, rows (see ``place_of``).
        notes: what the reader did beyond reading, counted.
        columns: a dict a column: header (as delivered), name (in raw), field, how (matched), type (physical).
        findings: what is unusual about it, a dict a finding: kind, column, policy, text.
    """

    sha256: str
    register: str
    file_name: str
    rows: int
    received_on: date
    sequence: int
    extra_columns: tuple[str, ...] = ()
    renamed_columns: tuple[str, ...] = ()
    status: str = ACCEPTED
    unit: str | None = None
    period_from: date | None = None
    period_to: date | None = None
    sender: str | None = None
    origin: Mapping[str, str] = field(default_factory=dict)
    declared_rows: int | None = None
    replaces: str | None = None
    parts: tuple[Mapping[str, Any], ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)
    columns: tuple[Mapping[str, Any], ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()

    @property
    def delivery_id(self) -> str:
        """The short name of the delivery: the first 16 hex digits of its SHA-256."""
        return self.sha256[:16]


@dataclass(frozen=True)
class DeliveryEvent:
    """An entry of the log of deliveries: since ``on_date`` it has this status, for this reason, by ``actor``."""

    sha256: str
    status: str
    reason: str
    actor: str
    on_date: date


@dataclass(frozen=True)
class Refusal:
    """A file of the inbox that the latest scan could not take in; ``sha256`` is None where it could not be read."""

    register: str
    file_name: str
    reason: str
    sha256: str | None = None


@dataclass(frozen=True)
class RunRecord:
    """One run; ``sequence`` counts from 1 in the order of first opening; ``status`` is open or finished."""

    run_id: str
    as_of: date
    previous_run_id: str | None
    catalogue: str
    status: str
    sequence: int


@dataclass(frozen=True)
class AccessRecord:
    """One entry of the access log: who wrote or read how many lines of personal data of a unit, and what for."""

    run_id: str
    actor: str
    action: str
    unit: str
    purpose: str
    n_lines: int
    on_date: date


def place_of(parts: Sequence[Mapping[str, Any]], row: int) -> str:
    """Where the row ``row`` (counted from 1) of a delivery stands in its file, for officers.

    ``trang tính Sheet1, dòng 14``; ``dòng 14`` in a text file; ``bản ghi thứ 13`` where the line is not known.
    """
    first = [int(part["first_row"]) for part in parts]
    at = bisect_right(first, row) - 1
    if at < 0 or row >= first[at] + int(parts[at]["rows"]):
        return f"bản ghi thứ {row}"
    part, line = parts[at], int(parts[at]["line"])
    place = f"dòng {line + row - first[at]}" if line else f"bản ghi thứ {row}"
    return f"trang tính {part['name']}, {place}" if part["name"] else place
