"""Mentions that no ``dan_cu`` record stands behind: the dead before 2016, parents from elsewhere. Who of them is one.

Holds the keys and weights by which they are grouped among themselves. Mentions with a subject are in ``decide``.
"""

import duckdb

from sosach.link.blocking import MAX_SUBJECTS
from sosach.link.candidates import score_pairs
from sosach.link.clusters import connected
from sosach.link.config import LinkConfig
from sosach.link.engine import Model

# 01/01 is written where the day is not known, so it holds nobody together.
_BORN = "CASE WHEN day(birth) > 1 OR month(birth) > 1 THEN birth END"
_KEYS = (
    "pin || '|' || name_fold",
    "cmnd || '|' || name_fold",
    f"name_key || '|' || {_BORN} || '|' || sex || '|' || home",
    f"name_key || '|' || {_BORN} || '|' || sex || '|' || spouse_key",
    "name_key || '|' || birth_year || '|' || sex || '|' || spouse_key || '|' || home",
)
"""Alike in one of these is one person: number and name, or what art. 11 of TT 01/2022/TT-BTP names and one more."""

LINK_WEIGHT = 15.0
"""Of two mentions without a subject none is known to be complete, and one wrong pair joins two groups: it has to weigh
more than a pair with a subject."""

_LOOKED_AT = (
    "cmnd || '|' || given",
    f"name_fold || '|' || {_BORN}",
    "name_fold || '|' || birth_year || '|' || home",
    "name_fold || '|' || spouse_key",
    f"given || '|' || {_BORN} || '|' || home",
)


def group_leftovers(con: duckdb.DuckDBPyConnection, config: LinkConfig, model: Model) -> None:
    """Create ``leftover_edges(left_id, right_id, sure, method, weight)`` and ``leftover_clusters(id, cluster)``.

    Over the mentions without a row in ``linked``. Profiles that are equal, or share one of ``_KEYS`` and do not
    contradict, are joined for sure; pairs of profiles that weigh enough, by weight. Residence records without a name
    hang together by number alone. Also makes ``leftover_pairs``, the scored pairs of profiles.
    """
    con.execute("""
    CREATE OR REPLACE TEMP TABLE leftovers AS
    SELECT m.*, min(m.id) OVER (PARTITION BY m.fingerprint) AS profile FROM mentions m ANTI JOIN linked USING (id);
    CREATE OR REPLACE TEMP TABLE leftover_profiles AS
    SELECT *, NULL::VARCHAR[] AS kin FROM leftovers WHERE id = profile""")
    _keys(con, (*_KEYS, "CASE WHEN name IS NULL THEN coalesce(pin, cmnd) END"))
    # Every one of a key is joined with the first of it, unless birth years, sex or numbers are apart.
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE leftover_edges AS
    SELECT DISTINCT f.first AS left_id, k.id AS right_id, true AS sure, 'exact_keys' AS method, NULL::DOUBLE AS weight
    FROM leftover_keys k JOIN (SELECT key, min(id) AS first FROM leftover_keys GROUP BY key) f USING (key)
    JOIN leftover_profiles a ON a.id = f.first JOIN leftover_profiles b ON b.id = k.id
    WHERE k.id <> f.first AND (abs(a.birth_year - b.birth_year) <= 3) IS NOT FALSE AND (a.sex = b.sex) IS NOT FALSE
      AND (a.pin <> b.pin) IS NOT TRUE
    UNION ALL
    SELECT profile, id, true, 'exact_keys', NULL FROM leftovers
    WHERE id <> profile AND (pin IS NOT NULL OR cmnd IS NOT NULL
      OR name IS NOT NULL AND home IS NOT NULL AND ({_BORN} IS NOT NULL OR spouse_key IS NOT NULL))""")
    _keys(con, _LOOKED_AT)
    # In two steps: the planner overrates the pairs of a computed key and would pair all profiles first.
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE leftover_keyed AS
    SELECT DISTINCT l.id AS left_id, r.id AS right_id
    FROM (FROM leftover_keys WHERE n <= {MAX_SUBJECTS}) l JOIN leftover_keys r ON r.key = l.key AND l.id < r.id;
    CREATE OR REPLACE TEMP TABLE leftover_candidates AS
    SELECT p.* FROM leftover_keyed p
    JOIN leftover_profiles l ON l.id = p.left_id JOIN leftover_profiles r ON r.id = p.right_id
    WHERE l.given = r.given AND (l.sex = r.sex) IS NOT FALSE AND l.record_id <> r.record_id""")
    least = config.review_weight
    score_pairs(con, model, "leftover_profiles", None, "leftover_candidates", keep_from=least, into="leftover_pairs")
    con.execute(f"""
    INSERT INTO leftover_edges
    SELECT left_id, right_id, false, 'probable', weight FROM leftover_pairs WHERE weight >= {LINK_WEIGHT};
    CREATE OR REPLACE TEMP TABLE leftover_nodes AS SELECT id, 1 AS size FROM leftovers""")
    connected(con, "leftover_nodes", "leftover_edges", config.max_cluster, out="leftover_clusters")


def _keys(con: duckdb.DuckDBPyConnection, keys: tuple[str, ...]) -> None:
    """Create ``leftover_keys(id, key, n)``: profiles and those of their keys that others share, ``n`` in all."""
    hashed = " UNION ALL ".join(
        f"SELECT id, hash({i}, {key}) AS key FROM leftover_profiles WHERE ({key}) IS NOT NULL"
        for i, key in enumerate(keys)
    )
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE leftover_hashed AS {hashed};
    CREATE OR REPLACE TEMP TABLE leftover_keys AS
    SELECT id, key, n FROM leftover_hashed
    JOIN (SELECT key, count(*) AS n FROM leftover_hashed GROUP BY key HAVING count(*) > 1) USING (key);
    DROP TABLE leftover_hashed""")
