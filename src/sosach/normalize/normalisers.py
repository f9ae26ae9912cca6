"""The normalisers by field type, as SQL functions ``nz_*`` on a DuckDB connection.

Each takes text and gives the right form, or NULL where it cannot be sure; none touches a value that is already right.
Holds placeholders and codes; dates, numbers and contacts have modules of their own, the cleaning of text too. Holds no
column names and no stage. The pairs in ``tests/unit/golden`` show what each does.
"""

import duckdb

from sosach.duck import identifier, literal
from sosach.errors import SettingsError
from sosach.normalize.contacts import register_contacts
from sosach.normalize.dates import register_dates
from sosach.normalize.numbers import NUMBERS, register_id_numbers

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

# The marital status has other numbers in other forms (domain.md 1.2c), so a bare number is never read there.
_NO_BARE_NUMBERS = frozenset({"tinh_trang_hon_nhan"})


def register_normalisers(con: duckdb.DuckDBPyConnection) -> None:
    """Define the ``nz_*`` functions of values; the code lists must be registered before, the texts at any time.

    All take text that ``nz_text`` (``text.register_text``) gave. ``nz_present(t)`` is NULL for a placeholder. The value
    functions (``nz_date(t)``, …) take present text.

    Raises:
        SettingsError: the list of PIN prefixes is missing.
    """
    macros = {
        "nz_present(t)": _present(),
        "nz_code_key(t)": _code_key(),
        **NUMBERS,
    }
    register_id_numbers(con, _pin_prefixes(con))
    for head, body in macros.items():
        con.execute(f"CREATE OR REPLACE MACRO {head} AS ({body})")
    register_dates(con)
    register_contacts(con)


def register_code_keys(con: duckdb.DuckDBPyConnection, code_list: str) -> str:
    """Make the look-up table ``key, name`` of a code list and return its name.

    A name explains itself first, then a code, then an alias, then a code that lost its leading zeros, then a name or
    alias written without any diacritics; a key that means two things explains nothing. Keys are in lower case without
    spaces, hyphens and apostrophes, as ``nz_code_key`` makes them.

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
        "), bare AS (SELECT replace(replace(strip_accents(text), 'đ', 'd'), 'Đ', 'D') AS text, name, 5 AS place"
        " FROM texts WHERE place IN (1, 3)),"
        " keys AS (SELECT nz_code_key(nz_text(text)) AS key, name, place FROM (FROM texts UNION ALL FROM bare)),"
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


def _pin_prefixes(con: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The 63 prefixes."""
    _need_list(con, "ma_tinh_dinh_danh")
    return frozenset(str(code) for (code,) in con.execute("SELECT code FROM cl_ma_tinh_dinh_danh").fetchall())


def _present() -> str:
    """Text by its first letter: most cannot begin a placeholder, and comparing costs a tenth of the regex.

    A placeholder begins with c, k, n, # or a mark; with n it has at most four letters, with any letter at most
    ``longest`` bytes.
    """
    longest = max(len(text.encode()) for text in PLACEHOLDERS)
    short = " OR ".join(
        f"t >= '{first}' AND t < '{after}'"
        for first, after in (
            ("D", "K"),
            ("A", "C"),
            ("L", "N"),
            ("O", "["),
            ("o", "{"),
            ("d", "k"),
            ("l", "n"),
            ("a", "c"),
            ("À", "\u2000"),
        )
    )
    return (
        "CASE WHEN t >= 'L' AND t < '[' AND strlen(t) > 4 OR t >= '0' AND t < ':' THEN t"
        f" WHEN strlen(t) > {longest} AND (t >= 'A' AND t < '[' OR t >= 'a' AND t < '{{') THEN t"
        f" WHEN {short} THEN t"
        f" WHEN lower(t) IN ({', '.join(map(literal, PLACEHOLDERS))}) THEN NULL"
        f" WHEN regexp_full_match(t, '{_BARE_MARKS}') THEN NULL ELSE t END"
    )


# Both places where a tone may stand are right: hủy and huỷ, góa and goá (domain.md 6).
_TONES = tuple(
    (vowel[:-1] + late, early + vowel[-1])
    for vowel, early_marks, late_marks in (
        ("oa", "òóỏõọ", "àáảãạ"),
        ("oe", "òóỏõọ", "èéẻẽẹ"),
        ("uy", "ùúủũụ", "ỳýỷỹỵ"),
    )
    for early, late in zip(early_marks, late_marks, strict=True)
)


def _code_key() -> str:
    letters = "translate(lower(t), ' -–''’', '')"
    for late, early in _TONES:
        letters = f"replace({letters}, '{late}', '{early}')"
    return (
        r"CASE WHEN regexp_matches(t, '[0-9]') THEN replace(regexp_replace(lower(t), '^([0-9]+)\.0$', '\1'), ' ', '')"
        f" ELSE {letters} END"
    )
