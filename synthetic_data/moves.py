"""Families that moved to another commune of the province, or left it for some years and came back.

Says who moved when and to where, and where each person lived before marriage and was registered at birth. A move by
marriage and people from other provinces are dealt with in ``households``. Rates are own guesses: domain.md 7 only says
that many who are registered work elsewhere.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from synthetic_data.couples import ANNULLED, DIVORCED
from synthetic_data.days import NEVER, YEAR, Array, day
from synthetic_data.population import People
from synthetic_data.units import Province

MOVES, ABSENCES = 0.07, 0.03
"""Share of couples that moved within the province, and that lived in another one for some years."""
FROM = day(date(1990, 1, 1))


@dataclass(frozen=True)
class Moves:
    """By person: the day of the move with the family (NEVER: none), the old commune moved to, the years away.

    ``grew_up_on`` is the day on which a person moved as a child with the father (NEVER: none), ``birth_old`` the old
    commune where the birth was registered, -1 in another province; ``born_away`` is true for children born while the
    parents were away.
    """

    moved_on: Array
    moved_to: Array
    away_from: Array
    away_until: Array
    grew_up_on: Array
    birth_old: Array
    born_away: Array

    def base(self, people: People) -> Array:
        """Old commune where each person lives of their own: where the family moved to, else the place of youth."""
        return np.where(self.moved_on < NEVER, self.moved_to, people.own_old)


def draw_moves(
    rng: np.random.Generator, people: People, marriages: pd.DataFrame, province: Province, as_of: int
) -> Moves:
    """Choose the families that moved, and settle everyone's place of birth and of youth.

    Sets ``own_old`` (place of youth) of sons and daughters to the father's place, and ``outsider`` of children born
    away.
    """
    size = len(people)
    moved_on, away_from, away_until = (np.full(size, NEVER, dtype=np.int32) for _ in range(3))
    moved_to = np.full(size, -1, dtype=np.int32)
    husband, wife = (marriages[name].to_numpy() for name in ("husband", "wife"))
    times = np.bincount(husband, minlength=size) + np.bincount(wife, minlength=size)
    lasting = ~marriages["end_kind"].isin([DIVORCED, ANNULLED]).to_numpy() & (marriages["planted"] == "").to_numpy()
    local = lasting & (times[husband] == 1) & (times[wife] == 1)
    for who in (husband, wife):
        local &= (people.outsider[who] == 0) & (people.shadow[who] == 0)
    start = np.maximum(marriages["married"].to_numpy(), FROM)
    start = start + 200 + (rng.gamma(1.5, 3.5, len(husband)) * YEAR).astype(np.int32)
    latest = np.minimum(marriages["end"].to_numpy(), as_of) - 120
    back = start + 300 + (rng.gamma(2.0, 1.8, len(husband)) * YEAR).astype(np.int32)
    draw = rng.random(len(husband))
    moves = np.flatnonzero(local & (draw < MOVES) & (start < latest))
    leaves = np.flatnonzero(local & (draw >= MOVES) & (draw < MOVES + ABSENCES) & (back < latest))
    pull = province.old["weight"].to_numpy(float) * np.sqrt(
        province.new["people"].to_numpy(float)[province.old["parent"].to_numpy()]
    )
    target = rng.choice(len(pull), size=len(moves), p=pull / pull.sum())
    for who in (husband, wife):
        moved_on[who[moves]], moved_to[who[moves]] = start[moves], target
        away_from[who[leaves]], away_until[who[leaves]] = start[leaves], back[leaves]
    return _settle(people, moved_on, moved_to, away_from, away_until)


def _settle(people: People, moved_on: Array, moved_to: Array, away_from: Array, away_until: Array) -> Moves:
    """Follow the fathers: place of youth, place of birth registration, children born away."""
    known = np.flatnonzero(people.father >= 0)
    father = people.father[known]
    born = people.birth[known]
    away = (away_from[father] <= born) & (born < away_until[father])
    same = (people.commune[father] == people.commune[known]) & (people.outsider[known] == 0)
    child, father, born = known[same], father[same], born[same]
    youth = born + int(18 * YEAR)
    while True:
        place = np.where(moved_on[father] < youth, moved_to[father], people.own_old[father])
        if np.array_equal(place, people.own_old[child]):
            break
        people.own_old[child] = place
    own_shadow = np.flatnonzero((people.shadow == 0) & (people.father >= 0))
    own_shadow = own_shadow[people.shadow[people.father[own_shadow]] == 1]
    people.own_old[people.father[own_shadow]] = people.own_old[own_shadow]
    people.own_old[people.mother[own_shadow]] = people.own_old[own_shadow]

    people.outsider[known[away]] = 1
    born_away = np.zeros(len(people), dtype=bool)
    born_away[known[away]] = True
    parent = np.where(people.father >= 0, people.father, people.mother)
    safe = np.maximum(parent, 0)
    there = np.where(moved_on[safe] <= people.birth, moved_to[safe], people.own_old[safe])
    birth_old = np.where(people.outsider == 1, -1, np.where(parent >= 0, there, people.own_old)).astype(np.int32)
    grew_up_on = np.full(len(people), NEVER, dtype=np.int32)
    with_father = child[(moved_on[father] > born) & (moved_on[father] < youth)]
    grew_up_on[with_father] = moved_on[people.father[with_father]]
    return Moves(moved_on, moved_to, away_from, away_until, grew_up_on, birth_old, born_away)
