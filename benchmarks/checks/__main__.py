"""``python -m benchmarks.checks``: see ``docs/benchmarks.md``. Holds the command line only."""

import argparse
import sys
from pathlib import Path

from benchmarks.checks import catalogue, speed
from benchmarks.checks.results import FILE, PAGE, Results
from sosach.settings import PROJECT


def main() -> int:
    """Run one of the two benchmarks; the exit code is 1 when somebody failed."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--rounds", type=int, default=5)
    common.add_argument("--folder", type=Path, default=PROJECT / "var" / "benchmarks", help="scratch, may be kept")
    common.add_argument("--results", type=Path, default=FILE, help="the figures")
    common.add_argument("--page", type=Path, default=PAGE, help="the page with the tables")
    parser = argparse.ArgumentParser(prog="python -m benchmarks.checks", parents=[common], description=__doc__)
    parser.add_argument("--persons", type=int, default=1_000_000)
    parser.add_argument("--marriages", type=int, help="3 for 10 persons by default")
    parser.add_argument("--only", nargs="+", choices=speed.NAMES, default=[], help="these, beside the yardstick")
    parts = parser.add_subparsers(dest="part")
    second = parts.add_parser("catalogue", parents=[common], help="the real catalogue on no record and on runs")
    second.add_argument("--runs", type=Path, nargs="*", default=[], help="folders runs/<run_id> of finished runs")
    given = parser.parse_args()
    results = Results(
        given.results,
        given.page,
        {one.name: one.title for one in speed.CONTESTANTS},
        {one.name: one.writes for one in speed.CONTESTANTS},
    )
    folder = given.folder.resolve()
    if given.part == "catalogue":
        problems = catalogue.run(folder, given.runs, given.rounds, results)
    else:
        marriages = given.marriages if given.marriages is not None else given.persons * 3 // 10
        problems = speed.run(folder, given.persons, marriages, given.rounds, given.only, results)
    print("\n".join([*problems, f"{given.results} and {given.page} are written."]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
