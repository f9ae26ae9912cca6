"""Which nodes hang together: connected components in SQL, and the guard against clusters that swallow too many.

Holds graph work only. What an edge means is in ``decide``, which person id a cluster gets in ``identity``.
"""

from dataclasses import dataclass

import duckdb

_ROUNDS = 64
"""Far above log2 of any number of nodes: each round joins at least half of the groups that still have edges."""

_NUMBERED = """
CREATE OR REPLACE TEMP TABLE cc_node AS
SELECT id, row_number() OVER (ORDER BY id) AS n
FROM (SELECT left_id AS id FROM {edges} WHERE left_id <> right_id UNION
      SELECT right_id FROM {edges} WHERE left_id <> right_id);
CREATE OR REPLACE TEMP TABLE cc_edge AS
SELECT l.n AS a, r.n AS b FROM {edges} e JOIN cc_node l ON l.id = e.left_id JOIN cc_node r ON r.id = e.right_id
WHERE l.n <> r.n;
CREATE OR REPLACE TEMP TABLE cc_live AS SELECT a, b FROM cc_edge UNION SELECT b, a FROM cc_edge;
CREATE OR REPLACE TEMP TABLE cc_root AS SELECT n, n AS root FROM cc_node
"""

# Every group joins its smallest neighbour where that is smaller (or its largest where that is larger); chains of joins
# are then followed to their end.
_HOOKED = """
CREATE OR REPLACE TEMP TABLE cc_parent AS
SELECT a AS n, {pick}(a, {best}(b)) AS parent FROM cc_live GROUP BY a
"""
_FOLLOWED = """
CREATE OR REPLACE TEMP TABLE cc_parent AS
SELECT p.n, q.parent FROM cc_parent p JOIN cc_parent q ON q.n = p.parent
"""
_JOINED = """
CREATE OR REPLACE TEMP TABLE cc_root AS
SELECT r.n, coalesce(p.parent, r.root) AS root FROM cc_root r LEFT JOIN cc_parent p ON p.n = r.root;
CREATE OR REPLACE TEMP TABLE cc_live AS
SELECT DISTINCT p.parent AS a, q.parent AS b
FROM cc_live e JOIN cc_parent p ON p.n = e.a JOIN cc_parent q ON q.n = e.b WHERE p.parent <> q.parent
"""


@dataclass(frozen=True)
class Stopped:
    """How often the guard stepped in: clusters stopped, edges dropped."""

    clusters: int
    edges: int


def start(con: duckdb.DuckDBPyConnection) -> None:
    """Make the empty tables ``stopped_clusters`` and ``stopped_members`` to which the guard adds.

    ``stopped_clusters(size, key, reason, n_edges)`` has a row a cluster that would have swallowed too many: how many
    namings it would have held, its smallest member's id, what was done in Vietnamese words, how many links were
    dropped. ``stopped_members(key, id)`` says who it would have been.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE stopped_clusters "
        "(size BIGINT, key VARCHAR, reason VARCHAR, n_edges BIGINT);"
        "CREATE OR REPLACE TEMP TABLE stopped_members (key VARCHAR, id VARCHAR)"
    )


def connected(con: duckdb.DuckDBPyConnection, nodes: str, edges: str, max_size: int, out: str = "clustered") -> Stopped:
    """Create table ``out(id, cluster)``: each node with the smallest id of its cluster; alone where it has no edge.

    A cluster above ``max_size`` loses its edges that are not sure; what sure edges still hold together above
    ``max_size`` loses these too. Both are told in ``stopped_clusters`` (see :func:`start`).

    Args:
        con: a connection on which :func:`start` has been called.
        nodes: table ``(id, size)``; ``id`` unique, ``size`` how many namings of a person the node stands for.
        edges: table ``(left_id, right_id, sure)`` over these ids; an edge may stand twice and in either direction.
        max_size: the most namings that one person may have.
        out: the table to make.

    Returns:
        What the guard did.
    """
    _components(con, edges, "cc_all")
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE cc_over AS
    SELECT c.cluster, sum(n.size)::BIGINT AS size
    FROM {nodes} n JOIN cc_all c USING (id) GROUP BY 1 HAVING sum(n.size) > {int(max_size)};
    CREATE OR REPLACE TEMP TABLE cc_sure_edge AS
    SELECT e.left_id, e.right_id FROM {edges} e JOIN cc_all c ON c.id = e.left_id
    WHERE e.sure AND c.cluster IN (SELECT cluster FROM cc_over)""")
    stopped = _count(con, "cc_over")
    if not stopped:
        con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {out} AS
        SELECT n.id, coalesce(c.cluster, n.id) AS cluster FROM {nodes} n LEFT JOIN cc_all c USING (id)""")
        return Stopped(0, 0)
    _components(con, "cc_sure_edge", "cc_sure")
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE cc_apart AS
    SELECT c.cluster FROM {nodes} n JOIN cc_sure c USING (id) GROUP BY 1 HAVING sum(n.size) > {int(max_size)};
    CREATE OR REPLACE TEMP TABLE {out} AS
    SELECT n.id, CASE
      WHEN c.cluster IS NULL OR c.cluster NOT IN (SELECT cluster FROM cc_over) THEN coalesce(c.cluster, n.id)
      WHEN s.cluster IS NULL OR s.cluster IN (SELECT cluster FROM cc_apart) THEN n.id
      ELSE s.cluster END AS cluster
    FROM {nodes} n LEFT JOIN cc_all c USING (id) LEFT JOIN cc_sure s USING (id);
    CREATE OR REPLACE TEMP TABLE cc_dropped AS
    SELECT c.cluster, count(*) AS n_edges, count(*) FILTER (e.sure) AS n_sure
    FROM {edges} e JOIN cc_all c ON c.id = e.left_id
    JOIN {out} l ON l.id = e.left_id JOIN {out} r ON r.id = e.right_id
    WHERE e.left_id <> e.right_id AND c.cluster IN (SELECT cluster FROM cc_over)
      AND (NOT e.sure OR l.cluster <> r.cluster)
    GROUP BY 1""")
    con.execute(f"""
    INSERT INTO stopped_clusters
    SELECT o.size, o.cluster, {_reason("o.size", max_size, "d.n_sure > 0")}, d.n_edges
    FROM cc_over o JOIN cc_dropped d USING (cluster) ORDER BY o.cluster;
    INSERT INTO stopped_members SELECT c.cluster, c.id FROM cc_all c JOIN cc_over o USING (cluster) ORDER BY ALL""")
    row = con.execute("SELECT sum(n_edges) FROM cc_dropped").fetchone()
    return Stopped(stopped, int(row[0]) if row else 0)


def stop_stars(con: duckdb.DuckDBPyConnection, linked: str, max_size: int) -> Stopped:
    """Take the links of subjects that would have more than ``max_size`` namings out of table ``linked``.

    First those of method ``probable``; where the others are still too many, all of them. Told in ``stopped_clusters``.

    Args:
        con: a connection on which :func:`start` has been called.
        linked: table ``(id, subject_id, method, …)``, a row a linked naming; rows are deleted.
        max_size: the most namings that one subject may have beside its own record.

    Returns:
        What the guard did.
    """
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE star_over AS
    SELECT subject_id, count(*) AS n, count(*) FILTER (method <> 'probable') AS n_sure
    FROM {linked} GROUP BY 1 HAVING count(*) > {int(max_size)}""")
    stopped = _count(con, "star_over")
    if not stopped:
        return Stopped(0, 0)
    con.execute(f"""
    INSERT INTO stopped_clusters
    SELECT n + 1, subject_id, {_reason("n + 1", max_size, f"n_sure > {int(max_size)}")},
      CASE WHEN n_sure > {int(max_size)} THEN n ELSE n - n_sure END
    FROM star_over ORDER BY subject_id;
    INSERT INTO stopped_members
    SELECT subject_id, subject_id FROM star_over
    UNION ALL SELECT o.subject_id, d.id FROM {linked} d JOIN star_over o USING (subject_id) ORDER BY ALL""")
    row = con.execute(f"""
    DELETE FROM {linked} USING star_over o
    WHERE o.subject_id = {linked}.subject_id AND ({linked}.method = 'probable'
      OR o.n_sure > {int(max_size)})""").fetchone()
    return Stopped(stopped, int(row[0]) if row else 0)


def _components(con: duckdb.DuckDBPyConnection, edges: str, out: str) -> None:
    """Create ``out(id, cluster)`` for the nodes that have an edge; ``cluster`` is the smallest id of the component.

    Hooking and pointer jumping. A group with an edge cannot be smaller and larger than all its neighbours at once, so
    one of the two directions joins at least half of the groups, and that one is taken: at most log2(n) rounds.
    """
    con.execute(_NUMBERED.format(edges=edges))
    for _ in range(_ROUNDS):
        low, high = con.execute(
            "SELECT count(*) FILTER (low > a), count(*) FILTER (high < a) "
            "FROM (SELECT a, min(b) AS low, max(b) AS high FROM cc_live GROUP BY a)"
        ).fetchall()[0]
        if not low:
            break
        down = low <= high
        con.execute(_HOOKED.format(pick="least" if down else "greatest", best="min" if down else "max"))
        while _unfinished(con):
            con.execute(_FOLLOWED)
        con.execute(_JOINED)
    else:
        raise RuntimeError(f"connected components: no end after {_ROUNDS} rounds")
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE {out} AS
    SELECT n.id, min(n.id) OVER (PARTITION BY r.root) AS cluster FROM cc_node n JOIN cc_root r USING (n)""")


def _unfinished(con: duckdb.DuckDBPyConnection) -> bool:
    row = con.execute(
        "SELECT count(*) FROM cc_parent p JOIN cc_parent q ON q.n = p.parent WHERE q.parent <> p.parent"
    ).fetchone()
    return bool(row and row[0])


def _reason(size: str, max_size: int, all_dropped: str) -> str:
    """SQL of the sentence that says what the guard did to a cluster."""
    number = f"replace(format('{{:,}}', {size}), ',', '.')"
    limit = f"{max_size:,}".replace(",", ".")
    return (
        f"'Cụm gồm ' || {number} || ' lượt nêu tên, vượt mức {limit} của một người: ' || CASE WHEN {all_dropped} "
        "THEN 'đã bỏ cả những liên kết theo khóa chính xác, các lượt nêu tên đứng riêng.' "
        "ELSE 'đã bỏ các liên kết theo xác suất, chỉ giữ liên kết theo khóa chính xác.' END"
    )


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0
