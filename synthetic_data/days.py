"""Days as whole numbers since 1970-01-01, and what the generator asks of the calendar.

Holds working days and the words of a date; holds no rule of the registers.
"""

from datetime import date

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
YEAR = 365.2425
NEVER = 10**6
"""A day after every date that can occur: 'has not happened'."""


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
    """The first day, from the given one on, that is neither weekend nor a fixed holiday (1/1, 30/4, 1/5, 2/9)."""
    moved = days.copy()
    while True:
        dates = moved.astype("datetime64[D]")
        month = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
        in_month = (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
        holiday = np.isin(month * 100 + in_month, [101, 430, 501, 902])
        closed = (((moved + 3) % 7) >= 5) | holiday
        if not closed.any():
            return moved
        moved = moved + closed


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
