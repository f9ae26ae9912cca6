"""Writing one delivery to the lake: all cells as text, rows counted twice before the file gets its name."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from sosach.duck import identifier, literal
from sosach.errors import BalanceError, DeliveryError
from sosach.ingest.table import EngineTable, Part, TextTable, schema_of
from sosach.lake import atomic_path

# Rows a group: smaller than the engine's own, because a group is held in memory by each file that is being written.
GROUP_ROWS = 61_440
# Faults of the engine or of the machine; every other one, while it reads a delivery, is one of the delivery.
OURS = (duckdb.OutOfMemoryException, duckdb.InterruptException, duckdb.FatalException)


@dataclass(frozen=True)
class Written:
    """What was written: rows, where they stood in the file, what the reader counted, and physical types if any."""

    rows: int
    parts: tuple[Part, ...]
    notes: dict[str, int]
    types: tuple[str, ...] = ()


def write_raw(
    con: duckdb.DuckDBPyConnection,
    table: TextTable | EngineTable,
    names: tuple[str, ...],
    target: Path,
    delivery_id: str,
) -> Written:
    """Write the cells of a table under ``names``, with ``_delivery`` and ``_row``, in the order of the delivery.

    Args:
        con: a connection whose engine has one thread: rows are streamed in order, memory stays flat, and equal
            deliveries give equal bytes.
        table: what a reader gave.
        names: columns of the raw file, one for each of the header.
        target: the raw file; it appears as a whole or not at all.
        delivery_id: value of ``_delivery``.

    Raises:
        DeliveryError: there is no row, or a record cannot be read.
        BalanceError: another number of rows was written than the reader counted; nothing is left behind.
    """
    with atomic_path(target) as draft:
        if isinstance(table, EngineTable):
            written = _copy(con, table.cells, table.source, names, draft, delivery_id)
            counted, parts, types = table.rows, table.parts, table.types
        else:
            written = _copy_batches(con, table, names, draft, delivery_id)
            counted, parts, types = sum(part.rows for part in table.parts), tuple(table.parts), ()
        if written != counted:
            raise BalanceError(
                f"{target}: {counted} rows were counted in the delivery, {written} were read. Nothing was written; "
                "report this file to the maintainers."
            )
        if not written:
            raise DeliveryError("tệp không có dòng dữ liệu. Kiểm tra bước xuất dữ liệu rồi gửi lại tệp.")
    return Written(written, parts, dict(table.notes), types)


def _copy_batches(
    con: duckdb.DuckDBPyConnection, table: TextTable, names: tuple[str, ...], draft: Path, delivery_id: str
) -> int:
    """Stream a reader's batches through the engine; what the reader raises comes out as it was raised."""
    fault: list[Exception] = []

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            yield from table.batches
        except Exception as error:
            fault.append(error)
            raise

    schema = schema_of(len(table.header))
    cells = tuple(map(identifier, schema.names))
    con.register("delivered", pa.RecordBatchReader.from_batches(schema, batches()))
    try:
        return _copy(con, cells, "delivered", names, draft, delivery_id)
    except Exception:
        if fault:
            raise fault[0] from None
        raise
    finally:
        con.unregister("delivered")


def _copy(
    con: duckdb.DuckDBPyConnection,
    cells: tuple[str, ...],
    source: str,
    names: tuple[str, ...],
    draft: Path,
    delivery_id: str,
) -> int:
    columns = ", ".join(f"{cell} AS {identifier(name)}" for cell, name in zip(cells, names, strict=True))
    try:
        ((rows,),) = con.execute(
            f"COPY (SELECT {columns}, {literal(delivery_id)} AS _delivery, row_number() OVER () AS _row FROM {source}) "
            f"TO {literal(draft)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {GROUP_ROWS})"
        ).fetchall()
    except duckdb.Error as error:
        if isinstance(error, OURS) or str(draft) in str(error):
            raise
        raise DeliveryError(
            "có phần hỏng, bản ghi quá dài hoặc chữ không hợp lệ nên không đọc hết được. Xuất lại và gửi lại tệp."
        ) from error
    return int(rows)
