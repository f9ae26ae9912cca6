"""Precision and recall of the rules.

Each violation gets one class, the first that holds:

* ``planted``: an error lies behind it that the truth expects this rule to see;
* ``side_effect``: another planted error lies behind it;
* ``not_delivered``: it persists without planted errors, and a book or event that the rule asks for was not delivered;
* ``true_fact``: it persists, and the rule asks (an explanation, a look, a normal reading) rather than calls it wrong;
* ``unexplained``: a false alarm; those that persist are the rule's own, the others come from wrong or lacking links.

Holds counting only; which error may lie behind which violation is in ``relate``.
"""

from typing import Any

import duckdb

from sosach.evaluate.missed import REASONS
from sosach.evaluate.statistics import Share

CLASSES = ("planted", "side_effect", "not_delivered", "true_fact", "unexplained")
_KIND_OF_EVENT = "{'KS': 'khai_sinh', 'KH': 'ket_hon', 'KT': 'khai_tu', 'HN': 'xac_nhan_tthn', 'LH': 'ly_hon'}"


def classify(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``judged(vid, register, rule_id, code, class, persists)``."""
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE absent AS
    SELECT DISTINCT unnest([person_id, other_person_id]) AS person_id,
        coalesce(register, MAP {_KIND_OF_EVENT}[kind]) AS register
    FROM truth_events WHERE NOT delivered;

    CREATE OR REPLACE TEMP TABLE lacking AS
    SELECT f.vid FROM found f JOIN found_person p USING (vid) JOIN absent a USING (person_id)
    WHERE f.persists AND EXISTS (
        SELECT 1 FROM rule_field r WHERE r.rule_id = f.rule_id AND r.register = a.register AND a.register <> f.register)
    UNION
    SELECT b.vid FROM found_book b JOIN truth_books t ON t.ma_noi_dang_ky = b.place AND t.loai_so = b.loai_so
        AND t.nam = b.year AND t.quyen_so = b.quyen_so WHERE NOT t.delivered
    UNION
    SELECT v.vid FROM found_place v JOIN book_kind k USING (register) JOIN truth_books t ON t.ma_noi_dang_ky = v.place
        AND t.loai_so = k.loai_so AND t.nam = v.year WHERE v.neighbours = 'sequence' AND NOT t.delivered;

    CREATE OR REPLACE TEMP TABLE judged AS
    WITH behind AS (SELECT vid, bool_or(expected) AS expected FROM pair GROUP BY vid)
    SELECT f.vid, f.register, f.rule_id, u.code, f.persists, CASE
        WHEN b.expected THEN 'planted'
        WHEN b.vid IS NOT NULL THEN 'side_effect'
        WHEN f.persists AND f.vid IN (FROM lacking) THEN 'not_delivered'
        WHEN f.persists AND u.asks THEN 'true_fact'
        ELSE 'unexplained' END AS class
    FROM found f JOIN rule u USING (rule_id) LEFT JOIN behind b USING (vid);

    CREATE OR REPLACE TEMP TABLE met AS
    SELECT x.error_id, x.code, x.rule_register, x.unit, bool_or(x.rule_id IS NULL) AS no_rule,
        coalesce(bool_or(p.same), FALSE) AS same, bool_or(p.vid IS NOT NULL) AS met
    FROM expected x
    LEFT JOIN (SELECT p.*, f.rule_id FROM pair p JOIN found f USING (vid) WHERE p.expected) p
        ON p.error_id = x.error_id AND p.rule_id = x.rule_id
    GROUP BY x.error_id, x.code, x.rule_register, x.unit""")


def per_rule(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """One line a code of rules and register: recall of what the truth expects, classes of what was found."""
    counted = ", ".join(f"count(*) FILTER (class = '{name}') AS {name}" for name in CLASSES)
    classes = ", ".join(f"coalesce(s.{name}, 0)" for name in CLASSES)
    whys = ", ".join(f"count(*) FILTER (why = '{why}') AS {why}" for why in REASONS)
    rows = con.execute(f"""
        WITH asked AS (
            SELECT code, rule_register AS register, count(*) AS expected, count(*) FILTER (met) AS met,
                count(*) FILTER (same) AS same FROM met WHERE NOT no_rule GROUP BY ALL),
        lost AS (SELECT code, rule_register AS register, {whys} FROM missed GROUP BY ALL),
        seen AS (
            SELECT code, register, count(*) AS violations, {counted},
                count(*) FILTER (class = 'unexplained' AND persists) AS persisting FROM judged GROUP BY ALL)
        SELECT code, register, coalesce(a.expected, 0), coalesce(a.met, 0), coalesce(a.same, 0),
            coalesce(s.violations, 0), {classes}, coalesce(s.persisting, 0),
            {", ".join(f"coalesce(l.{why}, 0)" for why in REASONS)}
        FROM asked a FULL JOIN seen s USING (code, register) LEFT JOIN lost l USING (code, register)
        ORDER BY code, register""").fetchall()
    return [_rule_line(row) for row in rows]


def _rule_line(row: tuple[Any, ...]) -> dict[str, Any]:
    code, register, expected, met, same, violations, *others = row
    counts = dict(zip(CLASSES, others, strict=False))
    persisting, *whys = others[len(CLASSES) :]
    return {
        "code": code,
        "register": register,
        "expected": expected,
        "found": met,
        "found_on_the_record": same,
        "missed": dict(zip(REASONS, whys, strict=True)),
        "recall": Share(met, expected).as_json(),
        "recall_where_it_applies": Share(met, expected - whys[REASONS.index("not_applicable")]).as_json(),
        "violations": violations,
        **counts,
        "unexplained_persisting": persisting,
        "precision": Share(violations - counts["unexplained"], violations).as_json(),
    }


def per_rule_id(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Violations and their classes by single rule; rules without a violation are in ``not_tested`` or found nothing."""
    counted = ", ".join(f"count(*) FILTER (class = '{name}')" for name in CLASSES)
    rows = con.execute(f"SELECT rule_id, count(*), {counted} FROM judged GROUP BY rule_id ORDER BY rule_id").fetchall()
    return [{"rule_id": rule, "violations": n, **dict(zip(CLASSES, c, strict=True))} for rule, n, *c in rows]


def without_rule(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Errors that the truth expects a code to see for which there is no rule on that register."""
    rows = con.execute("""
        SELECT e.kind, e.register, m.code, count(DISTINCT m.error_id) FROM met m JOIN error e USING (error_id)
        WHERE m.no_rule GROUP BY ALL ORDER BY ALL""").fetchall()
    return [{"kind": kind, "register": register, "code": code, "planted": n} for kind, register, code, n in rows]


def not_tested(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Rules that found nothing and of which no planted error was expected: these data say nothing of them."""
    rows = con.execute("""
        SELECT rule_id FROM rule ANTI JOIN (SELECT rule_id FROM expected WHERE rule_id IS NOT NULL
            UNION SELECT rule_id FROM found) USING (rule_id) ORDER BY 1""").fetchall()
    return [str(rule) for (rule,) in rows]


def totals(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """All rules together."""
    names = ", ".join(f"count(*) FILTER (class = '{name}')" for name in CLASSES)
    row = con.execute(f"SELECT count(*), {names} FROM judged").fetchone()
    asked = con.execute("SELECT count(*), count(*) FILTER (met) FROM met WHERE NOT no_rule").fetchone()
    errors = con.execute("SELECT count(*) FROM error").fetchone()
    assert row is not None
    assert asked is not None
    assert errors is not None
    counts = dict(zip(CLASSES, row[1:], strict=True))
    return {
        "planted_errors": errors[0],
        "recall": Share(asked[1], asked[0]).as_json(),
        "violations": row[0],
        **counts,
        "precision": Share(row[0] - counts["unexplained"], row[0]).as_json(),
    }
