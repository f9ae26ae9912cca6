"""SQL macros that spell names wrongly in the ways of old fonts, hasty typists and other hands.

The legacy encodings come from ``data/legacy_fonts.csv`` (the letter, its TCVN3 byte, its VNI spelling); facts:
domain.md 6. Holds no rate and no kind.
"""

import csv
import unicodedata

import duckdb

from synthetic_data.units import DATA

TONES = "\u0300\u0301\u0303\u0309\u0323"
SAME_SOUND = ("oa", "oe", "uy")
"""Vowel pairs at the end of a syllable whose tone mark stands on either letter (hòa, hoà)."""
VOWELS = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"


def legacy_fonts() -> dict[str, dict[str, str]]:
    """Each encoding's spelling of the 134 accented Vietnamese letters, as programs of today show it.

    ``tcvn3`` has no capitals with a tone mark (a second font drew them), so they become the small letter's byte.
    ``utf8_twice`` is UTF-8 read as Windows-1252 and stored again, ``cp1258`` the letter of the Windows-1258 keyboard
    with the tone mark behind it.
    """
    with (DATA / "legacy_fonts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    letters = [row["letter"] for row in rows]
    return {
        "tcvn3": {row["letter"]: chr(int(row["tcvn3_byte"], 16)) for row in rows},
        "vni": {row["letter"]: row["vni"] for row in rows},
        "utf8_twice": {letter: "".join(map(_windows_1252, letter.encode())) for letter in letters},
        "cp1258": {letter: _tone_behind(letter) for letter in letters},
        "toneless": {letter: _tone_behind(letter).rstrip(TONES) for letter in letters},
    }


def _windows_1252(byte: int) -> str:
    """The character of a byte; the five bytes that the code page leaves free stay control characters."""
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


def _tone_behind(letter: str) -> str:
    parts = unicodedata.normalize("NFD", letter)
    tone = "".join(mark for mark in parts if mark in TONES)
    return unicodedata.normalize("NFC", "".join(mark for mark in parts if mark not in TONES)) + tone


def _tone_moves() -> list[tuple[str, str]]:
    """Syllable ends with the tone mark on the first vowel, and the same with it on the second."""
    moves = []
    for vowels in SAME_SOUND:
        first, second = vowels[0], vowels[1]
        for tone in TONES:
            pair = (
                unicodedata.normalize("NFC", first + tone) + second,
                first + unicodedata.normalize("NFC", second + tone),
            )
            moves += [pair, (pair[0].upper(), pair[1].upper())]
    return moves


def define_spellings(con: duckdb.DuckDBPyConnection) -> None:
    """Make the macros on a connection; NULL gives NULL in all of them.

    * ``tcvn3(x)``, ``vni(x)``, ``utf8_twice(x)``, ``cp1258(x)``: precomposed text in a legacy encoding;
    * ``toneless(x)``: without tone marks, ``plain(x)``: without any mark;
    * ``other_tone(x)``: the tone mark of a syllable's final oa, oe, uy on the other vowel;
    * ``misread(x)``: the last syllable without its tone mark, or with one where it has none (Tuấn, Tuân; Lan, Làn).
    """
    for name, spelling in legacy_fonts().items():
        con.execute(f"SET VARIABLE {name}_letters = ?", [list(spelling)])
        con.execute(f"SET VARIABLE {name}_forms = ?", [list(spelling.values())])
        con.execute(f"""CREATE MACRO {name}(x) AS array_to_string(list_transform(string_split(x, ''),
            lambda c: coalesce(
                getvariable('{name}_forms')[list_position(getvariable('{name}_letters'), c)], c)), '')""")
    con.execute("CREATE MACRO plain(x) AS translate(strip_accents(x), 'đĐ', 'dD')")
    con.execute("SET VARIABLE tone_moves = ?", [[list(pair) for pair in _tone_moves()]])
    con.execute(f"""CREATE MACRO misread_syllable(x) AS CASE WHEN toneless(x) <> x THEN toneless(x) ELSE nfc_normalize(
        regexp_replace(x, '([{VOWELS}])([iouyIOUY]?[^{VOWELS}]*)$', '\\1' || chr(768) || '\\2')) END""")
    con.execute("""CREATE MACRO misread(x) AS regexp_extract(x, '^(.* )?[^ ]+$', 1)
        || misread_syllable(regexp_extract(x, '[^ ]+$'))""")
    con.execute("""CREATE MACRO other_tone(x) AS trim(list_reduce(getvariable('tone_moves'),
        lambda text, pair: replace(text, pair[1] || ' ', pair[2] || ' '), x || ' '))""")
