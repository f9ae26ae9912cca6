"""A source's rows as SQL of its database: what to fetch, and what to count before anything is fetched.

PostgreSQL writes its values as text itself, so that what arrives is what its own tools would export. SQLite has values
of any type in any column: they are fetched as they are. Holds no connection and runs nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    LargeBinary,
    Select,
    Text,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    text,
    true,
)

from sosach.ingest.sql_source_model import Source

POSTGRESQL = "postgresql"
# What a number or a date is counted as when the longest record is sought.
OTHER_CELL_BYTES = 32
FRACTIONS = {"float4", "float8", "numeric"}
MOMENTS = {"timestamp", "timestamptz"}
FIRST_DAY, AFTER_LAST_DAY = "0001-01-01", "10000-01-01"
DIGIT = "[0-9]"
SQLITE_DATE = "-".join((DIGIT * 4, DIGIT * 2, DIGIT * 2))
SQLITE_SHAPES = {"date": SQLITE_DATE, "timestamp": f"{SQLITE_DATE} {':'.join([DIGIT * 2] * 3)}*"}


@dataclass(frozen=True)
class SourceColumn:
    """A column of a source: its name, and in PostgreSQL its type and category (``pg_type``), else empty."""

    name: str
    kind: str = ""
    category: str = ""


def described(source: Source) -> Any:
    """SELECT of no row, whose columns are those of the source."""
    if source.query is None:
        return select(_origin(source, source.columns)).where(literal_column("1") == literal_column("0"))
    return text(f"SELECT * FROM ({_escaped(source.query)}\n) AS q WHERE 1 = 0")


class SourceQuery:
    """The rows of a source whose watermark is above ``lower``, and those that have none."""

    def __init__(self, source: Source, columns: Sequence[SourceColumn], dialect: str, lower: str | None) -> None:
        self.source = source
        self.columns = columns
        self.postgres = dialect == POSTGRESQL
        self.origin = _origin(source, [c.name for c in columns])
        self.mark = self.origin.c[source.watermark.column]
        self.new: ColumnElement[bool] = true()
        if lower is not None:
            typed = self.postgres or source.watermark.type == "integer"
            self.new = or_(self.mark > literal(source.watermark.parse(lower) if typed else lower), self.mark.is_(None))

    def cells(self) -> Select[Any]:
        """SELECT of all cells, one row a record."""
        return select(*(self._as_text(self.origin.c[c.name], c.kind) for c in self.columns)).where(self.new)

    def measures(self) -> Select[Any]:
        """SELECT of one row: records, those with a watermark, the highest, bytes of the longest record, each doubt."""
        longest = func.max(sum((self._bytes(c) for c in self.columns), start=literal_column("0", Integer)))
        doubts = (func.count(case((doubt, 1))) for _, _, doubt in self.doubts())
        reached = cast(func.max(self.mark), Text) if self.postgres else func.max(self.mark)
        return select(func.count(), func.count(self.mark), reached, longest, *doubts).where(self.new)

    def doubts(self) -> Iterator[tuple[str, str, ColumnElement[bool]]]:
        """Column, what a cell of it must not be (for officers), and the condition under which it is."""
        for c in self.columns:
            cell = self.origin.c[c.name]
            if not self.postgres:
                kind = func.typeof(cell)
                yield c.name, "dữ liệu nhị phân (blob)", kind == "blob"
                yield c.name, "chữ có ký tự NUL", and_(kind == "text", func.instr(cell, func.char(0)) > 0)
                yield c.name, "số vô cùng", and_(kind == "real", func.abs(cell) == literal_column("9e999"))
            elif c.kind in FRACTIONS:
                yield c.name, "NaN hoặc số vô cùng", cast(cell, Text).in_(["NaN", "Infinity", "-Infinity"])
            elif c.kind in MOMENTS | {"date"}:
                within = and_(cell >= _moment(FIRST_DAY, c.kind), cell < _moment(AFTER_LAST_DAY, c.kind))
                yield c.name, "ngày vô cùng (infinity) hoặc ngoài các năm 1–9999", ~within
        if not self.postgres:
            what = "mốc đọc không viết dạng yyyy-mm-dd, yyyy-mm-dd hh:mm:ss hoặc số nguyên như đã khai"
            yield self.source.watermark.column, what, and_(self.mark.is_not(None), self._misshapen())

    def _as_text(self, value: ColumnElement[Any], kind: str) -> ColumnElement[Any]:
        """The value as a person would write it; midnight is a date."""
        if not self.postgres:
            return value
        if kind in MOMENTS:
            midnight = value == func.date_trunc("day", value)
            return case((midnight, cast(cast(value, Date), Text)), else_=cast(value, Text))
        return cast(value, Text)

    def _misshapen(self) -> ColumnElement[bool]:
        """Whether a watermark of SQLite, which compares texts, is written otherwise than all others must be."""
        if self.source.watermark.type == "integer":
            return func.typeof(self.mark) != "integer"
        right = and_(func.typeof(self.mark) == "text", self.mark.op("GLOB")(SQLITE_SHAPES[self.source.watermark.type]))
        return or_(~right, self.mark.op("GLOB")("*[+Zz]*"))

    def _bytes(self, c: SourceColumn) -> ColumnElement[Any]:
        cell = self.origin.c[c.name]
        if not self.postgres:
            return func.coalesce(func.length(cast(cell, LargeBinary)), 0)
        if c.category in ("S", "X"):
            return func.coalesce(func.octet_length(cast(cell, Text)), 0)
        return literal_column(str(OTHER_CELL_BYTES), Integer)


def _origin(source: Source, names: Sequence[str]) -> FromClause:
    """The source as something to select from."""
    columns: list[ColumnClause[Any]] = [column(name) for name in names]
    if source.table is None:
        assert source.query is not None
        return text(_escaped(source.query) + "\n").columns(*columns).subquery("q")
    schema, _, name = source.table.rpartition(".")
    return table(name, *columns, schema=schema or None)


def _moment(day: str, kind: str) -> ColumnElement[Any]:
    return literal_column(f"CAST('{day}' AS {kind})")


def _escaped(query: str) -> str:
    """The query with its colons as they are: none of them is a parameter."""
    return re.sub(":", r"\\:", query)
