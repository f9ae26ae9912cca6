"""The Vietnamese lunar calendar, as far as birth dates in old books need it: 1900 to 2050, at UTC+7.

A lunar month begins on the day of the new moon; the month of the winter solstice is the eleventh; a year of thirteen
months doubles the first month in which the sun enters no new twelfth of its path. New moons and the sun's place follow
the series of Meeus, *Astronomical Algorithms* (ch. 25 and 49), main terms; they are right to a few minutes.
"""

from dataclasses import dataclass
from itertools import pairwise

import duckdb
import numpy as np

from synthetic_data.days import Array, Floats, year_of

FIRST_YEAR, LAST_YEAR = 1900, 2050
SYNODIC = 29.530588861
EPOCH = 2451550.09766
"""Julian day of the mean new moon of 6 January 2000."""
UNIX_EPOCH = 2440587.5
HANOI = 7 / 24
STEMS = ("Giáp", "Ất", "Bính", "Đinh", "Mậu", "Kỷ", "Canh", "Tân", "Nhâm", "Quý")
BRANCHES = ("Tý", "Sửu", "Dần", "Mão", "Thìn", "Tỵ", "Ngọ", "Mùi", "Thân", "Dậu", "Tuất", "Hợi")


@dataclass(frozen=True)
class Months:
    """Lunar months in order: first day (days since 1970-01-01), number 1-12 (a leap month has that of the month before
    it), lunar year.
    """

    start: Array
    number: Array
    year: Array


def new_moons(first: int, count: int) -> Array:
    """Days (since 1970-01-01, at UTC+7) of ``count`` new moons from the ``first``, counted from January 2000."""
    k = np.arange(first, first + count, dtype=np.float64)
    t = k / 1236.85
    jde = EPOCH + SYNODIC * k + 0.00015437 * t**2
    earth = 1 - 0.002516 * t
    sun, moon, node = (
        np.radians(start + step * k)
        for start, step in ((2.5534, 29.1053567), (201.5643, 385.81693528), (160.7108, 390.67050284))
    )
    correction = (
        -0.40720 * np.sin(moon) + 0.17241 * earth * np.sin(sun) + 0.01608 * np.sin(2 * moon)
        + 0.01039 * np.sin(2 * node) + 0.00739 * earth * np.sin(moon - sun) - 0.00514 * earth * np.sin(moon + sun)
        + 0.00208 * earth**2 * np.sin(2 * sun) - 0.00111 * np.sin(moon - 2 * node) - 0.00057 * np.sin(moon + 2 * node)
        + 0.00056 * earth * np.sin(2 * moon + sun) - 0.00042 * np.sin(3 * moon)
        + 0.00042 * earth * np.sin(sun + 2 * node)
        + 0.00038 * earth * np.sin(sun - 2 * node) - 0.00024 * earth * np.sin(2 * moon - sun)
    )  # fmt: skip
    clock = jde + correction - _delta(2000 + k / 12.3685)
    return np.asarray(np.floor(clock - UNIX_EPOCH + HANOI), dtype=np.int64)


def _delta(year: Floats) -> Floats:
    """Days by which dynamical time is ahead of the clock: a smooth fit, right to half a minute in 1900-2050."""
    u = (year - 1820) / 100
    return np.where(year < 1970, np.interp(year, [1900, 1920, 1950, 1970], [-3, 21, 29, 40]), -20 + 25.6 * u**2) / 86400


def sun_longitude(days: Array) -> Floats:
    """Apparent ecliptic longitude of the sun in degrees at 00:00 (UTC+7) of each day."""
    t = (days + UNIX_EPOCH - HANOI - 2451545.0) / 36525
    anomaly = np.radians(357.52911 + 35999.05029 * t)
    centre = (
        (1.914602 - 0.004817 * t) * np.sin(anomaly) + 0.019993 * np.sin(2 * anomaly) + 0.000289 * np.sin(3 * anomaly)
    )
    wobble = 0.00569 + 0.00478 * np.sin(np.radians(125.04 - 1934.136 * t))
    return np.asarray((280.46646 + 36000.76983 * t + centre - wobble) % 360)


def lunar_months() -> Months:
    """The months of 1900 to 2050."""
    start = new_moons(-1252, 1900)
    sector = (sun_longitude(start) // 30).astype(np.int64)
    next_sector = np.r_[sector[1:], -1]
    # The winter solstice (270 degrees) falls into the month that begins before it and whose successor begins after.
    eleventh = np.flatnonzero((sector < 9) & (next_sector == 9))
    number, year = np.zeros(len(start), dtype=np.int64), np.zeros(len(start), dtype=np.int64)
    for a, b in pairwise(eleventh):
        months = np.arange(a, b)
        leap = np.flatnonzero(sector[months] == next_sector[months])
        place = np.arange(len(months))
        if len(months) == 13 and len(leap):
            place = place - (place >= leap[0])
        number[a:b] = (place + 10) % 12 + 1
        solstice = int(year_of(start[a : a + 1])[0])
        year[a:b] = np.where(place < 2, solstice, solstice + 1)
    inside = (year >= FIRST_YEAR) & (year <= LAST_YEAR)
    return Months(start[inside], number[inside], year[inside])


def define_lunar(con: duckdb.DuckDBPyConnection) -> None:
    """Make the macros ``lunar(day)`` (the lunar date of a DATE as dd.mm.yyyy) and ``can_chi(year)`` on a connection."""
    months = lunar_months()
    con.execute("SET VARIABLE lunar_start = ?", [months.start.tolist()])
    con.execute("SET VARIABLE lunar_month = ?", [(months.number + 100 * months.year).tolist()])
    con.execute("""CREATE MACRO lunar_at(on_day, nth) AS
        lpad((on_day - DATE '1970-01-01' - getvariable('lunar_start')[nth] + 1)::VARCHAR, 2, '0') || '.'
        || lpad((getvariable('lunar_month')[nth] % 100)::VARCHAR, 2, '0') || '.'
        || getvariable('lunar_month')[nth] // 100""")
    con.execute("""CREATE MACRO lunar(on_day) AS lunar_at(on_day,
        len(list_filter(getvariable('lunar_start'), lambda first: first <= on_day - DATE '1970-01-01')))""")
    con.execute("SET VARIABLE stems = ?", [list(STEMS)])
    con.execute("SET VARIABLE branches = ?", [list(BRANCHES)])
    con.execute("""CREATE MACRO can_chi(y) AS getvariable('stems')[1 + (y - 4) % 10] || ' '
        || getvariable('branches')[1 + (y - 4) % 12]""")
