"""Children and their parents: each person is given a mother and a father who could have had them.

Parents come from the population where a couple (or, for children of unknown father, a single woman) fits by place,
group and date; else they are shadows. Keeps spouses unrelated within three generations.
"""

import numpy as np
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
    """Fill ``father`` and ``mother`` of every person of the population; adds shadows behind it."""
    _single_mothers(rng, people, province, marriages)
    slots = _slots(rng, people, province, marriages, as_of)
    for step in PASSES:
        children = np.flatnonzero((people.shadow == 0) & (people.outsider == 0) & (people.mother < 0))
        fathers = slots["husband"].to_numpy()
        at, child = pair(
            rng, np.arange(len(slots)), children,
            cells(people, province, fathers, slots["due"].to_numpy(), step),
            cells(people, province, children, people.birth[children], step),
        )  # fmt: skip
        slot = slots.iloc[at]
        birth = people.birth[child]
        fits = (birth >= slot["opens"].to_numpy()) & (birth <= slot["closes"].to_numpy())
        people.father[child[fits]] = slot["husband"].to_numpy()[fits]
        people.mother[child[fits]] = slot["wife"].to_numpy()[fits]
        _space_births(people)
        slots = slots.drop(slots.index[at[fits]]).reset_index(drop=True)
    _part_relatives(people, marriages)
    _shadow_parents(rng, people, as_of)


def _slots(
    rng: np.random.Generator, people: People, province: Province, marriages: pd.DataFrame, as_of: int
) -> pd.DataFrame:
    """Due dates of the children that each couple could have: ``husband, wife, due, opens, closes``."""
    couples = marriages[
        (people.nationality[marriages["husband"]] == "VN") & (people.nationality[marriages["wife"]] == "VN")
    ]
    wife = couples["wife"].to_numpy()
    year = year_of(people.birth[wife])
    highland = (province.new["region"] == "vung_cao").to_numpy()[people.commune[wife]]
    number = np.select([year < 1955, year < 1970, year < 1985], [6, 4, 3], 3) + highland
    opens = couples["married"].to_numpy() + 240
    closes = np.minimum(np.minimum(couples["end"].to_numpy(), as_of), people.birth[wife] + int(44 * YEAR))
    parts, due = [], opens + (rng.gamma(1.5, 0.5, len(wife)) * YEAR).astype(np.int64)
    for nth in range(int(number.max(initial=0))):
        has = (nth < number) & (due <= closes)
        parts.append(
            pd.DataFrame(
                {"husband": couples["husband"].to_numpy(), "wife": wife, "due": due, "opens": opens, "closes": closes}
            )[has]
        )
        due = due + 600 + (rng.gamma(2.0, 0.8, len(wife)) * YEAR).astype(np.int64)
    return pd.concat(parts, ignore_index=True)


def _single_mothers(rng: np.random.Generator, people: People, province: Province, marriages: pd.DataFrame) -> None:
    """Some children of women who never married; their father is unknown and stays -1."""
    step = Pass("commune", True, 3000)
    ever = marriages[["husband", "wife"]].to_numpy().ravel()
    women = np.setdiff1d(np.flatnonzero((people.sex == 1) & (people.shadow == 0)), ever)
    recent = np.flatnonzero((people.shadow == 0) & (people.outsider == 0) & (year_of(people.birth) >= 1976))
    children = recent[rng.random(len(recent)) < 0.08]
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
    while True:
        children = np.flatnonzero(people.mother >= 0)
        order = children[np.lexsort((people.birth[children], people.mother[children]))]
        same = people.mother[order[1:]] == people.mother[order[:-1]]
        soon = order[1:][same & (people.birth[order[1:]] - people.birth[order[:-1]] < SPACING)]
        if not len(soon):
            return
        people.mother[soon] = -1
        people.father[soon] = -1


def _ancestors(people: People, ids: Array) -> Array:
    """The person, parents and grandparents as columns; -1 where unknown."""

    def parent(of: Array, line: Array) -> Array:
        return np.where(of >= 0, line[of], -1)

    father, mother = people.father[ids], people.mother[ids]
    grand = [parent(of, line) for of in (father, mother) for line in (people.father, people.mother)]
    return np.stack([ids, father, mother, *grand], axis=1)


def _part_relatives(people: People, marriages: pd.DataFrame) -> None:
    """Take the parents from wives who would be related to their husbands within three generations."""
    left = _ancestors(people, marriages["husband"].to_numpy())
    right = _ancestors(people, marriages["wife"].to_numpy())
    related = ((left[:, :, None] == right[:, None, :]) & (left[:, :, None] >= 0)).any(axis=(1, 2))
    wives = marriages["wife"].to_numpy()[related]
    people.mother[wives] = -1
    people.father[wives] = -1


def _shadow_parents(rng: np.random.Generator, people: People, as_of: int) -> None:
    """Parents outside the data for everyone of the population who has none."""
    child = np.flatnonzero((people.shadow == 0) & (people.mother < 0))
    size = len(child)
    birth = people.birth[child] - ((20 + rng.random(size) * 14) * YEAR).astype(np.int64)
    one, none = np.ones(size, dtype=np.int64), np.full(size, "VN", dtype=object)
    for sex in (1, 0):
        born = birth if sex == 1 else birth - rng.integers(0, 2000, size)
        death = born + ((60 + rng.random(size) * 30) * YEAR).astype(np.int64)
        ids = people.append(
            sex=np.full(size, sex), birth=born, death=np.where(death < as_of, death, NEVER),
            commune=people.commune[child], group=people.group[child], outsider=people.outsider[child], shadow=one,
            own_old=people.own_old[child], nationality=none,
        )  # fmt: skip
        (people.mother if sex == 1 else people.father)[child] = ids
