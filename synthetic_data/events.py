"""Registrations of true events: which office entered what on which day.

One table a register: births, marriages, deaths, certificates, and court judgments. Days are day numbers, persons are
ids, places are rows of ``Province.old`` (-1 = in another province, so not in our books). Numbers of entries are given
in ``books``.
"""

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from synthetic_data.couples import ANNULLED, DISTRICT_FROM, DIVORCED
from synthetic_data.days import (
    NEVER,
    YEAR,
    Array,
    Floats,
    add_years,
    day,
    last_working,
    next_working,
    spread_working,
    start_of,
    year_of,
)
from synthetic_data.moves import Moves
from synthetic_data.planted import BORROWED
from synthetic_data.population import People
from synthetic_data.status import SINGLE, status_on
from synthetic_data.units import MERGER, Province

DATA = Path(__file__).parent / "data"
ON_TIME, AGAIN, LATE = "1", "2", "4"
CERTIFICATES_FROM = day(date(1999, 1, 1))
NO_CERTIFICATE_FROM = day(date(2025, 1, 9))
"""NĐ 07/2025: no certificate is asked for a marriage of Vietnamese citizens any more."""


@lru_cache(maxsize=1)
def _rates() -> dict[str, Any]:
    """``data/registration.yaml``."""
    loaded: dict[str, Any] = yaml.safe_load((DATA / "registration.yaml").read_text(encoding="utf-8"))
    return loaded


def _by_group(table: dict[str, float], province: Province, group: Array) -> Floats:
    """The value of each person's ethnic group."""
    return np.asarray([table.get(name, table["default"]) for name in province.groups])[group]


def _entered(
    rng: np.random.Generator, event: Array, on_time: Floats, within: int, mean_late: Floats, latest: Array
) -> Array:
    """Working day of each entry: up to ``within`` days after the event for the share ``on_time``, else exponential
    beyond it.

    Who would come after ``latest`` came in time instead, so that the days up to the end have as many late entries as
    those before; where even that is after ``latest``, the day is drawn evenly from what is left. Nothing piles up on
    one day. Entries in time stay in time when they wait for a working day.
    """
    size = len(event)
    punctual = np.minimum(1 + rng.exponential(within / 3, size), within - 3)
    late = within + 1 + rng.exponential(1.0, size) * mean_late
    delay = np.where((rng.random(size) < on_time) | (event + late > latest), punctual, late).astype(np.int32)
    left = np.maximum(latest - event, 0)
    delay = np.where(delay > left, (rng.random(size) * (left + 1)).astype(np.int32), delay)
    return spread_working(rng, event + delay, np.where(delay <= within, np.minimum(event + within, latest), latest))


def births(
    rng: np.random.Generator, people: People, place: Array, province: Province, kept: pd.DataFrame, as_of: int
) -> pd.DataFrame:
    """``person, old, day, form`` (1 on time, 4 late, 2 again because the old book is lost) of births in the province.

    ``kept`` are the books that exist (``books.inventory``): only those whose entry is in none of them register again,
    and have two rows.
    """
    rates = _rates()["births"]
    person = np.flatnonzero((people.shadow == 0) & (place >= 0)).astype(np.int32)
    birth, old, size = people.birth[person], place[person], len(person)
    group = people.group[person]
    on_time, mean_late = (_by_group(rates[name], province, group) for name in ("on_time", "mean_days_late"))
    latest = np.maximum(np.minimum(people.death[person] - 4, last_working(as_of)), birth)
    registered = _entered(rng, birth, on_time, 60, mean_late, latest)
    year = year_of(birth)
    books = np.unique(kept.loc[kept["kind"] == "KS", "code"] * 10_000 + kept.loc[kept["kind"] == "KS", "year"])
    entry = province.code_on(old, registered) * 10_000 + year_of(registered)
    at = np.minimum(np.searchsorted(books, entry), len(books) - 1)
    first = np.maximum(birth + int(16 * YEAR), int(start_of(np.array([2000]))[0]))
    again = (books[at] != entry) & (year >= 1935) & (year <= 2008) & (first + 200 < latest)
    again &= rng.random(size) < rates["again"]
    drawn = rng.random(size) ** rates["again_growth"]
    anew = spread_working(rng, first + (drawn * np.maximum(latest - first - 4, 1)).astype(np.int64), latest)
    form = np.where(registered - birth > 60, LATE, ON_TIME)
    second = np.flatnonzero(again)
    return pd.DataFrame(
        {
            "person": np.concatenate([person, person[second]]),
            "old": np.concatenate([old, people.own_old[person[second]]]).astype(np.int32),
            "day": np.concatenate([registered, anew[second]]).astype(np.int32),
            "form": _forms(np.concatenate([form, np.full(len(second), AGAIN)])),
        }
    )


def _forms(codes: Array) -> pd.Categorical:
    """Codes of the kind of registration, as a fixed list."""
    listed = [ON_TIME, AGAIN, LATE]
    at = np.select([codes == code for code in listed], [0, 1, 2]).astype(np.int8)
    return pd.Categorical.from_codes(at, categories=pd.Index(listed))


def marriages(rng: np.random.Generator, people: People, true: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """``marriage, husband, wife, old, at_district, day, since, form``: entries of marriages registered in the province.

    ``since`` is the day the bond began where that is earlier than the entry (registered again after the book was lost),
    else NEVER.
    """
    husband, wife = (true[name].to_numpy(np.int64) for name in ("husband", "wife"))
    married, end, size = true["married"].to_numpy(np.int64), true["end"].to_numpy(np.int64), len(true)
    foreign = (people.nationality[husband] != "VN") | (people.nationality[wife] != "VN")
    native_husband = people.nationality[husband] == "VN"
    at_husband = np.where(foreign, native_husband, rng.random(size) < 0.6)
    old = np.where(at_husband, people.own_old[husband], people.own_old[wife])
    outsider = ((people.outsider[husband] == 1) | (people.outsider[wife] == 1)) & ~foreign
    old = np.where(outsider & (rng.random(size) < 0.5), -1, old)
    first = np.maximum(married + int(5 * YEAR), int(start_of(np.array([2000]))[0]))
    last = np.minimum(np.minimum(end, as_of) - 40, day(date(2024, 12, 1)))
    again = (
        (true["planted"] != BORROWED).to_numpy()
        & (married < day(date(2005, 1, 1)))
        & (last > first + 30)
        & (rng.random(size) < 0.03)
    )
    anew = spread_working(rng, first + (rng.random(size) * np.maximum(last - first, 1)).astype(np.int64))
    entered = np.where(again, anew, married)
    table = pd.DataFrame(
        {
            "marriage": true.index,
            "husband": husband,
            "wife": wife,
            "old": old,
            "at_district": foreign & (entered >= DISTRICT_FROM) & (entered < MERGER),
            "day": entered,
            "since": np.where(again, married, NEVER),
            "form": _forms(np.where(again, AGAIN, ON_TIME)),
        }
    )
    return table[table["old"] >= 0].reset_index(drop=True)


def deaths(rng: np.random.Generator, people: People, home: Array, province: Province, as_of: int) -> pd.DataFrame:
    """``person, old, day, form, cause``: entries of deaths; ``cause`` is a row of the cause table in
    ``sql/khai_tu.sql``. Many of the older deaths were never entered.
    """
    rates = _rates()["deaths"]
    person = np.flatnonzero((people.shadow == 0) & (people.death < NEVER)).astype(np.int32)
    entered = np.interp(year_of(people.death[person]), rates["entered"]["years"], rates["entered"]["share"])
    person = person[rng.random(len(person)) < entered]
    death, size, group = people.death[person], len(person), people.group[person]
    on_time, mean_late = (_by_group(rates[name], province, group) for name in ("on_time", "mean_days_late"))
    registered = _entered(rng, death, on_time, 15, mean_late, np.full(size, last_working(as_of)))
    age = (death - people.birth[person]) / YEAR
    old_age = (age > 72) & (rng.random(size) < 0.55)
    young = age < 45
    cause = np.where(old_age, 0, np.where(young & (rng.random(size) < 0.45), 1, rng.integers(2, 7, size)))
    return pd.DataFrame(
        {
            "person": person,
            "old": home[person],
            "day": registered.astype(np.int32),
            "form": _forms(np.where(registered - death > 15, LATE, ON_TIME)),
            "cause": cause.astype(np.int8),
        }
    )


def certificates(
    rng: np.random.Generator,
    people: People,
    true: pd.DataFrame,
    entries: pd.DataFrame,
    home: Array,
    moves: Moves,
    as_of: int,
) -> pd.DataFrame:
    """``person, old, day, purpose, status, spouse``: certificates of marital status, true on their day.

    Some for the party who marries away from home (purpose 1), some for other affairs (purpose 5).
    """
    away = entries.merge(true[["planted"]], left_on="marriage", right_index=True)
    away = away[
        (away["form"] == ON_TIME) & ~away["at_district"] & (away["planted"] == "") & (rng.random(len(away)) < 0.35)
    ]
    at_husband = people.own_old[away["husband"]] == away["old"].to_numpy()
    person = np.where(at_husband, away["wife"], away["husband"]).astype(np.int64)
    wedding_day = away["day"].to_numpy(np.int64)
    issued = spread_working(rng, wedding_day - rng.integers(8, 150, len(away)), wedding_day - 1)
    keep = (issued >= CERTIFICATES_FROM) & (issued < NO_CERTIFICATE_FROM) & (issued < wedding_day)
    keep &= (people.nationality[person] == "VN") & (people.outsider[person] == 0)
    keep &= issued > np.where(
        people.sex[person] == 0, add_years(people.birth[person], 20), add_years(people.birth[person], 18)
    )
    person, issued = person[keep], issued[keep]
    status, _, _ = status_on(true, person, issued)
    free = status != "DANG_CO_VO_CHONG"
    wedding = pd.DataFrame(
        {"person": person, "old": people.own_old[person], "day": issued, "purpose": "1", "status": status, "spouse": -1}
    )[free]

    adults = np.flatnonzero((people.shadow == 0) & (people.outsider == 0) & (rng.random(len(people)) < 0.022))
    opens = np.maximum(people.birth[adults] + int(20.1 * YEAR), CERTIFICATES_FROM)
    closes = np.minimum(people.death[adults] - 2, last_working(as_of))
    issued = opens + (rng.random(len(adults)) * np.maximum(closes - opens, 0)).astype(np.int64)
    issued = spread_working(rng, issued, closes)
    fits = (closes > opens + 30) & (issued <= closes)
    adults, issued = adults[fits], issued[fits]
    status, _, spouse = status_on(true, adults, issued)
    alone = (status == SINGLE) | (people.sex[adults] == 0) | (spouse < 0)
    before = people.own_old[np.where(alone, adults, spouse)]
    place = np.where(status == SINGLE, people.own_old[adults], home[adults])
    place = np.where(issued < moves.moved_on[adults], before, place)
    other = pd.DataFrame(
        {"person": adults, "old": place, "day": issued, "purpose": "5", "status": status, "spouse": spouse}
    )
    return pd.concat([wedding, other], ignore_index=True)


def _within_five(effective: Array, sent: Array) -> Array:
    """Days of sending, moved before a long holiday where they would exceed five days of Monday to Friday (LH06)."""
    for latest in (next_working(effective + 1), effective):
        late = np.busday_count((effective + 1).astype("datetime64[D]"), (sent + 1).astype("datetime64[D]")) > 5
        sent = np.where(late, latest, sent)
    return sent


def judgments(rng: np.random.Generator, people: People, true: pd.DataFrame, province: Province) -> pd.DataFrame:
    """``marriage, court, number, judged, effective, kind, sent, received, noted``: divorces and annulments."""
    ended = true[true["end_kind"].isin([DIVORCED, ANNULLED])].sort_values(["judged", "husband", "wife"], kind="stable")
    judged, effective, size = ended["judged"].to_numpy(np.int64), ended["end"].to_numpy(np.int64), len(ended)
    native = people.nationality[ended["husband"].to_numpy()] == "VN"
    party = np.where(native, ended["husband"], ended["wife"]).astype(np.int64)
    district = province.old["district"].to_numpy(object)[people.own_old[party]]
    names = province.district.set_index("code")["text"]
    area = {code: f"Tòa án nhân dân khu vực {row // 2 + 1} - Nghệ An" for row, code in enumerate(names.index)}
    court = np.where(
        judged < MERGER, "Tòa án nhân dân " + pd.Series(district).map(names), pd.Series(district).map(area)
    ).astype(object)
    agreed = (effective == judged) & (ended["end_kind"].to_numpy() == DIVORCED)
    year = year_of(judged)
    rank = (
        pd.DataFrame({"court": court, "year": year, "agreed": agreed}).groupby(["court", "year", "agreed"]).cumcount()
        + 1
    )
    number, text_year = rank.astype(str).str.zfill(2).to_numpy(object), year.astype(str).astype(object)
    sent = _within_five(effective, next_working(effective + rng.integers(1, 5, size)))
    received = next_working(sent + rng.integers(1, 7, size))
    return pd.DataFrame(
        {
            "marriage": ended.index,
            "court": court,
            "number": number + "/" + text_year + np.where(agreed, "/QĐST-HNGĐ", "/HNGĐ-ST").astype(object),
            "judged": judged,
            "effective": effective,
            "kind": np.where(ended["end_kind"] == ANNULLED, "huy_ket_hon", "ly_hon"),
            "district": district,
            "sent": sent,
            "received": received,
            "noted": next_working(received + rng.integers(1, 4, size)),
        }
    )
