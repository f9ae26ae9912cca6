"""The letters of the Vietnamese fonts before Unicode: TCVN3 (ABC), VNI-Windows, VPS, as a Unicode program shows them.

Holds tables and reading text by one of them; whether a text is in such a font at all is decided in ``mending``. Facts:
TCVN 5712:1993 (VN3), and the tables of the converters UniKey (VnConv) and xvnkb, which agree with one another.
"""

import re
from dataclasses import dataclass

from sosach.normalize.syllables import accented

# In each row the letters with huyền, hỏi, ngã, sắc, nặng, as bytes; then the letter itself where ASCII lacks it.
_TCVN3 = {
    "a": "B5 B6 B7 B8 B9", "ă": "BB BC BD BE C6 A8", "â": "C7 C8 C9 CA CB A9", "e": "CC CE CF D0 D1",
    "ê": "D2 D3 D4 D5 D6 AA", "i": "D7 D8 DC DD DE", "o": "DF E1 E2 E3 E4", "ô": "E5 E6 E7 E8 E9 AB",
    "ơ": "EA EB EC ED EE AC", "u": "EF F1 F2 F3 F4", "ư": "F5 F6 F7 F8 F9 AD", "y": "FA FB FC FD FE",
}  # fmt: skip
_TCVN3_CAPITALS = {"A1": "Ă", "A2": "Â", "A3": "Ê", "A4": "Ô", "A5": "Ơ", "A6": "Ư", "A7": "Đ", "AE": "đ"}
_VPS = {
    "a": "E0 E4 E3 E1 E5", "ă": "A2 A3 A4 A1 A5 E6", "â": "C0 C4 C5 C3 C6 E2", "e": "E8 C8 EB E9 CB",
    "ê": "8A 8B CD 89 8C EA", "i": "EC CC EF ED CE", "o": "F2 D5 F5 F3 86", "ô": "D2 B0 87 D3 B6 F4",
    "ơ": "A9 AA AB A7 AE D6", "u": "F9 FB DB FA F8", "ư": "D8 BA BB D9 BF DC", "y": "FF 9B CF 9A 9C",
}  # fmt: skip
# The same of the capitals; a byte that stands in both tables draws either.
_VPS_CAPITALS = {
    "A": "80 81 82 C1 E5", "Ă": "8E 8F F0 8D A5 88", "Â": "84 85 C5 83 C6 C2", "E": "D7 DE FE C9 CB",
    "Ê": "93 94 95 90 8C CA", "I": "B5 B7 B8 B4 CE", "O": "BC BD BE B9 86", "Ô": "97 98 99 96 B6 D4",
    "Ơ": "9E 9F A6 9D AE F7", "U": "A8 D1 AC DA F8", "Ư": "AF B1 BB AD BF D0", "Y": "B2 FD B3 DD 9C",
}  # fmt: skip
# VNI writes the letter and then a mark: the same marks for the tones of a, e, o, u, y, ơ (ô) and ư (ö).
_VNI_TONES, _VNI_CIRCUMFLEX, _VNI_BREVE = "øûõùï", "àåãáäâ", "èúüéëê"
_VNI_ALONE = {"ñ": "đ", "ô": "ơ", "ö": "ư", "ì": "ì", "í": "í", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}


@dataclass(frozen=True)
class Reading:
    """A text read by a font: its letters, and which of them the font draws in one way for small and capital."""

    text: str
    caseless: frozenset[int]


def _shown(byte: str) -> tuple[str, ...]:
    """The characters that a program of today may show for a byte: of Windows-1252, and of Latin-1."""
    value = int(byte, 16)
    return tuple({chr(value), bytes([value]).decode("cp1252", errors="ignore")} - {""})


def _letters(rows: dict[str, str]) -> dict[str, str]:
    found = {}
    for base, row in rows.items():
        for byte, letter in zip(row.split(), accented(base.lower()) + base.lower(), strict=False):
            found.update(dict.fromkeys(_shown(byte), letter if base.islower() else letter.upper()))
    return found


def _tables() -> tuple[dict[str, dict[str, str]], dict[str, frozenset[str]]]:
    """Character to letter, and the characters that stand for the small and the capital letter alike, by font."""
    small = _letters(_TCVN3)
    marked = "ăâêôơư"
    tcvn3 = small | {chr(int(byte, 16)): letter for byte, letter in _TCVN3_CAPITALS.items()}
    vps_small, vps_capitals = _letters(_VPS) | {"Ç": "đ"}, _letters(_VPS_CAPITALS) | {"ñ": "Đ"}
    return (
        {"tcvn3": tcvn3, "vps": vps_capitals | vps_small},
        {
            "tcvn3": frozenset(shown for shown, letter in small.items() if letter not in marked),
            "vps": frozenset(vps_small.keys() & vps_capitals.keys()),
        },
    )


_TABLES, _CASELESS = _tables()


def _vni_pairs() -> dict[str, str]:
    pairs: dict[str, str] = {}
    for base, shown in zip("aeouyơư", "aeouyôö", strict=True):
        pairs |= {shown + mark: letter for mark, letter in zip(_VNI_TONES, accented(base), strict=True)}
    for base, marks in (("â", _VNI_CIRCUMFLEX), ("ê", _VNI_CIRCUMFLEX), ("ô", _VNI_CIRCUMFLEX), ("ă", _VNI_BREVE)):
        shown = {"â": "a", "ê": "e", "ô": "o", "ă": "a"}[base]
        pairs |= {shown + mark: letter for mark, letter in zip(marks, accented(base) + base, strict=True)}
    del pairs["yï"]
    return pairs


_VNI = _vni_pairs() | _VNI_ALONE
_VNI_UNIT = re.compile(f"(?i:{'|'.join(sorted(_VNI, key=len, reverse=True))})|[ -~‘’“”–—…]")
_PASSED = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("‘’“”–—…")
FONTS = ("tcvn3", "vni", "vps")


def read(text: str, font: str) -> Reading | None:
    """The text by the table of a font of ``FONTS``, or None where it has a character that the font does not write."""
    return _read_vni(text) if font == "vni" else _read_bytes(text, font)


def _read_bytes(text: str, font: str) -> Reading | None:
    table, caseless = _TABLES[font], _CASELESS[font]
    if any(shown not in table and shown not in _PASSED for shown in text):
        return None
    return Reading(
        "".join(table.get(shown, shown) for shown in text),
        frozenset(i for i, shown in enumerate(text) if shown in caseless),
    )


def _read_vni(text: str) -> Reading | None:
    """A mark may be of either height; the letter before it tells the case."""
    letters, at = [], 0
    while at < len(text):
        unit = _VNI_UNIT.match(text, at)
        if unit is None:
            return None
        shown = unit.group()
        letter = _VNI.get(shown.lower(), shown)
        letters.append(letter.upper() if shown[0].isupper() else letter)
        at = unit.end()
    return Reading("".join(letters), frozenset())
