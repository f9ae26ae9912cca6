"""Progress of the marriage campaign: citizens in scope by outcome, for each unit.

Each citizen in scope has exactly one outcome (duplicate before differing, missing, to verify, matching). What was
mended is told by comparing with the baseline run, the first finished run within the campaign's period.
"""

from pathlib import Path

import duckdb

from sosach.campaign.model import Campaign
from sosach.duck import literal
from sosach.errors import BalanceError

OUTCOMES = ("matching", "missing", "differing", "duplicate", "to_verify")

_OUTCOMES = """
CREATE OR REPLACE TEMP TABLE outcomes AS
SELECT m.record_id, m.so_dinh_danh, m.unit, m.class, m.recorded, m.confirmable, m.reason <> 'so_dinh_danh' AS reviewed,
  CASE WHEN d.record_id IS NOT NULL THEN 'duplicate' ELSE m."group" END AS outcome
FROM marital_status m
LEFT JOIN (
  SELECT DISTINCT record_id FROM issues
  WHERE register = 'dan_cu' AND state IN ('new', 'open', 'reopened') AND rule_id IN ($duplicates)) d
  ON d.record_id = m.record_id
WHERE m.in_scope
"""

# Outcomes are compared by number, never by row: a corrected delivery has new rows for the same citizens.
_UNITS = """
CREATE OR REPLACE TEMP TABLE campaign_units AS
WITH was AS (
  SELECT so_dinh_danh, any_value(unit) AS unit, any_value(outcome) AS outcome
  FROM baseline GROUP BY 1 HAVING count(*) = 1),
now AS (
  SELECT o.*, o.outcome = 'matching' AND w.outcome = 'missing' AS is_added,
    o.outcome = 'matching' AND w.outcome IN ('differing', 'to_verify', 'duplicate') AS is_corrected
  FROM outcomes o LEFT JOIN was w ON w.so_dinh_danh = o.so_dinh_danh),
moved AS (
  SELECT w.unit, count(*) AS transferred FROM was w JOIN outcomes o USING (so_dinh_danh)
  WHERE w.outcome <> 'matching' AND o.unit <> w.unit GROUP BY 1),
counted AS (
  SELECT unit, count(*) AS in_scope, count(*) FILTER (reviewed) AS reviewed,
    count(*) FILTER (outcome = 'matching') AS matching,
    count(*) FILTER (outcome = 'missing') AS missing, count(*) FILTER (outcome = 'differing') AS differing,
    count(*) FILTER (outcome = 'duplicate') AS duplicate, count(*) FILTER (outcome = 'to_verify') AS to_verify,
    count(*) FILTER (is_added) AS added, count(*) FILTER (is_corrected) AS corrected,
    count(*) FILTER (confirmable) AS confirmable,
    count(*) FILTER (recorded IS NOT NULL AND recorded <> 'CHUA_XAC_DINH') AS with_status
  FROM now GROUP BY unit),
issued AS (
  SELECT unit, count(*) AS certificates, count(*) FILTER (reason = 'du_can_cu') AS certificates_answerable
  FROM certificates GROUP BY unit),
units AS (
  SELECT code AS unit FROM cl_don_vi WHERE level = 'xa' AND valid_to IS NULL
  UNION SELECT unit FROM outcomes
  UNION SELECT unit FROM was
  UNION SELECT unit FROM issued)
SELECT u.unit, COLUMNS(c.* EXCLUDE (unit))::BIGINT, coalesce(m.transferred, 0)::BIGINT AS transferred,
  i.certificates::BIGINT AS certificates, i.certificates_answerable::BIGINT AS certificates_answerable
FROM units u LEFT JOIN counted c USING (unit) LEFT JOIN moved m USING (unit) LEFT JOIN issued i USING (unit)
"""


def measure(con: duckdb.DuckDBPyConnection, campaign: Campaign, baseline: Path | None) -> dict[str, int]:
    """Create tables ``campaign_units`` (a row a unit) and ``campaign_outcomes`` (a row a citizen in scope, personal).

    Args:
        con: a connection with issues, marital_status, certificates and the code lists.
        campaign: the declaration.
        baseline: ``campaign_outcomes.parquet`` of the baseline run; None when this run is the baseline.

    Returns:
        The province's totals by column of ``campaign_units``.

    Raises:
        BalanceError: a unit's outcomes do not add up to its scope.
    """
    duplicates = ", ".join(literal(rule) for rule in campaign.duplicate_rules) or "''"
    con.execute(_OUTCOMES.replace("$duplicates", duplicates))
    con.execute(
        "CREATE OR REPLACE TEMP VIEW baseline AS FROM "
        + (f"read_parquet({literal(baseline)})" if baseline else "outcomes")
    )
    con.execute(_UNITS)
    columns = ["in_scope", "reviewed", *OUTCOMES, "added", "corrected", "transferred", "confirmable", "with_status"]
    columns += ["certificates", "certificates_answerable"]
    filled = ", ".join(f"coalesce({c}, 0)::BIGINT AS {c}" for c in columns)
    con.execute(f"CREATE OR REPLACE TEMP TABLE campaign_units AS SELECT unit, {filled} FROM campaign_units")
    wrong = con.execute(
        f"SELECT unit FROM campaign_units WHERE {' + '.join(OUTCOMES)} <> in_scope ORDER BY 1"
    ).fetchall()
    if wrong:
        raise BalanceError(
            f"Campaign {campaign.campaign_id}: outcomes do not add up to the scope in units {[u for (u,) in wrong]}."
        )
    row = con.execute("SELECT " + ", ".join(f"sum({c})::BIGINT" for c in columns) + " FROM campaign_units").fetchone()
    assert row is not None
    return dict(zip(columns, (int(v or 0) for v in row), strict=True))
