"""Tables of deliveries and of what was expected, as lines of text for the command line. No cell of a delivery."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from sosach.duck import connect, literal
from sosach.errors import MissingArtefactError
from sosach.ingest.expected import write_expected
from sosach.ingest.reader_notes import header_words, note_words
from sosach.ingest.replacing import replacements
from sosach.manifest import read_manifest
from sosach.places import place_join, place_words
from sosach.registers import load_registers
from sosach.settings import Settings
from sosach.state import ACCEPTED, DeliveryRecord, StateStore

NOTHING = "-"
INDENT = "    "


def delivery_lines(settings: Settings, as_of: date | None, register: str, status: str) -> Iterator[str]:
    """Deliveries, each with what is unusual about it, refused files and expectations.

    Args:
        settings: the installation.
        as_of: as it stood on that day; None: all deliveries, and expectations as of the day of the latest one.
        register: only this register; empty: all.
        status: only lines of this status; empty: all but ``received`` and ``not_due``.
    """
    registers = load_registers(settings.expectations)
    with StateStore(settings.state_url) as state:
        deliveries = [d for d in state.deliveries(as_of) if register in ("", d.register)]
        refusals = [r for r in state.refusals() if register in ("", r.register)]
        reasons = {event.sha256: event.reason for event in state.delivery_log()}
    replaced = replacements(deliveries, registers)
    yield f"{'delivery':<18}{'register':<20}{'status':<10}{'unit':<7}{'period':<24}{'rows':>10}  {'came':<12}file"
    for d in deliveries:
        standing = "replaced" if d.sha256 in replaced else d.status
        if status in ("", standing):
            period = f"{d.period_from}..{d.period_to}" if d.period_from else NOTHING
            more = f"  by {replaced[d.sha256][:16]}" if d.sha256 in replaced else ""
            more += f"  {reasons.get(d.sha256, '')}" if d.status != ACCEPTED else ""
            yield (
                f"{d.delivery_id:<18}{d.register:<20}{standing:<10}{d.unit or NOTHING:<7}{period:<24}{d.rows:>10,}  "
                f"{d.received_on!s:<12}{d.file_name}{more}"
            )
            yield from _details(d)
    for r in refusals if status in ("", "refused") else ():
        yield f"{(r.sha256 or NOTHING)[:16]:<18}{r.register:<20}{'refused':<10}{r.reason}"
    day = as_of or max((d.received_on for d in deliveries), default=None)
    wanted = {name: found for name, found in registers.items() if register in ("", name)}
    if day is None or not any(found.delivering.expected for found in wanted.values()):
        return
    with TemporaryDirectory() as folder, connect(settings) as con:
        write_expected(con, settings.expectations, wanted, deliveries, day, Path(folder) / "expected.parquet")
        rows = con.execute(
            "SELECT register, unit, status, period_from, period_to, due_on, days_late, received_on "
            "FROM expected_deliveries WHERE status = $1 OR ($1 = '' AND status IN ('late', 'missing')) "
            "ORDER BY register, period_from, unit",
            [status],
        ).fetchall()
        counts = con.execute(
            "SELECT register, status, count(*) FROM expected_deliveries GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    yield ""
    yield f"{'expected':<20}{'status':<10}{'unit':<7}{'period':<24}{'due':<12}{'days late':>9}  came"
    for name, unit, standing, begins, ends, due, late, came in rows:
        yield f"{name:<20}{standing:<10}{unit:<7}{f'{begins}..{ends}':<24}{due!s:<12}{late:>9}  {came or NOTHING}"
    for name, standing, count in counts:
        yield f"{name:<20}{standing:<10}{count:>7,} in all"


def _details(delivery: DeliveryRecord) -> Iterator[str]:
    """How a delivery was read and what was found; what is about columns in one line for all."""
    for words in (*note_words(delivery.notes, usual=False), *note_words(delivery.notes, usual=True)):
        yield f"{INDENT}note: {words}"
    if headers := header_words(delivery.columns):
        yield f"{INDENT}headers: {'; '.join(headers)}"
    for kind, words in (("missing", "optional columns missing"), ("added", "columns not used")):
        if columns := [str(finding["column"]) for finding in delivery.findings if finding["kind"] == kind]:
            yield f"{INDENT}{words}: {', '.join(columns)}"
    for finding in delivery.findings:
        if finding["kind"] not in ("missing", "added", "renamed"):
            yield f"{INDENT}finding: {finding['text']}"


def quarantine_lines(settings: Settings, run_id: str) -> Iterator[str]:
    """Rows of a run that could not be keyed: register, file, place and reason; no cell.

    Raises:
        MissingArtefactError: no such run, or its deliveries were not normalised.
    """
    run, manifest = read_manifest(settings, run_id)
    files = {str(d["delivery_id"]): str(d["file_name"]) for d in manifest.deliveries}
    if not run.table("delivery_parts").is_file() or not run.stage("normalize").is_file():
        raise MissingArtefactError(f"{run.root}: not normalised yet. Run the normalize stage of this run first.")
    with connect(settings) as con:
        con.execute(f"CREATE TEMP VIEW delivery_parts AS FROM read_parquet({literal(run.table('delivery_parts'))})")
        for register in load_registers(settings.expectations):
            found = con.execute(
                f"SELECT q._delivery, {place_words('q.record_id')}, q.reason"
                f" FROM read_parquet({literal(run.quarantine(register))}) q {place_join('q.record_id')}"
                " ORDER BY q._delivery, q._row"
            ).fetchall()
            for delivery, place, reason in found:
                yield f"{register:<20}{files[delivery]}, {place}: {reason}"
