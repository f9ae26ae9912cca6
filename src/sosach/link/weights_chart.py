"""Pictures of a linkage for the engineer: the weights of a model, and how the weights of one pair add up.

Holds drawing only. The same model, or the same pair, gives the same bytes. Weights are log2 of odds; a pair is a link
where its sum reaches the link weight.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sosach.link.engine import Model
from sosach.link.estimate import DECLARED
from sosach.link.explain import BEFORE, DIFFERENT, SAYS_NOTHING, Explanation, prior_weight, signed, weight_of
from sosach.report.charts import BLUE, GREY, GRID, INK, MUTED, RED, STYLE

ROW, DPI = 0.32, 130
SHADE = "#f3f6f8"
PLATE = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}


@dataclass(frozen=True)
class _Row:
    """One line of the model's picture: a level."""

    label: str
    weight: float
    m: float
    u: float
    is_declared: bool
    has_terms: bool


def draw_model(model: Model) -> bytes:
    """A bar for each level of each comparison, with m and u; hatched where a parameter is declared, not learnt.

    Returns:
        A PNG picture.
    """
    groups = [(c.field_vi, _rows(model, c.name)) for c in model.config.comparisons]
    n = sum(len(rows) for _, rows in groups)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(15, ROW * (n + len(groups) + 1) + 1.7), layout="constrained")
        axes = figure.add_subplot()
        drawn = [row.weight for _, rows in groups for row in rows] + [prior_weight(model)]
        low, high = min(drawn), max(drawn)
        span = high - low
        _prior_row(axes, prior_weight(model), model, span)
        y, ticks, labels, headings = 1.5, [0.0], [BEFORE], [0]
        for i, (field, rows) in enumerate(groups):
            if i % 2 == 0:
                axes.axhspan(y - 0.75, y + len(rows) + 0.25, color=SHADE, zorder=0)
            ticks.append(y - 0.12)
            labels.append(field)
            headings.append(len(labels) - 1)
            for row in rows:
                y += 1
                _level_row(axes, y - 0.25, row, span)
                ticks.append(y - 0.25)
                labels.append(row.label)
            y += 1
        axes.set_yticks(ticks, labels)
        for i in headings:
            axes.get_yticklabels()[i].set_fontweight("bold")
        axes.set_xticks([x for x in axes.get_xticks() if low <= x <= high])
        axes.set_ylim(y - 0.4, -0.9)
        axes.set_xlim(low - 0.03 * span, high + 0.25 * span)
        axes.axvline(0, color=MUTED, linewidth=0.8)
        axes.set_xlabel("trọng số (log2 của tỉ số m/u)\ngạch chéo: có m hoặc u đặt sẵn, không học được từ dữ liệu")
        figure.suptitle(
            f"Trọng số của mô hình liên kết {model.config.name} (học từ {model.trained_on})", weight="bold", color=INK
        )
        _finish(axes)
        return _png(figure)


def _rows(model: Model, comparison: str) -> list[_Row]:
    levels = next(c for c in model.config.comparisons if c.name == comparison).graded
    return [
        _Row(
            label=level.words_vi if level.agrees else DIFFERENT + level.words_vi,
            weight=weight_of(p),
            m=p.m,
            u=p.u,
            is_declared=DECLARED in (p.m_from, p.u_from),
            has_terms=level.tf_column is not None,
        )
        for p, (_, level) in zip(model.parameters[comparison], levels, strict=True)
    ]


def _prior_row(axes: Axes, weight: float, model: Model, span: float) -> None:
    axes.barh([0], [weight], color=GREY, height=0.62, zorder=2)
    axes.text(
        0.01 * span,
        0,
        f"{signed(weight)}   một trong {_grouped(1 / model.prior)} cặp là cùng một người",
        va="center",
        color=INK,
        fontsize=9,
    )


def _level_row(axes: Axes, y: float, row: _Row, span: float) -> None:
    color = BLUE if row.weight >= 0 else RED
    axes.barh(
        [y],
        [row.weight],
        color=color,
        height=0.62,
        zorder=2,
        alpha=0.55 if row.is_declared else 1,
        hatch="///" if row.is_declared else None,
        edgecolor="white" if row.is_declared else color,
    )
    beside = max(row.weight, 0) + 0.01 * span
    tail = " (± tần suất)" if row.has_terms else ""
    axes.text(beside, y, f"{signed(row.weight)}{tail}", va="center", color=INK, fontsize=9)
    beyond = axes.get_yaxis_transform()  # x in parts of the width, y in rows
    axes.text(1.01, y, f"m {_share(row.m)}", va="center", color=MUTED, fontsize=9, transform=beyond)
    axes.text(1.115, y, f"u {_share(row.u)}", va="center", color=MUTED, fontsize=9, transform=beyond)


def draw_pair(explanation: Explanation, link_weight: float, review_weight: float) -> bytes:
    """How a pair's weight builds up: from the prior, a step a comparison that says something, to the sum.

    Returns:
        A PNG picture.
    """
    steps = [(BEFORE, "", explanation.prior)]
    steps += [(p.field_vi, p.words_vi, p.weight) for p in explanation.parts if p.state != SAYS_NOTHING]
    ends = _running([weight for _, _, weight in steps])
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(11, ROW * 1.25 * (len(steps) + 1) + 1.9), layout="constrained")
        axes = figure.add_subplot()
        low = min(0.0, *ends, review_weight)
        high = max(0.0, *ends, link_weight)
        span = high - low
        for y, ((_, words, weight), end) in enumerate(zip(steps, ends, strict=True)):
            begin = end - weight
            color = GREY if y == 0 else BLUE if weight >= 0 else RED
            axes.barh([y], [weight], left=[begin], color=color, height=0.6, zorder=2)
            axes.plot([end, end], [y, y + 1], color=MUTED, linewidth=0.8, zorder=1)
            said = f"{signed(weight)}  {words}".rstrip()
            axes.text(max(begin, end) + 0.012 * span, y, said, va="center", color=INK, fontsize=9.5, bbox=PLATE)
        total = len(steps)
        axes.barh([total], [explanation.weight], color=INK, height=0.6, zorder=2)
        axes.text(
            max(explanation.weight, 0) + 0.012 * span, total, signed(explanation.weight), va="center", weight="bold"
        )
        alone = link_weight == review_weight
        for weight, words in _thresholds(link_weight, review_weight):
            axes.axvline(weight, color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)), zorder=0.5)
            side = "center" if alone else "right" if weight == review_weight else "left"
            axes.text(weight, -0.75, words, ha=side, va="bottom", color=MUTED, fontsize=9)
        axes.axvline(0, color=GRID, linewidth=0.8, zorder=0)
        axes.set_yticks(range(total + 1), [*(field for field, _, _ in steps), "tổng"])
        axes.set_ylim(total + 0.6, -0.75)
        axes.set_xlim(low - 0.03 * span, high + 0.45 * span)
        axes.set_xlabel("trọng số cộng dồn (log2 của tỉ lệ cược)")
        figure.suptitle(explanation.sentence, color=INK, fontsize=11, wrap=True)
        _finish(axes)
        return _png(figure)


def _thresholds(link_weight: float, review_weight: float) -> list[tuple[float, str]]:
    if link_weight == review_weight:
        return [(link_weight, f"liên kết từ {signed(link_weight)}")]
    return [(review_weight, f"xem lại từ {signed(review_weight)}"), (link_weight, f"liên kết từ {signed(link_weight)}")]


def _running(weights: Sequence[float]) -> list[float]:
    sums, so_far = [], 0.0
    for weight in weights:
        so_far += weight
        sums.append(so_far)
    return sums


def _share(share: float) -> str:
    if share < 0.0001:
        return f"1/{_grouped(1 / share)}"
    return f"{100 * share:.2f}%".replace(".", ",")


def _grouped(number: float) -> str:
    return f"{number:,.0f}".replace(",", ".")


def _finish(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()
