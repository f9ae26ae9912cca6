"""SQL tuned by hand that writes what our checks write: violations, evidence, sentences, verdicts by rule and unit.

Two bits a rule hold the verdict of a record (0 pass, 1 fail, 2 undecided, 3 not applicable) in one number, so that
counting by unit groups that number, and failing records carry their values along from the one scan.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from benchmarks.checks import mix
from benchmarks.checks.contestants.by_hand import (
    CITIZENS,
    DAY,
    IN_FORCE,
    KEY_RULES,
    MARRIED,
    NUMBERS,
    PIN_APPLIES,
    PIN_FITS,
    TWINS,
    connected,
    listed,
)
from sosach.normalize.macros import register_macros


def _known(column: str, passes: str) -> str:
    return f"CASE WHEN {column} IS NULL THEN 3 WHEN {passes} THEN 0 ELSE 1 END"


def _listed(column: str, values: tuple[str, ...]) -> str:
    return f"CASE WHEN {column} IS NULL THEN 2 WHEN {column} IN ({listed(values)}) THEN 0 ELSE 1 END"


def _there(column: str) -> str:
    return f"CASE WHEN {column} IS NULL THEN 1 ELSE 0 END"


CITIZEN_VERDICTS = {
    "R01": _there("so_dinh_danh"),
    "R02": _known("so_dinh_danh", "is_pin"),
    "R03": "CASE WHEN so_dinh_danh IS NULL THEN 2 WHEN so_dinh_danh IN (FROM shared) THEN 1 ELSE 0 END",
    "R04": _known("so_cmnd", f"regexp_full_match(so_cmnd, '{mix.CMND}')"),
    "R05": _there("ho_ten"),
    "R06": _known("ho_ten", f"NOT regexp_matches(ho_ten, '{mix.NAME_BAD}')"),
    "R07": _known("ho_ten", "length(ho_ten) BETWEEN 3 AND 60"),
    "R08": _there("ngay_sinh"),
    "R09": _known("ngay_sinh", f"ngay_sinh BETWEEN DATE '1900-01-01' AND {DAY}"),
    "R10": _listed("gioi_tinh", mix.SEXES),
    "R11": _listed("dan_toc", mix.ETHNIC),
    "R12": _listed("tinh_trang_hon_nhan", mix.MARITAL),
    "R13": "CASE WHEN ngay_dang_ky >= ngay_sinh THEN 0 WHEN ngay_dang_ky < ngay_sinh THEN 1 ELSE 3 END",
    "R14": f"CASE WHEN NOT ({TWINS}) THEN 2 WHEN record_key IN (FROM twins) THEN 1 ELSE 0 END",
    "R15": f"CASE WHEN {PIN_APPLIES} THEN CASE WHEN {PIN_FITS} THEN 0 ELSE 1 END ELSE 3 END",
    "R16": (
        "CASE WHEN _row IS DISTINCT FROM (FROM newest) THEN 3 "
        f"WHEN ngay_cap_nhat >= {DAY} - 7 THEN 0 WHEN ngay_cap_nhat < {DAY} - 7 THEN 1 ELSE 3 END"
    ),
}
MARRIAGE_VERDICTS = {
    "R17": "CASE WHEN chong_so_dinh_danh IS NULL THEN 3 ELSE mask & 1 END",
    "R18": "CASE WHEN vo_so_dinh_danh IS NULL THEN 3 ELSE (mask >> 1) & 1 END",
    "R19": f"CASE WHEN {IN_FORCE} THEN (mask >> 2) & 1 ELSE 3 END",
    "R20": (
        "CASE WHEN man_birth IS NULL AND woman_birth IS NULL THEN 3 WHEN mask & 8 = 8 THEN 1 "
        "WHEN man_birth IS NULL OR woman_birth IS NULL OR ngay_dang_ky IS NULL THEN 2 ELSE 0 END"
    ),
}
SUITES = dict.fromkeys(CITIZEN_VERDICTS, "cong_dan.dung") | dict.fromkeys(MARRIAGE_VERDICTS, "hon_nhan.dung")
SUITES |= dict.fromkeys(("R01", "R05", "R08"), "cong_dan.du") | {"R16": "cong_dan.song"}

_LONG_NUMBER = r"regexp_replace({0}, '\b(\d{{3}})\d{{4,7}}(\d{{2}})\b', '\1*******\2', 'g')"


def _text(column: str) -> str:
    return f"coalesce(nullif({_LONG_NUMBER.format(column)}, ''), '(trống)')"


def _number(column: str) -> str:
    return f"coalesce(nullif(mask_id({column}), ''), '(trống)')"


def _day(column: str) -> str:
    return f"coalesce(vn_date({column}), '(trống)')"


FOUND = {
    "R01": (("ma_ho_so",), f"'Hồ sơ ' || {_text('ma_ho_so')} || ' chưa có số định danh.'"),
    "R02": (("so_dinh_danh",), f"'Số định danh ' || {_number('so_dinh_danh')} || ' không có đúng 12 chữ số.'"),
    "R03": (("so_dinh_danh",), f"'Số định danh ' || {_number('so_dinh_danh')} || ' đứng ở nhiều hồ sơ.'"),
    "R04": (
        ("so_cmnd",),
        f"'Số chứng minh nhân dân ' || {_number('so_cmnd')} || ' không có 9 hoặc 12 chữ số.'",
    ),
    "R05": (("ma_ho_so",), f"'Hồ sơ ' || {_text('ma_ho_so')} || ' chưa có họ tên.'"),
    "R06": (("ho_ten",), f"'Họ tên ghi ' || {_text('ho_ten')} || '.'"),
    "R07": (("ho_ten",), f"'Họ tên ghi ' || {_text('ho_ten')} || '.'"),
    "R08": (("ma_ho_so",), f"'Hồ sơ ' || {_text('ma_ho_so')} || ' chưa có ngày sinh.'"),
    "R09": (("ngay_sinh",), f"'Ngày sinh ghi ' || {_day('ngay_sinh')} || '.'"),
    "R10": (("gioi_tinh",), f"'Giới tính ghi ' || {_text('gioi_tinh')} || ', không có trong danh mục.'"),
    "R11": (("dan_toc",), f"'Dân tộc ghi ' || {_text('dan_toc')} || ', không có trong danh mục.'"),
    "R12": (
        ("tinh_trang_hon_nhan",),
        f"'Tình trạng hôn nhân ghi ' || {_text('tinh_trang_hon_nhan')} || ', không có trong danh mục.'",
    ),
    "R13": (
        ("ngay_dang_ky", "ngay_sinh"),
        f"'Lập hồ sơ ngày ' || {_day('ngay_dang_ky')} || ', sinh ngày ' || {_day('ngay_sinh')} || '.'",
    ),
    "R14": (
        ("ho_ten", "ngay_sinh", "dia_chi"),
        f"'Có hồ sơ khác cùng họ tên ' || {_text('ho_ten')} || ', sinh ngày ' || {_day('ngay_sinh')} || ', ở ' "
        f"|| {_text('dia_chi')} || '.'",
    ),
    "R15": (
        ("so_dinh_danh", "gioi_tinh", "ngay_sinh"),
        f"'Số định danh ' || {_number('so_dinh_danh')} || ' không khớp giới tính ' || {_text('gioi_tinh')} "
        f"|| ' hoặc ngày sinh ' || {_day('ngay_sinh')} || '.'",
    ),
    "R16": (("ngay_moi_nhat",), f"'Lần cập nhật gần nhất của cả sổ là ' || {_day('ngay_moi_nhat')} || '.'"),
    "R17": (
        ("chong_so_dinh_danh",),
        f"'Không có công dân mang số định danh ' || {_number('chong_so_dinh_danh')} || '.'",
    ),
    "R18": (("vo_so_dinh_danh",), f"'Không có công dân mang số định danh ' || {_number('vo_so_dinh_danh')} || '.'"),
    "R19": (
        ("chong_so_dinh_danh", "vo_so_dinh_danh"),
        f"'Một bên (' || {_number('chong_so_dinh_danh')} || ', ' || {_number('vo_so_dinh_danh')} "
        "|| ') còn đứng ở hôn nhân khác đang hiệu lực.'",
    ),
    "R20": (
        ("ngay_dang_ky", "chong_sinh", "vo_sinh"),
        f"'Đăng ký ngày ' || {_day('ngay_dang_ky')} || '; chồng sinh ngày ' || {_day('chong_sinh')} "
        f"|| ', vợ sinh ngày ' || {_day('vo_sinh')} || '.'",
    ),
}
CITIZEN_VALUES = {
    column: column
    for column in (
        "record_id", "record_key", "ma_ho_so", "so_dinh_danh", "so_cmnd", "ho_ten", "ngay_sinh", "gioi_tinh",
        "dan_toc", "tinh_trang_hon_nhan", "dia_chi", "ngay_dang_ky",
    )
} | {"ngay_moi_nhat": "ngay_cap_nhat"}  # fmt: skip
MARRIAGE_VALUES = {
    column: column
    for column in ("record_id", "record_key", "chong_so_dinh_danh", "vo_so_dinh_danh", "ngay_dang_ky")
} | {"chong_sinh": "man_birth", "vo_sinh": "woman_birth"}  # fmt: skip


def run(core: Path, out: Path) -> None:
    with connected(core) as con:
        register_macros(con)
        con.execute(
            f"{NUMBERS}; CREATE TEMP TABLE shared AS SELECT so_dinh_danh FROM numbers WHERE n > 1; "
            f"CREATE TEMP TABLE twins AS {KEY_RULES['R14']}; "
            "CREATE TEMP TABLE newest AS SELECT arg_max(_row, (ngay_cap_nhat, _row)) FROM cong_dan "
            "WHERE ngay_cap_nhat = (SELECT max(ngay_cap_nhat) FROM cong_dan)"
        )
        _register(con, mix.CITIZENS, CITIZENS, CITIZEN_VERDICTS, CITIZEN_VALUES, out)
        _register(con, mix.MARRIAGES, f"({MARRIED})", MARRIAGE_VERDICTS, MARRIAGE_VALUES, out)


def _register(
    con: duckdb.DuckDBPyConnection,
    register: str,
    source: str,
    verdicts: dict[str, str],
    values: dict[str, str],
    out: Path,
) -> None:
    """Judge one register and write its four files."""
    rules = list(verdicts)
    state = " | ".join(f"(CAST({code} AS UBIGINT) << {2 * i})" for i, code in enumerate(verdicts.values()))
    failing = " | ".join(f"(1::UBIGINT << {2 * i})" for i in range(len(rules)))
    kept = ", ".join(f"CASE WHEN fails <> 0 THEN {value} END AS {name}" for name, value in values.items())
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE judged AS SELECT unit, state, fails, {kept} FROM (SELECT *, state "
        f"& xor(state >> 1, {failing}) & ({failing}) AS fails FROM (SELECT *, {state} AS state FROM {source}))"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE states AS SELECT unit, state, count(*) AS n FROM judged GROUP BY unit, state"
    )
    found = " UNION ALL ".join(
        f"SELECT record_key, record_id, '{rule}' AS rule_id, unit, {_json(FOUND[rule][0])} AS evidence, "
        f"{FOUND[rule][1]} AS message FROM broken WHERE fails & (1::UBIGINT << {2 * i}) <> 0"
        for i, rule in enumerate(rules)
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE broken AS FROM judged WHERE fails <> 0; CREATE OR REPLACE TEMP TABLE found AS "
        f"SELECT *, md5(evidence) AS evidence_hash FROM ({found}) ORDER BY rule_id, record_id"
    )
    named = ", ".join(f"({2 * i}, '{rule}', '{SUITES[rule]}')" for i, rule in enumerate(rules))
    counts = ", ".join(
        f"coalesce(sum(n) FILTER ((state >> bit) & 3 = {code}), 0)::BIGINT AS {name}"
        for code, name in enumerate(("n_pass", "n_fail", "n_undecided", "n_not_applicable"))
    )
    split = f"states, (VALUES {named}) r(bit, rule_id, suite)"
    tables = {
        "violations": (
            f"SELECT '{register}' AS register, record_key, record_id, rule_id, 1 AS rule_version, "
            "CASE WHEN rule_id IN ('R01', 'R05', 'R08') THEN 'du' WHEN rule_id = 'R16' THEN 'song' ELSE 'dung' END "
            "AS dimension, 'warning' AS severity, unit, FALSE AS mended, evidence_hash FROM found"
        ),
        "evidence": (
            f"SELECT '{register}' AS register, record_id, rule_id, evidence_hash, evidence, message FROM found"
        ),
        "rule_results": (
            f"SELECT '{register}' AS register, suite, rule_id, 1 AS rule_version, 'ok' AS status, sum(n)::BIGINT AS "
            f"n_records, {counts} FROM {split} GROUP BY suite, rule_id ORDER BY suite, rule_id"
        ),
        "rule_results_by_unit": (
            f"SELECT rule_id, unit, {counts}, 0 AS n_mended FROM {split} GROUP BY rule_id, unit ORDER BY rule_id, unit"
        ),
    }
    con.execute("SET preserve_insertion_order = true")  # the findings stand in order already
    for name, query in tables.items():
        con.execute(f"COPY ({query}) TO '{out / register}_{name}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    con.execute("SET preserve_insertion_order = false")


def _json(columns: tuple[str, ...]) -> str:
    values = ", ".join(f"'{column}', CAST({column} AS VARCHAR)" for column in columns)
    return f"CAST(json_object({values}) AS VARCHAR)"


def pairs(_state: None, out: Path) -> Iterator[tuple[str, str]]:
    with duckdb.connect() as con:
        yield from con.execute(f"SELECT rule_id, record_key FROM '{out}/*_violations.parquet'").fetchall()
