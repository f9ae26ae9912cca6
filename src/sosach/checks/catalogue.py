"""All rules of ``expectations/``, read and checked against the registers and code lists.

Holds the reading of rule files and the checks that need other files (does the column exist, is the id used twice).
What a rule may contain is in ``rule``.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sosach.checks.contract import RUN_TABLES, code_list_tables
from sosach.checks.rule import DIMENSIONS, Dimension, Rule
from sosach.checks.sql_text import read_ahead
from sosach.errors import RuleFileError
from sosach.registers import Register, load_registers

CROSS_REGISTER = "lien_thong"
"""Folder of the rules that compare registers; each of its entries names the register it stands on."""


@dataclass(frozen=True)
class Catalogue:
    """Every rule, in the order of suites and files.

    Attributes:
        registers: the registers by id.
        suites: suite name (``<register>.<dimension>`` or ``lien_thong.<register>.<dimension>``) to its rules.
        files: rule id to the file that holds it.
        version: SHA-256 over the bytes of every rule, register and code-list file.
    """

    registers: dict[str, Register]
    suites: dict[str, tuple[Rule, ...]]
    files: dict[str, Path]
    version: str

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules."""
        return tuple(rule for rules in self.suites.values() for rule in rules)

    @property
    def counted(self) -> tuple[Rule, ...]:
        """All rules but those on trial: what reports count."""
        return tuple(rule for rule in self.rules if not rule.trial)

    def rule(self, rule_id: str) -> Rule:
        """The rule of that id.

        Raises:
            KeyError: there is none.
        """
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)

    def suites_of(self, register: str) -> dict[str, tuple[Rule, ...]]:
        """The suites whose findings stand on records of ``register``."""
        return {name: rules for name, rules in self.suites.items() if rules[0].register_id == register}


def load_catalogue(expectations: Path) -> Catalogue:
    """Read every rule.

    Raises:
        RuleFileError: any entry is wrong; one line each with file, entry and field.
    """
    return _load(expectations, _version(expectations))


@lru_cache(maxsize=4)
def _load(expectations: Path, _content: str) -> Catalogue:
    catalogue, problems = read_catalogue(expectations)
    if problems:
        raise RuleFileError("\n".join(problems))
    return catalogue


def read_catalogue(expectations: Path) -> tuple[Catalogue, list[str]]:
    """Read every rule that is right, and a line for each that is not."""
    registers = load_registers(expectations)
    known = set(registers) | set(RUN_TABLES) | code_list_tables(expectations)
    suites: dict[str, list[Rule]] = {}
    problems: list[str] = []
    seen: dict[str, Path] = {}
    found = [(path, dimension, [*_entries(path, problems)]) for path, dimension in _rule_files(expectations, registers)]
    read_ahead(
        text
        for _, _, entries in found
        for _, entry in entries
        for key in ("applies_when", "passes_when", "lookup")
        if isinstance(text := entry.get(key), str)
    )
    for path, dimension, entries in found:
        for place, entry in entries:
            rule = _rule(entry, path, place, problems)
            if rule is None:
                continue
            faults = list(_misfits(rule, path, dimension, registers, known))
            if rule.id in seen:
                faults.append(f"id: also used in {seen[rule.id]}")
            seen.setdefault(rule.id, path)
            problems += [f"{path}: {rule.id}: {fault}" for fault in faults]
            if not faults:
                cross = f"{CROSS_REGISTER}." if path.parent.name == CROSS_REGISTER else ""
                suites.setdefault(f"{cross}{rule.register_id}.{dimension}", []).append(rule)
    ordered = {name: tuple(suites[name]) for name in sorted(suites, key=_suite_order)}
    return Catalogue(registers, ordered, seen, _version(expectations)), problems


def _suite_order(name: str) -> tuple[bool, str, int]:
    *register, dimension = name.split(".")
    return register[0] == CROSS_REGISTER, ".".join(register), [*DIMENSIONS].index(dimension)  # type: ignore[arg-type]


def _rule_files(expectations: Path, registers: dict[str, Register]) -> Iterator[tuple[Path, Dimension]]:
    for folder in (*registers, CROSS_REGISTER):
        for dimension in DIMENSIONS:
            for path in sorted((expectations / folder).glob(f"{dimension}*.yaml")):
                if re.fullmatch(rf"{dimension}(-[a-z0-9_-]+)?", path.stem):
                    yield path, dimension


def _entries(path: Path, problems: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or []
    except yaml.YAMLError as error:
        problems.append(f"{path}: not YAML: {error}")
        return
    if not isinstance(content, list):
        problems.append(f"{path}: must be a list of rules")
        return
    for number, entry in enumerate(content, start=1):
        if isinstance(entry, dict):
            yield str(entry.get("id") or f"entry {number}"), entry
        else:
            problems.append(f"{path}: entry {number}: must be a mapping")


def _rule(entry: dict[str, Any], path: Path, place: str, problems: list[str]) -> Rule | None:
    if path.parent.name != CROSS_REGISTER:
        if entry.get("register", path.parent.name) != path.parent.name:
            problems.append(f"{path}: {place}: register: must be {path.parent.name}, as the folder says")
            return None
        entry = {**entry, "register": path.parent.name}
    try:
        return Rule.model_validate(entry)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            field = ".".join(str(part) for part in fault["loc"])
            problems.append(
                f"{path}: {place}: {field + ': ' if field else ''}{fault['msg'].removeprefix('Value error, ')}"
            )
        return None


def _misfits(
    rule: Rule, path: Path, dimension: Dimension, registers: dict[str, Register], known: set[str]
) -> Iterator[str]:
    if rule.dimension != dimension:
        yield f"dimension: {rule.dimension} in the file of {dimension}"
    register = registers.get(rule.register_id)
    if register is None:
        yield f"register: {rule.register_id!r} is none of {sorted(registers)}"
        return
    core = register.core_columns
    own = set(rule.aggregate.columns) if rule.aggregate else {*core, *rule.added_columns}
    where = "measures of the rule" if rule.aggregate else f"columns of {rule.register_id} or of what the rule looks up"
    if shadowed := sorted(set(core) & set(rule.added_columns)):
        yield f"{shadowed} are columns of {rule.register_id}; give what is looked up other names"
    if strangers := sorted(set(rule.evidence) - own):
        yield f"evidence: {strangers} are no {where}"
    if strangers := sorted(set(rule.shape_columns) - set(core)):
        yield f"{strangers} are no columns of {rule.register_id}"
    if rule.mends is not None and rule.mends not in {field.name for field in register.fields}:
        yield f"mends: {rule.mends!r} is no field of {rule.register_id}"
    if strangers := sorted(rule.tables - known):
        yield f"reads {strangers}, which are no register, run table or code list"
    elif rule.pair is not None and (
        strangers := sorted(set(rule.pair.columns.values()) - set(registers[rule.pair.with_].core_columns))
    ):
        yield f"pair: {strangers} are no columns of {rule.pair.with_}"
    for number, case in enumerate(rule.cases, start=1):
        for _, row in case.rows:
            if strangers := sorted(set(row) - own):
                yield f"cases: case {number}: {strangers} are no {where}"
        for table, rows in case.tables.items():
            columns = registers[table].core_columns if table in registers else RUN_TABLES.get(table)
            if columns is None:
                yield f"cases: case {number}: tables: {table!r} is no register or run table"
            elif strangers := sorted({column for row in rows for column in row} - set(columns)):
                yield f"cases: case {number}: tables: {table}: no columns {strangers}"


def _version(expectations: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in expectations.rglob("*") if p.suffix in (".yaml", ".csv") and p.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(expectations).as_posix()}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
