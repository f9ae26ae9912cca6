"""States of the world on two days: what the offices had when the stream begins, and what they have when it ends.

A state is a schema of views over the world's tables (``sql/base.sql``); nothing is drawn again, so that a record is
the same record in both. Holds no comparison of the two and no file.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from synthetic_data.days import NEVER, Array, day, next_working, to_dates
from synthetic_data.status import standing_on
from synthetic_data.world import CLEANED_FROM, World

SQL = Path(__file__).parent / "sql"
BASE, LATE = "base", "late"
"""Schemas of the state on the first day and on the last."""


@dataclass(frozen=True)
class Period:
    """The days of the stream: ``start`` is the day of the base delivery, ``working`` the working days after it."""

    start: date
    working: tuple[date, ...]

    @property
    def last(self) -> date:
        """The last working day; what happens on closed days after it is not delivered any more."""
        return self.working[-1]

    @property
    def month_ends(self) -> tuple[date, ...]:
        """Days on which the list of books is sent: the last working day of each month, and the last day of all."""
        follows = (*self.working[1:], None)
        return tuple(d for d, n in zip(self.working, follows, strict=True) if n is None or n.month != d.month)


def period(start: date, end: date) -> Period:
    """The working days after ``start`` up to ``end``; there may be none."""
    days = np.arange(day(start) + 1, day(end) + 1)
    open_days = days[next_working(days) == days]
    return Period(start, tuple(date(1970, 1, 1) + timedelta(days=int(d)) for d in open_days))


def _numbers(dates: pd.Series) -> Array:
    """Day numbers of dates; NEVER for none."""
    values = dates.to_numpy().astype("datetime64[D]")
    missing: npt.NDArray[np.bool_] = np.isnat(values)
    return np.asarray(np.where(missing, NEVER, values.astype(np.int64)), dtype=np.int64)


def citizens_on(world: World, start: date, seed: int) -> pd.DataFrame:
    """The population records on ``start``: ``id, status, spouse, marriage, settled, touched_date, unentered``.

    Columns are those of ``World.citizen``, as they stood on that day; ``entered`` is added by SQL.
    """
    today = day(start)
    known = world.citizen.reset_index(drop=True)
    birth, death = (_numbers(world.person[name])[known["id"].to_numpy()] for name in ("birth", "death"))
    born = birth <= today
    known, birth, death = known[born].reset_index(drop=True), birth[born], death[born]
    ids = known["id"].to_numpy()
    now = standing_on(world.marriage, ids, birth, death, today)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, day(start)])))
    drawn = CLEANED_FROM + (rng.random(len(ids)) * max(today - CLEANED_FROM, 1)).astype(np.int64)
    touched = _numbers(known["touched_date"])
    touched = np.where(touched <= today, touched, np.minimum(np.maximum(drawn, now.changed), today))
    return pd.DataFrame(
        {
            "id": ids,
            "status": now.status,
            "spouse": now.spouse,
            "marriage": now.row,
            "settled": now.settled,
            "touched_date": to_dates(touched),
            "unentered": known["unentered"].to_numpy(bool) & (death <= today),
        }
    )


def open_states(con: duckdb.DuckDBPyConnection, citizens: pd.DataFrame, period: Period) -> None:
    """Make the schemas ``base``, ``late`` and ``stream`` (working tables of the stream) on a loaded world.

    Args:
        con: a connection after ``load_world``.
        citizens: ``citizens_on(start)``.
        period: the days of the stream.
    """
    con.execute("CREATE SCHEMA stream")
    con.execute("CREATE TABLE stream.worked (register VARCHAR, _row BIGINT, day DATE)")
    con.execute("CREATE TABLE stream.working (nth BIGINT, day DATE)")
    con.executemany("INSERT INTO stream.working VALUES (?, ?)", [list(pair) for pair in enumerate(period.working)])
    for schema, cut in ((BASE, period.start), (LATE, period.last)):
        open_state(con, schema, cut, period.start)
    con.register("incoming", citizens)
    con.execute("CREATE TABLE stream.citizen AS SELECT * REPLACE (touched_date::DATE AS touched_date) FROM incoming")
    con.unregister("incoming")
    con.execute("""
        CREATE VIEW base.citizen AS
        SELECT c.*, c.marriage IN (
            SELECT e.marriage FROM weddings e JOIN base.numbered n ON n.kind = 'KH' AND n.eid = e.eid
            WHERE n.delivered AND e.marriage >= 0 AND e.planted <> 'ket_hon_dang_ky_hai_lan') AS entered
        FROM stream.citizen c""")
    con.execute("""
        CREATE VIEW late.citizen AS
        SELECT c.* REPLACE (least(late.as_of(), greatest(c.touched_date, w.day, m.since + 3, a.date + 3,
            CASE WHEN p.card_day > base.as_of() THEN p.card_day + 3 END)) AS touched_date)
        FROM main.citizen c JOIN main.person p USING (id)
        LEFT JOIN (SELECT _row, max(day) AS day FROM stream.worked
            WHERE register = 'dan_cu' GROUP BY _row) w ON w._row = c.id
        LEFT JOIN (SELECT person, max(since) AS since FROM main.spell WHERE kind = 'thuong_tru'
            GROUP BY person HAVING max(since) > base.as_of() AND min(since) <= base.as_of()) m ON m.person = c.id
        LEFT JOIN late.acknowledged a ON a.child = c.id AND a.date > base.as_of()
        WHERE p.birth <= late.as_of()""")


def open_state(con: duckdb.DuckDBPyConnection, schema: str, cut: date, start: date) -> None:
    """Make the schema ``schema`` with the state on ``cut``."""
    text = (SQL / "base.sql").read_text(encoding="utf-8")
    con.execute(text.format(schema=schema, cut=cut.isoformat(), start=start.isoformat()))


def use(con: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Let unqualified names mean the tables of a state, and those of the world where it has none."""
    con.execute(f"SET search_path = '{schema},main'")
