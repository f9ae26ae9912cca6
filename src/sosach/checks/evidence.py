"""What is said of a failing record: its values as JSON, and the sentence for the officer.

Holds the SQL that writes both. The JSON carries the plain values (it stays in the run's folder); in the sentence every
number of a person is masked.
"""

from collections.abc import Mapping

from sosach.checks.rule import PLACEHOLDER, Rule
from sosach.duck import identifier, literal
from sosach.registers import Register

EMPTY = "(trống)"
"""How an absent value reads in a sentence."""

_ID_IN_TEXT = r"\b(\d{3})\d{4,7}(\d{2})\b"
"""Nine to twelve digits standing alone: a CMND, a damaged or whole PIN, a telephone number."""


def evidence_json(rule: Rule) -> str:
    """SQL expression of the JSON object of a rule's evidence: every value as text, dates yyyy-mm-dd, NULL as null."""
    pairs = ", ".join(f"{literal(column)}, CAST({identifier(column)} AS VARCHAR)" for column in rule.evidence)
    return f"CAST(json_object({pairs}) AS VARCHAR)"


def message_text(rule: Rule, register: Register, types: Mapping[str, str]) -> str:
    """SQL expression of the rule's sentence with its placeholders filled in.

    Args:
        rule: the rule.
        register: its register; says which columns are numbers of persons and which dates may be partial.
        types: DuckDB type of every evidence column.
    """
    parts: list[str] = []
    end = 0
    for hit in PLACEHOLDER.finditer(rule.message):
        parts += [literal(rule.message[end : hit.start()]), _shown(hit[1], register, types[hit[1]])]
        end = hit.end()
    parts.append(literal(rule.message[end:]))
    return " || ".join(part for part in parts if part != "''") or "''"


def companion_columns(rule: Rule, register: Register) -> set[str]:
    """Columns that the sentence needs beside the evidence: the year of a partial date."""
    partial = {field.name for field in register.fields if field.type == "partial_date"}
    return {f"{column}_nam" for column in rule.evidence if column in partial}


def mended(rule: Rule, register: Register) -> str:
    """SQL expression: did the normaliser mend what the rule found, so that no officer need look?"""
    if rule.mends is None:
        return "FALSE"
    value = identifier(rule.mends)
    understood = f"{value} IS NOT NULL"
    if register.field(rule.mends).type == "partial_date":
        understood = f"{identifier(rule.mends + '_do_chinh_xac')} IS NOT NULL"
    return f"({understood} AND CAST({value} AS VARCHAR) IS DISTINCT FROM {identifier('raw_' + rule.mends)})"


def mended_columns(rule: Rule, register: Register) -> set[str]:
    """Columns that ``mended`` reads."""
    if rule.mends is None:
        return set()
    columns = {rule.mends, f"raw_{rule.mends}"}
    return columns | ({f"{rule.mends}_do_chinh_xac"} if register.field(rule.mends).type == "partial_date" else set())


def _shown(column: str, register: Register, kind: str) -> str:
    name = identifier(column)
    fields = {field.name: field for field in register.fields}
    field = fields.get(column.removeprefix("raw_"))
    if column == "unit":
        text = f"(SELECT any_value(d.name) FROM cl_don_vi d WHERE d.code = {name} AND d.valid_to IS NULL)"
    elif field is not None and field.type == "id_number" and kind == "VARCHAR":
        text = f"mask_id({name})"
    elif kind == "DATE":
        text = f"vn_date({name})"
        if field is not None and field.type == "partial_date":
            text = f"coalesce({text}, CAST({identifier(column + '_nam')} AS VARCHAR))"
    elif kind == "BOOLEAN":
        text = f"CASE {name} WHEN TRUE THEN 'có' WHEN FALSE THEN 'không' END"
    elif kind == "VARCHAR":
        text = rf"regexp_replace({name}, '{_ID_IN_TEXT}', '\1*******\2', 'g')"
    else:
        text = f"replace(CAST({name} AS VARCHAR), '.', ',')"
    return f"coalesce(nullif({text}, ''), {literal(EMPTY)})"
