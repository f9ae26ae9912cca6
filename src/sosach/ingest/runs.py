"""Opening a run: which deliveries it is about, what it is called, and which run came before it."""

import hashlib
from datetime import date

from sosach.errors import MissingArtefactError, SosachError
from sosach.ingest.inbox import entries, inbox
from sosach.lake import Lake, write_json
from sosach.registers import load_registers
from sosach.settings import Settings
from sosach.state import DeliveryRecord, Refusal, StateStore

# Refusals of things that lie in the inbox itself are kept under this name of a folder.
INBOX_ITSELF = ""


def open_run(settings: Settings, as_of: date, catalogue: str) -> str:
    """Open the run about all deliveries received up to ``as_of`` and write its manifest.

    The same deliveries, date and catalogue are the same run: opening it again writes the same manifest.

    Args:
        settings: the installation.
        as_of: date of the run.
        catalogue: version of the rule catalogue, a hash or any text that changes when a rule does.

    Returns:
        The run's id, ``<as_of>_<8 hex>``.

    Raises:
        SettingsError: no inbox.
        SosachError: no delivery was accepted up to that day.
        MissingArtefactError: an accepted delivery is no longer in the lake.
    """
    with StateStore(settings.state_url) as state:
        state.replace_refusals(INBOX_ITSELF, _strays(settings))
        deliveries = state.deliveries(received_by=as_of)
        refusals = state.refusals()
        if not deliveries:
            raise SosachError(_nothing_accepted(settings, as_of, len(refusals), len(state.deliveries())))
        _check_lake(settings, deliveries)
        run_id = f"{as_of.isoformat()}_{_fingerprint(deliveries, catalogue)[:8]}"
        run = state.open_run(run_id, as_of, catalogue)
    manifest = {
        "run_id": run.run_id,
        "as_of": run.as_of.isoformat(),
        "previous_run_id": run.previous_run_id,
        "catalogue": run.catalogue,
        "deliveries": [
            {
                "delivery_id": d.delivery_id,
                "sha256": d.sha256,
                "register": d.register,
                "file_name": d.file_name,
                "rows": d.rows,
                "received_on": d.received_on.isoformat(),
                "sequence": d.sequence,
            }
            for d in deliveries
        ],
        "refused": [{"register": r.register, "file_name": r.file_name, "reason": r.reason} for r in refusals],
    }
    write_json(Lake(settings.home).run(run_id).manifest, manifest)
    return run_id


def _fingerprint(deliveries: list[DeliveryRecord], catalogue: str) -> str:
    """Hash of what the run computes from; it does not depend on the order in which files arrived."""
    lines = [*sorted(d.sha256 for d in deliveries), catalogue]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _strays(settings: Settings) -> list[Refusal]:
    """What lies in the inbox but in no register's folder."""
    registers = load_registers(settings.expectations)
    found = []
    for path in entries(inbox(settings)):
        if path.is_dir() and path.name in registers:
            continue
        what = "thư mục không mang tên một sổ nào" if path.is_dir() else "tệp không nằm trong thư mục của sổ nào"
        reason = f"{path.name}: {what}. Đặt tệp vào một trong các thư mục: {', '.join(registers)}."
        found.append(Refusal(INBOX_ITSELF, path.name, reason))
    return found


def _check_lake(settings: Settings, deliveries: list[DeliveryRecord]) -> None:
    for delivery in deliveries:
        raw = Lake(settings.home).raw(delivery.register, delivery.delivery_id)
        if not raw.is_file():
            raise MissingArtefactError(
                f"{raw}: not found, though {delivery.file_name} was accepted. "
                "Put that file back into the inbox and run the ingest stage again."
            )


def _nothing_accepted(settings: Settings, as_of: date, refused: int, later: int) -> str:
    why = f"{refused} files were refused (see the log for each reason). " if refused else ""
    why += f"{later} deliveries were received after that day. " if later else ""
    return (
        f"No delivery was accepted up to {as_of.isoformat()}. {why}"
        f"Put files into {settings.deliveries}/<register>/ and run the ingest stage."
    )
