"""Rows of the state database as plain values, for callers that should not know SQLAlchemy."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class DeliveryRecord:
    """One accepted delivery; ``sequence`` counts from 1 within its register, in order of arrival."""

    sha256: str
    register: str
    file_name: str
    rows: int
    received_on: date
    sequence: int
    extra_columns: tuple[str, ...] = ()
    renamed_columns: tuple[str, ...] = ()

    @property
    def delivery_id(self) -> str:
        """The short name of the delivery: the first 16 hex digits of its SHA-256."""
        return self.sha256[:16]


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
