"""What is compared, field by field: every statement about it, and which of them is the main one.

A *statement* is one register's value of one field of one item (a person, or a judgment with its marriage). The *main*
statement is the one that the others are held against: that of the population record. Besides records, witnesses speak
that are no cell of their own: the digits of the identity number, a middle name, a parent's own record. Holds the SQL of
statements only; comparing is in ``reconcile_pairs``, judging in ``trust``.
"""

from dataclasses import dataclass
from typing import Literal

from sosach.link.reconcile_sources import holders

FieldType = Literal["name", "date", "code", "number", "place"]

_YEAR_OF_PIN = "(1900 + 100 * (substr({0}, 4, 1)::INTEGER // 2) + substr({0}, 5, 2)::INTEGER)"
_SEX_OF_PIN = "CASE WHEN substr({0}, 4, 1)::INTEGER % 2 = 0 THEN 'Nam' ELSE 'Nữ' END"


@dataclass(frozen=True)
class Field:
    """One compared field.

    Attributes:
        name: as in ``differences.field``.
        type: how values are compared.
        xr: class of domain.md 3.2 of a difference; ``missing_there`` that of a value that the main record lacks.
        statements: SELECT item, register, role, record_id, main, cell (a cell of a record, not a mere witness),
            value (of a name the text, of a date ISO or the year, else the code), written (the code before a renaming),
            ngay, nam (of a date), loose (the year was counted back from an age), mark (what can be seen on the value
            alone, ``reconcile_words.SHAPE_WORDS``), dated (when the record was made).
        judged: whether more than two kinds of witness speak; between two alone nothing can be told.
        alternatives: how many wrong values a slip may lead to: what makes it unlikely that two slips agree.
    """

    name: str
    type: FieldType
    xr: str | None
    statements: str
    alternatives: int
    missing_there: str | None = None
    judged: bool = True


def _basic(value: str, holder: str, extra: str = "") -> str:
    return f"""SELECT item, register, role, record_id, main, concat(register, '.', role) IN ({holders(holder)}) AS cell,
      {value} AS value, NULL::VARCHAR AS written, ngay, nam, loose, '' AS mark, dated FROM said {extra}"""


_UNDATED = "NULL::DATE AS ngay, NULL::INTEGER AS nam, FALSE AS loose, '' AS mark"
_NO_GROUP = "CASE WHEN dan_toc IN ('Người nước ngoài', 'Không rõ', 'Dân tộc khác') THEN 'tam' ELSE '' END AS mark"
_NO_DATE = f"NULL::VARCHAR AS written, {_UNDATED}"
_WITNESS = "'' AS record_id, FALSE AS main, FALSE AS cell"
_PINS = "(SELECT DISTINCT item, so_dinh_danh FROM said WHERE so_dinh_danh IS NOT NULL)"
_OWN_PIN = "(SELECT DISTINCT item, so_dinh_danh FROM said WHERE main AND so_dinh_danh IS NOT NULL)"

_BIRTH = f"""{_basic("coalesce(strftime(ngay, '%Y-%m-%d'), nam::VARCHAR)", "birth")}
UNION ALL SELECT item, 'so_dinh_danh', '', {_WITNESS}, {_YEAR_OF_PIN.format("so_dinh_danh")}::VARCHAR, NULL, NULL,
  {_YEAR_OF_PIN.format("so_dinh_danh")}, FALSE, '', NULL FROM {_PINS}"""

_SEX = f"""{_basic("CASE WHEN gioi_tinh IN ('Nam', 'Nữ') THEN gioi_tinh END", "sex")}
UNION ALL SELECT item, 'so_dinh_danh', '', {_WITNESS}, {_SEX_OF_PIN.format("so_dinh_danh")}, {_NO_DATE}, NULL
FROM {_PINS}
UNION ALL SELECT DISTINCT item, 'chu_dem', '', {_WITNESS},
  CASE WHEN regexp_matches(lower(ho_ten), ' thị ') THEN 'Nữ' ELSE 'Nam' END, {_NO_DATE}, NULL
FROM said WHERE main AND regexp_matches(lower(ho_ten), ' (thị|văn) ')"""

# A birth entry speaks for its child, the parents' own population records speak beside it. The number that the entry
# means, where it has none, is that of the citizen to whom its parent is joined.
_PARENT = """
SELECT w.item, 'dan_cu' AS register, 'chu_the' AS role, d.record_id, TRUE AS main, TRUE AS cell,
  d.{parent}_ho_ten AS value, {no_date}, NULL::DATE AS dated FROM dan_cu d JOIN mains w USING (record_id)
UNION ALL
SELECT b.item, 'khai_sinh', 'nks', k.record_id, FALSE, TRUE, k.{parent}_ho_ten, {no_date}, k.ngay_dang_ky
FROM khai_sinh k JOIN who b ON b.register = 'khai_sinh' AND b.role = 'nks' AND b.record_id = k.record_id
UNION ALL
SELECT DISTINCT b.item, '{parent}', '', {witness}, d.ho_ten, {no_date}, NULL::DATE
FROM who b JOIN who p ON p.register = 'khai_sinh' AND p.role = '{parent}' AND p.record_id = b.record_id
JOIN mains m ON m.item = p.item JOIN dan_cu d ON d.record_id = m.record_id
WHERE b.register = 'khai_sinh' AND b.role = 'nks' AND d.ho_ten IS NOT NULL
"""
_PARENT_NUMBER = """
SELECT w.item, 'dan_cu' AS register, 'chu_the' AS role, d.record_id, TRUE AS main, TRUE AS cell,
  CASE WHEN is_pin({named}) THEN {named} END AS value, NULL::VARCHAR AS written, {undated}, {mark} AS mark,
  NULL::DATE AS dated
FROM dan_cu d JOIN mains w USING (record_id) LEFT JOIN holder h ON h.so_dinh_danh = {named}
UNION ALL
SELECT b.item, 'khai_sinh', 'nks', k.record_id, FALSE, TRUE,
  CASE WHEN is_pin({entered}) THEN {entered} ELSE o.so_dinh_danh END, NULL, {undated}, '', k.ngay_dang_ky
FROM khai_sinh k JOIN who b ON b.register = 'khai_sinh' AND b.role = 'nks' AND b.record_id = k.record_id
LEFT JOIN who p ON p.register = 'khai_sinh' AND p.role = '{parent}' AND p.record_id = k.record_id
LEFT JOIN holder o ON o.item = p.item AND o.sound
"""
# Whose number it is: nobody's, that of one of the other sex, or of one with quite another name.
_MARK = """CASE WHEN NOT is_pin({number}) THEN '' WHEN substr({number}, 4, 1)::INTEGER % 2 <> {odd} THEN 'sai_gioi'
  WHEN h.item IS NULL THEN 'khong_co' WHEN h.khoa <> name_key({name}) THEN 'ten_khac' ELSE '' END"""


def _parent(parent: str) -> str:
    return _PARENT.format(parent=parent, no_date=_NO_DATE, witness=_WITNESS)


def _parent_number(parent: str, odd: int) -> str:
    named = f"d.{parent}_so_dinh_danh"
    return _PARENT_NUMBER.format(
        parent=parent, named=named, entered=f"k.{parent}_so_giay_to_tuy_than",
        undated="NULL::DATE AS ngay, NULL::INTEGER AS nam, FALSE AS loose",
        mark=_MARK.format(number=named, odd=odd, name=f"d.{parent}_ho_ten"),
    )  # fmt: skip


HOLDER = f"""
SELECT item, so_dinh_danh, name_key(ho_ten) AS khoa,
  coalesce({_SEX_OF_PIN.format("so_dinh_danh")} = gioi_tinh AND {_YEAR_OF_PIN.format("so_dinh_danh")} = nam, FALSE)
    AS sound
FROM said WHERE main AND so_dinh_danh IS NOT NULL QUALIFY count(*) OVER (PARTITION BY so_dinh_danh) = 1"""
"""Citizens by number; a number of several is nobody's. ``sound``: its digits agree with sex and birth year."""


# The last marriage that no judgment and no annulment ended; the other side's own record speaks beside it.
MARRIAGES = """
WITH m AS (
  SELECT w.item, w.role, k.record_id, k.ngay_dang_ky, o.item AS other, k.chong_ho_ten, k.vo_ho_ten,
    k.chong_so_giay_to_tuy_than, k.vo_so_giay_to_tuy_than, k.tinh_trang_ket_hon, k.huy_ket_hon_ngay_ghi_chu
  FROM ket_hon k JOIN who w ON w.register = 'ket_hon' AND w.record_id = k.record_id
  JOIN who o ON o.register = 'ket_hon' AND o.record_id = k.record_id AND o.role <> w.role
  WHERE k.ngay_dang_ky IS NOT NULL),
ended AS (
  SELECT DISTINCT a.item, b.item AS other, coalesce(j.ngay_hieu_luc, j.ngay_ban_an) AS since
  FROM ly_hon j JOIN who a ON a.register = 'ly_hon' AND a.record_id = j.record_id
  JOIN who b ON b.register = 'ly_hon' AND b.record_id = j.record_id AND b.role <> a.role)
SELECT DISTINCT ON (item) item, role, record_id, ngay_dang_ky, other,
  CASE role WHEN 'chong' THEN vo_ho_ten ELSE chong_ho_ten END AS ho_ten,
  CASE role WHEN 'chong' THEN vo_so_giay_to_tuy_than ELSE chong_so_giay_to_tuy_than END AS so,
  huy_ket_hon_ngay_ghi_chu IS NOT NULL OR coalesce(tinh_trang_ket_hon IN ('Đã ly hôn', 'Đã hủy việc kết hôn'), FALSE)
    OR EXISTS (FROM ended e WHERE e.item = m.item AND e.other = m.other AND e.since >= m.ngay_dang_ky) AS over
FROM m ORDER BY item, ngay_dang_ky DESC, record_id, role"""

_SPOUSE = """
SELECT w.item, 'dan_cu' AS register, 'chu_the' AS role, d.record_id, TRUE AS main, TRUE AS cell,
  d.vo_chong_ho_ten AS value, {no_date}, NULL::DATE AS dated FROM dan_cu d JOIN mains w USING (record_id)
UNION ALL
SELECT item, 'ket_hon', role, record_id, FALSE, TRUE, ho_ten, {no_date}, ngay_dang_ky FROM marriage WHERE NOT over
UNION ALL
SELECT DISTINCT m.item, 'vo_chong', '', {witness}, d.ho_ten, {no_date}, NULL::DATE
FROM marriage m JOIN mains s ON s.item = m.other JOIN dan_cu d ON d.record_id = s.record_id
WHERE NOT m.over AND d.ho_ten IS NOT NULL
UNION ALL
SELECT DISTINCT w.item, 'vo_chong_khai', '', {witness}, d.ho_ten, {no_date}, NULL::DATE
FROM dan_cu d JOIN holder w ON w.so_dinh_danh = d.vo_chong_so_dinh_danh WHERE d.ho_ten IS NOT NULL
"""
_SPOUSE_NUMBER = """
SELECT w.item, 'dan_cu' AS register, 'chu_the' AS role, d.record_id, TRUE AS main, TRUE AS cell,
  CASE WHEN is_pin(d.vo_chong_so_dinh_danh) THEN d.vo_chong_so_dinh_danh END AS value, NULL::VARCHAR AS written,
  NULL::DATE AS ngay, NULL::INTEGER AS nam, FALSE AS loose, {mark} AS mark, NULL::DATE AS dated
FROM dan_cu d JOIN mains w USING (record_id) LEFT JOIN holder h ON h.so_dinh_danh = d.vo_chong_so_dinh_danh
UNION ALL
SELECT m.item, 'ket_hon', m.role, m.record_id, FALSE, TRUE,
  CASE WHEN is_pin(m.so) THEN m.so ELSE o.so_dinh_danh END, {no_date}, m.ngay_dang_ky
FROM marriage m LEFT JOIN holder o ON o.item = m.other AND o.sound WHERE NOT m.over
UNION ALL
SELECT DISTINCT w.item, 'vo_chong_khai', '', {witness}, d.so_dinh_danh, {no_date}, NULL::DATE
FROM dan_cu d JOIN holder w ON w.so_dinh_danh = d.vo_chong_so_dinh_danh WHERE is_pin(d.so_dinh_danh)
"""
_SPOUSE_MARK = """CASE WHEN NOT is_pin(d.vo_chong_so_dinh_danh) THEN ''
  WHEN (substr(d.vo_chong_so_dinh_danh, 4, 1)::INTEGER % 2 = 0) = (d.gioi_tinh = 'Nam') THEN 'sai_gioi'
  WHEN h.item IS NULL THEN 'khong_co' WHEN h.khoa <> name_key(d.vo_chong_ho_ten) THEN 'ten_khac' ELSE '' END"""


def _spouse(template: str) -> str:
    return template.format(no_date=_NO_DATE, witness=_WITNESS, mark=_SPOUSE_MARK)


# Of a commune today's code, of another province its own; where a text leaves several open there is no value.
_PLACE = "CASE WHEN {0}_cach IN ('du', 'ten_cu', 'thieu_huyen', 'theo_ngay', 'ngoai_tinh') THEN {0}_ma_nay END"
_HOME = f"""
SELECT w.item, 'dan_cu' AS register, 'chu_the' AS role, d.record_id, TRUE AS main, TRUE AS cell,
  {_PLACE.format("d.que_quan")} AS value, d.que_quan_ma AS written, {_UNDATED}, NULL::DATE AS dated
FROM dan_cu d JOIN mains w USING (record_id)
UNION ALL SELECT b.item, 'khai_sinh', 'nks', k.record_id, FALSE, TRUE, {_PLACE.format("k.nks_que_quan")},
  k.nks_que_quan_ma, {_UNDATED},
  k.ngay_dang_ky
FROM khai_sinh k JOIN who b ON b.register = 'khai_sinh' AND b.role = 'nks' AND b.record_id = k.record_id"""

_FIRST_ENTRY = "coalesce(k.loai_dang_ky, '') IN ('Đúng hạn', 'Quá hạn')"
_BIRTH_PLACE = f"""
SELECT w.item, 'dan_cu' AS register, 'chu_the' AS role, d.record_id, TRUE AS main, TRUE AS cell,
  {_PLACE.format("d.noi_dang_ky_khai_sinh")} AS value, d.noi_dang_ky_khai_sinh_ma AS written, {_UNDATED},
  NULL::DATE AS dated
FROM dan_cu d JOIN mains w USING (record_id)
UNION ALL SELECT b.item, 'khai_sinh', 'nks', k.record_id, FALSE, TRUE, u.unit, k.noi_dang_ky, {_UNDATED},
  k.ngay_dang_ky
FROM khai_sinh k JOIN who b ON b.register = 'khai_sinh' AND b.role = 'nks' AND b.record_id = k.record_id
LEFT JOIN cl_unit_now u ON u.code = k.noi_dang_ky WHERE {_FIRST_ENTRY}
UNION ALL SELECT item, 'so_dinh_danh', '', {_WITNESS}, '40', {_NO_DATE}, NULL::DATE FROM {_OWN_PIN}
WHERE so_dinh_danh LIKE '040%'"""

# The first three digits of the number are the main statement: they name the province where birth was registered.
_BIRTH_PROVINCE = f"""
SELECT w.item, 'dan_cu' AS register, 'chu_the' AS role, d.record_id, TRUE AS main, TRUE AS cell,
  CASE WHEN is_pin(d.so_dinh_danh) THEN left(d.so_dinh_danh, 3) END AS value, {_NO_DATE}, NULL::DATE AS dated
FROM dan_cu d JOIN mains w USING (record_id)
UNION ALL SELECT b.item, 'khai_sinh', 'nks', k.record_id, FALSE, TRUE, '040', {_NO_DATE}, k.ngay_dang_ky
FROM khai_sinh k JOIN who b ON b.register = 'khai_sinh' AND b.role = 'nks' AND b.record_id = k.record_id
JOIN cl_unit_now u ON u.code = k.noi_dang_ky WHERE {_FIRST_ENTRY}
UNION ALL SELECT w.item, 'noi_khai_sinh', '', {_WITNESS}, '040', {_NO_DATE}, NULL::DATE
FROM dan_cu d JOIN mains w USING (record_id) WHERE length({_PLACE.format("d.noi_dang_ky_khai_sinh")}) = 5"""

_DEATH = """
SELECT w.item, 'dan_cu' AS register, 'chu_the' AS role, d.record_id, TRUE AS main, TRUE AS cell,
  strftime(d.ngay_chet, '%Y-%m-%d') AS value, NULL::VARCHAR AS written, d.ngay_chet AS ngay, year(d.ngay_chet) AS nam,
  FALSE AS loose, '' AS mark,
  NULL::DATE AS dated FROM dan_cu d JOIN mains w USING (record_id)
UNION ALL SELECT b.item, 'khai_tu', 'nkt', k.record_id, FALSE, TRUE,
  coalesce(strftime(k.nkt_ngay_chet, '%Y-%m-%d'), k.nkt_ngay_chet_nam::VARCHAR), NULL, k.nkt_ngay_chet,
  k.nkt_ngay_chet_nam,
  FALSE, '', k.ngay_dang_ky
FROM khai_tu k JOIN who b ON b.register = 'khai_tu' AND b.record_id = k.record_id"""

# A judgment and the entry of the couple's marriage that it names, by number and book or by date.
JUDGED = """
SELECT row_number() OVER (ORDER BY j.record_id) AS item, j.record_id AS judgment, arg_max(k.record_id,
  (coalesce(k.so = j.ket_hon_so AND k.quyen_so = j.ket_hon_quyen_so, FALSE), coalesce(k.ngay_dang_ky
    <= j.ngay_ban_an, FALSE), k.ngay_dang_ky, k.record_id)) AS entry
FROM ly_hon j
JOIN who a ON a.register = 'ly_hon' AND a.role = 'chong' AND a.record_id = j.record_id
JOIN who b ON b.register = 'ly_hon' AND b.role = 'vo' AND b.record_id = j.record_id
JOIN who c ON c.register = 'ket_hon' AND c.role = 'chong' AND c.item = a.item
JOIN who d ON d.register = 'ket_hon' AND d.role = 'vo' AND d.item = b.item AND d.record_id = c.record_id
JOIN ket_hon k ON k.record_id = c.record_id
WHERE k.ngay_dang_ky = j.ket_hon_ngay_dang_ky OR (k.so = j.ket_hon_so AND k.quyen_so = j.ket_hon_quyen_so)
GROUP BY j.record_id"""

_JUDGED = """
SELECT p.item, 'ket_hon' AS register, 'su_kien' AS role, k.record_id, TRUE AS main, TRUE AS cell, {entry} AS value,
  NULL::VARCHAR AS written, {entry_day}, FALSE AS loose, '' AS mark, k.ngay_dang_ky AS dated
FROM judged p JOIN ket_hon k ON k.record_id = p.entry
UNION ALL SELECT p.item, 'ly_hon', 'su_kien', j.record_id, FALSE, TRUE, {judgment}, NULL, {judgment_day},
  FALSE, '', j.ngay_ban_an
FROM judged p JOIN ly_hon j ON j.record_id = p.judgment"""


def _judged(entry: str, judgment: str, date: bool = False) -> str:
    if not date:
        nothing = "NULL::DATE AS ngay, NULL::INTEGER AS nam"
        return _JUDGED.format(entry=entry, judgment=judgment, entry_day=nothing, judgment_day=nothing)
    own = _JUDGED.format(
        entry=f"strftime({entry}, '%Y-%m-%d')",
        judgment=f"strftime({judgment}, '%Y-%m-%d')",
        entry_day=f"{entry} AS ngay, year({entry}) AS nam",
        judgment_day=f"{judgment} AS ngay, year({judgment}) AS nam",
    )
    return f"""{own}
UNION ALL SELECT p.item, 'so_ket_hon', '', {_WITNESS}, k.so_nam::VARCHAR, NULL, NULL, k.so_nam, FALSE, '', NULL
FROM judged p JOIN ket_hon k ON k.record_id = p.entry WHERE k.so_nam IS NOT NULL
UNION ALL SELECT p.item, 'so_ket_hon_ban_an', '', {_WITNESS}, right(j.ket_hon_so, 4), NULL, NULL,
  right(j.ket_hon_so, 4)::INTEGER, FALSE, '', NULL
FROM judged p JOIN ly_hon j ON j.record_id = p.judgment WHERE regexp_full_match(j.ket_hon_so, '[0-9]+/[0-9]{{4}}')"""


FIELDS: tuple[Field, ...] = (
    Field("ho_ten", "name", "XR01", _basic("ho_ten", "name"), 30),
    Field("ngay_sinh", "date", "XR02", _BIRTH, 30),
    Field("gioi_tinh", "code", "XR03", _SEX, 1),
    Field("dan_toc", "code", None, _basic("dan_toc", "ethnic").replace("'' AS mark", _NO_GROUP), 10),
    Field("so_dinh_danh", "number", "XR01", _basic("so_dinh_danh", "number"), 100),
    Field(
        "so_cmnd", "number", None, _basic("so_cmnd", "number", "WHERE register <> 'khai_sinh' OR role <> 'nks'"), 100
    ),
    Field("cha_ho_ten", "name", "XR04", _parent("cha"), 30),
    Field("me_ho_ten", "name", "XR04", _parent("me"), 30),
    Field("cha_so_dinh_danh", "number", "XR04", _parent_number("cha", odd=0), 100),
    Field("me_so_dinh_danh", "number", "XR04", _parent_number("me", odd=1), 100),
    Field("vo_chong_ho_ten", "name", "XR08", _spouse(_SPOUSE), 30),
    Field("vo_chong_so_dinh_danh", "number", "XR08", _spouse(_SPOUSE_NUMBER), 100),
    Field("que_quan", "place", None, _HOME, 30, judged=False),
    Field("noi_dang_ky_khai_sinh", "place", None, _BIRTH_PLACE, 30, judged=False),
    Field("ma_noi_khai_sinh", "code", "XR11", _BIRTH_PROVINCE, 30),
    Field("ngay_chet", "date", None, _DEATH, 30, "XR09", judged=False),
    Field("ket_hon_so", "code", None, _judged("k.so", "j.ket_hon_so"), 30, judged=False),
    Field("ket_hon_quyen_so", "code", None, _judged("k.quyen_so", "j.ket_hon_quyen_so"), 30, judged=False),
    Field("ket_hon_ngay_dang_ky", "date", None, _judged("k.ngay_dang_ky", "j.ket_hon_ngay_dang_ky", date=True), 30),
    Field("ket_hon_noi_dang_ky", "code", None, _judged("k.noi_dang_ky", "j.ket_hon_noi_dang_ky"), 30, judged=False),
)
"""All compared fields, in the order in which they are told."""
