"""Children and their parents: each person is given a mother and a father who could have had them.

Parents come from the population where a couple (or, for children of unknown father, a single woman) fits by place,
group and date; else they are shadows. Keeps spouses unrelated within three generations.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthetic_data.couples import Pass, cells, pair
from synthetic_data.days import NEVER, YEAR, Array, year_of
from synthetic_data.population import People
from synthetic_data.units import Province

SPACING = 300
"""Days between two births of one mother, at least."""
PASSES = (
    Pass("commune", True, 365),
    Pass("commune", True, 1000),
    Pass("district", True, 900),
    Pass("province", True, 900),
)


def assign_parents(
    rng: np.random.Generator, people: People, province: Province, marriages: pd.DataFrame, as_of: int
) -> None:
    """Fill ``father`` and ``mother`` of every person of the population; adds shadows behind it.

    Twins get the parents of the elder one; those who married each other are no twins.
    """
    for one, other in (("husband", "wife"), ("wife", "husband")):
        wed = marriages[one].to_numpy()[people.twin[marriages[one]] == marriages[other].to_numpy()]
        people.twin[wed] = -1
    _single_mothers(rng, people, province, marriages)
    slots = _slots(rng, people, province, marriages, as_of)
    for step in PASSES:
        alone = (people.mother < 0) & (people.shadow == 0) & (people.twin < 0)
        children = np.flatnonzero(alone & (people.outsider == 0))
        at, child = pair(
            rng, np.arange(len(slots["due"])), children,
            cells(people, province, slots["husband"], slots["due"], step),
            cells(people, province, children, people.birth[children], step),
        )  # fmt: skip
        birth = people.birth[child]
        fits = (birth >= slots["opens"][at]) & (birth <= slots["closes"][at])
        people.father[child[fits]] = slots["husband"][at[fits]]
        people.mother[child[fits]] = slots["wife"][at[fits]]
        _space_births(people)
        left = np.ones(len(slots["due"]), dtype=bool)
        left[at[fits]] = False
        slots = {name: column[left] for name, column in slots.items()}
    _follow_twins(people)
    children = np.flatnonzero((people.shadow == 0) & (people.mother < 0) & (people.twin < 0))
    _shadow_parents(rng, people, children, _sibships(rng, people, children), as_of)
    wives = _related_wives(people, marriages)
    _shadow_parents(rng, people, wives, np.arange(len(wives)), as_of)
    _follow_twins(people)


def _slots(
    rng: np.random.Generator, people: People, province: Province, marriages: pd.DataFrame, as_of: int
) -> dict[str, Array]:
    """Due dates of the children that each couple could have: ``husband, wife, due, opens, closes``."""
    couples = marriages[
        (people.nationality[marriages["husband"]] == "VN") & (people.nationality[marriages["wife"]] == "VN")
    ]
    husband, wife = (couples[name].to_numpy() for name in ("husband", "wife"))
    year = year_of(people.birth[wife])
    highland = (province.new["region"] == "vung_cao").to_numpy()[people.commune[wife]]
    number = np.select([year < 1955, year < 1970, year < 1985], [6, 4, 3], 3) + highland
    opens = couples[["began", "married"]].min(axis=1).to_numpy() + 240
    closes = np.minimum(np.minimum(couples["end"].to_numpy(), as_of), people.birth[wife] + int(44 * YEAR))
    due = opens + (rng.gamma(1.5, 0.5, len(wife)) * YEAR).astype(np.int32)
    columns = {"husband": husband, "wife": wife, "due": due, "opens": opens, "closes": closes}
    parts: dict[str, list[Array]] = {name: [] for name in columns}
    for nth in range(int(number.max(initial=0))):
        has = (nth < number) & (columns["due"] <= closes)
        for name, column in columns.items():
            parts[name].append(column[has])
        columns["due"] = columns["due"] + 600 + (rng.gamma(2.0, 0.8, len(wife)) * YEAR).astype(np.int32)
    return {name: np.concatenate(part) if part else columns[name] for name, part in parts.items()}


def _follow_twins(people: People) -> None:
    """Give each younger twin the parents of the elder."""
    younger = np.flatnonzero(people.twin >= 0)
    for line in (people.father, people.mother):
        line[younger] = line[people.twin[younger]]


def _single_mothers(rng: np.random.Generator, people: People, province: Province, marriages: pd.DataFrame) -> None:
    """Some children of women who never married; their father is unknown and stays -1.

    More of them in the highlands, where unions are not registered (domain.md 6).
    """
    step = Pass("commune", True, 3000)
    alone = (people.sex == 1) & (people.shadow == 0)
    alone[marriages["wife"]] = False
    women = np.flatnonzero(alone)
    highland = (province.new["region"] == "vung_cao").to_numpy()[people.commune]
    recent = (people.shadow == 0) & (people.outsider == 0) & (people.twin < 0) & (year_of(people.birth) >= 1976)
    children = np.flatnonzero(recent & (rng.random(len(people)) < np.where(highland, 0.2, 0.08)))
    mother, child = pair(
        rng, women, children,
        cells(people, province, women, people.birth[women] + int(27 * YEAR), step),
        cells(people, province, children, people.birth[children], step),
    )  # fmt: skip
    age = people.birth[child] - people.birth[mother]
    fits = (age > 18 * YEAR) & (age < 42 * YEAR) & (people.death[mother] > people.birth[child])
    people.mother[child[fits]] = mother[fits]


def _space_births(people: People) -> None:
    """Take the parents from children born too soon after an elder sibling, until none is left."""
    children = np.flatnonzero(people.mother >= 0)
    while True:
        order = children[np.lexsort((people.birth[children], people.mother[children]))]
        same = people.mother[order[1:]] == people.mother[order[:-1]]
        soon = order[1:][same & (people.birth[order[1:]] - people.birth[order[:-1]] < SPACING)]
        if not len(soon):
            return
        crowded = np.zeros(len(people), dtype=bool)
        crowded[people.mother[soon]] = True
        people.mother[soon] = people.father[soon] = -1
        children = children[crowded[people.mother[children]] & (people.mother[children] >= 0)]


def _ancestors(people: People, ids: Array) -> Array:
    """The person, parents and grandparents as columns; -1 where unknown."""

    def parent(of: Array, line: Array) -> Array:
        """The father or mother (``line``) of each of ``of``; -1 where either is unknown."""
        return np.where(of >= 0, line[of], -1)

    father, mother = people.father[ids], people.mother[ids]
    grand = [parent(of, line) for of in (father, mother) for line in (people.father, people.mother)]
    return np.stack([ids, father, mother, *grand], axis=1)


def related(people: People, left: Array, right: Array) -> npt.NDArray[np.bool_]:
    """Whether each of ``left`` shares an ancestor within three generations with the same row of ``right``."""
    one, other = _ancestors(people, left), _ancestors(people, right)
    found = np.zeros(len(left), dtype=bool)
    for first in range(one.shape[1]):
        for second in range(other.shape[1]):
            found |= (one[:, first] == other[:, second]) & (one[:, first] >= 0)
    return found


def _related_wives(people: People, marriages: pd.DataFrame) -> Array:
    """Wives who are related to their husbands within three generations; of twins the elder one.

    Giving them parents of their own parts them.
    """
    too_near = related(people, marriages["husband"].to_numpy(), marriages["wife"].to_numpy())
    wives = np.unique(marriages["wife"].to_numpy()[too_near])
    return np.unique(np.where(people.twin[wives] >= 0, people.twin[wives], wives))


def _sibships(rng: np.random.Generator, people: People, children: Array) -> Array:
    """Number of the family of each of ``children``: those of one old commune and group, born some years apart.

    A family has one child from each of up to four spans of three years; outsiders have no sibling here.
    """
    span = (people.birth[children] + 40_000) // (3 * 365)
    place = people.own_old[children].astype(np.int64) * 64 + people.group[children]
    family, index = place * 64 + span // 4, np.where(people.outsider[children] == 1, 1, 0)
    order = np.lexsort((rng.random(len(children)), span, family, index))
    key = (family * 4 + span % 4)[order]
    first = np.r_[True, key[1:] != key[:-1]] if len(key) else np.empty(0, dtype=bool)
    start = np.maximum.accumulate(np.where(first, np.arange(len(key)), 0))
    rank = np.empty(len(children), dtype=np.int64)
    rank[order] = np.arange(len(key)) - start
    number = np.where(index == 1, -1 - np.arange(len(children)), family * (1 << 22) + rank)
    order = np.lexsort((people.birth[children], number))
    born, sorted_number = people.birth[children][order], number[order]
    soon = np.zeros(len(children), dtype=bool)
    soon[order[1:]] = (sorted_number[1:] == sorted_number[:-1]) & (np.diff(born) < SPACING)
    return np.asarray(np.unique(np.where(soon, -1 - np.arange(len(children)), number), return_inverse=True)[1])


def _shadow_parents(rng: np.random.Generator, people: People, child: Array, family: Array, as_of: int) -> None:
    """Give ``child`` parents outside the data, one couple for each ``family`` (numbered from 0)."""
    size = int(family.max(initial=-1)) + 1
    eldest = np.full(size, NEVER, dtype=np.int32)
    np.minimum.at(eldest, family, people.birth[child])
    latest = np.full(size, -NEVER, dtype=np.int32)
    np.maximum.at(latest, family, people.birth[child])
    one_of = np.empty(size, dtype=np.int64)
    one_of[family] = child
    birth = eldest - ((20 + rng.random(size) * 9) * YEAR).astype(np.int32)
    for sex in (1, 0):
        born = birth if sex == 1 else birth - rng.integers(0, 2000, size).astype(np.int32)
        death = np.maximum(born + ((60 + rng.random(size) * 30) * YEAR).astype(np.int32), latest + 60)
        ids = people.append(
            sex=np.full(size, sex), birth=born, death=np.where(death < as_of, death, NEVER),
            commune=people.commune[one_of], group=people.group[one_of], outsider=people.outsider[one_of],
            shadow=np.ones(size, dtype=np.int8), own_old=people.own_old[one_of],
        )  # fmt: skip
        (people.mother if sex == 1 else people.father)[child] = ids[family]
