"""Pulling a SQL source: its new rows become one file in the inbox, and the watermark moves, both or neither.

The order, and what a crash leaves:

1. Rows go into a private folder. Crash: the folder is emptied by the next pull; nothing else was changed.
2. The finished file is put aside under ``lake/.pulled/<source>/``. Crash: no row of the state names it; removed.
3. One row of the state database says file, SHA-256 and watermark. *Here the pull becomes valid.* Crash: the next pull
   puts the very file that was put aside into the inbox, before it looks for newer rows.
4. The file is copied beside its place in the inbox and renamed, while no scan of that register runs. Crash: as before.
5. The state says ``published`` and the file put aside is removed. Crash: the next pull finds the file in the inbox, or
   its delivery in the state, and says it then.

A file that left the inbox before it was taken in is a loss, not a hole: its range is read again.
"""

import hashlib
import logging
import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from sosach.duck import connect, identifier, literal
from sosach.errors import SettingsError
from sosach.ingest.inbox import inbox, workspace
from sosach.ingest.sql_source_model import Source, Watermark
from sosach.ingest.sql_source_read import Reading, read_source
from sosach.lake import atomic_path
from sosach.settings import Settings
from sosach.state import PullRecord, PullStore
from sosach.state.watermarks import LOST, PUBLISHED, STAGED

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PullCounts:
    """What one pull did.

    Args:
        rows: rows put into the inbox, those read again included; 0 where the source had nothing new.
        without_watermark: of the rows read, those without a watermark: every pull reads them again.
        files: files put into the inbox, with those that an earlier pull had not brought there any more.
        lost: earlier files that were gone before they were taken in, whose range was read again.
    """

    source: str
    register: str
    rows: int
    without_watermark: int
    files: int
    lost: int


def pull(settings: Settings, source: Source, url: str, as_of: date) -> PullCounts:
    """Bring the new rows of a source into the inbox as one delivery; without any, nothing changes.

    Rows are new when their watermark is above the last one less the declared overlap. Rows without a watermark are
    read with every pull. What was read before comes again then; normalisation replaces it by its key. When the rows
    that a pull reads are those that the pull before left to be read again, there is nothing new.

    Args:
        settings: the installation.
        source: what to read, into which register.
        url: SQLAlchemy URL of the database; it is in no message, log or file.
        as_of: date of the run, recorded as the day of the pull.

    Raises:
        SettingsError: no inbox, or the declaration and the database do not fit each other.
        DeliveryError: a cell cannot become text unchanged; as ``SourceUnavailableError``: the database cannot be
            reached, broke off or was too slow.
        BalanceError: rows were lost between database and file.
    """
    inbox(settings)
    with workspace(settings, f"source-{source.source_id}") as work, PullStore(settings.state_url) as state:
        outbox = _Outbox(settings, source, state)
        finished, lost = outbox.finish_earlier()
        before = [p for p in state.pulls(source.source_id) if p.status != LOST]
        _check_meaning(source, before)
        last = before[-1] if before and not lost else None
        reached = lost[0].watermark_from if lost else last.watermark_to if last else None
        lower = None if reached is None else source.watermark.lower(reached)
        draft = work / "rows.parquet"
        reading = read_source(source, url, lower, draft)
        gone = [p.sequence for p in lost]
        files = finished
        rows = 0
        if reading.rows:
            record = _record(settings, source, outbox.next_sequence(), reached, reading, draft, as_of)
            if last is None or (record.watermark_to, record.window_digest) != (last.watermark_to, last.window_digest):
                outbox.put(draft, record, gone)
                files, rows = finished + 1, reading.rows
        elif gone:
            state.settle_pulls(source.source_id, gone, LOST)
    counts = PullCounts(source.source_id, source.register_id, rows, reading.without, files, len(lost))
    if reading.without:
        log.warning(
            "source %s: %d rows have no %s; they are read with every pull",
            source.source_id,
            reading.without,
            source.watermark.column,
        )
    log.info("source %s: %d rows", source.source_id, rows)
    return counts


class _Outbox:
    """The files of a source between its database and the inbox."""

    def __init__(self, settings: Settings, source: Source, state: PullStore) -> None:
        self.settings = settings
        self.source = source
        self.state = state
        self.folder = settings.home / "lake" / ".pulled" / source.source_id

    def next_sequence(self) -> int:
        """The number of the next pull."""
        pulls = self.state.pulls(self.source.source_id)
        return pulls[-1].sequence + 1 if pulls else 1

    def put(self, draft: Path, record: PullRecord, gone: list[int]) -> None:
        """Make a finished draft valid and bring it into the inbox."""
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = self.folder / record.file_name
        draft.replace(aside)
        _flush(aside)
        _flush(self.folder)
        self.state.record_pull(record, gone)
        self._publish(record)

    def finish_earlier(self) -> tuple[int, list[PullRecord]]:
        """Bring what was put aside into the inbox; returns how many files, and the pulls whose file is nowhere."""
        published = 0
        lost = []
        for record in self.state.pulls(self.source.source_id):
            aside = self.folder / record.file_name
            if record.status == LOST:
                continue
            if self.state.delivery(record.sha256) or _sha256(self._target(record)) == record.sha256:
                if record.status == STAGED:
                    self.state.settle_pulls(record.source, [record.sequence], PUBLISHED)
            elif _sha256(aside) == record.sha256:
                self._publish(record)
                published += 1
            else:
                log.warning("source %s: %s is gone, its range is read again", record.source, record.file_name)
                lost.append(record)
        for leftover in self.folder.glob("*") if self.folder.is_dir() else ():
            leftover.unlink()
        return published, lost

    def _publish(self, record: PullRecord) -> None:
        target = self._target(record)
        with workspace(self.settings, record.register), atomic_path(target) as draft:
            shutil.copyfile(self.folder / record.file_name, draft)
            _flush(draft)
        _flush(target.parent)
        self.state.settle_pulls(record.source, [record.sequence], PUBLISHED)
        (self.folder / record.file_name).unlink()

    def _target(self, record: PullRecord) -> Path:
        return self.settings.deliveries / record.register / record.file_name


def _check_meaning(source: Source, before: list[PullRecord]) -> None:
    """The stored watermark has to be one of the declared column and register."""
    if before and (before[-1].watermark, before[-1].register) != (source.watermark.meaning, source.register_id):
        raise SettingsError(
            f"Source {source.source_id}: it was read into {before[-1].register} by {before[-1].watermark}, and is now "
            f"declared for {source.register_id} by {source.watermark.meaning}. Declare what changed as a source of a "
            "new id: it is then read from its beginning."
        )


def _record(
    settings: Settings, source: Source, sequence: int, reached: str | None, reading: Reading, draft: Path, as_of: date
) -> PullRecord:
    """What the state will say of a finished draft; the watermark never goes back."""
    to = max((m for m in (reached, reading.reached) if m is not None), key=source.watermark.parse, default=None)
    span = "_".join(_in_file_name(source.watermark, m) for m in (reached, to))
    return PullRecord(
        source=source.source_id,
        sequence=sequence,
        register=source.register_id,
        watermark=source.watermark.meaning,
        watermark_from=reached,
        watermark_to=to,
        rows=reading.rows,
        window_digest=_window_digest(settings, source, to, draft)
        if source.watermark.step or reading.without
        else "0:0",
        file_name=f"{source.source_id}_{sequence:06d}_{span}.parquet",
        sha256=_sha256(draft) or "",
        pulled_on=as_of,
    )


def _in_file_name(watermark: Watermark, mark: str | None) -> str:
    """A watermark as digits that sort and that nobody takes for a unit or a period; the beginning is ``0``."""
    if mark is None:
        return "0"
    value = watermark.parse(mark)
    if isinstance(value, int):
        return f"{value:019d}"
    moment = value if isinstance(value, datetime) else datetime.combine(value, time.min)
    return f"{moment:%Y%m%d%H%M%S%f}"


def _window_digest(settings: Settings, source: Source, to: str | None, draft: Path) -> str:
    """Number and sum of hashes of the draft's rows that the next pull reads again; the order of rows is no part."""
    lower = None if to is None else source.watermark.lower(to)
    mark = identifier(source.watermark.column)
    again = "true"
    if lower is not None and source.watermark.type == "integer":
        again = f"({mark} IS NULL OR CAST({mark} AS HUGEINT) > {int(lower)})"
    elif lower is not None:
        again = f"({mark} IS NULL OR {mark} > {literal(lower)})"
    with connect(settings) as con:
        row = con.execute(
            f"SELECT count(*), coalesce(sum(CAST(hash(q) AS HUGEINT)), 0) FROM read_parquet({literal(draft)}) AS q "
            f"WHERE {again}"
        ).fetchone()
    assert row is not None
    return f"{row[0]}:{row[1]}"


def _sha256(path: Path) -> str | None:
    """SHA-256 of a file; None where there is none."""
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _flush(path: Path) -> None:
    """Bring a file or folder onto the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
