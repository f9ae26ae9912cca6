"""What the bytes of a text file say without being parsed: lines, records, NUL bytes, and doubtful quoting.

One pass in blocks, in bounded memory. Its count of records is the independent one against which a reader's is proved.
"""

import codecs
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sosach.errors import DeliveryError

# Longest line in bytes and longest record in characters; the registers' records are below 10 kB.
MAX_RECORD = 1 << 23
NEWLINE, RETURN, SPACE, QUOTE = 10, 13, 32, 34
AFTER_SPACE = np.frombuffer(b",;\t| \r\n", np.uint8)
UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class TextScan:
    """Facts about a text file, fed block by block.

    Attributes:
        encoding: ``utf-16-le`` or ``utf-16-be``, told by the first bytes; else ``utf-8``, which is not checked here.
        records: lines that hold anything, where a line break inside double quotes ends none.
        blank: lines that hold nothing.
        inner_breaks: line breaks inside double quotes.
        plain: no UTF-16, every line break is of one kind, quotes are closed, and no quoted cell has spaces around it,
            so that all readers of CSV agree about the cells.
    """

    def __init__(self) -> None:
        """Nothing read yet."""
        self.encoding = "utf-8"
        self.records = self.blank = self.inner_breaks = 0
        self._lines = self._size = self._run = self._returns = self._pairs = 0
        self._outer_pairs = 0
        self._inside = self._spaced = False
        self._tail = b""
        self._last_break = -1

    def feed(self, block: bytes) -> None:
        """Read the next block.

        Raises:
            DeliveryError: a line is longer than ``MAX_RECORD``, or there is a NUL byte.
        """
        if not self._size:
            self.encoding = _encoding_of(block)
        self._check_line(block)
        if self.encoding == "utf-8":
            self._check_nul(block)
            self._count(block)
        self._lines += block.count(b"\n")
        self._size += len(block)

    def close(self) -> None:
        """Say that the last block was read: a last line without line break counts too."""
        if self._size - 1 > self._last_break:
            self.records += 1
        self._spaced = self._spaced or self._tail.endswith(b'" ')

    @property
    def plain(self) -> bool:
        """See the class."""
        breaks = self.records + self.blank
        one_kind = self._returns == self._pairs and self._outer_pairs in (0, self._breaks_outside())
        return self.encoding == "utf-8" and breaks > 0 and one_kind and not self._inside and not self._spaced

    def _breaks_outside(self) -> int:
        return self._lines - self.inner_breaks

    def _check_line(self, block: bytes) -> None:
        """Lines end at either kind of break here: a file of old Macs has carriage returns alone."""
        first = min((p for p in (block.find(b"\n"), block.find(b"\r")) if p >= 0), default=len(block))
        longest = self._run + first
        self._run = longest if first == len(block) else len(block) - 1 - max(block.rfind(b"\n"), block.rfind(b"\r"))
        if longest > MAX_RECORD:
            raise DeliveryError(
                f"dòng {self._lines + 1} của tệp dài quá {MAX_RECORD >> 20} MB: tệp hỏng hoặc thiếu dấu xuống dòng. "
                "Xuất lại tệp CSV, mỗi bản ghi một dòng, rồi gửi lại."
            )

    def _check_nul(self, block: bytes) -> None:
        if (found := block.find(b"\0")) >= 0:
            line = self._lines + block.count(b"\n", 0, found) + 1
            raise DeliveryError(
                f"dòng {line} của tệp có ký tự NUL: tệp hỏng hoặc không phải "
                "tệp văn bản. Xuất lại tệp CSV (UTF-8) và gửi lại."
            )

    def _count(self, block: bytes) -> None:
        view = self._tail + block
        data = np.frombuffer(view, np.uint8)
        offset = self._size - len(self._tail)
        breaks = np.flatnonzero(data == NEWLINE)
        breaks = breaks[breaks >= len(self._tail)]
        quotes = np.flatnonzero(data == QUOTE)
        if quotes.size:
            self._spaced = self._spaced or _spaces_around(data, quotes, begins=not self._size)
            quotes = quotes[quotes >= len(self._tail)]
        inside = (np.searchsorted(quotes, breaks) + self._inside) & 1
        self._inside = bool((quotes.size + self._inside) & 1)
        outer = breaks[inside == 0]
        self.inner_breaks += int(breaks.size - outer.size)
        if outer.size:
            paired = data[outer - 1] == RETURN
            if outer[0] == 0:  # the first byte of the file: there is nothing before it
                paired[0] = False
            self._outer_pairs += int(np.count_nonzero(paired))
            lengths = np.diff(outer + offset, prepend=self._last_break) - 1 - paired
            self.blank += int(np.count_nonzero(lengths <= 0))
            self.records += int(np.count_nonzero(lengths > 0))
            self._last_break = int(outer[-1]) + offset
        self._returns += block.count(b"\r")
        self._pairs += view.count(b"\r\n") - self._tail.count(b"\r\n")
        self._tail = view[-3:]


def _encoding_of(start: bytes) -> str:
    """UTF-16 by its mark or, without one, by the zero halves of its ASCII letters; else called UTF-8."""
    if (marked := UTF_16.get(start[:2])) is not None:
        return marked
    even, odd = start[0::2].count(b"\0"), start[1::2].count(b"\0")
    for name, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros * 8 > len(start) and zeros > 8 * others:
            return name
    return "utf-8"


def _spaces_around(data: NDArray[np.uint8], quotes: NDArray[Any], *, begins: bool) -> bool:
    """Whether spaces stand between a double quote and a delimiter or line end, where readers disagree.

    ``data`` is a block after the last three bytes before it; ``begins`` says that it is the first of its file.
    """
    before = quotes[quotes >= 1]
    before = before[data[before - 1] == SPACE]
    if (begins and (before == 1).any()) or np.isin(data[before[before >= 2] - 2], AFTER_SPACE).any():
        return True
    after = quotes[quotes + 1 < data.size]
    after = after[data[after + 1] == SPACE]
    return bool(np.isin(data[after[after + 2 < data.size] + 2], AFTER_SPACE).any())
