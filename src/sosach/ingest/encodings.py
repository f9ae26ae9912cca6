"""The encoding of a text file: by its mark, else UTF-8 if every byte fits, else Windows-1258 if it reads as that."""

import codecs
import re
from pathlib import Path

from charset_normalizer import from_bytes

from sosach.errors import DeliveryError

BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
BLOCK_BYTES = 1 << 20
# Enough bytes for charset-normalizer to judge a legacy encoding by its letters.
SAMPLE_BYTES = 1 << 18
# A whole letter in UTF-8, or the beginning of a Vietnamese one (U+1E80 to U+1EFF) that was cut off.
UTF8_LETTER = re.compile(
    rb"\xe1[\xba\xbb][\x80-\xbf]?|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
HIGH_BYTE = re.compile(rb"[\x80-\xff]")


def find_encoding(path: Path, by_bytes: str) -> str:
    """The encoding of a text file, after decoding all of it.

    Args:
        path: the file.
        by_bytes: what its first bytes say where it has no mark: ``utf-8``, ``utf-16-le`` or ``utf-16-be``.

    Raises:
        DeliveryError: no known encoding; a damaged UTF-8 file is refused rather than read as another encoding.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
    encoding = next((name for mark, name in BOMS.items() if start.startswith(mark)), by_bytes)
    fault = _undecodable_line(path, encoding)
    if fault is None:
        return encoding
    if encoding == "utf-8" and _looks_like_windows_1258(path) and _undecodable_line(path, "cp1258") is None:
        return "cp1258"
    raise DeliveryError(
        f"không đọc được chữ ở khoảng dòng {fault}: tệp hỏng hoặc không phải UTF-8, UTF-16, Windows-1258. "
        "Lưu lại tệp bằng bảng mã UTF-8 rồi gửi lại."
    )


def _undecodable_line(path: Path, encoding: str) -> int | None:
    """Number of the line near the first byte that does not fit the encoding; None where all fit."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    lines = 1
    with path.open("rb") as stream:
        while True:
            block = stream.read(BLOCK_BYTES)
            try:
                lines += decoder.decode(block, final=not block).count("\n")
            except UnicodeDecodeError as error:
                return lines + error.object[: error.start].count(b"\n")
            if not block:
                return None


def _looks_like_windows_1258(path: Path) -> bool:
    """Whether the bytes beyond ASCII read as Vietnamese in Windows-1258 and are not UTF-8 with a few faults."""
    with path.open("rb") as stream:
        sample = stream.read(SAMPLE_BYTES)
        while sample and not HIGH_BYTE.search(sample):
            sample = stream.read(SAMPLE_BYTES)
    high = len(HIGH_BYTE.findall(sample))
    in_utf8 = sum(len(letter) for letter in UTF8_LETTER.findall(sample))
    best = from_bytes(sample, cp_isolation=["cp1258"]).best()
    return in_utf8 * 2 < high and best is not None and best.encoding == "cp1258"
