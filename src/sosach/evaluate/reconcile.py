"""How true the table of differences is: are planted errors told apart by kind, is the right side named, is the
probability honest. Counts only.

A cell is wrong where the run's core still holds another value than the true one (see ``kinds``). Only differences
within one true person count: where linkage joined two, both sides may be right.
"""

from typing import Any

import duckdb

from sosach.duck import literal
from sosach.evaluate.statistics import Share

# field of ``differences`` → inner name of the cell in each (register, role); of dan_cu the name is the field's.
_BY_ROLE = {
    "ho_ten": "{role}_ho_ten",
    "ngay_sinh": "{role}_ngay_sinh",
    "gioi_tinh": "{role}_gioi_tinh",
    "dan_toc": "{role}_dan_toc",
    "so_dinh_danh": "{role}_so_giay_to_tuy_than",
    "so_cmnd": "{role}_so_giay_to_tuy_than",
}
_ROLES = (
    ("khai_sinh", "nks"), ("khai_sinh", "me"), ("khai_sinh", "cha"), ("ket_hon", "chong"), ("ket_hon", "vo"),
    ("khai_tu", "nkt"), ("xac_nhan_tthn", "nxn"), ("ly_hon", "chong"), ("ly_hon", "vo"), ("nhan_cha_me_con", "cm"),
    ("nhan_cha_me_con", "nc"), ("nuoi_con_nuoi", "con_nuoi"), ("nuoi_con_nuoi", "cha_nuoi"),
    ("nuoi_con_nuoi", "me_nuoi"), ("thay_doi_ho_tich", "ntd"),
)  # fmt: skip
_HOLDERS = ("can_cuoc", "bhyt", "tai_khoan_dinh_danh", "chi_tra_an_sinh", "tai_khoan_dvc")
_PLACES = (
    ("so_dinh_danh", "khai_sinh", "nks", "nks_so_dinh_danh_ca_nhan"),
    ("so_dinh_danh", "thay_doi_ho_tich", "ntd", "ntd_so_dinh_danh"),
    ("so_dinh_danh", "ly_hon", "chong", "chong_so_giay_to"),
    ("so_dinh_danh", "ly_hon", "vo", "vo_so_giay_to"),
    ("so_cmnd", "ly_hon", "chong", "chong_so_giay_to"),
    ("so_cmnd", "ly_hon", "vo", "vo_so_giay_to"),
    ("cha_ho_ten", "khai_sinh", "nks", "cha_ho_ten"),
    ("me_ho_ten", "khai_sinh", "nks", "me_ho_ten"),
    ("cha_so_dinh_danh", "khai_sinh", "nks", "cha_so_giay_to_tuy_than"),
    ("me_so_dinh_danh", "khai_sinh", "nks", "me_so_giay_to_tuy_than"),
    ("vo_chong_ho_ten", "ket_hon", "chong", "vo_ho_ten"),
    ("vo_chong_ho_ten", "ket_hon", "vo", "chong_ho_ten"),
    ("vo_chong_so_dinh_danh", "ket_hon", "chong", "vo_so_giay_to_tuy_than"),
    ("vo_chong_so_dinh_danh", "ket_hon", "vo", "chong_so_giay_to_tuy_than"),
    ("que_quan", "khai_sinh", "nks", "nks_que_quan"),
    ("noi_dang_ky_khai_sinh", "khai_sinh", "nks", "noi_dang_ky"),
    ("ma_noi_khai_sinh", "khai_sinh", "nks", "noi_dang_ky"),
    ("ma_noi_khai_sinh", "dan_cu", "chu_the", "so_dinh_danh"),
    ("ngay_chet", "khai_tu", "nkt", "nkt_ngay_chet"),
    ("ket_hon_so", "ket_hon", "su_kien", "so"),
    ("ket_hon_quyen_so", "ket_hon", "su_kien", "quyen_so"),
    ("ket_hon_ngay_dang_ky", "ket_hon", "su_kien", "ngay_dang_ky"),
    ("ket_hon_noi_dang_ky", "ket_hon", "su_kien", "noi_dang_ky"),
    *((field, "ly_hon", "su_kien", field) for field in (
        "ket_hon_so", "ket_hon_quyen_so", "ket_hon_ngay_dang_ky", "ket_hon_noi_dang_ky")),
    *((field, register, "chu_the", field) for register in _HOLDERS for field in (
        "ho_ten", "ngay_sinh", "gioi_tinh", "so_dinh_danh")),
    *((field, "dan_cu", "chu_the", field) for field in (
        *_BY_ROLE, "cha_ho_ten", "me_ho_ten", "cha_so_dinh_danh", "me_so_dinh_danh", "vo_chong_ho_ten",
        "vo_chong_so_dinh_danh", "que_quan", "noi_dang_ky_khai_sinh", "ngay_chet")),
    *((field, register, role, name.format(role=role)) for field, name in _BY_ROLE.items() for register, role in _ROLES
      if not (field in ("so_dinh_danh", "so_cmnd") and (register in ("ly_hon", "thay_doi_ho_tich") or role == "nks"))),
)  # fmt: skip

EXPECTED: dict[str, tuple[str, ...]] = {
    "nam_sinh_lech_mot": ("one_year",),
    "bhyt_lech_ngay_sinh": ("one_year",),
    "dao_ngay_thang": ("day_month_swapped",),
    "nam_sinh_dao_so": ("digits_transposed",),
    "mac_dinh_01_01": ("default_day",),
    "mac_dinh_01_01_ca_quyen": ("default_day",),
    "cai_chinh_chua_cap_nhat": ("old_value", "year", "one_year", "one_digit", "digits_transposed"),
    "tuoi_thay_ngay_sinh": ("year_only",),
    "ten_doc_nham": ("tone",),
    "thieu_chu_dem": ("middle_dropped",),
    "bhyt_lech_ho_ten": ("middle_dropped",),
    "ten_tren_the_khac_khai_sinh": ("middle_changed", "middle_dropped"),
    "ten_chi_mot_chu": ("given_only",),
    "ten_khong_dau": ("no_diacritics",),
    "kieu_dat_dau_khac": ("tone_placement",),
    "i_ngan_y_dai": ("i_y",),
    "hai_ten_mot_o": ("other_name_beside",),
    "ten_co_chu_so": ("symbol",),
    "ten_co_ky_hieu": ("symbol",),
    "ten_nuoc_ngoai_dao_thu_tu": ("word_order",),
    "cha_me_khac_giay_khai_sinh": ("given_name", "middle_changed"),
    "gioi_tinh_sai": ("value",),
    "so_dao_hai_chu_so": ("digits_transposed",),
    "so_phim_ben_canh": ("one_digit",),
    "dinh_danh_sai_noi_dang_ky": ("prefix", "one_digit", "value"),
    "khac_vo_chong": ("other_person", "given_name", "surname", "middle_changed", "tone"),
    "cha_me_sai_so_dinh_danh": ("other_person",),
    "chet_chua_cap_nhat": ("empty",),
    "ban_an_truoc_ket_hon": ("date", "year", "one_year", "one_digit", "day_and_month", "digits_transposed"),
}
"""Planted kind → the kinds of difference that tell it."""

TENTHS = 10


def prepare_reconcile(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``wrong_cell(register, record_id, column_name, kind)``, ``cell_of(field, register, role, column_name)`` and
    ``told(…)``: the differences of one true person with which sides are wrong.

    Needs ``cell``, ``error``, ``role``, ``outcome`` (see ``truth``, ``kinds``) and ``differences`` of the run.
    """
    rows = ", ".join(f"({', '.join(map(literal, row))})" for row in _PLACES)
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE cell_of AS FROM (VALUES {rows}) v(field, register, role, column_name);
    CREATE OR REPLACE TEMP TABLE wrong_cell AS
    SELECT DISTINCT e.register, o.record_id, o.field AS column_name, e.kind, length(c.true_value) = 9 AS cmnd
    FROM outcome o JOIN error e USING (error_id) JOIN cell c ON c.error_id = o.error_id AND c.field = o.field
    WHERE o.outcome <> 'right';
    CREATE OR REPLACE TEMP TABLE wrong_side AS
    SELECT w.register, w.record_id, p.role, p.field, min(w.kind) AS kind, count(*) AS kinds
    FROM wrong_cell w JOIN cell_of p USING (register, column_name)
    WHERE p.field NOT IN ('so_dinh_danh', 'so_cmnd') OR (p.field = 'so_cmnd') = coalesce(w.cmnd, FALSE) GROUP BY ALL;
    CREATE OR REPLACE TEMP TABLE told AS
    SELECT d.*, h.kind AS here_kind, t.kind AS there_kind, h.kind IS NOT NULL AS here_wrong,
      t.kind IS NOT NULL AS there_wrong
    FROM differences d
    LEFT JOIN wrong_side h USING (register, record_id, role, field)
    LEFT JOIN wrong_side t ON t.register = d.other_register AND t.record_id = d.other_record_id
      AND t.role = d.other_role AND t.field = d.field
    LEFT JOIN role a ON a.register = d.register AND a.record_id = d.record_id AND a.role = d.role
    LEFT JOIN role b ON b.register = d.other_register AND b.record_id = d.other_record_id AND b.role = d.other_role
    WHERE a.person_id = b.person_id OR d.role = 'su_kien'""")


def reconciliation(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Counts and shares of ``prepare_reconcile``'s tables.

    * ``sides``: differences of which exactly one side is wrong, by field: how often the named side is it, beside the
      rule that the birth act is always right (on differences with a birth act's own child);
    * ``calibration``: by tenth of the probability, what was promised and what came true, over all differences with a
      named side and an error on one side at least; ``brier`` the mean square error. Where nothing was planted the two
      records speak of different things (a later spouse, another marriage): counted beside;
    * ``kinds``: planted kinds: cells that stand in a compared pair, those with a row, and those told by the right kind.
    """
    return {"sides": _sides(con), "calibration": _calibration(con), "kinds": _kinds(con)}


def _sides(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    rows = con.execute("""
        WITH one AS (
          SELECT *, CASE WHEN here_wrong THEN 'here' ELSE 'there' END AS truly,
            register = 'khai_sinh' AND role = 'nks' AND other_register = 'dan_cu' AS act
          FROM told WHERE state = 'differs' AND kind <> 'year_only' AND here_wrong <> there_wrong)
        SELECT CASE WHEN grouping(field) = 1 THEN '' ELSE field END AS field, count(*),
          count(likelier_wrong), count(*) FILTER (likelier_wrong = truly),
          count(*) FILTER (act AND likelier_wrong IS NOT NULL),
          count(*) FILTER (act AND likelier_wrong = truly),
          count(*) FILTER (act AND likelier_wrong IS NOT NULL AND truly = 'there')
        FROM one GROUP BY GROUPING SETS ((field), ()) ORDER BY 1""").fetchall()
    return [
        {
            "field": field,
            "one_side_wrong": n,
            "named": named,
            "right": Share(right, named).as_json(),
            "with_birth_act": {"right": Share(ours, acts).as_json(), "birth_act_always": Share(theirs, acts).as_json()},
        }
        for field, n, named, right, acts, ours, theirs in rows
    ]


def _calibration(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE promised AS
        SELECT probability AS p, CASE likelier_wrong WHEN 'here' THEN here_wrong ELSE there_wrong END AS came,
          least(floor(probability * {TENTHS}), {TENTHS - 1})::INTEGER AS tenth
        FROM told WHERE state = 'differs' AND likelier_wrong IS NOT NULL AND (here_wrong OR there_wrong)""")
    rows = con.execute(
        "SELECT tenth, count(*), avg(p), count(*) FILTER (came) FROM promised GROUP BY ALL ORDER BY 1"
    ).fetchall()
    sound = con.execute("""
        SELECT count(*) FROM told WHERE state = 'differs' AND likelier_wrong IS NOT NULL AND NOT here_wrong
        AND NOT there_wrong""").fetchone()
    brier = con.execute("SELECT count(*), avg((p - came::INTEGER) ** 2) FROM promised").fetchone()
    assert brier is not None
    assert sound is not None
    return {
        "tenths": [
            {"from": tenth / TENTHS, "promised": round(float(p), 6), "came_true": Share(came, n).as_json()}
            for tenth, n, p, came in rows
        ],
        "differences": brier[0],
        "named_though_no_error_was_planted": sound[0],
        "brier": None if brier[1] is None else round(float(brier[1]), 6),
    }


def _kinds(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    expected = ", ".join(f"({literal(k)}, {literal(v)})" for k, values in EXPECTED.items() for v in values)
    rows = con.execute(f"""
        WITH expected (planted, kind) AS (VALUES {expected}),
        spoken AS (SELECT DISTINCT l.person_id, p.field FROM links l JOIN cell_of p USING (register, role)
          WHERE l.register <> 'dan_cu'),
        owner AS (SELECT DISTINCT person_id FROM links WHERE register = 'dan_cu'),
        planted AS (
          SELECT w.* FROM wrong_side w JOIN links l USING (register, record_id, role)
          JOIN owner USING (person_id) LEFT JOIN spoken s ON s.person_id = l.person_id AND s.field = w.field
          WHERE w.kinds = 1 AND (w.register <> 'dan_cu' OR s.field IS NOT NULL)
          UNION ALL SELECT * FROM wrong_side WHERE kinds = 1 AND role = 'su_kien' AND register = 'ly_hon'),
        found AS (
          SELECT register, record_id, role, field, kind, state FROM told WHERE NOT there_wrong
          UNION ALL
          SELECT other_register, other_record_id, other_role, field, kind, state FROM told WHERE NOT here_wrong)
        SELECT p.kind, p.field, count(DISTINCT (p.register, p.record_id, p.role)),
          count(DISTINCT (p.register, p.record_id, p.role)) FILTER (f.kind IS NOT NULL),
          count(DISTINCT (p.register, p.record_id, p.role)) FILTER (f.kind IN (
            SELECT e.kind FROM expected e WHERE e.planted = p.kind)),
          mode(f.kind ORDER BY f.kind)
        FROM planted p LEFT JOIN found f USING (register, record_id, role, field)
        WHERE p.kind IN (SELECT planted FROM expected)
        GROUP BY ALL ORDER BY ALL""").fetchall()
    return [
        {"kind": kind, "field": field, "compared": n, "found": Share(found, n).as_json(),
         "right_kind": Share(right, found).as_json(), "mostly_told_as": mostly}
        for kind, field, n, found, right, mostly in rows
    ]  # fmt: skip
