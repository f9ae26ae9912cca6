"""Parquet deliveries: typed columns as text, the way a person would write them in a CSV file."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from sosach.duck import identifier, literal
from sosach.errors import DeliveryError
from sosach.ingest.table import EngineTable, Part

# Whole numbers beyond this may already have lost digits as floating point; they keep the engine's own notation.
EXACT_DOUBLE = 2**53
DAMAGED = "không đọc được tệp Parquet: tệp bị cắt cụt, hỏng hoặc không phải Parquet. Xuất lại và gửi lại tệp."
ENCRYPTED = "tệp Parquet được mã hóa. Xuất lại không mã hóa rồi gửi lại tệp."


def parquet_table(con: duckdb.DuckDBPyConnection, path: Path, max_cells: int) -> EngineTable:
    """The file as a table of the engine; its rows are counted by its own directory.

    Raises:
        DeliveryError: the file is cut off, damaged, encrypted or no Parquet file, a column holds more than one value a
            row, or there are more than ``max_cells`` cells (equal cells take no room, so a small file may have them).
    """
    header, rows = _inspect(path)
    if rows * len(header) > max_cells:
        raise DeliveryError(f"tệp có {rows} dòng, nhiều hơn mức cho phép. Chia thành nhiều tệp rồi gửi lại.")
    source = f"read_parquet({literal(path)}, binary_as_string = true, hive_partitioning = false)"
    try:
        described = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    except duckdb.Error as error:
        raise DeliveryError(DAMAGED) from error
    cells = tuple(_as_text(identifier(own), kind) for own, kind, *_ in described)
    types = tuple(kind for _, kind, *_ in described)
    return EngineTable(header, cells, source, rows, (Part("", 1, 0, rows),), types=types)


def _inspect(path: Path) -> tuple[tuple[str, ...], int]:
    """Column names and number of rows by the file's own directory."""
    with path.open("rb") as stream:
        if stream.read(4) == b"PARE":
            raise DeliveryError(ENCRYPTED)
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DeliveryError(ENCRYPTED if "encrypt" in str(error).lower() else DAMAGED) from error
    if nested := [field.name for field in schema if pa.types.is_nested(field.type)]:
        raise DeliveryError(
            f"cột thứ {', '.join(str(schema.get_field_index(name) + 1) for name in nested)} của tệp Parquet chứa nhiều "
            "giá trị trong một ô (kiểu lồng nhau). Tách thành các cột đơn rồi gửi lại."
        )
    return tuple(schema.names), rows


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
