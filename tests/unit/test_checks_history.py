"""The past of a run: its deliveries, the issues of the run before, and what a rule found in every run."""

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from sosach.checks.contract import open_run
from sosach.checks.gx import check_register
from sosach.checks.history import history
from sosach.checks.join import join_parts
from sosach.errors import MissingArtefactError
from sosach.lake import Lake, write_json
from tests.unit.checks_sample import entry, make_expectations, make_run

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


def test_results_of_a_rule_are_told_run_by_run(tmp_path):
    rules = [entry(id="T01"), entry(id="T01-B", title="Khác", applies_when="FALSE"), entry(id="T02", title="Nữa")]
    settings = make_run(tmp_path, make_expectations(tmp_path, dan_cu__du=rules), {"dan_cu": [{"ho_ten": None}]})
    first = Lake(settings.home).run("r1")
    manifest = {"previous_run_id": None, "catalogue": "ab", "deliveries": [], "refused": []}
    for run_id, day in (("r1", date(2026, 6, 30)), ("r0", date(2026, 5, 31))):
        run = Lake(settings.home).run(run_id)
        if run_id != "r1":
            shutil.copytree(first.root / "core", run.root / "core")
        write_json(run.manifest, {**manifest, "run_id": run_id, "as_of": day.isoformat()})
        check_register(settings, run_id, "dan_cu", day)
        join_parts(settings, run_id)
    told = [(p.as_of, p.run_id, p.rule_id, p.status, p.n_fail) for p in history(settings, "T01")]
    assert told == [
        (date(2026, 5, 31), "r0", "T01", "ok", 1),
        (date(2026, 5, 31), "r0", "T01-B", "not_applicable", 0),
        (date(2026, 6, 30), "r1", "T01", "ok", 1),
        (date(2026, 6, 30), "r1", "T01-B", "not_applicable", 0),
    ]
    with pytest.raises(MissingArtefactError, match="T09"):
        history(settings, "T09")


def test_what_became_of_earlier_findings_is_told(tmp_path):
    days = {"from": date(2015, 1, 1), "by": "ngay_cap_nhat"}
    rules = [entry(id="T01", era=days, passes_when="ngay_sinh < ngay_cap_nhat")]
    rows = [
        {"record_key": "mended", "ngay_cap_nhat": date(2020, 1, 1), "ngay_sinh": date(1990, 1, 1)},
        {"record_key": "emptied", "ngay_cap_nhat": date(2020, 1, 1)},
        {"record_key": "out", "ngay_cap_nhat": date(2014, 1, 1), "ngay_sinh": date(1990, 1, 1)},
        {"record_key": "still", "ngay_cap_nhat": date(2020, 1, 1), "ngay_sinh": date(2021, 1, 1)},
        {"record_key": "never", "ngay_cap_nhat": date(2020, 1, 1)},
    ]
    settings = make_run(tmp_path, make_expectations(tmp_path, dan_cu__du=rules), {"dan_cu": rows})
    run, before = Lake(settings.home).run("r1"), Lake(settings.home).run("r0")
    write_json(run.manifest, {"previous_run_id": "r0", "deliveries": []})
    before.root.mkdir(parents=True)
    with duckdb.connect() as con:
        keys = "['mended', 'emptied', 'out', 'still', 'gone']"
        found = f"SELECT 'dan_cu' AS register, unnest({keys}) AS record_key, 'T01' AS rule_id, 'open' AS state"
        con.execute(f"COPY ({found}) TO '{before.table('issues')}' (FORMAT parquet)")
        check_register(settings, "r1", "dan_cu", date(2026, 6, 30))
        told = con.execute(f"SELECT record_key, verdict FROM '{run.checked('dan_cu', 'standing')}'").fetchall()
    assert told == [("emptied", "undecided"), ("out", "not_applicable")]


def test_an_update_of_the_record_or_a_moved_figure_is_no_new_issue(tmp_path):
    shape = {"measures": {"so_nguoi": "count(*)"}}
    cases = [{"verdict": "pass", "so_nguoi": 0}, {"verdict": "fail", "so_nguoi": 1}]
    rules = [
        entry(id="T01", evidence=["ho_ten", "ngay_cap_nhat"]),
        entry(
            id="T02",
            aggregate=shape,
            passes_when="so_nguoi = 0",
            evidence=["so_nguoi"],
            message="{so_nguoi}",
            cases=cases,
        ),
        entry(id="T03", passes_when="ngay_sinh IS NOT NULL", evidence=["ho_ten"]),
    ]
    hashes = {}
    for name, rows in {
        "a": [{"ngay_cap_nhat": date(2025, 1, 1)}],
        "b": [{"ngay_cap_nhat": date(2026, 1, 1)}, {"ho_ten": "B"}],
    }.items():
        settings = make_run(tmp_path / name, make_expectations(tmp_path / name, dan_cu__du=rules), {"dan_cu": rows})
        check_register(settings, "r1", "dan_cu", date(2026, 6, 30))
        path = Lake(settings.home).run("r1").checked("dan_cu", "violations")
        with duckdb.connect() as con:
            found = f"SELECT rule_id, record_key, evidence_hash FROM '{path}'"
            hashes[name] = {(rule, key): value for rule, key, value in con.execute(found).fetchall()}
    assert len(hashes["b"]) == 4
    assert {key: hashes["b"][key] for key in hashes["a"]} == hashes["a"]
    assert hashes["b"]["T03", "k1"] != hashes["b"]["T03", "k2"]
