"""What every kind of file becomes on its way to the lake: a header and a stream of record batches of text.

Also where in the delivered file a record stands. Holds no knowledge of any kind of file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa

BATCH_ROWS = 8_192
# A batch of very long cells is closed earlier.
BATCH_CHARACTERS = 1 << 25
MAX_PARTS = 10_000


@dataclass(frozen=True)
class Part:
    """A block of consecutive records, so that ``_row`` r stands in line ``line + r - first_row``.

    ``name`` is the sheet, empty for a text file; ``first_row`` the ``_row`` of its first record, counted from 1 over
    the whole delivery; ``line`` the line or sheet row of that record, 0 where lines are not known.
    """

    name: str
    first_row: int
    line: int
    rows: int


@dataclass(frozen=True)
class TextTable:
    """Header and cells of one file.

    ``batches`` hold only text columns named "0", "1", …, as many as the header, at most 65,536 rows each; an
    empty cell is NULL. ``parts`` and ``notes`` are complete when the batches were read; ``notes`` count what a
    reader did beyond reading (``merged_filled``, ``formula_cells`` …).
    """

    header: tuple[str, ...]
    batches: Iterator[pa.RecordBatch]
    parts: list[Part] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class EngineTable:
    """A file that the engine reads itself.

    ``cells`` are SQL expressions, one a column of the header, that give text or NULL; ``source`` is what they are
    selected from, in the order of the file. ``rows`` were counted without the engine. ``types`` name the physical
    types of the columns where the file has any.
    """

    header: tuple[str, ...]
    cells: tuple[str, ...]
    source: str
    rows: int
    parts: tuple[Part, ...] = ()
    notes: dict[str, int] = field(default_factory=dict)
    types: tuple[str, ...] = ()


class Record(NamedTuple):
    """One record as a reader found it: the sheet, its line or sheet row, and as many cells as the header has."""

    part: str
    line: int
    cells: Sequence[str | None]


def table_of(header: Sequence[str], records: Iterator[Record], notes: dict[str, int] | None = None) -> TextTable:
    """A table from single records; parts are found by their lines, an empty cell is None or the empty string."""
    parts: list[Part] = []
    return TextTable(tuple(header), _batches(records, len(header), parts), parts, {} if notes is None else notes)


def schema_of(width: int) -> pa.Schema:
    """The schema of the batches of a table with that many columns."""
    return pa.schema([(str(position), pa.string()) for position in range(width)])


def _batches(records: Iterator[Record], width: int, parts: list[Part]) -> Iterator[pa.RecordBatch]:
    schema = schema_of(width)
    rows: list[Sequence[str | None]] = []
    characters = count = first_row = line = 0
    name: str | None = None
    for record in records:
        count += 1
        if name is None or record.part != name or (line and record.line != line + count - first_row):
            if name is not None:
                parts.append(Part(name, first_row, line, count - first_row))
            known = len(parts) < MAX_PARTS
            name, first_row, line = record.part if known else "", count, record.line if known else 0
        rows.append(record.cells)
        characters += sum(map(len, filter(None, record.cells)))
        if len(rows) == BATCH_ROWS or characters > BATCH_CHARACTERS:
            yield _batch(rows, schema)
            rows, characters = [], 0
    if name is not None:
        parts.append(Part(name, first_row, line, count + 1 - first_row))
    if rows:
        yield _batch(rows, schema)


def _batch(rows: list[Sequence[str | None]], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array([cell or None for cell in column], pa.string()) for column in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
