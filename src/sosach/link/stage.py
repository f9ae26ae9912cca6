"""The stage ``link``: who is who, what the registers say of each, and who is married, written to the run.

Holds the order of the steps and of the rows of each table. What the tables mean stands in docs/architecture.md.
"""

import duckdb

from sosach.errors import BalanceError
from sosach.lake import Run
from sosach.link.certificates import build_certificates
from sosach.link.coverage import build_coverage
from sosach.link.linkage import link, write_tables
from sosach.link.linkage import write as write_linkage
from sosach.link.mentions import count_namings
from sosach.link.reconcile import reconcile
from sosach.link.status import derive
from sosach.manifest import Manifest

_DIFFERENCES = {
    "differences": "register, record_id, role, other_register, other_record_id, other_role, field",
    "difference_counts": "register, role, field, state, kind",
    "error_rates": "field, register, role, era, shape",
}
_MARITAL = {
    "coverage": "ma_noi_dang_ky, loai_so, nam",
    "marital_events": "person_id, seq",
    "marital_findings": (
        "kind, person_id, register, record_id, other_register, other_record_id, other_person_id, reason"
    ),
    "marital_status": "record_id",
    "certificates": "record_id",
}


def link_run(
    con: duckdb.DuckDBPyConnection, run: Run, manifest: Manifest, before: Run | None, coverage_floor: float
) -> dict[str, int]:
    """Link a run's registers and write what follows from that.

    Args:
        con: a connection with the run's tables (``open_tables``).
        run: where the tables go.
        manifest: of the run.
        before: the run before, whose person ids and parameters are kept; None for the first.
        coverage_floor: share of the closing count from which a year of a book counts as covered, 0 to 1.

    Returns:
        Counts of all steps.

    Raises:
        BalanceError: a mention or a subject has no link, or more than one.
    """
    model, counts = link(con, run_id=run.run_id, before=before)
    if counts["links"] != (named := count_namings(con)):
        raise BalanceError(
            f"Run {run.run_id}: {named} namings of persons, {counts['links']} links. Report this as a bug."
        )
    write_linkage(con, run, model)
    counts |= reconcile(con, manifest.as_of)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE difference_counts AS SELECT register, role, field, state, kind, "
        "sum(n)::BIGINT AS n FROM difference_counts GROUP BY ALL"
    )
    write_tables(con, run, _DIFFERENCES)
    counts |= build_coverage(con, coverage_floor, manifest.as_of.year)
    counts |= derive(con, manifest.as_of)
    counts |= build_certificates(con, manifest.as_of)
    write_tables(con, run, _MARITAL)
    return counts
