"""The fused pass: every rule of one register answered in one scan, all findings written by SQL.

Holds the running of plans, the keeping apart of rules that cannot run, and the temporary tables of the result. Holds no
rule's SQL (see ``compile``), no files (see ``parts``) and nothing of Great Expectations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb

from sosach.checks import evidence
from sosach.checks.compile import FAIL, NOT_APPLICABLE, PASS, UNDECIDED, Plan, layer, plan
from sosach.checks.rule import Rule
from sosach.duck import identifier, literal
from sosach.registers import Register

VERDICTS_TABLE = "_pass_verdicts"
"""``record_id, unit`` and one code a rule, for every record."""
FOUND_TABLE = "_pass_found"
"""``record_id, record_key, unit, rule_id, mended, evidence, message``: one row a failing record and rule."""
UNITS_TABLE = "_pass_units"
"""``rule_id, unit, n_pass, n_fail, n_undecided, n_not_applicable, n_mended`` of the rules that ran."""

_RULE_FAULTS = (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError)
"""What a rule's own SQL can cause. Lack of memory, broken files and bugs are not among them and stop the pass."""

_COUNTS = {"n_pass": PASS, "n_fail": FAIL, "n_undecided": UNDECIDED, "n_not_applicable": NOT_APPLICABLE}


@dataclass(frozen=True)
class RuleResult:
    """Outcome of one rule: counts of records where it ran, else the reason (which holds no value of a record)."""

    rule_id: str
    n_records: int
    error: str | None = None
    n_pass: int = 0
    n_fail: int = 0
    n_undecided: int = 0
    n_not_applicable: int = 0
    n_mended: int = 0

    @property
    def status(self) -> str:
        """``ok`` or ``engine_error``."""
        return "ok" if self.error is None else "engine_error"


@dataclass
class FusedPass:
    """One pass over one register.

    The connection must hold the register, the code lists and the run's tables under their names. ``run`` leaves the
    three temporary tables named above, for this pass's caller to read.
    """

    con: duckdb.DuckDBPyConnection
    register: Register
    rules: Sequence[Rule]
    as_of: date
    _plans: list[Plan] = field(default_factory=list, init=False)
    _helpers: dict[str, str] = field(default_factory=dict, init=False)
    _errors: dict[str, str] = field(default_factory=dict, init=False)

    def run(self) -> dict[str, RuleResult]:
        """Answer every rule and count.

        Returns:
            The result of each rule by its id.
        """
        self.answer()
        n_records = self._count("SELECT count(*) FROM " + identifier(self.register.register_id))
        self._count_by_unit()
        return {rule.id: result for rule, result in zip(self.rules, self._results(n_records), strict=True)}

    def answer(self) -> dict[str, str]:
        """Answer every rule: leave VERDICTS_TABLE and FOUND_TABLE.

        Returns:
            Why a rule could not run, by the ids of those that could not.
        """
        self._plans = [plan(rule, f"_v{i}", self.as_of) for i, rule in enumerate(self.rules)]
        self._helpers, self._errors = {}, {}
        present = self._tables()
        for item in list(self._plans):
            self._prepare(item, present)
        self._scan()
        self._find()
        return dict(self._errors)

    def _tables(self) -> set[str]:
        query = (
            "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal"
        )
        return {str(row[0]) for row in self.con.execute(query).fetchall()}

    def _reject(self, item: Plan, reason: str) -> None:
        self._errors[item.rule.id] = reason
        self._plans.remove(item)

    def _prepare(self, item: Plan, present: set[str]) -> None:
        """Make the rule's helper table and bind its expressions, or reject the rule."""
        if absent := sorted(item.rule.tables - present):
            self._reject(item, f"tables not there: {', '.join(absent)}; run the stage that writes them")
            return
        try:
            if item.helper is not None and item.helper not in self._helpers:
                self._make_helper(item.helper)
            if item.rule.lookup is not None and item.helper is not None and self._doubles(self._helpers[item.helper]):
                self._reject(item, "lookup gives more than one row for a record")
                return
        except _RULE_FAULTS as error:
            self._reject(item, _reason("lookup" if item.rule.lookup else "applies_when", error))
            return
        source = f"{identifier(self.register.register_id)} {self._join(item)}"
        for name, expression in (("applies_when", item.applies), ("passes_when", item.passes)):
            try:
                kind = str(self.con.execute(f"DESCRIBE SELECT ({expression}\n) AS v FROM {source}").fetchall()[0][1])
            except _RULE_FAULTS as error:
                self._reject(item, f"{name}: {str(error).splitlines()[0]}")
                return
            if kind not in ("BOOLEAN", '"NULL"'):
                self._reject(item, f"{name}: is {kind}, must be BOOLEAN")
                return

    def _make_helper(self, query: str) -> None:
        name = f"_pass_helper_{len(self._helpers)}"
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
        self._helpers[query] = name

    def _doubles(self, helper: str) -> bool:
        query = f"SELECT 1 FROM {helper} WHERE record_id IS NOT NULL GROUP BY record_id HAVING count(*) > 1 LIMIT 1"
        return bool(self.con.execute(query).fetchall())

    def _join(self, item: Plan) -> str:
        return item.joined(self._helpers[item.helper]) if item.helper is not None else ""

    def _source(self, plans: Sequence[Plan]) -> str:
        """The scan of the register with one layer a distinct join."""
        name = self.register.register_id
        query = identifier(name)
        layers: dict[str, list[Plan]] = {}
        for item in plans:
            layers.setdefault(self._join(item), []).append(item)
        for join, members in layers.items():
            query = f"({layer(query, name, join, members)})"
        return query

    def _scan(self) -> None:
        try:
            self._write_verdicts()
        except _RULE_FAULTS:
            for item in list(self._plans):
                try:
                    self._count(f"SELECT count(*) FILTER ({item.column} = {FAIL}) FROM {self._source([item])}")
                except _RULE_FAULTS as error:
                    self._reject(item, _reason("passes_when or applies_when", error))
            self._write_verdicts()

    def _write_verdicts(self) -> None:
        columns = ", ".join(["record_id", "unit", *(item.column for item in self._plans)])
        source = self._source(self._plans)
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {VERDICTS_TABLE} AS SELECT {columns} FROM {source}")

    def _find(self) -> None:
        """Write FOUND_TABLE: the failing records are read once more, with no more columns than the evidence needs."""
        core = self.register.core_columns
        wanted = {"record_id", "record_key", "unit"}
        for item in self._plans:
            rule = item.rule
            wanted |= set(rule.evidence) & set(core)
            wanted |= evidence.companion_columns(rule, self.register) | evidence.mended_columns(rule, self.register)
        columns = ", ".join(f"r.{identifier(c)}" for c in core if c in wanted)
        verdicts = "".join(f", v.{item.column}" for item in self._plans)
        any_fail = " OR ".join(f"v.{item.column} = {FAIL}" for item in self._plans) or "FALSE"
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE _pass_failing AS SELECT {columns}{verdicts} FROM {VERDICTS_TABLE} v "
            f"JOIN {identifier(self.register.register_id)} r USING (record_id) WHERE {any_fail}"
        )
        empty = (
            "SELECT NULL::VARCHAR AS record_id, NULL::VARCHAR AS record_key, NULL::VARCHAR AS unit, NULL::VARCHAR AS "
            "rule_id, NULL::BOOLEAN AS mended, NULL::VARCHAR AS evidence, NULL::VARCHAR AS message WHERE FALSE"
        )
        branches = " UNION ALL ".join([empty, *(self._finding(item) for item in self._plans)])
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {FOUND_TABLE} AS {branches}")

    def _finding(self, item: Plan) -> str:
        rule = item.rule
        join = "" if rule.lookup is None or item.helper is None else self._join(item)
        name = identifier(rule.register_id)
        message = evidence.message_text(rule, self.register, self._evidence_types(item))
        return (
            f"SELECT {name}.record_id, {name}.record_key, {name}.unit, {literal(rule.id)}, "
            f"{evidence.mended(rule, self.register)}, {evidence.evidence_json(rule)}, {message} "
            f"FROM _pass_failing AS {name} {join} WHERE {item.column} = {FAIL}"
        )

    def _evidence_types(self, item: Plan) -> Mapping[str, str]:
        types = dict(self.register.core_columns)
        if item.rule.lookup is not None and item.helper is not None:
            described = self.con.execute(f"DESCRIBE {self._helpers[item.helper]}").fetchall()
            types |= {str(row[0]): str(row[1]) for row in described}
        return types

    def _count_by_unit(self) -> None:
        """Write UNITS_TABLE: one wide aggregation over the verdicts, then turned into rows."""
        counts = "".join(
            f", count(*) FILTER ({item.column} = {code}) AS {item.column}_{code}"
            for item in self._plans
            for code in _COUNTS.values()
        )
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE _pass_wide AS SELECT unit{counts} FROM {VERDICTS_TABLE} GROUP BY unit"
        )
        empty = "SELECT NULL::VARCHAR AS rule_id, NULL::VARCHAR AS unit" + "".join(
            f", NULL::BIGINT AS {name}" for name in _COUNTS
        )
        rows = [
            f"SELECT {literal(item.rule.id)}, unit, " + ", ".join(f"{item.column}_{code}" for code in _COUNTS.values())
            for item in self._plans
        ]
        long = " UNION ALL ".join([f"{empty} WHERE FALSE", *(f"{row} FROM _pass_wide" for row in rows)])
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {UNITS_TABLE} AS SELECT w.*, coalesce(m.n, 0)::BIGINT AS n_mended "
            f"FROM ({long}) w LEFT JOIN (SELECT rule_id, unit, count(*) AS n FROM {FOUND_TABLE} WHERE mended "
            "GROUP BY ALL) m ON m.rule_id = w.rule_id AND m.unit IS NOT DISTINCT FROM w.unit"
        )

    def _results(self, n_records: int) -> list[RuleResult]:
        sums = ", ".join(f"sum({name})::BIGINT" for name in (*_COUNTS, "n_mended"))
        rows = self.con.execute(f"SELECT rule_id, {sums} FROM {UNITS_TABLE} GROUP BY rule_id").fetchall()
        counts = {str(row[0]): [int(n) for n in row[1:]] for row in rows}
        nothing = [0] * (len(_COUNTS) + 1)
        return [
            RuleResult(rule.id, n_records, self._errors.get(rule.id), *counts.get(rule.id, nothing))
            for rule in self.rules
        ]

    def _count(self, query: str) -> int:
        row = self.con.execute(query).fetchone()
        return int(row[0]) if row else 0


def _reason(place: str, error: duckdb.Error) -> str:
    """Why a rule could not run. DuckDB's own text may quote a record's value, so only the kind of error is told."""
    return f"{place}: {type(error).__name__} while running; test the rule's SQL on the register by hand"
