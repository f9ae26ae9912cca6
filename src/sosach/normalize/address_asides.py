"""What an address says beside itself: brackets, "nay là …", "trước đây thuộc …", a part that ends in "cũ" or "mới".

Cuts a text into the address proper and such remarks, by words alone. Knows no unit; what a remark means for the unit
of the address is decided in ``address_meaning``.
"""

import re
from dataclasses import dataclass, field

ONCE, NOW, OPEN = "once", "now", ""
"""What a remark tells: a unit of former times, one of today, or only a name."""


@dataclass(frozen=True)
class Remark:
    """A text that names, perhaps, another unit; ``relation`` is ``ONCE``, ``NOW`` or ``OPEN``."""

    text: str
    relation: str


@dataclass
class Said:
    """An address without its remarks: parts in their order, each with a relation if it ends in "cũ" or "mới"."""

    parts: list[Remark] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


_BRACKET = re.compile(r"[(\[]([^()\[\]]*)[)\]]?")
_AGE = re.compile(r"^(.*?)[\s:,.]*\b(?:(?P<once>cũ)|(?P<now>mới))[\s.]*$", re.DOTALL)
_AGE_ALONE = re.compile(r"\s*(?:(?P<once>cũ|cu)|(?P<now>mới|moi))[\s.]*")
_IS = r"(?:\s+(?:là|la|thuộc|thuoc|gọi là))"
_MARK = re.compile(
    rf"\b(?:(?P<now>(?:hiện\s+|hien\s+)?nay(?:{_IS}|\s+đổi tên thành|\s*:)|hiện{_IS}"
    r"|(?:nay\s+)?(?:được\s+)?(?:đổi tên thành|(?:sáp )?nhập (?:vào|thành)))"
    rf"|(?P<once>(?:trước|truoc)\s+(?:(?:đây|day|kia|ngày|ngay|tháng|năm)\b|là\b|la\b|thuộc\b|thuoc\b|[0-9])"
    rf"[0-9/.\-\s]*:?{_IS}?|(?:trước|truoc)\s*:|tên cũ{_IS}?|cũ(?:\s*:|{_IS})|(?:đổi tên|sáp nhập|tách|thành lập) từ))"
    r"(?:[\s:]*(?:là|la|thuộc|thuoc)\b)?[\s:]*"
)
_BREAK = re.compile(r"[,;|–—\n]|\s-|-\s")
_LEFT_OVER = re.compile(r"\b(?:nay (?:là|la|thuộc|thuoc)|trước (?:đây|là)|truoc (?:day|la)|đổi tên|sáp nhập)\b")


def cut(lowered: str) -> Said | None:
    """The address and the remarks of a text in lower case; None if it has no remark at all."""
    said = Said()

    def keep(bracket: re.Match[str]) -> str:
        if age := _AGE_ALONE.fullmatch(bracket[1]):
            return f" {'cũ' if age['once'] else 'mới'}, "
        said.remarks.extend(_remarks(bracket[1]))
        return " "

    rest = _BRACKET.sub(keep, lowered)
    if rest == lowered and not _MARK.search(rest) and not any(map(_AGE.match, _BREAK.split(rest))):
        return None
    for part in _BREAK.split(rest):
        mark = _MARK.search(part)
        own = part[: mark.start()] if mark else part
        if own.strip(" ."):
            said.parts.append(_aged(own))
        if mark:
            said.remarks.extend(_remarks(part[mark.start() :]))
    return said


def unread(text: str) -> bool:
    """Does a text tell of a change of units in words that ``cut`` does not understand?"""
    return _LEFT_OVER.search(text) is not None


def _aged(text: str) -> Remark:
    age = _AGE.match(text)
    return Remark(age[1], ONCE if age["once"] else NOW) if age else Remark(text, OPEN)


def _remarks(text: str) -> list[Remark]:
    marks = list(_MARK.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    found = [_aged(text[: marks[0].start()] if marks else text)]
    for mark, end in zip(marks, ends, strict=False):
        found.append(Remark(_aged(text[mark.end() : end]).text, ONCE if mark["once"] else NOW))
    return [remark for remark in found if remark.text.strip(" ,.:;-")]
