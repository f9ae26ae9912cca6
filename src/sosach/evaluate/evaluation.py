"""One evaluation from a run and a truth folder: checks, steps in order, the result as plain data.

Holds no comparison of its own; ``table`` writes the result for readers.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sosach.checks.catalogue import Catalogue, load_catalogue
from sosach.duck import connect, literal
from sosach.errors import MissingArtefactError, SettingsError
from sosach.evaluate import clean as clean_records
from sosach.evaluate import kinds, rules
from sosach.evaluate.duplicates import duplicates
from sosach.evaluate.links import links, prepare_links
from sosach.evaluate.marital import marital_status, prepare_status
from sosach.evaluate.missed import explain_missed
from sosach.evaluate.reconcile import prepare_reconcile, reconciliation
from sosach.evaluate.relate import list_expected, list_rules, list_violations, relate
from sosach.evaluate.truth import find_records, match_deliveries, open_truth
from sosach.evaluate.withheld import without_numbers
from sosach.lake import Run
from sosach.manifest import Manifest, read_manifest
from sosach.settings import Settings
from sosach.tables import open_tables

NEEDED = ("violations", "rule_results", "issues", "proposals", "links", "link_pairs", "differences", "marital_status")

Evaluation = dict[str, Any]


def evaluate(
    settings: Settings,
    run_id: str,
    truth: Path,
    progress: Callable[[str], None] = lambda line: None,
    *,
    withheld: bool = True,
) -> Evaluation:
    """Compare a finished run with the truth behind its deliveries.

    Args:
        settings: the installation in which the run was made.
        run_id: the run; the stages up to ``cleanse`` must be done.
        truth: folder that the generator wrote together with the deliveries.
        progress: gets one line before each step.
        withheld: also link the registers again without identity numbers (as long as the stage link takes, twice).

    Returns:
        Counts and shares only, no value of a record: ``run_id, as_of, catalogue, records, totals, rules, rule_ids,
        without_rule, not_tested, kinds, proposals, untouched_cells, links, links_without_numbers,
        reconciliation, marital_status, duplicates``. Equal input gives equal content.

    Raises:
        SettingsError: the truth is missing, incomplete or of other deliveries, or the rules are not those of the run.
        MissingArtefactError: there is no such run, or a stage of it has not been run.
    """
    run, manifest = read_manifest(settings, run_id)
    catalogue = load_catalogue(settings.expectations)
    if catalogue.version != manifest.catalogue:
        raise SettingsError(
            f"Run {run_id} was made under other rules than those in {settings.expectations}. Run the stages again, or "
            "set SOSACH_EXPECTATIONS to the rules of that run."
        )
    scratch = settings.home / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="evaluate-", dir=scratch))
    try:
        return _evaluate(settings, run, manifest, catalogue, truth, Run(folder, run_id), progress, withheld)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _evaluate(
    settings: Settings, run: Run, manifest: Manifest, catalogue: Catalogue, truth: Path, clean: Run,
    progress: Callable[[str], None], withheld: bool,
) -> Evaluation:  # fmt: skip
    registers = catalogue.registers
    for name in registers:
        if not run.core(name).is_file():
            raise MissingArtefactError(f"{run.core(name)}: not found. Run the stage normalize first.")
    with connect(settings, str(clean.root / "work.db")) as con:
        open_tables(con, settings.expectations, run, needed=NEEDED)
        progress("truth")
        open_truth(con, truth)
        match_deliveries(con, manifest)
        find_records(con, registers)
        kept = " UNION ALL ".join(
            f"SELECT {literal(name)} AS register, record_id FROM read_parquet({literal(run.core(name))})"
            for name in registers
        )
        con.execute(f"CREATE TEMP TABLE kept_record AS {kept}")
        progress("records without their planted errors")
        clean_records.mark_false_records(con, catalogue)
        clean_records.write_clean(con, settings, run, manifest, catalogue, clean)
        clean_records.write_true_links(con, catalogue, clean)
        progress("rules on them")
        persisting = clean_records.judge_clean(settings, manifest, catalogue, clean)
        con.execute(f"CREATE TEMP TABLE persisting AS FROM read_parquet({literal(persisting)})")
        progress("violations")
        list_rules(con, catalogue)
        list_expected(con, catalogue)
        list_violations(con)
        relate(con, catalogue, run, clean)
        rules.classify(con)
        progress("errors that were missed")
        explain_missed(con, settings, run, manifest, catalogue, clean)
        progress("cells, proposals, links, marital status, duplicates")
        kinds.compare_cells(con, registers, run, clean)
        prepare_links(con)
        prepare_status(con)
        prepare_reconcile(con)
        again: list[dict[str, Any]] = []
        if withheld:
            progress("links without identity numbers")
            again = without_numbers(con, settings, run, registers, clean.root)
        rows = con.execute("SELECT register, count(*) FROM kept_record GROUP BY ALL ORDER BY ALL").fetchall()
        broken = con.execute("SELECT rule_id FROM rule_results WHERE status = 'engine_error' ORDER BY 1").fetchall()
        return {
            "run_id": run.run_id,
            "as_of": manifest.as_of.isoformat(),
            "catalogue": manifest.catalogue,
            "records": {str(register): int(n) for register, n in rows},
            "engine_errors": [str(rule) for (rule,) in broken],
            "totals": rules.totals(con),
            "rules": rules.per_rule(con),
            "rule_ids": rules.per_rule_id(con),
            "without_rule": rules.without_rule(con),
            "not_tested": rules.not_tested(con),
            "kinds": kinds.per_kind(con),
            "proposals": kinds.proposals(con, registers, clean),
            "untouched_cells": kinds.untouched(con),
            "links": links(con),
            "links_without_numbers": again,
            "reconciliation": reconciliation(con),
            "marital_status": marital_status(con),
            "duplicates": duplicates(con),
        }
