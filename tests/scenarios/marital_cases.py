"""A case of marital status: a couple of its own, and what is expected of whom. Holds no case and no test."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import duckdb

from tests.scenarios.marital_world import HUSBAND, OTHER, WIFE, death, divorce, marriage, of, person, spouses

MARRIED, PARTED, WIDOWED, SINGLE = "DANG_CO_VO_CHONG", "LY_HON", "GOA", "CHUA_KET_HON"
BY_RECORD = {"h": HUSBAND, "w": WIFE, "o": OTHER}
OLD_NUMBER = "181234567"


@dataclass
class Couple:
    """One case: its number, its world, and what is expected: columns of ``classed``, status on days, findings."""

    n: int
    con: duckdb.DuckDBPyConnection
    expected: dict[str, dict[str, Any]] = field(default_factory=dict)
    days: list[tuple[str, date, str]] = field(default_factory=list)
    found: set[tuple[str, str, str]] | None = None

    def expect(self, who: str, **columns: Any) -> None:
        """The row of ``who`` (h, w, o) in ``classed``."""
        self.expected[who] = columns

    def spouses(self, his: str | None = MARRIED, hers: str | None = MARRIED) -> None:
        spouses(self.con, his, hers, self.n)

    def other(self, born: date = date(1986, 1, 1), **cells: object) -> None:
        person(self.con, of("o", self.n), of(OTHER, self.n), of("LÊ THỊ CÚC", self.n), born, "Nữ", MARRIED, **cells)

    def marriage(self, record: str = "k", day: date = date(2010, 4, 4), **cells: object) -> None:
        marriage(self.con, record, day, self.n, **cells)

    def with_other(self, record: str, day: date, **cells: object) -> None:
        self.marriage(
            record, day, so=f"9{self.n}/2016", vo_ho_ten=of("LÊ THỊ CÚC", self.n),
            vo_so_giay_to_tuy_than=of(OTHER, self.n), **cells,
        )  # fmt: skip

    def divorce(self, day: date | None, kind: str = "ly_hon", **cells: object) -> None:
        divorce(self.con, day, kind, self.n, **cells)

    def death(self, day: date | None, **cells: object) -> None:
        death(self.con, day, self.n, **cells)

    def stranger(self, **cells: object) -> None:
        """The wife alone is a citizen; her husband stands in the book with an old number."""
        person(
            self.con, of("w", self.n), of(WIFE, self.n), of("TRẦN THỊ BÌNH", self.n), date(1985, 5, 6), "Nữ", WIDOWED
        )
        row = {"chong_so_giay_to_tuy_than": of(OLD_NUMBER, self.n), "chong_ngay_sinh_nam": 1984, **cells}
        self.marriage(**row)  # type: ignore[arg-type]

    def set(self, who: str, **cells: object) -> None:
        for name, value in cells.items():
            self.con.execute(f"UPDATE dan_cu SET {name} = ? WHERE record_id = ?", [value, of(who, self.n)])


CASES: dict[str, Callable[[Couple], None]] = {}


def case(setup: Callable[[Couple], None]) -> Callable[[Couple], None]:
    CASES[setup.__name__] = setup
    return setup


def each(*arguments: tuple[Any, ...]) -> Callable[[Callable[..., None]], None]:
    """The same case with different arguments."""

    def register(setup: Callable[..., None]) -> None:
        for at, given in enumerate(arguments):
            CASES[f"{setup.__name__}-{at}"] = lambda c, given=given: setup(c, *given)  # type: ignore[misc]

    return register
