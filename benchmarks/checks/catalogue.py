"""The real catalogue: what it costs on no record at all, and on finished runs.

A run is never touched: its files are linked into a scratch home, where new files replace links and leave the run's own.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.checks import mix
from benchmarks.checks.results import Results
from benchmarks.checks.speed import PATIENCE, reason
from sosach.checks.contract import open_empty
from sosach.duck import connect, identifier, write_parquet
from sosach.lake import Lake, read_json, write_json
from sosach.registers import load_registers
from sosach.settings import PROJECT, Settings

EMPTY = "empty"
"""Id of the run without a record."""
LINKAGE = ("links", "persons", "coverage", "marital_status")
"""Tables that linkage leaves in a run and rules read."""


def run(folder: Path, runs: Sequence[Path], rounds: int, results: Results) -> list[str]:
    """Measure the check stage on the empty run and on each run given; returns a line for each that failed."""
    places: dict[str, Path] = {EMPTY: folder / "catalogue" / EMPTY}
    _make_empty(places[EMPTY])
    for given in runs:
        home = folder / "catalogue" / f"{given.resolve().parents[1].name}-{given.resolve().parents[2].name}"
        places[_link(given.resolve(), home)] = home
    problems = []
    for run_id, home in places.items():
        measured: list[dict[str, Any]] = []
        for number in range(rounds):
            try:
                figures = _measure(home, run_id)
            except subprocess.CalledProcessError as error:
                problems.append(f"{run_id}: {reason(error.stderr)}")
                break
            except subprocess.TimeoutExpired:
                problems.append(f"{run_id}: not ready after {PATIENCE} s")
                break
            said = f"{figures['records']} records {figures['wall']:8.2f} s {figures['cpu']:8.2f} CPU s"
            print(f"round {number + 1} {run_id:<22} {said}", file=sys.stderr, flush=True)
            measured.append(figures)
            results.put_catalogue(run_id, _summary(measured))
    return problems


def _make_empty(home: Path) -> None:
    """A run whose registers and run tables have no row."""
    shutil.rmtree(home, ignore_errors=True)
    settings, run = Settings(home=home), Lake(home).run(EMPTY)
    registers = load_registers(settings.expectations)
    with connect(settings) as con:
        open_empty(con, settings.expectations)
        for table in (*registers, *LINKAGE):
            target = run.core(table) if table in registers else run.table(table)
            write_parquet(con, f"FROM {identifier(table)}", target, "ALL")
    nothing: dict[str, Any] = {"previous_run_id": None, "catalogue": "", "deliveries": [], "refused": []}
    write_json(run.manifest, {"run_id": EMPTY, "as_of": mix.AS_OF.isoformat(), **nothing})


def _link(given: Path, home: Path) -> str:
    """Link what the check stage reads of a run into a scratch home; returns the run's id."""
    shutil.rmtree(home, ignore_errors=True)
    run = Lake(home).run(given.name)
    wanted = [given / "manifest.json", *(given / f"{table}.parquet" for table in LINKAGE)]
    for part in ("core", "cells", "quarantine"):
        wanted += sorted((given / part).glob("*.parquet"))
    if previous := read_json(given / "manifest.json")["previous_run_id"]:
        wanted.append(given.parent / previous / "issues.parquet")
    for path in (path for path in wanted if path.is_file()):
        target = run.root.parent / path.relative_to(given.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, target)
        except OSError:  # another file system
            shutil.copyfile(path, target)
    return given.name


def _measure(home: Path, run_id: str) -> dict[str, Any]:
    out = home / "measured.json"
    as_of = str(read_json(Lake(home).run(run_id).manifest)["as_of"])
    command = [sys.executable, "-m", "benchmarks.checks.stage", str(home), run_id, as_of, str(out)]
    surroundings = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, cwd=PROJECT, env=surroundings, capture_output=True, text=True, timeout=PATIENCE, check=True)
    figures: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return figures


def _summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    last = rounds[-1]
    return {
        "rounds": len(rounds),
        **{name: _median(one[name] for one in rounds) for name in ("wall", "cpu", "peak_mb", "import_wall")},
        "join_wall": _median(one["join"]["wall"] for one in rounds),
        "data_docs_wall": _median(one["data_docs"]["wall"] for one in rounds),
        **{name: last[name] for name in ("records", "rules", "violations", "engine_errors", "versions")},
        "registers": {
            name: {**part, **{what: _median(r["registers"][name][what] for r in rounds) for what in ("wall", "cpu")}}
            for name, part in last["registers"].items()
        },
        "date": datetime.now(UTC).date().isoformat(),
    }


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)
