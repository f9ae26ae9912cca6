"""``python -m sosach.checks.lint [--rule ID] [--messages]``: are the rule files right, and do their cases hold?

Holds the command line only.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence

import duckdb

from sosach.checks.cases import CaseRunner
from sosach.checks.catalogue import Catalogue, read_catalogue
from sosach.checks.lint_rules import CaseMatrix, doubles, missing_days
from sosach.checks.rule import Rule
from sosach.settings import Settings


def lint(settings: Settings, only: str | None = None, messages: bool = False) -> list[str]:
    """Read all rule files and run the cases of all rules, or of one.

    Args:
        settings: says where the expectations are.
        only: id of the one rule to look at; problems of other entries are then left out.
        messages: also list the sentence of every failing case.

    Returns:
        One line a problem (and a message); empty when all is well.
    """
    catalogue, problems = read_catalogue(settings.expectations)
    lines = [line for line in problems if only is None or f" {only}:" in line]
    rules = [rule for rule in catalogue.rules if only in (None, rule.id)]
    if not rules and not lines:
        return [f"{only or settings.expectations}: no such rule"]
    with duckdb.connect() as con:
        runner = CaseRunner(con, catalogue, settings.expectations)
        for rule_id, failures in runner.failures(rules).items():
            lines += [f"{catalogue.files[rule_id]}: {failure}" for failure in failures]
        told = {rule.id for rule in rules}
        lines += [f"{catalogue.files[i]}: {i}: {text}" for i, text in complaints(con, catalogue, rules) if i in told]
        if messages:
            lines += [f"{rule.id}: {text}" for rule in rules for text in runner.messages(rule)]
    return lines


def complaints(
    con: duckdb.DuckDBPyConnection, catalogue: Catalogue, rules: Sequence[Rule]
) -> Iterator[tuple[str, str]]:
    """What is wrong with rules that are well formed and whose cases hold: rule id and complaint.

    Rules of the same registers are looked at with them.
    """
    for rule in rules:
        yield from ((rule.id, text) for text in missing_days(con, rule))
    yield from doubles(catalogue.rules)
    for register in sorted({rule.register_id for rule in rules}):
        matrix = CaseMatrix(con, catalogue, register)
        if matrix.rules:
            yield from matrix.complaints()


def main() -> int:
    """Print the problems; the exit code is 1 when there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rule", help="look at this rule only")
    parser.add_argument("--messages", action="store_true", help="show the sentences of the failing cases")
    arguments = parser.parse_args()
    lines = lint(Settings(), arguments.rule, arguments.messages)
    sys.stdout.write("".join(f"{line}\n" for line in lines) or "All rules and cases are right.\n")
    return 1 if lines and not arguments.messages else 0


if __name__ == "__main__":
    sys.exit(main())
