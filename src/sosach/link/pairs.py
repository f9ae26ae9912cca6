"""Which pairs of records are looked at: by blocking keys, by a sample of them, or drawn at random.

Holds only the drawing; nothing is compared here. Every draw is a function of ids, keys and the seed, by MD5, so that it
does not depend on threads, on the order of rows or on how a table came about.
"""

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from sosach.duck import literal
from sosach.link.config import Block

SAMPLED_RECORDS = 200_000
"""Records of a table among which random pairs are drawn."""
_HASHES = 2.0**64


def count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows of a table or query in brackets."""
    return int(con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def pairs_in_all(n_left: int, n_right: int | None) -> int:
    """How many pairs there are: left times right, or within one table each pair once."""
    return n_left * (n_left - 1) // 2 if n_right is None else n_left * n_right


def block_pairs(
    con: duckdb.DuckDBPyConnection, blocks: Sequence[Block], left: str, right: str | None, max_block: int, into: str
) -> dict[str, int]:
    """Create temp table ``into(left_id, right_id)`` of the pairs that share a key, each pair once.

    Args:
        con: holds the tables and what the keys call.
        blocks: a pair of any of them is taken.
        left: table with ``id`` and what the keys read.
        right: the other table; None pairs the left one with itself, the smaller id left.
        max_block: a key that would make more pairs than this makes none.
        into: name of the table.

    Returns:
        Counts: ``pairs``, and ``skipped_<block>`` keys.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into} (left_id VARCHAR, right_id VARCHAR)")
    counts = {}
    for block in blocks:
        _key_tables(con, block.key, block.many, left, right)
        counts[f"skipped_{block.name}"] = count(con, f"key_sizes WHERE pairs > {max_block}")
        con.execute(f"INSERT INTO {into} {_joined(f'SELECT key FROM key_sizes WHERE pairs <= {max_block}', right)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT DISTINCT left_id, right_id FROM {into}")
    _drop(con, "keys_left", "keys_right", "key_sizes")
    return {"pairs": count(con, into), **counts}


def sampled_block_pairs(
    con: duckdb.DuckDBPyConnection, key: str, left: str, right: str | None, n: int, max_block: int, seed: int, into: str
) -> int:
    """Create temp table ``into(left_id, right_id)``: all pairs of as many keys as give at most ``n`` pairs.

    Whole keys are drawn, not records, so that the share of true pairs stays what it is.

    Returns:
        The number of pairs.
    """
    _key_tables(con, key, False, left, right)
    drawn = (
        f"SELECT key FROM (SELECT key, sum(pairs) OVER (ORDER BY md5(key || {literal(str(seed))}), key) AS so_far "
        f"FROM key_sizes WHERE pairs BETWEEN 1 AND {max_block}) WHERE so_far <= {n}"
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into} AS {_joined(drawn, right)}")
    _drop(con, "keys_left", "keys_right", "key_sizes")
    return count(con, into)


def random_pairs(con: duckdb.DuckDBPyConnection, left: str, right: str | None, n: int, seed: int, into: str) -> int:
    """Create temp table ``into(left_id, right_id)`` of about ``n`` pairs drawn evenly, or of all if there are no more.

    Pairs are drawn one by one, with repetition: a square of a small sample against another would repeat the few records
    it has, and with them their rare values.

    Returns:
        The number of pairs.
    """
    n_left, n_right = count(con, left), None if right is None else count(con, right)
    if pairs_in_all(n_left, n_right) <= n:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT l.id AS left_id, r.id AS right_id "
            f"FROM {left} l CROSS JOIN {right or left} r {'WHERE l.id < r.id' if right is None else ''}"
        )
        return count(con, into)
    # One table has one sample, so that equal numbers mean one record (comparing ids here would join all with all).
    sampled_left = _numbered_sample(con, left, SAMPLED_RECORDS, seed, "sample_left")
    sampled_right = _numbered_sample(con, right or left, SAMPLED_RECORDS, seed, "sample_right")
    draw = np.random.default_rng(seed)
    picks = pa.table({"l": draw.integers(0, sampled_left, n), "r": draw.integers(0, sampled_right, n)})
    con.register("picked", picks)
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT l.id AS left_id, r.id AS right_id FROM picked p "
            f"JOIN sample_left l ON l.number = p.l JOIN sample_right r ON r.number = p.r "
            + ("WHERE p.l <> p.r" if right is None else "")
        )
    finally:
        con.unregister("picked")
    _drop(con, "sample_left", "sample_right")
    return count(con, into)


def count_certain_pairs(
    con: duckdb.DuckDBPyConnection, keys: Sequence[str], left: str, right: str | None, max_block: int, seed: int
) -> float:
    """About how many pairs share one of the keys, from a sample of the left records."""
    n_left = count(con, left)
    if not keys or not n_left:
        return 0.0
    sampled = _sample(con, left, SAMPLED_RECORDS, seed, "sample_left")
    blocks = [Block(f"certain_{i}", key) for i, key in enumerate(keys)]
    counts = block_pairs(con, blocks, "sample_left", right or left, max_block, "certain_pairs")
    found: float = counts["pairs"]
    if right is None:
        found = count(con, "certain_pairs WHERE left_id <> right_id") / 2
    _drop(con, "sample_left", "certain_pairs")
    return found * n_left / max(sampled, 1)


def _sample(con: duckdb.DuckDBPyConnection, table: str, size: int, seed: int, into: str) -> int:
    """Create temp table ``into`` of about ``size`` rows of a table, or of all; returns its rows."""
    share = size / max(count(con, table), 1)
    chosen = "true" if share >= 1 else f"md5_number_lower(id || {literal(f'#{seed}')}) < {int(share * _HASHES)}"
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT * FROM {table} WHERE {chosen}")
    return count(con, into)


def _numbered_sample(con: duckdb.DuckDBPyConnection, table: str, size: int, seed: int, into: str) -> int:
    sampled = _sample(con, f"(SELECT id FROM {table})", size, seed, into)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM {into}"
    )
    return sampled


def _key_tables(con: duckdb.DuckDBPyConnection, key: str, many: bool, left: str, right: str | None) -> None:
    """Create ``keys_left``, ``keys_right`` (id, key) and ``key_sizes`` (key, pairs); one table's keys stand left."""
    for name, table in (("keys_left", left), ("keys_right", right)):
        if table is not None:
            expression = f"unnest(list_distinct({key}))" if many else f"({key})"
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE {name} AS "
                f"SELECT id, key FROM (SELECT id, {expression}::VARCHAR AS key FROM {table}) WHERE key IS NOT NULL"
            )
    one = "SELECT key, count(*) AS n FROM"
    if right is None:
        sizes = f"SELECT key, n * (n - 1) // 2 AS pairs FROM ({one} keys_left GROUP BY key)"
    else:
        sizes = (
            f"SELECT key, l.n * r.n AS pairs FROM ({one} keys_left GROUP BY key) l "
            f"JOIN ({one} keys_right GROUP BY key) r USING (key)"
        )
    con.execute(f"CREATE OR REPLACE TEMP TABLE key_sizes AS {sizes}")


def _joined(keys: str, right: str | None) -> str:
    """Query of the pairs of some keys. Two tables, equality first: else the planner may hold all ids against all."""
    pair = f"SELECT l.id AS left_id, r.id AS right_id FROM (FROM keys_left WHERE key IN ({keys})) l"
    if right is None:
        return f"{pair} JOIN keys_left r ON l.key = r.key AND l.id < r.id"
    return f"{pair} JOIN keys_right r ON l.key = r.key"


def _drop(con: duckdb.DuckDBPyConnection, *tables: str) -> None:
    for table in tables:
        con.execute(f"DROP TABLE IF EXISTS {table}")
