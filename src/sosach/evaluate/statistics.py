"""Shares with their uncertainty. Holds arithmetic only."""

from dataclasses import dataclass

from sosach.statistics import wilson


@dataclass(frozen=True)
class Share:
    """``part`` of ``whole``; ``low`` and ``high`` are the Wilson 95% interval. Without a whole there is no share."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """The share, 0 to 1, or None where ``whole`` is 0."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95% interval, or None where ``whole`` is 0."""
        return wilson(self.part, self.whole) if self.whole else None

    def as_json(self) -> dict[str, int | float | None]:
        """``part, whole, value, low, high``; numbers are rounded to six places so that they repeat on any machine."""
        low, high = self.interval or (None, None)
        return {
            "part": self.part,
            "whole": self.whole,
            "value": _rounded(self.value),
            "low": _rounded(low),
            "high": _rounded(high),
        }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 6)
