"""The true world of one data set: people, marriages, homes, and what offices entered of them.

Puts the steps in order; each step's rules are in the module it calls. Holds no record text.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from synthetic_data import books, couples, events, families, households, identity, planted, population, sister
from synthetic_data.days import Array, Floats, day, to_dates
from synthetic_data.moves import draw_moves
from synthetic_data.names import draw_given, draw_surnames, full_names
from synthetic_data.recognition import adopt, recognise, without_parent
from synthetic_data.residence import residence
from synthetic_data.status import MARRIED, standing_on, status_on
from synthetic_data.units import Province, load_province

DAN_CU_FROM = day(date(2016, 1, 1))
"""The population database knows those who lived on or after this day."""
CLEANED_FROM = day(date(2021, 7, 1))
TERM = 5
"""Years that a signer stays in office."""


@dataclass
class World:
    """Tables with day columns as dates; row ids of ``person`` are used everywhere.

    ``entry`` is every registration (``kind, eid, code, era, day``), ``numbered`` those whose book still exists;
    adoptions and changes of entries come to both in ``acts``. ``noise`` is the factor on the rates of false acts.
    """

    province: Province
    person: pd.DataFrame
    marriage: pd.DataFrame
    births: pd.DataFrame
    weddings: pd.DataFrame
    funerals: pd.DataFrame
    certificates: pd.DataFrame
    recognition: pd.DataFrame
    adoption: pd.DataFrame
    judgment: pd.DataFrame
    citizen: pd.DataFrame
    spell: pd.DataFrame
    entry: pd.DataFrame
    numbered: pd.DataFrame
    book: pd.DataFrame
    signer: pd.DataFrame
    foreigner: pd.DataFrame
    pool: pd.DataFrame
    noise: float

    def give_up(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Every table once, with its name; the world forgets it, so that its memory can go when the taker is done."""
        for name in [field.name for field in fields(self) if isinstance(getattr(self, field.name), pd.DataFrame)]:
            yield name, self.__dict__.pop(name)


def build_world(expectations: Path, persons: int, seed: int, as_of: date, communes: int | None, noise: float) -> World:
    """Draw everything that is true, and the false events that ``noise`` asks for."""
    today = day(as_of)
    rngs = [np.random.Generator(np.random.PCG64(s)) for s in np.random.SeedSequence(seed).spawn(14)]
    province = load_province(expectations, communes)
    people = population.draw_people(rngs[0], province, persons, today, as_of.year)
    true = planted.marry_children(rngs[9], people, couples.draw_marriages(rngs[1], people, province, today), noise)
    families.assign_parents(rngs[2], people, province, true, today)
    true = planted.borrow_names(rngs[9], people, true, noise)
    moves = draw_moves(rngs[12], people, true, province, today)
    kept = books.inventory(rngs[7], province, today)
    r = rngs[6]
    born = events.births(r, people, moves.birth_old, province, kept, today)
    later_known = without_parent(rngs[13], people, true, born, province, today)
    who = identity.identities(rngs[5], people, province, today, expectations)
    recognised, born = recognise(people, later_known, born)
    who = who.assign(father=people.father, mother=people.mother)
    adopted = adopt(rngs[13], people, true, province, today)
    lives = households.households(rngs[3], people, true, moves, adopted, today)
    home = lives["home_old"].to_numpy()
    spell = residence(rngs[4], people, true, lives, moves, province, today)

    born = planted.false_births(rngs[10], people, born, today, noise)
    true_weddings = events.marriages(r, people, true, today)
    wed = planted.false_marriages(rngs[10], people, true, true_weddings, today, noise)
    entered = events.deaths(r, people, home, province, today)
    died, unentered = planted.false_deaths(rngs[10], people, entered, today, noise)
    certified = events.certificates(r, people, true, true_weddings, home, moves, today)
    judged = events.judgments(r, people, true, province)
    wed, judged = planted.foreign_divorces(rngs[10], people, true, wed, judged, noise)

    entries = {"KS": born, "KH": wed, "KT": died, "HN": certified, "CMC": recognised}
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
    entry = pd.concat(parts, ignore_index=True)
    numbered = books.number_entries(entry, kept)
    named, inventory = books.name_books(rngs[7], numbered, kept, today)
    died["asker"], died["asker_is_child"] = _askers(people, true, died)
    return World(
        province=province,
        person=_with_places(who, province, people, lives, moves.birth_old),
        marriage=_dated(true.assign(marriage=true.index), ["married", "end", "judged"]),
        births=born,
        weddings=_dated(wed, ["since"]),
        funerals=died,
        certificates=certified,
        recognition=recognised,
        adoption=_dated(adopted, ["day"]).drop(columns="day").rename(columns={"day_date": "day"}),
        judgment=_dated(judged, ["judged", "effective", "sent", "received", "noted"]),
        citizen=_citizens(rngs[8], people, true, true_weddings, numbered, unentered, today),
        spell=spell,
        entry=_dated(entry, ["day"]).drop(columns="day").rename(columns={"day_date": "date"}),
        numbered=_dated(named, ["day"]).rename(columns={"day_date": "date"}),
        book=inventory,
        signer=_signers(rngs[11], inventory, province),
        foreigner=sister.foreigners(seed, persons, home[lives["living"].to_numpy(bool)], today),
        pool=sister.pools(seed),
        noise=noise,
    )


def _dated(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Add ``<column>_date`` for columns of day numbers."""
    return table.assign(**{f"{name}_date": to_dates(table[name].to_numpy(np.int64)) for name in columns})


def _with_places(
    who: pd.DataFrame, province: Province, people: population.People, lives: pd.DataFrame, birth_old: Array
) -> pd.DataFrame:
    """Add homes, head of household and hamlet; shadows live at their own place."""
    highland = (province.new["region"] == "vung_cao").to_numpy()[province.old["parent"].to_numpy()]
    urban = province.old["type"].isin(["phuong", "thi_tran"]).to_numpy()
    word = np.where(urban, "Khối", np.where(highland, "Bản", "Xóm"))
    kinds, of_commune = np.unique(word, return_inverse=True)
    numbers = int(lives["hamlet"].max()) + 1
    return who.assign(
        own_old=people.own_old.astype(np.int32),
        birth_old=birth_old.astype(np.int32),
        home_old=lives["home_old"].astype(np.int32),
        head=lives["head"].astype(np.int32),
        hamlet=pd.Categorical.from_codes(
            of_commune[lives["home_old"]] * numbers + lives["hamlet"].to_numpy(),
            [f"{kind} {number}" for kind in kinds for number in range(numbers)],
        ),
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
    now = standing_on(true, ids, people.birth[ids], people.death[ids], today)
    delivered = numbered[(numbered["kind"] == "KH") & numbered["delivered"]]["eid"].to_numpy()
    in_books = np.zeros(len(true), dtype=bool)
    in_books[entries["marriage"].to_numpy()[delivered[delivered < len(entries)]]] = True
    touched = np.maximum(CLEANED_FROM + (rng.random(len(ids)) * (today - CLEANED_FROM)).astype(np.int64), now.changed)
    return pd.DataFrame(
        {
            "id": ids,
            "status": now.status,
            "spouse": now.spouse,
            "marriage": now.row,
            "entered": in_books[now.row] & (now.row >= 0) if len(true) else np.zeros(len(ids), dtype=bool),
            "settled": now.settled,
            "touched_date": to_dates(np.minimum(touched, today)),
            "unentered": np.isin(ids, unentered),
        }
    )


def _signers(rng: np.random.Generator, inventory: pd.DataFrame, province: Province) -> pd.DataFrame:
    """Who signs and who keeps the books of each office in each term of five years."""
    terms = (
        inventory.assign(term=inventory["year"] // TERM)[["code", "era", "term"]]
        .drop_duplicates()
        .reset_index(drop=True)
    )
    size = len(terms)
    edges = np.cumsum(_mix(terms, province), axis=1)

    def people_named() -> pa.Array:
        """Names of one official for each term, of a group that lives in the place."""
        group = np.minimum((rng.random((size, 1)) > edges).sum(axis=1), edges.shape[1] - 1)
        sex = (rng.random(size) < 0.25).astype(np.int64)
        born = terms["term"].to_numpy(np.int64) * TERM - 44
        given = draw_given(rng, group, sex, born, province.groups)
        return full_names(draw_surnames(rng, group, province.groups), *given)

    title = np.where(rng.random(size) < 0.6, "Chủ tịch", "Phó Chủ tịch")
    return terms.assign(nguoi_ky=pd.Series(people_named()), chuc_vu=title, nguoi_thuc_hien=pd.Series(people_named()))


def _mix(terms: pd.DataFrame, province: Province) -> Floats:
    """Share of each ethnic group where each office is: in its commune, or in all communes of its district."""
    new, old, district = province.new, province.old, province.district
    parent = old["parent"].to_numpy()
    crowd = province.ethnic * new["people"].to_numpy(float)[:, None]
    whole = np.stack([crowd[(new["district"] == code).to_numpy()].sum(axis=0) for code in district["code"]])
    parts = [
        (0, old["code"], province.ethnic[parent]),
        (1, new["code"], province.ethnic),
        (0, district["code"], whole / np.maximum(whole.sum(axis=1, keepdims=True), 1e-9)),
    ]
    offices = pd.MultiIndex.from_arrays(
        [
            np.concatenate([code.astype(int).to_numpy() for _, code, _ in parts]),
            np.concatenate([np.full(len(code), era) for era, code, _ in parts]),
        ]
    )
    at = offices.get_indexer(pd.MultiIndex.from_frame(terms[["code", "era"]].astype(int)))
    return np.asarray(np.concatenate([shares for _, _, shares in parts])[at])
