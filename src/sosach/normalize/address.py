"""Addresses to dated units, as SQL: a cheap key of a cell (the tail of its text) and a look-up table over the keys.

``<f>`` stays the text; beside it stand the code of the unit as written, today's unit that answers for it, and how it
was found. What a tail means is decided in ``address_meaning``, once for each distinct tail.
"""

import duckdb
import pyarrow as pa

from sosach.duck import identifier
from sosach.errors import SettingsError
from sosach.normalize.address_meaning import parse
from sosach.normalize.address_names import Names, read_names
from sosach.registers import Register

_BATCH = 20_000  # distinct tails in memory at a time
_LISTS = ("don_vi", "don_vi_huyen_truoc", "don_vi_tinh")
_RECORD_DATES = ("ngay_dang_ky", "ngay_cap_nhat")


def _cut(word: str, not_behind: tuple[str, ...] = ()) -> str:
    """A WHEN: the text from the first ``word`` on, unless that is the end of a longer word of another level."""
    guards = "".join(
        f" AND instr(x, '{word} ') <> instr(x, '{longer} ') + {longer.index(word)}" for longer in not_behind
    )
    return f" WHEN contains(x, '{word} '){guards} THEN substr(x, instr(x, '{word} '))"


# An address in another form keeps its last three parts; of those, what stands before a commune with its level word
# in short or without diacritics is left out again.
_PART = "[^,;|–—]*"
_BREAK = "[,;|–—]"
_TAIL = f"'(?i){_PART}(?:(?:{_BREAK}| - ){_PART}?){{0,2}}(?:[ ,]*(?:việt nam|viet nam|vn)[. ]*)?$'"
_SHORT = "(?:xa|x|phuong|p|thi tran|tt)[. ] *[^0-9. ]"
_FROM_COMMUNE = f"'(?i)(?:^|{_BREAK}|[0-9] | - ) *({_SHORT}{_PART}(?:{_BREAK}|-).*)$'"

# Words of remarks; in capitals they stand in texts that have no level word in small letters.
_SIGNS = ("(", "[", "cũ", "mới", "nay ", "Nay ", "rước", "nhập", "đổi tên")


def _any_of(signs: tuple[str, ...]) -> str:
    return "(" + " OR ".join(f"contains(x, '{sign}')" for sign in signs) + ")"


_MACROS = {
    "nz_address_odd(x)": (
        f"CASE WHEN {_any_of(tuple(sign.upper() for sign in _SIGNS[2:]))} THEN x"
        f"{_cut('Phường')}{_cut('PHƯỜNG')}{_cut('Thị trấn')}{_cut('THỊ TRẤN')}"
        f"{_cut('Xã', ('hị Xã',))}{_cut('XÃ', ('HỊ XÃ',))}"
        f" ELSE coalesce(nullif(regexp_extract(regexp_extract(x, {_TAIL}), {_FROM_COMMUNE}, 1), ''),"
        f" regexp_extract(x, {_TAIL})) END"
    ),
    # The usual forms are cut without a regular expression: this runs on every cell of every address field. A remark may
    # name another unit, so a text that seems to have one is not cut.
    "nz_address_key(x)": (
        f"CASE WHEN {_any_of(_SIGNS)} THEN x{_cut('phường')}{_cut('thị trấn')}{_cut('xã', ('hị xã', 'hi xã'))}"
        " WHEN starts_with(x, 'tỉnh ') THEN x ELSE nz_address_odd(x) END"
    ),
    # 0 where the record's date is not known, 1 up to 30/06/2025, 2 from the day of the two-level units on.
    "nz_address_era(d)": "CASE WHEN d IS NULL THEN 0 WHEN d < DATE '2025-07-01' THEN 1 ELSE 2 END",
}


def register_addresses(con: duckdb.DuckDBPyConnection) -> Names:
    """Define ``nz_address_key(x)`` and ``nz_address_era(d)``; the code lists must be registered before.

    Returns:
        The units by name, for ``address_lookup``.

    Raises:
        SettingsError: a list of units is missing.
    """
    there = {str(row[0]) for row in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if missing := [name for name in _LISTS if f"cl_{name}" not in there]:
        raise SettingsError(f"code_lists/{missing[0]}.csv: not found, but addresses need it. Put the file back.")
    for head, body in _MACROS.items():
        con.execute(f"CREATE OR REPLACE MACRO {head} AS ({body})")
    return read_names(con)


def record_date(register: Register) -> str | None:
    """The field that says when a record was written: the date of registration, else of the last update."""
    dates = {field.name for field in register.fields if field.type == "date"}
    return next((name for name in _RECORD_DATES if name in dates), None)


def address_lookup(con: duckdb.DuckDBPyConnection, names: Names, source_sql: str, table: str) -> str:
    """Make the look-up table of the addresses of a source: one row for each distinct tail and era.

    Args:
        con: a connection with ``register_addresses``.
        names: what that gave.
        source_sql: a SELECT of one column ``t``, texts that ``nz_text`` gave (NULL is left out).
        table: name of the table to make.

    Returns:
        ``table``: ``key VARCHAR, era TINYINT, ma VARCHAR, ma_nay VARCHAR, cach VARCHAR``; ``key, era`` is unique.
    """
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {identifier(table)}"
        " (key VARCHAR, era TINYINT, ma VARCHAR, ma_nay VARCHAR, cach VARCHAR)"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE address_keys AS"
        f" SELECT DISTINCT nz_address_key(t) AS key FROM ({source_sql}) WHERE t IS NOT NULL"
    )
    total = con.execute("SELECT count(*) FROM address_keys").fetchone()
    for start in range(0, int(total[0]) if total else 0, _BATCH):
        batch = con.execute(
            "SELECT key FROM address_keys WHERE rowid BETWEEN ? AND ?", [start, start + _BATCH - 1]
        ).fetchall()
        _insert(con, table, [str(key) for (key,) in batch], names)
    con.execute("DROP TABLE address_keys")
    return table


def _insert(con: duckdb.DuckDBPyConnection, table: str, keys: list[str], names: Names) -> None:
    rows = [(key, era, found) for key in keys for era, found in enumerate(parse(key, names))]
    columns = {
        "key": pa.array([key for key, _, _ in rows], pa.string()),
        "era": pa.array([era for _, era, _ in rows], pa.int8()),
        "ma": pa.array([found.unit or None for _, _, found in rows], pa.string()),
        "ma_nay": pa.array([found.now or None for _, _, found in rows], pa.string()),
        "cach": pa.array([found.how for _, _, found in rows], pa.string()),
    }
    con.register("address_batch", pa.table(columns))
    con.execute(f"INSERT INTO {identifier(table)} SELECT * FROM address_batch")
    con.unregister("address_batch")
