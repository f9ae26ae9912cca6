"""The named sizes of a data set. Holds no way to make one."""

from dataclasses import dataclass

from sosach.errors import SettingsError


@dataclass(frozen=True)
class Size:
    """People of the population and communes they live in."""

    persons: int
    communes: int


SIZES = {"S": Size(30_000, 3), "M": Size(350_000, 130), "L": Size(3_500_000, 130)}
"""A sample, a tenth of the province, and the province (domain.md 7)."""
DEFAULT_PERSONS = 60_000


def persons_and_communes(size: str | None, persons: int | None, communes: int | None) -> tuple[int, int | None]:
    """What a size, or numbers given one by one, ask for; ``communes`` None means all of them.

    Raises:
        SettingsError: a size and a number of persons are both given, or there is no such size.
    """
    if size is None:
        return (DEFAULT_PERSONS if persons is None else persons), communes
    if size not in SIZES:
        raise SettingsError(f"size: there is no {size!r}; give one of {', '.join(SIZES)}.")
    if persons is not None:
        raise SettingsError(
            f"size: {size} already means {SIZES[size].persons} persons; give size or persons, not both."
        )
    return SIZES[size].persons, SIZES[size].communes if communes is None else communes
