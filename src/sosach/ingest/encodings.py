"""The encoding of a text file: by its mark, else UTF-8 if every byte fits, else Windows-1258 if it reads as that.

A file in the bytes of a Vietnamese font (TCVN3, VNI, VPS) is read as programs show such a font, by Windows-1252, since
Windows-1258 would make right but other words of some bytes; which letters they are is decided in ``normalize.mending``.
"""

import codecs
import re
import unicodedata
from pathlib import Path

import ftfy.bad_codecs
from charset_normalizer import from_bytes

from sosach.errors import DeliveryError
from sosach.normalize.legacy_fonts import FONTS, read
from sosach.normalize.syllables import is_possible

ftfy.bad_codecs.ok()  # registers the codec sloppy-windows-1252, in which every byte is a character
FONT_ENCODING = "sloppy-windows-1252"
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
BLOCK_BYTES = 1 << 20
# Enough bytes for charset-normalizer to judge a legacy encoding by its letters.
SAMPLE_BYTES = 1 << 18
# A whole letter in UTF-8, or the beginning of a Vietnamese one (U+1E80 to U+1EFF) that was cut off.
UTF8_LETTER = re.compile(
    rb"\xe1[\xba\xbb][\x80-\xbf]?|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
HIGH_BYTE = re.compile(rb"[\x80-\xff]")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")


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
    if encoding == "utf-8":
        sample = _sample(path)
        if not _nearly_utf_8(sample):
            if _in_a_font(sample):
                return FONT_ENCODING
            if _looks_like_windows_1258(sample) and _undecodable_line(path, "cp1258") is None:
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


def _sample(path: Path) -> bytes:
    """A part of the file with bytes beyond ASCII."""
    with path.open("rb") as stream:
        sample = stream.read(SAMPLE_BYTES)
        while sample and not HIGH_BYTE.search(sample):
            sample = stream.read(SAMPLE_BYTES)
    return sample


def _nearly_utf_8(sample: bytes) -> bool:
    """Whether it is UTF-8 with a few faults."""
    in_utf8 = sum(len(letter) for letter in UTF8_LETTER.findall(sample))
    return in_utf8 * 2 >= len(HIGH_BYTE.findall(sample))


def _looks_like_windows_1258(sample: bytes) -> bool:
    """Whether the bytes beyond ASCII read as Vietnamese in Windows-1258."""
    best = from_bytes(sample, cp_isolation=["cp1258"]).best()
    return best is not None and best.encoding == "cp1258"


def _in_a_font(sample: bytes) -> bool:
    """Whether nine of ten different words with an accent are possible in one font, and not half in Windows-1258."""
    words = {*_WORD.findall(sample)}
    in_1258 = sum(is_possible(unicodedata.normalize("NFC", word.decode("cp1258", "replace"))) for word in words)
    shown = [word.decode(FONT_ENCODING) for word in words]
    in_font = max(
        sum((found := read(word, font)) is not None and is_possible(found.text.lower()) for word in shown)
        for font in FONTS
    )
    return in_font * 10 >= len(words) * 9 and in_1258 * 2 < len(words)
