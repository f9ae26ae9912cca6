"""What kind of file a delivery is, told by its first bytes: its ending is only what the sender called it."""

import zipfile
from pathlib import Path

from sosach.errors import DeliveryError

# Kinds that are read, with the endings under which they are expected.
TEXT, WORKBOOK, PARQUET, ARCHIVE = "văn bản", "Excel", "Parquet", "nén ZIP"
ENDINGS = {
    TEXT: (".csv", ".tsv", ".txt"),
    WORKBOOK: (".ods", ".xls", ".xlsb", ".xlsm", ".xlsx"),
    PARQUET: (".parquet",),
    ARCHIVE: (".zip",),
}
HEAD_BYTES = 512
# The directory of an archive of ten thousand files is about 1 MB; its end record lies in the last 64 kB and a bit.
MAX_DIRECTORY = 1 << 23
END_BYTES = (1 << 16) + 128
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
ZIP_NAME_AT = 30
# A member by which Office and OpenDocument containers are known, and the one that is often their first.
WORKBOOK_MEMBERS = {"[Content_Types].xml", "content.xml", "xl/workbook.xml", "docProps/app.xml", "_rels/.rels"}
OLE_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Other kinds that people send, by their first bytes, with what to do.
FOREIGN = (
    (b"Rar!", "tệp nén RAR", "Nén lại dạng .zip không mật khẩu"),
    (b"7z\xbc\xaf\x27\x1c", "tệp nén 7z", "Nén lại dạng .zip không mật khẩu"),
    (b"\x1f\x8b", "tệp nén gzip", "Giải nén hoặc nén lại dạng .zip không mật khẩu"),
    (b"BZh", "tệp nén bzip2", "Giải nén hoặc nén lại dạng .zip không mật khẩu"),
    (b"\xfd7zXZ", "tệp nén xz", "Giải nén hoặc nén lại dạng .zip không mật khẩu"),
    (b"%PDF", "tệp PDF", "Xuất dữ liệu ra .xlsx hoặc .csv"),
    (b"{\\rtf", "tệp RTF", "Xuất dữ liệu ra .xlsx hoặc .csv"),
    (b"\x89PNG", "tệp ảnh", "Xuất dữ liệu ra .xlsx hoặc .csv"),
    (b"\xff\xd8\xff", "tệp ảnh", "Xuất dữ liệu ra .xlsx hoặc .csv"),
    (b"SQLite format 3", "tệp cơ sở dữ liệu SQLite", "Xuất dữ liệu ra .csv hoặc .parquet"),
)
MARKUP = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<style", b"<head")


def kind_by_head(head: bytes) -> str:
    """The kind of a file by its first ``HEAD_BYTES`` bytes; every ZIP container is called an archive here.

    Raises:
        DeliveryError: a kind that is not read; names it and what to send instead.
    """
    if head.startswith(ZIP_STARTS):
        return ARCHIVE
    if head.startswith(OLE_START):
        return WORKBOOK
    if head.startswith((b"PAR1", b"PARE")):
        return PARQUET
    for start, name, remedy in FOREIGN:
        if head.startswith(start):
            raise DeliveryError(f"nội dung là {name}, không đọc được. {remedy} rồi gửi lại.")
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(MARKUP):
        raise DeliveryError(
            "nội dung là trang HTML/XML (phần mềm xuất giả dạng Excel). Mở bằng Excel, lưu lại dạng .xlsx rồi gửi lại."
        )
    return TEXT


def kind_of(path: Path, head_kind: str) -> str:
    """The kind of a whole file whose first bytes were judged: a ZIP container may be a workbook, even a damaged one."""
    if head_kind != ARCHIVE:
        return head_kind
    try:
        with open_zip(path) as container:
            names = set(container.namelist())
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError):
        with path.open("rb") as stream:
            first = stream.read(HEAD_BYTES)
        names = {name for name in WORKBOOK_MEMBERS if first[ZIP_NAME_AT:].startswith(name.encode())}
    return WORKBOOK if names & WORKBOOK_MEMBERS else ARCHIVE


def open_zip(path: Path) -> zipfile.ZipFile:
    """Open a ZIP container whose directory is no larger than ``MAX_DIRECTORY``, so that reading it is bounded.

    Raises:
        zipfile.BadZipFile: no directory, or a larger one.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - END_BYTES))
        end = stream.read()
    start = end.rfind(b"PK\x05\x06")
    if start < 0 or len(end) < start + 22:
        raise zipfile.BadZipFile("no end of central directory")
    directory = int.from_bytes(end[start + 12 : start + 16], "little")
    if start >= 76 and end[start - 20 : start - 16] == b"PK\x06\x07":  # ZIP64 has an end record of its own before it
        directory = int.from_bytes(end[start - 36 : start - 28], "little")
    if directory > MAX_DIRECTORY:
        raise zipfile.BadZipFile("central directory too large")
    return zipfile.ZipFile(path)


def expected_kind(name: str) -> str:
    """The kind that the ending of a file name announces.

    Raises:
        DeliveryError: no kind that is read has that ending.
    """
    ending = Path(name).suffix.lower()
    for kind, endings in ENDINGS.items():
        if ending in endings:
            return kind
    known = ", ".join(sorted(e for endings in ENDINGS.values() for e in endings))
    raise DeliveryError(f"đuôi tệp không được nhận. Chỉ nhận {known}; lưu lại rồi gửi.")
