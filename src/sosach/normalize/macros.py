"""SQL functions and code-list tables that rules and stages may use on a DuckDB connection.

Holds general functions on names, dates and numbers, and the loading of ``expectations/code_lists``. Holds no
normaliser (see ``expressions``) and no rule.
"""

import csv
from collections.abc import Collection
from pathlib import Path

import duckdb

from sosach.duck import identifier, literal
from sosach.errors import SettingsError

# Letters that stand for đ in badly typed text: đ itself, Icelandic eth, African d with tail (all in lower case).
_D_LETTERS = "đðɖ"
_SPACES = r"[\s\p{Z}]+"
_UNEVEN = r"  |[\t\n\f\r\x{0B}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"
"""Any space but single plain ones; most texts have none, which spares them the costly replacement."""
_BARE = "lower(strip_accents(x))"
for _letter in _D_LETTERS:
    _BARE = f"replace({_BARE}, '{_letter}', 'd')"

# Monday; every date of a register is later, so the day count below is never negative.
_A_MONDAY = "DATE '0001-01-01'"

_WEEKDAYS_UP_TO = f"(5 * (({{d}} - {_A_MONDAY}) // 7) + least(({{d}} - {_A_MONDAY}) % 7 + 1, 5))"

_MACROS = {
    # For matching only: lower case, no diacritics, đ as d, single spaces, no space at the ends.
    "name_key(x)": (
        f"trim(CASE WHEN regexp_matches(x, '{_UNEVEN}') THEN regexp_replace({_BARE}, '{_SPACES}', ' ', 'g') "
        f"ELSE {_BARE} END)"
    ),
    # 29/02 plus years gives 28/02 in a common year: the last day of that month.
    "add_years(d, n)": "CAST(CAST(d AS DATE) + to_years(CAST(n AS INTEGER)) AS DATE)",
    # Full years from a to b; negative when b is before a.
    "years_between(a, b)": (
        "year(CAST(b AS DATE)) - year(CAST(a AS DATE)) - CASE WHEN add_years(a, year(CAST(b AS DATE))"
        " - year(CAST(a AS DATE))) > CAST(b AS DATE) THEN 1 ELSE 0 END"
    ),
    # Mondays to Fridays after a, up to and with b; negative when b is before a. Public holidays are not taken off.
    "working_days_between(a, b)": (
        f"{_WEEKDAYS_UP_TO.format(d='CAST(b AS DATE)')} - {_WEEKDAYS_UP_TO.format(d='CAST(a AS DATE)')}"
    ),
    "is_pin(x)": "regexp_full_match(x, '[0-9]{12}')",
    "is_cmnd(x)": "regexp_full_match(x, '[0-9]{9}')",
    # 040*******12; a number shorter than nine characters shows nothing of itself.
    "mask_id(x)": (
        "CASE WHEN length(x) >= 9 THEN left(x, 3) || repeat('*', CAST(length(x) - 5 AS INTEGER)) || right(x, 2)"
        " ELSE repeat('*', CAST(length(x) AS INTEGER)) END"
    ),
    "vn_date(d)": "strftime(CAST(d AS DATE), '%d/%m/%Y')",
}

_REQUIRED = {"code", "name", "valid_from", "valid_to"}


def register_macros(con: duckdb.DuckDBPyConnection) -> None:
    """Define the SQL functions of ``docs/architecture.md`` on a connection; calling it twice does no harm.

    A NULL argument gives NULL in all of them.
    """
    for head, body in _MACROS.items():
        con.execute(f"CREATE OR REPLACE MACRO {head} AS ({body})")


def register_code_lists(
    con: duckdb.DuckDBPyConnection, expectations: Path, wanted: Collection[str] | None = None
) -> None:
    """Load every ``code_lists/<list>.csv`` as table ``cl_<list>`` and make ``cl_unit_now``.

    The tables have the columns of the file as text, except ``valid_from`` and ``valid_to`` (DATE). An empty cell is
    NULL. ``cl_unit_now(code, unit)`` has every commune code of ``don_vi``, old and new, once: ``unit`` is today's
    commune. A code that a commune of today carries stands for that commune; else the successor is taken. Districts
    are not in it: no commune of today answers for a district alone.

    Args:
        con: an open connection.
        expectations: folder that holds ``code_lists/``.
        wanted: names of the tables that are needed; all by default.

    Raises:
        SettingsError: no code list there, a list without its columns or with a wrong date, or a commune without a
            commune of today.
    """
    files = sorted((expectations / "code_lists").glob("*.csv"))
    if not files:
        raise SettingsError(f"{expectations / 'code_lists'}: no code list found. Is SOSACH_EXPECTATIONS right?")
    units = wanted is None or "cl_unit_now" in wanted
    for path in files:
        if wanted is None or f"cl_{path.stem}" in wanted or (units and path.stem == "don_vi"):
            _load_list(con, path)
    if units and (expectations / "code_lists" / "don_vi.csv").is_file():
        _make_unit_now(con, expectations / "code_lists" / "don_vi.csv")


def _load_list(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file), [])
    if missing := _REQUIRED - set(header):
        raise SettingsError(f"{path}: columns missing: {', '.join(sorted(missing))}. See code_lists/README.md.")
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    try:
        con.execute(
            f"CREATE OR REPLACE TABLE {identifier('cl_' + path.stem)} AS SELECT * REPLACE ("
            "CAST(valid_from AS DATE) AS valid_from, CAST(valid_to AS DATE) AS valid_to) "
            f"FROM (SELECT nullif(trim(COLUMNS(*)), '') FROM read_csv({literal(path)}, columns = {{{columns}}}, "
            "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"'))"
        )
    except duckdb.Error as error:
        raise SettingsError(f"{path}: not a code list: {error}. Mend the file; see code_lists/README.md.") from error


def _make_unit_now(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    con.execute(
        "CREATE OR REPLACE TABLE cl_unit_now AS SELECT code, "
        "CASE WHEN bool_or(valid_to IS NULL) THEN code ELSE max_by(successor, valid_to) END AS unit "
        "FROM cl_don_vi WHERE level = 'xa' GROUP BY code ORDER BY code"
    )
    lost = con.execute(
        "SELECT count(*), min(code) FROM cl_unit_now WHERE unit IS NULL OR unit NOT IN "
        "(SELECT code FROM cl_don_vi WHERE level = 'xa' AND valid_to IS NULL)"
    ).fetchone()
    if lost and lost[0]:
        raise SettingsError(
            f"{path}: {lost[0]} abolished communes (first: {lost[1]}) have no commune of today as successor. "
            "Fill that column."
        )
