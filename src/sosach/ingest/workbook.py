"""Workbook deliveries (XLSX, XLSM, XLSB, XLS, ODS): every sheet with a table of the register, as one table of text.

Cells are read by python-calamine in a process of its own with bounded memory and time (``workbook_worker``). Cells with
a formula keep their stored result; formulas are never computed, links never followed, macros never run.
"""

import json
import logging
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sosach.errors import DeliveryError
from sosach.ingest import workbook_worker
from sosach.ingest.columns import HeaderIndex, match_columns, missing_fields
from sosach.ingest.stray_rows import FEWEST, records_above
from sosach.ingest.table import MAX_PARTS, Part, TextTable, schema_of
from sosach.ingest.workbook_package import (
    DAMAGED,
    Kind,
    PackageScan,
    SheetScan,
    WorkbookLimits,
    check_sizes,
    farthest_cell,
    kind_of,
    scan_package,
)
from sosach.ingest.workbook_sheet import Grid, SheetTable, open_sheet, read_rows
from sosach.registers import Register

log = logging.getLogger(__name__)

PASSWORD = "tệp Excel có mật khẩu. Gỡ mật khẩu (File, Info, Protect Workbook), lưu lại rồi gửi lại."
NO_CELLS = "tệp Excel không có bảng nào có dữ liệu. Xuất lại dữ liệu và gửi lại tệp."


def read_workbook(path: Path, register: Register, limits: WorkbookLimits) -> TextTable:
    """Read all sheets whose first rows hold a header with the required columns of the register, in their order.

    Columns of several sheets are united by field. ``notes`` count what is beside the cells: ``merged_filled`` (cells
    that got the value of their merged range), ``merged_beside`` (merged cells of unlike columns, left empty),
    ``formula_cells``, ``error_cells``, ``long_numbers`` (16 digits and more: the last are lost), ``external_links``,
    ``macros``, ``rows_above_header`` (titles), ``header_repeated`` (skipped rows that are the header again),
    ``number_rows`` (skipped rows that only number the columns),
    ``no_required_field`` (records like totals and signatures: kept, for quarantine), ``sheet_hidden:<name>`` and
    ``sheet_not_read:<name>`` with their rows.

    Args:
        path: a copy that nobody changes; scratch files are made in its folder and removed with the table.
        register: whose columns are looked for.
        limits: what the file may need.

    Raises:
        DeliveryError: here or while the batches are read: no workbook, damaged, protected, too large, formulas
            without a result, no sheet with all required columns, a sheet with records without them, records above
            a header, a header of another order below.
    """
    kind = kind_of(path)
    if kind == "password":
        raise DeliveryError(PASSWORD)
    if kind == "other":
        raise DeliveryError(DAMAGED)
    if kind != "xls":
        check_sizes(path, limits)
    scratch = tempfile.TemporaryDirectory(prefix="bang_", dir=path.parent.resolve())
    try:
        told, scan = _extract(path, kind, Path(scratch.name), limits)
        notes: dict[str, int] = defaultdict(int, external_links=scan.external_links, macros=scan.macros)
        index = HeaderIndex(register)
        grids = [Grid.of(one, Path(scratch.name)) for one in told if one["kind"] == "cells"]
        chosen = _choose(
            [open_sheet(grid, index, scan.sheets.get(grid.name, SheetScan())) for grid in grids], register, notes
        )
        notes["long_numbers"] = sum(one["long_numbers"] for one in told if one["name"] in {s.grid.name for s in chosen})
        header, layouts = _unite(chosen, register)
    except BaseException:
        scratch.cleanup()
        raise
    parts: list[Part] = []
    plain: dict[str, int] = {name: count for name, count in notes.items() if count}
    return TextTable(header, _read(layouts, len(header), parts, plain, scratch), parts, plain)


@dataclass(frozen=True)
class _Layout:
    """How the columns of one sheet fit the united header: for each column of the header the sheet's, or None."""

    sheet: SheetTable
    types: list[str | None]
    required: list[int]
    places: list[int | None]


def _extract(path: Path, kind: Kind, folder: Path, limits: WorkbookLimits) -> tuple[list[dict[str, Any]], PackageScan]:
    """Let the worker write the cells of all sheets to ``folder``, and scan the package meanwhile."""
    named = folder / f"workbook.{kind}"  # the library chooses its reader by the ending
    named.symlink_to(path.resolve())
    with _start(named, folder, limits) as worker:
        try:
            scan = scan_package(path) if kind == "xlsx" else PackageScan()
        except BaseException:
            worker.kill()
            raise
        output, _ = worker.communicate()
    if worker.returncode != 0:
        raise DeliveryError(_too_much(path, limits, kind))
    told = json.loads(output)
    match told.get("error"):
        case None:
            return told["sheets"], scan
        case "password":
            raise DeliveryError(PASSWORD)
        case "memory":
            raise DeliveryError(_too_much(path, limits, kind))
        case reason:
            log.info("the workbook reader gave up: %s", reason)
            raise DeliveryError(DAMAGED)


def _start(path: Path, folder: Path, limits: WorkbookLimits) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", workbook_worker.__file__, str(path), str(folder)]
    command += [str(limits.memory_bytes), str(limits.cpu_seconds)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _too_much(path: Path, limits: WorkbookLimits, kind: Kind) -> str:
    far = farthest_cell(path) if kind == "xlsx" else None
    place = f"; trang tính {far[0]} trải tới dòng {far[1]}, cột thứ {far[2]}" if far else ""
    return (
        f"không đọc được tệp Excel trong giới hạn {limits.memory_bytes / 2**30:.1f} GB bộ nhớ và "
        f"{limits.cpu_seconds} giây: tệp hỏng hoặc bảng quá lớn{place}. "
        "Xóa các ô thừa ở xa bảng hoặc chia nhỏ tệp, lưu lại dạng .xlsx rồi gửi lại."
    )


def _choose(sheets: Sequence[SheetTable], register: Register, notes: dict[str, int]) -> list[SheetTable]:
    """The sheets that are read, in order; the others are noted."""
    places = [(sheet.place, number) for number, sheet in enumerate(sheets) if sheet.place]
    if not places:
        raise DeliveryError(NO_CELLS)
    chosen = [sheet for sheet in sheets if sheet.place and not sheet.place.missing]
    if not chosen:
        nearest = sheets[min(places)[1]]
        match_columns(register, nearest.header)
    for sheet in sheets:
        name = sheet.grid.name
        if sheet not in chosen:
            _refuse_lost_table(sheet, chosen, register)
            notes[f"sheet_not_read:{name}"] = sheet.grid.filled_rows()
            continue
        if sheet.place and sheet.records_above:
            raise records_above(f"trang tính {name}", sheet.records_above, sheet.place.row + 1)
        if sheet.scan.without_result:
            raise DeliveryError(
                f"trang tính {name}: ô {', '.join(sheet.scan.without_result)} có công thức nhưng chưa có kết quả. "
                "Mở bằng Excel, tính lại (F9), lưu lại rồi gửi lại; hoặc dán dạng giá trị (Paste Special, Values)."
            )
        notes["formula_cells"] += sheet.scan.formulas
        notes["error_cells"] += sheet.scan.lost_errors
        notes["number_rows"] += sheet.number_row
        notes["rows_above_header"] += sheet.rows_above
    return chosen


def _refuse_lost_table(sheet: SheetTable, chosen: Sequence[SheetTable], register: Register) -> None:
    """Refuse a workbook that has a sheet with records whose header is not whole, or has none."""
    name = sheet.grid.name
    if sheet.fields >= FEWEST and sheet.has_rows:
        lacking = ", ".join(field.source_name for field in missing_fields(register, sheet.header))
        raise DeliveryError(
            f"trang tính {name} có dòng tiêu đề của sổ nhưng thiếu cột bắt buộc: {lacking}. "
            "Bổ sung cột, hoặc bỏ trang tính này khỏi tệp nếu không gửi, rồi gửi lại."
        )
    if any(sheet.has_records(other.header, other.record_width) for other in chosen):
        raise DeliveryError(
            f"trang tính {name} có các dòng giống bản ghi nhưng không có dòng tiêu đề của sổ. "
            "Thêm dòng tiêu đề như ở trang tính khác, hoặc bỏ trang tính này khỏi tệp nếu không gửi, rồi gửi lại."
        )


def _unite(sheets: Sequence[SheetTable], register: Register) -> tuple[tuple[str, ...], list[_Layout]]:
    """The header of all sheets together, columns of one field under the first sheet's writing of it."""
    matches = [match_columns(register, sheet.header) for sheet in sheets]
    headers: dict[str, str] = {}
    for sheet, match in zip(sheets, matches, strict=True):
        for name, written in zip(match.names, sheet.header, strict=True):
            headers.setdefault(name.casefold(), written or (name if len(sheets) > 1 else ""))
    by_source = {field.source_name: field for field in register.fields}
    layouts = []
    for sheet, match in zip(sheets, matches, strict=True):
        fields = [by_source[one.field] if one.field else None for one in match.found]
        at = {name.casefold(): position for position, name in enumerate(match.names)}
        layouts.append(
            _Layout(
                sheet,
                types=[field.type if field else None for field in fields],
                required=[position for position, field in enumerate(fields) if field and field.required],
                places=[at.get(name) for name in headers],
            )
        )
    return tuple(headers.values()), layouts


def _read(
    layouts: Sequence[_Layout],
    width: int,
    parts: list[Part],
    notes: dict[str, int],
    scratch: tempfile.TemporaryDirectory[str],
) -> Iterator[pa.RecordBatch]:
    schema = schema_of(width)
    counted: dict[str, int] = defaultdict(int)
    done = 0
    try:
        for layout in layouts:
            before = done
            name = layout.sheet.grid.name
            for numbers, columns in read_rows(layout.sheet, layout.types, layout.required, counted):
                _extend(parts, name, numbers, done)
                done += len(numbers)
                empty = pa.nulls(len(numbers), pa.string())
                united = [empty if place is None else columns[place] for place in layout.places]
                yield pa.RecordBatch.from_arrays(united, schema=schema)
            if layout.sheet.grid.hidden:
                counted[f"sheet_hidden:{name}"] = done - before
    finally:
        scratch.cleanup()
        for key, count in counted.items():
            if count:
                notes[key] = notes.get(key, 0) + count


def _extend(parts: list[Part], name: str, numbers: npt.NDArray[np.int64], done: int) -> None:
    """Add the blocks of consecutive sheet rows; beyond ``MAX_PARTS`` the rest is one block of unknown lines."""
    for block in np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1):
        last = parts[-1] if parts else None
        if last and (last.line == 0 or (last.name == name and last.line + last.rows == block[0])):
            parts[-1] = replace(last, rows=last.rows + len(block))
        elif len(parts) < MAX_PARTS:
            parts.append(Part(name, done + 1, int(block[0]), len(block)))
        else:
            parts.append(Part("", done + 1, 0, len(block)))
        done += len(block)
