"""The 20 rules as SQL that somebody wrote and tuned by hand: every finding as (register, record_key, rule_id), no more.

One scan of the citizens answers all rules on a row as bits of a mask; one aggregation of their numbers serves the
uniqueness of the number and the marriages alike. This is the yardstick of all other contestants.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from benchmarks.checks import mix

DAY = f"DATE '{mix.AS_OF}'"


def listed(values: tuple[str, ...]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


# Whether the number is well formed is asked once, for R02 and R15.
CITIZENS = f"(SELECT *, regexp_full_match(so_dinh_danh, '{mix.PIN}') AS is_pin FROM cong_dan)"
PIN_FITS = (
    "CASE WHEN is_pin THEN CAST(substr(so_dinh_danh, 4, 3) AS INTEGER) END "
    "= (2 * (year(ngay_sinh) // 100 - 19) + CASE gioi_tinh WHEN 'Nữ' THEN 1 ELSE 0 END) * 100 + year(ngay_sinh) % 100"
)
PIN_APPLIES = f"is_pin AND gioi_tinh IN ({listed(mix.SEXES)}) AND year(ngay_sinh) BETWEEN 1900 AND 2099"
ROW_RULES = {
    "R01": "so_dinh_danh IS NULL",
    "R02": "NOT is_pin",
    "R04": f"NOT regexp_full_match(so_cmnd, '{mix.CMND}')",
    "R05": "ho_ten IS NULL",
    "R06": f"regexp_matches(ho_ten, '{mix.NAME_BAD}')",
    "R07": "length(ho_ten) NOT BETWEEN 3 AND 60",
    "R08": "ngay_sinh IS NULL",
    "R09": f"ngay_sinh NOT BETWEEN DATE '1900-01-01' AND {DAY}",
    "R10": f"gioi_tinh NOT IN ({listed(mix.SEXES)})",
    "R11": f"dan_toc NOT IN ({listed(mix.ETHNIC)})",
    "R12": f"tinh_trang_hon_nhan NOT IN ({listed(mix.MARITAL)})",
    "R13": "ngay_dang_ky < ngay_sinh",
    "R15": f"{PIN_APPLIES} AND NOT ({PIN_FITS})",
}
MASK = " | ".join(f"CASE WHEN {broken} THEN {1 << i} ELSE 0 END" for i, broken in enumerate(ROW_RULES.values()))
NUMBERS = (
    "CREATE TEMP TABLE numbers AS SELECT so_dinh_danh, max(ngay_sinh) AS birth, count(*) AS n FROM cong_dan "
    "WHERE so_dinh_danh IS NOT NULL GROUP BY so_dinh_danh"
)
TWINS = "ho_ten IS NOT NULL AND ngay_sinh IS NOT NULL AND dia_chi IS NOT NULL"
KEY_RULES = {
    "R03": "SELECT record_key FROM cong_dan SEMI JOIN (FROM numbers WHERE n > 1) USING (so_dinh_danh)",
    # A hash first, because it is narrow; then the few candidates by value.
    "R14": (
        "SELECT record_key FROM (SELECT record_key, count(*) OVER (PARTITION BY ho_ten, ngay_sinh, dia_chi) AS n "
        f"FROM cong_dan WHERE {TWINS} AND hash(ho_ten, ngay_sinh, dia_chi) IN (SELECT hash(ho_ten, ngay_sinh, dia_chi) "
        f"AS h FROM cong_dan WHERE {TWINS} GROUP BY h HAVING count(*) > 1)) WHERE n > 1"
    ),
    "R16": (
        "SELECT arg_max(record_key, (ngay_cap_nhat, _row)) FROM cong_dan "
        f"WHERE ngay_cap_nhat = (SELECT max(ngay_cap_nhat) FROM cong_dan) HAVING max(ngay_cap_nhat) < {DAY} - 7"
    ),
}
IN_FORCE = f"trang_thai = '{mix.IN_FORCE}'"
TWICE = f"(SELECT {{0}} FROM hon_nhan WHERE {IN_FORCE} GROUP BY {{0}} HAVING count(*) > 1)"
MARRIED = f"""
SELECT h.*, m.birth AS man_birth, w.birth AS woman_birth,
  CASE WHEN chong_so_dinh_danh IS NOT NULL AND m.n IS NULL THEN 1 ELSE 0 END
  | CASE WHEN vo_so_dinh_danh IS NOT NULL AND w.n IS NULL THEN 2 ELSE 0 END
  | CASE WHEN {IN_FORCE} AND (chong_so_dinh_danh IN {TWICE.format("chong_so_dinh_danh")}
    OR vo_so_dinh_danh IN {TWICE.format("vo_so_dinh_danh")}) THEN 4 ELSE 0 END
  | CASE WHEN ngay_dang_ky < m.birth + INTERVAL 20 YEAR OR ngay_dang_ky < w.birth + INTERVAL 18 YEAR
    THEN 8 ELSE 0 END AS mask
FROM hon_nhan h LEFT JOIN numbers m ON m.so_dinh_danh = chong_so_dinh_danh
LEFT JOIN numbers w ON w.so_dinh_danh = vo_so_dinh_danh
"""
MARRIAGE_RULES = ("R17", "R18", "R19", "R20")


def connected(core: Path) -> duckdb.DuckDBPyConnection:
    """A connection with both registers as views, within the threads and memory that we allow ourselves."""
    con = duckdb.connect()
    con.execute("SET threads = 2; SET memory_limit = '4GB'; SET preserve_insertion_order = false")
    for name in (mix.CITIZENS, mix.MARRIAGES):
        con.execute(f"CREATE VIEW {name} AS FROM read_parquet('{core / name}.parquet')")
    return con


def bits(rules: tuple[str, ...], columns: str, table: str) -> str:
    """The set bits of a mask as rows."""
    named = ", ".join(f"({i}, '{rule}')" for i, rule in enumerate(rules))
    return f"SELECT {columns}, rule_id FROM {table} JOIN (VALUES {named}) bits(bit, rule_id) ON (mask >> bit) & 1 = 1"


def run(core: Path, out: Path) -> None:
    with connected(core) as con:
        con.execute(NUMBERS)
        con.execute(
            "CREATE TEMP TABLE broken AS SELECT * FROM "
            f"(SELECT record_key, {MASK} AS mask FROM {CITIZENS}) WHERE mask <> 0"
        )
        con.execute(f"CREATE TEMP TABLE married AS SELECT record_key, mask FROM ({MARRIED}) WHERE mask <> 0")
        parts = [
            bits(tuple(ROW_RULES), f"'{mix.CITIZENS}' AS register, record_key", "broken"),
            *(
                f"SELECT '{mix.CITIZENS}', record_key, '{rule}' FROM ({query}) t(record_key)"
                for rule, query in KEY_RULES.items()
            ),
            bits(MARRIAGE_RULES, f"'{mix.MARRIAGES}', record_key", "married"),
        ]
        con.execute(f"COPY ({' UNION ALL '.join(parts)}) TO '{out / 'violations.parquet'}' (FORMAT parquet)")


def pairs(_state: None, out: Path) -> Iterator[tuple[str, str]]:
    with duckdb.connect() as con:
        yield from con.execute(f"SELECT rule_id, record_key FROM '{out / 'violations.parquet'}'").fetchall()
