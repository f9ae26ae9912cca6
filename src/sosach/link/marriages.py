"""Which entries are one marriage, and what ended it: a judgment, or the note in the book.

Makes ``marriages`` (a row a marriage) and ``entered`` (which entry belongs to which). Deaths end a marriage for the
one who is left, so they are in ``events``. What the records say is collected in ``couples``.
"""

import duckdb

# A couple written twice without a divorce between (re-registration, double entry) has one marriage.
_ENTERED = """
CREATE OR REPLACE TEMP TABLE entered AS
WITH cuts AS (
  SELECT husband, wife, list(DISTINCT day_to) AS days FROM (
    SELECT husband, wife, day_to FROM verdicts WHERE day_to <= getvariable('run_date')
    UNION ALL SELECT husband, wife, noted FROM entries WHERE noted IS NOT NULL)
  GROUP BY ALL),
counted AS (
  SELECT e.*, len(list_filter(coalesce(c.days, []), lambda x: x < coalesce(e.day_from, e.day_to))) AS earlier
  FROM entries e LEFT JOIN cuts c USING (husband, wife))
SELECT *, first_value(record_id) OVER (
  PARTITION BY husband, wife, earlier ORDER BY day_from NULLS LAST, record_id) AS marriage_id
FROM counted
"""

_MARRIED = """
CREATE OR REPLACE TEMP TABLE married AS
SELECT marriage_id, any_value(husband) AS husband, any_value(wife) AS wife, min(day_from) AS day_from,
  arg_min(day_to, (coalesce(day_from, DATE '9999-01-01'), day_to, record_id)) AS day_to,
  bool_or("foreign") AS "foreign",
  arg_min(noted_kind, (noted_kind = 'ly_hon', record_id)) FILTER (noted_kind IS NOT NULL) AS noted_kind,
  min(noted) AS noted,
  arg_min(record_id, (noted IS NULL, noted, record_id)) FILTER (noted_kind IS NOT NULL) AS noted_in,
  count(*) > 1 AND arg_max(coalesce(noted_kind, ''), (coalesce(day_from, DATE '1800-01-01'), record_id)) = ''
    AND NOT coalesce(arg_max("again", (coalesce(day_from, DATE '1800-01-01'), record_id)), false) AS last_without_note
FROM entered GROUP BY marriage_id
"""

# A judgment ends the marriage of its couple. Where a party could not be joined, the entry that the judgment names by
# place and number, or the day of the marriage beside one party, tells which marriage it is.
_JUDGED = """
CREATE OR REPLACE TEMP TABLE judged AS
WITH found AS (
  SELECT m.marriage_id, v.record_id, m.day_from AS married_on, false AS named
  FROM married m JOIN verdicts v ON m.husband = v.husband AND m.wife = v.wife
  UNION ALL
  SELECT e.marriage_id, v.record_id, e.day_from, true
  FROM entered e JOIN verdicts v ON e.place = v.place AND e.number = v.entry_number
  WHERE e.husband = v.husband OR e.wife = v.wife OR (e.his_name = v.his_name AND e.her_name = v.her_name)
  UNION ALL
  SELECT e.marriage_id, v.record_id, e.day_from, true
  FROM entered e JOIN verdicts v ON e.written = v.entry_day AND e.husband = v.husband
  UNION ALL
  SELECT e.marriage_id, v.record_id, e.day_from, true
  FROM entered e JOIN verdicts v ON e.written = v.entry_day AND e.wife = v.wife),
single AS (
  SELECT marriage_id, record_id, min(married_on) AS married_on, bool_or(named) AS named FROM found GROUP BY ALL)
SELECT s.marriage_id, v.record_id, v.kind, v.day_from, v.day_to,
  CASE WHEN v.day_to < s.married_on THEN 'ban_an_truoc_ket_hon' ELSE v.gap END AS gap
FROM single s JOIN verdicts v USING (record_id)
WHERE s.named OR coalesce(v.day_to >= s.married_on, true)
"""

# A judgment without an entry shows the marriage that it ended.
_MARRIAGES = """
CREATE OR REPLACE TEMP TABLE marriages AS
WITH first_judged AS (
  SELECT DISTINCT ON (marriage_id) * FROM judged
  ORDER BY marriage_id, coalesce(gap = 'ban_an_truoc_ket_hon', false), day_to, record_id),
alone AS (
  SELECT DISTINCT ON (v.husband, v.wife) v.* FROM verdicts v ANTI JOIN judged j ON j.record_id = v.record_id
  ORDER BY v.husband, v.wife, v.day_to, v.record_id)
SELECT m.marriage_id, m.husband, m.wife, true AS entered, m.day_from, m.day_to, m."foreign",
  coalesce(j.kind, m.noted_kind) AS end_kind,
  CASE WHEN j.kind IS NOT NULL THEN 'ly_hon' WHEN m.noted_kind IS NOT NULL THEN 'ket_hon' END AS end_register,
  coalesce(j.record_id, m.noted_in) AS end_record_id,
  CASE WHEN j.kind IS NOT NULL THEN j.day_from ELSE m.noted END AS end_from,
  CASE WHEN j.kind IS NOT NULL THEN j.day_to WHEN m.noted_kind IS NOT NULL
    THEN coalesce(m.noted, getvariable('run_date')) END AS end_to,
  CASE WHEN j.kind IS NOT NULL THEN j.gap WHEN m.noted_kind IS NULL THEN NULL
    WHEN m.last_without_note THEN 'ghi_chu_khong_ro_lan' WHEN m.noted IS NULL THEN 'ghi_chu_thieu_ngay' END AS end_gap
FROM married m LEFT JOIN first_judged j USING (marriage_id)
UNION ALL BY NAME
SELECT 'J' || record_id AS marriage_id, husband, wife, false AS entered,
  CASE WHEN entry_day <= day_to THEN entry_day END AS day_from,
  CASE WHEN entry_day <= day_to THEN entry_day END AS day_to,
  false AS "foreign", kind AS end_kind, 'ly_hon' AS end_register, record_id AS end_record_id,
  day_from AS end_from, day_to AS end_to, gap AS end_gap
FROM alone
"""


def build_marriages(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``marriages`` from ``entries`` and ``verdicts`` (``couples``).

    Columns: ``marriage_id`` (record of the first entry, or ``J`` and the judgment's where no entry is there)``,
    husband, wife, entered, day_from, day_to, foreign, end_kind`` (``ly_hon``, ``huy_ket_hon``, NULL)``, end_register,
    end_record_id, end_from, end_to, end_gap``. ``entered`` (the table) and ``judged`` keep every entry and judgment
    with its ``marriage_id``.
    """
    for statement in (_ENTERED, _MARRIED, _JUDGED, _MARRIAGES):
        con.execute(statement)
