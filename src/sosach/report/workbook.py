"""One commune's work list as a workbook: its lines, four columns to fill in, and what is needed to read it back.

Holds layout, the drop-down lists and the protection of everything else. Gets lines that are already masked and sorted;
chooses no line and computes no result. Reading a returned workbook does not belong here.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from sosach.report.model import ReportData, Unit, WorkLine
from sosach.report.vn import ngay, so
from sosach.report.words import RESULT_CODES, SEVERITIES
from sosach.report.workbook_book import LINE_HEIGHT, TALLEST_ROW, Book, fill_in_days, lines_of_text, open_book
from sosach.report.workbook_pairs import PAIR_SHEET, PairLine, likeness_counts, write_pairs
from sosach.report.workbook_text import GUIDANCE, HEADINGS, PAIR_GUIDANCE, QUESTIONS

FORMAT_VERSION = 2  # raised when a reader of returned workbooks has to know the difference
LIST_SHEET, SUMMARY_SHEET, GUIDANCE_SHEET = "Danh sách", "Tổng hợp", "Hướng dẫn"
CHOICES_SHEET = "_lua_chon"  # hidden
HEADER_ROW = 3  # 0-based; the lines follow
DECISIONS = range(12, 16)  # 0-based columns that the officer fills in
RESULT_COLUMN, DAY_COLUMN = 12, 15

_LATEST = timedelta(days=366)  # a list is settled within a year, later days are slips of the key


@dataclass(frozen=True)
class PairList:
    """A unit's pairs of records to be told apart, likeliest first; ``left_out`` counts those that do not stand here."""

    lines: tuple[PairLine, ...] = ()
    left_out: int = 0


@dataclass(frozen=True)
class _UnitBook(Book):
    """The workbook of one unit in one run."""

    unit: Unit
    data: ReportData


def choices(answers: Sequence[str]) -> tuple[str, ...]:
    """The results an officer can choose from: those of every line, then the answers that the line's rule accepts."""
    return tuple(dict.fromkeys((*RESULT_CODES, *answers)))


def rule_label(line: WorkLine) -> str:
    """Id and title of a line's rule, as both sheets print it."""
    return f"{line.rule_id} – {line.title}"


def write_workbook(
    unit: Unit, lines: Iterable[WorkLine], data: ReportData, target: Path, pairs: PairList | None = None
) -> int:
    """Write one unit's work list to ``target`` (.xlsx); the same lines give the same bytes.

    Args:
        unit: whom the list is for.
        lines: the unit's open lines, masked, in the order in which they are to stand; may be empty.
        data: names the campaign, the run and the day of the figures.
        target: file to write; replaced if it exists, its folder must exist.
        pairs: records of which an officer has to say whether they are one person; no sheet of them where there are
            none.

    Returns:
        The number of lines written, without the pairs.
    """
    rows, pairs = list(lines), pairs or PairList()
    with open_book(target, f"{data.campaign_title} – {unit.name}", data.as_of, unit.name, data.run_id) as opened:
        book = _UnitBook(**vars(opened), unit=unit, data=data)
        work = book.sheet(LIST_SHEET, landscape=True)
        if pairs.lines:
            _write_pair_sheet(book, pairs)
        _write_summary(book, rows, pairs)
        _write_guidance(book, bool(pairs.lines))
        _write_list(book, work, rows, _write_choices(book, rows))
        book.mark(
            {
                "format_version": str(FORMAT_VERSION),
                "run_id": data.run_id,
                "unit": unit.code,
                "catalogue_version": data.catalogue_version,
                "lines": str(len(rows)),
                "pairs": str(len(pairs.lines)),
            }
        )
        work.activate()
    return len(rows)


def _write_pair_sheet(book: _UnitBook, pairs: PairList) -> None:
    """The pairs of records that may be one person."""
    sheet = book.sheet(PAIR_SHEET, landscape=True)
    _write_titles(book, sheet, "CẶP CẦN XÁC MINH", len(pairs.lines), "cặp")
    rest = f" Còn {so(pairs.left_out)} cặp ít giống hơn chưa đưa vào tệp này." if pairs.left_out else ""
    write_pairs(book, sheet, pairs.lines, rest, (book.data.campaign_from, book.data.as_of + _LATEST))


def _write_titles(book: _UnitBook, sheet: Any, title: str, count: int, counted: str = "việc") -> None:
    """Three rows: what this is, whose it is, which run it comes from."""
    book.text(sheet, 0, 0, f"{title} – {book.data.campaign_title}", "title")
    book.text(sheet, 1, 0, f"Đơn vị: {book.unit.name} (mã {book.unit.code})", "unit")
    source = (
        f"Số liệu đến ngày {ngay(book.data.as_of)}  ·  Mã lần chạy: {book.data.run_id}  ·  Số {counted}: {so(count)}"
    )
    book.text(sheet, 2, 0, source, "plain")
    sheet.set_row(0, 21)
    sheet.set_row(1, 18)
    sheet.set_row(2, 18)


def _write_list(book: _UnitBook, sheet: Any, rows: Sequence[WorkLine], lists: dict[tuple[str, ...], str]) -> None:
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
    earliest = min(book.data.campaign_from, *(line.first_seen for line in rows))
    fill_in_days(sheet, DAY_COLUMN, (first, last), (earliest, book.data.as_of + _LATEST))


def _write_line(book: _UnitBook, sheet: Any, row: int, number: int, line: WorkLine) -> None:
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
    tallest = max(lines_of_text(value, HEADINGS[column][1]) for column, value, _ in cells)
    sheet.set_row(row, min(tallest * LINE_HEIGHT, TALLEST_ROW))
    sheet.write_datetime(row, 11, line.first_seen, formats["day"])
    for column, look in zip(DECISIONS, ("fill_in", "fill_in_text", "fill_in_text", "fill_in_day"), strict=True):
        sheet.write_blank(row, column, None, formats[look])


def _write_choices(book: _UnitBook, rows: Sequence[WorkLine]) -> dict[tuple[str, ...], str]:
    """One column of a hidden sheet for each distinct tuple of answers; returns the range of each."""
    sheet = book.hidden(CHOICES_SHEET)
    ranges: dict[tuple[str, ...], str] = {}
    for column, answers in enumerate(dict.fromkeys(line.answers for line in rows)):
        offered = choices(answers)
        for row, choice in enumerate(offered):
            book.text(sheet, row, column, choice, "plain")
        name = xl_col_to_name(column, col_abs=True)
        ranges[answers] = f"={CHOICES_SHEET}!{name}$1:{name}${len(offered)}"
    return ranges


def _write_summary(book: _UnitBook, rows: Sequence[WorkLine], pairs: PairList) -> None:
    """Counts by severity, then by rule, and how many pairs."""
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
    if pairs.lines:
        note = f"Trang tính “{PAIR_SHEET}”: {likeness_counts(pairs.lines)}."
        book.text(sheet, row, 0, note, "plain")
        row += 2
    failed = sorted(rule.rule_id for rule in book.data.rules if rule.status == "engine_error")
    if failed:
        sheet.merge_range(row, 0, row, 2, "", book.formats["prose"])
        note = f"Có {so(len(failed))} quy tắc chưa chạy được nên chưa có việc nào từ đó: {', '.join(failed)}."
        book.text(sheet, row, 0, note, "prose")
        sheet.set_row(row, 17 * (1 + len(note) // 90))


def _write_counts(book: _UnitBook, sheet: Any, row: int, heading: str, counts: Sequence[tuple[str, str, int]]) -> int:
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


def _write_guidance(book: _UnitBook, with_pairs: bool) -> None:
    """How to fill the list in, in numbered sentences."""
    sheet = book.sheet(GUIDANCE_SHEET)
    sheet.set_column(0, 0, 5)
    sheet.set_column(1, 1, 88)
    book.text(sheet, 0, 0, "HƯỚNG DẪN GHI KẾT QUẢ", "title")
    row = 2
    for section, sentences in (*GUIDANCE, *((PAIR_GUIDANCE,) if with_pairs else ())):
        book.text(sheet, row, 0, section, "section")
        for number, sentence in enumerate(sentences, start=1):
            row += 1
            book.text(sheet, row, 0, f"{number}.", "prose")
            book.text(sheet, row, 1, sentence, "prose")
        row += 2
    book.text(sheet, row, 0, QUESTIONS.format(issuer=book.data.issuer, run_id=book.data.run_id), "plain")
