"""With whom people live: homes, households and the relation to the head.

Describes the living on ``as_of``; how they came to their homes is in ``residence``. Holds no record columns.
"""

import numpy as np
import pandas as pd

from synthetic_data.couples import HUSBAND_DIED, OPEN, WIFE_DIED
from synthetic_data.days import NEVER, YEAR, Array, Floats
from synthetic_data.moves import Moves
from synthetic_data.population import People

NO_RELATION, HEAD, WIFE, HUSBAND, FATHER, MOTHER, CHILD, ADOPTED, STEPCHILD = 0, 1, 2, 3, 4, 5, 14, 15, 16
DAUGHTER_IN_LAW, GRANDCHILD_SON, GRANDCHILD_DAUGHTER, KIN, TENANT = 18, 25, 26, 42, 51
"""Codes of ``expectations/code_lists/quan_he_chu_ho.csv`` as numbers."""


def homes_on(people: People, marriages: pd.DataFrame, moves: Moves) -> Array:
    """Old commune of each person's home: women live with the husband of their last marriage, unless parted."""
    base = moves.base(people)
    home = base.copy()
    last = marriages.drop_duplicates("wife", keep="last")
    stays = last[last["end_kind"].isin([OPEN, HUSBAND_DIED, WIFE_DIED])]
    husband = stays["husband"].to_numpy()
    native = people.nationality[husband] == "VN"
    home[stays["wife"].to_numpy()[native]] = base[husband[native]]
    return home


def households(
    rng: np.random.Generator,
    people: People,
    marriages: pd.DataFrame,
    moves: Moves,
    adopted: pd.DataFrame,
    as_of: int,
) -> pd.DataFrame:
    """One row a person: ``home_old, head, relation`` (code, 0 outside any household)``, hamlet, living, spouse_now``.

    ``adopted`` (``person, father, mother``) live with their adoptive parents.
    """
    size = len(people)
    own = np.arange(size)
    home = homes_on(people, marriages, moves)
    living = (people.shadow == 0) & (people.death >= NEVER)
    age = (as_of - people.birth) / YEAR
    points = own.copy()

    current = marriages[marriages["end_kind"] == OPEN]
    husband, wife = current["husband"].to_numpy(), current["wife"].to_numpy()
    both = living[husband] & living[wife]
    husband, wife, married = husband[both], wife[both], current["married"].to_numpy()[both]
    spouse = np.full(size, -1)
    spouse[husband], spouse[wife] = wife, husband
    points[wife] = husband
    ever = np.zeros(size, dtype=bool)
    ever[marriages[["husband", "wife"]].to_numpy().ravel()] = True

    parted = np.zeros(size, dtype=bool)
    for line in ("husband", "wife"):
        parted[marriages.loc[marriages["end_kind"].isin([1, 2]), line]] = True
    father_there = (people.father >= 0) & living[people.father]
    father_there &= ~(parted[people.father] & parted[people.mother])
    mother_there = (people.mother >= 0) & living[people.mother]
    keeper = np.where(father_there, people.father, np.where(mother_there, people.mother, -1))
    new_parent = np.full(size, -1)
    for line in ("mother", "father"):
        row = adopted[living[adopted[line]]]
        new_parent[row["person"]] = row[line]
    keeper = np.where(new_parent >= 0, new_parent, keeper)
    minor = living & (age < 18)
    home[minor & (keeper >= 0)] = home[keeper[minor & (keeper >= 0)]]
    child = living & ~ever & (keeper >= 0) & (home == home[keeper])
    child &= minor | (rng.random(size) < np.where(age < 30, 0.9, 0.6))
    points[child] = keeper[child]

    _three_generations(rng, people, points, spouse, husband, married, home, living, as_of)
    _old_parents(people, points, spouse, home, living, age)
    head = points
    for _ in range(4):
        head = head[head]
    woman_leads = (rng.random(size) < 0.08) & (head == own) & (spouse >= 0)
    head = np.where(woman_leads[head], np.where(spouse[head] >= 0, spouse[head], head), head)
    home[living] = home[head[living]]
    relation = _relations(people, head, spouse, own)
    with_new = (new_parent >= 0) & ((head == new_parent) | (spouse[head] == new_parent)) & (head != own)
    relation[with_new] = ADOPTED
    head, relation = _take_in(rng, people, head, relation, home, minor, age)
    home[living] = home[head[living]]
    return pd.DataFrame(
        {
            "id": own,
            "home_old": home,
            "head": head,
            "relation": relation,
            "hamlet": head * 7919 % 11 + 1,
            "living": living,
            "spouse_now": spouse,
        }
    )


def _three_generations(
    rng: np.random.Generator, people: People, points: Array, spouse: Array, husband: Array, married: Array,
    home: Array, living: Array, as_of: int,
) -> None:  # fmt: skip
    """Some young couples live in the household of the husband's father."""
    father = people.father[husband]
    joins = (father >= 0) & living[father] & (as_of - married < 6 * YEAR) & (rng.random(len(husband)) < 0.5)
    joins &= (points[father] == father) & (home[father] == home[husband])
    points[husband[joins]] = father[joins]


def _old_parents(people: People, points: Array, spouse: Array, home: Array, living: Array, age: Floats) -> None:
    """Lone parents of 70 and more with nobody depending on them live with a married son of the same commune."""
    needed = np.zeros(len(people), dtype=bool)
    own = np.arange(len(people))
    needed[points[points != own]] = True
    for line in (people.father, people.mother):
        sons = np.flatnonzero(living & (people.sex == 0) & (spouse >= 0) & (points == own) & (line >= 0))
        parent = line[sons]
        fits = (
            living[parent] & (spouse[parent] < 0) & (age[parent] >= 70) & ~needed[parent] & (home[parent] == home[sons])
        )
        points[parent[fits]] = sons[fits]


def _relations(people: People, head: Array, spouse: Array, own: Array) -> Array:
    """Code of the relation to the head of the household; 0 where none of the simple ones fits."""
    at_head = spouse[head]
    father, mother = people.father, people.mother
    son_of_head = (father >= 0) & ((father[father] == head) | (mother[father] == head))
    daughter_of_head = (mother >= 0) & ((father[mother] == head) | (mother[mother] == head))
    in_law = (spouse >= 0) & ((father[spouse] == head) | (mother[spouse] == head))
    conditions = [
        head == own,
        (at_head == own) & (people.sex == 1),
        (at_head == own) & (people.sex == 0),
        (father == head) | (mother == head),
        ((mother == at_head) | (father == at_head)) & (at_head >= 0),
        (father[head] == own),
        (mother[head] == own),
        in_law & (people.sex == 1),
        son_of_head,
        daughter_of_head,
    ]
    codes = [
        HEAD,
        WIFE,
        HUSBAND,
        CHILD,
        STEPCHILD,
        FATHER,
        MOTHER,
        DAUGHTER_IN_LAW,
        GRANDCHILD_SON,
        GRANDCHILD_DAUGHTER,
    ]
    return np.select(conditions, codes, NO_RELATION).astype(np.int8)


def _take_in(
    rng: np.random.Generator, people: People, head: Array, relation: Array, home: Array, minor: Array, age: Floats
) -> tuple[Array, Array]:
    """Adults without a simple relation keep house alone; children without one live with kin of 40 and more."""
    own = np.arange(len(people))
    loose = (relation == NO_RELATION) & ~minor
    head, relation = np.where(loose, own, head), np.where(loose, HEAD, relation)
    stray = np.flatnonzero(minor & ((head == own) | (relation == NO_RELATION) | minor[head]))
    hosts = np.flatnonzero((head == own) & (age >= 40) & (people.death >= NEVER) & (people.shadow == 0))
    if len(stray) and len(hosts):
        hosts = hosts[np.argsort(people.commune[hosts], kind="stable")]
        first = np.searchsorted(people.commune[hosts], people.commune[stray])
        last = np.searchsorted(people.commune[hosts], people.commune[stray], side="right")
        at = first + (rng.random(len(stray)) * (last - first)).astype(np.int64)
        head[stray] = hosts[np.minimum(at, len(hosts) - 1)]
        relation[stray] = KIN
    return head, relation
