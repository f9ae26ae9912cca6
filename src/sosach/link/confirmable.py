"""Whether data prove each citizen's derived status (`khẳng định được`), and if not, why not.

Reads ``classed`` and ``history`` (``status``); makes ``marital_status``. How a status is derived is not here; the
single grounds are in ``doubts``, residence in ``residence``.
"""

from datetime import date

import duckdb

from sosach.link.doubts import REASONS, collect_doubts
from sosach.link.residence import follow_residence

# A number is sound when nobody else bears it and its digits fit sex and birth year (domain.md 2.1).
_ASKED = """
CREATE OR REPLACE TEMP TABLE sound_classed AS
WITH shared AS (SELECT so_dinh_danh FROM dan_cu WHERE so_dinh_danh IS NOT NULL GROUP BY 1 HAVING count(*) > 1)
SELECT c.*, coalesce(is_pin(c.so_dinh_danh) AND c.so_dinh_danh NOT IN (FROM shared)
    AND try_cast(substr(c.so_dinh_danh, 5, 2) AS INTEGER) = c.ngay_sinh_nam % 100
    AND (try_cast(substr(c.so_dinh_danh, 4, 1) AS INTEGER) % 2 = 0) = (c.gioi_tinh = 'Nam'), false) AS sound,
  coalesce(c.living AND (c.marriageable <= getvariable('run_date') OR c.class = 'F1'), false) AS in_scope
FROM classed c;

CREATE OR REPLACE TEMP TABLE asked AS
SELECT c.record_id, c.person_id, c.unit, c.so_dinh_danh AS number, name_key(d.ho_ten) AS name, c.gioi_tinh,
  d.ngay_sinh, c.ngay_sinh_nam, c.derived, c.spouse, c.said_number, c.since, c.marriageable, c.flags, c.proof_gap
FROM sound_classed c JOIN dan_cu d USING (record_id) WHERE c.in_scope AND c.sound AND c.class = 'KHOP';

CREATE OR REPLACE TEMP TABLE spans AS
SELECT record_id AS id, person_id, CASE derived WHEN 'CHUA_KET_HON' THEN marriageable ELSE since END AS from_day,
  getvariable('run_date') AS to_day
FROM asked WHERE derived <> 'DANG_CO_VO_CHONG'
"""

_STATUS = """
CREATE OR REPLACE TEMP TABLE marital_status AS
WITH judged AS (
  SELECT c.*, CASE
      WHEN NOT c.in_scope THEN ['ngoai_dien']
      WHEN NOT c.sound THEN ['so_dinh_danh']
      WHEN c.class <> 'KHOP' THEN ['chua_khop']
      ELSE coalesce(d.reasons, ['du_can_cu']) END AS reasons
  FROM sound_classed c LEFT JOIN (
    SELECT record_id, list(reason ORDER BY list_position({order}, reason)) AS reasons FROM doubts GROUP BY record_id) d
  USING (record_id))
SELECT record_id, so_dinh_danh, person_id, unit, in_scope, derived, recorded, class,
  CASE
    WHEN class = 'KHOP' THEN 'matching'
    WHEN class[1] = 'A' THEN 'missing'
    WHEN class[1] = 'B' THEN 'to_verify'
    ELSE 'differing' END AS "group",
  reasons[1] = 'du_can_cu' AS confirmable, reasons[1] AS reason, reasons,
  spouse AS spouse_person_id, spouse_number AS spouse_so_dinh_danh,
  marriage_record_id, ended_by_record_id, since AS status_since,
  flags, exception, proof_gap, proof_gaps, proof_method, proof_weight
FROM judged
"""

_NO_PAIRS = """
CREATE TEMP TABLE IF NOT EXISTS link_pairs (
  register VARCHAR, record_id VARCHAR, role VARCHAR, subject_record_id VARCHAR, decision VARCHAR)
"""


def confirm(con: duckdb.DuckDBPyConnection, as_of: date) -> dict[str, int]:
    """Create table ``marital_status`` from ``classed``, ``history``, residence, coverage and the registers.

    One row a ``dan_cu`` record (columns: docs/architecture.md). ``reasons`` are the codes of ``doubts.REASONS`` that
    hold, in that order; ``reason`` is the first, ``du_can_cu`` where none does (``confirmable``). Grounds after
    ``chua_khop`` are asked only where registers agree, so the others' lists have one code.

    Returns:
        Counts: adults in scope, and those confirmable.
    """
    con.execute(f"SET VARIABLE run_date = DATE '{as_of.isoformat()}'")
    con.execute(_NO_PAIRS)
    con.execute(_ASKED)
    follow_residence(con)
    collect_doubts(con)
    con.execute(_STATUS.format(order=list(REASONS)))
    row = con.execute(
        "SELECT count(*) FILTER (in_scope), count(*) FILTER (in_scope AND confirmable) FROM marital_status"
    ).fetchone()
    assert row is not None
    return {"in_scope": int(row[0]), "confirmable": int(row[1])}
