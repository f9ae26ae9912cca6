"""Who was born, where, and when each died: the people before any family.

Holds the ``People`` table that the other modules fill. Holds no marriage, no name and no record.
"""

from dataclasses import dataclass, field

import numpy as np

from synthetic_data.days import NEVER, YEAR, Array, Floats, start_of
from synthetic_data.names import Text
from synthetic_data.units import Province

FIRST_BIRTH = 1925
FIRST_DEATH = 1980
"""People who died earlier are left out: no book of theirs is digitised."""


@dataclass
class People:
    """One row a person; every column is an array of the same length, ids are row numbers, -1 is 'none'.

    Shadows (parents whose life lies outside the data, foreign spouses) stand behind the population proper: they are
    named in entries and have no population record.
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
    foreign_name: Text = field(default_factory=lambda: np.empty(0, dtype=object))
    nationality: Text = field(default_factory=lambda: np.empty(0, dtype=object))

    def __len__(self) -> int:
        return len(self.sex)

    def append(self, **columns: Array | Text) -> Array:
        """Add shadows; missing columns are filled with -1 (numbers) or None (texts). Returns their ids."""
        first, size = len(self), len(columns["sex"])
        for name in self.__dataclass_fields__:
            old = getattr(self, name)
            empty = np.full(size, None, dtype=object) if old.dtype == object else np.full(size, -1, dtype=np.int64)
            setattr(self, name, np.concatenate([old, columns.get(name, empty)]))
        return np.arange(first, first + size)


def _death_age(rng: np.random.Generator, sex: Array) -> Floats:
    """Age at death in years: Gompertz around the modal ages 77 (men) and 84 (women), 3% die early of other causes."""
    slope = np.where(sex == 0, 0.085, 0.095)
    base = slope * np.exp(-slope * np.where(sex == 0, 77.0, 84.0))
    age = np.log1p(-np.log(rng.random(len(sex))) * slope / base) / slope
    early = rng.random(len(sex)) < 0.03
    return np.asarray(np.where(early, np.minimum(age, rng.random(len(sex)) * 60), age))


def birth_weights(years: Array) -> Floats:
    """Relative number of births a year: growing to the 1960s, falling after the 1980s."""
    return np.interp(years, [1925, 1945, 1960, 1985, 2000, 2012, 2025], [0.35, 0.55, 1.05, 1.25, 0.85, 1.0, 0.8])


def draw_people(rng: np.random.Generator, province: Province, persons: int, as_of: int, last_year: int) -> People:
    """Draw ``persons`` people, living on ``as_of`` (a day number) or dead since ``FIRST_DEATH``."""
    years = np.arange(FIRST_BIRTH, last_year + 1)
    share = birth_weights(years)
    earliest_death = int(start_of(np.array([FIRST_DEATH]))[0])
    sexes, births, deaths = [], [], []
    found = 0
    while found < persons:
        size = int(persons * 1.4) + 200
        year = rng.choice(years, size=size, p=share / share.sum())
        sex = (rng.random(size) > 0.513).astype(np.int64)
        birth = start_of(year) + rng.integers(0, 365, size)
        death = birth + (_death_age(rng, sex) * YEAR).astype(np.int64)
        keep = (birth <= as_of - 10) & (death >= earliest_death) & (death > birth + 3)
        sexes.append(sex[keep])
        births.append(birth[keep])
        deaths.append(np.where(death > as_of - 40, NEVER, death)[keep])
        found += int(keep.sum())
    sex, birth, death = (np.concatenate(part)[:persons] for part in (sexes, births, deaths))
    people = province.new["people"].to_numpy(float)
    commune = rng.choice(len(people), size=persons, p=people / people.sum())
    return People(
        sex=sex,
        birth=birth,
        death=death,
        commune=commune,
        group=_rows_choice(rng, province.ethnic, commune),
        outsider=(rng.random(persons) < 0.04).astype(np.int64),
        shadow=np.zeros(persons, dtype=np.int64),
        father=np.full(persons, -1, dtype=np.int64),
        mother=np.full(persons, -1, dtype=np.int64),
        own_old=_old_commune(rng, province, commune),
        foreign_name=np.full(persons, None, dtype=object),
        nationality=np.full(persons, "VN", dtype=object),
    )


def _rows_choice(rng: np.random.Generator, shares: Floats, rows: Array) -> Array:
    """For each of ``rows`` a column of ``shares`` drawn by that row's shares."""
    cumulated = np.cumsum(shares, axis=1)[rows]
    drawn = (rng.random(len(rows))[:, None] > cumulated).sum(axis=1)
    return np.asarray(np.minimum(drawn, shares.shape[1] - 1))


def _old_commune(rng: np.random.Generator, province: Province, commune: Array) -> Array:
    """An old commune inside each commune, by weight."""
    chosen = np.zeros(len(commune), dtype=np.int64)
    weight = province.old["weight"].to_numpy(float)
    for parent, old_rows in province.old.groupby("parent").indices.items():
        rows = np.flatnonzero(commune == parent)
        share = weight[old_rows] / weight[old_rows].sum()
        chosen[rows] = old_rows[rng.choice(len(old_rows), size=len(rows), p=share)]
    return chosen
