"""What a change of the rules would do to the issues, measured on one run's data before it goes live.

Holds the comparison of two catalogues and the running of the rules that differ. Counts only: nothing of a record leaves
this module, and nothing is written. The table for the terminal is in ``diff_table``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb

from sosach.checks.catalogue import Catalogue, load_catalogue
from sosach.checks.contract import open_run
from sosach.checks.fused import FOUND_TABLE, FusedPass
from sosach.checks.parts import EVIDENCE_HASH
from sosach.checks.rule import Rule
from sosach.duck import connect, identifier, literal
from sosach.errors import SettingsError
from sosach.manifest import Manifest, read_manifest
from sosach.registers import Register
from sosach.settings import Settings

Kind = Literal["added", "removed", "changed", "reads"]
"""``reads``: the rule itself is as it was, a code list or register field that it reads is not."""
Side = Literal["before", "after"]

PARTS: dict[str, tuple[str, ...]] = {
    "SQL": (
        "applies_when",
        "passes_when",
        "lookup",
        "pair",
        "aggregate",
        "order",
        "unique",
        "sequence",
        "references",
        "era",
    ),
    "register": ("register_id",),
    "evidence": ("evidence",),
    "mends": ("mends",),
    "severity": ("severity",),
    "trial": ("trial",),
    "dimension": ("dimension",),
    "law": ("law",),
    "tolerance": ("tolerance",),
    "answer": ("answer", "accepted_explanations"),
    "text": ("title", "message", "what_to_do"),
    "cases": ("cases",),
    "version": ("version",),
}
"""Parts of a rule that a change is named by, with the fields of each."""

FINDS = {"SQL", "register", "evidence", "mends"}
"""Parts that decide which findings there are and by what values an issue is known."""
WEIGHS = {"severity", "trial"}
"""Parts that decide whether somebody has to settle a finding."""

_NOT_CORE = {"meaning", "personal", "sensitive"}
"""What a register says of a field beside what rules see."""

_COUNTED = """
SELECT rule_id, unit, sum(b)::BIGINT, sum(a)::BIGINT, sum(greatest(a - b, 0))::BIGINT, sum(greatest(b - a, 0))::BIGINT,
  sum(least(a, b))::BIGINT
FROM (SELECT register, record_key, rule_id, evidence_hash, coalesce(max(unit), '') AS unit,
    count(*) FILTER (side = 'before') AS b, count(*) FILTER (side = 'after') AS a
  FROM _diff_found GROUP BY register, record_key, rule_id, evidence_hash)
GROUP BY rule_id, unit ORDER BY rule_id, unit
"""
"""Findings by rule and unit: before, after, new, gone, same. The identity is that of an issue; equals are counted."""


@dataclass(frozen=True)
class Change:
    """One rule that differs. ``parts`` are keys of ``PARTS``, or what it reads where the rule itself is as it was."""

    rule_id: str
    kind: Kind
    parts: tuple[str, ...]
    before: Rule | None
    after: Rule | None

    @property
    def finds_otherwise(self) -> bool:
        """May the findings differ?"""
        return self.kind != "changed" or bool(FINDS & set(self.parts)) or self._reads_changed

    @property
    def _reads_changed(self) -> bool:
        return any(part not in PARTS for part in self.parts)

    @property
    def text_only(self) -> bool:
        """Does nothing that is counted differ?"""
        return not self.finds_otherwise and not WEIGHS & set(self.parts)

    @property
    def version_forgotten(self) -> bool:
        """Does the SQL differ under the same version?"""
        return "SQL" in self.parts and "version" not in self.parts


@dataclass(frozen=True)
class Counts:
    """Findings that no normaliser mends: ``before = gone + same``, ``after = new + same``."""

    before: int = 0
    after: int = 0
    new: int = 0
    gone: int = 0
    same: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(mine + theirs for mine, theirs in zip(self.as_tuple(), other.as_tuple(), strict=True)))

    def as_tuple(self) -> tuple[int, int, int, int, int]:
        """The five counts in the order of the fields."""
        return self.before, self.after, self.new, self.gone, self.same

    def to_settle(self, before: bool, after: bool) -> "Counts":
        """The counts of what somebody has to settle, given whether the rule's findings have to be before and after."""
        if before and after:
            return self
        return Counts(
            self.before if before else 0,
            self.after if after else 0,
            self.after if after else 0,
            self.before if before else 0,
            0,
        )


@dataclass(frozen=True)
class Difference:
    """What the change does, in counts.

    Attributes:
        run_id: the run whose data were used.
        changes: the rules that differ.
        inputs: code lists and register fields that differ.
        by_rule: counts of each rule that ran on every side that has it.
        by_rule_unit: the same by rule and unit code.
        errors: why a rule could not run, by rule and side; such a rule has no counts.
        unchanged: how many rules are the same.
    """

    run_id: str
    changes: tuple[Change, ...]
    inputs: tuple[str, ...]
    by_rule: Mapping[str, Counts]
    by_rule_unit: Mapping[tuple[str, str], Counts]
    errors: Mapping[tuple[str, Side], str]
    unchanged: int

    @property
    def by_severity(self) -> dict[str, tuple[int, int]]:
        """Findings before and after by severity, each under the severity that its side gives it; trial rules apart."""
        found = {name: [0, 0] for name in ("critical", "warning", "info", "trial")}
        for change in self.changes:
            counts = self.by_rule.get(change.rule_id, Counts())
            for place, rule, n in ((0, change.before, counts.before), (1, change.after, counts.after)):
                if rule is not None:
                    found["trial" if rule.trial else rule.severity][place] += n
        return {name: (before, after) for name, (before, after) in found.items()}

    @property
    def to_settle(self) -> Counts:
        """What officers have to settle: no information findings, no trial rules."""
        return sum((self._settled(change, self.by_rule.get(change.rule_id)) for change in self.changes), Counts())

    @property
    def to_settle_by_unit(self) -> dict[str, Counts]:
        """The same by unit, the units with most that is new or gone first."""
        changes = {change.rule_id: change for change in self.changes}
        found: dict[str, Counts] = {}
        for (rule_id, unit), counts in self.by_rule_unit.items():
            found[unit] = found.get(unit, Counts()) + self._settled(changes[rule_id], counts)
        moved = {unit: counts for unit, counts in found.items() if counts.new or counts.gone}
        return dict(sorted(moved.items(), key=lambda pair: (-pair[1].new - pair[1].gone, pair[0])))

    @staticmethod
    def _settled(change: Change, counts: Counts | None) -> Counts:
        return (counts or Counts()).to_settle(_to_settle(change.before), _to_settle(change.after))

    def as_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "run_id": self.run_id,
            "rules_unchanged": self.unchanged,
            "inputs_changed": list(self.inputs),
            "to_settle": vars(self.to_settle),
            "by_severity": {
                name: {"before": before, "after": after} for name, (before, after) in self.by_severity.items()
            },
            "to_settle_by_unit": {unit: vars(counts) for unit, counts in self.to_settle_by_unit.items()},
            "rules": [self._rule_json(change) for change in self.changes],
        }

    def _rule_json(self, change: Change) -> dict[str, Any]:
        counts = self.by_rule.get(change.rule_id)
        return {
            "rule_id": change.rule_id,
            "change": change.kind,
            "parts": list(change.parts),
            "version_forgotten": change.version_forgotten,
            "severity": [rule.severity if rule else None for rule in (change.before, change.after)],
            "trial": [rule.trial if rule else None for rule in (change.before, change.after)],
            "findings": vars(counts) if counts else None,
            "errors": {side: text for (rule_id, side), text in self.errors.items() if rule_id == change.rule_id},
            "by_unit": {
                unit: vars(found) for (rule_id, unit), found in self.by_rule_unit.items() if rule_id == change.rule_id
            },
        }


def _to_settle(rule: Rule | None) -> bool:
    return rule is not None and rule.severity != "info" and not rule.trial


def diff_rules(settings: Settings, run_id: str, before: Path, after: Path) -> Difference:
    """Compare two catalogues and count what the change does to the findings on a run's data.

    Args:
        settings: the installation.
        run_id: a run that has been normalised (and linked, for rules that ask for persons).
        before: folder of expectations.
        after: folder of expectations.

    Raises:
        MissingArtefactError: there is no such run.
        SettingsError: a folder is not there.
        RuleFileError: a rule file of either folder is wrong.
    """
    run, manifest = read_manifest(settings, run_id)
    folders: dict[Side, Path] = {"before": before, "after": after}
    for side, folder in folders.items():
        if not folder.is_dir():
            raise SettingsError(f"{folder}: no such folder of expectations (--{side}).")
    catalogues = {side: load_catalogue(folder) for side, folder in folders.items()}
    inputs = {**_code_lists_changed(before, after), **_fields_changed(catalogues)}
    changes = tuple(compare(catalogues["before"], catalogues["after"], inputs))
    with connect(settings) as con:
        con.execute(
            "CREATE TEMP TABLE _diff_found (side VARCHAR, register VARCHAR, record_key VARCHAR, rule_id VARCHAR, "
            "evidence_hash VARCHAR, unit VARCHAR)"
        )
        errors: dict[tuple[str, Side], str] = {}
        for side, folder in folders.items():
            open_run(con, folder, run)
            errors |= _run_side(con, catalogues[side], manifest, side, changes)
        counted = con.execute(_COUNTED).fetchall()
    failed = {rule_id for rule_id, _ in errors}
    by_unit = {(str(row[0]), str(row[1])): Counts(*row[2:]) for row in counted if row[0] not in failed}
    by_rule = {change.rule_id: Counts() for change in changes if change.rule_id not in failed and not change.text_only}
    for (rule_id, _), counts in by_unit.items():
        by_rule[rule_id] += counts
    differing = {change.rule_id for change in changes}
    unchanged = sum(rule.id not in differing for rule in catalogues["after"].rules)
    return Difference(run_id, changes, tuple(sorted(inputs)), by_rule, by_unit, errors, unchanged)


def compare(before: Catalogue, after: Catalogue, inputs: Mapping[str, "Reads"]) -> Iterator[Change]:
    """The rules that differ, by id.

    Args:
        before: one catalogue.
        after: the other.
        inputs: code lists and register fields that differ, with who reads them.
    """
    old, new = ({rule.id: rule for rule in catalogue.rules} for catalogue in (before, after))
    for rule_id in sorted(old.keys() | new.keys()):
        was, now = old.get(rule_id), new.get(rule_id)
        if was is None or now is None:
            yield Change(rule_id, "removed" if now is None else "added", (), was, now)
            continue
        parts = [part for part, names in PARTS.items() if any(getattr(was, n) != getattr(now, n) for n in names)]
        read = [name for name, reads in inputs.items() if reads.concerns(was) or reads.concerns(now)]
        if parts or read:
            yield Change(rule_id, "changed" if parts else "reads", (*parts, *read), was, now)


@dataclass(frozen=True)
class Reads:
    """Who reads a code list or a register's field: rules that read ``table``, and one of ``columns`` where given."""

    table: str
    columns: frozenset[str] | None = None

    def concerns(self, rule: Rule) -> bool:
        """Does the rule read it?"""
        if self.table != rule.register_id and self.table not in rule.tables:
            return False
        return self.columns is None or bool(self.columns & rule.columns)


def _code_lists_changed(before: Path, after: Path) -> dict[str, Reads]:
    old, new = (_contents(folder / "code_lists") for folder in (before, after))
    changed = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    found = {f"code list {name}": Reads(f"cl_{name}") for name in changed}
    return found | ({"code list don_vi (units of today)": Reads("cl_unit_now")} if "don_vi" in changed else {})


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in folder.glob("*.csv")}


def _fields_changed(catalogues: Mapping[Side, Catalogue]) -> dict[str, Reads]:
    old, new = (_fields(catalogues[side].registers) for side in ("before", "after"))
    changed = [key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
    return {
        f"field {register}.{name}": Reads(register, frozenset((new.get((register, name)) or old[register, name])[1]))
        for register, name in changed
    }


def _fields(registers: Mapping[str, Register]) -> dict[tuple[str, str], tuple[dict[str, Any], frozenset[str]]]:
    return {
        (name, field.name): (field.model_dump(exclude=_NOT_CORE), frozenset(field.columns))
        for name, register in registers.items()
        for field in register.fields
    }


def _run_side(
    con: duckdb.DuckDBPyConnection, catalogue: Catalogue, manifest: Manifest, side: Side, changes: Iterable[Change]
) -> dict[tuple[str, Side], str]:
    """Run one side's rules and keep their findings; where both sides find the same, the later side speaks for both."""
    wanted: dict[str, list[tuple[Rule, bool]]] = {}
    for change in changes:
        rule = change.before if side == "before" else change.after
        once = not change.finds_otherwise
        if rule is not None and not change.text_only and not (once and side == "before"):
            wanted.setdefault(rule.register_id, []).append((rule, once))
    errors: dict[tuple[str, Side], str] = {}
    for register, listed in sorted(wanted.items()):
        rules = [rule for rule, _ in listed]
        results = FusedPass(con, catalogue.registers[register], rules, manifest.as_of, catalogue.registers).run()
        errors |= {(rule_id, side): result.error for rule_id, result in results.items() if result.error}
        _keep(con, register, (side,), [rule.id for rule, once in listed if not once])
        _keep(con, register, ("before", "after"), [rule.id for rule, once in listed if once])
    return errors


def _keep(con: duckdb.DuckDBPyConnection, register: str, sides: Sequence[Side], rule_ids: Sequence[str]) -> None:
    if not rule_ids:
        return
    listed = ", ".join(map(literal, rule_ids))
    for side in sides:
        con.execute(
            f"INSERT INTO _diff_found SELECT {literal(side)}, {literal(register)}, record_key, rule_id, "
            f"{EVIDENCE_HASH}, unit FROM {identifier(FOUND_TABLE)} f WHERE NOT mended AND rule_id IN ({listed})"
        )
