"""Which column of a delivered file is which field of its register. Reads headers only, never cells.

A name is matched exactly, else leniently (source or inner name without case, diacritics, punctuation), else as a
label (``meaning`` and ``labels`` of register.yaml). The stronger match wins; among equals nothing is guessed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sosach.errors import DeliveryError
from sosach.ingest.header_words import label_key, lenient_key, one_edit, variants
from sosach.registers import Register, RegisterField

__all__ = ["ColumnMatch", "HeaderIndex", "Matched", "fields_found", "lenient_key", "match_columns", "missing_fields"]

RESERVED = {"_delivery", "_row"}
# Names shorter than this are never proposed as misspelt: "so" and "sk" are two names.
LONG_NAME = 6

How = Literal["exact", "lenient", "label", "extra", "unclear"]


@dataclass(frozen=True)
class Matched:
    """One column: its header as written, the source name of its field (None without one), and how it was found.

    ``extra``: no field explains it, or its field has a better column. ``unclear``: it fits several fields.
    """

    header: str
    field: str | None
    how: How


class Candidates(NamedTuple):
    """What one header may be: how that was seen, the step of matching (0 is the strongest), the fields."""

    how: How
    strength: int
    fields: tuple[RegisterField, ...]

    @property
    def field(self) -> RegisterField | None:
        """The one field, None where there is none or more than one."""
        return self.fields[0] if len(self.fields) == 1 else None


NOTHING = Candidates("extra", 9, ())


@dataclass(frozen=True)
class ColumnMatch:
    """The raw column names of a file, in its order, with those no field explains and those written differently.

    ``found`` says for every column which field it is and how that was seen.
    """

    names: tuple[str, ...]
    extra: tuple[str, ...]
    renamed: tuple[str, ...]
    found: tuple[Matched, ...] = ()


class HeaderIndex:
    """The names under which the fields of one register may be delivered."""

    def __init__(self, register: Register) -> None:
        self.register = register
        self.required = [field for field in register.fields if field.required]
        self._exact = {field.source_name: field for field in register.fields}
        self._steps: tuple[tuple[How, Callable[[str], str], dict[str, list[RegisterField]]], ...] = (
            ("lenient", lenient_key, _index(lenient_key, ((f, (f.source_name, f.name)) for f in register.fields))),
            ("label", lenient_key, _index(lenient_key, ((f, _labels(f)) for f in register.fields))),
            ("label", label_key, _index(label_key, ((f, _labels(f)) for f in register.fields))),
        )

    def candidates(self, header: str) -> Candidates:
        """The fields that a single header may name."""
        own = header.strip("\ufeff \t\r\n")
        if own in self._exact:
            return Candidates("exact", 0, (self._exact[own],))
        for strength, (how, key, index) in enumerate(self._steps, start=1):
            for form in variants(own):
                if found := index.get(key(form)):
                    return Candidates(how if len(found) == 1 else "unclear", strength, tuple(found))
        return NOTHING

    def match(self, header: Sequence[str]) -> list[Candidates]:
        """The same for a whole header, where a column gives way to one that names its field in a stronger way."""
        seen = [self.candidates(cell) for cell in header]
        best: dict[str, int] = {}
        for found in seen:
            if field := found.field:
                best[field.name] = min(found.strength, best.get(field.name, found.strength))
        return [NOTHING if found.field and found.strength > best[found.field.name] else found for found in seen]

    def found(self, header: Sequence[str]) -> dict[int, RegisterField]:
        """The field that each position names; two positions name one field where neither is the better."""
        return {i: found.field for i, found in enumerate(self.match(header)) if found.field}

    def missing(self, header: Sequence[str]) -> list[RegisterField]:
        """Required fields that no column of a header names."""
        present = {field.name for field in self.found(header).values()}
        return [field for field in self.required if field.name not in present]

    def hints(self, field: RegisterField, header: Sequence[str]) -> list[str]:
        """What the header has in place of a missing field: a name that fits several, a name one letter away."""
        hints = []
        keys = {lenient_key(name) for name in _labels(field)}
        for cell, found in zip(header, self.match(header), strict=True):
            if found.how == "unclear" and field in found.fields:
                hints.append(f"cột “{cell.strip()}” có thể là {' hoặc '.join(f.source_name for f in found.fields)}")
            elif found is NOTHING and any(len(k) >= LONG_NAME and one_edit(lenient_key(cell), k) for k in keys):
                hints.append(f"gần giống: “{cell.strip()}”")
        return hints


def fields_found(register: Register, header: Sequence[str]) -> dict[int, RegisterField]:
    """The field that each position of a header names."""
    return HeaderIndex(register).found(header)


def missing_fields(register: Register, header: Sequence[str]) -> list[RegisterField]:
    """Required fields that no column of a header names."""
    return HeaderIndex(register).missing(header)


def match_columns(register: Register, header: Sequence[str]) -> ColumnMatch:
    """Name the columns of a file: the register's source name where a field is meant, else the file's own name.

    A column without a name is called ``cot_<position>``. Names of the file are told in an error only after all
    required columns were found: before that the first line may be a row with personal values. The exception are
    names that are labels of the register themselves, or one letter away from one.

    Raises:
        DeliveryError: a required column is missing, or two columns have one name or mean one field.
    """
    index = HeaderIndex(register)
    if missing := index.missing(header):
        raise DeliveryError(
            f"thiếu cột bắt buộc: {'; '.join(_wanted(index, field, header) for field in missing)}. "
            "Bổ sung cột, ghi đúng tên cột ở dòng tiêu đề (dòng đầu bảng) rồi gửi lại."
        )
    own = [cell.strip("\ufeff \t\r\n") for cell in header]
    found = [
        Matched(cell, one.field.source_name if one.field else None, one.how)
        for cell, one in zip(own, index.match(header), strict=True)
    ]
    _refuse_two_columns_of_one_field(found)
    names = [one.field or one.header or f"cot_{position}" for position, one in enumerate(found, start=1)]
    folded = [name.casefold() for name in names]
    doubled = sorted({n for n, f in zip(names, folded, strict=True) if folded.count(f) > 1 or f in RESERVED})
    if doubled:
        raise DeliveryError(
            f"tên cột bị trùng hoặc không được dùng: {', '.join(doubled)}. "
            "Mỗi cột một tên khác nhau (không phân biệt chữ hoa, chữ thường); sửa dòng tiêu đề rồi gửi lại."
        )
    return ColumnMatch(
        names=tuple(names),
        extra=tuple(name for name, one in zip(names, found, strict=True) if one.field is None),
        renamed=tuple(f"{one.header} → {one.field}" for one in found if one.how in ("lenient", "label")),
        found=tuple(found),
    )


def _wanted(index: HeaderIndex, field: RegisterField, header: Sequence[str]) -> str:
    return f"{field.source_name} ({'; '.join([field.meaning, *index.hints(field, header)])})"


def _refuse_two_columns_of_one_field(found: Sequence[Matched]) -> None:
    claims: dict[str, list[str]] = defaultdict(list)
    for one in found:
        if one.field:
            claims[one.field].append(f"“{one.header}”")
    if told := [f"{' và '.join(cells)} cùng là {name}" for name, cells in claims.items() if len(cells) > 1]:
        raise DeliveryError(
            f"tên cột bị trùng: {'; '.join(told)}. Mỗi trường chỉ một cột; bỏ cột thừa hoặc đổi tên cho rõ rồi gửi lại."
        )


def _labels(field: RegisterField) -> tuple[str, ...]:
    """What people call a field: its names, its labels, its meaning, and that before brackets or a comma."""
    return (field.source_name, field.name, *field.labels, *variants(field.meaning), field.meaning.partition(",")[0])


def _index(
    key: Callable[[str], str], names: Iterable[tuple[RegisterField, tuple[str, ...]]]
) -> dict[str, list[RegisterField]]:
    index: dict[str, list[RegisterField]] = defaultdict(list)
    for field, own in names:
        for written in dict.fromkeys(key(name) for name in own):
            if written:
                index[written].append(field)
    return dict(index)
