"""The contestants in turn, round after round, on the same Parquet files; medians and ratios of the figures.

Every contestant runs in a process of its own. What each delivers is held against ``reference``. Ratios are to the
hand-written pass of the same round.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.checks import data, mix, reference
from benchmarks.checks.peers import python_of_peers
from benchmarks.checks.results import Results
from sosach.duck import literal
from sosach.settings import PROJECT

YARDSTICK = "by_hand"
THREADS = 2
PATIENCE = 3600
"""Seconds after which a contestant is given up."""


@dataclass(frozen=True)
class Contestant:
    """Who takes part: module, words for the table, and whether it needs the peers' environment."""

    name: str
    title: str
    peer: bool = False
    writes: str = "keeps them in memory"


CONTESTANTS = (
    Contestant(YARDSTICK, "SQL by hand, fused: only (register, record_key, rule_id)", writes="1 Parquet file"),
    Contestant(
        "by_hand_ledger",
        "SQL by hand, fused: all that ours writes",
        writes="violations, evidence, sentences, verdicts by unit",
    ),
    Contestant(
        "sosach",
        "**Sổ Sạch: Great Expectations checkpoints over the fused pass**",
        writes="violations, evidence, sentences, verdicts by unit, result of the checkpoints",
    ),
    Contestant("gx_core", "Great Expectations' own Expectations, COMPLETE, partial_unexpected_count lifted"),
    Contestant("gx_core_cut", "Great Expectations' own Expectations, COMPLETE as it comes"),
    Contestant("pandera_polars", "pandera on polars, lazy", peer=True),
    Contestant("pointblank_polars", "Pointblank on polars, all extracts", peer=True),
)
NAMES = tuple(contestant.name for contestant in CONTESTANTS)


def run(folder: Path, persons: int, marriages: int, rounds: int, only: Sequence[str], results: Results) -> list[str]:
    """Measure, and write the results and the page after every round.

    Args:
        folder: scratch; data, the peers' environment and the contestants' output stay there.
        persons: citizens.
        marriages: marriages.
        rounds: how often everybody runs.
        only: these contestants and the yardstick; all where it is empty.
        results: where the figures go; those of contestants left out stay.

    Returns:
        A line for each contestant that failed or found something else than the reference.
    """
    home = folder / f"data-{persons}-{marriages}"
    core = data.make(home, persons, marriages).core(mix.CITIZENS).parent
    truth = home / "reference.parquet"
    reference.write_pairs(core, truth)
    chosen = [one for one in CONTESTANTS if not only or one.name in (*only, YARDSTICK)]
    peers = python_of_peers(folder) if any(one.peer for one in chosen) else Path(sys.executable)
    measured: dict[str, list[dict[str, Any]]] = {one.name: [] for one in chosen}
    problems: dict[str, str] = {}
    for number in range(rounds):
        one_round: dict[str, dict[str, Any]] = {}
        for one in chosen if number % 2 == 0 else chosen[::-1]:
            python = peers if one.peer else Path(sys.executable)
            outcome = _measure(one, python, core, folder / "out" / one.name, truth)
            said = outcome.get("problem") or f"{outcome['wall']:8.2f} s {outcome['cpu']:8.2f} CPU s"
            print(f"round {number + 1} {one.name:<18} {said}", file=sys.stderr, flush=True)
            if "problem" in outcome:
                problems[one.name] = f"{one.name}: {outcome['problem']}"
            else:
                one_round[one.name] = outcome
        yardstick = one_round.get(YARDSTICK)
        for name, outcome in one_round.items():
            if yardstick:
                outcome |= {f"x_{what}": round(outcome[what] / yardstick[what], 3) for what in ("wall", "cpu")}
                measured[name].append(outcome)
        results.put_speed(persons, marriages, _pairs_in(truth), {n: _summary(m) for n, m in measured.items() if m})
    return list(problems.values())


def _measure(one: Contestant, python: Path, core: Path, out: Path, truth: Path) -> dict[str, Any]:
    """Run one contestant once; its figures, or its ``problem``."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    command = [str(python), "-m", "benchmarks.checks.worker", one.name, str(core), str(out)]
    surroundings = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    surroundings |= {"POLARS_MAX_THREADS": str(THREADS), "GX_ANALYTICS_ENABLED": "false"}
    try:
        done = subprocess.run(
            command, cwd=PROJECT, env=surroundings, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return {"problem": f"not ready after {PATIENCE} s"}
    if done.returncode:
        return {"problem": f"ended with code {done.returncode}: {reason(done.stderr)}"}
    figures: dict[str, Any] = json.loads((out / "measured.json").read_text(encoding="utf-8"))
    figures |= _compared(out / "pairs.csv", truth, figures.pop("counts"))
    if figures["wrong"]:
        return {"problem": f"{figures['wrong']} delivered keys are not in the reference"}
    return figures


def reason(stderr: str) -> str:
    """The end of what a process said, without what DuckDB's binding adds on the way out."""
    return stderr.split("nanobind: leaked")[0].strip()[-2000:]


def _compared(found: Path, truth: Path, counts: dict[str, int]) -> dict[str, Any]:
    """How many right keys were delivered, how many wrong ones, and whose count differs from the reference."""
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE found AS SELECT DISTINCT rule_id, record_key FROM read_csv("
            f"{literal(found)}, header = false, names = ['rule_id', 'record_key'], all_varchar = true)"
        )
        con.execute(f"CREATE VIEW truth AS FROM read_parquet({literal(truth)})")
        right, wrong = con.execute(
            "SELECT count(*) FILTER (t.rule_id IS NOT NULL), count(*) FILTER (t.rule_id IS NULL) "
            "FROM found f LEFT JOIN truth t USING (rule_id, record_key)"
        ).fetchall()[0]
        expected = dict(con.execute("SELECT rule_id, count(*) FROM truth GROUP BY rule_id").fetchall())
    differ = {
        rule: [counts.get(rule, 0), expected.get(rule, 0)]
        for rule in mix.RULES
        if counts.get(rule, 0) != expected.get(rule, 0)
    }
    return {"keys": right, "wrong": wrong, "counts_differ": differ}


def _pairs_in(truth: Path) -> int:
    with duckdb.connect() as con:
        return int(con.execute(f"SELECT count(*) FROM {literal(truth)}").fetchall()[0][0])


def _summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians of one contestant, and what does not change from round to round."""
    last = rounds[-1]
    figures = ("wall", "cpu", "peak_mb", "import_wall", "x_wall", "x_cpu")
    return {
        "rounds": len(rounds),
        **{name: _median(one[name] for one in rounds) for name in figures},
        "each": {name: [one[name] for one in rounds] for name in ("wall", "cpu", "x_wall", "x_cpu")},
        **{name: last[name] for name in ("keys", "counts_differ", "versions", "python")},
        "date": datetime.now(UTC).date().isoformat(),
    }


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)
