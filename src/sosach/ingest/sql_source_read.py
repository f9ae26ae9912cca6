"""Reading a source: one consistent, read-only look at its database, as text, into one Parquet file.

Every check is a count in the same snapshot before the first row is fetched: nothing that would have to be changed, cut
or left out is taken. Holds no watermark of its own and writes nothing but its draft.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, Engine, Row, bindparam, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from sosach.errors import BalanceError
from sosach.ingest.sql_source_errors import bad_data, misconfigured, told_by_name
from sosach.ingest.sql_source_model import Source
from sosach.ingest.sql_source_query import POSTGRESQL, SourceColumn, SourceQuery, described

# A record longer than this is refused; those of the registers are below 10 kB.
MAX_RECORD_BYTES = 1 << 23
# Text that is held at a time: of long records it is fewer than ``chunk_rows``.
CHUNK_BYTES = 1 << 25
# As Python objects rows take ten times the memory of their text.
FETCHED_ROWS = 5_000
CONNECT_SECONDS = 15
METADATA_KEY = b"sosach"
# Categories of PostgreSQL types (pg_type.typcategory) whose text a person would write into a cell: boolean, date and
# time, enumeration, number, text, untyped. Of the others only uuid is, and of these the following are not.
READABLE = set("BDENSX")
UNREADABLE = {"money", "oid", "regclass", "regproc", "regtype", "regprocedure", "regoper", "regrole", "regnamespace"}
WATERMARK_TYPES = {"timestamp": {"timestamp", "timestamptz"}, "date": {"date"}, "integer": {"int2", "int4", "int8"}}
# How PostgreSQL writes values (dates by ISO, as the driver sees to), and how long it may take. Times with a zone are
# written as of Vietnam: a day that was kept as midnight there would otherwise become the day before.
POSTGRESQL_SESSION = (
    "SET LOCAL extra_float_digits = 3",
    "SET LOCAL timezone = 'Asia/Ho_Chi_Minh'",
    "SET LOCAL statement_timeout = '{seconds}s'",
)
# A server that vanished without a word is noticed within about a minute.
POSTGRESQL_CONNECT = {
    "connect_timeout": CONNECT_SECONDS,
    "client_encoding": "utf8",
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 4,
    "tcp_user_timeout": 60_000,
}
EXACT_DOUBLE = 2**53


@dataclass(frozen=True)
class Reading:
    """What one look at a source found.

    Args:
        rows: rows read; where there are none, there is no draft.
        without: of these, rows that have no watermark.
        reached: highest watermark of these, as text; None where none has one.
    """

    rows: int
    without: int
    reached: str | None


def read_source(source: Source, url: str, lower: str | None, draft: Path) -> Reading:
    """Write the rows above the watermark ``lower``, and those without any, into the Parquet file ``draft``.

    Args:
        source: what to read.
        url: the database; in no error and no log.
        lower: after which watermark, as text; None: everything.
        draft: the file to write, all columns text, with the columns' types and the range in its metadata.

    Raises:
        SettingsError: address, rights, query, columns or watermark do not fit.
        SourceUnavailableError: the database cannot be reached, broke off or was too slow.
        DeliveryError: a cell cannot become text without being changed.
        BalanceError: another number of rows came than the same snapshot counted.
    """
    with told_by_name(source), _snapshot(source, url) as connection:
        columns = _columns(source, connection)
        query = SourceQuery(source, columns, connection.dialect.name, lower)
        rows, with_mark, reached, longest, *doubts = connection.execute(query.measures()).one()
        for (name, what, _), found in zip(query.doubts(), doubts, strict=True):
            if found:
                raise bad_data(source, f"cột {name}: {found} ô là {what}")
        if rows and longest > MAX_RECORD_BYTES:
            raise bad_data(source, f"có bản ghi dài {longest} byte, quá {MAX_RECORD_BYTES} byte")
        reading = Reading(rows, rows - with_mark, None if reached is None else str(reached))
        if rows:
            at_once = max(1, min(source.chunk_rows, CHUNK_BYTES // max(longest, 1)))
            schema = _schema(source, columns, lower, reading)
            written = _write(connection, query, schema, at_once, draft)
            if written != rows:
                raise BalanceError(
                    f"Source {source.source_id}: {rows} rows were counted, {written} came, in one snapshot. "
                    "Nothing was taken; report this to the maintainers."
                )
    return reading


@contextmanager
def _snapshot(source: Source, url: str) -> Iterator[Connection]:
    """A connection inside one read-only transaction that sees one state of the database."""
    engine = _engine(source, url)
    try:
        with engine.connect() as connection, connection.begin():
            if connection.dialect.name == POSTGRESQL:
                for setting in POSTGRESQL_SESSION:
                    connection.exec_driver_sql(setting.format(seconds=source.timeout_seconds))
            yield connection
    finally:
        engine.dispose()


def _engine(source: Source, url: str) -> Engine:
    parsed = make_url(url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url)
    if parsed.get_backend_name() == POSTGRESQL:
        return create_engine(
            parsed.set(drivername="postgresql+psycopg2"),
            poolclass=NullPool,
            hide_parameters=True,
            isolation_level="REPEATABLE READ",
            connect_args=POSTGRESQL_CONNECT,
            execution_options={"postgresql_readonly": True},
        )
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise misconfigured(source, "the address is none of a PostgreSQL database or SQLite file")
    file = f"file:{quote(str(Path(parsed.database).absolute()))}"
    read_only = URL.create("sqlite", database=file, query={"mode": "ro", "uri": "true"})
    engine = create_engine(
        read_only, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": CONNECT_SECONDS}
    )
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    """Turn off the driver's own transactions, which begin only with a statement that writes."""
    connection.isolation_level = None
    connection.execute("PRAGMA query_only = ON")


def _on_sqlite_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _columns(source: Source, connection: Connection) -> list[SourceColumn]:
    """The columns that the source has now.

    Raises:
        SettingsError: two have one name, one has none or a type that no cell can hold, or the watermark does not fit.
    """
    result = connection.execute(described(source))
    assert result.cursor is not None
    description: list[tuple[str, Any]] = [(str(d[0]), d[1]) for d in result.cursor.description]
    result.close()
    names = [name for name, _ in description]
    if doubled := sorted({n for n in names if names.count(n) > 1 or n in ("", "?column?")}):
        raise misconfigured(source, f"columns without a name of their own: {', '.join(doubled)}. Give each one AS …")
    columns = [SourceColumn(name) for name in names]
    if connection.dialect.name == POSTGRESQL:
        types = _types(connection, {code for _, code in description})
        columns = [SourceColumn(name, *types[code]) for name, code in description]
    mark = next((c for c in columns if c.name == source.watermark.column), None)
    if mark is None:
        raise misconfigured(
            source, f"the watermark column {source.watermark.column!r} is none of its columns: {', '.join(names)}"
        )
    if mark.kind and mark.kind not in WATERMARK_TYPES[source.watermark.type]:
        raise misconfigured(source, f"the watermark column {mark.name!r} is {mark.kind}, not {source.watermark.type}")
    for c in columns:
        if c.kind in UNREADABLE or (c.kind and c.kind != "uuid" and c.category not in READABLE):
            raise misconfigured(
                source, f"column {c.name!r} is {c.kind}, which no cell can hold. Leave it out, or let the query say how"
            )
    return columns


def _types(connection: Connection, codes: set[int]) -> dict[int, tuple[str, str]]:
    query = text("SELECT oid, typname, typcategory FROM pg_catalog.pg_type WHERE oid IN :codes")
    found = connection.execute(query.bindparams(bindparam("codes", list(codes), expanding=True)))
    return {int(oid): (str(name), str(category)) for oid, name, category in found}


def _schema(source: Source, columns: Sequence[SourceColumn], lower: str | None, reading: Reading) -> pa.Schema:
    """All columns as text; beside them where they come from."""
    origin = {
        "source": source.source_id,
        "sender": source.sender,
        "unit": source.unit,
        "watermark": source.watermark.meaning,
        "watermark_from": lower,
        "watermark_to": reading.reached,
        "types": {c.name: c.kind for c in columns if c.kind},
    }
    content = json.dumps(origin, ensure_ascii=False, sort_keys=True).encode()
    return pa.schema([(c.name, pa.string()) for c in columns], metadata={METADATA_KEY: content})


def _write(connection: Connection, query: SourceQuery, schema: pa.Schema, at_once: int, draft: Path) -> int:
    """Write ``at_once`` rows at a time, fetched in smaller portions; returns how many there were."""
    portion = min(at_once, FETCHED_ROWS)
    streamed = connection.execute(query.cells(), execution_options={"stream_results": True, "yield_per": portion})
    written = waiting = 0
    batches: list[pa.RecordBatch] = []
    with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
        for rows in streamed.partitions():
            batches.append(_batch(rows, schema, typed=not query.postgres))
            waiting += len(rows)
            if waiting >= at_once:
                writer.write_table(pa.Table.from_batches(batches))
                written, waiting, batches = written + waiting, 0, []
        if batches:
            writer.write_table(pa.Table.from_batches(batches))
    return written + waiting


def _batch(rows: Sequence[Row[Any]], schema: pa.Schema, typed: bool) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    cells = ([_cell_text(cell) for cell in column] for column in columns) if typed else columns
    return pa.record_batch([pa.array(column, pa.string()) for column in cells], schema=schema)


def _cell_text(cell: str | int | float | None) -> str | None:
    """A value of SQLite as a person would write it: a whole number has no fraction."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT_DOUBLE:
        return str(int(cell))
    return cell if cell is None or isinstance(cell, str) else repr(cell)
