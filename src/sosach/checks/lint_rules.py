"""Are the cases of the rules enough, and do the rules get along? What no schema can say of a rule file.

Holds the checks on boundary days, reachable verdicts, doubled and contradicting rules. Whether the cases hold is in
``cases``; whether an entry is well formed in ``rule`` and ``catalogue``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import duckdb

from sosach.checks.case_tables import CASE_DATE, CaseTables, Scenario
from sosach.checks.catalogue import Catalogue
from sosach.checks.compile import FAIL, NOT_APPLICABLE, PASS, UNDECIDED
from sosach.checks.fused import VERDICTS_TABLE, FusedPass
from sosach.checks.rule import VERDICTS, Case, Rule
from sosach.checks.sql_text import parse_expression
from sosach.duck import identifier, literal

_YEARS = re.compile(r"\b(add_years|years_between)\s*\(")
_DAY = timedelta(days=1)


def missing_days(con: duckdb.DuckDBPyConnection, rule: Rule) -> Iterator[str]:
    """Boundary days that no case of the rule stands on.

    A rule with an era needs a case on its first and last day, and on the days before and after. A rule that counts
    years needs one with a 29 February.
    """
    if rule.era is not None:
        days = set(_era_days(con, rule))
        bounds = [(rule.era.from_, -1), (rule.era.to, 1)]
        for bound, step in ((bound, step) for bound, step in bounds if bound is not None):
            outside = bound + step * _DAY
            if bound not in {day for day, verdict in days if verdict != "not_applicable"}:
                yield f"cases: none on {bound}, the {'first' if step < 0 else 'last'} day of the era"
            if (outside, "not_applicable") not in days:
                yield f"cases: none that is not_applicable on {outside}, the day {'before' if step < 0 else 'after'} it"
    texts = [rule.applies_when, rule.passes_when or "", rule.lookup or ""]
    if any(map(_YEARS.search, texts)) and not any((day.month, day.day) == (2, 29) for day in _dates(rule)):
        yield "cases: years are counted, and none has a 29 February"


def _era_days(con: duckdb.DuckDBPyConnection, rule: Rule) -> Iterator[tuple[date, str]]:
    """The day that each case row gives the era, and the verdict demanded there."""
    assert rule.era is not None
    names = parse_expression(rule.era.by).columns
    for case in rule.cases:
        for verdict, columns in case.rows:
            typed = ", ".join(f"{_value(columns.get(name))} AS {identifier(name)}" for name in sorted(names))
            row = con.execute(f"SELECT CAST(({rule.era.by}) AS DATE) FROM (SELECT {typed})").fetchone()
            if row and row[0] is not None and verdict is not None:
                yield row[0], verdict


def _value(value: Any) -> str:
    return f"DATE {literal(value)}" if isinstance(value, date) else literal(value)


def _dates(rule: Rule) -> Iterator[date]:
    for case in rule.cases:
        rows: Iterable[dict[str, Any]] = [columns for _, columns in case.rows]
        for row in (*rows, *(row for rows in case.tables.values() for row in rows)):
            yield from (value for value in row.values() if isinstance(value, date))
        if case.as_of is not None:
            yield case.as_of


def doubles(rules: Sequence[Rule]) -> Iterator[tuple[str, str]]:
    """Rules of one register that ask exactly the same: id and complaint."""
    seen: dict[tuple[str, ...], str] = {}
    for rule in rules:
        asked = rule.model_dump(
            mode="json", include={"era", "applies_when", "passes_when", "lookup", "pair", "aggregate", "order"}
        ) | rule.model_dump(mode="json", include={"unique", "sequence", "references"})
        key = (rule.register_id, *(f"{name}={' '.join(str(asked[name]).split())}" for name in sorted(asked)))
        if key in seen:
            yield rule.id, f"asks the same as {seen[key]}: keep one"
        seen.setdefault(key, rule.id)


class CaseMatrix:
    """Verdicts of all simple rules of a register on the case rows of all of them.

    Simple is a rule with ``passes_when`` that looks at nothing but its record; of cases, those of one record.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, catalogue: Catalogue, register: str) -> None:
        self.con = con
        self.catalogue = catalogue
        self.register = register
        self.rules = [
            rule
            for rule in catalogue.rules
            if rule.register_id == register and rule.passes_when and not (rule.lookup or rule.pair or rule.aggregate)
        ]

    def complaints(self) -> Iterator[tuple[str, str]]:
        """Verdicts that can be reached and have no case; pairs of rules that no record can satisfy."""
        cases = [
            (rule, columns)
            for rule in self.rules
            for case in rule.cases
            if len(case.rows) == 1 and not case.tables and case.as_of is None
            for _, columns in case.rows
        ]
        rows = [columns for _, columns in cases]
        owners = [rule.id for rule, _ in cases]
        for rule, columns in cases:
            for name in sorted({*columns} & {*rule.columns} - {"record_id"}):
                rows.append({key: value for key, value in columns.items() if key != name})
                owners.append(rule.id)
        verdicts = self._verdicts(rows)
        yield from self._unreached(owners, verdicts)
        yield from self._contradictions(verdicts)

    def _verdicts(self, rows: list[dict[str, Any]]) -> dict[str, list[int]]:
        """Rule id to the verdict code on every row, in order."""
        tables = CaseTables(self.con, self.catalogue)
        case = Case.model_construct(rows=tuple(("pass", row) for row in rows), tables={}, why="", as_of=CASE_DATE)
        carrier = self.rules[0].model_copy(update={"cases": (case,)})
        with tables.filled(Scenario(((carrier, 1),), False)):
            errors = FusedPass(self.con, self.catalogue.registers[self.register], self.rules, CASE_DATE).answer()
            running = [(i, rule) for i, rule in enumerate(self.rules) if rule.id not in errors]
            columns = "".join(f", _v{i}" for i, _ in running)
            found = self.con.execute(f"SELECT record_id{columns} FROM {VERDICTS_TABLE} ORDER BY record_id").fetchall()
        return {rule.id: [int(row[place]) for row in found] for place, (_, rule) in enumerate(running, start=1)}

    def _unreached(self, owners: list[str], verdicts: dict[str, list[int]]) -> Iterator[tuple[str, str]]:
        for rule in self.rules:
            shown = {verdict for case in rule.cases for verdict in case.verdicts}
            own = {code for owner, code in zip(owners, verdicts.get(rule.id, []), strict=False) if owner == rule.id}
            for code in (UNDECIDED, NOT_APPLICABLE):
                if code in own and VERDICTS[code] not in shown:
                    yield rule.id, f"cases: none with verdict {VERDICTS[code]}, which a record without a value reaches"

    def _contradictions(self, verdicts: dict[str, list[int]]) -> Iterator[tuple[str, str]]:
        for one, other in combinations([rule for rule in self.rules if rule.id in verdicts], 2):
            if parse_expression(one.passes_when or "").columns != parse_expression(other.passes_when or "").columns:
                continue
            both = set(zip(verdicts[one.id], verdicts[other.id], strict=True))
            if (PASS, FAIL) in both and (FAIL, PASS) in both and (PASS, PASS) not in both:
                yield other.id, f"contradicts {one.id}: no case satisfies both, and each fails what the other passes"
