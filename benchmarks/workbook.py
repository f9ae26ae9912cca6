"""How fast a workbook becomes a table of text, beside the bare library and openpyxl.

    .venv/bin/python -m benchmarks.workbook                     # 200,000 rows of 40 columns
    .venv/bin/python -m benchmarks.workbook 50000 --rounds 5
    .venv/bin/python -m benchmarks.workbook --only calamine sosach

Makes a workbook of texts, identity numbers, dates, whole numbers and empty cells, then reads it, the contestants in
turn and each time in a process of its own: ``calamine`` (``to_python()`` of the only sheet), ``sosach``
(``read_workbook`` with its checks, all batches read), ``openpyxl`` (read-only, values). Prints a table and writes
``results/workbook.json``: median wall and CPU seconds, most memory of one process, and how often the time of the bare
library. The limit of our reader is 1.5 times the bare library. Nothing here is a test: figures depend on the machine.
"""

import json
import multiprocessing
import os
import platform
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import openpyxl
import typer
import xlsxwriter
from python_calamine import CalamineWorkbook

from sosach.ingest.workbook import read_workbook
from sosach.ingest.workbook_package import WorkbookLimits
from sosach.registers import Register
from sosach.settings import PROJECT

RESULTS = PROJECT / "benchmarks" / "results" / "workbook.json"
COLUMNS = 40
LIMIT = 1.5
REGISTER = Register.model_validate(
    {
        "register": "do", "code": "DO", "title": "Đo tốc độ", "kind": "ho_tich", "key": ["c0"], "unit": "c1",
        "fields": [
            {"name": f"c{i}", "type": "text", "required": i < 5, "meaning": f"Cột {i}"} for i in range(COLUMNS)
        ],
    }
)  # fmt: skip


def write(path: Path, rows: int) -> None:
    """Write the workbook: of ten columns one is whole numbers, one dates, one empty, seven text."""
    source = random.Random(7)
    names = [f"Nguyễn Thị Hồng {number}" for number in range(5000)]
    with xlsxwriter.Workbook(path, {"tmpdir": str(path.parent)}) as book:
        sheet = book.add_worksheet("Dữ liệu")
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, [field.name for field in REGISTER.fields])
        for row in range(1, rows + 1):
            for column in range(COLUMNS):
                match column % 10:
                    case 0:
                        sheet.write_number(row, column, source.randrange(10**6))
                    case 1:
                        sheet.write_number(row, column, source.randrange(20_000, 45_000), day)
                    case 2:
                        sheet.write_string(row, column, f"{source.randrange(10**12):012}")
                    case 9:
                        pass
                    case _:
                        sheet.write_string(row, column, source.choice(names))


def by_calamine(path: Path) -> int:
    """The bare library: all cells as Python values."""
    return len(CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()) - 1


def by_sosach(path: Path) -> int:
    """The reader of deliveries."""
    return sum(batch.num_rows for batch in read_workbook(path, REGISTER, WorkbookLimits()).batches)


def by_openpyxl(path: Path) -> int:
    """The other library, in the mode that streams."""
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    return sum(1 for _ in book.worksheets[0].iter_rows(values_only=True)) - 1


CONTESTANTS: dict[str, Callable[[Path], int]] = {"calamine": by_calamine, "sosach": by_sosach, "openpyxl": by_openpyxl}


def measure(name: str, path: Path) -> dict[str, float]:
    """Read once in this process and say what it and its children took."""

    def cpu() -> float:
        return sum(
            usage.ru_utime + usage.ru_stime
            for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        )

    started, busy = time.monotonic(), cpu()
    rows = CONTESTANTS[name](path)
    seconds, busy = time.monotonic() - started, cpu() - busy
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"rows": rows, "seconds": seconds, "cpu_seconds": busy, "peak_gb": peak / 1e6}


def table(found: dict[str, dict[str, Any]]) -> str:
    """The figures as text, one line a contestant."""
    lines = [f"{'reader':<10}{'seconds':>9}{'CPU s':>8}{'peak GB':>9}{'rows/s':>9}{'times bare':>12}"]
    for name, one in found.items():
        lines.append(
            f"{name:<10}{one['seconds']:>9}{one['cpu_seconds']:>8}{one['peak_gb']:>9}{one['rows_per_second']:>9}"
            f"{one.get('times_bare', ''):>12}"
        )
    return "\n".join(lines)


def main(
    rows: Annotated[int, typer.Argument(help="rows of the workbook")] = 200_000,
    rounds: Annotated[int, typer.Option(help="how often each contestant reads")] = 3,
    only: Annotated[list[str] | None, typer.Option(help=f"any of {', '.join(CONTESTANTS)}")] = None,
    folder: Annotated[Path | None, typer.Option(help="where the workbook is made for a while")] = None,
) -> None:
    """Make a workbook and let each contestant read it."""
    names = only or list(CONTESTANTS)
    if unknown := set(names) - set(CONTESTANTS):
        raise typer.BadParameter(f"{', '.join(unknown)}: give any of {', '.join(CONTESTANTS)}")
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "do.xlsx"
        write(path, rows)
        size = path.stat().st_size
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            for _ in range(rounds):
                for name in names:
                    runs[name].append(pool.apply(measure, (name, path)))
    found: dict[str, dict[str, Any]] = {}
    for name, taken in runs.items():
        if any(one["rows"] != rows for one in taken):
            raise SystemExit(f"{name} read another number of rows than were written")
        median = {key: statistics.median(one[key] for one in taken) for key in taken[0]}
        found[name] = {
            "seconds": round(median["seconds"], 2),
            "cpu_seconds": round(median["cpu_seconds"], 2),
            "peak_gb": round(median["peak_gb"], 2),
            "rows_per_second": round(rows / median["seconds"]),
        }
    if "calamine" in found:
        for one in found.values():
            one["times_bare"] = round(one["seconds"] / found["calamine"]["seconds"], 2)
    libraries = {name: version(name) for name in ("python-calamine", "openpyxl", "pyarrow")}
    machine = {"cores": os.cpu_count() or 0, "python": platform.python_version(), **libraries}
    content = {
        "machine": machine, "rows": rows, "columns": COLUMNS, "bytes": size, "rounds": rounds, "limit": LIMIT,
        "readers": found,
    }  # fmt: skip
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(table(found))


if __name__ == "__main__":
    typer.run(main)
