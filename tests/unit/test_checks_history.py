"""What rules may read of a run's past: its deliveries and the issues of the run before."""

from datetime import date
from pathlib import Path

import duckdb

from sosach.checks.contract import open_run
from sosach.lake import Lake, write_json
from tests.unit.checks_sample import make_expectations, make_run

ISSUES = "SELECT 'i1' AS issue_id, 'dan_cu' AS register, 'k1' AS record_key, 'T01' AS rule_id, '16690' AS unit, "
ISSUES += "'critical' AS severity, 'reopened' AS state, DATE '2026-01-02' AS first_seen, DATE '2026-06-01' AS last_seen"


def opened(folder: Path, manifest: dict[str, object] | None, with_issues: bool = False) -> dict[str, list[tuple]]:
    settings = make_run(folder, make_expectations(folder), {"dan_cu": [{"_delivery": "g1"}]})
    run = Lake(settings.home).run("r1")
    if manifest is not None:
        write_json(run.manifest, manifest)
    with duckdb.connect() as con:
        if with_issues:
            before = Lake(settings.home).run("r0").table("issues")
            before.parent.mkdir(parents=True)
            con.execute(f"COPY ({ISSUES}) TO '{before}' (FORMAT parquet)")
        open_run(con, settings.expectations, run)
        return {name: con.execute(f"FROM {name}").fetchall() for name in ("deliveries", "previous_issues")}


def test_a_run_knows_its_deliveries_and_the_issues_before_it(tmp_path: Path) -> None:
    delivery = {"delivery_id": "g1", "register": "dan_cu", "received_on": "2026-06-29", "rows": 1}
    assert opened(tmp_path, {"deliveries": [delivery], "previous_run_id": "r0"}, with_issues=True) == {
        "deliveries": [("g1", "dan_cu", date(2026, 6, 29))],
        "previous_issues": [
            ("i1", "dan_cu", "T01", "16690", "critical", "reopened", date(2026, 1, 2), date(2026, 6, 1))
        ],
    }


def test_a_first_run_and_one_whose_predecessor_has_no_issues_have_an_empty_past(tmp_path: Path) -> None:
    nothing = {"deliveries": [], "previous_issues": []}
    assert opened(tmp_path / "a", None) == nothing
    assert opened(tmp_path / "b", {"deliveries": [], "previous_run_id": None}) == nothing
    assert opened(tmp_path / "c", {"deliveries": [], "previous_run_id": "r0"}) == nothing
