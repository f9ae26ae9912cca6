"""How fast deliveries become core records, beside DuckDB's plain copy: ``python -m benchmarks.intake DELIVERIES``.

DELIVERIES is an inbox, for example one that ``python -m synthetic_data --size L`` made; only its CSV files count. The
yardstick reads each of them as text with DuckDB and writes Parquet, nothing else. Ours takes them in (hash, private
copy, encoding, header, raw Parquet, state) and normalises every register to core, quarantine and the log of cells.
Each is a process of its own on 2 threads, in turns. Prints a table and writes ``benchmarks/results/intake.json``. Not a
test.
"""

import json
import multiprocessing
import os
import platform
import resource
import shutil
import statistics
import sys
import tempfile
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer

from sosach.settings import PROJECT, Settings

RESULTS = PROJECT / "benchmarks" / "results" / "intake.json"
AS_OF = date(2025, 8, 15)
MEMORY = "2GB"


def plain_copy(inbox: Path, out: Path) -> dict[str, Any]:
    """Read every CSV file as text and write it as Parquet; DuckDB finds delimiter and quotes by itself.

    A file that it cannot read so is read again with the delimiter of the header and quotes of RFC 4180.
    """
    rows, again = 0, []
    with duckdb.connect() as con:
        con.execute(f"SET threads = 2; SET memory_limit = '{MEMORY}'; SET enable_progress_bar = false")
        for number, path in enumerate(sorted(inbox.glob("*/*.csv"))):
            target = "(FORMAT parquet, COMPRESSION zstd)"
            for options in ("", f", delim = '{delimiter(path)}', quote = '\"', escape = '\"', header = true"):
                query = f"SELECT * FROM read_csv('{path}', all_varchar = true{options})"
                try:
                    found = con.execute(f"COPY ({query}) TO '{out / f'{number}.parquet'}' {target}").fetchone()
                except duckdb.Error:
                    again.append(path.name)
                    continue
                rows += found[0] if found else 0
                break
    return {"rows": rows, "read_again": again}


def delimiter(path: Path) -> str:
    """The commonest of the usual delimiters in the first line."""
    with path.open("rb") as file:
        line = file.readline().decode("utf-8", errors="replace")
    return max(",;\t|", key=line.count)


def to_core(inbox: Path, out: Path) -> dict[str, Any]:
    """Take all deliveries in, open a run, normalise it; the balance is proved on the way."""
    from sosach import stages

    settings = Settings(home=out / "home", deliveries=inbox, memory_limit=MEMORY, threads=2)
    began = time.monotonic()
    counts = [stages.ingest_register(settings, register, AS_OF) for register in stages.register_ids(settings)]
    run_id = stages.open_run(settings, AS_OF)
    taken = time.monotonic() - began
    receipt = stages.normalize(settings, run_id)
    registers: dict[str, dict[str, int]] = receipt["registers"]  # type: ignore[assignment]
    return {
        "rows": sum(int(str(c["rows"])) for c in counts),
        "refused": sum(int(str(c["refused"])) for c in counts),
        "ingest_seconds": round(taken, 1),
        "normalize_seconds": round(time.monotonic() - began - taken, 1),
        "cells_changed": sum(c["cells_changed"] for c in registers.values()),
        "core": sum(c["rows_core"] for c in registers.values()),
        "quarantined": sum(c["rows_quarantined"] for c in registers.values()),
        "superseded": sum(c["rows_superseded"] for c in registers.values()),
    }


WAYS = {"plain copy": plain_copy, "to core": to_core}


def _work(name: str, inbox: Path, out: Path, answer: Any) -> None:
    began = time.monotonic()
    found = WAYS[name](inbox, out)
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    answer.put(
        found
        | {
            "seconds": round(time.monotonic() - began, 1),
            "cpu_seconds": round(sum(u.ru_utime + u.ru_stime for u in usage), 1),
            "peak_mb": round(max(u.ru_maxrss for u in usage) / 1024),
        }
    )


def measured(name: str, inbox: Path, folder: Path) -> dict[str, Any]:
    """Run one way in a new process and an empty folder.

    Raises:
        SystemExit: it failed.
    """
    out = folder / "out"
    out.mkdir()
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=_work, args=(name, inbox, out, answer))
    process.start()
    process.join()
    shutil.rmtree(out)
    if process.exitcode:
        raise SystemExit(f"{name} failed with code {process.exitcode}")
    result: dict[str, Any] = answer.get()
    print(
        f"{name:<12} {result['seconds']:8.1f} s {result['cpu_seconds']:8.1f} CPU s {result['peak_mb']:6d} MB",
        file=sys.stderr,
    )
    return result


def csv_files(deliveries: Path, inbox: Path) -> dict[str, int]:
    """Hang the CSV files of an inbox into another one of the same disk; returns their number and bytes."""
    size = number = 0
    for path in sorted(deliveries.glob("*/*.csv")):
        target = inbox / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, target)
        number, size = number + 1, size + path.stat().st_size
    return {"files": number, "bytes": size}


def main(
    deliveries: Annotated[Path, typer.Argument(help="Inbox with CSV deliveries.")],
    rounds: Annotated[int, typer.Option(help="How often each way is measured, in turns.")] = 3,
    folder: Annotated[Path | None, typer.Option(help="Scratch on the disk of DELIVERIES.")] = None,
    size: Annotated[str, typer.Option(help="Name of the data set in the results.")] = "L",
) -> None:
    """Measure both ways in turns and write the medians."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        inbox = Path(made) / "inbox"
        files = csv_files(deliveries, inbox)
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in WAYS}
        for _ in range(rounds):
            for name in WAYS:
                found[name].append(measured(name, inbox, Path(made)))
    medians = {
        name: runs[0]
        | {key: statistics.median(run[key] for run in runs) for key in ("seconds", "cpu_seconds", "peak_mb")}
        for name, runs in found.items()
    }
    plain, ours = medians["plain copy"], medians["to core"]
    ratios = {key: round(ours[key] / plain[key], 2) for key in ("seconds", "cpu_seconds")}
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "duckdb": version("duckdb")}
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    results[size] = {"rounds": rounds, **files, **medians, "ratios": ratios, "machine": machine}
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(
        f"ratio {ratios['seconds']} of the time, {ratios['cpu_seconds']} of the CPU seconds, peak {ours['peak_mb']} MB"
    )


if __name__ == "__main__":
    typer.run(main)
