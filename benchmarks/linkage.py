"""How fast linkage is, beside plain Splink, and what a day costs.

``python -m benchmarks.linkage HOME RUN_ID --size M``: HOME and RUN_ID name a run whose registers are normalised; it is
only read. Each way is a process of its own on two threads, in turns:

* *full*: ``linkage.link`` over all registers, with training, and all its tables written;
* *plain Splink*: the same mentions and ``dan_cu`` records, blocking keys (those above ``MAX_SUBJECTS`` left out
  likewise), comparisons with term frequencies and training blocks, by Splink's own Linker from training to scored
  pairs: no sure steps before, no relatives' links, no leftovers, no person ids. ``--share`` takes a share of the
  communes, drawn by the hash of their codes; then *full* is measured on that share too, and the ratio is of these two;
* *day*: ``linkage.link`` over all registers, on from a run over all but the day's records. A day is ``--day`` records
  of the newest delivery of each register, drawn by the hash of their ids; half of them are missing in the run before,
  half stand there with another commune.

Prints a table and writes ``benchmarks/results/linkage.json``. Not a test.
"""

import json
import logging
import multiprocessing
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import duckdb
import typer

from sosach.duck import connect
from sosach.lake import Lake, Run
from sosach.settings import PROJECT, Settings
from sosach.tables import open_tables

if TYPE_CHECKING:
    from sosach.link.config import Comparison

RESULTS = PROJECT / "benchmarks" / "results" / "linkage.json"
MEMORY = "7GB"
Told = dict[str, Any]


def _registers(con: duckdb.DuckDBPyConnection, task: Told) -> None:
    """The registers of the run, or of a share of its communes; without the day where the run before is meant."""
    from sosach.link.prints import REGISTERS

    settings = Settings(home=Path(task["home"]))
    run = Lake(settings.home).run(task["run_id"])
    open_tables(con, settings.expectations, run)
    for register in REGISTERS:
        path = run.core(register)
        if not path.is_file() or (task["share"] == 1 and not task["before"]):
            continue
        records = f"read_parquet('{path}')"
        if task["share"] < 1:
            records = f"(FROM {records} WHERE hash(unit) % 1000 < {round(task['share'] * 1000)})"
        if task["before"]:
            con.execute(f"CREATE TEMP TABLE day_{register} AS {_day(records, task['share_of_day'])}")
            records = (
                f"(SELECT * REPLACE (CASE WHEN record_id IN (SELECT record_id FROM day_{register}) THEN NULL "
                f"ELSE unit END AS unit) FROM {records} "
                f"WHERE record_id NOT IN (SELECT record_id FROM day_{register} WHERE new))"
            )
        con.execute(f"CREATE TEMP VIEW {register} AS FROM {records}")


def _day(records: str, share: float) -> str:
    """SELECT ``record_id, new`` of the day's records: half of them come on that day, half change."""
    return (
        f"SELECT record_id, hash(record_id, 1) % 2 = 0 AS new FROM {records} "
        f"WHERE _delivery = (SELECT arg_max(_delivery, _delivery) FROM {records}) "
        f"AND hash(record_id) % 1000000 < {round(share * 1_000_000)}"
    )


def link(con: duckdb.DuckDBPyConnection, task: Told) -> Told:
    """Link and write what a run keeps, on from ``task['run_before']`` where that is given."""
    from sosach.link import linkage

    out = Run(Path(task["out"]), "2025-08-16_bench" if task["run_before"] else "2025-08-15_bench")
    before = Run(Path(task["run_before"]), "2025-08-15_bench") if task["run_before"] else None
    model, counts = linkage.link(con, run_id=out.run_id, before=before)
    linked = time.monotonic()
    linkage.write(con, out, model)
    named = ("mentions", "subjects", "links", "pairs", "records_changed", "mentions_affected", "records_at_hand")
    return {
        "write_seconds": round(time.monotonic() - linked, 1),
        "incremental": counts["incremental"],
        "persons": counts["persons_after"],
        **{name: counts[name] for name in named if name in counts},
    }


def plain_splink(con: duckdb.DuckDBPyConnection, task: Told) -> Told:
    """The same records, keys and comparisons by Splink's own Linker, from training to scored pairs."""
    from splink import DuckDBAPI, Linker, block_on

    from sosach.link.blocking import MAX_SUBJECTS, RULES
    from sosach.link.comparisons import VIETNAM
    from sosach.link.mentions import collect

    logging.getLogger("splink").setLevel(logging.CRITICAL)
    began = time.monotonic()
    counts = collect(con)
    prepared = time.monotonic()
    blocks = {f"key_{i}": rule.key for i, rule in enumerate(RULES)}
    training = {f"train_{i}": block.key for i, block in enumerate(VIETNAM.training_blocking)}
    certain = {f"certain_{i}": key for i, key in enumerate(VIETNAM.certain)}
    keys = ", ".join(f"{key} AS {name}" for name, key in {**blocks, **training, **certain}.items())
    for name in blocks:
        con.execute(
            f"CREATE TEMP TABLE often_{name} AS SELECT {blocks[name]} AS key FROM subjects WHERE key IS NOT NULL "
            f"GROUP BY 1 HAVING count(*) > {MAX_SUBJECTS}"
        )
    kept = ", ".join(
        f"CASE WHEN {name} NOT IN (SELECT key FROM often_{name}) THEN {name} END AS {name}" for name in blocks
    )
    for table in ("mentions", "subjects"):
        con.execute(
            f"CREATE TEMP TABLE bench_{table} AS "
            f"SELECT * REPLACE ({kept}) FROM (SELECT *, {keys} FROM {table} WHERE name IS NOT NULL)"
        )
        con.execute(f"DROP TABLE {table}")
    settings = {
        "link_type": "link_only",
        "unique_id_column_name": "id",
        "blocking_rules_to_generate_predictions": [block_on(name) for name in blocks],
        "comparisons": [_as_splink(c) for c in VIETNAM.comparisons if c.name != "kin"],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
    }
    db = DuckDBAPI(con)
    linker = Linker([db.register(f"bench_{t}", table_name=f"plain_{t}") for t in ("mentions", "subjects")], settings)
    linker.training.estimate_probability_two_random_records_match(
        [block_on(name) for name in certain], recall=VIETNAM.certain_recall
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1_000_000, seed=1)
    for name in training:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(name))
    trained = time.monotonic()
    pairs = linker.inference.predict(threshold_match_weight=-10)
    row = con.execute(f"SELECT count(*) FROM {pairs.physical_name}").fetchone()
    return {
        **counts,
        "pairs_kept": int(row[0]) if row else 0,
        "prepare_seconds": round(prepared - began, 1),
        "train_seconds": round(trained - prepared, 1),
    }


def _as_splink(comparison: "Comparison") -> Told:
    """A comparison as a Splink user writes it, nothing learnt yet."""
    levels: list[Told] = []
    for level in comparison.levels:
        found: Told = {"sql_condition": level.sql_condition, "label_for_charts": level.words_vi}
        if level.is_null:
            found["is_null_level"] = True
        if level.tf_column:
            found |= {"tf_adjustment_column": level.tf_column, "tf_adjustment_weight": level.tf_weight}
            same = f"{level.tf_column}_l = {level.tf_column}_r"
            found["disable_tf_exact_match_detection"] = level.sql_condition != same
        levels.append(found)
    return {"output_column_name": comparison.name, "comparison_levels": levels}


WAYS = {"full": link, "plain Splink": plain_splink, "day": link, "run before": link}


def _work(name: str, task: Told, answer: Any) -> None:
    settings = Settings(home=Path(task["scratch"]), threads=2, memory_limit=MEMORY)
    began, cpu = time.monotonic(), time.process_time()
    with connect(settings) as con:
        _registers(con, task)
        found = WAYS[name](con, task)
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    answer.put({"seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1), "peak_mb": peak, **found})


def measured(name: str, task: Told) -> Told:
    """Run one way in a new process.

    Raises:
        SystemExit: it failed.
    """
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=_work, args=(name, task, answer))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{name} failed with code {process.exitcode}")
    result: Told = answer.get()
    print(
        f"{name:<14} {result['seconds']:8.1f} s {result['cpu_seconds']:8.1f} CPU s {result['peak_mb']:6d} MB",
        file=sys.stderr,
    )
    return result


def _median(runs: list[Told]) -> Told:
    return runs[0] | {key: statistics.median(r[key] for r in runs) for key in ("seconds", "cpu_seconds", "peak_mb")}


def main(
    home: Annotated[Path, typer.Argument(help="SOSACH_HOME of a run whose registers are normalised.")],
    run_id: Annotated[str, typer.Argument(help="The run.")],
    size: Annotated[str, typer.Option(help="Name of the data set in the results.")],
    rounds: Annotated[int, typer.Option(help="How often each way is measured, in turns.")] = 1,
    share: Annotated[float, typer.Option(help="Share of the communes for plain Splink, and full beside it.")] = 1,
    day: Annotated[int, typer.Option(help="Records of the day; half come, half change.")] = 700,
    splink: Annotated[bool, typer.Option(help="Measure plain Splink too.")] = True,
    folder: Annotated[Path | None, typer.Option(help="Scratch.")] = None,
) -> None:
    """Measure the ways in turns and write the medians."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        task: Told = {
            "home": str(home),
            "run_id": run_id,
            "scratch": made,
            "share": 1,
            "before": False,
            "run_before": "",
        }
        newest = _newest(task)
        task["share_of_day"] = min(day / max(newest, 1), 1)
        measured("run before", task | {"before": True, "out": f"{made}/before"})
        ways: dict[str, tuple[str, Told]] = {
            "full": ("full", task | {"out": f"{made}/full"}),
            "day": ("day", task | {"out": f"{made}/day", "run_before": f"{made}/before"}),
        }
        if splink:
            ways["plain Splink"] = ("plain Splink", task | {"share": share})
        if splink and share < 1:
            ways["full, that share"] = ("full", task | {"share": share, "out": f"{made}/part"})
        found: dict[str, list[Told]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, (way, work) in ways.items():
                found[name].append(measured(way, work))
    medians = {name: _median(runs) for name, runs in found.items()}
    full, beside = medians["full"], medians["full, that share" if share < 1 and splink else "full"]
    ratios = {f"day / full, {key}": round(medians["day"][key] / full[key], 3) for key in ("seconds", "cpu_seconds")}
    if splink:
        plain = medians["plain Splink"]
        ratios |= {f"full / plain Splink, {k}": round(beside[k] / plain[k], 2) for k in ("seconds", "cpu_seconds")}
    machine = {"cores": os.cpu_count(), "python": platform.python_version()} | {
        name: version(name) for name in ("duckdb", "splink")
    }
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    results[size] = {"rounds": rounds, "share": share, **medians, "ratios": ratios, "machine": machine}
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    for name, ratio in ratios.items():
        print(f"{name:<36} {ratio}")


def _newest(task: Told) -> int:
    """Records of the newest delivery of each register."""
    from sosach.link.prints import REGISTERS

    run, total = Lake(Path(task["home"])).run(task["run_id"]), 0
    with duckdb.connect() as con:
        for register in REGISTERS:
            if run.core(register).is_file():
                row = con.execute(
                    f"SELECT arg_max(n, d) FROM (SELECT _delivery AS d, count(*) AS n "
                    f"FROM read_parquet('{run.core(register)}') GROUP BY 1)"
                ).fetchone()
                total += int(row[0] or 0) if row else 0
    return total


if __name__ == "__main__":
    typer.run(main)
