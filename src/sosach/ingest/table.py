"""What every kind of file becomes before it is written to the lake: a header and a stream of rows of text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Row = Sequence[str]


@dataclass(frozen=True)
class TextTable:
    """Header and rows of one file; every row is as long as the header, an empty cell is the empty string."""

    header: tuple[str, ...]
    rows: Iterator[Row]
