"""Books: numbers of entries, book names, closing counts, and which books have been digitised and delivered.

An office numbers its entries from 01 for each kind and year. A unit made on 01/07/2025 that keeps the code of an
abolished
one goes on with the number in a new book. Book names have two lawful forms, ``01/2004`` and ``01-TP/HT-2018-KS``.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthetic_data.days import NEVER, Array, to_dates, year_of
from synthetic_data.units import MERGER, Province

KINDS = ("KS", "KH", "KT", "HN", "CMC")
FIRST_YEAR = {"KS": 1976, "KH": 1976, "KT": 1976, "HN": 1999, "CMC": 1990}
KEPT_FROM = ([1976, 1990, 1998, 2006], [0.08, 0.16, 0.30, 0.46])
"""Year from which a commune still has its books, and the share of communes: set so that the whole province has about
2.4 million entries of KS, KH, KT and HN (domain.md 7)."""
DIGITISED_FROM = ([1976, 1998, 2006], [0.84, 0.10, 0.06])
"""Year from which the books of a commune are digitised, and the share of communes: 91% of what there was by 02/2025
(domain.md 4.5)."""
FULL_BOOK = 200
"""Entries that fill a book."""


def offices(province: Province, old: Array, at_district: Array, days: Array) -> pd.DataFrame:
    """Office of each entry: ``code`` (number in force on that day), ``era`` (0 before 01/07/2025, 1 after),
    ``district``.
    """
    era = (days >= MERGER).astype(np.int64)
    district = province.old["district"].to_numpy(object)[old]
    code = np.where(at_district, pd.Series(district).astype(int), province.code_on(old, days))
    return pd.DataFrame({"code": code, "era": era, "district": district})


def inventory(rng: np.random.Generator, province: Province, as_of: int) -> pd.DataFrame:
    """Books that exist: ``kind, code, era, year, district, delivered``; one row a kind, office, era and year.

    From 2006 every commune has all its books; of the years before many have lost them. Communes were digitised in
    waves: the last ones have not delivered their oldest years, and single books are missing.
    """
    last = int(year_of(np.array([as_of]))[0])
    old, size = province.old, len(province.old)
    kept_from = rng.choice(KEPT_FROM[0], size=size, p=KEPT_FROM[1])
    wave_starts = rng.choice(DIGITISED_FROM[0], size=size, p=DIGITISED_FROM[1])
    rows = []
    for kind in KINDS:
        years = np.arange(FIRST_YEAR[kind], min(last, 2025) + 1)
        grid = pd.DataFrame({"at": np.repeat(np.arange(size), len(years)), "year": np.tile(years, size)})
        grid = grid[grid["year"] >= kept_from[grid["at"]]].reset_index(drop=True)
        missing = rng.random(len(grid)) < np.where(grid["year"] < 2016, 0.01, 0.0)
        rows.append(
            pd.DataFrame(
                {
                    "kind": kind,
                    "code": old["code"].astype(int).to_numpy()[grid["at"]],
                    "era": 0,
                    "year": grid["year"],
                    "district": old["district"].to_numpy(object)[grid["at"]],
                    "delivered": (grid["year"].to_numpy() >= wave_starts[grid["at"]]) & ~missing,
                }
            )
        )
        for table, years_in, era in (
            (province.district if kind == "KH" else None, np.arange(2016, min(last, 2025) + 1), 0),
            (province.new if as_of >= MERGER else None, np.arange(2025, last + 1), 1),
        ):
            if table is not None:
                codes = table["code"].astype(int).to_numpy()
                home = (table["district"] if era else table["code"]).to_numpy(object)
                rows.append(
                    pd.DataFrame(
                        {
                            "kind": kind,
                            "code": np.repeat(codes, len(years_in)),
                            "era": era,
                            "year": np.tile(years_in, len(codes)),
                            "district": np.repeat(home, len(years_in)),
                            "delivered": True,
                        }
                    )
                )
    books = pd.concat(rows, ignore_index=True).sort_values(["kind", "code", "era", "year"], kind="stable")
    return books.reset_index(drop=True)


def number_entries(entries: pd.DataFrame, books: pd.DataFrame) -> pd.DataFrame:
    """Number the entries (``kind, eid, code, era, day``) whose book still exists.

    Returns ``kind, eid, code, era, year, seq, part`` (part = how many books the year has filled before) and
    ``delivered``. Entries of offices and years without a book are lost and left out.
    """
    known = entries.assign(year=year_of(entries["day"].to_numpy(np.int64))).merge(
        books, on=["kind", "code", "era", "year"]
    )
    known = known.sort_values(["kind", "code", "year", "day", "eid"], kind="stable")
    seq = known.groupby(["kind", "code", "year"]).cumcount() + 1
    in_era = known.groupby(["kind", "code", "era", "year"]).cumcount()
    return known.assign(seq=seq, part=in_era // FULL_BOOK).reset_index(drop=True)


def name_books(
    rng: np.random.Generator, numbered: pd.DataFrame, books: pd.DataFrame, as_of: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give entries their book names, and write the inventory of books with closing counts.

    Returns the entries with ``book``, and one row a book and year: ``kind, code, era, year, district, part, book,
    first_seq, last_seq, entries, closed`` (date, NaT while open), also for years without an entry.
    """
    key = ["kind", "code", "era", "year"]
    used = numbered.groupby([*key, "part"])["seq"].agg(first_seq="min", last_seq="max", entries="count").reset_index()
    rows = books.merge(used, on=key, how="left")
    rows["part"] = rows["part"].fillna(0).astype(int)
    rows["entries"] = rows["entries"].fillna(0).astype(int)
    rows = rows.sort_values([*key, "part"], kind="stable").reset_index(drop=True)
    reopened = _reopened(rng, rows, key)
    opened = np.where(reopened, rows["year"] - 1, rows["year"])
    shared = (rows["era"] == 1) & (opened == 2025)
    nth = (rows["part"] + np.where(shared, 2, 1)).astype(str).str.zfill(2)
    legal = (opened >= 2016) & (rows["kind"] != "HN") & (rows["code"] % 3 != 0)
    year = pd.Series(opened).astype(str)
    rows["book"] = np.where(legal, nth + "-TP/HT-" + year + "-" + rows["kind"], nth + "/" + year)
    end = np.where((rows["era"] == 0) & (rows["year"] == 2025), MERGER - 1, year_end(rows["year"].to_numpy(np.int64)))
    rows["closed"] = to_dates(np.where(end <= as_of, end, NEVER))
    named = numbered.merge(rows[[*key, "part", "book"]], on=[*key, "part"])
    return named.sort_values(["kind", "eid"], kind="stable").reset_index(drop=True), rows


def year_end(years: Array) -> Array:
    """Day number of 31 December."""
    return np.asarray((years - 1969).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64) - 1)


def _reopened(rng: np.random.Generator, rows: pd.DataFrame, key: list[str]) -> npt.NDArray[np.bool_]:
    """Whether a row goes on in the unfinished book of the year before (never twice in a row)."""
    single = ~rows.duplicated(key, keep=False)
    before = (
        (rows["kind"] == rows["kind"].shift())
        & (rows["code"] == rows["code"].shift())
        & (rows["era"] == rows["era"].shift())
    )
    room = rows["entries"] + rows["entries"].shift(fill_value=0) <= FULL_BOOK
    wants = (before & room & single & single.shift(fill_value=False) & (rng.random(len(rows)) < 0.1)).to_numpy()
    wants = (
        wants & (rows["year"] == rows["year"].shift(fill_value=0) + 1).to_numpy() & (rows["year"] != 2016).to_numpy()
    )
    return np.asarray(wants & ~np.r_[False, wants[:-1]])
