"""Running the cases of rules: small tables in memory, the same pass as in production.

Holds the filling of tables from a rule file and the comparison of verdicts. Holds no rule.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
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
from sosach.checks.sql_text import parse_expression, with_as_of
from sosach.duck import identifier, literal

CASE_DATE = date(2026, 6, 30)
"""``as_of`` of a case that names none."""

_ENTRY = re.compile(r"^\s*(\d{1,6})/(\d{4})\s*$")


@dataclass(frozen=True)
class CaseFailure:
    """A row whose verdict differs, or cases that could not run; ``case`` and ``row`` count from 1."""

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


@dataclass(frozen=True)
class _Scenario:
    """Cases that stand in the tables at the same time. ``direct``: lookups are read from the cases themselves."""

    members: tuple[tuple[Rule, int], ...]
    direct: bool

    @property
    def as_of(self) -> date:
        rule, number = self.members[0]
        return rule.cases[number - 1].as_of or CASE_DATE

    @property
    def register(self) -> str:
        return self.members[0][0].register_id

    @property
    def rules(self) -> list[Rule]:
        return list({rule.id: rule for rule, _ in self.members}.values())

    def rows(self) -> Iterator[tuple[Rule, int, int, str | None, str, dict[str, Any]]]:
        """Rule, case, row, demanded verdict, record_id and columns of every row."""
        for rule, number in self.members:
            for row, (verdict, columns) in enumerate(rule.cases[number - 1].rows, start=1):
                record_id = columns.get("record_id", f"{rule.id}:{number:03}:{row:03}")
                yield rule, number, row, verdict, record_id, columns


class CaseRunner:
    """Runs cases of a catalogue's rules on one in-memory database."""

    def __init__(self, con: duckdb.DuckDBPyConnection, catalogue: Catalogue, expectations: Path) -> None:
        self.con = con
        self.catalogue = catalogue
        con.execute("SET threads = 1")  # tables of a few rows: more threads only cost
        open_empty(con, expectations)

    def failures(self, rules: Sequence[Rule]) -> dict[str, list[CaseFailure]]:
        """Run all cases of some rules.

        Returns:
            The failures of each rule by its id; an empty list means that every verdict is as demanded.
        """
        found: dict[str, list[CaseFailure]] = {rule.id: [] for rule in rules}
        for scenario in _scenarios(rules):
            for failure in self._failures_of(scenario):
                found[failure.rule_id].append(failure)
        return {rule_id: sorted(told, key=lambda f: (f.case, f.row)) for rule_id, told in found.items()}

    def messages(self, rule: Rule) -> list[str]:
        """The filled-in sentences of all failing rows of a rule's cases."""
        texts: list[str] = []
        for scenario in _scenarios([rule]):
            with self._filled(scenario) as runnable:
                self._answer(scenario, runnable)
                rows = self.con.execute(f"SELECT message FROM {FOUND_TABLE} ORDER BY record_id").fetchall()
            texts += [str(row[0]) for row in rows]
        return texts

    def _failures_of(self, scenario: _Scenario) -> Iterator[CaseFailure]:
        try:
            got = self._verdicts(scenario)
        except duckdb.Error as error:
            if len(scenario.members) > 1:
                for member in scenario.members:
                    yield from self._failures_of(_Scenario((member,), scenario.direct))
                return
            ((rule, number),) = scenario.members
            yield CaseFailure(rule.id, number, 1, "values that fit", str(error), rule.cases[number - 1].why)
            return
        for rule, number, row, expected, record_id, _ in scenario.rows():
            verdict = got[rule.id].get(record_id, got[rule.id].get("", ""))
            if expected is not None and verdict != expected:
                yield CaseFailure(rule.id, number, row, expected, verdict, rule.cases[number - 1].why)

    def _verdicts(self, scenario: _Scenario) -> dict[str, dict[str, str]]:
        """Rule id to record_id to verdict; a rule that did not run has its reason under the empty record_id."""
        with self._filled(scenario) as runnable:
            errors = self._answer(scenario, runnable)
            got: dict[str, dict[str, str]] = {}
            for i, rule in enumerate(runnable):
                if error := errors.get(rule.id):
                    got[rule.id] = {"": f"engine_error: {error}"}
                    continue
                rows = self.con.execute(f"SELECT record_id, _v{i} FROM {VERDICTS_TABLE}").fetchall()
                got[rule.id] = {str(row[0]): VERDICTS[int(row[1])] for row in rows}
            silent = self.con.execute(f"SELECT min(rule_id) FROM {FOUND_TABLE} WHERE message IS NULL").fetchone()
            assert silent == (None,), f"{silent}: a finding without a message"
        return got

    def _answer(self, scenario: _Scenario, rules: Sequence[Rule]) -> dict[str, str]:
        register = self.catalogue.registers[scenario.register]
        return FusedPass(self.con, register, rules, scenario.as_of).answer()

    @contextmanager
    def _filled(self, scenario: _Scenario) -> Iterator[list[Rule]]:
        """Fill the tables for a scenario and empty them on leaving; yields the rules to run."""
        touched = {scenario.register}
        try:
            core = self.catalogue.registers[scenario.register].core_columns
            own = [
                {"record_id": record_id} | {name: value for name, value in columns.items() if name in core}
                for *_, record_id, columns in scenario.rows()
            ]
            self._insert(scenario.register, own, "")
            for rule, number in scenario.members:
                for table, rows in rule.cases[number - 1].tables.items():
                    touched.add(table)
                    self._insert(table, rows, "kem")
            direct = enumerate(scenario.rules) if scenario.direct else ()
            runnable = {rule.id: rule for rule in scenario.rules}
            runnable |= {rule.id: self._with_direct_lookup(scenario, rule, i) for i, rule in direct if rule.lookup}
            yield list(runnable.values())
        finally:
            for table in touched:
                self.con.execute(f"DELETE FROM {identifier(table)}")

    def _with_direct_lookup(self, scenario: _Scenario, rule: Rule, index: int) -> Rule:
        """The same rule, reading its lookup's columns from the cases instead of from other tables."""
        lookup = with_as_of(rule.lookup or "", scenario.as_of)
        kinds = {str(r[0]): str(r[1]) for r in self.con.execute(f"DESCRIBE {lookup}").fetchall()}
        typed = ", ".join(f"{identifier(column)} {kind}" for column, kind in kinds.items())
        table = f"_tra_cuu_cho_san_{index}"
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({typed})")
        given = [
            {"record_id": record_id} | {name: columns[name] for name in rule.lookup_columns if name in columns}
            for other, *_, record_id, columns in scenario.rows()
            if other.id == rule.id
        ]
        self._write(table, given)
        named = ", ".join(identifier(column) for column in ("record_id", *rule.lookup_columns))
        return rule.model_copy(update={"lookup": f"SELECT {named} FROM {table}"})

    def _insert(self, table: str, rows: Iterable[dict[str, Any]], prefix: str) -> None:
        """Insert rows as core would hold them: with ids, and with the parts of dates and entry numbers."""
        if table in self.catalogue.registers:
            ids = [{"record_id": f"{prefix}:{i}", "record_key": f"{prefix}:{i}"} for i, _ in enumerate(rows)]
            rows = [{**named, **self._companions(table, row), **row} for named, row in zip(ids, rows, strict=True)]
        self._write(table, list(rows))

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

    def _write(self, table: str, rows: list[dict[str, Any]]) -> None:
        names = list(dict.fromkeys(name for row in rows for name in row))
        if not names:
            return
        values = ", ".join("(" + ", ".join(literal(row.get(name)) for name in names) + ")" for row in rows)
        columns = ", ".join(identifier(name) for name in names)
        self.con.execute(f"INSERT INTO {identifier(table)} ({columns}) VALUES {values}")


def _scenarios(rules: Sequence[Rule]) -> list[_Scenario]:
    """Put cases whose records cannot see each other into one table, every other case into its own."""
    shared: dict[tuple[str, date | None], list[tuple[Rule, int]]] = {}
    alone: list[_Scenario] = []
    for rule in rules:
        for number, case in enumerate(rule.cases, start=1):
            direct = any(set(columns) & set(rule.lookup_columns) for _, columns in case.rows)
            if _sees_others(rule, case, direct):
                alone.append(_Scenario(((rule, number),), direct))
            else:
                shared.setdefault((rule.register_id, case.as_of), []).append((rule, number))
    return [*(_Scenario(tuple(members), True) for members in shared.values()), *alone]


def _sees_others(rule: Rule, case: Case, direct: bool) -> bool:
    """Could a record of another case change this case's verdict?"""
    if rule.unique or rule.sequence or case.tables or len(case.rows) > 1 or "record_id" in case.rows[0][1]:
        return True
    if rule.lookup is not None and not direct:
        return True
    tables = parse_expression(rule.applies_when).tables | parse_expression(rule.passes_when or "TRUE").tables
    return any(not table.startswith("cl_") for table in tables)
