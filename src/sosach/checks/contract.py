"""The tables that rule SQL may read beside its own record, with their columns.

Holds names and types only (``docs/architecture.md``); the files are written by other stages.
"""

from collections.abc import Collection
from pathlib import Path

import duckdb

from sosach.duck import identifier, literal
from sosach.lake import Run, read_json
from sosach.normalize.macros import register_code_lists, register_macros
from sosach.registers import load_registers
from sosach.tables import open_tables

RUN_TABLES: dict[str, dict[str, str]] = {
    "links": {
        "register": "VARCHAR",
        "record_key": "VARCHAR",
        "record_id": "VARCHAR",
        "role": "VARCHAR",
        "person_id": "VARCHAR",
        "method": "VARCHAR",
        "weight": "DOUBLE",
    },
    "persons": {
        "person_id": "VARCHAR",
        "record_id": "VARCHAR",
        "so_dinh_danh": "VARCHAR",
        "ho_ten": "VARCHAR",
        "ngay_sinh": "DATE",
        "nam_sinh": "INTEGER",
        "gioi_tinh": "VARCHAR",
        "unit": "VARCHAR",
    },
    "coverage": {
        "ma_noi_dang_ky": "VARCHAR",
        "loai_so": "VARCHAR",
        "nam": "INTEGER",
        "unit": "VARCHAR",
        "expected": "BIGINT",
        "digitised": "BIGINT",
        "covered": "BOOLEAN",
    },
    "marital_status": {
        "record_id": "VARCHAR",
        "so_dinh_danh": "VARCHAR",
        "person_id": "VARCHAR",
        "unit": "VARCHAR",
        "in_scope": "BOOLEAN",
        "derived": "VARCHAR",
        "recorded": "VARCHAR",
        "class": "VARCHAR",
        "group": "VARCHAR",
        "confirmable": "BOOLEAN",
        "reason": "VARCHAR",
        "spouse_person_id": "VARCHAR",
        "spouse_so_dinh_danh": "VARCHAR",
        "marriage_record_id": "VARCHAR",
        "ended_by_record_id": "VARCHAR",
        "status_since": "DATE",
    },
    "cells": {
        "record_id": "VARCHAR",
        "register": "VARCHAR",
        "field": "VARCHAR",
        "old": "VARCHAR",
        "new": "VARCHAR",
        "normaliser": "VARCHAR",
    },
    "deliveries": {"delivery_id": "VARCHAR", "register": "VARCHAR", "received_on": "DATE"},
    "previous_issues": {
        "issue_id": "VARCHAR",
        "register": "VARCHAR",
        "rule_id": "VARCHAR",
        "unit": "VARCHAR",
        "severity": "VARCHAR",
        "state": "VARCHAR",
        "first_seen": "DATE",
        "last_seen": "DATE",
    },
}
"""Tables of a run: what linkage wrote, the log of cells, the deliveries of its manifest, the issues before it."""


def code_list_tables(expectations: Path) -> set[str]:
    """Names of the code-list tables that ``register_code_lists`` makes."""
    return {f"cl_{path.stem}" for path in (expectations / "code_lists").glob("*.csv")} | {"cl_unit_now"}


def create_empty(con: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str]) -> None:
    """Create a table of that name without rows, in place of whatever has the name."""
    typed = ", ".join(f"{identifier(column)} {kind}" for column, kind in columns.items())
    con.execute(f"CREATE OR REPLACE TABLE {identifier(name)} ({typed})")


def open_empty(con: duckdb.DuckDBPyConnection, expectations: Path) -> None:
    """Register macros and code lists, and create every register and run table without rows."""
    register_macros(con)
    register_code_lists(con, expectations)
    for name, register in load_registers(expectations).items():
        create_empty(con, name, register.core_columns)
    for name, columns in RUN_TABLES.items():
        create_empty(con, name, columns)


def open_run(con: duckdb.DuckDBPyConnection, expectations: Path, run: Run, only: Collection[str] | None = None) -> None:
    """Register macros, code lists and everything of a run that rules may read (or of that, ``only`` these tables).

    A register without a file becomes an empty table. A table of linkage without a file stays absent: a rule that reads
    it cannot be answered, which is not the same as an empty table; so does the log of cells of a run that was never
    normalised. The first run has no issues before it.
    """
    there = [name for name in RUN_TABLES if run.table(name).is_file() and (only is None or name in only)]
    open_tables(con, expectations, run, there, only)
    manifest = read_json(run.manifest) if run.manifest.is_file() else {}
    if only is None or "cells" in only:
        _open_cells(con, run, load_registers(expectations))
    if only is None or "deliveries" in only:
        _open_deliveries(con, manifest.get("deliveries", []))
    if only is None or "previous_issues" in only:
        _open_previous_issues(con, run, manifest.get("previous_run_id"))


def _open_cells(con: duckdb.DuckDBPyConnection, run: Run, registers: Collection[str]) -> None:
    """The log of all registers; a rule that asks for one register reads that one's file alone, by its statistics."""
    logs = ", ".join(literal(path) for name in registers if (path := run.cells(name)).is_file())
    if logs:
        con.execute(f"CREATE OR REPLACE VIEW cells AS FROM read_parquet([{logs}])")


def _open_deliveries(con: duckdb.DuckDBPyConnection, deliveries: list[dict[str, str]]) -> None:
    create_empty(con, "deliveries", RUN_TABLES["deliveries"])
    if deliveries:
        values = [[delivery[column] for column in RUN_TABLES["deliveries"]] for delivery in deliveries]
        con.executemany("INSERT INTO deliveries VALUES (?, ?, ?)", values)


def open_findings(run: Run, register: str) -> str:
    """SELECT ``rule_id, record_key`` of the issues on a register that the run before left open; none without one."""
    manifest = read_json(run.manifest) if run.manifest.is_file() else {}
    issues = _issues_before(run, manifest.get("previous_run_id"))
    if issues is None:
        return "SELECT NULL::VARCHAR AS rule_id, NULL::VARCHAR AS record_key WHERE FALSE"
    return (
        f"SELECT DISTINCT rule_id, record_key FROM read_parquet({literal(issues)}) "
        f"WHERE register = {literal(register)} AND state IN ('new', 'open', 'reopened')"
    )


def _issues_before(run: Run, previous_run_id: str | None) -> Path | None:
    path = Run(run.root.parent / previous_run_id, previous_run_id).table("issues") if previous_run_id else None
    return path if path is not None and path.is_file() else None


def _open_previous_issues(con: duckdb.DuckDBPyConnection, run: Run, previous_run_id: str | None) -> None:
    create_empty(con, "previous_issues", RUN_TABLES["previous_issues"])
    issues = _issues_before(run, previous_run_id)
    if issues is not None:
        columns = ", ".join(RUN_TABLES["previous_issues"])
        con.execute(f"INSERT INTO previous_issues SELECT {columns} FROM read_parquet({literal(issues)})")
