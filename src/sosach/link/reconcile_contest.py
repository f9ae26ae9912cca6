"""The statements about which registers disagree, laid out for ``trust``: what each says, and its class."""

import duckdb

from sosach.duck import literal
from sosach.link.reconcile_compare import bare_fold, fold, has_marks, is_damaged
from sosach.link.reconcile_fields import Field
from sosach.link.reconcile_pairs import ERA, text_table

_TOLD = """
CREATE OR REPLACE TEMP TABLE told AS
SELECT item, coalesce({apart}, FALSE) AS contested FROM st WHERE value IS NOT NULL GROUP BY item HAVING count(*) > 1
"""
_APART = {
    "name": "min(hash(lower(value))) <> max(hash(lower(value)))",
    "date": "min(ngay) <> max(ngay) OR min(nam) <> max(nam)",
    "code": "min(value) <> max(value)",
    "number": "min(value) <> max(value)",
    "place": "min(value) FILTER (length(value) = 5) <> max(value) FILTER (length(value) = 5) "
    "OR min(CASE WHEN length(value) = 5 THEN '40' ELSE value END) "
    "<> max(CASE WHEN length(value) = 5 THEN '40' ELSE value END)",
}

_PLAIN_SHAPE = {
    "name": "CASE WHEN strlen(value) = length(value) THEN 'khong_dau' ELSE '' END",
    "date": "CASE WHEN strftime(ngay, '%m%d') = '0101' THEN '0101' ELSE '' END",
    "code": "mark",
    "number": "mark",
    "place": "''",
}

_SHAPES = {
    "name": """WHEN damaged THEN 'ky_hieu' WHEN NOT "full" THEN 'khong_dau' WHEN NOT contains(key, ' ') THEN 'mot_chu'
      WHEN EXISTS (FROM keys o WHERE o.item = r.item AND length(o.key) > length(r.key)
        AND list_has_all(string_split(o.key, ' '), string_split(r.key, ' '))) THEN 'ngan'
      WHEN EXISTS (FROM keys o WHERE o.item = r.item AND length(o.key) < length(r.key)
        AND list_has_all(string_split(r.key, ' '), string_split(o.key, ' '))) THEN 'dai'""",
    "date": """WHEN coalesce(ngay, make_date(nam, 1, 1)) > b.latest THEN 'vo_ly'
      WHEN strftime(ngay, '%m%d') = '0101' THEN '0101'""",
    "code": "",
    "number": "",
    "place": "",
}


def lay_out(con: duckdb.DuckDBPyConnection, field: Field) -> None:
    """Tables ``contest`` and ``agreed`` for ``trust``."""
    con.execute(_TOLD.format(apart=_APART[field.type]))
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE agreed AS
    SELECT concat(source, '|', era, '|', shape) AS class, CASE shape WHEN '' THEN source ELSE shape END AS parent, n
    FROM (SELECT concat(register, '.', role) AS source, era, shape, n
      FROM (SELECT register, role, {ERA} AS era, {_PLAIN_SHAPE[field.type]} AS shape, count(*) AS n
        FROM st SEMI JOIN (FROM told WHERE NOT contested) USING (item) WHERE value IS NOT NULL GROUP BY ALL))""")
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE dispute AS
    SELECT st.*, {ERA} AS era FROM st SEMI JOIN (FROM told WHERE contested) USING (item) WHERE value IS NOT NULL""")
    if field.type == "name":
        values = [v for (v,) in con.execute("SELECT DISTINCT value FROM dispute ORDER BY value").fetchall()]
        folded = [fold(v) for v in values]
        text_table(con, "reading", {
            "value": values, "key": folded, "part": [bare_fold(f) for f in folded],
            "full": [has_marks(f) for f in folded], "damaged": [is_damaged(v) for v in values],
        })  # fmt: skip
        read = 'key, part, "full", damaged FROM dispute JOIN reading USING (value)'
    else:
        keys = {
            "date": 'value AS key, nam::VARCHAR AS part, ngay IS NOT NULL AS "full"',
            "place": "value AS key, CASE WHEN length(value) = 5 THEN '40' ELSE value END AS part, "
            "length(value) = 5 OR value <> '40' AS \"full\"",
        }.get(field.type, 'value AS key, value AS part, TRUE AS "full"')
        read = f"{keys}, FALSE AS damaged FROM dispute"
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE contest AS
    WITH read AS (SELECT dispute.*, {read}),
    keys AS (SELECT DISTINCT item, key FROM read WHERE "full" AND NOT damaged),
    shaped AS (SELECT r.*, CASE
        WHEN EXISTS (FROM corrected c WHERE c.item = r.item AND c.field = {literal(field.name)}
          AND c.old = lower(r.value)) THEN 'cu' WHEN mark <> '' THEN mark {_SHAPES[field.type]} ELSE '' END AS shape
      FROM read r LEFT JOIN born_by b USING (item))
    SELECT row_number() OVER (ORDER BY item, register, role, record_id, value) - 1 AS statement,
      dense_rank() OVER (ORDER BY item) - 1 AS item, item AS told_item, register, role, record_id, value, key, part,
      "full", loose, era, shape, concat(register, '.', role, '|', era, '|', shape) AS class,
      CASE shape WHEN '' THEN concat(register, '.', role) ELSE shape END AS parent
    FROM shaped""")
