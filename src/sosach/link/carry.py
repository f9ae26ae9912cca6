"""Joins what a day decided with what the run before knew: ids, links, persons, pairs and prints of all namings.

Holds no deciding. ``inc_affected``, ``inc_changed``, ``inc_touched`` come from ``incremental``; ``linked``,
``subjects``, ``leftovers`` and ``leftover_clusters`` from the same steps as in a full run, over the records at hand.
"""

import duckdb

from sosach.link import identity, prints
from sosach.link.mentions import SUBJECTS

_SUBJECT = f"register = '{SUBJECTS.register}'"

# Every person whose namings may hang together otherwise than before.
_STIRRED = f"""
CREATE OR REPLACE TEMP TABLE inc_stirred AS
SELECT DISTINCT person_id FROM previous_links SEMI JOIN (
  SELECT register, record_id, role FROM inc_affected
  UNION ALL SELECT register, record_id, role FROM leftovers SEMI JOIN inc_regrouped USING (id)
  UNION ALL SELECT '{SUBJECTS.register}', id, '{SUBJECTS.role}' FROM inc_touched
  UNION ALL SELECT '{SUBJECTS.register}', subject_id, '{SUBJECTS.role}' FROM linked
) USING (register, record_id, role)
UNION
SELECT DISTINCT person_id FROM previous_links SEMI JOIN inc_changed USING (register, record_id);
CREATE OR REPLACE TEMP TABLE before_stirred AS FROM previous_links SEMI JOIN inc_stirred USING (person_id)
"""

# A naming that was not decided again hangs with the person's subjects as before: under the smallest of them.
_MEMBERS = f"""
CREATE OR REPLACE TEMP TABLE inc_anchor AS
SELECT l.person_id, min(coalesce(s.person, l.record_id)) AS cluster
FROM before_stirred l LEFT JOIN subjects s ON s.id = l.record_id
WHERE l.{_SUBJECT} AND l.record_id NOT IN (SELECT record_id FROM inc_changed WHERE {_SUBJECT}) GROUP BY 1;
CREATE OR REPLACE TEMP TABLE members AS
SELECT s.id, s.register, s.record_id, s.record_key, s.role, s.person AS cluster,
  CASE WHEN s.pin IS NOT NULL THEN 'pin' ELSE 'unlinked' END AS method, NULL::DOUBLE AS weight
FROM subjects s WHERE s.id IN (SELECT id FROM inc_touched)
UNION ALL
SELECT l.id, l.register, l.record_id, l.record_key, l.role, s.person, l.method, l.weight
FROM linked l JOIN subjects s ON s.id = l.subject_id
UNION ALL
SELECT o.id, o.register, o.record_id, o.record_key, o.role, c.cluster, 'unlinked', NULL
FROM leftovers o JOIN leftover_clusters c USING (id) WHERE o.id IN (SELECT id FROM inc_regrouped);
INSERT INTO members
SELECT CASE WHEN {_SUBJECT} THEN record_id ELSE concat_ws('|', register, record_id, role) END AS id,
  register, record_id, record_key, role, a.cluster, method, weight
FROM before_stirred JOIN inc_anchor a USING (person_id)
ANTI JOIN members USING (register, record_id, role)
ANTI JOIN inc_changed USING (register, record_id)
ANTI JOIN inc_affected USING (register, record_id, role);
CREATE OR REPLACE TEMP TABLE joins AS
SELECT id AS left_id, subject_id AS right_id, method FROM linked
UNION ALL SELECT left_id, right_id, method FROM subject_joins
UNION ALL SELECT left_id, right_id, method FROM leftover_edges
"""

_TABLES = f"""
CREATE OR REPLACE TEMP TABLE links AS
SELECT register, record_key, record_id, role, person_id, method, weight
FROM prior ANTI JOIN inc_stirred USING (person_id)
UNION ALL
SELECT m.register, m.record_key, m.record_id, m.role, p.person_id, m.method, m.weight
FROM members m JOIN cluster_person p USING (cluster);

CREATE OR REPLACE TEMP TABLE person_ids AS
SELECT person_id, first_run FROM previous_person_ids ANTI JOIN inc_stirred USING (person_id)
UNION ALL SELECT person_id, first_run FROM cluster_person;

CREATE OR REPLACE TEMP TABLE persons AS
FROM previous_persons ANTI JOIN inc_stirred USING (person_id)
UNION ALL BY NAME (
  SELECT DISTINCT ON (p.person_id) p.person_id, d.record_id, d.so_dinh_danh, d.ho_ten, d.ngay_sinh,
    d.ngay_sinh_nam AS nam_sinh, d.gioi_tinh, d.unit
  FROM (FROM members WHERE {_SUBJECT}) m JOIN cluster_person p USING (cluster)
  JOIN {SUBJECTS.register} d ON d.record_id = m.record_id
  ORDER BY p.person_id, d.ngay_cap_nhat DESC NULLS LAST, d.record_id)
"""

_PAIRS = f"""
CREATE OR REPLACE TEMP TABLE inc_pairs AS FROM link_pairs;
CREATE OR REPLACE TEMP TABLE inc_again AS
SELECT register, record_id, role FROM inc_affected
UNION SELECT register, record_id, role FROM previous_links SEMI JOIN inc_changed USING (register, record_id)
UNION SELECT '{SUBJECTS.register}', id, '{SUBJECTS.role}' FROM inc_touched;
CREATE OR REPLACE TEMP TABLE inc_again_left AS
FROM inc_again UNION SELECT register, record_id, role FROM leftovers SEMI JOIN inc_regrouped USING (id);
CREATE OR REPLACE TEMP TABLE link_pairs AS
SELECT p.* FROM previous_link_pairs p
ANTI JOIN inc_again a ON a.register = p.register AND a.record_id = p.record_id AND a.role = p.role
ANTI JOIN inc_again a ON p.{_SUBJECT} AND a.{_SUBJECT} AND a.record_id = p.subject_record_id
WHERE p.other_register IS NULL
UNION ALL
SELECT p.* FROM previous_link_pairs p
ANTI JOIN inc_again_left a ON a.register = p.register AND a.record_id = p.record_id AND a.role = p.role
ANTI JOIN inc_again_left a
  ON a.register = p.other_register AND a.record_id = p.other_record_id AND a.role = p.other_role
WHERE p.other_register IS NOT NULL
UNION ALL BY NAME FROM inc_pairs;
DROP TABLE inc_pairs
"""

_STOPPED = f"""
CREATE OR REPLACE TEMP TABLE inc_here AS
SELECT id FROM inc_touched UNION SELECT id FROM inc_regrouped
UNION SELECT record_id FROM inc_changed WHERE {_SUBJECT}
UNION SELECT concat_ws('|', register, record_id, role) FROM inc_again;
CREATE OR REPLACE TEMP TABLE inc_stopped_now AS
SELECT DISTINCT key FROM stopped_members SEMI JOIN inc_here USING (id);
CREATE OR REPLACE TEMP TABLE inc_stopped_before AS
SELECT DISTINCT key FROM previous_stopped_members SEMI JOIN inc_here USING (id);
CREATE OR REPLACE TEMP TABLE stopped_members AS
SELECT key, id FROM previous_stopped_members ANTI JOIN inc_stopped_before USING (key)
UNION ALL SELECT key, id FROM stopped_members SEMI JOIN inc_stopped_now USING (key);
CREATE OR REPLACE TEMP TABLE stopped_clusters AS
SELECT size, key, reason, n_edges FROM previous_stopped_clusters ANTI JOIN inc_stopped_before USING (key)
UNION ALL SELECT size, key, reason, n_edges FROM stopped_clusters SEMI JOIN inc_stopped_now USING (key)
"""


def carry(con: duckdb.DuckDBPyConnection, run_id: str) -> dict[str, int]:
    """Make the tables of the run (those of ``match.link_persons`` and ``previous.TABLES``) from the day's and the old.

    Returns:
        Counts of persons as ``identity.assign`` gives them, over all persons.
    """
    con.execute(_STIRRED)
    con.execute(_MEMBERS)
    con.execute(
        "CREATE OR REPLACE TEMP VIEW before_links AS FROM before_stirred;"
        "CREATE OR REPLACE TEMP VIEW before_ids AS FROM previous_person_ids"
    )
    counts = identity.assign(con, run_id)
    for statement in (_TABLES, _PAIRS, _STOPPED):
        con.execute(statement)
    _prints(con)
    row = con.execute("SELECT (SELECT count(*) FROM previous_person_ids), (SELECT count(*) FROM person_ids)").fetchone()
    assert row is not None
    return counts | {"persons_before": int(row[0]), "persons_after": int(row[1])}


def _prints(con: duckdb.DuckDBPyConnection) -> None:
    """``mention_prints`` of all namings: those decided or changed anew, the others as they were."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE subjects AS FROM subjects WHERE id IN "
        f"(SELECT record_id FROM inc_changed WHERE {_SUBJECT});"
        "CREATE OR REPLACE TEMP TABLE mentions AS "
        "FROM inc_mentions SEMI JOIN inc_affected USING (register, record_id, role)"
    )
    prints.make_mention_prints(con, "linked")
    con.execute("""
    CREATE OR REPLACE TEMP TABLE inc_prints AS FROM mention_prints;
    DROP TABLE mention_prints;
    CREATE TEMP VIEW mention_prints AS
    SELECT register, record_id, role, pin_key, cmnd_key, keys, ties FROM previous_mention_prints
    ANTI JOIN inc_affected USING (register, record_id, role) ANTI JOIN inc_changed USING (register, record_id)
    UNION ALL SELECT register, record_id, role, pin_key, cmnd_key, keys, ties FROM inc_prints""")
