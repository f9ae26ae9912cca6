"""Writes the named kinds of noise into the register tables and keeps account of every cell.

The account is the table ``corruption(register, _row, field, true_value, written_value, kind)``: one row a changed
cell, with an
empty field for a row that is false, doubled or left out. A cell is changed at most once; all others keep their true
value.
"""

import duckdb

from sosach.duck import identifier, literal
from synthetic_data.kinds import Kind, load_kinds


def apply_noise(con: duckdb.DuckDBPyConnection, columns: dict[str, tuple[str, ...]], noise: float) -> None:
    """Carry out all kinds of cells and rows, in the order of their files; false events are only entered in the
    account.
    """
    con.execute(
        "CREATE TABLE corruption (register VARCHAR, _row BIGINT, field VARCHAR,"
        " true_value VARCHAR, written_value VARCHAR, kind VARCHAR)"
    )
    for register in columns:
        con.execute(f"""INSERT INTO corruption SELECT {literal(register)}, _row, '', NULL, NULL, _planted
            FROM r_{register} WHERE _planted <> '' ORDER BY _row""")
        con.execute(f"CREATE TABLE left_out_{register} AS SELECT * FROM r_{register} LIMIT 0")
    if noise == 0:
        return
    kinds = [kind for kind in load_kinds().values() if not kind.event]
    for kind in sorted(kinds, key=lambda k: k.drop is None and k.copied is None):
        for register in kind.registers:
            if kind.drop:
                _drop(con, kind, register, noise)
            elif kind.copied is not None:
                _copy(con, kind, register, columns[register], noise)
            elif kind.row is not None:
                _write(con, kind, register, kind.row, kind.name, 1, noise, filled_only=False)
            else:
                fields = kind.cells[register]
                for field in fields:
                    _write(
                        con,
                        kind,
                        register,
                        {field: kind.write},
                        f"{kind.name}.{field}",
                        len(fields),
                        noise,
                        filled_only=True,
                    )


def _chance(kind: Kind, salt: str, share: int, noise: float) -> str:
    """SQL that is true for the rows that the kind's rate picks."""
    return f"u({literal(salt)}, _row) < {kind.rate_sql} * {noise} / {share}"


def _write(
    con: duckdb.DuckDBPyConnection, kind: Kind, register: str, cells: dict[str, str], salt: str, share: int,
    noise: float, *, filled_only: bool,
) -> None:  # fmt: skip
    """Give the picked rows new values in ``cells``; a row of which one of these cells is already changed is passed
    over.
    """
    first = identifier(next(iter(cells)))
    when = kind.when.replace("@", first) if filled_only else kind.when
    filled = f"{first} IS NOT NULL AND" if filled_only else ""
    names = ", ".join(literal(field) for field in cells)
    values = ", ".join(
        f"({write.replace('@', identifier(field))})::VARCHAR AS {identifier(f'new_{field}')}, {identifier(field)}"
        for field, write in cells.items()
    )
    picked = con.execute(f"""CREATE OR REPLACE TEMP TABLE picked AS SELECT _row, {values} FROM r_{register} r
        WHERE {filled} ({when}) AND {_chance(kind, salt, share, noise)} AND NOT EXISTS (
            SELECT 1 FROM corruption c
            WHERE c.register = {literal(register)} AND c._row = r._row AND c.field IN ({names}))""").fetchone()
    if picked == (0,):
        return
    for field in cells:
        new, old = identifier(f"new_{field}"), identifier(field)
        con.execute(f"""INSERT INTO corruption
            SELECT {literal(register)}, _row, {literal(field)}, {old}, {new}, {literal(kind.name)} FROM picked
            WHERE {new} IS DISTINCT FROM {old} ORDER BY _row""")
    changes = ", ".join(f"{identifier(field)} = p.{identifier(f'new_{field}')}" for field in cells)
    con.execute(f"UPDATE r_{register} SET {changes} FROM picked p WHERE r_{register}._row = p._row")


def _drop(con: duckdb.DuckDBPyConnection, kind: Kind, register: str, noise: float) -> None:
    """Leave the picked rows out of the delivery; they are kept in ``left_out_<register>`` for the truth."""
    con.execute(
        f"INSERT INTO left_out_{register} SELECT * FROM r_{register}"
        f" WHERE ({kind.when}) AND {_chance(kind, kind.name, 1, noise)} ORDER BY _row"
    )
    con.execute(f"DELETE FROM r_{register} WHERE _row IN (SELECT _row FROM left_out_{register})")
    con.execute(f"""INSERT INTO corruption SELECT {literal(register)}, _row, '', NULL, NULL, {literal(kind.name)}
        FROM left_out_{register}
        WHERE _row NOT IN (SELECT _row FROM corruption WHERE register = {literal(register)}) ORDER BY _row""")


def _copy(con: duckdb.DuckDBPyConnection, kind: Kind, register: str, columns: tuple[str, ...], noise: float) -> None:
    """Deliver the picked rows a second time, at the end of their file, with some cells changed."""
    changed = kind.copied or {}
    shown = ", ".join(f"({changed[c]})::VARCHAR AS {identifier(c)}" if c in changed else identifier(c) for c in columns)
    replaced = ", ".join(identifier(c) for c in columns)
    con.execute(f"""CREATE OR REPLACE TEMP TABLE picked AS
        SELECT * EXCLUDE (_row, _of, {replaced}), _row AS _of, {shown},
            (SELECT max(_row) FROM r_{register}) + row_number() OVER (ORDER BY _row) AS _row
        FROM r_{register} WHERE ({kind.when}) AND _of IS NULL AND {_chance(kind, kind.name, 1, noise)}""")
    con.execute(f"INSERT INTO r_{register} BY NAME SELECT * FROM picked ORDER BY _row")
    for field in changed or ("",):
        old, new = (f"r.{identifier(field)}", f"p.{identifier(field)}") if field else ("NULL", "NULL")
        con.execute(f"""INSERT INTO corruption
            SELECT {literal(register)}, p._row, {literal(field)}, {old}, {new}, {literal(kind.name)} FROM picked p
            JOIN r_{register} r ON r._row = p._of ORDER BY p._row""")
