"""What the answers of a blind double review say: agreement of the reviewers, precision and recall of the linkage.

Holds arithmetic only: answers in, figures with their intervals out.

* Agreement: Cohen's kappa (1960) with the large-sample variance of Fleiss, Cohen and Everitt (1969).
* Precision and recall: stratified estimates, each stratum weighted by its pairs in the run (Cochran 1977, chapter 5A).
  Limits of a stratum are exact (Clopper and Pearson 1934); those of sums are put together by the variance estimates
  recovered from them (Zou and Donner 2008), those of recall, a ratio of two independent sums, by Donner and Zou (2012).
  Strata in which no wrong pair was found thus still count as uncertain.
* Pairs that both reviewers got wrong cannot be seen one by one. How many they are follows from how often each alone was
  wrong among the disagreements that a third person settled, if their slips are independent given the truth
  (Hui and Walter 1980 rest on the same); the shares are corrected by it (Rogan and Gladen 1978).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, exp, fsum, inf, lgamma, log, log1p, sqrt

Z95 = 1.959963984540054  # two-sided 95% of the normal distribution


@dataclass(frozen=True)
class Interval:
    """A figure with its 95% limits; ``value`` is None where nothing bears on it."""

    value: float | None
    low: float
    high: float

    @property
    def width(self) -> float:
        """From limit to limit."""
        return self.high - self.low


@dataclass(frozen=True)
class Agreement:
    """How far two reviewers agree: ``kappa`` is None where chance alone would make them agree always."""

    answered: int
    same: int
    kappa: Interval


@dataclass(frozen=True)
class Stratum:
    """Final answers of one stratum: ``same`` and ``different`` persons, ``open`` not settled, of ``population``."""

    name: str
    linked: bool
    population: int
    same: int
    different: int
    open: int = 0

    @property
    def answered(self) -> int:
        """Pairs with an answer of both reviewers."""
        return self.same + self.different + self.open


@dataclass(frozen=True)
class Slips:
    """How often both reviewers err at once, and the standard error of that.

    ``missed``: of the pairs of one person, the share that both call two; ``false`` the other way round.
    """

    missed: float = 0.0
    missed_error: float = 0.0
    false: float = 0.0
    false_error: float = 0.0


@dataclass(frozen=True)
class Accuracy:
    """Precision and recall of the links within the candidate pairs, and the slips they were corrected by."""

    precision: Interval
    recall: Interval
    slips: Slips = field(default_factory=Slips)


@dataclass(frozen=True)
class _Sum:
    """A sum over strata with its limits; ``missed`` and ``false`` say how it moves with those slips."""

    value: float
    low: float
    high: float


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Cohen's kappa of two reviewers' answers to the same pairs, categories as they come."""
    n = len(pairs)
    cells = Counter(pairs)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    same = sum(count for (a, b), count in cells.items() if a == b)
    chance = sum(first[a] * second[a] for a in first) / n**2 if n else 1.0
    if chance >= 1:
        return Agreement(n, same, Interval(None, -1.0, 1.0))
    kappa = (same / n - chance) / (1 - chance)
    diagonal = sum(
        cells[a, a] / n * (1 - (first[a] + second[a]) / n * (1 - kappa)) ** 2 for a in first.keys() | second.keys()
    )
    beside = sum(count / n * ((second[a] + first[b]) / n) ** 2 for (a, b), count in cells.items() if a != b)
    variance = diagonal + (1 - kappa) ** 2 * beside - (kappa - chance * (1 - kappa)) ** 2
    half = Z95 * sqrt(max(variance, 0.0) / n) / (1 - chance)
    return Agreement(n, same, Interval(kappa, max(-1.0, kappa - half), min(1.0, kappa + half)))


def common_slips(agreed: Mapping[bool, int], settled: Mapping[tuple[bool, bool], int]) -> Slips:
    """How often both reviewers err at once, from how often each alone did.

    Args:
        agreed: pairs on which both agree, by the answer "one person".
        settled: disagreements that a third person settled, by that answer and by whether the first reviewer was wrong.
    """
    found = []
    for truth in (True, False):
        right, a, b = agreed.get(truth, 0), settled.get((truth, True), 0), settled.get((truth, False), 0)
        both = a / (a + right) * b / (b + right) if a and b else 0.0
        found += [both, both * sqrt(1 / a + 1 / b) if both else 0.0]
    return Slips(*found)


def limits(part: int, whole: int, population: int) -> tuple[float, float]:
    """Exact 95% limits of a share (Clopper and Pearson 1934), drawn nearer by the correction for a finite population.

    Wilson's limits are narrower and here too narrow: of ten thousand links one is wrong, and whoever happens to draw
    it would rule the truth out.
    """
    if not whole:
        return 0.0, 1.0
    share = part / whole
    nearer = sqrt((population - whole) / (population - 1)) if whole < population else 0.0
    low, high = 1 - _highest(whole - part, whole), _highest(part, whole)
    return share - (share - low) * nearer, share + (high - share) * nearer


@lru_cache(maxsize=4096)
def _highest(part: int, whole: int) -> float:
    """The share at which ``part`` or fewer of ``whole`` would be seen once in forty draws; 1 where all were seen."""
    if part == whole:
        return 1.0
    short = part < whole / 2  # the shorter tail is summed
    terms = range(part + 1) if short else range(part + 1, whole + 1)
    ways = [lgamma(whole + 1) - lgamma(k + 1) - lgamma(whole - k + 1) for k in terms]
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        tail = fsum(exp(w + k * log(middle) + (whole - k) * log1p(-middle)) for w, k in zip(ways, terms, strict=True))
        if (tail > 0.025) if short else (tail < 0.975):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def accuracy(strata: Sequence[Stratum], slips: Slips | None = None) -> Accuracy:
    """Precision and recall with 95% limits; pairs that are not settled count the worse way below, the better above.

    Recall is that of the pairs in the strata: what linkage never compared, or did not keep, stands in none of them.
    """
    slips = slips or Slips()
    linked, others = [s for s in strata if s.linked], [s for s in strata if not s.linked]
    whole = sum(s.population for s in linked)
    found = {value: _total(linked, slips, value) for value in (None, False, True)}
    lost = {value: _total(others, slips, value) for value in (None, False, True)}
    if not whole:
        precision = Interval(None, 0.0, 1.0)
    else:
        precision = Interval(found[None].value / whole, found[False].low / whole, found[True].high / whole)
    low = _part(found[False], lost[True]).low
    high = _part(found[True], lost[False]).high
    return Accuracy(precision, Interval(_part(found[None], lost[None]).value, low, high), slips)


def needed(strata: Sequence[Stratum], width: float) -> dict[str, int]:
    """How many more pairs each stratum needs so that both intervals are about as narrow as ``width`` (limit to limit).

    The optimal shares for each figure (Neyman 1934; Cochran 1977, 5.25), from what is known so far; shares are taken
    towards a half (Agresti and Coull 1998), since nobody knows what a few answers do not show. Draw, score, ask again.
    """
    goal = (width / (2 * Z95)) ** 2
    share = {s.name: (s.same + Z95**2 / 2) / (s.same + s.different + Z95**2) for s in strata}
    linked = sum(s.population for s in strata if s.linked) or 1
    found = sum(share[s.name] * s.population for s in strata if s.linked)
    lost = sum(share[s.name] * s.population for s in strata if not s.linked)
    by_figure = (
        {s.name: s.population / linked if s.linked else 0.0 for s in strata},
        {s.name: s.population * (lost if s.linked else found) / ((found + lost) ** 2 or 1) for s in strata},
    )
    more: dict[str, int] = {s.name: 0 for s in strata}
    for slope in by_figure:
        spread = {s.name: slope[s.name] * sqrt(share[s.name] * (1 - share[s.name])) for s in strata}
        total = sum(spread.values())
        below = goal + sum(spread[s.name] ** 2 / s.population for s in strata)
        for s in strata:
            want = min(s.population, ceil(spread[s.name] * total / below))
            more[s.name] = max(more[s.name], want - s.answered)
    return more


def _total(strata: Sequence[Stratum], slips: Slips, open_as: bool | None) -> _Sum:
    """Pairs of one person in all the strata; ``open_as`` says how unsettled pairs count, None leaves them out."""
    value = below = above = missed = false = 0.0
    for s in strata:
        whole = s.same + s.different + (s.open if open_as is not None else 0)
        part = s.same + (s.open if open_as else 0)
        ends = limits(part, whole, s.population)
        share, low, high = (_corrected(x, slips) for x in (part / whole if whole else 0.5, *ends))
        value += s.population * share
        below += (s.population * (share - low)) ** 2
        above += (s.population * (high - share)) ** 2
        missed += s.population * share
        false += s.population * (1 - share)
    moved = (Z95 * missed * slips.missed_error) ** 2 + (Z95 * false * slips.false_error) ** 2
    pairs = sum(s.population for s in strata)
    sums = value, value - sqrt(below + moved), value + sqrt(above + moved)
    return _Sum(*(min(float(pairs), max(0.0, end)) for end in sums))


def _corrected(share: float, slips: Slips) -> float:
    """The true share behind a share of answers on which both reviewers may have erred.

    May leave 0 to 1: cutting it here, stratum by stratum, would make the sum wrong on average.
    """
    return (share - slips.false) / (1 - slips.missed - slips.false)


def _part(found: _Sum, lost: _Sum) -> Interval:
    """found / (found + lost) with limits, from those of the two sums."""
    value = found.value / (found.value + lost.value) if found.value + lost.value else None
    product = found.value * lost.value
    upper = found.high * (2 * found.value - found.high)
    lower = found.low * (2 * found.value - found.low)
    root_low = sqrt(max(0.0, product**2 - lost.low * (2 * lost.value - lost.low) * upper))
    root_high = sqrt(max(0.0, product**2 - lost.high * (2 * lost.value - lost.high) * lower))
    least = (product - root_low) / upper if upper > 0 else 0.0
    most = (product + root_high) / lower if lower > 0 else inf
    return Interval(value, 1 / (1 + most), 1 / (1 + max(0.0, least)))
