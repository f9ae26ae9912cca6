"""Python functions as SQL functions, for the few cells that no cheap test in SQL settles.

Holds the registration only. DuckDB calls such a function with the rows of its CASE branch alone, so right cells never
come here.
"""

from collections.abc import Callable

import duckdb
import pyarrow as pa
from duckdb.func import ARROW, SPECIAL


def register_odd(con: duckdb.DuckDBPyConnection, name: str, repair: Callable[[str], str | None]) -> None:
    """Define the SQL function ``name(VARCHAR) -> VARCHAR``; calling it twice does no harm.

    Args:
        con: an open connection.
        name: name of the SQL function.
        repair: pure function of a text; a NULL gives NULL without asking it.
    """

    def repaired(texts: pa.ChunkedArray) -> pa.Array:
        return pa.array([None if text is None else repair(text) for text in texts.to_pylist()], pa.string())

    if not con.execute("SELECT 1 FROM duckdb_functions() WHERE function_name = ?", [name]).fetchall():
        con.create_function(name, repaired, ["VARCHAR"], "VARCHAR", type=ARROW, null_handling=SPECIAL)
