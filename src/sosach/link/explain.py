"""Why a pair is a link, a case for review or refused: Vietnamese words, and weights in log2 of odds.

Holds the words only; the weights come with the scored pair. Finding a record's pairs in a run is in ``explain_run``,
pictures are in ``weights_chart``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2
from typing import Any

from sosach.duck import literal
from sosach.link.config import Comparison, LinkConfig
from sosach.link.engine import Model
from sosach.link.estimate import Parameter

LINKED, REVIEW, REFUSED = "linked", "review", "refused"
OPENINGS = {
    LINKED: "khớp vì ",
    REVIEW: "cần người xem: ",
    REFUSED: "không khớp, tuy ",
}
NOTHING = {
    LINKED: "khớp",
    REVIEW: "cần người xem: không có gì giống",
    REFUSED: "không khớp: không có gì giống",
}
DIFFERENT, MISSING = "khác: ", "không so được: "
AGREES, DIFFERS, SAYS_NOTHING = "giống", "khác", "thiếu"
NOT_COMPARED = "một bên không có"
BEFORE = "trước khi so"


@dataclass(frozen=True)
class Part:
    """What one comparison says of a pair: ``state`` is ``giống``, ``khác`` or ``thiếu``; ``weight`` may be negative."""

    comparison: str
    field_vi: str
    words_vi: str
    state: str
    weight: float


@dataclass(frozen=True)
class Explanation:
    """A pair in words and weights; ``prior`` and the weights of ``parts`` add up to ``weight``."""

    sentence: str
    parts: tuple[Part, ...]
    prior: float
    weight: float
    probability: float


def reason_sql(config: LinkConfig, decision: str = literal(LINKED)) -> str:
    """SQL over a scored table (``gamma_<c>``) for the sentence that an officer reads.

    Args:
        config: the linkage that was scored.
        decision: SQL for ``linked``, ``review`` or ``refused``.

    Returns:
        An expression such as gives ``khớp vì cùng ngày sinh, cùng tên mẹ; khác: dấu hỏi/ngã``.
    """
    agreeing = _listed(config, AGREES)
    opening = " ".join(f"WHEN {literal(d)} THEN {literal(words)}" for d, words in OPENINGS.items())
    nothing = " ".join(f"WHEN {literal(d)} THEN {literal(words)}" for d, words in NOTHING.items())
    return (
        f"concat_ws('; ', coalesce(CASE {decision} {opening} END || {agreeing}, CASE {decision} {nothing} END), "
        f"{literal(DIFFERENT)} || {_listed(config, DIFFERS)}, {literal(MISSING)} || {_listed(config, SAYS_NOTHING)})"
    )


def sentence(config: LinkConfig, gammas: Mapping[str, int], decision: str = LINKED) -> str:
    """The sentence of one pair, word for word as :func:`reason_sql` gives it."""
    said: dict[str, list[str]] = {AGREES: [], DIFFERS: [], SAYS_NOTHING: []}
    for comparison in config.comparisons:
        state, words = _said(comparison, gammas[comparison.name])
        said[state].append(words)
    opening = OPENINGS[decision] + ", ".join(said[AGREES]) if said[AGREES] else NOTHING[decision]
    rest = [
        words + ", ".join(said[state])
        for words, state in ((DIFFERENT, DIFFERS), (MISSING, SAYS_NOTHING))
        if said[state]
    ]
    return "; ".join([opening, *rest])


def explain_pair(model: Model, row: Mapping[str, Any], decision: str = LINKED) -> Explanation:
    """Words and weights of one scored pair.

    Args:
        model: with which it was scored.
        row: ``weight, probability`` and for each comparison ``gamma_<c>`` and ``weight_<c>``.
        decision: what was decided about it.
    """
    gammas = {c.name: int(row[f"gamma_{c.name}"]) for c in model.config.comparisons}
    parts = []
    for comparison in model.config.comparisons:
        state, words = _said(comparison, gammas[comparison.name])
        words = {AGREES: words, DIFFERS: DIFFERENT + words, SAYS_NOTHING: NOT_COMPARED}[state]
        weight = float(row[f"weight_{comparison.name}"])
        parts.append(Part(comparison.name, comparison.field_vi, words, state, weight))
    return Explanation(
        sentence=sentence(model.config, gammas, decision),
        parts=tuple(parts),
        prior=prior_weight(model),
        weight=float(row["weight"]),
        probability=float(row["probability"]),
    )


def prior_weight(model: Model) -> float:
    """log2 odds that two records drawn at random are one person's."""
    return log2(model.prior / (1 - model.prior))


def weight_of(p: Parameter) -> float:
    """log2 of m to u: what a level adds to a pair, before the frequency of its term."""
    return log2(p.m / p.u)


def explanation_lines(explanation: Explanation) -> list[str]:
    """The explanation as lines for a terminal: the sentence, a line a comparison that says something, and the sum."""
    said = [part for part in explanation.parts if part.state != SAYS_NOTHING]
    width = max(len(words) for words in (BEFORE, *(part.field_vi for part in said)))
    lines = [explanation.sentence, f"  {BEFORE:<{width}}  {signed(explanation.prior):>8}"]
    lines += [f"  {p.field_vi:<{width}}  {signed(p.weight):>8}  {p.words_vi}" for p in said]
    lines.append(f"  {'tổng':<{width}}  {signed(explanation.weight):>8}  xác suất {_percent(explanation.probability)}")
    return lines


def _said(comparison: Comparison, gamma: int) -> tuple[str, str]:
    """State and words of a comparison's level; of a missing value the field's name."""
    level = comparison.level(gamma)
    if level.is_null:
        return SAYS_NOTHING, comparison.field_vi
    return (AGREES if level.agrees else DIFFERS), level.words_vi


def _listed(config: LinkConfig, state: str) -> str:
    """SQL for the words of all comparisons in one state, joined by commas; NULL where there are none."""
    cases = []
    for comparison in config.comparisons:
        gammas = [-1, *(gamma for gamma, _ in comparison.graded)]
        said = ((gamma, *_said(comparison, gamma)) for gamma in gammas)
        whens = " ".join(f"WHEN {gamma} THEN {literal(words)}" for gamma, at, words in said if at == state)
        if whens:
            cases.append(f"CASE gamma_{comparison.name} {whens} END")
    return f"nullif(concat_ws(', ', {', '.join(cases)}), '')" if cases else "NULL"


def signed(weight: float) -> str:
    """A weight with its sign, one place, as Vietnamese writes numbers."""
    return f"{weight:+.1f}".replace(".", ",").replace("-", "−")


def _percent(share: float) -> str:
    """A probability that is never rounded to certainty."""
    if share > 0.99999:
        return "trên 99,999%"
    if share < 0.00001:
        return "dưới 0,001%"
    return f"{100 * share:.3f}%".replace(".", ",")
