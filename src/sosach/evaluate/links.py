"""How true the links are: the run's persons against the true persons behind every mention. Counts only.

Works on ``links`` and ``link_pairs`` of a run or, for ``withheld``, of the same registers linked again.
"""

from typing import Any

import duckdb

from sosach.evaluate.statistics import Share


def prepare_links(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``mention(register, record_id, role, method, cluster, person_id)``, links with their true person, and
    ``owner(cluster, person_id)``, the true citizens whose records a cluster holds.
    """
    con.execute("""
    CREATE OR REPLACE TEMP TABLE mention AS
    SELECT l.register, l.record_id, l.role, l.method, l.person_id AS cluster, r.person_id
    FROM links l JOIN role r USING (register, record_id, role);
    CREATE OR REPLACE TEMP TABLE owner AS
    SELECT DISTINCT cluster, person_id FROM mention WHERE register = 'dan_cu'""")


def links(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Pairs, clusters and mentions.

    * ``pairs``: two mentions are a pair where one cluster holds both; precision and recall over all pairs of mentions;
    * ``clusters``: clusters that mix true persons, and true persons spread over several clusters;
    * ``mentions``, ``by_role``, ``by_method``: mentions outside ``dan_cu`` joined to a citizen's record (right or
      wrong), and those left unlinked though the person has a citizen's record. Precision: right of linked. Recall:
      right of those who have a record;
    * ``unlinked``: why the latter are: ``in_review`` (shown to a person with the right record), ``refused`` (compared
      with it and found too light), ``not_compared`` (no key in common, or so light that the pair was not kept);
    * ``duplicates``: pairs of records of one citizen, and those of them that were joined or shown to a person.
    """
    return {
        "pairs": _pairs(con),
        "clusters": _clusters(con),
        "mentions": _mentions(con, "'all'", ("which",))[0],
        "unlinked": _unlinked(con),
        "duplicates": _duplicates(con),
        "by_role": _mentions(con, "register, role", ("register", "role")),
        "by_method": _mentions(con, "method", ("method",)),
        "without_truth": _count(con, "links ANTI JOIN role USING (register, record_id, role)"),
        "not_in_run": _count(
            con,
            "role SEMI JOIN kept_record USING (register, record_id) ANTI JOIN links USING (register, record_id, role)",
        ),
    }


def _pairs(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    row = con.execute("""
        WITH both_ AS (SELECT cluster, person_id, count(*) AS n FROM mention GROUP BY ALL),
        made AS (SELECT sum(n) AS n FROM both_ GROUP BY cluster),
        true_ AS (SELECT sum(n) AS n FROM both_ GROUP BY person_id)
        SELECT (SELECT coalesce(sum(n * (n - 1) / 2), 0) FROM both_)::BIGINT,
            (SELECT coalesce(sum(n * (n - 1) / 2), 0) FROM made)::BIGINT,
            (SELECT coalesce(sum(n * (n - 1) / 2), 0) FROM true_)::BIGINT""").fetchone()
    assert row is not None
    right, made, true = row
    return {"precision": Share(right, made).as_json(), "recall": Share(right, true).as_json()}


def _clusters(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    row = con.execute("""
        WITH c AS (SELECT cluster, count(DISTINCT person_id) AS n FROM mention GROUP BY ALL),
        p AS (SELECT person_id, count(DISTINCT cluster) AS n FROM mention GROUP BY ALL)
        SELECT (SELECT count(*) FROM c), (SELECT count(*) FROM c WHERE n > 1), (SELECT count(*) FROM p),
            (SELECT count(*) FROM p WHERE n > 1)""").fetchone()
    assert row is not None
    return dict(zip(("clusters", "mixing_persons", "persons", "spread_over_clusters"), row, strict=True))


def _mentions(con: duckdb.DuckDBPyConnection, by: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = con.execute(f"""
        WITH citizen AS (SELECT DISTINCT person_id FROM owner),
        told AS (
            SELECT m.*, m.method <> 'unlinked' AS linked, c.person_id IS NOT NULL AS has_record,
                m.method <> 'unlinked' AND o.person_id IS NOT NULL AS good
            FROM mention m LEFT JOIN citizen c ON c.person_id = m.person_id
            LEFT JOIN owner o ON o.cluster = m.cluster AND o.person_id = m.person_id WHERE m.register <> 'dan_cu')
        SELECT {by}, count(*), count(*) FILTER (linked), count(*) FILTER (good), count(*) FILTER (has_record),
            count(*) FILTER (has_record AND NOT linked)
        FROM told GROUP BY ALL ORDER BY ALL""").fetchall()
    lines = []
    for row in rows:
        key, (mentions, linked, right, known, missed) = row[: len(names)], row[len(names) :]
        line: dict[str, Any] = dict(zip(names, key, strict=True))
        line |= {"mentions": mentions, "linked": linked, "wrong": linked - right, "with_citizen_record": known}
        line |= {"unlinked_with_citizen_record": missed, "precision": Share(right, linked).as_json()}
        if names != ("method",):
            line["recall"] = Share(right, known).as_json()
        lines.append(line)
    return lines


def _unlinked(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    row = con.execute("""
        WITH subject AS (SELECT record_id, person_id FROM mention WHERE register = 'dan_cu'),
        missed AS (
            SELECT m.* FROM mention m SEMI JOIN subject s USING (person_id)
            WHERE m.register <> 'dan_cu' AND m.method = 'unlinked'),
        seen AS (
            SELECT m.register, m.record_id, m.role, bool_or(p.decision = 'review') AS shown
            FROM missed m JOIN link_pairs p USING (register, record_id, role)
            JOIN subject s ON s.record_id = p.subject_record_id AND s.person_id = m.person_id GROUP BY ALL)
        SELECT count(*) FILTER (shown), count(*) FILTER (NOT shown), count(*) FILTER (shown IS NULL)
        FROM missed LEFT JOIN seen USING (register, record_id, role)""").fetchone()
    assert row is not None
    return dict(zip(("in_review", "refused", "not_compared"), (int(n) for n in row), strict=True))


def _duplicates(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    row = con.execute("""
        WITH subject AS (SELECT record_id, person_id, cluster FROM mention WHERE register = 'dan_cu'),
        twice AS (
            SELECT l.record_id, r.record_id AS other, l.cluster = r.cluster AS joined
            FROM subject l JOIN subject r ON r.person_id = l.person_id AND l.record_id < r.record_id),
        shown AS (
            SELECT least(record_id, subject_record_id) AS record_id, greatest(record_id, subject_record_id) AS other
            FROM link_pairs WHERE register = 'dan_cu' AND decision = 'review')
        SELECT count(*), count(*) FILTER (joined), count(*) FILTER (NOT joined AND shown.other IS NOT NULL)
        FROM twice LEFT JOIN (SELECT DISTINCT * FROM shown) shown USING (record_id, other)""").fetchone()
    assert row is not None
    return dict(zip(("pairs", "joined", "in_review"), (int(n) for n in row), strict=True))


def _count(con: duckdb.DuckDBPyConnection, source: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {source}").fetchone()
    return int(row[0]) if row else 0
