"""The words of an address: its tokens, with the words and abbreviations of the levels marked.

Knows the level words (xã, X., thị trấn, TT., tp …) and what belongs to a name instead; no unit (``address_names``) and
no order of levels (``address_parse``).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sosach.normalize.address_names import Names, Syllables, Unit, bare, bare_name, syllable

COMMUNE_LEVELS = {"xa": "xa", "x": "xa", "phuong": "phuong", "p": "phuong", "tt": "thi_tran"}
DISTRICT_LEVELS = {"huyen": "huyen", "h": "huyen", "tx": "thi_xa", "tp": "thanh_pho", "quan": "quan", "q": "quan"}
PROVINCE_LEVELS = {"tinh", "t", "tp"}
# Words of places smaller than a commune, and of houses: a name behind them is no commune's.
SMALL = frozenset(
    {"xom", "khoi", "ban", "thon", "to", "tdp", "so", "duong", "pho", "ngo", "ngach", "hem", "khu", "ap", "lang"}
    | {"k", "b", "x", "p", "benh", "vien", "tram", "nha", "tai", "tap", "the", "toa", "chung", "cu", "cho", "truong"}
    | {"tieu", "doi"}
)
_ACCENTED_LEVELS = {"xã": "xa", "phường": "phuong", "huyện": "huyen", "tỉnh": "tinh", "quận": "quan"}
_LEVELS = {syllable(word): plain for word, plain in _ACCENTED_LEVELS.items()} | {
    plain: plain for plain in (*COMMUNE_LEVELS, *DISTRICT_LEVELS, *PROVINCE_LEVELS)
}
_TWO_WORDS = {("thi", "tran"): "tt", ("t", "t"): "tt", ("thi", "xa"): "tx", ("t", "x"): "tx"} | {
    ("thanh", "pho"): "tp",
    ("t", "p"): "tp",
}
_TWO_WORDS_ACCENTED = {tuple(map(syllable, ("thị", "trấn"))), tuple(map(syllable, ("thị", "xã")))} | {
    tuple(map(syllable, ("thành", "phố")))
}

_COUNTRY = re.compile(r"(?:[\s,.]*(?:cộng hòa xã hội chủ nghĩa )?(?:việt nam|viet nam|vn))+[\s,.]*$")
_WORDS = re.compile(r"[,;/–—|\-\n]|[^\W_]+")
_DASHED = (("bà rịa - vũng tàu", "bà rịa vũng tàu"), ("thừa thiên - huế", "thừa thiên huế"))

BREAK = ","


@dataclass
class Text:
    """Tokens: syllables in their one spelling, level words as ``#xa``, ``,`` for any separator."""

    tokens: list[str]
    accented: bool = False
    bald: bool = False

    def saw(self, written: Syllables, official: Syllables) -> None:
        """Learn from a name that was recognised whether the writer puts diacritics."""
        if official != bare_name(official):
            self.bald |= written == bare_name(written)
            self.accented |= written == official

    @property
    def reliable(self) -> bool:
        """Diacritics are there wherever they belong, as far as can be seen."""
        return self.accented and not self.bald

    def misspells(self, name: Syllables, units: Sequence[Unit]) -> bool:
        """A mark is missing in this name though the writer puts them: Hoa Sơn need not be Hòa Sơn."""
        return self.reliable and bool(units) and all(unit.name != name for unit in units)


def read_text(lowered: str, names: Names) -> Text:
    """The tokens of a text in lower case; the country at its end is left out."""
    for dashed, joined in _DASHED:
        lowered = lowered.replace(dashed, joined)
    text = Text([])
    for raw in _WORDS.findall(_COUNTRY.sub("", lowered)):
        if not raw[0].isalnum():
            text.tokens.append(BREAK)
            continue
        words = [raw] if raw.isalpha() else re.findall(r"[0-9]+|[^0-9]+", raw)
        text.tokens.extend(map(syllable, words))
    text.tokens = _with_levels(text, names)
    return text


def _with_levels(text: Text, names: Names) -> list[str]:
    marked: list[str] = []
    tokens = text.tokens
    at = 0
    while at < len(tokens):
        pair = tuple(tokens[at : at + 2])
        if pair in _TWO_WORDS or pair in _TWO_WORDS_ACCENTED:
            text.accented |= pair in _TWO_WORDS_ACCENTED
            marked.append("#" + _TWO_WORDS[(bare(pair[0]), bare(pair[1]))])
            at += 2
            continue
        level = _LEVELS.get(tokens[at])
        if level:
            text.accented |= tokens[at] != level
            part_of_name = tokens[at] == level and _inside_name(tokens, at, names)
            marked.append(level if part_of_name else "#" + level)
        else:
            marked.append(tokens[at])
        at += 1
    return marked


def _inside_name(tokens: Sequence[str], at: int, names: Names) -> bool:
    """A word without diacritics is part of a name such as Hà Tĩnh, Quan Thành; "xa luong" is left to ``_commune``."""
    around = (tuple(map(bare, tokens[at - 1 : at + 1])), tuple(map(bare, tokens[at : at + 2])))
    return any(pair in names.pairs and pair != ("xa", "luong") for pair in around)


def strip(tokens: Sequence[str]) -> list[str]:
    """The tokens without separators at the end."""
    left = list(tokens)
    while left and left[-1] == BREAK:
        left.pop()
    return left


def suffixes(tokens: Sequence[str]) -> list[Syllables]:
    """What the last words may be as one name, the longest first."""
    words: list[str] = []
    for token in reversed(tokens):
        if token == BREAK or token.startswith("#") or len(words) == 4:
            break
        words.insert(0, token)
    return [tuple(words[i:]) for i in range(len(words))]


def level_of(token: str, levels: dict[str, str]) -> str:
    """The kind of unit that a level word announces, '' for any other token."""
    return levels.get(token[1:], "") if token.startswith("#") else ""
