"""Writing what the pass found about one register to the run's folder.

Holds the columns of the four result tables (``docs/architecture.md``). Joining the registers is in ``join``.
"""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from sosach.checks.compile_shapes import OF_UNIT
from sosach.checks.fused import FOUND_TABLE, GROUPS_TABLE, STANDING_TABLE, UNITS_TABLE, RuleResult
from sosach.checks.rule import VERDICTS, Rule
from sosach.duck import literal, write_parquet
from sosach.lake import Run

TABLES = {
    "violations": "register, rule_id, record_id",
    "evidence": "register, rule_id, record_id",
    "rule_results": "register, suite, rule_id",
    "rule_results_by_unit": "rule_id, unit",
    "figures": "register, rule_id, unit, period",
    "standing": "register, rule_id, record_key",
    "trial_violations": "register, rule_id, record_id",
    "trial_results": "register, suite, rule_id",
}
"""The result tables of a check, with the columns that put their rows in order. What trial rules find stands in their
two tables alone."""

_RULES = "_pass_rules"
_SORTED = "_pass_sorted"
"""All findings in order: sorted and hashed once, written to three files."""

_UPDATED = r'"ngay_cap_nhat":("[^"]*"|null),?'

EVIDENCE_HASH = (
    f"md5(CASE WHEN starts_with(f.record_id, {literal(OF_UNIT)}) THEN f.record_key "
    f"ELSE regexp_replace(f.evidence, {literal(_UPDATED)}, '') END)"
)
"""What tells one issue of a record from the next: the values that broke the rule. The day of the record's last update
is none of them, and a figure of a unit moves from run to run: both stay the same issue."""


def gx_json(run: Run, register: str) -> Path:
    """Where the result of a register's checkpoint stands: JSON without any value of a record."""
    return run.checked(register, "gx").with_suffix(".json")


def write_parts(
    con: duckdb.DuckDBPyConnection,
    run: Run,
    register: str,
    suites: Mapping[str, tuple[Rule, ...]],
    results: Mapping[str, RuleResult],
) -> None:
    """Write the result tables of one register.

    Args:
        con: the connection on which ``FusedPass.run`` and ``standing`` have left their tables.
        run: the run.
        register: the register that was checked.
        suites: its suites.
        results: the result of every rule of the suites.
    """
    _make_rules(con, register, suites, results)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_SORTED} AS SELECT r.register, f.record_key, f.record_id, f.rule_id, "
        f"r.rule_version, r.dimension, r.severity, f.unit, f.mended, {EVIDENCE_HASH} AS evidence_hash, f.evidence, "
        f"f.message, r.trial FROM {FOUND_TABLE} f JOIN {_RULES} r USING (rule_id) ORDER BY f.rule_id, f.record_id"
    )
    verdicts = " ".join(f"WHEN {code} THEN {literal(verdict)}" for code, verdict in enumerate(VERDICTS))
    queries = {
        "violations": f"SELECT * EXCLUDE (evidence, message, trial) FROM {_SORTED} WHERE NOT trial",
        "evidence": f"""
            SELECT register, record_id, rule_id, evidence_hash, evidence, message FROM {_SORTED} WHERE NOT trial""",
        "rule_results": f"SELECT * EXCLUDE (trial) FROM {_RULES} WHERE NOT trial",
        "rule_results_by_unit": f"SELECT u.* FROM {UNITS_TABLE} u JOIN {_RULES} r USING (rule_id) WHERE NOT r.trial",
        "figures": f"""
            SELECT r.register, g.rule_id, g.record_id, g.record_key, g.unit, g.period,
              CASE g.verdict {verdicts} END AS verdict, g.measures
            FROM {GROUPS_TABLE} g JOIN {_RULES} r USING (rule_id) WHERE NOT r.trial""",
        "standing": f"""
            SELECT r.register, s.rule_id, s.record_key, CASE s.verdict {verdicts} END AS verdict
            FROM {STANDING_TABLE} s JOIN {_RULES} r USING (rule_id) WHERE NOT r.trial""",
        "trial_violations": f"SELECT * EXCLUDE (trial) FROM {_SORTED} WHERE trial",
        "trial_results": f"SELECT * EXCLUDE (trial) FROM {_RULES} WHERE trial",
    }
    for name, order in TABLES.items():
        in_order = name in ("violations", "evidence", "trial_violations")
        write_parquet(con, queries[name], run.checked(register, name), None if in_order else order)


def _make_rules(
    con: duckdb.DuckDBPyConnection,
    register: str,
    suites: Mapping[str, tuple[Rule, ...]],
    results: Mapping[str, RuleResult],
) -> None:
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_RULES} (register VARCHAR, suite VARCHAR, rule_id VARCHAR, "
        "rule_version INTEGER, dimension VARCHAR, severity VARCHAR, status VARCHAR, n_records BIGINT, n_pass BIGINT, "
        "n_fail BIGINT, n_undecided BIGINT, n_not_applicable BIGINT, n_mended BIGINT, error VARCHAR, trial BOOLEAN)"
    )
    rows = []
    for suite, rules in suites.items():
        for rule in rules:
            out = results[rule.id]
            numbers = (out.n_records, out.n_pass, out.n_fail, out.n_undecided, out.n_not_applicable, out.n_mended)
            named = (register, suite, rule.id, rule.version, rule.dimension, rule.severity, out.status)
            rows.append("(" + ", ".join(literal(value) for value in (*named, *numbers, out.error, rule.trial)) + ")")
    if rows:
        con.execute(f"INSERT INTO {_RULES} VALUES {', '.join(rows)}")
