"""Who was born, where, and when each died: the people before any family.

Holds the ``People`` table that the other modules fill. Holds no marriage, no name and no record.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from synthetic_data.days import NEVER, YEAR, Array, Floats, last_working, start_of
from synthetic_data.names import Text
from synthetic_data.units import Province

FIRST_BIRTH = 1915
FIRST_DEATH = 1980
"""People who died earlier are left out: no book of theirs is digitised."""
TWINS = 0.01
"""Share of confinements that bring two children (own guess; domain.md 3.2 KS11 only allows for them)."""
BIRTHS = ([1915, 1925, 1945, 1960, 1985, 2000, 2010, 2026], [0.18, 0.3, 0.51, 0.97, 1.3, 1.1, 1.3, 1.3])
"""Relative number of births a year, set so that births and deaths a year come near domain.md 7."""
BOYS = ([1940, 1990, 2010, 2026], [104.2, 104.8, 105.6, 105.8])
"""Boys born for 100 girls, by year: within the 104-106 of domain.md 10 and rising."""


@dataclass
class People:
    """One row a person; every column is an array of the same length, ids are row numbers, -1 is 'none'.

    Shadows (parents whose life lies outside the data, foreign spouses) stand behind the population proper: they are
    named in entries and have no population record. ``twin`` is the elder of two born on the same day.
    """

    sex: Array
    birth: Array
    death: Array
    commune: Array
    group: Array
    outsider: Array
    shadow: Array
    father: Array
    mother: Array
    own_old: Array
    twin: Array
    foreign_name: Text = field(default_factory=lambda: np.empty(0, dtype=object))
    nationality: Text = field(default_factory=lambda: np.empty(0, dtype="U2"))

    def __len__(self) -> int:
        return len(self.sex)

    def append(self, **columns: Array | Text) -> Array:
        """Add shadows; missing columns are filled with -1 (numbers), None (names) or VN. Returns their ids."""
        first, size = len(self), len(columns["sex"])
        for name in self.__dataclass_fields__:
            old = getattr(self, name)
            empty = None if old.dtype == object else "VN" if name == "nationality" else -1
            new = np.full(size, empty, dtype=old.dtype)
            if name in columns:
                new[:] = columns[name]
            setattr(self, name, np.concatenate([old, new]))
        return np.arange(first, first + size)

    def keep(self, wanted: npt.NDArray[np.bool_]) -> Array:
        """Take out the other rows, which nobody may have as parent or twin. Returns the new id of each old row."""
        ids = np.where(wanted, np.cumsum(wanted) - 1, -1).astype(np.int32)
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name)[wanted])
        for line in (self.father, self.mother, self.twin):
            line[:] = np.where(line >= 0, ids[line], -1)
        return ids


def _death_age(rng: np.random.Generator, sex: Array) -> Floats:
    """Age at death in years: Gompertz around the modes 78.5 (men) and 88.5 (women); a few die early of other causes.

    Set so that those who died lately were 64.6 (men) and 75.6 (women) on average (domain.md 10).
    """
    man = sex == 0
    slope, mode, early = np.where(man, 0.085, 0.105), np.where(man, 78.5, 88.5), np.where(man, 0.02, 0.02)
    base = slope * np.exp(-slope * mode)
    age = np.log1p(-np.log(rng.random(len(sex))) * slope / base) / slope
    young = rng.random(len(sex)) < early
    return np.asarray(np.where(young, np.minimum(age, rng.random(len(sex)) * 60), age))


def draw_people(rng: np.random.Generator, province: Province, persons: int, as_of: int, last_year: int) -> People:
    """Draw ``persons`` people, living on ``as_of`` (a day number) or dead since ``FIRST_DEATH``."""
    years = np.arange(FIRST_BIRTH, last_year + 1)
    share = np.interp(years, *BIRTHS)
    boys = np.interp(years, *BOYS)
    last_death = min(as_of - 4, last_working(as_of) - 1)
    earliest_death = int(start_of(np.array([FIRST_DEATH]))[0])
    parts: list[tuple[Array, Array, Array]] = []
    found = 0
    while found < persons:
        size = int(persons * 1.25) + 200
        year = rng.choice(years, size=size, p=share / share.sum())
        sex = (rng.random(size) > (boys / (100 + boys))[year - FIRST_BIRTH]).astype(np.int8)
        birth = start_of(year) + rng.integers(0, 365, size)
        death = birth + (_death_age(rng, sex) * YEAR).astype(np.int64)
        keep = (birth <= as_of - 10) & (death >= earliest_death) & (death > birth + 3)
        death = np.where(death > last_death, NEVER, death)
        parts.append((sex[keep], birth[keep].astype(np.int32), death[keep].astype(np.int32)))
        found += int(keep.sum())
    sex, birth, death = (np.concatenate(part)[:persons] for part in zip(*parts, strict=True))
    people = province.new["people"].to_numpy(float)
    commune = rng.choice(len(people), size=persons, p=people / people.sum()).astype(np.int32)
    group, own_old = _by_commune(rng, province, commune)
    drawn = People(
        sex=sex,
        birth=birth,
        death=death,
        commune=commune,
        group=group,
        outsider=(rng.random(persons) < 0.04).astype(np.int8),
        shadow=np.zeros(persons, dtype=np.int8),
        father=np.full(persons, -1, dtype=np.int32),
        mother=np.full(persons, -1, dtype=np.int32),
        own_old=own_old,
        twin=np.full(persons, -1, dtype=np.int32),
        foreign_name=np.full(persons, None, dtype=object),
        nationality=np.full(persons, "VN", dtype="U2"),
    )
    _make_twins(rng, drawn)
    return drawn


def _by_commune(rng: np.random.Generator, province: Province, commune: Array) -> tuple[Array, Array]:
    """Ethnic group and old commune of each person, by the shares and weights of the commune of today."""
    group, own_old = np.zeros(len(commune), dtype=np.int8), np.zeros(len(commune), dtype=np.int32)
    order = np.argsort(commune, kind="stable")
    bounds = np.searchsorted(commune[order], np.arange(len(province.new) + 1))
    weight = province.old["weight"].to_numpy(float)
    for parent, old_rows in province.old.groupby("parent").indices.items():
        rows = order[bounds[parent] : bounds[parent + 1]]
        edges = np.cumsum(province.ethnic[parent])
        group[rows] = np.minimum(np.searchsorted(edges, rng.random(len(rows))), len(edges) - 1)
        own_old[rows] = old_rows[rng.choice(len(old_rows), size=len(rows), p=weight[old_rows] / weight[old_rows].sum())]
    return group, own_old


def _make_twins(rng: np.random.Generator, people: People) -> None:
    """Make twins of some people of neighbouring birth days: the second takes day, place and group of the first."""
    order = np.argsort(people.birth, kind="stable")
    first = np.flatnonzero(rng.random(len(order) - 1) < TWINS)
    first = first[np.diff(first, prepend=-2) > 1]
    elder, younger = order[first], order[first + 1]
    near = (people.birth[younger] - people.birth[elder] < 60) & (people.death[younger] > people.birth[younger] + 70)
    elder, younger = elder[near], younger[near]
    for column in (people.birth, people.commune, people.group, people.outsider, people.own_old):
        column[younger] = column[elder]
    people.twin[younger] = elder
