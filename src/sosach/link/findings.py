"""Suspicions and defects around marriages, each with the records that speak: classes E1, G, H, K of domain.md 4.2.

Makes ``marital_findings``. A finding concludes nothing: an officer does. The classes beside the recorded status are in
``classes``.
"""

import duckdb

# A judgment whose marriage is in no book delivered.
_WITHOUT_ENTRY = """
SELECT 'G1' AS kind, person_id, 'ly_hon' AS register, record_id, NULL AS other_register, NULL AS other_record_id,
  spouse_person_id AS other_person_id, 'ban_an_khong_co_dang_ky' AS reason
FROM marital_events WHERE kind = 'ket_hon_theo_ban_an'
"""

# An entry with a Vietnamese party without PIN whom linkage gave to no citizen and no death record.
_WITHOUT_PARTY = """
SELECT 'G2', x.person_id, 'ket_hon', x.record_id, NULL, NULL, x.spouse, 'ben_' || x.missing || '_chua_noi'
FROM (
  SELECT e.record_id, e.husband AS person_id, e.wife AS spouse, 'vo' AS missing FROM entered e
  JOIN ket_hon k USING (record_id)
  WHERE coalesce(k.vo_quoc_tich, 'Việt Nam') = 'Việt Nam' AND is_pin(k.vo_so_giay_to_tuy_than) IS NOT TRUE
  UNION ALL
  SELECT e.record_id, e.wife, e.husband, 'chong' FROM entered e JOIN ket_hon k USING (record_id)
  WHERE coalesce(k.chong_quoc_tich, 'Việt Nam') = 'Việt Nam' AND is_pin(k.chong_so_giay_to_tuy_than) IS NOT TRUE) x
WHERE x.person_id IN (SELECT person_id FROM persons) AND x.spouse NOT IN (SELECT person_id FROM persons)
  AND x.spouse NOT IN (SELECT person_id FROM deaths)
"""

# The same marriage in the books twice, the later one not marked as registered again (KH13).
_TWICE = """
SELECT 'G3', person_id, 'ket_hon', record_id, 'ket_hon', marriage_id, spouse_person_id, 'dang_ky_trung'
FROM marital_events WHERE kind = 'dang_ky_trung'
"""

# A party whom linkage gave to a citizen of another name or birth year.
_OTHER_IDENTITY = """
SELECT 'H1', x.person_id, x.register, x.record_id, 'dan_cu', p.record_id, NULL,
  concat_ws('+', CASE WHEN x.name <> name_key(p.ho_ten) THEN 'ho_ten' END,
    CASE WHEN x.year <> p.nam_sinh THEN 'nam_sinh' END)
FROM (
  SELECT register, record_id, husband AS person_id, his_name AS name, his_year AS year FROM couples
  UNION ALL SELECT register, record_id, wife, her_name, her_year FROM couples) x
JOIN persons p USING (person_id)
WHERE x.name <> name_key(p.ho_ten) OR x.year <> p.nam_sinh
"""

# The population register names as spouse a sibling of the one in the book, who was under age that day, or whose
# elder stands in a second marriage, or whose birth date is the one in the book (KH17).
_BORROWED = """
SELECT 'H2', f.person_id, 'ket_hon', f.record_id, 'dan_cu', f.borrower_record_id, f.other_person_id, f.reason FROM (
  SELECT *, unnest([lender, borrower, spouse]) AS person_id, unnest([borrower, lender, borrower]) AS other_person_id
  FROM borrowed) f
"""

_FIND_BORROWED = """
CREATE OR REPLACE TEMP TABLE borrowed AS
WITH pair AS MATERIALIZED (
  SELECT e.record_id, e.wife AS lender, e.husband AS spouse, e.registered, k.vo_ngay_sinh AS written_birth
  FROM entered e JOIN ket_hon k USING (record_id)
  JOIN marriages m ON m.marriage_id = e.marriage_id AND m.end_kind IS NULL
  UNION ALL
  SELECT e.record_id, e.husband, e.wife, e.registered, k.chong_ngay_sinh
  FROM entered e JOIN ket_hon k USING (record_id)
  JOIN marriages m ON m.marriage_id = e.marriage_id AND m.end_kind IS NULL),
named AS MATERIALIZED (
  SELECT p.person_id, o.person_id AS other_id FROM dan_cu d
  JOIN persons p ON p.record_id = d.record_id JOIN persons o ON o.so_dinh_danh = d.vo_chong_so_dinh_danh
  WHERE p.person_id <> o.person_id),
met AS MATERIALIZED (
  SELECT p.*, n.other_id AS borrower, 'dan_cu_ghi_em' AS reason FROM pair p JOIN named n ON n.person_id = p.spouse
  WHERE n.other_id <> p.lender
  UNION ALL
  SELECT p.*, n.person_id, 'em_ghi_vo_chong' FROM pair p JOIN named n ON n.other_id = p.spouse
  WHERE n.person_id <> p.lender),
citizen AS MATERIALIZED (
  SELECT p.person_id, d.record_id, d.ngay_sinh, d.gioi_tinh, d.me_so_dinh_danh, name_key(d.me_ho_ten) AS mother,
    name_key(d.cha_ho_ten) AS father
  FROM dan_cu d JOIN persons p ON p.record_id = d.record_id
  WHERE p.person_id IN (SELECT lender FROM met UNION ALL SELECT borrower FROM met)),
wed AS (SELECT husband AS person_id, wife AS other_id FROM entered UNION SELECT wife, husband FROM entered),
alike AS (
  SELECT t.record_id, t.lender, t.spouse, t.borrower, t.reason, y.record_id AS borrower_record_id,
    coalesce(add_years(y.ngay_sinh, CASE y.gioi_tinh WHEN 'Nữ' THEN 18 ELSE 20 END) > t.registered, false) AS under_age,
    t.lender IN (SELECT person_id FROM standing WHERE n_open >= 2) AS second,
    coalesce(t.written_birth = y.ngay_sinh, false) AS birth_fits
  FROM met t JOIN citizen x ON x.person_id = t.lender JOIN citizen y ON y.person_id = t.borrower
  ANTI JOIN wed w ON w.person_id = t.spouse AND w.other_id = t.borrower
  ANTI JOIN deaths z ON z.person_id = t.lender
  WHERE x.gioi_tinh = y.gioi_tinh AND y.ngay_sinh <> x.ngay_sinh
    AND (x.me_so_dinh_danh = y.me_so_dinh_danh OR (x.mother = y.mother AND x.father = y.father)))
SELECT record_id, lender, spouse, borrower, min(borrower_record_id) AS borrower_record_id,
  concat_ws('+', string_agg(DISTINCT reason, '+' ORDER BY reason),
    CASE WHEN bool_or(under_age) THEN 'em_chua_du_tuoi' END,
    CASE WHEN bool_or(second) THEN 'hai_lan_ket_hon' END,
    CASE WHEN bool_or(birth_fits) THEN 'ngay_sinh_cua_em' END) AS reason
FROM alike GROUP BY record_id, lender, spouse, borrower
HAVING bool_or(under_age) OR bool_or(second) OR bool_or(birth_fits)
"""

_FOREIGN = """
SELECT 'K1', person_id, 'ket_hon', record_id, NULL, NULL, spouse_person_id, 'chua_ghi_chu_ly_hon_nuoc_ngoai'
FROM marital_events WHERE kind = 'thieu_ghi_chu_ly_hon_nuoc_ngoai'
"""

# Two marriages open together, each pair once for the person; the later entry is the one to look at first.
_TWO_OPEN = """
SELECT 'E1', a.person_id, 'ket_hon', z.marriage_id, 'ket_hon', a.marriage_id, z.spouse,
  concat_ws('+', coalesce(s.era, 'hai_hon_nhan_mo'), CASE WHEN NOT a.spouse_known THEN 'vo_chong_truoc_chua_noi' END,
    CASE WHEN NOT z.spouse_known THEN 'vo_chong_sau_chua_noi' END)
FROM bonds a JOIN bonds z ON z.person_id = a.person_id AND z.spouse <> a.spouse
  AND (coalesce(a.day_from, DATE '1800-01-01'), a.marriage_id)
    < (coalesce(z.day_from, DATE '1800-01-01'), z.marriage_id)
JOIN standing s ON s.person_id = a.person_id AND s.n_open >= 2
WHERE a.entered AND z.entered AND a.end_kind IS NULL AND z.end_kind IS NULL
  AND a.spouse NOT IN (SELECT person_id FROM deaths) AND z.spouse NOT IN (SELECT person_id FROM deaths)
"""


def build_findings(con: duckdb.DuckDBPyConnection) -> int:
    """Create ``marital_findings`` from events, marriages and ``standing``; returns the number of rows.

    Columns: ``kind`` (E1, G1, G2, G3, H1, H2, K1)``, person_id, register, record_id`` (what would have to be looked at
    first)``, other_register, other_record_id, other_person_id, reason`` (codes joined by ``+``). H2 stands with all
    three: whose papers were used, who used them, and the spouse.
    """
    con.execute(_FIND_BORROWED)
    parts = (_WITHOUT_ENTRY, _WITHOUT_PARTY, _TWICE, _OTHER_IDENTITY, _BORROWED, _FOREIGN, _TWO_OPEN)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE marital_findings AS SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)})"
    )
    row = con.execute("SELECT count(*) FROM marital_findings").fetchone()
    assert row is not None
    return int(row[0])
