"""Workbooks for tests, and reading them without a process of their own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from sosach.ingest import workbook, workbook_worker
from sosach.ingest.columns import match_columns
from sosach.ingest.table import TextTable
from sosach.ingest.workbook import read_workbook
from sosach.ingest.workbook_package import PackageScan, WorkbookLimits, scan_package
from sosach.registers import Register, load_registers
from sosach.settings import PROJECT

REGISTERS = load_registers(PROJECT / "expectations")
BOOKS = REGISTERS["so_ho_tich"]
MARRIAGES = REGISTERS["ket_hon"]
HEADER = [field.source_name for field in BOOKS.fields]
ROW = ["16681", "KS", "2020", "01/2020", "01/2020", "09/2020", "9", "2020-12-31"]
LIMITS = WorkbookLimits()
Rows = Iterable[Sequence[Any]]


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells are extracted by the worker's own function, but in this process."""

    def extract(path: Path, kind: str, folder: Path, _: WorkbookLimits) -> tuple[Any, PackageScan]:
        named = folder / f"workbook.{kind}"
        named.symlink_to(path)
        told = workbook_worker.convert(named, folder)["sheets"]
        return told, scan_package(path) if kind == "xlsx" else PackageScan()

    monkeypatch.setattr(workbook, "_extract", extract)


def xlsx(path: Path, sheets: Mapping[str, Rows], change: Callable[[Any], None] = lambda book: None) -> Path:
    """Write sheets of rows, text as text; ``change`` may add what rows cannot say."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    if isinstance(cell, str):
                        sheet.write_string(r, c, cell)
                    elif cell is not None:
                        sheet.write(r, c, cell)
        change(book)
    return path


def records(table: TextTable) -> list[list[str | None]]:
    """All records of a table, cells in the order of its header."""
    return [
        list(row)
        for batch in table.batches
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    ]


def read(path: Path, register: Register = BOOKS) -> tuple[TextTable, list[dict[str, str | None]]]:
    """A workbook's table, and its records by raw column name."""
    table = read_workbook(path, register, LIMITS)
    names = match_columns(register, table.header).names
    return table, [dict(zip(names, record, strict=True)) for record in records(table)]
