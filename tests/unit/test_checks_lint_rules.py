"""The lint of rules among themselves: each complaint is raised by a rule that deserves it, and by no right rule."""

from datetime import date

import duckdb
import pytest

from sosach.checks.catalogue import load_catalogue
from sosach.checks.contract import open_empty
from sosach.checks.lint import complaints, lint
from sosach.settings import Settings
from tests.unit.checks_sample import entry, make_expectations

ERA = {"by": "ngay_cap_nhat", "from": date(2015, 1, 1), "to": date(2020, 2, 29)}
DAYS = {
    date(2014, 12, 31): "not_applicable",
    date(2015, 1, 1): "fail",
    date(2020, 2, 29): "fail",
    date(2020, 3, 1): "not_applicable",
}


def told(folder, *rules):
    expectations = make_expectations(folder, dan_cu__du=list(rules))
    catalogue = load_catalogue(expectations)
    with duckdb.connect() as con:
        open_empty(con, expectations)
        return [f"{rule_id}: {text}" for rule_id, text in complaints(con, catalogue, catalogue.rules)]


def dated(days):
    cases = [{"verdict": verdict, "ngay_cap_nhat": day} for day, verdict in days.items()]
    return entry(era=ERA, cases=[*cases, {"verdict": "pass", "ho_ten": "A", "ngay_cap_nhat": date(2016, 1, 1)}])


def test_a_right_rule_raises_nothing(tmp_path):
    assert told(tmp_path, dated(DAYS)) == []


@pytest.mark.parametrize(
    ("left_out", "complaint"),
    [
        (date(2014, 12, 31), "T01: cases: none that is not_applicable on 2014-12-31, the day before it"),
        (date(2015, 1, 1), "T01: cases: none on 2015-01-01, the first day of the era"),
        (date(2020, 2, 29), "T01: cases: none on 2020-02-29, the last day of the era"),
        (date(2020, 3, 1), "T01: cases: none that is not_applicable on 2020-03-01, the day after it"),
    ],
)
def test_a_boundary_day_without_a_case_is_named(tmp_path, left_out, complaint):
    kept = {day: verdict for day, verdict in DAYS.items() if day != left_out}
    days = kept if "fail" in kept.values() else kept | {date(2017, 1, 1): "fail"}
    assert told(tmp_path, dated(days)) == [complaint]


def test_counting_years_needs_a_leap_day(tmp_path):
    def aged(day):
        cases = [
            {"verdict": "pass", "ngay_sinh": day, "ngay_cap_the": date(2020, 1, 1)},
            {"verdict": "fail", "ngay_sinh": date(2010, 1, 1), "ngay_cap_the": date(2020, 1, 1)},
            {"verdict": "undecided", "ngay_cap_the": date(2020, 1, 1)},
        ]
        return entry(passes_when="add_years(ngay_sinh, 14) <= ngay_cap_the", cases=cases)

    assert told(tmp_path / "a", aged(date(2000, 1, 1))) == ["T01: cases: years are counted, and none has a 29 February"]
    assert told(tmp_path / "b", aged(date(2000, 2, 29))) == []


def test_the_same_question_twice_is_one_too_many(tmp_path):
    rules = [entry(), entry(id="T02", title="Khác", passes_when="ho_ten  IS NOT\nNULL")]
    assert told(tmp_path, *rules) == ["T02: asks the same as T01: keep one"]


def test_a_verdict_that_a_missing_value_reaches_needs_a_case(tmp_path):
    cases = [{"verdict": "pass", "ho_ten": "A"}, {"verdict": "fail", "ho_ten": "B"}]
    rule = entry(passes_when="ho_ten = 'A'", cases=cases)
    assert told(tmp_path, rule) == ["T01: cases: none with verdict undecided, which a record without a value reaches"]


def test_rules_that_no_record_can_satisfy_are_named(tmp_path):
    def sized(rule_id, operator, right, wrong):
        cases = [{"verdict": "pass", "ho_ten": right}, {"verdict": "fail", "ho_ten": wrong}, {"verdict": "undecided"}]
        return entry(id=rule_id, passes_when=f"length(ho_ten) {operator} 3", cases=cases)

    rules = [sized("T01", ">", "ABCD", "A"), sized("T02", "<=", "ABC", "ABCDE")]
    assert told(tmp_path / "a", *rules) == [
        "T02: contradicts T01: no case satisfies both, and each fails what the other passes"
    ]
    rules = [sized("T01", ">", "ABCD", "A"), sized("T02", "<>", "ABCDE", "ABC")]
    assert told(tmp_path / "b", *rules) == []


def test_the_command_names_the_file(tmp_path):
    expectations = make_expectations(tmp_path, dan_cu__du=[entry(), entry(id="T02", title="Khác")])
    (line,) = lint(Settings(expectations=expectations))
    assert line == f"{expectations / 'dan_cu' / 'du.yaml'}: T02: asks the same as T01: keep one"
