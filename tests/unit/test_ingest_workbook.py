"""Workbooks as offices make them: every record once, every cell as a person sees it, whatever the layout."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
import xlwt

from sosach.errors import DeliveryError
from sosach.ingest.table import Part
from sosach.registers import Register
from tests.unit.workbook_sample import (
    BOOKS,
    HEADER,
    LIMITS,
    MARRIAGES,
    ROW,
    in_process,
    read,
    records,
    xlsx,
)

__all__ = ["in_process"]
pytestmark = pytest.mark.usefixtures("in_process")


def at(*moment: int) -> datetime:
    """A moment without time zone, as office files have it."""
    return datetime(*moment, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[arg-type, misc]


def row_of(number: int) -> list[str]:
    """A record of its own."""
    return [*ROW[:3], f"{number:02}/2020", *ROW[4:]]


def test_several_sheets_are_one_delivery_with_parts(tmp_path: Path) -> None:
    turned = [4, 3, 2, 1, 0, 5, 6, 7]
    sheets: dict[str, Any] = {
        "Bìa": [["SỞ TƯ PHÁP"], ["Danh mục sổ hộ tịch"]],
        "2020": [["Sổ năm 2020"], [], HEADER, row_of(1), [], row_of(2)],
        "2021": [[HEADER[i] for i in turned] + ["Ghi chú"], [row_of(3)[i] for i in turned] + ["đã khóa"]],
        "Trống": [],
    }
    path = xlsx(tmp_path / "a.xlsx", sheets, lambda book: book.get_worksheet_by_name("2021").hide())
    table, found = read(path)
    assert [r["quyen_so"] for r in found] == ["01/2020", "02/2020", "03/2020"]
    assert [list(r.values())[:8] for r in found] == [row_of(n) for n in (1, 2, 3)]
    assert [r["Ghi chú"] for r in found] == [None, None, "đã khóa"]
    assert table.parts == [Part("2020", 1, 4, 1), Part("2020", 2, 6, 1), Part("2021", 3, 2, 1)]
    assert table.notes == {"sheet_not_read:Bìa": 2, "sheet_hidden:2021": 1, "rows_above_header": 1}


def test_titles_empty_rows_and_columns_and_footers(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["", "ỦY BAN NHÂN DÂN XÃ"],
        ["", "DANH MỤC SỔ HỘ TỊCH", "", "", "", "Mẫu số 1"],
        [],
        ["", "STT", *HEADER, "", "Ghi chú"],
        ["", "(1)", *(f"({n})" for n in range(2, 10)), "", "(10)"],
        ["", 1, *row_of(1), "", ""],
        [],
        ["", 2, *row_of(2), "", "x"],
        ["", "Tổng cộng", "", "", "", "", "", "", 18],
        [],
        ["", "", "", "", "", "", "", "NGƯỜI LẬP BIỂU"],
    ]
    table, found = read(xlsx(tmp_path / "a.xlsx", {"Sheet1": rows}))
    assert table.header == ("STT", *HEADER, "Ghi chú"), "empty columns are none"
    assert [r["STT"] for r in found] == ["1", "2", "Tổng cộng", None]
    assert [list(r.values())[1:9] for r in found[:2]] == [row_of(1), row_of(2)]
    assert found[2]["so_truong_hop"] == "18"
    assert found[3]["so_cuoi"] == "NGƯỜI LẬP BIỂU", "nothing is lost: such rows go to quarantine"
    assert [(p.first_row, p.line, p.rows) for p in table.parts] == [(1, 6, 1), (2, 8, 2), (4, 11, 1)]
    assert table.notes == {"rows_above_header": 2, "number_rows": 1, "no_required_field": 1}


MARRIAGE = ["01/2020", "01/2020", "05.06.2020", "16681", "Lô Văn A", "1990", "Vi Thị B", "28t"]
MARRIAGE_NAMES = ["so", "quyenSo", "ngayDangKy", "noiDangKy", "chongHoTen", "chongNgaySinh", "voHoTen", "voNgaySinh"]


@pytest.mark.parametrize("merged", [True, False])
def test_a_header_of_two_rows_with_groups(tmp_path: Path, merged: bool) -> None:
    def groups(book: xlsxwriter.Workbook) -> None:
        sheet = book.get_worksheet_by_name("S")
        for column, name in enumerate(["Số", "Quyển số", "Ngày, tháng, năm đăng ký", "Nơi đăng ký"]):
            if merged:
                sheet.merge_range(1, column, 2, column, name)
            else:
                sheet.write(1, column, name)
        for column, name in ((4, "BÊN NAM"), (6, "Bên nữ")):
            if merged:
                sheet.merge_range(1, column, 1, column + 1, name)
            else:
                sheet.write(1, column, name)
        for column, name in enumerate(["Họ và tên", "Ngày, tháng, năm sinh"] * 2, start=4):
            sheet.write(2, column, name)
        sheet.write_row(3, 0, [1, 2, 3, 4, 5, 6, 7, 8])
        sheet.write_row(4, 0, MARRIAGE)

    table, found = read(xlsx(tmp_path / "a.xlsx", {"S": [["SỔ ĐĂNG KÝ KẾT HÔN"]]}, groups), MARRIAGES)
    assert table.header[4:6] == ("BÊN NAM Họ và tên", "BÊN NAM Ngày, tháng, năm sinh")
    assert found == [dict(zip(MARRIAGE_NAMES, MARRIAGE, strict=True))]
    assert table.parts == [Part("S", 1, 5, 1)]
    assert table.notes == {"rows_above_header": 1, "number_rows": 1}


def test_merged_data_cells_are_filled_down_and_between_equal_fields(tmp_path: Path) -> None:
    def merge(book: xlsxwriter.Workbook) -> None:
        sheet = book.get_worksheet_by_name("S")
        sheet.merge_range(1, 3, 5, 3, "01/2020")  # one book over five rows, of which one is empty
        sheet.merge_range(1, 4, 1, 5, "01/2020")  # so_dau and so_cuoi: both entry numbers
        sheet.merge_range(6, 0, 6, 2, "Cộng")  # unlike fields: one value cannot be meant for all

    cells = [
        ["", "", "", "", "", "", "", ""] if n == 3 else [*ROW[:3], None, f"{n:02}/2020", *ROW[5:]] for n in range(5)
    ]
    cells[0][4] = cells[0][5] = None
    table, found = read(xlsx(tmp_path / "a.xlsx", {"S": [HEADER, *cells, ["", "", "", "", "", "", 9]]}, merge))
    assert [r["quyen_so"] for r in found] == ["01/2020"] * 4 + [None]
    assert (found[0]["so_dau"], found[0]["so_cuoi"]) == ("01/2020", "01/2020")
    assert (found[4]["ma_noi_dang_ky"], found[4]["loai_so"]) == ("Cộng", None)
    assert (table.notes["merged_filled"], table.notes["merged_beside"]) == (4, 2)


@pytest.mark.parametrize("cells", [64, 200])
def test_a_merged_range_over_several_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    monkeypatch.setattr("sosach.ingest.workbook_worker.CHUNK_CELLS", cells)
    rows = [[*ROW[:3], None, f"{n:02}/2020", *ROW[5:]] for n in range(300)]

    def merge(book: xlsxwriter.Workbook) -> None:
        book.get_worksheet_by_name("S").merge_range(11, 3, 290, 3, "07/2020")

    table, found = read(xlsx(tmp_path / "a.xlsx", {"S": [HEADER, *rows]}, merge))
    assert [r["quyen_so"] for r in found] == [None] * 10 + ["07/2020"] * 280 + [None] * 10
    assert table.notes == {"merged_filled": 279}
    assert table.parts == [Part("S", 1, 2, 300)]


@pytest.mark.parametrize("system", [False, True])
def test_cells_read_as_a_person_sees_them(tmp_path: Path, system: bool) -> None:
    header = [*HEADER, "a", "b", "c", "d", "e", "f", "g"]
    with xlsxwriter.Workbook(tmp_path / "a.xlsx", {"date_1904": system, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("S")
        sheet.write_row(0, 0, header)
        day, clock, long = (book.add_format({"num_format": f}) for f in ("dd/mm/yyyy", "hh:mm", "[h]:mm:ss"))
        sheet.write_row(1, 0, [16681, " KS ", 2020.0, "01/2020", "=A1", 1.5, 9])
        sheet.write_datetime(1, 7, at(2020, 12, 31), day)
        sheet.write_datetime(1, 8, at(2020, 12, 31, 8, 30), day)
        sheet.write_datetime(1, 9, time(7, 5), clock)
        sheet.write_number(1, 10, 1.5, long)
        sheet.write_boolean(1, 11, True)
        sheet.write_number(1, 12, 40085001234)
        sheet.write_number(1, 13, 123456789012345678)
        sheet.write_number(1, 14, 44196)
        sheet.write_row(2, 0, ["016681", "KH", "", "'", "0", -3, 0.1, "31/12/2020", "NULL", " ", "1.50", "TRUE"])
        sheet.write_datetime(2, 12, at(1905, 2, 28), day)
    table, found = read(tmp_path / "a.xlsx")
    assert list(found[0].values()) == [
        *("16681", " KS ", "2020", "01/2020", "=A1", "1.5", "9", "2020-12-31"),
        *("2020-12-31 08:30:00", "07:05:00", "36:00:00", "TRUE", "40085001234", "123456789012345700", "44196"),
    ]
    assert list(found[1].values())[:12] == [
        *("016681", "KH", None, "'", "0", "-3", "0.1", "31/12/2020", "NULL", " ", "1.50", "TRUE"),
    ]
    assert found[1]["e"] == "1905-02-28"
    assert table.notes == {"long_numbers": 1}


def test_errors_keep_their_text_and_formulas_their_result(tmp_path: Path) -> None:
    def add(book: xlsxwriter.Workbook) -> None:
        sheet = book.get_worksheet_by_name("S")
        sheet.write_formula(1, 0, "=8340*2+1", None, 16681)
        sheet.write_formula(2, 3, "=VLOOKUP(1,A:B,2)", None, "#N/A")
        sheet.write_formula(3, 8, "=[khac.xlsx]S!A1", None, "xa")

    table, found = read(xlsx(tmp_path / "a.xlsx", {"S": [[*HEADER, "x"], row_of(1), row_of(2), row_of(3)]}, add))
    assert (found[0]["ma_noi_dang_ky"], found[1]["quyen_so"]) == ("16681", "#N/A")
    assert found[2]["x"] == "xa"
    assert table.notes == {"formula_cells": 3, "error_cells": 1}


def test_formulas_without_result_are_refused_by_place(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Sổ 1"
    for row in (HEADER, ROW, ["=1+1", *ROW[1:]]):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(DeliveryError, match=r"Sổ 1: ô A3 có công thức nhưng chưa có kết quả"):
        read(tmp_path / "a.xlsx")


def test_links_and_macros_are_noted_and_left_alone(tmp_path: Path) -> None:
    import zipfile

    path = xlsx(tmp_path / "a.xlsx", {"S": [HEADER, ROW]})
    with zipfile.ZipFile(path, "a") as package:
        package.writestr("xl/externalLinks/externalLink1.xml", "<externalLink/>")
        package.writestr("xl/externalLinks/_rels/externalLink1.xml.rels", "<Relationships/>")
        package.writestr("xl/vbaProject.bin", b"\0")
    table, found = read(path)
    assert (len(found), table.notes) == (1, {"external_links": 1, "macros": 1})


def test_an_old_workbook_reads_like_a_new_one(tmp_path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sổ", cell_overwrite_ok=True)
    day = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for column, name in enumerate(HEADER):
        sheet.write(1, column, name)
    for row in range(2, 5):
        for column, cell in enumerate(row_of(row)):
            if column != 3:
                sheet.write(row, column, cell)
    sheet.write_merge(2, 4, 3, 3, "01/2020")
    sheet.write(2, 0, 16681)
    sheet.write(2, 7, date(2020, 12, 31), day)
    sheet.write(3, 7, 44196)
    book.save(str(tmp_path / "a.xls"))
    for name in ("a.xls", "b.xlsx"):
        (tmp_path / "a.xls").rename(tmp_path / name) if name != "a.xls" else None
        table, found = read(tmp_path / name)
        assert [r["quyen_so"] for r in found] == ["01/2020"] * 3
        assert [r["ngay_khoa_so"] for r in found] == ["2020-12-31", "44196", "2020-12-31"]
        assert found[0]["ma_noi_dang_ky"] == "16681"
        assert (table.parts, table.notes) == ([Part("Sổ", 1, 3, 3)], {"merged_filled": 2})


def test_without_required_columns_the_nearest_sheet_tells_what_lacks(tmp_path: Path) -> None:
    sheets = {"a": [["x", "y"], ["1", "2"]], "b": [[*HEADER[:3], "Quyền sổ"], ROW[:4]]}
    with pytest.raises(DeliveryError) as refused:
        read(xlsx(tmp_path / "a.xlsx", sheets))
    told = str(refused.value)
    assert "thiếu cột bắt buộc: " in told
    assert "so_truong_hop" in told
    assert HEADER[0] not in told, "sheet b is nearest"


def test_scratch_files_go_with_the_table(tmp_path: Path) -> None:
    table, _ = read(xlsx(tmp_path / "a.xlsx", {"S": [HEADER, ROW]}))
    assert [p.name for p in tmp_path.iterdir()] == ["a.xlsx"]
    assert records(table) == []
    with pytest.raises(DeliveryError):
        read(xlsx(tmp_path / "a.xlsx", {"S": [["x"]]}))
    assert [p.name for p in tmp_path.iterdir()] == ["a.xlsx"]
    assert (BOOKS.register_id, LIMITS.ratio) == ("so_ho_tich", 200)


def refused(path: Path, register: Register = BOOKS) -> str:
    """Why a workbook is refused."""
    with pytest.raises(DeliveryError) as error:
        read(path, register)
    assert ROW[0] not in str(error.value)
    return str(error.value)


def test_records_above_the_header_are_refused(tmp_path: Path) -> None:
    told = refused(xlsx(tmp_path / "a.xlsx", {"S": [["Danh mục"], row_of(1), row_of(2), HEADER, row_of(3)]}))
    assert "trang tính S: dòng 2, 3 giống bản ghi nhưng đứng trên dòng tiêu đề (dòng 4)" in told


def test_a_sheet_with_records_is_not_left_out(tmp_path: Path) -> None:
    good: dict[str, Any] = {"Xã A": [HEADER, row_of(1), row_of(2)]}
    lacking = {"Xã B": [HEADER[:-2], row_of(3)[:-2]]}
    told = refused(xlsx(tmp_path / "a.xlsx", good | lacking))
    assert "trang tính Xã B có dòng tiêu đề của sổ nhưng thiếu cột bắt buộc: so_truong_hop" in told
    for sparse in (row_of(4), [*row_of(4)[:4], "", "", "9", ""]):
        told = refused(xlsx(tmp_path / "a.xlsx", good | {"Xã C": [["Tiếp theo"], sparse, sparse]}))
        assert "trang tính Xã C có các dòng giống bản ghi nhưng không có dòng tiêu đề" in told


def test_covers_notes_and_lookup_sheets_are_left_out(tmp_path: Path) -> None:
    beside: dict[str, Any] = {
        "Bìa": [["SỞ TƯ PHÁP"], ["Năm", "2020"], ["Ngày", "31/12/2020"]],
        "Mã": [["Mã", "Tên", "Ghi chú"], *[[f"1668{n}", f"Xã {n}", "đã nhập"] for n in range(9)]],
        "Hướng dẫn": [["a", "b", "c", "d", "e", "f", "g", "h"]] * 3,
        "Mẫu": [HEADER[:-2]],
    }
    table, found = read(xlsx(tmp_path / "a.xlsx", beside | {"S": [HEADER, row_of(1)]}))
    assert len(found) == 1
    notes = {"sheet_not_read:Bìa": 3, "sheet_not_read:Mã": 10, "sheet_not_read:Hướng dẫn": 3, "sheet_not_read:Mẫu": 1}
    assert table.notes == notes


def test_a_repeated_header_is_no_record(tmp_path: Path) -> None:
    rows = [HEADER, row_of(1), [], ["Tháng 7"], HEADER, row_of(2), ["Tổng", "2"]]
    table, found = read(xlsx(tmp_path / "a.xlsx", {"S": rows}))
    assert [r["quyen_so"] for r in found] == ["01/2020", None, "02/2020", None]
    assert [(p.first_row, p.line, p.rows) for p in table.parts] == [(1, 2, 1), (2, 4, 1), (3, 6, 2)]
    assert table.notes["header_repeated"] == 1
    turned = [HEADER[i] for i in (0, 1, 2, 3, 5, 4, 6, 7)]
    told = refused(xlsx(tmp_path / "a.xlsx", {"S": [HEADER, row_of(1), [], turned, row_of(2)]}))
    assert "trang tính S: dòng 4 lại là một dòng tiêu đề" in told


def test_a_header_of_two_rows_is_found_again(tmp_path: Path) -> None:
    block: list[list[Any]] = [
        ["Số", "Quyển số", "Ngày đăng ký", "Nơi đăng ký", "Bên nam", "", "Bên nữ", ""],
        ["", "", "", "", "Họ và tên", "Ngày sinh", "Họ và tên", "Ngày sinh"],
        [1, 2, 3, 4, 5, 6, 7, 8],
    ]
    table, found = read(xlsx(tmp_path / "a.xlsx", {"S": [*block, MARRIAGE, *block, MARRIAGE]}), MARRIAGES)
    assert found == [dict(zip(MARRIAGE_NAMES, MARRIAGE, strict=True))] * 2
    assert table.notes == {"number_rows": 1, "header_repeated": 3}
