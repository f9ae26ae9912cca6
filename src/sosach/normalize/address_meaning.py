"""The unit that an address means, its remarks included: "xã Tam Hợp (Tương Dương cũ)", "xã A, nay là xã B".

A remark that names a unit is a level of the address or another name of its commune; one that the address contradicts
makes it ``mo_ho``, one that names no unit changes nothing. Cutting out remarks: ``address_asides``; an address without
remarks: ``address_parse``.
"""

import itertools
from dataclasses import dataclass, replace

from sosach.normalize.address_asides import NOW, ONCE, OPEN, Remark, cut, unread
from sosach.normalize.address_names import PROVINCE, Names, Syllables, Unit, agreeing, bare_name
from sosach.normalize.address_parse import (
    AMBIGUOUS,
    FULL,
    NO_DISTRICT,
    OUTSIDE,
    Found,
    as_old,
    commune_of,
    join,
    lay_in,
    one_of,
    province_of,
    read,
)
from sosach.normalize.address_words import (
    BREAK,
    COMMUNE_LEVELS,
    DISTRICT_LEVELS,
    Text,
    level_of,
    read_text,
    strip,
    suffixes,
)

_LAND = "land"  # "cũ" stands behind a commune and its district: said of the district
_OPEN_QUESTION = (Found(how=AMBIGUOUS),) * 3


@dataclass(frozen=True)
class _Levels:
    """The units that a text names: all readings of it as province, district, commune."""

    text: Text
    province: tuple[Unit, ...] = ()
    district: Unit | None = None
    commune: Syllables = ()
    level: str = ""
    alone: Syllables = ()
    stranger: bool = False

    @property
    def any(self) -> bool:
        return bool(self.province or self.district or self.commune or self.stranger)


def parse(text: str, names: Names) -> tuple[Found, Found, Found]:
    """The unit of an address in a record of unknown date, before 01/07/2025, and from then on.

    Args:
        text: an address or the tail of one, in NFC.
        names: the units.

    Returns:
        Three findings; ``theo_ngay`` where the date decides which of two places of one name is meant.
    """
    lowered = text.lower()
    said = cut(lowered)
    if said is None:
        return _OPEN_QUESTION if unread(lowered) else join(*read(read_text(lowered, names), names))
    parts, age = _own_parts(said.parts, names)
    proper = ", ".join(part.text for part in parts if part.relation == OPEN)
    if unread(proper):
        return _OPEN_QUESTION
    remarks = [*(part for part in parts if part.relation), *said.remarks]
    told = [(remark.relation, levels) for remark in remarks if (levels := _levels(remark.text, names)).any]
    return _together(proper, age, told, names)


def _own_parts(parts: list[Remark], names: Names) -> tuple[list[Remark], str]:
    """The parts, and whether "cũ" or "mới" belongs to the commune of the address itself."""
    proper = ", ".join(part.text for part in parts if part.relation == OPEN)
    if _levels(proper, names).commune:
        return parts, OPEN
    for at, part in enumerate(parts):
        levels = _levels(part.text, names)
        if part.relation and levels.commune:
            said_of = _LAND if levels.district and not levels.alone else part.relation
            return [*parts[:at], Remark(part.text, OPEN), *parts[at + 1 :]], said_of
    return parts, OPEN


def _together(proper: str, age: str, told: list[tuple[str, _Levels]], names: Names) -> tuple[Found, Found, Found]:
    own = _levels(proper, names)
    provinces = {unit.now for _, levels in told for unit in levels.province}
    if not own.province and len(provinces) == 1:
        named = next(levels.province[0] for _, levels in told if levels.province)
        proper = f"{proper}, tỉnh {' '.join(named.name)}"
        own = _levels(proper, names)
    elif provinces - {unit.now for unit in own.province}:
        return _OPEN_QUESTION
    eras = read(read_text(proper, names), names)
    units = [(relation, levels) for relation, levels in told if levels.district or levels.commune]
    strange = any(levels.stranger for _, levels in told)
    if eras[0].how == OUTSIDE:
        return join(*eras)
    if not units and age != _LAND:
        if strange and eras[0].unit != eras[1].unit:
            return _OPEN_QUESTION
        if age == ONCE:
            return (eras[0],) * 3
        if age == NOW:
            return (eras[1],) * 3 if eras[1].how == FULL else _OPEN_QUESTION
        return join(*eras)
    known_land = own.district or any(levels.district for _, levels in units)
    if not own.commune or not (own.province or known_land):
        return _OPEN_QUESTION
    return _agreed(own, age, units, names)


def _agreed(own: _Levels, age: str, told: list[tuple[str, _Levels]], names: Names) -> tuple[Found, Found, Found]:
    """The only commune of a name that all remarks allow."""
    units = _communes(own, names)
    if own.text.misspells(own.commune, units):
        return _OPEN_QUESTION
    units = [unit for unit in units if own.level in ("", unit.type)] or units
    units = [unit for unit in units if age not in (ONCE, NOW) or unit.old == (age == ONCE)]
    fitting = [unit for unit in units if all(_allows(relation, levels, unit, names) for relation, levels in told)]
    olds = [unit for unit in fitting if unit.old]
    now = one_of({unit.now for unit in fitting})
    known_land = own.district or any(levels.district for _, levels in told)
    if len(olds) == 1:
        before, since = as_old(Found(olds[0].code, olds[0].now, FULL if known_land else NO_DISTRICT))
        return (since, before, since) if now else (_OPEN_QUESTION[0], before, _OPEN_QUESTION[0])
    sure = age or any(relation == ONCE or levels.commune for relation, levels in told)
    if len(fitting) == 1 and sure:
        return (Found(fitting[0].code, now, FULL),) * 3
    return (Found(now=now, how=AMBIGUOUS),) * 3


def _allows(relation: str, told: _Levels, unit: Unit, names: Names) -> bool:
    """Can a remark be said of a commune: as the district it lay in, or as its name in the other era?"""
    if told.district and (told.alone or not told.commune) and _in(names, unit, told.district):
        return unit.old or relation == ONCE
    if told.district and not told.commune:
        return False
    others = [other for other in _communes(told, names) if told.level in ("", other.type)]
    once = [other for other in others if other.old and other.now == unit.now and (not unit.old or other == unit)]
    today = [other for other in others if not other.old and other.code == unit.now]
    return bool((relation != NOW and once) or (relation != ONCE and today))


def _communes(levels: _Levels, names: Names) -> list[Unit]:
    listed = names.communes.get(bare_name(levels.commune), [])
    if levels.district and not levels.alone:
        listed = [unit for unit in listed if _in(names, unit, levels.district)]
    return agreeing(levels.commune, listed, levels.text.reliable)


def _in(names: Names, unit: Unit, district: Unit) -> bool:
    if unit.old:
        return lay_in(names, unit, district)
    return district.code in names.lands.get(unit.code, ())


def _levels(written: str, names: Names) -> _Levels:
    text = read_text(written, names)
    province, rest = province_of(text, names, strip(text.tokens))
    found = _Levels(text, tuple(province))
    if province and province[0].code != PROVINCE:
        return found
    rest = strip(rest)
    for name in suffixes(rest):
        units = agreeing(name, names.districts.get(bare_name(name), []), True)
        before = rest[: -len(name)]
        last = before[-1] if before else BREAK
        if not units or level_of(last, COMMUNE_LEVELS):
            continue
        commune, level, _ = commune_of(names, strip(before[:-1] if last[0] == "#" else before))
        if level_of(last, DISTRICT_LEVELS) or (commune and (last == BREAK or not last.isdigit())):
            return replace(found, district=units[0], commune=commune, level=level)
        if not before:
            both = name if bare_name(name) in names.communes else ()
            return replace(found, district=units[0], commune=both, alone=both)
    commune, level, _ = commune_of(names, rest)
    stranger = not commune and any(
        (level_of(token, COMMUNE_LEVELS) or level_of(token, DISTRICT_LEVELS))
        and not (following == BREAK or following[0] == "#" or following.isdigit())
        for token, following in itertools.pairwise(rest)
    )
    return replace(found, commune=commune, level=level, stranger=stranger)
