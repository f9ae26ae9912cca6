"""Taking in the deliveries of one register: new ones once, known ones not again, bad ones refused with a reason.

A raw file is written before its row in the state database: a process killed in between leaves a file that nobody
counts and that the next run replaces by the same bytes.
"""

import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from sosach import duck
from sosach.errors import DeliveryError, SettingsError
from sosach.ingest.columns import ColumnMatch, match_columns
from sosach.ingest.inbox import StableCopy, copy_stable, entries, inbox, workspace
from sosach.ingest.parquet_file import inspect_parquet, parquet_select
from sosach.ingest.raw import rows_select, write_raw, write_rows
from sosach.ingest.table import TextTable
from sosach.ingest.text_file import read_text_file
from sosach.ingest.xlsx_file import read_xlsx_file
from sosach.lake import Lake
from sosach.registers import Register, load_registers
from sosach.settings import Settings
from sosach.state import Refusal, StateStore

log = logging.getLogger(__name__)


ENDINGS = {".csv", ".tsv", ".txt", ".xlsx", ".parquet"}


@dataclass(frozen=True)
class IngestCounts:
    """What one scan of a register's folder did: files by outcome, and rows of the files newly accepted."""

    accepted: int = 0
    duplicate: int = 0
    refused: int = 0
    rows: int = 0


def ingest_register(settings: Settings, register: str, as_of: date) -> IngestCounts:
    """Take in every new file of ``<deliveries>/<register>/``; refused files are tried again at each call.

    Args:
        settings: the installation.
        register: id of the register, as its folder under ``expectations`` is called.
        as_of: date of the run, recorded as the day on which new deliveries were received.

    Returns:
        How many files were accepted, known already, refused, and the rows accepted.

    Raises:
        SettingsError: no such register, or no inbox.
        BalanceError: rows were lost between a file and its raw copy.
    """
    known = load_registers(settings.expectations)
    if register not in known:
        raise SettingsError(f"Register {register!r} is unknown. Known are: {', '.join(known)}.")
    folder = inbox(settings) / register
    accepted = duplicate = rows = 0
    refusals: list[Refusal] = []
    with (
        workspace(settings, register) as work,
        StateStore(settings.state_url) as state,
        duck.connect(settings) as con,
    ):
        for path in entries(folder):
            intake = _Intake(Lake(settings.home), known[register], state, con, work, f"{register}/{path.name}")
            try:
                taken = intake.take(path, as_of)
            except DeliveryError as error:
                refusals.append(Refusal(register, intake.file_name, f"{intake.file_name}: {error}", intake.sha256))
                log.warning("refused %s: %s", intake.file_name, error)
                continue
            accepted += taken > 0
            duplicate += taken == 0
            rows += taken
        state.replace_refusals(register, refusals)
    return IngestCounts(accepted, duplicate, len(refusals), rows)


class _Intake:
    """One file on its way in."""

    def __init__(
        self,
        lake: Lake,
        register: Register,
        state: StateStore,
        con: duckdb.DuckDBPyConnection,
        work: Path,
        file_name: str,
    ) -> None:
        self.lake = lake
        self.register = register
        self.state = state
        self.con = con
        self.work = work
        self.file_name = file_name
        self.sha256: str | None = None

    def take(self, path: Path, as_of: date) -> int:
        """Take the file in; returns its rows, 0 when its content was accepted before."""
        _check_name(path)
        copy = copy_stable(path, self.work)
        self.sha256 = copy.sha256
        target = self.lake.raw(self.register.register_id, copy.sha256[:16])
        seen = self.state.delivery(copy.sha256)
        if seen and seen.register != self.register.register_id:
            raise DeliveryError(
                f"nội dung này đã nhận cho sổ {seen.register} ({seen.file_name}). "
                "Mỗi tệp chỉ thuộc một sổ; bỏ tệp khỏi thư mục này."
            )
        if seen and target.is_file():
            log.info("%s: known already as %s", self.file_name, seen.file_name)
            return 0
        match, rows = self._write(copy, target)
        return 0 if seen else self._record(copy, match, rows, as_of)

    def _write(self, copy: StableCopy, target: Path) -> tuple[ColumnMatch, int]:
        """Write the raw file; returns the meaning of its columns and its number of rows."""
        if copy.path.suffix == ".parquet":
            header, rows = inspect_parquet(copy.path)
            match = match_columns(self.register, header)
            select = parquet_select(self.con, copy.path, match.names)
        else:
            plain = self.work / "rows.csv"
            match, rows = self._plain_rows(copy.path, plain)
            select = rows_select(plain, match.names)
        write_raw(self.con, select, match.names, target, copy.sha256[:16], rows)
        return match, rows

    def _plain_rows(self, path: Path, plain: Path) -> tuple[ColumnMatch, int]:
        """Bring a text or workbook file into the one CSV dialect that the engine reads."""
        if path.suffix == ".xlsx":
            return self._write_plain(read_xlsx_file(path, self.register), plain)
        table, stream = read_text_file(path, self.register)
        with stream:
            return self._write_plain(table, plain)

    def _write_plain(self, table: TextTable, plain: Path) -> tuple[ColumnMatch, int]:
        match = match_columns(self.register, table.header)
        return match, write_rows(table, match.names, plain)

    def _record(self, copy: StableCopy, match: ColumnMatch, rows: int, as_of: date) -> int:
        """Record the delivery and report what is unusual about its header."""
        recorded = self.state.record_delivery(
            sha256=copy.sha256,
            register=self.register.register_id,
            file_name=self.file_name,
            rows=rows,
            received_on=as_of,
            extra_columns=match.extra,
            renamed_columns=match.renamed,
        )
        if match.extra:
            log.info("%s: columns kept though no field explains them: %s", self.file_name, ", ".join(match.extra))
        if match.renamed:
            log.info("%s: columns recognised by a similar name: %s", self.file_name, ", ".join(match.renamed))
        log.info("%s: %d rows", self.file_name, rows)
        return rows if recorded else 0


def _check_name(path: Path) -> None:
    if path.is_dir():
        raise DeliveryError("thư mục con không được đọc. Đặt các tệp ngay trong thư mục của sổ.")
    if path.name.startswith("."):
        raise DeliveryError("tệp ẩn (tên bắt đầu bằng dấu chấm) không được nhận. Đổi tên hoặc xóa khỏi hộp nhận.")
    if path.suffix.lower() not in ENDINGS:
        raise DeliveryError(f"đuôi tệp không được nhận. Chỉ nhận {', '.join(sorted(ENDINGS))}; lưu lại rồi gửi.")
