"""What of a whole report may be printed: suppression over the real additions, rates, order, refusal of wrong sums."""

from collections.abc import Callable
from dataclasses import asdict, replace

import pytest

from sosach.errors import BalanceError
from sosach.report.model import CampaignCounts, ReportData, RuleRow, Share
from sosach.report.published import Published, PublishedCounts
from sosach.report.words import OUTCOMES
from tests.unit.report_sample import report_data


@pytest.fixture(scope="module")
def data() -> ReportData:
    return report_data()


@pytest.fixture(scope="module")
def published(data: ReportData) -> Published:
    return Published(data)


def true_counts(data: ReportData) -> dict[str, CampaignCounts]:
    return {row.unit.code: row.counts for row in data.rows}


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_a_reader_with_a_pencil_finds_no_hidden_count(seed: int) -> None:
    """Rows, columns, and the pairs that a reader knows to add up, subtracted until nothing moves."""
    data = report_data(seed, size=(30, 300))
    published = Published(data)
    rows: list[PublishedCounts] = [published.province, *published.rows]
    known: dict[tuple[str, str], int | None] = {
        (row.code, name): cell.value for row in rows for name, cell in row.cells.items()
    }
    sums = [((row.code, "in_scope"), [(row.code, name) for name in OUTCOMES]) for row in rows]
    sums += [(("", name), [(row.code, name) for row in published.rows]) for name in asdict(data.totals)]
    hidden = {key for key, value in known.items() if value is None}
    assert len(hidden) > 100, "the sample must have small cells, else this proves nothing"
    moved = True
    while moved:
        moved = False
        for row in rows:  # whose status is recorded and whose is missing make up the whole
            empty, filled, whole = ((row.code, n) for n in ("missing", "with_status", "in_scope"))
            if known[empty] is None and known[filled] is not None and known[whole] is not None:
                known[empty], moved = known[whole] - known[filled], True  # type: ignore[operator]
        for total, parts in sums:
            open_cells = [key for key in (total, *parts) if known[key] is None]
            if len(open_cells) == 1:
                rest = sum(known[part] or 0 for part in parts)
                known[open_cells[0]] = rest if open_cells[0] == total else (known[total] or 0) - rest
                moved = True
    assert {key for key, value in known.items() if value is None} == hidden


def test_small_counts_of_people_are_hidden_and_zero_is_shown(data: ReportData, published: Published) -> None:
    truth = true_counts(data)
    for row in published.rows:
        for name, cell in row.cells.items():
            value = getattr(truth[row.code], name)
            if 0 < value < data.small_cell:
                assert cell.hidden
            if value == 0:
                assert cell.text == "0"
            if not cell.hidden:
                assert cell.value == value


def test_rates_follow_from_printed_counts_or_are_hidden(published: Published) -> None:
    for row in (published.province, *published.rows):
        for found in (row.reviewed, row.clean, row.confirmable, row.filled):
            if found.numerator.hidden or found.denominator.hidden:
                assert found.text == "*" or found.text.startswith("≥ ")
            else:
                expected = 100 * (found.numerator.value or 0) / (found.denominator.value or 1)
                assert found.value == pytest.approx(expected, abs=0.0051)


def test_the_bound_is_the_lowest_rate_that_the_mark_allows(published: Published) -> None:
    bounded = [row for row in published.rows if row.reviewed.text.startswith("≥")]
    assert bounded
    for row in bounded:
        whole = row.cells["in_scope"].value
        assert whole is not None
        assert row.reviewed.value == pytest.approx(100 * (whole - 4) / whole, abs=0.0051)


def test_what_readers_need_most_stays_visible(published: Published) -> None:
    """Suppression must not eat the table: the scope and the ranking figure stand in nearly every row."""
    assert sum(row.clean.value is None for row in published.rows) <= 2
    assert not any(cell.hidden for cell in published.province.cells.values())


def test_units_stand_by_rank_and_the_bucket_last(published: Published) -> None:
    ranks = [int(row.rank) for row in published.rows if row.rank.isdigit()]
    assert ranks == sorted(ranks)
    assert len(ranks) > 100
    assert all(row.rank.isdigit() for row in published.rows[: len(ranks)])
    assert published.rows[-1].code == "TINH"
    assert published.rows[-1].note


def test_a_hidden_rate_hides_rank_and_change_and_loses_its_place() -> None:
    data = report_data()
    best = min((row for row in data.rows if row.rank), key=lambda row: row.rank or 0)
    size = best.counts.in_scope
    blank = dict.fromkeys(OUTCOMES, 0)
    counts = replace(best.counts, **{**blank, "matching": size - 3, "missing": 3}, with_status=size - 3)
    changed = replace(best, counts=counts)
    totals = {n: getattr(data.totals, n) - getattr(best.counts, n) + getattr(counts, n) for n in asdict(counts)}
    rows = tuple(changed if row is best else row for row in data.rows)
    published = Published(replace(data, rows=rows, totals=CampaignCounts(**totals), classes=()))
    row = next(row for row in published.rows if row.code == best.unit.code)
    assert row.clean.value is None or row.clean.text.startswith("≥")
    assert (row.rank, row.change) == ("*", "*")
    assert published.rows.index(row) > 100


def _wrong_outcomes(data: ReportData) -> ReportData:
    first = data.rows[0]
    return replace(
        data, rows=(replace(first, counts=replace(first.counts, missing=first.counts.missing + 1)), *data.rows[1:])
    )


def _wrong_total(data: ReportData) -> ReportData:
    return replace(data, totals=replace(data.totals, reviewed=data.totals.reviewed - 1))


@pytest.mark.parametrize(("spoil", "named"), [(_wrong_outcomes, "16681"), (_wrong_total, "reviewed")])
def test_results_that_do_not_add_up_are_refused(
    data: ReportData, spoil: Callable[[ReportData], ReportData], named: str
) -> None:
    with pytest.raises(BalanceError, match=named):
        Published(spoil(data))


def rule_row(data: ReportData, **changes: object) -> RuleRow:
    return replace(data.rules[0], **changes)  # type: ignore[arg-type]


def test_a_rule_with_few_failures_shows_neither_them_nor_what_gives_them_away(data: ReportData) -> None:
    row = rule_row(
        data, passed=900, failed=3, undecided=20, not_applicable=0, mended=0,
        records_failed_by_unit=(("16681", 3, 503), ("16690", 0, 400)),
    )  # fmt: skip
    rule = Published(replace(data, rules=(row,))).rules[0]
    assert rule.cells["failed"].text == "<5"
    assert rule.cells["remaining"].hidden
    assert rule.failing.value is None
    shown = [rule.cells[n].value for n in ("passed", "undecided", "not_applicable")]
    assert sum(value is None for value in shown) >= 1, "923 records are known from the register's balance"
    assert dict(rule.by_unit)["16690"].text == "0,00%"
    assert dict(rule.by_unit)["16681"].text == "*"


def test_the_worst_rules_are_those_with_most_left_to_do(data: ReportData, published: Published) -> None:
    left = [rule.row.failed - rule.row.mended for rule in published.worst_rules]
    assert left == sorted(left, reverse=True)
    assert len(left) == 5
    assert left[-1] >= max(
        r.failed - r.mended
        for r in data.rules
        if r.severity != "info" and r.rule_id not in {rule.row.rule_id for rule in published.worst_rules}
    )
    assert all(rule.row.answer != "auto" for rule in published.worst_rules)


def test_a_dimension_nearly_without_fault_gives_a_bound(data: ReportData) -> None:
    one = replace(data.dimensions[0], unit_code="16681", clean=Share(198, 200))
    found = Published(replace(data, dimensions=(one,))).dimensions("16681")[one.dimension]
    assert (found.text, found.numerator.text, found.denominator.text) == ("≥ 98,00%", "*", "200")


def test_a_rule_that_counts_an_outcome_is_hidden_where_the_outcome_is(data: ReportData, published: Published) -> None:
    hidden = {row.unit.code for row in published.rows if row.unit and any(row.cells[o].hidden for o in OUTCOMES)}
    shown = {row.unit.code for row in published.rows if row.unit} - hidden
    assert hidden
    assert shown
    for rule in published.rules:
        if rule.row.rule_id in data.outcome_rules:
            cells = {code: found.numerator for code, found in rule.by_unit}
            assert all(cells[code].value is None and cells[code].text == "*" for code in hidden if code in cells)
            assert any(cells[code].value is not None for code in shown if code in cells)
