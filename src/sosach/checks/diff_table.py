"""The difference between two catalogues as text for the terminal. Holds no figure of its own."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from sosach.checks.diff import Change, Difference

TOP_UNITS = 10
"""How many units the text names; the JSON has all."""

WIDTH = 120

_HEAD = ("rule", "change", "what", "severity", "before", "after", "new", "gone", "same")


def diff_table(difference: Difference) -> list[str]:
    """Lines for an engineer: rules, severities, units, and what officers would have to settle."""
    changes = difference.changes
    if not changes:
        return [f"{difference.unchanged:,} rules, none differs.", *_inputs(difference)]
    kinds = [
        (kind, sum(change.kind == kind for change in changes)) for kind in ("added", "removed", "changed", "reads")
    ]
    named = ", ".join(f"{n:,} {'read what changed' if kind == 'reads' else kind}" for kind, n in kinds if n)
    lines = [f"Run {difference.run_id}: {named}, {difference.unchanged:,} unchanged.", *_inputs(difference), ""]
    counted = [change for change in changes if not change.text_only]
    lines += _aligned([_HEAD, *(_row(difference, change) for change in counted)], left=4) if counted else []
    if same := [f"{change.rule_id} ({', '.join(change.parts)})" for change in changes if change.text_only]:
        lines += ["", *wrap(f"No difference in findings: {', '.join(same)}.", WIDTH, break_on_hyphens=False), ""]
    lines += [f"  {rule_id}: could not run {side}: {text}" for (rule_id, side), text in difference.errors.items()]
    lines += [
        f"  {change.rule_id}: the SQL differs under the same version; raise it"
        for change in changes
        if change.version_forgotten
    ]
    severities = [
        (name, f"{b:,}", f"{a:,}", f"{a - b:+,}") for name, (b, a) in difference.by_severity.items() if b or a
    ]
    lines += ["", *_aligned([("severity", "before", "after", "difference"), *severities], left=1)]
    units = list(difference.to_settle_by_unit.items())
    if units:
        rows = [(unit or "(none)", *(f"{n:,}" for n in counts.as_tuple())) for unit, counts in units[:TOP_UNITS]]
        lines += ["", *_aligned([("unit, to settle", *_HEAD[4:]), *rows], left=1)]
        lines += [f"… and {len(units) - TOP_UNITS:,} more units"] if len(units) > TOP_UNITS else []
    settled = difference.to_settle
    lines += [
        "",
        f"To settle: {settled.before:,} before - {settled.gone:,} gone + {settled.new:,} new = {settled.after:,} after "
        "(rules above only; without information findings and trial rules).",
    ]
    if difference.errors:
        lines.append("Rules that could not run on a side are in no figure.")
    return lines


def _inputs(difference: Difference) -> Iterator[str]:
    if difference.inputs:
        yield f"Changed beside the rules: {', '.join(difference.inputs)}."
        yield "Records stay as the run normalised them; what a code list changes there is not counted."


def _row(difference: Difference, change: Change) -> tuple[str, ...]:
    counts = difference.by_rule.get(change.rule_id)
    found = tuple(f"{n:,}" for n in counts.as_tuple()) if counts else ("?",) * 5
    weights = [f"{rule.severity}{' (trial)' if rule.trial else ''}" for rule in (change.before, change.after) if rule]
    return (change.rule_id, change.kind, ", ".join(change.parts), " → ".join(dict.fromkeys(weights)), *found)


def _aligned(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Columns of equal width, the first ``left`` of them set to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
