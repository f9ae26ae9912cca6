"""Writing one delivery to the lake: all cells as text, rows counted twice before the file gets its name."""

import csv
from pathlib import Path

import duckdb

from sosach.duck import identifier, literal
from sosach.errors import BalanceError, DeliveryError
from sosach.ingest.table import TextTable
from sosach.lake import atomic_path

# Longest record in bytes that the engine reads; the registers' records are below 10 kB.
MAX_RECORD_BYTES = 1 << 23


def write_rows(table: TextTable, names: tuple[str, ...], target: Path) -> int:
    """Write the rows of a table as plain CSV (UTF-8) for the engine; returns how many there were.

    One dialect then holds for the engine, whatever mixture of line ends and quoting was delivered. The header
    comes first because the engine drops a byte order mark at the beginning, which could belong to a cell.
    """
    count = 0
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(names)
        for row in table.rows:
            writer.writerow(row)
            count += 1
    return count


def rows_select(path: Path, names: tuple[str, ...]) -> str:
    """A SELECT of what ``write_rows`` wrote, all columns as text; an empty cell is NULL."""
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    return (
        f"SELECT * FROM read_csv({literal(path)}, auto_detect = false, header = true, columns = {{{columns}}}, "
        f"delim = ',', quote = '\"', escape = '\"', nullstr = '', new_line = '\\r\\n', "
        f"max_line_size = {MAX_RECORD_BYTES})"
    )


def write_raw(
    con: duckdb.DuckDBPyConnection, select: str, names: tuple[str, ...], target: Path, delivery_id: str, expected: int
) -> None:
    """Write the rows of ``select`` with ``_delivery`` and ``_row`` to the raw file, in the order of the delivery.

    The rows are streamed by one thread, so that memory stays flat and equal deliveries give equal bytes.

    Raises:
        DeliveryError: there is no row, or the engine cannot read a record.
        BalanceError: the engine read another number of rows than ``expected``; nothing is left behind.
    """
    if expected == 0:
        raise DeliveryError("tệp không có dòng dữ liệu. Kiểm tra bước xuất dữ liệu rồi gửi lại tệp.")
    columns = ", ".join(identifier(name) for name in names)
    con.execute("SET threads = 1")
    con.execute("SET TimeZone = 'UTC'")
    with atomic_path(target) as draft:
        try:
            result = con.execute(
                f"COPY (SELECT {columns}, {literal(delivery_id)} AS _delivery, row_number() OVER () AS _row "
                f"FROM ({select})) TO {literal(draft)} (FORMAT parquet, COMPRESSION zstd)"
            ).fetchone()
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            raise DeliveryError(
                "có bản ghi quá dài hoặc chữ không hợp lệ nên không chuyển được sang văn bản. Xuất lại và gửi lại tệp."
            ) from error
        written = int(result[0]) if result else 0
        if written != expected:
            raise BalanceError(
                f"{target}: {expected} rows were counted in the delivery, {written} were read. Nothing was written; "
                "report this file to the maintainers."
            )
