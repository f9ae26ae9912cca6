"""What a workbook file is before it is read: its kind by content, the sizes it declares, what stands beside its cells.

Reads the bytes of the package only as far as needed to find formulas, errors and far-off cells; the cells themselves
are read by ``sosach.ingest.workbook_worker``.
"""

import mmap
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from sosach.errors import DeliveryError

Kind = Literal["xlsx", "xlsb", "xls", "ods", "password", "other"]

BLOCK_BYTES = 1 << 20
# A cell longer than this is no cell (Excel allows 32,767 characters).
CELL_BYTES = 1 << 24
MAP_BYTES = 1 << 24
# Below this a high ratio is harmless: empty formatted rows shrink a hundredfold.
HARMLESS_BYTES = 1 << 28
SHOWN = 5
MAX_ERRORS = 100_000

NS_CELL = rb"<(?:\w+:)?c\b"
FORMULA = re.compile(
    NS_CELL
    + rb"([^>]*)>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*(<(?:\w+:)?v\b[^>]*>[^<]|<(?:\w+:)?is\b)?"
)
ERROR = re.compile(
    NS_CELL
    + rb'([^>]*\bt="e"[^>]*)>\s*(?:<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*)?<(?:\w+:)?v\b[^>]*>([^<]*)<'
)
PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
DAMAGED = (
    "không mở được tệp Excel: tệp bị cắt cụt, hỏng hoặc không phải sổ tính. "
    "Mở bằng Excel, lưu lại dạng .xlsx rồi gửi lại."
)


@dataclass(frozen=True)
class WorkbookLimits:
    """How much a workbook may need: bytes when unpacked, how often it may shrink, bytes and seconds for reading."""

    unpacked_bytes: int = 4 << 30
    ratio: int = 200
    memory_bytes: int = 3 << 30
    cpu_seconds: int = 900


@dataclass
class SheetScan:
    """What the library does not tell of one sheet: formulas, places of some without a result, errors.

    ``errors`` is column → row → text, both counted from 0; ``lost_errors`` counts those beyond ``MAX_ERRORS``.
    """

    formulas: int = 0
    without_result: list[str] = field(default_factory=list)
    errors: dict[int, dict[int, str]] = field(default_factory=dict)
    lost_errors: int = 0


@dataclass
class PackageScan:
    """The same for a package: its sheets by name, links to other workbooks, macros."""

    sheets: dict[str, SheetScan] = field(default_factory=dict)
    external_links: int = 0
    macros: int = 0


def kind_of(path: Path) -> Kind:
    """What the content says, whatever the name of the file says.

    Raises:
        DeliveryError: a package that is cut off or damaged.
    """
    with path.open("rb") as stream:
        start = stream.read(8)
    if start == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return _kind_of_compound(path)
    return _kind_of_zip(path) if start.startswith(b"PK\x03\x04") else "other"


def _kind_of_compound(path: Path) -> Kind:
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:

        def has(name: str) -> bool:
            return content.find(name.encode("utf-16-le") + b"\0\0") >= 0

        if has("EncryptedPackage"):
            return "password"
        return "xls" if has("Workbook") or has("Book") else "other"


def _kind_of_zip(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as package:
            names = {name.lower().replace("\\", "/") for name in package.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DeliveryError(DAMAGED) from error
    if any(name.endswith("workbook.bin") for name in names):
        return "xlsb"
    if any(name.endswith("workbook.xml") for name in names):
        return "xlsx"
    return "ods" if "content.xml" in names else "other"


def check_sizes(path: Path, limits: WorkbookLimits) -> None:
    """Refuse a package that declares more than it may become when unpacked.

    Raises:
        DeliveryError: too large, or smaller by a ratio that no written table has.
    """
    with zipfile.ZipFile(path) as package:
        unpacked = sum(part.file_size for part in package.infolist())
        packed = sum(part.compress_size for part in package.infolist())
    if unpacked > limits.unpacked_bytes or (unpacked > HARMLESS_BYTES and unpacked > limits.ratio * max(packed, 1)):
        raise DeliveryError(
            f"tệp Excel giải nén ra {unpacked / 1e6:.0f} MB từ {packed / 1e6:.1f} MB, vượt giới hạn an toàn. "
            "Xóa các dòng, cột trống đã định dạng ở cuối bảng hoặc chia nhỏ tệp, lưu lại rồi gửi lại."
        )


def scan_package(path: Path) -> PackageScan:
    """Formulas, errors, links and macros of an XLSX or XLSM package.

    Raises:
        DeliveryError: the package is damaged or its parts are protected by a password.
    """
    try:
        with zipfile.ZipFile(path) as package:
            names = package.namelist()
            scan = PackageScan(
                external_links=sum(bool(re.search(r"xl/externalLinks/[^/]+\.xml$", name, re.I)) for name in names),
                macros=sum(name.lower().endswith("vbaproject.bin") for name in names),
            )
            for sheet, part in _sheet_parts(package).items():
                scan.sheets[sheet] = _scan_sheet(package, part)
            return scan
    except (zipfile.BadZipFile, zlib.error, ElementTree.ParseError, OSError, EOFError, ValueError) as error:
        raise DeliveryError(DAMAGED) from error
    except RuntimeError as error:  # how zipfile says that a part is encrypted, or packed in an unknown way
        raise DeliveryError(DAMAGED) from error


def farthest_cell(path: Path) -> tuple[str, int, int] | None:
    """Sheet, row and column (1-based) of the far corner of the largest sheet; None where nothing can be told."""
    best: tuple[int, tuple[str, int, int]] | None = None
    try:
        with zipfile.ZipFile(path) as package:
            for sheet, part in _sheet_parts(package).items():
                rows = columns = 0
                for block in _blocks(package, part):
                    for letters, number in set(PLACE.findall(block)):
                        rows, columns = max(rows, int(number)), max(columns, column_number(letters.decode()))
                if best is None or rows * columns > best[0]:
                    best = (rows * columns, (sheet, rows, columns))
    except (zipfile.BadZipFile, zlib.error, ElementTree.ParseError, OSError, EOFError, ValueError, RuntimeError):
        return None
    return best[1] if best else None


def column_number(letters: str) -> int:
    """``A`` → 1, ``XFD`` → 16384."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _sheet_parts(package: zipfile.ZipFile) -> dict[str, str]:
    """The part that holds each sheet, by the sheet's name."""
    by_name = {name.lower().replace("\\", "/").lstrip("/"): name for name in package.namelist()}
    book = next((name for name in by_name if name.endswith("workbook.xml")), None)
    if book is None:
        return {}
    folder = posixpath.dirname(book)
    relations = by_name.get(f"{folder}/_rels/{posixpath.basename(book)}.rels")
    if relations is None:
        return {}
    targets = {one.get("Id", ""): one.get("Target", "").replace("\\", "/") for one in _parse(package, relations).iter()}
    parts: dict[str, str] = {}
    for element in _parse(package, by_name[book]).iter():
        if element.tag.rpartition("}")[2] == "sheet":
            link = next((value for key, value in element.items() if key.rpartition("}")[2] == "id" and "}" in key), "")
            target = targets.get(link, "")
            place = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
            if (part := by_name.get(place.lower())) and "chartsheet" not in place.lower():
                parts[element.get("name", "")] = part
    return parts


def _parse(package: zipfile.ZipFile, part: str) -> ElementTree.Element:
    with package.open(part) as stream:
        content = stream.read(MAP_BYTES + 1)
    if len(content) > MAP_BYTES or b"<!ENTITY" in content:
        raise DeliveryError(DAMAGED)
    return ElementTree.fromstring(content)


def _blocks(package: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """The bytes of a sheet in blocks that end with a cell."""
    rest = b""
    with package.open(part) as stream:
        while block := stream.read(BLOCK_BYTES):
            block = rest + block
            cut = block.rfind(b"<c ")
            if cut <= 0:
                cut = len(block) if len(block) > CELL_BYTES else 0
            rest = block[cut:]
            if cut:
                yield block[:cut]
    if rest:
        yield rest


def _scan_sheet(package: zipfile.ZipFile, part: str) -> SheetScan:
    scan = SheetScan()
    for block in _blocks(package, part):
        if b"<f" in block or b":f" in block:
            for cell, result in FORMULA.findall(block):
                scan.formulas += 1
                if not result and b't="str"' not in cell and len(scan.without_result) < SHOWN:
                    place = PLACE.search(cell)
                    scan.without_result.append(f"{place[1].decode()}{place[2].decode()}" if place else "?")
        if b't="e"' in block:
            for cell, text in ERROR.findall(block):
                place = PLACE.search(cell)
                if place and sum(map(len, scan.errors.values())) < MAX_ERRORS:
                    column = scan.errors.setdefault(column_number(place[1].decode()) - 1, {})
                    column[int(place[2]) - 1] = text.decode("utf-8", errors="replace")
                else:
                    scan.lost_errors += 1
    return scan
