"""A suite of rules as Great Expectations' own JSON, which that tool reads back.

Holds what is added for readers who have only the file: shape, evidence, and the native expectation of the same meaning
where there is one. Ids are left out, so that the same rules give the same text.
"""

import csv
import re
from pathlib import Path
from typing import Any

import great_expectations as gx

from sosach.checks.catalogue import Catalogue
from sosach.checks.gx_expectation import expectation
from sosach.checks.rule import Rule

_NOT_NULL = re.compile(r"\s*(\w+)\s+IS\s+NOT\s+NULL\s*", re.IGNORECASE)


def suite_json(name: str, rules: tuple[Rule, ...], catalogue: Catalogue, expectations: Path) -> dict[str, Any]:
    """One suite as Great Expectations writes it.

    Args:
        name: name of the suite.
        rules: its rules.
        catalogue: the catalogue that they belong to.
        expectations: the folder that it was read from; code lists are read for native expectations.
    """
    listed = []
    for rule in rules:
        own = expectation(rule)
        meta = {**(own.meta or {}), **_meta(rule), **_native(rule, expectations)}
        listed.append(own.copy(update={"meta": meta}))
    suite = gx.ExpectationSuite(name=name, expectations=listed, meta={"catalogue": catalogue.version})
    written: dict[str, Any] = suite.to_json_dict()
    return written


def _meta(rule: Rule) -> dict[str, Any]:
    return {
        "dimension": rule.dimension,
        "register": rule.register_id,
        "evidence": list(rule.evidence),
        "accepted_explanations": list(rule.accepted_explanations),
        "tolerance": rule.tolerance.model_dump(mode="json") if rule.tolerance else None,
    }


def _native(rule: Rule, expectations: Path) -> dict[str, Any]:
    """The core expectation that counts the same failures, if there is one."""
    found = _native_of(rule, expectations)
    return {"native": {"type": found[0], "kwargs": found[1]}} if found else {}


def _native_of(rule: Rule, expectations: Path) -> tuple[str, dict[str, Any]] | None:
    if rule.unique and _applies_to_all(rule, rule.unique):
        if len(rule.unique) == 1:
            return "expect_column_values_to_be_unique", {"column": rule.unique[0]}
        return "expect_compound_columns_to_be_unique", {
            "column_list": list(rule.unique),
            "ignore_row_if": "any_value_is_missing",
        }
    if rule.references and rule.references.valid_on is None and _applies_to_all(rule, (rule.references.column,)):
        path = expectations / "code_lists" / f"{rule.references.list}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            values = {row[rule.references.key].strip() for row in csv.DictReader(file)} - {""}
        return "expect_column_values_to_be_in_set", {"column": rule.references.column, "value_set": sorted(values)}
    if rule.passes_when and rule.lookup is None and rule.pair is None and rule.aggregate is None:
        asked = _NOT_NULL.fullmatch(rule.passes_when)
        if asked and _applies_to_all(rule, ()):
            return "expect_column_values_to_not_be_null", {"column": asked[1]}
    return None


def _applies_to_all(rule: Rule, ignored_if_null: tuple[str, ...]) -> bool:
    """Does the rule apply to every record, but for those without a value (which the native expectation skips too)?"""
    conditions = {f"{column} IS NOT NULL" for column in ignored_if_null} | {"TRUE"}
    return rule.era is None and all(part.strip() in conditions for part in rule.applies_when.split(" AND "))
