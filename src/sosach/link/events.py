"""Every person's marital events in order, each with its date, record and the link behind it.

Makes ``deaths`` and ``marital_events``. Which entries and judgments belong together is in ``marriages``; what follows
from the events for a day is in ``status``.
"""

import duckdb

# The best told death of a person: a full date before a year, a year before the mere entry.
_DEATHS = """
CREATE OR REPLACE TEMP TABLE deaths AS
WITH told AS (
  SELECT l.person_id, 'khai_tu' AS register, k.record_id, k.record_key, l.method, l.weight,
    k.nkt_ngay_chet AS day, k.nkt_ngay_chet_nam AS year, k.ngay_dang_ky AS written,
    k.so AS number, k.quyen_so AS book, k.noi_dang_ky AS place
  FROM khai_tu k JOIN links l ON l.register = 'khai_tu' AND l.record_id = k.record_id AND l.role = 'nkt'
  UNION ALL
  SELECT l.person_id, 'dan_cu', d.record_id, NULL, l.method, l.weight, d.ngay_chet, year(d.ngay_chet), d.ngay_cap_nhat,
    NULL, NULL, NULL
  FROM dan_cu d JOIN links l ON l.register = 'dan_cu' AND l.record_id = d.record_id
  WHERE d.ngay_chet IS NOT NULL
  UNION ALL
  SELECT person_id, 'khai_tu', record_id, record_key, 'asker', NULL, day, year, written, number, book, place
  FROM asked_for),
living AS (
  SELECT l.person_id FROM dan_cu d JOIN links l ON l.register = 'dan_cu' AND l.record_id = d.record_id
  GROUP BY l.person_id HAVING bool_and(d.ngay_chet IS NULL)),
kept AS (
  SELECT * REPLACE (
    CASE WHEN day <= getvariable('run_date') THEN day END AS day,
    CASE WHEN year <= year(getvariable('run_date')) THEN year END AS year,
    CASE WHEN written <= getvariable('run_date') THEN written END AS written)
  FROM told)
SELECT DISTINCT ON (person_id) person_id, register, record_id, record_key, method, weight, number, book, place,
  person_id IN (FROM living) AS still_living,
  coalesce(day, make_date(year, 1, 1)) AS day_from,
  coalesce(day, least(make_date(year, 12, 31), written, getvariable('run_date'))) AS day_to
FROM kept
ORDER BY person_id, day IS NULL, year IS NULL, day_to, register DESC, record_id, method = 'asker'
"""

# Whom the spouse had entered as dead: the applicant's number and both names are those of the marriage, or both names
# and the birth year and no other couple and no other death is like them. Asked only of spouses whom linkage could not
# place, with entries that it gave to no citizen.
_ASKED_FOR = """
CREATE OR REPLACE TEMP TABLE asked_for AS
WITH loose AS MATERIALIZED (
  SELECT k.record_id, k.record_key, k.nyc_quan_he AS tie, k.nyc_so_giay_to_tuy_than AS number,
    name_key(k.nyc_ho_ten) AS asker, name_key(k.nkt_ho_ten) AS name, k.nkt_ngay_sinh_nam AS born,
    k.nkt_ngay_chet AS day, k.nkt_ngay_chet_nam AS year, k.ngay_dang_ky AS written,
    k.so AS entry_number, k.quyen_so AS book, k.noi_dang_ky AS place
  FROM khai_tu k JOIN links l ON l.register = 'khai_tu' AND l.record_id = k.record_id AND l.role = 'nkt'
  WHERE k.nyc_quan_he IN ('Vợ', 'Chồng') AND l.person_id NOT IN (SELECT person_id FROM persons)),
sides AS MATERIALIZED (
  SELECT 'Chồng' AS tie, e.husband AS left_behind, e.wife AS spouse, e.his_name AS asker, e.her_name AS name,
    e.her_year AS born, e.day_from FROM entered e WHERE e.wife NOT IN (SELECT person_id FROM persons)
  UNION ALL
  SELECT 'Vợ', e.wife, e.husband, e.her_name, e.his_name, e.his_year, e.day_from
  FROM entered e WHERE e.husband NOT IN (SELECT person_id FROM persons)),
met AS (
  SELECT s.spouse, s.left_behind, s.born AS said, s.day_from, x.* FROM sides s JOIN loose x USING (tie, asker, name)
  WHERE coalesce(x.day >= s.day_from, x.year >= year(s.day_from), true)
    AND coalesce(abs(x.born - s.born) <= 1, true)),
numbered AS (
  SELECT l.person_id, n.number FROM dan_cu d JOIN links l ON l.register = 'dan_cu' AND l.record_id = d.record_id,
    unnest([d.so_dinh_danh, d.so_cmnd]) n(number)
  WHERE n.number IN (SELECT number FROM met))
SELECT DISTINCT ON (m.spouse, m.record_id) m.spouse AS person_id, m.record_id, m.record_key, m.day, m.year, m.written,
  m.entry_number AS number, m.book, m.place
FROM met m LEFT JOIN numbered n ON n.number = m.number AND n.person_id = m.left_behind
WHERE n.person_id IS NOT NULL OR (m.number IS NULL AND abs(m.born - m.said) <= 1
  AND m.record_id IN (SELECT record_id FROM met GROUP BY record_id HAVING count(DISTINCT spouse) = 1)
  AND m.spouse IN (SELECT spouse FROM met GROUP BY spouse HAVING count(DISTINCT record_id) = 1))
ORDER BY m.spouse, m.record_id
"""

# Each marriage stands with both parties; only those whom the population register knows get events. The dead do not
# marry: a death before the marriage is somebody else's or wrongly dated, and ends nothing. Nor are they widowed:
# who dies first dies married.
_BONDS = """
CREATE OR REPLACE TEMP TABLE bonds AS
WITH sides AS (
  SELECT husband AS person_id, wife AS spouse, * EXCLUDE (husband, wife) FROM marriages
  UNION ALL SELECT wife, husband, * EXCLUDE (husband, wife) FROM marriages)
SELECT s.*, s.spouse IN (SELECT person_id FROM persons) AS spouse_known,
  s.marriage_id = arg_max(s.marriage_id, (coalesce(s.day_from, DATE '1800-01-01'), s.marriage_id))
    OVER (PARTITION BY s.person_id, s.spouse) AS last_with_spouse,
  x.person_id IS NOT NULL AND coalesce(s.end_kind IS NULL OR s.end_from > x.day_to, false)
    AND coalesce(x.day_to >= s.day_from, true) AND coalesce(x.day_from <= own.day_to, true) AS ends_by_death
FROM sides s LEFT JOIN deaths x ON x.person_id = s.spouse LEFT JOIN deaths own ON own.person_id = s.person_id
WHERE s.person_id IN (SELECT person_id FROM persons)
"""

_EVENTS = """
CREATE OR REPLACE TEMP TABLE marital_events AS
WITH entry AS (
  SELECT husband AS person_id, 'chong' AS role, his_method AS method, his_weight AS weight, her_method AS spouse_method,
    * EXCLUDE (husband, wife, his_method, his_weight, her_method, her_weight) FROM entered
  UNION ALL
  SELECT wife, 'vo', her_method, her_weight, his_method,
    * EXCLUDE (husband, wife, his_method, his_weight, her_method, her_weight) FROM entered),
verdict AS (
  SELECT record_id, husband AS person_id, 'chong' AS role, his_method AS method, his_weight AS weight,
    her_method AS spouse_method FROM verdicts
  UNION ALL SELECT record_id, wife, 'vo', her_method, her_weight, his_method FROM verdicts),
decided AS (
  SELECT j.marriage_id, j.kind, j.day_from, j.day_to, j.gap, v.record_id, v.record_key, v.number, v.court
  FROM judged j JOIN verdicts v USING (record_id)
  UNION ALL
  SELECT m.marriage_id, v.kind, v.day_from, v.day_to, v.gap, v.record_id, v.record_key, v.number, v.court
  FROM marriages m JOIN verdicts v ON v.record_id = m.end_record_id WHERE NOT m.entered),
told AS (
  SELECT b.person_id, b.marriage_id, b.spouse, b.spouse_known, e.spouse_method,
    CASE WHEN e."again" THEN 'dang_ky_lai' WHEN e.record_id = b.marriage_id THEN 'ket_hon'
      ELSE 'dang_ky_trung' END AS kind,
    CASE WHEN e.record_id = b.marriage_id THEN e.day_from ELSE e.registered END AS day_from,
    CASE WHEN e.record_id = b.marriage_id THEN e.day_to ELSE e.registered END AS day_to,
    e.record_id = b.marriage_id AS starts, false AS ends, 'ket_hon' AS register, e.record_id, e.record_key, e.role,
    e.method, e.weight, e.number, e.book, e.place, e.registered, NULL AS said,
    CASE WHEN e.record_id <> b.marriage_id THEN NULL WHEN e.day_from IS NULL THEN 'ket_hon_thieu_ngay'
      WHEN e.day_from < e.day_to THEN 'ket_hon_chi_co_nam' END AS gap
  FROM bonds b JOIN entry e ON e.marriage_id = b.marriage_id AND e.person_id = b.person_id
  UNION ALL BY NAME
  SELECT b.person_id, b.marriage_id, b.spouse, b.spouse_known, v.spouse_method, 'ket_hon_theo_ban_an' AS kind,
    b.day_from, b.day_to, true AS starts, false AS ends, 'ly_hon' AS register, j.record_id, j.record_key, v.role,
    v.method, v.weight, 'thieu_dang_ky_ket_hon' AS gap
  FROM bonds b JOIN decided j USING (marriage_id)
  LEFT JOIN verdict v ON v.record_id = j.record_id AND v.person_id = b.person_id
  WHERE NOT b.entered
  UNION ALL BY NAME
  SELECT b.person_id, b.marriage_id, b.spouse, b.spouse_known, v.spouse_method, j.kind, j.day_from, j.day_to,
    false AS starts, b.end_record_id = j.record_id AND b.end_register = 'ly_hon' AND NOT b.ends_by_death AS ends,
    'ly_hon' AS register, j.record_id, j.record_key, v.role, v.method, v.weight, j.number, j.court AS place, j.gap
  FROM bonds b JOIN decided j USING (marriage_id)
  LEFT JOIN verdict v ON v.record_id = j.record_id AND v.person_id = b.person_id
  UNION ALL BY NAME
  SELECT b.person_id, b.marriage_id, b.spouse, b.spouse_known, e.spouse_method, 'ghi_chu_' || e.noted_kind AS kind,
    e.noted AS day_from, coalesce(e.noted, getvariable('run_date')) AS day_to, false AS starts,
    b.end_record_id = e.record_id AND b.end_register = 'ket_hon' AND NOT b.ends_by_death AS ends,
    'ket_hon' AS register, e.record_id, e.record_key, e.role, e.method, e.weight, e.number, e.book, e.place,
    CASE WHEN b.end_record_id = e.record_id AND b.end_register = 'ket_hon' THEN b.end_gap END AS gap
  FROM bonds b JOIN entry e ON e.marriage_id = b.marriage_id AND e.person_id = b.person_id
  WHERE e.noted_kind IS NOT NULL
  UNION ALL BY NAME
  SELECT b.person_id, b.marriage_id, b.spouse, b.spouse_known, x.method AS spouse_method, 'vo_chong_chet' AS kind,
    x.day_from, x.day_to, false AS starts, b.ends_by_death AS ends, x.register, x.record_id, x.record_key,
    CASE x.register WHEN 'khai_tu' THEN 'nkt' ELSE 'chu_the' END AS role, x.method, x.weight,
    x.number, x.book, x.place,
    CASE WHEN x.day_to < b.day_from THEN 'chet_truoc_ket_hon' WHEN x.still_living THEN 'khai_tu_trai_dan_cu'
      WHEN x.day_from IS NULL THEN 'chet_thieu_ngay' WHEN x.day_from < x.day_to THEN 'chet_chi_co_nam' END AS gap
  FROM bonds b JOIN deaths x ON x.person_id = b.spouse WHERE b.ends_by_death OR b.last_with_spouse
  UNION ALL BY NAME
  SELECT a.person_id, a.marriage_id, a.spouse, a.spouse_known, 'thieu_ghi_chu_ly_hon_nuoc_ngoai' AS kind,
    a.day_from, min(z.day_from) AS day_to, false AS starts, false AS ends, 'ket_hon' AS register,
    a.marriage_id AS record_id
  FROM bonds a JOIN bonds z ON z.person_id = a.person_id AND z.spouse <> a.spouse AND z.day_from > a.day_from
  WHERE a."foreign" AND a.entered AND coalesce(a.end_from > z.day_from, a.end_kind IS NULL)
    AND NOT a.ends_by_death
  GROUP BY ALL
  UNION ALL BY NAME
  SELECT x.person_id, 'chet' AS kind, x.day_from, x.day_to, false AS starts, false AS ends, x.register, x.record_id,
    x.record_key, CASE x.register WHEN 'khai_tu' THEN 'nkt' ELSE 'chu_the' END AS role, x.method, x.weight,
    x.number, x.book, x.place
  FROM deaths x SEMI JOIN persons p ON p.person_id = x.person_id
  UNION ALL BY NAME
  SELECT l.person_id, 'xac_nhan' AS kind, n.ngay_dang_ky AS day_from, n.ngay_dang_ky AS day_to, false AS starts,
    false AS ends, 'xac_nhan_tthn' AS register, n.record_id, n.record_key, l.role, l.method, l.weight,
    n.so AS number, n.quyen_so AS book, n.noi_dang_ky AS place, n.nxn_tinh_trang_hon_nhan AS said
  FROM xac_nhan_tthn n JOIN links l ON l.register = 'xac_nhan_tthn' AND l.record_id = n.record_id AND l.role = 'nxn'
  SEMI JOIN persons p ON p.person_id = l.person_id),
placed AS (
  SELECT *, coalesce(day_from, day_to, min(coalesce(day_from, day_to)) OVER (PARTITION BY person_id, marriage_id))
    AS place_in_time FROM told)
SELECT person_id, row_number() OVER (PARTITION BY person_id
    ORDER BY place_in_time NULLS FIRST, starts DESC, ends, kind, record_id, coalesce(marriage_id, ''))::INTEGER AS seq,
  kind, CASE WHEN day_from = day_to THEN day_from END AS day, day_from, day_to,
  CASE WHEN day_from = day_to THEN 'ngay' WHEN day_from IS NULL THEN 'khong_ro' ELSE 'khoang' END AS precision,
  starts, ends, marriage_id, spouse AS spouse_person_id, spouse_known, spouse_method, register, record_id, record_key,
  role, method, weight, number, book, place, registered, said, gap
FROM placed
"""


def build_events(con: duckdb.DuckDBPyConnection) -> int:
    """Create ``deaths`` and ``marital_events`` from ``marriages`` and ``entered``; returns the number of events.

    ``marital_events`` has one row an event of every person of ``persons``, ordered by ``seq``. ``day`` is the date
    where it is known, ``day_from`` and ``day_to`` the span in which it lies (``day_from`` NULL: nothing is known but
    that it happened by ``day_to``). ``starts`` and ``ends`` mark the one row that begins and the one that ends a
    marriage for this person. ``method`` and ``weight`` are of the link of this person (of a spouse's death: of the
    dead) to the record, ``asker`` where the spouse's application for the death entry tells who died; ``gap`` names
    what is wrong with the step. Kinds: ``ket_hon``, ``dang_ky_lai``, ``dang_ky_trung``, ``ket_hon_theo_ban_an``,
    ``ly_hon``, ``huy_ket_hon``, ``ghi_chu_ly_hon``, ``ghi_chu_huy_ket_hon``, ``vo_chong_chet``,
    ``thieu_ghi_chu_ly_hon_nuoc_ngoai``, ``chet``, ``xac_nhan``.
    """
    for statement in (_ASKED_FOR, _DEATHS, _BONDS, _EVENTS):
        con.execute(statement)
    row = con.execute("SELECT count(*) FROM marital_events").fetchone()
    assert row is not None
    return int(row[0])
