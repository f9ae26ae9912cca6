"""The runner of cases must be able to say no: a wrong verdict, a wrong value, a rule that does not run."""

from datetime import date
from itertools import count

import duckdb
import pytest

from sosach.checks.cases import CaseRunner
from sosach.checks.catalogue import load_catalogue
from sosach.checks.lint import lint
from sosach.settings import Settings
from tests.unit.checks_sample import entry, make_expectations

LOOKUP = """
SELECT l.record_id, max(k.ngay_hieu_luc) AS lh_ngay FROM links l
JOIN links d ON d.person_id = l.person_id AND d.register = 'ly_hon' JOIN ly_hon k ON k.record_id = d.record_id
WHERE l.register = 'dan_cu' GROUP BY l.record_id"""


@pytest.fixture
def failures(tmp_path):
    """Failures of the cases of one rule."""

    numbers = count()

    def run(**changes):
        expectations = make_expectations(tmp_path / str(next(numbers)), dan_cu__du=[entry(**changes)])
        catalogue = load_catalogue(expectations)
        with duckdb.connect() as con:
            return [str(f) for f in CaseRunner(con, catalogue, expectations).failures(catalogue.rules)["T01"]]

    return run


def test_right_cases_give_no_failure(failures):
    assert failures() == []


def test_a_wrong_verdict_is_told_with_case_and_reason(failures):
    cases = [{"verdict": "pass", "ho_ten": "A"}, {"verdict": "fail", "ho_ten": "B", "why": "sai"}]
    assert failures(cases=cases) == ["T01: case 2 row 1 (sai): expected fail, got pass"]


def test_a_rule_that_does_not_run_fails_its_cases(failures):
    told = failures(passes_when="tuoi > 3")
    assert len(told) == 2
    assert all("got engine_error: passes_when: Binder Error" in line for line in told)


def test_a_value_that_does_not_fit_its_column_is_told(failures):
    told = failures(cases=[{"verdict": "pass", "ngay_cap_nhat": "hôm qua"}, {"verdict": "fail"}])
    assert len(told) == 1
    assert "values that fit" in told[0]


def test_whole_dates_and_entry_numbers_bring_their_parts(failures):
    sound = "ngay_sinh_nam = 1990 AND ngay_sinh_do_chinh_xac = 'ngay'"
    cases = [
        {"verdict": "pass", "ngay_sinh": date(1990, 5, 1)},
        {"verdict": "fail", "ngay_sinh": date(1991, 5, 1)},
        {"verdict": "undecided"},
    ]
    assert failures(passes_when=sound, evidence=["ngay_sinh"], message="{ngay_sinh}", cases=cases) == []


def test_lookup_columns_given_directly_or_through_tables(failures):
    tables = {
        "links": [
            {"register": "dan_cu", "record_id": "a", "person_id": "p"},
            {"register": "ly_hon", "record_id": "t", "person_id": "p"},
        ],
        "ly_hon": [{"record_id": "t", "ngay_hieu_luc": "2020-01-01"}],
    }
    cases = [
        {"verdict": "fail", "lh_ngay": "2020-01-01"},
        {"verdict": "pass", "lh_ngay": "2020-01-01", "ngay_chet": "2020-01-01"},
        {"verdict": "not_applicable", "ngay_chet": "2020-01-01"},
        {"verdict": "not_applicable", "lh_ngay": "2026-07-01"},
        {"verdict": "fail", "lh_ngay": "2026-07-01", "as_of": "2026-07-01"},
        {
            "rows": [{"verdict": "fail", "record_id": "a"}, {"verdict": "not_applicable", "record_id": "b"}],
            "tables": tables,
        },
    ]
    rule = {"lookup": LOOKUP, "applies_when": "lh_ngay <= as_of", "passes_when": "ngay_chet IS NOT NULL"}
    assert failures(**rule, cases=cases) == []
    wrong = [*cases[:2], {"rows": [{"verdict": "pass", "record_id": "a"}], "tables": tables}]
    assert failures(**rule, cases=wrong) == ["T01: case 3 row 1: expected pass, got fail"]


def test_lint_names_the_file(tmp_path):
    cases = [{"verdict": "pass"}, {"verdict": "fail"}]
    expectations = make_expectations(tmp_path, dan_cu__du=[entry(cases=cases), entry(id="T02", version=0)])
    lines = lint(Settings(expectations=expectations))
    file = expectations / "dan_cu" / "du.yaml"
    assert lines[0].startswith(f"{file}: T02: version")
    assert lines[1:] == [f"{file}: T01: case 1 row 1: expected pass, got fail"]
    assert lint(Settings(expectations=expectations), only="T02") == lines[:1]
    assert lint(Settings(expectations=expectations), only="T09") == ["T09: no such rule"]
