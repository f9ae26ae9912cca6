"""Splink's part: agreement patterns and match weights of given pairs, by its DuckDB engine.

The only module that imports Splink. It holds no parameters and no estimating; those are handed in. Splink's tables are
temporary, dropped afterwards, and as narrow as what is asked for; its messages, which may quote values, stay inside.
"""

from importlib.metadata import version
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker

from sosach.errors import EngineError
from sosach.link.config import Comparison, LinkConfig
from sosach.link.estimate import Parameters

SPLINK_VERSION = version("splink")
_PREDICTED = "__splink__df_predict"


class _NarrowTables(DuckDBAPI):
    """Splink's tables as temp tables, its predictions without the columns that nobody reads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, predicted: str) -> None:
        super().__init__(connection)
        self._predicted = predicted

    def _setup_for_execute_sql(self, sql: str, physical_name: str) -> str:
        self.delete_table_from_database(physical_name)
        if physical_name.startswith(_PREDICTED):
            sql = f"SELECT {self._predicted} FROM ({sql})"
        return f"CREATE TEMP TABLE {physical_name} AS {sql}"


def term_columns(config: LinkConfig) -> dict[str, tuple[str, int, str]]:
    """Splink's names for the levels whose terms weigh differently: name to comparison, gamma and column of the term.

    Each level has a name of its own, since each has its own share of random pairs to set a term's frequency against.
    """
    return {
        f"term_{c.name}_{gamma}": (c.name, gamma, level.tf_column)
        for c in config.comparisons
        for gamma, level in c.graded
        if level.tf_column
    }


def splink_settings(config: LinkConfig, parameters: Parameters, prior: float, with_weights: bool) -> dict[str, Any]:
    """Splink's settings of a model: what its ``Linker`` takes."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "id",
        "probability_two_random_records_match": prior,
        "comparisons": [_comparison(c, parameters, with_weights) for c in config.comparisons],
        "blocking_rules_to_generate_predictions": [],
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
    }


def _comparison(comparison: Comparison, parameters: Parameters, with_weights: bool) -> dict[str, Any]:
    null = comparison.levels[0]
    levels: list[dict[str, Any]] = [
        {"sql_condition": null.sql_condition, "label_for_charts": null.words_vi, "is_null_level": True}
    ]
    for p, (gamma, level) in zip(parameters[comparison.name], comparison.graded, strict=True):
        described: dict[str, Any] = {
            "sql_condition": level.sql_condition,
            "label_for_charts": level.words_vi,
            "m_probability": p.m,
            "u_probability": p.u,
        }
        if level.tf_column and with_weights:
            described |= {
                "tf_adjustment_column": f"term_{comparison.name}_{gamma}",
                "tf_adjustment_weight": level.tf_weight,
                "disable_tf_exact_match_detection": True,
            }
        levels.append(described)
    return {
        "output_column_name": comparison.name,
        "comparison_description": comparison.field_vi,
        "comparison_levels": levels,
    }


def scored_columns(config: LinkConfig) -> str:
    """The columns of a scored table but its ids, with their types, as a column list of ``CREATE TABLE``."""
    return ", ".join(
        [
            "weight DOUBLE",
            "probability DOUBLE",
            *(f"gamma_{c.name} TINYINT" for c in config.comparisons),
            *(f"weight_{c.name} FLOAT" for c in config.comparisons),
        ]
    )


class Scorer:
    """Scores pairs of one table of records; use as a context manager, its tables go when it ends.

    Args:
        con: holds ``records``; what the conditions call is defined on it.
        config: the linkage.
        parameters: m and u of every level.
        prior: share of true pairs among all.
        records: temp table ``id``, the config's columns, and with weights ``tf_<name>`` of :func:`term_columns`.
        with_weights: False gives gammas alone.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        config: LinkConfig,
        parameters: Parameters,
        prior: float,
        records: str,
        *,
        with_weights: bool,
    ) -> None:
        self._con = con
        self._api = _NarrowTables(con, _predicted(config, with_weights))
        self._linker = Linker(
            self._api.register(records, table_name="sosach_records"),
            splink_settings(config, parameters, prior, with_weights),
            log_level=None,
            validate_settings=False,
        )
        # The records bring their frequencies; tables without a row keep Splink from counting any itself.
        self._empty = [f"__splink__no_{name}" for name in term_columns(config)] if with_weights else []
        for table, name in zip(self._empty, term_columns(config), strict=False):
            con.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({name} VARCHAR, tf_{name} DOUBLE)")
            registered = self._api.register(table, table_name=table)
            self._linker.table_management.register_term_frequency_lookup(registered, name)
        self._chunks = 0

    def __enter__(self) -> "Scorer":
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()
        for table in self._empty:
            self._con.execute(f"DROP TABLE IF EXISTS {table}")

    def _drop(self) -> None:
        self._api.delete_tables_created_by_splink_from_db()  # type: ignore[no-untyped-call]

    def score(self, pairs: str) -> str:
        """Score the pairs of a table ``join_key_l, join_key_r, match_key``.

        Returns:
            A temp table with ``match_key`` and :func:`scored_columns` (or gammas alone); it goes with the next call.

        Raises:
            EngineError: Splink or DuckDB could not do it.
        """
        self._chunks += 1
        self._drop()
        try:
            registered = self._api.register(pairs, table_name=f"sosach_pairs_{self._chunks}")
            self._linker.table_management.register_blocked_pairs_for_predict(registered)
            predicted = self._linker.inference.predict(warning_mode="never")
        except Exception as error:
            raise EngineError(
                f"linkage: scoring failed ({type(error).__name__}; its text is withheld, it may quote personal data). "
                "Check that the conditions of the link config read columns that both tables have."
            ) from None
        return str(predicted.physical_name)


def _predicted(config: LinkConfig, with_weights: bool) -> str:
    """What is kept of a prediction; weights are rounded so that they repeat on any machine."""
    gammas = [f"gamma_{c.name}::TINYINT AS gamma_{c.name}" for c in config.comparisons]
    if not with_weights:
        return ", ".join(["match_key", *gammas])
    adjusted = {name for name, _, _ in term_columns(config).values()}
    weights = (
        f"round(mw_{c.name}{f' + mw_tf_adj_{c.name}' if c.name in adjusted else ''}, 4)::FLOAT AS weight_{c.name}"
        for c in config.comparisons
    )
    return ", ".join(
        [
            "match_key",
            "round(match_weight, 6) AS weight",
            "round(match_probability, 9) AS probability",
            *gammas,
            *weights,
        ]
    )
