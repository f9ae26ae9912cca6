"""Which pairs of a profile and a subject are scored: those that share a key, and whom a relative's link points to.

Holds the making of pairs and of ``kin``: the subjects to whom the links of the other persons of the same record, of the
record that this one refers to, and of other mentions with the same number point. Keys are in ``blocking``.
"""

import duckdb

from sosach.link import engine
from sosach.link.blocking import MAX_SUBJECTS, RULES
from sosach.link.scoring import scored_columns

# Who is whose, as dan_cu says it by numbers: b is a's spouse, father or mother.
_RELATED = """
CREATE OR REPLACE TEMP TABLE related AS
WITH owner AS (SELECT pin, min(id) AS id FROM subjects WHERE pin IS NOT NULL GROUP BY 1 HAVING count(*) = 1),
parents AS (
  SELECT s.id AS a, o.id AS b FROM subjects s JOIN owner o ON o.pin = s.mother_number
  UNION ALL SELECT s.id, o.id FROM subjects s JOIN owner o ON o.pin = s.father_number),
spouses AS (SELECT s.id AS a, o.id AS b FROM subjects s JOIN owner o ON o.pin = s.spouse_number)
SELECT DISTINCT * FROM (
  SELECT 'spouse' AS tie, a, b FROM spouses UNION ALL SELECT 'spouse', b, a FROM spouses
  UNION ALL SELECT 'parent', a, b FROM parents)
"""

# A role beside another of the same record, and what the one is to the other. A child is not found by its parents, who
# have several; their names stand in its profile.
_TIES = (
    ("khai_sinh", "me", "nks", "parent"),
    ("khai_sinh", "cha", "nks", "parent"),
    ("khai_sinh", "me", "cha", "spouse"),
    ("khai_sinh", "cha", "me", "spouse"),
    ("ket_hon", "chong", "vo", "spouse"),
    ("ket_hon", "vo", "chong", "spouse"),
    ("ly_hon", "chong", "vo", "spouse"),
    ("ly_hon", "vo", "chong", "spouse"),
    ("nuoi_con_nuoi", "cha_nuoi", "me_nuoi", "spouse"),
    ("nuoi_con_nuoi", "me_nuoi", "cha_nuoi", "spouse"),
    ("nhan_cha_me_con", "cm", "nc", "parent"),
    ("nhan_cha_me_con", "nc", "cm", "parent"),
)

# A change names the birth entry that it changes, a judgment the marriage that it ends.
_REFERENCES = """
SELECT m.id, k.subject_id
FROM thay_doi_ho_tich t
JOIN open_mentions m ON m.register = 'thay_doi_ho_tich' AND m.record_id = t.record_id
JOIN linked k ON k.register = 'khai_sinh' AND k.role = 'nks'
  AND k.record_key = concat_ws('|', t.goc_noi_dang_ky, t.goc_quyen_so, t.goc_so)
WHERE t.goc_loai_so = 'KS'
UNION ALL
SELECT m.id, k.subject_id
FROM ly_hon j
JOIN open_mentions m ON m.register = 'ly_hon' AND m.record_id = j.record_id
JOIN linked k ON k.register = 'ket_hon' AND k.role = m.role
  AND k.record_key = concat_ws('|', j.ket_hon_noi_dang_ky, j.ket_hon_quyen_so, j.ket_hon_so)
"""

# A PIN that no dan_cu record bears, but that stands beside the same person elsewhere.
_SAME_NUMBER = """
SELECT m.id, k.subject_id
FROM (FROM open_mentions ANTI JOIN subjects USING (pin)) m JOIN linked k ON k.pin = m.pin AND k.id <> m.id
"""


def find_kin(con: duckdb.DuckDBPyConnection) -> None:
    """Create table ``kin(id, kin)``: of each mention in ``open_mentions`` the subjects that other links point to.

    Reads ``linked`` (mentions that have a subject) and ``subjects``. A mention about which no other link says anything
    has no row.
    """
    con.execute(_RELATED)
    ties = ", ".join(f"('{register}', '{role}', '{other}', '{tie}')" for register, role, other, tie in _TIES)
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE kin AS
    WITH ties(register, role, other, tie) AS (VALUES {ties}),
    beside AS (
      SELECT m.id, r.b AS subject_id
      FROM open_mentions m JOIN ties t USING (register, role)
      JOIN linked k ON k.register = m.register AND k.record_id = m.record_id AND k.role = t.other
      JOIN related r ON r.a = k.subject_id AND r.tie = t.tie)
    SELECT id, list_sort(list_distinct(list(subject_id))) AS kin
    FROM (FROM beside UNION ALL ({_REFERENCES}) UNION ALL ({_SAME_NUMBER})) GROUP BY id""")


def block(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Create table ``pairs(left_id, right_id)``: rows of ``open_profiles`` and ``subjects`` to be scored, each once.

    Returns:
        Counts: ``pairs``; ``keys_cut`` and ``keys_cut_<rule>``, profiles whose key is shared by more than
        ``MAX_SUBJECTS`` subjects and made no pairs; ``without_pairs``, profiles that no key and no relative leads to a
        subject.
    """
    con.execute("""
    CREATE OR REPLACE TEMP TABLE found (left_id VARCHAR, right_id VARCHAR);
    CREATE OR REPLACE TEMP TABLE cut (rule VARCHAR, n BIGINT)""")
    for rule in RULES:
        con.execute(f"""
        CREATE OR REPLACE TEMP TABLE keys_left AS
        SELECT id, hash({rule.key}) AS key FROM open_profiles WHERE ({rule.key}) IS NOT NULL;
        CREATE OR REPLACE TEMP TABLE keys_right AS
        SELECT id, hash({rule.key}) AS key FROM subjects
        WHERE ({rule.key}) IS NOT NULL AND hash({rule.key}) IN (SELECT key FROM keys_left);
        CREATE OR REPLACE TEMP TABLE too_frequent AS
        SELECT key FROM keys_right GROUP BY key HAVING count(*) > {MAX_SUBJECTS};
        INSERT INTO cut SELECT '{rule.name}', count(*) FROM keys_left SEMI JOIN too_frequent USING (key);
        INSERT INTO found
        SELECT l.id, r.id FROM keys_left l
        JOIN (FROM keys_right ANTI JOIN too_frequent USING (key)) r USING (key)""")
    con.execute("""
    INSERT INTO found SELECT id, unnest(kin) FROM open_profiles WHERE kin IS NOT NULL;
    CREATE OR REPLACE TEMP TABLE pairs AS SELECT DISTINCT left_id, right_id FROM found;
    DROP TABLE found; DROP TABLE keys_left; DROP TABLE keys_right; DROP TABLE too_frequent""")
    row = con.execute("""
    SELECT (SELECT count(*) FROM pairs), (SELECT sum(n)::BIGINT FROM cut),
      (SELECT count(*) FROM open_profiles o ANTI JOIN pairs p ON p.left_id = o.id)""").fetchone()
    assert row is not None
    counts = dict(zip(("pairs", "keys_cut", "without_pairs"), (int(n) for n in row), strict=True))
    for name, n in con.execute("SELECT rule, n FROM cut WHERE n > 0 ORDER BY rule").fetchall():
        counts[f"keys_cut_{name}"] = int(n)
    return counts


def score_pairs(
    con: duckdb.DuckDBPyConnection, model: engine.Model, left: str, right: str | None, pairs: str, *, keep_from: float,
    into: str,
) -> str:  # fmt: skip
    """``engine.score``, without starting Splink where there is no pair; returns ``into``."""
    row = con.execute(f"SELECT count(*) FROM (FROM {pairs} LIMIT 1)").fetchone()
    if row and row[0]:
        return engine.score(con, model.config, model, left, right, pairs, keep_from=keep_from, into=into)
    columns = f"left_id VARCHAR, right_id VARCHAR, {scored_columns(model.config)}"
    con.execute(f"CREATE OR REPLACE TEMP TABLE {into} ({columns})")
    return into
