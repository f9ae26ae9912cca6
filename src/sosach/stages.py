"""The stages of the pipeline: what Airflow tasks, the CLI and the tests call.

Each takes the settings and a run, reads named artefacts, writes named artefacts atomically, leaves a receipt in
``stages/<stage>.json`` and returns its counts (small, no personal value). The work itself is in the packages beside.
"""

from datetime import date

from sosach.duck import connect, write_parquet
from sosach.errors import BalanceError, EngineError
from sosach.lake import Lake, Run, write_json
from sosach.manifest import read_manifest
from sosach.registers import load_registers
from sosach.settings import Settings
from sosach.tables import open_tables

Counts = dict[str, object]
CAMPAIGN = "hon_nhan_90_ngay"


def register_ids(settings: Settings) -> list[str]:
    """Ids of all registers, sorted."""
    return list(load_registers(settings.expectations))


def _receipt(run: Run, stage: str, counts: Counts) -> Counts:
    write_json(run.stage(stage), counts)
    return counts


def pull_source(settings: Settings, source_id: str, url: str, as_of: date) -> Counts:
    """Bring what is new in one SQL source into the inbox; ``url`` is its database and goes into no result."""
    from dataclasses import asdict

    from sosach.ingest.sql_source import pull
    from sosach.ingest.sql_source_model import load_source

    source = load_source(settings.sources, source_id, load_registers(settings.expectations))
    return asdict(pull(settings, source, url, as_of))


def ingest_register(settings: Settings, register: str, as_of: date) -> Counts:
    """Take in the new deliveries of one register; a delivery that cannot be taken in is refused, the others go on."""
    from dataclasses import asdict

    from sosach import ingest

    return {"register": register, **asdict(ingest.ingest_register(settings, register, as_of))}


def open_run(settings: Settings, as_of: date) -> str:
    """Open the run about all deliveries accepted up to ``as_of`` under today's rule catalogue; returns its id."""
    from sosach import ingest
    from sosach.checks.catalogue import load_catalogue

    return ingest.open_run(settings, as_of, load_catalogue(settings.expectations).version)


def ingest(settings: Settings, as_of: date) -> str:
    """Take in all registers and open the run; returns its id."""
    for register in register_ids(settings):
        ingest_register(settings, register, as_of)
    return open_run(settings, as_of)


def normalize_register(settings: Settings, run_id: str, register: str) -> Counts:
    """Turn one register's delivered text into typed records."""
    from dataclasses import asdict

    from sosach import normalize as package

    return {"register": register, **asdict(package.normalize_register(settings, run_id, register))}


def close_normalize(settings: Settings, run_id: str) -> Counts:
    """Prove raw = core + quarantined + superseded for every register."""
    from sosach import normalize as package

    return package.close_normalize(settings, run_id)


def normalize(settings: Settings, run_id: str) -> Counts:
    """Normalise every register and prove the balance."""
    for register in register_ids(settings):
        normalize_register(settings, run_id, register)
    return close_normalize(settings, run_id)


def link(settings: Settings, run_id: str) -> Counts:
    """Join records to persons, compare the registers, derive each adult's marital status with its proof."""
    from sosach.link.stage import link_run

    run, manifest = read_manifest(settings, run_id)
    before = Lake(settings.home).run(manifest.previous_run_id) if manifest.previous_run_id else None
    with connect(settings) as con:
        open_tables(con, settings.expectations, run)
        counts: Counts = dict(link_run(con, run, manifest, before, settings.coverage_floor))
    return _receipt(run, "link", counts)


def check_register(settings: Settings, run_id: str, register: str) -> Counts:
    """Run the Great Expectations suites of one register over one fused pass."""
    from sosach.checks.gx import check_register as run_suites

    _, manifest = read_manifest(settings, run_id)
    return {"register": register, **run_suites(settings, run_id, register, manifest.as_of)}


def close_check(settings: Settings, run_id: str) -> Counts:
    """Join the registers' results, prove that each rule judged every record once, and write the Data Docs.

    Raises:
        EngineError: a rule could not run; everything is written before, and the message names the rules.
    """
    from sosach.checks.data_docs import render_data_docs
    from sosach.checks.join import join_parts

    run, _ = read_manifest(settings, run_id)
    join_parts(settings, run_id)
    render_data_docs(settings, run_id)
    with connect(settings) as con:
        open_tables(con, settings.expectations, run, needed=("violations", "rule_results", "trial_results"))
        row = con.execute(
            "SELECT count(*), count(*) FILTER (NOT mended), count(DISTINCT record_id) FROM violations"
        ).fetchone()
        rules = con.execute(
            "SELECT count(*), count(*) FILTER (status <> 'engine_error'), count(*) FILTER (status = 'undecided'), "
            "count(*) FILTER (status = 'not_applicable'), (SELECT count(*) FROM trial_results) FROM rule_results"
        ).fetchone()
        broken = [
            str(r)
            for (r,) in con.execute(
                "SELECT rule_id FROM (FROM rule_results UNION ALL FROM trial_results) WHERE status = 'engine_error' "
                "ORDER BY 1"
            ).fetchall()
        ]
    assert row is not None
    assert rules is not None
    counts = _receipt(
        run,
        "check",
        {
            "rules": rules[0],
            "rules_run": rules[1],
            "rules_undecided": rules[2],
            "rules_not_applicable": rules[3],
            "trial_rules": rules[4],
            "engine_errors": len(broken),
            "violations": row[0],
            "violations_not_mended": row[1],
            "records_with_violation": row[2],
        },
    )
    if broken:
        raise EngineError(
            f"Run {run_id}: {len(broken)} rules could not run: {', '.join(broken)}. "
            f"The reasons are in the Data Docs ({run.docs}); "
            "the other rules' results are complete."
        )
    return counts


def check(settings: Settings, run_id: str) -> Counts:
    """Check every register and join the results."""
    for register in register_ids(settings):
        check_register(settings, run_id, register)
    return close_check(settings, run_id)


def issues(settings: Settings, run_id: str) -> Counts:
    """Carry the issues of the run before into this one."""
    from sosach.issues.life import build_issues

    run, manifest = read_manifest(settings, run_id)
    before = Lake(settings.home).run(manifest.previous_run_id).table("issues") if manifest.previous_run_id else None
    with connect(settings) as con:
        open_tables(con, settings.expectations, run, needed=("violations", "rule_results", "figures", "standing"))
        keys = " UNION ".join(
            ["SELECT register, record_key FROM figures"]
            + [f"SELECT '{r}' AS register, record_key FROM {r}" for r in register_ids(settings)]
        )
        con.execute(f"CREATE TEMP TABLE record_keys AS {keys}")
        counts: Counts = dict(build_issues(con, before, run_id, manifest.as_of))
        write_parquet(con, "SELECT * EXCLUDE (before) FROM issues", run.table("issues"), "issue_id")
    return _receipt(run, "issues", counts)


def cleanse(settings: Settings, run_id: str) -> Counts:
    """Propose repairs for open issues."""
    from sosach.cleanse.proposals import build_proposals

    run, _ = read_manifest(settings, run_id)
    with connect(settings) as con:
        open_tables(con, settings.expectations, run, needed=("issues", "links", "marital_status"))
        counts: Counts = dict(build_proposals(con))
        orphans = con.execute("SELECT count(*) FROM proposals ANTI JOIN issues USING (issue_id)").fetchone()
        if orphans and orphans[0]:
            raise BalanceError(f"Run {run_id}: {orphans[0]} proposals name no issue. Report this as a bug.")
        write_parquet(con, "FROM proposals", run.table("proposals"), "proposal_id, issue_id")
    return _receipt(run, "cleanse", counts)


def campaign(settings: Settings, run_id: str) -> Counts:
    """Measure the marriage campaign's progress for each unit."""
    from sosach.campaign.model import load_campaign
    from sosach.campaign.progress import measure
    from sosach.state import StateStore

    run, manifest = read_manifest(settings, run_id)
    declared = load_campaign(settings.campaigns, CAMPAIGN)
    with StateStore(settings.state_url) as store:
        first = store.first_finished_run(declared.begins, manifest.as_of)
    baseline = Lake(settings.home).run(first).table("campaign_outcomes") if first and first != run_id else None
    with connect(settings) as con:
        open_tables(con, settings.expectations, run, needed=("issues", "marital_status", "certificates"))
        counts: Counts = dict(measure(con, declared, baseline))
        write_parquet(con, "FROM outcomes", run.table("campaign_outcomes"), "record_id")
        write_parquet(con, "FROM campaign_units", run.table("campaign_units"), "unit")
    return _receipt(run, "campaign", {"campaign": declared.campaign_id, "baseline_run_id": first or run_id, **counts})


def publish(settings: Settings, run_id: str) -> Counts:
    """Write what officers read: site, commune workbooks, official report; then the run is finished."""
    from sosach.campaign.publication import write_publication
    from sosach.state import StateStore

    run, manifest = read_manifest(settings, run_id)
    counts = _receipt(run, "publish", write_publication(settings, run, manifest, CAMPAIGN))
    with StateStore(settings.state_url) as store:
        store.finish_run(run_id)
    return counts


PIPELINE = {
    "normalize": normalize,
    "link": link,
    "check": check,
    "issues": issues,
    "cleanse": cleanse,
    "campaign": campaign,
    "publish": publish,
}
"""The stages after ``ingest``, in order."""


def run_all(settings: Settings, as_of: date) -> str:
    """Run every stage in order; returns the run's id."""
    run_id = ingest(settings, as_of)
    for stage in PIPELINE.values():
        stage(settings, run_id)
    return run_id
