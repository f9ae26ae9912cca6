"""The normalisers by field type, as SQL functions ``nz_*`` on a DuckDB connection.

Each takes text and gives the right form, or NULL where it cannot be sure; none touches a value that is already right.
Holds no column names and no stage. The pairs in ``tests/unit/golden`` show what each does.
"""

import duckdb

from sosach.duck import identifier, literal
from sosach.errors import SettingsError

# Printable ASCII and precomposed Latin letters, without the look-alikes of đ: text made of these with single spaces is
# in NFC already, so the costly path below is taken by few cells.
_PLAIN = "[!-~À-ÏÑ-ïñ-ƈƊ-ɏḀ-ỿ]+"
_CLEAN = f"{_PLAIN}(?: {_PLAIN})*"
_JUNK = r"[\x{0}-\x{8}\x{e}-\x{1f}\x{7f}-\x{84}\x{86}-\x{9f}\p{Cf}]"
_SPACES = r"[\s\x{b}\x{85}\p{Z}]+"
_AS_D = "'ÐƉðɖ', 'ĐĐđđ'"

# What clerks type where a value is absent (domain.md: TX09, section 6); the case does not matter.
PLACEHOLDERS = (
    "null",
    "n/a",
    "#n/a",
    "không có",
    "không rõ",
    "không biết",
    "không xác định",
    "không có thông tin",
    "không xác định được",
    "chưa rõ",
    "chưa có",
    "chưa đặt tên",
    "kxđ",
    "kxd",
    "k rõ",
    "ko rõ",
    "ko có",
)
_BARE_MARKS = r"[-–—_.…/\\?*,; ]*"

# dd.mm.yyyy, dd/mm/yyyy, dd-mm-yyyy, yyyy-mm-dd: the forms of a date that need no repair.
DAY_MONTH_YEAR = r"[0-9]{1,2}(?:\.[0-9]{1,2}\.|/[0-9]{1,2}/|-[0-9]{1,2}-)[12][0-9]{3}"
YEAR_MONTH_DAY = r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
_MONTH_YEAR = r"(?:0?[1-9]|1[0-2])[./-][12][0-9]{3}"
_YEAR = r"[12][0-9]{3}(?:\.0)?"
_MIDNIGHT = r"(?:[ T]00:00:00(?:\.0+)?)?"
EXCEL_SERIAL = r"[1-9][0-9]{4}(?:\.0)?"
_AGE = r"(?i)[0-9]{1,3} ?(?:t|tuổi|tuoi)\.?"

_EXCEL_LAST_SERIAL = 60000  # 08/04/2064; a larger number of five digits is no date of a register (domain.md DT05)
_OLDEST_AGE = 130  # years; more is a slip of the pen, not an age
_ENTRY = r"[0-9]{1,6} ?/ ?[12][0-9]{3}"

# The marital status has other numbers in other forms (domain.md 1.2c), so a bare number is never read there.
_NO_BARE_NUMBERS = frozenset({"tinh_trang_hon_nhan"})


def register_normalisers(con: duckdb.DuckDBPyConnection) -> None:
    """Define the ``nz_*`` functions; the code lists must be registered before.

    ``nz_text(x)`` cleans delivered text; all the others take text that ``nz_text`` gave. ``nz_present(t)`` is NULL for
    a placeholder. The value functions (``nz_date(t)``, …) take present text.

    Raises:
        SettingsError: the list of PIN prefixes is missing.
    """
    for head, body in (_TEXT | _DATES | {"nz_pin_zero(d)": _pin_zero(con)} | _NUMBERS).items():
        con.execute(f"CREATE OR REPLACE MACRO {head} AS ({body})")


def register_code_keys(con: duckdb.DuckDBPyConnection, code_list: str) -> str:
    """Make the look-up table ``key, name`` of a code list and return its name.

    A name explains itself first, then a code, then an alias, then a code that lost its leading zeros; a key that
    means two things explains nothing. Keys are in lower case without spaces, as ``nz_code_key`` makes them.

    Raises:
        SettingsError: there is no such list.
    """
    source, table = identifier(f"cl_{code_list}"), f"nz_keys_{code_list}"
    _need_list(con, code_list)
    con.execute(
        f"CREATE OR REPLACE TABLE {identifier(table)} AS WITH texts AS ("
        f" SELECT name AS text, name, 1 AS place FROM {source}"
        f" UNION ALL SELECT code, name, 2 FROM {source}"
        f" UNION ALL SELECT unnest(string_split(aliases, '|')), name, 3 FROM {source}"
        f" UNION ALL SELECT ltrim(code, '0'), name, 4 FROM {source} WHERE regexp_full_match(code, '0+[1-9][0-9]*')"
        "), keys AS (SELECT nz_code_key(nz_text(text)) AS key, name, place FROM texts),"
        " first AS (SELECT key, name FROM keys WHERE key <> ''"
        + (" AND NOT regexp_full_match(key, '[0-9]+')" if code_list in _NO_BARE_NUMBERS else "")
        + " QUALIFY place = min(place) OVER (PARTITION BY key))"
        " SELECT key, min(name) AS name FROM first GROUP BY key HAVING count(DISTINCT name) = 1 ORDER BY key"
    )
    return table


def _need_list(con: duckdb.DuckDBPyConnection, code_list: str) -> None:
    found = con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [f"cl_{code_list}"]).fetchone()
    if not found:
        raise SettingsError(f"code_lists/{code_list}.csv: not found, but a field needs it. Add the list.")


def _pin_zero(con: duckdb.DuckDBPyConnection) -> str:
    """Eleven digits get back the zero that a spreadsheet took off, where the prefix then is one of the 63 (ID02)."""
    _need_list(con, "ma_tinh_dinh_danh")
    prefixes = con.execute("SELECT code FROM cl_ma_tinh_dinh_danh ORDER BY code").fetchall()
    known = ", ".join(literal(code) for (code,) in prefixes)
    lost = f"regexp_full_match(d, '[1-9][0-9]{{10}}') AND '0' || left(d, 2) IN ({known})"
    return f"CASE WHEN {lost} THEN '0' || d ELSE d END"


_TEXT = {
    "nz_text(x)": (
        f"CASE WHEN x IS NULL OR regexp_full_match(x, '{_CLEAN}') THEN x ELSE trim(regexp_replace("
        f"translate(nfc_normalize(regexp_replace(x, '{_JUNK}', '', 'g')), {_AS_D}), '{_SPACES}', ' ', 'g')) END"
    ),
    "nz_present(t)": (
        f"CASE WHEN regexp_full_match(t, '(?i)(?:{'|'.join(PLACEHOLDERS)}|{_BARE_MARKS})') THEN NULL ELSE t END"
    ),
    "nz_email(t)": "lower(t)",
    "nz_code_key(t)": r"replace(regexp_replace(lower(t), '^([0-9]+)\.0$', '\1'), ' ', '')",
}

_DATES = {
    "nz_date(t)": (
        f"CASE WHEN regexp_full_match(t, '{DAY_MONTH_YEAR}{_MIDNIGHT}')"
        " THEN CAST(try_strptime(translate(regexp_extract(t, '^[^ T]+'), '/-', '..'), '%d.%m.%Y') AS DATE)"
        f" WHEN regexp_full_match(t, '{YEAR_MONTH_DAY}{_MIDNIGHT}') THEN TRY_CAST(left(t, 10) AS DATE)"
        f" WHEN regexp_full_match(t, '{EXCEL_SERIAL}') AND TRY_CAST(left(t, 5) AS INTEGER) <= {_EXCEL_LAST_SERIAL}"
        " THEN DATE '1899-12-30' + TRY_CAST(left(t, 5) AS INTEGER) END"
    ),
    # ngay, thang, nam, tuoi; d is nz_date(t).
    "nz_precision(t, d)": (
        "CASE WHEN t IS NULL THEN NULL WHEN d IS NOT NULL THEN 'ngay'"
        f" WHEN regexp_full_match(t, '{_YEAR}') THEN 'nam' WHEN regexp_full_match(t, '{_MONTH_YEAR}') THEN 'thang'"
        f" WHEN regexp_full_match(t, '{_AGE}')"
        f" AND TRY_CAST(regexp_extract(t, '^[0-9]+') AS INTEGER) <= {_OLDEST_AGE} THEN 'tuoi' END"
    ),
    # Year of birth; an age counts back from the registration (DATE or NULL).
    "nz_year(t, d, precision, registered)": (
        "CASE precision WHEN 'ngay' THEN year(d) WHEN 'nam' THEN TRY_CAST(left(t, 4) AS INTEGER)"
        " WHEN 'thang' THEN TRY_CAST(right(t, 4) AS INTEGER)"
        " WHEN 'tuoi' THEN year(registered) - TRY_CAST(regexp_extract(t, '^[0-9]+') AS INTEGER) END"
    ),
}

_NUMBERS = {
    "nz_digits(t)": r"regexp_replace(regexp_replace(t, '^([0-9]+)\.0$', '\1'), '[-–. ]', '', 'g')",
    "nz_id_number(t)": (
        "CASE WHEN regexp_full_match(t, '[0-9]{9}|[0-9]{12}') THEN t"
        " WHEN regexp_full_match(t, '[0-9](?:[-–. 0-9]*[0-9])?') THEN nz_pin_zero(nz_digits(t)) ELSE t END"
    ),
    "nz_unit_code(t)": r"CASE WHEN regexp_full_match(t, '[0-9 ]+(?:\.0)?') THEN nz_digits(t) ELSE t END",
    "nz_entry_place(t)": (
        f"CASE WHEN regexp_full_match(t, '{_ENTRY}')"
        " THEN nullif(TRY_CAST(regexp_extract(t, '^[0-9]+') AS INTEGER), 0) END"
    ),
    "nz_entry_year(t)": "CASE WHEN nz_entry_place(t) IS NOT NULL THEN TRY_CAST(right(t, 4) AS INTEGER) END",
    "nz_entry_number(t)": (
        "CASE WHEN nz_entry_place(t) < 10 THEN '0' || nz_entry_place(t) || '/' || right(t, 4)"
        " WHEN nz_entry_place(t) IS NOT NULL THEN nz_entry_place(t) || '/' || right(t, 4) ELSE t END"
    ),
    # 1.234 is one thousand and more, as Vietnamese write it; 5.0 is what a spreadsheet makes of 5.
    "nz_integer(t)": (
        r"CASE WHEN regexp_full_match(t, '-?[0-9]{1,10}(?:\.0{1,2})?')"
        r" THEN TRY_CAST(regexp_extract(t, '^-?[0-9]+') AS INTEGER)"
        r" WHEN regexp_full_match(t, '[1-9][0-9]{0,2}(?:\.[0-9]{3})+')"
        r" THEN TRY_CAST(replace(t, '.', '') AS INTEGER) END"
    ),
    "nz_dialled(t)": "regexp_replace(t, '[-. ()]', '', 'g')",
    # 0 and nine digits; +84 and a zero lost in a spreadsheet are put back to 0; anything else stays as it is.
    "nz_phone(t)": (
        r"CASE WHEN regexp_full_match(t, '0[0-9]{9}') THEN t"
        r" WHEN regexp_full_match(nz_dialled(t), '0[0-9]{9}') THEN nz_dialled(t)"
        r" WHEN regexp_full_match(nz_dialled(t), '\+?84[1-9][0-9]{8}') THEN '0' || right(nz_dialled(t), 9)"
        r" WHEN regexp_full_match(t, '[35789][0-9]{8}(?:\.0)?') THEN '0' || left(t, 9) ELSE t END"
    ),
}
