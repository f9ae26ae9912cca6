"""Where people live and with whom: homes, households, the relation to the head, moves and temporary stays.

Describes the living on ``as_of`` and how they came to their present home. Holds no record columns.
"""

import numpy as np
import pandas as pd

from synthetic_data.couples import OPEN
from synthetic_data.days import NEVER, YEAR, Array, Floats, start_of, to_dates
from synthetic_data.identity import roots
from synthetic_data.population import People
from synthetic_data.units import Province

HEAD, WIFE, HUSBAND, FATHER, MOTHER, CHILD, STEPCHILD = "01", "02", "03", "04", "05", "14", "16"
DAUGHTER_IN_LAW, GRANDCHILD_SON, GRANDCHILD_DAUGHTER, KIN, TENANT = "18", "25", "26", "42", "51"


def settle_origins(people: People) -> None:
    """Give sons and daughters the old commune of their father where both live in the same commune of today."""
    own = np.arange(len(people))
    same = (people.father >= 0) & (people.commune[people.father] == people.commune) & (people.outsider == 0)
    people.own_old[:] = people.own_old[roots(np.where(same, people.father, own))]
    shadows = np.flatnonzero((people.shadow == 0) & (people.father >= 0))
    outside = shadows[people.shadow[people.father[shadows]] == 1]
    people.own_old[people.father[outside]] = people.own_old[outside]


def birth_places(people: People) -> Array:
    """Old commune where each birth was registered: of the father, else of the mother; -1 in another province."""
    parent = np.where(people.father >= 0, people.father, people.mother)
    place = np.where(parent >= 0, people.own_old[parent], people.own_old)
    return np.where(people.outsider == 1, -1, place)


def homes_on(people: People, marriages: pd.DataFrame, as_of: int) -> Array:
    """Old commune of each person's home: women live with the husband of their last marriage, unless parted."""
    home = people.own_old.copy()
    from_husband = marriages[(marriages["married"] <= as_of)].drop_duplicates("wife", keep="last")
    stays = from_husband[from_husband["end_kind"].isin([OPEN, 3, 4])]
    husband = stays["husband"].to_numpy()
    native = people.nationality[husband] == "VN"
    home[stays["wife"].to_numpy()[native]] = people.own_old[husband[native]]
    return home


def households(
    rng: np.random.Generator, people: People, marriages: pd.DataFrame, province: Province, as_of: int
) -> pd.DataFrame:
    """One row a person of the population: ``id, home_old, head, relation, hamlet, living``."""
    size = len(people)
    own = np.arange(size)
    home = homes_on(people, marriages, as_of)
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
    """Code of the relation to the head of the household; '' where none of the simple ones fits."""
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
    return np.select(conditions, codes, "").astype(object)


def _take_in(
    rng: np.random.Generator, people: People, head: Array, relation: Array, home: Array, minor: Array, age: Floats
) -> tuple[Array, Array]:
    """Adults without a simple relation keep house alone; children without one live with kin of 40 and more."""
    own = np.arange(len(people))
    loose = (relation == "") & ~minor
    head, relation = np.where(loose, own, head), np.where(loose, HEAD, relation)
    stray = np.flatnonzero(minor & ((head == own) | (relation == "") | minor[head]))
    hosts = np.flatnonzero((head == own) & (age >= 40) & (people.death >= NEVER) & (people.shadow == 0))
    if len(stray) and len(hosts):
        hosts = hosts[np.argsort(people.commune[hosts], kind="stable")]
        first = np.searchsorted(people.commune[hosts], people.commune[stray])
        last = np.searchsorted(people.commune[hosts], people.commune[stray], side="right")
        at = first + (rng.random(len(stray)) * (last - first)).astype(np.int64)
        head[stray] = hosts[np.minimum(at, len(hosts) - 1)]
        relation[stray] = KIN
    return head, relation


def residence(
    rng: np.random.Generator,
    people: People,
    marriages: pd.DataFrame,
    lives: pd.DataFrame,
    province: Province,
    as_of: int,
) -> pd.DataFrame:
    """Spells of residence: ``person, kind, old, since, until, term, host, relation, reason, commune``; dates, NaT =
    open or none.
    """
    living = lives["living"].to_numpy()
    home, head, relation = (lives[name].to_numpy() for name in ("home_old", "head", "relation"))
    system = int(start_of(np.array([1976]))[0])
    ids = np.flatnonzero(living)
    last_wedding = np.full(len(people), -NEVER)
    last_wedding[marriages["wife"]] = marriages["married"]
    moved = living & (home != people.own_old) & (last_wedding > -NEVER) & (people.outsider == 0)
    moved_in = living & (people.outsider == 1)
    arrival = people.birth + ((as_of - people.birth) * (0.3 + 0.6 * rng.random(len(people)))).astype(np.int64)
    since = np.where(
        moved, last_wedding + rng.integers(20, 300, len(people)), np.where(moved_in, arrival, people.birth + 25)
    )
    since = np.minimum(np.maximum(since, system), as_of - 3)
    spells = [_spell("thuong_tru", ids, home[ids], since[ids], host=head[ids], relation=relation[ids])]
    left = np.flatnonzero(moved & (since > np.maximum(people.birth + 40, system + 40)))
    parent = np.where((people.father[left] >= 0) & living[people.father[left]], people.father[left], -1)
    parent_leads = (parent >= 0) & (head[parent] == parent)
    spells.append(
        _spell(
            "thuong_tru", left, people.own_old[left], np.maximum(people.birth[left] + 25, system), until=since[left],
            host=np.where(parent_leads, parent, -1), relation=np.where(parent_leads, CHILD, ""),
            reason="Chuyển đi nơi khác",
        )
    )  # fmt: skip
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
    table = pd.concat(spells, ignore_index=True)
    for name in ("since", "until", "term"):
        table[name] = to_dates(table[name].to_numpy(np.int64))
    return table


def _spell(
    kind: str, person: Array, old: Array, since: Array, until: Array | int = NEVER, term: Array | int = NEVER,
    host: Array | int = -1, relation: Array | str = "", reason: str = "",
) -> pd.DataFrame:  # fmt: skip
    return pd.DataFrame({"person": person, "old": old, "since": since}).assign(
        kind=kind, until=until, term=term, host=host, relation=relation, reason=reason
    )


def _dead(
    rng: np.random.Generator, people: People, marriages: pd.DataFrame, lives: pd.DataFrame, as_of: int
) -> pd.DataFrame:
    """Closed spells of those who died since 2018 and left a spouse who now leads the household."""
    head, home = lives["head"].to_numpy(), lives["home_old"].to_numpy()
    last = marriages[marriages["end_kind"].isin([3, 4])]
    husband_died = (last["end_kind"] == 3).to_numpy()
    dead = np.where(husband_died, last["husband"], last["wife"]).astype(np.int64)
    left = np.where(husband_died, last["wife"], last["husband"]).astype(np.int64)
    recent = (
        (people.death[dead] > int(start_of(np.array([2018]))[0]))
        & lives["living"].to_numpy()[left]
        & (head[left] == left)
    )
    recent &= (people.shadow[dead] == 0) & (people.death[dead] < as_of - 20)
    dead, left, relation = dead[recent], left[recent], np.where(husband_died, HUSBAND, WIFE)[recent]
    since = np.maximum(people.birth[dead] + 25, int(start_of(np.array([1976]))[0]))
    return _spell(
        "thuong_tru", dead, home[left], since, until=people.death[dead] + rng.integers(1, 12, len(dead)), host=left,
        relation=relation, reason="Chết",
    )  # fmt: skip
