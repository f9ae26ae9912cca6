"""The state database behaves the same on SQLite and PostgreSQL, and its tables are what the models say."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from sosach.errors import SettingsError
from sosach.state import (
    ACCEPTED,
    HELD,
    AccessRecord,
    DeliveryEvent,
    DeliveryRecord,
    Refusal,
    StateStore,
    migrate,
    place_of,
)
from sosach.state.engine import MIGRATIONS, open_engine
from sosach.state.models import Base

DAY = date(2026, 10, 1)
LATER = date(2026, 10, 8)


def _record(state: StateStore, content: str, register: str = "ket_hon", day: date = DAY) -> bool:
    return state.record_delivery(_delivery(content * 64, register, f"{register}/{content}.csv", day))


def _delivery(sha256: str, register: str, file_name: str, day: date = DAY, **more: Any) -> DeliveryRecord:
    return DeliveryRecord(
        sha256=sha256, register=register, file_name=file_name, rows=3, received_on=day, sequence=0, **more
    )


def test_migrations_build_what_the_models_say(state_url: str) -> None:
    migrate(state_url)
    migrate(state_url)
    engine = open_engine(state_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        assert set(sa.inspect(connection).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
        for table in Base.metadata.tables.values():
            model = {c.name for c in table.constraints if isinstance(c, sa.CheckConstraint)}
            assert {c["name"] for c in sa.inspect(connection).get_check_constraints(table.name)} == model
    engine.dispose()


def test_a_column_without_migration_is_seen(state_url: str) -> None:
    migrate(state_url)
    engine = open_engine(state_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE runs DROP COLUMN catalogue")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) != []
    engine.dispose()


def test_migrations_can_be_taken_back(state_url: str) -> None:
    migrate(state_url)
    engine = open_engine(state_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert sa.inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    migrate(state_url)


def test_a_schema_from_the_future_is_refused(state_url: str) -> None:
    migrate(state_url)
    engine = open_engine(state_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(SettingsError, match="newer"), StateStore(state_url):
        pass


def test_a_failed_migration_leaves_nothing_behind(state_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def upgrade_then_die(config: Config, revision: str) -> None:
        real(config, revision)
        raise RuntimeError("killed")

    real = command.upgrade
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", upgrade_then_die)
        with pytest.raises(RuntimeError):
            migrate(state_url)
    engine = open_engine(state_url)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "no database URL"),
        ("mysql://u@h/d", "Only sqlite and postgresql"),
        ("nosuchdb://u@h/d", "Only sqlite and postgresql"),
        ("postgresql://u:geheim@127.0.0.1:1/d", "cannot be used"),
    ],
)
def test_a_wrong_database_url_says_what_to_set(url: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        migrate(url)
    assert "SOSACH_DATABASE_URL" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_delivery_is_recorded_once_and_numbered_within_its_register(state_url: str) -> None:
    with StateStore(state_url) as state:
        assert _record(state, "a")
        assert _record(state, "b", day=LATER)
        assert not _record(state, "a", day=LATER)
        assert _record(state, "c", register="khai_tu")
    with StateStore(state_url) as state:
        assert [(d.register, d.sequence, d.sha256[0]) for d in state.deliveries()] == [
            ("ket_hon", 1, "a"),
            ("ket_hon", 2, "b"),
            ("khai_tu", 1, "c"),
        ]
        assert [d.delivery_id for d in state.deliveries(received_by=DAY)] == ["a" * 16, "c" * 16]
        found = state.delivery("a" * 64)
        assert found is not None
        assert (found.received_on, found.rows, found.file_name) == (DAY, 3, "ket_hon/a.csv")
        assert state.delivery("f" * 64) is None


def test_all_that_is_known_of_a_delivery_comes_back(state_url: str) -> None:
    known = _delivery(
        "a" * 64,
        "ket_hon",
        "ket_hon/16681/a.xlsx",
        extra_columns=("la",),
        renamed_columns=("Số → so",),
        unit="16681",
        period_from=DAY,
        period_to=LATER,
        sender="Tổ tiếp nhận",
        origin={"unit": "path", "period": "note", "sender": "note"},
        declared_rows=3,
        replaces="b" * 64,
        parts=({"name": "T10", "first_row": 1, "line": 4, "rows": 3},),
        notes={"merged_filled": 2},
        columns=({"header": "Số", "name": "so", "field": "so", "how": "renamed", "type": "text"},),
        findings=({"kind": "renamed", "column": "Số", "policy": "accept", "text": "…"},),
    )
    with StateStore(state_url) as state:
        assert state.record_delivery(known)
        assert state.delivery("a" * 64) == replace(known, sequence=1)
        assert state.deliveries() == [replace(known, sequence=1)]


def test_deliveries_of_an_older_schema_are_accepted_ones(state_url: str) -> None:
    engine = open_engine(state_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            sa.text(
                "INSERT INTO deliveries (sha256, delivery_id, register, file_name, rows, received_on, sequence,"
                " extra_columns, renamed_columns) VALUES (:s, :d, 'ket_hon', 'ket_hon/a.csv', 3, :on, 1, '[]', '[]')"
            ).bindparams(s="a" * 64, d="a" * 16, on=DAY.isoformat())
        )
    engine.dispose()
    with StateStore(state_url) as state:
        assert state.deliveries() == [replace(_delivery("a" * 64, "ket_hon", "ket_hon/a.csv"), sequence=1)]


def test_a_held_delivery_has_the_status_of_the_day_asked_for(state_url: str) -> None:
    with StateStore(state_url) as state:
        assert state.record_delivery(_delivery("a" * 64, "ket_hon", "ket_hon/a.csv"), "đổi kiểu cột")
        assert state.record_delivery(_delivery("b" * 64, "ket_hon", "ket_hon/b.csv"))
        state.set_status(DeliveryEvent("a" * 64, ACCEPTED, "đã đối chiếu", "can bo", LATER))
        state.set_status(DeliveryEvent("b" * 64, HELD, "gửi nhầm", "can bo", LATER))
        assert [d.status for d in state.deliveries()] == [ACCEPTED, HELD]
        assert [d.status for d in state.deliveries(received_by=LATER)] == [ACCEPTED, HELD]
        assert [d.status for d in state.deliveries(received_by=DAY)] == [HELD, ACCEPTED], "what was said later"
        assert [(e.status, e.reason, e.on_date) for e in state.delivery_log("a" * 64)] == [
            (HELD, "đổi kiểu cột", DAY),
            (ACCEPTED, "đã đối chiếu", LATER),
        ]
        assert len(state.delivery_log()) == 3
        for event, words in (
            (DeliveryEvent("a" * 64, ACCEPTED, "x", "y", LATER), "already"),
            (DeliveryEvent("c" * 64, HELD, "x", "y", LATER), "unknown"),
            (DeliveryEvent("a" * 64, HELD, " ", "y", LATER), "reason"),
            (DeliveryEvent("a" * 64, HELD, "x", "y", date(2026, 9, 30)), "or a later one"),
        ):
            with pytest.raises(SettingsError, match=words):
                state.set_status(event)
        assert len(state.delivery_log()) == 3


def test_a_delivery_is_found_by_the_first_digits_of_its_hash(state_url: str) -> None:
    with StateStore(state_url) as state:
        for digest in ("a" * 64, "a" * 8 + "b" * 56):
            assert state.record_delivery(_delivery(digest, "ket_hon", f"{digest}.csv"))
        assert state.find_delivery("A" * 9).sha256 == "a" * 64
        for digits in ("a" * 8, "a" * 7, "c" * 8):
            with pytest.raises(SettingsError, match="names"):
                state.find_delivery(digits)


def test_the_log_of_deliveries_only_grows(state_url: str) -> None:
    with StateStore(state_url) as state:
        assert state.record_delivery(_delivery("a" * 64, "ket_hon", "ket_hon/a.csv"), "đổi kiểu cột")
    engine = open_engine(state_url)
    for statement in ("DELETE FROM delivery_log", "UPDATE delivery_log SET actor = 'x'"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.mark.parametrize(
    ("row", "place"),
    [
        (1, "trang tính Tháng 9, dòng 4"),
        (3, "trang tính Tháng 9, dòng 6"),
        (4, "trang tính Tháng 9, dòng 9"),
        (5, "trang tính Tháng 10, dòng 2"),
        (6, "bản ghi thứ 6"),
        (8, "bản ghi thứ 8"),
    ],
)
def test_a_row_is_named_by_sheet_and_line(row: int, place: str) -> None:
    parts = [
        {"name": "Tháng 9", "first_row": 1, "line": 4, "rows": 3},
        {"name": "Tháng 9", "first_row": 4, "line": 9, "rows": 1},
        {"name": "Tháng 10", "first_row": 5, "line": 2, "rows": 1},
        {"name": "", "first_row": 6, "line": 0, "rows": 2},
    ]
    assert place_of(parts, row) == place
    assert place_of([{"name": "", "first_row": 1, "line": 2, "rows": 9}], 3) == "dòng 4"
    assert place_of([], 3) == "bản ghi thứ 3"


def test_refusals_of_a_folder_are_those_of_its_latest_scan(state_url: str) -> None:
    with StateStore(state_url) as state:
        state.replace_refusals("ket_hon", [Refusal("ket_hon", "ket_hon/a", "x"), Refusal("ket_hon", "ket_hon/b", "y")])
        state.replace_refusals("khai_tu", [Refusal("khai_tu", "khai_tu/a", "z", "e" * 64)])
        state.replace_refusals("ket_hon", [Refusal("ket_hon", "ket_hon/b", "still")])
        assert state.refusals() == [
            Refusal("ket_hon", "ket_hon/b", "still"),
            Refusal("khai_tu", "khai_tu/a", "z", "e" * 64),
        ]


def test_a_run_keeps_its_previous_run(state_url: str) -> None:
    with StateStore(state_url) as state:
        assert state.open_run("r1", DAY, "c").previous_run_id is None
        assert state.open_run("r2", DAY, "c").previous_run_id is None, "r1 is not finished"
        state.finish_run("r1")
        assert state.open_run("r3", LATER, "c").previous_run_id == "r1"
        state.finish_run("r3")
        again = state.open_run("r1", DAY, "c")
        assert (again.previous_run_id, again.status, again.sequence) == (None, "finished", 1)
        assert state.open_run("r4", DAY, "c").previous_run_id == "r1", "r3 is about a later day"
        assert state.open_run("r5", LATER, "c").previous_run_id == "r3"
        latest, latest_by_day = state.latest_finished_run(), state.latest_finished_run(as_of=DAY)
        assert (latest and latest.run_id, latest_by_day and latest_by_day.run_id) == ("r3", "r1")
        assert state.run("r9") is None
        with pytest.raises(SettingsError, match="r9"):
            state.finish_run("r9")


def test_the_access_log_only_grows(state_url: str) -> None:
    entry = AccessRecord("r1", "cli", "write_workbook", "16681", "danh sách rà soát", 12, DAY)
    with StateStore(state_url) as state:
        state.log_access([entry, entry])
        assert state.accesses("r1") == [entry, entry]
        assert state.counts() == {"deliveries": 0, "delivery_log": 0, "refused_files": 0, "runs": 0, "access_log": 2}
    engine = open_engine(state_url)
    for statement in ("DELETE FROM access_log", "UPDATE access_log SET n_lines = 0"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
            connection.exec_driver_sql(statement)
    engine.dispose()
    with StateStore(state_url) as state:
        assert state.accesses("r1") == [entry, entry]


def test_writers_at_once_migrate_and_number_without_gaps(state_url: str) -> None:
    together = threading.Barrier(4)

    def migrate_and_record(writer: int) -> None:
        together.wait()
        with StateStore(state_url) as state:
            for i in range(10):
                digest = f"{writer}{i}".ljust(16, "0") + "0" * 48
                assert state.record_delivery(_delivery(digest, "ket_hon", f"{digest}.csv"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate_and_record, range(4)))
    with StateStore(state_url) as state:
        assert [d.sequence for d in state.deliveries()] == list(range(1, 41))


def test_a_sqlite_file_is_made_with_its_folder(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path / 'a % folder' / 'state.db'}")
    assert (tmp_path / "a % folder" / "state.db").is_file()


def test_the_first_finished_run_of_a_period_is_the_one_opened_first(state_url: str) -> None:
    with StateStore(state_url) as store:
        for run_id, day, done in (
            ("a", date(2025, 5, 1), True),
            ("b", date(2025, 6, 20), False),
            ("c", date(2025, 6, 15), True),
            ("d", date(2025, 6, 10), True),
        ):
            store.open_run(run_id, day, "c1")
            if done:
                store.finish_run(run_id)
        assert store.first_finished_run(date(2025, 5, 31), date(2025, 6, 30)) == "c"
        assert store.first_finished_run(date(2025, 7, 1), date(2025, 7, 30)) is None
