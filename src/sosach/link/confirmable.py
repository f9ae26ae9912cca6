"""Whether data prove each citizen's derived status, and if not, why not.

Reads ``classed`` (derived and recorded status with class: ``status``), ``marriage_books`` (``coverage``), ``links`` and
the registers; makes ``marital_status``. How a status is derived is not here.
"""

from datetime import date

import duckdb

# "Độc thân" is a negative fact: it holds only where the marriage books of every commune lived in since the day that
# counts are covered.
_STATUS = """
CREATE OR REPLACE TEMP TABLE marital_status AS
WITH needed AS (
  SELECT record_id, person_id, CASE derived WHEN 'CHUA_KET_HON' THEN marriageable ELSE since END AS needed_from
  FROM classed WHERE derived <> 'DANG_CO_VO_CHONG'),
spells AS (
  SELECT l.person_id, c.unit, c.tu_ngay, c.den_ngay
  FROM links l JOIN cu_tru c ON l.register = 'cu_tru' AND c.record_id = l.record_id
  WHERE c.loai_cu_tru = 'thuong_tru' AND c.tu_ngay IS NOT NULL),
covered AS (
  SELECT n.record_id, min(s.tu_ngay) <= any_value(n.needed_from) AS known_from_start,
    bool_and(CASE WHEN s.den_ngay < n.needed_from OR s.tu_ngay > $as_of THEN true
      ELSE coalesce(upto.uncovered_so_far = before.uncovered_so_far, false) END) AS books_covered
  FROM needed n JOIN spells s USING (person_id)
  LEFT JOIN marriage_books upto ON upto.unit = s.unit AND upto.year = year(least(coalesce(s.den_ngay, $as_of), $as_of))
  LEFT JOIN marriage_books before ON before.unit = s.unit AND before.year = year(greatest(s.tu_ngay, n.needed_from)) - 1
  GROUP BY n.record_id),
shared AS (SELECT so_dinh_danh FROM dan_cu WHERE so_dinh_danh IS NOT NULL GROUP BY 1 HAVING count(*) > 1),
judged AS (
  SELECT c.*, c.living AND (c.marriageable <= $as_of OR c.class = 'F1') AS in_scope,
    CASE
      WHEN is_pin(c.so_dinh_danh) IS NOT TRUE OR c.so_dinh_danh IN (FROM shared)
        OR try_cast(substr(c.so_dinh_danh, 5, 2) AS INTEGER) IS DISTINCT FROM c.ngay_sinh_nam % 100
        OR (try_cast(substr(c.so_dinh_danh, 4, 1) AS INTEGER) % 2 = 0) IS DISTINCT FROM (c.gioi_tinh = 'Nam')
        THEN 'so_dinh_danh'
      WHEN c.class <> 'KHOP' THEN 'chua_khop'
      WHEN c.derived = 'DANG_CO_VO_CHONG' THEN 'du_can_cu'
      WHEN v.known_from_start IS NOT TRUE THEN 'chua_ro_noi_cu_tru'
      WHEN v.books_covered IS NOT TRUE THEN 'chua_du_so'
      ELSE 'du_can_cu' END AS reason
  FROM classed c LEFT JOIN covered v USING (record_id))
SELECT record_id, so_dinh_danh, person_id, unit, coalesce(in_scope, false) AS in_scope, derived, recorded, class,
  CASE
    WHEN class = 'KHOP' THEN 'matching'
    WHEN class[1] = 'A' THEN 'missing'
    WHEN class[1] = 'B' THEN 'to_verify'
    ELSE 'differing' END AS "group",
  reason = 'du_can_cu' AS confirmable, reason,
  spouse AS spouse_person_id, spouse_number AS spouse_so_dinh_danh,
  marriage_record_id, ended_by_record_id, since AS status_since
FROM judged
"""


def confirm(con: duckdb.DuckDBPyConnection, as_of: date) -> dict[str, int]:
    """Create table ``marital_status`` from ``classed``, residence spells and coverage.

    One row a ``dan_cu`` record (columns: docs/architecture.md). ``reason`` says why a status is confirmable or not:
    ``du_can_cu`` (proved), ``so_dinh_danh`` (identity number unusable), ``chua_khop`` (registers disagree),
    ``chua_ro_noi_cu_tru`` (residence since the day that counts is unknown), ``chua_du_so`` (books of a commune lived in
    are not all digitised).

    Returns:
        Counts: adults in scope, and those confirmable.
    """
    con.execute(f"SET VARIABLE run_date = DATE '{as_of.isoformat()}'")
    con.execute(_STATUS.replace("$as_of", "getvariable('run_date')"))
    row = con.execute(
        "SELECT count(*) FILTER (in_scope), count(*) FILTER (in_scope AND confirmable) FROM marital_status"
    ).fetchone()
    assert row is not None
    return {"in_scope": int(row[0]), "confirmable": int(row[1])}
