"""Our own checks: a Great Expectations checkpoint a register over one fused pass, with the whole ledger written."""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from benchmarks.checks import mix
from benchmarks.checks.data import RUN_ID, settings_of
from sosach.checks.gx import check_register

REGISTERS = (mix.CITIZENS, mix.MARRIAGES)


def run(core: Path, _out: Path) -> Path:
    home = core.parents[2]
    for register in REGISTERS:
        counts = check_register(settings_of(home), RUN_ID, register, mix.AS_OF)
        if counts["engine_errors"]:
            raise RuntimeError(f"{register}: {counts['engine_errors']} rules could not run")
    return core.parent


def pairs(run_folder: Path, _out: Path) -> Iterator[tuple[str, str]]:
    with duckdb.connect() as con:
        files = [str(run_folder / "checks" / register / "violations.parquet") for register in REGISTERS]
        yield from con.execute(f"SELECT rule_id, record_key FROM read_parquet({files})").fetchall()
