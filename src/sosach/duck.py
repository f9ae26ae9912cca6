"""The DuckDB engine: one way to connect and one way to write a table.

Holds no SQL of any stage.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from sosach.lake import atomic_path
from sosach.settings import Settings

# Measured on 1 M records of 70 columns: two thirds of the time of the engine's own defaults, files as small. A column
# of many different texts gives up its dictionary early; no reader looks single values up by a bloom filter.
PARQUET_OPTIONS = (
    "FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 5000, WRITE_BLOOM_FILTER false"
)


@contextmanager
def connect(settings: Settings, database: str = ":memory:") -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB connection within the installation's threads and memory; it is closed on leaving."""
    con = duckdb.connect(database)
    try:
        con.execute(f"SET threads = {settings.threads}")
        con.execute("SET memory_limit = ?", [settings.memory_limit])
        con.execute(
            "SET temp_directory = ?", [str(settings.home / "tmp")]
        )  # what does not fit in memory is personal too
        con.execute("SET enable_progress_bar = false")
        yield con
    finally:
        con.close()


def literal(value: object) -> str:
    """A value as SQL literal: strings quoted with inner quotes doubled, None as NULL, numbers as they are."""
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A column or table name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def write_parquet(con: duckdb.DuckDBPyConnection, query: str, target: Path, order_by: str | None) -> int:
    """Write the rows of ``query`` to ``target`` atomically, sorted so that equal rows give equal bytes.

    Args:
        con: an open connection.
        query: a SELECT.
        target: the Parquet file to replace.
        order_by: columns that make the order total; None where the query scans a table that is in order already.

    Returns:
        The number of rows written.
    """
    order = f" ORDER BY {order_by}" if order_by else ""
    with atomic_path(target) as draft:
        result = con.execute(
            f"COPY (SELECT * FROM ({query}){order}) TO {literal(draft)} ({PARQUET_OPTIONS})"
        ).fetchone()
    return int(result[0]) if result else 0
