"""The true world of one data set: people, marriages, homes, and what offices entered of them.

Puts the steps in order; each step's rules are in the module it calls. Holds no record text.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from synthetic_data import books, couples, events, families, households, identity, planted, population
from synthetic_data.days import NEVER, Array, day, to_dates
from synthetic_data.names import Text, draw_given, draw_surnames
from synthetic_data.status import MARRIED, status_on
from synthetic_data.units import Province, load_province

DAN_CU_FROM = day(date(2016, 1, 1))
"""The population database knows those who lived on or after this day."""
CLEANED_FROM = day(date(2021, 7, 1))
TERM = 5
"""Years that a signer stays in office."""


@dataclass(frozen=True)
class World:
    """Tables with day columns as dates; row ids of ``person`` are used everywhere."""

    province: Province
    person: pd.DataFrame
    marriage: pd.DataFrame
    births: pd.DataFrame
    weddings: pd.DataFrame
    funerals: pd.DataFrame
    certificates: pd.DataFrame
    judgment: pd.DataFrame
    citizen: pd.DataFrame
    spell: pd.DataFrame
    numbered: pd.DataFrame
    book: pd.DataFrame
    signer: pd.DataFrame


def build_world(expectations: Path, persons: int, seed: int, as_of: date, communes: int | None, noise: float) -> World:
    """Draw everything that is true, and the false events that ``noise`` asks for."""
    today = day(as_of)
    rngs = [np.random.Generator(np.random.PCG64(s)) for s in np.random.SeedSequence(seed).spawn(12)]
    province = load_province(expectations, communes)
    people = population.draw_people(rngs[0], province, persons, today, as_of.year)
    true = planted.marry_children(rngs[9], people, couples.draw_marriages(rngs[1], people, province, today), noise)
    families.assign_parents(rngs[2], people, province, true, today)
    households.settle_origins(people)
    birth_old = households.birth_places(people)
    lives = households.households(rngs[3], people, true, province, today)
    home = lives["home_old"].to_numpy(np.int64)
    spell = households.residence(rngs[4], people, true, lives, province, today)
    who = identity.identities(rngs[5], people, province, today, expectations)

    r = rngs[6]
    born = planted.false_births(rngs[10], people, events.births(r, people, birth_old, province, today), today, noise)
    true_weddings = events.marriages(r, people, true, today)
    wed = planted.false_marriages(rngs[10], people, true, true_weddings, today, noise)
    died, unentered = planted.false_deaths(rngs[10], people, events.deaths(r, people, home, today), today, noise)
    certified = events.certificates(r, people, true, true_weddings, home, today)
    judged = events.judgments(r, people, true, province)

    entries = {"KS": born, "KH": wed, "KT": died, "HN": certified}
    parts = []
    for kind, table in entries.items():
        table["eid"] = np.arange(len(table))
        at_district = (
            table["at_district"].to_numpy(bool) if "at_district" in table else np.zeros(len(table), dtype=bool)
        )
        office = books.offices(province, table["old"].to_numpy(np.int64), at_district, table["day"].to_numpy(np.int64))
        table["code"] = office["code"]
        parts.append(
            pd.DataFrame(
                {"kind": kind, "eid": table["eid"], "code": office["code"], "era": office["era"], "day": table["day"]}
            )
        )
    kept = books.inventory(rngs[7], province, today)
    numbered = books.number_entries(pd.concat(parts, ignore_index=True), kept)
    named, inventory = books.name_books(rngs[7], numbered, kept, today)
    died["asker"], died["asker_is_child"] = _askers(people, true, died)
    return World(
        province=province,
        person=_with_places(who, province, people, lives, birth_old),
        marriage=_dated(true.assign(marriage=true.index), ["married", "end", "judged"]),
        births=born,
        weddings=_dated(wed, ["since"]),
        funerals=died,
        certificates=certified,
        judgment=_dated(judged, ["judged", "effective", "sent", "received", "noted"]),
        citizen=_citizens(rngs[8], people, true, true_weddings, numbered, unentered, today),
        spell=spell,
        numbered=_dated(named, ["day"]).rename(columns={"day_date": "date"}),
        book=inventory,
        signer=_signers(rngs[11], inventory),
    )


def _dated(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Add ``<column>_date`` for columns of day numbers."""
    return table.assign(**{f"{name}_date": to_dates(table[name].to_numpy(np.int64)) for name in columns})


def _with_places(
    who: pd.DataFrame, province: Province, people: population.People, lives: pd.DataFrame, birth_old: Array
) -> pd.DataFrame:
    """Add homes, head of household and hamlet; shadows live at their own place."""
    region = province.new["region"].to_numpy(object)[province.old["parent"].to_numpy()[lives["home_old"]]]
    word = pd.Series(region).map({"thanh_thi": "Khối", "vung_cao": "Bản"}).fillna("Xóm")
    return who.assign(
        own_old=people.own_old,
        birth_old=birth_old,
        home_old=lives["home_old"],
        head=lives["head"],
        hamlet=word + " " + lives["hamlet"].astype(str),
    )


def _askers(people: population.People, true: pd.DataFrame, died: pd.DataFrame) -> tuple[Array, Array]:
    """Who registered each death: the spouse left behind, else a grown child alive on that day; -1 for a neighbour."""
    person, entered = died["person"].to_numpy(np.int64), died["day"].to_numpy(np.int64)
    status, _, spouse = status_on(true, person, people.death[person] - 1)
    left = (status == MARRIED) & (people.death[spouse] > entered) & (people.shadow[spouse] == 0)
    child = np.full(len(people), -1)
    for line in (people.father, people.mother):
        known = np.flatnonzero(line >= 0)
        child[line[known]] = known
    heir = child[person]
    grown = (heir >= 0) & (people.birth[heir] < entered - 6600) & (people.death[heir] > entered)
    return np.where(left, spouse, np.where(grown, heir, -1)), ~left & grown


def _citizens(
    rng: np.random.Generator, people: population.People, true: pd.DataFrame, entries: pd.DataFrame,
    numbered: pd.DataFrame, unentered: Array, today: int,
) -> pd.DataFrame:  # fmt: skip
    """Population records: ``id, status, spouse, entered, settled, touched, unentered``.

    ``status`` is true (of the dead: at death), ``spouse`` the one of the last valid marriage, ``entered`` whether that
    marriage stands in a delivered book, ``settled`` how many days ago it ended (-1: open or none).
    """
    ids = np.flatnonzero((people.shadow == 0) & (people.death > DAN_CU_FROM))
    last_day = np.minimum(people.death[ids] - 1, today)
    status, row, spouse = status_on(true, ids, last_day)
    delivered = numbered[(numbered["kind"] == "KH") & numbered["delivered"]]["eid"].to_numpy()
    in_books = np.zeros(len(true), dtype=bool)
    in_books[entries["marriage"].to_numpy()[delivered[delivered < len(entries)]]] = True
    end = true["end"].to_numpy(np.int64)
    ended = (row >= 0) & (end[row] <= last_day) if len(true) else np.zeros(len(ids), dtype=bool)
    changed = np.maximum(people.birth[ids] + 20, np.where(people.death[ids] < NEVER, people.death[ids] + 3, 0))
    if len(true):
        married = true["married"].to_numpy(np.int64)
        changed = np.maximum(changed, np.where(row >= 0, np.where(ended, end[row], married[row]) + 4, 0))
    touched = np.maximum(CLEANED_FROM + (rng.random(len(ids)) * (today - CLEANED_FROM)).astype(np.int64), changed)
    return pd.DataFrame(
        {
            "id": ids,
            "status": status,
            "spouse": spouse,
            "marriage": row,
            "entered": in_books[row] & (row >= 0) if len(true) else np.zeros(len(ids), dtype=bool),
            "settled": np.where(ended, today - end[row] if len(true) else 0, -1),
            "touched_date": to_dates(np.minimum(touched, today)),
            "unentered": np.isin(ids, unentered),
        }
    )


def _signers(rng: np.random.Generator, inventory: pd.DataFrame) -> pd.DataFrame:
    """Who signs and who keeps the books of each office in each term of five years."""
    terms = (
        inventory.assign(term=inventory["year"] // TERM)[["code", "era", "term"]]
        .drop_duplicates()
        .reset_index(drop=True)
    )
    size = len(terms)

    def people_named() -> Text:
        kinh = np.zeros(size, dtype=np.int64)
        sex = (rng.random(size) < 0.25).astype(np.int64)
        middle, given = draw_given(rng, kinh, sex, np.full(size, 1970), ("Kinh",))
        return np.asarray(draw_surnames(rng, kinh, ("Kinh",)) + " " + middle + " " + given, dtype=object)

    title = np.where(rng.random(size) < 0.6, "Chủ tịch", "Phó Chủ tịch")
    return terms.assign(nguoi_ky=people_named(), chuc_vu=title, nguoi_thuc_hien=people_named())
