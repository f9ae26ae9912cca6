"""Value maps: what each distinct text of a kind of field means, worked out once a register instead of once a cell.

Dates, numbers in a book, unit codes, whole numbers and coded values have few distinct texts; a record joins them by the
delivered text. Builds the maps; names, addresses and papers, whose texts are as many as the records, have none.
"""

from collections.abc import Collection, Mapping

import duckdb

from sosach.duck import identifier, literal
from sosach.normalize.address import address_lookup, register_addresses
from sosach.normalize.normalisers import register_code_keys
from sosach.registers import Register, RegisterField

NOT_UNDERSTOOD = "not_understood"
PLACEHOLDER = "placeholder"
ADDRESSES = "address"
"""The kind of the look-up table of addresses, which is joined by ``nz_address_key`` and era."""


def map_kind(field: RegisterField) -> str | None:
    """The kind of value map that a field reads; None where it has none."""
    mapped = field.code_list or field.type in ("date", "partial_date", "integer", "unit_code", "entry_number")
    return field.type if mapped else None


def named(understood: str, raw: str, text: str, repair: str) -> str:
    """SQL of what is logged of a cell: a placeholder, not understood, or ``repair`` (NULL: nothing).

    Args:
        understood: SQL that is NULL where the cell has no value.
        raw: SQL of the delivered text.
        text: SQL of the cleaned text, NULL for a placeholder.
        repair: SQL of the repair's name.
    """
    return (
        f"CASE WHEN {raw} IS NULL THEN NULL WHEN {understood} IS NULL AND {text} IS NULL THEN '{PLACEHOLDER}'"
        f" WHEN {understood} IS NULL THEN '{NOT_UNDERSTOOD}' ELSE {repair} END"
    )


def repair_name(new: str, raw: str, cleaned: str, name: str) -> str:
    """SQL of the repair that made ``new`` of ``raw``: NULL, the one of the text alone, or that of the field's type."""
    return f"CASE WHEN {new} = {raw} THEN NULL WHEN {new} = {cleaned} THEN nz_text_name({raw}) ELSE {literal(name)} END"


def build_value_maps(
    con: duckdb.DuckDBPyConnection, register: Register, source: str, delivered: Collection[str]
) -> dict[str, str]:
    """Make a table for each kind of field that has a map.

    Each has ``raw`` (delivered text, unique), ``text`` (cleaned, NULL for a placeholder), ``value``, ``name`` (the
    normaliser to be logged, or NULL) and what else the kind needs (``precision``, ``year``, ``place``, …); the one of
    addresses is that of ``address.address_lookup``.

    Args:
        con: a connection with macros, code lists and normalisers.
        register: the dictionary of the fields.
        source: a FROM item with text columns under the register's source names.
        delivered: the columns that ``source`` has.

    Returns:
        Kind (a field type) to table name.

    Raises:
        SettingsError: a code list that a field needs is not there.
    """
    columns: dict[str, list[str]] = {}
    for field in register.fields:
        if kind := map_kind(field):
            columns.setdefault(kind, [])
            if field.source_name in delivered:
                columns[kind].append(identifier(field.source_name))
    tables: dict[str, str] = {}
    for kind, names in columns.items():
        tables[kind] = "nz_map_" + kind.replace(":", "_")
        texts = " UNION ".join(
            f"SELECT DISTINCT {name} AS raw FROM {source} WHERE {name} IS NOT NULL" for name in names
        )
        texts = texts or "SELECT CAST(NULL AS VARCHAR) AS raw WHERE false"
        meaning = _code_meaning(con, kind) if kind.startswith("code:") else _MEANINGS[kind]
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {identifier(tables[kind])} AS"
            f" WITH texts AS (SELECT raw, nz_text(raw) AS cleaned FROM ({texts})),"
            f" present AS (SELECT *, nz_present(cleaned) AS text FROM texts) {meaning}"
        )
    places = [identifier(f.source_name) for f in register.fields if f.type == ADDRESSES and f.source_name in delivered]
    if any(field.type == ADDRESSES for field in register.fields):
        texts = " UNION ALL ".join(f"SELECT nz_text({name}) AS t FROM {source}" for name in places)
        texts = texts or "SELECT CAST(NULL AS VARCHAR) AS t WHERE false"
        tables[ADDRESSES] = address_lookup(con, register_addresses(con), texts, "nz_map_address")
    return tables


def _code_meaning(con: duckdb.DuckDBPyConnection, kind: str) -> str:
    """A text is looked up before it is taken for a placeholder: ``Không`` is a religion of the list."""
    code_list = kind.removeprefix("code:")
    keys = identifier(register_code_keys(con, code_list))
    read = repair_name("value", "raw", "cleaned", "code_list")
    official = f"SELECT name FROM {identifier(f'cl_{code_list}')}"
    repair = f"CASE WHEN value NOT IN ({official}) THEN '{NOT_UNDERSTOOD}' ELSE {read} END"
    return (
        f", looked AS (SELECT raw, cleaned, text, coalesce({keys}.name, text) AS value"
        f" FROM present LEFT JOIN {keys} ON {keys}.key = nz_code_key(cleaned))"
        f" SELECT raw, text, value, {named('value', 'raw', 'text', repair)} AS name FROM looked"
    )


# The usual forms, of which only the type changes, have no name of their own.
_DATE_NAME = "coalesce(nz_date_name(text), CASE WHEN raw <> cleaned THEN nz_text_name(raw) END)"

_INTEGER_NAME = repair_name("CAST(value AS VARCHAR)", "raw", "cleaned", "integer")

_MEANINGS: Mapping[str, str] = {
    "date": (
        ", read AS (SELECT *, nz_date(text) AS value FROM present)"
        f" SELECT raw, text, value, {named('value', 'raw', 'text', _DATE_NAME)} AS name FROM read"
    ),
    # open: a date of two-digit year, whose century only the record can tell.
    "partial_date": (
        ", days AS (SELECT *, nz_date(text) AS value, nz_date_plain(text) AS plain FROM present),"
        " read AS (SELECT *, nz_precision(text, value) AS precision, CASE WHEN plain LIKE '~%' THEN plain END AS open"
        " FROM days)"
        " SELECT raw, text, value, precision, nz_year(text, value, precision, CAST(NULL AS DATE)) AS year, open,"
        " CASE WHEN precision = 'thang' THEN plain END AS month,"
        " CASE WHEN precision = 'tuoi' THEN TRY_CAST(regexp_extract(text, '[0-9]+') AS INTEGER) END AS age,"
        f" {named('coalesce(precision, open)', 'raw', 'text', _DATE_NAME)} AS name FROM read"
    ),
    "integer": (
        ", read AS (SELECT *, nz_integer(text) AS value FROM present) SELECT raw, text, value,"
        f" {named('value', 'raw', 'text', _INTEGER_NAME)} AS name FROM read"
    ),
    "unit_code": (
        ", read AS (SELECT *, nz_unit_code(text) AS value FROM present) SELECT raw, text, value,"
        f" {named('value', 'raw', 'text', repair_name('value', 'raw', 'cleaned', 'unit_code'))} AS name FROM read"
    ),
    "entry_number": (
        ", read AS (SELECT *, nz_entry_number(text) AS value, nz_entry_place(text) AS place,"
        " nz_entry_year(text) AS year FROM present) SELECT raw, text, value, place, year,"
        f" {named('place', 'raw', 'text', repair_name('value', 'raw', 'cleaned', 'entry_number'))} AS name FROM read"
    ),
}
"""SQL after ``present(raw, cleaned, text)``: what the texts of a kind mean."""
