"""The chart pictures of the province page, as SVG text.

Holds drawing only; takes numbers that may be printed (after suppression). The same numbers give the same bytes.
Labels are drawn as paths with the font that comes with matplotlib, so that every Vietnamese letter shows everywhere.
"""

import base64
import io
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sosach.report.vn import so

INK, MUTED, GRID = "#1d2b36", "#5b6b78", "#d9e0e6"
BLUE, RED, AMBER, GREY, PURPLE = "#0b5c8f", "#b3362b", "#c77f12", "#8a97a3", "#7a4f9a"  # as in style.css
STYLE: dict[Any, Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "sosach",
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": INK,
}


def draw_bars(labels: Sequence[str], values: Sequence[int], colors: Sequence[str]) -> str:
    """Horizontal bars with the count at the end of each, first label on top.

    Returns:
        A ``data:`` address of the SVG picture.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 0.42 * max(len(labels), 1) + 0.3), layout="constrained")
        axes = figure.add_subplot()
        bars = axes.barh(range(len(labels)), values, color=colors, height=0.62)
        axes.bar_label(bars, [so(value) for value in values], padding=4, color=INK)
        axes.set_yticks(range(len(labels)), labels)
        axes.invert_yaxis()
        axes.set_xlim(0, max([*values, 1]) * 1.16)
        axes.set_xticks([])
        _strip(axes, keep=("left",))
        return _picture(figure)


def draw_distribution(percents: Sequence[float], mean: float | None) -> str:
    """How many communes lie in each band of two percentage points; the province's rate as a line.

    Args:
        percents: one rate of each commune, 0 to 100.
        mean: the province's rate.

    Returns:
        A ``data:`` address of the SVG picture.
    """
    low = int(min(percents, default=0) // 2 * 2)
    top = max(int(-(-max(percents, default=100) // 2) * 2), low + 2)
    edges = list(range(low, top + 1, 2))
    counts = [sum(a <= p < b or p == b == top for p in percents) for a, b in pairwise(edges)]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 3.1), layout="constrained")
        axes = figure.add_subplot()
        bars = axes.bar(edges[:-1], counts, width=1.7, align="edge", color=BLUE)
        tags = axes.bar_label(bars, [so(n) if n else "" for n in counts], padding=2, color=INK)
        for tag in tags:
            tag.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.6})
        if mean is not None:
            axes.axvline(mean, color=RED, linewidth=1.6, linestyle=(0, (4, 3)), zorder=0.5)
            side, gap = ("right", -6) if mean > (edges[0] + edges[-1]) / 2 else ("left", 6)
            axes.annotate(
                f"Toàn tỉnh {mean:.2f}%".replace(".", ","),
                (mean, max([*counts, 1]) * 1.18),
                (gap, 0),
                textcoords="offset points",
                ha=side,
                va="top",
                color=RED,
            )
        axes.set_ylim(0, max([*counts, 1]) * 1.22)
        step = 2 if len(edges) <= 9 else 4 if len(edges) <= 17 else 10
        axes.set_xticks([edge for edge in edges if edge % step == 0])
        axes.set_yticks([])
        axes.set_xlabel("Tỷ lệ làm sạch (%)")
        axes.set_ylabel("Số xã, phường")
        _strip(axes, keep=("bottom",))
        return _picture(figure)


def _strip(axes: Axes, keep: Sequence[str]) -> None:
    for name in ("left", "right", "top", "bottom"):
        axes.spines[name].set_visible(name in keep)
    axes.tick_params(length=0)


def _picture(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
