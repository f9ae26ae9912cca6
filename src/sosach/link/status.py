"""The marital status that a person's events give for any day, for all at once or for some.

Makes ``standing`` from ``marital_events`` and orchestrates the way from links to ``marital_status``. Classes are in
``classes``, what data prove in ``confirmable``.
"""

from datetime import date

import duckdb

from sosach.link.classes import classify
from sosach.link.confirmable import confirm
from sosach.link.couples import collect_couples
from sosach.link.events import build_events
from sosach.link.findings import build_findings
from sosach.link.marriages import build_marriages

MONOGAMY_FROM = date(1960, 1, 13)
"""First day of one wife, one husband in the North (Luật HNGĐ 1959; domain.md 3.0, 3.1, KH05)."""
MONOGAMY_SOUTH_FROM = date(1977, 3, 25)
"""The same in the South; where an early marriage was contracted is not always in the books, so in between is unsure."""

GAPS = (
    "hai_hon_nhan_mo",
    "chet_truoc_ket_hon",
    "khai_tu_trai_dan_cu",
    "ban_an_truoc_ket_hon",
    "ghi_chu_khong_ro_lan",
    "hieu_luc_truoc_ban_an",
    "ban_an_thieu_ngay",
    "thieu_ngay_hieu_luc",
    "ghi_chu_thieu_ngay",
    "chet_thieu_ngay",
    "chet_chi_co_nam",
    "ket_hon_thieu_ngay",
    "ket_hon_chi_co_nam",
    "thieu_dang_ky_ket_hon",
    "vo_chong_chua_noi",
)
"""What can be missing in a proof, the gravest first."""

# One row a marriage that had begun by the day asked about. An undated step counts from the start and is a gap.
# After annulment the earlier status returns, so annulled marriages do not count.
_HISTORY = """
CREATE OR REPLACE TEMP TABLE history AS
  SELECT a.person_id, a.day AS asked_on, e.marriage_id,
    max(e.record_id) FILTER (e.starts AND e.register = 'ket_hon') AS record_id,
    max(e.spouse_person_id) FILTER (e.starts) AS spouse, bool_and(e.spouse_known) FILTER (e.starts) AS spouse_known,
    max(e.day_to) FILTER (e.starts) AS since, max(e.day_from) FILTER (e.starts) AS start_from,
    max(CASE e.kind WHEN 'vo_chong_chet' THEN 'chet' WHEN 'ghi_chu_ly_hon' THEN 'ly_hon'
      WHEN 'ghi_chu_huy_ket_hon' THEN 'huy_ket_hon' ELSE e.kind END) FILTER (e.ends) AS ended_by,
    max(CASE WHEN e.gap IS DISTINCT FROM 'ghi_chu_thieu_ngay' THEN e.day_to END) FILTER (e.ends) AS ended_on,
    max(e.record_id) FILTER (e.ends) AS ended_by_record_id,
    bool_or(e.kind = 'vo_chong_chet') AS spouse_died,
    list_filter(list(DISTINCT e.gap) FILTER (e.starts OR e.ends OR e.gap = 'chet_truoc_ket_hon'),
      lambda g: g IS NOT NULL) AS gaps,
    arg_min(e.method, (coalesce(e.weight, 0), e.record_id)) FILTER (e.starts OR e.ends) AS method,
    min(coalesce(e.weight, 0)) FILTER (e.starts OR e.ends) AS weight
  FROM asked_days a JOIN marital_events e ON e.person_id = a.person_id
  WHERE e.marriage_id IS NOT NULL AND e.kind <> 'thieu_ghi_chu_ly_hon_nuoc_ngoai'
    AND (e.day_from <= a.day OR e.day_from IS NULL)
  GROUP BY a.person_id, a.day, e.marriage_id
  HAVING bool_or(e.starts) OR bool_or(e.ends)
"""

_STANDING = f"""
CREATE OR REPLACE TEMP TABLE standing AS
WITH valid AS (SELECT * FROM history WHERE ended_by IS DISTINCT FROM 'huy_ket_hon'),
now_open AS (
  SELECT person_id, asked_on, count(DISTINCT spouse) AS n_open, max(start_from) AS last_begun,
    arg_max(marriage_id, (coalesce(since, DATE '1800-01-01'), marriage_id)) AS marriage_id, max(since) AS since
  FROM valid WHERE ended_by IS NULL GROUP BY ALL),
last_ended AS (
  SELECT person_id, asked_on,
    arg_max(marriage_id, (coalesce(ended_on, since, DATE '1800-01-01'), marriage_id)) AS marriage_id
  FROM valid WHERE ended_by IS NOT NULL GROUP BY ALL),
annulled AS (
  SELECT person_id, asked_on, max(marriage_id) AS marriage_id, flatten(list(coalesce(gaps, []))) AS gaps
  FROM history WHERE ended_by = 'huy_ket_hon' GROUP BY ALL),
chosen AS (
  SELECT p.person_id, p.asked_on, coalesce(o.n_open, 0) AS n_open, o.last_begun, o.since AS open_since,
    coalesce(o.marriage_id, e.marriage_id) AS marriage_id, u.marriage_id IS NOT NULL AS had_annulment,
    u.gaps AS annulment_gaps
  FROM (SELECT DISTINCT person_id, asked_on FROM history) p
  LEFT JOIN now_open o USING (person_id, asked_on) LEFT JOIN last_ended e USING (person_id, asked_on)
  LEFT JOIN annulled u USING (person_id, asked_on))
SELECT c.person_id, c.asked_on, c.n_open, c.had_annulment, c.marriage_id, b.spouse, b.record_id AS marriage_record_id,
  CASE WHEN c.n_open = 0 THEN b.ended_by_record_id END AS ended_by_record_id,
  CASE WHEN c.n_open > 0 THEN c.open_since ELSE coalesce(b.ended_on, b.since) END AS since,
  CASE WHEN c.n_open > 0 THEN 'DANG_CO_VO_CHONG' WHEN b.ended_by = 'ly_hon' THEN 'LY_HON'
    WHEN b.ended_by = 'chet' THEN 'GOA' ELSE 'CHUA_KET_HON' END AS derived,
  CASE WHEN c.n_open < 2 THEN NULL WHEN c.last_begun < DATE '{MONOGAMY_FROM}' THEN 'nhieu_vo_chong_truoc_luat'
    WHEN c.last_begun < DATE '{MONOGAMY_SOUTH_FROM}' THEN 'co_the_o_mien_nam' END AS era,
  b.method AS proof_method, b.weight AS proof_weight,
  list_filter({list(GAPS)}, lambda g: list_contains(list_concat(coalesce(b.gaps, []),
    CASE WHEN b.marriage_id IS NULL THEN coalesce(c.annulment_gaps, []) ELSE [] END,
    CASE WHEN c.n_open > 1 THEN ['hai_hon_nhan_mo'] ELSE [] END,
    CASE WHEN c.n_open > 0 AND NOT coalesce(b.spouse_known OR b.spouse_died, false)
      THEN ['vo_chong_chua_noi'] ELSE [] END), g)) AS gaps
FROM chosen c
LEFT JOIN history b ON b.person_id = c.person_id AND b.asked_on = c.asked_on AND b.marriage_id = c.marriage_id
"""


def stand_on(con: duckdb.DuckDBPyConnection, asked: str) -> None:
    """Create ``standing``: how each person stands at the end of a day by ``marital_events``, and ``history`` behind it.

    ``history`` has a row a person and marriage begun by that day: ``person_id, asked_on, marriage_id, record_id,
    spouse, spouse_known, since, ended_by`` (``ly_hon, huy_ket_hon, chet``, NULL)``, ended_on, ended_by_record_id,
    gaps``.

    Who has no marital event by that day has no row: no marriage is known. Columns: ``person_id, asked_on, derived``
    (``CHUA_KET_HON, DANG_CO_VO_CHONG, LY_HON, GOA``)``, since, n_open`` (spouses of open marriages)``, spouse,
    marriage_id, marriage_record_id, ended_by_record_id, had_annulment, era`` (why two open marriages may be lawful)``,
    proof_method, proof_weight`` (weakest link behind the status)``, gaps`` (of ``GAPS``, gravest first).

    Args:
        con: a connection with ``marital_events``.
        asked: a SELECT of distinct ``person_id, day``.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE asked_days AS {asked}")
    con.execute(_HISTORY)
    con.execute(_STANDING)


def derive_events(con: duckdb.DuckDBPyConnection, as_of: date) -> int:
    """Create ``marital_events`` and what it rests on from links and registers that reach up to ``as_of``."""
    con.execute(f"SET VARIABLE run_date = DATE '{as_of.isoformat()}'")
    collect_couples(con)
    build_marriages(con)
    return build_events(con)


def derive(con: duckdb.DuckDBPyConnection, as_of: date) -> dict[str, int]:
    """Create ``marital_events``, ``marital_findings``, ``classed`` and ``marital_status``.

    Reads ``links``, ``persons``, the registers and ``marriage_books`` (``coverage``). Events after ``as_of`` do not
    count.

    Returns:
        Counts: events, findings, adults in scope, and those confirmable.
    """
    counts = {"marital_events": derive_events(con, as_of)}
    stand_on(con, f"SELECT DISTINCT person_id, DATE '{as_of.isoformat()}' AS day FROM marital_events")
    counts["marital_findings"] = build_findings(con)
    classify(con, as_of)
    return counts | confirm(con, as_of)
