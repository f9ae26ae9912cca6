"""The fused pass: every rule of one register answered in one scan, all findings written by SQL.

Holds the running of plans, the keeping apart of rules that cannot run, and the temporary tables of the result. Holds no
rule's SQL (see ``compile`` and ``compile_shapes``), no files (see ``parts``) and nothing of Great Expectations.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb

from sosach.checks import evidence
from sosach.checks.columns import strange_columns
from sosach.checks.compile import FAIL, NOT_APPLICABLE, PASS, UNDECIDED, Plan, layer, plan, verdict_sql
from sosach.checks.compile_shapes import groups
from sosach.checks.rule import Rule
from sosach.checks.sql_text import parse_expression, with_as_of
from sosach.duck import identifier, literal
from sosach.registers import Register

VERDICTS_TABLE = "_pass_verdicts"
"""``record_id, unit`` and one code a rule, for every record."""
GROUPS_TABLE = "_pass_groups"
"""``rule_id, record_id, record_key, unit, period, verdict`` (code), ``measures`` (JSON) of every figure of a unit."""
FOUND_TABLE = "_pass_found"
"""``record_id, record_key, unit, rule_id, mended, evidence, message``: one row a failing record (or unit) and rule."""
COUNTS_TABLE = "_pass_counts"
"""``rule_id, unit`` and the four counts."""
STANDING_TABLE = "_pass_standing"
"""``rule_id, record_key, verdict`` (code) of findings of the run before that are none now and not passed either."""
UNITS_TABLE = "_pass_units"
"""``rule_id, unit, n_pass, n_fail, n_undecided, n_not_applicable, n_mended`` of the rules that ran."""

_RULE_FAULTS = (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError)
"""What a rule's own SQL can cause. Lack of memory, broken files and bugs are not among them and stop the pass."""

_TRUTHS = ("BOOLEAN", '"NULL"')
"""Types of a condition; NULL alone has none."""

Columns = list[tuple[str, str]]
"""Names and SQL expressions of columns that a layer adds."""

_COUNTS = {"n_pass": PASS, "n_fail": FAIL, "n_undecided": UNDECIDED, "n_not_applicable": NOT_APPLICABLE}


@dataclass(frozen=True)
class RuleResult:
    """Outcome of one rule: counts of records where it ran, else the reason (which holds no value of a record).

    For a rule about figures of units, ``n_records`` and all counts are of units (and periods).
    """

    rule_id: str
    n_records: int
    error: str | None = None
    n_pass: int = 0
    n_fail: int = 0
    n_undecided: int = 0
    n_not_applicable: int = 0
    n_mended: int = 0
    era_unknown: bool = False

    @property
    def status(self) -> str:
        """``engine_error`` where it could not run, ``ok`` where it decided anything.

        Else ``undecided`` (a needed value is absent in every record that it is about, or no record has the date or
        the unit that says whether it is about it) or ``not_applicable`` (it is about none). Only ``ok`` says anything
        of the data.
        """
        if self.error is not None:
            return "engine_error"
        if self.n_pass + self.n_fail:
            return "ok"
        return "undecided" if self.n_undecided or self.era_unknown else "not_applicable"


@dataclass
class FusedPass:
    """One pass over one register.

    The connection must hold the register, the code lists and the run's tables under their names. ``run`` leaves the
    temporary tables named above, for this pass's caller to read.
    """

    con: duckdb.DuckDBPyConnection
    register: Register
    rules: Sequence[Rule]
    as_of: date
    registers: Mapping[str, Register] = field(default_factory=dict)
    _plans: list[Plan] = field(default_factory=list, init=False)
    _grouped: dict[str, Rule] = field(default_factory=dict, init=False)
    _helpers: dict[str, str] = field(default_factory=dict, init=False)
    _helper_types: dict[str, Mapping[str, str]] = field(default_factory=dict, init=False)
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
        """Answer every rule: leave VERDICTS_TABLE, GROUPS_TABLE and FOUND_TABLE.

        Returns:
            Why a rule could not run, by the ids of those that could not.
        """
        self._plans, self._grouped, self._helpers, self._helper_types, self._errors = [], {}, {}, {}, {}
        self._keep_apart()
        for item in list(self._plans):
            self._prepare(item)
        self._bind()
        self._scan()
        self._judge_groups()
        self._count_verdicts()
        self._find()
        return dict(self._errors)

    def _keep_apart(self) -> None:
        """Plan the rules whose tables and columns are there and of the right type; reject the others by name."""
        present = self._tables()
        strange = strange_columns(self.con, {**self.registers, self.register.register_id: self.register}, present)
        for number, rule in enumerate(self.rules):
            if absent := sorted(rule.tables - present):
                self._reject(rule, f"tables not there: {', '.join(absent)}; run the stage that writes them")
            elif faults := [
                text
                for table in sorted({rule.register_id, *rule.tables} & set(strange))
                for column, text in strange[table].items()
                if column in rule.columns or column in ("record_id", "record_key", "unit")
            ]:
                self._reject(rule, "; ".join(faults))
            elif rule.aggregate is not None:
                self._grouped[f"_pass_group_{number}"] = rule
            else:
                self._plans.append(plan(rule, f"_v{number}", self.as_of))

    def _tables(self) -> set[str]:
        query = (
            "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal"
        )
        return {str(row[0]) for row in self.con.execute(query).fetchall()}

    def _reject(self, rule: Rule, reason: str) -> None:
        self._errors[rule.id] = reason
        self._plans = [item for item in self._plans if item.rule is not rule]
        self._grouped = {name: other for name, other in self._grouped.items() if other is not rule}

    def _prepare(self, item: Plan) -> None:
        """Make the rule's helper table, or reject the rule."""
        rule = item.rule
        if item.helper is None:
            return
        if item.helper in self._helpers:
            if self._helpers[item.helper] == "":
                self._reject(rule, "lookup: gives some record more than one row")
            return
        try:
            self._make_helper(item.helper)
        except _RULE_FAULTS as error:
            self._reject(rule, _reason("lookup" if rule.lookup else "applies_when", error))
            return
        if rule.lookup is not None and self._doubles(self._helpers[item.helper]):
            self._helpers[item.helper] = ""
            self._reject(rule, "lookup: gives some record more than one row")

    def _make_helper(self, query: str) -> None:
        name = f"_pass_helper_{len(self._helpers)}"
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
        described = self.con.execute(f"DESCRIBE {name}").fetchall()
        self._helper_types[name] = {str(row[0]): str(row[1]) for row in described}
        self._helpers[query] = name

    def _doubles(self, helper: str) -> bool:
        query = f"SELECT 1 FROM {helper} WHERE record_id IS NOT NULL GROUP BY record_id HAVING count(*) > 1 LIMIT 1"
        return bool(self.con.execute(query).fetchall())

    def _bind(self) -> None:
        """Reject rules whose expressions do not bind or are no conditions: all at once, one by one where that fails."""
        if not self._plans:
            return
        source = self._source(self._plans, _conditions)
        try:
            described = self.con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        except _RULE_FAULTS:
            described = []
        kinds = {str(row[0]): str(row[1]) for row in described}
        told = [column for item in self._plans for column, _ in _conditions(item)]
        if any(kinds.get(column) not in _TRUTHS for column in told):
            for item in list(self._plans):
                self._bind_one(item)

    def _bind_one(self, item: Plan) -> None:
        source = f"{identifier(self.register.register_id)} {self._join(item)}"
        for name, expression in (("applies_when", item.applies), ("passes_when", item.passes)):
            try:
                kind = str(self.con.execute(f"DESCRIBE SELECT ({expression}\n) AS v FROM {source}").fetchall()[0][1])
            except _RULE_FAULTS as error:
                self._reject(item.rule, f"{name}: {str(error).splitlines()[0]}")
                return
            if kind not in _TRUTHS:
                self._reject(item.rule, f"{name}: is {kind}, must be BOOLEAN")
                return

    def _join(self, item: Plan) -> str:
        return item.joined(self._helpers[item.helper]) if item.helper is not None else ""

    def _source(self, plans: Sequence[Plan], told: Callable[[Plan], Columns] | None = None) -> str:
        """The scan of the register with one layer a distinct join, giving the verdicts or what else is to be told."""
        name = self.register.register_id
        query = identifier(name)
        layers: dict[str, list[Plan]] = {}
        for item in plans:
            layers.setdefault(self._join(item), []).append(item)
        for join, members in layers.items():
            columns = [pair for item in members for pair in (told or _verdict)(item)]
            query = f"({layer(query, name, join, columns)})"
        return query

    def _scan(self) -> None:
        try:
            self._write_verdicts()
        except _RULE_FAULTS:
            for item in list(self._plans):
                try:
                    self._count(f"SELECT count(*) FILTER ({item.column} = {FAIL}) FROM {self._source([item])}")
                except _RULE_FAULTS as error:
                    self._reject(item.rule, _reason("passes_when or applies_when", error))
            self._write_verdicts()

    def _write_verdicts(self) -> None:
        columns = ", ".join(["record_id", "unit", *(item.column for item in self._plans)])
        source = self._source(self._plans)
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {VERDICTS_TABLE} AS SELECT {columns} FROM {source}")

    def _judge_groups(self) -> None:
        """Write GROUPS_TABLE, and a table of groups with their measures for each rule about figures of units."""
        columns = "rule_id VARCHAR, record_id VARCHAR, record_key VARCHAR, unit VARCHAR, period VARCHAR"
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {GROUPS_TABLE} ({columns}, verdict UTINYINT, measures VARCHAR)")
        for name, rule in list(self._grouped.items()):
            shape = rule.aggregate
            assert shape is not None
            verdict = verdict_sql(with_as_of(rule.applies, self.as_of), with_as_of(rule.passes_when or "", self.as_of))
            measures = ", ".join(f"{literal(m)}, {identifier(m)}" for m in shape.measures)
            try:
                self.con.execute(
                    f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT *, {verdict} AS _verdict "
                    f"FROM ({groups(rule, shape, self.as_of)})"
                )
                self.con.execute(
                    f"INSERT INTO {GROUPS_TABLE} SELECT {literal(rule.id)}, record_id, record_key, unit, period, "
                    f"_verdict, CAST(json_object({measures}) AS VARCHAR) FROM {name}"
                )
            except _RULE_FAULTS as error:
                self._reject(rule, _reason("aggregate, applies_when or passes_when", error))
                continue
            described = self.con.execute(f"DESCRIBE {name}").fetchall()
            self._helper_types[name] = {str(row[0]): str(row[1]) for row in described}

    def _find(self) -> None:
        """Write FOUND_TABLE: the failing records are read once more, with no more columns than the evidence needs."""
        failing = {
            str(row[0])
            for row in self.con.execute(f"SELECT DISTINCT rule_id FROM {COUNTS_TABLE} WHERE n_fail > 0").fetchall()
        }
        plans = [item for item in self._plans if item.rule.id in failing]
        core = self.register.core_columns
        wanted = {"record_id", "record_key", "unit"}
        for item in plans:
            rule = item.rule
            wanted |= set(rule.evidence) & set(core)
            wanted |= evidence.companion_columns(rule, self.register) | evidence.mended_columns(rule, self.register)
        columns = ", ".join(f"r.{identifier(c)}" for c in core if c in wanted)
        verdicts = "".join(f", v.{item.column}" for item in plans)
        any_fail = " OR ".join(f"v.{item.column} = {FAIL}" for item in plans) or "FALSE"
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE _pass_failing AS SELECT {columns}{verdicts} FROM {VERDICTS_TABLE} v "
            f"JOIN {identifier(self.register.register_id)} r USING (record_id) WHERE {any_fail}"
        )
        empty = (
            "SELECT NULL::VARCHAR AS record_id, NULL::VARCHAR AS record_key, NULL::VARCHAR AS unit, NULL::VARCHAR AS "
            "rule_id, NULL::BOOLEAN AS mended, NULL::VARCHAR AS evidence, NULL::VARCHAR AS message WHERE FALSE"
        )
        found = [self._finding(item) for item in plans]
        found += [self._group_finding(name, rule) for name, rule in self._grouped.items() if rule.id in failing]
        branches = " UNION ALL ".join([empty, *found])
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {FOUND_TABLE} AS {branches}")

    def _finding(self, item: Plan) -> str:
        rule = item.rule
        looks = rule.lookup or rule.pair or rule.order
        join, types = "", dict(self.register.core_columns)
        if looks and item.helper is not None:
            join = self._join(item)
            types |= self._helper_types[self._helpers[item.helper]]
        return self._told(rule, f"_pass_failing AS {identifier(rule.register_id)} {join}", item.column, types)

    def _group_finding(self, name: str, rule: Rule) -> str:
        return self._told(rule, f"{name} AS {identifier(rule.register_id)}", "_verdict", self._helper_types[name])

    def _told(self, rule: Rule, source: str, verdict: str, types: Mapping[str, str]) -> str:
        name = identifier(rule.register_id)
        message = evidence.message_text(rule, self.register, types)
        return (
            f"SELECT {name}.record_id, {name}.record_key, {name}.unit, {literal(rule.id)}, "
            f"{evidence.mended(rule, self.register)}, {evidence.evidence_json(rule)}, {message} "
            f"FROM {source} WHERE {verdict} = {FAIL}"
        )

    def _count_verdicts(self) -> None:
        """Write COUNTS_TABLE: one wide aggregation over the verdicts, then turned into a row a rule and unit.

        Sums of truths: hundreds of ``count(*) FILTER`` in one query take twenty times as long.
        """
        counts = "".join(
            f", sum({item.column} = {code}) AS {item.column}_{code}"
            for item in self._plans
            for code in _COUNTS.values()
        )
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE _pass_wide AS SELECT unit{counts} FROM {VERDICTS_TABLE} GROUP BY unit"
        )
        names = ", ".join(f"({literal(item.column)}, {literal(item.rule.id)})" for item in self._plans)
        of_records = ", ".join(f"sum(n) FILTER (code = {code})::BIGINT AS {name}" for name, code in _COUNTS.items())
        of_groups = ", ".join(f"count(*) FILTER (verdict = {code}) AS {name}" for name, code in _COUNTS.items())
        told = (
            f"SELECT rule_id, unit, {of_records} FROM (SELECT unit, '_' || split_part(name, '_', 2) AS col, "
            "CAST(split_part(name, '_', 3) AS INTEGER) AS code, n "
            "FROM (UNPIVOT _pass_wide ON COLUMNS(* EXCLUDE (unit)) "
            f"INTO NAME name VALUE n)) JOIN (VALUES {names}) AS named (col, rule_id) USING (col) "
            "GROUP BY rule_id, unit UNION ALL "
        )
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {COUNTS_TABLE} AS {told if self._plans else ''}"
            f"SELECT rule_id, unit, {of_groups} FROM {GROUPS_TABLE} GROUP BY rule_id, unit"
        )

    def _count_by_unit(self) -> None:
        """Write UNITS_TABLE: the counts, and how many of the findings were mended."""
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {UNITS_TABLE} AS SELECT w.*, coalesce(m.n, 0)::BIGINT AS n_mended "
            f"FROM {COUNTS_TABLE} w LEFT JOIN (SELECT rule_id, unit, count(*) AS n FROM {FOUND_TABLE} WHERE mended "
            "GROUP BY ALL) m ON m.rule_id = w.rule_id AND m.unit IS NOT DISTINCT FROM w.unit"
        )

    def _results(self, n_records: int) -> list[RuleResult]:
        sums = ", ".join(f"sum({name})::BIGINT" for name in (*_COUNTS, "n_mended"))
        rows = self.con.execute(f"SELECT rule_id, {sums} FROM {UNITS_TABLE} GROUP BY rule_id").fetchall()
        counts = {str(row[0]): [int(n) for n in row[1:]] for row in rows}
        nothing = [0] * (len(_COUNTS) + 1)
        seen = {rule.id: sum(counts.get(rule.id, nothing)[: len(_COUNTS)]) for rule in self._grouped.values()}
        told = {rule.id: counts.get(rule.id, nothing) for rule in self.rules}
        return [
            RuleResult(
                rule.id,
                seen.get(rule.id, n_records),
                self._errors.get(rule.id),
                era_unknown=n_records > 0 and self._era_unknown(rule, told[rule.id]),
                **dict(zip((*_COUNTS, "n_mended"), told[rule.id], strict=True)),
            )
            for rule in self.rules
        ]

    def _era_unknown(self, rule: Rule, found: Sequence[int]) -> bool:
        """Did the rule decide nothing because no record has the date of its era, or no row a unit and period?"""
        if rule.id in self._errors or any(found[:NOT_APPLICABLE]):
            return False
        if rule.aggregate is not None:
            return not any(found) and rule.aggregate.rows is None
        if rule.era is None or not parse_expression(rule.era.by).columns <= set(self.register.core_columns):
            return False
        day = with_as_of(rule.era.by, self.as_of)
        return not self._count(f"SELECT count({day}) FROM {identifier(self.register.register_id)}")

    def standing(self, before: str) -> None:
        """Write STANDING_TABLE.

        Args:
            before: relation ``rule_id, record_key`` of findings of the run before on this register.
        """
        name = identifier(self.register.register_id)
        columns = "".join(f", v.{item.column}" for item in self._plans)
        names = ", ".join(f"({literal(item.column)}, {literal(item.rule.id)})" for item in self._plans)
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE _pass_before AS SELECT r.record_key{columns} FROM {VERDICTS_TABLE} v "
            f"JOIN {name} r USING (record_id) WHERE r.record_key IN (SELECT record_key FROM {before})"
        )
        of_records = (
            "SELECT rule_id, record_key, verdict FROM (UNPIVOT _pass_before ON COLUMNS(* EXCLUDE (record_key)) "
            f"INTO NAME col VALUE verdict) JOIN (VALUES {names}) AS named (col, rule_id) USING (col) UNION ALL "
        )
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {STANDING_TABLE} AS SELECT rule_id, record_key, min(verdict) AS verdict "
            f"FROM ({of_records if self._plans else ''}SELECT rule_id, record_key, verdict FROM {GROUPS_TABLE}) "
            f"SEMI JOIN {before} USING (rule_id, record_key) GROUP BY rule_id, record_key "
            f"HAVING min(verdict) >= {UNDECIDED}"
        )

    def _count(self, query: str) -> int:
        row = self.con.execute(query).fetchone()
        return int(row[0]) if row else 0


def _verdict(item: Plan) -> Columns:
    return [(item.column, item.verdict)]


def _conditions(item: Plan) -> Columns:
    return [(f"{item.column}_applies", item.applies), (f"{item.column}_passes", item.passes)]


def _reason(place: str, error: duckdb.Error) -> str:
    """Why a rule could not run. DuckDB's own text may quote a record's value, so only the kind of error is told."""
    return f"{place}: {type(error).__name__} while running; test the rule's SQL on the register by hand"
