"""An evaluation as Markdown: for the terminal, and between two markers of a page so that the prose around it stays.

Holds layout only; every figure comes from ``evaluation``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sosach.errors import SettingsError
from sosach.evaluate.evaluation import Evaluation
from sosach.lake import atomic_path

BEGIN, END = "<!-- evaluation begins -->", "<!-- evaluation ends -->"
CLASSES = ("planted", "side_effect", "not_delivered", "true_fact", "unexplained")
_HEADS = ("planted", "side effect", "not delivered", "true fact", "unexplained")


def markdown(result: Evaluation) -> str:
    """All tables of an evaluation, with headings of the second level."""
    parts = [
        _opening(result),
        "## Rules",
        _rules(result),
        _lists(result),
        "## Kinds of error",
        _kinds(result),
        "## Repairs",
        _repairs(result),
        "## Links",
        _links(result["links"]),
        *(_withheld(found) for found in result["links_without_numbers"]),
        "## Differences between registers",
        _reconciliation(result["reconciliation"]),
        "## Marital status",
        _marital(result["marital_status"]),
        "## Duplicates",
        _duplicates(result),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def write_between_markers(page: Path, text: str) -> None:
    """Put ``text`` between the markers of a page; a page that is not there yet is only the markers and the text.

    Raises:
        SettingsError: the page has not exactly one pair of markers.
    """
    old = page.read_text(encoding="utf-8") if page.is_file() else f"{BEGIN}\n{END}\n"
    if old.count(BEGIN) != 1 or old.count(END) != 1 or old.index(BEGIN) > old.index(END):
        raise SettingsError(
            f"{page}: needs one line {BEGIN} and after it one line {END}. Put them where the tables go."
        )
    head, tail = old[: old.index(BEGIN) + len(BEGIN)], old[old.index(END) :]
    with atomic_path(page) as draft:
        draft.write_text(f"{head}\n\n{text.strip()}\n\n{tail}", encoding="utf-8")


def percent(share: dict[str, Any]) -> str:
    """``97.3% (95.1–98.6)``: a share with its interval; a dash where nothing was counted."""
    if share["value"] is None:
        return "–"
    return f"{100 * share['value']:.1f}% ({100 * share['low']:.1f}–{100 * share['high']:.1f})"


def _exact(share: dict[str, Any]) -> str:
    """As ``percent``, to a thousandth of a percent: for shares close to one."""
    if share["value"] is None:
        return "–"
    return f"{100 * share['value']:.3f}% ({100 * share['low']:.3f}–{100 * share['high']:.3f})"


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; numbers stand right."""
    cells = [[f"{c:,}" if isinstance(c, int) else str(c) for c in row] for row in rows]
    right = [all(isinstance(row[i], int) for row in rows) for i in range(len(heads))]
    widths = [max([len(h), 3, *(len(row[i]) for row in cells)]) for i, h in enumerate(heads)]

    def line(row: Sequence[str]) -> str:
        padded = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True))
        return "| " + " | ".join(padded).rstrip() + " |"

    rule = "|" + "|".join("-" * (w + 1) + (":" if r else "-") for w, r in zip(widths, right, strict=True)) + "|"
    return "\n".join([line(heads), rule, *(line(row) for row in cells)])


def _opening(result: Evaluation) -> str:
    total = result["totals"]
    records = ", ".join(f"{name} {n:,}" for name, n in result["records"].items())
    classes = ", ".join(f"{head} {total[name]:,}" for name, head in zip(CLASSES, _HEADS, strict=True))
    errors = f" Rules that could not run: {', '.join(result['engine_errors'])}." if result["engine_errors"] else ""
    return (
        f"Run `{result['run_id']}` as of {result['as_of']}. Records: {records}.{errors}\n\n"
        f"{total['planted_errors']:,} planted errors; where the truth expects a rule to see one, it does in"
        f" {percent(total['recall'])} of {total['recall']['whole']:,} cases. {total['violations']:,} violations:"
        f" {classes}; precision {percent(total['precision'])}."
    )


def _rules(result: Evaluation) -> str:
    rows = [
        [
            *(r["code"], r["register"], r["expected"], r["found"], r["missed"]["not_applicable"], percent(r["recall"])),
            *(r["violations"], *(r[name] for name in CLASSES), percent(r["precision"])),
        ]
        for r in result["rules"]
    ]
    return _table(
        ["rule", "register", "expected", "found", "n/a", "recall (95%)", "violations", *_HEADS, "precision (95%)"], rows
    )


def _lists(result: Evaluation) -> str:
    lacking = result["without_rule"]
    parts = []
    if lacking:
        rows = [[r["kind"], r["register"], r["code"], r["planted"]] for r in lacking]
        parts.append("Expected of a code that has no rule on that register:")
        parts.append(_table(["kind", "register", "code", "planted"], rows))
    if result["not_tested"]:
        names = ", ".join(result["not_tested"])
        parts.append(
            f"Not tested by these data (no such error planted, nothing found), {len(result['not_tested'])} rules:"
            f" {names}."
        )
    return "\n\n".join(parts)


def _kinds(result: Evaluation) -> str:
    names = ("cells", "mended_right", "mended_wrong", "not_mended", "proposed_right", "proposed_wrong")
    rows = [
        [k["kind"], k["planted"], percent(k["share_expected"]), percent(k["share_any"]), *(k[name] for name in names)]
        for k in result["kinds"]
    ]
    heads = ["kind", "planted", "caught by expected rule (95%)", "by any rule (95%)", "cells"]
    return _table([*heads, "mended", "mended wrongly", "not mended", "proposed right", "proposed wrong"], rows)


def _repairs(result: Evaluation) -> str:
    proposals = [
        [p["kind"], p["proposed"], p["right"], p["wrong"], p["on_false_records"], percent(p["precision"])]
        for p in result["proposals"]
    ]
    cells = [[c["normaliser"], c["changed"], c["wrong"]] for c in result["untouched_cells"]]
    return "\n\n".join(
        [
            _table(["proposal", "made", "right", "wrong", "on false records", "precision (95%)"], proposals),
            "Cells without planted error that a normaliser changed:",
            _table(["normaliser", "changed", "wrong"], cells),
        ]
    )


def _links(found: dict[str, Any]) -> str:
    pairs, clusters, whole = found["pairs"], found["clusters"], found["mentions"]
    why, twice = found["unlinked"], found["duplicates"]
    names = ("mentions", "linked", "wrong", "with_citizen_record", "unlinked_with_citizen_record")
    heads = ["mentions", "linked", "wrong", "has citizen record", "of them unlinked", "precision (95%)"]
    roles = [
        [r["register"], r["role"], *(r[n] for n in names), percent(r["precision"]), percent(r["recall"])]
        for r in found["by_role"]
    ]
    methods = [[r["method"], *(r[n] for n in names), percent(r["precision"])] for r in found["by_method"]]
    return "\n\n".join(
        [
            f"All pairs of mentions: precision {_exact(pairs['precision'])}, recall {_exact(pairs['recall'])}."
            f" {clusters['clusters']:,} clusters, {clusters['mixing_persons']:,} of them mix true persons;"
            f" {clusters['persons']:,} true persons, {clusters['spread_over_clusters']:,} of them spread over several"
            f" clusters. {found['without_truth']:,} links name nobody in truth; {found['not_in_run']:,} true mentions"
            " have no link.",
            f"Mentions outside `dan_cu`: precision {_exact(whole['precision'])}, recall {_exact(whole['recall'])}. Of"
            f" {whole['unlinked_with_citizen_record']:,} unlinked ones whose person has a citizen's record"
            f" {why['in_review']:,} are shown to a person with it, {why['refused']:,} were compared and refused,"
            f" {why['not_compared']:,} were not compared with it. Of {twice['pairs']:,} pairs of records of one citizen"
            f" {twice['joined']:,} are joined, {twice['in_review']:,} shown to a person.",
            _table(["register", "role", *heads, "recall (95%)"], roles),
            _table(["method", *heads], methods),
        ]
    )


def _withheld(found: dict[str, Any]) -> str:
    left_out = ", ".join(f"`{name}`" for name in found["left_out"])
    return (
        f"### Linked again with every {found['blanked']} blanked\n\nOf subjects, mentions and relatives. Without"
        f" {left_out}, whose records have no name.\n\n{_links(found)}"
    )


def _reconciliation(found: dict[str, Any]) -> str:
    promised = found["calibration"]
    acts = [s["with_birth_act"] for s in found["sides"] if not s["field"]]
    beside = "".join(
        f" Where the birth act is one side: {percent(a['right'])}; the rule that the act is always right gives"
        f" {percent(a['birth_act_always'])}."
        for a in acts
    )
    sides = [
        [s["field"] or "all fields", s["one_side_wrong"], s["named"], percent(s["right"])]
        for s in sorted(found["sides"], key=lambda s: (s["field"] == "", s["field"]))
    ]
    tenths = [[f"{t['from']:.1f}", f"{t['promised']:.3f}", percent(t["came_true"])] for t in promised["tenths"]]
    kinds = [
        [k["kind"], k["field"], k["compared"], percent(k["found"]), percent(k["right_kind"])] for k in found["kinds"]
    ]
    brier = "–" if promised["brier"] is None else f"{promised['brier']:.4f}"
    return "\n\n".join(
        [
            "Which side is likelier wrong, where exactly one is." + beside,
            _table(["field", "one side wrong", "side named", "named rightly (95%)"], sides),
            f"The probability of the named side: Brier score {brier} over {promised['differences']:,} differences;"
            f" {promised['named_though_no_error_was_planted']:,} more have a named side though nothing was planted.",
            _table(["from", "promised", "came true (95%)"], tenths),
            _table(["planted kind", "field", "compared", "found (95%)", "told as its kind (95%)"], kinds),
        ]
    )


def _marital(found: dict[str, Any]) -> str:
    wrong = found["confirmable_wrong"]
    high = "–" if wrong["high"] is None else f"{100_000 * wrong['high']:.1f} in 100,000"
    told = found["told"]
    opening = (
        f"{found['in_scope']:,} citizens in scope ({found['in_scope_though_dead']:,} of them truly dead). Derived"
        f" status right: {percent(found['derived_right'])}, with the right spouse"
        f" {percent(found['derived_right_with_spouse'])}; recorded status right: {percent(found['recorded_right'])}."
        f" Confirmable: {percent(found['confirmable'])}; wrong among them: {wrong['part']:,} of {wrong['whole']:,}"
        f" (upper bound {high}).\n\nOf the {told['citizens']:,} whose marriages, divorces and deaths are all delivered:"
        f" derived status right {percent(told['derived_right'])}, with the right spouse"
        f" {percent(told['derived_right_with_spouse'])}; of those rightly derived as married the spouse is right for"
        f" {percent(told['spouse_right'])}."
    )
    heads = ["citizens", "derived right (95%)", "recorded right", "confirmable", "confirmable wrong"]

    def lines(name: str) -> str:
        rows = [
            [
                r[name],
                r["citizens"],
                percent(r["derived_right"]),
                r["recorded_right"],
                r["confirmable"],
                r["confirmable_wrong"],
            ]
            for r in found[f"by_{name}"]
        ]
        return _table([name, *heads], rows)

    truths = sorted({m["truth"] for m in found["matrix"]})
    counts = {(m["derived"], m["truth"]): m["citizens"] for m in found["matrix"]}
    matrix = [[d, *(counts.get((d, t), 0) for t in truths)] for d in sorted({m["derived"] for m in found["matrix"]})]
    shown = _table(["derived \\ true", *truths], matrix)
    grounds = [[g["ground"], g["holds"], g["alone"], g["wrong"], g["wrong_alone"]] for g in found["grounds"]]
    kept = _table(["ground", "holds for", "alone keeps back", "wrong", "wrong, alone kept back"], grounds)
    return "\n\n".join([opening, lines("class"), lines("reason"), kept, shown])


def _duplicates(result: Evaluation) -> str:
    names = ("pairs", "found", "on_both", "superseded")
    rows = [
        [d["register"], d["kind"], "yes" if d["lawful"] else "no", *(d[n] for n in names), percent(d["recall"])]
        for d in result["duplicates"]
    ]
    return _table(["register", "kind", "lawful", "pairs", "found", "on both", "superseded", "found (95%)"], rows)
