"""Dates as clerks, old books and spreadsheets write them, as SQL functions on a DuckDB connection.

A date in a usual form passes one cheap test and one conversion in SQL. Any other text becomes a key (lower case, no
diacritics, no spaces around separators) that is held against ``FORMS``; each form rewrites it to ``yyyy-m-d``,
``yyyy-m``, ``yyyy``, ``~yy-m-d`` (century open) or ``35t`` (age). What no form fits is not understood: nothing is
guessed, day and month are never swapped, lunar and can-chi dates are left alone. Holds no column names.
"""

import re
import unicodedata
from datetime import date, timedelta
from functools import lru_cache

import duckdb

from sosach.normalize.odd_cells import register_odd

_DAY = "[0-9]{1,2}"
_MONTH = "0?[1-9]|1[0-2]"
_YEAR = "[12][0-9]{3}"

# d.m.yyyy, d/m/yyyy, d-m-yyyy: with yyyy-mm-dd the forms of a date that need no repair.
_DAY_MONTH_YEAR = rf"{_DAY}(?:\.{_DAY}\.|/{_DAY}/|-{_DAY}-){_YEAR}"

# Up to 60000 = 08/04/2064; of five digits, since fewer may be a year with a slip (domain.md DT05).
_EXCEL_SERIAL = r"(?:[1-5][0-9]{4}|60000)(?:\.0+)?"
_AGE = r"(?:0{0,2}[0-9]|0?[1-9][0-9]|1[0-2][0-9]|130)"  # more than 130 is a slip of the pen, not an age
_PLAIN_AGE = rf"(?i){_AGE} ?(?:t|tuổi|tuoi)\.?"
_OLDEST_BOOK = "DATE '1880-01-01'"  # domain.md 1.2d
_OLDEST_PERSON = "CAST(CAST(registered AS DATE) - INTERVAL 130 YEAR AS DATE)"  # the greatest age, as _AGE

# A day and a month that may be; a zero says that it is not known.
_D = "0?[1-9]|[12][0-9]|3[01]"
_DMY = rf"({_D})(?:\.({_MONTH})\.|/({_MONTH})/|-({_MONTH})-)({_YEAR})"
_YMD = rf"({_YEAR})(?:\.({_MONTH})\.|/({_MONTH})/|-({_MONTH})-)({_D})"
# A time zone other than ours may hide another day, so only +07 is read.
_CLOCK = r"[t ](?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?(?:\+07:?00)?"
# After hyphens a number up to 31 may be the day of yy-mm-dd.
_TWO_DIGIT = rf"({_D})(?:\.({_MONTH})\.([0-9]{{2}})|/({_MONTH})/([0-9]{{2}})|-({_MONTH})-(3[2-9]|[4-9][0-9]))"
_MONTH_NAME = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
# What stands where a day or month is not known: 00, xx, ??, __, --, …; between slashes also dots or nothing.
_UNKNOWN = r"(?:0{1,2}|[x?_*…]{1,3})"
_BETWEEN_SLASHES = r"(?:0{1,2}|[x?_.*…-]{0,3})"

# Name in the log, pattern of the whole key, what it is rewritten to. The frequent ones stand first; no key fits two
# forms that would rewrite it differently.
FORMS: tuple[tuple[str, str, str], ...] = (
    ("age", rf"(?:(?:khoang|chung|do) )?({_AGE}) ?(?:t|tuoi)\.?", r"\1t"),
    ("date", _DMY, r"\5-\2\3\4-\1"),
    ("date", _YMD, r"\1-\2\3\4-\5"),
    ("date", rf"({_YEAR})(?:\.0+)?", r"\1"),
    ("date", rf"({_MONTH})[./-]({_YEAR})", r"\2-\1"),
    ("date", rf"({_YEAR})-(0[1-9]|1[0-2])", r"\1-\2"),
    ("time", rf"{_DMY}{_CLOCK}(?: ?(?:sa|ch))?", r"\5-\2\3\4-\1"),
    ("time", rf"{_YMD}{_CLOCK}(?: ?(?:sa|ch|am|pm))?", r"\1-\2\3\4-\5"),
    # AM and PM come with either order of day and month: only a day above 12 shows which.
    ("time", rf"(1[3-9]|2[0-9]|3[01])/({_MONTH})/({_YEAR}){_CLOCK} ?(?:am|pm)", r"\3-\2-\1"),
    ("two_digit_year", _TWO_DIGIT, r"~\3\5\7-\2\4\6-\1"),
    ("words", rf"(?:ngay )?({_DAY})[ -]?(?:thang|thg) ?({_DAY})[ ,-]*(?:nam )?({_YEAR})", r"\3-\2-\1"),
    ("words", rf"(?:ngay )?({_DAY})[./-]({_DAY}),? nam ({_YEAR})", r"\3-\2-\1"),
    ("words", rf"ngay {_DMY}", r"\5-\2\3\4-\1"),
    (
        "words",
        rf"(?:ngay )?(?:mong|mung) (0?[1-9]|10)(?: ?thang ?|[./-])({_DAY})(?: ?,? ?nam ?|[./-]| )({_YEAR})",
        r"\3-\2-\1",
    ),
    ("words", rf"(?:thang|thg) ?({_MONTH})(?:[./-]|,? (?:nam )?)({_YEAR})", r"\2-\1"),
    ("words", rf"(?:sinh )?(?:nam|sn) ({_YEAR})", r"\1"),
    ("partial", rf"(?:{_BETWEEN_SLASHES}/)?{_BETWEEN_SLASHES}/({_YEAR})", r"\1"),
    ("partial", rf"{_BETWEEN_SLASHES}/({_MONTH})/({_YEAR})", r"\2-\1"),
    ("partial", rf"(?:(?:{_UNKNOWN}|--)\.)?(?:{_UNKNOWN}|--)\.({_YEAR})", r"\1"),
    ("partial", rf"(?:{_UNKNOWN}|--)\.({_MONTH})\.({_YEAR})", r"\2-\1"),
    ("partial", rf"(?:{_UNKNOWN}-)?{_UNKNOWN}-({_YEAR})", r"\1"),
    ("partial", rf"{_UNKNOWN}-({_MONTH})-({_YEAR})", r"\2-\1"),
    ("partial", rf"{_DAY}(?:/(?:{_UNKNOWN}|\.\.|--)/|\.{_UNKNOWN}\.|-{_UNKNOWN}-)({_YEAR})", r"\1"),
    ("partial", rf"({_YEAR})-00-00", r"\1"),
    ("partial", rf"({_YEAR})-(0[1-9]|1[0-2])-00", r"\1-\2"),
    # Eight digits: no number is a date of a register both ways, since 18, 19 and 20 are no months.
    ("compact", r"(0[1-9]|[12][0-9]|3[01])(0[1-9]|1[0-2])(18[89][0-9]|19[0-9]{2}|20[0-9]{2})", r"\3-\2-\1"),
    ("compact", r"(18[89][0-9]|19[0-9]{2}|20[0-9]{2})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])", r"\1-\2-\3"),
)
_DAY_NAME_YEAR = rf"({_DAY})[ -]?({_MONTH_NAME})[ ,-]*({_YEAR}|[0-9]{{2}})"
_NAME_DAY_YEAR = rf"({_MONTH_NAME}) ?({_DAY})(?:, ?| )({_YEAR})"
_MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
_EXCEL_ZERO = date(1899, 12, 30)


_FORMS = tuple((name, re.compile(pattern), plain) for name, pattern, plain in FORMS)
_SERIAL = re.compile(_EXCEL_SERIAL)
_DAY_FIRST, _NAME_FIRST = re.compile(_DAY_NAME_YEAR), re.compile(_NAME_DAY_YEAR)
_AROUND = re.compile(r" *([./-]) *")


def _key(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
    return _AROUND.sub(r"\1", bare.replace("đ", "d"))


@lru_cache(maxsize=65536)
def _read(text: str) -> tuple[str, str] | None:
    """The form's name and the plain date, None where no form fits."""
    key = _key(text)
    if _SERIAL.fullmatch(key):
        return "excel_serial", str(_EXCEL_ZERO + timedelta(days=int(key[:5])))
    for name, pattern, plain in _FORMS:
        if found := pattern.fullmatch(key):
            return name, found.expand(plain)
    if found := _DAY_FIRST.fullmatch(key):
        day, month, year = found.groups()
    elif found := _NAME_FIRST.fullmatch(key):
        month, day, year = found.groups()
    else:
        return None
    open_year = year if len(year) == 4 else f"~{year}"
    return "month_name", f"{open_year}-{_MONTHS.index(month[:3]) // 3 + 1}-{day}"


def plain_date(text: str) -> str | None:
    """``yyyy-m-d``, ``yyyy-m``, ``yyyy``, ``~yy-m-d`` (century open) or ``35t`` (age); None where not understood.

    A plain day may still be none of the calendar (``1980-6-31``).
    """
    found = _read(text)
    return found[1] if found else None


def date_name(text: str) -> str | None:
    """Which repair reads this date: ``spaces``, ``words``, ``excel_serial`` …; None where not understood."""
    found = _read(text)
    if found is None:
        return None
    return "spaces" if found[0] == "date" and " " in text else found[0]


def _usual(form: str, conversion: str) -> str:
    """``form`` is a LIKE pattern whose ``Y`` is the first digit of the year; LIKE costs a tenth of a regex."""
    like = " OR ".join(f"t LIKE '{form.replace('Y', century)}'" for century in "12")
    return f"WHEN {like} THEN {conversion}"


_USUAL = " ".join(
    (
        _usual("__.__.Y___", "CAST(try_strptime(t, '%d.%m.%Y') AS DATE)"),
        _usual("Y___-__-__", "TRY_CAST(t AS DATE)"),
        _usual("__/__/Y___", "CAST(try_strptime(t, '%d/%m/%Y') AS DATE)"),
        _usual("__-__-Y___", "CAST(try_strptime(t, '%d-%m-%Y') AS DATE)"),
    )
)
# The centuries in which a date of two-digit year lies between the oldest book, or the oldest person, and registration.
_CENTURIES = (
    "list_filter([TRY_CAST('18' || substr(p, 2) AS DATE), TRY_CAST('19' || substr(p, 2) AS DATE),"
    f" TRY_CAST('20' || substr(p, 2) AS DATE)], lambda d:"
    f" d BETWEEN greatest({_OLDEST_BOOK}, {_OLDEST_PERSON}) AND registered)"
)

_DATES = {
    # A whole day of the calendar, else NULL.
    "nz_date(t)": (
        f"CASE {_USUAL} WHEN strlen(t) < 5 THEN NULL"
        f" WHEN regexp_full_match(t, '{_DAY_MONTH_YEAR}')"
        " THEN CAST(try_strptime(translate(t, '/-', '..'), '%d.%m.%Y') AS DATE)"
        " ELSE TRY_CAST(nz_date_plain(t) AS DATE) END"
    ),
    "nz_century(p, registered)": (f"CASE WHEN p LIKE '~%' AND len({_CENTURIES}) = 1 THEN {_CENTURIES}[1] END"),
    # A day of birth: as nz_date; a two-digit year where one century alone can be meant, given the registration's day.
    "nz_birth(t, registered)": (
        "coalesce(nz_date(t), CASE WHEN regexp_matches(t, '[^0-9][0-9]{2}$')"
        " THEN nz_century(nz_date_plain(t), registered) END)"
    ),
    "nz_precision_of(p)": (
        "CASE WHEN p LIKE '____' THEN 'nam' WHEN p LIKE '%t' THEN 'tuoi'"
        " WHEN p LIKE '____-_' OR p LIKE '____-__' THEN 'thang' END"
    ),
    # ngay, thang, nam, tuoi; d is nz_birth(t, …).
    "nz_precision(t, d)": (
        "CASE WHEN d IS NOT NULL THEN 'ngay' WHEN t IS NULL THEN NULL"
        f" WHEN t LIKE '____' AND regexp_full_match(t, '{_YEAR}') THEN 'nam'"
        f" WHEN regexp_full_match(t, '{_PLAIN_AGE}') THEN 'tuoi' ELSE nz_precision_of(nz_date_plain(t)) END"
    ),
    # Year of birth; an age counts back from the registration (DATE or NULL).
    "nz_year(t, d, precision, registered)": (
        "CASE precision WHEN 'ngay' THEN year(d)"
        " WHEN 'tuoi' THEN year(registered) - TRY_CAST(regexp_extract(t, '[0-9]+') AS INTEGER)"
        " WHEN 'nam' THEN TRY_CAST(CASE WHEN t LIKE '____' THEN t ELSE nz_date_plain(t) END AS INTEGER)"
        " WHEN 'thang' THEN TRY_CAST(left(nz_date_plain(t), 4) AS INTEGER) END"
    ),
    # Which repair reads this date; NULL for the forms that need none and for what is not understood.
    "nz_date_name(t)": (
        f"CASE WHEN regexp_full_match(t, '{_DMY}|{_YEAR}-[0-9]{{2}}-(?:0[1-9]|[1-3][0-9])|{_YEAR}(?:\\.0)?"
        f"|(?:{_MONTH})[./-]{_YEAR}')"
        " THEN NULL ELSE nz_odd_date_name(t) END"
    ),
}


def register_dates(con: duckdb.DuckDBPyConnection) -> None:
    """Define the SQL functions on a connection; their texts are what ``nz_present(nz_text(x))`` gives."""
    register_odd(con, "nz_date_plain", plain_date)
    register_odd(con, "nz_odd_date_name", date_name)
    for head, body in _DATES.items():
        con.execute(f"CREATE OR REPLACE MACRO {head} AS ({body})")
