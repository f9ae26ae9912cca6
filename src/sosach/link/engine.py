"""Trains a linkage without labels and scores pairs with it; all in temp tables of the connection.

u comes from random pairs, m from training blocks, the prior from keys that are almost certain, frequencies of terms
from the right (or only) table. Estimating is in ``estimate``, drawing of pairs in ``pairs``, Splink's work in
``scoring``. Which pair becomes a link is decided elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sosach.duck import identifier, literal
from sosach.errors import EngineError
from sosach.link.config import LinkConfig
from sosach.link.estimate import Parameters, Patterns, declared, estimate_m, estimate_u, without_true_pairs
from sosach.link.pairs import (
    block_pairs,
    count,
    count_certain_pairs,
    pairs_in_all,
    random_pairs,
    sampled_block_pairs,
)
from sosach.link.scoring import SPLINK_VERSION, Scorer, scored_columns, term_columns

RANDOM_PAIRS, TRAINING_PAIRS = 500_000, 500_000
PAIRS_A_RECORD = 20
"""More random pairs than this repeat the records of a small table and tell nothing new."""
CHUNK_PAIRS = 2_000_000
"""Pairs that are scored at a time: bounds memory."""
RARE = 3
"""A term that fewer records have is taken to be in that many: one slip of the pen makes no rare name."""


@dataclass(frozen=True)
class Model:
    """A trained linkage.

    Args:
        config: what was trained.
        prior: share of true pairs among all pairs.
        parameters: m and u of every level and where they come from.
        terms: columns ``field, term, frequency``: share of the records with a value that have this term; sorted.
        rare: of each such column the frequency of a term that is not among ``terms``.
        agreement: of each such column the share of random pairs that have the same term.
        block_shares: share of true pairs in each training block, by name.
        trained_on: id of the run (or data set) it was trained on.
        seed: of the draws.
        splink_version: whose weights these are.
        notes: what could not be learnt, in English, without any value.
    """

    config: LinkConfig
    prior: float
    parameters: Parameters
    terms: pa.Table
    rare: dict[str, float]
    agreement: dict[str, float]
    block_shares: dict[str, float]
    trained_on: str
    seed: int
    splink_version: str
    notes: tuple[str, ...]


def train(
    con: duckdb.DuckDBPyConnection,
    config: LinkConfig,
    left_table: str,
    right_table: str | None,
    *,
    seed: int,
    trained_on: str,
) -> Model:
    """Estimate a model from two tables, or within one.

    Whatever the tables hold, the model is usable: what they cannot tell stays as the config declares it, and ``notes``
    say so. The same rows give the same model, whatever their order and the number of threads.

    Args:
        con: holds the tables (VARCHAR ``id``, unique in each, and what config reads) and macros that config calls.
        config: the linkage.
        left_table: the records to be linked.
        right_table: the records they are linked to; None links the left table within itself.
        seed: of the draws.
        trained_on: id of the run, kept with the model.

    Raises:
        EngineError: Splink or DuckDB could not compare the records.
    """
    n_left, n_right = count(con, left_table), None if right_table is None else count(con, right_table)
    total = pairs_in_all(n_left, n_right)
    terms, rare, agreement = _terms(con, config, right_table or left_table)
    certain = count_certain_pairs(con, config.certain, left_table, right_table, config.max_block, seed)
    prior, notes = _prior(config, certain, total)
    drawn, *blocks = _training_patterns(con, config, left_table, right_table, seed)
    parameters, shares, unlearnt = _estimate(config, drawn, blocks, prior)
    return Model(
        config=config,
        prior=prior,
        parameters=parameters,
        terms=terms,
        rare=rare,
        agreement=agreement,
        block_shares=dict(zip((b.name for b in config.training_blocking), shares, strict=True)),
        trained_on=trained_on,
        seed=seed,
        splink_version=SPLINK_VERSION,
        notes=(*notes, *unlearnt),
    )


def _estimate(
    config: LinkConfig, drawn: Patterns, blocks: Sequence[Patterns], prior: float
) -> tuple[Parameters, tuple[float, ...], tuple[str, ...]]:
    """u, m, and once more both without the true pairs among the random ones, which in small tables are many."""
    parameters, _, _ = estimate_m(config, estimate_u(config, drawn), blocks)
    others = without_true_pairs(config, parameters, drawn, prior)
    return estimate_m(config, estimate_u(config, others), blocks)


def _prior(config: LinkConfig, certain: float, total: int) -> tuple[float, list[str]]:
    if certain <= 0 or total <= 0:
        return config.default_prior, ["prior: no certain pair was found; prior as declared"]
    return float(f"{min(certain / config.certain_recall / total, 0.5):.9g}"), []


def score(
    con: duckdb.DuckDBPyConnection,
    config: LinkConfig,
    model: Model,
    left_table: str,
    right_table: str | None,
    pairs_table: str | None = None,
    *,
    keep_from: float | None = None,
    into: str | None = None,
) -> str:
    """Score pairs of records, in chunks, so that memory is bounded by what is kept.

    Args:
        con: as for :func:`train`.
        config: the linkage; must be the model's.
        model: what :func:`train` made.
        left_table: the records to be linked.
        right_table: the records they are linked to; None: the left table within itself.
        pairs_table: ``left_id, right_id``, each pair once; None: the pairs of ``config.blocking``.
        keep_from: pairs below this weight are left out; None keeps all.
        into: name of the result; None: ``scored_<config.name>``.

    Returns:
        Name of a temp table ``left_id, right_id, weight`` (log2 odds, prior included)``, probability, gamma_<c>``
        (-1: a side has no value; 0: disagreement; more: better)``, weight_<c>``.

    Raises:
        EngineError: the model is another config's, or Splink or DuckDB could not compare the records.
    """
    if model.config.digest != config.digest:
        raise EngineError(f"linkage: the model was trained for another config than {config.name}. Train it again.")
    into = into or f"scored_{config.name}"
    if pairs_table is None:
        pairs_table = "link_blocked_pairs"
        block_pairs(con, config.blocking, left_table, right_table, config.max_block, pairs_table)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into} (left_id VARCHAR, right_id VARCHAR, {scored_columns(config)})")
    kept = "true" if keep_from is None else f"s.weight >= {keep_from}"
    chunks = -(-count(con, pairs_table) // CHUNK_PAIRS)
    with Scorer(con, config, model.parameters, model.prior, "link_records", with_weights=True) as scorer:
        for chunk in range(chunks):
            chosen = "true" if chunks == 1 else f"hash(left_id) % {chunks} = {chunk}"
            numbered = f"SELECT left_id, right_id, row_number() OVER () AS match_key FROM {pairs_table} WHERE {chosen}"
            _chunk(con, numbered, right_table is None)
            _records(con, config, left_table, right_table, model)
            con.execute(
                f"INSERT INTO {into} SELECT c.left_id, c.right_id, s.* EXCLUDE (match_key) "
                f"FROM {scorer.score('link_chunk')} s JOIN link_chunk c USING (match_key) WHERE {kept}"
            )
    _drop(con, "link_chunk", "link_records", "link_blocked_pairs")
    return into


def _training_patterns(
    con: duckdb.DuckDBPyConnection, config: LinkConfig, left: str, right: str | None, seed: int
) -> list[Patterns]:
    """Counted patterns of random pairs, then of each training block's, where what the key decides says nothing."""
    records = count(con, left) + (0 if right is None else count(con, right))
    random_pairs(con, left, right, min(RANDOM_PAIRS, PAIRS_A_RECORD * records), seed, "link_pairs_0")
    for i, block in enumerate(config.training_blocking, start=1):
        sampled_block_pairs(con, block.key, left, right, TRAINING_PAIRS, config.max_block, seed, f"link_pairs_{i}")
    decided: list[tuple[str, ...]] = [(), *(block.uses for block in config.training_blocking)]
    drawn = " UNION ALL ".join(
        f"SELECT left_id, right_id, {i} AS match_key FROM link_pairs_{i}" for i in range(len(decided))
    )
    _chunk(con, drawn, right is None)
    _records(con, config, left, right, None)
    gammas = ", ".join(f"gamma_{c.name}" for c in config.comparisons)
    with Scorer(con, config, declared(config), config.default_prior, "link_records", with_weights=False) as scorer:
        scored = scorer.score("link_chunk")
        found = con.execute(f"SELECT match_key, {gammas}, count(*) FROM {scored} GROUP BY ALL ORDER BY ALL").fetchall()
    _drop(con, "link_chunk", "link_records", *(f"link_pairs_{i}" for i in range(len(decided))))
    rows = np.array(found, dtype=np.int64).reshape(-1, len(config.comparisons) + 2)
    return [_without(config, names, rows[rows[:, 0] == i, 1:]) for i, names in enumerate(decided)]


def _without(config: LinkConfig, names: tuple[str, ...], rows: npt.NDArray[np.int64]) -> Patterns:
    """Patterns in which the comparisons of these names say nothing."""
    gammas = rows[:, :-1].copy()
    for i, comparison in enumerate(config.comparisons):
        if comparison.name in names:
            gammas[:, i] = -1
    return Patterns(gammas, rows[:, -1].astype(np.float64))


def _chunk(con: duckdb.DuckDBPyConnection, pairs: str, within: bool) -> None:
    """Create ``link_chunk``: pairs (a query of ``left_id, right_id, match_key``) as :class:`Scorer` reads them."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE link_chunk AS SELECT *, 'L' || left_id AS join_key_l, "
        f"'{'L' if within else 'R'}' || right_id AS join_key_r FROM ({pairs})"
    )


def _drop(con: duckdb.DuckDBPyConnection, *tables: str) -> None:
    for table in tables:
        con.execute(f"DROP TABLE IF EXISTS {table}")


def _records(
    con: duckdb.DuckDBPyConnection, config: LinkConfig, left: str, right: str | None, model: Model | None
) -> None:
    """Create ``link_records``: the records of ``link_chunk`` with what the conditions read and their frequencies."""
    columns = ", ".join(identifier(c) for c in sorted({*config.columns, *config.tf_columns}))
    chosen = "SELECT left_id FROM link_chunk" + (" UNION SELECT right_id FROM link_chunk" if right is None else "")
    base = f"SELECT 'L' || id AS id, {columns} FROM {left} WHERE id IN ({chosen})"
    if right is not None:
        base += f" UNION ALL SELECT 'R' || id, {columns} FROM {right} WHERE id IN (SELECT right_id FROM link_chunk)"
    if model is None:
        con.execute(f"CREATE OR REPLACE TEMP TABLE link_records AS {base}")
        return
    joins = " ".join(
        f"LEFT JOIN link_terms t{i} ON t{i}.field = {literal(c)} AND t{i}.term = b.{identifier(c)}::VARCHAR"
        for i, c in enumerate(config.tf_columns)
    )
    frequencies = "".join(
        f", CASE WHEN b.{identifier(column)} IS NOT NULL THEN {_scale(model, comparison, gamma, column)!r}::DOUBLE "
        f"* coalesce(t{config.tf_columns.index(column)}.frequency, {model.rare[column]!r}::DOUBLE) END AS tf_{name}"
        for name, (comparison, gamma, column) in term_columns(config).items()
    )
    con.register("link_terms", model.terms)
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE link_records AS SELECT b.*{frequencies} FROM ({base}) b {joins}")
    finally:
        con.unregister("link_terms")


def _scale(model: Model, comparison: str, gamma: int, column: str) -> float:
    """u of a level for each unit of a term's frequency.

    Random pairs with a term that a share f of the records has fall into the level with probability f * u / agreement.
    """
    u = next(p.u for p in model.parameters[comparison] if p.gamma == gamma)
    return u / model.agreement[column]


def _terms(
    con: duckdb.DuckDBPyConnection, config: LinkConfig, table: str
) -> tuple[pa.Table, dict[str, float], dict[str, float]]:
    """Frequencies of the terms that at least ``RARE`` records have; of each column that of the others, and the share of
    random pairs with the same term."""
    con.execute("CREATE OR REPLACE TEMP TABLE link_frequencies (field VARCHAR, term VARCHAR, frequency DOUBLE)")
    rare, agreement = {}, {}
    for column in config.tf_columns:
        name = identifier(column)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE link_counted AS SELECT {name}::VARCHAR AS term, count(*) AS n "
            f"FROM {table} WHERE {name} IS NOT NULL GROUP BY 1"
        )
        found = con.execute("SELECT coalesce(sum(n), 0), coalesce(sum(n * n), 0) FROM link_counted").fetchall()[0]
        n, same = max(int(found[0]), 1), int(found[1])
        rare[column] = min(RARE / n, 1.0)
        agreement[column] = max(same / n / n, rare[column] / n)
        con.execute(
            f"INSERT INTO link_frequencies SELECT {literal(column)}, term, n / {n}::DOUBLE "
            f"FROM link_counted WHERE n >= {RARE}"
        )
    terms = con.sql("SELECT * FROM link_frequencies ORDER BY field, term").to_arrow_table()
    con.execute("DROP TABLE link_frequencies; DROP TABLE IF EXISTS link_counted")
    return terms, rare, agreement
