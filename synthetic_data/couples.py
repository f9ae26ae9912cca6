"""Marriages: who married whom, when, and how each marriage ended.

Holds true marriages only; false entries are planted in ``planted`` and numbers given in ``books``.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from synthetic_data.days import NEVER, YEAR, Array, add_years, day, next_working, spread_working
from synthetic_data.names import foreign_names
from synthetic_data.population import People
from synthetic_data.units import Province

OPEN, DIVORCED, ANNULLED, HUSBAND_DIED, WIFE_DIED = range(5)
LAW_2014 = day(date(2015, 1, 1))
DISTRICT_FROM = day(date(2016, 1, 1))
"""Marriages with a foreign element are registered at the district from here to 30/06/2025; there are none before."""
FOREIGN_FROM, FOREIGN_BRIDES, FOREIGN_GROOMS = day(date(1982, 1, 1)), 0.0145, 0.003
"""Shares of the women and men born since then who marry a foreigner: about 4% of the marriages (domain.md 7)."""


def pair(
    rng: np.random.Generator, left: Array, right: Array, left_cell: Array, right_cell: Array
) -> tuple[Array, Array]:
    """Pair members of ``left`` with members of ``right`` that stand in the same cell, each at most once, at random."""
    keys = []
    orders = []
    for members, cell in ((left, left_cell), (right, right_cell)):
        shuffled = rng.permutation(len(members))
        order = shuffled[np.argsort(cell[shuffled], kind="stable")]
        ordered = cell[order]
        first = np.r_[True, ordered[1:] != ordered[:-1]] if len(ordered) else np.empty(0, dtype=bool)
        start = np.maximum.accumulate(np.where(first, np.arange(len(ordered)), 0))
        keys.append(ordered * (1 << 24) + np.arange(len(ordered)) - start)
        orders.append(order)
    _, at_left, at_right = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
    return left[orders[0][at_left]], right[orders[1][at_right]]


@dataclass(frozen=True)
class Pass:
    """One round of pairing: where both must live, whether they share the ethnic group, how many days apart at most."""

    place: str
    same_group: bool
    width: int


PASSES = (
    Pass("commune", True, 500),
    Pass("commune", True, 1100),
    Pass("district", True, 900),
    Pass("province", False, 900),
)


def cells(people: People, province: Province, ids: Array, time: Array, step: Pass) -> Array:
    """The cell of each person for one pairing round; ``time`` is the birth day shifted as the round wants it."""
    district = pd.factorize(province.new["district"], sort=True)[0]
    commune = people.commune[ids]
    place = {"commune": commune, "district": district[commune], "province": np.zeros_like(commune)}[step.place]
    group = people.group[ids] if step.same_group else np.zeros_like(commune)
    return np.asarray((place.astype(np.int64) * 64 + group) * 4096 + (time + 40_000) // step.width)


def first_marriages(rng: np.random.Generator, people: People, province: Province, as_of: int) -> pd.DataFrame:
    """Pair men and women of like age, place and group; date each marriage at a lawful age of both."""
    left = rng.random(len(people)) < 0.92
    share = np.where(people.sex == 0, FOREIGN_GROOMS, FOREIGN_BRIDES)
    abroad = left & (people.birth > FOREIGN_FROM) & (rng.random(len(people)) < share)
    left &= ~abroad
    time = people.birth + np.where(people.sex == 0, 1000 + rng.normal(0, 500, len(people)), 0).astype(np.int32)
    pairs: list[tuple[Array, Array]] = []
    for step in PASSES:
        men, women = (np.flatnonzero(left & (people.sex == sex)) for sex in (0, 1))
        husbands, wives = pair(
            rng,
            men,
            women,
            cells(people, province, men, time[men], step),
            cells(people, province, women, time[women], step),
        )
        pairs.append((husbands, wives))
        left[husbands] = left[wives] = False
    husband, wife = (np.concatenate(part) for part in zip(*pairs, strict=True))
    husband, wife = _with_foreigners(rng, people, np.flatnonzero(abroad), husband, wife)
    married = np.maximum(
        people.birth[wife] + ((17.2 + rng.gamma(2.4, 2.1, len(wife))) * YEAR).astype(np.int64),
        people.birth[husband] + ((19.2 + rng.gamma(1.2, 2.0, len(husband))) * YEAR).astype(np.int64),
    )
    foreign = (people.nationality[husband] != "VN") | (people.nationality[wife] != "VN")
    from_then = DISTRICT_FROM + rng.integers(0, max(as_of - DISTRICT_FROM, 1), len(wife))
    married = np.where(foreign, np.maximum(married, from_then), married)
    began, married = _unregistered(rng, people, province, husband, wife, married)
    married = lawful_day(rng, people, husband, wife, married)
    return _without_orphans(people, _kept(people, husband, wife, married, as_of, np.minimum(began, married)))


def _unregistered(
    rng: np.random.Generator, people: People, province: Province, husband: Array, wife: Array, married: Array
) -> tuple[Array, Array]:
    """Some couples of the highlands live together for years before they register (domain.md 6: unregistered unions).

    Returns the day each such union began (NEVER for the others) and the day of each marriage.
    """
    highland = (province.new["region"] == "vung_cao").to_numpy()[people.commune[wife]]
    minority = people.group[wife] != province.groups.index("Kinh")
    native = people.nationality[husband] == people.nationality[wife]
    waits = native & highland & minority & (rng.random(len(wife)) < 0.18)
    least = np.maximum(people.birth[wife] + int(15.5 * YEAR), people.birth[husband] + int(16.5 * YEAR))
    began = np.maximum(married - rng.integers(0, 900, len(wife)), least)
    later = began + 120 + (rng.gamma(1.3, 3.0, len(wife)) * YEAR).astype(np.int64)
    return np.where(waits, began, NEVER), np.where(waits, np.maximum(later, married), married)


def lawful_day(rng: np.random.Generator, people: People, husband: Array, wife: Array, days: Array) -> Array:
    """A working day from ``days`` on at which both have the age that the law of 2014 asks, where it applies."""
    full_age = np.maximum(add_years(people.birth[husband], 20), add_years(people.birth[wife], 18))
    return spread_working(rng, np.where(days >= LAW_2014 - 15, np.maximum(days, full_age), days))


def _kept(
    people: People, husband: Array, wife: Array, married: Array, as_of: int, began: Array | None = None
) -> pd.DataFrame:
    """Marriages that take place before ``as_of`` and in the lifetime of both; ``began`` is the day of the union."""
    alive = np.minimum(people.death[husband], people.death[wife]) > married + 30
    keep = alive & (married < as_of)
    days = {"married": married, "began": married if began is None else began}
    return pd.DataFrame(
        {name: part[keep].astype(np.int32) for name, part in {"husband": husband, "wife": wife, **days}.items()}
    )


def _without_orphans(people: People, marriages: pd.DataFrame) -> pd.DataFrame:
    """Take the foreigners out of ``people`` whose marriage does not take place before the data end."""
    wed = people.shadow == 0
    wed[marriages["husband"]] = wed[marriages["wife"]] = True
    ids = people.keep(wed)
    return marriages.assign(husband=ids[marriages["husband"]], wife=ids[marriages["wife"]])


def _with_foreigners(
    rng: np.random.Generator, people: People, partner: Array, husband: Array, wife: Array
) -> tuple[Array, Array]:
    """Give each of ``partner`` a foreign spouse (a shadow); the couples stand behind the others."""
    sex = 1 - people.sex[partner]
    name, nationality = foreign_names(rng, sex)
    size = len(partner)
    birth = people.birth[partner] + np.where(sex == 0, -rng.integers(0, 3000, size), rng.integers(-800, 800, size))
    never, one = np.full(size, NEVER), np.ones(size, dtype=np.int64)
    spouse = people.append(
        sex=sex, birth=birth, death=never, commune=people.commune[partner], group=people.group[partner], outsider=one,
        shadow=one, own_old=people.own_old[partner], foreign_name=name, nationality=nationality,
    )  # fmt: skip
    is_bride = people.sex[partner] == 1
    return (
        np.concatenate([husband, np.where(is_bride, spouse, partner)]),
        np.concatenate([wife, np.where(is_bride, partner, spouse)]),
    )


def end_marriages(
    rng: np.random.Generator, people: People, marriages: pd.DataFrame, as_of: int, divorce_share: float
) -> pd.DataFrame:
    """Add ``end`` (day of legal effect or death), ``end_kind``, ``judged`` (day of the judgment) to marriages."""
    husband, wife = marriages["husband"].to_numpy(), marriages["wife"].to_numpy()
    married, size = marriages["married"].to_numpy(), len(marriages)
    death = np.minimum(people.death[husband], people.death[wife])
    annulled = rng.random(size) < 0.015
    lasts = np.where(annulled, 0.3 + rng.random(size) * 2, 0.6 + rng.gamma(2.0, 4.5, size))
    judged = next_working(married + (lasts * YEAR).astype(np.int64))
    effective = judged + np.where(rng.random(size) < 0.7, 0, 31)
    early = judged < day(date(2010, 1, 1))
    wants = (rng.random(size) < divorce_share) & (~early | (rng.random(size) < 0.3))
    parted = wants & (judged >= day(date(1995, 1, 1))) & (effective < death - 30) & (effective <= as_of - 25)
    end = np.where(parted, effective, np.where(death < NEVER, death, NEVER))
    died = np.where(people.death[husband] <= people.death[wife], HUSBAND_DIED, WIFE_DIED)
    kind = np.where(parted, np.where(annulled, ANNULLED, DIVORCED), np.where(death < NEVER, died, OPEN))
    return marriages.assign(
        end=end.astype(np.int32), end_kind=kind.astype(np.int8), judged=np.where(parted, judged, NEVER).astype(np.int32)
    )


def later_marriages(
    rng: np.random.Generator, people: People, province: Province, ended: pd.DataFrame, as_of: int
) -> pd.DataFrame:
    """Second marriages of the divorced and widowed, with each other, with the never married, or with the same
    spouse.
    """
    again = (ended["end_kind"] == DIVORCED) & (rng.random(len(ended)) < 0.015)
    free = np.full(len(people), NEVER, dtype=np.int32)
    for who, keeps, extra in (("husband", 0.6, 60), ("wife", 0.4, 300)):
        other_died = HUSBAND_DIED if who == "wife" else WIFE_DIED
        lone = ended["end_kind"].isin([DIVORCED, ANNULLED, other_died]) & ~again & (rng.random(len(ended)) < keeps)
        ids = ended.loc[lone, who].to_numpy()
        end = ended.loc[lone, "end"].to_numpy()
        young = end - people.birth[ids] < 55 * YEAR
        free[ids[young]] = end[young] + extra
    single = people.shadow == 0
    single[ended["husband"]] = single[ended["wife"]] = False
    single &= rng.random(len(people)) < 0.3
    free[single] = people.birth[single] + 25 * 366
    free[people.shadow == 1] = NEVER
    pairs, ready_days = [], []
    for step in (Pass("commune", True, 1800), Pass("district", True, 1800), Pass("province", False, 1500)):
        men, women = (np.flatnonzero((free < as_of) & (people.sex == sex)) for sex in (0, 1))
        husbands, wives = pair(
            rng, men, women,
            cells(people, province, men, people.birth[men] + 1000, step),
            cells(people, province, women, people.birth[women], step),
        )  # fmt: skip
        pairs.append((husbands, wives))
        ready_days.append(np.maximum(free[husbands], free[wives]))
        free[husbands] = free[wives] = NEVER
    husband, wife = (np.concatenate(part) for part in zip(*pairs, strict=True))
    ready = np.concatenate(ready_days)
    one_before = ~(single[husband] & single[wife])
    husband, wife, ready = husband[one_before], wife[one_before], ready[one_before]
    husband = np.concatenate([husband, ended.loc[again, "husband"].to_numpy()])
    wife = np.concatenate([wife, ended.loc[again, "wife"].to_numpy()])
    ready = np.concatenate([ready, ended.loc[again, "end"].to_numpy() + 60])
    married = ready + (rng.gamma(1.5, 1.5, len(husband)) * YEAR).astype(np.int64)
    return _kept(people, husband, wife, lawful_day(rng, people, husband, wife, married), as_of)


def draw_marriages(rng: np.random.Generator, people: People, province: Province, as_of: int) -> pd.DataFrame:
    """All true marriages: ``husband, wife, married, began, end, end_kind, judged, order`` (1 or 2), ordered by date.

    ``began`` is the day the couple began to live together: that of the marriage, but in unions registered late.
    """
    first = end_marriages(rng, people, first_marriages(rng, people, province, as_of), as_of, 0.16)
    later = end_marriages(rng, people, later_marriages(rng, people, province, first, as_of), as_of, 0.06)
    both = pd.concat([first.assign(order=1), later.assign(order=2)], ignore_index=True)
    return both.sort_values(["married", "husband", "wife"], kind="stable").reset_index(drop=True)
