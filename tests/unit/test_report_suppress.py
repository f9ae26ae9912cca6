"""Hiding small counts: what must be hidden is, what need not be is not, and nothing hidden can be worked out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sosach.report.suppress import SECONDARY, Cell, Line, protect

FLOOR = 5
Key = tuple[str, str]


def table(rows: list[list[int]]) -> tuple[dict[Key, int], list[Line]]:
    """A table with row totals, column totals and their total, all printed."""
    columns = [str(n) for n in range(len(rows[0]))]
    names = [f"r{n}" for n in range(len(rows))]
    values = {(r, c): n for r, row in zip(names, rows, strict=True) for c, n in zip(columns, row, strict=True)}
    lines = []
    for r in names:
        values[r, "sum"] = sum(values[r, c] for c in columns)
        lines.append(Line((r, "sum"), tuple((r, c) for c in columns)))
    for c in [*columns, "sum"]:
        values["sum", c] = sum(values[r, c] for r in names)
        lines.append(Line(("sum", c), tuple((r, c) for r in names)))
    lines.append(Line(("sum", "sum"), tuple(("sum", c) for c in columns)))
    return values, lines


def subtract(cells: dict[Key, Cell], lines: list[Line]) -> dict[Key, int]:
    """What a reader with a pencil finds out: fill in every line that misses one cell, again and again."""
    known = {key: cell.value for key, cell in cells.items() if cell.value is not None}
    found: dict[Key, int] = {}
    moved = True
    while moved:
        moved = False
        for line in lines:
            members = [line.total, *line.parts]
            missing = [member for member in members if member not in known]
            if len(missing) == 1:
                rest = sum(known[p] for p in line.parts if p in known)  # type: ignore[index]
                value = rest if missing[0] == line.total else known[line.total] - rest  # type: ignore[index]
                known[missing[0]] = found[missing[0]] = value  # type: ignore[index]
                moved = True
    return found


small_tables = st.integers(2, 5).flatmap(
    lambda width: st.lists(
        st.lists(st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 9, 30]), min_size=width, max_size=width),
        min_size=2,
        max_size=6,
    )
)


@settings(max_examples=300, deadline=None)
@given(small_tables)
def test_no_hidden_cell_follows_by_subtraction_in_rows_and_columns(rows: list[list[int]]) -> None:
    values, lines = table(rows)
    cells = protect(values, lines, FLOOR)
    assert subtract(cells, lines) == {}


@settings(max_examples=300, deadline=None)
@given(small_tables)
def test_small_counts_are_never_shown_and_shown_ones_are_true(rows: list[list[int]]) -> None:
    values, lines = table(rows)
    for key, cell in protect(values, lines, FLOOR).items():
        if 0 < values[key] < FLOOR:
            assert cell.hidden
        if values[key] == 0:
            assert cell.text == "0"
        if cell.hidden:
            assert cell.text in ("<5", SECONDARY)
            assert cell.text == SECONDARY or 0 < values[key] < FLOOR
        else:
            assert cell.value == values[key]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 7, 20]), min_size=2, max_size=4))
def test_every_hidden_cell_of_a_line_keeps_two_possible_values(parts: list[int]) -> None:
    """Not only subtraction: all ways of filling the line that agree with the marks are tried."""
    values, lines = {("r", str(n)): v for n, v in enumerate(parts)}, []
    values["r", "sum"] = sum(parts)
    lines = [Line(("r", "sum"), tuple(("r", str(n)) for n in range(len(parts))))]
    cells = protect(values, lines, FLOOR)
    if cells["r", "sum"].hidden:
        return  # an open line fixes nothing
    hidden = [key for key, cell in cells.items() if cell.hidden]
    rest = sum(parts) - sum(cell.value or 0 for key, cell in cells.items() if key != ("r", "sum"))

    def fill(keys: list[Key], left: int) -> list[list[int]]:
        if not keys:
            return [[]] if left == 0 else []
        choice = range(1, FLOOR) if cells[keys[0]].text == "<5" else range(FLOOR, left + 1)
        return [[v, *more] for v in choice if v <= left for more in fill(keys[1:], left - v)]

    if any(cells[key].text == SECONDARY and values[key] < FLOOR for key in hidden):
        return  # marks that say less on purpose
    ways = fill(hidden, rest)
    assert all(len({way[n] for way in ways}) > 1 for n in range(len(hidden)))


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    values, lines = table([[10, 0, 7], [5, 6, 80]])
    assert not any(cell.hidden for cell in protect(values, lines, FLOOR).values())


def test_the_helper_is_the_smallest_cell_that_is_not_dear() -> None:
    values = {"all": 500, "a": 3, "b": 40, "c": 7, "d": 450}
    line = [Line("all", ("a", "b", "c", "d"))]
    plain = protect(values, line, FLOOR)
    assert [key for key, cell in plain.items() if cell.hidden] == ["a", "c"]
    cells = protect(values, line, FLOOR, dear={"c", "d", "all"})
    assert [key for key, cell in cells.items() if cell.hidden] == ["a", "b"]


def test_the_unprinted_rest_of_a_whole_is_protected_too() -> None:
    values = {"all": 200, "with": 198, "without": 2}
    cells = protect(values, [Line("all", ("with", "without"))], FLOOR, unprinted={"without"}, dear={"all"})
    assert (cells["all"].text, cells["with"].text) == ("200", SECONDARY)
    values = {"all": 200, "with": 150, "without": 50}
    cells = protect(values, [Line("all", ("with", "without"))], FLOOR, unprinted={"without"})
    assert cells["with"].text == "150"


def test_marks_say_less_where_they_would_give_the_value_away() -> None:
    values = {"all": 4, "a": 1, "b": 1, "c": 1, "d": 1}  # four cells of at least one: all of them one
    cells = protect(values, [Line("all", ("a", "b", "c", "d"))], FLOOR)
    assert all(cell.text == SECONDARY for cell in cells.values())


def test_a_line_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(ValueError, match="does not add up"):
        protect({"all": 10, "a": 3, "b": 6}, [Line("all", ("a", "b"))], FLOOR)
