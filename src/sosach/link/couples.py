"""Who stands beside whom in marriage entries and judgments, and on which day, as far as the record says.

Makes ``couples`` (a row an entry or judgment), ``entries`` and ``verdicts`` (what they say of dates and references).
Which entries are one marriage is in ``marriages``. ``getvariable('run_date')`` is the day up to which the data reach.
"""

import duckdb

# A party that the record does not name is still somebody: the other one is married all the same.
_COUPLES = """
CREATE OR REPLACE TEMP TABLE couples AS
WITH parties AS MATERIALIZED (
  SELECT register, record_id, role, person_id, method, weight FROM links
  WHERE register IN ('ket_hon', 'ly_hon') AND role IN ('chong', 'vo')),
named AS MATERIALIZED (
  SELECT 'ket_hon' AS register, record_id, name_key(chong_ho_ten) AS his_name, chong_ngay_sinh_nam AS his_year,
    name_key(vo_ho_ten) AS her_name, vo_ngay_sinh_nam AS her_year FROM ket_hon
  UNION ALL
  SELECT 'ly_hon', record_id, name_key(chong_ho_ten), chong_ngay_sinh_nam, name_key(vo_ho_ten), vo_ngay_sinh_nam
  FROM ly_hon)
SELECT n.*, h.method AS his_method, h.weight AS his_weight, w.method AS her_method, w.weight AS her_weight,
  coalesce(h.person_id, 'X' || left(md5(concat_ws('|', n.register, n.record_id, 'chong')), 16)) AS husband,
  coalesce(w.person_id, 'X' || left(md5(concat_ws('|', n.register, n.record_id, 'vo')), 16)) AS wife
FROM named n
LEFT JOIN parties h ON h.register = n.register AND h.record_id = n.record_id AND h.role = 'chong'
LEFT JOIN parties w ON w.register = n.register AND w.record_id = n.record_id AND w.role = 'vo'
WHERE h.person_id IS NOT NULL OR w.person_id IS NOT NULL
"""

# Somebody whom linkage could not place, under the same name and birth year beside the same person, is the same spouse:
# else one marriage entered twice would be two open marriages, and a judgment would end none.
_SAME_SPOUSE = """
CREATE OR REPLACE TEMP TABLE same_spouse AS
WITH sides AS (
  SELECT {beside} AS beside, {spouse} AS spouse, {name} AS name, {year} AS year,
    {spouse} IN (SELECT person_id FROM persons) AS known
  FROM couples WHERE {name} IS NOT NULL),
groups AS (
  SELECT beside, name, coalesce(min(spouse) FILTER (known), min(spouse)) AS spouse
  FROM sides GROUP BY beside, name
  HAVING count(DISTINCT spouse) > 1 AND count(DISTINCT spouse) FILTER (known) <= 1
    AND coalesce(max(year) - min(year) <= 1, true))
SELECT DISTINCT s.beside, s.spouse AS was, g.spouse
FROM sides s JOIN groups g USING (beside, name) WHERE s.spouse <> g.spouse;

UPDATE couples SET {spouse} = s.spouse FROM same_spouse s WHERE s.beside = couples.{beside} AND s.was = couples.{spouse}
"""

# A party whom the entry does not name is told by the judgment that names this entry.
_TOLD_BY_JUDGMENT = """
CREATE OR REPLACE TEMP TABLE same_spouse AS
WITH named AS (
  SELECT c.record_id, c.{beside} AS beside, v.{spouse} AS spouse
  FROM couples c JOIN ket_hon k ON c.register = 'ket_hon' AND c.record_id = k.record_id
  JOIN couples v ON v.register = 'ly_hon' AND v.{beside} = c.{beside} AND v.{name} IS NOT NULL
  JOIN ly_hon j ON j.record_id = v.record_id
  WHERE c.{name} IS NULL
    AND ((j.ket_hon_noi_dang_ky = k.noi_dang_ky AND j.ket_hon_so = k.so) OR j.ket_hon_ngay_dang_ky = k.ngay_dang_ky))
SELECT record_id, min(spouse) AS spouse FROM named GROUP BY record_id HAVING count(DISTINCT spouse) = 1;

UPDATE couples SET {spouse} = s.spouse FROM same_spouse s
WHERE couples.register = 'ket_hon' AND couples.record_id = s.record_id
"""

# The day of a marriage: when the bond began, where the entry says so, else the day of the entry; the year of the
# number where the day is absent or lies after the data. An entry whose number too is of a later year is none yet. What
# was registered again began before, nobody says when.
_ENTRIES = """
CREATE OR REPLACE TEMP TABLE entries AS
WITH abroad AS (SELECT name FROM cl_quoc_tich WHERE code <> 'VN'),
dated AS (
  SELECT k.record_id, k.record_key, k.noi_dang_ky AS place, k.so AS number, k.quyen_so AS book, k.so_nam AS year,
    k.ngay_dang_ky AS written, k.loai_dang_ky = 'Đăng ký lại' AS again, k.tinh_trang_ket_hon AS note,
    CASE WHEN k.ngay_dang_ky <= getvariable('run_date') THEN k.ngay_dang_ky END AS registered,
    CASE WHEN k.ngay_xac_lap_quan_he_hon_nhan <= coalesce(k.ngay_dang_ky, getvariable('run_date'))
      AND k.ngay_xac_lap_quan_he_hon_nhan <= getvariable('run_date') THEN k.ngay_xac_lap_quan_he_hon_nhan END AS began,
    coalesce(k.huy_ket_hon_ngay_ghi_chu,
      try_strptime(regexp_extract(k.ghi_chu, 'ngày (\\d{1,2}/\\d{1,2}/\\d{4})', 1), '%d/%m/%Y')::DATE) AS noted,
    coalesce(k.chong_quoc_tich IN (FROM abroad), false) OR coalesce(k.vo_quoc_tich IN (FROM abroad), false)
      OR coalesce(k.qg_nuoc_ngoai_da_dang_ky IN (FROM abroad), false) AS foreign
  FROM ket_hon k)
SELECT d.* EXCLUDE (note, noted), c.* EXCLUDE (register, record_id),
  CASE WHEN began IS NOT NULL OR NOT coalesce("again", false) THEN coalesce(began, registered,
    CASE WHEN year <= year(getvariable('run_date')) THEN make_date(year, 1, 1) END) END AS day_from,
  coalesce(began, registered, CASE WHEN year <= year(getvariable('run_date'))
    THEN least(make_date(year, 12, 31), getvariable('run_date')) END) AS day_to,
  CASE note WHEN 'Đã ly hôn' THEN 'ly_hon' WHEN 'Đã hủy việc kết hôn' THEN 'huy_ket_hon' END AS noted_kind,
  CASE WHEN note IN ('Đã ly hôn', 'Đã hủy việc kết hôn') AND noted <= getvariable('run_date')
    AND noted >= coalesce(began, CASE WHEN NOT coalesce("again", false) THEN registered END, noted)
    THEN noted END AS noted
FROM dated d JOIN couples c ON c.register = 'ket_hon' AND c.record_id = d.record_id
WHERE registered IS NOT NULL OR written IS NULL OR year < year(getvariable('run_date'))
"""

# A judgment counts from its legal effect. Effect before the judgment is a slip of one of the two: the later day holds.
_VERDICTS = """
CREATE OR REPLACE TEMP TABLE verdicts AS
WITH dated AS (
  SELECT j.record_id, j.record_key, j.loai_viec AS kind, j.so_ban_an AS number, j.toa_an AS court,
    j.ket_hon_noi_dang_ky AS place, j.ket_hon_so AS entry_number, j.ket_hon_ngay_dang_ky AS entry_day,
    coalesce(greatest(j.ngay_ban_an, j.ngay_hieu_luc), j.ngay_ban_an, j.ngay_hieu_luc) AS day,
    try_cast(regexp_extract(j.so_ban_an, '/((19|20)\\d\\d)', 1) AS INTEGER) AS year,
    CASE WHEN j.ngay_hieu_luc < j.ngay_ban_an THEN 'hieu_luc_truoc_ban_an'
      WHEN j.ngay_hieu_luc IS NULL AND j.ngay_ban_an IS NULL THEN 'ban_an_thieu_ngay'
      WHEN j.ngay_hieu_luc IS NULL THEN 'thieu_ngay_hieu_luc' END AS gap
  FROM ly_hon j WHERE j.loai_viec IN ('ly_hon', 'huy_ket_hon'))
SELECT d.* EXCLUDE (day, year), c.* EXCLUDE (register, record_id),
  coalesce(day, make_date(year, 1, 1)) AS day_from,
  coalesce(day, make_date(year, 12, 31), getvariable('run_date')) AS day_to
FROM dated d JOIN couples c ON c.register = 'ly_hon' AND c.record_id = d.record_id
"""


def collect_couples(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``couples``, ``entries`` and ``verdicts`` from ``links``, ``persons``, ``ket_hon`` and ``ly_hon``.

    Both have ``record_id, record_key, husband, wife`` (person ids), the parties' ``name``, birth ``year``, ``method``
    and ``weight`` of the link (NULL where the record names nobody), ``day_from`` and ``day_to`` (the same day where the
    day is known, NULL where nothing is). ``entries.noted_kind`` and ``noted`` are the note in the margin of the book.
    """
    con.execute(_COUPLES)
    for beside, spouse in (("husband", "wife"), ("wife", "husband")):
        side = "her" if spouse == "wife" else "his"
        con.execute(_SAME_SPOUSE.format(beside=beside, spouse=spouse, name=f"{side}_name", year=f"{side}_year"))
        con.execute(_TOLD_BY_JUDGMENT.format(beside=beside, spouse=spouse, name=f"{side}_name"))
    con.execute(_ENTRIES)
    con.execute(_VERDICTS)
