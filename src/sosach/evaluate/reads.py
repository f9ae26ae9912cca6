"""What a rule looks at: the fields of registers whose error may change its verdict.

Read from the rule's own SQL, so that no list has to be kept beside the rules. Holds no data.
"""

from collections.abc import Set as AbstractSet

from sosach.checks.catalogue import CROSS_REGISTER, Catalogue
from sosach.checks.rule import Rule
from sosach.checks.sql_text import parse_expression, parse_select
from sosach.link.mentions import ROLES, SUBJECTS
from sosach.registers import Register

COVERAGE = {
    "so_ho_tich": ("ma_noi_dang_ky", "loai_so", "nam_mo_so", "so_truong_hop"),
    "khai_sinh": ("noi_dang_ky", "so"),
    "ket_hon": ("noi_dang_ky", "so"),
    "khai_tu": ("noi_dang_ky", "so"),
    "xac_nhan_tthn": ("noi_dang_ky", "so"),
}
"""Fields that the count of books rests on (``link.coverage``)."""

MARITAL_STATUS = {
    "ket_hon": (
        *("noi_dang_ky", "so", "ngay_dang_ky", "ngay_xac_lap_quan_he_hon_nhan", "tinh_trang_ket_hon"),
        "huy_ket_hon_ngay_ghi_chu",
    ),
    "ly_hon": ("loai_viec", "ngay_ban_an", "ngay_hieu_luc", "ket_hon_noi_dang_ky", "ket_hon_so"),
    "khai_tu": ("nkt_ngay_chet", "ngay_dang_ky"),
    "dan_cu": (
        *("so_dinh_danh", "ho_ten", "ngay_sinh", "gioi_tinh", "ngay_chet", "tinh_trang_hon_nhan"),
        *("vo_chong_ho_ten", "vo_chong_so_dinh_danh"),
    ),
    "cu_tru": ("loai_cu_tru", "ma_dvhc", "tu_ngay", "den_ngay"),
}
"""Fields that the derived status rests on beside linkage and coverage (``link.events``)."""

Reads = dict[str, set[str]]
"""Register to the inner names of its fields."""


def own_fields(rule: Rule, register: Register) -> set[str]:
    """Fields of the rule's own record (or of those that its figure counts) that its condition names."""
    names = parse_expression(rule.applies).columns | set(rule.shape_columns)
    if rule.passes_when is not None:
        names |= parse_expression(rule.passes_when).columns
    if rule.aggregate is not None and rule.aggregate.rows is None:
        names |= {name for text in rule.sql_texts for name in text.columns}
    return _fields(register, names)


def rule_reads(rule: Rule, registers: dict[str, Register]) -> Reads:
    """Everything that the rule's verdict depends on, its lookup and the tables behind it included."""
    reads: Reads = {rule.register_id: own_fields(rule, registers[rule.register_id])}
    names = {name for text in rule.sql_texts for name in text.columns} if looks_further(rule) else set()
    if rule.pair is not None:
        names |= set(rule.pair.columns.values())
    for table in rule.tables:
        if table in registers:
            _add(reads, table, _fields(registers[table], names))
    if rule.tables & {"links", "persons", "marital_status"}:
        for name, fields in linkage_reads(registers).items():
            _add(reads, name, fields)
    behind = [COVERAGE] if "coverage" in rule.tables else []
    behind += [COVERAGE, MARITAL_STATUS] if "marital_status" in rule.tables else []
    for part in behind:
        for name, listed in part.items():
            _add(reads, name, set(listed))
    return reads


def looks_further(rule: Rule) -> bool:
    """Does the rule look at other records than its own?"""
    return bool(rule.lookup or rule.pair or rule.order or rule.aggregate)


def linkage_reads(registers: dict[str, Register]) -> Reads:
    """Fields by which records are joined to persons, from the roles that linkage declares."""
    reads: Reads = {}
    for role in (*ROLES, SUBJECTS):
        names = {name for text in role.expressions for name in parse_expression(text).columns}
        _add(reads, role.register, _fields(registers[role.register], names))
    return reads


def code_of(rule_id: str) -> str:
    """The code of ``domain.md`` that a rule id stands for: ``TX01-KH-CHONG`` is TX01."""
    return rule_id.split("-", 1)[0]


def compares_registers(rule: Rule, catalogue: Catalogue) -> bool:
    """Does the rule stand among those that compare registers?"""
    return catalogue.files[rule.id].parent.name == CROSS_REGISTER


def sees_neighbours(rule: Rule, register: Register) -> bool:
    """Does the rule ask about the entries beside a record in its book (number taken twice, left out, out of order)?"""
    if rule.sequence or rule.unique:
        return "so" in own_fields(rule, register)
    if rule.lookup is None or register.register_id not in rule.tables:
        return False
    return "so" in _fields(register, parse_select(rule.lookup).columns)


def _fields(register: Register, names: AbstractSet[str]) -> set[str]:
    return {field.name for field in register.fields if names & set(field.columns)}


def _add(reads: Reads, register: str, fields: set[str]) -> None:
    reads.setdefault(register, set()).update(fields)
