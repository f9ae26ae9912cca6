"""What a Vietnamese syllable can look like in quốc ngữ: onsets, rhymes, tones, and where the tone mark stands.

``SYLLABLES`` tells what is possible, not what is a word; ``UNICODE`` and ``ASCII`` are RE2 patterns of text that is
right at first sight. Holds no encoding and no repair. Facts: the spelling rules of quốc ngữ (Quyết định 240/QĐ 1984,
Quyết định 1989/QĐ-BGDĐT 2018); both placements of the tone mark are allowed (hòa, hoà; thúy, thuý), and the old hòang,
húynh, qúy.
"""

import unicodedata

TONES = "\u0300\u0309\u0303\u0301\u0323"
"""Huyền, hỏi, ngã, sắc, nặng as combining marks."""
_SHARP_AND_HEAVY = "\u0301\u0323"
_PLAIN_VOWELS = "aeiouy"
_MARKED_VOWELS = "ăâêôơư"


def _list(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_ONSETS = ("", *_list("b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x"))
_OPEN = _list("""
a ai ao au ay am an ang anh ăm ăn ăng âu ây âm ân âng e eo em en eng ê êu êm ên ênh i ia iu im in inh iêu iêm iên
iêng o oi om on ong oong ô ôi ôm ôn ông ôông ơ ơi ơm ơn ơng u ua ui um un ung uôi uôm uôn uông ư ưa ưi ưu ưm ưn ưng
ươ ươi ươu ươm ươn ương y yêu yêm yên yêng yn ynh oa oai oao oay oam oan oang oanh oăm oăn oăng oe oeo oem oen uây uân
uâng uê uên uênh uơ uy uya uyu uyn uynh uyên
""")
_STOPPED = _list("""
ac ach ap at ăc ăp ăt âc âp ât ec ep et êc êch êp êt ich ip it iêc iêp iêt oc op ot ooc ôc ôp ôt ơc ơp ơt uc up ut
uôc uôp uôt ưc ưp ưt ươc ươp ươt yt yêt oac oach oap oat oăc oăt oet uât uêch uêt uych uyt uyp uyêt
""")


def accented(vowel: str, tones: str = TONES) -> str:
    """The vowel's letters with these tones, precomposed, in their order."""
    return "".join(unicodedata.normalize("NFC", vowel + tone) for tone in tones)


LETTERS = "đ" + _MARKED_VOWELS + "".join(accented(vowel) for vowel in _PLAIN_VOWELS + _MARKED_VOWELS)
"""The 67 small Vietnamese letters that ASCII lacks."""


def _tone_places(rhyme: str) -> list[int]:
    """Where the mark may stand: the last of ă â ê ô ơ ư; else before a consonant the last vowel, else the first."""
    vowels = [i for i, letter in enumerate(rhyme) if letter in _PLAIN_VOWELS + _MARKED_VOWELS]
    marked = [i for i in vowels if rhyme[i] in _MARKED_VOWELS]
    if marked:
        return marked[-1:]
    if rhyme.startswith(("oa", "oe", "uy")):
        return [1] if len(vowels) > 2 else [0, 1]
    return vowels[:1] if len(vowels) == len(rhyme) else vowels[-1:]


def _with_tones(rhymes: tuple[str, ...], tones: str) -> set[str]:
    return {rhyme[:at] + letter + rhyme[at + 1 :] for rhyme in rhymes for at in _tone_places(rhyme) for letter in
            accented(rhyme[at], tones)}  # fmt: skip


_RHYMES = {*_OPEN, *_with_tones(_OPEN, TONES), *_with_tones(_STOPPED, _SHARP_AND_HEAVY)}


def _fits(onset: str, rhyme: str) -> bool:
    first = unicodedata.normalize("NFD", rhyme)[0]
    match onset:
        case "k" | "gh" | "ngh":
            return first in "iey"
        case "c" | "ng":
            return first not in "iey"
        case "g":
            return first not in "ey"
        case "qu":
            return first != "u"
        case _:
            return True


_MARK_ON_GLIDE = frozenset("q" + glide + rhyme for glide in accented("u") for rhyme in ("a", "i", "y"))
# Parts of place names that keep the spelling of another language.
_OF_PLACES = frozenset({"kạn", "đắk", "đăk", "lắk", "lăk", "pắk", "păk", "krông"})
SYLLABLES = _OF_PLACES | _MARK_ON_GLIDE | {on + rhyme for on in _ONSETS for rhyme in _RHYMES if _fits(on, rhyme)}
"""Every possible syllable, in small letters."""


def is_possible(word: str) -> bool:
    """A possible syllable, all in small letters, all in capitals, or with a capital first."""
    return word.lower() in SYLLABLES and (word.islower() or word.isupper() or word[1:].islower())


_LATIN_1 = "\u00ff"
_OF_WINDOWS_1258 = "ĂĐƠƯăđơư"  # its bytes of these letters are others in every font
_ALL_LETTERS = LETTERS + LETTERS.upper()
_LETTER = f"[!-~{_ALL_LETTERS}]"
_BEYOND = f"[{''.join(sign for sign in _ALL_LETTERS if sign > _LATIN_1 and sign not in _OF_WINDOWS_1258)}]"
UNICODE = f"(?:{_LETTER}+ )*{_LETTER}*{_BEYOND}{_LETTER}*(?: {_LETTER}+)*"
"""RE2 of text in Vietnamese letters, single spaces between, with a letter that no legacy font shows: it is Unicode."""

ASCII = "[!-~]+(?: [!-~]+)*"
"""RE2 of text without any accented letter, single spaces between."""
