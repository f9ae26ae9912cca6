"""Days as whole numbers since 1970-01-01, and what the generator asks of the calendar.

Holds working days and the words of a date; holds no rule of the registers.
"""

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.signedinteger[Any]]
Floats = npt.NDArray[np.float64]
YEAR = 365.2425
NEVER = 10**6
"""A day after every date that can occur: 'has not happened'."""
TET = Path(__file__).parent / "data" / "tet.csv"
"""First day of the lunar year as kept in Vietnam, 1976-2026 (common knowledge; each is a day of new moon at UTC+7).

Offices are closed from the day before to the third day, since 2013 to the fourth.
"""
_FIRST_DAY = -25_567
"""1900-01-01."""


def day(value: date) -> int:
    """Number of days since 1970-01-01."""
    return (value - date(1970, 1, 1)).days


def to_dates(days: Array) -> npt.NDArray[np.datetime64]:
    """Dates of day numbers; NEVER and later become NaT."""
    dates = days.astype("datetime64[D]")
    dates[days >= NEVER] = np.datetime64("NaT")
    return dates


def year_of(days: Array) -> Array:
    """Calendar year of day numbers."""
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def start_of(years: Array) -> Array:
    """Day number of the first of January."""
    return (years - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)


def add_years(days: Array, years: int) -> Array:
    """The same day some years later; 29 February becomes 1 March where there is none."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    offset = (dates - months.astype("datetime64[D]")).astype(np.int64)
    shifted: Array = (months + 12 * years).astype("datetime64[D]").astype(np.int64) + offset
    return shifted


def next_working(days: Array) -> Array:
    """The first day, from the given one on, that is neither weekend, fixed holiday (1/1, 30/4, 1/5, 2/9) nor Tết.

    Days outside 1900-2099 stay as they are.
    """
    table = _next_open()
    at = days - _FIRST_DAY
    known = (at >= 0) & (at < len(table))
    return np.asarray(np.where(known, table[np.where(known, at, 0)], days))


@lru_cache(maxsize=1)
def _next_open() -> Array:
    """The next day on which offices are open, for each day of 1900-2099."""
    days = np.arange(_FIRST_DAY, day(date(2100, 1, 1)))
    dates = days.astype("datetime64[D]")
    month = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    in_month = (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
    closed = (((days + 3) % 7) >= 5) | np.isin(month * 100 + in_month, [101, 430, 501, 902])
    for new_year in TET.read_text(encoding="utf-8").split()[1:]:
        first = day(date.fromisoformat(new_year)) - _FIRST_DAY
        closed[first - 1 : first + (4 if new_year >= "2013" else 3)] = True
    following = np.where(closed, days[-1], days)
    return np.minimum.accumulate(following[::-1])[::-1]


@lru_cache(maxsize=1)
def _open_days() -> Array:
    """All days of 1900-2099 on which offices are open, in order."""
    return np.unique(_next_open())


def last_working(value: int) -> int:
    """The last working day up to ``value``, a day of 1900-2099."""
    found = _open_days()
    return int(found[np.searchsorted(found, value, side="right") - 1])


def spread_working(rng: np.random.Generator, days: Array, latest: Array | int = NEVER) -> Array:
    """Days as ``next_working``, but those that fall on a closed day are spread over the next five working days.

    None comes after ``latest`` by being spread; where even the next working day is after it, that one is taken. Days
    outside 1900-2099 stay as they are.
    """
    found = _open_days()
    wanted = np.asarray(days, dtype=np.int64)
    first = np.searchsorted(found, wanted)
    choices = np.clip(np.searchsorted(found, latest, side="right") - first, 1, 5)
    known = (wanted >= _FIRST_DAY) & (first + choices <= len(found))
    first = np.where(known, first, 0)
    later = (rng.random(len(wanted)) * choices).astype(np.int64)
    later = np.where(found[first] == wanted, 0, later)
    return np.where(known, found[np.where(known, first + later, 0)], wanted)


UNITS = ["", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"]


def two_digit_words(number: int) -> str:
    """Vietnamese words of 1 to 99."""
    tens, units = divmod(number, 10)
    if tens == 0:
        return UNITS[units]
    head = "mười" if tens == 1 else f"{UNITS[tens]} mươi"
    if units == 0:
        return head
    tail = "lăm" if units == 5 else "mốt" if units == 1 and tens > 1 else UNITS[units]
    return f"{head} {tail}"


def year_words(year: int) -> str:
    """Vietnamese words of a year from 1000 to 2999."""
    thousands, rest = divmod(year, 1000)
    hundreds, tail = divmod(rest, 100)
    words = f"{UNITS[thousands]} nghìn {UNITS[hundreds] or 'không'} trăm"
    if tail == 0:
        return words
    return f"{words} linh {UNITS[tail]}" if tail < 10 else f"{words} {two_digit_words(tail)}"
