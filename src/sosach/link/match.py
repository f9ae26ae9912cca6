"""Who is who: every mention of a person in the registers joined to a person, in the order that the law gives.

Orchestration only: sure steps (``certain``), then the model (``candidates``, ``decide``) in two rounds, so that links
of the first give candidates and evidence to the second, then residence records (``by_number``) and those without a
citizen's record (``leftovers``). Each mention goes to at most one subject.
"""

from typing import Any

import duckdb
import pyarrow as pa

from sosach.duck import literal
from sosach.link import clusters, engine, identity
from sosach.link.by_number import link_residence
from sosach.link.candidates import block, find_kin, score_pairs
from sosach.link.certain import link_certain
from sosach.link.comparisons import VIETNAM
from sosach.link.config import LinkConfig
from sosach.link.decide import GUARDS, decide
from sosach.link.estimate import declared
from sosach.link.explain import reason_sql
from sosach.link.leftovers import LINK_WEIGHT, group_leftovers
from sosach.link.mentions import PROFILE, collect
from sosach.link.scoring import SPLINK_VERSION
from sosach.link.subjects import join_subjects, score_subjects

SEED = 20250531
TRAINED_ON = 150_000
"""Mentions, drawn by the hash of their ids, from which the model learns; more do not change it."""
LEARNS_FROM = 1_000
"""Fewer mentions teach nothing: the model is then as declared."""
KEPT_FROM = -10.0
"""Scored pairs below this weight are not kept: nobody would look at one in a thousand."""

_TERMS = [("field", pa.string()), ("term", pa.string()), ("frequency", pa.float64())]
LINKED_CERTAIN = """
CREATE OR REPLACE TEMP TABLE linked AS
SELECT m.id, m.register, m.record_id, m.record_key, m.role, m.pin, m.name IS NOT NULL AS named, c.subject_id, c.method,
  NULL::DOUBLE AS weight
FROM mentions m JOIN certain c USING (fingerprint)"""

_PROFILE = ", ".join(f"m.{column}" for column in PROFILE)


def link_persons(
    con: duckdb.DuckDBPyConnection, *, run_id: str, model: engine.Model | None = None
) -> tuple[engine.Model, dict[str, int]]:
    """Make temp tables ``links, persons, link_pairs, person_changes, stopped_clusters`` from the registers.

    Args:
        con: a connection with registers, macros and code lists as ``open_tables`` makes them.
        run_id: the run; kept with the model and with what changed.
        model: parameters to link with; None: learn them from these registers.

    Returns:
        The model, and counts: mentions, subjects, links, links by method, pairs, keys cut, persons.
    """
    counts = collect(con)
    clusters.start(con)
    counts["subject_joins"] = join_subjects(con)
    link_certain(con)
    con.execute(LINKED_CERTAIN)
    model = model or train(con, VIETNAM, run_id)
    counts |= decide_rest(con, model)
    counts["linked_by_number_of_others"] = link_residence(con)
    clusters.stop_stars(con, "linked", VIETNAM.max_cluster)
    group_leftovers(con, VIETNAM, model)
    score_subjects(con, VIETNAM, model)
    counts |= _assign(con, run_id)
    write_pairs(con, VIETNAM)
    return model, counts | count_all(con)


def train(con: duckdb.DuckDBPyConnection, config: LinkConfig, run_id: str) -> engine.Model:
    """Learn the model from a sample of all mentions and ``subjects``; no label is needed. Few mentions: as declared."""
    if _count(con, "mentions") < LEARNS_FROM:
        return _untrained(config, run_id)
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE open_mentions AS
    FROM (FROM mentions WHERE name IS NOT NULL)
    WHERE hash(id) % (SELECT 1 + count(*) // {TRAINED_ON} FROM mentions WHERE name IS NOT NULL) = 0""")
    find_kin(con)
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE sample_profiles AS
    SELECT m.id, {_PROFILE}, k.kin FROM open_mentions m LEFT JOIN kin k USING (id)""")
    model = engine.train(con, config, "sample_profiles", "subjects", seed=SEED, trained_on=run_id)
    con.execute("DROP TABLE sample_profiles")
    return model


def _untrained(config: LinkConfig, run_id: str) -> engine.Model:
    """The model as the config declares it; every term is taken to be as frequent as the average."""
    average = dict.fromkeys(config.tf_columns, 0.001)
    return engine.Model(
        config=config,
        prior=config.default_prior,
        parameters=declared(config),
        terms=pa.table({"field": [], "term": [], "frequency": []}, pa.schema(_TERMS)),
        rare=average,
        agreement=average,
        block_shares={},
        trained_on=run_id,
        seed=SEED,
        splink_version=SPLINK_VERSION,
        notes=("too few mentions to learn from: everything as declared",),
    )


def decide_rest(con: duckdb.DuckDBPyConnection, model: engine.Model) -> dict[str, int]:
    """Decide by weight on the named mentions without a row in ``linked``, and once more on those that the first round
    gave new relatives.

    Adds to ``linked`` what becomes a link and makes ``ranked`` (``decide``) and ``open_ids(id, profile_id)``, which
    says what profile of ``ranked`` a mention has.
    """
    counts: dict[str, int] = {}
    con.execute("CREATE OR REPLACE TEMP TABLE kin_before (id VARCHAR, kin VARCHAR[])")
    for second in (False, True):
        con.execute("""
        CREATE OR REPLACE TEMP TABLE open_mentions AS
        SELECT * FROM (FROM mentions ANTI JOIN linked USING (id)) WHERE name IS NOT NULL""")
        find_kin(con)
        if second:
            con.execute("""
            CREATE OR REPLACE TEMP TABLE open_mentions AS
            SELECT m.* FROM open_mentions m JOIN kin k USING (id) LEFT JOIN kin_before b USING (id)
            WHERE k.kin IS DISTINCT FROM b.kin""")
        con.execute(f"""
        CREATE OR REPLACE TEMP TABLE round_ids AS
        SELECT m.id, min(m.id) OVER (PARTITION BY m.fingerprint, k.kin) AS profile_id
        FROM open_mentions m LEFT JOIN kin k USING (id);
        CREATE OR REPLACE TEMP TABLE open_profiles AS
        SELECT m.id, {_PROFILE}, k.kin
        FROM open_mentions m JOIN round_ids i ON i.id = m.id AND i.profile_id = m.id LEFT JOIN kin k ON k.id = m.id;
        CREATE OR REPLACE TEMP TABLE kin_before AS FROM kin""")
        made = block(con)
        scored = score_pairs(con, model, "open_profiles", "subjects", "pairs", keep_from=KEPT_FROM, into="scored")
        decide(con, model.config, scored)
        con.execute(f"DROP TABLE {scored}")
        con.execute("""
        INSERT INTO linked
        SELECT m.id, m.register, m.record_id, m.record_key, m.role, m.pin, true, d.subject_id, 'probable', d.weight
        FROM mentions m JOIN round_ids i USING (id) JOIN decided d ON d.id = i.profile_id""")
        if second:
            con.execute("""
            DELETE FROM open_ids WHERE id IN (SELECT id FROM round_ids);
            INSERT INTO open_ids SELECT id, profile_id || '|2' FROM round_ids;
            INSERT INTO all_ranked SELECT * REPLACE (left_id || '|2' AS left_id) FROM ranked""")
        else:
            con.execute("""
            CREATE OR REPLACE TEMP TABLE open_ids AS FROM round_ids;
            CREATE OR REPLACE TEMP TABLE all_ranked AS FROM ranked""")
            counts = made
        counts["profiles_second_round" if second else "profiles_first_round"] = _count(con, "open_profiles")
    return counts


def _assign(con: duckdb.DuckDBPyConnection, run_id: str) -> dict[str, int]:
    """Person ids, and ``links`` and ``persons``."""
    con.execute("""
    CREATE OR REPLACE TEMP TABLE members AS
    SELECT s.id, s.register, s.record_id, s.record_key, s.role, s.person AS cluster FROM subjects s
    UNION ALL
    SELECT l.id, l.register, l.record_id, l.record_key, l.role, s.person
    FROM linked l JOIN subjects s ON s.id = l.subject_id
    UNION ALL
    SELECT o.id, o.register, o.record_id, o.record_key, o.role, c.cluster
    FROM leftovers o JOIN leftover_clusters c USING (id);
    CREATE OR REPLACE TEMP TABLE joins AS
    SELECT id AS left_id, subject_id AS right_id, method FROM linked
    UNION ALL SELECT left_id, right_id, method FROM subject_joins
    UNION ALL SELECT left_id, right_id, method FROM leftover_edges;
    CREATE TEMP TABLE IF NOT EXISTS before_links (register VARCHAR, record_key VARCHAR, record_id VARCHAR, role VARCHAR,
      person_id VARCHAR, method VARCHAR, weight DOUBLE);
    CREATE TEMP TABLE IF NOT EXISTS before_ids (person_id VARCHAR, first_run VARCHAR)""")
    counts = identity.assign(con, run_id)
    con.execute("""
    CREATE OR REPLACE TEMP TABLE links AS
    SELECT m.register, m.record_key, m.record_id, m.role, p.person_id,
      coalesce(l.method, CASE WHEN s.pin IS NOT NULL THEN 'pin' END, 'unlinked') AS method, l.weight
    FROM members m JOIN cluster_person p USING (cluster)
    LEFT JOIN linked l ON l.id = m.id LEFT JOIN subjects s ON s.id = m.id;
    CREATE OR REPLACE TEMP TABLE persons AS
    SELECT DISTINCT ON (p.person_id) p.person_id, d.record_id, d.so_dinh_danh, d.ho_ten, d.ngay_sinh,
      d.ngay_sinh_nam AS nam_sinh, d.gioi_tinh, d.unit
    FROM subjects s JOIN cluster_person p ON p.cluster = s.person JOIN dan_cu d ON d.record_id = s.id
    ORDER BY p.person_id, d.ngay_cap_nhat DESC NULLS LAST, d.record_id""")
    return counts


def write_pairs(con: duckdb.DuckDBPyConnection, config: LinkConfig) -> None:
    """Table ``link_pairs``: the best scored pairs of each mention that no sure step linked, of subjects that may be one
    person, and of mentions without a subject."""
    grades = ", ".join(f"p.gamma_{c.name}, p.weight_{c.name}" for c in config.comparisons)
    guarded = "CASE p.guard " + " ".join(f"WHEN {literal(k)} THEN {literal('; ' + v)}" for k, v in GUARDS.items())
    between = f"CASE WHEN p.weight >= {LINK_WEIGHT} THEN 'linked' ELSE 'review' END"
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE link_pairs AS
    SELECT m.register, m.record_id, m.record_key, m.role, s.record_id AS subject_record_id,
      s.record_key AS subject_record_key, NULL::VARCHAR AS other_register, NULL::VARCHAR AS other_record_id,
      NULL::VARCHAR AS other_role, m.unit, p.decision, p.weight, p.probability, p.margin,
      {reason_sql(config, "p.decision")} || coalesce({guarded} END, '') AS reason, {grades}
    FROM open_ids i JOIN all_ranked p ON p.left_id = i.profile_id JOIN mentions m ON m.id = i.id
    JOIN subjects s ON s.id = p.right_id
    UNION ALL BY NAME
    SELECT l.register, l.record_id, l.record_key, l.role, r.record_id AS subject_record_id,
      r.record_key AS subject_record_key, l.unit, 'review' AS decision, p.weight, p.probability, NULL::DOUBLE AS margin,
      {reason_sql(config, "'review'")} AS reason, {grades}
    FROM subject_pairs p JOIN subjects l ON l.id = p.left_id JOIN subjects r ON r.id = p.right_id
    UNION ALL BY NAME
    SELECT l.register, l.record_id, l.record_key, l.role, r.register AS other_register, r.record_id AS other_record_id,
      r.role AS other_role, l.unit, {between} AS decision, p.weight, p.probability, NULL::DOUBLE AS margin,
      {reason_sql(config, between)} AS reason, {grades}
    FROM leftover_pairs p JOIN leftovers l ON l.id = p.left_id JOIN leftovers r ON r.id = p.right_id""")


def count_all(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows of the tables, links by method, pairs by decision; ``expected_wrong``: how many of the links by weight are
    wrong by the model's own reckoning."""
    counts = {name: _count(con, name) for name in ("links", "persons", "link_pairs", "stopped_clusters")}
    for method, n, light in con.execute(
        "SELECT method, count(*), round(sum(1 - 1 / (1 + pow(2, -coalesce(weight, 60)))))::BIGINT FROM links "
        "GROUP BY 1 ORDER BY 1"
    ).fetchall():
        counts[f"links_{method}"] = int(n)
        if method == "probable":
            counts["expected_wrong"] = int(light)
    for decision, n in con.execute("SELECT decision, count(*) FROM link_pairs GROUP BY 1 ORDER BY 1").fetchall():
        counts[f"pairs_{decision}"] = int(n)
    return counts


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row: Any = con.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0])
