"""What the run before offers to linkage, whether it may be used, and why not.

Holds the names of what a run keeps for the next one and the opening of it. What has to be decided again is in
``incremental``.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from sosach.duck import literal
from sosach.errors import BalanceError, MissingArtefactError, SettingsError
from sosach.lake import Run, read_json
from sosach.link.config import LinkConfig
from sosach.link.engine import Model
from sosach.link.model_file import load

_NAMING = {"register": "VARCHAR", "record_id": "VARCHAR", "role": "VARCHAR"}
TABLES: dict[str, dict[str, str]] = {
    "links": {**_NAMING, "record_key": "VARCHAR", "person_id": "VARCHAR", "method": "VARCHAR", "weight": "DOUBLE"},
    "persons": {"person_id": "VARCHAR", "record_id": "VARCHAR"},
    "link_pairs": {**_NAMING, "subject_record_id": "VARCHAR"},
    "person_ids": {"person_id": "VARCHAR", "first_run": "VARCHAR"},
    "record_prints": {"register": "VARCHAR", "record_id": "VARCHAR", "fingerprint": "UBIGINT"},
    "mention_prints": {
        **_NAMING,
        "pin_key": "UINTEGER",
        "cmnd_key": "UINTEGER",
        "keys": "UINTEGER[]",
        "ties": "UINTEGER[]",
    },
    "stopped_clusters": {"size": "BIGINT", "key": "VARCHAR", "reason": "VARCHAR", "n_edges": "BIGINT"},
    "stopped_members": {"key": "VARCHAR", "id": "VARCHAR"},
}
"""Tables of a run that the next one reads, with the columns that it needs of them."""


@dataclass(frozen=True)
class Previous:
    """A finished linkage that the next run can go on from."""

    run: Run
    model: Model


def model_path(run: Run) -> Path:
    """The parameters with which the run was linked."""
    return run.root / "link_model.json"


def state_path(run: Run) -> Path:
    """What the next run needs to see which records changed."""
    return run.root / "link_state.json"


@cache
def recipe() -> str:
    """Hash of this package's program, of the SQL functions that it calls and of the engine's version, whose hashes are
    stored with a run. Whatever changes one of them, the next run links everything again.
    """
    found = hashlib.sha256(duckdb.__version__.encode())
    package = Path(__file__).parent
    for path in (*sorted(package.glob("*.py")), package.parent / "normalize" / "macros.py"):
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()[:16]


def previous(run: Run | None, config: LinkConfig) -> tuple[Previous | None, str]:
    """The linkage of ``run`` if the next run may go on from it, else None and the reason.

    Reasons are names of counts: ``no_previous_run``, ``previous_run_incomplete``, ``other_program`` (linkage or engine
    changed), ``other_model`` (config, Splink or format changed); empty where it may be used.
    """
    if run is None:
        return None, "no_previous_run"
    if not all(run.table(name).is_file() for name in TABLES) or not model_path(run).is_file():
        return None, "previous_run_incomplete"
    if _recipe_of(run) != recipe():
        return None, "other_program"
    try:
        model = load(model_path(run))
    except SettingsError:
        return None, "other_model"
    if model.config.digest != config.digest:
        return None, "other_model"
    return Previous(run, model), ""


def _recipe_of(run: Run) -> str | None:
    """The recipe with which a run was linked; None where it says none, or its file is damaged."""
    try:
        state = read_json(state_path(run))
    except (MissingArtefactError, ValueError):
        return None
    return str(state.get("recipe")) if isinstance(state, dict) else None


def open_previous(con: duckdb.DuckDBPyConnection, run: Run | None) -> None:
    """Make view ``previous_<table>`` of each of ``TABLES``, empty where the run has no such table.

    A run that an earlier version linked has no ``person_ids``: its persons are as old as that run.
    """
    for name, columns in TABLES.items():
        path = run.table(name) if run else None
        if path is not None and path.is_file():
            query = f"FROM read_parquet({literal(path)})"
        elif name == "person_ids" and run and run.table("links").is_file():
            query = f"SELECT DISTINCT person_id, {literal(run.run_id)} AS first_run FROM previous_links"
        else:
            query = f"SELECT {', '.join(f'NULL::{kind} AS {column}' for column, kind in columns.items())} WHERE false"
        con.execute(f"CREATE OR REPLACE TEMP VIEW previous_{name} AS {query}")


def load_prior(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``prior``: links and prints of the run before in memory, a row a naming, for looking up again and again.

    Beside their columns it has ``n``, a number of its own; ``record`` and ``person``, hashes of register and record id
    and of the person id (a chance hit makes something be looked at for nothing); ``subject``, whether of ``dan_cu``.

    Raises:
        BalanceError: the two files do not have the same namings in the same order.
    """
    con.execute("""
    CREATE OR REPLACE TEMP TABLE prior AS
    SELECT l.register, l.record_id, l.role, l.record_key, l.person_id, l.method, l.weight,
      p.pin_key, p.cmnd_key, p.keys, p.ties, row_number() OVER () AS n, hash(l.register, l.record_id) AS record,
      hash(l.person_id) AS person, l.register = 'dan_cu' AS subject,
      (l.register, l.record_id, l.role) IS DISTINCT FROM (p.register, p.record_id, p.role) AS apart
    FROM previous_links l POSITIONAL JOIN previous_mention_prints p""")
    row = con.execute("SELECT count(*) FROM prior WHERE apart").fetchone()
    if row and row[0]:
        raise BalanceError(
            f"links and mention_prints of the run before differ in {row[0]} namings. Link that run again in full."
        )
    con.execute("""
    CREATE OR REPLACE TEMP VIEW previous_links AS
    SELECT register, record_id, role, record_key, person_id, method, weight FROM prior;
    CREATE OR REPLACE TEMP VIEW previous_mention_prints AS
    SELECT register, record_id, role, pin_key, cmnd_key, keys, ties FROM prior""")
