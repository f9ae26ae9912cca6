"""The pairs of statements that stand against each other, with state and kind. Holds no judgement of who is wrong."""

from collections.abc import Mapping
from functools import partial

import duckdb
import pyarrow as pa

from sosach.duck import literal
from sosach.link.reconcile_compare import date_kind, name_kind, number_kind
from sosach.link.reconcile_fields import Field

TRUTHS = ("full", "damaged")
"""Columns of ``text_table`` that hold truth values."""

ERA = """CASE WHEN register IN ('khai_sinh', 'ket_hon', 'khai_tu', 'xac_nhan_tthn', 'ly_hon', 'nhan_cha_me_con',
  'nuoi_con_nuoi', 'thay_doi_ho_tich') THEN CASE WHEN dated < DATE '2006-01-01' THEN 'trước 2006'
  WHEN dated < DATE '2016-01-01' THEN '2006-2015' ELSE 'từ 2016' END ELSE '' END"""
"""SQL: when a record was made, of the books and judgments."""

# A value that an entry lacks is told from 2016 on, when every cell had to be filled; older gaps are counted only.
_PAIRS = """
CREATE OR REPLACE TEMP TABLE pair AS
SELECT h.item, h.register, h.role, h.record_id, t.register AS other_register, t.role AS other_role,
  t.record_id AS other_record_id, h.value, t.value AS other_value, h.ngay AS a,
  h.nam AS a_nam, t.ngay AS b, t.nam AS b_nam, h.loose OR t.loose AS loose, FALSE AS beside
FROM (FROM st WHERE cell AND NOT main) h JOIN (FROM st WHERE main) t USING (item)
WHERE CASE WHEN h.value IS NULL THEN t.value IS NOT NULL AND {era} = 'từ 2016'
  ELSE ({same}) IS NOT TRUE END
"""

# Births beside marriages and judgments beside marriages, where both speak of one person.
_BESIDE = """
INSERT INTO pair
SELECT h.item, h.register, h.role, h.record_id, t.register, t.role, t.record_id, h.value, t.value, h.ngay, h.nam,
  t.ngay, t.nam, h.loose OR t.loose, TRUE
FROM (FROM dispute WHERE cell AND register IN ('ket_hon', 'ly_hon')) h JOIN (
  FROM dispute WHERE cell AND (register = 'ket_hon' OR (register = 'khai_sinh' AND role = 'nks'))) t USING (item)
WHERE (CASE WHEN t.register = 'khai_sinh' THEN h.register = 'ket_hon' ELSE h.register = 'ly_hon' END)
  AND ({same}) IS NOT TRUE
"""

# What is no difference, or none that needs a row.
_COMPARED = """
INSERT INTO difference_counts
SELECT register, role, {field}, state, kind, count(*) FROM (
  SELECT h.register, h.role, CASE WHEN h.value IS NULL THEN 'missing_here'
      WHEN h.value <> t.value OR h.written <> t.written THEN 'equal_after_normalising' ELSE 'equal' END AS state,
    CASE WHEN h.value IS NULL THEN 'empty' WHEN h.value <> t.value THEN 'case'
      WHEN h.written <> t.written THEN 'unit_renamed' ELSE '' END AS kind
  FROM (FROM st WHERE cell AND NOT main) h JOIN (FROM st WHERE main) t USING (item)
  WHERE CASE WHEN h.value IS NULL THEN t.value IS NOT NULL AND {era} <> 'từ 2016' ELSE {same} END)
GROUP BY ALL
"""


def pair_up(con: duckdb.DuckDBPyConnection, field: Field) -> None:
    """Table ``pair`` from ``st`` and ``dispute``; pairs that are equal, or differ in case only, are counted at once."""
    era = ERA.replace("register", "h.register").replace("dated", "h.dated")
    same = "lower(h.value) = lower(t.value)" if field.type == "name" else "h.value = t.value"
    con.execute(_COMPARED.format(field=literal(field.name), era=era, same=same))
    con.execute(_PAIRS.format(era=era, same=same))
    if "FROM said" in field.statements:
        con.execute(_BESIDE.format(same=same))


_STATE = """CASE WHEN value IS NULL AND other_value IS NULL THEN NULL
  WHEN value IS NULL THEN 'missing_here' WHEN other_value IS NULL THEN 'missing_there' ELSE {known} END"""


def classify(con: duckdb.DuckDBPyConnection, field: Field) -> None:
    """Table ``classified``: the pairs with state and kind."""
    if field.type in ("name", "number"):
        codes = {c for (c,) in con.execute("SELECT code FROM cl_ma_tinh_dinh_danh").fetchall()}
        kind_of = name_kind if field.type == "name" else partial(number_kind, provinces=codes)
        known = con.execute("""
        SELECT DISTINCT value, other_value FROM pair WHERE value IS NOT NULL AND other_value IS NOT NULL
        ORDER BY ALL""").fetchall()
        told = [kind_of(here, there) for here, there in known]
        text_table(con, "kind_of", {
            "value": [here for here, _ in known], "other_value": [there for _, there in known],
            "state": [state for state, _ in told], "kind": [kind for _, kind in told],
        })  # fmt: skip
        columns, join = "k.state AS known, k.kind AS known_kind", "LEFT JOIN kind_of k USING (value, other_value)"
    else:
        apart = {
            "date": date_kind("a", "b", "loose"),
            "code": "'value'",
            "place": "CASE WHEN length(value) < 5 AND length(other_value) < 5 THEN 'province' "
            "WHEN '40' IN (value, other_value) THEN 'whole_province' "
            "WHEN length(value) < 5 OR length(other_value) < 5 THEN 'province' ELSE 'commune' END",
        }[field.type]
        columns, join = f"{apart} AS known_kind, 'differs' AS known", ""
    state = _STATE.format(known="known")
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE classified AS
    SELECT p.* EXCLUDE (known, known_kind), {state} AS state,
      CASE WHEN value IS NULL OR other_value IS NULL THEN 'empty'
        WHEN known = 'differs' AND EXISTS (FROM corrected c WHERE c.item = p.item AND c.field = {literal(field.name)}
          AND c.old IN (lower(value), lower(other_value))) THEN 'old_value' ELSE known_kind END AS kind
    FROM (SELECT pair.*, {columns} FROM pair {join}) p WHERE {state} IS NOT NULL""")


def text_table(con: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, list[str] | list[bool]]) -> None:
    """Make a table of columns of texts and truth values."""
    rows = pa.table({n: pa.array(v, pa.bool_() if n in TRUTHS else pa.string()) for n, v in columns.items()})
    con.register("given_rows", rows)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM given_rows")
    con.unregister("given_rows")
