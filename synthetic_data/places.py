"""Where a data set is written: folders that may be used, room on the disk, writing aside and putting in place.

Everything is written beside its target and put there at the end, so that a run that fails leaves what was there
before. Holds no content of deliveries or truth.
"""

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from sosach.errors import SettingsError, SosachError

BYTES = {"out": 4_000, "truth": 500, "days": 1_000}
"""Disk space for each person, measured with a margin: deliveries with the temporary database, the truth, the days."""
BYTES_AT_LEAST = 50_000_000
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_SPACE_TEXT = re.compile(r"No space left|Disk quota exceeded|File too large")
NAMED_FILE = re.compile(r'"([^"\n]+)"')
LIST = "deliveries.json"
"""In the truth folder: the files that the generator wrote under ``out`` and may replace."""


def _existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    return next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())


def check_folders(folders: Mapping[str, Path], registers: tuple[str, ...]) -> None:
    """Refuse folders that cannot be written to, and an ``out`` that holds somebody's own deliveries.

    Args:
        folders: ``out``, ``truth`` and, for a stream, ``days``.
        registers: ids of the registers, whose folders under ``out`` will be replaced.

    Raises:
        SettingsError: names the setting, the path and the remedy.
    """
    for name, folder in folders.items():
        existing = _existing(folder)
        if not existing.is_dir():
            raise SettingsError(f"{name}: {existing} is a file, not a folder; name another folder.")
        if not os.access(existing, os.W_OK | os.X_OK):
            raise SettingsError(f"{name}: {existing} may not be written to; name another folder or change its rights.")
    out = folders["out"]
    written = folders["truth"] / LIST
    known = set(json.loads(written.read_text(encoding="utf-8"))) if written.is_file() else set()
    for register in registers:
        for path in sorted((out / register).rglob("*")):
            if not path.is_dir() and path.relative_to(out).as_posix() not in known:
                raise SettingsError(
                    f"out: {path} was not written together with {folders['truth']}, and the folders of the registers"
                    " are replaced; name another folder, or move the file away."
                )


def check_space(folders: Mapping[str, Path], persons: int) -> None:
    """Refuse to begin where the disk cannot take the data set and the temporary database beside it.

    Args:
        folders: ``out``, ``truth`` and, for a stream, ``days``.
        persons: how many will be made.

    Raises:
        SettingsError: names the folder, the need and what is free.
    """
    needs: dict[int, tuple[str, Path, int]] = {}
    states = 2 if "days" in folders else 1
    for name, folder in folders.items():
        existing = _existing(folder)
        first = needs.get(existing.stat().st_dev, (name, existing, BYTES_AT_LEAST))
        needs[existing.stat().st_dev] = (*first[:2], first[2] + persons * BYTES[name] * states)
    for name, existing, need in needs.values():
        if (free := shutil.disk_usage(existing).free) < need:
            raise SettingsError(
                f"{name}: the disk of {existing} has {free / 1e9:.2f} GB free, and {persons} persons need about"
                f" {need / 1e9:.2f} GB while they are made; free some space or give fewer persons."
            )


@contextmanager
def disk_errors_named() -> Iterator[None]:
    """Turn what a disk refuses into an error that says which file could not be written.

    Raises:
        SosachError: the disk is full, or a file may not be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise SosachError(_full(error.filename)) from error
        raise SosachError(
            f"{error.filename or 'a file'}: {error.strerror}; nothing was kept of this data set. Look at the file's"
            " rights, or name another folder."
        ) from error
    except duckdb.Error as error:
        if not NO_SPACE_TEXT.search(str(error)):
            raise
        named = NAMED_FILE.search(str(error))
        raise SosachError(_full(named[1] if named else None)) from error


def _full(name: str | None) -> str:
    return (
        f"{name or 'a temporary file'}: the disk is full; nothing was kept of this data set, and what was there before"
        " is as it was. Free some space or give fewer persons."
    )


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A new folder beside ``target``, gone afterwards; parents that were made for it go too if they stay empty."""
    made = [path for path in target.resolve().parents if not path.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".synthetic_data-", dir=target.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for path in made:
            if not any(path.iterdir()):
                path.rmdir()


def put(staged: Path, target: Path) -> None:
    """Put a staged file or folder where it belongs, in place of what was there."""
    if target.is_dir():
        shutil.rmtree(target)
    if staged.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.replace(target)


def put_registers(staged: Path, out: Path, registers: tuple[str, ...]) -> list[str]:
    """Put the folders of the registers in place; returns their files, relative to ``out``, for ``LIST``."""
    files = sorted(path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file())
    for register in registers:
        put(staged / register, out / register)
    return files
