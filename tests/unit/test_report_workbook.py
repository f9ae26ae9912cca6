"""A commune's workbook: what an officer sees and may change, what comes back in the returned file, its safety."""

import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from sosach.report.model import ReportData, Unit, WorkLine
from sosach.report.words import RESULT_CODES
from sosach.report.workbook import write_workbook
from sosach.report.workbook_book import safe
from sosach.settings import PROJECT
from tests.unit.report_sample import report_data, work_lines

UNIT = Unit("16906", "Xã Lượng Minh")
FIRST = 5  # the first line's row, 1-based
DECISIONS = ("Kết quả xử lý", "Ghi chú", "Người xử lý", "Ngày xử lý")
Write = Callable[[list[WorkLine]], Workbook]


@pytest.fixture(scope="module")
def data() -> ReportData:
    return report_data()


@pytest.fixture
def write(data: ReportData, tmp_path: Path) -> Write:
    def written(lines: list[WorkLine]) -> Workbook:
        assert write_workbook(UNIT, lines, data, tmp_path / "viec.xlsx") == len(lines)
        return openpyxl.load_workbook(tmp_path / "viec.xlsx")

    return written


def columns(sheet: Worksheet) -> dict[str, int]:
    return {str(cell.value): cell.column for cell in sheet[FIRST - 1] if cell.value}


def choices_of(book: Workbook, row: int) -> list[str]:
    """What the drop-down of a line offers, read as Excel does: from the range that its validation names."""
    sheet = book["Danh sách"]
    cell = sheet.cell(row, columns(sheet)["Kết quả xử lý"]).coordinate
    rules = [rule for rule in sheet.data_validations.dataValidation if cell in rule.sqref and rule.type == "list"]
    assert len(rules) == 1, f"{cell} has {len(rules)} drop-downs"
    name, _, place = str(rules[0].formula1).rpartition("!")
    return [str(c.value) for (c,) in book[name.strip("'")][place.replace("$", "")]]


def test_every_line_stands_in_the_list_with_its_own_key(write: Write) -> None:
    lines = work_lines(40)
    sheet = write(lines)["Danh sách"]
    place = columns(sheet)
    for number, line in enumerate(lines, start=1):
        row = FIRST + number - 1
        assert sheet.cell(row, place["STT"]).value == number
        assert sheet.cell(row, place["Mã việc"]).value == line.issue_id
        assert sheet.cell(row, place["Khóa bản ghi"]).value == line.record_key
        assert sheet.cell(row, place["Nội dung"]).value == line.message
        assert sheet.cell(row, place["Ngày phát hiện"]).value.date() == line.first_seen  # type: ignore[union-attr]
        evidence = str(sheet.cell(row, place["Đối chiếu"]).value)
        assert all(f"{label}: {value}" in evidence for label, value in line.evidence)
    assert sheet.max_row == FIRST + len(lines) - 1


def test_only_the_four_decision_columns_can_be_changed(write: Write) -> None:
    book = write(work_lines(5))
    sheet = book["Danh sách"]
    unlocked = {columns(sheet)[name] for name in DECISIONS}
    for other in book.worksheets:
        assert other.protection.sheet, f"{other.title} is not protected"
        for row in other.iter_rows():
            for cell in row:
                may = other is sheet and cell.row >= FIRST and cell.column in unlocked
                assert cell.protection.locked is not may, f"{other.title}!{cell.coordinate}"


def test_the_drop_down_offers_the_campaign_results_and_then_the_answers_of_that_rule(write: Write) -> None:
    lines = work_lines(12)
    book = write(lines)
    assert len({line.answers for line in lines}) > 1, "the sample must have rules with different answers"
    for number, line in enumerate(lines):
        assert choices_of(book, FIRST + number) == [*RESULT_CODES, *line.answers]


def test_a_long_list_of_answers_is_not_cut_at_the_limit_of_a_typed_list(write: Write) -> None:
    answers = tuple(f"Cách xử lý thứ {n} với lời giải thích dài" for n in range(30))
    line = replace(work_lines(1)[0], answers=answers)
    assert choices_of(write([line]), FIRST) == [*RESULT_CODES, *answers]


@pytest.mark.parametrize("start", ["=1+1", "+84912", "-5", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_text_that_looks_like_a_formula_stays_text(write: Write, start: str) -> None:
    line = replace(work_lines(1)[0], person=start, message=start, proposal=start, evidence=(("=A1", start),))
    sheet = write([line])["Danh sách"]
    for cell in sheet[FIRST]:
        assert cell.data_type != "f"
        if isinstance(cell.value, str):
            assert cell.value[0] not in "=+-@\t\r＝"
    assert safe(start) == f"'{start}"
    assert safe("040*******12") == "040*******12"


def test_a_returned_file_tells_where_it_came_from(write: Write, data: ReportData) -> None:
    book = write(work_lines(3))
    sheet = book["_sosach"]
    assert sheet.sheet_state == "hidden"
    found = {row[0].value: row[1].value for row in sheet.iter_rows(max_col=2)}
    assert found["run_id"] == data.run_id
    assert found["unit"] == "16906"
    assert found["catalogue_version"] == data.catalogue_version
    assert found["lines"] == "3"


def test_the_list_prints_on_landscape_pages_with_repeated_heading_and_confidentiality(write: Write) -> None:
    sheet = write(work_lines(3))["Danh sách"]
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert sheet.print_title_rows == f"${FIRST - 1}:${FIRST - 1}"
    assert sheet.freeze_panes == f"C{FIRST}"
    assert sheet.auto_filter.ref is not None
    assert "LƯU HÀNH NỘI BỘ" in str(sheet.oddHeader.center.text)


def test_the_summary_counts_every_line_once(write: Write) -> None:
    lines = work_lines(60)
    rows = [[cell.value for cell in row] for row in write(lines)["Tổng hợp"].iter_rows(max_col=3)]
    totals = [row[2] for row in rows if row[0] == "Cộng"]
    assert totals == [60, 60]
    by_rule = {str(row[1]).split(" – ")[0]: row[2] for row in rows if row[1] and " – " in str(row[1])}
    assert by_rule == {rule: sum(line.rule_id == rule for line in lines) for rule in {line.rule_id for line in lines}}


def test_an_empty_list_is_a_valid_workbook_that_says_so(write: Write) -> None:
    book = write([])
    assert "Không có việc nào đang mở" in str(book["Danh sách"].cell(FIRST, 1).value)
    assert book["_sosach"]["B5"].value == "0"
    assert book.active is not None
    assert book.active.title == "Danh sách"


def test_the_same_lines_give_the_same_bytes_in_another_process(data: ReportData, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.unit.report_sample import report_data, work_lines;"
        "from sosach.report.model import Unit; from sosach.report.workbook import write_workbook;"
        "write_workbook(Unit('16906', 'Xã Lượng Minh'), work_lines(30), report_data(), Path(sys.argv[1]))"
    )
    again, here = tmp_path / "lai.xlsx", tmp_path / "viec.xlsx"
    subprocess.run([sys.executable, "-c", code, str(again)], cwd=PROJECT, check=True, env={"PYTHONHASHSEED": "99"})
    write_workbook(UNIT, work_lines(30), data, here)
    assert again.read_bytes() == here.read_bytes()


def test_the_properties_carry_the_day_of_the_figures_and_no_other_clock(
    write: Write, data: ReportData, tmp_path: Path
) -> None:
    book = write(work_lines(1))
    assert book.properties.created.date() == data.as_of
    assert book.properties.modified.date() == data.as_of
    with zipfile.ZipFile(tmp_path / "viec.xlsx") as archive:
        assert {info.date_time[:3] for info in archive.infolist()} == {(1980, 1, 1)}


def test_the_day_of_work_must_be_a_date_of_the_campaign(write: Write, data: ReportData) -> None:
    line = replace(work_lines(1)[0], first_seen=date(2025, 4, 2))
    sheet = write([line])["Danh sách"]
    rules = [rule for rule in sheet.data_validations.dataValidation if rule.type == "date"]
    assert [rule.operator for rule in rules] in ([None], ["between"])
    assert str(rules[0].formula1) == str((date(2025, 4, 2) - date(1899, 12, 30)).days)


def test_a_row_is_as_high_as_its_longest_text_and_no_higher_than_a_sheet_can_hold(write: Write) -> None:
    short, *_ = work_lines(1)
    long = replace(short, what_to_do="Đối chiếu sổ gốc. " * 20)
    endless = replace(short, message="Đối chiếu sổ gốc. " * 900)
    sheet = write([short, long, endless])["Danh sách"]
    heights = [sheet.row_dimensions[FIRST + n].height for n in range(3)]
    letters = 1.35 * sheet.column_dimensions["K"].width  # of Times New Roman on one line of that column
    assert heights[1] > heights[0] + 14
    assert heights[1] >= len(long.what_to_do) / letters * 14
    assert 400 < heights[2] <= 409


def test_the_footer_prints_the_run_whole_though_it_begins_with_digits(write: Write, data: ReportData) -> None:
    footer = write(work_lines(1))["Danh sách"].oddFooter
    assert data.run_id[:4].isdigit()
    assert (footer.left.text.strip(), footer.right.text.strip()) == (UNIT.name, data.run_id)
    assert (footer.right.size, footer.right.font) == (10, "Times New Roman,Regular")


def test_masked_lines_leave_no_identity_number_anywhere_in_the_file(write: Write, tmp_path: Path) -> None:
    number = re.compile(rb"(?<!\d)\d{12}(?!\d)")

    def parts(line: WorkLine) -> list[str]:
        write([line])
        with zipfile.ZipFile(tmp_path / "viec.xlsx") as archive:
            return [name for name in archive.namelist() if number.search(archive.read(name))]

    masked = replace(work_lines(1)[0], issue_id="5b87e970642c1555")
    assert parts(masked) == []
    assert parts(replace(masked, person="040087001234")) == ["xl/sharedStrings.xml"], "the search must find a number"
