"""Great Expectations with its own Expectations on DuckDB, COMPLETE as it comes: at most 20 keys a rule."""

from pathlib import Path

from benchmarks.checks.contestants.gx_core import CUT, State, counts, pairs, validate

__all__ = ["counts", "pairs", "run"]


def run(core: Path, _out: Path) -> State:
    return validate(core, CUT)
