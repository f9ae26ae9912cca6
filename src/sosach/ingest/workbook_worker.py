"""Workbook to grids of text: a program of its own, because a damaged workbook can end the process that reads it.

Called as ``python workbook_worker.py WORKBOOK FOLDER MEMORY_BYTES CPU_SECONDS``; the ending of WORKBOOK must be that of
its content. Writes one Arrow file a sheet to
FOLDER (all cells as text, empty = NULL, columns by position) and one JSON line to standard output: ``{"sheets": […]}``
or ``{"error": kind}``. Knows no register, no header and nothing of this package, so that it starts quickly.
"""

import json
import resource
import sys
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

CHUNK_CELLS = 1 << 19
# Titles and headers make columns of mixed kinds, which are slow: they are a block of their own.
HEAD_ROWS = 64
# Excel keeps 15 digits of a number: of longer ones the last digits are already lost.
EXACT = 10**15
MAX_DIGITS = 10**21
# More merged ranges than this are not told: no book is written like that.
MAX_MERGED = 200_000

TEXT = pa.string()
NOTHING = pa.scalar(None, TEXT)
Cell = int | float | str | bool | time | date | datetime | timedelta


def cell_text(cell: Cell) -> str | None:
    """A cell as text, None where it is empty: ISO dates, digits of whole numbers, hours as ``36:00:00``."""
    match cell:
        case str():
            return cell or None
        case bool():
            return "TRUE" if cell else "FALSE"
        case float() if cell.is_integer() and abs(cell) < MAX_DIGITS:
            return str(int(cell)) if abs(cell) < EXACT else f"{Decimal(repr(cell)):f}".removesuffix(".0")
        case datetime():
            return cell.isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            seconds = round(abs(cell.total_seconds()))
            return f"{'-' * (cell < timedelta())}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        case _:
            return str(cell)


def text_column(cells: Sequence[Cell]) -> tuple[pa.Array, int]:
    """A column of cells as text, empty = NULL, and how many of its numbers are longer than Excel keeps.

    Columns of one kind are converted as a whole.
    """
    kinds = set(map(type, cells))
    if kinds == {str}:
        texts = pa.array(cells, TEXT)
        return pc.if_else(pc.equal(texts, ""), NOTHING, texts), 0
    whole = kinds - {str}
    if whole in ({float}, {date}):
        known = [None if cell == "" else cell for cell in cells] if str in kinds else cells
        try:
            typed = pa.array(known, pa.float64() if whole == {float} else pa.date32())
            if whole == {date} or pc.max(pc.abs(typed)).as_py() < EXACT:
                return (typed if whole == {date} else typed.cast(pa.int64())).cast(TEXT), 0
        except (pa.ArrowInvalid, pa.ArrowTypeError):  # a text among them, or a fraction
            pass
    long_numbers = sum(isinstance(cell, float) and abs(cell) >= EXACT and cell.is_integer() for cell in cells)
    return pa.array(list(map(cell_text, cells)), TEXT), long_numbers


def write_sheet(sheet: CalamineSheet, target: Path) -> dict[str, Any]:
    """Write the cells of one sheet; says where they begin (0-based), how many columns, what is merged."""
    start, width = sheet.start, sheet.width
    if start is None or width == 0:
        return {"first_column": 0, "width": 0, "rows": 0, "merged": [], "long_numbers": 0}
    schema = pa.schema([(str(i), TEXT) for i in range(width)])
    rows = sheet.iter_rows()
    size = max(64, min(65_536, CHUNK_CELLS // width))
    count = long_numbers = 0
    with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        while chunk := list(islice(rows, min(size, HEAD_ROWS) if count == 0 else size)):
            columns, damaged = zip(*map(text_column, zip(*chunk, strict=True)), strict=True)
            writer.write_batch(pa.RecordBatch.from_arrays(list(columns), schema=schema))
            long_numbers += sum(damaged)
            count += len(chunk)
    merged = [[*first, *last] for first, last in (sheet.merged_cell_ranges or [])[:MAX_MERGED]]
    return {"first_column": start[1], "width": width, "rows": count, "merged": merged, "long_numbers": long_numbers}


def convert(path: Path, folder: Path) -> dict[str, Any]:
    """Write all sheets of a workbook; sheets that hold charts only are named with kind ``chart``."""
    sheets = []
    book = CalamineWorkbook.from_path(path)
    for number, about in enumerate(book.sheets_metadata):
        described = {"name": about.name, "hidden": about.visible != SheetVisibleEnum.Visible, "kind": "other"}
        if about.typ == SheetTypeEnum.WorkSheet:
            grid = write_sheet(book.get_sheet_by_index(number), folder / f"{number}.arrow")
            described |= {"kind": "cells", "file": f"{number}.arrow", **grid}
        sheets.append(described)
    return {"sheets": sheets}


def main(path: str, folder: str, memory_bytes: str, cpu_seconds: str) -> None:
    """Set the limits of this process, convert, and say what happened."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (int(memory_bytes), int(memory_bytes)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_seconds), int(cpu_seconds) + 1))
    try:
        told: dict[str, Any] = convert(Path(path), Path(folder))
    except PasswordError:
        told = {"error": "password"}
    except CalamineError:
        told = {"error": "damaged"}
    except MemoryError:
        told = {"error": "memory"}
    except BaseException as error:  # the library's panics are no Exception
        told = {"error": type(error).__name__}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
