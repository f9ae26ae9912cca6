"""How two texts that should be the same differ: names, identity numbers, dates. Pure functions, one pair at a time.

Holds the kinds of difference and what each means. Holds no register and no judgement of who is wrong (``trust``). Names
and numbers are compared here once for each distinct unequal pair; dates are compared in SQL (``DATE_KIND``).
"""

import re
import unicodedata
from collections.abc import Container
from functools import lru_cache

from sosach.normalize.address_names import bare, syllable

EQUAL, NORMALISED, DIFFERS = "equal", "equal_after_normalising", "differs"
MISSING_HERE, MISSING_THERE = "missing_here", "missing_there"

KIND_WORDS: dict[str, str] = {
    "case": "khác chữ hoa, chữ thường",
    "spaces": "khác dấu cách",
    "letters": "khác cách mã hóa chữ cái",
    "tone_placement": "khác vị trí đặt dấu thanh",
    "i_y": "khác i ngắn, y dài",
    "no_diacritics": "một bên viết không dấu",
    "other_name_beside": "một bên ghi thêm tên khác trong ngoặc",
    "unit_renamed": "tên cũ và tên mới của một nơi",
    "tone": "khác dấu thanh",
    "d_stroke": "khác đ và d",
    "vowel_mark": "khác dấu mũ, dấu móc",
    "symbol": "một bên có chữ số hoặc ký hiệu lạ trong tên",
    "word_order": "đảo thứ tự chữ trong tên",
    "middle_dropped": "một bên thiếu chữ đệm",
    "middle_changed": "khác chữ đệm",
    "given_only": "một bên chỉ ghi tên",
    "surname": "khác họ",
    "given_name": "khác tên",
    "other_person": "khác hẳn, có thể là người khác",
    "day_month_swapped": "đảo ngày và tháng",
    "default_day": "một bên ghi 01/01",
    "year_only": "một bên chỉ có năm",
    "one_year": "lệch một năm",
    "digits_transposed": "đảo hai chữ số liền nhau",
    "one_digit": "khác một chữ số",
    "digit_count": "thừa hoặc thiếu chữ số",
    "prefix": "khác mã nơi đăng ký khai sinh ở ba số đầu",
    "parents_exchanged": "số của cha và của mẹ đặt nhầm ô",
    "day": "khác ngày",
    "month": "khác tháng",
    "day_and_month": "khác ngày và tháng",
    "year": "khác năm",
    "date": "khác cả ngày, tháng và năm",
    "old_value": "còn giá trị trước khi cải chính",
    "province": "khác tỉnh",
    "commune": "khác xã",
    "whole_province": "một bên chỉ ghi đến tỉnh",
    "value": "khác giá trị",
    "same_event": "một sự kiện được nhập dưới hai mã nơi đăng ký",
    "no_record": "không có bản ghi",
    "empty": "để trống",
}
"""Kinds of difference with the words that an officer reads."""

_TONES = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
_MARKS = re.compile("[\u0302\u0306\u031b]")
_BRACKET = re.compile(r"(?<=\S)\s*[(\[][^()\[\]]*[^\W\d_].*$")
_SIGN = re.compile(r"[^\w\s'-]|_")
_DAMAGE = re.compile(r"[^\w\s'-]|[0-9_]")
_D_LETTERS = str.maketrans("ðɖ", "đđ")


@lru_cache(65_536)
def fold(name: str) -> str:
    """The name by which two spellings of one name are one.

    Lower case, single spaces, tone marks in one place, a lone final y as i, look-alike letters of đ as đ, without
    signs and what stands in brackets. Another tone, another mark and d for đ stay apart; a name without any diacritic
    folds to itself.
    """
    words = _words(name)
    return " ".join(_stroke(word) + syllable(word) for word in words)


def bare_fold(folded: str) -> str:
    """``fold`` without any diacritic: what a machine without Vietnamese letters leaves of a name."""
    return " ".join(bare(word.lstrip("đ")) for word in folded.split())


def has_marks(folded: str) -> bool:
    """Whether a folded name has any Vietnamese diacritic."""
    return folded != bare_fold(folded)


def is_damaged(name: str) -> bool:
    """Whether a name holds digits or signs that no name has."""
    return bool(_DAMAGE.search(_BRACKET.sub("", name)))


def name_kind(here: str, there: str) -> tuple[str, str]:
    """State and kind of two written names.

    Args:
        here: one name as it stands in the record.
        there: the other.

    Returns:
        ``(state, kind)``; the kind is empty where they are equal.
    """
    if here == there:
        return EQUAL, ""
    if here.lower() == there.lower():
        return NORMALISED, "case"
    mine, its = _plain(here), _plain(there)
    if mine == its:
        return NORMALISED, "spaces"
    mine, its = mine.translate(_D_LETTERS), its.translate(_D_LETTERS)
    if mine == its:
        return NORMALISED, "letters"
    folded, other = fold(here), fold(there)
    if folded == other:
        if is_damaged(here) or is_damaged(there):
            return NORMALISED, "symbol"
        if "(" in here + there or "[" in here + there:
            return NORMALISED, "other_name_beside"
        return NORMALISED, "tone_placement" if sorted(_decomposed(mine)) == sorted(_decomposed(its)) else "i_y"
    return _spelling(folded, other) or _words_kind(here, there, folded.split(), other.split())


def _spelling(mine: str, its: str) -> tuple[str, str] | None:
    if bare_fold(mine) != bare_fold(its):
        return None
    if not has_marks(mine) or not has_marks(its):
        return NORMALISED, "no_diacritics"
    without = [_TONES.sub("", text) for text in (mine, its)]
    if without[0] == without[1]:
        return DIFFERS, "tone"
    strokeless = [text.replace("đ", "") for text in (mine, its)]
    return DIFFERS, "d_stroke" if strokeless[0] == strokeless[1] else "vowel_mark"


def _words_kind(here: str, there: str, mine: list[str], its: list[str]) -> tuple[str, str]:
    if is_damaged(here) or is_damaged(there):
        return DIFFERS, "symbol"
    if sorted(mine) == sorted(its):
        return DIFFERS, "word_order"
    short, long = sorted((mine, its), key=len)
    if not short:
        return DIFFERS, "symbol"
    if len(short) == 1 and len(long) > 1 and _like(short[0], long[-1]):
        return DIFFERS, "given_only"
    same_surname, same_given = _like(mine[0], its[0]), _like(mine[-1], its[-1])
    if same_surname and same_given:
        return DIFFERS, "middle_dropped" if _inside(short[1:-1], long[1:-1]) else "middle_changed"
    if same_given:
        return DIFFERS, "surname"
    return DIFFERS, "given_name" if same_surname else "other_person"


def _like(word: str, other: str) -> bool:
    return bare(word.lstrip("đ")) == bare(other.lstrip("đ"))


def _inside(short: list[str], long: list[str]) -> bool:
    rest = iter(long)
    return len(short) < len(long) and all(any(_like(word, other) for other in rest) for word in short)


def _plain(name: str) -> str:
    return " ".join(name.lower().split())


def _words(name: str) -> list[str]:
    return _SIGN.sub(" ", _BRACKET.sub("", _plain(name).translate(_D_LETTERS))).split()


def _stroke(word: str) -> str:
    """đ is a letter of its own; ``syllable`` takes it for d, so it is put before the word."""
    return "đ" if "đ" in word else ""


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def number_kind(here: str, there: str, provinces: Container[str] = ()) -> tuple[str, str]:
    """State and kind of two identity numbers of the same sort (both PINs, or both CMND).

    Args:
        here: one number, digits only.
        there: the other.
        provinces: known codes of places of birth registration, the first three digits of a PIN.
    """
    if here == there:
        return EQUAL, ""
    if len(here) != len(there):
        short, long = sorted((here, there), key=len)
        rest = iter(long)
        one_off = len(long) - len(short) == 1 and all(digit in rest for digit in short)
        return DIFFERS, "digit_count" if one_off else "other_person"
    if len(here) == 12 and here[3:] == there[3:] and here[:3] in provinces and there[:3] in provinces:
        return DIFFERS, "prefix"
    apart = [at for at, (mine, its) in enumerate(zip(here, there, strict=True)) if mine != its]
    if len(apart) == 1:
        return DIFFERS, "one_digit"
    if len(apart) == 2 and apart[1] == apart[0] + 1 and sorted(here[apart[0] :][:2]) == sorted(there[apart[0] :][:2]):
        return DIFFERS, "digits_transposed"
    return DIFFERS, "other_person"


DATE_KIND = """
CASE WHEN {a} IS NULL OR {b} IS NULL THEN CASE
    WHEN {ay} = {by} THEN 'year_only'
    WHEN abs({ay} - {by}) = 1 THEN CASE WHEN {loose} THEN 'year_only' ELSE 'one_year' END
    ELSE {year_digits} END
  WHEN year({a}) = year({b}) AND month({a}) = day({b}) AND day({a}) = month({b}) THEN 'day_month_swapped'
  WHEN year({a}) = year({b}) AND ((month({a}) = 1 AND day({a}) = 1) OR (month({b}) = 1 AND day({b}) = 1))
    THEN 'default_day'
  WHEN abs(year({a}) - year({b})) = 1 AND (strftime({a}, '%m%d') = strftime({b}, '%m%d')
    OR strftime({a}, '%m%d') = '0101' OR strftime({b}, '%m%d') = '0101') THEN 'one_year'
  WHEN strftime({a}, '%m%d') = strftime({b}, '%m%d') THEN {year_digits}
  WHEN hamming(strftime({a}, '%Y%m%d'), strftime({b}, '%Y%m%d')) = 1 THEN 'one_digit'
  WHEN year({a}) <> year({b}) THEN CASE WHEN strftime({a}, '%m%d') = '0101' OR strftime({b}, '%m%d') = '0101'
    THEN {year_digits} ELSE 'date' END
  WHEN month({a}) = month({b}) THEN 'day'
  WHEN day({a}) = day({b}) THEN 'month'
  ELSE 'day_and_month' END
"""
_YEAR_DIGITS = """CASE WHEN {ay} // 100 = {by} // 100 AND {ay} % 10 = {by} % 100 // 10
      AND {ay} % 100 // 10 = {by} % 10
    THEN 'digits_transposed' WHEN hamming({ay}::VARCHAR, {by}::VARCHAR) = 1 THEN 'one_digit' ELSE 'year' END"""


def date_kind(here: str, there: str, loose: str = "FALSE") -> str:
    """SQL of the kind of two unequal dates; only for years that are known on both sides.

    Args:
        here: name of a DATE column (NULL where only the year is known); ``<here>_nam`` is its year.
        there: the same of the other side.
        loose: SQL condition that one year was counted back from an age, so that one year more or less says nothing.
    """
    names = {"a": here, "b": there, "ay": f"{here}_nam", "by": f"{there}_nam"}
    return DATE_KIND.format(**names, loose=loose, year_digits=_YEAR_DIGITS.format(**names))
