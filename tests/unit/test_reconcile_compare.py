"""How two values differ: every kind of name, number and date, and what is no difference."""

import duckdb
import pytest

from sosach.link.reconcile_compare import KIND_WORDS, date_kind, name_kind, number_kind


@pytest.mark.parametrize(
    ("here", "there", "state", "kind"),
    [
        ("LÊ VĂN AN", "LÊ VĂN AN", "equal", ""),
        ("LÊ VĂN AN", "Lê Văn An", "equal_after_normalising", "case"),
        ("Lê Văn  An", "Lê Văn An", "equal_after_normalising", "spaces"),
        ("ðỗ Văn An", "Đỗ Văn An", "equal_after_normalising", "letters"),
        ("Vi Thị Hòa", "VI THỊ HOÀ", "equal_after_normalising", "tone_placement"),
        ("Nguyễn Thị Lý", "Nguyễn Thị Lí", "equal_after_normalising", "i_y"),
        ("LE VAN AN", "Lê Văn An", "equal_after_normalising", "no_diacritics"),
        ("Lê Văn An (Tư)", "Lê Văn An", "equal_after_normalising", "other_name_beside"),
        ("Lê Văn An *", "Lê Văn An", "equal_after_normalising", "symbol"),
        ("Vi Thị Hòa", "Vi Thị Hóa", "differs", "tone"),
        ("Đỗ Văn An", "Dỗ Văn An", "differs", "d_stroke"),
        ("Lê Thị Lan", "Lê Thị Lân", "differs", "vowel_mark"),
        ("Lê Văn H0a", "Lê Văn Hoa", "differs", "symbol"),
        ("Lê An", "Lê Văn An", "differs", "middle_dropped"),
        ("Lê Thị An", "Lê Thị Minh An", "differs", "middle_dropped"),
        ("Lê Văn An", "Lê Đình An", "differs", "middle_changed"),
        ("Lê An Văn", "Lê Văn An", "differs", "word_order"),
        ("An", "Lê Văn An", "differs", "given_only"),
        ("Trần Văn An", "Lê Văn An", "differs", "surname"),
        ("Lê Văn Bình", "Lê Văn An", "differs", "given_name"),
        ("Trần Thị Bình", "Lê Văn An", "differs", "other_person"),
    ],
)
def test_names(here: str, there: str, state: str, kind: str) -> None:
    assert name_kind(here, there) == (state, kind)
    assert name_kind(there, here) == (state, kind)


@pytest.mark.parametrize(
    ("here", "there", "kind"),
    [
        ("040085000011", "040085000012", "one_digit"),
        ("040085000012", "040085000021", "digits_transposed"),
        ("040085000012", "042085000012", "prefix"),
        ("040085000012", "041085000012", "one_digit"),  # 041 is no province
        ("040085000012", "04008500012", "digit_count"),
        ("040085000012", "04008500", "other_person"),
        ("040085000012", "040085990012", "other_person"),
        ("186000012", "186000021", "digits_transposed"),
    ],
)
def test_numbers(here: str, there: str, kind: str) -> None:
    provinces = {"040", "042"}
    assert number_kind(here, there, provinces) == ("differs", kind)
    assert number_kind(there, here, provinces) == ("differs", kind)
    assert number_kind(here, here) == ("equal", "")


DATES = [
    ("1985-03-02", "1985-02-03", "day_month_swapped"),
    ("1985-01-01", "1985-08-09", "default_day"),
    ("1985-08-09", "1986-08-09", "one_year"),
    ("1985-01-01", "1986-08-09", "one_year"),
    ("1983-08-09", "1938-08-09", "digits_transposed"),
    ("1983-08-09", "1983-08-19", "one_digit"),
    ("1983-08-09", "1933-08-09", "one_digit"),
    ("1983-08-09", "1983-08-20", "day"),
    ("1983-10-09", "1983-08-09", "month"),
    ("1983-10-09", "1983-08-25", "day_and_month"),
    ("1983-10-09", "1976-10-09", "year"),
    ("1983-10-09", "1976-12-25", "date"),
    ("1983", "1983-12-25", "year_only"),
    ("1983", "1984-12-25", "one_year"),
    ("1983~", "1984-12-25", "year_only"),  # counted back from an age
    ("1938", "1983-12-25", "digits_transposed"),
    ("1983", "1976-12-25", "year"),
]


def test_dates() -> None:
    rows = ", ".join(
        f"({number}, TRY_CAST('{here}' AS DATE), {here[:4]}, TRY_CAST('{there}' AS DATE), {there[:4]}, "
        f"{str(here.endswith('~')).upper()})"
        for number, (here, there, _) in enumerate(DATES)
    )
    with duckdb.connect() as con:
        told = con.execute(
            f"SELECT {date_kind('a', 'b', 'loose')}, {date_kind('b', 'a', 'loose')} "
            f"FROM (VALUES {rows}) t(n, a, a_nam, b, b_nam, loose) ORDER BY n"
        ).fetchall()
    assert told == [(kind, kind) for _, _, kind in DATES]


def test_every_kind_has_words() -> None:
    kinds = {kind for _, _, kind in DATES} | {
        "prefix",
        "digit_count",
        "other_person",
        "middle_dropped",
        "value",
        "empty",
    }
    assert kinds <= KIND_WORDS.keys()
