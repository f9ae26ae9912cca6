"""What a bad delivery gets: refused alone, with the file, the place and the remedy, and never with a cell's value."""

import os
import shutil
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sosach.errors import SettingsError
from sosach.ingest import IngestCounts, ingest_register
from sosach.ingest import inbox as inbox_module
from sosach.ingest.inbox import COPY_BYTES
from sosach.ingest.text_scan import MAX_RECORD
from sosach.settings import Settings
from sosach.state import Refusal, StateStore
from tests.unit.ingest_sample import COLUMNS, FILE, HEADER, REGISTER, ROW, drop, raw_files, raw_rows

DAY = date(2026, 10, 1)
LATER = date(2026, 10, 8)
SECRET = "040199000012"


def _refusals(settings: Settings) -> list[Refusal]:
    with StateStore(settings.state_url) as state:
        return state.refusals()


def _refused(settings: Settings) -> str:
    """The reason of the only refusal, after one scan in which nothing else came in."""
    assert ingest_register(settings, REGISTER, DAY) == IngestCounts(refused=1)
    assert raw_files(settings) == []
    (refusal,) = _refusals(settings)
    assert refusal.reason.startswith(f"{refusal.file_name}: ")
    assert SECRET not in refusal.reason
    return refusal.reason


def _parquet(tmp_path: Path, **columns: list[str]) -> bytes:
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    return (tmp_path / "t.parquet").read_bytes()


def _nested(tmp_path: Path) -> bytes:
    pq.write_table(pa.table({"a": ["1"], "b": [[1, 2]]}), tmp_path / "t.parquet")
    return (tmp_path / "t.parquet").read_bytes()


def _xlsx(tmp_path: Path, *rows: list[str]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(tmp_path / "t.xlsx")
    return (tmp_path / "t.xlsx").read_bytes()


TEXT_FAULTS: dict[str, tuple[bytes | str, list[str]]] = {
    "zero bytes": ("", ["0 byte", "gửi lại"]),
    "blank lines only": ("\n\n \n".replace(" ", ""), ["không có dòng tiêu đề"]),
    "header only": (f"{HEADER}\n", ["tệp không có dòng dữ liệu"]),
    "rows without any cell": (f"{HEADER}\n,,,,,,,\n", ["tệp không có dòng dữ liệu"]),
    "columns missing": (
        FILE.replace("quyen_so", "quyen").replace("so_truong_hop", "x"),
        ["thiếu cột bắt buộc", "quyen_so (Quyển số); so_truong_hop (Số trường hợp theo chốt sổ)", "dòng tiêu đề"],
    ),
    "no header": (f"{SECRET},{ROW}\n", ["thiếu cột bắt buộc", "ma_noi_dang_ky (Mã nơi đăng ký)"]),
    "header twice": (f"{HEADER},so_dau\n{ROW},1\n", ["trùng", "so_dau"]),
    "header twice but for case": (f"{HEADER},SO_DAU\n{ROW},1\n", ["trùng", "SO_DAU, so_dau"]),
    "unknown header twice": (f"{HEADER},thêm,Thêm\n{ROW},1,2\n", ["trùng", "Thêm, thêm"]),
    "two similar names": (FILE.replace("so_dau,so_cuoi", "Số đầu,SoDau"), ["trùng", "so_dau"]),
    "header kept for us": (f"{HEADER},_row\n{ROW},1\n", ["không được dùng", "_row"]),
    "short and long rows": (
        f'{HEADER}\n{ROW}\n{SECRET}\n"16681\n",KS,2020,01/2020,,,9,\n{ROW},{SECRET}\n',
        ["2 dòng", "8 cột", "dòng 3, 6 của tệp"],
    ),
    "many ragged rows": (f"{HEADER}\n" + f"{SECRET}\n" * 9, ["9 dòng", "dòng 2, 3, 4, 5, 6, … của tệp"]),
    "quote not closed": (f'{HEADER}\n{ROW}\n"{SECRET},KS\n', ["dòng 3 của tệp", "ngoặc kép"]),
    "text after quote": (f'{HEADER}\n{ROW}\n"{SECRET}"x,KS,2020,01/2020,,,9,\n', ["dòng 3 của tệp", "ngoặc kép"]),
    "nul": (f"{HEADER}\n{ROW}\n16681\0,KS,2020,01/2020,,,9,\n", ["dòng 3 của tệp", "NUL", "UTF-8"]),
    "utf-8 with a broken letter": (
        f"{HEADER}\n{ROW}\nNghệ An,{ROW}\n".encode().replace(b"\xe1\xbb\x87", b"\xe1\xbb"),
        ["dòng 3"],
    ),
    "utf-8 cut in a letter": (f"{FILE}Nghệ".encode()[:-1], ["bảng mã UTF-8", "dòng 3"]),
    "utf-16 cut in a letter": (FILE.encode("utf-16")[:-1], ["UTF-8"]),
    "records above the header": (
        f"{ROW}\n{SECRET},KS,2020,01/2020,,,9,\n{HEADER}\n{ROW}\n",
        ["dòng 1, 2 giống bản ghi", "trên dòng tiêu đề (dòng 3)", "gửi lại"],
    ),
    "a sparse record above the header": (
        f"Danh mục\n{SECRET},,2020,01/2020,,,,\n{HEADER}\n{ROW}\n",
        ["dòng 2 giống bản ghi", "(dòng 3)"],
    ),
    "a second table in another order": (
        f"{FILE}{','.join(reversed(COLUMNS))}\n{','.join(reversed(ROW.split(',')))}\n",
        ["dòng 3 lại là một dòng tiêu đề", "vị trí khác", "gửi lại"],
    ),
    "no text at all": (HEADER.encode() + b"\n" + bytes(range(255, 127, -1)) * 20, ["không đọc được chữ"]),
}


@pytest.mark.parametrize("fault", TEXT_FAULTS)
def test_a_bad_text_file_is_refused(settings: Settings, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    content, words = TEXT_FAULTS[fault]
    drop(settings, "tep.csv", content)
    reason = _refused(settings)
    for word in ["so_ho_tich/tep.csv: ", *words]:
        assert word in reason
    assert SECRET not in caplog.text
    assert "dòng" in reason or "cột" in reason or "tệp" in reason


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("a.xlsx", lambda tmp: _xlsx(tmp, COLUMNS, ROW.split(","))[:-900], "Excel"),
        ("a.xlsx", lambda _: b"not a workbook", "Excel"),
        ("a.xlsx", lambda tmp: _xlsx(tmp), "không có bảng nào"),
        ("a.xlsx", lambda tmp: _xlsx(tmp, COLUMNS), "không có dòng dữ liệu"),
        ("a.xlsx", lambda tmp: _xlsx(tmp, COLUMNS[:-1], []), "không có dòng dữ liệu"),
        (
            "a.xlsx",
            lambda tmp: _xlsx(tmp, ["Danh mục"], COLUMNS[1:], ROW.split(",")),
            "ma_noi_dang_ky (Mã nơi đăng ký). ",
        ),
        ("a.xlsx", lambda tmp: _xlsx(tmp, *[["-"]] * 30, COLUMNS, ROW.split(",")), "thiếu cột bắt buộc"),
        ("a.parquet", lambda tmp: _parquet(tmp, **{c: ["1"] for c in COLUMNS})[:-20], "Parquet"),
        ("a.parquet", lambda tmp: _damage(_parquet(tmp, **{c: ["1" * 50] for c in COLUMNS})), "Parquet"),
        ("a.parquet", lambda _: b"PAR1", "Parquet"),
        ("a.parquet", lambda tmp: _parquet(tmp, **{c: ["1"] for c in COLUMNS[1:]}), "ma_noi_dang_ky"),
        ("a.parquet", lambda tmp: _parquet(tmp, **{c: [] for c in COLUMNS}), "không có dòng dữ liệu"),
        ("a.parquet", lambda _: b"PARE" + b"\0" * 40 + b"PARE", "mã hóa"),
        ("a.parquet", _nested, "cột thứ 2 của tệp Parquet chứa nhiều giá trị"),
        ("a.doc", lambda _: FILE.encode(), ".xlsx"),
        ("a.xlsx", lambda _: b"a,b\n1,2\n", "nội dung là tệp văn bản dù đuôi là của tệp Excel"),
        ("a.csv", lambda tmp: _xlsx(tmp, COLUMNS), "nội dung là tệp Excel dù đuôi là của tệp văn bản"),
        ("a.csv", lambda _: b"Rar!\x1a\x07", "RAR"),
        ("a.xlsx", lambda _: b"%PDF-1.7", "PDF"),
        ("a.xls", lambda _: b"\xef\xbb\xbf\n<HTML><table>", "HTML"),
        ("a", lambda _: FILE.encode(), "đuôi tệp"),
        (".a.csv", lambda _: FILE.encode(), "tệp ẩn"),
    ],
)
def test_a_bad_file_of_another_kind_is_refused(
    settings: Settings, tmp_path: Path, name: str, make: Callable[[Path], bytes], words: str
) -> None:
    drop(settings, name, make(tmp_path))
    reason = _refused(settings)
    assert words in reason
    assert f"{REGISTER}/{name}: " in reason


def _damage(parquet: bytes) -> bytes:
    """The file with its first data page overwritten; the footer stays right."""
    return parquet[:4] + b"\xff" * 60 + parquet[64:]


def test_what_is_no_file_of_the_inbox_is_refused_by_name(settings: Settings, tmp_path: Path) -> None:
    folder = settings.deliveries / REGISTER
    (folder / "xã" / ".cũ").mkdir(parents=True)
    (tmp_path / "ngoài.csv").write_text(FILE)
    (folder / "a_mất.csv").symlink_to("/nowhere/a.csv")
    (folder / "b_ngoài.csv").symlink_to(tmp_path / "ngoài.csv")
    (folder / "c_vòng").symlink_to(folder)
    (folder / "d_vòng.csv").symlink_to("d_vòng.csv")
    (folder / os.fsdecode(b"e_\xff.csv")).write_text(FILE)
    (folder / "e_\n.csv").write_text(FILE)
    os.mkfifo(folder / "g.csv")
    (folder / "xã" / "tốt.csv").write_text(FILE)
    (folder / "xã" / "u.csv").symlink_to("tốt.csv")
    assert ingest_register(settings, REGISTER, DAY) == IngestCounts(accepted=1, duplicate=1, refused=8, rows=1)
    reasons = {r.file_name.removeprefix(f"{REGISTER}/"): r.reason for r in _refusals(settings)}
    assert list(reasons) == [
        "a_mất.csv",
        "b_ngoài.csv",
        "c_vòng",
        "d_vòng.csv",
        "e_?.csv",
        "e_?.csv (2)",
        "g.csv",
        "xã/.cũ",
    ]
    words = [*["liên kết trỏ ra ngoài"] * 2, "liên kết đến thư mục", "liên kết trỏ", *["tên tệp có ký tự"] * 2]
    for reason, word in zip(reasons.values(), [*words, "không phải tệp thường", "tệp ẩn"], strict=True):
        assert word in reason
    with StateStore(settings.state_url) as state:
        assert [d.file_name for d in state.deliveries()] == [f"{REGISTER}/xã/tốt.csv"]


@pytest.mark.parametrize("change", ["longer", "same size", "replaced", "gone"])
def test_a_file_that_is_still_being_written_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    path = drop(settings, "a.csv", FILE)

    class Hash:
        def __init__(self) -> None:
            self.real = real()

        def update(self, block: bytes) -> None:
            self.real.update(block)
            if change == "gone":
                path.unlink()
                return
            if change == "replaced":
                path.with_suffix(".new").write_bytes(block)
                path.with_suffix(".new").replace(path)
                return
            path.write_bytes(block + b"x" if change == "longer" else block[:-2] + b"9\n")
            os.utime(path, ns=(1, 1))

        def hexdigest(self) -> str:
            return self.real.hexdigest()

    real = inbox_module.hashlib.sha256
    with monkeypatch.context() as patch:
        patch.setattr(inbox_module.hashlib, "sha256", Hash)
        assert ("không đọc được tệp" if change == "gone" else "đang được ghi") in _refused(settings)
    path.write_text(FILE)
    assert ingest_register(settings, REGISTER, DAY).accepted == 1


def test_a_line_without_end_is_refused_within_bounded_memory(settings: Settings) -> None:
    path = drop(settings, "a.csv", f"{HEADER}\n{ROW}\n")
    with path.open("ab") as stream:
        for _ in range(64):
            stream.write(b"x" * (1 << 20))
    tracemalloc.start()
    reason = _refused(settings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "dòng 3 của tệp dài quá 8 MB" in reason
    assert peak < 5 * COPY_BYTES


def test_a_quote_that_is_never_closed_is_refused_within_bounded_memory(settings: Settings) -> None:
    drop(settings, "a.csv", f'{HEADER}\n{ROW}\n"' + ("x," * 500 + "\n") * 9_000)
    tracemalloc.start()
    reason = _refused(settings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "dài quá 8 triệu ký tự" in reason
    assert peak < 24 * MAX_RECORD


def test_a_large_file_is_refused_before_it_is_copied(settings: Settings) -> None:
    drop(settings, "a.csv", FILE)
    assert "lớn hơn mức cho phép" in _refused(settings.model_copy(update={"max_file_bytes": 10}))


def test_a_small_parquet_file_of_endless_rows_is_refused(settings: Settings, tmp_path: Path) -> None:
    columns = {name: pa.array(["1"] * 100_000) for name in COLUMNS}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    path = drop(settings, "a.parquet", (tmp_path / "t.parquet").read_bytes())
    limit = 100_000
    assert path.stat().st_size < limit
    assert "100000 dòng" in _refused(settings.model_copy(update={"max_file_bytes": limit}))


def test_one_bad_delivery_does_not_stop_the_others(settings: Settings) -> None:
    drop(settings, "1_tot.csv", FILE)
    drop(settings, "2_xau.csv", "a,b\n1,2\n")
    drop(settings, "3_tot.csv", FILE + ROW + "\n")
    assert ingest_register(settings, REGISTER, DAY) == IngestCounts(accepted=2, refused=1, rows=3)
    with StateStore(settings.state_url) as state:
        assert [(d.file_name, d.sequence) for d in state.deliveries()] == [
            ("so_ho_tich/1_tot.csv", 1),
            ("so_ho_tich/3_tot.csv", 2),
        ]


def test_a_second_copy_under_another_name_changes_nothing(settings: Settings) -> None:
    drop(settings, "b.csv", FILE)
    assert ingest_register(settings, REGISTER, DAY).accepted == 1
    before = [(p, p.read_bytes(), p.stat().st_mtime_ns) for p in raw_files(settings)]
    drop(settings, "a.csv", FILE)
    drop(settings, "c.csv", FILE)
    assert ingest_register(settings, REGISTER, LATER) == IngestCounts(duplicate=3)
    assert [(p, p.read_bytes(), p.stat().st_mtime_ns) for p in raw_files(settings)] == before
    with StateStore(settings.state_url) as state:
        (delivery,) = state.deliveries()
    assert (delivery.file_name, delivery.received_on) == ("so_ho_tich/b.csv", DAY)


def _expectations(settings: Settings, tmp_path: Path) -> Path:
    """A copy of one register and the code lists, to be changed."""
    folder = tmp_path / "expectations"
    shutil.copytree(settings.expectations / "code_lists", folder / "code_lists")
    shutil.copytree(settings.expectations / REGISTER, folder / REGISTER)
    return folder


def test_the_same_content_belongs_to_one_register_only(settings: Settings, tmp_path: Path) -> None:
    folder = _expectations(settings, tmp_path)
    source = (folder / REGISTER / "register.yaml").read_text()
    (folder / "so_khac").mkdir()
    (folder / "so_khac" / "register.yaml").write_text(source.replace(f"register: {REGISTER}", "register: so_khac"))
    settings = settings.model_copy(update={"expectations": folder})
    drop(settings, "a.csv", FILE)
    drop(settings, "a.csv", FILE, register="so_khac")
    assert ingest_register(settings, REGISTER, DAY).accepted == 1
    assert ingest_register(settings, "so_khac", DAY) == IngestCounts(refused=1)
    assert "đã nhận cho sổ so_ho_tich (so_ho_tich/a.csv)" in _refusals(settings)[0].reason


def test_a_mended_delivery_is_taken_and_its_refusal_forgotten(settings: Settings) -> None:
    drop(settings, "a.csv", FILE.replace("quyen_so", "q"))
    assert ingest_register(settings, REGISTER, DAY).refused == 1
    assert ingest_register(settings, REGISTER, DAY).refused == 1, "it is tried again each time"
    drop(settings, "a.csv", FILE)
    assert ingest_register(settings, REGISTER, LATER) == IngestCounts(accepted=1, rows=1)
    assert _refusals(settings) == []


def test_a_refused_file_is_taken_when_the_register_changes(settings: Settings, tmp_path: Path) -> None:
    drop(settings, "a.csv", FILE.replace("quyen_so", "quyen"))
    assert ingest_register(settings, REGISTER, DAY).refused == 1
    folder = _expectations(settings, tmp_path)
    target = folder / REGISTER / "register.yaml"
    target.write_text(target.read_text().replace("name: quyen_so, type", "name: quyen_so, source: quyen, type"))
    changed = settings.model_copy(update={"expectations": folder})
    assert ingest_register(changed, REGISTER, DAY) == IngestCounts(accepted=1, rows=1)


def test_a_missing_inbox_or_register_says_what_to_set(settings: Settings, tmp_path: Path) -> None:
    nowhere = settings.model_copy(update={"deliveries": tmp_path / "nowhere"})
    with pytest.raises(SettingsError, match=r"nowhere.*SOSACH_DELIVERIES"):
        ingest_register(nowhere, REGISTER, DAY)
    with pytest.raises(SettingsError, match=r"'so_la' is unknown.*so_ho_tich"):
        ingest_register(settings, "so_la", DAY)
    assert ingest_register(settings, REGISTER, DAY) == IngestCounts(), "a register without folder delivered nothing"


KILL = """
import os, signal, sys
from datetime import date
from pathlib import Path
from sosach.ingest import ingest_register, raw, text_scan
from sosach.settings import Settings
from sosach.state import StateStore
point, home, inbox = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
settings = Settings(home=home, deliveries=inbox)
seen = []

def die_at_second(real):
    def call(*args, **named):
        seen.append(1)
        if len(seen) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **named)
    return call

if point == "while a private copy is made":
    text_scan.TextScan.feed = die_at_second(text_scan.TextScan.feed)
elif point == "while a raw file is written":
    raw.identifier = die_at_second(raw.identifier)
elif point == "before the raw file has its name":
    os.replace = die_at_second(os.replace)
elif point == "before the delivery is recorded":
    StateStore.record_delivery = die_at_second(StateStore.record_delivery)
else:
    seen.append(1)
    StateStore.replace_refusals = die_at_second(StateStore.replace_refusals)
ingest_register(settings, "so_ho_tich", date(2026, 10, 1))
"""


@pytest.mark.parametrize(
    "point",
    [
        "while a private copy is made",
        "while a raw file is written",
        "before the raw file has its name",
        "before the delivery is recorded",
        "after all deliveries were recorded",
    ],
)
def test_a_process_killed_half_way_is_made_good_by_the_next(settings: Settings, tmp_path: Path, point: str) -> None:
    for i in range(3):
        drop(settings, f"{i}.csv", FILE + f"{ROW}\n" * i)
    whole = settings.model_copy(update={"home": tmp_path / "whole"})
    assert ingest_register(whole, REGISTER, DAY) == IngestCounts(accepted=3, rows=6)

    command = [sys.executable, "-c", textwrap.dedent(KILL), point, str(settings.home), str(settings.deliveries)]
    assert subprocess.run(command, check=False, timeout=200).returncode == -9
    with StateStore(settings.state_url) as state:
        was_in = len(state.deliveries())
        assert was_in == 3 if point.startswith("after") else was_in < 2
    again = ingest_register(settings, REGISTER, DAY)
    assert (again.accepted, again.duplicate, again.refused) == (3 - was_in, was_in, 0)

    assert _tree(settings.home) == _tree(whole.home)
    with StateStore(settings.state_url) as killed, StateStore(whole.state_url) as never_killed:
        assert killed.deliveries() == never_killed.deliveries()


def _tree(home: Path) -> dict[str, bytes]:
    """All files of the lake, hidden and half-written ones too."""
    return {str(p.relative_to(home)): p.read_bytes() for p in sorted((home / "lake").rglob("*")) if p.is_file()}


def test_a_raw_file_that_got_lost_is_written_again(settings: Settings) -> None:
    drop(settings, "a.csv", FILE)
    ingest_register(settings, REGISTER, DAY)
    (raw,) = raw_files(settings)
    content = raw.read_bytes()
    raw.unlink()
    assert ingest_register(settings, REGISTER, LATER) == IngestCounts(duplicate=1)
    assert raw.read_bytes() == content
    assert len(raw_rows(settings)) == 1


def test_no_copy_of_a_delivery_stays_outside_the_lake(settings: Settings) -> None:
    drop(settings, "a.csv", FILE)
    drop(settings, "b.csv", "bad\n1\n")
    ingest_register(settings, REGISTER, DAY)
    left = [p.name for p in settings.home.rglob("*") if p.is_file() and p.suffix not in (".parquet", ".lock")]
    assert left == ["state.db"]
