"""Small worlds for scenario tests: registers filled with a few literal records, everything else empty."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from sosach.duck import identifier
from sosach.normalize.macros import register_code_lists, register_macros
from sosach.registers import load_registers
from sosach.settings import Settings

SETTINGS = Settings()


@contextmanager
def world() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with macros, code lists and all registers empty."""
    con = duckdb.connect()
    try:
        register_macros(con)
        register_code_lists(con, SETTINGS.expectations)
        for name, register in load_registers(SETTINGS.expectations).items():
            columns = ", ".join(f"{identifier(c)} {t}" for c, t in register.core_columns.items())
            con.execute(f"CREATE TABLE {identifier(name)} ({columns})")
        yield con
    finally:
        con.close()


def add(con: duckdb.DuckDBPyConnection, register: str, record_id: str, **cells: Any) -> None:
    """Insert one record; a full birth or death date also fills its year."""
    row: dict[str, Any] = {"record_id": record_id, "record_key": record_id, "unit": "16681", **cells}
    for name, value in cells.items():
        column = f"{name}_nam"
        if hasattr(value, "year") and column in load_registers(SETTINGS.expectations)[register].core_columns:
            row.setdefault(column, value.year)
    names = ", ".join(identifier(n) for n in row)
    con.execute(f"INSERT INTO {register} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
