"""From the tail of an address to the unit that it names, before and after 01/07/2025: pure Python over distinct tails.

Reads right to left: province, district, commune, each with or without its level word. Never guesses: what two units
may mean is ``mo_ho``, what is in no list ``khong_ro``. Knows no remark in
brackets (``address_meaning``), no table and no record (``address``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sosach.normalize.address_names import PROVINCE, Names, Syllables, Unit, agreeing, bare, bare_name, syllable
from sosach.normalize.address_words import (
    BREAK,
    COMMUNE_LEVELS,
    DISTRICT_LEVELS,
    PROVINCE_LEVELS,
    SMALL,
    Text,
    level_of,
    strip,
    suffixes,
)

FULL, OLD_NAME, NO_DISTRICT, BY_DATE = "du", "ten_cu", "thieu_huyen", "theo_ngay"
AMBIGUOUS, OUTSIDE, UNKNOWN = "mo_ho", "ngoai_tinh", "khong_ro"


@dataclass(frozen=True)
class Found:
    """A unit's code, today's unit that answers for it, and how it was found; '' stands for none."""

    unit: str = ""
    now: str = ""
    how: str = UNKNOWN


_BOTH_PROVINCES = tuple(syllable(word) for word in ("nghệ", "tĩnh"))


def join(before: Found, since: Found) -> tuple[Found, Found, Found]:
    """The findings for a record of unknown date, before 01/07/2025, and from then on; ``theo_ngay`` where the date
    decides which of two places of one name is meant."""
    if before == since:
        return (before,) * 3
    if before.how == since.how == OUTSIDE:
        return Found(now=before.now if before.now == since.now else "", how=OUTSIDE), before, since
    same_now = before.now if before.now == since.now else ""
    if before.unit and (before.unit, before.now) == (since.unit, since.now):
        return since, before, since
    if before.unit and since.unit and same_now:
        return Found(now=same_now, how=AMBIGUOUS), before, since
    if before.how == UNKNOWN:
        return Found(how=AMBIGUOUS), before, since
    dated = [replace(era, how=BY_DATE) if era.unit else era for era in (before, since)]
    return Found(now=same_now, how=AMBIGUOUS), dated[0], dated[1]


def read(text: Text, names: Names) -> tuple[Found, Found]:
    """The unit that an address without remarks names, before 01/07/2025 and from then on."""
    tokens = strip(text.tokens)
    if tuple(tokens[-2:]) in (_BOTH_PROVINCES, bare_name(_BOTH_PROVINCES)):
        return _inside(text, names, _without_level(tokens[:-2], PROVINCE_LEVELS), here=False)
    province, rest = province_of(text, names, tokens)
    if province and province[0].code != PROVINCE:
        found = []
        for old in (True, False):
            of_era = {(unit.code, unit.now) for unit in province if unit.old == old}
            code, now = of_era.pop() if of_era else next((unit.code, unit.now) for unit in province)
            found.append(Found(code, now, OUTSIDE))
        return found[0], found[1]
    return _inside(text, names, rest, here=bool(province))


def _without_level(tokens: Sequence[str], levels: set[str]) -> list[str]:
    return strip(tokens[:-1] if tokens and tokens[-1][1:] in levels and tokens[-1][0] == "#" else tokens)


def province_of(text: Text, names: Names, tokens: list[str]) -> tuple[list[Unit], list[str]]:
    """The province at the end of the tokens (its units old and new, none if there is no province) and the rest."""
    for name in suffixes(tokens):
        units = agreeing(name, names.provinces.get(bare_name(name), []), True)
        if not units:
            continue
        before = tokens[: -len(name)]
        last = before[-1] if before else BREAK
        if last[0] == "#":
            if last[1:] not in PROVINCE_LEVELS:
                return [], tokens
        elif last != BREAK and not _may_follow(names, before, units[0].code == PROVINCE and name != ("na",)):
            return [], tokens
        text.saw(name, units[0].name)
        return units, _without_level(before, PROVINCE_LEVELS)
    return [], tokens


def _may_follow(names: Names, before: list[str], ours: bool) -> bool:
    """Without a separator a province's name may stand behind a district's or commune's, ours behind anything big."""
    if any(bare_name(name) in table for name in suffixes(before) for table in (names.districts, names.communes)):
        return True
    if any(level_of(token, DISTRICT_LEVELS) for token in before):
        return True
    return ours and not before[-1].isdigit() and bare(before[-1]) not in SMALL


def _inside(text: Text, names: Names, tokens: list[str], here: bool) -> tuple[Found, Found]:
    if not tokens:
        return (Found(PROVINCE, "", FULL) if here else Found(),) * 2
    for name in suffixes(tokens):
        units = agreeing(name, names.districts.get(bare_name(name), []), True)
        before = tokens[: -len(name)]
        last = before[-1] if before else BREAK
        if not units or level_of(last, COMMUNE_LEVELS):
            continue
        if level := level_of(last, DISTRICT_LEVELS):
            if level == "quan":
                return (Found(),) * 2
            text.saw(name, units[0].name)
            return _in_district(text, names, units[0], strip(before[:-1]), here, certain=True)
        if last == BREAK or last[0] == "#" or _ends_in_commune(names, before):
            return _bare_district(text, names, name, units[0], before, here)
    if _level_in_last_part(tokens, DISTRICT_LEVELS):
        return (Found(),) * 2
    return _two_levels(text, names, tokens, here)


def _ends_in_commune(names: Names, before: list[str]) -> bool:
    return any(bare_name(name) in names.communes for name in suffixes(before))


def _bare_district(
    text: Text, names: Names, name: Syllables, district: Unit, before: list[str], here: bool
) -> tuple[Found, Found]:
    """A name without level word that is a district's: it may be the commune of that name too."""
    rest = strip(before)
    found = _in_district(text, names, district, rest, here, certain=False)
    if found[0].unit and len(found[0].unit) == len("17506"):
        text.saw(name, district.name)
        return found
    if _level_in_last_part(rest, COMMUNE_LEVELS) or name not in {
        unit.name for unit in names.communes.get(bare_name(name), [])
    } | ({bare_name(unit.name) for unit in names.communes.get(bare_name(name), [])}):
        return found
    return (Found(how=AMBIGUOUS),) * 2


def _level_in_last_part(tokens: Sequence[str], levels: dict[str, str]) -> bool:
    for token in reversed(tokens):
        if token == BREAK:
            return False
        if level_of(token, levels):
            return True
    return False


def commune_of(names: Names, tokens: Sequence[str]) -> tuple[Syllables, str, bool]:
    """Name and type of the commune in the last part; the third value says that something was meant to be one."""
    part: list[str] = []
    for token in reversed(tokens):
        if token == BREAK:
            break
        part.insert(0, token)
    meant = False
    for at, token in enumerate(part[:-1]):
        if level := level_of(token, COMMUNE_LEVELS):
            words = tuple(word.removeprefix("#") for word in part[at:])
            if bare_name(words) in names.communes:
                return words, "", True
            if bare_name(words[1:]) in names.communes:
                return words[1:], level, True
            meant = meant or not words[1].isdigit()
    if meant:
        return (), "", True
    words = tuple(word.removeprefix("#") for word in part)
    for start in range(len(words)):
        if (start == 0 or words[start - 1].isdigit()) and bare_name(words[start:]) in names.communes:
            return words[start:], "", True
    small = not words or words[0].isdigit() or bare(words[0]) in SMALL
    return (), "", not small


def _in_district(
    text: Text, names: Names, district: Unit, rest: list[str], here: bool, certain: bool
) -> tuple[Found, Found]:
    """Three levels name a unit of the time before 01/07/2025, whatever the record's date."""
    name, level, meant = commune_of(names, rest)
    if not name:
        if meant or not (here or certain):
            return (Found(),) * 2
        return as_old(Found(district.code, "", FULL)) if certain else (Found(how=AMBIGUOUS),) * 2
    units = names.communes.get(bare_name(name), [])
    olds = [unit for unit in units if unit.old and lay_in(names, unit, district)]
    news = [unit for unit in units if not unit.old and district.code in names.lands.get(unit.code, ())]
    olds, news = agreeing(name, olds, text.reliable), agreeing(name, news, text.reliable)
    fitting = [unit for unit in olds if level in ("", unit.type)]
    if text.misspells(name, olds):
        return (Found(how=AMBIGUOUS),) * 2
    if not olds:
        return (Found(how=AMBIGUOUS if news else UNKNOWN),) * 2
    if not fitting and any(unit.type == level for unit in news):
        return (Found(now=one_of({unit.now for unit in (*olds, *news)}), how=AMBIGUOUS),) * 2
    return as_old(_only(fitting or olds))


def as_old(found: Found) -> tuple[Found, Found]:
    """A unit that ended on 30/06/2025; a later record has an old name."""
    return found, replace(found, how=OLD_NAME) if found.how == FULL else found


def lay_in(names: Names, unit: Unit, district: Unit) -> bool:
    """Was an old commune ever part of a district?"""
    return unit.district == district.code or (unit.code, district.code) in names.moved


def _two_levels(text: Text, names: Names, tokens: list[str], here: bool) -> tuple[Found, Found]:
    """No district: a commune of today from 01/07/2025 on, before it an old one whose district was left out."""
    name, level, _ = commune_of(names, tokens)
    if not name:
        return (Found(),) * 2
    units = agreeing(name, names.communes.get(bare_name(name), []), text.reliable)
    if not units:
        return (Found(),) * 2
    if not here or text.misspells(name, units):
        return (Found(how=AMBIGUOUS),) * 2
    olds = [unit for unit in units if unit.old]
    news = [unit for unit in units if not unit.old]
    old_fits = any(level in ("", unit.type) for unit in olds)
    new_fits = any(level in ("", unit.type) for unit in news)
    if old_fits and not new_fits:
        news = []
    since = _only(news) if news else _only(olds, NO_DISTRICT)
    if not olds:
        return Found(), since
    return _only(olds, NO_DISTRICT) if old_fits or not new_fits else Found(how=AMBIGUOUS), since


def _only(units: Sequence[Unit], how: str = FULL) -> Found:
    if len(units) == 1:
        return Found(units[0].code, units[0].now, how)
    return Found(now=one_of({unit.now for unit in units}), how=AMBIGUOUS)


def one_of(codes: set[str]) -> str:
    """The only code of a set, '' if there are none or several."""
    return next(iter(codes)) if len(codes) == 1 else ""
