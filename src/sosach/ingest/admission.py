"""Between a raw file and its row in the state database: is the delivery what was promised, and may a run be about it.

Joins what ``handover`` and ``drift`` find with what was recorded before. Works in one thread; writes no file.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from sosach.errors import DeliveryError
from sosach.ingest.delivered import Taken
from sosach.ingest.drift import (
    Column,
    Finding,
    as_recorded,
    columns_of,
    joined,
    judge,
    sentence,
    worst,
)
from sosach.ingest.handover import Handover, from_source, load_units, read_handover, source_types
from sosach.ingest.handover_rows import from_data
from sosach.ingest.inbox import Found, copy_stable
from sosach.ingest.notes import NOTE_NAME, Notes, is_note, read_notes
from sosach.ingest.reader_notes import header_words, note_words
from sosach.ingest.understanding import JudgingEngine, judging_engine
from sosach.lake import Lake
from sosach.registers import Register
from sosach.settings import Settings
from sosach.state import ACCEPTED, HELD, INGEST, DeliveryEvent, DeliveryRecord, Refusal, StateStore

log = logging.getLogger(__name__)

AGAIN = "đánh giá lại: theo từ điển và quy định hiện nay không còn lý do giữ lại"


@dataclass(frozen=True)
class Decision:
    """A delivery as it is to be recorded, and why it has to be held; empty where it is accepted."""

    delivery: DeliveryRecord
    held_because: str = ""


class Admission:
    """Decides about the deliveries of one register in one scan of its folder."""

    def __init__(
        self,
        settings: Settings,
        register: Register,
        recorded: Iterable[DeliveryRecord],
        files: Sequence[Found],
        work: Path,
        as_of: date,
    ) -> None:
        """Read the handover notes of the folder.

        Args:
            settings: the installation.
            register: the register whose folder is scanned.
            recorded: all deliveries recorded so far.
            files: everything in the folder, as ``inbox.walk`` gave it.
            work: an empty folder for private copies.
            as_of: date of the run.
        """
        self._settings = settings
        self._register = register
        self._known = [d for d in recorded if d.register == register.register_id]
        self._as_of = as_of
        self._paths = {found.file_name: found.path for found in files}
        self._notes, self._faults = _read_all(files, work, settings)
        self._seen: set[str] = set()

    @property
    def _engine(self) -> JudgingEngine:
        return judging_engine(self._settings.expectations, self._settings.memory_limit)

    def knows(self, sha256: str) -> bool:
        """Whether a delivery of that content is recorded, be it in this scan."""
        return any(delivery.sha256 == sha256 for delivery in self._known)

    def decide(self, taken: Taken) -> Decision:
        """Decide about a delivery whose raw file has just been written.

        Raises:
            DeliveryError: its note promises another content, or a difference of its columns stops it by policy.
        """
        if taken.match is None or taken.written is None:
            raise AssertionError(f"{taken.file_name}: not recorded before, yet nothing was written")
        match, written = taken.match, taken.written
        handover = self._handover(taken.file_name)
        handover.check_sha256(taken.sha256)
        handover.check_rows(written.rows)
        raw = self._raw(taken.sha256)
        found = from_data(self._engine.con, raw, match.names, self._register, handover, self._as_of)
        types = written.types
        if named := source_types(self._file(taken.file_name)):
            types = tuple(named.get(header.header, "") for header in match.found)
        columns = columns_of(self._register, match, types)
        findings = judge(self._engine, self._register, columns, self._previous(found), raw)
        if worst(findings) == "stop":
            raise DeliveryError(sentence(findings, "stop"))
        told = list(found.told)
        replaces = self._replaced(found, told)
        delivery = DeliveryRecord(
            sha256=taken.sha256,
            register=self._register.register_id,
            file_name=taken.file_name,
            rows=written.rows,
            received_on=self._as_of,
            sequence=0,
            extra_columns=match.extra,
            renamed_columns=match.renamed,
            unit=found.unit,
            period_from=found.period_from,
            period_to=found.period_to,
            sender=found.sender,
            origin=dict(found.origin),
            declared_rows=found.rows,
            replaces=replaces,
            parts=tuple(asdict(part) for part in written.parts),
            notes=written.notes,
            columns=tuple(asdict(column) for column in columns),
            findings=(*as_recorded(findings), *(_told(text) for text in told)),
        )
        return Decision(delivery, sentence(findings, "quarantine"))

    def recorded(self, decision: Decision) -> None:
        """Take note that a delivery was recorded, and log what is unusual about it."""
        delivery = decision.delivery
        status = HELD if decision.held_because else ACCEPTED
        self._known.append(replace(delivery, sequence=len(self._known) + 1, status=status))
        for kind in dict.fromkeys(str(finding["kind"]) for finding in delivery.findings):
            texts = [str(f["text"]) for f in delivery.findings if f["kind"] == kind and f["policy"] == "accept"]
            columns = [str(f["column"]) for f in delivery.findings if f["kind"] == kind and f["policy"] == "accept"]
            if kind == "missing" and columns:
                log.info("%s: optional columns missing: %s", delivery.file_name, ", ".join(columns))
            elif texts and kind != "renamed":  # header_words below says it each time
                level = logging.WARNING if kind == "handover" else logging.INFO
                log.log(level, "%s: %s", delivery.file_name, joined(texts))
        if odd := note_words(delivery.notes, usual=False):
            log.warning("%s: worth a look: %s", delivery.file_name, "; ".join(odd))
        if told := [*note_words(delivery.notes, usual=True), *header_words(delivery.columns)]:
            log.info("%s: %s", delivery.file_name, "; ".join(told))
        if decision.held_because:
            log.warning("held %s: %s", delivery.file_name, decision.held_because)
        log.info("%s: %d rows", delivery.file_name, delivery.rows)

    def seen(self, file_name: str) -> None:
        """Take note that a file is there, whatever becomes of it."""
        self._seen.add(file_name)

    def refusals(self) -> list[Refusal]:
        """What the notes say that cannot be: faults of a note, and files that are not there."""
        register = self._register.register_id
        told = [*self._faults, *self._notes.faults, *self._notes.absent({*self._paths, *self._seen})]
        return [
            Refusal(register, f"{name} ({number})" if number else name, f"{name}: {text}")
            for name, texts in _grouped(told).items()
            for number, text in enumerate(texts)
        ]

    def judge_held(self, state: StateStore) -> int:
        """Judge again what ingestion itself held back, and accept what is right by now; returns how many."""
        accepted = 0
        for held in [d for d in self._known if d.status == HELD and d.received_on <= self._as_of]:
            last = state.delivery_log(held.sha256)[-1]
            raw = self._raw(held.sha256)
            if last.actor != INGEST or not raw.is_file():
                continue
            fields = {field.source_name: field.name for field in self._register.fields}
            columns = [
                replace(column, field=fields.get(column.name, ""))
                for column in (Column(**recorded) for recorded in held.columns)
            ]
            before = self._previous(Handover(unit=held.unit, sender=held.sender))
            if worst(judge(self._engine, self._register, columns, before, raw)) == "accept":
                state.set_status(DeliveryEvent(held.sha256, ACCEPTED, AGAIN, INGEST, self._as_of))
                self._known[self._known.index(held)] = replace(held, status=ACCEPTED)
                log.warning("accepted %s, which was held: nothing against it any more", held.file_name)
                accepted += 1
        return accepted

    def _handover(self, file_name: str) -> Handover:
        found = read_handover(file_name, self._register, self._notes, load_units(self._settings.expectations))
        return from_source(self._file(file_name), found)

    def _file(self, file_name: str) -> Path | None:
        """The file in the inbox; None for one that lies in an archive."""
        return self._paths.get(file_name)

    def _raw(self, sha256: str) -> Path:
        return Lake(self._settings.home).raw(self._register.register_id, sha256[:16])

    def _previous(self, about: Handover) -> Sequence[Mapping[str, Any]]:
        """Columns of the last accepted delivery of the same unit, else of the same sender; empty without one."""
        for same in ("unit", "sender"):
            wanted = getattr(about, same)
            of_same = [d for d in self._known if d.status == ACCEPTED and wanted and getattr(d, same) == wanted]
            if of_same:
                return max(of_same, key=lambda d: d.sequence).columns
        return ()

    def _replaced(self, found: Handover, told: list[str]) -> str | None:
        """The SHA-256 of the delivery that the note says this one replaces."""
        if found.replaces is None:
            return None
        wanted = found.replaces.casefold()
        for delivery in sorted(self._known, key=lambda d: d.sequence, reverse=True):
            name = delivery.file_name.casefold()
            if wanted in (delivery.sha256, name, PurePosixPath(name).name, PurePosixPath(name).stem):
                return delivery.sha256
        told.append(
            f"{NOTE_NAME} ghi thay thế một lần giao chưa từng nhận. Ghi đúng tên tệp hoặc mã SHA-256 của tệp cũ."
        )
        return None


def _told(text: str) -> dict[str, str]:
    return asdict(Finding("handover", "", "accept", text))


def _grouped(told: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, text in told:
        grouped.setdefault(name, []).append(text)
    return grouped


def _read_all(files: Sequence[Found], work: Path, settings: Settings) -> tuple[Notes, list[tuple[str, str]]]:
    """Read private copies of all notes; those that cannot be copied are told."""
    copies: dict[str, Path] = {}
    faults: list[tuple[str, str]] = []
    for number, found in enumerate(files):
        if is_note(found.file_name) and not found.refusal:
            target = work / f"note-{number}"
            try:
                copy_stable(found.path, target, settings.max_file_bytes)
            except DeliveryError as error:
                faults.append((found.file_name, str(error)))
            else:
                copies[found.file_name] = target
    return read_notes(copies), faults
