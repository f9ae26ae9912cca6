"""How the state database is reached and brought up to date. Holds no table and no query of the application."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from sosach.errors import SettingsError

MIGRATIONS = Path(__file__).parent / "migrations"
# Names one lock for all writers of this application; any constant does that no other application of the server uses.
ADVISORY_LOCK = 0x5053_4143
SQLITE_WAIT_SECONDS = 60


def open_engine(url: str) -> Engine:
    """Make the engine for a SQLite or PostgreSQL URL; the folder of a SQLite file is created.

    Raises:
        SettingsError: the URL is none that SQLAlchemy understands, or names another kind of database.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed, pool_pre_ping=True)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": SQLITE_WAIT_SECONDS})
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def lock_writers(connection: Connection) -> None:
    """Let only one writer in until the transaction ends (SQLite does so by itself, see ``_on_sqlite_begin``)."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")


def migrate(url: str) -> None:
    """Bring the database to the newest schema; nothing happens where it already is.

    Several processes may call it at once: one migrates, the others wait.

    Raises:
        SettingsError: the database cannot be reached, or was migrated by a newer version of this package.
    """
    engine = open_engine(url)
    try:
        upgrade(engine)
    finally:
        engine.dispose()


def upgrade(engine: Engine) -> None:
    """Do what ``migrate`` says on an engine that is already open."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    newest = set(ScriptDirectory.from_config(config).get_heads())
    place = engine.url.render_as_string(hide_password=True)
    try:
        with engine.begin() as connection:
            lock_writers(connection)
            if set(MigrationContext.configure(connection).get_current_heads()) != newest:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise SettingsError(
            f"State database {place} cannot be used: {reason}. Is SOSACH_DATABASE_URL right and the server running?"
        ) from error
    except CommandError as error:
        raise SettingsError(
            f"State database {place} has a schema that this version of sosach does not know. "
            "Install the version that wrote it, or a newer one."
        ) from error


def _parse(url: str) -> URL:
    """The URL with the installed driver where it names none."""
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url)
        backend = parsed.get_backend_name()
    except ArgumentError as error:
        raise SettingsError(
            "SOSACH_DATABASE_URL is no database URL. Write sqlite:///<file> or postgresql://<user>@<host>/<database>."
        ) from error
    if backend not in ("sqlite", "postgresql"):
        raise SettingsError(f"SOSACH_DATABASE_URL names {backend}. Only sqlite and postgresql are supported.")
    return parsed.set(drivername="postgresql+psycopg2") if parsed.drivername == "postgresql" else parsed


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    """Turn off the driver's own transactions (they do not cover DDL) and turn on foreign keys."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


def _on_sqlite_begin(connection: Connection) -> None:
    """Take the write lock at once: two processes then wait for each other instead of failing half-way."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
