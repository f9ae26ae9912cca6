"""Opening a run: which deliveries it is about, what it is called, and which run came before it.

Writes the manifest and the tables ``expected_deliveries`` and ``delivery_parts`` of the run. Reads no delivery.
"""

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb

from sosach.duck import connect, literal, write_parquet
from sosach.errors import MissingArtefactError, SosachError
from sosach.ingest.expected import write_expected
from sosach.ingest.inbox import entries, inbox
from sosach.ingest.replacing import replacements
from sosach.lake import Lake, write_json
from sosach.registers import load_registers
from sosach.settings import Settings
from sosach.state import ACCEPTED, HELD, DeliveryRecord, Refusal, StateStore

# Refusals of things that lie in the inbox itself are kept under this name of a folder.
INBOX_ITSELF = ""
VALUES_AT_ONCE = 10_000


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
    registers = load_registers(settings.expectations)
    with StateStore(settings.state_url) as state:
        state.replace_refusals(INBOX_ITSELF, _strays(settings))
        received = state.deliveries(received_by=as_of)
        deliveries = [d for d in received if d.status == ACCEPTED]
        held = [d for d in received if d.status == HELD]
        reasons = {event.sha256: event.reason for event in state.delivery_log() if event.on_date <= as_of}
        refusals = state.refusals()
        if not deliveries:
            raise SosachError(_nothing_accepted(settings, as_of, len(refusals), len(held), len(state.deliveries())))
        _check_lake(settings, deliveries)
        replaced = replacements(deliveries, registers)
        run_id = f"{as_of.isoformat()}_{_fingerprint(deliveries, replaced, catalogue)[:8]}"
        run = state.open_run(run_id, as_of, catalogue)
    manifest = {
        "run_id": run.run_id,
        "as_of": run.as_of.isoformat(),
        "previous_run_id": run.previous_run_id,
        "catalogue": run.catalogue,
        "deliveries": [_said(d) | _standing(d, replaced) for d in deliveries],
        "held": [_said(d) | {"reason": reasons.get(d.sha256, "")} for d in held],
        "refused": [{"register": r.register, "file_name": r.file_name, "reason": r.reason} for r in refusals],
    }
    folder = Lake(settings.home).run(run_id)
    with connect(settings) as con:
        write_expected(con, settings.expectations, registers, deliveries, as_of, folder.table("expected_deliveries"))
        _write_parts(con, deliveries, folder.table("delivery_parts"))
    write_json(folder.manifest, manifest)
    return run_id


def _said(d: DeliveryRecord) -> dict[str, object]:
    """What the manifest says of a delivery; no name of a sender, which may be a person's."""
    return {
        "delivery_id": d.delivery_id,
        "sha256": d.sha256,
        "register": d.register,
        "file_name": d.file_name,
        "rows": d.rows,
        "received_on": d.received_on.isoformat(),
        "sequence": d.sequence,
        "unit": d.unit,
        "period_from": d.period_from.isoformat() if d.period_from else None,
        "period_to": d.period_to.isoformat() if d.period_to else None,
        "origin": dict(d.origin),
        "notes": dict(d.notes),
        "findings": [dict(finding) for finding in d.findings],
    }


def _standing(d: DeliveryRecord, replaced: Mapping[str, str]) -> dict[str, object]:
    """Whether the rows of a delivery count, or a later one (by its ``delivery_id``) stands in its place."""
    newer = replaced.get(d.sha256)
    return {"status": "replaced" if newer else d.status, "replaced_by": newer[:16] if newer else None}


def _write_parts(con: duckdb.DuckDBPyConnection, deliveries: list[DeliveryRecord], target: Path) -> None:
    """Write table ``delivery_parts``: where the rows of each delivery stand in its file (see ``state.place_of``).

    A row of delivery d is in the part of the greatest ``first_row`` that is not beyond it (an ASOF join).
    """
    columns = "delivery_id VARCHAR, part VARCHAR, first_row BIGINT, line BIGINT, rows BIGINT"
    con.execute(f"CREATE OR REPLACE TEMP TABLE delivery_parts ({columns})")
    rows = [
        f"({', '.join(map(literal, (d.delivery_id, p['name'], p['first_row'], p['line'], p['rows'])))})"
        for d in deliveries
        for p in d.parts
    ]
    for start in range(0, len(rows), VALUES_AT_ONCE):
        con.execute(f"INSERT INTO delivery_parts VALUES {', '.join(rows[start : start + VALUES_AT_ONCE])}")
    write_parquet(con, "FROM delivery_parts", target, "delivery_id, first_row")


def _fingerprint(deliveries: list[DeliveryRecord], replaced: Mapping[str, str], catalogue: str) -> str:
    """Hash of what the run computes from; without replaced deliveries it does not depend on the order of arrival."""
    lines = [*sorted(d.sha256 for d in deliveries), *sorted(f"{old} {new}" for old, new in replaced.items()), catalogue]
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


def _nothing_accepted(settings: Settings, as_of: date, refused: int, held: int, taken: int) -> str:
    why = f"{refused} files were refused (see the log for each reason). " if refused else ""
    why += f"{held} deliveries are held (`sosach deliveries` says why). " if held else ""
    why += f"{taken - held} deliveries were received after that day. " if taken > held else ""
    return (
        f"No delivery was accepted up to {as_of.isoformat()}. {why}"
        f"Put files into {settings.deliveries}/<register>/ and run the ingest stage."
    )
