"""Carries issues from one run to the next and proves that none was lost.

An issue is a register, a record key, a rule and a hash of the values that broke it. Officers' decisions are not here.
"""

from datetime import date
from pathlib import Path

import duckdb

from sosach.duck import literal
from sosach.errors import BalanceError

TERMS = ("open_before", "new", "reopened", "closed", "open_after")
_OPEN = "('new', 'open', 'reopened')"

_COLUMNS = (
    "issue_id VARCHAR, register VARCHAR, record_key VARCHAR, record_id VARCHAR, "
    "rule_id VARCHAR, evidence_hash VARCHAR, unit VARCHAR, "
    "dimension VARCHAR, severity VARCHAR, state VARCHAR, reason VARCHAR, "
    "first_run VARCHAR, first_seen DATE, last_run VARCHAR, last_seen DATE"
)

# What a normaliser mended opens no issue; two rows with the same key and the same wrong values are one issue.
_FOUND = """
CREATE OR REPLACE TEMP TABLE found AS
SELECT left(md5(concat_ws('|', register, record_key, rule_id, evidence_hash)), 16) AS issue_id,
  register, record_key, min(record_id) AS record_id, rule_id, evidence_hash,
  arg_min(unit, record_id) AS unit, any_value(dimension) AS dimension, any_value(severity) AS severity
FROM violations WHERE NOT mended GROUP BY register, record_key, rule_id, evidence_hash
"""

_ISSUES = f"""
CREATE OR REPLACE TEMP TABLE issues AS
WITH runnable AS (
  SELECT rule_id, bool_and(status IN ('ok', 'not_applicable')) AS ok, bool_or(status = 'undecided') AS undecided
  FROM rule_results GROUP BY 1),
still AS (SELECT DISTINCT register, record_key, rule_id FROM found),
carried AS (
  SELECT coalesce(f.issue_id, p.issue_id) AS issue_id, coalesce(f.register, p.register) AS register,
    coalesce(f.record_key, p.record_key) AS record_key, coalesce(f.record_id, p.record_id) AS record_id,
    coalesce(f.rule_id, p.rule_id) AS rule_id, coalesce(f.evidence_hash, p.evidence_hash) AS evidence_hash,
    coalesce(f.unit, p.unit) AS unit, coalesce(f.dimension, p.dimension) AS dimension,
    coalesce(f.severity, p.severity) AS severity,
    f.issue_id IS NOT NULL AS is_found, p.state AS before, p.reason AS reason_before,
    p.first_run, p.first_seen, p.last_run, p.last_seen
  FROM found f FULL JOIN previous p ON p.issue_id = f.issue_id),
judged AS (
  SELECT c.*,
    CASE
      WHEN is_found AND before IS NULL THEN 'new'
      WHEN is_found AND before IN {_OPEN} THEN 'open'
      WHEN is_found THEN 'reopened'
      WHEN before NOT IN {_OPEN} THEN before
      WHEN r.ok IS FALSE THEN 'open'
      WHEN r.ok IS NULL THEN 'vanished'
      WHEN k.record_key IS NULL THEN 'vanished'
      WHEN s.record_key IS NOT NULL THEN 'vanished'
      WHEN t.verdict = 'undecided' THEN 'open'
      WHEN t.verdict = 'not_applicable' THEN 'vanished'
      ELSE 'fixed_at_source' END AS state,
    CASE
      WHEN is_found THEN NULL
      WHEN before NOT IN {_OPEN} THEN reason_before
      WHEN r.undecided AND r.ok IS FALSE THEN 'rule_undecided'
      WHEN r.ok IS FALSE THEN 'rule_not_run'
      WHEN r.ok IS NULL THEN 'rule_retired'
      WHEN k.record_key IS NULL THEN 'record_gone'
      WHEN s.record_key IS NOT NULL THEN 'values_changed'
      WHEN t.verdict = 'undecided' THEN 'record_undecided'
      WHEN t.verdict = 'not_applicable' THEN 'no_longer_applicable' END AS reason
  FROM carried c
  LEFT JOIN runnable r ON r.rule_id = c.rule_id
  LEFT JOIN record_keys k ON k.register = c.register AND k.record_key = c.record_key
  LEFT JOIN standing t ON t.register = c.register AND t.record_key = c.record_key AND t.rule_id = c.rule_id
  LEFT JOIN still s ON s.register = c.register AND s.record_key = c.record_key AND s.rule_id = c.rule_id)
SELECT issue_id, register, record_key, record_id, rule_id, evidence_hash, unit, dimension, severity, state, reason,
  coalesce(first_run, $run) AS first_run, coalesce(first_seen, $as_of) AS first_seen,
  CASE WHEN is_found THEN $run ELSE last_run END AS last_run,
  CASE WHEN is_found THEN $as_of ELSE last_seen END AS last_seen, before
FROM judged
"""


def build_issues(con: duckdb.DuckDBPyConnection, previous: Path | None, run_id: str, as_of: date) -> dict[str, int]:
    """Create table ``issues`` from ``violations``, ``rule_results``, ``record_keys`` and the previous run's issues.

    An open issue whose rule could not run stays open (reason ``rule_not_run``), and so does one whose rule could decide
    nothing because a value is absent everywhere (``rule_undecided``) or about this record (``record_undecided``):
    silence of a rule is no repair. Where the rule no longer applies to the record, the issue vanishes; it is not called
    fixed.

    Args:
        con: a connection with tables violations, rule_results, standing (register, rule_id, record_key, verdict of
            earlier findings that are undecided or not applicable now) and record_keys (register, record_key of every
            core record).
        previous: ``issues.parquet`` of the previous run, None for the first run.
        run_id: this run.
        as_of: this run's date.

    Returns:
        The balance: open_before, new, reopened, closed, open_after; under ``settle_…`` the same of what officers have
        to settle, that is, without information findings.

    Raises:
        BalanceError: open_before + new + reopened - closed differs from open_after.
    """
    source = f"FROM read_parquet({literal(previous)})" if previous else "FROM nothing"
    con.execute(f"CREATE OR REPLACE TEMP TABLE nothing ({_COLUMNS})")
    con.execute(f"CREATE OR REPLACE TEMP TABLE previous AS {source}")
    con.execute(_FOUND)
    con.execute(_ISSUES.replace("$run", literal(run_id)).replace("$as_of", f"DATE '{as_of.isoformat()}'"))
    settled_by_officers = "(FROM issues WHERE severity <> 'info')"
    balance = {
        **_balance(con, "previous", "issues", ""),
        **_balance(
            con, f"(FROM previous SEMI JOIN {settled_by_officers} USING (issue_id))", settled_by_officers, "settle_"
        ),
    }
    for prefix in ("", "settle_"):
        open_before, new, reopened, closed, open_after = (balance[prefix + term] for term in TERMS)
        if open_before + new + reopened - closed != open_after:
            raise BalanceError(
                f"Run {run_id}: issues do not balance: {balance}. Nothing was written; report this as a bug."
            )
    return balance


def _balance(con: duckdb.DuckDBPyConnection, previous: str, issues: str, prefix: str) -> dict[str, int]:
    """Terms of the balance; what was open before is counted in the previous run, so that a lost issue shows."""
    row = con.execute(f"""
      SELECT (SELECT count(*) FROM {previous} WHERE state IN {_OPEN}),
        count(*) FILTER (before IS NULL), count(*) FILTER (state = 'reopened' AND before NOT IN {_OPEN}),
        count(*) FILTER (before IN {_OPEN} AND state NOT IN {_OPEN}), count(*) FILTER (state IN {_OPEN})
      FROM {issues}""").fetchone()
    assert row is not None
    return {prefix + term: int(value) for term, value in zip(TERMS, row, strict=True)}
