"""From a rule to SQL: a helper table, a join and a verdict.

Holds the SQL of the shapes that judge records one by one and of a layer of the fused pass; what looks further is in
``compile_shapes``. Runs nothing (see ``fused``) and knows nothing of evidence (see ``evidence``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sosach.checks.compile_shapes import LAWFUL, order_lookup, pair_lookup
from sosach.checks.rule import Rule
from sosach.checks.shapes import ORDER_COLUMNS, References, Sequence
from sosach.checks.sql_text import with_as_of
from sosach.duck import identifier

PASS, FAIL, UNDECIDED, NOT_APPLICABLE = range(4)
"""Codes of the verdicts in the pass, in the order of ``rule.VERDICTS``."""

FOUND = "_ban_ghi IS NOT NULL"
"""The joined row has a counterpart or event at all."""


@dataclass(frozen=True)
class Plan:
    """How one rule is answered.

    Attributes:
        rule: the rule.
        column: name of its verdict column.
        helper: SELECT of the table that the record is joined to, or None.
        join: JOIN clause on that table; ``{helper}`` stands for its name, ``{register}`` for the record.
        applies: SQL expression, TRUE where the rule applies.
        passes: SQL expression on the joined record: TRUE, FALSE or NULL.
    """

    rule: Rule
    column: str
    helper: str | None
    join: str
    applies: str
    passes: str

    @property
    def verdict(self) -> str:
        """SQL expression of the verdict code; ``passes`` is asked only where the rule applies."""
        return verdict_sql(self.applies, self.passes)

    def joined(self, helper_name: str) -> str:
        """The JOIN clause with the helper table's name filled in; empty where the rule needs none."""
        return self.join.format(helper=identifier(helper_name), register=identifier(self.rule.register_id))


def verdict_sql(applies: str, passes: str) -> str:
    """SQL expression of a verdict code from the two conditions."""
    return (
        f"CAST(CASE WHEN ({applies}\n) THEN coalesce(1 - CAST(({passes}\n) AS TINYINT), {UNDECIDED}) "
        f"ELSE {NOT_APPLICABLE} END AS UTINYINT)"
    )


def plan(rule: Rule, column: str, as_of: date) -> Plan:
    """Write the SQL of one rule that judges records, for one run date."""
    applies = with_as_of(rule.applies, as_of)
    passes = with_as_of(rule.passes_when or "", as_of)
    helper: str | None = None
    join = ""
    if rule.unique is not None:
        helper, join, passes = _unique(rule.unique, rule.register_id, applies)
    elif rule.sequence is not None:
        helper, join, passes = _sequence(rule.sequence, rule.register_id, applies)
    elif rule.references is not None:
        helper, join, passes = _references(rule.references)
    elif rule.order is not None:
        helper, join = _lookup(order_lookup(rule.order, rule.register_id, as_of), (*ORDER_COLUMNS, LAWFUL))
        applies, passes = f"{FOUND} AND ({applies}\n)", LAWFUL
    elif rule.pair is not None:
        helper, join = _lookup(pair_lookup(rule.pair, rule.register_id), rule.added_columns)
        applies = f"{FOUND} AND ({applies}\n)"
    elif rule.lookup is not None:
        helper, join = _lookup(with_as_of(rule.lookup, as_of), rule.added_columns)
    return Plan(rule, column, helper, join, applies, passes)


def layer(source: str, register: str, join: str, columns: Iterable[tuple[str, str]]) -> str:
    """One more layer of the pass: the columns of ``source`` and those of the rules that share ``join``.

    Each lookup has a layer of its own, so that two lookups may use the same column name.
    """
    added = ", ".join(f"({expression}\n) AS {column}" for column, expression in columns)
    name = identifier(register)
    return f"SELECT {name}.*, {added} FROM {source} AS {name} {join}"


def _lookup(lookup: str, columns: tuple[str, ...]) -> tuple[str, str]:
    named = ", ".join(identifier(column) for column in ("record_id", *columns))
    outer = ", ".join(["record_id AS _ban_ghi", *(identifier(column) for column in columns)])
    helper = f"SELECT {named} FROM ({lookup}\n)"
    return helper, f"LEFT JOIN (SELECT {outer} FROM {{helper}}) AS tra_cuu ON tra_cuu._ban_ghi = {{register}}.record_id"


def _unique(key: tuple[str, ...], register: str, applies: str) -> tuple[str, str, str]:
    columns = [identifier(column) for column in key]
    known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    named = ", ".join(f"{column} AS _k{i}" for i, column in enumerate(columns))
    helper = (
        f"SELECT {named}, TRUE AS _hit FROM {identifier(register)} WHERE ({applies}\n) AND {known} "
        f"GROUP BY {', '.join(columns)} HAVING count(*) > 1"
    )
    return helper, _join_on(columns), f"CASE WHEN {known} THEN _hit IS NULL END"


def _sequence(shape: Sequence, register: str, applies: str) -> tuple[str, str, str]:
    columns = [identifier(column) for column in (*shape.per, shape.number)]
    *per, number = columns
    known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    named = ", ".join(f"{column} AS _k{i}" for i, column in enumerate(columns))
    before = f"lag({number}, 1, 0) OVER (PARTITION BY {', '.join(per)} ORDER BY {number})"
    helper = (
        f"SELECT {named}, TRUE AS _hit FROM (SELECT DISTINCT {', '.join(columns)} FROM {identifier(register)} "
        f"WHERE ({applies}\n) AND {known}) QUALIFY {number} <> {before} + 1"
    )
    return helper, _join_on(columns), f"CASE WHEN {known} THEN _hit IS NULL END"


def _references(shape: References) -> tuple[str, str, str]:
    helper = (
        f"SELECT {shape.key} AS _k0, list(struct_pack(f := coalesce(valid_from, DATE '0001-01-01'), "
        f"t := coalesce(valid_to, DATE '9999-12-31'))) AS _spans FROM {identifier('cl_' + shape.list)} "
        f"WHERE {shape.key} IS NOT NULL GROUP BY {shape.key}"
    )
    column = identifier(shape.column)
    if shape.valid_on is None:
        return helper, _join_on([column]), f"CASE WHEN {column} IS NOT NULL THEN _k0 IS NOT NULL END"
    day = identifier(shape.valid_on)
    listed = f"_k0 IS NOT NULL AND len(list_filter(_spans, lambda span: {day} BETWEEN span.f AND span.t)) > 0"
    return helper, _join_on([column]), f"CASE WHEN {column} IS NOT NULL AND {day} IS NOT NULL THEN {listed} END"


def _join_on(columns: list[str]) -> str:
    equal = " AND ".join(f"tra_cuu._k{i} = {{register}}.{column}" for i, column in enumerate(columns))
    return f"LEFT JOIN {{helper}} AS tra_cuu ON {equal}"
