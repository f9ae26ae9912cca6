"""Which unit and period a delivery is about, who sent it and what was promised of it.

Says it from the handover note beside the file, else from its path, else from what a pull wrote into it; each with its
origin (what the rows say is in ``handover_rows``). Holds no knowledge of what a run makes of a delivery.
"""

import csv
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sosach.errors import DeliveryError
from sosach.ingest.columns import lenient_key
from sosach.ingest.notes import NOTE_NAME, NoteLine, Notes
from sosach.ingest.periods import find_period
from sosach.ingest.sql_source_read import METADATA_KEY
from sosach.registers import Register

# The province itself: it is no line of the list of units, which begins below it. Source: the official list of units,
# where Nghệ An is 40; a PIN writes it with three digits (domain.md 1.1).
PROVINCE = "40"
_AS_PROVINCE = {"40", "040"}
_CODE = re.compile(r"[0-9]{5}|[0-9]{3}|40")
_SPLIT = re.compile(r"[-_. ()]+")
_KINDS = {"xa": "Xã", "phuong": "Phường", "thi_tran": "Thị trấn", "huyen": "Huyện", "thi_xa": "Thị xã"}


@dataclass(frozen=True)
class Handover:
    """What is known of a delivery besides its cells.

    ``origin`` says of unit, period and sender where it was found: note, path, source or data; ``unit_share`` which part
    of the rows has the unit, where it was found in the data and not all have it. ``told`` are sentences in Vietnamese
    about what could not be used or does not agree, such as a unit code that no list has.
    """

    unit: str | None = None
    period_from: date | None = None
    period_to: date | None = None
    sender: str | None = None
    rows: int | None = None
    sha256: str | None = None
    replaces: str | None = None
    origin: Mapping[str, str] = field(default_factory=dict)
    told: tuple[str, ...] = ()

    def check_sha256(self, sha256: str) -> None:
        """Compare the file with what its note promises.

        Raises:
            DeliveryError: the note names another SHA-256.
        """
        if self.sha256 is not None and self.sha256 != sha256:
            raise DeliveryError(
                f"phiếu giao nhận ghi mã SHA-256 bắt đầu bằng {self.sha256[:12]}, tệp có {sha256[:12]}: không phải tệp "
                "đã giao, hoặc tệp đã đổi sau khi lập phiếu. Gửi lại đúng tệp hoặc sửa phiếu."
            )

    def check_rows(self, rows: int) -> None:
        """Compare the number of rows with what the note promises.

        Raises:
            DeliveryError: the note promises another number.
        """
        if self.rows is not None and self.rows != rows:
            raise DeliveryError(
                f"phiếu giao nhận ghi {self.rows} dòng, tệp có {rows}. Đối chiếu tệp với phiếu; gửi lại tệp đủ dòng "
                "hoặc sửa số dòng trên phiếu."
            )


@dataclass(frozen=True)
class Units:
    """Codes of units, of every time and level, and what a name (lenient) means where it means one code."""

    codes: frozenset[str]
    names: Mapping[str, str]

    def code(self, text: str) -> str | None:
        """The code that a text means: itself, or the name of a unit of today; None where it means none."""
        bare = text.strip().removesuffix(".0")
        if bare in _AS_PROVINCE:
            return PROVINCE
        return bare if bare in self.codes else self.names.get(lenient_key(bare))


@lru_cache(maxsize=8)
def load_units(expectations: Path) -> Units:
    """The units of ``code_lists/don_vi.csv``: communes old and new, districts, and the province itself."""
    with (expectations / "code_lists" / "don_vi.csv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    named: dict[str, set[str]] = {}
    for line in lines:
        if line["level"] == "huyen" or not line["valid_to"]:
            for name in (line["name"], f"{_KINDS.get(line['type'], '')} {line['name']}"):
                named.setdefault(lenient_key(name), set()).add(line["code"])
    names = {name: codes.pop() for name, codes in named.items() if len(codes) == 1}
    return Units(frozenset({PROVINCE, *(line["code"] for line in lines)}), names)


def read_handover(file_name: str, register: Register, notes: Notes, units: Units) -> Handover:
    """What the note and the path say of one file.

    Args:
        file_name: the file's path in the inbox, ``<register>/…``, with ``/`` between its parts.
        register: the register that it was delivered to.
        notes: the handover notes of that register's folder.
        units: the units that there are.
    """
    found = _from_path(file_name, register, units)
    line = notes.line_for(file_name)
    return _with_note(found, line, units) if line else found


def _from_path(file_name: str, register: Register, units: Units) -> Handover:
    """Unit and period by the folders below the register's and by the file's name, the innermost first."""
    _, *folders, name = PurePosixPath(unicodedata.normalize("NFC", file_name)).parts
    stem = _without_register(PurePosixPath(name).stem, register.register_id)
    unit, strange = None, []
    period = find_period(_without_code(stem)) or next(filter(None, map(find_period, reversed(folders))), None)
    for part in (stem, *reversed(folders)):
        first = _SPLIT.split(part)[0]
        if unit is None and _CODE.fullmatch(first):
            unit = units.code(first)
            if unit is None and (part != stem or len(first) == 5):
                strange.append(first)
    origin = {"unit": "path"} if unit else {}
    return Handover(
        unit=unit,
        period_from=period[0] if period else None,
        period_to=period[1] if period else None,
        origin=origin | ({"period": "path"} if period else {}),
        told=tuple(_strange(code, "đường dẫn") for code in strange),
    )


def _without_register(stem: str, register_id: str) -> str:
    """A file name without the register's id at its beginning: ``ket_hon_412_vinh`` → ``412_vinh``."""
    return re.sub(rf"^{register_id.replace('_', '[-_. ]?')}(?:[-_. ]+|$)", "", stem, flags=re.IGNORECASE)


def _without_code(stem: str) -> str:
    first, *_ = _SPLIT.split(stem)
    return stem[len(first) :] if _CODE.fullmatch(first) else stem


def _strange(code: str, where: str) -> str:
    return f"mã đơn vị {code} ({where}) không có trong danh mục đơn vị. Sửa mã hoặc bổ sung danh mục."


def _with_note(found: Handover, line: NoteLine, units: Units) -> Handover:
    """What the note says goes before what the path says; what it leaves open stays as the path has it."""
    origin, told = dict(found.origin), list(found.told)
    known: dict[str, object] = {"rows": line.rows, "sha256": line.sha256, "replaces": line.replaces}
    if line.unit:
        if code := units.code(line.unit):
            known["unit"], origin["unit"] = code, "note"
        else:
            told.append(_strange(line.unit[:40], f"ghi trong {NOTE_NAME}"))
    if line.period:
        (known["period_from"], known["period_to"]), origin["period"] = line.period, "note"
    if line.sender:
        known["sender"], origin["sender"] = line.sender, "note"
    return replace(found, **known, origin=origin, told=tuple(told))  # type: ignore[arg-type]


def from_source(path: Path | None, found: Handover) -> Handover:
    """Fill in unit and sender from what a pull of an SQL source wrote beside the rows of its Parquet file."""
    said = _pulled(path)
    origin, known = dict(found.origin), {}
    for name in ("unit", "sender"):
        if getattr(found, name) is None and said.get(name):
            known[name], origin[name] = str(said[name]), "source"
    return replace(found, **known, origin=origin)  # type: ignore[arg-type]


def source_types(path: Path | None) -> dict[str, str]:
    """Physical types of the columns of a pull by name; empty for any other file."""
    return {str(name): str(kind) for name, kind in dict(_pulled(path).get("types") or {}).items()}


def _pulled(path: Path | None) -> dict[str, Any]:
    if path is None or path.suffix.lower() != ".parquet":
        return {}
    try:
        said = json.loads((pq.read_schema(path).metadata or {}).get(METADATA_KEY, b"{}"))
    except (pa.ArrowException, OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
