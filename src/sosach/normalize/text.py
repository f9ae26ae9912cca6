"""Delivered text to clean text, as SQL functions on a DuckDB connection.

Right text passes one or two cheap patterns; only what they do not know goes to Python (``mending``), each distinct text
once. Holds no repair of its own.
"""

from functools import lru_cache

import duckdb

from sosach.normalize.mending import mend
from sosach.normalize.odd_cells import register_odd
from sosach.normalize.syllables import ASCII, UNICODE

_REMEMBERED = 65_536  # distinct odd texts; a data set has far fewer, and they come again in every column
_mended = lru_cache(_REMEMBERED)(mend)


def register_text(con: duckdb.DuckDBPyConnection) -> None:
    """Define ``nz_text`` and ``nz_text_name`` on a connection; calling it twice does no harm.

    * ``nz_text(x)``: the text in precomposed Unicode letters without invisible characters and needless spaces, out of a
      font before Unicode or a wrong code page where that is sure. Right text stays as it is; so does broken text that
      cannot be read for sure, to the last space. ``nz_text(nz_text(x)) = nz_text(x)``.
    * ``nz_text_name(x)``: which repair changed it, of ``mending.REPAIRS``; NULL where ``nz_text(x) = x``.
    """
    register_odd(con, "nz_mended", lambda text: _mended(text)[0])
    register_odd(con, "nz_mended_by", lambda text: _mended(text)[1])
    for head, clear, odd in (("nz_text(x)", "x", "nz_mended(x)"), ("nz_text_name(x)", "NULL", "nz_mended_by(x)")):
        con.execute(
            f"CREATE OR REPLACE MACRO {head} AS (CASE WHEN x IS NULL OR regexp_full_match(x, '{UNICODE}') THEN {clear}"
            f" WHEN regexp_full_match(x, '{ASCII}') THEN {clear} ELSE {odd} END)"
        )
