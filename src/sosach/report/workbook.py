"""One commune's work list as a workbook: its lines, four columns to fill in, and what is needed to read it back.

Holds layout, the drop-down lists and the protection of everything else. Gets lines that are already masked and sorted;
chooses no line and computes no result. Reading a returned workbook does not belong here.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import xlsxwriter

from sosach.report.model import ReportData, Unit, WorkLine
from sosach.report.vn import ngay, so
from sosach.report.words import RESULT_CODES, SEVERITIES
from sosach.report.workbook_formats import FORMATS
from sosach.report.workbook_text import GUIDANCE, HEADINGS, QUESTIONS

FORMAT_VERSION = 1  # raised when a reader of returned workbooks has to know the difference
LIST_SHEET, SUMMARY_SHEET, GUIDANCE_SHEET = "Danh sách", "Tổng hợp", "Hướng dẫn"
CHOICES_SHEET, MARK_SHEET = "_lua_chon", "_sosach"  # hidden
CONFIDENTIAL = "LƯU HÀNH NỘI BỘ – có dữ liệu cá nhân"
HEADER_ROW = 3  # 0-based; the lines follow
DECISIONS = range(12, 16)  # 0-based columns that the officer fills in
RESULT_COLUMN, DAY_COLUMN = 12, 15

_FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"
_CELL_LIMIT = 32_767  # characters in one cell; xlsxwriter drops a longer text without a word
_LINE_HEIGHT, _TALLEST_ROW = 14.0, 409.0  # points; the second is the most that a sheet can hold
_LATEST = timedelta(days=366)  # a list is settled within a year, later days are slips of the key
_PROTECTION = {"autofilter": True, "format_columns": True, "format_rows": True}


@dataclass(frozen=True)
class _Book:
    """A workbook being written, its formats by name, and what stands on every printed page."""

    file: Any
    formats: dict[str, Any]
    unit: Unit
    data: ReportData

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
        left, right = (text.replace("&", "&&") for text in (self.unit.name, self.data.run_id))
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


def safe(text: str) -> str:
    """Text that no program takes for a formula, neither here nor after saving as CSV; cut at what a cell can hold."""
    guarded = f"'{text}" if text[:1] and text[0] in _FORMULA_STARTS else text
    return guarded if len(guarded) <= _CELL_LIMIT else guarded[: _CELL_LIMIT - 1] + "…"


def choices(answers: Sequence[str]) -> tuple[str, ...]:
    """The results an officer can choose from: those of every line, then the answers that the line's rule accepts."""
    return tuple(dict.fromkeys((*RESULT_CODES, *answers)))


def rule_label(line: WorkLine) -> str:
    """Id and title of a line's rule, as both sheets print it."""
    return f"{line.rule_id} – {line.title}"


def write_workbook(unit: Unit, lines: Iterable[WorkLine], data: ReportData, target: Path) -> int:
    """Write one unit's work list to ``target`` (.xlsx); the same lines give the same bytes.

    Args:
        unit: whom the list is for.
        lines: the unit's open lines, masked, in the order in which they are to stand; may be empty.
        data: names the campaign, the run and the day of the figures.
        target: file to write; replaced if it exists, its folder must exist.

    Returns:
        The number of lines written.
    """
    rows = list(lines)
    with xlsxwriter.Workbook(str(target), {"in_memory": True}) as file:
        file.set_properties(
            {
                "title": f"{data.campaign_title} – {unit.name}",
                "comments": CONFIDENTIAL,
                "created": datetime.combine(data.as_of, time()),
            }
        )
        book = _Book(file, {name: file.add_format(look) for name, look in FORMATS.items()}, unit, data)
        work = book.sheet(LIST_SHEET, landscape=True)
        _write_summary(book, rows)
        _write_guidance(book)
        _write_list(book, work, rows, _write_choices(book, rows))
        _write_mark(book, len(rows))
        work.activate()
    return len(rows)


def _write_titles(book: _Book, sheet: Any, title: str, count: int) -> None:
    """Three rows: what this is, whose it is, which run it comes from."""
    book.text(sheet, 0, 0, f"{title} – {book.data.campaign_title}", "title")
    book.text(sheet, 1, 0, f"Đơn vị: {book.unit.name} (mã {book.unit.code})", "unit")
    source = f"Số liệu đến ngày {ngay(book.data.as_of)}  ·  Mã lần chạy: {book.data.run_id}  ·  Số việc: {so(count)}"
    book.text(sheet, 2, 0, source, "plain")
    sheet.set_row(0, 21)
    sheet.set_row(1, 18)
    sheet.set_row(2, 18)


def _write_list(book: _Book, sheet: Any, rows: Sequence[WorkLine], lists: dict[tuple[str, ...], str]) -> None:
    """The lines."""
    _write_titles(book, sheet, "DANH SÁCH VIỆC CẦN LÀM", len(rows))
    for column, (heading, width) in enumerate(HEADINGS):
        sheet.set_column(column, column, width)
        book.text(sheet, HEADER_ROW, column, heading, "head_fill_in" if column in DECISIONS else "head")
    sheet.set_row(HEADER_ROW, 33)
    sheet.freeze_panes(HEADER_ROW + 1, 2)
    sheet.repeat_rows(HEADER_ROW)
    first = HEADER_ROW + 1
    if not rows:
        book.text(sheet, first, 0, f"Không có việc nào đang mở đến ngày {ngay(book.data.as_of)}.", "unit")
        return
    for number, line in enumerate(rows, start=1):
        _write_line(book, sheet, HEADER_ROW + number, number, line)
    last = HEADER_ROW + len(rows)
    sheet.autofilter(HEADER_ROW, 0, last, len(HEADINGS) - 1)
    for answers, together in groupby(enumerate(rows, start=first), key=lambda placed: placed[1].answers):
        places = [row for row, _ in together]
        sheet.data_validation(
            places[0],
            RESULT_COLUMN,
            places[-1],
            RESULT_COLUMN,
            {
                "validate": "list",
                "source": lists[answers],
                "error_title": "Kết quả không có trong danh sách",
                "error_message": "Chọn một kết quả trong danh sách; ý khác ghi ở cột Ghi chú.",
            },
        )
    _validate_days(book.data, sheet, first, last, min(line.first_seen for line in rows))


def _validate_days(data: ReportData, sheet: Any, first: int, last: int, first_seen: date) -> None:
    """The day of work is a real date: not text, not a year mistyped."""
    earliest, latest = min(data.campaign_from, first_seen), data.as_of + _LATEST
    sheet.data_validation(
        first,
        DAY_COLUMN,
        last,
        DAY_COLUMN,
        {
            "validate": "date",
            "criteria": "between",
            "minimum": earliest,
            "maximum": latest,
            "error_title": "Ngày chưa đúng",
            "error_message": f"Ghi ngày/tháng/năm, từ {ngay(earliest)} đến {ngay(latest)}.",
        },
    )


def _lines(text: str, width: float) -> int:
    """How many lines a text takes in a column; Times New Roman sets more than 1.1 letters to a unit of width."""
    return sum(1 + int(len(part) / (1.1 * width)) for part in text.split("\n"))


def _write_line(book: _Book, sheet: Any, row: int, number: int, line: WorkLine) -> None:
    """One issue, in a row as high as its longest cell: not every program fits rows to wrapped text by itself."""
    formats = book.formats
    sheet.write_number(row, 0, number, formats["number"])
    cells = (
        (1, line.issue_id, "text"),
        (2, SEVERITIES[line.severity], f"severity_{line.severity}"),
        (3, rule_label(line), "text"),
        (4, line.register_title, "text"),
        (5, line.record_key, "text"),
        (6, line.person, "bold"),
        (7, line.message, "text"),
        (8, "\n".join(f"{label}: {value}" for label, value in line.evidence), "text"),
        (9, line.proposal, "text"),
        (10, line.what_to_do, "text"),
    )
    for column, value, look in cells:
        book.text(sheet, row, column, value, look)
    tallest = max(_lines(value, HEADINGS[column][1]) for column, value, _ in cells)
    sheet.set_row(row, min(tallest * _LINE_HEIGHT, _TALLEST_ROW))
    sheet.write_datetime(row, 11, line.first_seen, formats["day"])
    for column, look in zip(DECISIONS, ("fill_in", "fill_in_text", "fill_in_text", "fill_in_day"), strict=True):
        sheet.write_blank(row, column, None, formats[look])


def _write_choices(book: _Book, rows: Sequence[WorkLine]) -> dict[tuple[str, ...], str]:
    """One column of a hidden sheet for each distinct tuple of answers; returns the range of each."""
    sheet = book.hidden(CHOICES_SHEET)
    ranges: dict[tuple[str, ...], str] = {}
    for column, answers in enumerate(dict.fromkeys(line.answers for line in rows)):
        offered = choices(answers)
        for row, choice in enumerate(offered):
            book.text(sheet, row, column, choice, "plain")
        name = xlsxwriter.utility.xl_col_to_name(column, col_abs=True)
        ranges[answers] = f"={CHOICES_SHEET}!{name}$1:{name}${len(offered)}"
    return ranges


def _write_summary(book: _Book, rows: Sequence[WorkLine]) -> None:
    """Counts by severity, then by rule."""
    sheet = book.sheet(SUMMARY_SHEET)
    _write_titles(book, sheet, "TỔNG HỢP", len(rows))
    for column, width in enumerate((17, 68, 12)):
        sheet.set_column(column, column, width)
    order = list(SEVERITIES)
    by_severity = Counter(line.severity for line in rows)
    by_rule = Counter((order.index(line.severity), rule_label(line)) for line in rows)
    row = 4
    if not rows:
        book.text(sheet, row, 0, "Không có việc nào đang mở.", "unit")
        row += 2
    else:
        row = _write_counts(book, sheet, row, "Tất cả quy tắc", [(code, "", by_severity[code]) for code in order])
        ranked = sorted(by_rule.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
        row = _write_counts(book, sheet, row, "Quy tắc", [(order[place], label, n) for (place, label), n in ranked])
    failed = sorted(rule.rule_id for rule in book.data.rules if rule.status == "engine_error")
    if failed:
        sheet.merge_range(row, 0, row, 2, "", book.formats["prose"])
        note = f"Có {so(len(failed))} quy tắc chưa chạy được nên chưa có việc nào từ đó: {', '.join(failed)}."
        book.text(sheet, row, 0, note, "prose")
        sheet.set_row(row, 17 * (1 + len(note) // 90))


def _write_counts(book: _Book, sheet: Any, row: int, heading: str, counts: Sequence[tuple[str, str, int]]) -> int:
    """A table of severity, label and count with its total; returns the first free row after a blank one."""
    for column, text in enumerate(("Mức độ", heading, "Số việc")):
        book.text(sheet, row, column, text, "head")
    for severity, label, count in counts:
        row += 1
        book.text(sheet, row, 0, SEVERITIES[severity], f"severity_{severity}")
        book.text(sheet, row, 1, label, "text")
        sheet.write_number(row, 2, count, book.formats["number"])
    book.text(sheet, row + 1, 0, "Cộng", "bold")
    book.text(sheet, row + 1, 1, "", "bold")
    sheet.write_number(row + 1, 2, sum(count for _, _, count in counts), book.formats["number_bold"])
    return row + 3


def _write_guidance(book: _Book) -> None:
    """How to fill the list in, in numbered sentences."""
    sheet = book.sheet(GUIDANCE_SHEET)
    sheet.set_column(0, 0, 5)
    sheet.set_column(1, 1, 88)
    book.text(sheet, 0, 0, "HƯỚNG DẪN GHI KẾT QUẢ", "title")
    row = 2
    for section, sentences in GUIDANCE:
        book.text(sheet, row, 0, section, "section")
        for number, sentence in enumerate(sentences, start=1):
            row += 1
            book.text(sheet, row, 0, f"{number}.", "prose")
            book.text(sheet, row, 1, sentence, "prose")
        row += 2
    book.text(sheet, row, 0, QUESTIONS.format(issuer=book.data.issuer, run_id=book.data.run_id), "plain")


def _write_mark(book: _Book, count: int) -> None:
    """What a reader of the returned workbook checks first: key in column A, value in column B."""
    sheet = book.hidden(MARK_SHEET)
    mark = {
        "format_version": str(FORMAT_VERSION),
        "run_id": book.data.run_id,
        "unit": book.unit.code,
        "catalogue_version": book.data.catalogue_version,
        "lines": str(count),
    }
    for row, (key, value) in enumerate(mark.items()):
        book.text(sheet, row, 0, key, "plain")
        book.text(sheet, row, 1, value, "plain")
