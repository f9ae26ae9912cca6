"""Names drawn by ethnic group, sex and year of birth from the tables in ``data/``.

Groups without a table of their own use the one of the Kinh. Holds no person and no lineage: who has whose surname is
decided in ``identity``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from synthetic_data.days import Array, Floats

DATA = Path(__file__).parent / "data"
Text = npt.NDArray[np.object_]
KINH = "Kinh"
SURNAMES, MIDDLES, GIVENS = range(3)


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


class Part(NamedTuple):
    """Words for one sex and range of birth years: row labels in their table, and the upper edges of their shares."""

    sex: int
    first: int
    last: int
    labels: Array
    edges: Floats

    def draw(self, rng: np.random.Generator, size: int) -> Array:
        """Row labels of ``size`` words by weight."""
        at = np.searchsorted(self.edges, rng.random(size), side="right")
        return self.labels[np.minimum(at, len(self.labels) - 1)]


@lru_cache(maxsize=256)
def _parts(which: int, name: str) -> tuple[Part, ...]:
    """The parts of a group's own table, else of that of the Kinh; ``which`` counts the tables of ``_tables``."""
    table = _tables()[which]
    own = table[table["group"] == name]
    own = own if len(own) else table[table["group"] == KINH]
    by = ["sex", "from", "to"]
    split = own.groupby(by) if which else [((-1, 0, 0), own)]
    parts = []
    for (sex, first, last), words in split:
        weight = words["weight"].to_numpy(float)
        labels = words.index.to_numpy(np.int64)
        parts.append(Part(int(sex), int(first), int(last), labels, np.cumsum(weight / weight.sum())))
    return tuple(parts)


def draw_surnames(rng: np.random.Generator, group: Array, groups: tuple[str, ...]) -> Words:
    """One surname for each row of ``group`` (index into ``groups``)."""
    drawn = np.empty(len(group), dtype=np.int32)
    for index, name in enumerate(groups):
        rows = np.flatnonzero(group == index)
        drawn[rows] = _parts(SURNAMES, name)[0].draw(rng, len(rows))
    return Words(drawn, tuple(_tables()[SURNAMES]["word"]))


def _by_table(
    rng: np.random.Generator, which: int, group: Array, sex: Array, year: Array, groups: tuple[str, ...]
) -> Words:
    """One word for each row from the part of a table that fits group, sex and year."""
    drawn = np.zeros(len(group), dtype=np.int32)
    for index, name in enumerate(groups):
        members = np.flatnonzero(group == index)
        if not len(members):
            continue
        for part in _parts(which, name):
            fits = (sex[members] == part.sex) & (year[members] >= part.first) & (year[members] <= part.last)
            rows = members[fits]
            drawn[rows] = part.draw(rng, len(rows))
    return Words(drawn, tuple(_tables()[which]["word"]))


def draw_given(
    rng: np.random.Generator, group: Array, sex: Array, year: Array, groups: tuple[str, ...]
) -> tuple[Words, Words]:
    """Middle and given name for each row; ``sex`` is 0 male, 1 female, ``year`` the year of birth from 1900."""
    return _by_table(rng, MIDDLES, group, sex, year, groups), _by_table(rng, GIVENS, group, sex, year, groups)


def word_ids(*lists: Sequence[str]) -> list[Array]:
    """Numbers of the words of several lists, the same number for the same word."""
    codes = pd.factorize(np.concatenate([np.asarray(words, dtype=object) for words in lists]))[0]
    return np.split(codes, np.cumsum([len(words) for words in lists])[:-1])


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
