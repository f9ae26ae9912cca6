"""Periods as people write them in file names and handover notes: ``2026-10``, ``T10-2026``, ``quý 3/2026``, ``2026``.

Reads text only; which delivery is about which period is decided in ``handover``.
"""

import re
import unicodedata
from calendar import monthrange
from datetime import date

Period = tuple[date, date]

_YEAR = r"(?P<year>(?:19|20)[0-9]{2})"
_MONTH = r"(?P<month>0?[1-9]|1[0-2])"
_SEP = r"[-_. /]"
_QUARTERS = {"1": 1, "2": 2, "3": 3, "4": 4, "i": 1, "ii": 2, "iii": 3, "iv": 4}
_DAY = re.compile(
    rf"(?<![0-9])(?:{_YEAR}[-_.]?(?P<month>0[1-9]|1[0-2])[-_.]?(?P<day>0[1-9]|[12][0-9]|3[01])"
    r"|(?P<day2>0?[1-9]|[12][0-9]|3[01])[-_./](?P<month2>0?[1-9]|1[0-2])[-_./](?P<year2>(?:19|20)[0-9]{2}))(?![0-9])"
)
# In this order: what says more comes first, a bare year last.
_FORMS = tuple(
    re.compile(rf"(?<![0-9a-z]){form}(?![0-9a-z])")
    for form in (
        rf"(?:quy|q){_SEP}*(?P<quarter>[1-4]|iv|i{{1,3}}){_SEP}*(?:nam{_SEP}*)?{_YEAR}",
        rf"{_YEAR}{_SEP}*(?:quy|q){_SEP}*(?P<quarter>[1-4]|iv|i{{1,3}})",
        rf"(?:thang|t){_SEP}*{_MONTH}{_SEP}*(?:nam{_SEP}*)?{_YEAR}",
        rf"{_YEAR}{_SEP}*(?:thang|t){_SEP}*{_MONTH}",
        rf"{_YEAR}{_SEP}?(?P<month>0[1-9]|1[0-2])",
        rf"{_MONTH}{_SEP}{_YEAR}",
        rf"(?:nam{_SEP}*)?{_YEAR}",
    )
)


def find_period(text: str) -> Period | None:
    """The first and last day of the period that a text names; None where it names none.

    Days count from the first named to the last (one day alone is that day); else a quarter, a month or a year.
    """
    bare = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    plain = "".join(c for c in bare if not unicodedata.combining(c))
    days = [day for found in _DAY.finditer(plain) if (day := _day(found))]
    if days:
        return min(days), max(days)
    for form in _FORMS:
        if found := form.search(plain):
            return _whole(found.groupdict())
    return None


def _day(found: re.Match[str]) -> date | None:
    year, month, day = (
        found["year"] or found["year2"],
        found["month"] or found["month2"],
        found["day"] or found["day2"],
    )
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _whole(named: dict[str, str]) -> Period:
    year = int(named["year"])
    if quarter := _QUARTERS.get(named.get("quarter", "")):
        first, last = 3 * quarter - 2, 3 * quarter
    elif "month" in named:
        first = last = int(named["month"])
    else:
        first, last = 1, 12
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])
