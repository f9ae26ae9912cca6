"""Names, numbers and papers of each person: lineage, surname, PIN, CMND, card, how well the birth date is known.

Facts: domain.md section 2 (structure of the numbers), 3 (ID13: cards), 6 (share of births known by year only).
"""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from synthetic_data.days import NEVER, Array, add_years, day, start_of, to_dates, year_of
from synthetic_data.names import Text, draw_given, draw_surnames
from synthetic_data.population import People
from synthetic_data.units import Province

NGHE_AN = 40
PIN_FROM = day(date(2016, 1, 1))
CHIP_CARDS_FROM = day(date(2021, 3, 1))


def roots(parent: Array) -> Array:
    """Follow ``parent`` (own row number = end of the line) to the end, by pointer doubling."""
    at = parent.copy()
    while True:
        further = at[at]
        if np.array_equal(further, at):
            return at
        at = further


def line_roots(people: People) -> Array:
    """The first known ancestor in the father's line (in the mother's where the father is unknown)."""
    own = np.arange(len(people))
    return roots(np.where(people.father >= 0, people.father, np.where(people.mother >= 0, people.mother, own)))


def _home_provinces(rng: np.random.Generator, people: People, expectations: Path) -> Array:
    """PIN prefix of the province where each person's birth was registered; children and shadow parents agree."""
    listed = pd.read_csv(expectations / "code_lists" / "ma_tinh_dinh_danh.csv", dtype=str)
    others = listed.loc[listed["code"] != f"{NGHE_AN:03d}", "code"].astype(int).to_numpy()
    province = np.where(people.outsider == 1, rng.choice(others, size=len(people)), NGHE_AN)
    child = np.flatnonzero((people.outsider == 1) & (people.father >= 0))
    for line in (people.father, people.mother):
        province[line[child]] = province[child]
    return province


def _scatter(rng: np.random.Generator, groups: Array, size: int) -> Array:
    """A number from 1 to ``size - 1`` for each row, unique within its group, in no visible order; ``size`` is prime."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    first = np.r_[True, ordered[1:] != ordered[:-1]]
    start = np.maximum.accumulate(np.where(first, np.arange(len(ordered)), 0))
    offset = rng.integers(0, size - 1, len(ordered))[start]
    numbers = np.empty(len(groups), dtype=np.int64)
    numbers[order] = (offset + (np.arange(len(ordered)) - start) * 618_033) % (size - 1) + 1
    return numbers


def _pins(rng: np.random.Generator, people: People, province: Array) -> Text:
    """12 digits PPPGYYNNNNNN for everyone with Vietnamese nationality who lived in 2016 or later; else None."""
    year = year_of(people.birth)
    head = province * 1000 + ((year // 100 - 19) * 2 + people.sex) * 100 + year % 100
    tail = _scatter(rng, head, 999_983)
    number = pd.Series(head).astype(str).str.zfill(6) + pd.Series(tail).astype(str).str.zfill(6)
    has = (people.death > PIN_FROM) & (people.nationality == "VN")
    return np.asarray(number.astype(object).mask(~has, None).to_numpy(object))


def _cmnds(rng: np.random.Generator, people: People) -> tuple[Text, Array]:
    """9-digit numbers of people who turned 14 before 2016, with the day of issue (NEVER without one)."""
    adult = add_years(people.birth, 14)
    issued = np.maximum(
        adult + rng.integers(20, 1500, len(people)), start_of(np.array([1978]))[0] + rng.integers(0, 900, len(people))
    )
    has = (
        (issued < PIN_FROM) & (issued < people.death) & (people.nationality == "VN") & (rng.random(len(people)) < 0.97)
    )
    head = np.where(people.outsider == 1, 190_000_000, 180_000_000)
    number = head + _scatter(rng, head, 7_999_993)
    text = pd.Series(number).astype(str).astype(object).mask(~has, None)
    return text.to_numpy(object), np.where(has, issued, NEVER)


def _cards(rng: np.random.Generator, people: People, as_of: int) -> tuple[Array, Array]:
    """Day of issue and of expiry of the last card; NEVER for none, or for a card that does not expire (from 60 on).

    A card issued within two years before 25, 40 or 60 stays valid to the age after.
    """
    until = np.minimum(people.death, as_of)
    birthdays = np.stack([add_years(people.birth, age) for age in (14, 25, 40, 60)], axis=1)
    opens = np.stack([birthdays[:, 0], *(birthdays[:, k] - 700 for k in (1, 2, 3))], axis=1)
    stage = (birthdays <= until[:, None]).sum(axis=1) - 1
    rows = np.arange(len(people))
    earliest = np.maximum(opens[rows, np.maximum(stage, 0)], CHIP_CARDS_FROM)
    latest = np.maximum(
        earliest, np.minimum(until, np.maximum(birthdays[rows, np.maximum(stage, 0)] + 60, CHIP_CARDS_FROM + 700))
    )
    issued = earliest + (rng.random(len(people)) * (latest - earliest)).astype(np.int64)
    has = (stage >= 0) & (issued <= until) & (people.nationality == "VN")
    stage = (opens <= issued[:, None]).sum(axis=1) - 1
    expires = np.where(stage >= 3, NEVER, birthdays[rows, np.minimum(stage + 1, 3)])
    return np.where(has, issued, NEVER), np.where(has, expires, NEVER)


def identities(
    rng: np.random.Generator, people: People, province: Province, as_of: int, expectations: Path
) -> pd.DataFrame:
    """One row a person (shadows too): names, numbers, papers; days as dates, ``id`` is the row number."""
    root = line_roots(people)
    home_province = _home_provinces(rng, people, expectations)
    surname = draw_surnames(rng, people.group, province.groups)[root]
    middle, given = draw_given(rng, people.group, people.sex, np.maximum(year_of(people.birth), 1900), province.groups)
    name = np.asarray(surname + " " + middle + " " + given, dtype=object)
    foreign = people.nationality != "VN"
    name[foreign] = people.foreign_name[foreign]
    cmnd, cmnd_day = _cmnds(rng, people)
    card, expires = _cards(rng, people, as_of)
    year = year_of(people.birth)
    by_year_only = rng.random(len(people)) < np.select(
        [year < 1945, year < 1961, year < 1976], [0.40, 0.25, 0.10], 0.01
    )
    passport = pd.Series("M") + pd.Series(rng.integers(10_000_000, 99_999_999, len(people))).astype(str)
    return pd.DataFrame(
        {
            "id": np.arange(len(people)),
            "sex": people.sex,
            "birth": to_dates(people.birth),
            "whole_date": ~by_year_only,
            "death": to_dates(people.death),
            "shadow": people.shadow == 1,
            "outsider": people.outsider == 1,
            "father": people.father,
            "mother": people.mother,
            "ethnic": np.where(foreign, "Người nước ngoài", np.asarray(province.groups, dtype=object)[people.group]),
            "nationality": people.nationality,
            "name": name,
            "pin": _pins(rng, people, home_province),
            "cmnd": cmnd,
            "cmnd_day": to_dates(cmnd_day),
            "card_day": to_dates(card),
            "card_expires": to_dates(expires),
            "passport": np.where(foreign, ("M" + passport.str[1:]).to_numpy(object), None),
            "home_province": home_province,
            "que_province": home_province[root],
            "que_old": people.own_old[root],
            "commune": people.commune,
        }
    )
