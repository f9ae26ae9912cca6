"""Two records side by side as a person compares them: what each says of name, birth, sex, relatives, papers and place.

Holds where each register has these texts and how the numbers are masked. Chooses no pair and decides nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sosach.registers import Register, load_registers
from sosach.report.workbook_pairs import IDENTITY, PairLine, PairSide


@dataclass(frozen=True)
class _Face:
    """Where a role of a register has its texts; SQL over the core table, NULL where the register does not say."""

    prefix: str  # of ho_ten, ngay_sinh, gioi_tinh; '' where the record is about one person alone
    words: str  # what the person is in the record
    sex: str = ""  # SQL, where the register has no column of it
    number: str = ""
    father: str = "NULL"
    mother: str = "NULL"
    spouse: str = "NULL"
    name: str = ""


_HUSBAND, _WIFE = "'Nam'", "'Nữ'"
_ALONE = _Face("", "")
FACES: dict[str, dict[str, _Face]] = {
    "dan_cu": {
        "chu_the": _Face("", "", father="cha_ho_ten", mother="me_ho_ten", spouse="vo_chong_ho_ten"),
    },
    "cu_tru": {"chu_the": _Face("", "", sex="NULL", name="NULL")},
    "khai_sinh": {
        "nks": _Face(
            "nks", "người được khai sinh", "", "nks_so_dinh_danh_ca_nhan", father="cha_ho_ten", mother="me_ho_ten"
        ),
        "me": _Face("me", "mẹ của ' || coalesce(nks_ho_ten, 'trẻ') || '", _WIFE, spouse="cha_ho_ten"),
        "cha": _Face("cha", "cha của ' || coalesce(nks_ho_ten, 'trẻ') || '", _HUSBAND, spouse="me_ho_ten"),
    },
    "ket_hon": {
        "chong": _Face("chong", "chồng", _HUSBAND, spouse="vo_ho_ten"),
        "vo": _Face("vo", "vợ", _WIFE, spouse="chong_ho_ten"),
    },
    "khai_tu": {"nkt": _Face("nkt", "người chết")},
    "xac_nhan_tthn": {"nxn": _Face("nxn", "người được xác nhận")},
    "ly_hon": {
        "chong": _Face("chong", "chồng", _HUSBAND, "chong_so_giay_to", spouse="vo_ho_ten"),
        "vo": _Face("vo", "vợ", _WIFE, "vo_so_giay_to", spouse="chong_ho_ten"),
    },
    "nhan_cha_me_con": {
        "cm": _Face("cm", "cha, mẹ nhận con ' || coalesce(nc_ho_ten, '') || '"),
        "nc": _Face(
            "nc",
            "con được nhận",
            father="CASE WHEN cm_gioi_tinh = 'Nam' THEN cm_ho_ten END",
            mother="CASE WHEN cm_gioi_tinh = 'Nữ' THEN cm_ho_ten END",
        ),
    },
    "nuoi_con_nuoi": {
        "con_nuoi": _Face("con_nuoi", "con nuôi"),
        "cha_nuoi": _Face("cha_nuoi", "cha nuôi", _HUSBAND, spouse="me_nuoi_ho_ten"),
        "me_nuoi": _Face("me_nuoi", "mẹ nuôi", _WIFE, spouse="cha_nuoi_ho_ten"),
    },
    "thay_doi_ho_tich": {
        "ntd": _Face(
            "ntd",
            "' || lower(coalesce(truong_thay_doi, '')) || ': ' || coalesce(gia_tri_cu, '–') || ' → '"
            " || coalesce(gia_tri_moi, '–') || '",
            number="ntd_so_dinh_danh",
        ),
    },
    "bhyt": {"chu_the": _ALONE},
    "can_cuoc": {"chu_the": _ALONE},
    "chi_tra_an_sinh": {"chu_the": _ALONE},
    "tai_khoan_dinh_danh": {"chu_the": _ALONE},
    "tai_khoan_dvc": {"chu_the": _Face("", "", sex="NULL")},
}
"""By register and role; every role that linkage knows stands here (a test compares)."""
READS = frozenset({*FACES, "cl_don_vi"})
"""Registers and code lists that ``make_cards`` reads, for ``tables.open_tables``."""

# Names in capitals, so that marks can be compared letter by letter.
_CARD = """
SELECT '{register}' AS register, '{role}' AS role, r.record_id,
  {source} AS source, upper({name}) AS name, {birth} AS birth, {sex} AS sex,
  upper({father}) AS father, upper({mother}) AS mother, upper({spouse}) AS spouse,
  {pin} AS pin, {cmnd} AS cmnd, {other} AS other_paper, {place} AS place
FROM {register} r LEFT JOIN commune ON commune.code = r.unit
SEMI JOIN wanted_cards w ON w.register = '{register}' AND w.role = '{role}' AND w.record_id = r.record_id
"""

# What changed (source) and a birth date that nobody understood may hold a number too.
_NUMBER = r"\b(\d{3})\d{4,7}(\d{2})\b"

_CARDS = """
CREATE OR REPLACE TEMP TABLE cards AS
WITH commune AS MATERIALIZED (
  SELECT code, CASE type WHEN 'phuong' THEN 'Phường ' WHEN 'xa' THEN 'Xã ' ELSE 'Đặc khu ' END || name AS title
  FROM cl_don_vi WHERE level = 'xa' AND valid_to IS NULL),
told AS ({cards})
SELECT * EXCLUDE (other_paper) REPLACE (
    regexp_replace(source, '{number}', '\\1*******\\2', 'g') AS source,
    regexp_replace(birth, '{number}', '\\1*******\\2', 'g') AS birth),
  concat_ws('; ',
  'định danh ' || mask_id(pin), 'CMND ' || mask_id(cmnd), 'số ' || mask_id(other_paper)) AS paper
FROM told
"""

_WANTED = """
CREATE OR REPLACE TEMP TABLE wanted_cards AS
SELECT DISTINCT register, record_id, role FROM {pairs}
UNION
SELECT DISTINCT CASE WHEN subject_record_id IS NULL THEN other_register ELSE 'dan_cu' END,
  coalesce(subject_record_id, other_record_id),
  CASE WHEN subject_record_id IS NULL THEN other_role ELSE 'chu_the' END
FROM {pairs}
"""

_SIDES = ("source", "name", "birth", "sex", "father", "mother", "spouse", "paper", "place")

_LINES = """
SELECT q.register, q.record_id, q.role, coalesce(q.subject_record_id, ''), coalesce(q.other_register, ''),
  coalesce(q.other_record_id, ''), coalesce(q.other_role, ''), {first}, {second},
  coalesce(a.pin <> b.pin, a.cmnd <> b.cmnd, false), {extra}
FROM {pairs} q
LEFT JOIN cards a ON a.register = q.register AND a.record_id = q.record_id AND a.role = q.role
LEFT JOIN cards b ON b.register = CASE WHEN q.subject_record_id IS NULL THEN q.other_register ELSE 'dan_cu' END
  AND b.record_id = coalesce(q.subject_record_id, q.other_record_id)
  AND b.role = CASE WHEN q.subject_record_id IS NULL THEN q.other_role ELSE 'chu_the' END
"""


def make_cards(con: duckdb.DuckDBPyConnection, expectations: Path, pairs: str) -> None:
    """Create table ``cards``, a row for each record and role that a pair names; without pairs it is empty.

    Args:
        con: a connection with the registers, the code lists and the macros.
        expectations: folder of the registers.
        pairs: table with ``register, record_id, role, subject_record_id, other_register, other_record_id,
            other_role``; ``subject_record_id`` is NULL where the second record is a mention.
    """
    registers = load_registers(expectations)
    con.execute(_WANTED.format(pairs=pairs))
    found = con.execute("SELECT DISTINCT register, role FROM wanted_cards ORDER BY ALL").fetchall()
    cards = " UNION ALL ".join(_card(registers[register], role, FACES[register][role]) for register, role in found)
    if not found:
        cards = _card(registers["dan_cu"], "chu_the", FACES["dan_cu"]["chu_the"])
    con.execute(_CARDS.format(cards=cards, number=_NUMBER))


def lines_of_pairs(
    con: duckdb.DuckDBPyConnection, pairs: str, likeness: str, reason: str, where: str, order: str
) -> Iterator[PairLine]:
    """The pairs of a table as people see them, after ``make_cards``.

    Args:
        con: the connection.
        pairs: the table, named ``q`` in the expressions that follow.
        likeness: SQL of one of ``workbook_pairs.LIKENESSES``, or ``''``.
        reason: SQL of the words of the explanation, or ``''``.
        where: SQL of the pairs that are wanted.
        order: SQL that puts them in a total order.
    """
    first, second = (", ".join(f"coalesce({side}.{c}, '')" for c in _SIDES) for side in "ab")
    query = _LINES.format(pairs=pairs, first=first, second=second, extra=f"{likeness}, {reason}")
    n = len(_SIDES)
    for row in con.execute(f"{query} WHERE {where} ORDER BY {order}").fetchall():
        sides = PairSide(*row[7 : 7 + n]), PairSide(*row[7 + n : 7 + 2 * n])
        differ, alike, why = row[7 + 2 * n :]
        identity = dict(zip(IDENTITY, row, strict=False))
        yield PairLine(**identity, sides=sides, papers_differ=differ, likeness=alike or "", reason=why or "")


def _card(register: Register, role: str, face: _Face) -> str:
    """SELECT of the cards of one role."""
    columns = register.core_columns
    lead = f"{face.prefix}_" if face.prefix else ""
    birth = f"{lead}ngay_sinh"
    number = face.number or (f"{lead}so_giay_to_tuy_than" if lead else "so_dinh_danh")
    cmnd = "so_cmnd" if "so_cmnd" in columns else number
    return _CARD.format(
        register=register.register_id,
        role=role,
        source=_source(register, face),
        name=face.name or f"{lead}ho_ten",
        birth=f"coalesce(vn_date({birth}), {birth}_nam::VARCHAR, raw_{birth})" if birth in columns else "NULL",
        sex=face.sex or f"{lead}gioi_tinh",
        father=face.father,
        mother=face.mother,
        spouse=face.spouse,
        pin=f"CASE WHEN is_pin({number}) THEN {number} END",
        cmnd=f"CASE WHEN is_cmnd({cmnd}) THEN {cmnd} END",
        other=f"CASE WHEN NOT is_pin({number}) AND NOT is_cmnd({number}) THEN {number} END",
        place="toa_an" if register.kind == "toa_an" else "title",
    )


def _source(register: Register, face: _Face) -> str:
    """SQL of the words that find the record: register, what the person is in it, number, book and day."""
    head = f"'{register.title}" + (f" – {face.words}'" if face.words else "'")
    match register.kind:
        case "ho_tich":
            rest = "'số ' || so, 'quyển ' || quyen_so, 'ngày ' || vn_date(ngay_dang_ky)"
        case "toa_an":
            rest = "'số ' || so_ban_an, 'ngày ' || vn_date(ngay_ban_an)"
        case _:
            rest = "NULL"
    return f"concat_ws(', ', {head}, {rest})"
