"""The log of cells: what a normaliser changed and what none understood, as SQL over a core table.

Builds a SELECT; runs none. Which repair it was is read from the delivered text beside the value, so that the log
cannot differ from the core.
"""

from collections.abc import Mapping, Sequence

from sosach.duck import identifier, literal
from sosach.normalize.value_maps import NOT_UNDERSTOOD, PLACEHOLDER, map_kind, named, repair_name
from sosach.registers import Register, RegisterField

# Types whose value stays as written where no form fits: ``nz_known_<type>`` tells, ``nz_usual_<type>`` cheaply of most.
_KNOWN = ("phone", "email")
_FAMILY = {"id_number": "id_number", "phone": "phone", "email": "email"}
"""Type of a field without value map to the family whose repairs it has; all others are text."""
_REPAIRS = {
    "text": "CASE WHEN new <> old THEN nz_text_name(old) END",
    "id_number": (
        "CASE WHEN new = old THEN NULL WHEN new = cleaned THEN nz_text_name(old) ELSE nz_id_name(cleaned) END"
    ),
    "phone": repair_name("new", "old", "cleaned", "phone"),
    "email": repair_name("new", "old", "cleaned", "email"),
}
"""SQL of the repair's name by family, over ``old``, ``cleaned`` and ``new``."""


def cells_select(register: Register, core: str, maps: Mapping[str, str]) -> str:
    """Changed and not understood cells.

    A date in a usual form is not logged, since only its type changed. ``new`` is the value as text (a date as
    yyyy-mm-dd, an age as year of birth) and NULL for ``placeholder`` and ``not_understood``.

    Args:
        register: the dictionary of the fields.
        core: a FROM item with the core columns.
        maps: kind to value map, from ``value_maps.build_value_maps``.

    Returns:
        A SELECT of ``record_id, register, field, old, new, normaliser``.
    """
    mapped = [_mapped(field, core, maps[kind]) for field in register.fields if (kind := map_kind(field))]
    by_type: dict[str, list[RegisterField]] = {}
    for field in register.fields:
        if not map_kind(field):
            by_type.setdefault(_FAMILY.get(field.type, "text"), []).append(field)
    free = [_free(family, fields, core) for family, fields in by_type.items()]
    return (
        f"SELECT record_id, {literal(register.register_id)} AS register, field, old,"
        f" CASE WHEN normaliser NOT IN ('{PLACEHOLDER}', '{NOT_UNDERSTOOD}') THEN new END AS new, normaliser"
        f" FROM ({' UNION ALL '.join([*mapped, *free])})"
    )


def _mapped(field: RegisterField, core: str, table: str) -> str:
    """Cells of a field that has a value map, which knows the normaliser of each text."""
    raw = f"c.{identifier(f'raw_{field.name}')}"
    name, condition = _mapped_name(field)
    return (
        f"SELECT record_id, {literal(field.name)} AS field, {raw} AS old, {_new(field)} AS new, {name} AS normaliser"
        f" FROM {core} AS c JOIN {identifier(table)} AS m ON m.raw = {raw} AND m.name IS NOT NULL WHERE {condition}"
    )


def _free(family: str, fields: Sequence[RegisterField], core: str) -> str:
    """Cells of all fields of a family: those that differ from the delivered text, then which repair it was."""
    also = f" OR NOT nz_usual_{family}({{own}})" if family in _KNOWN else ""
    odd = " UNION ALL ".join(
        f"SELECT record_id, {literal(field.name)} AS field, {raw} AS old, {own} AS new FROM {core}"
        f" WHERE {raw} IS NOT NULL AND ({own} IS DISTINCT FROM {raw}{also.format(own=own)})"
        for field in fields
        for own, raw in [(identifier(field.name), identifier(f"raw_{field.name}"))]
    )
    understood = f"CASE WHEN nz_known_{family}(new) THEN new END" if family in _KNOWN else "new"
    logged = named(understood, "old", "nz_present(cleaned)", _REPAIRS[family])
    return (
        f"(WITH odd AS MATERIALIZED ({odd}), cleaned AS (SELECT *, nz_text(old) AS cleaned FROM odd)"
        f" SELECT record_id, field, old, new, {logged} AS normaliser FROM cleaned WHERE normaliser IS NOT NULL)"
    )


def _mapped_name(field: RegisterField) -> tuple[str, str]:
    """SQL of what is logged of a mapped cell, and of whether anything is.

    An age without a registration date to count from says nothing of the year: there is nothing to log. A two-digit
    year that the date could not settle was not understood.
    """
    if field.type != "partial_date":
        return "m.name", "TRUE"
    year = f"c.{identifier(f'{field.name}_nam')}"
    return (
        f"CASE WHEN m.open IS NOT NULL AND {year} IS NULL THEN '{NOT_UNDERSTOOD}' ELSE m.name END",
        f"m.name <> 'age' OR {year} IS NOT NULL",
    )


def _new(field: RegisterField) -> str:
    """The value of a mapped field as text; of a birth date as far as it is known."""
    own = f"c.{identifier(field.name)}"
    if field.type != "partial_date":
        return f"CAST({own} AS VARCHAR)"
    year = f"c.{identifier(f'{field.name}_nam')}"
    return f"coalesce(CAST({own} AS VARCHAR), m.month, CAST({year} AS VARCHAR))"
