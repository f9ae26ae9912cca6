"""From a register's fields to SQL: the core columns, the record key and its want.

Builds SELECT statements from ``register.yaml`` and the functions of ``normalisers``; runs none and reads no file.
"""

from collections.abc import Collection, Mapping

from sosach.duck import identifier, literal
from sosach.registers import Register, RegisterField

OUTSIDE_UNIT = "TINH"
_REGISTRATION_DATE = "ngay_dang_ky"

# Key of a citizen without a PIN: CMND, else these three (design.md section 5).
_CMND = "so_cmnd"
_PERSON_KEY = ("ho_ten", "ngay_sinh", "ma_dvhc")


def code_lists(register: Register) -> list[str]:
    """The code lists that the register's fields need, each once."""
    return sorted({field.code_list for field in register.fields if field.code_list})


def typed_select(register: Register, source: str, delivered: Collection[str], key_tables: Mapping[str, str]) -> str:
    """Rows of ``source`` with every core column but ``record_id``, and ``_missing``.

    Args:
        register: the dictionary of the fields.
        source: a FROM item with ``_delivery``, ``_row`` and text columns under the register's source names.
        delivered: the columns that ``source`` has; an optional field without column is NULL.
        key_tables: code list to look-up table, from ``normalisers.register_code_keys``.

    Returns:
        A SELECT; ``_missing`` names the field for want of which no ``record_key`` can be made (then NULL).
    """
    raws, texts, values = [], [], []
    for field in register.fields:
        raw, text = identifier(f"raw_{field.name}"), identifier(f"_t_{field.name}")
        column = f"r.{identifier(field.source_name)}" if field.source_name in delivered else "CAST(NULL AS VARCHAR)"
        raws.append(f"{column} AS {raw}")
        texts.append(f"nz_text({raw}) AS {text}" if field.code_list else f"nz_present(nz_text({raw})) AS {text}")
        values += _values(field, text, f"k_{field.name}")
    dates = {field.name for field in register.fields if field.type == "date"}
    registered = f"nz_date(_t_{_REGISTRATION_DATE})" if _REGISTRATION_DATE in dates else "CAST(NULL AS DATE)"
    joins = "".join(
        f" LEFT JOIN {identifier(key_tables[field.code_list])} AS {identifier(f'k_{field.name}')}"
        f" ON {identifier(f'k_{field.name}')}.key = nz_code_key({identifier(f'_t_{field.name}')})"
        for field in register.fields
        if field.code_list
    )
    years = [_year(field) for field in register.fields if field.type == "partial_date"]
    key, missing = _record_key(register)
    return (
        f"WITH delivered AS (SELECT r._delivery, r._row, {', '.join(raws)} FROM {source} AS r),"
        f" cleaned AS (SELECT *, {', '.join(texts)} FROM delivered),"
        f" typed AS (SELECT cleaned.*, {registered} AS _registered, {', '.join(values)} FROM cleaned{joins}),"
        f" keyed AS (SELECT {', '.join(['*', *years])}, {missing} AS _missing FROM typed)"
        f" SELECT keyed.*, CASE WHEN _missing IS NULL THEN {key} END AS record_key,"
        f" coalesce(u.unit, {literal(OUTSIDE_UNIT)}) AS unit"
        f" FROM keyed LEFT JOIN cl_unit_now AS u ON u.code = keyed.{identifier(register.unit)}"
    )


def _values(field: RegisterField, text: str, match: str) -> list[str]:
    own = identifier(field.name)
    match field.type:
        case "text" | "name" | "address":
            return [f"{text} AS {own}"]
        case "partial_date":
            date = f"nz_date({text})"
            return [f"{date} AS {own}", f"nz_precision({text}, {date}) AS {identifier(f'{field.name}_do_chinh_xac')}"]
        case "entry_number":
            return [
                f"nz_entry_number({text}) AS {own}",
                f"nz_entry_place({text}) AS {identifier(f'{field.name}_thu_tu')}",
                f"nz_entry_year({text}) AS {identifier(f'{field.name}_nam')}",
            ]
        case simple if not field.code_list:
            return [f"nz_{simple}({text}) AS {own}"]
        case _:
            return [f"coalesce({identifier(match)}.name, nz_present({text})) AS {own}"]


def _year(field: RegisterField) -> str:
    own = identifier(field.name)
    text, precision = identifier(f"_t_{field.name}"), identifier(f"{field.name}_do_chinh_xac")
    return f"nz_year({text}, {own}, {precision}, _registered) AS {identifier(f'{field.name}_nam')}"


def _key_part(field: RegisterField) -> str:
    """The typed value as text; a date or number that was not understood stands as it was written."""
    own = identifier(field.name)
    if field.type in ("date", "partial_date", "integer"):
        return f"coalesce(CAST({own} AS VARCHAR), {identifier(f'_t_{field.name}')})"
    return own


def _record_key(register: Register) -> tuple[str, str]:
    """SQL of the key, and of the first field for want of which there is none."""
    own = [(name, _key_part(register.field(name))) for name in register.key]
    key = " || '|' || ".join(part for _, part in own)
    if register.kind != "dan_cu":
        return key, _first_missing(own)
    person = [(name, _key_part(register.field(name))) for name in _PERSON_KEY]
    hashed = f"left(sha256({' || chr(124) || '.join(part for _, part in person)}), 16)"
    return (
        f"coalesce({key}, {_CMND}, {hashed})",
        f"CASE WHEN coalesce({key}, {_CMND}) IS NULL THEN {_first_missing(person)} END",
    )


def _first_missing(parts: list[tuple[str, str]]) -> str:
    whens = " ".join(f"WHEN {part} IS NULL THEN {literal(name)}" for name, part in parts)
    return f"CASE {whens} END"


def quarantine_reason(register: Register) -> str:
    """SQL text of the reason, in Vietnamese, from ``_missing``."""
    names = dict.fromkeys((*register.key, *(_PERSON_KEY if register.kind == "dan_cu" else ())))
    also = ", không có số định danh và số CMND để thay" if register.kind == "dan_cu" else ""
    whens = " ".join(
        f"WHEN {literal(name)} THEN "
        + literal(f"Thiếu hoặc để trống “{register.field(name).meaning}”{also}: không lập được khóa của bản ghi.")
        for name in names
    )
    return f"CASE _missing {whens} END"
