"""Each adult's marital status as the events say it, beside the recorded one, with its class and whether data prove it.

Classes are those of the comparison of derived and recorded status: KHOP (agree), A (empty), B (recorded without an
event), C (contrary), D1 (other spouse), E1 (two open marriages), F1 (open marriage under age). Linkage is in ``match``,
coverage in ``coverage``.
"""

from datetime import date

import duckdb

from sosach.link.confirmable import confirm

# Age from which marriage is possible: Luật HNGĐ 2014 Điều 8 (nam đủ 20, nữ đủ 18).
_MARRIAGEABLE = (
    "add_years(coalesce(d.ngay_sinh, make_date(d.ngay_sinh_nam, 12, 31)), "
    "CASE WHEN d.gioi_tinh = 'Nữ' THEN 18 ELSE 20 END)"
)

_DEATHS = """
CREATE OR REPLACE TEMP TABLE deaths AS
SELECT person_id, min(died) AS died, arg_min(record_id, (died, record_id)) AS record_id FROM (
  SELECT l.person_id, k.record_id,
    coalesce(k.nkt_ngay_chet, make_date(k.nkt_ngay_chet_nam, 12, 31), k.ngay_dang_ky) AS died
  FROM links l JOIN khai_tu k ON l.register = 'khai_tu' AND l.record_id = k.record_id
  UNION ALL
  SELECT l.person_id, d.record_id, d.ngay_chet
  FROM links l JOIN dan_cu d ON l.register = 'dan_cu' AND l.record_id = d.record_id
  WHERE d.ngay_chet IS NOT NULL)
WHERE died IS NOT NULL GROUP BY person_id
"""

_JUDGMENTS = """
CREATE OR REPLACE TEMP TABLE judgments AS
SELECT j.record_id, j.loai_viec AS kind, coalesce(j.ngay_hieu_luc, j.ngay_ban_an) AS effective,
  h.person_id AS husband, w.person_id AS wife,
  j.ket_hon_noi_dang_ky AS place, j.ket_hon_so AS number
FROM ly_hon j
JOIN links h ON h.register = 'ly_hon' AND h.record_id = j.record_id AND h.role = 'chong'
JOIN links w ON w.register = 'ly_hon' AND w.record_id = j.record_id AND w.role = 'vo'
WHERE coalesce(j.ngay_hieu_luc, j.ngay_ban_an) IS NOT NULL
"""

# A couple written twice without a divorce between (re-registration, double entry) has one marriage.
_MARRIAGES = """
CREATE OR REPLACE TEMP TABLE marriages AS
WITH entries AS (
  SELECT k.record_id, h.person_id AS husband, w.person_id AS wife, k.noi_dang_ky AS place, k.so AS number,
    coalesce(k.ngay_xac_lap_quan_he_hon_nhan, k.ngay_dang_ky) AS contracted, k.tinh_trang_ket_hon AS note,
    coalesce(k.huy_ket_hon_ngay_ghi_chu, k.ngay_dang_ky) AS noted
  FROM ket_hon k
  JOIN links h ON h.register = 'ket_hon' AND h.record_id = k.record_id AND h.role = 'chong'
  JOIN links w ON w.register = 'ket_hon' AND w.record_id = k.record_id AND w.role = 'vo'
  WHERE coalesce(k.ngay_dang_ky <= $as_of, true)),
divorces AS (
  SELECT husband, wife, list(effective) AS dates
  FROM judgments WHERE kind = 'ly_hon' AND effective <= $as_of GROUP BY ALL)
SELECT min(e.record_id) AS marriage_id,
  arg_min(e.record_id, (coalesce(e.contracted, DATE '1800-01-01'), e.record_id)) AS record_id,
  e.husband, e.wife, min(e.contracted) AS contracted, list(DISTINCT {'place': e.place, 'number': e.number}) AS entries,
  max(CASE e.note WHEN 'Đã ly hôn' THEN 'ly_hon' WHEN 'Đã hủy việc kết hôn' THEN 'huy_ket_hon' END) AS noted_kind,
  min(e.noted) AS noted_on
FROM entries e LEFT JOIN divorces d USING (husband, wife)
GROUP BY e.husband, e.wife, len(list_filter(coalesce(d.dates, []), lambda x: x < e.contracted))
"""

# A judgment ends the marriage of its couple, or the entry that it names when one party at least is the same.
_ENDINGS = """
CREATE OR REPLACE TEMP TABLE judged AS
SELECT m.marriage_id, j.record_id, j.kind, j.effective
FROM marriages m JOIN judgments j ON m.husband = j.husband AND m.wife = j.wife
WHERE j.effective <= $as_of AND coalesce(j.effective >= m.contracted, true)
UNION
SELECT m.marriage_id, j.record_id, j.kind, j.effective
FROM (SELECT *, unnest(entries) AS entry FROM marriages) m
JOIN judgments j ON m.entry.place = j.place AND m.entry.number = j.number AND (m.husband = j.husband OR m.wife = j.wife)
WHERE j.effective <= $as_of AND coalesce(j.effective >= m.contracted, true);

CREATE OR REPLACE TEMP TABLE ended AS
WITH first_judged AS (
  SELECT marriage_id, min(effective) AS ended_on,
    arg_min(kind, (effective, record_id)) AS kind,
    arg_min(record_id, (effective, record_id)) AS record_id
  FROM judged GROUP BY marriage_id)
SELECT m.*, coalesce(j.kind, m.noted_kind) AS court_kind,
  CASE WHEN j.kind IS NOT NULL THEN j.ended_on WHEN m.noted_kind IS NOT NULL THEN m.noted_on END AS court_on,
  j.record_id AS court_record_id
FROM marriages m LEFT JOIN first_judged j USING (marriage_id)
UNION ALL BY NAME
SELECT 'J' || record_id AS marriage_id, husband, wife,
  kind AS court_kind, effective AS court_on, record_id AS court_record_id
FROM judgments WHERE effective <= $as_of AND record_id NOT IN (SELECT record_id FROM judged)
"""

_HISTORY = """
CREATE OR REPLACE TEMP TABLE history AS
WITH sides AS (
  SELECT husband AS person_id, wife AS spouse, * EXCLUDE (husband, wife) FROM ended
  UNION ALL SELECT wife, husband, * EXCLUDE (husband, wife) FROM ended)
SELECT s.person_id, s.spouse, s.marriage_id, s.record_id, s.contracted,
  CASE WHEN s.court_kind IS NOT NULL AND coalesce(s.court_on <= x.died, true) THEN s.court_kind
       WHEN x.died <= $as_of THEN 'chet' END AS ended_by,
  CASE WHEN s.court_kind IS NOT NULL AND coalesce(s.court_on <= x.died, true) THEN s.court_on
       WHEN x.died <= $as_of THEN x.died END AS ended_on,
  CASE WHEN s.court_kind IS NOT NULL AND coalesce(s.court_on <= x.died, true) THEN s.court_record_id
       WHEN x.died <= $as_of THEN x.record_id END AS ended_by_record_id
FROM sides s LEFT JOIN deaths x ON x.person_id = s.spouse
"""

# After annulment the earlier status returns, so annulled marriages do not count.
_DERIVED = """
CREATE OR REPLACE TEMP TABLE derived AS
WITH valid AS (SELECT * FROM history WHERE ended_by IS DISTINCT FROM 'huy_ket_hon'),
now_open AS (
  SELECT person_id, count(DISTINCT spouse) AS n_open,
    arg_max(spouse, (coalesce(contracted, DATE '1800-01-01'), marriage_id)) AS spouse,
    arg_max(record_id, (coalesce(contracted, DATE '1800-01-01'), marriage_id)) AS record_id,
    max(contracted) AS since
  FROM valid WHERE ended_by IS NULL GROUP BY 1),
last_ended AS (
  SELECT person_id, arg_max(ended_by, (ended_on, marriage_id)) AS ended_by,
    arg_max(spouse, (ended_on, marriage_id)) AS spouse,
    arg_max(record_id, (ended_on, marriage_id)) AS record_id,
    arg_max(ended_by_record_id, (ended_on, marriage_id)) AS ended_by_record_id,
    max(ended_on) AS since
  FROM valid WHERE ended_by IS NOT NULL GROUP BY 1),
annulled AS (SELECT DISTINCT person_id FROM history WHERE ended_by = 'huy_ket_hon')
SELECT person_id, coalesce(o.n_open, 0) AS n_open, coalesce(o.spouse, e.spouse) AS spouse,
  coalesce(o.record_id, e.record_id) AS marriage_record_id,
  CASE WHEN o.n_open IS NULL THEN e.ended_by_record_id END AS ended_by_record_id, coalesce(o.since, e.since) AS since,
  CASE
    WHEN o.n_open >= 1 THEN 'DANG_CO_VO_CHONG'
    WHEN e.ended_by = 'ly_hon' THEN 'LY_HON'
    WHEN e.ended_by = 'chet' THEN 'GOA'
    ELSE 'CHUA_KET_HON' END AS derived,
  person_id IN (FROM annulled) AS had_annulment
FROM (SELECT DISTINCT person_id FROM history)
LEFT JOIN now_open o USING (person_id)
LEFT JOIN last_ended e USING (person_id)
"""

_CLASSED = f"""
CREATE OR REPLACE TEMP TABLE classed AS
WITH base AS (
  SELECT d.record_id, d.so_dinh_danh, l.person_id, d.unit, d.gioi_tinh, d.ngay_sinh_nam,
    {_MARRIAGEABLE} AS marriageable,
    d.ngay_chet IS NULL AND x.person_id IS NULL AS living,
    coalesce(v.derived, 'CHUA_KET_HON') AS derived, d.tinh_trang_hon_nhan AS recorded,
    nullif(d.tinh_trang_hon_nhan, 'CHUA_XAC_DINH') AS said,
    coalesce(v.n_open, 0) AS n_open, v.spouse, v.marriage_record_id, v.ended_by_record_id,
    v.since, coalesce(v.had_annulment, false) AS had_annulment,
    d.vo_chong_so_dinh_danh AS said_number, name_key(d.vo_chong_ho_ten) AS said_name,
    s.so_dinh_danh AS spouse_number, name_key(s.ho_ten) AS spouse_name
  FROM dan_cu d
  JOIN links l ON l.register = 'dan_cu' AND l.record_id = d.record_id
  LEFT JOIN derived v ON v.person_id = l.person_id
  LEFT JOIN persons s ON s.person_id = v.spouse
  LEFT JOIN deaths x ON x.person_id = l.person_id)
SELECT *,
  CASE
    WHEN n_open >= 2 THEN 'E1'
    WHEN n_open = 1 AND marriageable > $as_of THEN 'F1'
    WHEN derived = 'CHUA_KET_HON' THEN CASE
      WHEN said IS NULL THEN 'A1'
      WHEN said = 'CHUA_KET_HON' THEN 'KHOP'
      WHEN said = 'DANG_CO_VO_CHONG' THEN 'B1'
      WHEN said = 'LY_HON' THEN 'B2'
      WHEN said = 'GOA' THEN 'B3'
      WHEN said = 'HUY_KET_HON' AND had_annulment THEN 'KHOP'
      ELSE 'B2' END
    WHEN derived = 'DANG_CO_VO_CHONG' THEN CASE
      WHEN said IS NULL THEN 'A2'
      WHEN said = 'CHUA_KET_HON' THEN 'C1'
      WHEN said = 'GOA' THEN 'C3'
      WHEN said <> 'DANG_CO_VO_CHONG' THEN 'C2'
      WHEN said_number IS NOT NULL AND spouse_number IS NOT NULL AND said_number <> spouse_number
        AND said_name IS DISTINCT FROM spouse_name THEN 'D1'
      WHEN said_number IS NULL AND said_name <> spouse_name THEN 'D1'
      ELSE 'KHOP' END
    WHEN derived = 'LY_HON' THEN CASE
      WHEN said IS NULL THEN 'A3'
      WHEN said = 'CHUA_KET_HON' THEN 'C4'
      WHEN said = 'DANG_CO_VO_CHONG' THEN 'C5'
      WHEN said = 'GOA' THEN 'C6'
      ELSE 'KHOP' END
    ELSE CASE
      WHEN said IS NULL THEN 'A4'
      WHEN said = 'CHUA_KET_HON' THEN 'C7'
      WHEN said = 'DANG_CO_VO_CHONG' THEN 'C8'
      WHEN said = 'GOA' THEN 'KHOP'
      ELSE 'C9' END
  END AS class
FROM base
"""


def derive_status(con: duckdb.DuckDBPyConnection, as_of: date) -> dict[str, int]:
    """Create tables ``classed`` and (by ``confirmable``) ``marital_status`` from links, registers and coverage.

    One row a ``dan_cu`` record (columns: docs/architecture.md). Events after ``as_of`` do not count.

    Returns:
        Counts: adults in scope, and those confirmable.
    """
    con.execute(f"SET VARIABLE run_date = DATE '{as_of.isoformat()}'")
    for statement in (_DEATHS, _JUDGMENTS, _MARRIAGES, _ENDINGS, _HISTORY, _DERIVED, _CLASSED):
        con.execute(statement.replace("$as_of", "getvariable('run_date')"))
    return confirm(con, as_of)
