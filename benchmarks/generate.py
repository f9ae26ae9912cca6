"""How long the generator takes and how much memory it holds, for the sizes S, M and L.

Each size runs in a process of its own, so that its peak memory is its own. Prints a table and writes
``benchmarks/results/generate.json``. Nothing here is a test: figures depend on the machine.
"""

import json
import multiprocessing
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import duckdb
import numpy as np
import pandas as pd
import typer

from sosach.settings import PROJECT
from synthetic_data.make import make
from synthetic_data.sizes import SIZES

RESULTS = PROJECT / "benchmarks" / "results" / "generate.json"
LIMITS = {"S": 15, "M": 90, "L": 720}
"""Seconds that a size may take on two cores of their own; CPU seconds tell what a busy machine hides."""
SEED, AS_OF = 7, date(2025, 8, 15)


def measure(name: str, folder: Path) -> dict[str, Any]:
    """Make one size in this process and say what it took; ``folder`` is emptied afterwards."""
    size = SIZES[name]
    started, busy = time.monotonic(), time.process_time()
    summary = make(
        folder / "out", folder / "truth", size.persons, SEED, AS_OF, size.communes,
        progress=lambda line: print(f"{name} {line}", file=sys.stderr, flush=True),
    )  # fmt: skip
    seconds, busy = time.monotonic() - started, time.process_time() - busy
    taken = {
        part: sum(path.stat().st_size for path in (folder / part).rglob("*") if path.is_file())
        for part in ("out", "truth")
    }
    shutil.rmtree(folder)
    rows = sum(summary.records.values())
    return {
        "persons": size.persons,
        "communes": size.communes,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(busy, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "rows": rows,
        "rows_by_register": summary.records,
        "rows_per_second": round(rows / seconds),
        "corrupted_records": sum(summary.corruptions.values()),
        "bytes_out": taken["out"],
        "bytes_truth": taken["truth"],
        "files": summary.files,
    }


def machine() -> dict[str, str | int]:
    """What the figures depend on."""
    return {
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
        "numpy": np.__version__,
        "pandas": pd.__version__,
    }


def table(found: dict[str, dict[str, Any]]) -> str:
    """The figures as text, one line a size."""
    widths = {
        "size": 4,
        "persons": 9,
        "seconds": 8,
        "limit": 6,
        "CPU s": 8,
        "peak GB": 8,
        "rows": 11,
        "MB": 7,
        "rows/s": 7,
    }
    lines = [" ".join(f"{title:>{width}}" for title, width in widths.items())]
    for name, one in found.items():
        megabytes = round((one["bytes_out"] + one["bytes_truth"]) / 1e6)
        cells = (
            name, one["persons"], one["seconds"], LIMITS[name], one["cpu_seconds"], one["peak_gb"], one["rows"],
            megabytes, one["rows_per_second"],
        )  # fmt: skip
        lines.append(" ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths.values(), strict=True)))
    return "\n".join(lines)


def main(
    sizes: Annotated[list[str] | None, typer.Argument(help=f"any of {', '.join(SIZES)}")] = None,
    folder: Annotated[Path | None, typer.Option(help="where the data sets are made for a while")] = None,
) -> None:
    """Make the sizes (S and M by default) one after the other; the results of other sizes stay in the file."""
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    found = known.get("sizes", {})
    with (
        tempfile.TemporaryDirectory(dir=folder) as place,
        multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool,
    ):
        for name in sizes or ["S", "M"]:
            if name not in SIZES:
                raise typer.BadParameter(f"{name}: give any of {', '.join(SIZES)}")
            found[name] = pool.apply(measure, (name, Path(place) / name))
    ordered = {name: found[name] for name in SIZES if name in found}
    RESULTS.parent.mkdir(exist_ok=True)
    content = {"machine": machine(), "sizes": ordered}
    RESULTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(table(ordered))


if __name__ == "__main__":
    typer.run(main)
