"""Writes the named kinds of noise into the register tables and keeps account of every cell.

The account is the table ``corruption(register, _row, field, true_value, written_value, kind)``: one row a changed
cell, with an empty field for a row that is false, doubled or left out. A cell is changed at most once; all others keep
their true value. Who is eligible and what is written is judged on the true row. Only the changed rows are written
anew.
"""

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from sosach.duck import identifier, literal
from sosach.errors import SettingsError
from synthetic_data.kinds import Kind, load_kinds

COPY_STEP = 1 << 40
"""Distance of a copy's row id from the id of its row; ids of rows are smaller."""


@dataclass(frozen=True)
class Task:
    """One thing a kind does in one register: the cells it writes, and SQL of the rows picked for it."""

    kind: Kind
    cells: dict[str, str]
    picked: str


def apply_noise(
    con: duckdb.DuckDBPyConnection,
    columns: dict[str, tuple[str, ...]],
    noise: float,
    progress: Callable[[str], None] = lambda line: None,
) -> None:
    """Carry out all kinds of cells and rows; false events are only entered in the account.

    In each register rows are left out first, then doubled, then cells are changed; each in the order of the files.
    """
    con.execute(
        "CREATE TABLE corruption (register VARCHAR, _row BIGINT, field VARCHAR,"
        " true_value VARCHAR, written_value VARCHAR, kind VARCHAR)"
    )
    con.execute("CREATE TABLE copied (register VARCHAR, _row BIGINT, _of BIGINT, kind VARCHAR)")
    kinds = [kind for kind in load_kinds().values() if not kind.event]
    for register in columns:
        con.execute(f"""INSERT INTO corruption SELECT {literal(register)}, _row, '', NULL, NULL, _planted
            FROM r_{register} WHERE _planted <> ''""")
        con.execute(f"CREATE TABLE left_out_{register} AS SELECT * FROM r_{register} LIMIT 0")
        own = [kind for kind in kinds if register in kind.registers]
        if noise == 0 or not own:
            continue
        progress(f"noise in {register}: {len(own)} kinds")
        tasks = [task for kind in own for task in _tasks(kind, register, noise)]
        con.execute("BEGIN")
        try:
            _drop(con, register, [kind for kind in own if kind.drop], noise)
            for number, kind in enumerate((kind for kind in own if kind.copied is not None), start=1):
                _copy(con, register, kind, columns[register], number, noise)
            _change(con, register, tasks)
        except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException) as error:
            con.execute("ROLLBACK")
            raise _blamed(con, register, tasks, error) from error
        con.execute("COMMIT")


def _blamed(con: duckdb.DuckDBPyConnection, register: str, tasks: list[Task], error: duckdb.Error) -> SettingsError:
    """The refusal of the kind whose SQL binds but cannot be computed for some row."""
    for task in tasks:
        for field, sql in task.cells.items():
            written = sql.replace("@", identifier(field))
            try:
                con.execute(f"SELECT count(({written})::VARCHAR) FROM r_{register} WHERE {task.picked}")
            except duckdb.Error as told:
                place = f"{task.kind.place}: {'write' if task.kind.cells else f'row.{field}'}"
                return SettingsError(
                    f"{place}: cannot be computed for every row of {register} ({type(told).__name__}); narrow 'when'"
                    " or use try_cast."
                )
    return SettingsError(f"noise: a kind of {register} cannot be computed for every row ({type(error).__name__}).")


def _picked(kind: Kind, register: str, salt: str, share: int, noise: float, when: str) -> str:
    """SQL that is true for the rows that the kind's rate picks among those where ``when`` is true.

    The draw comes first, so that the rest is only asked of few rows; a row of which ``when`` cannot be computed is not
    eligible.
    """
    drawn = f"u({literal(salt)}, _row) < {kind.rate_sql(register)} * {noise} / {share}"
    return f"CASE WHEN {drawn} THEN TRY({kind.batch_sql} AND ({when})) ELSE FALSE END"


def _tasks(kind: Kind, register: str, noise: float) -> list[Task]:
    """What a kind does to cells of a register: one task a cell, or one for all cells of its row."""
    if kind.row is not None:
        return [Task(kind, kind.row, _picked(kind, register, kind.name, 1, noise, kind.when))]
    fields = kind.cells.get(register, ())
    tasks = []
    for field in fields:
        when = f"{identifier(field)} IS NOT NULL AND ({kind.when.replace('@', identifier(field))})"
        picked = _picked(kind, register, f"{kind.name}.{field}", len(fields), noise, when)
        tasks.append(Task(kind, {field: kind.write}, picked))
    return tasks


def _drop(con: duckdb.DuckDBPyConnection, register: str, kinds: list[Kind], noise: float) -> None:
    """Leave the picked rows out of the delivery; they are kept in ``left_out_<register>`` for the truth."""
    for kind in kinds:
        picked = _picked(kind, register, kind.name, 1, noise, kind.when)
        con.execute(f"CREATE OR REPLACE TEMP TABLE gone AS SELECT * FROM r_{register} WHERE {picked}")
        con.execute(f"DELETE FROM r_{register} WHERE _row IN (SELECT _row FROM gone)")
        con.execute(f"INSERT INTO left_out_{register} SELECT * FROM gone")
        con.execute(f"""INSERT INTO corruption SELECT {literal(register)}, _row, '', NULL, NULL, {literal(kind.name)}
            FROM gone WHERE _row NOT IN (SELECT _row FROM corruption WHERE register = {literal(register)})""")


def _copy(
    con: duckdb.DuckDBPyConnection, register: str, kind: Kind, columns: tuple[str, ...], number: int, noise: float
) -> None:
    """Deliver the picked rows a second time, at the end of their file, with some cells changed.

    ``number`` counts the kinds that double rows of this register, so that the ids of the copies differ.
    """
    changed = kind.copied or {}
    picked = _picked(kind, register, kind.name, 1, noise, f"_of IS NULL AND ({kind.when})")
    con.execute(f"CREATE OR REPLACE TEMP TABLE doubled AS SELECT * FROM r_{register} WHERE {picked}")
    shown = ", ".join(f"({sql.replace('@', identifier(c))})::VARCHAR AS {identifier(c)}" for c, sql in changed.items())
    replaced = f"REPLACE ({', '.join(filter(None, ('new_row AS _row', '_row AS _of', shown)))})"
    con.execute(f"""INSERT INTO r_{register} BY NAME
        SELECT * EXCLUDE (new_row) {replaced} FROM (SELECT *, _row + {number * COPY_STEP} AS new_row FROM doubled)""")
    con.execute(f"""INSERT INTO copied SELECT {literal(register)}, _row + {number * COPY_STEP}, _row,
        {literal(kind.name)} FROM doubled""")
    for field in changed or ("",):
        old, new = (identifier(field), changed[field].replace("@", identifier(field))) if field else ("NULL", "NULL")
        con.execute(f"""INSERT INTO corruption SELECT {literal(register)}, _row + {number * COPY_STEP},
            {literal(field)}, {old}, ({new})::VARCHAR, {literal(kind.name)} FROM doubled""")


def _change(con: duckdb.DuckDBPyConnection, register: str, tasks: list[Task]) -> None:
    """Find the rows of all tasks, take these rows out, and put them back with their new values.

    Where two tasks want one cell, the earlier has it; a task of several cells is passed over if one of them is taken.
    """
    if not tasks:
        return
    picks = [
        f"SELECT {number} AS task, _row FROM r_{register} WHERE {task.picked}" for number, task in enumerate(tasks)
    ]
    con.execute(f"CREATE OR REPLACE TEMP TABLE pick AS {' UNION ALL '.join(picks)}")
    con.execute(f"""CREATE OR REPLACE TEMP TABLE touched AS
        SELECT * FROM r_{register} WHERE _row IN (SELECT _row FROM pick)""")
    cells = [(number, field) for number, task in enumerate(tasks) for field in task.cells]
    listed = ", ".join(
        f"({cell}, {number}, {literal(field)}, {literal(tasks[number].kind.name)})"
        for cell, (number, field) in enumerate(cells)
    )
    old = " ".join(f"WHEN {cell} THEN {identifier(field)}" for cell, (_, field) in enumerate(cells))
    new = " ".join(
        f"WHEN {cell} THEN ({tasks[number].cells[field].replace('@', identifier(field))})::VARCHAR"
        for cell, (number, field) in enumerate(cells)
    )
    taken = f"register = {literal(register)}"
    con.execute(f"""CREATE OR REPLACE TEMP TABLE account AS
        WITH claim AS (
            SELECT _row, task, field, kind, CASE cell {old} END AS old, CASE cell {new} END AS new
            FROM touched JOIN pick USING (_row) JOIN (VALUES {listed}) c(cell, task, field, kind) USING (task)
            UNION ALL SELECT _row, -1, field, kind, true_value, written_value FROM corruption WHERE {taken}),
        ranked AS (
            SELECT *, coalesce(min(task) FILTER (WHERE new IS DISTINCT FROM old)
                OVER (PARTITION BY _row, field), task) >= task AS free FROM claim),
        won AS (FROM ranked QUALIFY bool_and(free) OVER (PARTITION BY _row, task))
        SELECT _row, field, old, new, kind FROM won WHERE task >= 0 AND new IS DISTINCT FROM old""")
    fields = sorted({field for _, field in cells})
    given = ", ".join(
        f"max(new) FILTER (WHERE field = {literal(field)}) AS v{n}, bool_or(field = {literal(field)}) AS h{n}"
        for n, field in enumerate(fields)
    )
    replaced = ", ".join(
        f"CASE WHEN h{n} THEN v{n} ELSE {identifier(field)} END AS {identifier(field)}"
        for n, field in enumerate(fields)
    )
    con.execute(f"DELETE FROM r_{register} WHERE _row IN (SELECT _row FROM account)")
    con.execute(f"""INSERT INTO r_{register} SELECT t.* REPLACE ({replaced})
        FROM touched t JOIN (SELECT _row AS changed, {given} FROM account GROUP BY _row) a ON a.changed = t._row""")
    con.execute(f"INSERT INTO corruption SELECT {literal(register)}, * FROM account")
    for table in ("pick", "touched", "account"):
        con.execute(f"DROP TABLE {table}")
