"""The log of cells: what a normaliser changed and what none understood, as SQL over a core table.

Builds a SELECT; runs none. Which repair it was is read from the delivered text beside the value, so that the log
cannot differ from the core.
"""

from sosach.duck import identifier, literal
from sosach.normalize.normalisers import DAY_MONTH_YEAR, EXCEL_SERIAL, YEAR_MONTH_DAY
from sosach.registers import Register, RegisterField

NOT_UNDERSTOOD = "not_understood"
_PLACEHOLDER = "placeholder"
_USUAL_DATE = f"(?:{DAY_MONTH_YEAR}|{YEAR_MONTH_DAY})"


def cells_select(register: Register, core: str) -> str:
    """Changed and not understood cells.

    A date in a usual form is not logged, since only its type changed. ``new`` is the value as text (a date as
    yyyy-mm-dd, an age as year of birth) and NULL for ``placeholder`` and ``not_understood``.

    Args:
        register: the dictionary of the fields.
        core: a FROM item with the core columns.

    Returns:
        A SELECT of ``record_id, register, field, old, new, normaliser``.
    """
    return " UNION ALL ".join(_one_field(register, field, core) for field in register.fields)


def _one_field(register: Register, field: RegisterField, core: str) -> str:
    raw = identifier(f"raw_{field.name}")
    columns = ", ".join(identifier(name) for name in field.columns)
    new, normaliser = _log(field, raw)
    return (
        f"SELECT record_id, {literal(register.register_id)} AS register, {literal(field.name)} AS field, {raw} AS old,"
        f" CASE WHEN normaliser NOT IN ('{_PLACEHOLDER}', '{NOT_UNDERSTOOD}') THEN {new} END AS new, normaliser"
        f" FROM (SELECT record_id, {columns}, {normaliser} AS normaliser FROM {core} WHERE {raw} IS NOT NULL)"
        " WHERE normaliser IS NOT NULL"
    )


def _log(field: RegisterField, raw: str) -> tuple[str, str]:
    """SQL of the new value as text, and of the normaliser's name (NULL where nothing is to be logged)."""
    own = identifier(field.name)
    as_text = f"CAST({own} AS VARCHAR)"
    match field.type:
        case "text" | "name" | "address":
            return own, _named(own, raw, _repair(own, raw, "text"))
        case "date":
            return as_text, _named(own, raw, _date_repair(raw))
        case "partial_date":
            return _log_partial_date(field, raw)
        case "integer":
            return as_text, _named(own, raw, _repair(as_text, raw, "integer"))
        case "entry_number":
            return own, _named(identifier(f"{field.name}_thu_tu"), raw, _repair(own, raw, "entry_number"))
        case "id_number":
            zero = f"WHEN {own} = '0' || nz_digits(nz_text({raw})) THEN 'excel_zero'"
            return own, _named(own, raw, _repair(own, raw, "id_number", zero))
        case simple if field.code_list is None:
            return own, _named(own, raw, _repair(own, raw, simple))
        case _:
            unknown = (
                f"WHEN {own} NOT IN (SELECT name FROM {identifier(f'cl_{field.code_list}')}) THEN '{NOT_UNDERSTOOD}'"
            )
            return own, _named(own, raw, f"{unknown} {_repair(own, raw, 'code_list')}")


def _log_partial_date(field: RegisterField, raw: str) -> tuple[str, str]:
    own, year = identifier(field.name), identifier(f"{field.name}_nam")
    precision = identifier(f"{field.name}_do_chinh_xac")
    new = (
        f"CASE {precision} WHEN 'ngay' THEN CAST({own} AS VARCHAR) WHEN 'tuoi' THEN CAST({year} AS VARCHAR)"
        f" ELSE nz_text({raw}) END"
    )
    whens = (
        f"WHEN {precision} = 'tuoi' THEN CASE WHEN {year} IS NOT NULL THEN 'age' END"
        f" WHEN {precision} <> 'ngay' THEN CASE WHEN {raw} <> nz_text({raw}) THEN 'text' END {_date_repair(raw)}"
    )
    return new, _named(precision, raw, whens)


def _named(understood: str, raw: str, whens: str) -> str:
    """``understood`` is NULL where the cell has no value: then it was a placeholder, or nobody knows what."""
    return (
        f"CASE WHEN {understood} IS NULL AND nz_present(nz_text({raw})) IS NULL THEN '{_PLACEHOLDER}'"
        f" WHEN {understood} IS NULL THEN '{NOT_UNDERSTOOD}' {whens} END"
    )


def _repair(new: str, raw: str, name: str, special: str = "") -> str:
    return f"WHEN {new} = {raw} THEN NULL WHEN {new} = nz_text({raw}) THEN 'text' {special} ELSE {literal(name)}"


def _date_repair(raw: str) -> str:
    return (
        f"WHEN regexp_full_match({raw}, '{_USUAL_DATE}') THEN NULL"
        f" WHEN regexp_full_match(nz_text({raw}), '{_USUAL_DATE}') THEN 'text'"
        f" WHEN regexp_full_match(nz_text({raw}), '{EXCEL_SERIAL}') THEN 'excel_serial' ELSE 'date'"
    )
