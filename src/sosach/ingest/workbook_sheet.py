"""One sheet of a workbook: its table found, its data rows as text with merged cells filled. Knows no file format.

Rows and columns are those of the sheet, counted from 0; only what is told to people counts from 1.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sosach.ingest.columns import HeaderIndex
from sosach.ingest.stray_rows import FILLED, FOUR_DIGITS, HeaderAgain, is_record, is_record_above
from sosach.ingest.workbook_layout import HEADER_DEPTH, HEADER_ROWS, Merged, Place, find_header, is_number_row
from sosach.ingest.workbook_package import SheetScan

Mask = npt.NDArray[np.bool_]
TEXT = pa.string()
# Rows that are looked at together, or from which the width of records is told.
SAMPLE = 64
FEWEST_RECORDS = 2


@dataclass(frozen=True)
class Grid:
    """The cells of a sheet as ``workbook_worker`` wrote them; ``offset`` is the sheet column of the first."""

    name: str
    hidden: bool
    offset: int
    width: int
    merged: tuple[Merged, ...]
    path: Path

    @classmethod
    def of(cls, told: Mapping[str, Any], folder: Path) -> "Grid":
        """The grid of one sheet from what the worker told about it."""
        merged = tuple(Merged(*ends) for ends in told["merged"])
        width = told["width"]
        return cls(told["name"], told["hidden"], told["first_column"], width, merged, folder / told["file"])

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """The cells in blocks, each with the row where it begins."""
        if not self.width:
            return
        row = 0
        with pa.memory_map(str(self.path)) as source, pa.ipc.open_file(source) as file:
            for number in range(file.num_record_batches):
                batch = file.get_batch(number)
                yield row, batch
                row += batch.num_rows

    def top(self, rows: int) -> list[list[str]]:
        """The first rows as texts, '' where a cell is empty."""
        found: list[list[str]] = []
        for _, batch in self.batches():
            columns = [column.to_pylist() for column in batch.slice(0, rows - len(found)).columns]
            found += [[cell or "" for cell in row] for row in zip(*columns, strict=True)]
            if len(found) >= rows:
                break
        return found

    def filled_rows(self) -> int:
        """How many rows hold anything."""
        return sum(int(_any_valid(batch.columns, batch.num_rows).sum()) for _, batch in self.batches())


@dataclass(frozen=True, eq=False)
class SheetTable:
    """A sheet with its header; ``columns`` are the grid columns that have a name or hold anything below it.

    ``rows_above`` counts the rows above the header that hold anything, like titles; ``records_above`` are the sheet
    rows, counted from 1, of those that look like records. ``again`` finds the header among the rows below it.
    """

    grid: Grid
    scan: SheetScan
    place: Place | None
    number_row: bool
    columns: tuple[int, ...]
    header: tuple[str, ...]
    rows_above: int = 0
    records_above: tuple[int, ...] = ()
    again: HeaderAgain | None = None

    @property
    def first_row(self) -> int:
        """The first row below the header and the row that numbers the columns."""
        return self.place.first_data_row + self.number_row if self.place else 0

    @property
    def fields(self) -> int:
        """How many fields of the register the header names."""
        return -self.place.minus_found if self.place else 0

    @property
    def record_width(self) -> float:
        """Cells that a record fills at least: those of most of the first ones, or most of the header's fields."""
        filled = [n for row in self.grid.top(self.first_row + SAMPLE)[self.first_row :] if (n := sum(map(bool, row)))]
        return min([FILLED * self.fields, *sorted(filled)[len(filled) // 2 :][:1]])

    @property
    def has_rows(self) -> bool:
        """Whether anything stands below the header."""
        return any(
            _any_valid(b.columns, b.num_rows)[max(0, self.first_row - row) :].any() for row, b in self.grid.batches()
        )

    def has_records(self, header: Sequence[str], width: float) -> bool:
        """Whether two rows and more look like records of a table with that header, as wide as ``width``."""
        found = 0
        for _, batch in self.grid.batches():
            for start in range(0, batch.num_rows, SAMPLE):
                columns = [column.to_pylist() for column in batch.slice(start, SAMPLE).columns]
                rows = ([cell or "" for cell in row] for row in zip(*columns, strict=True))
                found += sum(is_record(row, header, width) for row in rows)
                if found >= FEWEST_RECORDS:
                    return True
        return False


class SheetRows(NamedTuple):
    """A block of records: the sheet row of each, counted from 1, and a text array for each kept column."""

    numbers: npt.NDArray[np.int64]
    columns: list[pa.Array]


def open_sheet(grid: Grid, index: HeaderIndex, scan: SheetScan) -> SheetTable:
    """Find the header of a sheet and the columns of its table."""
    top = grid.top(HEADER_ROWS + HEADER_DEPTH + 1)
    place = find_header(index, top, grid.merged, grid.offset)
    if place is None:
        return SheetTable(grid, scan, None, False, (), ())
    below = place.first_data_row
    number_row = below < len(top) and is_number_row(top[below], place.header)
    first_row = below + number_row
    filled = _columns_with_cells(grid, first_row)
    columns = tuple(c for c in range(grid.width) if place.header[c] or c in filled)
    header = tuple(place.header[c] for c in columns)
    above = top[: place.row]
    records = tuple(n for n, row in enumerate(above, 1) if is_record_above(row, place.header, -place.minus_found))
    again = HeaderAgain(index, header, [[row[c] for c in columns] for row in top[place.row : first_row]])
    return SheetTable(grid, scan, place, number_row, columns, header, sum(map(any, above)), records, again)


def read_rows(
    sheet: SheetTable, types: Sequence[str | None], required: Sequence[int], notes: dict[str, int]
) -> Iterator[SheetRows]:
    """The records of a sheet: every row below the header that holds anything and is not the header again.

    A merged cell's value is filled into the rows of its range that hold anything themselves, and beside into columns
    of the same type; elsewhere one value cannot be meant for both and stays where it is.

    Args:
        sheet: whose rows.
        types: the field type of each kept column, None where no field explains it.
        required: positions of the kept columns that hold required fields.
        notes: counted up: ``merged_filled``, ``merged_beside``, ``error_cells``, ``header_repeated``,
            ``no_required_field``.

    Raises:
        DeliveryError: a row is a header of another order.
    """
    fills = _Fills(sheet, types, notes)
    for row, batch in sheet.grid.batches():
        if row + batch.num_rows <= sheet.first_row:
            continue
        cells = [_with_errors(batch.column(c), row, c + sheet.grid.offset, sheet.scan, notes) for c in sheet.columns]
        holds = _any_valid(cells, batch.num_rows)
        holds[: max(0, sheet.first_row - row)] = False
        for place in _headers_again(sheet, cells, row, holds):
            holds[place] = False
            notes["header_repeated"] += 1
        if not holds.any():
            continue
        cells = fills.apply(cells, row, holds)
        if not holds.all():
            chosen = pa.array(holds)
            cells = [column.filter(chosen) for column in cells]
        numbers = np.flatnonzero(holds) + row + 1
        notes["no_required_field"] += int((~_any_valid([cells[c] for c in required], len(numbers))).sum())
        yield SheetRows(numbers, cells)


def _headers_again(sheet: SheetTable, cells: Sequence[pa.Array], row: int, holds: Mask) -> Iterator[int]:
    """Positions in a block of the rows that are the header once more; only rows without any number are looked at."""
    left = np.flatnonzero(holds)
    exact = pc.equal(cells[0], sheet.header[0]).fill_null(False).to_numpy(zero_copy_only=False) if cells else holds
    same = left[exact[left]]
    for column in cells:
        if not left.size:
            break
        told = pc.match_substring_regex(column.take(pa.array(left)), FOUR_DIGITS).fill_null(False)
        left = left[~told.to_numpy(zero_copy_only=False)]
    for place in np.union1d(same, left).tolist():
        texts = [column[place].as_py() or "" for column in cells]
        if sheet.again and sheet.again.repeated(texts, f"trang tính {sheet.grid.name}", row + place + 1):
            yield place


class _Fills:
    """What merged ranges below the header put into empty cells, block by block."""

    def __init__(self, sheet: SheetTable, types: Sequence[str | None], notes: dict[str, int]) -> None:
        self.notes = notes
        self.ranges: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)  # (from, to) → rows
        self.carried: dict[tuple[int, int], str | None] = {}  # (first row, column) → value of a range that goes on
        kept = {column + sheet.grid.offset: position for position, column in enumerate(sheet.columns)}
        for one in sheet.grid.merged:
            source = kept.get(one.first_column)
            if source is None or one.first_row < sheet.first_row:
                continue
            if one.last_row > one.first_row:
                self.ranges[source, source].append((one.first_row, one.last_row))
            for column in range(one.first_column + 1, min(one.last_column, max(kept)) + 1):
                target = kept.get(column)
                if target is None:
                    continue
                if types[target] is not None and types[target] == types[source]:
                    self.ranges[source, target].append((one.first_row, one.last_row))
                else:
                    notes["merged_beside"] += 1

    def apply(self, cells: list[pa.Array], row: int, holds: Mask) -> list[pa.Array]:
        """The columns with the empty cells of rows that hold anything filled."""
        result = list(cells)
        for (source, target), ranges in self.ranges.items():
            rows = len(cells[source])
            index = np.full(rows, -1, dtype=np.int64)
            carried: list[str | None] = []
            for first, last in ranges:
                if last < row or first >= row + rows:
                    continue
                if first >= row:
                    index[first - row : last - row + 1] = first - row
                else:
                    index[: last - row + 1] = rows + len(carried)
                    carried.append(self.carried.get((first, source)))
            if (index < 0).all():
                continue
            values = pa.concat_arrays([cells[source], pa.array(carried, TEXT)])
            filled = pc.coalesce(result[target], values.take(pa.array(index, mask=(index < 0) | ~holds)))
            self.notes["merged_filled"] += result[target].null_count - filled.null_count
            result[target] = filled
        self._carry(cells, row)
        return result

    def _carry(self, cells: list[pa.Array], row: int) -> None:
        """Remember the values of ranges that begin in this block and go on in the next."""
        for (source, _), ranges in self.ranges.items():
            end = row + len(cells[source])
            for first, last in ranges:
                if row <= first < end <= last:
                    self.carried[first, source] = cells[source][first - row].as_py()


def _columns_with_cells(grid: Grid, first_row: int) -> set[int]:
    """The columns that hold anything from a row on."""
    empty = set(range(grid.width))
    for row, batch in grid.batches():
        below = batch.slice(max(0, first_row - row))
        empty -= {column for column in empty if below.column(column).null_count < below.num_rows}
    return set(range(grid.width)) - empty


def _any_valid(columns: Sequence[pa.Array], rows: int) -> Mask:
    """Which rows have a value in any of the columns."""
    mask = np.zeros(rows, dtype=np.bool_)
    for column in columns:
        if column.null_count == 0:
            return np.ones(rows, dtype=np.bool_)
        mask |= column.is_valid().to_numpy(zero_copy_only=False)
    return mask


def _with_errors(cells: pa.Array, row: int, column: int, scan: SheetScan, notes: dict[str, int]) -> pa.Array:
    """A column with the texts of its error cells (#N/A …), which the library reads as empty."""
    texts = scan.errors.get(column)
    if not texts:
        return cells
    here = {place - row: text for place, text in texts.items() if row <= place < row + len(cells)}
    if not here:
        return cells
    notes["error_cells"] += len(here)
    return pc.coalesce(cells, pa.array([here.get(place) for place in range(len(cells))], TEXT))
