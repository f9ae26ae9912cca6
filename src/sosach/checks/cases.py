"""Running the cases of rules: small tables in memory, the same pass as in production.

Holds the filling of tables from a rule file and the comparison of verdicts. Holds no rule.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from sosach.checks.catalogue import Catalogue
from sosach.checks.contract import open_empty
from sosach.checks.fused import FOUND_TABLE, VERDICTS_TABLE, FusedPass
from sosach.checks.rule import VERDICTS, Case, Rule
from sosach.duck import identifier

CASE_DATE = date(2026, 6, 30)
"""``as_of`` of a case that names none."""

_DIRECT = "_tra_cuu_cho_san"
_ENTRY = re.compile(r"^\s*(\d{1,6})/(\d{4})\s*$")


@dataclass(frozen=True)
class CaseFailure:
    """A case whose verdict differs, or a rule that did not run; ``case`` counts from 1."""

    rule_id: str
    case: int
    row: int
    expected: str
    got: str
    why: str

    def __str__(self) -> str:
        """One line for the terminal."""
        why = f" ({self.why})" if self.why else ""
        return f"{self.rule_id}: case {self.case} row {self.row}{why}: expected {self.expected}, got {self.got}"


class CaseRunner:
    """Runs cases of a catalogue's rules on one in-memory database."""

    def __init__(self, con: duckdb.DuckDBPyConnection, catalogue: Catalogue, expectations: Path) -> None:
        self.con = con
        self.catalogue = catalogue
        open_empty(con, expectations)

    def failures(self, rule: Rule) -> list[CaseFailure]:
        """Run all cases of a rule; an empty list means that every verdict is as demanded."""
        found: list[CaseFailure] = []
        for numbers in _batches(rule):
            cases = [rule.cases[number - 1] for number in numbers]
            try:
                got = self._verdicts(rule, cases)
            except duckdb.Error as error:
                found.append(CaseFailure(rule.id, numbers[0], 1, "a value that fits", str(error), cases[0].why))
                continue
            places = [
                (number, row) for number, case in zip(numbers, cases, strict=True) for row in range(len(case.rows))
            ]
            wanted = [verdict for case in cases for verdict, _ in case.rows]
            for (number, row), expected, verdict in zip(places, wanted, got, strict=True):
                if expected is not None and verdict != expected:
                    why = rule.cases[number - 1].why
                    found.append(CaseFailure(rule.id, number, row + 1, expected, verdict, why))
        return found

    def messages(self, rule: Rule, case: Case) -> list[str]:
        """The filled-in sentences of the failing rows of one case, in row order."""
        with self._filled(rule, [case]) as runnable:
            self._pass(runnable, case.as_of or CASE_DATE)
            rows = self.con.execute(f"SELECT message FROM {FOUND_TABLE} ORDER BY record_id").fetchall()
        return [str(row[0]) for row in rows]

    def _verdicts(self, rule: Rule, cases: list[Case]) -> list[str]:
        n_rows = sum(len(case.rows) for case in cases)
        with self._filled(rule, cases) as runnable:
            error = self._pass(runnable, cases[0].as_of or CASE_DATE)
            if error is not None:
                return [f"engine_error: {error}"] * n_rows
            rows = self.con.execute(f"SELECT record_id, _v0 FROM {VERDICTS_TABLE}").fetchall()
            codes = {str(row[0]): int(row[1]) for row in rows}
            silent = self.con.execute(f"SELECT count(*) FROM {FOUND_TABLE} WHERE message IS NULL").fetchone()
            assert silent == (0,), f"{rule.id}: a finding without a message"
        ids = [row.get("record_id", _record_id(i)) for i, (_, row) in enumerate(r for c in cases for r in c.rows)]
        return [VERDICTS[codes[record_id]] for record_id in ids]

    def _pass(self, rule: Rule, as_of: date) -> str | None:
        register = self.catalogue.registers[rule.register_id]
        return FusedPass(self.con, register, [rule], as_of).run()[rule.id].error

    @contextmanager
    def _filled(self, rule: Rule, cases: list[Case]) -> Iterator[Rule]:
        """Fill the tables for some cases and empty them on leaving; yields the rule to run."""
        self.con.execute("BEGIN")
        try:
            rows = [row for case in cases for _, row in case.rows]
            core = self.catalogue.registers[rule.register_id].core_columns
            self._insert(rule.register_id, [{k: v for k, v in row.items() if k in core} for row in rows], "ca")
            for case in cases:
                for table, others in case.tables.items():
                    self._insert(table, others, "kem")
            direct = any(set(row) & set(rule.lookup_columns) for row in rows)
            yield self._with_direct_lookup(rule, rows) if direct else rule
        finally:
            self.con.execute("ROLLBACK")

    def _with_direct_lookup(self, rule: Rule, rows: list[dict[str, Any]]) -> Rule:
        """The same rule, reading its lookup's columns from the case instead of from other tables."""
        kinds = {str(r[0]): str(r[1]) for r in self.con.execute(f"DESCRIBE {rule.lookup}").fetchall()}
        typed = ", ".join(f"{identifier(column)} {kind}" for column, kind in kinds.items())
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {_DIRECT} ({typed})")
        for i, row in enumerate(rows):
            given = {column: row[column] for column in rule.lookup_columns if column in row}
            self._insert_row(_DIRECT, {"record_id": row.get("record_id", _record_id(i)), **given})
        named = ", ".join(identifier(column) for column in ("record_id", *rule.lookup_columns))
        return rule.model_copy(update={"lookup": f"SELECT {named} FROM {_DIRECT}"})

    def _insert(self, table: str, rows: Iterable[dict[str, Any]], prefix: str) -> None:
        for i, row in enumerate(rows):
            if table in self.catalogue.registers:
                named = {"record_id": _record_id(i, prefix), "record_key": _record_id(i, prefix)}
                row = {**named, **self._companions(table, row), **row}
            self._insert_row(table, row)

    def _companions(self, table: str, row: dict[str, Any]) -> dict[str, Any]:
        """What core always has beside a whole date or an entry number: its year, precision, number."""
        added: dict[str, Any] = {}
        for field in self.catalogue.registers[table].fields:
            value = row.get(field.name)
            if field.type == "partial_date" and isinstance(value, date):
                added |= {f"{field.name}_nam": value.year, f"{field.name}_do_chinh_xac": "ngay"}
            elif field.type == "entry_number" and (parts := _ENTRY.match(str(value or ""))):
                added |= {f"{field.name}_thu_tu": int(parts[1]), f"{field.name}_nam": int(parts[2])}
        return added

    def _insert_row(self, table: str, row: dict[str, Any]) -> None:
        columns = ", ".join(identifier(column) for column in row)
        marks = ", ".join("?" for _ in row)
        self.con.execute(f"INSERT INTO {identifier(table)} ({columns}) VALUES ({marks})", list(row.values()))


def _record_id(index: int, prefix: str = "ca") -> str:
    return f"{prefix}:{index + 1:04d}"


def _batches(rule: Rule) -> list[list[int]]:
    """Numbers (from 1) of the cases that may share one table: those whose records cannot see each other."""
    numbers = range(1, len(rule.cases) + 1)
    alone = rule.unique or rule.sequence or any(not table.startswith("cl_") for table in rule.tables)
    if alone or any(case.tables or len(case.rows) > 1 or "record_id" in case.rows[0][1] for case in rule.cases):
        return [[number] for number in numbers]
    by_date: dict[date | None, list[int]] = {}
    for number in numbers:
        by_date.setdefault(rule.cases[number - 1].as_of, []).append(number)
    return list(by_date.values())
