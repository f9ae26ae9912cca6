"""What every workbook with personal data has in common: protected A4 sheets, text that is never a formula, row heights.

Holds no layout of any sheet and no wording but the note of confidentiality.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import xlsxwriter

from sosach.report.vn import ngay
from sosach.report.workbook_formats import FORMATS

CONFIDENTIAL = "LƯU HÀNH NỘI BỘ – có dữ liệu cá nhân"
MARK_SHEET = "_sosach"  # hidden; what a reader of the returned file checks first
LINE_HEIGHT, TALLEST_ROW = 14.0, 409.0  # points; the second is the most that a sheet can hold

_FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"
_CELL_LIMIT = 32_767  # characters in one cell; xlsxwriter drops a longer text without a word
_PROTECTION = {"autofilter": True, "format_columns": True, "format_rows": True}


def safe(text: str) -> str:
    """Text that no program takes for a formula, neither here nor after saving as CSV; cut at what a cell can hold."""
    guarded = f"'{text}" if text[:1] and text[0] in _FORMULA_STARTS else text
    return guarded if len(guarded) <= _CELL_LIMIT else guarded[: _CELL_LIMIT - 1] + "…"


def lines_of_text(text: str, width: float) -> int:
    """How many lines a text takes in a column; Times New Roman sets more than 1.1 letters to a unit of width."""
    return sum(1 + int(len(part) / (1.1 * width)) for part in text.split("\n"))


def fill_in_days(sheet: Any, column: int, rows: tuple[int, int], days: tuple[date, date]) -> None:
    """Let a column take real dates alone, from one day to another: not text, not a year mistyped.

    Args:
        sheet: where.
        column: the column, from 0.
        rows: first and last row, from 0.
        days: earliest and latest day.
    """
    earliest, latest = days
    rule = {
        "validate": "date",
        "criteria": "between",
        "minimum": earliest,
        "maximum": latest,
        "error_title": "Ngày chưa đúng",
        "error_message": f"Ghi ngày/tháng/năm, từ {ngay(earliest)} đến {ngay(latest)}.",
    }
    sheet.data_validation(rows[0], column, rows[1], column, rule)


@dataclass(frozen=True)
class Book:
    """A workbook being written, its formats by name, and what stands at the foot of every printed page."""

    file: Any
    formats: dict[str, Any]
    left: str
    right: str

    def sheet(self, name: str, *, landscape: bool = False) -> Any:
        """A protected sheet, one A4 page wide, with the confidentiality note and page numbers."""
        sheet = self.file.add_worksheet(name)
        sheet.protect("", _PROTECTION)
        sheet.set_paper(9)
        if landscape:
            sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
        sheet.set_header(f'&C&"Times New Roman,Bold"&11{CONFIDENTIAL}', {"margin": 0.3})
        left, right = (text.replace("&", "&&") for text in (self.left, self.right))
        font = '&"Times New Roman,Regular"&10 '  # the blank keeps a digit that follows out of the font size
        sheet.set_footer(f"&L{font}{left}&C{font}Trang &P/&N&R{font}{right}", {"margin": 0.3})
        return sheet

    def hidden(self, name: str) -> Any:
        """A protected sheet that officers do not see."""
        sheet = self.file.add_worksheet(name)
        sheet.protect()
        sheet.hide()
        return sheet

    def text(self, sheet: Any, row: int, column: int, value: str, look: str) -> None:
        """Write text as text, whatever it begins with."""
        sheet.write_string(row, column, safe(value), self.formats[look])

    def mark(self, values: dict[str, str]) -> None:
        """Write the hidden sheet that says what the file is: key in column A, value in column B."""
        sheet = self.hidden(MARK_SHEET)
        for row, (key, value) in enumerate(values.items()):
            self.text(sheet, row, 0, key, "plain")
            self.text(sheet, row, 1, value, "plain")


@contextmanager
def open_book(target: Path, title: str, as_of: date, left: str, right: str) -> Iterator[Book]:
    """A workbook that is written to ``target`` on leaving; the same calls give the same bytes.

    Args:
        target: file to write; replaced if it exists, its folder must exist.
        title: the document's title.
        as_of: the only date that the file carries.
        left: footer at the left, whose list it is.
        right: footer at the right, the run.
    """
    with xlsxwriter.Workbook(str(target), {"in_memory": True}) as file:
        created = datetime.combine(as_of, time())
        file.set_properties({"title": title, "comments": CONFIDENTIAL, "created": created})
        yield Book(file, {name: file.add_format(look) for name, look in FORMATS.items()}, left, right)
