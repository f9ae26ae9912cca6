"""What the tests of SQL sources share: a declared source, its SQLite database, and what lies in inbox and lake."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from sosach.ingest.sql_source import PullCounts, pull
from sosach.ingest.sql_source_model import Source
from sosach.settings import Settings
from sosach.state import PullRecord, PullStore

DAY = date(2025, 8, 15)
SECRET = "mat-khau-987613"
Rows = list[dict[str, str | None]]


def declared(**more: Any) -> Source:
    """A source ``nguon`` into ``so_ho_tich``; ``more`` replaces entries of its file."""
    entries: dict[str, Any] = {
        "id": "nguon",
        "register": "so_ho_tich",
        "connection": "nguon",
        "query": "SELECT * FROM nguon",
        "watermark": {"column": "moc", "type": "integer"},
        "sender": "Sở Tư pháp",
    }
    return Source.model_validate(entries | more)


def in_inbox(settings: Settings, register: str = "so_ho_tich") -> list[Path]:
    """Everything below a register's folder of the inbox, in the order of names."""
    return sorted((settings.deliveries / register).rglob("*"))


def rows_of(path: Path) -> Rows:
    """The rows of one delivered file."""
    found: Rows = pq.read_table(path).to_pylist()
    return found


def pulls(settings: Settings) -> list[PullRecord]:
    """What the state says of the source."""
    with PullStore(settings.state_url) as state:
        return state.pulls("nguon")


def nothing_was_left(settings: Settings) -> bool:
    """No file in the inbox, none put aside, no pull in the state, no draft."""
    lake = settings.home / "lake"
    files = [p for p in (*settings.deliveries.rglob("*"), *lake.rglob("*")) if p.is_file() and p.suffix != ".lock"]
    return not files and not pulls(settings)


class SqliteSource:
    """A SQLite database with one table ``nguon (khoa, moc, chu)``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"
        self.run("CREATE TABLE nguon (khoa INTEGER PRIMARY KEY, moc, chu)")

    def run(self, statement: str, rows: Iterable[tuple[Any, ...]] = ((),)) -> None:
        """Run a statement once for each row of values, and commit."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.executemany(statement, rows)

    def put(self, *rows: tuple[Any, ...]) -> None:
        """Insert or replace rows ``(khoa, moc, chu)``."""
        self.run("INSERT OR REPLACE INTO nguon VALUES (?, ?, ?)", rows)

    def rows(self) -> dict[str, str | None]:
        """The table: key and text."""
        with closing(sqlite3.connect(self.path)) as connection:
            return {str(key): text for key, text in connection.execute("SELECT khoa, chu FROM nguon")}


def taken_together(settings: Settings) -> dict[str | None, str | None]:
    """What all files together say: of a key that came again the latest."""
    return {row["khoa"]: row["chu"] for path in in_inbox(settings) for row in rows_of(path)}


def pulled(settings: Settings, url: str, source: Source | None = None) -> PullCounts:
    """Pull once."""
    return pull(settings, source or declared(), url, DAY)
