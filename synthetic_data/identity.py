"""Names, numbers and papers of each person: lineage, surname, PIN, CMND, card, how well the birth date is known.

Facts: domain.md section 2 (structure of the numbers), 3 (ID13: cards), 6 (share of births known by year only).
"""

from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from synthetic_data.days import NEVER, Array, add_years, day, start_of, to_dates, year_of
from synthetic_data.names import Words, draw_given, draw_surnames, full_names, word_ids
from synthetic_data.population import People
from synthetic_data.units import Province

NGHE_AN = 40
PIN_FROM = day(date(2016, 1, 1))
ROUNDS = 20
"""How often names are drawn again; few clashes are left after five."""
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
    child = child[people.shadow[people.father[child]] == 1]
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


def _digits(numbers: Array, width: int, has: npt.NDArray[np.bool_]) -> pa.Array:
    """Numbers as Arrow strings of ``width`` digits; NULL where ``has`` is false."""
    return pc.utf8_lpad(pa.array(numbers, mask=~has).cast(pa.string()), width, "0")


def _pins(rng: np.random.Generator, people: People, province: Array) -> pa.Array:
    """12 digits PPPGYYNNNNNN for everyone with Vietnamese nationality who lived in 2016 or later; else NULL."""
    year = year_of(people.birth)
    head = province.astype(np.int64) * 1000 + ((year // 100 - 19) * 2 + people.sex) * 100 + year % 100
    number = head * 1_000_000 + _scatter(rng, head, 999_983)
    return _digits(number, 12, (people.death > PIN_FROM) & (people.nationality == "VN"))


def _cmnds(rng: np.random.Generator, people: People) -> tuple[pa.Array, Array]:
    """9-digit numbers of people who turned 14 before 2016, with the day of issue (NEVER without one)."""
    adult = add_years(people.birth, 14)
    issued = np.maximum(
        adult + rng.integers(20, 1500, len(people)), start_of(np.array([1978]))[0] + rng.integers(0, 900, len(people))
    )
    has = (
        (issued < PIN_FROM) & (issued < people.death) & (people.nationality == "VN") & (rng.random(len(people)) < 0.97)
    )
    head = np.where(people.outsider == 1, 190_000_000, 180_000_000)
    return _digits(head + _scatter(rng, head, 7_999_993), 9, has), np.where(has, issued, NEVER)


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


def _ethnic(province: Province, group: Array) -> pd.Categorical:
    """What the registers call each group (row of ``province.official``, the row behind the last for foreigners)."""
    names = [*province.official, "Người nước ngoài"]
    listed = list(dict.fromkeys(names))
    return pd.Categorical.from_codes(np.array([listed.index(name) for name in names], dtype=np.int8)[group], listed)


def _given_names(
    rng: np.random.Generator, people: People, surname: Words, year: Array, groups: tuple[str, ...]
) -> tuple[Words, Words]:
    """Middle and given name of everyone, drawn again where no family would choose them (``_unlikely``)."""
    middle, given = draw_given(rng, people.group, people.sex, year, groups)
    rows = np.arange(len(people))
    for _ in range(ROUNDS):
        changed = _unlikely(people, surname, middle, given, rows)
        if not len(changed):
            break
        for words, anew in zip(
            (middle, given),
            draw_given(rng, people.group[changed], people.sex[changed], year[changed], groups),
            strict=True,
        ):
            words.codes[changed] = anew.codes
        touched = np.zeros(len(people), dtype=bool)
        touched[changed] = True
        parent = touched.copy()
        for line in (people.father, people.mother):
            parent[line[changed][line[changed] >= 0]] = True
        for line in (people.father, people.mother):
            touched |= parent[line] & (line >= 0)
        rows = np.flatnonzero(touched)
    return middle, given


def _unlikely(people: People, surname: Words, middle: Words, given: Words, rows: Array) -> Array:
    """Those of ``rows`` whose middle name repeats the surname or the given name, whose given name is the father's, or
    who are named as an earlier one of ``rows`` by the same father or mother.
    """
    ends = [words.vocabulary for words in (surname, middle, middle, given)]
    parts = [[word.split(" ")[at] for word in words] for words, at in zip(ends, (-1, 0, -1, 0), strict=True)]
    last, first, second, called = word_ids(*parts)
    whole = word_ids(middle.vocabulary)[0]
    at_middle, name = middle.codes[rows], called[given.codes[rows]]
    bad = (last[surname.codes[rows]] == first[at_middle]) | (second[at_middle] == name)
    father = people.father[rows]
    bad |= (father >= 0) & (called[given.codes[father]] == name)
    own = whole[at_middle] * (int(called.max()) + 1) + name
    for line in (people.father[rows], people.mother[rows]):
        child = np.flatnonzero(line >= 0)
        key = line[child].astype(np.int64) * (int(own.max()) + 1) + own[child]
        order = np.argsort(key, kind="stable")
        alike = key[order[1:]] == key[order[:-1]]
        bad[child[order[1:][alike]]] = True
    return rows[bad]


def identities(
    rng: np.random.Generator, people: People, province: Province, as_of: int, expectations: Path
) -> pd.DataFrame:
    """One row a person (shadows too): names, numbers, papers; days as dates, ``id`` is the row number."""
    root = line_roots(people)
    home_province = _home_provinces(rng, people, expectations)
    year = year_of(people.birth)
    surname = draw_surnames(rng, people.group, province.groups).take(root)
    name = full_names(surname, *_given_names(rng, people, surname, np.maximum(year, 1900), province.groups))
    foreign = people.nationality != "VN"
    name = pc.replace_with_mask(name, pa.array(foreign), pa.array(people.foreign_name[foreign], pa.string()))
    cmnd, cmnd_day = _cmnds(rng, people)
    card, expires = _cards(rng, people, as_of)
    by_year_only = rng.random(len(people)) < np.select(
        [year < 1945, year < 1961, year < 1976, year < 2000], [0.40, 0.25, 0.10, 0.01], 0.0
    )
    passport = np.zeros(len(people), dtype=np.int64)
    passport[foreign] = rng.integers(10_000_000, 99_999_999, int(foreign.sum()))
    return pd.DataFrame(
        {
            "id": np.arange(len(people), dtype=np.int32),
            "sex": people.sex.astype(np.int8),
            "birth": to_dates(people.birth),
            "whole_date": ~by_year_only,
            "death": to_dates(people.death),
            "shadow": people.shadow == 1,
            "outsider": people.outsider == 1,
            "father": people.father.astype(np.int32),
            "mother": people.mother.astype(np.int32),
            "ethnic": _ethnic(province, np.where(foreign, len(province.official), people.group)),
            "nationality": pd.Categorical(people.nationality),
            "name": pd.Series(name),
            "pin": pd.Series(_pins(rng, people, home_province)),
            "cmnd": pd.Series(cmnd),
            "cmnd_day": to_dates(cmnd_day),
            "card_day": to_dates(card),
            "card_expires": to_dates(expires),
            "passport": pd.Series(pc.binary_join_element_wise("M", _digits(passport, 8, foreign), "")),
            "home_province": home_province.astype(np.int16),
            "que_province": home_province[root].astype(np.int16),
            "que_old": people.own_old[root].astype(np.int32),
            "commune": people.commune.astype(np.int32),
        }
    )
