"""Acts on earlier entries and families: adoptions, and changes of birth entries (correction, supplement, ethnic group).

They follow from the finished world by hashes of their own, so that every other record is what it would be without
them; a corrected birth date is the one that the note in the margin of the birth entry tells. Who is adopted is drawn in
``recognition``; which acts are registered is in ``sql/acts.sql``. How often, except adoptions, is an own guess. These
books are not in the list of books: it has the five kinds that were digitised.
"""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from synthetic_data import books
from synthetic_data.days import next_working, to_dates, year_of
from synthetic_data.kinds import load_kinds
from synthetic_data.units import Province

SQL = Path(__file__).parent / "sql"
NOT_A_COUPLE, CORRECTED_TWICE = "nuoi_con_khong_phai_vo_chong", "cai_chinh_hai_lan"


def enter_acts(con: duckdb.DuckDBPyConnection, province: Province, noise: float) -> None:
    """Make the tables ``adopted`` and ``change`` and number their entries in ``entry`` and ``numbered``.

    Args:
        con: a connection with the world's other tables.
        province: the communes whose offices enter the acts.
        noise: factor on the rates of the false acts.
    """
    shares = {name: min(1.0, load_kinds()[name].single_rate * noise) for name in (NOT_A_COUPLE, CORRECTED_TWICE)}
    con.execute((SQL / "acts.sql").read_text(encoding="utf-8").format(**shares))
    wanted = con.execute("""
        SELECT kind, eid, old, day - DATE '1970-01-01' AS day, as_of() - DATE '1970-01-01' AS today FROM (
            SELECT 'NCN' AS kind, eid, old, date AS day FROM adopted
            UNION ALL SELECT 'TDCC', eid, old, decided FROM change) ORDER BY kind, eid""").df()
    days = next_working(wanted["day"].to_numpy(np.int64))
    today = wanted["today"].to_numpy(np.int64)
    acts = wanted.assign(day=days)[days <= today].reset_index(drop=True)
    days = acts["day"].to_numpy(np.int64)
    office = books.offices(province, acts["old"].to_numpy(np.int64), np.zeros(len(acts), dtype=bool), days)
    entry = pd.concat([acts[["kind", "eid", "day"]], office], axis=1).astype({"code": np.int64})
    kept = entry.assign(year=year_of(days), delivered=True)
    kept = kept[["kind", "code", "era", "year", "district", "delivered"]].drop_duplicates().reset_index(drop=True)
    numbered = books.number_entries(entry.drop(columns="district"), kept)
    ((seed,),) = con.execute("SELECT floor(u('so_viec', 0) * 1e9)::BIGINT").fetchall()
    rng = np.random.Generator(np.random.PCG64(int(seed)))
    named, _ = books.name_books(rng, numbered, kept, int(today.max(initial=0)))
    for table, rows in (("entry", entry.drop(columns="district")), ("numbered", named)):
        con.register("incoming", rows.assign(date=to_dates(rows["day"].to_numpy(np.int64))))
        columns = "* EXCLUDE (day)" if table == "entry" else "*"
        con.execute(f"INSERT INTO {table} BY NAME SELECT {columns} REPLACE (date::DATE AS date) FROM incoming")
        con.unregister("incoming")
