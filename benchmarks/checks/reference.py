"""The 20 rules once more, each as one plain query of the records that break it: what every contestant must find."""

from pathlib import Path

import duckdb

from benchmarks.checks import mix
from sosach.duck import literal

_DAY = f"DATE '{mix.AS_OF}'"


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(literal(value) for value in values)


_IN_FORCE = f"SELECT * FROM hon_nhan WHERE trang_thai = {literal(mix.IN_FORCE)}"
_FIGURES = (
    "(2 * (year(ngay_sinh) // 100 - 19) + CASE gioi_tinh WHEN 'Nữ' THEN 1 ELSE 0 END) || "
    "right(CAST(year(ngay_sinh) AS VARCHAR), 2)"
)
QUERIES = {
    "R01": "FROM cong_dan WHERE so_dinh_danh IS NULL",
    "R02": f"FROM cong_dan WHERE NOT regexp_full_match(so_dinh_danh, '{mix.PIN}')",
    "R03": "FROM cong_dan WHERE so_dinh_danh IN (SELECT so_dinh_danh FROM cong_dan GROUP BY ALL HAVING count(*) > 1)",
    "R04": f"FROM cong_dan WHERE NOT regexp_full_match(so_cmnd, '{mix.CMND}')",
    "R05": "FROM cong_dan WHERE ho_ten IS NULL",
    "R06": f"FROM cong_dan WHERE regexp_matches(ho_ten, '{mix.NAME_BAD}')",
    "R07": "FROM cong_dan WHERE length(ho_ten) < 3 OR length(ho_ten) > 60",
    "R08": "FROM cong_dan WHERE ngay_sinh IS NULL",
    "R09": f"FROM cong_dan WHERE ngay_sinh < DATE '1900-01-01' OR ngay_sinh > {_DAY}",
    "R10": f"FROM cong_dan WHERE gioi_tinh NOT IN ({_listed(mix.SEXES)})",
    "R11": f"FROM cong_dan WHERE dan_toc NOT IN ({_listed(mix.ETHNIC)})",
    "R12": f"FROM cong_dan WHERE tinh_trang_hon_nhan NOT IN ({_listed(mix.MARITAL)})",
    "R13": "FROM cong_dan WHERE ngay_dang_ky < ngay_sinh",
    "R14": (
        "FROM (SELECT record_key, count(*) OVER (PARTITION BY ho_ten, ngay_sinh, dia_chi) AS n FROM cong_dan "
        "WHERE ho_ten IS NOT NULL AND ngay_sinh IS NOT NULL AND dia_chi IS NOT NULL) WHERE n > 1"
    ),
    "R15": (
        f"FROM cong_dan WHERE regexp_full_match(so_dinh_danh, '{mix.PIN}') AND gioi_tinh IN ({_listed(mix.SEXES)}) "
        f"AND year(ngay_sinh) BETWEEN 1900 AND 2099 AND substr(so_dinh_danh, 4, 3) <> {_FIGURES}"
    ),
    "R16": (
        "FROM (SELECT arg_max(record_key, (ngay_cap_nhat, _row)) AS record_key, max(ngay_cap_nhat) AS newest "
        f"FROM cong_dan) WHERE newest < {_DAY} - 7"
    ),
    "R17": (
        "FROM hon_nhan h WHERE chong_so_dinh_danh IS NOT NULL "
        "AND NOT EXISTS (FROM cong_dan c WHERE c.so_dinh_danh = h.chong_so_dinh_danh)"
    ),
    "R18": (
        "FROM hon_nhan h WHERE vo_so_dinh_danh IS NOT NULL "
        "AND NOT EXISTS (FROM cong_dan c WHERE c.so_dinh_danh = h.vo_so_dinh_danh)"
    ),
    "R19": (
        f"FROM ({_IN_FORCE}) WHERE "
        f"chong_so_dinh_danh IN (SELECT chong_so_dinh_danh FROM ({_IN_FORCE}) GROUP BY ALL HAVING count(*) > 1) "
        f"OR vo_so_dinh_danh IN (SELECT vo_so_dinh_danh FROM ({_IN_FORCE}) GROUP BY ALL HAVING count(*) > 1)"
    ),
    "R20": (
        "FROM hon_nhan h WHERE EXISTS (FROM cong_dan c WHERE c.so_dinh_danh = h.chong_so_dinh_danh "
        "AND h.ngay_dang_ky < c.ngay_sinh + INTERVAL 20 YEAR) OR EXISTS (FROM cong_dan c "
        "WHERE c.so_dinh_danh = h.vo_so_dinh_danh AND h.ngay_dang_ky < c.ngay_sinh + INTERVAL 18 YEAR)"
    ),
}


def open_core(con: duckdb.DuckDBPyConnection, core: Path) -> None:
    """Both registers as views on their Parquet files."""
    for name in (mix.CITIZENS, mix.MARRIAGES):
        con.execute(f"CREATE OR REPLACE VIEW {name} AS FROM read_parquet({literal(core / f'{name}.parquet')})")


def write_pairs(core: Path, target: Path) -> None:
    """Write every (rule_id, record_key) that breaks a rule to ``target``, unless it is there."""
    if target.is_file():
        return
    with duckdb.connect() as con:
        open_core(con, core)
        con.execute("CREATE TABLE pairs (rule_id VARCHAR, record_key VARCHAR)")
        for rule, query in QUERIES.items():
            con.execute(f"INSERT INTO pairs SELECT '{rule}', record_key {query}")
        con.execute(f"COPY pairs TO {literal(target)} (FORMAT parquet)")
