"""Residence records whose number stands beside another person than its bearer in ``dan_cu``, or that ``dan_cu`` lacks.

A residence record has no name, so the model has nothing to compare. Its number is enough where ``dan_cu`` has it once
(``certain``); where every named mention that bears it was linked to one other person, that is who is meant.
"""

import duckdb

_BEARERS = """
CREATE OR REPLACE TEMP TABLE bearers AS
SELECT l.pin, min(s.person) AS person, min(l.subject_id) AS subject_id
FROM linked l JOIN subjects s ON s.id = l.subject_id
WHERE l.named AND l.pin IS NOT NULL
GROUP BY l.pin HAVING count(DISTINCT s.person) = 1
"""

_TAKEN = """
DELETE FROM linked WHERE id IN (
  SELECT l.id FROM (FROM linked WHERE NOT named) l
  JOIN bearers b USING (pin) JOIN subjects s ON s.id = l.subject_id WHERE s.person <> b.person)
"""

_GIVEN = """
INSERT INTO linked
SELECT m.id, m.register, m.record_id, m.record_key, m.role, m.pin, false, b.subject_id, 'pin', NULL
FROM (FROM mentions ANTI JOIN linked USING (id)) m JOIN bearers b USING (pin)
WHERE m.name IS NULL
"""


def link_residence(con: duckdb.DuckDBPyConnection) -> int:
    """Change and add the nameless mentions of ``mentions`` that are found so in ``linked``; returns how many."""
    con.execute(_BEARERS)
    con.execute(_TAKEN)
    row = con.execute(_GIVEN).fetchone()
    return int(row[0]) if row else 0
