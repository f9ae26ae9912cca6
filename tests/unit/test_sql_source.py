"""SQL sources on SQLite: declarations, what is new, crashes at every step, two pulls at once; nothing lost."""

import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from pydantic import ValidationError
from typer.testing import CliRunner

from sosach.cli import app
from sosach.errors import BalanceError, DeliveryError, SettingsError, SourceUnavailableError
from sosach.ingest import sql_source, sql_source_read
from sosach.ingest.sql_source_model import Watermark, load_source, load_sources
from sosach.ingest.sql_source_query import SourceQuery
from sosach.registers import load_registers
from sosach.settings import PROJECT, Settings
from sosach.state import PullRecord, PullStore
from tests.unit.sql_sample import (
    DAY,
    SECRET,
    SqliteSource,
    declared,
    in_inbox,
    nothing_was_left,
    pulled,
    pulls,
    rows_of,
    taken_together,
)

REGISTERS = load_registers(PROJECT / "expectations")
OVERLAPPING = {"watermark": {"column": "moc", "type": "integer", "overlap": 5}}


@pytest.fixture
def database(tmp_path: Path) -> SqliteSource:
    return SqliteSource(tmp_path / "nguon.db")


class KilledError(BaseException):
    """Stands for a process that ends: nothing in the product catches it."""


# --- declarations ---


def test_the_example_is_a_right_declaration_and_no_source(tmp_path: Path) -> None:
    assert load_sources(PROJECT / "sources", REGISTERS) == {}
    example = yaml.safe_load((PROJECT / "sources" / "_example.yaml").read_text(encoding="utf-8"))
    (tmp_path / f"{example['id']}.yaml").write_text(yaml.safe_dump(example), encoding="utf-8")
    (source,) = load_sources(tmp_path, REGISTERS).values()
    assert source.watermark.step == timedelta(hours=2)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"query": "SELECT 1; SELECT 2"}, "semicolon"),
        ({"query": "DELETE FROM nguon"}, "SELECT"),
        ({"query": "/* SELECT */ -- SELECT\n UPDATE nguon SET chu = 1"}, "SELECT"),
        ({"query": None}, "either query"),
        ({"table": "nguon", "columns": ["moc"]}, "either query"),
        ({"query": None, "table": "nguon"}, "table and columns"),
        ({"query": None, "table": "nguon", "columns": ["khoa"]}, "watermark column"),
        ({"query": None, "table": "nguon", "columns": ["moc", "moc"]}, "twice"),
        ({"password": SECRET}, "Extra inputs"),
        ({"connection": f"postgresql://a:{SECRET}@b/c"}, "pattern"),
        ({"watermark": {"column": "moc", "type": "text"}}, "timestamp"),
        ({"watermark": {"column": "moc", "type": "timestamp", "overlap": 7}}, "duration"),
        ({"watermark": {"column": "moc", "type": "timestamp", "overlap": "two hours"}}, "2 hours"),
        ({"watermark": {"column": "moc", "type": "date", "overlap": "2 hours"}}, "days"),
        ({"watermark": {"column": "moc", "type": "integer", "overlap": "2 hours"}}, "whole number"),
        ({"watermark": {"column": "moc", "type": "integer", "overlap": -1}}, "overlap"),
    ],
)
def test_a_wrong_declaration_is_refused(tmp_path: Path, entries: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError):
        declared(**entries)
    content = declared().model_dump(by_alias=True) | {"columns": []} | entries
    (tmp_path / "nguon.yaml").write_text(yaml.safe_dump(_plain(content)), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"nguon\.yaml") as caught:
        load_sources(tmp_path, REGISTERS)
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)


def _plain(content: dict[str, Any]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in content.items()}


def test_a_declaration_says_which_entry_of_which_file_is_wrong(tmp_path: Path) -> None:
    content = _plain(declared().model_dump(by_alias=True))
    for name, entries, words in (
        ("khac.yaml", {}, "must stand in nguon.yaml"),
        ("nguon.yaml", {"register": "so_do"}, "'so_do' is unknown"),
    ):
        folder = tmp_path / Path(name).stem
        folder.mkdir()
        (folder / name).write_text(yaml.safe_dump(content | entries), encoding="utf-8")
        with pytest.raises(SettingsError, match=words):
            load_sources(folder, REGISTERS)
    (tmp_path / "hong.yaml").write_text(": [", encoding="utf-8")
    with pytest.raises(SettingsError, match="YAML"):
        load_sources(tmp_path, REGISTERS)
    with pytest.raises(SettingsError, match="Declared are: hong"):
        load_source(tmp_path, "khong_co", REGISTERS)


@pytest.mark.parametrize(
    ("kind", "overlap", "reached", "lower"),
    [
        ("integer", 0, "10", "10"),
        ("integer", 3, "10", "7"),
        ("date", "2 days", "2025-03-01", "2025-02-27"),
        ("timestamp", "90 seconds", "2025-01-01", "2024-12-31 23:58:30"),
        ("timestamp", "2 hours", "2025-01-01 01:00:00.5+07", "2024-12-31 23:00:00.500000+07:00"),
        ("date", "4000000 days", "2025-03-01", None),
    ],
)
def test_the_overlap_is_taken_from_the_watermark(kind: str, overlap: int | str, reached: str, lower: str) -> None:
    assert Watermark(column="moc", type=kind, overlap=overlap).lower(reached) == lower


# --- what is new ---


def test_only_what_is_new_comes(settings: Settings, database: SqliteSource) -> None:
    database.put((1, 10, "a"), (2, 20, None), (3, 30, ""))
    assert pulled(settings, database.url).rows == 3
    assert pulled(settings, database.url).files == 0
    database.put((4, 31, "d"), (1, 32, "a2"))
    assert pulled(settings, database.url).rows == 2
    first, second = in_inbox(settings)
    assert rows_of(first) == [
        {"khoa": "1", "moc": "10", "chu": "a"},
        {"khoa": "2", "moc": "20", "chu": None},
        {"khoa": "3", "moc": "30", "chu": ""},
    ]
    assert [row["chu"] for row in rows_of(second)] == ["a2", "d"]
    assert [(p.watermark_from, p.watermark_to, p.rows, p.status, p.pulled_on) for p in pulls(settings)] == [
        (None, "30", 3, "published", DAY),
        ("30", "32", 2, "published", DAY),
    ]
    assert [p.file_name for p in pulls(settings)] == [first.name, second.name]


def test_an_empty_source_changes_nothing(settings: Settings, database: SqliteSource) -> None:
    counts = pulled(settings, database.url)
    assert (counts.rows, counts.files) == (0, 0)
    assert nothing_was_left(settings)


def test_a_late_commit_inside_the_overlap_is_found(settings: Settings, database: SqliteSource) -> None:
    source = declared(**OVERLAPPING)
    database.put((1, 10, "a"), (2, 20, "b"))
    pulled(settings, database.url, source)
    assert pulled(settings, database.url, source).rows == 0, "reading the overlap again brings nothing new"
    database.put((3, 17, "late"))
    assert pulled(settings, database.url, source).rows == 2
    assert pulled(settings, database.url, source).rows == 0
    database.put((3, 18, "late and changed"))  # as many rows as before, and no higher watermark
    assert pulled(settings, database.url, source).rows == 2
    database.put((4, 12, "too late"))
    assert pulled(settings, database.url, source).rows == 0
    assert taken_together(settings) == {"1": "a", "2": "b", "3": "late and changed"}
    assert [p.watermark_to for p in pulls(settings)] == ["20", "20", "20"]


def test_rows_without_watermark_come_with_every_pull_and_are_told(
    settings: Settings, database: SqliteSource, caplog: pytest.LogCaptureFixture
) -> None:
    database.put((1, None, "x"))
    assert pulled(settings, database.url).without_watermark == 1
    assert pulled(settings, database.url).files == 0, "the same row again is nothing new"
    database.put((2, 5, "a"), (3, None, "y"))
    with caplog.at_level(logging.WARNING, "sosach"):
        counts = pulled(settings, database.url)
    assert (counts.rows, counts.without_watermark) == (3, 2)
    assert "2 rows have no moc" in caplog.text
    database.put((3, None, "y2"))
    assert pulled(settings, database.url).rows == 2
    assert taken_together(settings) == {"1": "x", "2": "a", "3": "y2"}


def test_the_watermark_never_goes_back(settings: Settings, database: SqliteSource) -> None:
    source = declared(**OVERLAPPING)
    database.put((1, 10, "a"), (2, 12, "b"))
    pulled(settings, database.url, source)
    database.run("DELETE FROM nguon WHERE khoa = 2")
    pulled(settings, database.url, source)
    assert [p.watermark_to for p in pulls(settings)] == ["12", "12"]


@pytest.mark.parametrize("rows", [1, 6, 7, 8, 14])
def test_chunks_lose_no_row_at_their_borders(
    settings: Settings, database: SqliteSource, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(sql_source_read, "FETCHED_ROWS", 3)
    database.put(*((n, n, f"dòng {n}") for n in range(rows)))
    assert pulled(settings, database.url, declared(chunk_rows=7)).rows == rows
    (file,) = in_inbox(settings)
    assert [row["khoa"] for row in rows_of(file)] == [str(n) for n in range(rows)]
    assert pq.read_metadata(file).num_row_groups == -(-rows // 9), "written whenever three portions make a chunk"


def test_a_row_that_is_lost_on_the_way_stops_the_pull(
    settings: Settings, database: SqliteSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.put(*((n, n, "x") for n in range(5)))
    whole = SourceQuery.cells
    monkeypatch.setattr(SourceQuery, "cells", lambda query: whole(query).limit(4))
    with pytest.raises(BalanceError, match="5 rows were counted, 4 came"):
        pulled(settings, database.url)
    assert nothing_was_left(settings)


def test_long_records_are_fetched_few_at_a_time(
    settings: Settings, database: SqliteSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    whole = sql_source_read._batch
    monkeypatch.setattr(
        sql_source_read, "_batch", lambda rows, *a, **k: batches.append(len(rows)) or whole(rows, *a, **k)
    )
    database.put(*((n, n, "x" * 3_000_000) for n in range(23)))
    pulled(settings, database.url)
    assert sum(batches) == 23
    assert max(batches) * 3_000_000 <= sql_source_read.CHUNK_BYTES


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"\x00\x01", "blob"),
        ("a\0b", "NUL"),
        (float("inf"), "vô cùng"),
        ("x" * 10_000_000, "10000002 byte"),
    ],
    ids=["blob", "NUL", "infinity", "10 MB"],
)
def test_a_cell_that_would_have_to_be_changed_is_refused(
    settings: Settings, database: SqliteSource, value: object, words: str
) -> None:
    database.put((1, 1, "a"), (2, 2, value))
    with pytest.raises(DeliveryError, match=words) as caught:
        pulled(settings, database.url)
    assert "nguồn nguon" in str(caught.value)
    assert nothing_was_left(settings)
    database.put((2, 2, "mended"))
    assert pulled(settings, database.url).rows == 2


def test_text_that_is_no_text_is_refused(settings: Settings, database: SqliteSource) -> None:
    database.run("INSERT INTO nguon VALUES (1, 1, CAST(x'C328' AS TEXT))")
    with pytest.raises(DeliveryError, match="UTF-8"):
        pulled(settings, database.url)
    assert nothing_was_left(settings)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", "7"),
        ("integer", 7.5),
        ("date", "15.08.2025"),
        ("date", "2025-08-15 10:00:00"),
        ("timestamp", "2025-08-15T10:00:00"),
        ("timestamp", "2025-08-15 10:00:00+07:00"),
        ("timestamp", 1755250000),
    ],
)
def test_a_watermark_that_does_not_compare_is_refused(
    settings: Settings, database: SqliteSource, kind: str, value: object
) -> None:
    database.put((1, value, "a"))
    with pytest.raises(DeliveryError, match="moc"):
        pulled(settings, database.url, declared(watermark={"column": "moc", "type": kind}))
    assert nothing_was_left(settings)


def test_times_of_sqlite_are_watermarks(settings: Settings, database: SqliteSource) -> None:
    source = declared(watermark={"column": "moc", "type": "timestamp", "overlap": "1 hours"})
    database.put((1, "2025-08-15 09:00:00.000000", "a"), (2, "2025-08-15 10:30:00.250000", "b"))
    pulled(settings, database.url, source)
    database.put((3, "2025-08-15 09:45:00.000000", "late"), (4, "2025-08-15 11:00:00", "d"))
    assert pulled(settings, database.url, source).rows == 3
    assert in_inbox(settings)[1].name == "nguon_000002_20250815103000250000_20250815110000000000.parquet"
    assert taken_together(settings) == database.rows()


# --- what does not fit ---


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"query": "SELECT * FROM khong_co"}, "no such table"),
        ({"query": "SELECT khoa FROM nguon"}, "watermark column 'moc' is none of its columns"),
        ({"query": None, "table": "nguon", "columns": ["moc", "da_xoa"]}, "da_xoa"),
        ({"query": "SELECT FROM WHERE"}, "syntax error"),
        ({"query": "WITH x AS (SELECT 1) DELETE FROM nguon"}, "query cannot be run"),
    ],
)
def test_a_query_that_does_not_fit_its_database_says_why(
    settings: Settings, database: SqliteSource, entries: dict[str, Any], words: str
) -> None:
    database.put((1, 1, "a"))
    with pytest.raises(SettingsError, match=words) as caught:
        pulled(settings, database.url, declared(**entries))
    assert str(database.path) not in str(caught.value)
    assert nothing_was_left(settings)
    assert len(database.rows()) == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("{folder}/khong_co.db", "no such database file"),
        ("{folder}/van_ban.db", "no SQLite database"),
        (":memory:", "PostgreSQL database or SQLite file"),
    ],
)
def test_a_database_that_is_none_says_what_to_mend(settings: Settings, tmp_path: Path, url: str, words: str) -> None:
    (tmp_path / "van_ban.db").write_text("không phải cơ sở dữ liệu " * 99, encoding="utf-8")
    with pytest.raises(SettingsError, match=words) as caught:
        pulled(settings, "sqlite:///" + url.format(folder=tmp_path))
    assert str(tmp_path) not in str(caught.value)
    assert nothing_was_left(settings)
    assert not (tmp_path / "khong_co.db").exists()


@pytest.mark.parametrize("url", [f"mysql://u:{SECRET}@h/d", f"nosuch://u:{SECRET}@h/d", f"u:{SECRET}@h"])
def test_an_address_of_another_kind_is_refused_without_being_told(settings: Settings, url: str) -> None:
    with pytest.raises(SettingsError, match="PostgreSQL") as caught:
        pulled(settings, url)
    assert SECRET not in str(caught.value)


def test_a_locked_database_is_unavailable(
    settings: Settings, database: SqliteSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    monkeypatch.setattr(sql_source_read, "CONNECT_SECONDS", 0.1)
    with sqlite3.connect(database.path) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SourceUnavailableError, match="locked"):
            pulled(settings, database.url)
    writer.close()
    assert nothing_was_left(settings)


def test_a_changed_meaning_of_the_watermark_needs_a_new_source(settings: Settings, database: SqliteSource) -> None:
    database.put((1, 1, "a"))
    pulled(settings, database.url)
    for change in ({"watermark": {"column": "khoa", "type": "integer"}}, {"register": "ket_hon"}):
        with pytest.raises(SettingsError, match="new id"):
            pulled(settings, database.url, declared(**change))


# --- crashes and two at once ---


def _killed_at(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, after: bool) -> None:
    real = getattr(owner, name)

    def dies(*args: Any, **kwargs: Any) -> Any:
        if after:
            real(*args, **kwargs)
        raise KilledError

    monkeypatch.setattr(owner, name, dies)


STEPS = [
    ("while rows are read", sql_source_read, "_batch", False),
    ("before the file is put aside", sql_source, "_record", True),
    ("before the state knows it", PullStore, "record_pull", False),
    ("after the state knows it", PullStore, "record_pull", True),
    ("while it is copied", sql_source.shutil, "copyfile", False),
    ("before the state says published", PullStore, "settle_pulls", False),
    ("before the copy put aside is removed", PullStore, "settle_pulls", True),
]


@pytest.mark.parametrize(("owner", "name", "after"), [s[1:] for s in STEPS], ids=[s[0] for s in STEPS])
def test_a_crash_at_any_step_leaves_no_hole_and_nothing_twice(
    settings: Settings,
    database: SqliteSource,
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    after: bool,
) -> None:
    database.put((1, 10, "a"))
    pulled(settings, database.url)
    database.put((2, 20, "b"))
    with monkeypatch.context() as patch:
        _killed_at(patch, owner, name, after)
        with pytest.raises(KilledError):
            pulled(settings, database.url)
    valid = len(pulls(settings)) == 2
    made = pulls(settings)[1].sha256 if valid else None
    database.put((3, 30, "c"))  # whatever happened meanwhile
    counts = pulled(settings, database.url)
    assert taken_together(settings) == database.rows()
    assert [row["khoa"] for path in in_inbox(settings) for row in rows_of(path)] == ["1", "2", "3"]
    assert len(in_inbox(settings)) == (3 if valid else 2)
    assert {p.status for p in pulls(settings)} == {"published"}
    assert made in (None, pulls(settings)[1].sha256)
    assert counts.lost == 0
    assert list((settings.home / "lake" / ".pulled" / "nguon").iterdir()) == []
    assert pulled(settings, database.url).files == 0


def test_a_file_that_vanished_before_it_was_taken_in_is_read_again(settings: Settings, database: SqliteSource) -> None:
    database.put((1, 10, "a"))
    pulled(settings, database.url)
    database.put((2, 20, "b"))
    pulled(settings, database.url)
    in_inbox(settings)[0].unlink()
    counts = pulled(settings, database.url)
    assert (counts.rows, counts.lost) == (2, 1)
    assert taken_together(settings) == database.rows()
    assert [p.status for p in pulls(settings)] == ["lost", "published", "published"]
    assert pulled(settings, database.url).files == 0
    for file in in_inbox(settings):
        file.unlink()
    database.run("DELETE FROM nguon")
    assert pulled(settings, database.url).lost == 2
    assert {p.status for p in pulls(settings)} == {"lost"}


def test_two_pulls_at_once_bring_a_row_once(settings: Settings, database: SqliteSource) -> None:
    database.put(*((n, n, "x") for n in range(200)))
    together = threading.Barrier(3)

    def one(_: int) -> int:
        together.wait()
        return pulled(settings, database.url).rows

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(one, range(3))) == [0, 0, 200]
    assert len(in_inbox(settings)) == 1


def test_a_pull_that_another_machine_overtook_is_dropped(
    settings: Settings, database: SqliteSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.put((1, 10, "a"))
    real = sql_source._record

    def overtaken(*args: Any) -> PullRecord:
        record = real(*args)
        with PullStore(settings.state_url) as state:
            state.record_pull(record)
            state.settle_pulls("nguon", [1], "lost")
        return record

    monkeypatch.setattr(sql_source, "_record", overtaken)
    with pytest.raises(SettingsError, match="another pull"):
        pulled(settings, database.url)
    assert in_inbox(settings) == []


LATENESS = 4
STEPS_OF_A_TABLE = st.lists(
    st.lists(
        st.tuples(st.integers(0, 11), st.one_of(st.none(), st.integers(-LATENESS + 1, 3)), st.text("aáb", max_size=2)),
        max_size=4,
    ),
    max_size=int(os.environ.get("SOSACH_TEST_STEPS", "4")),
)


@given(steps=STEPS_OF_A_TABLE)
@profile(
    max_examples=int(os.environ.get("SOSACH_TEST_EXAMPLES", "8")),
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_all_pulls_together_are_the_table(
    tmp_path_factory: pytest.TempPathFactory, steps: list[list[tuple[int, int | None, str]]]
) -> None:
    """Whatever is committed between pulls, if no commit is later than the overlap."""
    root = tmp_path_factory.mktemp("nguon")
    (root / "inbox").mkdir()
    own = Settings(home=root / "home", deliveries=root / "inbox", expectations=PROJECT / "expectations")
    database = SqliteSource(root / "nguon.db")
    source = declared(watermark={"column": "moc", "type": "integer", "overlap": LATENESS}, chunk_rows=2)
    newest = 100
    for commits in steps:
        for key, ahead, text in commits:
            database.put((key, None if ahead is None else newest + ahead, text))
            newest = max(newest, newest + (ahead or 0))
        pulled(own, database.url, source)
        assert taken_together(own) == database.rows()
    assert pulled(own, database.url, source).files == 0


# --- the command ---


def test_the_command_pulls_all_sources_and_one_that_fails_stops_no_other(
    settings: Settings, database: SqliteSource, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    for name in ("hong", "nguon"):
        content = _plain(declared(id=name).model_dump(by_alias=True))
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    database.put((1, 1, "a"))
    monkeypatch.setenv("SOSACH_SOURCES", str(folder))
    monkeypatch.setenv("SOSACH_SOURCE_NGUON_URL", database.url)
    where = ["--as-of", str(DAY), "--home", str(settings.home), "--deliveries", str(settings.deliveries)]
    done = CliRunner().invoke(app, ["pull", *where])
    assert "SOSACH_SOURCE_HONG_URL" in done.output
    assert "nguon: 1 rows into so_ho_tich, 1 files" in done.output
    assert isinstance(done.exception, Exception)
    assert "1 of 2 sources failed: hong" in str(done.exception)
    again = CliRunner().invoke(app, ["pull", "nguon", *where])
    assert again.exit_code == 0
    assert "nguon: 0 rows" in again.output
    unknown = CliRunner().invoke(app, ["pull", "la", *where])
    assert "no source la. Declared are: hong, nguon" in str(unknown.exception)
