"""Which column of a delivered file is which field of its register. Reads headers only, never cells."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sosach.errors import DeliveryError
from sosach.registers import Register, RegisterField

RESERVED = {"_delivery", "_row"}
SEPARATORS = str.maketrans("", "", " \t\r\n\u00a0_-.\ufeff")


@dataclass(frozen=True)
class ColumnMatch:
    """The raw column names of a file, in its order, with those no field explains and those written differently."""

    names: tuple[str, ...]
    extra: tuple[str, ...]
    renamed: tuple[str, ...]


def lenient_key(text: str) -> str:
    """A header without case, diacritics, spaces, underscores, hyphens and dots: ``Chồng_Họ tên`` → ``chonghoten``."""
    bare = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(c for c in bare if not unicodedata.combining(c)).translate(SEPARATORS)


def fields_found(register: Register, header: Sequence[str]) -> dict[int, RegisterField]:
    """The field that each position of a header names: exactly first, then leniently for the fields still without."""
    stripped = [cell.strip("\ufeff \t\r\n") for cell in header]
    found: dict[int, RegisterField] = {}
    for field in register.fields:
        if field.source_name in stripped:
            found[stripped.index(field.source_name)] = field
    exact = {field.name for field in found.values()}
    by_key = {lenient_key(f.source_name): f for f in register.fields if f.name not in exact}
    for position, cell in enumerate(stripped):
        if position not in found and (field_ := by_key.get(lenient_key(cell))):
            found[position] = field_
    return found


def missing_fields(register: Register, header: Sequence[str]) -> list[RegisterField]:
    """Required fields that no column of a header names."""
    present = {field.name for field in fields_found(register, header).values()}
    return [field for field in register.fields if field.required and field.name not in present]


def match_columns(register: Register, header: Sequence[str]) -> ColumnMatch:
    """Name the columns of a file: the register's source name where a field is meant, else the file's own name.

    A column without a name is called ``cot_<position>``. Names of the file are told in an error only after all
    required columns were found: before that the first line may be a row with personal values.

    Raises:
        DeliveryError: a required column is missing, or two columns have one name.
    """
    if missing := missing_fields(register, header):
        wanted = "; ".join(f"{field.source_name} ({field.meaning})" for field in missing)
        raise DeliveryError(
            f"thiếu cột bắt buộc: {wanted}. Bổ sung cột, ghi đúng tên cột ở dòng tiêu đề (dòng đầu bảng) rồi gửi lại."
        )
    found = fields_found(register, header)
    names: list[str] = []
    extra: list[str] = []
    renamed: list[str] = []
    for position, cell in enumerate(header):
        own = cell.strip("\ufeff \t\r\n")
        if field := found.get(position):
            names.append(field.source_name)
            if own != field.source_name:
                renamed.append(f"{own} → {field.source_name}")
        else:
            names.append(own or f"cot_{position + 1}")
            extra.append(names[-1])
    folded = [name.casefold() for name in names]
    doubled = sorted({n for n, f in zip(names, folded, strict=True) if folded.count(f) > 1 or f in RESERVED})
    if doubled:
        raise DeliveryError(
            f"tên cột bị trùng hoặc không được dùng: {', '.join(doubled)}. "
            "Mỗi cột một tên khác nhau (không phân biệt chữ hoa, chữ thường); sửa dòng tiêu đề rồi gửi lại."
        )
    return ColumnMatch(tuple(names), tuple(extra), tuple(renamed))
