"""Fixtures of the DAG tests: DAG folders loaded in a process of their own, and one real run of all DAGs."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sosach.settings import PROJECT
from tests.dags import planted

SCRIPTS, DAGS = PROJECT / "scripts", PROJECT / "dags"
AS_OF = "2025-08-15"


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without settings of Airflow or of this project: the machine's own must not reach a test."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "SOSACH_"))}
    return kept | {"PYTHONPATH": str(SCRIPTS)} | more


LoadDags = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An Airflow home for several processes, one after the other: only the first one has to make its database."""
    return tmp_path_factory.mktemp("airflow")


@pytest.fixture(scope="session")
def load_dags(airflow_home: Path) -> LoadDags:
    """Load a folder of DAGs in a process of its own, under more variables; gives what ``load_dags.py`` prints."""

    def load(folder: Path, **more: str) -> dict[str, Any]:
        program = Path(__file__).with_name("load_dags.py")
        done = subprocess.run(
            [sys.executable, str(program), str(folder), str(airflow_home)],
            env=clean_environment(**more),
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return load


@pytest.fixture(scope="session")
def project_dags(load_dags: LoadDags) -> dict[str, Any]:
    """What is seen of the project's DAGs."""
    return load_dags(DAGS)


@dataclass(frozen=True)
class FinishedRun:
    """One run of all DAGs over a small sample with planted and bad deliveries, and everything that it wrote."""

    airflow_home: Path
    home: Path
    output: Path  # stdout and stderr of the run
    exit_code: int

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query on Airflow's metadata database."""
        with sqlite3.connect(self.airflow_home / "airflow.db") as database:
            return database.execute(query).fetchall()

    @property
    def run_id(self) -> str:
        """The only run under the home."""
        (run,) = (self.home / "runs").iterdir()
        return run.name

    @property
    def run_folder(self) -> Path:
        """Folder of the run."""
        return self.home / "runs" / self.run_id


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FinishedRun]:
    """Run the three DAGs as ``scripts/run_dags.py`` does, on a small sample."""
    root = tmp_path_factory.mktemp("dags")
    deliveries = root / "deliveries"
    sample = ["--persons=1000", "--communes=5", "--seed=3", f"--as-of={AS_OF}", "--no-with-bad"]
    subprocess.run(
        [sys.executable, "-m", "synthetic_data", f"--out={deliveries}", f"--truth={root / 'truth'}", *sample],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        timeout=180,
    )
    planted.write_deliveries(deliveries)
    run = FinishedRun(root / "airflow", root / "home", root / "output.txt", -1)
    with run.output.open("wb") as output:
        done = subprocess.run(
            [sys.executable, str(SCRIPTS / "run_dags.py"), "--as-of", AS_OF, "--airflow-home", str(run.airflow_home)],
            env=clean_environment(SOSACH_HOME=str(run.home), SOSACH_DELIVERIES=str(deliveries)),
            cwd=root,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=500,
        )
    yield FinishedRun(run.airflow_home, run.home, run.output, done.returncode)
    shutil.rmtree(root, ignore_errors=True)
