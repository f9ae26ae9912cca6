"""False events: what is wrong before any number or cell is written.

Each function carries out one kind of ``noise/su_kien.yaml`` and marks what it did in the column ``planted``, so that
books are numbered with the false entries inside and the truth keeps them apart.
"""

from datetime import date

import numpy as np
import pandas as pd

from synthetic_data.couples import OPEN
from synthetic_data.days import NEVER, YEAR, Array, day, next_working
from synthetic_data.kinds import load_kinds
from synthetic_data.population import People

CHILD_MARRIAGE, BIGAMY, TWICE_WED = "ket_hon_tao_hon", "ket_hon_trung_hon", "ket_hon_dang_ky_hai_lan"
BRIDES_FROM = day(date(1977, 1, 1))
UNENTERED_FROM = day(date(2017, 1, 1))
TWICE_BORN, TWICE_DEAD, UNENTERED_DEATH = "khai_sinh_dang_ky_hai_lan", "khai_tu_dang_ky_hai_lan", "chet_khong_khai_tu"


def _chosen(rng: np.random.Generator, eligible: Array, kind: str, noise: float) -> Array:
    """Some of ``eligible``, by the kind's rate times ``noise``."""
    return eligible[rng.random(len(eligible)) < min(1.0, load_kinds()[kind].single_rate * noise)]


def marry_children(rng: np.random.Generator, people: People, true: pd.DataFrame, noise: float) -> pd.DataFrame:
    """Move some first marriages to the bride's 16th year; adds the column ``planted``."""
    twice = pd.concat([true["husband"], true["wife"]]).value_counts()
    only = (twice[true["husband"]].to_numpy() == 1) & (twice[true["wife"]].to_numpy() == 1)
    native = (people.nationality[true["husband"]] == "VN") & (people.nationality[true["wife"]] == "VN")
    bride, groom = people.birth[true["wife"]], people.birth[true["husband"]]
    eligible = np.flatnonzero(only & native & (bride >= BRIDES_FROM) & (bride - groom > 600))
    rows = _chosen(rng, eligible, CHILD_MARRIAGE, noise)
    married = true["married"].to_numpy(np.int64).copy()
    married[rows] = next_working(bride[rows] + (15.3 * YEAR + rng.random(len(rows)) * 1.4 * YEAR).astype(np.int64))
    planted = np.full(len(true), "", dtype=object)
    planted[rows] = CHILD_MARRIAGE
    moved = true.assign(married=married, planted=planted)
    return moved.sort_values(["married", "husband", "wife"], kind="stable").reset_index(drop=True)


def false_marriages(
    rng: np.random.Generator, people: People, true: pd.DataFrame, entries: pd.DataFrame, as_of: int, noise: float
) -> pd.DataFrame:
    """Entries with the false ones behind: second marriages of married men, and couples entered a second time."""
    known = entries.assign(planted=true["planted"].to_numpy()[entries["marriage"]])
    kind, end = (true[name].to_numpy(np.int64)[entries["marriage"]] for name in ("end_kind", "end"))
    entered = entries["day"].to_numpy(np.int64)
    husband, wife = entries["husband"].to_numpy(np.int64), entries["wife"].to_numpy(np.int64)
    plain = (known["planted"] == "").to_numpy() & ~entries["at_district"].to_numpy()

    ever = true[["husband", "wife"]].to_numpy().ravel()
    grown = (people.sex == 1) & (people.shadow == 0) & (people.death >= NEVER) & (people.birth < as_of - 21 * YEAR)
    single = np.setdiff1d(np.flatnonzero(grown), ever)
    men = _chosen(
        rng,
        np.flatnonzero(plain & (kind == OPEN) & (people.shadow[husband] == 0) & (people.death[husband] >= NEVER)),
        BIGAMY,
        noise,
    )
    men = men[rng.permutation(len(men))][: len(single)]
    brides = rng.permutation(single)[: len(men)]
    of_age = np.maximum(people.birth[brides] + int(18.2 * YEAR), entered[men] + 400)
    wedding = next_working(of_age + (rng.random(len(men)) * np.maximum(as_of - 20 - of_age, 0)).astype(np.int64))
    fits = wedding < as_of - 10
    men, brides, wedding = men[fits], brides[fits], wedding[fits]
    second = known.iloc[men].assign(
        marriage=-1, wife=brides, day=wedding, old=people.own_old[brides], since=NEVER, form="1", planted=BIGAMY
    )

    again = _chosen(rng, np.flatnonzero(plain & (known["form"] == "1").to_numpy()), TWICE_WED, noise)
    later = next_working(entered[again] + rng.integers(30, 700, len(again)))
    again, later = again[keep := (later < np.minimum(end[again], as_of) - 40)], later[keep]
    other = np.where(
        people.own_old[husband[again]] == known["old"].to_numpy()[again],
        people.own_old[wife[again]],
        people.own_old[husband[again]],
    )
    twice = known.iloc[again].assign(day=later, old=other, planted=TWICE_WED)
    return pd.concat([known, second, twice], ignore_index=True)


def false_births(
    rng: np.random.Generator, people: People, entries: pd.DataFrame, as_of: int, noise: float
) -> pd.DataFrame:
    """Entries with second entries of some births behind, made in the mother's old commune, not marked as made again."""
    known = entries.assign(planted="")
    rows = _chosen(rng, np.flatnonzero(entries["form"] != "2"), TWICE_BORN, noise)
    person = entries["person"].to_numpy(np.int64)[rows]
    later = next_working(entries["day"].to_numpy(np.int64)[rows] + rng.integers(200, 3000, len(rows)))
    keep = later < np.minimum(people.death[person], as_of) - 10
    mother = people.mother[person[keep]]
    second = known.iloc[rows[keep]].assign(day=later[keep], old=people.own_old[mother], planted=TWICE_BORN, form="4")
    return pd.concat([known, second], ignore_index=True)


def false_deaths(
    rng: np.random.Generator, people: People, entries: pd.DataFrame, as_of: int, noise: float
) -> tuple[pd.DataFrame, Array]:
    """Entries without some deaths and with others twice; also the persons whose death was not entered.

    Only deaths since 2017 stay out, so that the population record is there to show them.
    """
    person = entries["person"].to_numpy(np.int64)
    recent = np.flatnonzero(people.death[person] >= UNENTERED_FROM)
    left_out = _chosen(rng, recent, UNENTERED_DEATH, noise)
    known = entries.drop(index=entries.index[left_out]).reset_index(drop=True).assign(planted="")
    rows = _chosen(rng, np.arange(len(known)), TWICE_DEAD, noise)
    later = next_working(known["day"].to_numpy(np.int64)[rows] + rng.integers(20, 400, len(rows)))
    keep = later < as_of - 10
    second = known.iloc[rows[keep]].assign(day=later[keep], planted=TWICE_DEAD, form="4")
    return pd.concat([known, second], ignore_index=True), person[left_out]
