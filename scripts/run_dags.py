"""Run the three DAGs in one process, without scheduler, server or network.

``python scripts/run_dags.py --as-of 2025-08-15``; the data come from where ``SOSACH_HOME`` and ``SOSACH_DELIVERIES``
point. A library as well: ``prepare_airflow``, then ``run_dags``. Holds the preparation of an Airflow home and the
running with ``dag.test()``; what a run does is in ``dags/``.
"""

import argparse
import logging
import os
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

PROJECT = Path(__file__).resolve().parents[1]
DAGS = PROJECT / "dags"
INGEST, CHECK, CAMPAIGN = "sosach_ingest", "sosach_check", "sosach_campaign_marriage"

# Airflow's dependencies deprecating each other; "No tasks to run", once a second after a failure.
NOISE = ("py.warnings", "airflow.sdk.definitions.dag")


class DagRunFailedError(Exception):
    """A DAG run did not end in success; names the DAG and its unsuccessful tasks."""


def airflow_environment(airflow_home: Path) -> dict[str, str]:
    """Settings under which Airflow runs this project on one machine, quietly and without reaching outside."""
    return {
        "AIRFLOW_HOME": str(airflow_home.resolve()),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "GX_ANALYTICS_ENABLED": "False",
    }


def prepare_airflow(airflow_home: Path) -> None:
    """Point this process at ``airflow_home`` and make its SQLite database where there is none.

    Call it before anything imports ``airflow``: Airflow reads its settings while it is imported.

    Raises:
        RuntimeError: ``airflow`` is imported already.
    """
    if "airflow" in sys.modules:
        raise RuntimeError("prepare_airflow must run before airflow is imported.")
    airflow_home.mkdir(parents=True, exist_ok=True)
    os.environ |= airflow_environment(airflow_home) | {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow_home.resolve() / 'airflow.db'}",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__LOGGING__NAMESPACE_LEVELS": ",".join(f"{name}=ERROR" for name in NOISE),
    }
    from airflow.utils import db
    from airflow.utils.session import create_session

    for name in NOISE:  # for messages that a library routes past Airflow's settings
        logging.getLogger(name).setLevel(logging.ERROR)
    with create_session() as session:
        db.initdb(session=session)


class Progress:
    """Airflow listener that prints one line a task, with its seconds."""

    def __init__(self) -> None:
        from airflow.listeners import hookimpl

        self.label, self.began = "", 0.0
        # Airflow finds listeners by this mark; set here because airflow may be imported only after prepare_airflow.
        for method in (self.on_task_instance_running, self.on_task_instance_success, self.on_task_instance_failed):
            hookimpl(method.__func__)

    def on_task_instance_running(self, previous_state: object, task_instance: Any) -> None:
        """A task starts: name it on a terminal, so that a long one is seen to be at work."""
        self.label = task_instance.task_id
        if task_instance.map_index >= 0:
            self.label += f" [{task_instance.rendered_map_index}]"
        if sys.stdout.isatty():
            print(f"  {self.label} …", end="", flush=True)
        self.began = time.monotonic()

    def on_task_instance_success(self, previous_state: object, task_instance: Any) -> None:
        """A task ended well."""
        self._ended("")

    def on_task_instance_failed(self, previous_state: object, task_instance: Any, error: object) -> None:
        """A task failed; Airflow's log, printed beside, says why."""
        self._ended("  FAILED")

    def _ended(self, remark: str) -> None:
        start = "\r" if sys.stdout.isatty() else ""
        print(f"{start}  {self.label:<36}{time.monotonic() - self.began:6.1f} s{remark}", flush=True)


def run_dag(dag_id: str, conf: dict[str, str]) -> str:
    """Run one DAG with ``dag.test()`` in the main thread; returns the run's id that its asset event names.

    Raises:
        DagRunFailedError: the DAG run did not succeed.
    """
    from airflow.dag_processing.dagbag import BundleDagBag
    from airflow.models.asset import AssetEvent
    from airflow.sdk.listener import get_listener_manager
    from airflow.utils.session import create_session
    from sqlalchemy import select

    dag = BundleDagBag(dag_folder=DAGS / f"{dag_id}.py", bundle_path=DAGS, bundle_name="dags-folder").dags[dag_id]
    for one in dag.tasks:  # whoever runs this waits for it: say at once what failed
        one.retries = 0
    listener, progress = get_listener_manager(), Progress()
    listener.add_listener(progress)
    print(dag.dag_display_name, flush=True)
    try:
        finished = dag.test(run_conf=conf)
    finally:
        listener.pm.unregister(progress)
    with create_session() as session:
        if finished.state != "success":
            unsuccessful = sorted(
                {
                    f"{t.task_id} ({t.state})"
                    for t in finished.get_task_instances(session=session)
                    if t.state != "success"
                }
            )
            raise DagRunFailedError(f"{dag_id}: {finished.state}; tasks: {', '.join(unsuccessful)}.")
        event = session.scalars(
            select(AssetEvent).where(AssetEvent.source_dag_id == dag_id, AssetEvent.source_run_id == finished.run_id)
        ).one()
        return str(event.extra["run_id"])


def run_dags(as_of: date) -> str:
    """Run ingest, check and the campaign one after the other; the run's id goes on as the asset events tell it.

    Returns:
        The run's id.

    Raises:
        DagRunFailedError: a DAG run did not succeed; the following ones were not started.
    """
    run_id = run_dag(INGEST, {"as_of": as_of.isoformat()})
    run_id = run_dag(CHECK, {"run_id": run_id})
    return run_dag(CAMPAIGN, {"run_id": run_id})


def end_process(exit_code: int) -> NoReturn:
    """End at once: Python's own way out takes Airflow apart so late that DuckDB prints a page about its leftovers."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


def main() -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Run the DAGs in one process.")
    parser.add_argument("--as-of", type=date.fromisoformat, required=True, help="the run's date, e.g. 2025-08-15")
    parser.add_argument(
        "--airflow-home", type=Path, help="keep Airflow's database there; default: a folder thrown away afterwards"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sosach-airflow-") as throw_away:
        prepare_airflow(arguments.airflow_home or Path(throw_away))
        try:
            print(run_dags(arguments.as_of))
        except DagRunFailedError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    end_process(main())
