"""Which books are in the data: entries found against the closing count of each place, kind and year.

Holds counting only. What coverage means for a person is in ``marital``.
"""

import duckdb

REGISTER_OF_BOOK = {
    "KS": "khai_sinh",
    "KH": "ket_hon",
    "KT": "khai_tu",
    "HN": "xac_nhan_tthn",
    "CMC": "nhan_cha_me_con",
    "NCN": "nuoi_con_nuoi",
    "TDCC": "thay_doi_ho_tich",
}


def build_coverage(con: duckdb.DuckDBPyConnection, floor: float, last_year: int) -> dict[str, int]:
    """Create tables ``coverage`` (a row a place, kind and year) and ``marriage_books`` (a row a unit and year).

    A year without entries is covered when the inventory says so (closing count 0); a year that the inventory does not
    mention is not covered. ``marriage_books.uncovered_so_far`` counts, up to and with that year, the years in which
    some place inside today's unit lacks its marriage books, so that a span is covered when the count does not rise
    in it.

    Args:
        con: a connection with the registers, ``cl_don_vi`` and ``cl_unit_now``.
        floor: share of the closing count from which a year counts as covered, 0 to 1.
        last_year: the year of the run.
    """
    digitised = " UNION ALL ".join(
        f"SELECT noi_dang_ky AS place, '{kind}' AS kind, so_nam AS year FROM {register}"
        for kind, register in REGISTER_OF_BOOK.items()
    )
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE coverage AS
    WITH inventory AS (
      SELECT ma_noi_dang_ky, loai_so, nam_mo_so AS nam, any_value(unit) AS unit, sum(so_truong_hop) AS expected
      FROM so_ho_tich WHERE nam_mo_so IS NOT NULL AND so_truong_hop IS NOT NULL GROUP BY ALL),
    found AS (SELECT place, kind, year, count(*) AS n FROM ({digitised}) GROUP BY ALL)
    SELECT i.ma_noi_dang_ky, i.loai_so, i.nam, i.unit, i.expected::BIGINT AS expected,
      coalesce(f.n, 0)::BIGINT AS digitised,
      coalesce(f.n, 0) >= {float(floor)} * i.expected AS covered
    FROM inventory i LEFT JOIN found f ON f.place = i.ma_noi_dang_ky AND f.kind = i.loai_so AND f.year = i.nam""")
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE marriage_books AS
    WITH places AS (SELECT DISTINCT code, unit FROM cl_unit_now),
    years AS (SELECT unnest(range(1900, {int(last_year)} + 1)) AS year),
    state AS (
      SELECT p.unit, y.year, bool_and(coalesce(c.covered, false)) AS covered
      FROM places p CROSS JOIN years y
      LEFT JOIN coverage c ON c.ma_noi_dang_ky = p.code AND c.loai_so = 'KH' AND c.nam = y.year
      GROUP BY ALL)
    SELECT unit, year, covered,
      sum((NOT covered)::INTEGER) OVER (PARTITION BY unit ORDER BY year)::BIGINT AS uncovered_so_far
    FROM state""")
    row = con.execute("SELECT count(*), count(*) FILTER (covered) FROM coverage").fetchone()
    assert row is not None
    return {"place_years": int(row[0]), "place_years_covered": int(row[1])}
