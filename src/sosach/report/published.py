"""What of the results may be printed for everyone: the counts after suppression, and the rates that follow from them.

Holds the additions that readers can know of (outcomes add up to the scope, communes to the province, classes to their
outcome) and turns ``ReportData`` into cells and rates. Holds no layout. The site and the official report both print
from here, so that they never disagree and never undo each other's suppression.
"""

from collections.abc import Hashable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import cached_property

from sosach.errors import BalanceError
from sosach.report.model import CampaignRow, ClassRow, ReasonRow, ReportData, RuleRow, Share, Unit
from sosach.report.suppress import SECONDARY, Cell, Line, mark, protect
from sosach.report.vn import NOTHING, diem, khoang, percent, ty_le
from sosach.report.words import NO_COMMUNE, OUTCOMES

PROVINCE = ""  # unit code of the whole province in keys
PARTS = {
    "reviewed": "in_scope",
    "matching": "in_scope",
    "confirmable": "in_scope",
    "with_status": "in_scope",
    "certificates_answerable": "certificates",
}
"""Counts printed as rates, each with its whole; the rest is protected too."""
CONFIRMED = "du_can_cu"  # code of the reason row that counts the confirmable
Key = tuple[str, str]  # unit code, name of the count


@dataclass(frozen=True)
class Rate:
    """A printed percentage with the two counts that it follows from.

    ``text`` is ``*`` where a count is hidden, and a lower bound (``≥ 98,50%``) where only those missing from the whole
    are too few to be printed. ``value`` is the per cent that may be drawn and sorted by, None where none may.
    """

    text: str
    value: float | None
    numerator: Cell
    denominator: Cell

    @property
    def interval(self) -> str:
        """The 95% interval of the share, hidden where one of its counts is."""
        if self.numerator.value is None or self.denominator.value is None:
            return SECONDARY
        return khoang(Share(self.numerator.value, self.denominator.value))


def rate(numerator: Cell, denominator: Cell, rest: Cell | None = None, floor: int = 0) -> Rate:
    """The rate of two printed counts; never computed from hidden ones.

    Args:
        numerator: the part.
        denominator: the whole.
        rest: the whole less the part, if that is a count which suppression knows of.
        floor: the smallest count that may be printed; gives the bound where ``rest`` is below it.
    """
    whole = denominator.value
    if numerator.value is not None and whole is not None:
        share = Share(numerator.value, whole)
        exact = percent(share)
        return Rate(ty_le(share), None if exact is None else float(exact), numerator, denominator)
    if rest is not None and rest.text == mark(floor) and whole is not None and whole >= floor:
        bound = Share(whole - floor + 1, whole)
        return Rate(f"≥ {ty_le(bound)}", float(percent(bound) or 0), numerator, denominator)
    return Rate(SECONDARY, None, numerator, denominator)


@dataclass(frozen=True)
class PublishedCounts:
    """The campaign counts of one unit or of the province as they may be printed."""

    unit: Unit | None  # None: the whole province
    cells: dict[str, Cell]  # the names of CampaignCounts
    reviewed: Rate  # tỷ lệ rà soát
    clean: Rate  # tỷ lệ làm sạch: matching, which holds those added and corrected, among all in scope
    confirmable: Rate  # tỷ lệ khẳng định được
    filled: Rate  # tỷ lệ đủ: adults whose recorded status is not empty
    answerable: Rate  # certificates of the last twelve months that data could have answered
    rank: str
    change: str
    note: str

    @property
    def code(self) -> str:
        """The unit's code, empty for the province."""
        return self.unit.code if self.unit else PROVINCE


@dataclass(frozen=True)
class PublishedRule:
    """One rule's counts as they may be printed."""

    row: RuleRow
    cells: dict[str, Cell]  # passed, failed, undecided, not_applicable, mended, remaining
    decided: Cell
    by_unit: tuple[tuple[str, Rate], ...]  # failed among decided; units with something decided

    @property
    def failing(self) -> Rate:
        """Records that break the rule among those where it could be decided."""
        return rate(self.cells["failed"], self.decided)


class Published:
    """The printable view of one ``ReportData``.

    Raises:
        BalanceError: outcomes do not add up to the scope, or communes not to the province; names the count.
    """

    def __init__(self, data: ReportData) -> None:
        self.data = data
        self._check_balance()
        rests = {key for key in self._values if key[1].startswith("not_")}
        dear = {key for key in self._values if key[0] == PROVINCE or key[1] in ("in_scope", "matching")}
        self._cells = protect(self._values, self._lines(), data.small_cell, unprinted=rests, dear=dear)

    @cached_property
    def province(self) -> PublishedCounts:
        """The province's line."""
        clean = Share(self.data.totals.matching, self.data.totals.in_scope)
        return self._counts(None, PROVINCE, "", clean, self.data.previous_clean, "")

    @cached_property
    def rows(self) -> tuple[PublishedCounts, ...]:
        """The units' lines: ranked ones by rank, then those whose rank is hidden or not given by code, the bucket last.

        The place in the table would otherwise tell what a hidden rank hides.
        """
        found = [self._row(row) for row in sorted(self.data.rows, key=lambda r: (r.rank or 0, r.unit.code))]
        ranked = [row for row in found if row.rank not in (NOTHING, SECONDARY)]
        others = sorted(
            (row for row in found if row.rank in (NOTHING, SECONDARY)), key=lambda r: (r.code == NO_COMMUNE, r.code)
        )
        return (*ranked, *others)

    def classes(self) -> tuple[tuple[ClassRow, Cell], ...]:
        """The province's class counts, in order of their codes."""
        found = sorted(self.data.classes, key=lambda row: row.code)
        return tuple((row, self._cells[PROVINCE, row.code]) for row in found)

    def reasons(self) -> tuple[tuple[ReasonRow, Cell], ...]:
        """What is in the way of those who cannot be confirmed, most first; hidden counts last, in their own order."""
        found = [(row, self._cells[PROVINCE, f"reason_{row.code}"]) for row in self.data.reasons]
        denied = [(row, cell) for row, cell in found if row.code != CONFIRMED and cell.value != 0]
        return tuple(sorted(denied, key=lambda pair: -(pair[1].value or 0)))

    def dimensions(self, unit_code: str = PROVINCE) -> dict[str, Rate]:
        """Records without open violation by dimension; a lower bound where fewer than the floor break it."""
        floor, found = self.data.small_cell, {}
        for row in self.data.dimensions:
            if (row.unit_code or PROVINCE) == unit_code:
                part, whole = row.clean.numerator, row.clean.denominator
                lines = [Line("all", ("clean", "broken"))]
                cells = protect({"clean": part, "broken": whole - part, "all": whole}, lines, floor, {"broken"})
                found[row.dimension] = rate(cells["clean"], cells["all"], cells["broken"], floor)
        return found

    @cached_property
    def rules(self) -> tuple[PublishedRule, ...]:
        """All rules in order of their ids."""
        rows = sorted(self.data.rules, key=lambda row: row.rule_id)
        return tuple(self._veiled(_rule(row, self.data.small_cell)) for row in rows)

    def _veiled(self, rule: PublishedRule) -> PublishedRule:
        """Without the units where the rule's count would give away a hidden outcome."""
        if rule.row.rule_id not in self.data.outcome_rules:
            return rule
        veiled = {
            row.unit.code for row in self.data.rows if any(self._cells[row.unit.code, o].hidden for o in OUTCOMES)
        }
        nothing = Cell(None, SECONDARY)
        return replace(
            rule,
            by_unit=tuple(
                (code, Rate(SECONDARY, None, nothing, nothing) if code in veiled else found)
                for code, found in rule.by_unit
            ),
        )

    @cached_property
    def worst_rules(self) -> tuple[PublishedRule, ...]:
        """The five rules with most records that people still have to settle; information findings are not to settle."""
        open_rules = [r for r in self.rules if r.row.failed > r.row.mended and r.row.severity != "info"]
        return tuple(sorted(open_rules, key=lambda r: (r.row.mended - r.row.failed, r.row.rule_id))[:5])

    def _row(self, row: CampaignRow) -> PublishedCounts:
        clean = Share(row.counts.matching, row.counts.in_scope)
        if row.unit.code == NO_COMMUNE:
            note = "Chưa xác định được xã quản lý"
        elif row.rank is None:
            note = f"Dưới {self.data.min_ranked} người, không xếp hạng"
        else:
            note = ""
        return self._counts(row.unit, row.unit.code, str(row.rank or NOTHING), clean, row.previous_clean, note)

    def _counts(
        self, unit: Unit | None, code: str, rank: str, clean: Share, before: Share | None, note: str
    ) -> PublishedCounts:
        cells = {name: self._cells[code, name] for name in asdict(self.data.totals)}
        rates = {
            name: rate(cells[name], cells[whole], self._cells[code, f"not_{name}"], self.data.small_cell)
            for name, whole in PARTS.items()
        }
        hidden = cells["matching"].hidden or cells["in_scope"].hidden
        change = NOTHING
        if before is not None and not 0 < before.numerator < self.data.small_cell:
            change = SECONDARY if hidden else diem(clean, before)
        return PublishedCounts(
            unit=unit,
            cells=cells,
            reviewed=rates["reviewed"],
            clean=rates["matching"],
            confirmable=rates["confirmable"],
            filled=rates["with_status"],
            answerable=rates["certificates_answerable"],
            rank=SECONDARY if hidden and rank not in ("", NOTHING) else rank,
            change=change,
            note=note,
        )

    @cached_property
    def _values(self) -> dict[Key, int]:
        values: dict[Key, int] = {}
        for code, counts in [(PROVINCE, self.data.totals), *((row.unit.code, row.counts) for row in self.data.rows)]:
            values |= {(code, name): int(count) for name, count in asdict(counts).items()}
            values |= {(code, f"not_{name}"): values[code, whole] - values[code, name] for name, whole in PARTS.items()}
        values |= {(PROVINCE, row.code): row.count for row in self.data.classes}
        values |= {(PROVINCE, f"reason_{row.code}"): row.count for row in self.data.reasons}
        return values

    def _lines(self) -> list[Line]:
        units = [row.unit.code for row in self.data.rows]
        groups = {row.code: row.group for row in self.data.classes}
        lines = []
        for code in (PROVINCE, *units):
            lines.append(Line((code, "in_scope"), tuple((code, name) for name in OUTCOMES)))
            lines += [Line((code, whole), ((code, name), (code, f"not_{name}"))) for name, whole in PARTS.items()]
            lines.append(Line((code, "not_matching"), tuple((code, name) for name in OUTCOMES if name != "matching")))
            lines.append(Line((code, "missing"), ((code, "not_with_status"),)))
        reasons = [f"reason_{row.code}" for row in self.data.reasons]
        lines.append(Line((PROVINCE, "in_scope"), tuple((PROVINCE, name) for name in reasons)))
        denied = tuple((PROVINCE, name) for name in reasons if name != f"reason_{CONFIRMED}")
        lines.append(Line((PROVINCE, "not_confirmable"), denied))
        for group in OUTCOMES:
            lines.append(Line((PROVINCE, group), tuple((PROVINCE, c) for c in sorted(groups) if groups[c] == group)))
        for name in sorted({name for _, name in self._values if not name.startswith("not_")}):
            lines.append(Line((PROVINCE, name), tuple((code, name) for code in units)))
        return list(self._that_hold(lines))

    def _that_hold(self, lines: Iterable[Line]) -> Iterable[Line]:
        """Lines whose cells are all published and add up; a reader cannot use the others."""
        values: dict[Hashable, int] = {}
        values.update(self._values.items())
        for line in lines:
            parts = tuple(part for part in line.parts if part in values)
            if line.total in values and parts and values[line.total] == sum(values[part] for part in parts):
                yield Line(line.total, parts)

    def _check_balance(self) -> None:
        data = self.data
        for unit, counts in [("toàn tỉnh", data.totals), *((row.unit.code, row.counts) for row in data.rows)]:
            if sum(getattr(counts, name) for name in OUTCOMES) != counts.in_scope:
                raise BalanceError(
                    f"report data, unit {unit}: the outcomes do not add up to in_scope. Run campaign again."
                )
        for name, total in asdict(data.totals).items():
            if sum(getattr(row.counts, name) for row in data.rows) != total:
                raise BalanceError(f"report data, {name}: the units do not add up to the province. Run campaign again.")


def _rule(row: RuleRow, floor: int) -> PublishedRule:
    """Suppress one rule's counts: by verdict, by what is left to do, and by unit."""
    verdicts = ("passed", "failed", "undecided", "not_applicable")
    values: dict[Key, int] = {(PROVINCE, name): getattr(row, name) for name in (*verdicts, "mended")}
    values[PROVINCE, "remaining"] = row.failed - row.mended
    values[PROVINCE, "records"] = sum(getattr(row, name) for name in verdicts)
    values[PROVINCE, "decided"] = row.passed + row.failed
    lines = [
        Line((PROVINCE, "records"), tuple((PROVINCE, name) for name in verdicts)),
        Line((PROVINCE, "decided"), ((PROVINCE, "passed"), (PROVINCE, "failed"))),
        Line((PROVINCE, "failed"), ((PROVINCE, "mended"), (PROVINCE, "remaining"))),
    ]
    units = [(unit, failed, decided) for unit, failed, decided in sorted(row.records_failed_by_unit) if decided]
    for unit, failed, decided in units:
        values |= {(unit, "failed"): failed, (unit, "decided"): decided}
    for name in ("failed", "decided"):
        if sum(values[unit, name] for unit, _, _ in units) == values[PROVINCE, name]:
            lines.append(Line((PROVINCE, name), tuple((unit, name) for unit, _, _ in units)))
    cells = protect(values, [line for line in lines if line.parts], floor)
    return PublishedRule(
        row,
        {name: cells[PROVINCE, name] for name in (*verdicts, "mended", "remaining")},
        cells[PROVINCE, "decided"],
        tuple((unit, rate(cells[unit, "failed"], cells[unit, "decided"])) for unit, _, _ in units),
    )
