"""Names drawn by ethnic group, sex and year of birth from the tables in ``data/``.

Groups without a table of their own use the one of the Kinh. Holds no person and no lineage: who has whose surname is
decided in ``identity``.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthetic_data.days import Array

DATA = Path(__file__).parent / "data"
Text = npt.NDArray[np.object_]


@lru_cache(maxsize=1)
def _tables() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Surnames, middle names and given names as (group, sex, from, to, word, weight)."""
    surnames = pd.read_csv(DATA / "surnames.csv").rename(columns={"surname": "word"})
    middles = pd.read_csv(DATA / "middles.csv").rename(columns={"middle": "word"})
    givens = pd.read_csv(DATA / "givens.csv").assign(word=lambda g: g["given"].str.split()).explode("word")
    return surnames, middles, givens.assign(weight=1.0)


def _draw(rng: np.random.Generator, words: pd.DataFrame, size: int) -> Text:
    """``size`` words by weight."""
    weight = words["weight"].to_numpy(float)
    at = np.searchsorted(np.cumsum(weight / weight.sum()), rng.random(size), side="right")
    return np.asarray(words["word"].to_numpy(object)[np.minimum(at, len(words) - 1)])


def draw_surnames(rng: np.random.Generator, group: Array, groups: tuple[str, ...]) -> Text:
    """One surname for each row of ``group`` (index into ``groups``)."""
    surnames = _tables()[0]
    drawn = np.empty(len(group), dtype=object)
    for index, name in enumerate(groups):
        rows = np.flatnonzero(group == index)
        drawn[rows] = _draw(rng, surnames[surnames["group"] == name], len(rows))
    return drawn


def _by_table(
    rng: np.random.Generator, table: pd.DataFrame, group: Array, sex: Array, year: Array, groups: tuple[str, ...]
) -> Text:
    """One word for each row from the part of ``table`` that fits group, sex and year."""
    drawn = np.empty(len(group), dtype=object)
    known = set(table["group"])
    for index, name in enumerate(groups):
        own = table[table["group"] == (name if name in known else "Kinh")]
        for (part_sex, first, last), words in own.groupby(["sex", "from", "to"]):
            rows = np.flatnonzero((group == index) & (sex == part_sex) & (year >= first) & (year <= last))
            drawn[rows] = _draw(rng, words, len(rows))
    return drawn


def draw_given(
    rng: np.random.Generator, group: Array, sex: Array, year: Array, groups: tuple[str, ...]
) -> tuple[Text, Text]:
    """Middle and given name for each row; ``sex`` is 0 male, 1 female, ``year`` the year of birth from 1900."""
    _, middles, givens = _tables()
    return _by_table(rng, middles, group, sex, year, groups), _by_table(rng, givens, group, sex, year, groups)


def foreign_names(rng: np.random.Generator, sex: Array) -> tuple[Text, Text]:
    """Name and nationality (ISO code) for each row of ``sex``."""
    table = pd.read_csv(DATA / "foreign_names.csv", keep_default_na=False)
    name, nationality = np.empty(len(sex), dtype=object), np.empty(len(sex), dtype=object)
    for value in (0, 1):
        rows = np.flatnonzero(sex == value)
        part = table[table["sex"] == value]
        at = rng.integers(0, len(part), len(rows))
        name[rows] = part["name"].to_numpy(object)[at]
        nationality[rows] = part["nationality"].to_numpy(object)[at]
    return name, nationality
