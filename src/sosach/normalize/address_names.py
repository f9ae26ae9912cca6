"""The administrative units that an address may name, by name: communes old and new, districts, provinces.

Read from the code lists ``don_vi``, ``don_vi_huyen_truoc`` and ``don_vi_tinh`` of a connection. Holds the comparison of
written names (tone placement, i/y, missing diacritics); no grammar of addresses (``address_parse``) and no SQL over
records (``address``).
"""

import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import duckdb

PROVINCE = "40"
"""Nghệ An, the province of the communes in ``don_vi``; its number is the same before and after 01/07/2025."""

Syllables = tuple[str, ...]

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_WORDS_KEPT = 50_000  # Vietnamese has some 7,000 syllables; house numbers come and go
_FINAL_Y = re.compile(r"^(qu|[^aeiouy\u0300-\u036f]*)y$")


@dataclass(frozen=True)
class Unit:
    """One commune, district or province in one era; ``now`` is the unit of today that answers for it, '' if none."""

    code: str
    name: Syllables
    type: str
    district: str = ""
    old: bool = False
    now: str = ""


@dataclass
class Names:
    """Units by bare name; ``lands``: new commune → districts that its land lay in; ``moved``: (commune, district)
    pairs of the time before a commune came to the district of the list; ``pairs``: neighbours inside any bare name."""

    communes: dict[Syllables, list[Unit]] = field(default_factory=dict)
    districts: dict[Syllables, list[Unit]] = field(default_factory=dict)
    provinces: dict[Syllables, list[Unit]] = field(default_factory=dict)
    lands: dict[str, set[str]] = field(default_factory=dict)
    moved: set[tuple[str, str]] = field(default_factory=set)
    pairs: set[Syllables] = field(default_factory=set)


@lru_cache(maxsize=_WORDS_KEPT)
def syllable(word: str) -> str:
    """One spelling of a syllable in lower case: đ as d, the tone at the end, a lone final y as i, uơ as ươ.

    hoà and hòa, kì and kỳ, luơng and lương become the same; hoa and hòa, Diên and Diễn stay apart.
    """
    letters = unicodedata.normalize("NFD", word.lower().replace("đ", "d").replace("uơ", "ươ"))
    tones = "".join(letter for letter in letters if letter in _TONES)
    rest = "".join(letter for letter in letters if letter not in _TONES)
    return _FINAL_Y.sub(r"\1i", rest) + tones


@lru_cache(maxsize=_WORDS_KEPT)
def bare(word: str) -> str:
    """A syllable without any diacritic."""
    return "".join(letter for letter in word if not unicodedata.combining(letter))


def name_of(text: str) -> Syllables:
    """The syllables of a unit's name."""
    return tuple(syllable(word) for word in re.findall(r"\w+", text.lower()))


def bare_name(name: Syllables) -> Syllables:
    """A name without any diacritic: the key of the tables of ``Names``."""
    return tuple(bare(part) for part in name)


def agreeing(written: Syllables, units: Sequence[Unit], accented: bool) -> list[Unit]:
    """The units whose name can be meant by what was written.

    A syllable with diacritics must be the same; one without may stand for any. Where the writer put diacritics
    elsewhere (``accented``), a name that is the same in every syllable excludes the others.
    """
    same = [unit for unit in units if unit.name == written]
    if same and (accented or written != bare_name(written)):
        return same
    return [
        unit for unit in units if all(mine in (its, bare(its)) for mine, its in zip(written, unit.name, strict=True))
    ]


def read_names(con: duckdb.DuckDBPyConnection) -> Names:
    """The names of the code lists that are registered on a connection."""
    names = Names()
    for code, name, kind, level, district, old, now in con.execute(
        "SELECT code, name, type, level, coalesce(district, ''), valid_to IS NOT NULL, coalesce(successor, '')"
        " FROM cl_don_vi ORDER BY level, code, valid_to"
    ).fetchall():
        unit = Unit(code, name_of(name), kind, district, old, (now if old else code) if level == "xa" else "")
        table = names.communes if level == "xa" else names.districts
        table.setdefault(bare_name(unit.name), []).append(unit)
        if level == "xa" and old:
            names.lands.setdefault(now, set()).add(district)
    for code, district, name, kind in con.execute(
        "SELECT DISTINCT code, district, district_name, district_type FROM cl_don_vi_huyen_truoc ORDER BY ALL"
    ).fetchall():
        names.moved.add((code, district))
        unit = Unit(district, name_of(name), kind, old=True)
        listed = names.districts.setdefault(bare_name(unit.name), [])
        if unit.code not in {other.code for other in listed}:
            listed.append(unit)
    for code, name, kind, old, now, aliases in con.execute(
        "SELECT code, name, type, valid_to IS NOT NULL, coalesce(successor, code), coalesce(aliases, '')"
        " FROM cl_don_vi_tinh ORDER BY code, valid_to"
    ).fetchall():
        for alias in (name, *filter(None, aliases.split("|"))):
            unit = Unit(code, name_of(alias), kind, old=old, now=now)
            names.provinces.setdefault(bare_name(unit.name), []).append(unit)
    for table in (names.communes, names.districts, names.provinces):
        names.pairs |= {pair for name in table for pair in itertools.pairwise(name)}
    return names
