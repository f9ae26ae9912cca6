"""Zip archives: each file in one is a delivery; tricks, bombs and damage are refused by name within bounded memory."""

import io
import stat
import struct
import tracemalloc
import unicodedata
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sosach.ingest import IngestCounts, ingest_register
from sosach.ingest.delivered import Refused, Taken
from sosach.settings import Settings
from sosach.state import StateStore
from tests.unit.ingest_sample import COLUMNS, FILE, REGISTER, ROW, drop, raw_files, raw_rows, take_all

DAY = date(2026, 10, 1)
Change = Callable[[zipfile.ZipInfo], None]


def _member(name: str, change: Change | None = None) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    if change:
        change(info)
    return info


def _zip(*members: tuple[str | zipfile.ZipInfo, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as container:
        for name, content in members:
            container.writestr(name, content)
    return out.getvalue()


def _reason(outcome: Taken | Refused) -> str:
    assert isinstance(outcome, Refused)
    return outcome.reason


def _reasons(settings: Settings) -> dict[str, str]:
    with StateStore(settings.state_url) as state:
        return {r.file_name.removeprefix(f"{REGISTER}/"): r.reason for r in state.refusals()}


def test_each_file_of_an_archive_is_a_delivery(settings: Settings, tmp_path: Path) -> None:
    pq.write_table(pa.table({c: ["3"] for c in COLUMNS}), tmp_path / "t.parquet")
    drop(
        settings,
        "gửi.zip",
        _zip(
            ("xã A/a.csv", FILE),
            ("xã A/", b""),
            ("b.parquet", (tmp_path / "t.parquet").read_bytes()),
            ("__MACOSX/xã A/._a.csv", b"x"),
            ("xã A/.DS_Store", b"x"),
            ("c.csv", FILE + ROW + "\n"),
            ("xấu.csv", "a,b\n1,2\n"),
        ),
    )
    drop(settings, "h.csv", FILE)
    assert ingest_register(settings, REGISTER, DAY) == IngestCounts(accepted=3, duplicate=1, refused=1, rows=4)
    with StateStore(settings.state_url) as state:
        names = [d.file_name.removeprefix(f"{REGISTER}/") for d in state.deliveries()]
    assert names == ["gửi.zip/xã A/a.csv", "gửi.zip/b.parquet", "gửi.zip/c.csv"]
    assert "thiếu cột bắt buộc" in _reasons(settings)["gửi.zip/xấu.csv"]
    before = {p: p.read_bytes() for p in raw_files(settings)}
    assert ingest_register(settings, REGISTER, DAY) == IngestCounts(duplicate=4, refused=1)
    assert {p: p.read_bytes() for p in raw_files(settings)} == before


def _method(number: int) -> Change:
    def change(info: zipfile.ZipInfo) -> None:
        info.compress_type = number

    return change


def _link(info: zipfile.ZipInfo) -> None:
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


MEMBERS: dict[str, tuple[str | zipfile.ZipInfo, bytes | str, str]] = {
    "parent": ("../a.csv", FILE, ".."),
    "parent inside": ("x/../../a.csv", FILE, ".."),
    "absolute": ("/etc/a.csv", FILE, ".."),
    "drive": ("C:/a.csv", FILE, "ổ đĩa"),
    "backslash": ("..\\a.csv", FILE, "dấu \\"),
    "unprintable": ("a\x07.csv", FILE, "ký tự lạ"),
    "hidden": ("x/.a.csv", FILE, "tệp ẩn"),
    "link": (_member("a.csv", _link), "/etc/passwd", "liên kết"),
    "nested": ("a.zip", _zip(("a.csv", FILE)), "tệp nén nằm trong tệp nén"),
    "nested under another name": ("a.csv", _zip(("a.csv", FILE)), "tệp nén nằm trong tệp nén"),
    "rar": ("a.csv", b"Rar!\x1a\x07\x00", "RAR"),
    "empty": ("a.csv", b"", "tệp rỗng"),
    "other ending": ("a.exe", FILE, "đuôi tệp"),
    "bzip2": (_member("a.csv", _method(zipfile.ZIP_BZIP2)), FILE, "kiểu nén"),
    "lzma": (_member("a.csv", _method(zipfile.ZIP_LZMA)), FILE, "kiểu nén"),
    "nul": ("a.csv", FILE + "\0", "NUL"),
}


@pytest.mark.parametrize("trick", MEMBERS)
def test_a_trick_in_an_archive_is_refused_and_the_rest_is_read(settings: Settings, tmp_path: Path, trick: str) -> None:
    name, content, word = MEMBERS[trick]
    drop(settings, "t.zip", _zip((name, content), ("tốt.csv", FILE)))
    outside = {p for p in tmp_path.rglob("*") if "home" not in p.parts}
    bad, good = take_all(settings).values()
    assert isinstance(bad, Refused)
    assert bad.file_name.startswith(f"{REGISTER}/t.zip/")
    assert word in bad.reason
    assert isinstance(good, Taken)
    assert {p for p in tmp_path.rglob("*") if "home" not in p.parts} == outside, "nothing was unpacked beside the lake"
    assert not list((settings.home / "lake" / ".incoming").rglob("*.csv"))


def test_two_members_of_one_name_are_both_refused(settings: Settings) -> None:
    twice = unicodedata.normalize("NFD", "xã.csv")
    drop(settings, "t.zip", _zip(("xã.csv", FILE), (twice, FILE + ROW + "\n"), ("b.csv", FILE)))
    one, two, three = take_all(settings).values()
    assert "nhiều lần" in _reason(one)
    assert "nhiều lần" in _reason(two)
    assert isinstance(three, Taken)


def _patched(archive: bytes, field: int, value: bytes) -> bytes:
    """The archive with a field of its first directory entry changed; ``field`` is its offset there."""
    at = archive.index(b"PK\x01\x02") + field
    return archive[:at] + value + archive[at + len(value) :]


GOOD = _zip(("a.csv", FILE))
BIG = _zip(("a.csv", FILE + (ROW + "\n") * 500_000))
DAMAGED: dict[str, tuple[bytes, str]] = {
    "cut in the directory": (GOOD[:-30], "cắt cụt hoặc hỏng"),
    "cut in the data": (GOOD[:60], "cắt cụt hoặc hỏng"),
    "damaged data": (GOOD.replace(b"PK\x01\x02", b"PK\x01\x02", 1)[:50] + b"\xff" * 20 + GOOD[70:], "hỏng"),
    "password": (_patched(GOOD, 8, b"\x01\x00"), "mật khẩu"),
    "strong encryption": (_patched(GOOD, 8, b"\x40\x00"), "mật khẩu"),
    "says to be smaller": (_patched(GOOD, 24, struct.pack("<I", 10)), "hỏng"),
    "says to be larger": (_patched(GOOD, 24, struct.pack("<I", 1 << 20)), "hỏng"),
    "says to be huge": (_patched(GOOD, 24, struct.pack("<I", 1 << 31)), "gấp hơn 200 lần"),
    "directory said to be huge": (GOOD[:-10] + struct.pack("<I", 1 << 28) + GOOD[-6:], "hỏng"),
    "bomb": (BIG, "gấp hơn 200 lần"),
    "no file": (_zip(("a/", b"")), "không có tệp nào"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_archive_is_refused(settings: Settings, damage: str) -> None:
    content, word = DAMAGED[damage]
    drop(settings, "t.zip", content)
    tracemalloc.start()
    (refused,) = take_all(settings).values()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert word in _reason(refused)
    assert peak < 1 << 26
    assert raw_files(settings) == []


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        ({"max_archive_members": 1}, "nhiều hơn mức cho phép (1)"),
        ({"max_archive_bytes": len(FILE)}, "khi bung ra lớn hơn"),
        ({"max_file_bytes": 120}, "lớn hơn mức cho phép"),
    ],
)
def test_limits_of_the_installation_hold_for_archives(settings: Settings, limits: dict[str, int], word: str) -> None:
    drop(settings, "t.zip", _zip(("a.csv", FILE), ("b.csv", FILE + ROW + "\n"), method=zipfile.ZIP_STORED))
    assert all(word in _reason(outcome) for outcome in take_all(settings.model_copy(update=limits)).values())
    assert [type(outcome) for outcome in take_all(settings).values()] == [Taken, Taken]


def test_an_archive_is_known_by_its_content(settings: Settings) -> None:
    drop(settings, "a.csv", GOOD)
    assert isinstance(take_all(settings)["a.csv/a.csv"], Taken)
    assert raw_rows(settings)[0]["nam_mo_so"] == "2020"
