"""Adoptions and changes of birth entries: lawful where nothing was planted, and told by the entries they change."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import pytest

from sosach.registers import load_registers
from sosach.settings import PROJECT
from synthetic_data.acts import CORRECTED_TWICE, NOT_A_COUPLE
from synthetic_data.compose import compose, connect, load_world
from synthetic_data.noise import apply_noise
from synthetic_data.world import build_world

AS_OF = date(2025, 8, 15)
EXPECTATIONS = PROJECT / "expectations"
REGISTERS = ("khai_sinh", "nuoi_con_nuoi", "thay_doi_ho_tich")


def registers_of(folder: Path, noise: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """Registers of a world; ``before_<register>`` is what they were before noise on cells and rows."""
    world = build_world(EXPECTATIONS, 20_000, 3, AS_OF, 6, noise)
    with closing(connect(3, AS_OF, folder)) as con:
        load_world(con, world, EXPECTATIONS, lambda line: None)
        columns = compose(con, load_registers(EXPECTATIONS), lambda line: None)
        for register in REGISTERS:
            con.execute(f"CREATE TABLE before_{register} AS FROM r_{register}")
        apply_noise(con, {register: columns[register] for register in REGISTERS}, noise)
        yield con


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    yield from registers_of(tmp_path_factory.mktemp("clean"), 0.0)


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    yield from registers_of(tmp_path_factory.mktemp("noisy"), 10.0)


def count(con: duckdb.DuckDBPyConnection, query: str) -> int:
    ((found,),) = con.execute(f"SELECT count(*) FROM ({query})").fetchall()
    return int(found)


def test_adoptions_are_lawful(clean: duckdb.DuckDBPyConnection) -> None:
    assert count(clean, "FROM r_nuoi_con_nuoi") > 2
    unlawful = """SELECT 1 FROM r_nuoi_con_nuoi r
        JOIN person b ON b.id = _con JOIN person f ON f.id = _cha JOIN person m ON m.id = _me
        LEFT JOIN marriage t ON t.husband = _cha AND t.wife = _me
            AND t.married_date < r._date AND coalesce(t.end_date > r._date, TRUE)
        WHERE t.husband IS NULL OR b.birth + INTERVAL 16 YEAR <= r._date
            OR greatest(f.birth, m.birth) + INTERVAL 20 YEAR > b.birth
            OR coalesce(least(f.death, m.death) <= r._date, FALSE)"""
    assert count(clean, unlawful) == 0


def test_numbers_of_each_office_run_from_one_in_the_order_of_days(clean: duckdb.DuckDBPyConnection) -> None:
    for register in ("nuoi_con_nuoi", "thay_doi_ho_tich"):
        rows = f"r_{register}"
        broken = f"""SELECT 1 FROM (SELECT _seq, _date, row_number() OVER w AS place,
                lag(_date, 1, _date) OVER w AS before
            FROM {rows} WINDOW w AS (PARTITION BY _code, _year ORDER BY _seq))
            WHERE _seq <> place OR _date < before OR dayofweek(_date) IN (0, 6) OR _date > DATE '{AS_OF}'"""
        assert count(clean, broken) == 0
        assert count(clean, f'SELECT 1 FROM {rows} GROUP BY "noiDangKy", "quyenSo", so HAVING count(*) > 1') == 0


def test_a_change_tells_the_entry_that_it_changes(clean: duckdb.DuckDBPyConnection) -> None:
    both = """FROM r_thay_doi_ho_tich t LEFT JOIN r_khai_sinh k
        ON k."noiDangKy" = t."gocNoiDangKy" AND k."quyenSo" = t."gocQuyenSo" AND k.so = t."gocSo" """
    assert count(clean, f'SELECT 1 {both} WHERE k._nks = t._ntd AND k."ngayDangKy" = t."gocNgayDangKy"') > 50
    assert count(clean, f"SELECT 1 {both} WHERE k._nks <> t._ntd OR t._date < k._date") == 0
    note = """'Cải chính ngày sinh từ ' || "giaTriCu" || ' thành ' || "giaTriMoi"
        || ' theo Quyết định số ' || "canCuSo" || ' ngày ' || "canCuNgay" """
    same_date = f'SELECT 1 {both} WHERE t._loai = 2 AND k."nksNgaySinh" = "giaTriMoi"'
    assert count(clean, f'{same_date} AND k."ghiChu" = {note}') > 20
    assert count(clean, f'{same_date} AND k."ghiChu" IS DISTINCT FROM {note}') == 0
    added = f"""SELECT CASE t._loai WHEN 8 THEN k."chaHoTen" ELSE k."meHoTen" END AS entered, "giaTriMoi" AS told
        {both} WHERE t._loai IN (8, 9)"""
    assert count(clean, f"SELECT 1 FROM ({added}) WHERE upper(entered) = upper(told)") > 5
    assert count(clean, f"SELECT 1 FROM ({added}) WHERE upper(entered) <> upper(told)") == 0


def test_every_kind_of_change_occurs(clean: duckdb.DuckDBPyConnection) -> None:
    found = clean.execute("SELECT DISTINCT _loai, _viec FROM r_thay_doi_ho_tich ORDER BY ALL").fetchall()
    assert {(2, "2"), (4, "4"), (8, "3")} <= set(found) <= {(2, "2"), (4, "4"), (8, "3"), (9, "3")}


def test_false_acts_are_what_their_kind_says(noisy: duckdb.DuckDBPyConnection) -> None:
    pairs = f"""SELECT 1 FROM adopted e LEFT JOIN marriage t ON t.husband = e.father AND t.wife = e.mother
        WHERE e.planted = '{NOT_A_COUPLE}' AND t.husband IS"""
    assert count(noisy, f"{pairs} NULL") > 0
    assert count(noisy, f"{pairs} NOT NULL") == 0
    twice = f"""SELECT 1 FROM change a JOIN change b ON b.ks = a.ks AND b.field = a.field AND b.planted = ''
        WHERE a.planted = '{CORRECTED_TWICE}' AND """
    assert (
        count(noisy, f"{twice} a.now = b.was AND a.decided + INTERVAL 1 YEAR > b.decided AND a.decided < b.decided") > 5
    )
    assert count(noisy, f"{twice} (a.now <> b.was OR a.decided >= b.decided)") == 0


def test_an_entry_that_was_not_changed_has_the_old_date_and_no_note(noisy: duckdb.DuckDBPyConnection) -> None:
    left = """SELECT 1 FROM corruption c JOIN r_khai_sinh k USING (_row)
        JOIN change t ON t.ks = k._eid AND t.field = 2 AND t.planted = ''
        WHERE c.register = 'khai_sinh' AND c.kind = 'cai_chinh_chua_ghi_so_goc' AND c.field = 'nksNgaySinh' AND"""
    assert count(noisy, f'{left} k."nksNgaySinh" <> t.now AND k."ghiChu" IS NULL') > 5
    assert count(noisy, f'{left} (k."nksNgaySinh" = t.now OR k."ghiChu" IS NOT NULL)') == 0


def test_books_of_the_other_kinds_are_as_they_were(clean: duckdb.DuckDBPyConnection) -> None:
    assert count(clean, "SELECT 1 FROM book WHERE kind IN ('NCN', 'TDCC')") == 0
    assert count(clean, "SELECT kind, eid FROM numbered GROUP BY ALL HAVING count(*) > 1") == 0


def test_a_world_without_an_act_is_made_all_the_same(tmp_path: Path) -> None:
    with closing(connect(0, date(2020, 1, 1), tmp_path)) as con:
        world = build_world(EXPECTATIONS, 50, 0, date(2020, 1, 1), 1, 0.0)
        load_world(con, world, EXPECTATIONS, lambda line: None)
        assert count(con, "FROM change") == count(con, "FROM adopted") == 0
