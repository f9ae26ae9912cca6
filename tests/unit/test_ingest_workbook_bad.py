"""Workbooks that are damaged, hostile or something else: a refusal that says what to do, within bounded memory.

The property of all: a workbook is read with every record and every text, or it is refused with a ``DeliveryError``.
``SOSACH_FUZZ`` multiplies the number of examples.
"""

import io
import os
import random
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import xlwt
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msoffcrypto.format.ooxml import OOXMLFile

from sosach.errors import DeliveryError
from sosach.ingest import workbook, workbook_worker
from sosach.ingest.workbook import read_workbook
from sosach.ingest.workbook_package import WorkbookLimits, kind_of
from sosach.settings import PROJECT
from tests.unit.workbook_sample import BOOKS, HEADER, LIMITS, ROW, in_process, read, records, xlsx

__all__ = ["in_process"]
TIMES = int(os.environ.get("SOSACH_FUZZ", "1"))


class Forked:
    """The worker as a fork of this process: it may end itself without ending the tests, and starts at once."""

    def __init__(self, path: Path, folder: Path, limits: WorkbookLimits) -> None:
        read_end, write_end = os.pipe()
        self.returncode = 0
        self.pid = os.fork()
        if self.pid == 0:
            try:  # whatever happens, the copy of these tests must not go on, nor end them as if it were they
                os.dup2(write_end, 1)
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                sys.stdout = os.fdopen(1, "w", closefd=False)
                workbook_worker.main(str(path), str(folder), str(limits.memory_bytes), str(limits.cpu_seconds))
                sys.stdout.flush()
                os._exit(0)
            finally:
                os._exit(1)
        os.close(write_end)
        self.output = os.fdopen(read_end, "rb")

    def __enter__(self) -> "Forked":
        return self

    def __exit__(self, *_: object) -> None:
        self.communicate()

    def kill(self) -> None:
        os.kill(self.pid, 9)

    def communicate(self) -> tuple[bytes, None]:
        if self.pid:
            with self.output:
                told = self.output.read()
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            self.pid = 0
            return told, None
        return b"", None


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells are extracted by a fork of this process."""
    monkeypatch.setattr(workbook, "_start", Forked)


def refusal(path: Path, limits: WorkbookLimits = LIMITS) -> str:
    """Why a workbook is refused."""
    with pytest.raises(DeliveryError) as refused:
        records(read_workbook(path, BOOKS, limits))
    assert not [p for p in path.parent.iterdir() if p.name.startswith("bang_")]
    return str(refused.value)


def old(path: Path) -> Path:
    """A good XLS workbook."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    for r, row in enumerate([HEADER, *[ROW] * 40]):
        for c, cell in enumerate(row):
            sheet.write(r, c, cell)
    book.save(str(path))
    return path


def test_the_process_of_its_own_gives_the_same(tmp_path: Path) -> None:
    table, found = read(xlsx(tmp_path / "a.xlsx", {"S": [HEADER, ROW]}))
    assert [list(r.values()) for r in found] == [ROW]
    assert (table.parts[0].line, list(tmp_path.iterdir())) == (2, [tmp_path / "a.xlsx"])


def test_passwords(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", {"S": [HEADER, ROW]})
    with path.open("rb") as plain, (tmp_path / "b.xlsx").open("wb") as locked:
        OOXMLFile(plain).encrypt("mật khẩu", locked)
    assert "có mật khẩu" in refusal(tmp_path / "b.xlsx")


def test_a_protected_old_workbook(tmp_path: Path, forked: None) -> None:
    """FILEPASS (0x2F) stands right after BOF in a protected workbook; here in place of an unused record."""
    content = bytearray(old(tmp_path / "a.xls").read_bytes())
    start = content.index(b"\x09\x08\x10\x00\x00\x06\x05\x00")
    record = start + 4 + 16
    content[record : record + 2] = b"\x2f\x00"
    (tmp_path / "a.xls").write_bytes(content)
    assert "có mật khẩu" in refusal(tmp_path / "a.xls")


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"<html><table><tr><td>1</td></tr></table>", b"PK\x03\x04", b"\0" * 99]
)
def test_what_is_no_workbook(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)
    assert "không phải sổ tính" in refusal(tmp_path / "a.xlsx")


@pytest.mark.filterwarnings("ignore:Unknown worksheet reference")
def test_a_workbook_of_charts_or_of_empty_sheets(tmp_path: Path, forked: None) -> None:
    def chart(book: xlsxwriter.Workbook) -> None:
        drawn = book.add_chart({"type": "line"})
        drawn.add_series({"values": "=T!$A$1:$A$2"})
        book.add_chartsheet().set_chart(drawn)

    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        chart(book)
    assert "không có bảng nào" in refusal(tmp_path / "a.xlsx")
    assert "không có bảng nào" in refusal(xlsx(tmp_path / "b.xlsx", {"S": [], "T": []}, chart))


def package(path: Path, rows: str, prefix: str = "", shared: bytes = b"") -> Path:
    """A minimal package with the given rows as XML."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("[Content_Types].xml", f'<Types xmlns="{types}"/>')
        target.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{relations}"><Relationship Id="r1" Type="{office}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        target.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>",
        )
        target.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{relations}"><Relationship Id="r1" Type="{office}/worksheet" '
            f'Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{office}/sharedStrings" '
            'Target="sharedStrings.xml"/></Relationships>',
        )
        target.writestr(
            "xl/worksheets/sheet1.xml", f'{prefix}<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'
        )
        if shared:
            target.writestr("xl/sharedStrings.xml", b'<sst xmlns="%b">%b</sst>' % (main.encode(), shared))
    return path


def cells(row: int, texts: list[str]) -> str:
    """A row of texts as XML."""
    inner = "".join(
        f'<c r="{chr(65 + i)}{row}" t="inlineStr"><is><t>{text}</t></is></c>' for i, text in enumerate(texts)
    )
    return f'<row r="{row}">{inner}</row>'


def test_a_cell_at_the_end_of_the_sheet_is_told(tmp_path: Path, forked: None) -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    told = refusal(package(tmp_path / "a.xlsx", cells(1, HEADER) + cells(2, ROW) + far))
    assert "trang tính S trải tới dòng 1048576, cột thứ 16384" in told


def test_formatted_rows_without_cells_are_not_rows(tmp_path: Path, forked: None) -> None:
    empty = "".join(
        f'<row r="{r}" s="1" customFormat="1"><c r="A{r}" s="1"/><c r="H{r}" s="1"/></row>' for r in range(3, 30_000)
    )
    table, found = read(package(tmp_path / "a.xlsx", cells(1, HEADER) + cells(2, ROW) + empty))
    assert ([list(r.values()) for r in found], table.notes) == ([ROW], {})


def test_entities_are_not_expanded(tmp_path: Path, forked: None) -> None:
    laughs = "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(9))
    prefix = f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a0 "ha">{laughs}]>'
    refusal(package(tmp_path / "a.xlsx", cells(1, HEADER) + cells(2, ["&a9;", *ROW[1:]]), prefix))


def test_a_bomb_is_refused_by_what_it_declares(tmp_path: Path) -> None:
    path = package(tmp_path / "a.xlsx", cells(1, HEADER) + cells(2, ROW), shared=b"<si><t>0</t></si>" * 2_000_000)
    assert "vượt giới hạn an toàn" in refusal(path, WorkbookLimits(unpacked_bytes=1 << 24))


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path, forked: None) -> None:
    """The directory of the package says 1 kB where 40 MB come out."""
    path = package(tmp_path / "a.xlsx", "".join(cells(r, ROW) for r in range(1, 50_000)))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as whole:
        info = whole.getinfo("xl/worksheets/sheet1.xml")
    for at in (info.header_offset + 22, content.rindex(b"xl/worksheets/sheet1.xml") - 22):
        assert int.from_bytes(content[at : at + 4], "little") == info.file_size
        content[at : at + 4] = (1024).to_bytes(4, "little")
    path.write_bytes(content)
    assert "không mở được" in refusal(path)


MEASURE = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from sosach.errors import DeliveryError
from sosach.ingest.workbook import read_workbook
from sosach.ingest.workbook_package import WorkbookLimits
from sosach.registers import load_register
try:
    table = read_workbook(Path(sys.argv[1]), load_register(Path(sys.argv[2])), WorkbookLimits(memory_bytes=1 << 30))
    print(sum(batch.num_rows for batch in table.batches))
except DeliveryError as error:
    print(error)
"""


def test_memory_stays_bounded_on_the_worst(tmp_path: Path) -> None:
    """The whole reader in a process with 1 GB of address space: it refuses, it is not killed."""
    far = "".join(f'<row r="{r}"><c r="XFD{r}"><v>1</v></c></row>' for r in range(3, 1_048_000, 5000))
    path = package(tmp_path / "a.xlsx", cells(1, HEADER) + cells(2, ROW) + far)
    register = PROJECT / "expectations" / BOOKS.register_id / "register.yaml"
    command = [sys.executable, "-c", textwrap.dedent(MEASURE), str(path), str(register)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "cột thứ 16384" in done.stdout


def expected(cell: Any) -> str | None:
    """What a person sees in a cell."""
    match cell:
        case None | "":
            return None
        case bool():
            return str(cell).upper()
        case datetime():
            return (
                cell.strftime("%Y-%m-%d %H:%M:%S") if (cell.hour, cell.minute) != (0, 0) else cell.strftime("%Y-%m-%d")
            )
        case date():
            return cell.isoformat()
        case float() if cell == int(cell):
            return str(int(cell))
        case _:
            return str(cell)


texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), min_size=1, max_size=6
)
values = (
    texts
    | st.sampled_from(["", " ", "NULL", "=1+1", "#N/A", "0123", "a\nb", "_x0041_", "'", "1e5", "&amp;", "<v>", "\t"])
    | st.none()
    | st.integers(-(10**14), 10**14)
    | st.integers(0, 4000).map(lambda n: n / 8)
    | st.booleans()
    | st.dates(date(1900, 3, 1), date(2100, 1, 1))
    | st.integers(0, 60 * 24 * 365 * 90).map(lambda n: datetime.fromtimestamp(n * 60, UTC).replace(tzinfo=None))
)


@pytest.mark.usefixtures("in_process")
@hypothesis_settings(
    max_examples=25 * TIMES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(st.tuples(*[values] * len(HEADER)), max_size=12),
    above=st.integers(0, 3),
    left=st.integers(0, 3),
    blank=st.sets(st.integers(0, 12), max_size=3),
    inline=st.booleans(),
)
def test_every_row_is_a_record_and_every_text_comes_back(
    tmp_path: Path, rows: list[tuple[Any, ...]], above: int, left: int, blank: set[int], inline: bool
) -> None:
    lines: list[int] = []
    line = above + 1
    with xlsxwriter.Workbook(
        tmp_path / "a.xlsx", {"constant_memory": inline, "default_date_format": "dd/mm/yyyy"}
    ) as book:
        sheet = book.add_worksheet("S")
        sheet.write_row(above, left, HEADER)
        for number, row in enumerate(rows):
            line += number in blank
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(line, left + column, cell)
                elif cell is not None:
                    sheet.write(line, left + column, cell)
            if any(expected(cell) is not None for cell in row):
                lines.append(line + 1)
            line += 1
    table, found = read(tmp_path / "a.xlsx")
    wanted = [[expected(cell) for cell in row] for row in rows]
    assert [list(record.values()) for record in found] == [row for row in wanted if any(c is not None for c in row)]
    assert [part.line + i for part in table.parts for i in range(part.rows)] == lines


def mutate(content: bytes, source: random.Random) -> bytes:
    """Some bytes changed, or the end cut off, or a length made enormous."""
    changed = bytearray(content)
    if source.random() < 0.2:
        del changed[source.randrange(1, len(changed)) :]
    for _ in range(source.randrange(1, 20)):
        changed[source.randrange(len(changed))] = source.choice([0, 255, source.randrange(256)])
    if source.random() < 0.3:
        at = source.randrange(len(changed))
        changed[at : at + 4] = b"\xff" * 4
    return bytes(changed)


def mutate_part(content: bytes, source: random.Random) -> bytes:
    """The same inside one part of a package, which is packed again."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as whole, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as other:
        chosen = source.choice(whole.namelist())
        for name in whole.namelist():
            part = whole.read(name)
            other.writestr(name, mutate(part, source) if name == chosen else part)
    return target.getvalue()


@pytest.mark.parametrize(("kind", "change"), [("xls", mutate), ("xlsx", mutate), ("xlsx", mutate_part)])
def test_changed_bytes_are_read_or_refused(
    tmp_path: Path, forked: None, kind: str, change: Callable[[bytes, random.Random], bytes]
) -> None:
    good = old(tmp_path / "a.xls") if kind == "xls" else xlsx(tmp_path / "a.xlsx", {"S": [HEADER, *[ROW] * 40]})
    content = good.read_bytes()
    limits = WorkbookLimits(cpu_seconds=20)
    outcomes = {"read": 0, "refused": 0}
    for seed in range(16 * TIMES):
        path = tmp_path / f"{seed}.{kind}"
        path.write_bytes(change(content, random.Random(seed)))
        try:
            records(read_workbook(path, BOOKS, limits))
            outcomes["read"] += 1
        except DeliveryError:
            outcomes["refused"] += 1
        path.unlink()
    assert outcomes["refused"], outcomes
    assert outcomes["read"] or (kind, change) == ("xlsx", mutate), "a package has checksums, its parts have none"
    assert kind_of(good) == kind
