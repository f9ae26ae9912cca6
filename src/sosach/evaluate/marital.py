"""How true the derived marital status is, and how often a status called confirmable is wrong. Counts only."""

from typing import Any

import duckdb

from sosach.evaluate.statistics import Share

# Somebody of whose marriages, their ends by a judgment, a spouse's death or own death no delivered record tells. An
# entry in whose place the names of others were written (planted) tells nothing.
_UNTOLD = """
CREATE OR REPLACE TEMP TABLE untold AS
WITH told AS (
  SELECT kind, person_id, other_person_id, ngay_su_kien FROM truth_events
  WHERE delivered AND coalesce(planted, '') = ''),
bonds AS (
  SELECT m.*,
    EXISTS (FROM told t WHERE t.kind = 'KH' AND t.person_id = m.chong_person_id AND t.other_person_id = m.vo_person_id
      AND t.ngay_su_kien >= m.ngay_ket_hon AND coalesce(t.ngay_su_kien <= m.ngay_ket_thuc, true)) AS entered,
    EXISTS (FROM told t WHERE t.kind = 'LH' AND t.person_id = m.chong_person_id AND t.other_person_id = m.vo_person_id
      AND t.ngay_su_kien = m.ngay_ket_thuc) AS judged
  FROM truth_marriages m),
dead AS (
  SELECT person_id FROM truth_persons p WHERE ngay_chet IS NOT NULL
    AND NOT EXISTS (FROM told t WHERE t.kind = 'KT' AND t.person_id = p.person_id)),
lacking AS (
  SELECT chong_person_id, vo_person_id FROM bonds
  WHERE NOT entered OR (ket_thuc IN ('ly_hon', 'huy_ket_hon') AND NOT judged)
    OR (ket_thuc = 'goa' AND (chong_person_id IN (FROM dead) OR vo_person_id IN (FROM dead))))
SELECT chong_person_id AS person_id FROM lacking UNION SELECT vo_person_id FROM lacking UNION FROM dead
"""

_ADULT = """
CREATE OR REPLACE TEMP TABLE spouse_of AS
SELECT cluster, list(DISTINCT person_id) AS persons FROM owner GROUP BY cluster;
CREATE OR REPLACE TEMP TABLE adult AS
SELECT m.record_id, m.class, m.derived, m.recorded, m.confirmable, m.reason, m.reasons,
    p.tinh_trang_hon_nhan AS truth, p.person_id NOT IN (FROM untold) AS told,
    p.person_id IS NOT NULL AND p.ngay_chet IS NULL AS alive,
    m.derived = p.tinh_trang_hon_nhan AS status_right,
    m.derived = p.tinh_trang_hon_nhan AND (m.derived <> 'DANG_CO_VO_CHONG' OR p.vo_chong_person_id IS NULL
        OR coalesce(list_contains(s.persons, p.vo_chong_person_id), TRUE)) AS wholly_right,
    m.recorded = p.tinh_trang_hon_nhan AS recorded_right
FROM marital_status m JOIN role r ON r.register = 'dan_cu' AND r.record_id = m.record_id
JOIN truth_persons p ON p.person_id = r.person_id
LEFT JOIN spouse_of s ON s.cluster = m.spouse_person_id
WHERE m.in_scope
"""


def prepare_status(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``adult``: citizens whom the run has in scope, with derived, recorded and true status and spouse.

    ``told``: all marriages, their ends and the deaths that matter to the citizen have a delivered record.
    """
    con.execute(_UNTOLD)
    con.execute(_ADULT)


def marital_status(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Derived against true status of the citizens in scope.

    ``told`` looks only at citizens whose events are all delivered: status right, status and spouse right, and the right
    spouse among those rightly derived as married. ``confirmable_wrong`` counts confirmable statuses that are not the
    true one, whose citizen is dead, or (of the married) whose spouse is another citizen; its interval's ``high`` is the
    bound to quote. ``by_class`` are the classes of ``link.classes``; ``grounds`` are those of ``link.doubts``: for how
    many citizens each holds, for how many it alone keeps the status from being confirmed, and how many of those are
    wrong; ``matrix`` counts derived by true status.
    """
    row = con.execute("""
        SELECT count(*), count(*) FILTER (status_right), count(*) FILTER (wholly_right),
            count(*) FILTER (recorded_right), count(*) FILTER (NOT alive), count(*) FILTER (confirmable),
            count(*) FILTER (confirmable AND NOT (wholly_right AND alive))
        FROM adult""").fetchone()
    assert row is not None
    total, right, wholly, recorded, dead, confirmable, wrong = row
    row = con.execute("""
        SELECT count(*), count(*) FILTER (status_right), count(*) FILTER (wholly_right),
            count(*) FILTER (status_right AND derived = 'DANG_CO_VO_CHONG'),
            count(*) FILTER (wholly_right AND derived = 'DANG_CO_VO_CHONG')
        FROM adult WHERE told""").fetchone()
    assert row is not None
    told, told_right, told_wholly, married, right_spouse = row
    return {
        "in_scope": total,
        "derived_right": Share(right, total).as_json(),
        "derived_right_with_spouse": Share(wholly, total).as_json(),
        "recorded_right": Share(recorded, total).as_json(),
        "in_scope_though_dead": dead,
        "told": {
            "citizens": told,
            "derived_right": Share(told_right, told).as_json(),
            "derived_right_with_spouse": Share(told_wholly, told).as_json(),
            "spouse_right": Share(right_spouse, married).as_json(),
        },
        "confirmable": Share(confirmable, total).as_json(),
        "confirmable_wrong": Share(wrong, confirmable).as_json(),
        "by_class": _lines(con, "class"),
        "by_reason": _lines(con, "reason"),
        "grounds": _grounds(con),
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


def _grounds(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    rows = con.execute("""
        SELECT ground, count(*), count(*) FILTER (alone), count(*) FILTER (wrong), count(*) FILTER (alone AND wrong)
        FROM (
          SELECT unnest(reasons) AS ground, len(reasons) = 1 AS alone, NOT (wholly_right AND alive) AS wrong FROM adult)
        WHERE ground <> 'du_can_cu' GROUP BY ground ORDER BY ground""").fetchall()
    return [dict(zip(("ground", "holds", "alone", "wrong", "wrong_alone"), row, strict=True)) for row in rows]
