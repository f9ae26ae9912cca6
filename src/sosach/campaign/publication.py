"""Writes a run's publication: site, workbooks, official report, each into ``published/`` at once.

Holds the order of things only: figures come from ``results`` and ``worklist``, pages and documents from
``sosach.report``.
"""

from sosach.campaign.model import load_campaign
from sosach.campaign.results import gather, load_units
from sosach.campaign.worklist import build_lines, build_pairs, lines_of, pairs_of
from sosach.checks.catalogue import load_catalogue
from sosach.checks.rule_words import rules_page
from sosach.duck import connect
from sosach.errors import BalanceError
from sosach.lake import Run, atomic_dir
from sosach.manifest import Manifest
from sosach.registers import load_registers
from sosach.report.arithmetic import check_report
from sosach.report.official import write_report
from sosach.report.site import write_site
from sosach.report.workbook import write_workbook
from sosach.settings import Settings
from sosach.state import AccessRecord, StateStore
from sosach.tables import open_tables

_NEEDED = (
    "issues",
    "violations",
    "evidence",
    "rule_results",
    "rule_results_by_unit",
    "marital_status",
    "campaign_units",
    "proposals",
    "links",
    "link_pairs",
    "differences",
    "delivery_parts",
)


def write_publication(settings: Settings, run: Run, manifest: Manifest, campaign_id: str) -> dict[str, object]:
    """Write ``published/site``, ``published/workbooks/<unit>.xlsx`` and ``published/bao_cao.docx``.

    What was there is replaced. Every workbook written is an export of personal data and is noted in the access log.

    Raises:
        BalanceError: the workbooks hold another number of lines than the work list.
        SosachError: the official report prints a percentage that does not follow from its figures.
    """
    catalogue = load_catalogue(settings.expectations)
    campaign = load_campaign(settings.campaigns, campaign_id)
    registers = load_registers(settings.expectations)
    with connect(settings) as con, atomic_dir(run.published) as draft:
        open_tables(con, settings.expectations, run, needed=_NEEDED)
        data = gather(con, settings, run, manifest, campaign, catalogue)
        pages = write_site(data, draft / "site", rules_page(catalogue, settings.expectations))
        expected = build_lines(con, registers, manifest)
        pairs = build_pairs(con, settings.expectations)
        written: dict[str, int] = {}
        listed: dict[str, int] = {}
        for code, unit in load_units(con).items():
            if code not in expected and code not in pairs and code == "TINH":
                continue
            target = draft / "workbooks" / f"{code}.xlsx"
            target.parent.mkdir(exist_ok=True)
            found = pairs_of(con, code, pairs.get(code, 0))
            written[code] = write_workbook(unit, lines_of(con, code, catalogue, registers), data, target, found)
            listed[code] = len(found.lines)
        if not sum(written.values()) == sum(expected.values()) == data.issues.open_after:
            raise BalanceError(
                f"Run {run.run_id}: the work list has {sum(expected.values())} lines, "
                f"the workbooks {sum(written.values())}. Report this as a bug."
            )
        write_report(data, draft / "bao_cao.docx")
        check_report(draft / "bao_cao.docx", data)
        with StateStore(settings.state_url) as store:
            store.log_access(
                AccessRecord(
                    run.run_id, "publish", "write_workbook", code, campaign_id, lines + listed[code], manifest.as_of
                )
                for code, lines in written.items()
            )
    clean = {
        row.dimension: [row.clean.numerator, row.clean.denominator] for row in data.dimensions if row.unit_code is None
    }
    return {
        "pages": len(pages.communes) + len(pages.rules) + 4 + bool(data.due),
        "workbooks": len(written),
        "work_lines": sum(written.values()),
        "work_pairs": sum(listed.values()),
        "work_pairs_left_out": sum(pairs.values()) - sum(listed.values()),
        "clean_records": clean,
    }
