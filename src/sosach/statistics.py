"""How sure a share is. Holds arithmetic only; used by reports and by the evaluation alike."""

from math import sqrt

Z95 = 1.959963984540054
"""Two-sided 95% quantile of the normal distribution."""


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
