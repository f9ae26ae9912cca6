"""Why an expected rule did not see a planted error: it did not apply, could not decide, or let the record pass.

The run keeps verdicts of failing records only, so the rules concerned are asked once more of the run's own records.
"""

import duckdb

from sosach.checks.catalogue import Catalogue
from sosach.checks.compile import NOT_APPLICABLE, PASS, UNDECIDED
from sosach.checks.contract import open_run
from sosach.checks.fused import VERDICTS_TABLE, FusedPass
from sosach.duck import connect, identifier, literal, write_parquet
from sosach.lake import Run
from sosach.manifest import Manifest
from sosach.settings import Settings

REASONS = ("not_applicable", "undecided", "passed", "elsewhere")
"""``elsewhere``: the rule stands on another register or neighbour, or the record is not in the run's core."""


def explain_missed(
    con: duckdb.DuckDBPyConnection, settings: Settings, run: Run, manifest: Manifest, catalogue: Catalogue, scratch: Run
) -> None:
    """Make ``missed(error_id, code, rule_register, unit, why)`` of the expectations in ``met`` that were not met.

    Where several rules could have seen the error, one that could not decide outweighs one that passed it, and both
    outweigh one that did not apply.
    """
    con.execute("""
    CREATE OR REPLACE TEMP TABLE asked AS
    SELECT DISTINCT e.error_id, e.record_id, x.code, x.rule_register, x.unit, x.rule_id
    FROM met m JOIN expected x USING (error_id, code, rule_register, unit) JOIN error e USING (error_id)
    WHERE NOT m.met AND x.rule_id IS NOT NULL AND x.rule_register = e.register AND e.record_id IS NOT NULL""")
    con.execute("CREATE OR REPLACE TEMP TABLE verdict (record_id VARCHAR, rule_id VARCHAR, code INTEGER)")
    write_parquet(con, "SELECT DISTINCT record_id FROM asked", scratch.table("asked"), "record_id")
    for register, ids in con.execute(
        "SELECT rule_register, list(DISTINCT rule_id ORDER BY rule_id) FROM asked GROUP BY ALL ORDER BY ALL"
    ).fetchall():
        path = scratch.checked(register, "missed")
        with connect(settings) as other:
            open_run(other, settings.expectations, run)
            rules = [catalogue.rule(rule_id) for rule_id in ids]
            broken = FusedPass(other, catalogue.registers[register], rules, manifest.as_of).answer()
            other.execute(f"CREATE TEMP TABLE asked AS FROM read_parquet({literal(scratch.table('asked'))})")
            parts = " UNION ALL ".join(
                f"SELECT record_id, {literal(rule.id)} AS rule_id, {identifier(f'_v{i}')}::INTEGER AS code"
                f" FROM {VERDICTS_TABLE} SEMI JOIN asked USING (record_id)"
                for i, rule in enumerate(rules)
                if rule.id not in broken and rule.aggregate is None
            )
            if parts:
                write_parquet(other, parts, path, "record_id, rule_id")
                con.execute(f"INSERT INTO verdict FROM read_parquet({literal(path)})")
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE missed AS
    SELECT m.error_id, m.code, m.rule_register, m.unit, CASE
        WHEN bool_or(v.code = {UNDECIDED}) THEN 'undecided' WHEN bool_or(v.code = {PASS}) THEN 'passed'
        WHEN bool_or(v.code = {NOT_APPLICABLE}) THEN 'not_applicable' ELSE 'elsewhere' END AS why
    FROM met m LEFT JOIN asked a USING (error_id, code, rule_register, unit)
    LEFT JOIN verdict v ON v.record_id = a.record_id AND v.rule_id = a.rule_id
    WHERE NOT m.met AND NOT m.no_rule GROUP BY ALL""")
