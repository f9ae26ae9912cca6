"""Derived beside recorded status: the matrix and classes of domain.md 4.2, with eras and exceptions.

Makes ``classed``. Whether data prove the status is in ``confirmable``, the findings behind the flags in ``findings``.
"""

from datetime import date

import duckdb

# Age from which marriage is possible: Luật HNGĐ 2014 Điều 8 (nam đủ 20, nữ đủ 18).
_MARRIAGEABLE = (
    "add_years(coalesce(d.ngay_sinh, make_date(d.ngay_sinh_nam, 12, 31)), "
    "CASE WHEN d.gioi_tinh = 'Nữ' THEN 18 ELSE 20 END)"
)

DE_FACTO_BEFORE = date(1987, 1, 3)
"""Unions begun before this day are marriages without registration (NQ 35/2000/QH10; domain.md 3.1)."""

# Luật 1959 "từ 20 tuổi, từ 18 tuổi": in the 20th, the 18th year of life.
_OLD_ENOUGH = (
    "add_years(coalesce(d.ngay_sinh, make_date(d.ngay_sinh_nam, 12, 31)), "
    f"CASE WHEN d.gioi_tinh = 'Nữ' THEN 17 ELSE 19 END) < DATE '{DE_FACTO_BEFORE}'"
)

_CLASSED = f"""
CREATE OR REPLACE TEMP TABLE classed AS
WITH flagged AS (
  SELECT person_id, list_sort(list(DISTINCT kind)) AS flags FROM marital_findings
  WHERE kind[1] IN ('G', 'H', 'K') GROUP BY person_id),
base AS (
  SELECT d.record_id, d.so_dinh_danh, l.person_id, d.unit, d.gioi_tinh, d.ngay_sinh_nam,
    {_MARRIAGEABLE} AS marriageable, {_OLD_ENOUGH} AS old_enough,
    d.ngay_chet IS NULL AND x.person_id IS NULL AS living,
    coalesce(v.derived, 'CHUA_KET_HON') AS derived, d.tinh_trang_hon_nhan AS recorded,
    nullif(d.tinh_trang_hon_nhan, 'CHUA_XAC_DINH') AS said,
    coalesce(v.n_open, 0) AS n_open, v.era, v.spouse, v.marriage_record_id, v.ended_by_record_id,
    v.since, coalesce(v.had_annulment, false) AS had_annulment,
    v.proof_method, v.proof_weight, coalesce(v.gaps, []) AS proof_gaps, v.gaps[1] AS proof_gap,
    coalesce(f.flags, []) AS flags,
    d.vo_chong_so_dinh_danh AS said_number, name_key(d.vo_chong_ho_ten) AS said_name,
    s.so_dinh_danh AS spouse_number, name_key(s.ho_ten) AS spouse_name
  FROM dan_cu d
  JOIN links l ON l.register = 'dan_cu' AND l.record_id = d.record_id
  LEFT JOIN standing v ON v.person_id = l.person_id
  LEFT JOIN persons s ON s.person_id = v.spouse
  LEFT JOIN deaths x ON x.person_id = l.person_id
  LEFT JOIN flagged f ON f.person_id = l.person_id),
judged AS (
SELECT *,
  CASE
    WHEN n_open >= 2 AND era IS DISTINCT FROM 'nhieu_vo_chong_truoc_luat' THEN 'E1'
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
      WHEN n_open >= 2 THEN 'KHOP'
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
FROM base)
SELECT *, CASE WHEN era IS NOT NULL THEN era
  WHEN class IN ('B1', 'B3') AND old_enough THEN 'hon_nhan_thuc_te' END AS exception
FROM judged
"""


def classify(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Create ``classed`` (a row a ``dan_cu`` record) from ``standing`` for ``as_of`` and ``marital_findings``.

    ``class``: KHOP (agree), A1–A4 (empty), B1–B3 (recorded without an event), C1–C9 (contrary), D1 (other spouse), E1
    (two open marriages), F1 (open marriage under age). ``flags``: sorted G1, G2, G3, H1, H2, K1. ``exception``: what
    may make it lawful: ``nhieu_vo_chong_truoc_luat`` (all open marriages older than monogamy, so no E1),
    ``co_the_o_mien_nam`` (the last one between the North's and the South's law: unsure, stays E1),
    ``hon_nhan_thuc_te`` (of age before 03/01/1987, recorded as married without an entry). ``proof_gap``: gravest of
    ``proof_gaps``, NULL where the chain is whole.
    """
    con.execute(_CLASSED.replace("$as_of", f"DATE '{as_of.isoformat()}'"))
