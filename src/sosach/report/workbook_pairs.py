"""The sheet of pairs: two records above each other and the question whether they are one person.

Holds the shape of a pair as people see it, and the layout of the sheet. Gets texts that are already masked and sorted;
chooses no pair. Reading a returned sheet is in ``link.review_read``, which takes its columns from here.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sosach.report.vn import so
from sosach.report.workbook_book import LINE_HEIGHT, TALLEST_ROW, Book, fill_in_days, lines_of_text, safe
from sosach.report.workbook_text import PAIR_HEADINGS, PAIR_INTRO

PAIR_SHEET, IDENTITY_SHEET = "Cặp cần xác minh", "_cap"  # the second is hidden
PAIR_HEADER_ROW = 4  # 0-based; the pairs follow, two rows each
SAME, DIFFERENT, UNDECIDED = "Cùng một người", "Hai người khác nhau", "Không xác định được"
ANSWERS = (SAME, DIFFERENT, UNDECIDED)
LIKENESSES = ("rất giống", "khá giống", "chưa rõ")
IDENTITY = (
    "register",
    "record_id",
    "role",
    "subject_record_id",
    "other_register",
    "other_record_id",
    "other_role",
)
"""What a pair is about; the hidden sheet has these between ``pair_id`` and the ``print`` of the line that was shown."""

SHOWN = ("source", "name", "birth", "sex", "father", "mother", "spouse", "paper", "place")
"""Columns that both rows of a pair fill."""
_COMPARED = ("name", "birth", "sex", "father", "mother", "spouse")
_BLIND = ("likeness", "reason", "officer", "day")  # what a reviewer must not or need not see
_OPEN_LOOKS = {"answer": "fill_in", "note": "fill_in_text", "officer": "fill_in_text", "day": "fill_in_day"}


@dataclass(frozen=True)
class PairSide:
    """One record of a pair in words; '' where it does not say."""

    source: str  # register, number in the book, day
    name: str
    birth: str
    sex: str
    father: str
    mother: str
    spouse: str
    paper: str  # masked
    place: str


@dataclass(frozen=True)
class Identified:
    """What names a pair wherever it stands: in a workbook, in a drawn sample."""

    register: str
    record_id: str
    role: str
    subject_record_id: str
    other_register: str
    other_record_id: str
    other_role: str

    @property
    def identity(self) -> tuple[str, ...]:
        """What the pair is about, in the order of ``IDENTITY``."""
        second = (self.subject_record_id, self.other_register, self.other_record_id, self.other_role)
        return (self.register, self.record_id, self.role, *second)

    @property
    def pair_id(self) -> str:
        """A short name that follows from the pair's identity alone."""
        return pair_id(self.identity)


@dataclass(frozen=True)
class PairLine(Identified):
    """Two records that may be one person. Personal: goes only into a workbook, already masked.

    The first is a mention (``register, record_id, role``); the second a citizen's record (``subject_record_id``) or,
    where that is '', another mention.
    """

    sides: tuple[PairSide, PairSide]
    papers_differ: bool  # both have a number of one kind, and not the same; masked numbers do not show it
    likeness: str = ""
    reason: str = ""


def pair_id(identity: Sequence[str]) -> str:
    """Ten hex digits from register, record_id, role, subject_record_id, other_register, other_record_id, other_role."""
    return hashlib.sha256("|".join(identity).encode()).hexdigest()[:10]


def pair_columns(*, blind: bool) -> dict[str, int]:
    """Place of each column of the sheet, from 0; a blind sheet lacks likeness and reasons."""
    kept = [name for name, _, _ in PAIR_HEADINGS if not (blind and name in _BLIND)]
    return {name: place for place, name in enumerate(kept)}


def print_of(rows: Sequence[Sequence[str]]) -> str:
    """A print of the texts in both rows of a pair as they stand in the cells; blanks and line ends do not count."""
    plain = "\x1e".join("\x1f".join(" ".join(cell.split()) for cell in row) for row in rows)
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def line_print(line: PairLine) -> str:
    """The print of a pair as ``write_pairs`` writes it."""
    return print_of([[safe(text) for text in row] for row in _texts(line)])


def likeness_counts(lines: Sequence[PairLine]) -> str:
    """How many pairs, and how many of each likeness: ``12 cặp (3 rất giống, 9 chưa rõ)``."""
    counted = Counter(line.likeness for line in lines)
    parts = ", ".join(f"{so(counted[word])} {word}" for word in LIKENESSES if counted[word])
    return f"{so(len(lines))} cặp ({parts})"


def write_pairs(
    book: Book, sheet: Any, lines: Sequence[PairLine], rest: str, days: tuple[date, date] | None = None
) -> None:
    """Fill a sheet from its fourth row on: what to do, headings, two rows a pair, drop-downs; then the hidden sheet.

    Args:
        book: the workbook.
        sheet: an empty sheet whose first three rows the caller writes.
        lines: the pairs in order; at least one.
        rest: a sentence behind the introduction, '' where there is none.
        days: earliest and latest day of work; None makes the sheet blind: no likeness, no reasons.
    """
    columns = pair_columns(blind=days is None)
    book.text(sheet, PAIR_HEADER_ROW - 1, 0, PAIR_INTRO + rest, "section")
    sheet.set_row(PAIR_HEADER_ROW - 1, 18)
    widths = {}
    for name, heading, width in PAIR_HEADINGS:
        if name in columns:
            widths[name] = width
            sheet.set_column(columns[name], columns[name], width)
            book.text(sheet, PAIR_HEADER_ROW, columns[name], heading, "head_fill_in" if name in _OPEN_LOOKS else "head")
    sheet.set_row(PAIR_HEADER_ROW, 33)
    sheet.freeze_panes(PAIR_HEADER_ROW + 1, columns["name"] + 1)
    sheet.repeat_rows(PAIR_HEADER_ROW)
    first = PAIR_HEADER_ROW + 1
    for number, line in enumerate(lines):
        _write_pair(book, sheet, first + 2 * number, number + 1, line, columns, widths)
    last = first + 2 * len(lines) - 1
    rule = {
        "validate": "list",
        "source": list(ANSWERS),
        "error_title": "Kết luận ngoài danh sách",
        "error_message": "Chọn một kết luận trong danh sách; ý khác ghi ở cột Ghi chú.",
    }
    sheet.data_validation(first, columns["answer"], last, columns["answer"], rule)
    if days:
        fill_in_days(sheet, columns["day"], (first, last), days)
    _write_identities(book, lines)


def _texts(line: PairLine) -> list[list[str]]:
    """Both rows as they are shown; a blank is a dash, so that nobody takes it for a fault of the printer."""
    rows = [[getattr(side, name) or "–" for name in SHOWN] for side in line.sides]
    if line.papers_differ:
        rows[1][SHOWN.index("paper")] += " (khác số)"
    return rows


def _write_pair(
    book: Book, sheet: Any, row: int, number: int, line: PairLine, columns: dict[str, int], widths: dict[str, float]
) -> None:
    """One pair; what belongs to both records stands in cells merged over both rows."""
    formats = book.formats
    differing = {name for name in _COMPARED if _differ(*(getattr(side, name) for side in line.sides))}
    differing |= {"paper"} if line.papers_differ else set()
    rows = _texts(line)
    for offset, texts in enumerate(rows):
        for name, text in zip(SHOWN, texts, strict=True):
            look = "differs" if name in differing else "bold" if name == "name" else "text"
            book.text(sheet, row + offset, columns[name], text, look if offset else f"{look}_first")
    for name, text, look in (
        ("number", "", "middle_number_first"),
        ("pair_id", line.pair_id, "middle_first"),
        ("likeness", line.likeness, "middle_bold_first"),
        ("reason", line.reason, "middle_first"),
        *((name, "", f"{look}_first") for name, look in _OPEN_LOOKS.items()),
    ):
        if name in columns:
            sheet.merge_range(row, columns[name], row + 1, columns[name], "", formats[look])
            if text:
                book.text(sheet, row, columns[name], text, look)
    sheet.write_number(row, columns["number"], number, formats["middle_number_first"])
    reason = lines_of_text(line.reason, widths["reason"]) if "reason" in columns else 1
    for offset, texts in enumerate(rows):
        own = max(lines_of_text(text, widths[name]) for name, text in zip(SHOWN, texts, strict=True))
        sheet.set_row(row + offset, min(max(own, (reason + 1) // 2) * LINE_HEIGHT, TALLEST_ROW))


def _differ(first: str, second: str) -> bool:
    """Whether both records say something and not the same; case and blanks do not count, marks do."""
    one, other = (" ".join(text.casefold().split()) for text in (first, second))
    return bool(one and other) and one != other


def _write_identities(book: Book, lines: Sequence[PairLine]) -> None:
    """The hidden sheet by which a returned file is read: a row a pair, in the order of the sheet of pairs."""
    sheet = book.hidden(IDENTITY_SHEET)
    for column, name in enumerate(("pair_id", *IDENTITY, "print")):
        book.text(sheet, 0, column, name, "plain")
    for row, line in enumerate(lines, start=1):
        for column, value in enumerate((line.pair_id, *line.identity, line_print(line))):
            book.text(sheet, row, column, value, "plain")
