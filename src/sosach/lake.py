"""Names and atomic writing of everything computed.

Holds the paths of the lake and of one run, and the one way to write a file: aside, then renamed. Holds no
knowledge of what the files mean.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sosach.errors import MissingArtefactError


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """An empty folder beside ``target``, gone afterwards; what a killed process left there goes first.

    Its name follows from the target, so two processes must not write one target at a time (runs of a DAG wait for
    each other, ingestion locks its register).
    """
    folder = target.parent / f".aside-{target.name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a path beside ``target``; on success it replaces ``target``, on failure it leaves no trace."""
    with _aside(target) as aside:
        draft = aside / target.name
        yield draft
        draft.replace(target)


@contextmanager
def atomic_dir(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``target``; on success it replaces the whole of ``target``."""
    with _aside(target) as aside:
        draft, old = aside / "new", aside / "old"
        draft.mkdir()
        yield draft
        if target.exists():
            target.replace(old)
        draft.replace(target)


def write_json(target: Path, content: Any) -> None:
    """Write ``content`` as UTF-8 JSON with sorted keys, atomically: the same content gives the same bytes."""
    with atomic_path(target) as draft:
        draft.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON artefact.

    Raises:
        MissingArtefactError: the file is not there, which means that an earlier stage has not run.
    """
    if not path.is_file():
        raise MissingArtefactError(f"{path}: not found. Run the stage that writes it first (see docs/architecture.md).")
    return json.loads(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Lake:
    """Paths under the home folder."""

    home: Path

    def raw(self, register: str, delivery_id: str) -> Path:
        """Rows of one delivery as text, one Parquet file."""
        return self.home / "lake" / "raw" / register / f"{delivery_id}.parquet"

    def run(self, run_id: str) -> "Run":
        """The folder of one run."""
        return Run(self.home / "runs" / run_id, run_id)


@dataclass(frozen=True)
class Run:
    """Paths of one run; every file in it belongs to that run alone and is replaced, never appended to."""

    root: Path
    run_id: str

    @property
    def manifest(self) -> Path:
        """Which deliveries, rules and date the run is about; written when the run is opened."""
        return self.root / "manifest.json"

    def core(self, register: str) -> Path:
        """Typed records of a register."""
        return self.root / "core" / f"{register}.parquet"

    def quarantine(self, register: str) -> Path:
        """Rows that could not be keyed, with the reason."""
        return self.root / "quarantine" / f"{register}.parquet"

    def cells(self, register: str) -> Path:
        """Cells that a normaliser changed or could not understand."""
        return self.root / "cells" / f"{register}.parquet"

    def table(self, name: str) -> Path:
        """A named table of the run: links, persons, marital_status, coverage, violations, …"""
        return self.root / f"{name}.parquet"

    def checked(self, register: str, name: str) -> Path:
        """A part of a check result that belongs to one register, before the parts are joined."""
        return self.root / "checks" / register / f"{name}.parquet"

    def stage(self, name: str) -> Path:
        """Receipt of a finished stage: counts and balances."""
        return self.root / "stages" / f"{name}.json"

    @property
    def docs(self) -> Path:
        """Data Docs for engineers."""
        return self.root / "data_docs"

    @property
    def published(self) -> Path:
        """What officers get: ``site/``, ``workbooks/``, ``bao_cao.docx``."""
        return self.root / "published"
