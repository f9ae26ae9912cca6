"""Zip archives: each file in one is a delivery of its own; whatever is no plain file in it is refused by name.

Members are streamed to private copies under names of our own, so that no name in an archive ever becomes a path.
"""

import re
import stat
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sosach.errors import DeliveryError
from sosach.ingest.inbox import COPY_BYTES, StableCopy, copy_blocks, too_large
from sosach.ingest.kinds import ARCHIVE, expected_kind, open_zip
from sosach.settings import Settings

READ_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What operating systems add to archives by themselves; it holds no data of the sender.
LITTER = {".ds_store", "thumbs.db", "desktop.ini"}
LITTER_FOLDER = "__MACOSX"
# The ratio of packing is no sign of a bomb below this size.
RATIO_FROM_BYTES = 1 << 24
DRIVE = re.compile(r"^[A-Za-z]:")
DAMAGED = "tệp nén bị cắt cụt hoặc hỏng. Nén lại dạng .zip không mật khẩu rồi gửi lại."


@dataclass(frozen=True)
class Member:
    """One file of an archive: its name there, and its private copy or why it is refused."""

    name: str
    copy: StableCopy | None
    refusal: str = ""


def members(archive: Path, work: Path, settings: Settings) -> Iterator[Member]:
    """Every file of an archive in the order of its directory; the copy of one is gone when the next is asked for.

    Raises:
        DeliveryError: the archive as a whole cannot be read, is empty, or is beyond the limits of the installation.
    """
    try:
        opened = open_zip(archive)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError) as error:
        raise DeliveryError(DAMAGED) from error
    with opened as container:
        infos = [info for info in container.infolist() if not info.is_dir() and not _litter(info.filename)]
        _check_whole(infos, settings)
        names = Counter(unicodedata.normalize("NFC", info.filename) for info in infos)
        left = settings.max_archive_bytes
        for number, info in enumerate(infos):
            name = "".join(c if c.isprintable() else "?" for c in info.filename)
            target = work / str(number)
            try:
                if names[unicodedata.normalize("NFC", info.filename)] > 1:
                    raise DeliveryError("tên này có nhiều lần trong tệp nén. Mỗi tệp một tên; nén lại rồi gửi lại.")
                _check_member(info, settings)
                copy = _unpack(container, info, target, min(settings.max_file_bytes, left))
                left -= copy.size
                yield Member(name, copy)
            except DeliveryError as error:
                yield Member(name, None, str(error))
            finally:
                target.unlink(missing_ok=True)


def _check_whole(infos: list[zipfile.ZipInfo], settings: Settings) -> None:
    if not infos:
        raise DeliveryError("tệp nén không có tệp nào bên trong. Nén lại rồi gửi lại.")
    if len(infos) > settings.max_archive_members:
        raise DeliveryError(
            f"tệp nén có {len(infos)} tệp, nhiều hơn mức cho phép ({settings.max_archive_members}). "
            "Chia thành nhiều tệp nén rồi gửi lại."
        )
    if sum(info.file_size for info in infos) > settings.max_archive_bytes:
        raise DeliveryError(
            f"nội dung tệp nén khi bung ra lớn hơn mức cho phép ({settings.max_archive_bytes >> 20} MB). "
            "Chia thành nhiều tệp nén rồi gửi lại."
        )


def _check_member(info: zipfile.ZipInfo, settings: Settings) -> None:
    name = info.orig_filename
    path = PurePosixPath(name)
    if (
        name != info.filename
        or not name.isprintable()
        or "\\" in name
        or path.is_absolute()
        or DRIVE.match(name)
        or ".." in path.parts
    ):
        raise DeliveryError(
            "đường dẫn trong tệp nén không được nhận (có .., đường dẫn tuyệt đối, ổ đĩa, dấu \\ hoặc ký tự lạ). "
            "Nén lại chính các tệp dữ liệu rồi gửi lại."
        )
    if any(part.startswith(".") for part in path.parts):
        raise DeliveryError("tệp ẩn (tên bắt đầu bằng dấu chấm) không được nhận. Đổi tên hoặc bỏ khỏi tệp nén.")
    mode = stat.S_IFMT(info.external_attr >> 16)
    if mode not in (0, stat.S_IFREG):
        raise DeliveryError("là liên kết hoặc tệp đặc biệt, không phải tệp thường. Nén lại chính tệp dữ liệu.")
    if info.flag_bits & 0x41:
        raise DeliveryError(
            "tệp nén có mật khẩu; hệ thống không nhận mật khẩu. Nén lại không đặt mật khẩu rồi gửi lại."
        )
    if info.compress_type not in READ_METHODS:
        raise DeliveryError("kiểu nén không được hỗ trợ. Nén lại bằng Windows (Send to > Compressed) rồi gửi lại.")
    if info.file_size > settings.max_file_bytes:
        raise DeliveryError(too_large(settings.max_file_bytes))
    if info.file_size > max(RATIO_FROM_BYTES, settings.max_archive_ratio * info.compress_size):
        raise DeliveryError(
            f"tệp bung ra lớn gấp hơn {settings.max_archive_ratio} lần khi nén (dấu hiệu tệp phá hoại). "
            "Gửi tệp không nén nếu là dữ liệu thật."
        )
    if expected_kind(name) == ARCHIVE:
        raise DeliveryError("tệp nén nằm trong tệp nén không được mở. Đưa tệp bên trong ra ngoài rồi gửi lại.")


def _unpack(container: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, max_bytes: int) -> StableCopy:
    try:
        with container.open(info) as reader:
            copy = copy_blocks(iter(lambda: reader.read(COPY_BYTES), b""), target, max_bytes)
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise DeliveryError(DAMAGED) from error
    if copy.size != info.file_size:
        raise DeliveryError(DAMAGED)
    if copy.size == 0:
        raise DeliveryError("tệp rỗng (0 byte). Xuất lại dữ liệu và gửi lại tệp.")
    if copy.kind == ARCHIVE:
        raise DeliveryError("tệp nén nằm trong tệp nén không được mở. Đưa tệp bên trong ra ngoài rồi gửi lại.")
    return copy


def _litter(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name.lower() in LITTER or path.parts[:1] == (LITTER_FOLDER,)
