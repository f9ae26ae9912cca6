"""Names drawn by ethnic group, sex and year of birth from the tables in ``data/``.

Groups without a table of their own use the one of the Kinh. Holds no person and no lineage: who has whose surname is
decided in ``identity``.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from synthetic_data.days import Array

DATA = Path(__file__).parent / "data"
Text = npt.NDArray[np.object_]
KINH = "Kinh"


@dataclass(frozen=True)
class Words:
    """One word for each of many rows, as ``codes`` (row numbers of ``vocabulary``): no string a row."""

    codes: npt.NDArray[np.int32]
    vocabulary: tuple[str, ...]

    def take(self, rows: Array) -> "Words":
        """The words of ``rows``."""
        return Words(self.codes[rows], self.vocabulary)

    def texts(self) -> pa.Array:
        """The words as Arrow strings."""
        return pa.array(self.vocabulary, pa.string()).take(pa.array(self.codes))


def full_names(surname: Words, middle: Words, given: Words) -> pa.Array:
    """Whole names as Arrow strings, in the Vietnamese order."""
    return pc.binary_join_element_wise(surname.texts(), middle.texts(), given.texts(), " ")


@lru_cache(maxsize=1)
def _tables() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Surnames, middle names and given names as (group, sex, from, to, word, weight)."""
    surnames = pd.read_csv(DATA / "surnames.csv").rename(columns={"surname": "word"})
    middles = pd.read_csv(DATA / "middles.csv").rename(columns={"middle": "word"})
    givens = pd.read_csv(DATA / "givens.csv").assign(word=lambda g: g["given"].str.split()).explode("word")
    return surnames, middles, givens.assign(weight=1.0).reset_index(drop=True)


def _draw(rng: np.random.Generator, words: pd.DataFrame, size: int) -> Array:
    """Row labels of ``size`` words by weight."""
    weight = words["weight"].to_numpy(float)
    at = np.searchsorted(np.cumsum(weight / weight.sum()), rng.random(size), side="right")
    return words.index.to_numpy(np.int64)[np.minimum(at, len(words) - 1)]


def _of_group(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of a group's own table, else those of the Kinh."""
    own = table[table["group"] == name]
    return own if len(own) else table[table["group"] == KINH]


def draw_surnames(rng: np.random.Generator, group: Array, groups: tuple[str, ...]) -> Words:
    """One surname for each row of ``group`` (index into ``groups``)."""
    surnames = _tables()[0]
    drawn = np.empty(len(group), dtype=np.int32)
    for index, name in enumerate(groups):
        rows = np.flatnonzero(group == index)
        drawn[rows] = _draw(rng, _of_group(surnames, name), len(rows))
    return Words(drawn, tuple(surnames["word"]))


def _by_table(
    rng: np.random.Generator, table: pd.DataFrame, group: Array, sex: Array, year: Array, groups: tuple[str, ...]
) -> Words:
    """One word for each row from the part of ``table`` that fits group, sex and year."""
    drawn = np.zeros(len(group), dtype=np.int32)
    for index, name in enumerate(groups):
        members = np.flatnonzero(group == index)
        for (part_sex, first, last), words in _of_group(table, name).groupby(["sex", "from", "to"]):
            fits = (sex[members] == part_sex) & (year[members] >= first) & (year[members] <= last)
            rows = members[fits]
            drawn[rows] = _draw(rng, words, len(rows))
    return Words(drawn, tuple(table["word"]))


def draw_given(
    rng: np.random.Generator, group: Array, sex: Array, year: Array, groups: tuple[str, ...]
) -> tuple[Words, Words]:
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
