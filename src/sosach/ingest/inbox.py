"""The inbox: which files lie there, and taking one away from under its sender's hands.

Holds no knowledge of file contents.
"""

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sosach.errors import DeliveryError, SettingsError
from sosach.settings import Settings

COPY_BYTES = 1 << 20


@dataclass(frozen=True)
class StableCopy:
    """A private copy of one delivered file, its SHA-256 and its size in bytes."""

    path: Path
    sha256: str
    size: int


def inbox(settings: Settings) -> Path:
    """The inbox folder.

    Raises:
        SettingsError: there is no such folder.
    """
    if not settings.deliveries.is_dir():
        raise SettingsError(
            f"Inbox {settings.deliveries}: no such folder. Create it with one folder a register inside, "
            "or point SOSACH_DELIVERIES (or --deliveries) at the right one."
        )
    return settings.deliveries


def entries(folder: Path) -> list[Path]:
    """Everything that lies directly in a folder, sorted by name; nothing when the folder is not there."""
    return sorted(folder.iterdir(), key=lambda p: p.name) if folder.is_dir() else []


@contextmanager
def workspace(settings: Settings, register: str) -> Iterator[Path]:
    """Yield an empty folder for private copies, held by one process at a time for each register.

    What a killed process left (copies, half-written raw files) is removed first: holding the lock proves it dead.
    """
    root = settings.home / "lake" / ".incoming"
    root.mkdir(parents=True, exist_ok=True)
    with (root / f"{register}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        work = root / register
        for leftover in [work, *(settings.home / "lake" / "raw" / register).glob(".aside-*")]:
            shutil.rmtree(leftover, ignore_errors=True)
        work.mkdir()
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def copy_stable(source: Path, work: Path) -> StableCopy:
    """Copy a file that nobody changes meanwhile, hashing what was copied.

    Raises:
        DeliveryError: the file cannot be read, is empty, or changed while it was read.
    """
    target = work / f"delivery{source.suffix.lower()}"
    digest = hashlib.sha256()
    copied = 0
    try:
        before = source.stat()
        with source.open("rb") as reader, target.open("wb") as writer:
            while block := reader.read(COPY_BYTES):
                digest.update(block)
                copied += writer.write(block)
        after = source.stat()
    except OSError as error:
        raise DeliveryError(
            f"không đọc được tệp ({error.strerror}). Kiểm tra quyền đọc và đường dẫn, rồi chạy lại."
        ) from error
    if (before.st_ino, before.st_size, before.st_mtime_ns) != (after.st_ino, after.st_size, after.st_mtime_ns) or (
        copied != after.st_size
    ):
        raise DeliveryError("tệp đang được ghi trong lúc đọc. Chờ chép xong vào hộp nhận rồi chạy lại.")
    if copied == 0:
        raise DeliveryError("tệp rỗng (0 byte). Xuất lại dữ liệu và gửi lại tệp.")
    return StableCopy(target, digest.hexdigest(), copied)
