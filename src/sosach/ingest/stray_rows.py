"""Rows that stand where they are not expected: records above the header of a table, and headers below it.

Knows texts and the names of the register's fields, no kind of file. Says nothing of a cell but where it stands.
"""

import re
from collections.abc import Sequence

from sosach.errors import DeliveryError
from sosach.ingest.columns import HeaderIndex
from sosach.ingest.header_words import lenient_key
from sosach.ingest.workbook_layout import is_number_row

# Share of the header's fields that a record fills at least, and the fewest cells of a record or a header.
FILLED = 0.6
FEWEST = 3
SHOWN_LINES = 5
# Dates, years, numbers of entries and books, codes of units, identity numbers: each record has some, no header has.
FOUR_DIGITS = r"[0-9][0-9]?[./-]?[0-9]{1,2}[./-]?[0-9]{2}"
_FOUR_DIGITS = re.compile(FOUR_DIGITS)


def _is_value(cell: str) -> bool:
    """Whether a cell is a date, a number or a code rather than words that hold one."""
    return sum(map(str.isdigit, cell)) >= 4 and sum(map(str.isalpha, cell)) <= 2


def is_record(cells: Sequence[str], header: Sequence[str], width: float) -> bool:
    """Whether a row looks like a record: ``width`` cells and more are filled, of which one is a date or a number."""
    filled = [cell for cell in cells if cell.strip()]
    if len(filled) < max(FEWEST, width) or is_number_row(cells, header):
        return False
    return any(_is_value(cell) for cell in filled if cell not in header)


def is_record_above(cells: Sequence[str], header: Sequence[str], fields: int) -> bool:
    """Whether a row above a header that names ``fields`` fields is a record: as wide, or of three dates and numbers."""
    values = sum(_is_value(cell) for cell in cells if cell not in header)
    return is_record(cells, header, FILLED * fields) or (values >= FEWEST and not is_number_row(cells, header))


def records_above(place: str, lines: Sequence[int], header: int) -> DeliveryError:
    """The refusal of a table with records above its header; ``place`` is the sheet or the file in words."""
    shown = ", ".join(map(str, lines[:SHOWN_LINES])) + (", …" if len(lines) > SHOWN_LINES else "")
    return DeliveryError(
        f"{place}: dòng {shown} giống bản ghi nhưng đứng trên dòng tiêu đề (dòng {header}). "
        "Đưa dòng tiêu đề lên trên tất cả các bản ghi (không sắp xếp lẫn dòng tiêu đề) rồi gửi lại."
    )


class HeaderAgain:
    """Finds the header of a table among the rows below it."""

    def __init__(self, index: HeaderIndex, header: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> None:
        """Take the header, and the single rows of which it was joined if there are several.

        All have as many cells as the rows that are asked for later.
        """
        self._index = index
        self._exact = [list(row) for row in (header, *rows)]
        self._keys = [[lenient_key(cell) for cell in row] for row in (header, *rows)]
        self._fields = {position: field.name for position, field in index.found(header).items()}
        self._required = {field.name for field in index.required}

    def repeated(self, cells: Sequence[str], place: str, line: int) -> bool:
        """Whether a row is the header once more, with the same columns at the same places.

        Args:
            cells: the texts of the row, '' where empty.
            place: the sheet or the file in words, for the refusal.
            line: line or sheet row, likewise.

        Raises:
            DeliveryError: it is a header whose columns stand at other places.
        """
        if cells in self._exact:
            return sum(map(bool, cells)) >= FEWEST
        if _FOUR_DIGITS.search("\n".join(cells)):
            return False
        filled = [position for position, cell in enumerate(cells) if cell.strip()]
        if len(filled) < FEWEST:
            return False
        for keys in self._keys:
            same = all(keys[p : p + 1] == [lenient_key(cells[p])] != [""] for p in filled)
            if same and len(filled) >= FILLED * sum(map(bool, keys)):
                return True
        found = {position: field.name for position, field in self._index.found(cells).items()}
        if len(found) < FEWEST or len(self._required & set(found.values())) < min(FEWEST, len(self._required)):
            return False
        if len(found) == len(filled) and all(self._fields.get(p) == name for p, name in found.items()):
            return True
        raise DeliveryError(
            f"{place}: dòng {line} lại là một dòng tiêu đề, có cột ở vị trí khác dòng tiêu đề của bảng. "
            "Tách bảng thứ hai ra tệp riêng (mỗi tệp một dòng tiêu đề) hoặc xếp lại cột cho giống bảng đầu rồi gửi lại."
        )
