"""Hiding small counts of persons so that no hidden one can be worked out from what is still shown.

Holds the arithmetic only: which cells of a set of tables are shown, given how they add up. Holds no knowledge of
what the cells count.

A cell is *primary* when its value lies from 1 to ``floor - 1``; it prints ``<5``. Zero is shown. Cells hidden only
to protect others are *secondary*; they print ``*``. The guarantee: a reader who knows every printed cell, every line
of addition and the meaning of both marks (a ``*`` stands for at least ``floor``) cannot pin any hidden cell to one
value by adding and subtracting along lines, however often. Solving all lines as one system of equations is not
covered.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from typing import TypeVar

from sosach.report.vn import so

K = TypeVar("K", bound=Hashable)
UNBOUNDED = 1 << 60
SECONDARY = "*"
DEAR = 40  # a dear cell is hidden only where no other is nearer than this many more cells of line away


@dataclass(frozen=True)
class Cell:
    """A printed count: ``value`` is None where it is hidden, and ``text`` is what is printed either way."""

    value: int | None
    text: str

    @property
    def hidden(self) -> bool:
        """Whether the value must not be printed or used for a rate, a bar or a sort key."""
        return self.value is None


@dataclass(frozen=True)
class Line:
    """One addition that a reader may know of: ``total`` is the sum of ``parts`` (keys of cells)."""

    total: Hashable
    parts: tuple[Hashable, ...]


def mark(floor: int) -> str:
    """What a primary cell prints."""
    return f"<{floor}"


def show(value: int) -> Cell:
    """A cell that is printed as it is."""
    return Cell(value, so(value))


def protect(
    values: dict[K, int],
    lines: Sequence[Line],
    floor: int,
    unprinted: Collection[K] = frozenset(),
    dear: Collection[K] = frozenset(),
) -> dict[K, Cell]:
    """Decide for every cell whether it is printed.

    Args:
        values: the true counts, none negative.
        lines: additions among the cells; every key must be in ``values`` and every line must add up.
        floor: the smallest count of persons that may be printed (besides 0).
        unprinted: cells that are nowhere printed but can be worked out (the rest of a whole); where such a count is
            small, it is protected like a printed one.
        dear: cells that readers need most; hidden for others' sake only when nothing else near is left.

    Returns:
        One ``Cell`` for each key, in the order of ``values``.

    Raises:
        ValueError: a line does not add up, so nothing could be protected by it.
    """
    true: dict[Hashable, int] = {}
    true.update(values.items())
    for line in lines:
        if true[line.total] != sum(true[part] for part in line.parts):
            raise ValueError(f"line of {len(line.parts)} cells does not add up to its total {line.total!r}")
    primary: set[Hashable] = {key for key, value in true.items() if 0 < value < floor}
    first_bounds: dict[Hashable, tuple[int, int]] = {  # in the order of the cells: the choices below depend on it
        key: (1, floor - 1) if key in primary else (0, UNBOUNDED)
        for key in values
        if key in primary or key in unprinted
    }
    guarded: set[Hashable] = set(primary)
    by_key: dict[Hashable, list[Line]] = {}
    for line in lines:
        for key in (line.total, *line.parts):
            by_key.setdefault(key, []).append(line)
    fixed = find_fixed(true, first_bounds, lines)
    while exposed := [key for key in fixed if key in guarded]:
        settled: set[Hashable] = set()
        for key in exposed:
            given_by = _give_away(key, by_key, first_bounds, fixed)
            if not settled.isdisjoint(m for line in given_by for m in (line.total, *line.parts) if m in first_bounds):
                continue  # a cell was just hidden near what gave it away; judge again first
            helper, reached = _choose_helper(key, by_key, true, first_bounds, fixed, dear)
            settled |= reached
            if helper is not None:
                first_bounds[helper] = (floor, UNBOUNDED)
                guarded.add(helper)
            else:  # nothing left to hide: the marks themselves say too much, so they say less
                for member in primary & reached:
                    first_bounds[member] = (1, UNBOUNDED)
                primary -= reached
        fixed = find_fixed(true, first_bounds, lines)
    return {key: _cell(key, value, key in primary, key in first_bounds, floor) for key, value in values.items()}


def find_fixed(
    true: Mapping[Hashable, int], hidden: Mapping[Hashable, tuple[int, int]], lines: Iterable[Line]
) -> dict[Hashable, None]:
    """Hidden cells that a reader can pin to one value, by narrowing bounds along the lines until nothing moves.

    Args:
        true: the value of every cell; those not in ``hidden`` are known to the reader.
        hidden: what the marks themselves say of each hidden cell (smallest, largest value).
        lines: the additions that the reader knows of.
    """
    low = {key: hidden[key][0] if key in hidden else value for key, value in true.items()}
    high = {key: hidden[key][1] if key in hidden else value for key, value in true.items()}
    open_lines = [line for line in lines if line.total in hidden or any(part in hidden for part in line.parts)]
    moved = True
    while moved:
        moved = False
        for line in open_lines:
            floor_sum = sum(low[part] for part in line.parts)
            ceiling_sum = sum(high[part] for part in line.parts)
            bounds = [(line.total, floor_sum, ceiling_sum)]
            for part in line.parts:
                if part in hidden:
                    rest_low, rest_high = floor_sum - low[part], ceiling_sum - high[part]
                    bounds.append((part, low[line.total] - rest_high, high[line.total] - rest_low))
            for key, lowest, highest in bounds:
                if lowest > low[key] or highest < high[key]:
                    low[key], high[key] = max(low[key], lowest), min(high[key], highest)
                    moved = True
    return dict.fromkeys(key for key in hidden if low[key] == high[key])


def _choose_helper(
    key: Hashable,
    by_key: Mapping[Hashable, Sequence[Line]],
    true: Mapping[Hashable, int],
    hidden: Mapping[Hashable, tuple[int, int]],
    fixed: Collection[Hashable],
    dear: Collection[Hashable],
) -> tuple[Hashable | None, set[Hashable]]:
    """The cell to hide for an exposed one.

    First along the lines that give it away (all their other cells are known or fixed), from there to the lines that
    fixed those; then, where bounds and not a subtraction gave it away, along any line. The nearest cell is taken, a
    line being as long as it has cells: what is wrong in a commune's row is mended there and not in a province's column.

    Returns:
        The cell, or None where all that hangs together with ``key`` is hidden already, and the cells looked at.
    """
    reached: set[Hashable] = {key}
    for lines_of in (partial(_give_away, by_key=by_key, hidden=hidden, fixed=fixed), by_key.__getitem__):
        seen: set[int] = set()
        best: tuple[tuple[int, bool, int, int], Hashable] | None = None
        queue: list[tuple[int, int, Line]] = []
        waiting: list[Hashable] = [key]
        distance = 0
        while True:
            for line in (line for member in waiting for line in lines_of(member) if id(line) not in seen):
                seen.add(id(line))
                heappush(queue, (distance + len(line.parts) + 1, len(seen), line))
            if not queue or (best is not None and queue[0][0] > best[0][0]):
                break
            distance, turn, line = heappop(queue)
            members = (*line.parts, line.total)
            reached.update(members)
            waiting = [member for member in members if member in hidden]
            for member in members:
                if member not in hidden and true[member] > 0:
                    rank = (distance + DEAR * (member in dear), member == line.total, true[member], turn)
                    if best is None or rank < best[0]:
                        best = (rank, member)
        if best is not None:
            return best[1], reached
    return None, reached


def _give_away(
    key: Hashable,
    by_key: Mapping[Hashable, Sequence[Line]],
    hidden: Collection[Hashable],
    fixed: Collection[Hashable],
) -> list[Line]:
    """Lines from which ``key`` follows by subtraction: all their other cells are shown or fixed."""
    return [
        line
        for line in by_key[key]
        if all(member == key or member not in hidden or member in fixed for member in (line.total, *line.parts))
    ]


def _cell(key: Hashable, value: int, primary: bool, hidden: bool, floor: int) -> Cell:
    if not hidden:
        return show(value)
    return Cell(None, mark(floor) if primary else SECONDARY)
