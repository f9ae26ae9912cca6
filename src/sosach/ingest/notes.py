"""Handover notes: ``phieu_giao_nhan.csv`` beside the files that it is about, one line a file, read leniently.

Holds reading of notes and of their words. A note is no delivery; what it cannot say is told, never guessed.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath

from sosach.ingest.columns import lenient_key
from sosach.ingest.periods import find_period

NOTE_NAME = "phieu_giao_nhan.csv"
MAX_NOTE_BYTES = 1 << 22
_ENCODINGS = ("utf-8-sig", "cp1258")
_DELIMITERS = ",;\t|"

# Headings as people write them, without case, diacritics and separators.
_HEADINGS = {
    "file": ("tep", "tentep", "file", "filename", "tenfile"),
    "unit": ("donvi", "madonvi", "unit", "madvhc", "maxa", "donvigui"),
    "period": ("ky", "period", "kydulieu", "kybaocao"),
    "begins": ("kytu", "tungay", "periodfrom", "kytungay"),
    "ends": ("kyden", "denngay", "periodto", "kydenngay"),
    "rows": ("sodong", "sobanghi", "rows", "soluong"),
    "sender": ("nguoigui", "nguoigiao", "sender", "canbogui"),
    "sha256": ("sha256", "mabam", "masha256"),
    "replaces": ("thaythe", "thaythecho", "replaces", "thaychotep"),
}
_MEANS = {key: name for name, keys in _HEADINGS.items() for key in keys}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_WHOLE = re.compile(r"([0-9]+|[0-9]{1,3}(?:[. ][0-9]{3})+)(?: *(?:dòng|bản ghi|rows?))?", re.IGNORECASE)


@dataclass(frozen=True)
class NoteLine:
    """What a note says of one file; empty or None where it says nothing. ``replaces``: a SHA-256 or a file name."""

    file: str
    unit: str = ""
    period: tuple[date, date] | None = None
    sender: str | None = None
    rows: int | None = None
    sha256: str | None = None
    replaces: str | None = None


@dataclass(frozen=True)
class Notes:
    """All notes of a register's folder: a line a file (by its path in the inbox), and what has to be told.

    ``faults`` are pairs of the note's path in the inbox and a sentence with place and remedy.
    """

    lines: Mapping[str, NoteLine]
    faults: tuple[tuple[str, str], ...] = ()

    def line_for(self, file_name: str) -> NoteLine | None:
        """The line about a file, else about the archive or folder it lies in (which promises nothing of the file)."""
        path = PurePosixPath(_folded(file_name))
        if line := self.lines.get(str(path)) or self.lines.get(str(path.with_suffix(""))):
            return line
        whole = next((self.lines[str(above)] for above in path.parents if str(above) in self.lines), None)
        return whole and NoteLine(whole.file, unit=whole.unit, period=whole.period, sender=whole.sender)

    def absent(self, present: Iterable[str]) -> list[tuple[str, str]]:
        """Lines about files that are not among ``present`` (paths in the inbox), as pairs of path and sentence."""
        there = {_folded(name) for name in present}
        there |= {str(PurePosixPath(name).with_suffix("")) for name in there}
        there |= {str(above) for name in there for above in PurePosixPath(name).parents}
        return [
            (line.file, f"có trong {NOTE_NAME} nhưng không thấy tệp. Gửi bổ sung tệp hoặc bỏ dòng đó khỏi phiếu.")
            for name, line in self.lines.items()
            if name not in there
        ]


def is_note(file_name: str) -> bool:
    """Whether a file of the inbox is a handover note."""
    return PurePosixPath(_folded(file_name)).name == NOTE_NAME


def read_notes(files: Mapping[str, Path]) -> Notes:
    """Read every note among the files of a folder.

    Args:
        files: the path in the inbox (``<register>/…``) and the file itself.
    """
    lines: dict[str, NoteLine] = {}
    faults: list[tuple[str, str]] = []
    doubled: set[str] = set()
    for name, path in sorted(files.items()):
        if not is_note(name):
            continue
        found, wrong = _read_note(path)
        faults += [(name, fault) for fault in wrong]
        for number, file, line in found:
            target = _folded(str(PurePosixPath(name).parent / file))
            if target in lines:
                doubled.add(target)
                faults.append((name, f"dòng {number} của phiếu: tệp này đã có ở dòng khác. Giữ một dòng cho mỗi tệp."))
            lines[target] = replace(line, file=str(PurePosixPath(name).parent / file))
    return Notes({name: line for name, line in lines.items() if name not in doubled}, tuple(faults))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.replace("\\", "/")).casefold()


def _read_note(path: Path) -> tuple[list[tuple[int, str, NoteLine]], list[str]]:
    """Lines of one note with their numbers, and what is wrong with it."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_NOTE_BYTES + 1)
    except OSError:
        return [], ["không đọc được phiếu. Kiểm tra quyền đọc rồi chạy lại."]
    if len(content) > MAX_NOTE_BYTES:
        return [], [f"phiếu lớn hơn {MAX_NOTE_BYTES >> 20} MB. Phiếu chỉ ghi mỗi tệp một dòng; lập lại phiếu."]
    text = _decode(content)
    if text is None:
        return [], ["không đọc được chữ của phiếu. Lưu phiếu bằng bảng mã UTF-8 rồi gửi lại."]
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=lambda mark: (_named(first.split(mark)), first.count(mark)))
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error:
        return [], ["dấu ngoặc kép trong phiếu đặt sai. Lập lại phiếu."]
    records = [(number, cells) for number, cells in enumerate(lines, start=1) if any(map(str.strip, cells))]
    names = [_MEANS.get(lenient_key(cell), "") for cell in records[0][1]] if records else []
    if "file" not in names:
        return [], ["phiếu không có cột “tệp”. Dòng đầu của phiếu ghi tên cột: tệp, đơn vị, kỳ từ, kỳ đến, số dòng."]
    found: list[tuple[int, str, NoteLine]] = []
    faults: list[str] = []
    for number, cells in records[1:]:
        said = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name and cell.strip()}
        if not said.get("file"):
            faults.append(f"dòng {number} của phiếu không ghi tên tệp. Bổ sung tên tệp.")
            continue
        line, wrong = _line(said)
        found.append((number, said["file"], line))
        faults += [f"dòng {number} của phiếu: {fault}" for fault in wrong]
    return found, faults


def _decode(content: bytes) -> str | None:
    for encoding in ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else _ENCODINGS:
        try:
            return content.decode(encoding).replace("\0", "")
        except UnicodeDecodeError:
            continue
    return None


def _named(cells: list[str]) -> int:
    return sum(lenient_key(cell) in _MEANS for cell in cells)


def _line(said: Mapping[str, str]) -> tuple[NoteLine, list[str]]:
    faults: list[str] = []
    rows = sha256 = None
    if "rows" in said:
        if whole := _WHOLE.fullmatch(said["rows"]):
            rows = int(re.sub("[. ]", "", whole[1]))
        else:
            faults.append("số dòng không phải là số. Ghi số dòng bằng chữ số.")
    if "sha256" in said:
        sha256 = said["sha256"].lower()
        if not _SHA256.fullmatch(sha256):
            sha256 = None
            faults.append("mã SHA-256 không đủ 64 ký tự 0–9, a–f. Chép lại mã.")
    parts = [said[name] for name in ("period", "begins", "ends") if name in said]
    periods = [period for part in parts if (period := find_period(part))]
    if len(periods) < len(parts):
        faults.append("kỳ không hiểu được. Ghi ngày (01/10/2026), tháng (10/2026), quý hoặc năm.")
    whole_period = (min(p[0] for p in periods), max(p[1] for p in periods)) if len(periods) == len(parts) > 0 else None
    line = NoteLine(
        file=said["file"],
        unit=said.get("unit", ""),
        period=whole_period,
        sender=said.get("sender"),
        rows=rows,
        sha256=sha256,
        replaces=said.get("replaces"),
    )
    return line, faults
