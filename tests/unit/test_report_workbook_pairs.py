"""The sheet of pairs in a commune's workbook: two records above each other, one question, and safe to hand out."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook.workbook import Workbook

from sosach.report.model import Unit
from sosach.report.workbook import PairList, write_workbook
from sosach.report.workbook_pairs import (
    ANSWERS,
    IDENTITY,
    PAIR_HEADER_ROW,
    PAIR_SHEET,
    PairLine,
    PairSide,
    line_print,
    pair_columns,
    print_of,
)
from tests.unit.report_sample import report_data, work_lines

COLUMNS = {name: place + 1 for name, place in pair_columns(blind=False).items()}
FIRST = PAIR_HEADER_ROW + 2
OPEN = ("answer", "note", "officer", "day")
DATA = report_data()
BOOK_ENTRY = PairSide(
    "Kết hôn – chồng, số 12/2009, quyển 01/2009, ngày 12/03/2009", "NGUYỄN VĂN HOÀ", "1984", "Nam", "", "",
    "LÊ THỊ MỸ", "CMND 186****34", "Xã Lượng Minh",
)  # fmt: skip
CITIZEN = PairSide(
    "Dân cư", "NGUYỄN VĂN HÒA", "05/02/1984", "Nam", "NGUYỄN VĂN BA", "TRẦN THỊ TƯ", "LÊ THỊ MỸ", "CMND 186****34",
    "Xã Lượng Minh",
)  # fmt: skip
PAIR = PairLine(
    "ket_hon", "d:1", "chong", "c:7", "", "", "", (BOOK_ENTRY, CITIZEN), True, "khá giống", "Cùng vợ\nKhác: dấu"
)
Write = Callable[..., Workbook]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(*pairs: PairLine, left_out: int = 0) -> Workbook:
        target = tmp_path / "viec.xlsx"
        found = write_workbook(Unit("16906", "Xã Lượng Minh"), work_lines(2), DATA, target, PairList(pairs, left_out))
        assert found == 2
        return openpyxl.load_workbook(target)

    return written


def test_two_records_stand_above_each_other_and_what_differs_is_red(write: Write) -> None:
    sheet = write(PAIR, replace(PAIR, record_id="d:2"))[PAIR_SHEET]
    for offset, side in enumerate(PAIR.sides):
        for name in ("source", "name", "birth", "spouse", "place"):
            assert sheet.cell(FIRST + offset, COLUMNS[name]).value == getattr(side, name)
    assert sheet.cell(FIRST, COLUMNS["father"]).value == "–"
    assert sheet.cell(FIRST + 1, COLUMNS["paper"]).value == "CMND 186****34 (khác số)"
    red = {name for name, column in COLUMNS.items() if str(sheet.cell(FIRST + 1, column).font.color.rgb) == "FF9C0006"}
    assert red == {"name", "birth", "paper"}, "tone on another letter differs; the same spouse does not"
    assert (sheet.cell(FIRST, COLUMNS["number"]).value, sheet.cell(FIRST + 2, COLUMNS["number"]).value) == (1, 2)
    assert sheet.cell(FIRST, COLUMNS["likeness"]).value == "khá giống"
    assert sheet.cell(FIRST, COLUMNS["reason"]).value == "Cùng vợ\nKhác: dấu"
    heights = [sheet.row_dimensions[FIRST + n].height for n in range(2)]
    assert all(14 <= height <= 409 for height in heights)


def test_only_the_decision_cells_of_a_pair_are_open_and_offer_three_answers(write: Write) -> None:
    sheet = write(PAIR)[PAIR_SHEET]
    assert sheet.protection.sheet
    may = {COLUMNS[name] for name in OPEN}
    for row in sheet.iter_rows():
        for cell in row:
            assert cell.protection.locked is not (cell.row in (FIRST, FIRST + 1) and cell.column in may)
    lists = [rule for rule in sheet.data_validations.dataValidation if rule.type == "list"]
    assert [str(rule.formula1).strip('"').split(",") for rule in lists] == [list(ANSWERS)]
    assert sheet.cell(FIRST, COLUMNS["answer"]).coordinate in lists[0].sqref
    assert {rule.type for rule in sheet.data_validations.dataValidation} == {"list", "date"}


def test_the_hidden_sheet_says_which_records_a_line_is_about(write: Write) -> None:
    other = replace(PAIR, subject_record_id="", other_register="khai_tu", other_record_id="t:1", other_role="nkt")
    book = write(PAIR, other)
    sheet = book["_cap"]
    assert sheet.sheet_state == "hidden"
    rows = [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert rows[0] == ["pair_id", *IDENTITY, "print"]
    assert [row[1:8] for row in rows[1:]] == [list(PAIR.identity), list(other.identity)]
    shown = book[PAIR_SHEET]
    assert [row[0] for row in rows[1:]] == [shown.cell(FIRST + 2 * n, COLUMNS["pair_id"]).value for n in range(2)]
    assert len({row[0] for row in rows[1:]}) == 2
    mark = {row[0].value: row[1].value for row in book["_sosach"].iter_rows(max_col=2)}
    assert (mark["lines"], mark["pairs"]) == ("2", "2")


def test_the_print_of_a_line_follows_its_texts_and_not_its_blanks() -> None:
    assert line_print(PAIR) == line_print(replace(PAIR, likeness="", reason=""))
    changed = replace(PAIR, sides=(replace(BOOK_ENTRY, birth="1985"), CITIZEN))
    assert line_print(PAIR) != line_print(changed)
    assert print_of([["a b", "c"]]) == print_of([["a  b\n", "c"]]) != print_of([["a", "b c"]])


@pytest.mark.parametrize("start", ["=1+1", "+84", "-5", "@A1", "\t=1", "＝1"])
def test_text_of_a_record_that_looks_like_a_formula_stays_text(write: Write, start: str) -> None:
    bad = PairSide(*[start] * 9)
    sheet = write(replace(PAIR, sides=(bad, bad), reason=start))[PAIR_SHEET]
    for row in sheet.iter_rows(min_row=FIRST):
        for cell in row:
            assert cell.data_type != "f"
            assert not isinstance(cell.value, str) or cell.value[0] not in "=+-@\t＝"


def test_the_rest_is_counted_and_a_workbook_without_pairs_has_no_such_sheet(write: Write) -> None:
    book = write(PAIR, left_out=1234)
    assert "Còn 1.234 cặp ít giống hơn chưa đưa vào tệp này." in str(book[PAIR_SHEET]["A4"].value)
    summary = [str(cell.value) for (cell,) in book["Tổng hợp"].iter_rows(max_col=1)]
    assert any("1 cặp (1 khá giống)" in text for text in summary)
    assert any(PAIR_SHEET in str(cell.value) for (cell,) in book["Hướng dẫn"].iter_rows(max_col=1))
    assert not {PAIR_SHEET, "_cap"} & set(write().sheetnames)


def test_the_same_pairs_give_the_same_bytes(write: Write, tmp_path: Path) -> None:
    write(PAIR)
    first = (tmp_path / "viec.xlsx").read_bytes()
    write(PAIR)
    assert (tmp_path / "viec.xlsx").read_bytes() == first
