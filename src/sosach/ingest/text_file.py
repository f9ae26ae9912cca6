"""CSV, TSV and TXT deliveries, read carefully: encoding, delimiter, header below a title, records of one length.

The rules of quoting are those of RFC 4180 (Python's ``csv`` in strict mode). Changes no cell.
"""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, TextIO

from sosach.errors import DeliveryError
from sosach.ingest.columns import HeaderIndex
from sosach.ingest.table import Record, TextTable, table_of
from sosach.ingest.text_scan import MAX_RECORD

DELIMITERS = (",", ";", "\t", "|")
HEADER_ROWS = 10
SHOWN_LINES = 5
csv.field_size_limit(MAX_RECORD)


class Line(NamedTuple):
    """One record of a text file: the number of the line where it begins, that of the next line, its cells."""

    number: int
    following: int
    cells: list[str]


@dataclass(frozen=True)
class Dialect:
    """How a text file is to be read; ``skipped`` counts the title lines above the header."""

    encoding: str
    delimiter: str
    header: Line
    skipped: int

    @property
    def width(self) -> int:
        """Columns of the header without those at its end that have no name."""
        return max((i + 1 for i, name in enumerate(self.header.cells) if name.strip()), default=0)


def find_dialect(path: Path, encoding: str, index: HeaderIndex) -> Dialect:
    """The delimiter and the header: of the first ten records the one that names the register's fields best.

    Args:
        path: the file.
        encoding: as Python calls it.
        index: the names under which the register's fields may be delivered.

    Raises:
        DeliveryError: no record at all, or the first ones cannot be parsed with any delimiter.
    """
    best: tuple[tuple[int, int, int, int], Dialect] | None = None
    fault: DeliveryError | None = None
    for delimiter in DELIMITERS:
        try:
            with _records(path, encoding, delimiter) as records:
                head = list(_until_fault(islice(records, HEADER_ROWS)))
        except DeliveryError as error:
            fault = fault or error
            continue
        for position, line in enumerate(head):
            missing = len(index.missing(line.cells))
            score = (-missing, len(index.found(line.cells)), -position, len(line.cells))
            if best is None or score > best[0]:
                best = (score, Dialect(encoding, delimiter, line, position))
            if not missing:
                break
    if best:
        return best[1]
    raise fault or DeliveryError("tệp không có dòng tiêu đề và không có dữ liệu. Xuất lại dữ liệu và gửi lại tệp.")


def _until_fault(records: Iterator[Line]) -> Iterator[Line]:
    """Records up to the first that is no record under a delimiter, at least one."""
    yield from islice(records, 1)
    try:
        yield from records
    except DeliveryError:
        return


@contextmanager
def read_text_file(path: Path, dialect: Dialect) -> Iterator[TextTable]:
    """The table of a delimited text file, while the file is open.

    Columns at the end without a name are dropped where no record has a cell there.

    Raises:
        DeliveryError: here or while the batches are read: NUL, broken quoting, records of another length.
    """
    width = len(dialect.header.cells)
    if dialect.width < width:
        with _records(path, dialect.encoding, dialect.delimiter) as records:
            width = max(dialect.width, *(_used(line, width) for line in _below(records, dialect)), 0)
    notes = {"rows_above_header": dialect.skipped} if dialect.skipped else {}
    with _records(path, dialect.encoding, dialect.delimiter) as records:
        rows = _rows(_below(records, dialect), dialect.width, width)
        yield table_of(dialect.header.cells[:width], rows, notes)


def _below(records: Iterator[Line], dialect: Dialect) -> Iterator[Line]:
    return islice(records, dialect.skipped + 1, None)


def _used(line: Line, width: int) -> int:
    """Columns of a record up to the last that holds anything, none where it is longer than the header."""
    used = max((i + 1 for i, cell in enumerate(line.cells) if cell), default=0)
    return used if used <= width else 0


@dataclass
class _Lines:
    """Physical lines of a text, never longer than allowed; ``budget`` is what is left for the record being read."""

    stream: TextIO
    number: int = 0
    budget: int = field(default=MAX_RECORD)

    def __iter__(self) -> Iterator[str]:
        while line := self.stream.readline(self.budget + 1):
            self.number += 1
            self.budget -= len(line)
            if self.budget < 0:
                raise DeliveryError(
                    f"bản ghi đến dòng {self.number} của tệp dài quá {MAX_RECORD >> 20} triệu ký tự: thiếu dấu ngoặc "
                    "kép đóng hoặc dấu xuống dòng. Sửa hoặc xuất lại tệp rồi gửi lại."
                )
            if "\0" in line:
                raise DeliveryError(
                    f"dòng {self.number} của tệp có ký tự NUL: tệp hỏng hoặc không phải tệp văn bản. "
                    "Xuất lại tệp CSV (UTF-8) và gửi lại."
                )
            yield line


@contextmanager
def _records(path: Path, encoding: str, delimiter: str) -> Iterator[Iterator[Line]]:
    """The records of a file that hold anything, while it is open."""
    with path.open(encoding=encoding, newline="") as stream:
        yield _parse(stream, delimiter)


def _parse(stream: TextIO, delimiter: str) -> Iterator[Line]:
    lines = _Lines(stream)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        begins = reader.line_num + 1
        lines.budget = MAX_RECORD
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise DeliveryError(
                f'dòng {begins} của tệp: dấu ngoặc kép (") đặt sai, không đóng, hoặc ô quá dài. '
                "Sửa dòng đó (dấu ngoặc kép trong ô viết hai lần) rồi gửi lại."
            ) from error
        except UnicodeDecodeError as error:
            raise DeliveryError(
                f"không đọc được chữ sau dòng {lines.number} của tệp. Lưu lại tệp bằng UTF-8."
            ) from error
        if cells is None:
            return
        if any(cells):
            yield Line(begins, reader.line_num + 1, cells)


def _rows(records: Iterator[Line], named: int, width: int) -> Iterator[Record]:
    """Records of ``width`` cells; those that do not fit the header are all counted before the file is refused.

    Empty cells beyond the last column with a name are none: office programs write delimiters up to the widest row of
    a sheet, or leave them out.
    """

    def fits(line: Line) -> bool:
        return len(line.cells) >= named and not any(line.cells[width:])

    for line in records:
        if not fits(line):
            ragged = [other.number for other in chain([line], records) if not fits(other)]
            shown = ", ".join(map(str, ragged[:SHOWN_LINES])) + (", …" if len(ragged) > SHOWN_LINES else "")
            raise DeliveryError(
                f"{len(ragged)} dòng có số ô khác số cột của dòng tiêu đề ({width} cột), ở dòng {shown} của tệp. "
                "Thường do thiếu dấu ngoặc kép quanh ô có dấu phân cách; sửa các dòng đó rồi gửi lại."
            )
        yield Record("", line.number, (line.cells + [""] * (width - len(line.cells)))[:width])
