"""What the SQL functions and code-list tables promise to rules and stages."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sosach.errors import SettingsError
from sosach.normalize.macros import register_code_lists, register_macros
from sosach.settings import PROJECT

EXPECTATIONS = PROJECT / "expectations"


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    register_macros(connection)
    register_code_lists(connection, EXPECTATIONS)
    yield connection
    connection.close()


def value(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = con.execute(f"SELECT {sql}").fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("name_key('  Nguyễn  THỊ Đào ')", "nguyen thi dao"),
        ("name_key('Ðặng Ɖức')", "dang duc"),
        ("name_key(nfc_normalize('Hoa\u0300'))", "hoa"),
        ("name_key('Hoa\u0300')", "hoa"),
        ("add_years(DATE '2000-02-29', 18)", date(2018, 2, 28)),
        ("add_years(DATE '2000-05-01', 20)", date(2020, 5, 1)),
        ("years_between(DATE '2000-05-02', DATE '2020-05-01')", 19),
        ("years_between(DATE '2000-05-02', DATE '2020-05-02')", 20),
        ("years_between(DATE '2020-05-02', DATE '2020-05-01')", -1),
        ("years_between(NULL::DATE, DATE '2020-05-01')", None),
        ("is_pin('040099123456')", True),
        ("is_pin('40099123456')", False),
        ("is_pin(NULL)", None),
        ("is_cmnd('186123456')", True),
        ("is_cmnd('18612345X')", False),
        ("mask_id('040099123412')", "040*******12"),
        ("mask_id('186123456')", "186****56"),
        ("mask_id('B12345')", "******"),
        ("vn_date(DATE '2020-05-01')", "01/05/2020"),
        ("vn_date(NULL::DATE)", None),
    ],
)
def test_functions(con: duckdb.DuckDBPyConnection, sql: str, expected: object) -> None:
    assert value(con, sql) == expected


def test_working_days_agree_with_counting_them(con: duckdb.DuckDBPyConnection) -> None:
    start = date(2025, 6, 25)
    for first in range(14):
        for length in range(20):
            a, b = start + timedelta(first), start + timedelta(first + length)
            counted = sum((a + timedelta(i)).weekday() < 5 for i in range(1, length + 1))
            assert value(con, f"working_days_between(DATE '{a}', DATE '{b}')") == counted
            assert value(con, f"working_days_between(DATE '{b}', DATE '{a}')") == -counted


def test_every_code_list_has_dates(con: duckdb.DuckDBPyConnection) -> None:
    lists = sorted((EXPECTATIONS / "code_lists").glob("*.csv"))
    assert lists
    for path in lists:
        rows = con.execute(f"SELECT typeof(valid_from), typeof(valid_to) FROM cl_{path.stem}").fetchall()
        assert rows
        assert set(rows) == {("DATE", "DATE")}


def test_unit_now_maps_old_codes_to_successors_and_reused_codes_to_themselves(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("SELECT code, level, valid_to, successor FROM cl_don_vi").fetchall()
    now = dict(con.execute("SELECT code, unit FROM cl_unit_now").fetchall())
    today = {code for code, level, valid_to, _ in rows if level == "xa" and valid_to is None}
    assert len(today) == 130
    assert set(now) == {code for code, level, _, _ in rows if level == "xa"}
    for code in today:
        assert now[code] == code
    abolished = {code: successor for code, level, _, successor in rows if level == "xa" and code not in today}
    assert len(abolished) > 200
    assert {code: now[code] for code in abolished} == abolished
    assert set(now.values()) == today


def test_a_reused_code_stands_for_todays_commune_even_where_the_old_one_went_elsewhere(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lists = tmp_path / "code_lists"
    lists.mkdir()
    (lists / "don_vi.csv").write_text(
        "code,name,type,level,district,valid_from,valid_to,successor,source\n"
        "17530,Cũ,xa,xa,426,,2025-06-30,17506,x\n17530,Mới,xa,xa,,2025-07-01,,,x\n"
        "17506,Yên Thành,xa,xa,,2025-07-01,,,x\n",
        encoding="utf-8",
    )
    other = duckdb.connect()
    register_code_lists(other, tmp_path)
    assert other.execute("SELECT * FROM cl_unit_now").fetchall() == [("17506", "17506"), ("17530", "17530")]
    other.close()


def test_a_broken_code_list_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "code_lists").mkdir()
    other = duckdb.connect()
    with pytest.raises(SettingsError, match="no code list"):
        register_code_lists(other, tmp_path)
    (tmp_path / "code_lists" / "x.csv").write_text("code,name,valid_from\n1,a,\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"x\.csv: columns missing: valid_to"):
        register_code_lists(other, tmp_path)
    (tmp_path / "code_lists" / "x.csv").write_text("code,name,valid_from,valid_to\n1,a,31/06/2020,\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"x\.csv"):
        register_code_lists(other, tmp_path)
    (tmp_path / "code_lists" / "x.csv").unlink()
    (tmp_path / "code_lists" / "don_vi.csv").write_text(
        "code,name,type,level,district,valid_from,valid_to,successor,source\n17530,Cũ,xa,xa,426,,2025-06-30,99999,x\n",
        encoding="utf-8",
    )
    with pytest.raises(SettingsError, match="17530"):
        register_code_lists(other, tmp_path)
    other.close()
