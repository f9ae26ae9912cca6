"""False events: what is wrong before any number or cell is written.

Each function carries out one kind of ``noise/su_kien.yaml`` and marks what it did in the column ``planted``, so that
books are numbered with the false entries inside and the truth keeps them apart.
"""

from datetime import date

import numpy as np
import pandas as pd

from synthetic_data.couples import DIVORCED, HUSBAND_DIED, OPEN, WIFE_DIED
from synthetic_data.days import NEVER, YEAR, Array, day, next_working
from synthetic_data.kinds import load_kinds
from synthetic_data.population import People

CHILD_MARRIAGE, BIGAMY, TWICE_WED = "ket_hon_tao_hon", "ket_hon_trung_hon", "ket_hon_dang_ky_hai_lan"
BORROWED, FOREIGN_DIVORCE = "ket_hon_muon_ten", "ket_hon_sau_ly_hon_nuoc_ngoai"
AFTER_DEATH = "dang_ky_lai_sau_khi_chet"
OLD_WEDDINGS_TO, AFTER_DEATH_FROM = day(date(2001, 1, 1)), day(date(2006, 1, 1))
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
    """Entries, some under the name of the bride's elder sister, with the false ones behind: second marriages of married
    men, couples entered a second time, and couples entered again when one of them was dead.
    """
    known = _borrow_names(rng, people, entries.assign(planted=true["planted"].to_numpy()[entries["marriage"]]), noise)
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

    widowed = plain & np.isin(kind, (HUSBAND_DIED, WIFE_DIED)) & (known["form"] == "1").to_numpy()
    widowed &= (entered < OLD_WEDDINGS_TO) & (end > AFTER_DEATH_FROM) & (end < as_of - 220)
    left = _chosen(rng, np.flatnonzero(widowed), AFTER_DEATH, noise)
    anew = next_working(end[left] + rng.integers(20, 200, len(left)))
    after = known.iloc[left].assign(day=anew, since=entered[left], form="2", planted=AFTER_DEATH)
    return pd.concat([known, second, twice, after], ignore_index=True)


def elder_sisters(people: People) -> Array:
    """The next elder sister by the same mother of each person of the population; -1 for none."""
    mother, birth = np.asarray(people.mother, dtype=np.int64), np.asarray(people.birth, dtype=np.int64)
    girls = np.flatnonzero((people.sex == 1) & (people.shadow == 0) & (mother >= 0))
    girls = girls[np.lexsort((birth[girls], mother[girls]))]
    elder = np.full(len(people), -1)
    follows = (mother[girls[1:]] == mother[girls[:-1]]) & (birth[girls[1:]] > birth[girls[:-1]])
    elder[girls[1:][follows]] = girls[:-1][follows]
    return elder


def _borrow_names(rng: np.random.Generator, people: People, known: pd.DataFrame, noise: float) -> pd.DataFrame:
    """Put the elder sister's name into the entries of some young brides; she is married herself (domain.md KH17)."""
    wife, entered = known["wife"].to_numpy(np.int64).copy(), known["day"].to_numpy(np.int64)
    elder = elder_sisters(people)[wife]
    plain = (known["planted"] == "").to_numpy() & ~known["at_district"].to_numpy() & (known["form"] == "1").to_numpy()
    married = np.zeros(len(people), dtype=bool)
    married[wife[plain]] = True
    young = entered - people.birth[wife] < 22 * YEAR
    fits = plain & young & (elder >= 0) & married[elder]
    fits &= (people.birth[elder] < entered - 18.1 * YEAR) & (people.death[elder] > entered)
    rows = _chosen(rng, np.flatnonzero(fits), BORROWED, noise)
    wife[rows] = elder[rows]
    names = known["planted"].to_numpy(object).copy()
    names[rows] = BORROWED
    return known.assign(wife=wife, planted=names)


def foreign_divorces(
    rng: np.random.Generator,
    people: People,
    true: pd.DataFrame,
    entries: pd.DataFrame,
    judged: pd.DataFrame,
    noise: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Entries and judgments, where some who married again had been divorced abroad: no court here knows of it, and no
    note was made (domain.md LH09). Adds to the column ``planted`` of the entries.
    """
    parted = true[(true["end_kind"] == DIVORCED) & true.index.isin(judged["marriage"])]
    end = true["end"].to_numpy(np.int64)
    before = np.full(len(people), -1)
    for party in ("husband", "wife"):
        before[parted[party].to_numpy(np.int64)] = parted.index.to_numpy()
    entered = entries["day"].to_numpy(np.int64)
    plain = (entries["planted"] == "").to_numpy() & (entries["form"] == "1").to_numpy()
    earlier = np.full(len(entries), -1)
    for party in ("husband", "wife"):
        former = before[entries[party].to_numpy(np.int64)]
        earlier = np.where((former >= 0) & (end[former] <= entered), former, earlier)
    rows = _chosen(rng, np.flatnonzero(plain & (earlier >= 0)), FOREIGN_DIVORCE, noise)
    names = entries["planted"].to_numpy(object).copy()
    names[rows] = FOREIGN_DIVORCE
    kept = judged[~judged["marriage"].isin(earlier[rows])].reset_index(drop=True)
    return entries.assign(planted=names), kept


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
