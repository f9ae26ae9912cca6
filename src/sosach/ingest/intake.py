"""Taking in the deliveries of one register: new ones once, known ones not again, bad ones refused with a reason.

A raw file is written before its row in the state database: a process killed in between leaves a file that nobody
counts and that the next run replaces by the same bytes. Files are read side by side, but recorded in their order.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

from sosach import duck
from sosach.errors import DeliveryError, SettingsError
from sosach.ingest.admission import Admission, Decision
from sosach.ingest.delivered import Deliveries, Refused, Taken
from sosach.ingest.inbox import Found, inbox, walk, workspace
from sosach.ingest.notes import is_note
from sosach.lake import Lake
from sosach.registers import load_registers
from sosach.settings import Settings
from sosach.state import Refusal, StateStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IngestCounts:
    """What one scan of a register's folder did: files by outcome, and rows of the files newly accepted.

    A file in an archive counts like one outside; an archive that cannot be opened counts as one file. Held: new, kept
    and recorded, but no run is about it until it is released.
    """

    accepted: int = 0
    duplicate: int = 0
    refused: int = 0
    rows: int = 0
    held: int = 0


def ingest_register(settings: Settings, register: str, as_of: date) -> IngestCounts:
    """Take in every new file below ``<deliveries>/<register>/``; refused files are tried again at each call.

    Args:
        settings: the installation.
        register: id of the register, as its folder under ``expectations`` is called.
        as_of: date of the run, recorded as the day on which new deliveries were received.

    Returns:
        How many files were accepted, known already, refused, and the rows accepted.

    Raises:
        SettingsError: no such register, or no inbox.
        BalanceError: rows were lost between a file and its raw copy.
    """
    known = load_registers(settings.expectations)
    if register not in known:
        raise SettingsError(f"Register {register!r} is unknown. Known are: {', '.join(known)}.")
    root = inbox(settings)
    found = list(walk(root / register, root))
    accepted = duplicate = held = rows = 0
    refusals: list[Refusal] = []
    with (
        workspace(settings, register) as work,
        StateStore(settings.state_url) as state,
        duck.connect(settings) as con,
    ):
        con.execute("SET threads = 1")  # each file has its own thread
        con.execute("SET TimeZone = 'UTC'")
        recorded = {delivery.sha256: delivery for delivery in state.deliveries()}
        deliveries = Deliveries(settings, known[register], recorded, con, work)
        admission = Admission(settings, known[register], recorded.values(), found, work, as_of)
        admission.judge_held(state)
        stopped: set[str] = set()
        files = [one for one in found if one.refusal or not is_note(one.file_name)]
        for outcome in _outcomes(deliveries, files, settings.threads):
            admission.seen(outcome.file_name)
            if isinstance(outcome, Taken):
                outcome, decision = _decided(admission, outcome, stopped)
            if isinstance(outcome, Refused):
                reason = f"{outcome.file_name}: {outcome.reason}"
                refusals.append(Refusal(register, outcome.file_name, reason, outcome.sha256))
                log.warning("refused %s", reason)
            elif decision and state.record_delivery(decision.delivery, decision.held_because):
                admission.recorded(decision)
                accepted += not decision.held_because
                held += bool(decision.held_because)
                rows += 0 if decision.held_because else decision.delivery.rows
            else:
                duplicate += 1
                log.info("%s: known already", outcome.file_name)
        taken = {delivery.sha256 for delivery in state.deliveries()}
        for sha256 in stopped - taken:
            Lake(settings.home).raw(register, sha256[:16]).unlink(missing_ok=True)
        refusals += admission.refusals()
        state.replace_refusals(register, refusals)
    return IngestCounts(accepted, duplicate, len(refusals), rows, held)


def _outcomes(deliveries: Deliveries, files: list[Found], threads: int) -> Iterator[Taken | Refused]:
    """What became of each file, in the order of the files, while later ones are being read already."""
    pool = ThreadPoolExecutor(threads)
    try:
        for outcomes in [pool.submit(deliveries.take, found) for found in files]:
            yield from outcomes.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _decided(admission: Admission, taken: Taken, stopped: set[str]) -> tuple[Taken | Refused, Decision | None]:
    """What admission says of a delivery that was taken; nothing of one that was recorded before."""
    if taken.known is not None or admission.knows(taken.sha256):
        return taken, None
    try:
        return taken, admission.decide(taken)
    except DeliveryError as error:
        stopped.add(taken.sha256)
        return Refused(taken.file_name, str(error), taken.sha256), None
