"""Proposals: what a record would have to say, by the evidence of another register or of the record itself.

Each kind is one SELECT over open issues. A kind proposes only where linked events prove the value; where registers
merely disagree nothing is proposed (NĐ 154/2024/NĐ-CP Điều 13: officers verify). ``confidence`` names the weakest link
that the evidence rests on.
"""

import duckdb

_ON_DAN_CU = """
SELECT i.issue_id, '{kind}' AS kind, i.register, i.record_key, i.unit,
  '{field}' AS field, {old} AS old_value, {new} AS new_value,
  '{reason}' AS reason, {evidence} AS evidence, {confidence} AS confidence
FROM issues i JOIN dan_cu d ON i.register = 'dan_cu' AND d.record_id = i.record_id
JOIN marital_status m ON m.record_id = d.record_id
{joins}
WHERE i.state IN ('new', 'open', 'reopened') AND i.rule_id IN ({rules}) AND {when}
"""

_WEAKEST = """(SELECT arg_min(method, (weight, register, record_id, role)) FROM links l
  WHERE l.person_id = m.person_id AND
  ((l.register = 'ket_hon' AND l.record_id = m.marriage_record_id)
    OR (l.register IN ('ly_hon', 'khai_tu') AND l.record_id = m.ended_by_record_id)))"""

KINDS: tuple[dict[str, str], ...] = (
    {
        "kind": "status_from_events",
        "rules": "'XR07', 'CT18'",
        "field": "tinh_trang_hon_nhan",
        "old": "d.tinh_trang_hon_nhan",
        "new": "m.derived",
        "reason": "Sự kiện hộ tịch hoặc bản án đã ghi nhận cho thấy tình trạng hôn nhân này",
        "evidence": "concat_ws(' → ', "
        "(SELECT 'kết hôn ' || k.record_key FROM ket_hon k WHERE k.record_id = m.marriage_record_id), "
        "(SELECT 'bản án ' || j.record_key FROM ly_hon j WHERE j.record_id = m.ended_by_record_id), "
        "(SELECT 'khai tử ' || t.record_key FROM khai_tu t WHERE t.record_id = m.ended_by_record_id))",
        "confidence": _WEAKEST,
        "joins": "",
        "when": "m.class IN ('A2', 'A3', 'A4', 'C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'C8', 'C9') "
        "AND m.marriage_record_id IS NOT NULL",
    },
    {
        "kind": "spouse_from_entry",
        "rules": "'CT19'",
        "field": "vo_chong_so_dinh_danh",
        "old": "d.vo_chong_so_dinh_danh",
        "new": "m.spouse_so_dinh_danh",
        "reason": "Sổ đăng ký kết hôn ghi người vợ hoặc chồng này",
        "evidence": "(SELECT 'kết hôn ' || k.record_key FROM ket_hon k WHERE k.record_id = m.marriage_record_id)",
        "confidence": _WEAKEST,
        "joins": "",
        "when": "m.derived = 'DANG_CO_VO_CHONG' AND m.class = 'KHOP' AND is_pin(m.spouse_so_dinh_danh)",
    },
    {
        "kind": "death_from_book",
        "rules": "'XR09', 'KT08'",
        "field": "ngay_chet",
        "old": "NULL",
        "new": "strftime(t.nkt_ngay_chet, '%Y-%m-%d')",
        "reason": "Sổ đăng ký khai tử đã ghi người này chết",
        "evidence": "'khai tử ' || t.record_key",
        "confidence": "t.method",
        "joins": "JOIN (SELECT l.person_id, "
        "arg_min(k.nkt_ngay_chet, k.record_id) AS nkt_ngay_chet, min(k.record_id) AS record_id, "
        "arg_min(k.record_key, k.record_id) AS record_key, arg_min(l.method, (l.weight, l.record_id)) AS method "
        "FROM khai_tu k JOIN links l ON l.register = 'khai_tu' AND l.record_id = k.record_id "
        "WHERE k.nkt_ngay_chet IS NOT NULL GROUP BY 1 "
        "HAVING count(DISTINCT k.nkt_ngay_chet) = 1) t ON t.person_id = m.person_id",
        "when": "d.ngay_chet IS NULL",
    },
    {
        "kind": "cmnd_to_own_field",
        "rules": "'ID03-DC'",
        "field": "so_cmnd",
        "old": "d.so_cmnd",
        "new": "d.so_dinh_danh",
        "reason": "Ô số định danh chứa số CMND 9 số, ô số CMND còn trống",
        "evidence": "'bản ghi này'",
        "confidence": "'format'",
        "joins": "",
        "when": "is_cmnd(d.so_dinh_danh) AND d.so_cmnd IS NULL",
    },
)


def build_proposals(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Create table ``proposals`` (columns: docs/architecture.md) from open issues; returns the number by kind.

    Needs tables issues, links, marital_status and the registers on the connection.
    """
    parts = " UNION ALL ".join(f"({_ON_DAN_CU.format(**kind)})" for kind in KINDS)
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE proposals AS
    SELECT left(md5(concat_ws('|', issue_id, kind, field, new_value)), 16) AS proposal_id,
      issue_id, kind, register, record_key, field,
      old_value::VARCHAR AS old_value, new_value::VARCHAR AS new_value, reason, evidence, confidence, unit
    FROM ({parts}) WHERE new_value IS NOT NULL AND new_value IS DISTINCT FROM old_value""")
    counts = dict.fromkeys((kind["kind"] for kind in KINDS), 0)
    counts |= {
        str(k): int(n) for k, n in con.execute("SELECT kind, count(*) FROM proposals GROUP BY 1 ORDER BY 1").fetchall()
    }
    return counts
