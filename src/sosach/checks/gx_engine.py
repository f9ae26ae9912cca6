"""DuckDB under Great Expectations 1.24, and the one table metric that all rules share.

Great Expectations has no DuckDB dialect: its SQLAlchemy engine hands the connection back before it fetches, which ends
a DuckDB result, so every query comes back empty. The subclass keeps one connection. Holds no rule and no expectation.
"""

import builtins
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import duckdb
import sqlalchemy as sa
from duckdb_engine import ConnectionWrapper
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from sosach.checks.fused import RuleResult

METRIC = "sosach.rule_results"
"""Name of the table metric: the result of every rule of the register."""


@dataclass
class Bridge:
    """What Great Expectations reaches of ours while a checkpoint runs.

    Attributes:
        con: connection that holds the register; Great Expectations reads through a second cursor on it.
        compute: runs the fused pass.
        failure: what stopped the pass, if anything; Great Expectations would turn it into failed expectations.
        opened: closes what was opened on the way.
    """

    con: duckdb.DuckDBPyConnection
    compute: Callable[[], Mapping[str, RuleResult]]
    failure: Exception | None = None
    opened: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def results(self) -> Mapping[str, RuleResult]:
        """Result of each rule by id; the pass runs at the first reading, for all suites of the register."""
        if self.failure is not None:
            raise self.failure
        try:
            return self.compute()
        except Exception as error:
            self.failure = error
            raise

    @cached_property
    def engine(self) -> sa.Engine:
        """A SQLAlchemy engine on the same database."""
        engine = sa.create_engine("duckdb:///:memory:", creator=_second_cursor, poolclass=sa.pool.StaticPool)
        self.opened.callback(engine.dispose)
        return engine


_BRIDGE: ContextVar[Bridge] = ContextVar("sosach_bridge")


def _second_cursor() -> ConnectionWrapper:
    return ConnectionWrapper(_BRIDGE.get().con.cursor())


@contextmanager
def bridged(bridge: Bridge) -> Iterator[Bridge]:
    """Lend a bridge to the datasource, engine and metric below for the length of the block."""
    token = _BRIDGE.set(bridge)
    try:
        with bridge.opened:
            yield bridge
    finally:
        _BRIDGE.reset(token)


def pass_failed() -> bool:
    """Did something stop the pass of the checkpoint that runs now? Its result then says nothing of the rules."""
    return _BRIDGE.get().failure is not None


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Keeps one connection for its life, and lends PostgreSQL's names of types."""

    def __init__(self, name: str | None = None, **_configuration: Any) -> None:
        super().__init__(name=name, engine=_BRIDGE.get().engine, create_temp_table=False)
        _BRIDGE.get().opened.callback(self.close)
        self.dialect_module = sa.dialects.postgresql

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        """The one connection; it is not handed back, so that results can still be fetched."""
        if not self._connection:
            self._connection = self.engine.connect()
        yield self._connection

    def close(self) -> None:
        """Hand the connection back; the engine is the bridge's to dispose of."""
        if self._connection:
            self._connection.close()
            self._connection = None


class DuckDBDatasource(SQLDatasource):
    """The bridge's database as a datasource (``context.data_sources.add_sosach_duckdb``)."""

    type: Literal["sosach_duckdb"] = "sosach_duckdb"  # type: ignore[assignment]

    @property
    def execution_engine_type(self) -> builtins.type[SqlAlchemyExecutionEngine]:
        """The engine above."""
        return DuckDBExecutionEngine

    def _create_engine(self) -> sa.Engine:
        return _BRIDGE.get().engine


class RuleResults(TableMetricProvider):
    """The fused pass as a table metric: rule id to its result."""

    metric_name = METRIC
    value_keys = ()

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, **_arguments: Any) -> Mapping[str, RuleResult]:  # noqa: N805 (decorated as a class method)
        return _BRIDGE.get().results
