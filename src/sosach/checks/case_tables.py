"""Tables for the cases of rules: a few rows of every register that a case names.

Holds what a case becomes in the tables. Holds no comparison (see ``cases``).
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from sosach.checks.catalogue import Catalogue
from sosach.checks.compile import FOUND
from sosach.checks.compile_shapes import OF_UNIT, groups, pair_lookup
from sosach.checks.rule import Rule
from sosach.checks.shapes import Aggregate
from sosach.checks.sql_text import with_as_of
from sosach.duck import identifier, literal

CASE_DATE = date(2026, 6, 30)
"""``as_of`` of a case that names none."""

_ENTRY = re.compile(r"^\s*(\d{1,6})/(\d{4})\s*$")


@dataclass(frozen=True)
class Scenario:
    """Cases that stand in the tables at the same time.

    ``direct``: what the rule looks up, or its measures, are read from the cases themselves.
    """

    members: tuple[tuple[Rule, int], ...]
    direct: bool

    @property
    def as_of(self) -> date:
        """The date of the run."""
        rule, number = self.members[0]
        return rule.cases[number - 1].as_of or CASE_DATE

    @property
    def register(self) -> str:
        """The register of all members."""
        return self.members[0][0].register_id

    @property
    def rules(self) -> list[Rule]:
        """The rules, each once."""
        return list({rule.id: rule for rule, _ in self.members}.values())

    def rows(self) -> Iterator[tuple[Rule, int, int, str | None, str, dict[str, Any]]]:
        """Rule, case, row, demanded verdict, record_id and columns of every row."""
        for rule, number in self.members:
            for row, (verdict, columns) in enumerate(rule.cases[number - 1].rows, start=1):
                if rule.aggregate:
                    period = columns.get("period", "0" if rule.aggregate.period else None)
                    group = [columns.get("unit", f"{number:03}{row:03}"), period]
                    record_id = OF_UNIT + "|".join(str(part) for part in group if part is not None)
                else:
                    record_id = columns.get("record_id", f"{rule.id}:{number:03}:{row:03}")
                yield rule, number, row, verdict, record_id, columns


@dataclass
class CaseTables:
    """Fills and empties the tables of one connection, which must hold every register and run table."""

    con: duckdb.DuckDBPyConnection
    catalogue: Catalogue

    @contextmanager
    def filled(self, scenario: Scenario) -> Iterator[list[Rule]]:
        """Fill the tables for a scenario and empty them on leaving; yields the rules to run."""
        touched = {scenario.register}
        try:
            core = self.catalogue.registers[scenario.register].core_columns
            own = [
                {"record_id": record_id} | {name: value for name, value in columns.items() if name in core}
                for rule, *_, record_id, columns in scenario.rows()
                if rule.aggregate is None
            ]
            self._insert(scenario.register, own, "")
            for rule, number in scenario.members:
                for table, rows in rule.cases[number - 1].tables.items():
                    touched.add(table)
                    self._insert(table, rows, "kem")
            yield [
                self._direct(scenario, rule, i) if scenario.direct else rule for i, rule in enumerate(scenario.rules)
            ]
        finally:
            for table in touched:
                self.con.execute(f"DELETE FROM {identifier(table)}")

    def _direct(self, scenario: Scenario, rule: Rule, index: int) -> Rule:
        """The same rule, reading what it looks up or measures from the cases instead of from other tables."""
        table = f"_tra_cuu_cho_san_{index}"
        given = [
            ({"record_id": record_id}, columns) for other, *_, record_id, columns in scenario.rows() if other is rule
        ]
        if rule.aggregate is not None:
            kept = ("unit", "period", *rule.aggregate.measures)
            self._typed(table, groups(rule, rule.aggregate, scenario.as_of))
            keys = [named["record_id"].removeprefix(OF_UNIT).split("|") for named, _ in given]
            rows = [
                {"unit": key[0], "period": key[1] if key[1:] else None} | {n: c[n] for n in kept[2:] if n in c}
                for key, (_, c) in zip(keys, given, strict=True)
            ]
            self._write(table, rows)
            measures = {name: f"any_value({identifier(name)})" for name in rule.aggregate.measures}
            period = "period" if rule.aggregate.period else None
            shape = Aggregate(
                unit="unit", period=period, rows=f"SELECT {', '.join(kept)} FROM {table}", measures=measures
            )
            return rule.model_copy(update={"aggregate": shape})
        if rule.lookup is None and rule.pair is None:
            return rule
        lookup = rule.lookup or pair_lookup(rule.pair, rule.register_id)  # type: ignore[arg-type]
        self._typed(table, with_as_of(lookup, scenario.as_of))
        rows = [named | {name: c[name] for name in rule.added_columns if name in c} for named, c in given]
        self._write(table, [row for row in rows if rule.lookup is not None or len(row) > 1])
        named = ", ".join(identifier(column) for column in ("record_id", *rule.added_columns))
        changes = {"lookup": f"SELECT {named} FROM {table}", "pair": None}
        if rule.pair is not None:
            changes["applies_when"] = f"{FOUND} AND ({rule.applies_when}\n)"
        return rule.model_copy(update=changes)

    def _typed(self, table: str, query: str) -> None:
        """Make an empty table with the columns that a query gives."""
        kinds = {str(r[0]): str(r[1]) for r in self.con.execute(f"DESCRIBE {query}").fetchall()}
        typed = ", ".join(
            f"{identifier(c)} {k.replace(chr(34) + 'NULL' + chr(34), 'VARCHAR')}" for c, k in kinds.items()
        )
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({typed})")

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
