"""Spells of residence: where the living were on paper since birth, how they moved, and temporary stays.

Also the closed stays of those who died lately. Homes and heads of households are given (``households``), as are the
moves of families (``moves``). Holds no record columns.
"""

from typing import Any

import numpy as np
import pandas as pd

from synthetic_data.couples import HUSBAND_DIED, WIFE_DIED
from synthetic_data.days import NEVER, YEAR, Array, start_of, to_dates
from synthetic_data.households import CHILD, HUSBAND, NO_RELATION, TENANT, WIFE
from synthetic_data.moves import Moves
from synthetic_data.population import People
from synthetic_data.units import Province

SYSTEM = int(start_of(np.array([1976]))[0])
"""Stays are on paper since then."""
MOVED, DIED = "Chuyển đi nơi khác", "Chết"


def residence(
    rng: np.random.Generator,
    people: People,
    marriages: pd.DataFrame,
    lives: pd.DataFrame,
    moves: Moves,
    province: Province,
    as_of: int,
) -> pd.DataFrame:
    """Spells of residence: ``person, kind, old, since, until, term, host, relation, reason``; NaT = open, none.

    Everyone living has one open ``thuong_tru``; before it stand those of the place of birth, of youth, before the
    family's move and before an absence in another province.
    """
    living = lives["living"].to_numpy()
    home, head, relation = (lives[name].to_numpy() for name in ("home_old", "head", "relation"))
    ids = np.flatnonzero(living)
    since, spells = _earlier(rng, people, marriages, lives, moves, ids, as_of)
    spells.append(_spell("thuong_tru", ids, home[ids], since, host=head[ids], relation=relation[ids]))
    spells.append(_dead(rng, people, marriages, lives, as_of))
    adults = ids[(as_of - people.birth[ids]) / YEAR >= 18]
    away = adults[rng.random(len(adults)) < 0.05]
    hosts = ids[(head[ids] == ids) & (as_of - people.birth[ids] > 30 * YEAR)]
    host = hosts[rng.integers(0, max(len(hosts), 1), len(away))] if len(hosts) else away
    elsewhere = province.old["parent"].to_numpy()[home[host]] != province.old["parent"].to_numpy()[home[away]]
    away, host = away[elsewhere], host[elsewhere]
    start = as_of - rng.integers(10, 600, len(away))
    spells.append(_spell("tam_tru", away, home[host], start, term=start + 730, host=host, relation=TENANT))
    absent = adults[rng.random(len(adults)) < 0.01]
    spells.append(_spell("tam_vang", absent, home[absent], as_of - rng.integers(5, 200, len(absent))))
    return _texts(spells)


def _texts(spells: list[dict[str, Any]]) -> pd.DataFrame:
    """One table of all spells; days become dates, codes become texts of a fixed list."""
    sizes = [len(part["person"]) for part in spells]
    columns: dict[str, Any] = {}
    for name in ("person", "old", "host"):
        columns[name] = np.concatenate([np.broadcast_to(p[name], n) for p, n in zip(spells, sizes, strict=True)])
        columns[name] = columns[name].astype(np.int32)
    for name in ("since", "until", "term"):
        days = np.concatenate([np.broadcast_to(p[name], n) for p, n in zip(spells, sizes, strict=True)])
        columns[name] = to_dates(days.astype(np.int64))
    relation = np.concatenate([np.broadcast_to(p["relation"], n) for p, n in zip(spells, sizes, strict=True)])
    codes = pd.Index(["", *(f"{code:02d}" for code in range(1, 100))])
    columns["relation"] = pd.Categorical.from_codes(relation.astype(np.int8), categories=codes)
    for name, texts in (("kind", ["thuong_tru", "tam_tru", "tam_vang"]), ("reason", ["", MOVED, DIED])):
        at = np.repeat(np.array([texts.index(part[name]) for part in spells], dtype=np.int8), sizes)
        columns[name] = pd.Categorical.from_codes(at, categories=pd.Index(texts))
    return pd.DataFrame(columns)


def _earlier(
    rng: np.random.Generator, people: People, marriages: pd.DataFrame, lives: pd.DataFrame, moves: Moves, ids: Array,
    as_of: int,
) -> tuple[Array, list[dict[str, Any]]]:  # fmt: skip
    """The day each of ``ids`` came to the present home, and the closed spells before it."""
    living = lives["living"].to_numpy()
    home, head = lives["home_old"].to_numpy()[ids], lives["head"].to_numpy()
    birth, own_old = people.birth[ids], people.own_old[ids]
    wedding, husband = np.full(len(people), NEVER, dtype=np.int32), np.full(len(people), -1, dtype=np.int32)
    wedding[marriages["wife"]], husband[marriages["wife"]] = marriages["married"], marriages["husband"]
    wedding, husband = wedding[ids], husband[ids]
    moved_on, grew_up_on = moves.moved_on[ids], moves.grew_up_on[ids]
    stranger = people.outsider[ids] == 1
    came = birth + ((as_of - birth) * (0.3 + 0.6 * rng.random(len(ids)))).astype(np.int32)
    back = np.where(people.father[ids] >= 0, moves.away_until[people.father[ids]], NEVER)
    came = np.where(moves.born_away[ids], back, came)
    at = np.where(stranger, came, birth + 25)
    at = np.minimum(np.maximum(at, SYSTEM), as_of - 3)
    place = np.where(moves.birth_old[ids] >= 0, moves.birth_old[ids], own_old)
    spells: list[dict[str, Any]] = []
    married_to = np.where((moved_on < NEVER) & (husband >= 0), people.own_old[np.maximum(husband, 0)], home)
    settled = np.where(wedding < NEVER, wedding, -NEVER) + rng.integers(20, 300, len(ids))
    stages = (
        (np.where(grew_up_on < NEVER, grew_up_on, -NEVER), own_old),
        (np.where(stranger | (wedding == NEVER), -NEVER, settled), married_to),
        (np.where(moved_on < NEVER, moved_on, -NEVER), home),
    )
    parent = np.where((people.father[ids] >= 0) & living[people.father[ids]], people.father[ids], -1)
    with_parent = (parent >= 0) & (head[parent] == parent)
    for number, (when, target) in enumerate(stages):
        when = np.minimum(when, as_of - 3)
        goes = (when > at + 15) & (target != place) & (when > -NEVER // 2)
        rows = np.flatnonzero(goes)
        led = with_parent[rows] & (number < 2)
        spells.append(
            _spell(
                "thuong_tru", ids[rows], place[rows], at[rows], until=when[rows], reason=MOVED,
                host=np.where(led, parent[rows], -1), relation=np.where(led, CHILD, NO_RELATION),
            )
        )  # fmt: skip
        at, place = np.where(goes, when, at), np.where((when > -NEVER // 2), target, place)
    left, back = moves.away_from[ids], moves.away_until[ids]
    rows = np.flatnonzero((left > at + 15) & (back < as_of - 3))
    spells.append(_spell("thuong_tru", ids[rows], place[rows], at[rows], until=left[rows], reason=MOVED))
    at[rows] = back[rows]
    return at, spells


def _spell(
    kind: str, person: Array, old: Array, since: Array, until: Array | int = NEVER, term: Array | int = NEVER,
    host: Array | int = -1, relation: Array | int = NO_RELATION, reason: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Spells of one kind, as columns of one length or one value."""
    return {
        "person": person, "old": old, "since": since, "kind": kind, "until": until, "term": term, "host": host,
        "relation": relation, "reason": reason,
    }  # fmt: skip


def _dead(
    rng: np.random.Generator, people: People, marriages: pd.DataFrame, lives: pd.DataFrame, as_of: int
) -> dict[str, Any]:
    """Closed spells of those who died since 2018 and left a spouse who now leads the household."""
    head, home = lives["head"].to_numpy(), lives["home_old"].to_numpy()
    last = marriages[marriages["end_kind"].isin([HUSBAND_DIED, WIFE_DIED])]
    husband_died = (last["end_kind"] == HUSBAND_DIED).to_numpy()
    dead = np.where(husband_died, last["husband"], last["wife"])
    left = np.where(husband_died, last["wife"], last["husband"])
    recent = (
        (people.death[dead] > int(start_of(np.array([2018]))[0]))
        & lives["living"].to_numpy()[left]
        & (head[left] == left)
    )
    recent &= (people.shadow[dead] == 0) & (people.death[dead] < as_of - 12)
    dead, left, relation = dead[recent], left[recent], np.where(husband_died, HUSBAND, WIFE)[recent]
    since = np.maximum(people.birth[dead] + 25, SYSTEM)
    return _spell(
        "thuong_tru", dead, home[left], since, until=people.death[dead] + rng.integers(1, 12, len(dead)), host=left,
        relation=relation, reason=DIED,
    )  # fmt: skip
