"""Running the cases of rules: small tables in memory, the same pass as in production.

Holds the running and the comparison of verdicts; the filling of tables is in ``case_tables``. Holds no rule.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from sosach.checks.case_tables import CaseTables, Scenario
from sosach.checks.catalogue import Catalogue
from sosach.checks.contract import open_empty
from sosach.checks.fused import FOUND_TABLE, GROUPS_TABLE, VERDICTS_TABLE, FusedPass
from sosach.checks.rule import VERDICTS, Case, Rule
from sosach.checks.sql_text import parse_expression


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


class CaseRunner:
    """Runs cases of a catalogue's rules on one in-memory database."""

    def __init__(self, con: duckdb.DuckDBPyConnection, catalogue: Catalogue, expectations: Path) -> None:
        self.con = con
        self.catalogue = catalogue
        con.execute("SET threads = 1")  # tables of a few rows: more threads only cost
        open_empty(con, expectations)
        self.tables = CaseTables(con, catalogue)

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
            with self.tables.filled(scenario) as runnable:
                self._answer(scenario, runnable)
                rows = self.con.execute(f"SELECT message FROM {FOUND_TABLE} ORDER BY record_id").fetchall()
            texts += [str(row[0]) for row in rows]
        return texts

    def _failures_of(self, scenario: Scenario) -> Iterator[CaseFailure]:
        try:
            got = self._verdicts(scenario)
        except duckdb.Error as error:
            if len(scenario.members) > 1:
                for member in scenario.members:
                    yield from self._failures_of(Scenario((member,), scenario.direct))
                return
            ((rule, number),) = scenario.members
            yield CaseFailure(rule.id, number, 1, "values that fit", str(error), rule.cases[number - 1].why)
            return
        for rule, number, row, expected, record_id, _ in scenario.rows():
            verdict = got[rule.id].get(record_id, got[rule.id].get("", "no such figure"))
            if expected is not None and verdict != expected:
                yield CaseFailure(rule.id, number, row, expected, verdict, rule.cases[number - 1].why)

    def _verdicts(self, scenario: Scenario) -> dict[str, dict[str, str]]:
        """Rule id to record_id to verdict; a rule that did not run has its reason under the empty record_id."""
        with self.tables.filled(scenario) as runnable:
            errors = self._answer(scenario, runnable)
            got: dict[str, dict[str, str]] = {}
            for i, rule in enumerate(runnable):
                if error := errors.get(rule.id):
                    got[rule.id] = {"": f"engine_error: {error}"}
                    continue
                rows = self.con.execute(
                    f"SELECT record_id, verdict FROM {GROUPS_TABLE} WHERE rule_id = ?"
                    if rule.aggregate
                    else f"SELECT record_id, _v{i} FROM {VERDICTS_TABLE} WHERE ? IS NOT NULL",
                    [rule.id],
                ).fetchall()
                got[rule.id] = {str(row[0]): VERDICTS[int(row[1])] for row in rows}
            silent = self.con.execute(f"SELECT min(rule_id) FROM {FOUND_TABLE} WHERE message IS NULL").fetchone()
            assert silent == (None,), f"{silent}: a finding without a message"
        return got

    def _answer(self, scenario: Scenario, rules: Sequence[Rule]) -> dict[str, str]:
        register = self.catalogue.registers[scenario.register]
        return FusedPass(self.con, register, rules, scenario.as_of).answer()


def _scenarios(rules: Sequence[Rule]) -> list[Scenario]:
    """Put cases whose records cannot see each other into one table, every other case into its own."""
    shared: dict[tuple[str, date | None], list[tuple[Rule, int]]] = {}
    alone: list[Scenario] = []
    for rule in rules:
        for number, case in enumerate(rule.cases, start=1):
            told = rule.aggregate.measures if rule.aggregate else rule.added_columns
            direct = rule.order is None and any(set(columns) & set(told) for _, columns in case.rows)
            if _sees_others(rule, case, direct):
                alone.append(Scenario(((rule, number),), direct))
            else:
                shared.setdefault((rule.register_id, case.as_of), []).append((rule, number))
    return [*(Scenario(tuple(members), True) for members in shared.values()), *alone]


def _sees_others(rule: Rule, case: Case, direct: bool) -> bool:
    """Could a record of another case change this case's verdict?"""
    if (
        rule.unique
        or rule.sequence
        or rule.aggregate
        or rule.order
        or case.tables
        or len(case.rows) > 1
        or "record_id" in case.rows[0][1]
    ):
        return True
    if (rule.lookup is not None or rule.pair is not None) and not direct:
        return True
    tables = parse_expression(rule.applies).tables | parse_expression(rule.passes_when or "TRUE").tables
    return any(not table.startswith("cl_") for table in tables)
