"""Fonts before Unicode and wrong code pages: what is converted, what is kept, and that right text never changes."""

import csv
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sosach.ingest.encodings import find_encoding
from sosach.normalize.legacy_fonts import FONTS, read
from sosach.normalize.mending import REPAIRS, mend
from sosach.normalize.syllables import LETTERS, SYLLABLES, TONES
from sosach.normalize.text import register_text
from sosach.settings import PROJECT
from tests.unit.test_normalize_golden import pairs

GOLDEN = sorted((Path(__file__).parent / "golden_fonts").glob("*.txt"))
LIGHT = settings(max_examples=60, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    found = duckdb.connect()
    register_text(found)
    register_text(found)
    yield found
    found.close()


def cleaned(con: duckdb.DuckDBPyConnection, texts: list[str | None]) -> list[tuple[str | None, str | None]]:
    query = "SELECT nz_text(x), nz_text_name(x) FROM (SELECT unnest(?::VARCHAR[]) AS x)"
    return con.execute(query, [texts]).fetchall()


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_golden_pairs_of_fonts_and_code_pages(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    expected = pairs(path)
    got = cleaned(con, [delivered for delivered, _, _ in expected])
    wrong = [
        f"{delivered!r}: expected {values[0]!r} [{name}], got {result}"
        for (delivered, values, name), result in zip(expected, got, strict=True)
        if result != (values[0], name)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_tables_agree_with_those_of_the_synthetic_data() -> None:
    with (PROJECT / "synthetic_data/data/legacy_fonts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["letter"] for row in rows} == {*LETTERS, *LETTERS.upper()}
    for row in rows:
        vni, tcvn3 = read(row["vni"], "vni"), read(chr(int(row["tcvn3_byte"], 16)), "tcvn3")
        assert vni is not None
        assert vni.text == row["letter"]
        assert tcvn3 is not None
        assert row["letter"] in (tcvn3.text, tcvn3.text.upper() if tcvn3.caseless else "")


def test_no_cell_null_and_empty_result(con: duckdb.DuckDBPyConnection) -> None:
    assert cleaned(con, [None, "V¨n", None, ""]) == [(None, None), ("Văn", "tcvn3"), (None, None), ("", None)]
    assert cleaned(con, [None]) == [(None, None)]
    assert con.execute("SELECT nz_text(x) FROM (SELECT NULL::VARCHAR AS x) WHERE FALSE").fetchall() == []


def test_every_word_of_the_unit_list_and_every_syllable_is_right(con: duckdb.DuckDBPyConnection) -> None:
    with (PROJECT / "expectations/code_lists/don_vi.csv").open(encoding="utf-8", newline="") as file:
        texts = sorted({row["name"] for row in csv.DictReader(file)} | SYLLABLES | {s.upper() for s in SYLLABLES})
    changed = con.execute("SELECT x FROM (SELECT unnest(?) AS x) WHERE nz_text(x) <> x", [texts]).fetchall()
    assert not changed


def _spellings(font: str) -> dict[str, str]:
    """Letter to what the font shows; a letter that the font draws in one way for both cases is given once."""
    signs = [chr(code) for code in range(0x80, 0x100)] if font != "vni" else [""]
    marks = [chr(code) for code in range(0xC0, 0x100)]
    shown = signs if font != "vni" else [base + mark for base in ["", *"aeouyôöAEOUYÔÖ"] for mark in marks]
    return {found.text: text for text in shown if (found := read(text, font)) and len(found.text) == 1}


WRITTEN = {font: _spellings(font) for font in FONTS}
SMALL = sorted(syllable for syllable in SYLLABLES if "0" not in syllable)
NAMES = st.lists(st.sampled_from(SMALL), min_size=2, max_size=5).map(lambda words: " ".join(w.title() for w in words))


def _in_font(text: str, font: str) -> str:
    table = WRITTEN[font]
    return "".join(table.get(letter, table.get(letter.lower(), letter)) for letter in text)


def _bytes(shown: str) -> bytes:
    """Of a font's text, which shows a byte as Windows-1252 or as Latin-1 does."""
    return b"".join(sign.encode("latin-1" if sign < "\u0100" else "cp1252") for sign in shown)


def _twice(codec: str) -> Callable[[str], str]:
    return lambda text: text.encode().decode(codec, errors="surrogateescape")


def _tone_behind(text: str) -> str:
    parts = [unicodedata.normalize("NFD", letter) for letter in text]
    return "".join(
        unicodedata.normalize("NFC", "".join(mark for mark in part if mark not in TONES))
        + "".join(mark for mark in part if mark in TONES)
        for part in parts
    )


@given(name=NAMES)
@LIGHT
def test_a_name_in_a_font_comes_back_or_is_kept(name: str) -> None:
    for font in FONTS:
        shown = _in_font(name, font)
        clean, repair = mend(shown)
        assert (clean.lower(), repair) == (name.lower(), font) or clean == shown


@given(name=NAMES)
@LIGHT
def test_a_font_through_windows_1258_comes_back_or_is_kept(name: str) -> None:
    for font in FONTS:
        try:
            shown = _bytes(_in_font(name, font)).decode("cp1258")
        except UnicodeError:
            continue
        clean, repair = mend(shown)
        assert (clean.lower(), repair) == (name.lower(), font) or clean == unicodedata.normalize("NFC", shown)


NAMES_IN_FILE = (
    "Nguyễn Văn Bình", "Trần Thị Hoà", "Lê Đình Thắng", "Phạm Thị Thu Hằng", "Hoàng Văn Tú", "Đặng Thị Lĩnh",
    "Bùi Quốc Hưng", "Võ Thị Sáu", "Hồ Sỹ Thịnh", "Ngô Thị Mỹ", "xã Đông Thành, Yên Thành, Nghệ An",
)  # fmt: skip


@pytest.mark.parametrize("font", FONTS)
def test_a_csv_file_in_the_bytes_of_a_font_gives_the_names(
    con: duckdb.DuckDBPyConnection, font: str, tmp_path: Path
) -> None:
    file = tmp_path / "thang 6.csv"
    lines = ["so,hoTen", *(f'{i},"{_in_font(name, font)}"' for i, name in enumerate(NAMES_IN_FILE))]
    file.write_bytes(_bytes("\n".join(lines)))
    with file.open(encoding=find_encoding(file, "utf-8"), newline="") as stream:
        delivered = [row[1] for row in list(csv.reader(stream))[1:]]
    assert delivered == [_bytes(_in_font(name, font)).decode("sloppy-windows-1252") for name in NAMES_IN_FILE]
    # In VPS one impossible word, as of a foreign name; and one possible in TCVN3 too.
    kept = {"Hoàng Văn Tú", "Ngô Thị Mỹ"} if font == "vps" else set()
    got = cleaned(con, delivered)
    assert got == [
        (shown, None) if name in kept else (name, font) for name, shown in zip(NAMES_IN_FILE, delivered, strict=True)
    ]


@pytest.mark.parametrize("font", ["tcvn3", "vni"])
def test_what_windows_1258_made_of_a_font_gives_the_names(con: duckdb.DuckDBPyConnection, font: str) -> None:
    shown = [_bytes(_in_font(name, font)).decode("cp1258") for name in NAMES_IN_FILE]
    got = cleaned(con, shown)
    assert got == [(name, font) for name in NAMES_IN_FILE]


@given(name=NAMES)
@LIGHT
def test_a_name_through_a_code_page_or_in_marks_comes_back(name: str) -> None:
    broken = _twice("latin-1")(name)
    assert mend(broken)[0] == name
    assert mend(_twice("latin-1")(broken))[0] == name
    assert mend(unicodedata.normalize("NFD", name))[0] == name
    assert mend(_tone_behind(name))[0] == name
    assert mend(" " + name.replace(" ", "\u200b \u00a0"))[0] == name


@given(name=NAMES)
@LIGHT
def test_possible_vietnamese_is_never_changed(name: str) -> None:
    for text in (name, name.upper(), name.lower()):
        assert mend(text) == (text, None)


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20) | st.text(
    alphabet="aeouynhtAEN àâãäåèéêíîòóôõöøùûüýþ¨©®µ¸»­\u0301\u0323ÐðĐđаоΑ\u200b\x90 ”ÃÄ", max_size=14))  # fmt: skip
@settings(LIGHT, max_examples=300)
def test_any_text_is_mended_once(text: str) -> None:
    clean, repair = mend(text)
    assert mend(clean) == (clean, None)
    assert (repair is None) == (clean == text)
    assert repair is None or repair in REPAIRS
