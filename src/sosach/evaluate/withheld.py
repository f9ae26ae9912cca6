"""How true the links would be without identity numbers: the run's registers linked again with them blanked.

Holds the blanking. Only cells are blanked, of subjects, mentions and relatives alike; the figures are those of
``links``. Residence records have a number and no name, so nothing is left of them to compare: they are out of these
figures.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from sosach.duck import connect, identifier, literal
from sosach.evaluate.links import links, prepare_links
from sosach.lake import Run
from sosach.link.match import link_persons
from sosach.link.mentions import ROLES
from sosach.registers import Register
from sosach.settings import Settings
from sosach.tables import open_tables

PIN, ANY_NUMBER = "so_dinh_danh", "so_dinh_danh, so_cmnd"
"""What is blanked: every number of 12 digits; those and the CMND of nine."""
_BLANKED = {PIN: "is_pin({c})", ANY_NUMBER: "(is_pin({c}) OR is_cmnd({c}))"}


def without_numbers(
    con: duckdb.DuckDBPyConnection, settings: Settings, run: Run, registers: Mapping[str, Register], scratch: Path
) -> list[dict[str, Any]]:
    """Link the registers of a run again, once without any PIN and once without any PIN or CMND.

    Args:
        con: the evaluation's connection, with ``role`` and ``kept_record`` (the truth behind the run's records).
        settings: the installation.
        run: the run.
        registers: all registers.
        scratch: folder for what the two connections share.

    Returns:
        Of each: ``blanked`` and the figures of ``links.links``.
    """
    left_out = sorted({role.register for role in ROLES if role.name.startswith("NULL")})
    kept = f"register NOT IN ({', '.join(literal(name) for name in left_out)})"
    for table in ("role", "kept_record"):
        con.execute(f"COPY (FROM {table} WHERE {kept}) TO {literal(scratch / f'{table}.parquet')} (FORMAT parquet)")
    return [
        {"blanked": blanked, "left_out": left_out, **_linked_again(settings, run, registers, scratch, blanked)}
        for blanked in (PIN, ANY_NUMBER)
    ]


def _linked_again(
    settings: Settings, run: Run, registers: Mapping[str, Register], scratch: Path, blanked: str
) -> dict[str, Any]:
    with connect(settings) as con:
        open_tables(con, settings.expectations, run)
        blank_numbers(con, registers, _BLANKED[blanked])
        link_persons(con, run_id=run.run_id)
        for table in ("role", "kept_record"):
            con.execute(f"CREATE TEMP VIEW {table} AS FROM read_parquet({literal(scratch / f'{table}.parquet')})")
        con.execute("DELETE FROM links WHERE register NOT IN (SELECT register FROM kept_record)")
        prepare_links(con)
        return links(con)


def blank_numbers(con: duckdb.DuckDBPyConnection, registers: Mapping[str, Register], which: str) -> None:
    """Replace each register on a connection by itself without the numbers of which SQL ``which`` (of ``{c}``) holds."""
    row = con.execute("SELECT current_database()").fetchone()
    assert row is not None
    own = identifier(str(row[0]))  # without it, a view of the same name in the temporary catalogue would read itself
    for name, register in registers.items():
        columns = [field.name for field in register.fields if field.type == "id_number"]
        if not columns:
            continue
        shown = ", ".join(
            f"CASE WHEN {which.format(c=identifier(c))} THEN NULL ELSE {identifier(c)} END AS {identifier(c)}"
            for c in columns
        )
        view = f"CREATE OR REPLACE TEMP VIEW {identifier(name)} AS SELECT * REPLACE ({shown})"
        con.execute(f"{view} FROM {own}.main.{identifier(name)}")
