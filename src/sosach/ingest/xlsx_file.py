"""XLSX deliveries: the sheet and row where the table begins, and cells as text.

A real date becomes ``yyyy-mm-dd``, a number without fraction its digits, text stays as it is. Rows without any cell
are not rows. A cell with a formula error reads as empty.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from sosach.errors import DeliveryError
from sosach.ingest.columns import missing_fields
from sosach.ingest.table import TextTable
from sosach.registers import Register

HEADER_ROWS = 10

Cell = int | float | str | bool | time | date | datetime | timedelta


def read_xlsx_file(path: Path, register: Register) -> TextTable:
    """Read the first sheet whose first ten rows hold a header with all required columns.

    Where no sheet has one, the header nearest to it is returned, so that the caller can say what it lacks.

    Raises:
        DeliveryError: the file is no readable workbook, or all its sheets are empty.
    """
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    except CalamineError as error:
        raise DeliveryError(
            "không mở được tệp Excel: tệp hỏng, có mật khẩu, hoặc không phải .xlsx. "
            "Mở bằng Excel, lưu lại dạng .xlsx rồi gửi lại."
        ) from error
    places = [
        (len(missing_fields(register, header)), sheet, position)
        for sheet, rows in enumerate(sheets)
        for position, header in enumerate(_text(rows[:HEADER_ROWS]))
        if any(header)
    ]
    if not places:
        raise DeliveryError("tệp Excel không có bảng nào có dữ liệu. Xuất lại dữ liệu và gửi lại tệp.")
    _, sheet, position = min(places)
    header, *rows = _text(sheets[sheet][position:])
    kept = [i for i, name in enumerate(header) if name or any(row[i] for row in rows)]
    return TextTable(_pick(header, kept), (_pick(row, kept) for row in rows if any(row)))


def cell_text(cell: Cell) -> str:
    """A cell as text; the empty string where the cell is empty."""
    match cell:
        case bool():
            return "TRUE" if cell else "FALSE"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime():
            return cell.isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def _text(rows: list[list[Cell]]) -> list[list[str]]:
    return [[cell_text(cell) for cell in row] for row in rows]


def _pick(row: Sequence[str], kept: list[int]) -> tuple[str, ...]:
    return tuple(row[i] for i in kept)
