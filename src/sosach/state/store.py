"""Reading and writing the state database: every query of the application stands here.

Each method is one transaction. Holds no rule about files or runs beyond what keeps the tables consistent.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import date
from types import TracebackType
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from sosach.errors import SettingsError
from sosach.state import models
from sosach.state.engine import lock_writers, open_engine, upgrade
from sosach.state.models import Access, Delivery, RefusedFile, Run
from sosach.state.records import (
    ACCEPTED,
    HELD,
    AccessRecord,
    DeliveryEvent,
    DeliveryRecord,
    Refusal,
    RunRecord,
)

INGEST = "sosach ingest"  # the actor of what ingestion itself decides about a delivery


class StateStore:
    """The state database, open. Use as a context manager: entering brings the schema up to date, leaving closes."""

    def __init__(self, url: str) -> None:
        """Prepare for ``url`` (sqlite or postgresql); nothing is opened yet."""
        self._engine = open_engine(url)
        self._sessions = sessionmaker(self._engine)

    def __enter__(self) -> "StateStore":
        upgrade(self._engine)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.dispose()

    @contextmanager
    def _write(self) -> Iterator[Session]:
        """A transaction in which nobody else writes."""
        with self._sessions.begin() as session:
            lock_writers(session.connection())
            yield session

    def delivery(self, sha256: str) -> DeliveryRecord | None:
        """The accepted delivery with that content, if any."""
        with self._sessions.begin() as session:
            found = session.get(Delivery, sha256)
            return _delivery(found) if found else None

    def record_delivery(self, delivery: DeliveryRecord, held_because: str = "") -> bool:
        """Record a delivery as the next of its register; False when its content was recorded before.

        Its ``sequence`` and ``status`` are set here: it is held where ``held_because`` gives a reason, which goes
        into the log of deliveries in the same transaction.
        """
        with self._write() as session:
            if session.get(Delivery, delivery.sha256):
                return False
            last = session.scalar(select(func.max(Delivery.sequence)).where(Delivery.register == delivery.register))
            values = {name: _plain(value) for name, value in vars(delivery).items()}
            values |= {"sequence": (last or 0) + 1, "status": HELD if held_because else ACCEPTED}
            session.add(Delivery(delivery_id=delivery.delivery_id, **values))
            session.flush()
            if held_because:
                event = DeliveryEvent(delivery.sha256, HELD, held_because, INGEST, delivery.received_on)
                session.add(models.DeliveryEvent(**vars(event)))
            return True

    def deliveries(self, received_by: date | None = None) -> list[DeliveryRecord]:
        """Deliveries taken in, by register and sequence, with their status.

        With ``received_by``: those received on that day or before, with the status that they had on that day.
        """
        query, events = select(Delivery), select(models.DeliveryEvent).order_by(models.DeliveryEvent.entry)
        if received_by is not None:
            query = query.where(Delivery.received_on <= received_by)
            events = events.where(models.DeliveryEvent.on_date <= received_by)
        with self._sessions.begin() as session:
            status = {event.sha256: event.status for event in session.scalars(events)}
            found = [replace(_delivery(d), status=status.get(d.sha256, ACCEPTED)) for d in session.scalars(query)]
        return sorted(found, key=lambda d: (d.register, d.sequence))

    def set_status(self, event: DeliveryEvent) -> None:
        """Hold or release a delivery and write that into the log; both or neither.

        Raises:
            SettingsError: no such delivery, it has that status already, or no reason or actor was given.
        """
        if not (event.reason.strip() and event.actor.strip()):
            raise SettingsError("A delivery is held or released by somebody and for a reason: give actor and reason.")
        with self._write() as session:
            found = session.get(Delivery, event.sha256)
            if found is None:
                raise SettingsError(f"Delivery {event.sha256} is unknown. `sosach deliveries` lists them.")
            if found.status == event.status:
                raise SettingsError(f"Delivery {event.sha256[:16]} ({found.file_name}) is {event.status} already.")
            if event.on_date < found.received_on:
                raise SettingsError(
                    f"Delivery {event.sha256[:16]} came on {found.received_on}; give that day or a later one."
                )
            found.status = event.status
            session.add(models.DeliveryEvent(**vars(event)))

    def delivery_log(self, sha256: str | None = None) -> list[DeliveryEvent]:
        """The log of deliveries, oldest first; with ``sha256``, of that one alone."""
        query = select(models.DeliveryEvent).order_by(models.DeliveryEvent.entry)
        if sha256 is not None:
            query = query.where(models.DeliveryEvent.sha256 == sha256)
        with self._sessions.begin() as session:
            return [DeliveryEvent(e.sha256, e.status, e.reason, e.actor, e.on_date) for e in session.scalars(query)]

    def find_delivery(self, digits: str) -> DeliveryRecord:
        """The delivery whose SHA-256 begins with ``digits`` (8 or more).

        Raises:
            SettingsError: fewer digits, no such delivery, or more than one.
        """
        found = [d for d in self.deliveries() if len(digits) >= 8 and d.sha256.startswith(digits.lower())]
        if len(found) != 1:
            raise SettingsError(
                f"{digits}: names {len(found)} deliveries. Give at least 8 digits of its SHA-256; "
                "`sosach deliveries` lists them."
            )
        return found[0]

    def replace_refusals(self, register: str, refusals: Iterable[Refusal]) -> None:
        """Make ``refusals`` the refused files of a folder: what an earlier scan refused there is forgotten."""
        with self._write() as session:
            session.execute(delete(RefusedFile).where(RefusedFile.register == register))
            session.add_all(
                RefusedFile(register=register, file_name=r.file_name, sha256=r.sha256, reason=r.reason)
                for r in refusals
            )

    def refusals(self) -> list[Refusal]:
        """Files refused by the latest scan of each folder, by register and file name."""
        with self._sessions.begin() as session:
            found = [Refusal(r.register, r.file_name, r.reason, r.sha256) for r in session.scalars(select(RefusedFile))]
        return sorted(found, key=lambda r: (r.register, r.file_name))

    def open_run(self, run_id: str, as_of: date, catalogue: str) -> RunRecord:
        """Open a run, or find the one of that id as it was opened: its previous run never changes.

        The previous run is the latest finished one, by order of opening, about the same day or an earlier one.
        """
        with self._write() as session:
            found = session.get(Run, run_id)
            if found is None:
                last = session.scalar(select(func.max(Run.sequence)))
                previous = session.scalar(_last_finished(as_of))
                found = Run(
                    run_id=run_id,
                    as_of=as_of,
                    previous_run_id=previous.run_id if previous else None,
                    catalogue=catalogue,
                    status="open",
                    sequence=(last or 0) + 1,
                )
                session.add(found)
                session.flush()
            return _run(found)

    def run(self, run_id: str) -> RunRecord | None:
        """The run of that id, if it was ever opened."""
        with self._sessions.begin() as session:
            found = session.get(Run, run_id)
            return _run(found) if found else None

    def latest_finished_run(self, as_of: date | None = None) -> RunRecord | None:
        """The finished run opened last; with ``as_of``, of those about that day or an earlier one."""
        with self._sessions.begin() as session:
            found = session.scalar(_last_finished(as_of))
            return _run(found) if found else None

    def first_finished_run(self, begins: date, ends: date) -> str | None:
        """Id of the finished run opened first among those about a day from ``begins`` to ``ends``, both included."""
        query = select(Run.run_id).where(Run.status == "finished", Run.as_of.between(begins, ends))
        with self._sessions.begin() as session:
            return session.scalar(query.order_by(Run.sequence).limit(1))

    def finish_run(self, run_id: str) -> None:
        """Mark a run as finished; once finished it stays so.

        Raises:
            SettingsError: no run of that id was opened.
        """
        with self._write() as session:
            found = session.get(Run, run_id)
            if found is None:
                raise SettingsError(f"Run {run_id} is unknown to the state database. Run the ingest stage first.")
            found.status = "finished"

    def log_access(self, entries: Iterable[AccessRecord]) -> None:
        """Append to the access log; to be called before personal data is handed out."""
        with self._write() as session:
            session.add_all(Access(**vars(e)) for e in entries)

    def accesses(self, run_id: str) -> list[AccessRecord]:
        """The access log of a run, oldest first."""
        query = select(Access).where(Access.run_id == run_id).order_by(Access.entry)
        with self._sessions.begin() as session:
            return [
                AccessRecord(a.run_id, a.actor, a.action, a.unit, a.purpose, a.n_lines, a.on_date)
                for a in session.scalars(query)
            ]

    def counts(self) -> dict[str, int]:
        """Rows a table: deliveries, delivery_log, refused_files, runs, access_log."""
        with self._sessions.begin() as session:
            return {
                table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
                for table in (Delivery, models.DeliveryEvent, RefusedFile, Run, Access)
            }


def _last_finished(as_of: date | None) -> Select[Run]:
    query = select(Run).where(Run.status == "finished").order_by(Run.sequence.desc()).limit(1)
    return query if as_of is None else query.where(Run.as_of <= as_of)


def _delivery(row: Delivery) -> DeliveryRecord:
    values: dict[str, Any] = {field.name: getattr(row, field.name) for field in fields(DeliveryRecord)}
    values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return DeliveryRecord(**values)


def _plain(value: object) -> object:
    """A value as the JSON columns take it."""
    if isinstance(value, tuple):
        return [dict(item) if isinstance(item, Mapping) else item for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def _run(row: Run) -> RunRecord:
    return RunRecord(row.run_id, row.as_of, row.previous_run_id, row.catalogue, row.status, row.sequence)
