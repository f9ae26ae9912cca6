"""False events: what is wrong before any number or cell is written.

Each function carries out one kind of ``noise/su_kien.yaml`` and marks what it did in the column ``planted``, so that
books are numbered with the false entries inside and the truth keeps them apart.
"""

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthetic_data.couples import DIVORCED, HUSBAND_DIED, OPEN, WIFE_DIED
from synthetic_data.days import NEVER, YEAR, Array, add_years, day, spread_working
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
    bride, groom = people.birth[true["wife"]], people.birth[true["husband"]]
    eligible = np.flatnonzero(_only_native(people, true) & (bride >= BRIDES_FROM) & (bride - groom > 600))
    rows = _chosen(rng, eligible, CHILD_MARRIAGE, noise)
    married = true["married"].to_numpy(np.int64).copy()
    sixteen = (15.3 * YEAR + rng.random(len(rows)) * 1.4 * YEAR).astype(np.int64)
    married[rows] = spread_working(rng, bride[rows] + sixteen)
    planted = np.full(len(true), "", dtype=object)
    planted[rows] = CHILD_MARRIAGE
    return _in_order(true.assign(married=married, planted=planted))


def _only_native(people: People, true: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether each marriage is the only one of both parties, and both are Vietnamese."""
    husband, wife = (true[name].to_numpy(np.int64) for name in ("husband", "wife"))
    times = np.bincount(husband, minlength=len(people)) + np.bincount(wife, minlength=len(people))
    native = (people.nationality[husband] == "VN") & (people.nationality[wife] == "VN")
    return np.asarray((times[husband] == 1) & (times[wife] == 1) & native)


def _in_order(moved: pd.DataFrame) -> pd.DataFrame:
    """Marriages by day, numbered from 0."""
    return moved.sort_values(["married", "husband", "wife"], kind="stable").reset_index(drop=True)


def borrow_names(rng: np.random.Generator, people: People, true: pd.DataFrame, noise: float) -> pd.DataFrame:
    """Move some marriages to before the bride's 18th birthday and mark them: she marries with the papers of her next
    elder sister, who is of age on that day and married herself (domain.md 6, KH17). The groom is of age.

    ``true`` has the column ``planted``; ``people`` know their mothers. ``false_marriages`` writes the sister's name.
    """
    husband, wife, married = (true[name].to_numpy(np.int64, copy=True) for name in ("husband", "wife", "married"))
    elder = elder_sisters(people)[wife]
    plain = (true["planted"] == "").to_numpy() & _only_native(people, true)
    wed = np.zeros(len(people), dtype=bool)
    wed[wife[plain]] = True
    of_age = np.maximum(add_years(people.birth[husband], 20), add_years(people.birth[elder], 18))
    opens = np.maximum(of_age, add_years(people.birth[wife], 14)) + 1
    closes = add_years(people.birth[wife], 18) - 40
    fits = plain & (elder >= 0) & wed[elder] & (opens < closes) & (married - people.birth[wife] < 25 * YEAR)
    fits &= (people.death[elder] > closes + 40) & (people.death[husband] > closes + 40) & (closes + 40 < married)
    rows = _chosen(rng, np.flatnonzero(fits), BORROWED, noise)
    lends = np.zeros(len(people), dtype=bool)
    lends[wife[rows]] = True
    rows = rows[~lends[elder[rows]]]
    days = opens[rows] + (rng.random(len(rows)) * (closes - opens)[rows]).astype(np.int64)
    married[rows] = spread_working(rng, days)
    planted = true["planted"].to_numpy(object).copy()
    planted[rows] = BORROWED
    began = np.minimum(true["began"].to_numpy(np.int64), married)
    return _in_order(true.assign(married=married, began=began, planted=planted))


def false_marriages(
    rng: np.random.Generator, people: People, true: pd.DataFrame, entries: pd.DataFrame, as_of: int, noise: float
) -> pd.DataFrame:
    """Entries, some under the name of the bride's elder sister, with the false ones behind: second marriages of married
    men, couples entered a second time, and couples entered again when one of them was dead.
    """
    known = entries.assign(planted=true["planted"].to_numpy()[entries["marriage"]])
    bride = known["wife"].to_numpy(np.int64)
    borrowed = (known["planted"] == BORROWED).to_numpy()
    known["wife"] = np.where(borrowed, elder_sisters(people)[bride], bride)
    kind, end = (true[name].to_numpy(np.int64)[entries["marriage"]] for name in ("end_kind", "end"))
    entered = entries["day"].to_numpy(np.int64)
    husband, wife = known["husband"].to_numpy(np.int64), known["wife"].to_numpy(np.int64)
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
    wedding = spread_working(rng, of_age + (rng.random(len(men)) * np.maximum(as_of - 20 - of_age, 0)).astype(np.int64))
    fits = wedding < as_of - 10
    men, brides, wedding = men[fits], brides[fits], wedding[fits]
    second = known.iloc[men].assign(
        marriage=-1, wife=brides, day=wedding, old=people.own_old[brides], since=NEVER, form="1", planted=BIGAMY
    )

    again = _chosen(rng, np.flatnonzero(plain & (known["form"] == "1").to_numpy()), TWICE_WED, noise)
    later = spread_working(rng, entered[again] + rng.integers(30, 700, len(again)))
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
    anew = spread_working(rng, end[left] + rng.integers(20, 200, len(left)))
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
    later = spread_working(rng, entries["day"].to_numpy(np.int64)[rows] + rng.integers(200, 3000, len(rows)))
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
    later = spread_working(rng, known["day"].to_numpy(np.int64)[rows] + rng.integers(20, 400, len(rows)))
    keep = later < as_of - 10
    second = known.iloc[rows[keep]].assign(day=later[keep], planted=TWICE_DEAD, form="4")
    return pd.concat([known, second], ignore_index=True), person[left_out]
