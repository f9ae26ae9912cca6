"""Numbers of papers, units and entries, and integers, as SQL functions on a DuckDB connection.

A number in its right form passes one cheap test; a repair is made only where the digits themselves prove it, anything
else stays as written. Holds no column names and no code list: which prefixes a PIN may have is given by the caller.
"""

import re
from collections.abc import Collection
from functools import lru_cache, partial

import duckdb

from sosach.normalize.odd_cells import register_odd

_REMEMBERED = 65_536
_DIGITS = "regexp_full_match(t, '[0-9]+')"
_ENTRY = r"[0-9]{1,6} ?/ ?[12][0-9]{3}"
_RIGHT_ENTRY = "(?:0[1-9]|[1-9][0-9]{1,5})/[12][0-9]{3}"

_QUOTES = "'‘’`´"
_FORMULA = re.compile('="([^"]*)"')  # keeps the zeros of a number in a CSV file when a spreadsheet opens it
_MARKS = re.compile("[-–. ]")
_MARKED = re.compile("[0-9](?:[-–. ]*[0-9])*")
_PASSPORT = re.compile("[A-Za-z]{1,2}(?: ?[0-9]){6,8}")
# Every digit of 9, 11 or 12 is there; a shorter mantissa was rounded by the spreadsheet and tells nothing.
_EXPONENT = re.compile(
    r"([1-9])[.,]([0-9]{8}(?=E\+?0?8$)|[0-9]{10}(?=E\+?10$)|[0-9]{11}(?=E\+?11$))E\+?[0-9]+", re.IGNORECASE
)
_EXCEL_ZERO, _EXCEL_EXPONENT, _APOSTROPHE, _SEPARATED = "excel_zero", "excel_exponent", "apostrophe", "id_number"


def repaired_id(text: str, prefixes: Collection[str]) -> tuple[str, str] | None:
    """The number of a paper in its right form and the repair's name; None where it is right, or nothing is sure.

    Eleven digits get back the zero that a spreadsheet took off, where the prefix then is a PIN's (ID02). Not repaired:
    a CMND of eight digits, since no list of CMND prefixes is published that could prove a lost zero; O for 0 and l for
    1, since an officer has to look which digit it was; any text whose digits are not 9 or 12 in the end.

    Args:
        text: present text, clean.
        prefixes: the prefixes that a PIN may have.
    """
    formula = _FORMULA.fullmatch(text)
    bare = (formula[1].strip(" ") if formula else text).lstrip(_QUOTES)
    if exponent := _EXPONENT.fullmatch(bare):
        return _with_zero(exponent[1] + exponent[2], prefixes) or exponent[1] + exponent[2], _EXCEL_EXPONENT
    if _PASSPORT.fullmatch(bare):
        number = bare.replace(" ", "").upper()
    elif re.fullmatch(r"[0-9]+\.0", bare):
        number = _number(bare[:-2], prefixes)
    else:
        number = _number(_MARKS.sub("", bare), prefixes) if _MARKED.fullmatch(bare) else ""
    if number and number.startswith("0") and number[1:] == _MARKS.sub("", bare.removesuffix(".0")):
        return number, _EXCEL_ZERO
    if not number or number == text:
        return None
    return number, _APOSTROPHE if number == bare else _SEPARATED


def _number(digits: str, prefixes: Collection[str]) -> str:
    """The digits where they are 9 or 12, or 11 that lost a zero; else nothing."""
    return digits if len(digits) in (9, 12) else _with_zero(digits, prefixes)


def _with_zero(digits: str, prefixes: Collection[str]) -> str:
    lost = len(digits) == 11 and not digits.startswith("0") and f"0{digits[:2]}" in prefixes
    return f"0{digits}" if lost else ""


def register_id_numbers(con: duckdb.DuckDBPyConnection, prefixes: Collection[str]) -> None:
    """Define ``nz_id_number(t)`` and ``nz_id_name(t)`` (which repair made it of ``t``; NULL for none).

    Args:
        con: an open connection.
        prefixes: the prefixes that a PIN may have.
    """
    repaired = lru_cache(_REMEMBERED)(partial(repaired_id, prefixes=prefixes))

    def part(text: str, which: int) -> str | None:
        found = repaired(text)
        return found[which] if found else None

    register_odd(con, "nz_odd_id", lambda text: part(text, 0) or text)
    register_odd(con, "nz_id_name", lambda text: part(text, 1))
    con.execute(
        f"CREATE OR REPLACE MACRO nz_id_number(t) AS (CASE WHEN (strlen(t) = 12 OR strlen(t) = 9) AND {_DIGITS} THEN t"
        " WHEN t IS NOT NULL THEN nz_odd_id(t) END)"
    )


NUMBERS = {
    "nz_digits(t)": r"regexp_replace(regexp_replace(t, '^([0-9]+)\.0$', '\1'), '[-–. ]', '', 'g')",
    "nz_unit_code(t)": (
        f"CASE WHEN strlen(t) = 5 AND {_DIGITS} THEN t"
        r" WHEN regexp_full_match(t, '[0-9 ]+(?:\.0)?') THEN nz_digits(t) ELSE t END"
    ),
    "nz_entry_place(t)": (
        f"CASE WHEN regexp_full_match(t, '{_RIGHT_ENTRY}') THEN TRY_CAST(left(t, strlen(t) - 5) AS INTEGER)"
        f" WHEN regexp_full_match(t, '{_ENTRY}')"
        " THEN nullif(TRY_CAST(regexp_extract(t, '^[0-9]+') AS INTEGER), 0) END"
    ),
    "nz_entry_year(t)": (
        f"CASE WHEN regexp_full_match(t, '{_RIGHT_ENTRY}') OR nz_entry_place(t) IS NOT NULL"
        " THEN TRY_CAST(right(t, 4) AS INTEGER) END"
    ),
    "nz_entry_number(t)": (
        f"CASE WHEN regexp_full_match(t, '{_RIGHT_ENTRY}') THEN t"
        " WHEN nz_entry_place(t) < 10 THEN '0' || nz_entry_place(t) || '/' || right(t, 4)"
        " WHEN nz_entry_place(t) IS NOT NULL THEN nz_entry_place(t) || '/' || right(t, 4) ELSE t END"
    ),
    # 1.234 is one thousand and more, as Vietnamese write it; 5.0 is what a spreadsheet makes of 5.
    "nz_integer(t)": (
        f"CASE WHEN strlen(t) < 10 AND {_DIGITS} THEN TRY_CAST(t AS INTEGER)"
        r" WHEN regexp_full_match(t, '-?[0-9]{1,10}(?:\.0{1,2})?')"
        r" THEN TRY_CAST(regexp_extract(t, '^-?[0-9]+') AS INTEGER)"
        r" WHEN regexp_full_match(t, '[1-9][0-9]{0,2}(?:\.[0-9]{3})+')"
        r" THEN TRY_CAST(replace(t, '.', '') AS INTEGER) END"
    ),
}
"""Head of each SQL function to its body; the texts ``t`` are clean and present."""
