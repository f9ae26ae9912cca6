"""What happens in the stream: rows that are new in the last state, cells that have changed, and the officers' work.

Compares the clean rows of the two states by row id and dates every difference. The result is the table ``stream.step``
(``register, _row, field, day, value, cause``): from ``day`` on the cell holds ``value``; and ``stream.arrival``, the
day on which each new row comes. Writes no file.
"""

from collections.abc import Callable
from pathlib import Path

import duckdb
import yaml

from sosach.duck import identifier, literal
from sosach.registers import Register
from synthetic_data.campaign_work import key_fields
from synthetic_data.compose import compose, compose_one
from synthetic_data.kinds import load_kinds
from synthetic_data.layout import LAYOUTS
from synthetic_data.noise import apply_noise
from synthetic_data.stream_state import LATE, Period, open_state, use

SQL = Path(__file__).parent / "sql"
BOOKS = "so_ho_tich"
"""The list of books: sent anew at the end of each month."""
AT_THE_END = {"new": "NULL", "changed": "NULL"}
Progress = Callable[[str], None]


def compare(
    con: duckdb.DuckDBPyConnection, registers: dict[str, Register], period: Period, noise: float, progress: Progress
) -> None:
    """Fill ``stream.arrival`` and ``stream.step``; leaves the new rows, with their noise, in ``late.r_<register>``.

    Args:
        con: a connection with the finished base state and ``stream.correction``.
        registers: the dictionary, by id.
        period: the days of the stream.
        noise: factor on the rates, for what is new.
        progress: gets one line a step.
    """
    con.execute(
        "CREATE TABLE stream.change (register VARCHAR, _row BIGINT, field VARCHAR, before VARCHAR, value VARCHAR)"
    )
    con.execute("CREATE TABLE stream.arrival (register VARCHAR, _row BIGINT, day DATE)")
    con.execute("CREATE TABLE stream.updated (register VARCHAR, _row BIGINT, day DATE)")
    con.execute("""CREATE TABLE stream.step
        (register VARCHAR, _row BIGINT, field VARCHAR, day DATE, value VARCHAR, cause VARCHAR)""")
    use(con, LATE)
    columns = compose(con, registers, lambda line: progress(f"stream: {line}"))
    days = yaml.safe_load((SQL / "stream.yaml").read_text(encoding="utf-8"))
    for name in columns:
        progress(f"stream: changes of {name}")
        if name == BOOKS:
            _books(con, columns[name], period)
        else:
            _differences(con, name, columns[name], key_fields(registers[name]), days.get(name, AT_THE_END))
    apply_noise(con, {name: shown for name, shown in columns.items() if name != BOOKS}, noise)
    _with_noise(con, columns)
    con.execute(
        "INSERT INTO stream.step SELECT register, _row, field, day, new_value, 'correction' FROM stream.correction"
    )
    con.execute("""
        INSERT INTO stream.step
        SELECT c.register, c._row, c.field, u.day, c.value, 'update'
        FROM stream.change c JOIN stream.updated u USING (register, _row)
        WHERE c.value IS DISTINCT FROM c.before
            OR (c.register, c._row, c.field) IN (SELECT (register, _row, field) FROM stream.correction)""")
    _judgments(con)


def _differences(
    con: duckdb.DuckDBPyConnection, name: str, columns: tuple[str, ...], keys: set[str], days: dict[str, str]
) -> None:
    """New rows and changed cells of one register; only rows that have any are kept in ``late.r_<name>``.

    A row that has another key now (the file of another card) is a new row; the earlier one stays as it was. ``before``
    is the delivered value of the base, ``value`` the clean one of the last state; both states are compared as they
    would be without noise.
    """
    own = f"register = {literal(name)}"
    con.execute(f"""
        INSERT INTO stream.arrival SELECT {literal(name)}, l._row, {_on_working_day(days["new"])}
        FROM r_{name} l
        WHERE l._row NOT IN (SELECT _row FROM base.r_{name} UNION ALL SELECT _row FROM base.left_out_{name})""")
    either = " OR ".join(f"l.{identifier(c)} IS DISTINCT FROM b.{identifier(c)}" for c in columns)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE unlike AS
        SELECT b.* FROM base.r_{name} b JOIN r_{name} l USING (_row) WHERE {either}""")
    for field in columns:
        cell = identifier(field)
        con.execute(f"""
            INSERT INTO stream.change
            SELECT {literal(name)}, l._row, {literal(field)}, b.{cell}, l.{cell}
            FROM unlike b JOIN r_{name} l USING (_row)
            LEFT JOIN (FROM base.corruption WHERE {own} AND field = {literal(field)}) c USING (_row)
            WHERE l.{cell} IS DISTINCT FROM CASE WHEN c.field IS NULL THEN b.{cell} ELSE c.true_value END""")
    con.execute("DROP TABLE unlike")
    keys = ", ".join(literal(field) for field in sorted(keys))
    con.execute(f"""
        INSERT INTO stream.arrival SELECT {literal(name)}, l._row, {_on_working_day(days["changed"])}
        FROM r_{name} l WHERE l._row IN (SELECT _row FROM stream.change WHERE {own} AND field IN ({keys}))""")
    con.execute(f"DELETE FROM stream.change WHERE {own} AND _row IN (SELECT _row FROM stream.arrival WHERE {own})")
    con.execute(f"""
        INSERT INTO stream.updated SELECT {literal(name)}, l._row, {_on_working_day(days["changed"])}
        FROM r_{name} l WHERE l._row IN (SELECT _row FROM stream.change WHERE {own})""")
    con.execute(f"""
        DELETE FROM r_{name} WHERE _row NOT IN (SELECT _row FROM stream.arrival WHERE {own})
            AND _row NOT IN (SELECT _row FROM stream.updated WHERE {own})""")


def _on_working_day(on_day: str) -> str:
    """SQL of the first working day of the period from ``on_day`` on; without one, the last."""
    return f"""coalesce(
        (SELECT min(w.day) FROM stream.working w WHERE w.day >= ({on_day}) AND ({on_day}) > base.as_of()),
        (SELECT max(day) FROM stream.working))"""


def _with_noise(con: duckdb.DuckDBPyConnection, columns: dict[str, tuple[str, ...]]) -> None:
    """Let new values be as wrong as others: where noise draws a changed cell in the last state, its value is written.

    A change that noise keeps from a record (not propagated) thus never comes. An error that officers have corrected
    does not come back. A kind that touches one changed cell of a row writes all its cells there.
    """
    con.execute("CREATE TABLE stream.noised AS FROM corruption LIMIT 0")
    con.execute(
        """
        INSERT INTO stream.noised
        SELECT k.* FROM corruption k JOIN stream.updated u USING (register, _row)
        WHERE ((k.register, k._row, k.kind) IN (
                SELECT (e.register, e._row, e.kind)
                FROM corruption e JOIN stream.change c USING (register, _row, field))
            OR (k.field = ''
                AND (k.register, k._row, k.kind) NOT IN (SELECT (register, _row, kind) FROM base.corruption)
                AND k.kind IN (SELECT unnest($events))))
            AND (k.register, k._row, k.kind) NOT IN (SELECT (register, _row, kind) FROM stream.correction)""",
        {"events": [kind.name for kind in load_kinds().values() if kind.event]},
    )
    con.execute("""
        UPDATE stream.change SET value = n.written_value FROM stream.noised n
        WHERE n.register = change.register AND n._row = change._row AND n.field = change.field""")
    more = con.execute("""
        SELECT DISTINCT n.register, n.field FROM stream.noised n ANTI JOIN stream.change c USING (register, _row, field)
        ORDER BY ALL""").fetchall()
    for name, field in more:
        con.execute(f"""
            INSERT INTO stream.change
            SELECT n.register, n._row, n.field, b.{identifier(field)}, n.written_value
            FROM stream.noised n ANTI JOIN stream.change c USING (register, _row, field)
            JOIN base.r_{name} b ON b._row = n._row
            WHERE n.register = {literal(name)} AND n.field = {literal(field)}""")
    for name in columns:
        if name == BOOKS:
            continue
        con.execute(f"""
            DELETE FROM r_{name}
            WHERE coalesce(_of, _row) NOT IN (SELECT _row FROM stream.arrival WHERE register = {literal(name)})""")
        con.execute(f"""
            INSERT INTO stream.arrival SELECT a.register, r._row, a.day FROM r_{name} r
            JOIN stream.arrival a ON a.register = {literal(name)} AND a._row = r._of""")
    _settle_corrections(con)


def _settle_corrections(con: duckdb.DuckDBPyConnection) -> None:
    """Fit the officers' work to what changes anyway.

    Work on a cell that the update of the same day changes (an address that gets its new form) writes what is true then;
    work on it after that day is not needed any more.
    """
    con.execute("""
        UPDATE stream.correction SET new_value = c.value,
            correct = (c.register, c._row, c.field) NOT IN (SELECT (register, _row, field) FROM stream.noised),
            work = CASE WHEN work IN ('lui_lai', 'sua_lai') THEN 'sua_lai' ELSE 'sua_dung' END
        FROM stream.change c JOIN stream.updated u USING (register, _row)
        WHERE c.register = correction.register AND c._row = correction._row AND c.field = correction.field
            AND u.day = correction.day""")
    con.execute("""
        DELETE FROM stream.correction WHERE (register, _row, field, day) IN (
            SELECT (c.register, c._row, c.field, c.day) FROM stream.correction c
            JOIN stream.change USING (register, _row, field) JOIN stream.updated u USING (register, _row)
            WHERE c.day > u.day)""")
    con.execute("""
        DELETE FROM stream.correction WHERE (register, _row, field) IN (
            SELECT (register, _row, field) FROM stream.step WHERE cause = 'update')""")


def _judgments(con: duckdb.DuckDBPyConnection) -> None:
    """A new judgment comes on the day it is sent; that it was received and noted is added when the commune did so."""
    for field in ("ngay_nhan", "ngay_ghi_chu"):
        con.execute(f"""
            INSERT INTO stream.step
            SELECT a.register, a._row, {literal(field)}, s.day, s.value, s.cause
            FROM stream.arrival a JOIN r_ly_hon r USING (_row) JOIN judgment j ON j.marriage = r._hon_nhan
            CROSS JOIN LATERAL (VALUES (a.day, NULL, 'new'),
                ((SELECT min(w.day) FROM stream.working w WHERE w.day >= coalesce(j.noted_date, j.received_date)),
                    r.{identifier(field)}, 'update')) s(day, value, cause)
            WHERE a.register = 'ly_hon' AND r.{identifier(field)} IS NOT NULL
                AND coalesce(j.noted_date, j.received_date) > a.day AND s.day IS NOT NULL""")


def _books(con: duckdb.DuckDBPyConnection, columns: tuple[str, ...], period: Period) -> None:
    """The list of books as it stands at the end of each month; rows that are as they were are not sent again."""
    shown = ", ".join(identifier(column) for column in columns)
    con.execute(f"CREATE TABLE stream.books AS SELECT NULL::DATE AS day, _row, {shown} FROM base.r_{BOOKS} LIMIT 0")
    for end in (period.start, *period.month_ends):
        con.execute("DROP SCHEMA IF EXISTS month CASCADE")
        open_state(con, "month", end, period.start)
        use(con, "month")
        compose_one(con, LAYOUTS[BOOKS], columns)
        con.execute(f"INSERT INTO stream.books SELECT {literal(end)}::DATE, _row, {shown} FROM r_{BOOKS}")
    con.execute("DROP SCHEMA month CASCADE")
    use(con, LATE)
    con.execute(f"""
        INSERT INTO stream.arrival SELECT {literal(BOOKS)}, _row, min(day) FROM stream.books
        GROUP BY _row HAVING min(day) > base.as_of()""")
    for field in columns:
        cell = identifier(field)
        con.execute(f"""
            INSERT INTO stream.step
            SELECT {literal(BOOKS)}, _row, {literal(field)}, day, {cell}, if(first, 'new', 'update') FROM (
                SELECT *, lag({cell}) OVER w AS before, row_number() OVER w = 1 AS first
                FROM stream.books WINDOW w AS (PARTITION BY _row ORDER BY day))
            WHERE day > base.as_of() AND (first OR before IS DISTINCT FROM {cell})""")
    con.execute(
        f"DELETE FROM r_{BOOKS} WHERE _row NOT IN (SELECT _row FROM stream.arrival WHERE register = {literal(BOOKS)})"
    )
