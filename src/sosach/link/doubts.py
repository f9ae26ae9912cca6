"""Grounds on which a status that all registers agree on is not confirmed all the same.

Each ground is a query over ``asked`` (citizens whose registers agree) that gives the records it holds for; the words
for officers stand beside it. What is asked in which order, and the verdict, is in ``confirmable``.
"""

import duckdb

REASONS = {
    "du_can_cu": "Khẳng định được bằng dữ liệu",
    "so_dinh_danh": "Số định danh thiếu, trùng hoặc sai cấu trúc",
    "chua_khop": "Dân cư và hộ tịch, tòa án chưa khớp",
    "du_lieu_cu": "Dữ liệu dân cư của xã quá 06 tháng chưa cập nhật",
    "co_nghi_van": "Còn nghi vấn: lệch nhân thân, mượn danh tính hoặc ly hôn ở nước ngoài chưa ghi chú",
    "thieu_mat_xich": "Chuỗi chứng cứ còn thiếu một mắt xích",
    "chua_ro_nguoi": "Còn bản ghi kết hôn, ly hôn, khai tử có thể là của người này, chờ xác minh",
    "vo_chong_khong_ro": "Không thấy vợ (chồng) còn sống trong dữ liệu dân cư",
    "vo_chong_khac_so": "Dân cư không ghi hoặc ghi số định danh vợ (chồng) khác người trong sổ kết hôn",
    "vo_chong_chua_khop": "Bản ghi của vợ (chồng) chưa khớp với hôn nhân này",
    "nguoi_khac_khai": "Có người khác khai người này là vợ (chồng)",
    "ho_gia_dinh": "Quan hệ trong hộ gia đình cho thấy đang có vợ hoặc chồng",
    "co_con": "Có con khai sinh đủ cha mẹ mà không thấy hôn nhân",
    "giay_xac_nhan": "Giấy xác nhận đã cấp nói khác, hoặc đã cấp để kết hôn mà chưa thấy kết hôn",
    "tinh_khac": "Số định danh do tỉnh khác cấp, phải hỏi nơi đăng ký khai sinh",
    "vang_mat": "Từng tạm vắng hoặc cư trú ngoài tỉnh",
    "chua_ro_noi_cu_tru": "Không rõ nơi thường trú trong cả thời gian phải xét",
    "chua_du_so": "Sổ kết hôn của nơi từng cư trú chưa số hóa đủ",
    "ngoai_dien": "Đã chết hoặc chưa đến tuổi kết hôn",
}
"""Codes of ``marital_status.reason`` in words; of several the one that stands first here is given."""

NEGATIVE = "a.derived <> 'DANG_CO_VO_CHONG'"
"""Never married, or not married again since the last marriage ended: nothing but absence says so."""

# A status that is half a year old is worth no more than a certificate of that age (NĐ 123/2015 Điều 23: 6 months).
_STALE = """
SELECT a.record_id FROM asked a LEFT JOIN (
  SELECT unit, max(ngay_cap_nhat) AS latest FROM dan_cu GROUP BY unit) u USING (unit)
WHERE coalesce(u.latest < getvariable('run_date') - INTERVAL 6 MONTH, true)
"""

# Another name or birth year in the entry, borrowed papers, a foreign divorce without a note (classes H, K of domain.md
# 4.2); and a step of the proof without its date or its record. Class G leaves the status what it is, or is a ground of
# its own: a spouse whom nobody could place, a marriage without its entry.
_FLAGGED = "SELECT record_id FROM asked WHERE list_has_any(flags, ['H1', 'H2', 'K1'])"
_GAP = "SELECT record_id FROM asked WHERE proof_gap <> 'vo_chong_chua_noi'"

# An entry that linkage could give to nobody, of the same name and sex and with no birth date that tells them apart. Of
# the married only a divorce would matter.
_UNPLACED = f"""
WITH loose AS MATERIALIZED (
  SELECT l.register, l.role,
    k.chong_ho_ten AS his_name, k.chong_ngay_sinh AS his_birth, k.chong_ngay_sinh_nam AS his_year,
    k.vo_ho_ten AS her_name, k.vo_ngay_sinh AS her_birth, k.vo_ngay_sinh_nam AS her_year,
    coalesce(k.ngay_xac_lap_quan_he_hon_nhan, k.ngay_dang_ky) AS day
  FROM links l JOIN ket_hon k ON l.register = 'ket_hon' AND l.record_id = k.record_id WHERE l.method = 'unlinked'
  UNION ALL
  SELECT l.register, l.role, j.chong_ho_ten, j.chong_ngay_sinh, j.chong_ngay_sinh_nam,
    j.vo_ho_ten, j.vo_ngay_sinh, j.vo_ngay_sinh_nam, coalesce(j.ngay_hieu_luc, j.ngay_ban_an)
  FROM links l JOIN ly_hon j ON l.register = 'ly_hon' AND l.record_id = j.record_id WHERE l.method = 'unlinked'),
parties AS MATERIALIZED (
  SELECT register, day, 'Nam' AS sex, name_key(his_name) AS name, his_birth AS birth, his_year AS birth_year
  FROM loose WHERE role = 'chong'
  UNION ALL
  SELECT register, day, 'Nữ', name_key(her_name), her_birth, her_year FROM loose WHERE role = 'vo')
SELECT a.record_id FROM asked a JOIN parties p ON p.name = a.name AND p.sex = a.gioi_tinh
WHERE coalesce(p.birth = a.ngay_sinh, p.birth_year = a.ngay_sinh_nam, true)
  AND (p.register = 'ly_hon' OR {NEGATIVE}) AND coalesce(p.day >= a.since, true)
"""

_IN_REVIEW = """
SELECT a.record_id FROM asked a JOIN link_pairs p ON p.subject_record_id = a.record_id
WHERE p.decision = 'review' AND p.register IN ('ket_hon', 'ly_hon', 'khai_tu', 'dan_cu')
  AND p.role IN ('chong', 'vo', 'nkt', 'chu_the')
"""

# Marriage is a matter of two: what one record proves must not be denied by the other.
_SPOUSE_UNKNOWN = """
SELECT a.record_id FROM asked a LEFT JOIN spouses s ON s.record_id = a.record_id
WHERE a.derived = 'DANG_CO_VO_CHONG' AND (s.living AND s.sound) IS NOT TRUE
"""

_SPOUSE_OTHER_NUMBER = """
SELECT a.record_id FROM asked a JOIN spouses s ON s.record_id = a.record_id
WHERE coalesce(a.said_number <> s.number, false) OR coalesce(s.said_number <> a.number, false)
  OR (a.said_number IS NULL AND s.said_number IS NULL)
"""

_SPOUSE_DENIES = """
SELECT a.record_id FROM asked a JOIN spouses s ON s.record_id = a.record_id
WHERE s.class NOT IN ('KHOP', 'A2') OR s.spouse IS DISTINCT FROM a.person_id
"""

# Who names somebody as spouse says that there is or was a marriage. A marriage known to have ended answers it, and so
# does the death of who said it, for somebody who married again later. Of those who did not marry again, a former spouse
# whose record was updated since and still says "married" may have married the same person again elsewhere.
_NAMED_BY_ANOTHER = """
SELECT a.record_id FROM asked a JOIN claims c ON c.number = a.number AND c.by_person <> a.person_id
LEFT JOIN history h ON h.person_id = a.person_id AND h.spouse = c.by_person AND h.ended_by IS NOT NULL
WHERE coalesce(c.name = a.name, true) AND CASE
  WHEN a.derived = 'DANG_CO_VO_CHONG' THEN a.spouse IS DISTINCT FROM c.by_person AND h.person_id IS NULL
    AND coalesce(c.died > a.since, true)
  ELSE h.person_id IS NULL
    OR (h.ended_by <> 'chet' AND c.says_married AND coalesce(c.updated > h.ended_on, true)) END
"""

# Roles as the residence register has them now: wife or husband of the head, head with such a member, child-in-law; and
# a son or daughter in a household whose child-in-law has no spouse known otherwise.
_HOUSEHOLD = f"""
WITH members AS MATERIALIZED (
  SELECT l.person_id, c.so_dinh_danh_chu_ho AS head, c.so_dinh_danh AS number, c.quan_he_voi_chu_ho AS relation
  FROM links l JOIN cu_tru c ON l.register = 'cu_tru' AND c.record_id = l.record_id
  WHERE c.loai_cu_tru = 'thuong_tru' AND coalesce(c.den_ngay > getvariable('run_date'), true)
    AND c.quan_he_voi_chu_ho IN ('Vợ', 'Chồng', 'Con dâu', 'Con rể', 'Con đẻ', 'Con nuôi', 'Con riêng')),
in_law AS (
  SELECT m.head, m.person_id, m.relation FROM members m JOIN classed c USING (person_id)
  WHERE m.relation IN ('Con dâu', 'Con rể') AND c.living AND c.derived <> 'DANG_CO_VO_CHONG' AND c.said_number IS NULL)
SELECT a.record_id FROM asked a JOIN members m USING (person_id)
WHERE {NEGATIVE} AND m.relation IN ('Vợ', 'Chồng') AND m.head <> a.number
UNION ALL
SELECT a.record_id FROM asked a JOIN members m ON m.head = a.number JOIN classed c ON c.person_id = m.person_id
WHERE {NEGATIVE} AND m.relation IN ('Vợ', 'Chồng') AND m.number <> a.number AND c.living
UNION ALL
SELECT a.record_id FROM asked a JOIN members m USING (person_id)
WHERE a.derived = 'CHUA_KET_HON' AND m.relation IN ('Con dâu', 'Con rể')
UNION ALL
SELECT a.record_id FROM asked a JOIN members m USING (person_id) JOIN in_law i ON i.head = m.head
WHERE a.derived = 'CHUA_KET_HON' AND m.relation IN ('Con đẻ', 'Con nuôi', 'Con riêng') AND i.person_id <> a.person_id
  AND (i.relation = 'Con dâu') = (a.gioi_tinh = 'Nam')
"""

# A father is written in a birth entry on the marriage certificate or after recognition. A child born within 300 days of
# its end is of the marriage (Luật HNGĐ 2014 Điều 88).
_CHILD = f"""
SELECT a.record_id FROM asked a
JOIN links l ON l.person_id = a.person_id AND l.register = 'khai_sinh' AND l.role IN ('cha', 'me')
JOIN khai_sinh k ON k.record_id = l.record_id
LEFT JOIN links n ON n.register = 'khai_sinh' AND n.record_id = l.record_id AND n.role = 'nks'
LEFT JOIN links r ON r.person_id = n.person_id AND r.register = 'nhan_cha_me_con' AND r.role = 'nc'
WHERE {NEGATIVE} AND k.cha_ho_ten IS NOT NULL AND k.me_ho_ten IS NOT NULL AND r.person_id IS NULL
  AND (a.derived = 'CHUA_KET_HON' OR k.nks_ngay_sinh > a.since + 300)
"""

# Whoever was given a certificate to marry and is not in the marriage books may have married where ours do not reach; at
# the next request the old one has to be handed back (NĐ 123/2015 Điều 22).
_CERTIFICATE = f"""
SELECT a.record_id FROM asked a
JOIN links l ON l.person_id = a.person_id AND l.register = 'xac_nhan_tthn' AND l.role = 'nxn'
JOIN xac_nhan_tthn x ON x.record_id = l.record_id
WHERE x.ngay_dang_ky <= getvariable('run_date')
  AND (a.derived = 'CHUA_KET_HON' OR coalesce(x.ngay_dang_ky > a.since, true))
  AND (x.nxn_tinh_trang_hon_nhan IN ('CHUA_KET_HON', 'DANG_CO_VO_CHONG', 'LY_HON', 'GOA')
      AND x.nxn_tinh_trang_hon_nhan <> a.derived
    OR {NEGATIVE} AND starts_with(x.nxn_loai_muc_dich_su_dung, 'Kết hôn'))
"""

# The first three digits are the province where the birth was registered (domain.md 2.1): a place of origin whose books
# are not here, while a marriage may be registered where either party lives. A merged province has several prefixes.
_OTHER_PROVINCE = f"""
SELECT a.record_id FROM asked a WHERE {NEGATIVE} AND left(a.number, 3) NOT IN (
  SELECT left(so_dinh_danh, 3) FROM dan_cu WHERE is_pin(so_dinh_danh) GROUP BY 1
  HAVING count(*) >= 0.1 * (SELECT count(*) FROM dan_cu WHERE is_pin(so_dinh_danh)))
"""

_RESIDENCE = "SELECT a.record_id FROM asked a JOIN residence r ON r.id = a.record_id WHERE {doubt}"

GROUNDS = (
    ("du_lieu_cu", _STALE),
    ("co_nghi_van", _FLAGGED),
    ("thieu_mat_xich", _GAP),
    ("chua_ro_nguoi", _UNPLACED),
    ("chua_ro_nguoi", _IN_REVIEW),
    ("vo_chong_khong_ro", _SPOUSE_UNKNOWN),
    ("vo_chong_khac_so", _SPOUSE_OTHER_NUMBER),
    ("vo_chong_chua_khop", _SPOUSE_DENIES),
    ("nguoi_khac_khai", _NAMED_BY_ANOTHER),
    ("ho_gia_dinh", _HOUSEHOLD),
    ("co_con", _CHILD),
    ("giay_xac_nhan", _CERTIFICATE),
    ("tinh_khac", _OTHER_PROVINCE),
    ("vang_mat", _RESIDENCE.format(doubt="r.away")),
    ("chua_ro_noi_cu_tru", _RESIDENCE.format(doubt="NOT r.known")),
    ("chua_du_so", _RESIDENCE.format(doubt="NOT r.books_covered")),
)
"""Each ground with the query that finds it."""

_TABLES = """
CREATE OR REPLACE TEMP TABLE spouses AS
SELECT a.record_id, s.living, s.sound, s.so_dinh_danh AS number, s.said_number, s.class, s.spouse
FROM asked a JOIN persons p ON p.person_id = a.spouse JOIN sound_classed s ON s.record_id = p.record_id
WHERE a.derived = 'DANG_CO_VO_CHONG';

CREATE OR REPLACE TEMP TABLE claims AS
SELECT c.said_number AS number, c.said_name AS name, c.person_id AS by_person,
  c.recorded = 'DANG_CO_VO_CHONG' AS says_married, d.ngay_cap_nhat AS updated, d.ngay_chet AS died
FROM classed c JOIN dan_cu d USING (record_id) WHERE c.said_number IS NOT NULL
"""


def collect_doubts(con: duckdb.DuckDBPyConnection) -> None:
    """Create table ``doubts(record_id, reason)``: every ground that holds for a record of ``asked``, each once.

    Reads ``asked``, ``classed``, ``sound_classed``, ``history``, ``residence``, ``links``, ``persons``, ``link_pairs``
    and the registers; ``run_date`` is the day up to which the data reach.
    """
    con.execute(_TABLES)
    con.execute("CREATE OR REPLACE TEMP TABLE found_doubts (record_id VARCHAR, reason VARCHAR)")
    for reason, query in GROUNDS:
        con.execute(f"INSERT INTO found_doubts SELECT record_id, '{reason}' FROM ({query})")
    con.execute("CREATE OR REPLACE TEMP TABLE doubts AS SELECT DISTINCT record_id, reason FROM found_doubts")
