"""Whether the books of every place where a person lived between two days are in the data.

Reads residence spells and ``marriage_books`` (``coverage``); answers for any set of persons and days. Why one asks, and
what follows, is in ``confirmable`` and ``certificates``.
"""

import duckdb

NOTICEABLE = 30
"""Days away or unaccounted for that count: from 30 on, living elsewhere has to be registered (Luật Cư trú Điều 27)."""

# Places outside the province stand under no commune of today. A temporary home is a place of residence too (Luật Cư
# trú Điều 11), so a marriage may be registered there; it ends with its term where nobody closed it.
_SPELLS = """
CREATE OR REPLACE TEMP TABLE spells AS
SELECT l.person_id, c.unit, c.loai_cu_tru AS kind, c.tu_ngay AS from_day,
  coalesce(c.den_ngay, CASE WHEN c.loai_cu_tru <> 'thuong_tru' THEN c.thoi_han END, DATE '9999-12-31') AS to_day
FROM links l JOIN cu_tru c ON l.register = 'cu_tru' AND c.record_id = l.record_id
WHERE c.loai_cu_tru IN ('thuong_tru', 'tam_tru', 'tam_vang') AND c.tu_ngay IS NOT NULL
  AND l.person_id IN (SELECT person_id FROM spans);

CREATE OR REPLACE TEMP TABLE unaccounted AS
WITH stays AS (
  SELECT person_id, from_day,
    max(to_day) OVER w AS reached, lead(from_day) OVER w AS next_from
  FROM (SELECT person_id, from_day, max(to_day) AS to_day FROM spells WHERE kind = 'thuong_tru' GROUP BY ALL)
  WINDOW w AS (PARTITION BY person_id ORDER BY from_day))
SELECT person_id, reached AS from_day, coalesce(next_from, DATE '9999-12-31') AS to_day
FROM stays WHERE coalesce(next_from, DATE '9999-12-31') - reached > {noticeable}
"""

_RESIDENCE = """
CREATE OR REPLACE TEMP TABLE residence AS
WITH lived AS (
  SELECT p.id,
    coalesce(min(s.from_day) FILTER (s.kind = 'thuong_tru') <= p.from_day, false) AS known_from_start,
    coalesce(bool_or(s.kind = 'tam_vang'
        AND least(s.to_day, p.to_day) - greatest(s.from_day, p.from_day) >= {noticeable}
      OR s.kind <> 'tam_vang' AND s.from_day <= p.to_day AND s.to_day >= p.from_day
        AND s.unit NOT IN (SELECT unit FROM marriage_books)), false) AS away,
    coalesce(bool_and(s.kind = 'tam_vang' OR s.to_day < p.from_day OR s.from_day > p.to_day
      OR coalesce(upto.uncovered_so_far = before.uncovered_so_far, false)), false) AS books_covered
  FROM spans p
  LEFT JOIN spells s USING (person_id)
  LEFT JOIN marriage_books upto ON upto.unit = s.unit AND upto.year = year(least(s.to_day, p.to_day))
  LEFT JOIN marriage_books before ON before.unit = s.unit AND before.year = year(greatest(s.from_day, p.from_day)) - 1
  GROUP BY p.id, p.from_day, p.to_day),
gaps AS (
  SELECT DISTINCT p.id FROM spans p JOIN unaccounted u USING (person_id)
  WHERE least(u.to_day, p.to_day) - greatest(u.from_day, p.from_day) > {noticeable})
SELECT l.id, l.known_from_start AND g.id IS NULL AS known, l.away, l.books_covered
FROM lived l LEFT JOIN gaps g USING (id)
"""


def follow_residence(con: duckdb.DuckDBPyConnection) -> None:
    """Create table ``residence`` from ``spans``.

    ``spans`` has ``id`` (unique)``, person_id, from_day, to_day``. ``residence`` has a row an id: ``known`` (permanent
    residence is known from the first day on, without a gap of more than 30 days)``, away`` (lived outside the province,
    or was declared absent for 30 days or more)``, books_covered`` (the marriage books of every commune lived in are
    covered for the years of the stay).
    """
    con.execute(_SPELLS.format(noticeable=NOTICEABLE))
    con.execute(_RESIDENCE.format(noticeable=NOTICEABLE))
