"""Shares and their intervals against published and hand-worked numbers."""

import pytest

from sosach.evaluate.statistics import Share
from sosach.statistics import wilson


# Newcombe 1998, Statistics in Medicine 17, table I, method 3 (score without continuity correction).
@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_of_the_opposite_is_the_mirror() -> None:
    low, high = wilson(3, 17)
    assert wilson(14, 17) == pytest.approx((1 - high, 1 - low))
    assert wilson(20, 20)[1] == 1.0


@pytest.mark.parametrize(("part", "whole"), [(1, 0), (-1, 5), (6, 5)])
def test_what_is_no_share_is_refused(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match=f"{part} of {whole}"):
        wilson(part, whole)


def test_a_share_of_nothing_has_no_value() -> None:
    assert Share(0, 0).as_json() == {"part": 0, "whole": 0, "value": None, "low": None, "high": None}
    assert Share(1, 4).as_json()["value"] == 0.25
