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
from sosach.ingest.stray_rows import HeaderAgain, is_record_above, records_above
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
    """How a text file is to be read; ``skipped`` counts the title lines above the header.

    ``head`` are the first records of the file, with the titles and the header; ``index`` knows the fields.
    """

    encoding: str
    delimiter: str
    header: Line
    skipped: int
    head: tuple[Line, ...]
    index: HeaderIndex

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
        DeliveryError: no record at all, the first ones cannot be parsed with any delimiter, or records stand above
            the header.
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
                best = (score, Dialect(encoding, delimiter, line, position, tuple(head), index))
            if not missing:
                break
    if best:
        if best[0][0] == 0:
            _refuse_records_above(best[1])
        return best[1]
    raise fault or DeliveryError("tệp không có dòng tiêu đề và không có dữ liệu. Xuất lại dữ liệu và gửi lại tệp.")


def _refuse_records_above(dialect: Dialect) -> None:
    header = dialect.header.cells
    fields = len(dialect.index.found(header))
    if lines := [o.number for o in dialect.head[: dialect.skipped] if is_record_above(o.cells, header, fields)]:
        raise records_above("tệp", lines, dialect.header.number)


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

    The header is left out where it is repeated below; ``notes`` count it as ``header_repeated``.

    Raises:
        DeliveryError: here or while the batches are read: NUL, broken quoting, records of another length, a header
            of another order.
    """
    width = len(dialect.header.cells)
    if dialect.width < width:
        with _records(path, dialect.encoding, dialect.delimiter) as records:
            width = max(dialect.width, *(_used(line, width) for line in _below(records, dialect)), 0)
    notes = {"rows_above_header": dialect.skipped} if dialect.skipped else {}
    with _records(path, dialect.encoding, dialect.delimiter) as records:
        header = dialect.header.cells[:width]
        rows = _rows(_below(records, dialect), dialect.width, width, HeaderAgain(dialect.index, header), notes)
        yield table_of(header, rows, notes)


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


def _rows(
    records: Iterator[Line], named: int, width: int, again: HeaderAgain, notes: dict[str, int]
) -> Iterator[Record]:
    """Records of ``width`` cells but for those that are the header again, which are counted in ``notes``.

    Those that do not fit the header are all counted before the file is refused.

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
        cells = (line.cells + [""] * (width - len(line.cells)))[:width]
        if again.repeated(cells, "tệp", line.number):
            notes["header_repeated"] = notes.get("header_repeated", 0) + 1
        else:
            yield Record("", line.number, cells)
