"""What a run is about, read from its manifest.

Holds the reading side only; ``ingest.open_run`` writes the file.
"""

from dataclasses import dataclass
from datetime import date

from sosach.lake import Lake, Run, read_json
from sosach.settings import Settings


@dataclass(frozen=True)
class Manifest:
    """Date, predecessor and rule catalogue of one run, and its deliveries as ``ingest.runs`` describes them.

    ``deliveries`` are all that the run counts rows of; those with ``status`` ``replaced`` give no record to core: a
    later one (``replaced_by``) stands in their place. ``held`` are no part of the run.
    """

    run_id: str
    as_of: date
    previous_run_id: str | None
    catalogue: str
    deliveries: tuple[dict[str, object], ...]
    refused: tuple[dict[str, object], ...]
    held: tuple[dict[str, object], ...] = ()

    @property
    def replaced(self) -> tuple[str, ...]:
        """``delivery_id`` of the deliveries that a later one replaced whole."""
        return tuple(str(d["delivery_id"]) for d in self.deliveries if d.get("status") == "replaced")


def read_manifest(settings: Settings, run_id: str) -> tuple[Run, Manifest]:
    """The run's folder and its manifest.

    Raises:
        MissingArtefactError: no such run.
    """
    run = Lake(settings.home).run(run_id)
    content = read_json(run.manifest)
    return run, Manifest(
        run_id=content["run_id"],
        as_of=date.fromisoformat(content["as_of"]),
        previous_run_id=content["previous_run_id"],
        catalogue=content["catalogue"],
        deliveries=tuple(content["deliveries"]),
        refused=tuple(content["refused"]),
        held=tuple(content.get("held", ())),
    )
