"""Records of ``dan_cu`` that are one person's: doubles, two numbers, one with and one without.

Holds which such records are joined at once and which pairs are shown to a person. A wrong join would merge two
citizens, so only near-certain evidence joins.
"""

import duckdb

from sosach.link.candidates import score_pairs
from sosach.link.clusters import connected
from sosach.link.config import LinkConfig
from sosach.link.engine import Model

_AGAINST = """(jaro_winkler_similarity(l.father_key, r.father_key) < 0.8
  OR jaro_winkler_similarity(l.mother_key, r.mother_key) < 0.8 OR l.sex <> r.sex OR l.death <> r.death)"""

# A key, and what must hold beside it. Two persons do not share name, sex, birth date, both parents and commune.
_SAME = (
    ("pin", "pin || '|' || name_fold", "(l.birth_year = r.birth_year) IS NOT FALSE"),
    ("cmnd", "cmnd || '|' || name_fold || '|' || birth_year", "true"),
    (
        "exact_keys",
        "name_key || '|' || birth || '|' || sex || '|' || father_key || '|' || mother_key",
        "(l.home = r.home OR l.origin = r.origin) AND (l.cmnd <> r.cmnd) IS NOT TRUE",
    ),
)
_LOOKED_AT = (
    "name_key || '|' || birth",
    "cmnd || '|' || given",
    "pin",
    "given || '|' || mother_key || '|' || father_key",
)
_BELOW = 10.0
"""A pair of subjects is rarer than one of mention and subject (one in a thousand of them has a double): it has to weigh
so much more to be worth a look."""


def join_subjects(con: duckdb.DuckDBPyConnection) -> int:
    """Give table ``subjects`` the column ``person`` (smallest id of the subjects that are one person) and ``kin``.

    Also makes ``subject_joins(left_id, right_id, method, sure)``. Returns the number of joins.
    """
    selects = " UNION ALL ".join(
        f"""SELECT l.id AS left_id, r.id AS right_id, '{method}' AS method
        FROM (SELECT *, {key} AS key FROM subjects) l JOIN (SELECT *, {key} AS key FROM subjects) r
          ON r.key = l.key AND l.id < r.id
        WHERE ({holds}) AND {_AGAINST} IS NOT TRUE"""
        for method, key, holds in _SAME
    )
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE subject_joins AS
    SELECT left_id, right_id, min(method) AS method, true AS sure FROM ({selects}) GROUP BY ALL;
    CREATE OR REPLACE TEMP TABLE subject_nodes AS SELECT id, 1 AS size FROM subjects""")
    connected(con, "subject_nodes", "subject_joins", 8, out="subject_persons")
    con.execute("""
    CREATE OR REPLACE TEMP TABLE subjects AS
    SELECT s.*, p.cluster AS person, [s.id] AS kin FROM subjects s JOIN subject_persons p USING (id)""")
    row = con.execute("SELECT count(*) FROM subject_joins").fetchone()
    return int(row[0]) if row else 0


def score_subjects(con: duckdb.DuckDBPyConnection, config: LinkConfig, model: Model) -> None:
    """Create ``subject_pairs``: scored pairs of subjects that were not joined and that a person should look at.

    Columns as ``engine.score`` gives them. Children of one birth, who share all but the given name, are not among them.
    """
    keys = " UNION ".join(
        f"""SELECT l.id AS left_id, r.id AS right_id
        FROM (SELECT id, {key} AS key FROM subjects) l JOIN (SELECT id, {key} AS key FROM subjects) r
          ON r.key = l.key AND l.id < r.id"""
        for key in _LOOKED_AT
    )
    # In two steps: the planner overrates the pairs of a computed key and would pair all subjects first.
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE subject_keyed AS {keys};
    CREATE OR REPLACE TEMP TABLE subject_candidates AS
    SELECT p.left_id, p.right_id
    FROM subject_keyed p JOIN subjects l ON l.id = p.left_id JOIN subjects r ON r.id = p.right_id
    WHERE l.person <> r.person AND l.given = r.given AND (l.sex = r.sex) IS NOT FALSE""")
    least = config.review_weight + _BELOW
    score_pairs(con, model, "subjects", None, "subject_candidates", keep_from=least, into="subject_pairs")
