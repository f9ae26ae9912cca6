"""A run in a few lines for the terminal, from the stages' receipts. Holds no query of its own and no personal value."""

from typing import Any

from sosach.lake import read_json
from sosach.manifest import read_manifest
from sosach.settings import Settings

WORDS = {"dung": "đúng", "du": "đủ", "sach": "sạch", "song": "sống"}


def _share(part: int, whole: int) -> str:
    return f"{part:,}/{whole:,} ({100 * part / whole:.2f}%)" if whole else f"{part:,}/0 (–)"


def _linkage(link: dict[str, int]) -> str:
    why = next((k.removeprefix("full_because_") for k in link if k.startswith("full_because_")), "")
    how = "on from the run before" if link["incremental"] else f"in full ({why.replace('_', ' ')})"
    return (
        f"Linkage       {how}; {link['persons_after']:,} persons: {link['persons_new']:,} new, "
        f"{link['persons_merged']:,} merged, {link['persons_split']:,} split, {link['persons_gone']:,} gone; "
        f"{link.get('pairs_review', 0):,} pairs for review, {link['stopped_clusters']:,} groups stopped as too large"
    )


def summary(settings: Settings, run_id: str) -> list[str]:
    """Eleven lines about a finished run: what came in, what was found, how the campaign stands.

    Raises:
        MissingArtefactError: a stage of the run has not been run.
    """
    run, manifest = read_manifest(settings, run_id)
    receipts: dict[str, Any] = {
        name: read_json(run.stage(name))
        for name in ("normalize", "link", "check", "issues", "cleanse", "campaign", "publish")
    }
    registers = receipts["normalize"]["registers"].values()
    raw, core, quarantined, superseded = (
        sum(r[k] for r in registers) for k in ("rows_raw", "rows_core", "rows_quarantined", "rows_superseded")
    )
    changed, not_understood = (sum(r[k] for r in registers) for k in ("cells_changed", "cells_not_understood"))
    link, check, issues, cleanse, campaign, publish = (
        receipts[k] for k in ("link", "check", "issues", "cleanse", "campaign", "publish")
    )
    methods = ", ".join(f"{k.removeprefix('links_')} {v:,}" for k, v in link.items() if k.startswith("links_"))
    clean = ", ".join(
        f"{word} {_share(*publish['clean_records'][d])}" for d, word in WORDS.items() if d in publish["clean_records"]
    )
    proposed = sum(v for v in cleanse.values())
    refused = ": " + ", ".join(str(r["file_name"]) for r in manifest.refused) if manifest.refused else ""
    return [
        f"Run           {run_id}, as of {manifest.as_of:%d/%m/%Y}, previous run {manifest.previous_run_id or 'none'}",
        f"Deliveries    {len(manifest.deliveries):,} accepted, {len(manifest.refused):,} refused{refused}",
        f"Records       {raw:,} delivered = {core:,} in core + {quarantined:,} quarantined + {superseded:,} superseded",
        f"Cells         {changed:,} normalised, {not_understood:,} not understood (kept as delivered)",
        f"Persons       {link['links']:,} mentions and records linked: {methods}",
        f"Rules         {check['rules_run']:,} of {check['rules']:,} ran, {check['engine_errors']:,} engine errors; "
        f"{check['violations']:,} violations, "
        f"{check['violations'] - check['violations_not_mended']:,} of them mended on the way in",
        f"Clean records {clean}",
        f"Issues        {issues['open_before']:,} open before + {issues['new']:,} new "
        f"+ {issues['reopened']:,} reopened - {issues['closed']:,} closed = "
        f"{issues['open_after']:,} open; {proposed:,} repairs proposed",
        f"Campaign      {campaign['in_scope']:,} citizens in scope: {campaign['matching']:,} match, "
        f"{campaign['missing']:,} missing, {campaign['differing']:,} differ, "
        f"{campaign['duplicate']:,} duplicate, {campaign['to_verify']:,} to verify",
        f"Confirmable   {_share(campaign['confirmable'], campaign['in_scope'])} from data alone; "
        f"{publish['workbooks']:,} workbooks with {publish['work_lines']:,} lines",
        _linkage(link),
    ]
