"""Acts that give a child a parent after the birth entry: recognition (CMC) and adoption.

A child born before its parents registered their marriage, or to a woman alone, has no father in the birth entry; a few
entries lack the mother. Recognition changes who the parents are, adoption here does not: the birth entry keeps them.
How often each happens is an own guess; the law is domain.md 3.2 (CM01, CM04, CN01-CN04).
"""

from datetime import date

import numpy as np
import pandas as pd

from synthetic_data.couples import OPEN, Pass, cells, pair
from synthetic_data.days import NEVER, YEAR, Array, add_years, day, next_working, year_of
from synthetic_data.families import related
from synthetic_data.population import People
from synthetic_data.units import Province

FATHER_OF, MOTHER_OF, BY_CHILD_FATHER, BY_CHILD_MOTHER = 1, 2, 3, 4
"""Cha nhận con, mẹ nhận con, con nhận cha, con nhận mẹ (domain.md 1.2c)."""
BOOKS_FROM = day(date(1990, 1, 1))
ADOPTION_LAW = day(date(2011, 1, 1))
"""Luật Nuôi con nuôi 2010 in force."""
RECOGNISED_ALONE, MOTHER_UNKNOWN, ADOPTED = 0.3, 0.0006, 0.0015
"""Share of fatherless children whose father comes later; of births without the mother; of children adopted."""


def without_parent(
    rng: np.random.Generator,
    people: People,
    marriages: pd.DataFrame,
    born: pd.DataFrame,
    province: Province,
    as_of: int,
) -> pd.DataFrame:
    """Children whose birth entry lacks a parent who recognises them later: ``child, parent, day`` (NEVER: not yet).

    The father or mother of each is taken out of ``people`` (the child is named after the other one);
    ``recognise`` puts the recognised ones back. Days lie before ``as_of``, both persons live.
    """
    single = np.ones(len(people), dtype=bool)
    single[marriages["husband"]] = single[marriages["wife"]] = False
    childless = np.ones(len(people), dtype=bool)
    for line in (people.father, people.mother):
        childless[line[line >= 0]] = False
    free = single & childless & (people.shadow == 0) & (people.outsider == 0)
    parts = [
        _before_marriage(rng, people, marriages, born, free),
        _of_women_alone(rng, people, province, free),
        _of_unknown_mothers(rng, people, free),
    ]
    found = pd.concat(parts, ignore_index=True)
    latest = np.minimum(people.death[found["child"]], people.death[found["parent"]]) - 20
    latest = np.minimum(latest, as_of - 8)
    days = next_working(np.maximum(found["day"].to_numpy(np.int64), BOOKS_FROM))
    return found.assign(day=np.where(days < latest, days, NEVER)).astype(np.int32)


def _before_marriage(
    rng: np.random.Generator, people: People, marriages: pd.DataFrame, born: pd.DataFrame, free: Array
) -> pd.DataFrame:
    """Children of unions registered late whose birth was entered before the marriage; also takes the father out."""
    wedding = np.full(len(people), NEVER, dtype=np.int32)
    late = marriages[(marriages["began"] < marriages["married"]) & (marriages["end_kind"] == OPEN)]
    wedding[late["wife"]] = late["married"]
    first = born.drop_duplicates("person")
    child, entered = first["person"].to_numpy(), first["day"].to_numpy()
    mother = people.mother[child]
    early = (mother >= 0) & (people.father[child] >= 0) & free[child]
    early &= (entered < wedding[mother]) & (wedding[mother] < NEVER)
    child, mother = child[early], mother[early]
    parent = people.father[child]
    soon = rng.random(len(child)) < 0.7
    wait = np.where(
        soon, rng.integers(2, 60, len(child)), (rng.exponential(3, len(child)) * YEAR).astype(np.int64) + 60
    )
    people.father[child] = -1
    return pd.DataFrame({"child": child, "parent": parent, "day": wedding[mother] + wait})


def _of_women_alone(rng: np.random.Generator, people: People, province: Province, free: Array) -> pd.DataFrame:
    """Children of women who never married, recognised by a man of the commune who is not of the mother's kin."""
    fatherless = free & (people.father < 0) & (people.mother >= 0) & (year_of(people.birth) >= 1990)
    child = np.flatnonzero(fatherless & (people.twin < 0))
    child = child[rng.random(len(child)) < RECOGNISED_ALONE]
    mother = people.mother[child]
    men = np.flatnonzero((people.sex == 0) & (people.shadow == 0) & (people.outsider == 0))
    step = Pass("commune", False, 2500)
    at, parent = pair(
        rng, np.arange(len(child)), men,
        cells(people, province, mother, people.birth[mother] - 700, step),
        cells(people, province, men, people.birth[men], step),
    )  # fmt: skip
    child, mother = child[at], mother[at]
    fits = ~related(people, parent, mother) & ~related(people, parent, child) & (parent != child)
    fits &= (people.birth[child] - people.birth[parent] > 17 * YEAR) & (people.death[parent] > people.birth[child])
    child, parent = child[fits], parent[fits]
    twins = np.flatnonzero((people.twin >= 0) & np.isin(people.twin, child) & free)
    order = np.argsort(child)
    of_twin = parent[order[np.searchsorted(child[order], people.twin[twins])]] if len(twins) else twins
    child, parent = np.concatenate([child, twins]), np.concatenate([parent, of_twin])
    wait = 200 + (rng.gamma(1.2, 5.0, len(child)) * YEAR).astype(np.int64)
    return pd.DataFrame({"child": child, "parent": parent, "day": people.birth[child] + wait})


def _of_unknown_mothers(rng: np.random.Generator, people: People, free: Array) -> pd.DataFrame:
    """A few children entered by the father alone; also takes the mother out."""
    known = free & (people.mother >= 0) & (people.father >= 0) & (year_of(people.birth) >= 1995)
    child = np.flatnonzero(known & (people.twin < 0) & (rng.random(len(people)) < MOTHER_UNKNOWN))
    elder = np.zeros(len(people), dtype=bool)
    elder[people.twin[people.twin >= 0]] = True
    child = child[~elder[child] & (people.shadow[people.mother[child]] == 0)]
    parent = people.mother[child]
    people.mother[child] = -1
    wait = 400 + (rng.gamma(1.2, 6.0, len(child)) * YEAR).astype(np.int64)
    return pd.DataFrame({"child": child, "parent": parent, "day": people.birth[child] + wait})


def recognise(people: People, known: pd.DataFrame, born: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Carry out the recognitions of ``without_parent``.

    Returns ``person`` (recognised), ``recogniser, kind, old, day`` (old commune of the child), and the birth entries
    with ``father`` and ``mother`` as entered. A grown child is the one who recognises (kinds 3 and 4).
    """
    done = known[known["day"] < NEVER].drop_duplicates("child").sort_values(["day", "child"]).reset_index(drop=True)
    child, parent, on = (done[name].to_numpy() for name in ("child", "parent", "day"))
    person, entered = born["person"].to_numpy(), born["day"].to_numpy()
    entry = {"father": people.father[person], "mother": people.mother[person]}
    since = np.full(len(people), NEVER, dtype=np.int32)
    since[child] = on
    for sex, line in ((0, people.father), (1, people.mother)):
        line[child[people.sex[parent] == sex]] = parent[people.sex[parent] == sex]
    after = since[person] <= entered
    now = {"father": people.father, "mother": people.mother}
    entry = {name: np.where(after, now[name][person], parent) for name, parent in entry.items()}
    grown = on >= add_years(people.birth[child], 18)
    kind = np.where(people.sex[parent] == 0, FATHER_OF, MOTHER_OF) + np.where(grown, 2, 0)
    table = pd.DataFrame(
        {
            "person": np.where(grown, parent, child),
            "recogniser": np.where(grown, child, parent),
            "kind": kind.astype(np.int8),
            "old": people.own_old[child],
            "day": on,
        }
    )
    return table, born.assign(**entry)


def adopt(
    rng: np.random.Generator, people: People, marriages: pd.DataFrame, province: Province, as_of: int
) -> pd.DataFrame:
    """Adoptions by married couples: ``person, father, mother, old, day``.

    Both adopters are at least 20 years older than the child, which is under 16 (domain.md 3.2 CN01, CN02); no relative
    adopts here, and the adopted never married.
    """
    ever = np.zeros(len(people), dtype=bool)
    ever[marriages["husband"]] = ever[marriages["wife"]] = True
    born = people.birth >= ADOPTION_LAW - 15 * 365
    child = np.flatnonzero(born & ~ever & (people.shadow == 0) & (people.outsider == 0) & (people.death >= NEVER))
    child = child[rng.random(len(child)) < ADOPTED]
    couples = marriages[(marriages["end_kind"] == OPEN) & (marriages["married"] < as_of - 6 * 365)]
    couples = couples[(people.shadow[couples["husband"]] == 0) & (people.shadow[couples["wife"]] == 0)]
    wife = couples["wife"].to_numpy()
    step = Pass("commune", False, 5000)
    row, adopted = pair(
        rng, np.arange(len(couples)), child,
        cells(people, province, wife, people.birth[wife] + int(32 * YEAR), step),
        cells(people, province, child, people.birth[child], step),
    )  # fmt: skip
    father, mother, married = (couples[name].to_numpy()[row] for name in ("husband", "wife", "married"))
    youngest = np.maximum(people.birth[father], people.birth[mother])
    first = np.maximum(np.maximum(people.birth[adopted] + 60, ADOPTION_LAW), married + 400)
    last = np.minimum(add_years(people.birth[adopted], 16), as_of - 20)
    on = next_working(first + (rng.random(len(adopted)) * np.maximum(last - first - 10, 0)).astype(np.int64))
    fits = (people.birth[adopted] >= add_years(youngest, 20)) & (on < last)
    fits &= ~related(people, adopted, father) & ~related(people, adopted, mother)
    table = pd.DataFrame({"person": adopted, "father": father, "mother": mother, "day": on})[fits].astype(np.int32)
    return table.assign(old=people.own_old[table["father"]]).sort_values(["day", "person"]).reset_index(drop=True)
