"""Addresses to dated units: the pairs of ``golden/dated``, every unit in every usual form, strangers, other data."""

import json
import os
import re
import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pytest
import vietnamadminunits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vietnamadminunits import convert_address, parse_address

from sosach.errors import SettingsError
from sosach.normalize.address import address_lookup, record_date, register_addresses
from sosach.normalize.address_names import Names
from sosach.normalize.macros import register_code_lists, register_macros
from sosach.registers import load_registers
from sosach.settings import PROJECT

GOLDEN = Path(__file__).parent / "golden" / "dated" / "address.txt"
DATA = Path(vietnamadminunits.__file__).parent / "data" / "dataset.db"
EXAMPLES = int(os.environ.get("SOSACH_ADDRESS_EXAMPLES", "8"))
LIGHT = settings(
    derandomize=True, max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

COMMUNE = {"xa": ("xã", "X."), "phuong": ("phường", "P."), "thi_tran": ("thị trấn", "TT.")}
DISTRICT = {"huyen": ("huyện", "H."), "thi_xa": ("thị xã", "TX"), "thanh_pho": ("thành phố", "tp")}

Found = tuple[str | None, str | None, str | None]
UNKNOWN_DAY, BEFORE, SINCE = 0, 1, 2


class Addresses:
    """The production SQL over addresses, on one connection."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        register_macros(self.con)
        register_code_lists(self.con, PROJECT / "expectations")
        self.names: Names = register_addresses(self.con)

    def find(self, texts: Sequence[str]) -> list[tuple[Found, Found, Found]]:
        """Code as written, today's unit and how, in a record of unknown date, before 01/07/2025, since then."""
        self.con.execute("CREATE OR REPLACE TEMP TABLE given AS SELECT unnest(?::VARCHAR[]) AS t", [list(texts)])
        self.con.execute("CREATE OR REPLACE TEMP TABLE cells AS SELECT rowid AS id, t FROM given")
        table = address_lookup(self.con, self.names, "SELECT t FROM cells", "found")
        rows = self.con.execute(
            f"SELECT ma, ma_nay, cach FROM cells JOIN {table} ON key = nz_address_key(t) ORDER BY id, era"
        ).fetchall()
        assert len(rows) == 3 * len(texts)
        return list(zip(rows[::3], rows[1::3], rows[2::3], strict=True))

    def rows(self, sql: str) -> list[tuple[str, ...]]:
        return self.con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def addresses() -> Iterator[Addresses]:
    found = Addresses()
    yield found
    found.con.close()


def written(found: Found) -> str:
    code, now, how = found
    return f"{code or '-'} > {now or '-'} {how}" if code or now else str(how)


def old_name(found: Found) -> list[str]:
    """What the three results are where the text names a unit of the time before 01/07/2025."""
    code, now, _ = found
    return [written((code, now, how)) for how in ("ten_cu", "du", "ten_cu")]


def bald(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def test_golden_pairs(addresses: Addresses) -> None:
    lines = [line for line in GOLDEN.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    pairs = [tuple(line.split(" → ")) for line in lines]
    assert len(pairs) > 60
    wrong = []
    for (text, expected), found in zip(pairs, addresses.find([text for text, _ in pairs]), strict=True):
        got = [written(era) for era in found]
        if len(set(got)) == 1 or got == old_name(found[BEFORE]):
            got = [got[BEFORE]]
        if " ; ".join(got) != expected:
            wrong.append(f"{text} → {' ; '.join(got)}, expected {expected}")
    assert not wrong, "\n".join(wrong)


OLD_UNITS = """
    SELECT x.code, x.name, x.type, h.name, h.type, n.code, n.name FROM cl_don_vi x
    JOIN cl_don_vi h ON h.code = x.district AND h.level = 'huyen'
    JOIN cl_don_vi n ON n.code = x.successor AND n.level = 'xa' AND n.valid_to IS NULL
    WHERE x.level = 'xa' AND x.valid_to IS NOT NULL ORDER BY ALL"""
NEW_UNITS = "SELECT code, name, type FROM cl_don_vi WHERE level = 'xa' AND valid_to IS NULL ORDER BY ALL"


def test_every_old_commune_leads_where_the_package_leads(addresses: Addresses) -> None:
    units = addresses.rows(OLD_UNITS)
    assert len(units) == 412
    texts = [f"{COMMUNE[u[2]][0]} {u[1]}, {DISTRICT[u[4]][0]} {u[3]}, tỉnh Nghệ An" for u in units]
    differing = []
    for (code, _, _, _, _, now, name), text, found in zip(units, texts, addresses.find(texts), strict=True):
        assert found == tuple((code, now, how) for how in ("ten_cu", "du", "ten_cu")), text
        theirs = re.sub("^(Phường|Xã) ", "", convert_address(text).ward)
        if theirs != name:
            differing.append((text, name, theirs))
    assert not differing


def test_every_commune_of_today_is_that_of_the_package(addresses: Addresses) -> None:
    units = addresses.rows(NEW_UNITS)
    assert len(units) == 130
    texts = [f"{COMMUNE[kind][0]} {name}, tỉnh Nghệ An" for _, name, kind in units]
    with sqlite3.connect(DATA) as source:
        codes = dict(source.execute("SELECT ward, wardCode FROM admin_units WHERE provinceCode = '40'").fetchall())
    for (code, _, _), text, found in zip(units, texts, addresses.find(texts), strict=True):
        assert found[SINCE][:2] == (code, code), text
        assert codes[parse_address(text).ward] == code


def test_no_commune_of_another_province_is_taken_for_one_of_ours(addresses: Addresses) -> None:
    with sqlite3.connect(DATA) as source:
        old = source.execute("SELECT ward, district, province, provinceCode FROM admin_units_legacy").fetchall()
        new = source.execute("SELECT ward, '', province, provinceCode FROM admin_units").fetchall()
    others = {
        era: [row for row in rows if row[0] and row[3] != "40"][::step]
        for era, rows, step in ((BEFORE, old, 12), (SINCE, new, 6))
    }
    for era, rows in others.items():
        assert len(rows) > 500
        full = [", ".join(part for part in row[:3] if part) for row in rows]
        for form in (full, [bald(text) for text in full], [text.replace(",", "").upper() for text in full]):
            for row, text, found in zip(rows, form, addresses.find(form), strict=True):
                assert found[era][0] == row[3], text
                assert found[era][2] == "ngoai_tinh"
        without = [", ".join(part for part in row[:2] if part) for row in rows]
        for text, found in zip(without, addresses.find(without), strict=True):
            assert found[era][0] is None or found[era][2] == "ngoai_tinh", text


FREE = st.sampled_from(
    ["", "Xóm 3", "Khối Yên Sơn", "Số 12/3 đường Lê Lợi, Khối 5", "Tại nhà, bản Huồi Giảng 1", "K. 7", "Ngõ 4-6"]
)
SEPARATORS = st.sampled_from([", ", ",", " - ", "; "])
CASES = st.sampled_from([str, str.upper, str.lower, str.title])


@given(data=st.data())
@LIGHT
def test_any_form_of_an_old_address_gives_its_commune_or_nothing(addresses: Addresses, data: st.DataObject) -> None:
    units = addresses.rows(OLD_UNITS)
    chosen, texts, plain = [], [], []
    for _ in range(25):
        unit = data.draw(st.sampled_from(units))
        commune = data.draw(st.sampled_from(COMMUNE[unit[2]])) + " " + unit[1]
        district = data.draw(st.sampled_from([*DISTRICT[unit[4]], ""])) + " " + unit[3]
        province = data.draw(st.sampled_from(["tỉnh Nghệ An", "Nghệ An", "NA", "T. Nghệ An, Việt Nam"]))
        parts = [data.draw(FREE), commune, district.strip(), province]
        text = data.draw(CASES)(data.draw(SEPARATORS).join(part for part in parts if part))
        without_marks = data.draw(st.booleans())
        chosen.append(unit)
        texts.append(bald(text) if without_marks else text)
        plain.append(without_marks)
    for unit, text, marks_lost, found in zip(chosen, texts, plain, addresses.find(texts), strict=True):
        assert len({era[:2] for era in found}) == 1, text
        assert found[BEFORE] == (unit[0], unit[5], "du") or (marks_lost and found[0][::2] == (None, "mo_ho")), text


def test_a_district_in_brackets_is_a_level_and_another_one_leaves_it_open(addresses: Addresses) -> None:
    units = addresses.rows(OLD_UNITS)
    head = [f"{COMMUNE[unit[2]][0]} {unit[1]}" for unit in units]
    levels = [f"{DISTRICT[unit[4]][0]} {unit[3]}" for unit in units]
    agreeing = [f"{own} ({level}), tỉnh Nghệ An" for own, level in zip(head, levels, strict=True)]
    for unit, text, found in zip(units, agreeing, addresses.find(agreeing), strict=True):
        assert found == tuple((unit[0], unit[5], how) for how in ("ten_cu", "du", "ten_cu")), text
    other = ["huyện Kỳ Sơn" if unit[3] != "Kỳ Sơn" else "huyện Đô Lương" for unit in units]
    for form in ("{} ({}), {}, tỉnh Nghệ An", "{}, {}, {} cũ, tỉnh Nghệ An"):
        against = [form.format(*parts) for parts in zip(head, other, levels, strict=True)]
        for text, found in zip(against, addresses.find(against), strict=True):
            assert all(code is None for code, _, _ in found), text


def test_another_name_in_brackets_decides_or_leaves_it_open(addresses: Addresses) -> None:
    units = addresses.rows(OLD_UNITS)
    today = {code: (name, kind) for code, name, kind in addresses.rows(NEW_UNITS)}
    for relation in ("(nay là {})", ", nay thuộc {}", "({} mới)"):
        texts = [
            f"{COMMUNE[unit[2]][0]} {unit[1]} "
            + relation.format(f"{COMMUNE[today[unit[5]][1]][0]} {unit[6]}")
            + ", tỉnh Nghệ An"
            for unit in units
        ]
        right = 0
        for unit, text, found in zip(units, texts, addresses.find(texts), strict=True):
            right += found == ((unit[0], unit[5], "thieu_huyen"),) * 3
            assert all(code in (None, unit[0]) for code, _, _ in found), text
        assert right > 400
    for relation in ("({} cũ)", ", trước đây là {}", "(trước 1/7/2025: {})"):
        texts = [
            f"{COMMUNE[today[unit[5]][1]][0]} {unit[6]} "
            + relation.format(f"{COMMUNE[unit[2]][0]} {unit[1]}")
            + ", tỉnh Nghệ An"
            for unit in units
        ]
        right = 0
        for unit, text, found in zip(units, texts, addresses.find(texts), strict=True):
            right += found[SINCE][1] == unit[5]
            assert all(now in (None, unit[5]) for _, now, _ in found), text
        assert right > 400


def test_a_remark_without_a_unit_changes_nothing(addresses: Addresses) -> None:
    units = addresses.rows(OLD_UNITS)[::5]
    for relation in ("(xóm 4)", "(nhà ông Lan)", "(khối 3 cũ)", "(trước là trường học)", "(bản Mới)"):
        for tail in ("", ", {1} {2}"):
            plain = [f"xóm 1, {COMMUNE[u[2]][0]} {u[1]}{{}}{tail.format('', DISTRICT[u[4]][0], u[3])}" for u in units]
            with_it = [text.format(f" {relation}") + ", tỉnh Nghệ An" for text in plain]
            without = [text.format("") + ", tỉnh Nghệ An" for text in plain]
            assert addresses.find(with_it) == addresses.find(without), relation


@given(data=st.data())
@LIGHT
def test_a_district_left_out_gives_the_old_commune_or_nothing(addresses: Addresses, data: st.DataObject) -> None:
    listed = addresses.rows(OLD_UNITS)
    units = data.draw(st.lists(st.sampled_from(listed), min_size=25, max_size=25))
    texts = [data.draw(FREE) + f", {COMMUNE[unit[2]][0]} {unit[1]}, tỉnh Nghệ An" for unit in units]
    carriers = [unit[1] for unit in listed]
    for unit, text, found in zip(units, texts, addresses.find(texts), strict=True):
        if carriers.count(unit[1]) > 1:
            assert found[BEFORE][::2] == (None, "mo_ho"), text
        else:
            assert found[BEFORE][:2] == (unit[0], unit[5]), text


@given(texts=st.lists(st.text(max_size=40) | st.from_regex(r"(x|p|tp|h)\.? ?\w{1,8}(, \w{1,8}){0,3}"), min_size=10))
@LIGHT
def test_any_text_is_read_without_a_guess(addresses: Addresses, texts: list[str]) -> None:
    usable = [text.replace("\x00", "") for text in texts]
    for text, found in zip(usable, addresses.find(usable), strict=True):
        for code, _, how in found:
            assert how in ("du", "ten_cu", "thieu_huyen", "theo_ngay", "mo_ho", "ngoai_tinh", "khong_ro")
            assert code is None or how not in ("mo_ho", "khong_ro"), text


def test_houses_and_hamlets_make_no_more_keys(addresses: Addresses) -> None:
    for tail in (
        "xã Hoa Thành, huyện Yên Thành, tỉnh Nghệ An",
        "phường Thành Vinh, tỉnh Nghệ An",
        "Phường Trường Thi, Thành phố Vinh, Nghệ An",
        "XÃ HOA THÀNH, HUYỆN YÊN THÀNH, TỈNH NGHỆ AN",
        "X. Hoa Thành, H. Yên Thành, NA",
        "P. Trường Thi, TP Vinh",
        "xa hoa thanh, huyen yen thanh, nghe an",
    ):
        cell = "'Số ' || n || '/2 Lê Lợi, Khối ' || n || ', ' || ?"
        keys = addresses.con.execute(
            f"SELECT count(DISTINCT nz_address_key({cell})) FROM range(50) t(n)", [tail]
        ).fetchone()
        assert keys == (1,), tail


def test_the_table_has_a_row_for_each_key_and_era_and_none_for_an_empty_cell(addresses: Addresses) -> None:
    table = address_lookup(
        addresses.con, addresses.names, "SELECT unnest(['tỉnh Nghệ An', NULL, 'tỉnh Nghệ An']) AS t", "small"
    )
    described = addresses.rows(f"DESCRIBE {table}")
    assert [(row[0], row[1]) for row in described] == [
        ("key", "VARCHAR"), ("era", "TINYINT"), ("ma", "VARCHAR"), ("ma_nay", "VARCHAR"), ("cach", "VARCHAR"),
    ]  # fmt: skip
    assert addresses.rows(f"FROM {table} ORDER BY era") == [("tỉnh Nghệ An", era, "40", None, "du") for era in range(3)]


def test_the_day_of_the_record_parts_the_eras(addresses: Addresses) -> None:
    eras = "SELECT nz_address_era(NULL), nz_address_era(DATE '2025-06-30'), nz_address_era(DATE '2025-07-01')"
    assert addresses.rows(eras) == [(UNKNOWN_DAY, BEFORE, SINCE)]
    registers = load_registers(PROJECT / "expectations")
    with_addresses = [r for r in registers.values() if any(f.type == "address" for f in r.fields)]
    assert {record_date(r) for r in with_addresses} == {"ngay_dang_ky", "ngay_cap_nhat"}
    assert record_date(registers["khai_sinh"]) == "ngay_dang_ky"


def test_a_missing_list_is_named() -> None:
    con = duckdb.connect()
    register_macros(con)
    register_code_lists(con, PROJECT / "expectations", {"cl_don_vi"})
    with pytest.raises(SettingsError, match=r"don_vi_huyen_truoc\.csv"):
        register_addresses(con)
    con.close()


def test_provinces_old_and_new_are_those_of_the_package(addresses: Addresses) -> None:
    with sqlite3.connect(DATA) as source:
        old = set(source.execute("SELECT DISTINCT provinceCode, provinceShort FROM admin_units_legacy").fetchall())
        new = set(source.execute("SELECT DISTINCT provinceCode, provinceShort FROM admin_units").fetchall())
        keys = dict(source.execute("SELECT DISTINCT provinceKey, provinceCode FROM admin_units").fetchall())
        old_keys = dict(source.execute("SELECT DISTINCT provinceKey, provinceCode FROM admin_units_legacy").fetchall())
    ours = addresses.rows("SELECT code, name, valid_to IS NULL, successor FROM cl_don_vi_tinh")
    assert {row[:2] for row in ours if not row[2]} == old
    assert {row[:2] for row in ours if row[2]} == new
    merged = json.loads((DATA.parent / "converter_2025.json").read_text(encoding="utf-8"))["DICT_PROVINCE"]
    expected = {old_keys[part]: keys[whole] for whole, parts in merged.items() for part in parts}
    assert {row[0]: row[3] for row in ours if not row[2]} == expected
