"""CSV, TSV and TXT deliveries: encoding, delimiter, and rows that are as long as their header.

The rules of quoting are those of RFC 4180 (Python's ``csv`` in strict mode). Changes no cell.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TextIO

from charset_normalizer import from_bytes

from sosach.errors import DeliveryError
from sosach.ingest.columns import fields_found
from sosach.ingest.table import Row, TextTable
from sosach.registers import Register

DELIMITERS = (",", ";", "\t", "|")
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
BLOCK_BYTES = 1 << 20
# Enough bytes for charset-normalizer to judge a legacy encoding by its letters.
SAMPLE_BYTES = 1 << 18
# A whole letter in UTF-8, or the beginning of a Vietnamese one (U+1E80 to U+1EFF) that was cut off.
UTF8_LETTER = re.compile(
    rb"\xe1[\xba\xbb][\x80-\xbf]?|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
HIGH_BYTE = re.compile(rb"[\x80-\xff]")
SHOWN_LINES = 5


def read_text_file(path: Path, register: Register) -> tuple[TextTable, TextIO]:
    """Open a delimited text file; the caller closes the second value when the rows were read.

    Raises:
        DeliveryError: here or while the rows are read: unknown encoding, NUL, broken quoting, ragged rows.
    """
    encoding = find_encoding(path)
    delimiter = _find_delimiter(path, encoding, register)
    stream = path.open(encoding=encoding, newline="")
    records = _records(stream, delimiter)
    first = next(records, None)
    if first is None:
        stream.close()
        raise DeliveryError("tệp không có dòng tiêu đề và không có dữ liệu. Xuất lại dữ liệu và gửi lại tệp.")
    header = tuple(first[1])
    return TextTable(header, _rows(records, len(header))), stream


def find_encoding(path: Path) -> str:
    """The encoding of a text file: by its mark, else UTF-8 if every byte fits, else Windows-1258.

    Raises:
        DeliveryError: none of these; a damaged UTF-8 file is refused rather than read as another encoding.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
    encoding = next((name for mark, name in BOMS if start.startswith(mark)), "utf-8")
    fault = _undecodable_line(path, encoding)
    if fault is None:
        return encoding
    if encoding == "utf-8" and _looks_like_windows_1258(path) and _undecodable_line(path, "cp1258") is None:
        return "cp1258"
    raise DeliveryError(
        f"không đọc được chữ ở khoảng dòng {fault}: tệp hỏng hoặc không phải UTF-8, UTF-16, Windows-1258. "
        "Lưu lại tệp bằng bảng mã UTF-8 rồi gửi lại."
    )


def _undecodable_line(path: Path, encoding: str) -> int | None:
    """Number of the line near the first byte that does not fit the encoding; None where all fit."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    lines = 1
    with path.open("rb") as stream:
        while True:
            block = stream.read(BLOCK_BYTES)
            try:
                lines += decoder.decode(block, final=not block).count("\n")
            except UnicodeDecodeError as error:
                return lines + error.object[: error.start].count(b"\n")
            if not block:
                return None


def _looks_like_windows_1258(path: Path) -> bool:
    """Whether the bytes beyond ASCII read as Vietnamese in Windows-1258 and are not UTF-8 with a few faults."""
    with path.open("rb") as stream:
        sample = stream.read(SAMPLE_BYTES)
        while sample and not HIGH_BYTE.search(sample):
            sample = stream.read(SAMPLE_BYTES)
    high = len(HIGH_BYTE.findall(sample))
    in_utf8 = sum(len(letter) for letter in UTF8_LETTER.findall(sample))
    best = from_bytes(sample, cp_isolation=["cp1258"]).best()
    return in_utf8 * 2 < high and best is not None and best.encoding == "cp1258"


def _find_delimiter(path: Path, encoding: str, register: Register) -> str:
    """The delimiter under which the first record names most fields of the register, then has most columns."""

    def score(delimiter: str) -> tuple[int, int]:
        with path.open(encoding=encoding, newline="") as stream:
            try:
                header = next(_records(stream, delimiter), (0, []))[1]
            except DeliveryError:
                return (0, 0)
        return (len(fields_found(register, header)), len(header))

    return max(DELIMITERS, key=score)


def _records(stream: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records that hold anything, with the number of the line where they begin."""
    reader = csv.reader(_without_nul(stream), delimiter=delimiter, strict=True)
    while True:
        begins = reader.line_num + 1
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise DeliveryError(
                f'dòng {begins} của tệp: dấu ngoặc kép (") đặt sai, không đóng, hoặc ô quá dài. '
                "Sửa dòng đó (dấu ngoặc kép trong ô viết hai lần) rồi gửi lại."
            ) from error
        if record is None:
            return
        if any(record):
            yield begins, record


def _without_nul(stream: TextIO) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        if "\0" in line:
            raise DeliveryError(
                f"dòng {number} của tệp có ký tự NUL: tệp hỏng hoặc không phải tệp văn bản. "
                "Xuất lại tệp CSV (UTF-8) và gửi lại."
            )
        yield line


def _rows(records: Iterator[tuple[int, list[str]]], width: int) -> Iterator[Row]:
    """Rows as long as the header; those that are not are all counted before the file is refused."""
    for begins, record in records:
        if len(record) != width:
            rest = chain([(begins, record)], records)
            ragged = [line for line, other in rest if len(other) != width]
            shown = ", ".join(map(str, ragged[:SHOWN_LINES])) + (", …" if len(ragged) > SHOWN_LINES else "")
            raise DeliveryError(
                f"{len(ragged)} dòng có số ô khác số cột của dòng tiêu đề ({width} cột), ở dòng {shown} của tệp. "
                "Thường do thiếu dấu ngoặc kép quanh ô có dấu phân cách; sửa các dòng đó rồi gửi lại."
            )
        yield record
