"""The inbox: which files lie there, and taking one away from under its sender's hands.

Holds no knowledge of file contents beyond their first bytes.
"""

import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sosach.errors import DeliveryError, SettingsError
from sosach.ingest.kinds import HEAD_BYTES, TEXT, expected_kind, kind_by_head, kind_of
from sosach.ingest.text_scan import TextScan
from sosach.settings import Settings

COPY_BYTES = 1 << 22


@dataclass(frozen=True)
class Found:
    """Something in a register's folder: its path, its name as people read it, and why it is refused, if it is."""

    path: Path
    file_name: str
    refusal: str = ""


@dataclass(frozen=True)
class StableCopy:
    """A private copy of one delivered file: SHA-256, size in bytes, kind by content, facts where it is text."""

    path: Path
    sha256: str
    size: int
    kind: str
    scan: TextScan | None


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


def walk(folder: Path, root: Path) -> Iterator[Found]:
    """Every file below ``folder``, in the order of its path, named relative to ``root``.

    What cannot be a delivery by its name or place comes with a refusal: hidden files and folders, links that leave
    the inbox, folders that cannot be read, names that cannot be written down, endings that are not read.
    """
    yield from _unique(_walk(folder, root, _homes(folder, root)))


def _homes(folder: Path, root: Path) -> tuple[Path, ...]:
    return root.resolve(), folder.resolve()


def _walk(folder: Path, root: Path, homes: tuple[Path, ...]) -> Iterator[Found]:
    for path in entries(folder):
        name = path.relative_to(root).as_posix()
        shown = _shown(name)
        if shown != name:
            yield Found(path, shown, "tên tệp có ký tự không in được. Đổi tên tệp rồi gửi lại.")
        elif path.name.startswith("."):
            reason = "tệp ẩn (tên bắt đầu bằng dấu chấm) không được nhận. Đổi tên hoặc xóa khỏi hộp nhận."
            yield Found(path, name, reason)
        elif path.is_symlink() and not _stays(path, homes):
            yield Found(path, name, "liên kết trỏ ra ngoài hộp nhận hoặc không đến đâu. Chép chính tệp đó vào đây.")
        elif path.is_dir() and path.is_symlink():
            yield Found(path, name, "liên kết đến thư mục không được đọc. Chép chính các tệp vào đây.")
        elif path.is_dir():
            try:
                yield from _walk(path, root, homes)
            except OSError as error:
                yield Found(path, name, f"không đọc được thư mục ({error.strerror}). Kiểm tra quyền đọc rồi chạy lại.")
        else:
            yield Found(path, name, _name_refused(path.name))


def _name_refused(name: str) -> str:
    try:
        expected_kind(name)
    except DeliveryError as error:
        return str(error)
    return ""


def _stays(path: Path, homes: tuple[Path, ...]) -> bool:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return False
    return any(target.is_relative_to(home) for home in homes)


def _shown(name: str) -> str:
    """A file name that can be written down: bytes that are no text and unprintable characters become ``?``."""
    return "".join(c if c.isprintable() else "?" for c in name)


def _unique(found: Iterable[Found]) -> Iterator[Found]:
    """Number names that read alike after unprintable characters were replaced."""
    seen: dict[str, int] = {}
    for one in found:
        seen[one.file_name] = seen.get(one.file_name, 0) + 1
        times = seen[one.file_name]
        yield one if times == 1 else Found(one.path, f"{one.file_name} ({times})", one.refusal)


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


def copy_stable(source: Path, target: Path, max_bytes: int) -> StableCopy:
    """Copy a file that nobody changes or replaces meanwhile, hashing and scanning what was copied.

    Raises:
        DeliveryError: the file cannot be read, is empty, too large, of a kind that is not read, or changed meanwhile.
    """
    try:
        number = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(number, "rb") as reader:
            before = os.fstat(number)
            if not stat.S_ISREG(before.st_mode):
                raise DeliveryError("không phải tệp thường. Chép chính tệp dữ liệu vào đây.")
            if before.st_size > max_bytes:
                raise DeliveryError(too_large(max_bytes))
            copy = copy_blocks(iter(lambda: reader.read(COPY_BYTES), b""), target, max_bytes)
            after, there = os.fstat(number), source.stat()
    except OSError as error:
        raise DeliveryError(
            f"không đọc được tệp ({error.strerror}). Kiểm tra quyền đọc và đường dẫn, rồi chạy lại."
        ) from error
    if _identity(before) != _identity(after) or _identity(after) != _identity(there) or copy.size != after.st_size:
        raise DeliveryError("tệp đang được ghi trong lúc đọc. Chờ chép xong vào hộp nhận rồi chạy lại.")
    if copy.size == 0:
        raise DeliveryError("tệp rỗng (0 byte). Xuất lại dữ liệu và gửi lại tệp.")
    return copy


def copy_blocks(blocks: Iterator[bytes], target: Path, max_bytes: int) -> StableCopy:
    """Write blocks to a new file, hashing and scanning them.

    Raises:
        DeliveryError: more than ``max_bytes``, a kind that is not read, a NUL byte or an endless line in a text.
    """
    digest = hashlib.sha256()
    size = 0
    kind = TEXT
    scan: TextScan | None = None
    with target.open("wb") as writer:
        for block in blocks:
            if not size:
                kind = kind_by_head(block[:HEAD_BYTES])
                scan = TextScan() if kind == TEXT else None
            digest.update(block)
            size += writer.write(block)
            if size > max_bytes:
                raise DeliveryError(too_large(max_bytes))
            if scan:
                scan.feed(block)
    if scan:
        scan.close()
    return StableCopy(target, digest.hexdigest(), size, kind_of(target, kind), scan)


def too_large(max_bytes: int) -> str:
    """The refusal of a file that is larger than the installation takes."""
    return f"tệp lớn hơn mức cho phép ({max_bytes / 2**20:,.0f} MB). Chia thành nhiều tệp nhỏ hơn rồi gửi lại."


def _identity(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
