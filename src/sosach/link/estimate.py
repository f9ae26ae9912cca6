"""Estimates the parameters of a linkage from counted patterns of agreement. Holds arithmetic only, no SQL.

m comes from expectation maximisation with u fixed, over all training blocks at once: m is shared, each block has a
share of true pairs of its own (Fellegi and Sunter 1969; Winkler 1988). Patterns are whole counts in a fixed order, so
the same pairs give the same parameters on any number of threads. Splink's own EM adds fractions in the order in which
threads deliver them, takes the median over blocks, and only warns where a level was not seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sosach.link.config import Comparison, LinkConfig

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DECLARED, TRAINED = "declared", "trained"
MIN_MATCHES = 20.0
"""Expected true pairs that a comparison must be seen with, or its declared m stays."""
MIN_SEEN = 0.5
"""Expected pairs below which a level counts as not seen."""
RULE_OF_THREE = 3.0
"""What was not seen in n pairs has a share of at most 3/n (95%; Hanley and Lippman-Hand 1983)."""
MAX_ROUNDS, CONVERGED, START_SHARE, DIGITS = 500, 1e-7, 0.1, 9


@dataclass(frozen=True)
class Parameter:
    """m and u of one level; ``m_from`` and ``u_from`` are ``declared`` or ``trained``."""

    gamma: int
    m: float
    u: float
    m_from: str
    u_from: str


Parameters = Mapping[str, tuple[Parameter, ...]]
"""Of each comparison its levels, strongest first."""


@dataclass(frozen=True)
class Patterns:
    """How often which gammas stood together; a column a comparison, in the config's order, -1 where it says nothing."""

    gammas: Ints
    counts: Floats


def declared(config: LinkConfig) -> dict[str, tuple[Parameter, ...]]:
    """The parameters of an untrained model."""
    return {
        c.name: tuple(Parameter(g, level.m or 0.0, level.u or 0.0, DECLARED, DECLARED) for g, level in c.graded)
        for c in config.comparisons
    }


def estimate_u(config: LinkConfig, random_pairs: Patterns) -> dict[str, tuple[Parameter, ...]]:
    """Declared m, and u as random pairs show it; see :func:`_shares` for a level that none of them has."""
    result = {}
    for i, comparison in enumerate(config.comparisons):
        seen = _per_gamma(random_pairs.gammas[:, i], random_pairs.counts, comparison)
        shares = _shares([level.u or 0.0 for _, level in comparison.graded], _fixed(comparison), seen)
        result[comparison.name] = tuple(
            replace(p, u=share, u_from=origin)
            for p, (share, origin) in zip(declared(config)[comparison.name], shares, strict=True)
        )
    return result


def estimate_m(
    config: LinkConfig, start: Parameters, blocks: Sequence[Patterns]
) -> tuple[dict[str, tuple[Parameter, ...]], tuple[float, ...], tuple[str, ...]]:
    """Expectation maximisation of m.

    Args:
        config: the linkage.
        start: u as estimated, m as declared.
        blocks: patterns of each training block; a comparison that the block decides is -1 throughout.

    Returns:
        The parameters with m; the share of true pairs of each block; what could not be learnt and why, in English.
    """
    current = dict(start)
    shares = tuple(START_SHARE for _ in blocks)
    seen = {c.name: np.zeros(len(c.graded)) for c in config.comparisons}
    for _ in range(MAX_ROUNDS):
        true_pairs = [b.counts * _probability(config, current, b, s) for b, s in zip(blocks, shares, strict=True)]
        shares = tuple(
            min(max(float(t.sum() / max(b.counts.sum(), 1)), 1e-12), 1 - 1e-12)
            for t, b in zip(true_pairs, blocks, strict=True)
        )
        for i, c in enumerate(config.comparisons):
            seen[c.name] = sum(
                (_per_gamma(b.gammas[:, i], t, c) for b, t in zip(blocks, true_pairs, strict=True)),
                start=np.zeros(len(c.graded)),
            )
        before, current = current, {c.name: _smoothed(start[c.name], seen[c.name]) for c in config.comparisons}
        if _largest_change(before, current) < CONVERGED:
            break
    learnt = {c.name: _with_m(c, start[c.name], seen[c.name]) for c in config.comparisons}
    return _guarded(config, learnt, start), shares, _notes(config, learnt, seen)


def without_true_pairs(config: LinkConfig, parameters: Parameters, random_pairs: Patterns, prior: float) -> Patterns:
    """Random pairs less those that are expected to be true: in a small table they would make rare agreement common."""
    false = 1 - _probability(config, parameters, random_pairs, prior)
    return replace(random_pairs, counts=random_pairs.counts * false)


def _probability(config: LinkConfig, parameters: Parameters, block: Patterns, share: float) -> Floats:
    """Of each pattern the probability that its pairs are true."""
    log_odds = np.full(len(block.counts), np.log(share) - np.log1p(-share))
    for i, comparison in enumerate(config.comparisons):
        # The last entry serves gamma -1.
        weights = np.zeros(len(comparison.graded) + 1)
        for p in parameters[comparison.name]:
            weights[p.gamma] = np.log(p.m) - np.log(p.u)
        log_odds += weights[block.gammas[:, i]]
    result: Floats = 1 / (1 + np.exp(-np.clip(log_odds, -700, 700)))
    return result


def _per_gamma(gammas: Ints, weights: Floats, comparison: Comparison) -> Floats:
    """Summed weights of each level, strongest first; gamma -1 is left out."""
    graded = gammas >= 0
    summed = np.bincount(gammas[graded], weights=weights[graded], minlength=len(comparison.graded))
    return summed[::-1].astype(np.float64)


def _fixed(comparison: Comparison) -> list[bool]:
    return [level.fixed for _, level in comparison.graded]


def _shares(declared_shares: Sequence[float], fixed: Sequence[bool], seen: Floats) -> list[tuple[float, str]]:
    """Share and origin of each level.

    A level that was not seen keeps its declared share, as far as the rule of three allows that; a fixed one keeps it in
    any case. What is left is shared as the data has it. Nothing seen at all: everything as declared.
    """
    total = float(seen.sum())
    if total < MIN_SEEN:
        return [(share, DECLARED) for share in declared_shares]
    kept = {
        i: share if is_fixed else min(share, RULE_OF_THREE / total)
        for i, (share, is_fixed) in enumerate(zip(declared_shares, fixed, strict=True))
        if is_fixed or seen[i] < MIN_SEEN
    }
    left, seen_left = 1 - sum(kept.values()), float(sum(seen[i] for i in range(len(seen)) if i not in kept))
    return [
        (kept[i], DECLARED) if i in kept else (left * float(seen[i]) / seen_left, TRAINED) for i in range(len(seen))
    ]


def _smoothed(start: tuple[Parameter, ...], seen: Floats) -> tuple[Parameter, ...]:
    """m on the way: as seen, with one declared pair added, so that it moves without jumps and none becomes 0."""
    return tuple(replace(p, m=(float(n) + p.m) / (float(seen.sum()) + 1)) for p, n in zip(start, seen, strict=True))


def _with_m(comparison: Comparison, start: tuple[Parameter, ...], seen: Floats) -> tuple[Parameter, ...]:
    """The levels with m from the expected true pairs; with too few of them as at the start."""
    if seen.sum() < MIN_MATCHES:
        return start
    shares = _shares([level.m or 0.0 for _, level in comparison.graded], _fixed(comparison), seen)
    return tuple(replace(p, m=share, m_from=origin) for p, (share, origin) in zip(start, shares, strict=True))


def _largest_change(before: Parameters, after: Parameters) -> float:
    return max(abs(a.m - b.m) for name in before for a, b in zip(before[name], after[name], strict=True))


def _is_degenerate(levels: tuple[Parameter, ...]) -> bool:
    """Whether full agreement speaks against a pair, or full disagreement for it."""
    return levels[0].m < levels[0].u or levels[-1].m > levels[-1].u


def _guarded(config: LinkConfig, trained: Parameters, start: Parameters) -> dict[str, tuple[Parameter, ...]]:
    """Parameters without nonsense: a comparison that degenerated has its declared m again, and where even that speaks
    the wrong way round (all names equal), full agreement and full disagreement say nothing."""
    result = {}
    for comparison in config.comparisons:
        levels = trained[comparison.name]
        if _is_degenerate(levels) and not any(_fixed(comparison)):
            levels = start[comparison.name]
        first, last = levels[0], levels[-1]
        first = replace(first, m=max(first.m, first.u))
        last = replace(last, m=min(last.m, last.u))
        result[comparison.name] = tuple(_rounded(p) for p in (first, *levels[1:-1], last))
    return result


def _rounded(p: Parameter) -> Parameter:
    return replace(p, m=float(f"{p.m:.{DIGITS}g}"), u=float(f"{p.u:.{DIGITS}g}"))


def _notes(config: LinkConfig, trained: Parameters, seen: Mapping[str, Floats]) -> tuple[str, ...]:
    notes = []
    for comparison in config.comparisons:
        name, levels = comparison.name, trained[comparison.name]
        if seen[name].sum() < MIN_MATCHES:
            notes.append(f"{name}: too few true pairs to learn m from; m as declared")
        elif _is_degenerate(levels):
            notes.append(f"{name}: training turned it round (agreement rarer among true pairs); m as declared")
        notes += [
            f"{name}={p.gamma}: {what} was not seen and is as declared"
            for p, (_, level) in zip(levels, comparison.graded, strict=True)
            for what, origin in (("m", p.m_from), ("u", p.u_from))
            if origin == DECLARED and not level.fixed and seen[name].sum() >= MIN_MATCHES
        ]
    return tuple(notes)
