"""Which books are in the data: entries found against the closing count of each place, kind and year.

Holds counting only. What coverage means for a person is in ``residence``. Courts and missions abroad keep no inventory
of books, so nothing here says how much of theirs is in the data.
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

FOREIGN_FROM, FOREIGN_TO = 2016, 2025
"""Years in which the districts kept the marriages with a foreign element: Luật Hộ tịch 2014 (in force 01/01/2016) to
Nghị định 120/2025/NĐ-CP (domain.md 1.1)."""

# The year that the run stands in is not closed: its books hold as many entries as their highest number says, since
# numbers of a year run on from 01 without a gap (TT 04/2020 Điều 29).
_COVERAGE = """
CREATE OR REPLACE TEMP TABLE coverage AS
WITH inventory AS (
  SELECT ma_noi_dang_ky, loai_so, nam_mo_so AS nam, min(unit) AS unit, sum(so_truong_hop) AS expected,
    bool_or(so_truong_hop IS NULL) AS uncounted
  FROM so_ho_tich WHERE nam_mo_so IS NOT NULL GROUP BY ALL),
found AS (
  SELECT place, kind, year, count(*) AS n, max(number) AS highest FROM ({digitised}) GROUP BY ALL),
counted AS (
  SELECT i.*, coalesce(f.n, 0) AS n,
    CASE WHEN i.uncounted AND i.nam = {last_year} THEN greatest(coalesce(i.expected, 0), coalesce(f.highest, 0))
      ELSE i.expected END AS entries
  FROM inventory i LEFT JOIN found f ON f.place = i.ma_noi_dang_ky AND f.kind = i.loai_so AND f.year = i.nam)
SELECT ma_noi_dang_ky, loai_so, nam, unit, entries::BIGINT AS expected, n::BIGINT AS digitised,
  n >= {floor} * entries AS covered
FROM counted WHERE entries IS NOT NULL
"""

# A place is asked for the years in which it stood; a district for those in which it kept marriages. A district's book
# has some tens of entries a year, so that two unread ones would fail the year: its share is taken over all its years,
# and a year counts unless nothing of its book is there.
_MARRIAGE_BOOKS = """
CREATE OR REPLACE TEMP TABLE marriage_books AS
WITH stood AS (
  SELECT code, district, coalesce(year(valid_from), 1900) AS first_year, coalesce(year(valid_to), 9999) AS last_year
  FROM cl_don_vi),
places AS (
  SELECT u.unit, s.code, false AS of_district, s.first_year, s.last_year FROM cl_unit_now u JOIN stood s USING (code)
  UNION
  SELECT u.unit, d.code, true, greatest(d.first_year, {foreign_from}), least(d.last_year, {foreign_to})
  FROM cl_unit_now u JOIN stood s USING (code) JOIN stood d ON d.code = s.district),
asked AS (
  SELECT DISTINCT p.unit, p.code, p.of_district, y.year FROM places p
  JOIN (SELECT unnest(range(1900, {last_year} + 1)) AS year) y ON y.year BETWEEN p.first_year AND p.last_year),
books AS (
  SELECT ma_noi_dang_ky AS code, nam AS year, covered, digitised > 0 OR expected = 0 AS some,
    sum(least(digitised, expected)) OVER w >= {floor} * sum(expected) OVER w AS all_years
  FROM coverage WHERE loai_so = 'KH' WINDOW w AS (PARTITION BY ma_noi_dang_ky)),
state AS (
  SELECT a.unit, a.year,
    bool_and(coalesce(CASE WHEN a.of_district THEN b.some AND b.all_years ELSE b.covered END, false)) AS covered
  FROM asked a LEFT JOIN books b USING (code, year)
  GROUP BY ALL)
SELECT unit, year, covered,
  sum((NOT covered)::INTEGER) OVER (PARTITION BY unit ORDER BY year)::BIGINT AS uncovered_so_far
FROM state
"""


def build_coverage(con: duckdb.DuckDBPyConnection, floor: float, last_year: int) -> dict[str, int]:
    """Create tables ``coverage`` (a row a place, kind and year) and ``marriage_books`` (a row a unit and year).

    A year without entries is covered when the inventory says so (closing count 0); a year that the inventory does not
    mention is not covered. ``marriage_books.uncovered_so_far`` counts, up to and with that year, the years in which
    some place inside today's unit, or the district that kept its marriages with a foreign element, lacks its marriage
    books, so that a span is covered when the count does not rise in it.

    Args:
        con: a connection with the registers, ``cl_don_vi`` and ``cl_unit_now``.
        floor: share of the closing count from which a year counts as covered, 0 to 1.
        last_year: the year of the run.

    Returns:
        Counts: places times kinds times years in the inventory, and those of them covered.
    """
    digitised = " UNION ALL ".join(
        f"SELECT noi_dang_ky AS place, '{kind}' AS kind, so_nam AS year, so_thu_tu AS number FROM {register}"
        for kind, register in REGISTER_OF_BOOK.items()
    )
    con.execute(_COVERAGE.format(digitised=digitised, floor=float(floor), last_year=int(last_year)))
    con.execute(
        _MARRIAGE_BOOKS.format(
            floor=float(floor), last_year=int(last_year), foreign_from=FOREIGN_FROM, foreign_to=FOREIGN_TO
        )
    )
    row = con.execute("SELECT count(*), count(*) FILTER (covered) FROM coverage").fetchone()
    assert row is not None
    return {"place_years": int(row[0]), "place_years_covered": int(row[1])}
