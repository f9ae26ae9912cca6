"""How many certificates of marital status need not have been asked for: the data could have answered.

Makes ``certificates``, a row a certificate of the last twelve months. Reads ``marital_status`` (``confirmable``) and
how each holder stood on the certificate's day (``status``).
"""

from datetime import date

import duckdb

from sosach.link.residence import follow_residence
from sosach.link.status import stand_on

MONTHS = 12
"""The period: a whole year, so that the count is a yearly rate as it stands."""

_ISSUED = f"""
CREATE OR REPLACE TEMP TABLE issued AS
SELECT x.record_id, x.unit, x.ngay_dang_ky AS day, m.person_id, m.record_id AS holder, m.reason, c.marriageable
FROM xac_nhan_tthn x
LEFT JOIN links l ON l.register = 'xac_nhan_tthn' AND l.record_id = x.record_id AND l.role = 'nxn'
LEFT JOIN persons p ON p.person_id = l.person_id
LEFT JOIN marital_status m ON m.record_id = p.record_id
LEFT JOIN classed c ON c.record_id = p.record_id
WHERE x.ngay_dang_ky <= getvariable('run_date')
  AND x.ngay_dang_ky > getvariable('run_date') - INTERVAL {MONTHS} MONTH
"""

# Who is married by now was not on the day of most certificates: being single then takes residence and books up to then.
_SPANS = """
CREATE OR REPLACE TEMP TABLE spans AS
SELECT i.record_id AS id, i.person_id, coalesce(s.since, i.marriageable) AS from_day, i.day AS to_day
FROM issued i LEFT JOIN standing s ON s.person_id = i.person_id AND s.asked_on = i.day
WHERE i.reason = 'du_can_cu' AND coalesce(s.derived, 'CHUA_KET_HON') <> 'DANG_CO_VO_CHONG'
"""

_CERTIFICATES = """
CREATE OR REPLACE TEMP TABLE certificates AS
SELECT i.record_id, i.unit, i.day, i.person_id,
  CASE
    WHEN i.holder IS NULL THEN 'khong_co_trong_dan_cu'
    WHEN i.reason <> 'du_can_cu' THEN i.reason
    WHEN s.gaps[1] IS NOT NULL THEN 'thieu_mat_xich'
    WHEN r.away THEN 'vang_mat'
    WHEN NOT r.known THEN 'chua_ro_noi_cu_tru'
    WHEN NOT r.books_covered THEN 'chua_du_so'
    ELSE 'du_can_cu' END AS reason
FROM issued i
LEFT JOIN standing s ON s.person_id = i.person_id AND s.asked_on = i.day
LEFT JOIN residence r ON r.id = i.record_id
"""


def build_certificates(con: duckdb.DuckDBPyConnection, as_of: date) -> dict[str, int]:
    """Create table ``certificates``: those issued in the twelve months up to ``as_of``, and whether data could answer.

    Columns: ``record_id`` (of ``xac_nhan_tthn``)``, unit`` (that issued it)``, day, person_id, reason``: ``du_can_cu``
    where the holder's registers agree and prove today's status, and the same data prove how the holder stood on that
    day; else what is in the way (``doubts.REASONS``, or ``khong_co_trong_dan_cu``: no citizen's record of the holder).
    What kept today's status from being confirmed is held against the earlier day too, so the count is a lower bound.

    Reads ``marital_events, classed, marital_status, marriage_books, links, persons`` and the registers; replaces
    ``standing``, ``history``, ``spans`` and ``residence`` by those of the certificates' days.

    Returns:
        Counts: certificates of the period, and those that data could have answered.
    """
    con.execute(f"SET VARIABLE run_date = DATE '{as_of.isoformat()}'")
    con.execute(_ISSUED)
    stand_on(con, "SELECT DISTINCT person_id, day FROM issued WHERE person_id IS NOT NULL")
    con.execute(_SPANS)
    follow_residence(con)
    con.execute(_CERTIFICATES)
    row = con.execute("SELECT count(*), count(*) FILTER (reason = 'du_can_cu') FROM certificates").fetchone()
    assert row is not None
    return {"certificates": int(row[0]), "certificates_answerable": int(row[1])}
