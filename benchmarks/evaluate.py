"""Accuracy, time and memory on a whole data set: ``python benchmarks/evaluate.py --size M``.

Makes the data, runs every stage in a process of its own, evaluates, prints seconds and peak memory a step, and writes
the tables into ``docs/evaluation.md`` (``--page``). Holds no measure of accuracy; those are in ``sosach.evaluate``.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sosach import stages
from sosach.evaluate.table import write_between_markers
from sosach.settings import PROJECT

SEED, AS_OF = 7, "2025-08-15"
SIZES = ("S", "M", "L")
PAGE = PROJECT / "docs" / "evaluation.md"


def measured(name: str, command: list[str]) -> tuple[str, float, float, str]:
    """Run a command; returns its name, seconds, peak memory in GB and what it printed.

    Raises:
        SystemExit: it failed; its messages stand on standard error.
    """
    print(f"{name:<10} …", file=sys.stderr, flush=True)
    began = time.monotonic()
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{name} failed with code {process.returncode}")
    took = time.monotonic() - began
    print(f"{name:<10} {took:7.1f} s {usage.ru_maxrss / 1e6:6.2f} GB", file=sys.stderr, flush=True)
    return name, took, usage.ru_maxrss / 1e6, said


def run(size: str, root: Path, through: str) -> tuple[list[tuple[str, float, float]], str]:
    """Make, run and evaluate under ``root``; returns the steps with seconds and GB, and the tables."""
    deliveries, truth, home = root / "deliveries", root / "truth", root / "home"
    python = [sys.executable, "-m"]
    made = ["synthetic_data", "--out", str(deliveries), "--truth", str(truth), "--size", size, "--seed", str(SEED)]
    steps = [measured("make", [*python, *made, "--as-of", AS_OF])]
    cli, at = [*python, "sosach.cli"], ["--home", str(home)]
    taken = measured("ingest", [*cli, "ingest", "--as-of", AS_OF, "--deliveries", str(deliveries), *at])
    run_id = taken[3].split()[-1]
    steps.append(taken)
    for name in stages.PIPELINE:
        steps.append(measured(name, [*cli, name, "--run-id", run_id, *at]))
        if name == through:
            break
    json_file = str(root / "evaluation.json")
    evaluated = measured(
        "evaluate", [*cli, "evaluate", "--run", run_id, "--truth", str(truth), "--json", json_file, *at]
    )
    steps.append(evaluated)
    return [step[:3] for step in steps], evaluated[3]


def page_text(size: str, steps: list[tuple[str, float, float]], tables: str) -> str:
    """What goes between the markers: the size, the steps, the tables."""
    opening = f"Size {size} of `synthetic_data`, seed {SEED}."
    rows = "\n".join(f"| {name} | {seconds:.1f} | {memory:.2f} |" for name, seconds, memory in steps)
    heads = "| step | seconds | peak memory, GB |\n|---|---:|---:|"
    return f"{opening}\n\n{tables}\n## Time and memory\n\nEach step in a process of its own.\n\n{heads}\n{rows}"


def main() -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="S")
    parser.add_argument("--root", type=Path, help="keep data and run here; a temporary folder by default")
    parser.add_argument(
        "--through", choices=list(stages.PIPELINE), default="cleanse", help="last stage before evaluating"
    )
    parser.add_argument(
        "--page", type=Path, nargs="?", const=PAGE, help=f"write the tables here ({PAGE.name} by default)"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sosach-evaluate-") as folder:
        root = given.root or Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        steps, tables = run(given.size, root, given.through)
    text = page_text(given.size, steps, tables)
    if given.page:
        write_between_markers(given.page, text)
    print(text)
    own = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    print(f"{sum(s for _, s, _ in steps):.0f} s in all, at most {own:.2f} GB in one process.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
