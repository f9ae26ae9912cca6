"""Figures of a double review: known values, and intervals that cover the truth as often as they say."""

import random
from collections import Counter

import pytest

from sosach.link.review_sample import LINKED, allocate
from sosach.link.review_score import (
    Accuracy,
    Slips,
    Stratum,
    accuracy,
    agreement,
    common_slips,
    limits,
    needed,
)

# Pairs of each stratum, and how many of them are of one person.
WORLD = {
    "pin": (150_000, 149_950),
    "exact_keys": (40_000, 39_700),
    "linked_near": (2_000, 1_900),
    "review_upper": (1_500, 900),
    "review_lower": (1_500, 200),
    "refused_near": (3_000, 60),
    "refused_far": (60_000, 60),
}
GIVEN = allocate({name: n for name, (n, _) in WORLD.items()}, 500)


def reviewed(seed: int, errors: tuple[float, float], corrected: bool = True) -> Accuracy:
    """A draw of the world, judged by two who err at random, their disputes settled rightly."""
    rng = random.Random(seed)
    agreed: Counter[bool] = Counter()
    settled: Counter[tuple[bool, bool]] = Counter()
    strata = []
    for name, (n, true) in WORLD.items():
        finals = []
        for place in rng.sample(range(n), GIVEN[name]):
            truth = place < true
            a, b = (truth ^ (rng.random() < error) for error in errors)
            finals.append(a if a == b else truth)
            if a == b:
                agreed[a] += 1
            else:
                settled[truth, a is not truth] += 1
        strata.append(Stratum(name, name in LINKED, n, sum(finals), len(finals) - sum(finals)))
    return accuracy(strata, common_slips(agreed, settled) if corrected else None)


def test_intervals_cover_the_true_figures_about_nineteen_times_of_twenty() -> None:
    linked = [WORLD[name] for name in WORLD if name in LINKED]
    found = sum(true for _, true in linked)
    precision, recall = found / sum(n for n, _ in linked), found / sum(true for _, true in WORLD.values())
    draws = [reviewed(seed, (0.03, 0.05)) for seed in range(200)]
    assert sum(d.precision.low <= precision <= d.precision.high for d in draws) >= 184
    assert sum(d.recall.low <= recall <= d.recall.high for d in draws) >= 184
    assert max(d.precision.width for d in draws) < 0.06
    middle = sum(d.precision.value or 0 for d in draws) / len(draws)
    assert middle == pytest.approx(precision, abs=0.0008)
    raw = [reviewed(seed, (0.03, 0.05), corrected=False) for seed in range(200)]
    assert precision - sum(d.precision.value or 0 for d in raw) / len(raw) > 0.001, "what both get wrong shows"


def test_a_stratum_has_exact_limits_and_none_when_all_of_it_was_seen() -> None:
    assert limits(5, 20, 10**9) == pytest.approx((0.08657, 0.49105), abs=1e-5)  # Clopper and Pearson
    assert limits(0, 130, 10**9) == pytest.approx((0, 1 - 0.025 ** (1 / 130)))
    assert limits(130, 130, 10**9) == pytest.approx((0.025 ** (1 / 130), 1))
    assert limits(3, 12, 12) == pytest.approx((0.25, 0.25))
    assert limits(0, 0, 12) == (0, 1)
    low, high = limits(5, 20, 40)
    assert 0.08657 < low < 0.25 < high < 0.49105


def test_kappa_of_known_tables() -> None:
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    told = agreement(pairs)
    assert (told.answered, told.same) == (50, 35)
    assert told.kappa.value == pytest.approx(0.4)
    assert told.kappa.low == pytest.approx(0.4 - 1.96 * 0.12697, abs=1e-3)
    assert agreement([("y", "y")] * 9).kappa.value is None
    assert agreement([("y", "n"), ("n", "y")] * 9).kappa.value == pytest.approx(-1)


def test_unsettled_pairs_widen_the_interval_both_ways() -> None:
    sure = accuracy([Stratum("pin", True, 1000, 90, 10), Stratum("refused_far", False, 1000, 5, 95)])
    unsure = accuracy([Stratum("pin", True, 1000, 85, 5, 10), Stratum("refused_far", False, 1000, 2, 92, 6)])
    assert unsure.precision.low < sure.precision.low
    assert unsure.precision.high > sure.precision.high
    assert unsure.recall.width > sure.recall.width
    assert unsure.precision.value == pytest.approx(85 / 90)


def test_slips_of_both_follow_from_the_slips_of_each() -> None:
    slips = common_slips({True: 95, False: 190}, {(True, True): 5, (True, False): 5, (False, True): 10})
    assert slips.missed == pytest.approx(0.05 * 0.05)
    assert slips.missed_error == pytest.approx(0.0025 * (1 / 5 + 1 / 5) ** 0.5)
    assert (slips.false, slips.false_error) == (0, 0)
    told = accuracy([Stratum("pin", True, 1000, 90, 10)], Slips(missed=0.01))
    assert told.precision.value == pytest.approx(0.9 / 0.99)


def test_an_empty_side_says_nothing_instead_of_failing() -> None:
    nothing = accuracy([Stratum("refused_far", False, 100, 0, 10)])
    assert (nothing.precision.value, nothing.precision.width) == (None, 1)
    assert nothing.recall.low == 0
    assert accuracy([Stratum("pin", True, 100, 10, 0)]).recall.value == 1


def test_what_is_still_needed_makes_the_interval_narrow_enough() -> None:
    strata = [Stratum("pin", True, 50_000, 58, 2), Stratum("refused_near", False, 4_000, 3, 27)]
    before = accuracy(strata)
    width = 0.04
    assert max(before.precision.width, before.recall.width) > width
    more = needed(strata, width)
    grown = [
        Stratum(s.name, s.linked, s.population, *(round(x * (s.answered + more[s.name]) / s.answered) for x in known))
        for s, known in zip(strata, [(58, 2), (3, 27)], strict=True)
    ]
    after = accuracy(grown)
    assert max(after.precision.width, after.recall.width) < width
    assert sum(more.values()) < 3_000
    assert all(n <= s.population - s.answered for n, s in zip(needed(strata, 1e-6).values(), strata, strict=True))
