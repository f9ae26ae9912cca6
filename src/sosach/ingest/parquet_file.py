"""Parquet deliveries: typed columns as text, the way a person would write them in a CSV file."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from sosach.duck import identifier, literal
from sosach.errors import DeliveryError

# Whole numbers beyond this may already have lost digits as floating point; they keep the engine's own notation.
EXACT_DOUBLE = 2**53


def inspect_parquet(path: Path) -> tuple[tuple[str, ...], int]:
    """Column names and number of rows of a Parquet file, after reading all of it once.

    Raises:
        DeliveryError: the file is cut off, damaged or no Parquet file.
    """
    try:
        with pq.ParquetFile(path) as file:
            return tuple(file.schema_arrow.names), sum(batch.num_rows for batch in file.iter_batches())
    except (pa.ArrowException, OSError) as error:
        raise DeliveryError(
            "không đọc được tệp Parquet: tệp bị cắt cụt, hỏng hoặc không phải Parquet. Xuất lại và gửi lại tệp."
        ) from error


def parquet_select(con: duckdb.DuckDBPyConnection, path: Path, names: tuple[str, ...]) -> str:
    """A SELECT of all columns of the file as text, in their order, under ``names``; an empty text is NULL."""
    source = f"read_parquet({literal(path)}, binary_as_string = true, hive_partitioning = false)"
    described = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    columns = ", ".join(
        f"{_as_text(identifier(own), kind)} AS {identifier(name)}"
        for (own, kind, *_), name in zip(described, names, strict=True)
    )
    return f"SELECT {columns} FROM {source}"


def _as_text(column: str, kind: str) -> str:
    """SQL for a typed column as text: midnight is a date, a whole floating-point number has no ``.0``, NaN is NULL."""
    if kind in ("FLOAT", "DOUBLE"):
        return (
            f"CASE WHEN isnan({column}) THEN NULL WHEN abs({column}) < {EXACT_DOUBLE} AND {column} = trunc({column}) "
            f"THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) ELSE CAST({column} AS VARCHAR) END"
        )
    if kind.startswith("TIMESTAMP"):
        return (
            f"CASE WHEN {column} = date_trunc('day', {column}) THEN strftime({column}, '%Y-%m-%d') "
            f"ELSE CAST({column} AS VARCHAR) END"
        )
    return f"nullif(CAST({column} AS VARCHAR), '')"
