"""All DAGs load, are documented and retry; a broken one is caught; parsing imports nothing heavy."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.dags.conftest import DAGS, LoadDags

IDS = {"sosach_ingest", "sosach_check", "sosach_campaign_marriage"}
TAGS = {"sosach", "tiếp nhận", "kiểm tra", "chiến dịch"}
HEAVY = {
    "great_expectations",
    "duckdb",
    "pandas",
    "numpy",
    "matplotlib",
    "pyarrow",
    "openpyxl",
    "xlsxwriter",
    "docx",
    "splink",
}


def test_the_three_dags_are_seen(project_dags: dict[str, Any]) -> None:
    assert set(project_dags["dags"]) == IDS
    assert project_dags["import_errors"] == {}


def test_a_broken_dag_is_caught(load_dags: LoadDags, tmp_path: Path) -> None:
    folder = tmp_path / "dags"
    shutil.copytree(DAGS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "broken.py").write_text(
        "from airflow.sdk import dag\nimport a_module_that_is_not_there\n", encoding="utf-8"
    )
    seen = load_dags(folder)
    assert set(seen["dags"]) == IDS
    assert list(seen["import_errors"]) == ["broken.py"]
    assert "a_module_that_is_not_there" in seen["import_errors"]["broken.py"]


def test_parsing_imports_nothing_heavy(project_dags: dict[str, Any]) -> None:
    imported = set(project_dags["modules"])
    assert "sosach_dags.tasks" in imported  # the list was taken around the parsing
    assert {name.split(".")[0] for name in imported} & HEAVY == set()
    assert "sosach.stages" not in imported


@pytest.mark.parametrize("dag_id", sorted(IDS))
def test_a_dag_tells_what_to_do_when_it_fails(project_dags: dict[str, Any], dag_id: str) -> None:
    dag = project_dags["dags"][dag_id]
    for part in ("Triage", "May be ignored", "Must be acted on", "Where to look", "Whom to call"):
        assert part in dag["doc_md"]
    assert dag["display_name"].startswith("Sổ Sạch")
    assert dag["tags"]
    assert set(dag["tags"]) <= TAGS
    assert not dag["catchup"]


@pytest.mark.parametrize("dag_id", sorted(IDS))
def test_every_task_is_retried_with_growing_pauses(project_dags: dict[str, Any], dag_id: str) -> None:
    tasks = project_dags["dags"][dag_id]["tasks"]
    assert tasks
    for name, task in tasks.items():
        assert task["retries"] >= 1, name
        assert task["exponential"], name
        assert task["retry_policy"] == "ExceptionRetryPolicy", name


def test_the_dags_are_tied_by_assets(project_dags: dict[str, Any]) -> None:
    outlets = {
        dag: [o for task in facts["tasks"].values() for o in task["outlets"]]
        for dag, facts in project_dags["dags"].items()
    }
    assert outlets == {
        "sosach_ingest": ["sosach/run_opened"],
        "sosach_check": ["sosach/issues_updated"],
        "sosach_campaign_marriage": ["sosach/report_published"],
    }


def test_params_ask_only_for_what_is_not_known(project_dags: dict[str, Any]) -> None:
    assert {dag: facts["params"] for dag, facts in project_dags["dags"].items()} == {
        "sosach_ingest": {"as_of": None},
        "sosach_check": {"run_id": None},
        "sosach_campaign_marriage": {"run_id": None},
    }


def test_tasks_follow_the_stages(project_dags: dict[str, Any]) -> None:
    upstream = {name: task["upstream"] for name, task in project_dags["dags"]["sosach_check"]["tasks"].items()}
    assert upstream == {
        "which_run": [],
        "registers": [],
        "normalize_register": ["registers", "which_run"],
        "close_normalize": ["normalize_register", "which_run"],
        "link": ["close_normalize", "which_run"],
        "check_register": ["link", "registers", "which_run"],
        "close_check": ["check_register", "which_run"],
        "issues": ["close_check", "which_run"],
    }
