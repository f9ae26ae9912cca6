"""The pairs in ``golden/`` hold for the SQL that the stage runs; and what it promises of any text."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sosach.normalize.macros import register_code_lists, register_macros
from sosach.normalize.normalisers import register_code_keys, register_normalisers
from sosach.normalize.text import register_text
from sosach.settings import PROJECT
from tests.unit.normalize_bench import TRIED, Trial

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.txt"))
KINDS = [path.stem.replace("code.", "code:") if path.stem != "placeholder" else "text" for path in GOLDEN]
EMPTY = "(trống)"


@pytest.fixture(scope="module")
def trial() -> Iterator[Trial]:
    found = Trial()
    yield found
    found.con.close()


def cell(text: str) -> str | None:
    text = text.strip()
    if text == EMPTY:
        return None
    text = re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), text).replace("\\t", "\t")
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def pairs(path: Path) -> list[tuple[str | None, tuple[str | None, ...], str | None]]:
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            delivered, expected = line.split(" → ")
            value, normaliser = re.fullmatch(r"(.*?)(?: \[(\w+)\])?", expected).groups()  # type: ignore[union-attr]
            found.append((cell(delivered), tuple(cell(part) for part in value.split(" ; ")), normaliser))
    return found


@pytest.mark.parametrize(("path", "kind"), zip(GOLDEN, KINDS, strict=True), ids=[path.stem for path in GOLDEN])
def test_golden_pairs(trial: Trial, path: Path, kind: str) -> None:
    expected = pairs(path)
    assert len(expected) > 2
    got = trial.run({kind: [delivered for delivered, _, _ in expected]})[kind]
    wrong = [
        f"{delivered!r}: expected {value} [{normaliser}], got {result[0]} [{result[1]}]"
        for (delivered, value, normaliser), result in zip(expected, got, strict=True)
        if result != (value, normaliser)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_field_type_has_golden_pairs() -> None:
    assert set(KINDS) == set(TRIED)


# Letters that make trouble: combining marks, look-alikes of đ, hidden and space characters, digits and separators.
TROUBLE = (
    "aeoêơưđĐÐðƉ\u0300\u0301\u0303\u0309\u0323\u0302\u031b\u200b\ufeff\u00ad\u00a0\t\n\x00\x07\x85\u2028"
    "Å\u212b\u0340\u1e9b 0123456789./-+tTN"
)
TEXTS = st.lists(
    st.one_of(
        st.text(alphabet=TROUBLE, max_size=14),
        st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12),
        st.from_regex(r"[0-9]{1,12}([./ -][0-9]{1,4}){0,2}", fullmatch=True),
        st.dates().map(lambda d: d.strftime("%d.%m.%Y")),
    ),
    min_size=40,
    max_size=80,
)
TEXT_KINDS = sorted(set(TRIED) - {"date", "partial_date", "integer"})
LIGHT = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(delivered=TEXTS)
@LIGHT
def test_normalising_a_normalised_text_changes_and_logs_nothing(trial: Trial, delivered: list[str]) -> None:
    first = {
        kind: [values[0] for values, _ in cells]
        for kind, cells in trial.run(dict.fromkeys(TEXT_KINDS, delivered)).items()
    }
    again = trial.run(first)
    for kind in TEXT_KINDS:
        assert [values[0] for values, _ in again[kind]] == first[kind]
        assert {normaliser for _, normaliser in again[kind]} <= {None, "not_understood"}


@given(delivered=TEXTS)
@LIGHT
def test_the_log_tells_every_change_and_only_changes(trial: Trial, delivered: list[str]) -> None:
    for cells in trial.run(dict.fromkeys(TEXT_KINDS, delivered)).values():
        for text, (values, normaliser) in zip(delivered, cells, strict=True):
            changed = values[0] != text
            assert (normaliser is not None) == changed or (not changed and normaliser == "not_understood")


@given(days=st.lists(st.dates(min_value=date(1000, 1, 1), max_value=date(2999, 12, 31)), min_size=20, max_size=60))
@LIGHT
def test_every_real_date_is_read_in_every_usual_form(trial: Trial, days: list[date]) -> None:
    for form in ("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d"):
        written = [day.strftime(form) for day in days]
        found = trial.run({"date": written, "partial_date": written})
        assert found["date"] == [((str(day),), None) for day in days]
        assert found["partial_date"] == [((str(day), str(day.year), "ngay"), None) for day in days]


SYLLABLES = ["NGUYỄN", "Trần", "LÊ", "Thị", "VĂN", "Đức", "Hoà", "Hòa", "Lý", "Vừ", "Bá", "Ưng", "Y", "K'Bá", "Ma-ri-a"]


@given(names=st.lists(st.lists(st.sampled_from(SYLLABLES), min_size=2).map(" ".join), min_size=5, max_size=40))
@LIGHT
def test_a_clean_name_never_changes(trial: Trial, names: list[str]) -> None:
    assert trial.run({"name": names})["name"] == [((name,), None) for name in names]


def test_clean_text_takes_the_short_way_only_where_the_long_way_changes_nothing(trial: Trial) -> None:
    letters = [c for c in map(chr, range(0x21, 0x2000)) if unicodedata.category(c)[0] == "L" and c not in "ÐƉðɖ"]
    got = trial.con.execute("SELECT nz_text(unnest(?))", [[f"a{letter}b" for letter in letters]]).fetchall()
    wrong = [
        hex(ord(letter))
        for letter, (text,) in zip(letters, got, strict=True)
        if text not in (f"a{letter}b", unicodedata.normalize("NFC", f"a{letter}b"))
    ]
    assert not wrong


def test_a_bare_number_is_no_marital_status_even_if_the_list_says_so_and_a_text_of_two_meanings_none() -> None:
    con = duckdb.connect()
    register_macros(con)
    register_code_lists(con, PROJECT / "expectations")
    register_text(con)
    register_normalisers(con)
    for code_list in ("tinh_trang_hon_nhan", "dan_toc"):
        entries = "('A', 'Một', '98|hai nghĩa'), ('B', 'Hai', 'hai nghĩa')"
        con.execute(f"INSERT INTO cl_{code_list} (code, name, aliases) VALUES {entries}")
        table = register_code_keys(con, code_list)
        keys = dict(con.execute(f"SELECT key, name FROM {table} WHERE name IN ('Một', 'Hai')").fetchall())
        assert keys == {"a": "Một", "b": "Hai", "một": "Một", "mot": "Một", "hai": "Hai"} | (
            {"98": "Một"} if code_list == "dan_toc" else {}
        )
    con.close()
