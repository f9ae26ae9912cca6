"""The official Word report: its form under NĐ 30/2020, what it must not print, and its arithmetic read back."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import docx
import pytest
from docx.document import Document
from docx.oxml.ns import qn
from docx.shared import Mm

from sosach.errors import SosachError
from sosach.report.arithmetic import check_report
from sosach.report.model import CampaignCounts, CampaignRow, ClassRow, ReportData, Share, Unit
from sosach.report.official import write_report
from sosach.report.published import Published
from sosach.report.words import CAMPAIGN_HEADINGS
from sosach.settings import PROJECT
from tests.unit.report_sample import report_data


@pytest.fixture(scope="module")
def data() -> ReportData:
    return report_data()


@pytest.fixture(scope="module")
def path(data: ReportData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("bao_cao") / "bao_cao.docx"
    write_report(data, target)
    return target


@pytest.fixture
def document(path: Path) -> Document:
    return docx.Document(str(path))


def small_report() -> ReportData:
    """Two communes and counts that are easy to follow; 3 people of the first are too few to be printed."""
    first = CampaignCounts(40, 37, 30, 3, 7, 0, 0, 2, 1, 0, 20, 37, 9, 0)
    second = CampaignCounts(200, 190, 150, 20, 20, 0, 10, 0, 0, 0, 90, 180, 31, 17)
    whole = CampaignCounts(*(a + b for a, b in zip(asdict(first).values(), asdict(second).values(), strict=True)))
    rows = (
        CampaignRow(Unit("1", "Xã Một"), first, None, None),
        CampaignRow(Unit("2", "Xã Hai"), second, 1, Share(140, 200)),
    )
    full = report_data(size=(100, 120))
    return replace(full, totals=whole, rows=rows, classes=(), dimensions=(), rules=(), tasks=(), previous_clean=None)


def texts(document: Document) -> Iterator[str]:
    """Every paragraph, inside tables too, in the order of reading."""
    for paragraph in document.element.body.iter(qn("w:p")):
        yield "".join(node.text or "" for node in paragraph.iter(qn("w:t")))


def cells(document: Document, table: int) -> list[list[str]]:
    rows = document.tables[table]._tbl.tr_lst
    return [["".join(node.text or "" for node in cell.iter(qn("w:t"))) for cell in row.tc_lst] for row in rows]


def annex(document: Document) -> int:
    return len(document.tables) - 1


def edit(path: Path, target: Path, old: str, new: str, in_table: bool) -> Path:
    """Replace the first occurrence of a text in a paragraph of the body or in a table cell."""
    document = docx.Document(str(path))
    for node in document.element.body.iter(qn("w:t")):
        inside = any(True for _ in node.iterancestors(qn("w:tbl")))
        if inside == in_table and old in (node.text or ""):
            node.text = (node.text or "").replace(old, new, 1)
            document.save(str(target))
            return target
    raise AssertionError(f"{old} is not in the report")


def test_letterhead_has_two_bare_columns_with_lines(document: Document, data: ReportData) -> None:
    first = document.tables[0]
    found = [[text.replace("\N{NO-BREAK SPACE}", " ") for text in row] for row in cells(document, 0)]
    assert data.superior.upper() in found[0][0]
    assert data.issuer.upper() in found[0][0]
    assert found[0][1] == "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAMĐộc lập - Tự do - Hạnh phúc"
    assert re.fullmatch(r"Số: …+/BC-…+", found[1][0])
    assert found[1][1] == "Nghệ An, ngày 05 tháng 9 năm 2025"
    assert not list(first._tbl.iter(qn("w:tblBorders")))
    assert first.style is None or first.style.name == "Normal Table"
    assert len(list(first._tbl.iter(qn("w:pBdr")))) == 2
    runs = {
        run.text.replace("\N{NO-BREAK SPACE}", " "): run
        for row in first.rows
        for cell in row.cells
        for p in cell.paragraphs
        for run in p.runs
    }
    assert runs["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"].bold
    assert runs["Độc lập - Tự do - Hạnh phúc"].bold
    assert runs["Nghệ An, ngày 05 tháng 9 năm 2025"].italic
    assert runs[data.issuer.upper()].bold
    assert not runs[data.superior.upper()].bold


def test_page_is_a4_with_the_decrees_margins_and_the_annex_is_landscape(document: Document) -> None:
    main, last = document.sections
    for section, page in ((main, [210, 297]), (last, [297, 210])):
        margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
        lengths = (section.page_width, section.page_height, *margins)
        assert [round(length / Mm(1)) for length in lengths if length is not None] == [*page, 20, 20, 30, 15]
        assert section.different_first_page_header_footer
        assert "PAGE" in section.header._element.xml
        assert "PAGE" not in section.first_page_header._element.xml


def test_every_script_is_set_in_times_new_roman(document: Document) -> None:
    normal = document.styles["Normal"].element.rPr.rFonts
    default = document.styles.element.find(f".//{qn('w:docDefaults')}//{qn('w:rFonts')}")
    wanted = {qn(f"w:{script}"): "Times New Roman" for script in ("ascii", "hAnsi", "eastAsia", "cs")}
    assert dict(normal.attrib) == wanted
    assert dict(default.attrib) == wanted
    assert not list(document.element.body.iter(qn("w:rFonts")))


def test_sections_come_in_the_usual_order_and_nothing_for_a_human_is_filled_in(document: Document) -> None:
    lines = list(texts(document))
    headings = [line for line in lines if re.match(r"[IV]+\. [A-ZĐ]", line)]
    assert [line.split(".")[0] for line in headings] == ["I", "II", "III", "IV", "V"]
    assert lines.index("BÁO CÁO") < next(i for i, line in enumerate(lines) if line.startswith("Kính gửi: …"))
    assert lines[lines.index("- Lưu: VT.") - 3] == "Nơi nhận:"
    after = document.element.body.xpath("//w:p[w:r/w:t[starts-with(., 'V. ')]]/following-sibling::w:p[1]")[0]
    assert not "".join(after.itertext()).strip()
    assert after.xpath(".//w:tab[@w:leader='dot']")


def test_annex_repeats_its_heading_and_holds_every_unit(document: Document, data: ReportData) -> None:
    table = document.tables[annex(document)]._tbl
    heads = [row.trPr is not None and row.trPr.find(qn("w:tblHeader")) is not None for row in table.tr_lst]
    assert heads == [True, True] + [False] * (len(data.rows) + 1)
    found = cells(document, annex(document))
    assert tuple(found[0]) == CAMPAIGN_HEADINGS
    assert found[2][1] == "Toàn tỉnh"
    assert sorted(row[1] for row in found[3:]) == sorted(row.unit.name for row in data.rows)


def test_task_table_has_the_six_clear_things(document: Document, data: ReportData) -> None:
    (table,) = [t for t in range(len(document.tables)) if "Nhiệm vụ (rõ việc)" in cells(document, t)[0]]
    heads, first, second = cells(document, table)
    assert len(heads) == len(first) == 9
    task, share = data.tasks[0], data.tasks[0].progress
    assert share is not None
    assert first[1:8] == [
        task.what,
        task.who,
        task.with_whom,
        task.responsibility,
        task.authority,
        task.deadline,
        task.product,
    ]
    assert first[8] == "59.688/62.229 (95,92%)"
    assert set(second[8]) == {"…"}


def test_no_count_that_suppression_hides_is_printed(document: Document, data: ReportData) -> None:
    """Each cell of the annex is what may be published, and some of them really are hidden."""
    published = {row.unit.name: row for row in Published(data).rows if row.unit}
    names = ("in_scope", "reviewed", "", "matching", "missing", "differing", "duplicate", "added", "corrected")
    hidden = 0
    for line in cells(document, annex(document))[3:]:
        row = published[line[1]]
        for name, text in zip(names, line[2:], strict=False):
            if name:
                assert text == row.cells[name].text
                hidden += row.cells[name].hidden
        assert line[13] == row.clean.text
    assert hidden > 50


def test_a_small_count_shows_up_nowhere(tmp_path: Path) -> None:
    data = small_report()
    write_report(data, tmp_path / "a.docx")
    assert check_report(tmp_path / "a.docx", data) > 0
    document = docx.Document(str(tmp_path / "a.docx"))
    line = next(row for row in cells(document, annex(document)) if row[1] == "Xã Một")
    assert "<5" in line
    assert not {"1", "2", "3", "4"} & set(line[2:])
    assert "23/" not in " ".join(texts(document)), "3 could be worked out from the province less the other commune"


def test_a_tasks_progress_hides_a_small_remainder(tmp_path: Path, data: ReportData) -> None:
    task = replace(data.tasks[0], progress=Share(997, 1000))
    changed = replace(data, tasks=(task,))
    write_report(changed, tmp_path / "a.docx")
    check_report(tmp_path / "a.docx", changed)
    text = " ".join(texts(docx.Document(str(tmp_path / "a.docx"))))
    assert "997" not in text
    assert "*/1.000 (≥ 99,60%)" in text


def test_units_below_the_province_are_named_and_the_others_are_not(document: Document, data: ReportData) -> None:
    published = Published(data)
    text = "\n".join(texts(document))
    low = text[text.index("4. Đơn vị có kết quả thấp") : text.index("5. Nguyên nhân")]
    mean = data.totals.matching / data.totals.in_scope
    counts = {row.unit.code: row.counts for row in data.rows}
    judged = 0
    for row in published.rows:
        assert row.unit is not None
        if row.rank.isdigit():
            judged += 1
            below = counts[row.unit.code].matching / counts[row.unit.code].in_scope < mean
            assert bool(re.search(rf"{row.unit.name}(?=[,.;]| \d)", low)) == below, row.unit.name
        elif row.unit.code != "TINH" and row.rank == "–":
            assert row.unit.name in low
    assert judged > 100


def test_the_same_results_give_the_same_bytes(path: Path, data: ReportData, tmp_path: Path) -> None:
    write_report(data, tmp_path / "again.docx")
    assert (tmp_path / "again.docx").read_bytes() == path.read_bytes()
    code = (
        "import sys, pathlib; from sosach.report.official import write_report; "
        "from tests.unit.report_sample import report_data; write_report(report_data(), pathlib.Path(sys.argv[1]))"
    )
    for seed in ("1", "5"):  # the order of Python's sets differs between processes
        other = tmp_path / f"{seed}.docx"
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, str(other)], check=True, cwd=PROJECT, env=environment)
        assert other.read_bytes() == path.read_bytes()
    with zipfile.ZipFile(path) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = package.read("docProps/core.xml").decode()
    assert "2025-09-05T00:00:00Z" in core
    assert "python-docx" not in core


def test_arithmetic_reads_every_percentage_of_the_report(path: Path, document: Document, data: ReportData) -> None:
    declared = sum(text.count("%") for text in texts(document) if text == data.tasks[0].product)
    headings = sum(heading.count("%") for table in range(len(document.tables)) for heading in cells(document, table)[0])
    printed = sum(text.count("%") for text in texts(document))
    assert check_report(path, data) == printed - headings - declared > 250


@pytest.mark.parametrize(
    ("old", "new", "in_table", "place", "remedy"),
    [
        ("55.861/62.229 công dân (89,77%)", "55.861/62.229 công dân (89,78%)", False, "đoạn thứ", "89,77%"),
        ("55.861/62.229 công dân (89,77%)", "55.816/62.229 công dân (89,77%)", False, "đoạn thứ", "89,69%"),
        ("55.861/62.229 công dân (89,77%)", "đại đa số công dân (89,77%)", False, "đoạn thứ", "không có tử số"),
        ("98,58%", "98,85%", True, "Phụ lục I), dòng 3 (Toàn tỉnh), cột “Tỷ lệ %”", "98,58%"),
        ("4,08%", "4,80%", True, "Bảng 1. Kết quả đối chiếu), dòng 3", "4,08%"),
        ("95,91%", "96,91%", True, "Bảng 2.", "95,91%"),
        ("≥ 9", "≥ 8", True, "Phụ lục I), dòng", "phải là ≥ 9"),
        ("≥ 9", "9", True, "Phụ lục I), dòng", "phải là *"),
        ("59.688/62.229 (95,92%)", "59.688/62.229 (100%)", True, "Bảng 5.", "96%"),
        ("Số bản ghi đạt", "Đạt", True, "cột “Tỷ lệ %”", "không rõ cột tử số"),
    ],
)
def test_a_percentage_that_does_not_follow_is_refused(
    path: Path, data: ReportData, tmp_path: Path, old: str, new: str, in_table: bool, place: str, remedy: str
) -> None:
    tampered = edit(path, tmp_path / "sua.docx", old, new, in_table)
    with pytest.raises(SosachError) as refusal:
        check_report(tampered, data)
    assert "sua.docx" in str(refusal.value)
    assert place in str(refusal.value)
    assert remedy in str(refusal.value)


def test_a_rounded_percentage_that_follows_is_accepted(path: Path, data: ReportData, tmp_path: Path) -> None:
    """An officer may round 89,77% to 89,8%."""
    old = "55.861/62.229 công dân (89,77%)"
    edited = edit(path, tmp_path / "sua.docx", old, old.replace("89,77%", "89,8%"), in_table=False)
    assert check_report(edited, data) == check_report(path, data)


def test_a_report_without_percentages_is_refused(data: ReportData, tmp_path: Path) -> None:
    empty = docx.Document()
    empty.add_paragraph("Không có số liệu.")
    empty.save(str(tmp_path / "trong.docx"))
    with pytest.raises(SosachError, match=r"trong\.docx: không có tỷ lệ"):
        check_report(tmp_path / "trong.docx", data)


def test_first_run_without_rules_tasks_or_refusals_is_a_whole_report(tmp_path: Path) -> None:
    data = replace(small_report(), refused=())
    write_report(data, tmp_path / "a.docx")
    lines = list(texts(docx.Document(str(tmp_path / "a.docx"))))
    assert "Không còn bản ghi nào phải xử lý." in lines
    assert "Không có lần giao dữ liệu nào bị từ chối." in lines
    assert not any("so với kỳ trước" in line for line in lines)


def test_a_class_title_with_a_percentage_is_no_result(tmp_path: Path) -> None:
    data = small_report()
    groups = [("KHOP", "matching", 180), ("A1", "missing", 23), ("C1", "differing", 27), ("B1", "to_verify", 10)]
    classes = tuple(ClassRow(code, f"Loại {code}, mục tiêu 100%", group, n) for code, group, n in groups)
    changed = replace(data, classes=classes)
    write_report(changed, tmp_path / "a.docx")
    assert check_report(tmp_path / "a.docx", changed) > 0


@pytest.mark.parametrize(
    ("province", "superior", "area"),
    [
        ("Nghệ An", "ỦY BAN NHÂN DÂN TỈNH NGHỆ AN", "tỉnh Nghệ An"),
        ("Tỉnh Nghệ An", "BỘ CÔNG AN", "tỉnh Nghệ An"),
        ("Huế", "Ủy ban nhân dân thành phố Huế", "thành phố Huế"),
        ("Nghệ An", "BỘ CÔNG AN", "Nghệ An"),
    ],
)
def test_the_province_has_the_kind_that_is_known(tmp_path: Path, province: str, superior: str, area: str) -> None:
    write_report(replace(small_report(), province=province, superior=superior), tmp_path / "a.docx")
    last = [line for line in texts(docx.Document(str(tmp_path / "a.docx"))) if line.endswith("./.")]
    assert len(last) == 1
    assert last[0].endswith(f"trên địa bàn {area}./.")
