"""Schema drift: columns of a delivery that were added, are missing, are called otherwise or hold something else.

A difference from the dictionary (``register.yaml``) is told unless the previous accepted delivery of the same unit or
sender had it too. What is done about it is declared (``delivering: drift:``). Holds no reading and no recording.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from sosach.delivering import Kind, Policy
from sosach.ingest.columns import ColumnMatch
from sosach.ingest.understanding import JudgingEngine, share_understood
from sosach.registers import Register, RegisterField

MIN_UNDERSTOOD = 0.5

_SPOKEN = {
    "date": "ngày",
    "partial_date": "ngày, năm hoặc tuổi",
    "integer": "số nguyên",
    "entry_number": "số trong sổ (NN/YYYY)",
    "unit_code": "mã đơn vị",
    "id_number": "số giấy tờ",
    "name": "họ tên",
}


@dataclass(frozen=True)
class Finding:
    """One difference: the column (as delivered, or as the dictionary calls a missing one) and words for officers."""

    kind: Kind | Literal["handover"]
    column: str
    policy: Policy
    text: str


@dataclass(frozen=True)
class Column:
    """One delivered column: header as written, its name in raw, field, how that was seen, and its physical type.

    ``field`` is the inner name, empty where no field explains the column. ``type`` is empty where the file has none
    (text files), else the name that the format gives it.
    """

    header: str
    name: str
    field: str
    how: str
    type: str = ""


def columns_of(register: Register, match: ColumnMatch, types: Sequence[str] = ()) -> list[Column]:
    """The columns of a delivery as they are recorded, in its order; ``types`` may be left out."""
    inner = {field.source_name: field.name for field in register.fields}
    return [
        Column(found.header.strip("\ufeff \t\r\n"), name, inner.get(found.field or "", ""), found.how, kind)
        for found, name, kind in zip(match.found, match.names, types or [""] * len(match.names), strict=True)
    ]


def judge(
    engine: JudgingEngine,
    register: Register,
    columns: Sequence[Column],
    previous: Sequence[Mapping[str, Any]],
    raw: Path,
) -> list[Finding]:
    """All differences of one delivery, in the order of kinds and columns.

    Args:
        engine: the normalisers.
        register: the dictionary with the policy.
        columns: the columns of the delivery.
        previous: the columns of the previous accepted delivery of the same unit or sender, as recorded; empty where
            there is none.
        raw: the delivery in the lake.
    """
    before = [Column(**column) for column in previous]
    names = {column.field: column.name for column in columns if column.field}
    return [
        *_added(register, columns, before),
        *_missing(register, columns, before),
        *_renamed(register, columns, before),
        *_retyped(register, columns, before, share_understood(engine, register, names, raw)),
    ]


def as_recorded(findings: Sequence[Finding]) -> tuple[dict[str, str], ...]:
    """Findings as the state database keeps them."""
    return tuple(asdict(finding) for finding in findings)


def worst(findings: Sequence[Finding]) -> Policy:
    """What has to be done about a delivery with these findings."""
    policies = {finding.policy for finding in findings}
    return "stop" if "stop" in policies else "quarantine" if "quarantine" in policies else "accept"


def sentence(findings: Sequence[Finding], policy: Policy) -> str:
    """The texts of the findings that lead to ``policy``, one after the other."""
    return joined(finding.text for finding in findings if finding.policy == policy)


def joined(texts: Iterable[str]) -> str:
    """Different sentences one after the other; the first follows the name of a file and stays as it is."""
    first, *more = dict.fromkeys(texts) or [""]
    return " ".join([first, *(text[:1].upper() + text[1:] for text in more)])


def _added(register: Register, columns: Sequence[Column], before: Sequence[Column]) -> list[Finding]:
    known = {column.header for column in before if not column.field}
    policy = register.delivering.drift.added
    return [
        Finding(
            "added",
            column.name,
            policy,
            f"cột “{column.name}” không có trong từ điển của sổ; dữ liệu vẫn giữ nguyên nhưng chưa được dùng. "
            "Nếu là tên khác của một cột đã có, sửa tên cột rồi gửi lại.",
        )
        for column in columns
        if not column.field and column.header not in known
    ]


def _missing(register: Register, columns: Sequence[Column], before: Sequence[Column]) -> list[Finding]:
    """Optional fields without a column: against the dictionary at first, then what the previous delivery had.

    A required one never comes so far: its delivery was refused by ``match_columns``.
    """
    present = {column.field for column in columns}
    had = {column.field for column in before} if before else {field.name for field in register.fields}
    policy = register.delivering.drift.missing
    where = "lần giao trước có" if before else "từ điển có"
    return [
        Finding(
            "missing",
            field.source_name,
            policy,
            f"thiếu cột “{field.source_name}” ({field.meaning}) mà {where}. "
            "Nếu phần mềm bỏ sót cột khi xuất, xuất lại đủ cột rồi gửi lại.",
        )
        for field in register.fields
        if field.name in had - present
    ]


def _renamed(register: Register, columns: Sequence[Column], before: Sequence[Column]) -> list[Finding]:
    known = {(column.field, column.header) for column in before}
    policy = register.delivering.drift.renamed
    return [
        Finding(
            "renamed",
            column.header,
            policy,
            f"cột “{column.header}” được hiểu là “{register.field(column.field).source_name}” "
            f"({register.field(column.field).meaning}). Nếu không đúng, sửa tên cột rồi gửi lại.",
        )
        for column in columns
        if column.field
        and column.header != register.field(column.field).source_name
        and (column.field, column.header) not in known
    ]


def _retyped(
    register: Register, columns: Sequence[Column], before: Sequence[Column], understood: Mapping[str, float]
) -> list[Finding]:
    """Fields whose cells are mostly not what the field holds, and columns of another physical type than before.

    A changed physical type alone is told and accepted where the cells are understood as before: a workbook may hold
    as text what it held as numbers last month.
    """
    types = {column.field: column.type for column in before if column.field and column.type}
    policy = register.delivering.drift.retyped
    findings = []
    for column in columns:
        if not column.field:
            continue
        field = register.field(column.field)
        share = understood.get(column.field)
        was = types.get(column.field)
        if share is not None and share < MIN_UNDERSTOOD:
            text = (
                f"cột “{column.header}” ({field.meaning}): chỉ {100 * share:.0f}% số ô có nội dung đọc được là "
                f"{_spoken(field)}. Có thể các cột bị đổi chỗ hoặc cột chứa dữ liệu khác; kiểm tra rồi gửi lại."
            )
            findings.append(Finding("retyped", column.header, policy, text))
        elif was and column.type and was != column.type:
            text = (
                f"cột “{column.header}” ({field.meaning}) đổi kiểu dữ liệu: lần trước {was}, lần này {column.type}. "
                "Nếu không chủ ý, xuất lại theo kiểu cũ."
            )
            findings.append(Finding("retyped", column.header, "accept" if share is not None else policy, text))
    return findings


def _spoken(field: RegisterField) -> str:
    return _SPOKEN.get(field.type, "giá trị của danh mục")
