"""The three DAGs over a small sample: success, a task a register, assets name the run, a bad delivery stops nothing."""

import json
import re

import pytest

from sosach.registers import load_registers
from sosach.settings import PROJECT
from tests.dags import planted
from tests.dags.conftest import AS_OF, FinishedRun

REGISTERS = sorted(load_registers(PROJECT / "expectations"))
MAPPED = {
    ("sosach_ingest", "ingest_register"),
    ("sosach_check", "normalize_register"),
    ("sosach_check", "check_register"),
}
SINGLE = {
    "sosach_ingest": {"as_of", "registers", "open_run"},
    "sosach_check": {"which_run", "registers", "close_normalize", "link", "close_check", "issues"},
    "sosach_campaign_marriage": {"which_run", "cleanse", "campaign", "publish"},
}


def test_every_dag_run_and_task_succeeded(finished_run: FinishedRun) -> None:
    assert finished_run.exit_code == 0, finished_run.output.read_text(encoding="utf-8")
    assert sorted(finished_run.rows("SELECT dag_id, state FROM dag_run")) == sorted((d, "success") for d in SINGLE)
    assert set(finished_run.rows("SELECT state FROM task_instance")) == {("success",)}


def test_a_mapped_task_runs_once_for_each_register(finished_run: FinishedRun) -> None:
    mapped = finished_run.rows("SELECT dag_id, task_id, rendered_map_index FROM task_instance WHERE map_index >= 0")
    assert sorted(mapped) == sorted((d, t, r) for d, t in MAPPED for r in REGISTERS)
    single = finished_run.rows("SELECT dag_id, task_id FROM task_instance WHERE map_index < 0")
    assert sorted(single) == sorted((d, t) for d, tasks in SINGLE.items() for t in tasks)


def test_assets_say_which_run(finished_run: FinishedRun) -> None:
    events = finished_run.rows("SELECT a.name, e.extra FROM asset_event e JOIN asset a ON a.id = e.asset_id")
    told = {"run_id": finished_run.run_id, "as_of": AS_OF}
    assert {name: json.loads(extra) for name, extra in events} == {
        "sosach/run_opened": told,
        "sosach/issues_updated": told,
        "sosach/report_published": told,
    }


def test_xcom_carries_ids_and_counts_only(finished_run: FinishedRun) -> None:
    rows = finished_run.rows("SELECT task_id, key, value FROM xcom")
    assert {task for task, _, _ in rows} == {task for tasks in SINGLE.values() for task in tasks} | {
        t for _, t in MAPPED
    }
    for task, key, value in rows:
        assert key == "return_value", (task, key)
        assert len(value) < 1000, task
        content = json.loads(value)
        parts = content.values() if isinstance(content, dict) else content if isinstance(content, list) else [content]
        for part in parts:
            assert part is None or isinstance(part, int | str), (task, type(part))
            if isinstance(part, str):
                assert re.fullmatch(r"[a-z0-9_]{1,40}|\d{4}-\d{2}-\d{2}(_[0-9a-f]{8})?", part), task


@pytest.fixture
def ingested(finished_run: FinishedRun) -> dict[str, dict[str, int]]:
    """What ingest_register returned, by register."""
    rows = finished_run.rows("SELECT value FROM xcom WHERE task_id = 'ingest_register' AND key = 'return_value'")
    return {counts["register"]: counts for counts in (json.loads(value) for (value,) in rows)}


def test_a_bad_delivery_stops_no_other(finished_run: FinishedRun, ingested: dict[str, dict[str, int]]) -> None:
    assert {register: counts["refused"] for register, counts in ingested.items()} == {
        r: int(r == "ket_hon") for r in REGISTERS
    }
    # A thousand people may adopt nobody; every other register has a delivery.
    assert {register for register, counts in ingested.items() if not counts["accepted"]} <= {"nuoi_con_nuoi"}
    manifest = json.loads((finished_run.run_folder / "manifest.json").read_text(encoding="utf-8"))
    (refused,) = manifest["refused"]
    assert refused["register"] == "ket_hon"
    assert refused["file_name"].endswith(planted.BAD_FILE)
    assert "ngayDangKy" in refused["reason"]
    accepted = {(d["register"], d["file_name"].rpartition("/")[2]) for d in manifest["deliveries"]}
    assert {("ket_hon", planted.FILE), ("dan_cu", planted.FILE)} <= accepted
    assert len(accepted) == sum(counts["accepted"] for counts in ingested.values())


def test_the_refusal_is_printed_with_file_and_reason(finished_run: FinishedRun) -> None:
    lines = [line for line in finished_run.output.read_text(encoding="utf-8").splitlines() if planted.BAD_FILE in line]
    assert len(lines) == 1
    assert "warning" in lines[0]
    assert "ngayDangKy" in lines[0]


def test_the_run_is_quiet(finished_run: FinishedRun) -> None:
    """A title a DAG, a line a task, the refusal, the run's id: nothing else."""
    output = finished_run.output.read_text(encoding="utf-8").splitlines()
    progress = [line for line in output if re.fullmatch(r"  \w+( \[\w+\])? +\d+\.\d s", line)]
    tasks = finished_run.rows("SELECT count(*) FROM task_instance")[0][0]
    assert len(progress) == tasks
    other = [
        line
        for line in output
        if line not in progress and not line.startswith("Sổ Sạch") and planted.BAD_FILE not in line
    ]
    assert other == [finished_run.run_id]
