"""One odd text to clean text: which repair it needs, if any, and the text after it.

A text whose words are possible Vietnamese as it stands is never converted; one that is impossible is converted where
exactly one reading makes every word possible; any other broken text stays as it is, to the last space. Holds no SQL and
no table of a font. Text that is clear at first sight never comes here (``text``).
"""

import re
import unicodedata
from collections.abc import Iterator

import ftfy.bad_codecs

from sosach.normalize.legacy_fonts import FONTS, Reading, read
from sosach.normalize.syllables import is_possible

ftfy.bad_codecs.ok()  # registers the codec sloppy-windows-1252

UTF8_TWICE = "utf8_twice"
LOOK_ALIKE = "look_alike"
HYBRID = "cp1258"
COMPOSED = "nfc"
INVISIBLE = "invisible"
SPACES = "spaces"
REPAIRS = (*FONTS, UTF8_TWICE, LOOK_ALIKE, HYBRID, COMPOSED, INVISIBLE, SPACES)
"""The names of the repairs, the weightiest first."""

_MARKS = "\u0300-\u036f"
_WORD = re.compile(r"[^\W\d_]+")
_WORD_WITH_MARKS = re.compile(rf"[^\W\d_](?:[^\W\d_]|[{_MARKS}])*")
_SPACE = re.compile(r"\s+")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_LOST_BYTE = re.compile("[\x80-\x84\x86-\x9f\ufffd]")
_SOFT_HYPHEN = "\xad"
_JOINERS = "\u200c\u200d"
_JOINED = re.compile("[\u0590-\u1cff]")
_SIGN = re.compile("[\u00a1-\u00bf×÷]")
_QUOTE_OF_UTF8 = re.compile("[ÂÃÄÅÆá][‘’“”–—…•°]")  # Ô in UTF-8, read by Windows-1252, is Ã”
_UNUSUAL = re.compile("[^\x20-\x7e\\w–—‘’“”…•°]")
_LATIN = re.compile("[A-Za-z]")
_D_LIKE = str.maketrans("ÐƉðɖ", "ĐĐđđ")
_D_FIRST = re.compile(r"(?<![^\W\d_])[ÐƉðɖ]")
_LOOKS_LATIN = str.maketrans(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0430\u0435\u043e\u0440\u0441\u0443"
    "\u0445\u0456\u0391\u0392\u0395\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf",
    "ABEKMHOPCTYXIaeopcyxiABEHIKMNOPTYXo",
)
# What no text in Latin letters has: vowels that only VNI writes side by side; signs that a font draws as letters beside
# letters, an accented capital after a small letter or between a capital and a small one.
_VNI_PAIR = re.compile(
    "[aA][âÂêÊàÀãÃäÄåÅèÈéÉùÙøØûÛõÕ]|[eEoO][âÂäÄåÅùÙøØûÛõÕ]|[eE][áÁàÀãÃ]|[uUôÔöÖ][ùÙøØûÛõÕïÏ]|[yY][ùÙøØûÛõÕ]|[öÖ][ôÔ]"
)
_BROKEN = re.compile(
    _VNI_PAIR.pattern + "|[A-Za-zÀ-ÖØ-öø-ÿ][¡-¬®¯´-¹»-¿×÷][A-Za-zÀ-ÖØ-öø-ÿ]"
    "|(?<![A-Za-zÀ-ÿ])[¢-¬®µ¶¸¾×÷][A-Za-zÀ-ÖØ-öø-ÿ]|[A-Za-zÀ-ÖØ-öø-ÿ][¡-¬®µ-¸»-¾×÷](?![A-Za-zÀ-ÿ])"
    "|[a-z][À-ÖØ-Þ]|[A-Z][ÄÅÆÇËÎÏÑÖØÛÜÞß][a-z]"
)
_SPACE_OF_UTF8 = re.compile("(?<=[ÃÆº»]) ")  # the no-break space of à, Ơ, Ạ, Ỡ that somebody made a plain one
_OF_1258 = frozenset(bytes(range(256)).decode("cp1258", errors="ignore"))
_OF_1252 = frozenset(bytes(range(256)).decode("sloppy-windows-1252"))
_TIMES = 3
_ENOUGH_WORDS = 2  # words impossible as they stand: with fewer and no sure sign it may be a foreign name (Loïc)
_LONGEST_ABBREVIATION = 5  # UBND, HKTT


def mend(text: str) -> tuple[str, str | None]:
    """The clean text and the name of the repair of ``REPAIRS``; None where the text stays as it is."""
    if _is_right(text) and text == _spaced(_composed(text)) and not _QUOTE_OF_UTF8.search(text):
        return text, None
    clean, repair = _cleaned(text)
    if text.isascii():
        return clean, repair
    for spelling in dict.fromkeys((text, _without_invisible(text), clean)):
        if not _is_right(_composed(spelling)) or _QUOTE_OF_UTF8.search(spelling):
            found = _converted(spelling)
            if found is not None:
                return found
    if _BROKEN.search(text) or _LOST_BYTE.search(text):
        return text, None
    return clean, repair


def _without_invisible(text: str) -> str:
    """A joiner stays in a script that writes with it, as those of India do."""
    shown = _CONTROL.sub("", text)
    return "".join(
        sign
        for before, sign in zip(" " + shown, shown, strict=False)
        if unicodedata.category(sign) != "Cf" or (sign in _JOINERS and _JOINED.match(before))
    )


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _spaced(text: str) -> str:
    return _SPACE.sub(" ", text).strip()


def _cleaned(text: str) -> tuple[str, str | None]:
    """Without invisible characters, composed, in Latin letters where only the look is Latin, single spaces between."""
    shown = _without_invisible(text)
    composed = _composed(shown)
    latin = _D_FIRST.sub(lambda found: found[0].translate(_D_LIKE), composed)
    if _LATIN.search(latin):  # else it is a name in another alphabet
        latin = _WORD_WITH_MARKS.sub(_in_latin, latin)
    spaced = _spaced(latin)
    hybrid = HYBRID if unicodedata.normalize("NFD", shown) != shown else COMPOSED
    steps = {
        LOOK_ALIKE: latin != composed,
        hybrid: composed != shown,
        INVISIBLE: shown != text,
        SPACES: spaced != latin,
    }
    return spaced, next((name for name in REPAIRS if steps.get(name)), None)


def _in_latin(word: re.Match[str]) -> str:
    """The word in Latin letters where it then is a possible syllable, else the word."""
    latin = _composed(word[0].translate(_LOOKS_LATIN).translate(_D_LIKE))
    return latin if latin != word[0] and is_possible(latin) else word[0]


def _is_right(text: str) -> bool:
    """Every word is in ASCII or a possible syllable, and no sign but usual ones stands between."""
    return not _UNUSUAL.search(text) and all(word.isascii() or is_possible(word) for word in _WORD.findall(text))


def _converted(text: str) -> tuple[str, str] | None:
    """The one reading under which all is possible."""
    for decoded in _decoded(text):
        if decoded != text and _is_right(_spaced(_composed(decoded))):
            return _spaced(_composed(decoded)), UTF8_TWICE
    shown = _spaced(text)
    if not _OF_1252.issuperset(shown):
        shown = _before_1258(shown) or shown
    found = [(in_case, font) for font in FONTS if (in_case := _accepted(shown, read(shown, font))) is not None]
    if [font for _, font in found] == ["tcvn3", "vni"] and _VNI_PAIR.search(shown):
        del found[0]
    return found[0] if len(found) == 1 else None


def _before_1258(text: str) -> str | None:
    """The text as a program without Windows-1258 shows its bytes; None where they are none of that code page."""
    bytes_of = "".join(sign if sign in _OF_1258 else unicodedata.normalize("NFD", sign) for sign in text)
    try:
        return bytes_of.encode("cp1258").decode("sloppy-windows-1252")
    except UnicodeError:
        return None


def _decoded(text: str) -> Iterator[str]:
    """The text as the UTF-8 that it was before a program read it by a code page, once or more."""
    restored = _SPACE_OF_UTF8.sub("\xa0", text)
    for spelling in dict.fromkeys((text, restored)):
        for codec in ("sloppy-windows-1252", "latin-1", "cp1258"):
            once = spelling
            for _ in range(_TIMES):
                try:
                    once = once.encode(codec).decode()
                except UnicodeError:
                    break
                yield once


def _accepted(shown: str, reading: Reading | None) -> str | None:
    """The text of a reading with its capitals, if the reading is possible in every word and no mere chance."""
    if reading is None:
        return None
    words = list(_WORD.finditer(reading.text))
    text = _in_case(reading, words)
    for found in words:
        word = text[found.start() : found.end()]
        if not (is_possible(word) or (word.isascii() and _is_abbreviation(word))):
            return None
        if len(text) == len(shown) and _SIGN.fullmatch(shown, *found.span()):
            return None
    mixed = any(found[0].isupper() and len(found[0]) > 1 and not found[0].isascii() for found in _WORD.finditer(text))
    if mixed and not text.isupper():
        return None
    impossible = sum(not _is_right(part) for part in shown.split(" "))
    sure = _SOFT_HYPHEN in shown or _BROKEN.search(shown) or impossible >= _ENOUGH_WORDS
    return text if sure and text != shown else None


def _is_abbreviation(word: str) -> bool:
    return word.isupper() and len(word) <= _LONGEST_ABBREVIATION


def _in_case(reading: Reading, words: list[re.Match[str]]) -> str:
    """Capitals for the letters that the font draws in one way, by the letters beside them.

    In a word they follow its other letters behind the first. Where it has none, they are capital if all sure letters
    of the text are; and a first letter also where every other word begins with a capital.
    """
    letters = list(reading.text)
    sure = [[(i, letters[i].isupper()) for i in range(*found.span()) if i not in reading.caseless] for found in words]
    inner = [[big for i, big in marks if i > found.start()] for found, marks in zip(words, sure, strict=True)]
    all_big = any(map(any, inner)) and all(big for marks in sure for _, big in marks)
    first = [marks[0][1] for found, marks in zip(words, sure, strict=True) if marks and marks[0][0] == found.start()]
    titled = bool(first) and all(first)
    for found, behind in zip(words, inner, strict=True):
        big = all(behind) if behind else all_big
        for i in range(*found.span()):
            if i in reading.caseless and (big or (i == found.start() and titled)):
                letters[i] = letters[i].upper()
    return "".join(letters)
