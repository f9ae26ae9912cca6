"""Whom an adoption and a registered change of name, birth date or sex are joined to."""

from datetime import date

import pytest

from sosach.link.coverage import build_coverage
from sosach.link.match import link_persons
from sosach.link.mentions import BIRTH_CHANGED, NAME_CHANGED, ROLES, SEX_CHANGED
from sosach.registers import load_registers
from tests.scenarios.registers import SETTINGS, add, world

PIN = "040310000017"
NEW = {"ho_ten": "LÔ HÀ MY", "ngay_sinh": date(2010, 2, 1), "gioi_tinh": "Nữ"}
OLD = {"ntd_ho_ten": "Lô Thị Mai", "ntd_ngay_sinh": date(2009, 2, 1), "ntd_gioi_tinh": "Nam"}


@pytest.mark.parametrize(
    ("field", "value", "same"),
    [
        (NAME_CHANGED, "Lô Hà My", {"ntd_ngay_sinh": date(2010, 2, 1), "ntd_gioi_tinh": "Nữ"}),
        (BIRTH_CHANGED, "01.02.2010", {"ntd_ho_ten": "Lô Hà My", "ntd_gioi_tinh": "Nữ"}),
        (BIRTH_CHANGED, "01/02/2010", {"ntd_ho_ten": "Lô Hà My", "ntd_gioi_tinh": "Nữ"}),
        (SEX_CHANGED, "Nữ", {"ntd_ho_ten": "Lô Hà My", "ntd_ngay_sinh": date(2010, 2, 1)}),
    ],
)
@pytest.mark.parametrize("known", [True, False], ids=["new", "old"])
def test_a_person_without_a_number_is_known_by_the_new_value(
    field: str, value: str, same: dict[str, object], known: bool
) -> None:
    with world() as con:
        add(con, "dan_cu", "d1", so_dinh_danh=PIN, **NEW)
        cells = {**OLD, **same} | ({"truong_thay_doi": field, "gia_tri_moi": value} if known else {})
        add(con, "thay_doi_ho_tich", "t1", **cells)
        link_persons(con, run_id="thu")
        found = con.execute("SELECT method FROM links WHERE register = 'thay_doi_ho_tich'").fetchall()
        assert (found == [("exact_keys",)]) is known


def test_a_number_joins_a_change_that_dan_cu_does_not_have_yet() -> None:
    with world() as con:
        add(con, "dan_cu", "d1", so_dinh_danh=PIN, ho_ten="LÔ THỊ MAI", ngay_sinh=date(2009, 2, 1), gioi_tinh="Nữ")
        change = {"truong_thay_doi": BIRTH_CHANGED, "gia_tri_cu": "01.02.2009", "gia_tri_moi": "01.02.2010"}
        add(con, "thay_doi_ho_tich", "t1", ntd_so_dinh_danh=PIN, ntd_ho_ten="Lô Thị Mai", **change)
        link_persons(con, run_id="thu")
        assert con.execute("SELECT DISTINCT method FROM links").fetchall() == [("pin",)]


def test_the_three_persons_of_an_adoption_are_joined() -> None:
    with world() as con:
        for number, (pin, name) in enumerate(((PIN, "LÔ THỊ MAI"), ("040080000012", "VI VĂN AN"))):
            add(con, "dan_cu", f"d{number}", so_dinh_danh=pin, ho_ten=name)
        child = {"con_nuoi_ho_ten": "Lô Thị Mai", "con_nuoi_so_giay_to_tuy_than": PIN}
        father = {"cha_nuoi_ho_ten": "Vi Văn An", "cha_nuoi_so_giay_to_tuy_than": "040080000012"}
        add(con, "nuoi_con_nuoi", "n1", **child, **father, me_nuoi_ho_ten="Hà Thị Ba")
        link_persons(con, run_id="thu")
        found = con.execute("SELECT role, method FROM links WHERE register = 'nuoi_con_nuoi'").fetchall()
        assert dict(found) == {"con_nuoi": "pin", "cha_nuoi": "pin", "me_nuoi": "unlinked"}


def test_names_of_changed_fields_are_those_of_the_list() -> None:
    with world() as con:
        named = {name for (name,) in con.execute("SELECT name FROM cl_truong_thay_doi").fetchall()}
    assert {NAME_CHANGED, BIRTH_CHANGED, SEX_CHANGED} <= named


def test_books_of_adoptions_and_changes_have_a_coverage() -> None:
    with world() as con:
        for kind, register in (("NCN", "nuoi_con_nuoi"), ("TDCC", "thay_doi_ho_tich")):
            add(con, "so_ho_tich", kind, ma_noi_dang_ky="16681", loai_so=kind, nam_mo_so=2019, so_truong_hop=1)
            add(con, register, kind, noi_dang_ky="16681", so="01/2019", so_nam=2019)
        build_coverage(con, 0.95, 2025)
        assert con.execute("SELECT loai_so, digitised, covered FROM coverage ORDER BY 1").fetchall() == [
            ("NCN", 1, True),
            ("TDCC", 1, True),
        ]


def test_every_role_names_columns_of_its_register() -> None:
    registers = load_registers(SETTINGS.expectations)
    with world() as con:
        for role in ROLES:
            assert role.register in registers
            assert con.execute(role.select).fetchall() == []
