"""What ``sosach review`` prints: counts, figures and references, never a cell of a record."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sosach.link.review import Score
from sosach.link.review_sample import STRATA, ReviewKey
from sosach.link.review_score import Interval

_BLIND_SPOT = (
    "Recall is that of the pairs that the run kept, the best candidates of each record. Two records of one person that "
    "share no blocking key were never a pair, and worse candidates are not kept: no reviewer can find those. "
    "`sosach evaluate` counts them on synthetic data."
)


def draw_lines(key: ReviewKey, out: Path) -> Iterator[str]:
    """How the sample is shared out, and where the workbooks are."""
    drawn = [pair.stratum for pair in key.pairs]
    yield f"{'stratum':<18}{'pairs in run':>14}{'drawn':>8}  what"
    for name, n in key.population.items():
        yield f"{name:<18}{n:>14,}{drawn.count(name):>8,}  {STRATA[name][0]}"
    yield f"{out}: A.xlsx and B.xlsx, {len(key.pairs):,} pairs each (personal data)"


def score_lines(score: Score, width: float) -> Iterator[str]:
    """The figures as a table, what is in dispute, what is still needed, and what cannot be seen."""
    told, found = score.agreement, score.accuracy
    yield f"{'stratum':<18}{'pairs in run':>14}{'same':>7}{'differ':>8}{'open':>6}"
    for s in score.strata:
        yield f"{s.name:<18}{s.population:>14,}{s.same:>7,}{s.different:>8,}{s.open:>6,}"
    yield f"answered by both: {told.answered:,}, by one or none: {score.waiting:,}"
    yield f"agreement: {told.same:,} of {told.answered:,}, kappa {_figure(told.kappa, 1, '')}"
    yield f"precision: {_figure(found.precision)}"
    yield f"recall:    {_figure(found.recall)}"
    slips = found.slips
    yield (
        f"Corrected for pairs that both got wrong: {100 * slips.missed:.2f}% of one person, "
        f"{100 * slips.false:.2f}% of two (from settled disputes; slips taken as independent, the third as right)."
    )
    if any(s.open for s in score.strata):
        yield "Pairs in dispute or undecided count the worse way in the lower limits, the better in the upper."
    yield "Weighted by stratum; limits: Clopper-Pearson, put together by recovered variances (95%)."
    yield _BLIND_SPOT
    for pair in score.disputed:
        second = pair.subject_record_id or f"{pair.other_record_id} {pair.other_role}"
        yield f"in dispute: {pair.pair_id}  {pair.register} {pair.record_id} {pair.role} | {second}"
    if score.more:
        asked = " ".join(f"--stratum {name}={n}" for name, n in score.more.items() if n)
        yield f"Not yet within {width:g}. Draw more with another seed: {asked or 'settle the pairs in dispute first'}"
    else:
        yield f"Both intervals are within {width:g}: enough."


def score_json(score: Score) -> dict[str, Any]:
    """The same for machines; references only."""
    told = asdict(score)
    told["disputed"] = [{"pair_id": pair.pair_id, **asdict(pair)} for pair in score.disputed]
    told["blind_spot"] = _BLIND_SPOT
    return told


def _figure(found: Interval, factor: int = 100, sign: str = "%") -> str:
    """Value and limits."""
    value = "–" if found.value is None else f"{factor * found.value:.2f}{sign}"
    return f"{value} ({factor * found.low:.2f} to {factor * found.high:.2f}{sign})"
