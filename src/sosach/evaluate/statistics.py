"""Shares with their uncertainty. Holds arithmetic only."""

from dataclasses import dataclass
from math import sqrt

Z95 = 1.959963984540054
"""Two-sided 95% quantile of the normal distribution."""


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


def wilson(part: int, whole: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of ``part`` successes in ``whole`` trials (Wilson 1927).

    Raises:
        ValueError: ``whole`` is not positive, or ``part`` is not within 0 and ``whole``.
    """
    if whole <= 0 or not 0 <= part <= whole:
        raise ValueError(f"no share: {part} of {whole}")
    share = part / whole
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z / (1 + z * z / whole) * sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return (0.0 if part == 0 else low, 1.0 if part == whole else high)


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 6)
