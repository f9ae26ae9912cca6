"""What the SQL functions of dates, papers, telephones, addresses of e-mail and codes promise of any text."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sosach.checks.catalogue import load_catalogue
from sosach.checks.columns import strange_columns
from sosach.checks.contract import open_run
from sosach.duck import write_parquet
from sosach.lake import Run
from sosach.normalize.contacts import NEW_PREFIXES, repaired_email, repaired_phone
from sosach.normalize.macros import register_code_lists, register_macros
from sosach.normalize.normalisers import PLACEHOLDERS, register_code_keys, register_normalisers
from sosach.normalize.text import register_text
from sosach.settings import PROJECT

LIGHT = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    register_macros(connection)
    register_code_lists(connection, PROJECT / "expectations")
    register_text(connection)
    register_normalisers(connection)
    register_normalisers(connection)  # twice does no harm
    yield connection
    connection.close()


def values(con: duckdb.DuckDBPyConnection, expression: str, texts: list[str]) -> list[object]:
    rows = con.execute(
        f"SELECT {expression} FROM (SELECT unnest(?) AS t, unnest(range(?)) AS i) ORDER BY i", [texts, len(texts)]
    ).fetchall()
    return [row[0] for row in rows]


DAYS = st.lists(st.dates(min_value=date(1880, 1, 1), max_value=date(2060, 12, 31)), min_size=10, max_size=30)
EXCEL_ZERO = date(1899, 12, 30)
NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
WRITTEN = {
    "usual": ("{d:%d.%m.%Y}", "{d:%d/%m/%Y}", "{d:%d-%m-%Y}", "{d:%Y-%m-%d}", "{d.day}/{d.month}/{d.year}"),
    "date": ("{d:%Y/%m/%d}", "{d.year}-{d.month}-{d.day} ", "{d:%Y.%m.%d}"),
    "time": ("{d:%Y-%m-%d} 00:00:00", "{d:%Y-%m-%d}T17:30:00.000", "{d:%d/%m/%Y} 0:00", "{d:%d/%m/%Y} 12:00:00 SA"),
    "spaces": ("{d:%d} . {d:%m} . {d:%Y}", "{d:%d}/ {d:%m}/ {d:%Y}", "{d:%d -%m - %Y}"),
    "compact": ("{d:%d%m%Y}", "{d:%Y%m%d}"),
    "words": (
        "ngày {d.day} tháng {d.month} năm {d.year}",
        "Ngày {d:%d} Tháng {d:%m} Năm {d.year}",
        "{d.day} tháng {d.month}, {d.year}",
        "ngày {d:%d/%m/%Y}",
        "{d.day}-Thg{d.month}-{d.year}",
    ),
    "month_name": ("{d.day}-{name}-{d.year}", "{d:%d} {name} {d.year}", "{name} {d.day}, {d.year}"),
    "excel_serial": ("{serial}", "{serial}.0"),
}


@given(days=DAYS)
@LIGHT
def test_a_day_written_in_any_accepted_form_comes_back_exactly(
    con: duckdb.DuckDBPyConnection, days: list[date]
) -> None:
    for name, forms in WRITTEN.items():
        for form in forms:
            told = [d for d in days if name != "excel_serial" or 10000 <= (d - EXCEL_ZERO).days <= 60000]
            texts = [form.format(d=d, name=NAMES[d.month - 1], serial=(d - EXCEL_ZERO).days).strip() for d in told]
            assert values(con, "nz_date(t)", texts) == told, form
            log = values(con, "nz_date_name(t)", texts)
            assert set(log) <= ({None} if name == "usual" else {name}) | ({None} if name == "date" else set()), form


@given(days=DAYS, start=st.sampled_from(["00", "0", "xx", "??", "__"]), separator=st.sampled_from("./"))
@LIGHT
def test_an_unknown_day_leaves_the_month_and_an_unknown_month_the_year(
    con: duckdb.DuckDBPyConnection, days: list[date], start: str, separator: str
) -> None:
    for parts, precision in (((start, "{d:%m}", "{d.year}"), "thang"), ((start, start, "{d.year}"), "nam")):
        texts = [separator.join(parts).format(d=d) for d in days]
        assert values(con, "nz_date(t)", texts) == [None] * len(days)
        assert values(con, "nz_precision(t, nz_date(t))", texts) == [precision] * len(days)
        none = "CAST(NULL AS DATE)"
        assert values(con, f"nz_year(t, {none}, '{precision}', {none})", texts) == [d.year for d in days]


@given(days=DAYS, registered=st.dates(min_value=date(1885, 1, 1), max_value=date(2030, 1, 1)))
@LIGHT
def test_a_two_digit_year_is_read_where_one_century_alone_is_possible(
    con: duckdb.DuckDBPyConnection, days: list[date], registered: date
) -> None:
    def possible(d: date) -> list[date]:
        found = []
        for century in (1800, 1900, 2000):
            try:
                found.append(d.replace(year=century + d.year % 100))
            except ValueError:
                continue
        oldest = max("1880-01-01", f"{registered.year - 130}-{registered:%m-%d}")
        return [day for day in found if oldest <= str(day) <= str(registered)]

    texts = [f"{d:%d.%m.%y}" for d in days]
    expected = [found[0] if len(found := possible(d)) == 1 else None for d in days]
    assert values(con, f"nz_birth(t, DATE '{registered}')", texts) == expected
    assert values(con, "nz_birth(t, CAST(NULL AS DATE))", texts) == [None] * len(days)
    assert values(con, "nz_date(t)", texts) == [None] * len(days)


def test_nobody_is_older_than_130_years_so_one_century_is_left(con: duckdb.DuckDBPyConnection) -> None:
    expected = {"5/6/85": date(1985, 6, 5), "1.1.90": None, "31.12.89": date(1989, 12, 31), "5/6/15": None}
    assert values(con, "nz_birth(t, DATE '2020-01-01')", list(expected)) == list(expected.values())


def test_a_day_that_is_none_and_the_american_order_are_never_read(con: duckdb.DuckDBPyConnection) -> None:
    wrong = [f"{d}{s}{m}{s}1990" for s in "./-" for d, m in ((31, 6), (30, 2), (29, 2), (5, 13), (12, 25), (32, 1))]
    wrong += ["31061990", "19900631", "1990-02-30", "ngày 31 tháng 6 năm 1990", "31-Jun-1990", "25.12/1990"]
    assert values(con, "nz_birth(t, DATE '2020-01-01')", wrong) == [None] * len(wrong)
    assert values(con, "nz_precision(t, nz_date(t))", wrong) == [None] * len(wrong)


@given(data=st.data())
@LIGHT
def test_the_short_way_of_a_date_is_as_strict_as_the_long_one(
    con: duckdb.DuckDBPyConnection, data: st.DataObject
) -> None:
    texts = []
    for form in ("{d:%d.%m.%Y}", "{d:%Y-%m-%d}", "{d:%d/%m/%Y}", "{d:%d-%m-%Y}"):
        for day in data.draw(DAYS):
            text = list(form.format(d=day))
            place = data.draw(st.integers(0, 9))
            text[place] = data.draw(st.sampled_from(list("0123456789 +-._/xe")))
            texts.append("".join(text).strip())
    strict = re.compile(
        r"(?:\d\d?\.\d\d?\.|\d\d?/\d\d?/|\d\d?-\d\d?-)[12]\d{3}|[12]\d{3}(?:-\d\d?-|/\d\d?/|\.\d\d?\.)\d\d?"
    )
    for text, found in zip(texts, values(con, "nz_date(t)", texts), strict=True):
        if found is not None:
            assert strict.fullmatch(re.sub(r" *([./-]) *", r"\1", text)), text


PREFIXES = st.sampled_from(["040", "001", "079", "096", "038"])
DIGITS = st.text("0123456789", min_size=9, max_size=9)
DAMAGE = (
    lambda pin: pin[1:],
    lambda pin: pin[1:] + ".0",
    lambda pin: pin + ".0",
    lambda pin: "'" + pin,
    lambda pin: " ".join((pin[:3], pin[3:6], pin[6:9], pin[9:])),
    lambda pin: f"{pin[:3]}.{pin[3:6]}.{pin[6:]}",
    lambda pin: f"{pin[1]}.{pin[2:]}E+10",
    lambda pin: f"{pin[1]},{pin[2:]}e+10",
)


@given(pins=st.lists(st.builds(str.__add__, PREFIXES, DIGITS), min_size=5, max_size=20))
@LIGHT
def test_a_damaged_pin_comes_back_and_a_right_one_stays(con: duckdb.DuckDBPyConnection, pins: list[str]) -> None:
    assert values(con, "nz_id_number(t)", pins) == pins
    for damage in DAMAGE:
        damaged = [(pin, damage(pin)) for pin in pins if pin[1] != "0"]  # of 001… two zeros are lost: not provable
        assert values(con, "nz_id_number(t)", [text for _, text in damaged]) == [pin for pin, _ in damaged]


@given(texts=st.lists(st.text("0123456789-–. EeOlX'/;B", min_size=1, max_size=16), min_size=30, max_size=80))
@LIGHT
def test_a_number_of_no_known_form_is_not_changed(con: duckdb.DuckDBPyConnection, texts: list[str]) -> None:
    for text, number in zip(texts, values(con, "nz_id_number(t)", texts), strict=True):
        assert number == text or re.fullmatch(r"[0-9]{9}|[0-9]{12}|[A-Z]{1,2}[0-9]{6,8}", str(number)), text
        if number != text and "E" not in text.upper():
            assert re.sub(r"\D", "", str(number)).lstrip("0") in re.sub(r"\D", "", text), text


ANY = st.lists(
    st.one_of(
        st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=14),
        st.text("0123456789+()-. /@aN", min_size=1, max_size=16),
        st.from_regex(r"\+?[0-9]{8,13}", fullmatch=True),
        st.from_regex(r"[A-Za-z.]{1,8}@[a-z.]{1,8}\.vn", fullmatch=True),
        st.sampled_from(sorted(NEW_PREFIXES)).map(lambda old: old + "1234567"),
    ),
    min_size=30,
    max_size=60,
)
FUNCTIONS = ("id_number", "phone", "email", "unit_code", "entry_number")


@given(texts=ANY)
@LIGHT
def test_any_text_goes_through_and_what_came_out_once_stays(con: duckdb.DuckDBPyConnection, texts: list[str]) -> None:
    clean = [str(text) for text in values(con, "nz_text(t)", texts) if text]
    for function in FUNCTIONS:
        once = [str(value) for value in values(con, f"nz_{function}(t)", clean)]
        assert values(con, f"nz_{function}(t)", once) == once, function
    for function in ("nz_date(t)", "nz_precision(t, nz_date(t))", "nz_date_name(t)", "nz_integer(t)", "nz_code_key(t)"):
        assert len(values(con, function, clean)) == len(clean)


@given(texts=ANY)
@LIGHT
def test_what_is_known_of_a_telephone_and_an_address_of_email(con: duckdb.DuckDBPyConnection, texts: list[str]) -> None:
    for text in texts:
        phone, email = repaired_phone(text), repaired_email(text)
        assert phone is None or re.fullmatch(r"0[1-9][0-9]{8}|02[0-9]{9}|0[1-9][0-9]{6,9}|\+[1-9][0-9]{5,14}", phone)
        assert email is None or (email.count("@") == 1 and email == email.lower())
    for kind in ("phone", "email"):
        found = values(con, f"nz_{kind}(t) <> t AND NOT nz_known_{kind}(nz_{kind}(t))", texts)
        assert True not in found, "only a known form may be put in place of the text"


@given(
    texts=st.lists(
        st.one_of(
            st.sampled_from(PLACEHOLDERS).flatmap(lambda p: st.sampled_from([p, p.upper(), p.capitalize(), p + "x"])),
            st.text("-–—_.…/\\?*,; #nNkKcC", min_size=1, max_size=6),
            st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30),
        ),
        min_size=30,
        max_size=60,
    )
)
@LIGHT
def test_the_first_letter_never_hides_a_placeholder(con: duckdb.DuckDBPyConnection, texts: list[str]) -> None:
    whole = re.compile("|".join(map(re.escape, PLACEHOLDERS)) + r"|[-–—_.…/\\?*,; ]*", re.IGNORECASE)
    found = values(con, "nz_present(t)", texts)
    assert found == [None if whole.fullmatch(text) else text for text in texts]


def meaning(con: duckdb.DuckDBPyConnection, code_list: str, texts: list[str]) -> list[object]:
    keys = dict(con.execute(f"SELECT key, name FROM {register_code_keys(con, code_list)}").fetchall())
    return [keys.get(key) for key in values(con, "nz_code_key(nz_text(t))", texts)]


def test_codes_are_read_without_diacritics_hyphens_and_whichever_place_the_tone_has(
    con: duckdb.DuckDBPyConnection,
) -> None:
    khomu = ["Khơ-mú", "Khơ Mú", "KHƠMÚ", "kho mu", "KHO-MU", "29", "29.0"]
    assert meaning(con, "dan_toc", khomu) == ["Khơ-mú"] * len(khomu)
    assert meaning(con, "dan_toc", ["Hmông", "H’MÔNG", "H'Mong", "Mông"]) == ["Mông"] * 4
    assert meaning(con, "tinh_trang_hon_nhan", ["goá", "góa", "GOA", "Huỷ kết hôn", "hủy kết hôn", "doc than"]) == (
        ["GOA"] * 3 + ["HUY_KET_HON"] * 2 + ["CHUA_KET_HON"]
    )
    assert meaning(con, "gioi_tinh", ["NAM", "1", "01", "1.0", "male", "nu", "F"]) == (
        ["Nam", "Nam", None, "Nam", "Nam", "Nữ", "Nữ"]
    )


def test_what_is_not_sure_explains_nothing(con: duckdb.DuckDBPyConnection) -> None:
    assert meaning(con, "dan_toc", ["Dân tộc khác", "Khác", "99", "Nghệ", "Mãng", "0-1", "-"]) == [None] * 7
    assert meaning(con, "tinh_trang_hon_nhan", ["1", "02", "3.0", "Ly thân", "Khác", "Đôc thán"]) == [None] * 6
    assert meaning(con, "quan_he_chu_ho", ["Dâu", "Rể", "99", "Người nhà"]) == [None] * 4


# What finds an unreadable cell of its own field; every other field is asked by TX12 of its register.
FINDERS = re.compile(r"DT01|DT07|DT10|DM|BK01|CT07|CT22")
LOGGED = {"date", "partial_date", "integer", "entry_number", "email", "phone"}


def test_every_cell_that_may_not_be_understood_is_asked_about_once() -> None:
    catalogue = load_catalogue(PROJECT / "expectations")
    for name, register in catalogue.registers.items():
        rules = [rule for members in catalogue.suites_of(name).values() for rule in members]
        own = " ".join(str(rule.lookup) for rule in rules if rule.id.startswith("TX12"))
        asked = set(re.findall(r"WHEN '(\w+)'", own))
        found = {
            column.removeprefix("raw_")
            for rule in rules
            if FINDERS.match(rule.id)
            for column in (
                *rule.evidence,
                *rule.shape_columns,
                *re.findall(r"\w+", f"{rule.passes_when} {rule.applies_when}"),
            )
        }
        fields = {field.name for field in register.fields if field.code_list or field.type in LOGGED}
        assert asked <= fields
        assert fields - found - asked == set(), name


def test_the_log_of_cells_of_every_register_is_one_table_for_rules(tmp_path: Path) -> None:
    run = Run(tmp_path / "r1", "r1")
    connection = duckdb.connect()
    open_run(connection, PROJECT / "expectations", run, {"cells"})
    assert not connection.execute("SELECT 1 FROM duckdb_views() WHERE view_name = 'cells'").fetchall()
    for register in ("bhyt", "ket_hon"):
        query = (
            f"SELECT 'a' AS record_id, '{register}' AS register, 'gioi_tinh' AS field, 'x' AS old,"
            " NULL::VARCHAR AS new, 'not_understood' AS normaliser"
        )
        write_parquet(connection, query, run.cells(register), None)
    open_run(connection, PROJECT / "expectations", run, {"cells"})
    assert connection.execute("SELECT register FROM cells ORDER BY 1").fetchall() == [("bhyt",), ("ket_hon",)]
    assert strange_columns(connection, {}, {"cells"}) == {}
    connection.close()
