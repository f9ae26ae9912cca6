"""From an Airflow connection to the address of a source's database; called inside a task, its result stays there.

Holds no reading of a database: that is ``sosach.ingest.sql_source``. Imported by the task itself, when it runs.
"""

from typing import TYPE_CHECKING

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from sqlalchemy.engine import URL

from sosach.errors import SettingsError
from sosach.ingest.sql_source_model import load_source
from sosach.registers import load_registers

if TYPE_CHECKING:
    from sosach.settings import Settings

# Entries of a connection's extra that are libpq's own; others are meant for Airflow's hooks.
PASSED_ON = ("sslmode", "sslrootcert", "sslcert", "sslkey", "options")


def source_url(settings: "Settings", source_id: str) -> str:
    """The SQLAlchemy URL of a declared source, from the Airflow connection that it names.

    Raises:
        SettingsError: the source is not declared, there is no such connection, or it is neither postgres nor sqlite.
    """
    name = load_source(settings.sources, source_id, load_registers(settings.expectations)).connection
    try:
        found = Connection.get(name)
    except AirflowNotFoundException:
        raise SettingsError(
            f"Source {source_id}: Airflow has no connection {name!r}. Add it (type postgres or sqlite) under Admin, "
            f"Connections, or as AIRFLOW_CONN_{name.upper()}."
        ) from None
    if found.conn_type == "sqlite":
        return URL.create("sqlite", database=found.schema or found.host).render_as_string(hide_password=False)
    if found.conn_type != "postgres":
        raise SettingsError(f"Source {source_id}: connection {name!r} is {found.conn_type}, not postgres or sqlite.")
    extra = {key: str(value) for key, value in found.extra_dejson.items() if key in PASSED_ON}
    socket = bool(found.host) and found.host.startswith("/")
    return URL.create(
        "postgresql",
        username=found.login,
        password=found.password,
        host=None if socket else found.host,
        port=found.port,
        database=found.schema,
        query=extra | ({"host": found.host} if socket else {}),
    ).render_as_string(hide_password=False)
