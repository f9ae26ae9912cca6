"""Person ids that stay the same from run to run, and the record of every merge and split.

Reads clusters and the links of the run before. Which records form a cluster is in ``clusters`` and ``decide``.

A cluster that holds namings of known persons keeps one of their ids. A known id goes to one cluster only: that with
the person's ``dan_cu`` record, else with most of its namings, else with the smallest naming. A cluster that several ids
go to keeps the oldest: that of the earliest ``first_run``, among these the smallest. An id is made for a cluster that
none goes to, from the record that founds it: the same records give the same ids.
"""

import duckdb

from sosach.duck import literal
from sosach.link.identity_words import by, place

# A naming is known by its record; a record that came again in a later delivery by its key, where that tells one naming.
_KNOWN = """
CREATE OR REPLACE TEMP TABLE known AS
WITH same AS (
  SELECT m.id, b.person_id, b.method FROM members m JOIN before_links b USING (register, record_id, role)),
arrived AS (SELECT * FROM members m ANTI JOIN same s USING (id)),
left_over AS (SELECT * FROM before_links b ANTI JOIN members m USING (register, record_id, role)),
one_arrived AS (
  SELECT register, record_key, role, min(id) AS id FROM arrived GROUP BY ALL HAVING count(*) = 1),
one_left AS (
  SELECT register, record_key, role, min(person_id) AS person_id, min(method) AS method
  FROM left_over GROUP BY ALL HAVING count(*) = 1)
SELECT id, person_id, method FROM same
UNION ALL SELECT a.id, l.person_id, l.method FROM one_arrived a JOIN one_left l USING (register, record_key, role)
"""

_CLAIMS = """
CREATE OR REPLACE TEMP TABLE claims AS
WITH votes AS (
  SELECT m.cluster, k.person_id, count(*) AS n, bool_or(m.register = 'dan_cu') AS has_subject, min(m.id) AS first_id
  FROM known k JOIN members m USING (id) GROUP BY ALL)
SELECT v.*, a.first_run,
  row_number() OVER (PARTITION BY v.person_id ORDER BY v.has_subject DESC, v.n DESC, v.first_id) = 1 AS won
FROM votes v JOIN before_ids a USING (person_id);

CREATE OR REPLACE TEMP TABLE kept AS
SELECT cluster, arg_min(person_id, (first_run, person_id)) AS person_id, min(first_run) AS first_run
FROM claims WHERE won GROUP BY cluster
"""

_FOUNDED = """
CREATE OR REPLACE TEMP TABLE founded AS
WITH founders AS (
  SELECT DISTINCT ON (m.cluster) m.cluster, m.register, m.record_key, m.record_id, m.role
  FROM members m ANTI JOIN kept k USING (cluster)
  ORDER BY m.cluster, m.register <> 'dan_cu', m.register, m.record_key, m.record_id, m.role),
named AS (
  SELECT cluster,
    {by_key} AS by_key, {by_record} AS by_record, {by_run} AS by_run
  FROM founders),
counted AS (SELECT *, count(*) OVER (PARTITION BY by_key) AS n FROM named)
SELECT c.cluster, CASE
    WHEN c.n = 1 AND k.person_id IS NULL THEN c.by_key
    WHEN r.person_id IS NULL THEN c.by_record
    ELSE c.by_run END AS person_id
FROM counted c
LEFT JOIN before_ids k ON k.person_id = c.by_key LEFT JOIN before_ids r ON r.person_id = c.by_record
"""

_PERSON_OF = """
CREATE OR REPLACE TEMP TABLE cluster_person AS
SELECT cluster, person_id, first_run FROM kept
UNION ALL SELECT cluster, person_id, $run AS first_run FROM founded
"""

# Of the links that cross from the one person's namings to others of the cluster, the surest one is named.
_MERGED = f"""
INSERT INTO person_changes
WITH gone AS (
  SELECT c.cluster, c.person_id AS other, k.person_id
  FROM claims c JOIN kept k USING (cluster) WHERE c.won AND c.person_id <> k.person_id),
sides AS (
  SELECT left_id AS id, right_id AS other_id, method FROM joins
  UNION ALL SELECT right_id, left_id, method FROM joins),
own AS (
  SELECT g.cluster, g.other, g.person_id, m.id, m.register, m.record_id, m.role
  FROM gone g JOIN known k ON k.person_id = g.other JOIN members m ON m.id = k.id AND m.cluster = g.cluster),
crossing AS (
  SELECT o.*, s.method FROM own o JOIN sides s USING (id)
  LEFT JOIN known k ON k.id = s.other_id WHERE k.person_id IS DISTINCT FROM o.other),
named AS (
  SELECT DISTINCT ON (o.other) o.*, c.method
  FROM own o LEFT JOIN crossing c USING (other, id)
  ORDER BY o.other, c.method IS NULL, list_position(['pin', 'cmnd', 'exact_keys', 'probable'], c.method), o.id)
SELECT $run, 'merged', n.person_id, n.other,
  'Nhập làm một người: ' || {place("n")} || CASE WHEN n.method IS NULL THEN ' nay cùng khớp với một bản ghi khác.'
    ELSE ' khớp ' || {by("n.method")} || '.' END,
  n.register, n.record_id, n.role
FROM named n ORDER BY n.other
"""

_SPLIT = f"""
INSERT INTO person_changes
WITH parts AS (
  SELECT DISTINCT ON (c.cluster) f.person_id AS part, c.person_id, c.cluster
  FROM founded f JOIN claims c USING (cluster)
  ORDER BY c.cluster, c.has_subject DESC, c.n DESC, c.person_id),
named AS (
  SELECT DISTINCT ON (p.cluster) p.*, m.id, m.register, m.record_id, m.role, k.method
  FROM parts p JOIN known k ON k.person_id = p.person_id JOIN members m ON m.id = k.id AND m.cluster = p.cluster
  ORDER BY p.cluster, m.register <> 'dan_cu', m.id),
subjects_left AS (
  SELECT b.person_id FROM before_links b ANTI JOIN members m USING (register, record_id, role)
  WHERE b.register = 'dan_cu' GROUP BY 1)
SELECT $run, 'split', n.person_id, n.part,
  'Tách thành người khác: ' || {place("n")} || CASE
    WHEN n.register = 'dan_cu' THEN ' không còn được coi là trùng với hồ sơ của người này'
    WHEN n.method = 'unlinked' THEN ' không còn cùng nhóm với các bản ghi của người này'
    ELSE ' trước khớp ' || {by("n.method")} || ', nay không còn khớp' END || CASE
    WHEN s.person_id IS NOT NULL THEN '; hồ sơ dân cư trước đây của người này đã bị thay hoặc rút.' ELSE '.' END,
  n.register, n.record_id, n.role
FROM named n LEFT JOIN subjects_left s USING (person_id) ORDER BY n.part
"""

_COUNTS = """
SELECT (SELECT count(*) FROM before_people),
  (SELECT count(*) FROM founded f ANTI JOIN claims c USING (cluster)),
  (SELECT count(*) FROM person_changes WHERE change = 'merged'),
  (SELECT count(*) FROM person_changes WHERE change = 'split'),
  (SELECT count(*) FROM before_people b ANTI JOIN claims c USING (person_id)),
  (SELECT count(*) FROM cluster_person)
"""


def assign(con: duckdb.DuckDBPyConnection, run_id: str) -> dict[str, int]:
    """Give every cluster its person id and write down what was merged and split.

    Reads ``members(id, register, record_id, record_key, role, cluster)``, a row a naming (``role`` of a ``dan_cu``
    record: ``chu_the``); ``joins(left_id, right_id, method)``, the links between ids of members; ``before_links``, what
    the run before said of these persons (columns of ``links``), and ``before_ids(person_id, first_run)``, all ids that
    it knew. All namings of a person of ``before_links`` that still exist have to be among the members.

    Makes ``cluster_person(cluster, person_id, first_run)`` and ``person_changes(run_id, change, person_id,
    other_person_id, reason, register, record_id, role)``: a merge names the id that lives on and the one that ended, a
    split the id that the part had and its new one, each with the naming that joined or parted them.

    Args:
        con: a connection with these tables.
        run_id: the run; the ``first_run`` of new ids.

    Returns:
        Counts of persons: before, new, merged, split, gone and after.

    Raises:
        RuntimeError: these do not balance, a fault of this module.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE person_changes (run_id VARCHAR, change VARCHAR, person_id VARCHAR, "
        "other_person_id VARCHAR, reason VARCHAR, register VARCHAR, record_id VARCHAR, role VARCHAR);"
        "CREATE OR REPLACE TEMP TABLE before_people AS SELECT DISTINCT person_id FROM before_links"
    )
    con.execute(_KNOWN)
    con.execute(_CLAIMS)
    con.execute(
        _FOUNDED.format(
            by_key=_hashed("register, record_key, role"),
            by_record=_hashed("register, record_key, role, record_id"),
            by_run=_hashed(f"register, record_key, role, record_id, {literal(run_id)}"),
        )
    )
    for statement in (_PERSON_OF, _MERGED, _SPLIT):
        con.execute(statement.replace("$run", literal(run_id)))
    row = con.execute(_COUNTS).fetchone()
    assert row is not None
    before, new, merged, split, gone, after = (int(n) for n in row)
    if before + new + split - merged - gone != after:
        raise RuntimeError(
            f"persons do not balance: {before} before + {new} new + {split} split - {merged} merged - {gone} gone "
            f"are not {after}"
        )
    return {
        "persons_before": before,
        "persons_new": new,
        "persons_merged": merged,
        "persons_split": split,
        "persons_gone": gone,
        "persons_after": after,
    }


def _hashed(columns: str) -> str:
    """SQL of a person id made of these columns."""
    return f"'P' || left(md5(concat_ws('|', {columns})), 16)"
