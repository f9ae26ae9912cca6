"""Every rule of ``expectations/`` is right and gives its own cases the verdicts that they demand."""

import duckdb
import pytest

from sosach.checks.cases import CaseRunner
from sosach.checks.catalogue import read_catalogue
from sosach.settings import PROJECT

EXPECTATIONS = PROJECT / "expectations"
CATALOGUE, PROBLEMS = read_catalogue(EXPECTATIONS)


@pytest.fixture(scope="module")
def failures():
    with duckdb.connect() as con:
        return CaseRunner(con, CATALOGUE, EXPECTATIONS).failures(CATALOGUE.rules)


def test_all_rule_files_are_right():
    assert PROBLEMS == []
    assert CATALOGUE.rules


@pytest.mark.parametrize("rule", CATALOGUE.rules, ids=lambda rule: rule.id)
def test_cases(failures, rule):
    assert [str(failure) for failure in failures[rule.id]] == []
