"""Field by field: what the registers say of one person, whether it agrees, and which side is likelier wrong.

Makes ``differences`` (references and kinds, no personal value) and ``difference_counts``. Nothing is overwritten: the
commune police and the registrar verify before any register is changed (NĐ 154/2024/NĐ-CP Điều 13). How two values
differ is in ``reconcile_compare``, what stands where in ``reconcile_fields``, the judgement in ``trust``, its words in
``reconcile_words``.
"""

from datetime import date

import duckdb

from sosach.duck import literal
from sosach.link.reconcile_contest import lay_out
from sosach.link.reconcile_events import EVENTS
from sosach.link.reconcile_fields import FIELDS, HOLDER, JUDGED, MARRIAGES, Field
from sosach.link.reconcile_pairs import classify, pair_up
from sosach.link.reconcile_sources import SOURCES, one_of, places, said_sql
from sosach.link.reconcile_words import NO_STANDING, reasons_sql, standing_sql
from sosach.link.trust import judge

TIE = 0.02
"""Sides whose probabilities of being wrong differ by less are equally likely to be wrong."""

_OUTPUT = """
CREATE OR REPLACE TEMP TABLE differences (
  register VARCHAR, record_id VARCHAR, role VARCHAR, other_register VARCHAR, other_record_id VARCHAR,
  other_role VARCHAR, field VARCHAR, state VARCHAR, kind VARCHAR, xr VARCHAR, likelier_wrong VARCHAR,
  probability DOUBLE, reasons VARCHAR);
CREATE OR REPLACE TEMP TABLE difference_counts (
  register VARCHAR, role VARCHAR, field VARCHAR, state VARCHAR, kind VARCHAR, n BIGINT);
CREATE OR REPLACE TEMP TABLE error_rates (
  field VARCHAR, register VARCHAR, role VARCHAR, era VARCHAR, shape VARCHAR, statements BIGINT, rate DOUBLE);
"""

_WHO = f"""
CREATE OR REPLACE TEMP TABLE who AS
WITH numbered AS (
  SELECT person_id, row_number() OVER (ORDER BY person_id) AS item FROM (SELECT DISTINCT person_id FROM links))
SELECT n.item, l.register::{one_of("register")} AS register, l.role::{one_of("role")} AS role, l.record_id,
  coalesce(p.record_id = l.record_id AND l.register = 'dan_cu', FALSE) AS main
FROM links l JOIN numbered n USING (person_id) LEFT JOIN persons p USING (person_id)
WHERE (l.register, l.role) IN ({places()});
CREATE OR REPLACE TEMP TABLE mains AS SELECT item, record_id FROM who WHERE main;
"""

# A registered change, or its note in the birth book: whoever still says the old value is behind.
_CORRECTED = """
CREATE OR REPLACE TEMP TABLE corrected AS
SELECT DISTINCT w.item, CASE t.truong_thay_doi WHEN 'Họ, chữ đệm, tên' THEN 'ho_ten'
    WHEN 'Ngày, tháng, năm sinh' THEN 'ngay_sinh' WHEN 'Giới tính' THEN 'gioi_tinh' WHEN 'Dân tộc' THEN 'dan_toc'
    WHEN 'Thông tin về cha' THEN 'cha_ho_ten' WHEN 'Thông tin về mẹ' THEN 'me_ho_ten' END AS field,
  lower(coalesce(strftime(CASE WHEN t.truong_thay_doi = 'Ngày, tháng, năm sinh'
    THEN try_strptime(t.gia_tri_cu, ['%d.%m.%Y', '%d/%m/%Y', '%Y-%m-%d']) END, '%Y-%m-%d'), trim(t.gia_tri_cu))) AS old
FROM thay_doi_ho_tich t JOIN who w ON w.register = 'thay_doi_ho_tich' AND w.record_id = t.record_id
WHERE t.ngay_dang_ky <= {as_of} AND t.gia_tri_cu IS NOT NULL AND lower(trim(t.gia_tri_cu)) <> lower(trim(t.gia_tri_moi))
UNION
SELECT w.item, 'ngay_sinh', strftime(try_strptime(regexp_extract(k.ghi_chu, {note}, 1), ['%d.%m.%Y', '%d/%m/%Y']),
  '%Y-%m-%d')
FROM khai_sinh k JOIN who w ON w.register = 'khai_sinh' AND w.role = 'nks' AND w.record_id = k.record_id
WHERE regexp_matches(k.ghi_chu, {note})
"""
_NOTE = r"'ải chính ngày sinh từ ([0-9]{2}[./][0-9]{2}[./][0-9]{4}) thành'"

# The day by which a person must have been born, by what is registered of him.
_BORN_BY = """
CREATE OR REPLACE TEMP TABLE born_by AS
SELECT item, least(min(CASE WHEN register IN ('ket_hon', 'ly_hon') THEN dated - INTERVAL 15 YEAR
    WHEN register = 'khai_sinh' AND role <> 'nks' THEN dated - INTERVAL 12 YEAR ELSE dated END)::DATE,
  {as_of}) AS latest
FROM said WHERE dated IS NOT NULL AND register IN ('khai_sinh', 'ket_hon', 'ly_hon', 'khai_tu') GROUP BY item
"""


def reconcile(con: duckdb.DuckDBPyConnection, as_of: date) -> dict[str, int]:
    """Make ``differences``, ``difference_counts`` and ``error_rates`` from links, persons and the registers.

    * ``differences(register, record_id, role, other_register, other_record_id, other_role, field, state, kind, xr,
      likelier_wrong, probability, reasons)``: a row a field in which two records of one person are not equal; "here" is
      ``record_id``, "there" is ``other_record_id``, which is the population record or, of a judgment, the marriage
      entry. ``likelier_wrong`` is ``here``, ``there`` or NULL (no telling), ``probability`` that this side is wrong.
    * ``difference_counts(register, role, field, state, kind, n)``: all compared pairs by state, equal ones too.
    * ``error_rates(field, register, role, era, shape, statements, rate)``: what the model takes each to be.

    Args:
        con: holds the registers, ``links``, ``persons``, macros and code lists (``sosach.tables``).
        as_of: the run's date.

    Returns:
        The number of pairs by state: ``reconciled_<state>``, and ``differences``.
    """
    con.execute(_OUTPUT)
    con.execute(_WHO)
    day = f"DATE {literal(as_of.isoformat())}"
    con.execute(_CORRECTED.format(as_of=day, note=_NOTE))
    for number, source in enumerate(SOURCES):
        into = "INSERT INTO said" if number else "CREATE OR REPLACE TEMP TABLE said AS"
        con.execute(f"{into} {said_sql(source)}")
    con.execute(_BORN_BY.format(as_of=day))
    con.execute(f"CREATE OR REPLACE TEMP TABLE holder AS {HOLDER}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE marriage AS {MARRIAGES}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {JUDGED}")
    for field in FIELDS:
        _reconcile_field(con, field)
    for event in EVENTS:
        con.execute(f"INSERT INTO differences BY NAME {event}")
    con.execute("""
    INSERT INTO difference_counts
    SELECT register, role, field, state, kind, count(*) FROM differences
    WHERE field IN ('ban_ghi', 'su_kien') GROUP BY ALL""")
    for table in (
        "who",
        "mains",
        "said",
        "corrected",
        "born_by",
        "holder",
        "marriage",
        "judged",
        "told",
        "pair",
        "contest",
    ):
        con.execute(f"DROP TABLE IF EXISTS {table}")
    counts = con.execute("SELECT state, sum(n) FROM difference_counts GROUP BY 1 ORDER BY 1").fetchall()
    row = con.execute("SELECT count(*) FROM differences").fetchone()
    return {f"reconciled_{state}": int(n) for state, n in counts} | {"differences": int(row[0]) if row else 0}


def _reconcile_field(con: duckdb.DuckDBPyConnection, field: Field) -> None:
    con.execute("DROP VIEW IF EXISTS st; DROP TABLE IF EXISTS st_rows")
    if "FROM said" in field.statements.split("UNION ALL")[0]:
        con.execute(f"CREATE TEMP VIEW st AS {field.statements}")
    else:
        con.execute(f"CREATE TEMP TABLE st_rows AS {field.statements}; CREATE TEMP VIEW st AS FROM st_rows")
    lay_out(con, field)
    pair_up(con, field)
    classify(con, field)
    if field.judged:
        judge(con, field.alternatives)
        con.execute(standing_sql())
        _note_rates(con, field)
    else:
        con.execute(NO_STANDING)
    con.execute(_RESULT.format(
        field=literal(field.name), xr=literal(field.xr), xr_there=literal(field.missing_there),
        tie=TIE, untold=_UNTOLD.format(field=literal(field.name)) if field.judged else "TRUE",
        reasons=reasons_sql("v"), sides=_SIDES,
    ))  # fmt: skip
    con.execute(f"""
    INSERT INTO difference_counts
    SELECT register, role, {literal(field.name)}, state, kind, count(*) FROM classified
    WHERE NOT beside GROUP BY ALL""")


def _note_rates(con: duckdb.DuckDBPyConnection, field: Field) -> None:
    con.execute(f"""
    INSERT INTO error_rates
    SELECT {literal(field.name)}, split_part(source, '.', 1), split_part(source, '.', 2), era, shape, told::BIGINT,
      round(rate, 6) FROM (SELECT string_split(class, '|') AS parts, parts[1] AS source, parts[2] AS era,
      parts[3] AS shape, told, rate FROM rate)""")


_RESULT = """
INSERT INTO differences
WITH p AS (
  SELECT c.*, {sides}
  FROM classified c
  LEFT JOIN standing h ON h.told_item = c.item AND h.register = c.register AND h.role = c.role
    AND h.record_id = c.record_id AND c.state = 'differs'
  LEFT JOIN standing t ON t.told_item = c.item AND t.register = c.other_register AND t.role = c.other_role
    AND t.record_id = c.other_record_id AND c.state = 'differs'),
v AS (SELECT *, CASE WHEN {untold} THEN NULL WHEN here_wrong > there_wrong + {tie} THEN 'here'
    WHEN there_wrong > here_wrong + {tie} THEN 'there' END AS side FROM p)
SELECT register, record_id, role, other_register, other_record_id, other_role, {field} AS field, state, kind,
  CASE WHEN state = 'missing_there' THEN {xr_there} WHEN state <> 'missing_here' THEN
    CASE WHEN kind = 'old_value' AND other_register = 'dan_cu' AND side = 'there' THEN 'XR10' ELSE {xr} END END AS xr,
  side AS likelier_wrong,
  CASE side WHEN 'here' THEN round(here_wrong, 4) WHEN 'there' THEN round(there_wrong, 4) END AS probability,
  reasons
FROM ({reasons})
"""
# A year beside a full date is no error. Another spouse in dân cư may come from a later marriage that was not delivered:
# a side is named only where that spouse's number is impossible or the entry's spouse still names this person.
_UNTOLD = """kind = 'year_only' OR ({field} LIKE 'vo_chong%'
  AND kind IN ('other_person', 'given_name', 'surname', 'middle_changed')
  AND (here_wrong > there_wrong OR NOT (coalesce(here_others LIKE '%người khai là vợ, chồng%', FALSE)
    OR coalesce(there_shape IN ('sai_gioi', 'khong_co', 'ten_khac'), FALSE))))"""

_SIDES = ", ".join(
    f"{side}.{column} AS {name}_{column}"
    for side, name in (("h", "here"), ("t", "there"))
    for column in ("wrong", "shape", "rate", "others")
)
