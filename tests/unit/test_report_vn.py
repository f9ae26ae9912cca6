"""Numbers, percentages and dates as Vietnamese reports write them, and reading them back."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sosach.report.model import Share
from sosach.report.vn import diem, khoang, ngay, ngay_chu, percent, read_so, read_ty_le, so, so2, ty_le


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (7, "7"), (999, "999"), (1000, "1.000"), (1234567, "1.234.567"), (-1500, "-1.500")]
)
def test_thousands_are_set_apart_by_dots(value: int, text: str) -> None:
    assert so(value) == text


def test_counts_below_ten_get_a_leading_zero_in_text() -> None:
    assert [so2(n) for n in (0, 2, 9, 10, 1200)] == ["00", "02", "09", "10", "1.200"]


@pytest.mark.parametrize(
    ("numerator", "denominator", "text"),
    [(9557, 10000, "95,57%"), (1, 3, "33,33%"), (2, 3, "66,67%"), (5, 5, "100,00%"), (0, 9, "0,00%"), (0, 0, "–")],
)
def test_a_percentage_has_a_comma_and_two_decimals(numerator: int, denominator: int, text: str) -> None:
    assert ty_le(Share(numerator, denominator)) == text


# Newcombe 1998, Statistics in Medicine 17, table I, method 3.
@pytest.mark.parametrize(
    ("numerator", "denominator", "text"), [(81, 263, "25,53–36,62%"), (0, 20, "0,00–16,11%"), (0, 0, "–")]
)
def test_an_interval_is_wilsons(numerator: int, denominator: int, text: str) -> None:
    assert khoang(Share(numerator, denominator)) == text


def test_halves_are_rounded_up_and_not_to_even() -> None:
    assert percent(Share(1, 800)) == Decimal("0.13")  # 0,125
    assert percent(Share(3, 800)) == Decimal("0.38")  # 0,375


def test_a_wrong_percentage_once_printed_in_a_source_is_not_what_we_print() -> None:
    assert ty_le(Share(128045, 1439411)) == "8,90%"  # printed there as 7,84%


def test_change_is_the_difference_of_the_two_printed_percentages() -> None:
    now, before = Share(2, 3), Share(1, 3)
    assert diem(now, before) == "+33,34"  # 66,67 - 33,33 as a reader with a pencil finds it
    assert diem(before, now) == "-33,34"
    assert diem(now, now) == "0,00"
    assert diem(now, Share(0, 0)) == "–"


def test_dates() -> None:
    assert ngay(date(2026, 1, 5)) == "05/01/2026"
    assert ngay_chu(date(2026, 1, 5)) == "ngày 05 tháng 01 năm 2026"
    assert ngay_chu(date(2025, 9, 15)) == "ngày 15 tháng 9 năm 2025"


@given(st.integers(min_value=0, max_value=10**9))
def test_a_printed_count_reads_back(value: int) -> None:
    assert read_so(so(value)) == value


@given(st.integers(min_value=0, max_value=10**6), st.integers(min_value=1, max_value=10**6))
def test_a_printed_percentage_reads_back(numerator: int, denominator: int) -> None:
    assert read_ty_le(ty_le(Share(numerator, denominator))) == (percent(Share(numerator, denominator)), 2)


@pytest.mark.parametrize("text", ["", "12.34", "1,5", "*", "<5", "1.2345", "năm"])
def test_what_is_no_count_reads_as_none(text: str) -> None:
    assert read_so(text) is None
