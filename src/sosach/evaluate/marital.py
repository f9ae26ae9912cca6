"""How true the derived marital status is, and how often a status called confirmable is wrong. Counts only."""

from typing import Any

import duckdb

from sosach.evaluate.statistics import Share


def prepare_status(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``adult``: citizens whom the run has in scope, with derived, recorded and true status and spouse."""
    con.execute("""
    CREATE OR REPLACE TEMP TABLE spouse_of AS
    SELECT cluster, list(DISTINCT person_id) AS persons FROM owner GROUP BY cluster;
    CREATE OR REPLACE TEMP TABLE adult AS
    SELECT m.record_id, m.class, m.derived, m.recorded, m.confirmable, m.reason, p.tinh_trang_hon_nhan AS truth,
        p.person_id IS NOT NULL AND p.ngay_chet IS NULL AS alive,
        m.derived = p.tinh_trang_hon_nhan AS status_right,
        m.derived = p.tinh_trang_hon_nhan AND (m.derived <> 'DANG_CO_VO_CHONG' OR p.vo_chong_person_id IS NULL
            OR coalesce(list_contains(s.persons, p.vo_chong_person_id), TRUE)) AS wholly_right,
        m.recorded = p.tinh_trang_hon_nhan AS recorded_right
    FROM marital_status m JOIN role r ON r.register = 'dan_cu' AND r.record_id = m.record_id
    JOIN truth_persons p ON p.person_id = r.person_id
    LEFT JOIN spouse_of s ON s.cluster = m.spouse_person_id
    WHERE m.in_scope""")


def marital_status(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Derived against true status of the citizens in scope.

    ``confirmable_wrong`` counts confirmable statuses that are not the true one, whose citizen is dead, or (of the
    married) whose spouse is another citizen; its interval's ``high`` is the bound to quote. ``by_class`` are the
    classes of ``link.marital``; ``matrix`` counts derived by true status.
    """
    row = con.execute("""
        SELECT count(*), count(*) FILTER (status_right), count(*) FILTER (wholly_right),
            count(*) FILTER (recorded_right), count(*) FILTER (NOT alive), count(*) FILTER (confirmable),
            count(*) FILTER (confirmable AND NOT (wholly_right AND alive))
        FROM adult""").fetchone()
    assert row is not None
    total, right, wholly, recorded, dead, confirmable, wrong = row
    return {
        "in_scope": total,
        "derived_right": Share(right, total).as_json(),
        "derived_right_with_spouse": Share(wholly, total).as_json(),
        "recorded_right": Share(recorded, total).as_json(),
        "in_scope_though_dead": dead,
        "confirmable": Share(confirmable, total).as_json(),
        "confirmable_wrong": Share(wrong, confirmable).as_json(),
        "by_class": _lines(con, "class"),
        "by_reason": _lines(con, "reason"),
        "matrix": [
            {"derived": derived, "truth": truth, "citizens": n}
            for derived, truth, n in con.execute(
                "SELECT derived, truth, count(*) FROM adult GROUP BY ALL ORDER BY ALL"
            ).fetchall()
        ],
    }


def _lines(con: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    rows = con.execute(f"""
        SELECT {name}, count(*), count(*) FILTER (status_right), count(*) FILTER (recorded_right),
            count(*) FILTER (confirmable), count(*) FILTER (confirmable AND NOT (wholly_right AND alive))
        FROM adult GROUP BY {name} ORDER BY {name}""").fetchall()
    return [
        {
            name: value,
            "citizens": n,
            "derived_right": Share(right, n).as_json(),
            "recorded_right": recorded,
            "confirmable": confirmable,
            "confirmable_wrong": wrong,
        }
        for value, n, right, recorded, confirmable, wrong in rows
    ]
