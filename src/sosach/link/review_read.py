"""Reading a reviewer's workbook that came back: which draw it belongs to, and the answers in it.

Partial answers are fine. A line that was changed, doubled or does not belong to the draw refuses the file, since then
nobody knows what was answered. No cell's text goes into a message.
"""

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl

from sosach.errors import DeliveryError
from sosach.ingest.workbook_package import WorkbookLimits, check_sizes, kind_of
from sosach.link.review_sample import ReviewKey
from sosach.report.workbook_book import MARK_SHEET
from sosach.report.workbook_pairs import (
    ANSWERS,
    PAIR_HEADER_ROW,
    PAIR_SHEET,
    SHOWN,
    pair_columns,
    print_of,
)
from sosach.report.workbook_review import REVIEW_FORMAT

_LIMITS = WorkbookLimits(unpacked_bytes=1 << 28)
_COLUMNS = pair_columns(blind=True)
_AGAIN = "Lấy lại tệp gốc, chép các kết luận sang rồi gửi lại."
_NO_FILE = "không phải tệp xem xét cặp do hệ thống xuất ra, hoặc đã bị đổi. Gửi đúng tệp .xlsx đã nhận."


@dataclass(frozen=True)
class Returned:
    """One workbook that came back: whose it is, and the answers by pair, blank ones left out."""

    file_name: str
    seed: int
    reviewer: str
    answers: Mapping[str, str]


def read_review(path: Path, run_id: str, keys: Mapping[int, ReviewKey]) -> Returned:
    """Read a workbook that ``write_review`` wrote and a reviewer filled in, wholly or in part.

    Args:
        path: the file.
        run_id: the run that is scored.
        keys: the run's draws.

    Raises:
        DeliveryError: no such workbook, of another run or draw, a line changed, doubled or foreign, an answer that is
            not on the list; names file, sheet, line and remedy.
    """
    try:
        kind = kind_of(path)
        if kind == "xlsx":
            check_sizes(path, _LIMITS)
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except DeliveryError as error:
        raise DeliveryError(f"{path.name}: {error}") from error
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, ParseError) as error:
        raise DeliveryError(f"{path.name}: không mở được tệp; {_NO_FILE}") from error
    if kind != "xlsx":
        raise DeliveryError(f"{path.name}: {_NO_FILE}")
    try:
        if not {MARK_SHEET, PAIR_SHEET} <= set(book.sheetnames):
            raise DeliveryError(f"{path.name}: {_NO_FILE}")
        mark = {row[0]: row[1] for row in _rows(book[MARK_SHEET], 1, 2)}
        key = _key(path, mark, run_id, keys)
        answers = _answers(path, book[PAIR_SHEET], key)
    finally:
        book.close()
    return Returned(path.name, key.seed, mark["reviewer"], answers)


def _key(path: Path, mark: Mapping[str, str], run_id: str, keys: Mapping[int, ReviewKey]) -> ReviewKey:
    """The draw that a file's mark names."""
    if mark.get("format_version") != REVIEW_FORMAT or mark.get("kind") != "review":
        raise DeliveryError(f"{path.name}: {_NO_FILE}")
    if mark.get("run_id") != run_id:
        raise DeliveryError(
            f"{path.name}: tệp thuộc lần chạy khác, không phải {run_id}. Chấm với --run-id của lần chạy đã xuất tệp."
        )
    key = next((key for key in keys.values() if str(key.seed) == mark.get("draw")), None)
    if key is None or key.digest != mark.get("digest") or mark.get("reviewer") not in ("A", "B", "C"):
        raise DeliveryError(f"{path.name}: không khớp mẫu nào đã rút của lần chạy {run_id}. Gửi đúng tệp đã nhận.")
    return key


def _answers(path: Path, sheet: Any, key: ReviewKey) -> dict[str, str]:
    """Answers by pair. A pair is a row with its name and the row below."""
    known = {pair.pair_id: pair for pair in key.pairs}
    seen: dict[str, int] = {}
    answers = {}
    rows = _rows(sheet, PAIR_HEADER_ROW + 2, len(_COLUMNS))
    for line, (first, second) in _pairs(path, rows):
        name = first[_COLUMNS["pair_id"]]
        if name not in known:
            raise _refused(path, line, "không thuộc mẫu đã rút (mã cặp lạ hoặc bị sửa)")
        if name in seen:
            raise _refused(path, line, f"lặp lại cặp ở dòng {seen[name]}")
        seen[name] = line
        if print_of([[row[_COLUMNS[column]] for column in SHOWN] for row in (first, second)]) != known[name].print:
            raise _refused(path, line, "nội dung bản ghi đã bị sửa")
        answer = first[_COLUMNS["answer"]] or second[_COLUMNS["answer"]]
        if answer and answer not in ANSWERS:
            raise DeliveryError(
                f"{path.name}: trang tính “{PAIR_SHEET}”, dòng {line}: kết luận không có trong danh sách. "
                f"Chọn một trong: {', '.join(ANSWERS)}; ý khác ghi ở cột Ghi chú."
            )
        if answer:
            answers[name] = answer
    return answers


def _pairs(
    path: Path, rows: Iterator[tuple[str, ...]]
) -> Iterator[tuple[int, tuple[tuple[str, ...], tuple[str, ...]]]]:
    """The two rows of each pair with the line of the first, as the sheet counts; blank rows are skipped."""
    waiting: tuple[int, tuple[str, ...]] | None = None
    for line, row in enumerate(rows, start=PAIR_HEADER_ROW + 2):
        if not any(row):
            continue
        if bool(row[_COLUMNS["pair_id"]]) is (waiting is not None):
            raise _refused(path, line, "một trong hai dòng của cặp bị mất hoặc bị chèn thêm")
        if waiting is None:
            waiting = line, row
        else:
            yield waiting[0], (waiting[1], row)
            waiting = None
    if waiting is not None:
        raise _refused(path, waiting[0], "một trong hai dòng của cặp bị mất")


def _rows(sheet: Any, first: int, width: int) -> Iterator[tuple[str, ...]]:
    """Rows of a sheet as texts of one width, '' where a cell is empty."""
    sheet.reset_dimensions()
    for row in sheet.iter_rows(min_row=first, max_col=width, values_only=True):
        texts = ["" if cell is None else str(cell).strip() for cell in row]
        yield (*texts, *[""] * (width - len(texts)))


def _refused(path: Path, line: int, why: str) -> DeliveryError:
    return DeliveryError(f"{path.name}: trang tính “{PAIR_SHEET}”, dòng {line}: {why}. {_AGAIN}")
