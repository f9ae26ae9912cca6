"""SQL sources in Airflow: tasks only where there are sources, one that fails stops nothing else, no address told."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from sosach.settings import PROJECT
from tests.dags.conftest import AS_OF, DAGS, LoadDags, clean_environment
from tests.dags.search import occurrences

SECRET = "mat-khau-987613"
TASKS = {"as_of", "registers", "ingest_register", "open_run"}
BOOK = "('16681', 'KH', {year}, '01', 5, '{year}-12-31', timestamp '2025-08-01 08:00')"


def declare(folder: Path, **connections: str) -> None:
    """Declare sources of the register ``so_ho_tich``, each by its connection."""
    folder.mkdir(exist_ok=True)
    for name, connection in connections.items():
        content = {
            "id": name,
            "register": "so_ho_tich",
            "connection": connection,
            "query": "SELECT * FROM so_sach_nguon",
            "watermark": {"column": "moc", "type": "timestamp"},
            "sender": "Sở Tư pháp",
        }
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def test_without_sources_there_is_no_task_for_them(project_dags: dict[str, Any]) -> None:
    tasks = project_dags["dags"]["sosach_ingest"]["tasks"]
    assert set(tasks) == TASKS
    assert tasks["registers"]["upstream"] == []


def test_with_sources_files_wait_for_them(load_dags: LoadDags, tmp_path: Path) -> None:
    declare(tmp_path, tot="cua_tot")
    (tmp_path / "_mau.yaml").write_text("no source", encoding="utf-8")
    seen = load_dags(DAGS, SOSACH_SOURCES=str(tmp_path))
    assert seen["import_errors"] == {}
    upstream = {name: task["upstream"] for name, task in seen["dags"]["sosach_ingest"]["tasks"].items()}
    assert upstream == {
        "as_of": [],
        "pull_source": ["as_of"],
        "sources_pulled": ["pull_source"],
        "registers": ["pull_source"],
        "ingest_register": ["as_of", "registers"],
        "open_run": ["as_of", "ingest_register"],
    }


@dataclass(frozen=True)
class Ingested:
    """Two runs of the DAG: with a wrong connection, and with that mended."""

    root: Path
    airflow_home: Path
    role: str
    said: list[str]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query on Airflow's metadata database."""
        with sqlite3.connect(self.airflow_home / "airflow.db") as database:
            return database.execute(query).fetchall()

    def states(self, run: int) -> dict[str, str]:
        """State of each task, mapped ones by their label, of the first or second run."""
        run_ids = [r for (r,) in self.rows("SELECT run_id FROM dag_run ORDER BY id")]
        found = self.rows(
            f"SELECT task_id, rendered_map_index, state FROM task_instance WHERE run_id = '{run_ids[run]}'"
        )
        return {f"{task} {label}" if label else task: state for task, label, state in found}


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory, airflow_home: Path, postgres_url: str) -> Iterator[Ingested]:
    """A file, a source on PostgreSQL, and a source whose connection is wrong; only one register, to be quick."""
    root = tmp_path_factory.mktemp("nguon")
    schema = role = f"khach_{uuid.uuid4().hex}"
    server = make_url(postgres_url).set(drivername="postgresql+psycopg2")
    engine = create_engine(server)
    columns = "ma_noi_dang_ky text, loai_so text, nam_mo_so int, quyen_so text, so_truong_hop int, ngay_khoa_so date"
    with engine.begin() as connection:
        for statement in (
            f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'",
            f"CREATE SCHEMA {schema} AUTHORIZATION {role}",
            f"CREATE TABLE {schema}.so_sach_nguon ({columns}, moc timestamp)",
            f"INSERT INTO {schema}.so_sach_nguon VALUES {BOOK.format(year=2019)}, {BOOK.format(year=2020)}",
            f"GRANT SELECT ON {schema}.so_sach_nguon TO {role}",
        ):
            connection.exec_driver_sql(statement)
    declare(root / "sources", tot="cua_tot", hong="cua_hong")
    expectations = root / "expectations"
    for part in ("code_lists", "so_ho_tich"):
        shutil.copytree(PROJECT / "expectations" / part, expectations / part)
    shutil.copy(PROJECT / "expectations" / "words.yaml", expectations)
    inbox = root / "inbox" / "so_ho_tich"
    inbox.mkdir(parents=True)
    header = "ma_noi_dang_ky,loai_so,nam_mo_so,quyen_so,so_dau,so_cuoi,so_truong_hop,ngay_khoa_so"
    (inbox / "tep.csv").write_text(f"{header}\n16681,KH,2018,01,,,5,2018-12-31\n", encoding="utf-8")
    given = {
        "conn_type": "postgres",
        "login": role,
        "password": SECRET,
        "host": server.query.get("host") or server.host,
        "port": server.port,
        "schema": server.database,
        "extra": {"cursor": "dictcursor"},
    }
    environment = clean_environment(
        SOSACH_HOME=str(root / "home"),
        SOSACH_DELIVERIES=str(root / "inbox"),
        SOSACH_SOURCES=str(root / "sources"),
        SOSACH_EXPECTATIONS=str(expectations),
        AIRFLOW_CONN_CUA_TOT=json.dumps(given),
        AIRFLOW_CONN_CUA_HONG=json.dumps(given | {"host": "127.0.0.1", "port": 1}),
    )
    with (root / "output.txt").open("wb") as output:
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("run_ingest.py")), str(airflow_home), AS_OF],
            env=environment,
            cwd=root,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=300,
        )
    said = (root / "output.txt").read_text(encoding="utf-8").splitlines()
    assert done.returncode == 0, "\n".join(said)
    yield Ingested(root, airflow_home, role, said)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {role} CASCADE")
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        connection.exec_driver_sql(f"DROP ROLE {role}")
    engine.dispose()
    shutil.rmtree(root, ignore_errors=True)


def test_a_source_that_fails_fails_loudly_and_stops_nothing_else(ingested: Ingested) -> None:
    assert ingested.states(0) == {
        "as_of": "success",
        "pull_source tot": "success",
        "pull_source hong": "failed",
        "sources_pulled": "upstream_failed",
        "registers": "success",
        "ingest_register so_ho_tich": "success",
        "open_run": "success",
    }
    assert [state for (state,) in ingested.rows("SELECT state FROM dag_run ORDER BY id")] == ["failed", "success"]
    assert any(line.startswith("failed sosach_ingest") and "pull_source (failed)" in line for line in ingested.said)
    assert any("SourceUnavailableError" in line for line in ingested.said)
    assert any("nothing listens at its address" in line for line in ingested.said)


def test_a_mended_connection_brings_what_was_missing(ingested: Ingested) -> None:
    assert set(ingested.states(1).values()) == {"success"}
    files = sorted((ingested.root / "inbox" / "so_ho_tich").glob("*.parquet"))
    assert [(re.sub("_.*", "", file.name), pq.read_metadata(file).num_rows) for file in files] == [
        ("hong", 2),
        ("tot", 2),
    ]
    runs = sorted((ingested.root / "home" / "runs").iterdir())
    delivered = [len(json.loads((run / "manifest.json").read_text(encoding="utf-8"))["deliveries"]) for run in runs]
    assert sorted(delivered) == [2, 3]
    assert len(ingested.rows("SELECT * FROM asset_event")) == 2


def test_a_pull_hands_on_counts_only(ingested: Ingested) -> None:
    rows = ingested.rows("SELECT value FROM xcom WHERE task_id = 'pull_source' AND key = 'return_value'")
    found = sorted((json.loads(value) for (value,) in rows), key=lambda counts: (counts["source"], -counts["rows"]))
    assert [(c["source"], c["register"], c["rows"], c["files"]) for c in found] == [
        ("hong", "so_ho_tich", 2, 1),
        ("tot", "so_ho_tich", 2, 1),
        ("tot", "so_ho_tich", 0, 0),
    ]


def test_neither_address_nor_password_is_told(ingested: Ingested) -> None:
    places = [ingested.airflow_home, ingested.root / "output.txt", ingested.root / "home" / "state.db"]
    hits, read = occurrences(places, [SECRET, ingested.role])
    assert hits == []
    assert read >= 3
    assert ingested.rows("SELECT count(*) FROM rendered_task_instance_fields")[0][0] > 0
