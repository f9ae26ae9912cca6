"""Whether records that stand for one event or person are found as such. Counts only."""

from typing import Any

import duckdb

from sosach.duck import literal
from sosach.evaluate.statistics import Share

DOMAIN = ("BK03", "CT01", "ID10", "ID11", "KH13", "KS16", "KS18", "KT06", "LH11", "XR12")
SISTERS = ("AS05", "BH05", "CC03", "DD06", "TK03")
UNIQUENESS = (*DOMAIN, *SISTERS)
"""Codes that ask for one record of one thing: those of ``domain.md`` 3.2, and those of the sister registers."""


def duplicates(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """One line a register and kind of true duplicates.

    ``found``: a rule of ``UNIQUENESS`` stands on one of the two records, ``on_both``: on each of them. ``lawful`` kinds
    are not planted (an entry registered again as the law allows): there a finding is a false alarm.
    ``superseded``: one of the two rows is not in the run's core, so nothing could be found.
    """
    codes = ", ".join(literal(code) for code in UNIQUENESS)
    rows = con.execute(f"""
        WITH twins AS (
            SELECT t.register, t.kind, a.delivery_id || ':' || t."row" AS one, b.delivery_id || ':' || t.of_row AS other
            FROM truth_duplicates t JOIN delivery a ON a.register = t.register AND a.file = t.file
            JOIN delivery b ON b.register = t.register AND b.file = t.of_file),
        flagged AS (
            SELECT DISTINCT f.record_id FROM found f JOIN rule u USING (rule_id) WHERE u.code IN ({codes})),
        told AS (
            SELECT t.*, t.one IN (FROM flagged) AS first, t.other IN (FROM flagged) AS second,
                t.one IN (SELECT record_id FROM kept_record) AND t.other IN (SELECT record_id FROM kept_record) AS whole
            FROM twins t)
        SELECT register, kind, kind NOT IN (SELECT kind FROM error), count(*), count(*) FILTER (first OR second),
            count(*) FILTER (first AND second), count(*) FILTER (NOT whole)
        FROM told GROUP BY ALL ORDER BY ALL""").fetchall()
    return [
        {
            "register": register,
            "kind": kind,
            "lawful": lawful,
            "pairs": n,
            "found": found,
            "on_both": both,
            "superseded": gone,
            "recall": Share(found, n).as_json(),
        }
        for register, kind, lawful, n, found, both, gone in rows
    ]
