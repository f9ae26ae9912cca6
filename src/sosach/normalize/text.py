"""Delivered text to clean text, as SQL functions on a DuckDB connection.

Right text passes one or two cheap patterns; only what they do not know goes to Python (``mending``), each distinct text
once. Holds no repair of its own.
"""

from functools import lru_cache

import duckdb
import pyarrow as pa
from duckdb.func import ARROW, SPECIAL

from sosach.normalize.mending import mend
from sosach.normalize.syllables import POSSIBLE, UNICODE

_REMEMBERED = 65_536  # distinct odd texts; a data set has far fewer, and they come again in every column
_mend = lru_cache(_REMEMBERED)(mend)


def register_text(con: duckdb.DuckDBPyConnection) -> None:
    """Define ``nz_text`` and ``nz_text_name`` on a connection; calling it twice does no harm.

    * ``nz_text(x)``: the text in precomposed Unicode letters without invisible characters and needless spaces, out of a
      font before Unicode or a wrong code page where that is sure. Right text stays as it is; so does broken text that
      cannot be read for sure, to the last space. ``nz_text(nz_text(x)) = nz_text(x)``.
    * ``nz_text_name(x)``: which repair changed it, of ``mending.REPAIRS``; NULL where ``nz_text(x) = x``.
    """
    known = {name for (name,) in con.execute("SELECT function_name FROM duckdb_functions()").fetchall()}
    for name, function in (("nz_mended", _texts), ("nz_mended_by", _names)):
        if name not in known:
            con.create_function(name, function, ["VARCHAR"], "VARCHAR", type=ARROW, null_handling=SPECIAL)
    for head, clear, odd in (("nz_text(x)", "x", "nz_mended(x)"), ("nz_text_name(x)", "NULL", "nz_mended_by(x)")):
        con.execute(
            f"CREATE OR REPLACE MACRO {head} AS (CASE WHEN x IS NULL OR regexp_full_match(x, '{UNICODE}') THEN {clear}"
            f" WHEN regexp_full_match(x, '{POSSIBLE}') THEN {clear} ELSE {odd} END)"
        )


def _texts(column: pa.ChunkedArray) -> pa.Array:
    return _each(column, 0)


def _names(column: pa.ChunkedArray) -> pa.Array:
    return _each(column, 1)


def _each(column: pa.ChunkedArray, part: int) -> pa.Array:
    return pa.array([None if text is None else _mend(text)[part] for text in column.to_pylist()], pa.string())
