"""From a file in the inbox to raw files in the lake: every delivery that it holds is written once or refused.

Works on one file at a time, with nothing but the folder of private copies and an engine; several may be at work at
once. Knows nothing of the state database.
"""

import logging
import shutil
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import duckdb

from sosach.errors import BalanceError, DeliveryError
from sosach.ingest.archive import members
from sosach.ingest.columns import ColumnMatch, HeaderIndex, match_columns
from sosach.ingest.csv_engine import csv_table
from sosach.ingest.encodings import find_encoding
from sosach.ingest.inbox import Found, StableCopy, copy_stable
from sosach.ingest.kinds import ARCHIVE, PARQUET, WORKBOOK, expected_kind
from sosach.ingest.parquet_file import parquet_table
from sosach.ingest.raw import Written, write_raw
from sosach.ingest.table import EngineTable, TextTable
from sosach.ingest.text_file import find_dialect, read_text_file
from sosach.ingest.text_scan import TextScan
from sosach.ingest.workbook import read_workbook
from sosach.ingest.workbook_package import WorkbookLimits
from sosach.lake import Lake
from sosach.registers import Register
from sosach.settings import Settings
from sosach.state import DeliveryRecord

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Taken:
    """A delivery whose raw file is in the lake; ``known`` if it was recorded before, with or without its raw file.

    ``match`` and ``written`` are None where nothing had to be written.
    """

    file_name: str
    sha256: str
    known: DeliveryRecord | None
    match: ColumnMatch | None = None
    written: Written | None = None


@dataclass(frozen=True)
class Refused:
    """A file that cannot be taken in, and why; ``sha256`` is None where it could not be read."""

    file_name: str
    reason: str
    sha256: str | None = None


class Deliveries:
    """Takes in the files of one register. One object a scan; its methods may be called from several threads."""

    def __init__(
        self,
        settings: Settings,
        register: Register,
        known: Mapping[str, DeliveryRecord],
        con: duckdb.DuckDBPyConnection,
        work: Path,
    ) -> None:
        """Prepare for a scan.

        Args:
            settings: the installation.
            register: the register whose folder is scanned.
            known: all deliveries recorded so far, by SHA-256.
            con: an engine with one thread, which reads and writes for all callers.
            work: an empty folder for private copies.
        """
        self._settings = settings
        self._register = register
        self._index = HeaderIndex(register)
        self._limits = WorkbookLimits(min(WorkbookLimits.unpacked_bytes, settings.max_file_bytes))
        self._known = known
        self._con = con
        self._work = work
        self._lock = threading.Lock()
        self._claims: dict[str, Future[tuple[ColumnMatch, Written]]] = {}

    def take(self, found: Found) -> list[Taken | Refused]:
        """Take in what one file of the inbox holds: itself, or each file in an archive.

        Raises:
            BalanceError: rows were lost between a file and its raw copy.
        """
        if found.refusal:
            return [Refused(found.file_name, found.refusal)]
        own = self._work / uuid4().hex
        own.mkdir()
        try:
            copy = copy_stable(found.path, own / "delivery", self._settings.max_file_bytes)
            if copy.kind != ARCHIVE:
                return [self._take_copy(found.file_name, copy)]
            return list(self._take_members(found.file_name, copy, own))
        except DeliveryError as error:
            return [Refused(found.file_name, str(error))]
        finally:
            shutil.rmtree(own)

    def _take_members(self, file_name: str, archive: StableCopy, own: Path) -> Iterator[Taken | Refused]:
        for member in members(archive.path, own, self._settings):
            name = f"{file_name}/{member.name}"
            yield self._take_copy(name, member.copy) if member.copy else Refused(name, member.refusal)

    def _take_copy(self, file_name: str, copy: StableCopy) -> Taken | Refused:
        known = self._known.get(copy.sha256)
        register = self._register.register_id
        if known and known.register != register:
            reason = (
                f"nội dung này đã nhận cho sổ {known.register} ({known.file_name}). "
                "Mỗi tệp chỉ thuộc một sổ; bỏ tệp khỏi thư mục này."
            )
            return Refused(file_name, reason, copy.sha256)
        target = Lake(self._settings.home).raw(register, copy.sha256[:16])
        if known and target.is_file():
            return Taken(file_name, copy.sha256, known)
        try:
            match, written = self._write_once(copy, target)
        except DeliveryError as error:
            return Refused(file_name, f"{_kind_words(file_name, copy.kind)}{error}", copy.sha256)
        return Taken(file_name, copy.sha256, known, match, written)

    def _write_once(self, copy: StableCopy, target: Path) -> tuple[ColumnMatch, Written]:
        """Write the raw file, or wait for the other file of equal content in this scan that is being written."""
        with self._lock:
            claim = self._claims.get(copy.sha256)
            first = claim is None
            if claim is None:
                claim = self._claims[copy.sha256] = Future()
        if first:
            try:
                claim.set_result(self._write(copy, target))
            except BaseException as error:
                claim.set_exception(error)
        return claim.result()

    def _write(self, copy: StableCopy, target: Path) -> tuple[ColumnMatch, Written]:
        with self._con.cursor() as con:
            if copy.kind == PARQUET:
                return self._sink(con, parquet_table(con, copy.path, self._settings.max_file_bytes), target, copy)
            if copy.kind == WORKBOOK:
                return self._sink(con, read_workbook(copy.path, self._register, self._limits), target, copy)
            return self._write_text(con, copy, target)

    def _write_text(
        self, con: duckdb.DuckDBPyConnection, copy: StableCopy, target: Path
    ) -> tuple[ColumnMatch, Written]:
        """Let the engine read a text about whose cells there is no doubt; what it refuses is read carefully."""
        scan = copy.scan or TextScan()
        try:
            dialect = find_dialect(copy.path, "utf-8-sig", self._index) if scan.plain else None
            table = csv_table(copy.path, dialect, scan) if dialect else None
            if table:
                return self._sink(con, table, target, copy)
        except (DeliveryError, BalanceError) as doubt:
            log.debug("read carefully: %s", doubt)
        dialect = find_dialect(copy.path, find_encoding(copy.path, scan.encoding), self._index)
        with read_text_file(copy.path, dialect) as careful:
            return self._sink(con, careful, target, copy)

    def _sink(
        self, con: duckdb.DuckDBPyConnection, table: TextTable | EngineTable, target: Path, copy: StableCopy
    ) -> tuple[ColumnMatch, Written]:
        match = match_columns(self._register, table.header)
        return match, write_raw(con, table, match.names, target, copy.sha256[:16])


def _kind_words(file_name: str, kind: str) -> str:
    """The kind of a refused file, and that its ending announces another one."""
    announced = expected_kind(file_name)
    return f"(tệp {kind}) " if announced == kind else f"(nội dung là tệp {kind} dù đuôi là của tệp {announced}) "
