"""From a register's fields to SQL: the core columns, the record key and its want.

Builds SELECT statements from ``register.yaml``, the value maps and the functions of ``normalisers``; runs none and
reads no file.
"""

from collections.abc import Collection, Mapping

from sosach.duck import identifier, literal
from sosach.normalize.address import record_date
from sosach.normalize.value_maps import ADDRESSES, map_kind
from sosach.registers import Register, RegisterField

OUTSIDE_UNIT = "TINH"
_REGISTRATION_DATE = "ngay_dang_ky"
# Forms of which the normaliser of the type makes nothing else; nearly all cells have them.
_USUAL = {"id_number": "[0-9]{9}|[0-9]{12}", "phone": "0[0-9]{9}"}

# Key of a citizen without a PIN: CMND, else these three (design.md section 5).
_CMND = "so_cmnd"
_PERSON_KEY = ("ho_ten", "ngay_sinh", "ma_dvhc")


def code_lists(register: Register) -> list[str]:
    """The code lists that the register's fields need, each once."""
    return sorted({field.code_list for field in register.fields if field.code_list})


def key_fields(register: Register) -> set[str]:
    """The fields that say which record a row is: key, identity, and what stands in for a citizen's PIN."""
    person = {_CMND, *_PERSON_KEY} if register.kind == "dan_cu" else set()
    return {*register.key, *register.identity, *person}


def typed_select(
    register: Register,
    source: str,
    delivered: Collection[str],
    maps: Mapping[str, str],
    only: Collection[str] | None = None,
) -> str:
    """Rows of ``source`` with every core column but ``record_id``, and ``_missing``.

    Args:
        register: the dictionary of the fields.
        source: a FROM item with ``_delivery``, ``_row`` and text columns under the register's source names.
        delivered: the columns that ``source`` has; an optional field without column is NULL.
        maps: kind to value map, from ``value_maps.build_value_maps`` on a source that holds these rows.
        only: fields whose columns are wanted, at least those of ``key_fields``; then ``unit`` is left out too.

    Returns:
        A SELECT; ``_missing`` names the field for want of which no ``record_key`` can be made (then NULL).
    """
    fields = [field for field in register.fields if only is None or field.name in only]
    key, missing = _record_key(register)
    unit = f", coalesce(u.unit, {literal(OUTSIDE_UNIT)}) AS unit" if only is None else ""
    joined = f" LEFT JOIN cl_unit_now AS u ON u.code = keyed.{identifier(register.unit)}" if only is None else ""
    return (
        f"WITH {_typed(register, source, delivered, maps, fields)},"
        f" placed AS ({_placed(register, fields, maps)}),"
        f" keyed AS (SELECT *, {missing} AS _missing FROM placed)"
        f" SELECT keyed.*, CASE WHEN _missing IS NULL THEN {key} END AS record_key{unit} FROM keyed{joined}"
    )


def key_select(register: Register, source: str, delivered: Collection[str], maps: Mapping[str, str]) -> str:
    """Rows of ``source`` as ``_delivery, _row, key``: the record key, without what stands in for a citizen's PIN.

    A NULL says that ``typed_select`` has to look at the row.
    """
    wanted = {*register.key, *({_CMND} if register.kind == "dan_cu" else ())}
    fields = [field for field in register.fields if field.name in wanted]
    return (
        f"WITH {_typed(register, source, delivered, maps, fields)}"
        f" SELECT _delivery, _row, {_plain_key(register)} AS key FROM typed"
    )


def _typed(
    register: Register,
    source: str,
    delivered: Collection[str],
    maps: Mapping[str, str],
    fields: Collection[RegisterField],
) -> str:
    """The expressions of a WITH clause up to ``typed``: the typed columns of some fields."""
    dated = _REGISTRATION_DATE in {field.name for field in register.fields if field.type == "date"}
    read = [*fields, *([register.field(_REGISTRATION_DATE)] if dated and _is_left_out(fields) else [])]
    mapped = [(field, kind) for field in read if (kind := map_kind(field))]
    raws = [f"{_delivered(field, delivered)} AS {_raw(field)}" for field in read]
    values = [part for field, _ in mapped for part in [f"{_map(field)}.text AS {_text(field)}", *_mapped(field)]]
    joins = "".join(
        f" LEFT JOIN {identifier(maps[kind])} AS {_map(field)} ON {_map(field)}.raw = {_raw(field)}"
        for field, kind in mapped
    )
    registered = identifier(_REGISTRATION_DATE) if dated else "CAST(NULL AS DATE)"
    free = [field for field in read if not map_kind(field)]
    cleaned = [f"{_cleaned(field)} AS {_text(field)}" for field in free]
    present = [f"nz_present({_text(field)}) AS {_text(field)}" for field in free]
    replaced = f" REPLACE ({', '.join(present)})" if present else ""
    own = [f"{_free(field)} AS {identifier(field.name)}" for field in free]
    partial = [field for field in read if field.type == "partial_date"]
    births = [_birthday(field, registered) for field in partial]
    known = [part for field in partial for part in _known_of_birth(field, registered)]
    return (
        f"delivered AS (SELECT r._delivery, r._row, {', '.join(raws)} FROM {source} AS r),"
        f" looked_up AS (SELECT {', '.join(['delivered.*', *values])} FROM delivered{joins}),"
        f" cleaned AS (SELECT {', '.join(['*', *cleaned])} FROM looked_up),"
        f" present AS (SELECT *{replaced} FROM cleaned),"
        f" born AS (SELECT {', '.join(['*', *births])} FROM present),"
        f" typed AS (SELECT {', '.join(['*', *own, *known])} FROM born)"
    )


def _placed(register: Register, fields: Collection[RegisterField], maps: Mapping[str, str]) -> str:
    """``typed`` with the units of its addresses, as they were when the record was written."""
    addresses = [field for field in fields if field.type == ADDRESSES]
    if not addresses:
        return "FROM typed"
    dated = record_date(register)
    written = any(field.name == dated for field in fields)
    era = f"nz_address_era({identifier(dated)})" if dated and written else "0"
    units = ", ".join(
        f"{_map(field)}.{column} AS {identifier(f'{field.name}_{column}')}"
        for field in addresses
        for column in ("ma", "ma_nay", "cach")
    )
    joins = "".join(
        f" LEFT JOIN {identifier(maps[ADDRESSES])} AS {_map(field)}"
        f" ON {_map(field)}.key = nz_address_key(typed.{identifier(field.name)}) AND {_map(field)}.era = {era}"
        for field in addresses
    )
    return f"SELECT typed.*, {units} FROM typed{joins}"


def _is_left_out(fields: Collection[RegisterField]) -> bool:
    """Whether ages must be counted from a registration date that is not among the fields."""
    ages = any(field.type == "partial_date" for field in fields)
    return ages and all(field.name != _REGISTRATION_DATE for field in fields)


def _delivered(field: RegisterField, delivered: Collection[str]) -> str:
    return f"r.{identifier(field.source_name)}" if field.source_name in delivered else "CAST(NULL AS VARCHAR)"


def _raw(field: RegisterField) -> str:
    return identifier(f"raw_{field.name}")


def _text(field: RegisterField) -> str:
    return identifier(f"_t_{field.name}")


def _map(field: RegisterField) -> str:
    return identifier(f"m_{field.name}")


def _mapped(field: RegisterField) -> list[str]:
    """Columns that a value map gives."""
    own, table = identifier(field.name), _map(field)
    match field.type:
        case "partial_date":
            parts = ("value", "precision", "year", "age", "open")
            return [f"{table}.{part} AS {identifier(f'_{part}_{field.name}')}" for part in parts]
        case "entry_number":
            place, year = identifier(f"{field.name}_thu_tu"), identifier(f"{field.name}_nam")
            return [f"{table}.value AS {own}", f"{table}.place AS {place}", f"{table}.year AS {year}"]
        case _:
            return [f"{table}.value AS {own}"]


def _cleaned(field: RegisterField) -> str:
    """SQL of the clean text of a field without value map; what is right already passes one cheap test."""
    raw, usual = _raw(field), _USUAL.get(field.type)
    right = f"WHEN regexp_full_match({raw}, '{usual}') THEN {raw}" if usual else f"WHEN {raw} IS NULL THEN NULL"
    return f"CASE {right} ELSE nz_text({raw}) END"


def _free(field: RegisterField) -> str:
    """SQL of a value that is worked out for each record."""
    return _text(field) if field.type in ("text", "name", ADDRESSES) else f"nz_{field.type}({_text(field)})"


def _birthday(field: RegisterField, registered: str) -> str:
    """The day of birth; the registration of the same record tells the century of a two-digit year."""
    value, open_ = identifier(f"_value_{field.name}"), identifier(f"_open_{field.name}")
    own = identifier(field.name)
    return f"CASE WHEN {open_} IS NULL THEN {value} ELSE nz_century({open_}, {registered}) END AS {own}"


def _known_of_birth(field: RegisterField, registered: str) -> list[str]:
    """Precision and year; an age counts back from the registration of the same record."""
    precision, year, age, open_ = (identifier(f"_{part}_{field.name}") for part in ("precision", "year", "age", "open"))
    own = identifier(field.name)
    return [
        f"CASE WHEN {open_} IS NULL THEN {precision} WHEN {own} IS NOT NULL THEN 'ngay' END"
        f" AS {identifier(f'{field.name}_do_chinh_xac')}",
        f"CASE WHEN {open_} IS NOT NULL THEN year({own}) WHEN {age} IS NOT NULL THEN year({registered}) - {age}"
        f" ELSE {year} END AS {identifier(f'{field.name}_nam')}",
    ]


def _key_part(field: RegisterField) -> str:
    """The typed value as text; a date or number that was not understood stands as it was written."""
    own = identifier(field.name)
    if field.type in ("date", "partial_date", "integer"):
        return f"coalesce(CAST({own} AS VARCHAR), {_text(field)})"
    return own


def _record_key(register: Register) -> tuple[str, str]:
    """SQL of the key, and of the first field for want of which there is none."""
    own = [(name, _key_part(register.field(name))) for name in register.key]
    if register.kind != "dan_cu":
        return _plain_key(register), _first_missing(own)
    person = [(name, _key_part(register.field(name))) for name in _PERSON_KEY]
    hashed = f"left(sha256({' || chr(124) || '.join(part for _, part in person)}), 16)"
    known = _plain_key(register)
    return f"coalesce({known}, {hashed})", f"CASE WHEN {known} IS NULL THEN {_first_missing(person)} END"


def _plain_key(register: Register) -> str:
    """SQL of the key from its own fields, for a citizen else the CMND."""
    key = " || '|' || ".join(_key_part(register.field(name)) for name in register.key)
    return f"coalesce({key}, {_CMND})" if register.kind == "dan_cu" else key


def _first_missing(parts: list[tuple[str, str]]) -> str:
    whens = " ".join(f"WHEN {part} IS NULL THEN {literal(name)}" for name, part in parts)
    return f"CASE {whens} END"


def quarantine_reason(register: Register) -> str:
    """SQL text of the reason and the remedy, in Vietnamese, from ``_missing``."""
    names = dict.fromkeys((*register.key, *(_PERSON_KEY if register.kind == "dan_cu" else ())))
    also = ", không có số định danh và số CMND để thay" if register.kind == "dan_cu" else ""
    whens = " ".join(
        f"WHEN {literal(name)} THEN "
        + literal(
            f"Thiếu hoặc để trống “{register.field(name).meaning}”{also}: không lập được khóa của bản ghi. "
            "Ghi đúng ô này ở nguồn rồi gửi lại; dòng sẽ tự vào."
        )
        for name in names
    )
    return f"CASE _missing {whens} END"
