"""Joining what was found register by register into the run's result tables, and the balance of every rule.

Holds no checking: a register whose part is missing has to be checked first.
"""

from pathlib import Path

import duckdb

from sosach.checks.parts import TABLES
from sosach.duck import connect, literal, write_parquet
from sosach.errors import BalanceError, MissingArtefactError
from sosach.lake import Lake, Run
from sosach.registers import load_registers
from sosach.settings import Settings

_UNBALANCED = """
SELECT rule_id FROM rule_results
WHERE status <> 'engine_error' AND n_pass + n_fail + n_undecided + n_not_applicable <> n_records
UNION
SELECT r.rule_id FROM rule_results r LEFT JOIN (
  SELECT rule_id, sum(n_pass) AS p, sum(n_fail) AS f, sum(n_undecided) AS u, sum(n_not_applicable) AS a
  FROM rule_results_by_unit GROUP BY rule_id) s USING (rule_id)
WHERE r.status <> 'engine_error' AND (coalesce(p, 0), coalesce(f, 0), coalesce(u, 0), coalesce(a, 0))
  <> (r.n_pass, r.n_fail, r.n_undecided, r.n_not_applicable)
UNION
SELECT r.rule_id FROM rule_results r
LEFT JOIN (
  SELECT rule_id, count(*) AS n, count(*) FILTER (mended) AS m FROM violations GROUP BY rule_id) v USING (rule_id)
WHERE coalesce(v.n, 0) <> r.n_fail OR coalesce(v.m, 0) <> r.n_mended
UNION
SELECT r.rule_id FROM trial_results r
LEFT JOIN (SELECT rule_id, count(*) AS n FROM trial_violations GROUP BY rule_id) v USING (rule_id)
WHERE coalesce(v.n, 0) <> r.n_fail
UNION
SELECT v.rule_id FROM violations v
FULL JOIN evidence e ON v.register = e.register AND v.record_id = e.record_id AND v.rule_id = e.rule_id
WHERE v.rule_id IS NULL OR e.rule_id IS NULL
ORDER BY ALL
"""
"""Rules whose verdicts do not add up to the records, whose units do not add up to the whole, or whose list of
violations has another length than its count."""


def join_parts(settings: Settings, run_id: str) -> dict[str, int]:
    """Write the run's result tables (``parts.TABLES``).

    Args:
        settings: the installation.
        run_id: the run.

    Returns:
        Counts: ``registers, rules, engine_errors, violations, mended``; without trial rules.

    Raises:
        MissingArtefactError: a register that has records has not been checked.
        BalanceError: pass + fail + undecided + not applicable differs from the records for a rule that ran, in all or
            in a unit, or there are more or fewer violations than failures. Nothing is written then.
    """
    run = Lake(settings.home).run(run_id)
    checked = _checked_registers(settings, run)
    with connect(settings) as con:
        for name in TABLES:
            files = ", ".join(literal(run.checked(register, name)) for register in checked)
            con.execute(f"CREATE VIEW {name} AS FROM read_parquet([{files}])")
        if unbalanced := [str(row[0]) for row in con.execute(_UNBALANCED).fetchall()]:
            raise BalanceError(
                f"{run.root / 'checks'}: verdicts, units and violations do not add up for {', '.join(unbalanced)}. "
                "Check the register again; if it stays, the pass is at fault."
            )
        for name, order in TABLES.items():
            write_parquet(con, f"FROM {name}", run.table(name), order)
        return {"registers": len(checked), **_counts(con)}


def _checked_registers(settings: Settings, run: Run) -> list[str]:
    registers = list(load_registers(settings.expectations))
    checked = [register for register in registers if all(_parts_there(run, register))]
    unchecked = [register for register in registers if register not in checked and run.core(register).is_file()]
    if unchecked or not checked:
        raise MissingArtefactError(
            f"{run.root / 'checks'}: no result of {', '.join(unchecked or registers)}. Check these registers first."
        )
    return checked


def _parts_there(run: Run, register: str) -> list[bool]:
    paths: list[Path] = [run.checked(register, name) for name in TABLES]
    return [path.is_file() for path in paths]


def _counts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    row = con.execute(
        "SELECT count(*), count(*) FILTER (status = 'engine_error'), coalesce(sum(n_fail), 0), "
        "coalesce(sum(n_mended), 0) "
        "FROM rule_results"
    ).fetchone()
    names = ("rules", "engine_errors", "violations", "mended")
    return dict(zip(names, (int(n) for n in row or (0, 0, 0, 0)), strict=True))
