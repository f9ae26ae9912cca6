"""Which delivered rows do not reach the core: those without a key, and those that a later delivery brings again.

Reads the columns of the key first, and the rest of who a row is about only where a key is missing or comes again.
Writes no file.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sosach.normalize.columns import key_fields, key_select, typed_select
from sosach.registers import Register


@dataclass(frozen=True)
class LeftOut:
    """Rows left out of the core."""

    quarantined: int
    superseded: int

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return self.quarantined + self.superseded > 0


def find_left_out(
    con: duckdb.DuckDBPyConnection,
    register: Register,
    delivered: Collection[str],
    maps: Mapping[str, str],
    deliveries: Sequence[tuple[str, int]],
) -> LeftOut:
    """Make the tables ``left_out(_delivery, _row)`` and ``quarantined(_delivery, _row, _missing)`` from ``raw``.

    Two different people under one number are no repetition: where the register names identity fields, one of them has
    to agree, else both rows stay and the rules on uniqueness find them.

    Args:
        con: a connection with the view ``raw`` and the normalisers.
        register: the dictionary of the fields.
        delivered: the columns of ``raw``.
        maps: kind to value map.
        deliveries: id and sequence of each delivery.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE delivery_order (_delivery VARCHAR, sequence BIGINT)")
    if deliveries:
        con.executemany("INSERT INTO delivery_order VALUES (?, ?)", [list(delivery) for delivery in deliveries])
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE keyed AS SELECT _delivery, CAST(_row AS BIGINT) AS _row, hash(key) AS key_hash,
            key IS NULL AS keyless FROM ({key_select(register, "raw", delivered, maps)});
        CREATE OR REPLACE TEMP TABLE candidate AS
        WITH ordered AS (SELECT * FROM keyed JOIN delivery_order USING (_delivery) WHERE NOT keyless),
        again AS (SELECT key_hash FROM ordered GROUP BY key_hash HAVING max(sequence) > min(sequence))
        SELECT _delivery, _row FROM ordered SEMI JOIN again USING (key_hash)
        UNION ALL SELECT _delivery, _row FROM keyed WHERE keyless""")
    again = "(SELECT * FROM raw SEMI JOIN candidate USING (_delivery, _row))"
    identity = {name: _identity_key(register, name) for name in register.identity}
    ids = "".join(f", {key} AS id_{name}" for name, key in identity.items())
    agree = " OR ".join(f"older.id_{name} = newer.id_{name}" for name in identity) or "TRUE"
    typed = typed_select(register, again, delivered, maps, key_fields(register))
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE repeated AS
        SELECT _delivery, CAST(_row AS BIGINT) AS _row, record_key, _missing, sequence{ids}
        FROM ({typed}) JOIN delivery_order USING (_delivery);
        CREATE OR REPLACE TEMP TABLE quarantined AS
        SELECT _delivery, _row, _missing FROM repeated WHERE _missing IS NOT NULL;
        CREATE OR REPLACE TEMP TABLE superseded AS
        SELECT DISTINCT older._delivery, older._row FROM repeated older JOIN repeated newer
            ON older.record_key = newer.record_key AND older.sequence < newer.sequence AND ({agree});
        CREATE OR REPLACE TEMP TABLE left_out AS
        SELECT _delivery, _row FROM quarantined UNION ALL SELECT _delivery, _row FROM superseded;
        DROP TABLE keyed;
        DROP TABLE candidate;
        DROP TABLE repeated""")
    return LeftOut(_count(con, "quarantined"), _count(con, "superseded"))


def _identity_key(register: Register, name: str) -> str:
    """What has to agree: a name without regard to case and diacritics, of a birth date the year."""
    match register.field(name).type:
        case "partial_date":
            return f"{name}_nam"
        case "name":
            return f"name_key({name})"
        case _:
            return name


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0
