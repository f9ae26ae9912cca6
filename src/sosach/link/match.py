"""Joins mentions to persons: by identity number where the rest agrees, then by the exact keys of the law.

Keys without a number: CMND, name, sex, birth date, parents' names (TT 01/2022/TT-BTP art. 11). A link is made only
where it points to exactly one person. Whoever is not in ``dan_cu`` (dead before 2016, moved away) is held together by
the same CMND and name, or the same name, sex and birth date (01/01 is no date to hold by). No probability here.
"""

import duckdb

from sosach.link.mentions import SUBJECTS, collect_mentions

# One row a dan_cu record. A number borne by records that do not agree on name or birth year is no identity, so such
# records are told apart by what they say.
_SUBJECTS = f"""
CREATE OR REPLACE TEMP TABLE subjects AS
WITH s AS (
  SELECT m.*, d.so_cmnd, is_pin(m.number) AS has_pin
  FROM ({SUBJECTS.select}) m JOIN dan_cu d USING (record_id)),
shared AS (
  SELECT number FROM s WHERE has_pin GROUP BY number
  HAVING count(DISTINCT coalesce(name_key, '')) > 1 AND count(DISTINCT coalesce(birth_year, 0)) > 1)
SELECT s.*,
  'P' || left(md5(CASE
    WHEN has_pin AND number NOT IN (FROM shared) THEN 'pin|' || number
    WHEN has_pin THEN concat_ws('|', 'shared', number, name_key, birth_year)
    ELSE 'key|' || record_key END), 16) AS person_id
FROM s
"""

_BY_PIN = """
SELECT m.register, m.record_id, m.role, s.person_id, 'pin' AS method, 1 AS step
FROM mentions m JOIN subjects s ON s.number = m.number AND s.has_pin
WHERE m.register = 'cu_tru' OR m.name_key = s.name_key OR m.birth_year = s.birth_year
"""

_BY_CMND = """
SELECT m.register, m.record_id, m.role, s.person_id, 'cmnd', 2
FROM mentions m JOIN subjects s ON s.so_cmnd = m.number
WHERE is_cmnd(m.number) AND (m.name_key = s.name_key OR m.birth_year = s.birth_year)
"""

_BY_BIRTH_DATE = """
SELECT m.register, m.record_id, m.role, s.person_id, 'exact_keys', 3
FROM mentions m JOIN subjects s ON s.name_key = m.name_key AND s.birth = m.birth AND s.sex = m.sex
"""

_BY_RELATIVES = """
SELECT m.register, m.record_id, m.role, s.person_id, 'exact_keys', 4
FROM mentions m JOIN subjects s ON s.name_key = m.name_key AND s.birth_year = m.birth_year AND s.sex = m.sex
WHERE list_has_any(s.others, m.others)
"""

# The first step that points to exactly one person wins; a step that points to several decides nothing.
_LINKS = """
CREATE OR REPLACE TEMP TABLE links AS
WITH found AS (SELECT DISTINCT * FROM candidates),
single AS (
  SELECT register, record_id, role, step, any_value(person_id) AS person_id, any_value(method) AS method
  FROM found GROUP BY ALL HAVING count(DISTINCT person_id) = 1),
best AS (
  SELECT register, record_id, role, arg_min(person_id, step) AS person_id, arg_min(method, step) AS method
  FROM single GROUP BY ALL)
SELECT m.register, m.record_key, m.record_id, m.role,
  coalesce(b.person_id, CASE
    WHEN is_pin(m.number) AND m.number NOT IN (SELECT number FROM subjects WHERE has_pin)
      THEN 'P' || left(md5('pin|' || m.number), 16)
    ELSE 'U' || left(md5(CASE
      WHEN is_cmnd(m.number) AND m.name_key IS NOT NULL THEN concat_ws('|', 'cmnd', m.number, m.name_key)
      WHEN m.name_key IS NOT NULL AND m.sex IS NOT NULL AND m.birth <> date_trunc('year', m.birth)
        THEN concat_ws('|', 'keys', m.name_key, m.birth, m.sex)
      ELSE concat_ws('|', m.register, m.record_id, m.role) END), 16) END) AS person_id,
  coalesce(b.method, 'unlinked') AS method,
  CASE coalesce(b.method, 'unlinked')
    WHEN 'pin' THEN 3.0 WHEN 'cmnd' THEN 2.0 WHEN 'exact_keys' THEN 1.0 ELSE 0.0 END AS weight
FROM mentions m LEFT JOIN best b USING (register, record_id, role)
UNION ALL
SELECT register, record_key, record_id, role, person_id, CASE WHEN has_pin THEN 'pin' ELSE 'unlinked' END,
  CASE WHEN has_pin THEN 3.0 ELSE 0.0 END
FROM subjects
"""

# A person stands once: the dan_cu record that was updated last speaks for it.
_PERSONS = """
CREATE OR REPLACE TEMP TABLE persons AS
SELECT DISTINCT ON (s.person_id) s.person_id, s.record_id, d.so_dinh_danh, d.ho_ten, d.ngay_sinh,
  d.ngay_sinh_nam AS nam_sinh, d.gioi_tinh, s.unit
FROM subjects s JOIN dan_cu d USING (record_id)
ORDER BY s.person_id, d.ngay_cap_nhat DESC NULLS LAST, s.record_id
"""


def match_mentions(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Create tables ``links`` and ``persons`` (columns: docs/architecture.md) from the registers on the connection.

    Persons known only from hộ tịch or court records have links but no row in ``persons``.

    Returns:
        Counts: mentions, subjects, links, and links by method.
    """
    mentions = collect_mentions(con)
    con.execute(_SUBJECTS)
    steps = " UNION ALL ".join((_BY_PIN, _BY_CMND, _BY_BIRTH_DATE, _BY_RELATIVES))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE candidates (register VARCHAR, record_id VARCHAR, role VARCHAR, "
        f"person_id VARCHAR, method VARCHAR, step INTEGER); INSERT INTO candidates {steps}"
    )
    con.execute(_LINKS)
    con.execute(_PERSONS)
    counts = {"mentions": mentions}
    for name in ("subjects", "links"):
        row = con.execute(f"SELECT count(*) FROM {name}").fetchone()
        counts[name] = int(row[0]) if row else 0
    for method, number in con.execute("SELECT method, count(*) FROM links GROUP BY 1 ORDER BY 1").fetchall():
        counts[f"links_{method}"] = int(number)
    return counts
