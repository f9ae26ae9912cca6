"""Where the table stands on a sheet: its header of one to three rows, the columns that hold anything, merged cells.

Knows texts and merged ranges, no file format.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sosach.ingest.columns import HeaderIndex

HEADER_ROWS = 20
HEADER_DEPTH = 3
Grid = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Merged:
    """A merged range in sheet coordinates, 0-based, ends included; its value stands in the first cell."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


@dataclass(frozen=True, order=True)
class Place:
    """A header on a sheet; the least of several is the best: fewest required fields missing, most fields found."""

    missing: int
    minus_found: int
    depth: int
    row: int
    header: tuple[str, ...]

    @property
    def first_data_row(self) -> int:
        """The row below the header."""
        return self.row + self.depth


def find_header(index: HeaderIndex, top: Grid, merged: Sequence[Merged], offset: int) -> Place | None:
    """The best header that begins in the first rows of a sheet; None where they are empty.

    Args:
        index: the names of the register's fields.
        top: the first rows as texts, '' where empty; one longer than ``HEADER_ROWS`` by the depth of a header.
        merged: the merged ranges of the sheet.
        offset: sheet column of the first cell of ``top``.
    """
    places = []
    used = [column for column, cells in enumerate(zip(*top, strict=True)) if any(cells)]  # of a width that may be huge
    dense = [[cells[column] for column in used] for cells in top]
    groups = _among(used, merged, offset)
    for row in range(min(HEADER_ROWS, len(dense))):
        for depth in range(1, HEADER_DEPTH + 1):
            rows = dense[row : row + depth]
            if len(rows) < depth or not all(any(cells) for cells in rows):
                break
            header = join_header(rows, groups, row)
            found = {field.name for field in index.found(header).values()}
            missing = sum(field.name not in found for field in index.required)
            places.append(Place(missing, -len(found), depth, row, header))
    if not places:
        return None
    best = min(places)
    names = dict(zip(used, best.header, strict=True))
    return replace(best, header=tuple(names.get(column, "") for column in range(len(top[0]))))


def _among(used: Sequence[int], merged: Sequence[Merged], offset: int) -> list[Merged]:
    """The merged ranges near the top, in positions of the used columns."""
    found = []
    for one in merged:
        if one.first_row < HEADER_ROWS + HEADER_DEPTH:
            first = bisect_left(used, one.first_column - offset)
            last = bisect_right(used, one.last_column - offset) - 1
            if first < len(used) and used[first] == one.first_column - offset:
                found.append(Merged(one.first_row, first, one.last_row, last))
    return found


def join_header(rows: Grid, merged: Sequence[Merged], first_row: int) -> tuple[str, ...]:
    """One name a column: the texts of its header cells from top to bottom, group names spread over their columns.

    ``rows`` begin at the sheet row ``first_row``; the columns of ``merged`` are positions in ``rows``.
    """
    spread = [list(cells) for cells in rows]
    for level in range(len(spread) - 1):
        cells = spread[level]
        groups = [m for m in merged if m.first_row == first_row + level and m.last_column > m.first_column]
        for group in groups:
            for column in range(group.first_column + 1, group.last_column + 1):
                cells[column] = cells[column] or cells[group.first_column]
        if not groups:
            _spread_unmerged(spread, level)
    return tuple(
        " ".join(dict.fromkeys(cell.strip() for cell in column if cell.strip())) for column in zip(*spread, strict=True)
    )


def _spread_unmerged(spread: list[list[str]], level: int) -> None:
    """A group name written into the first of its columns only, where the cells below it are filled."""
    cells, below = spread[level], spread[level + 1]
    for column in range(1, len(cells)):
        if not cells[column] and below[column] and below[column - 1]:
            cells[column] = cells[column - 1]


def is_number_row(cells: Sequence[str], header: Sequence[str]) -> bool:
    """Whether a row only numbers the columns: (1), (2), (3) …, also after letters: A, B, 1, 2, 3 …"""
    marks = [cell.strip(" ()[].\n\t") for cell in cells if cell.strip()]
    if len(marks) < 3 or 2 * len(marks) < sum(map(bool, header)):
        return False
    letters = 0
    while letters < len(marks) and marks[letters] == chr(ord("A") + letters):
        letters += 1
    numbers = marks[letters:]
    return letters < 5 and len(numbers) > 0 and numbers == [str(n) for n in range(1, len(numbers) + 1)]
