"""Literal couples for the tests of marital status, linked by number alone so that linkage is not what they test.

Couple ``n`` has records ``h_<n>``, ``w_<n>`` and ``o_<n>`` (another woman), numbers and names of its own, so that one
world holds many cases; couple 0 is called ``h``, ``w``, ``o``.
"""

from datetime import date
from typing import Any

import duckdb

from sosach.link.classes import classify
from sosach.link.findings import build_findings
from sosach.link.status import derive_events, stand_on
from tests.scenarios.registers import add

AS_OF = date(2025, 8, 15)
HUSBAND, WIFE, OTHER = "040085000011", "040185000022", "040186000033"
SYLLABLES = ("AN", "BA", "CA", "DU", "EM", "GI", "HÀ", "KỲ", "LA", "MỸ")

_ROLES = (
    ("dan_cu", "chu_the", "so_dinh_danh", "ho_ten"),
    ("cu_tru", "chu_the", "so_dinh_danh", "NULL"),
    ("ket_hon", "chong", "chong_so_giay_to_tuy_than", "chong_ho_ten"),
    ("ket_hon", "vo", "vo_so_giay_to_tuy_than", "vo_ho_ten"),
    ("ly_hon", "chong", "chong_so_giay_to", "chong_ho_ten"),
    ("ly_hon", "vo", "vo_so_giay_to", "vo_ho_ten"),
    ("khai_tu", "nkt", "nkt_so_giay_to_tuy_than", "nkt_ho_ten"),
    ("xac_nhan_tthn", "nxn", "nxn_so_giay_to_tuy_than", "nxn_ho_ten"),
)


def of(value: str, n: int) -> str:
    """A record id, number or name of couple 0 as couple ``n`` has it."""
    if not n:
        return value
    if value.isdigit():
        return f"{value[: 12 - 5]}{n:03}{value[-2:]}" if len(value) == 12 else f"{value[:6]}{n:03}"
    if " " in value:
        return f"{value} {SYLLABLES[n // 10]} {SYLLABLES[n % 10]}"
    return f"{value}_{n}"


def person(
    con: duckdb.DuckDBPyConnection,
    record: str,
    pin: str,
    name: str,
    born: date,
    sex: str,
    status: str | None,
    **cells: object,
) -> None:
    """One citizen."""
    row = {"so_dinh_danh": pin, "ho_ten": name, "ngay_sinh": born, "gioi_tinh": sex, "tinh_trang_hon_nhan": status}
    add(con, "dan_cu", record, **{**row, **cells})


def spouses(con: duckdb.DuckDBPyConnection, his: str | None, hers: str | None, n: int = 0) -> None:
    """Records ``h`` and ``w``, who name each other; ``his`` and ``hers`` are their recorded statuses."""
    him, her = ("h", HUSBAND, "NGUYỄN VĂN AN"), ("w", WIFE, "TRẦN THỊ BÌNH")
    for (record, pin, name), (_, other, other_name), born, sex, said in (
        (him, her, date(1985, 3, 2), "Nam", his),
        (her, him, date(1985, 5, 6), "Nữ", hers),
    ):
        named = {"vo_chong_so_dinh_danh": of(other, n), "vo_chong_ho_ten": of(other_name, n)}
        person(con, of(record, n), of(pin, n), of(name, n), born, sex, said, **named)


def marriage(
    con: duckdb.DuckDBPyConnection, record: str = "k", day: date = date(2010, 4, 4), n: int = 0, **cells: object
) -> None:
    """Their entry; ``cells`` overwrite."""
    row = {
        "ngay_dang_ky": day, "noi_dang_ky": "16681", "so": f"{n or 5:02}/2010", "quyen_so": "01/2010",
        "so_nam": day.year,
        "chong_ho_ten": of("NGUYỄN VĂN AN", n), "chong_so_giay_to_tuy_than": of(HUSBAND, n),
        "vo_ho_ten": of("TRẦN THỊ BÌNH", n), "vo_so_giay_to_tuy_than": of(WIFE, n),
    }  # fmt: skip
    add(con, "ket_hon", of(record, n), **{**row, **cells})


def divorce(
    con: duckdb.DuckDBPyConnection, effective: date | None, kind: str = "ly_hon", n: int = 0, **cells: object
) -> None:
    """A judgment of theirs."""
    row = {
        "loai_viec": kind, "ngay_ban_an": effective, "ngay_hieu_luc": effective,
        "so_ban_an": "45/2017/HNGĐ-ST", "toa_an": "Tòa án nhân dân thành phố Vinh",
        "chong_ho_ten": of("NGUYỄN VĂN AN", n), "chong_so_giay_to": of(HUSBAND, n),
        "vo_ho_ten": of("TRẦN THỊ BÌNH", n), "vo_so_giay_to": of(WIFE, n),
    }  # fmt: skip
    add(con, "ly_hon", f"j{n}{effective}", **{**row, **cells})


def death(con: duckdb.DuckDBPyConnection, day: date | None, n: int = 0, **cells: object) -> None:
    """A death entry of the husband."""
    row = {"nkt_ho_ten": of("NGUYỄN VĂN AN", n), "nkt_so_giay_to_tuy_than": of(HUSBAND, n), "nkt_ngay_chet": day}
    add(con, "khai_tu", of("t", n), **{**row, "so": "03/2020", **cells})


def link_by_number(con: duckdb.DuckDBPyConnection) -> None:
    """Tables ``links`` and ``persons``: the same number is the same person, who has none is a stranger."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE links AS "
        + " UNION ALL ".join(
            f"SELECT '{register}' AS register, record_key, record_id, '{role}' AS role, "
            f"CASE WHEN {number} IS NULL THEN 'U' || record_id || '{role}' "
            f"WHEN {number} IN (SELECT so_dinh_danh FROM dan_cu) THEN 'P' || {number} ELSE 'U' || {number} END "
            "AS person_id, "
            f"CASE WHEN {number} IN (SELECT so_dinh_danh FROM dan_cu) THEN 'pin' ELSE 'unlinked' END AS method, "
            f"NULL::DOUBLE AS weight FROM {register} WHERE {number} IS NOT NULL OR {name} IS NOT NULL"
            for register, role, number, name in _ROLES
        )
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE persons AS SELECT 'P' || so_dinh_danh AS person_id, record_id, so_dinh_danh, "
        "ho_ten, ngay_sinh, ngay_sinh_nam AS nam_sinh, gioi_tinh, unit FROM dan_cu"
    )


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """The rows of a query by column name."""
    cursor = con.execute(query)
    names = [d[0] for d in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def classed(con: duckdb.DuckDBPyConnection, as_of: date = AS_OF) -> dict[str, dict[str, Any]]:
    """Events, findings and classes of the world; the rows of ``classed`` by record."""
    link_by_number(con)
    derive_events(con, as_of)
    stand_on(con, f"SELECT DISTINCT person_id, DATE '{as_of.isoformat()}' AS day FROM marital_events")
    build_findings(con)
    classify(con, as_of)
    return {row["record_id"]: row for row in rows(con, "FROM classed")}
