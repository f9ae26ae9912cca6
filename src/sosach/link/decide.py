"""Which scored pair becomes a link: the best subject, clear of the second; what is for a person; what is refused.

Holds the choice only. Pairs come from ``candidates``, weights from ``engine``. Thresholds are declared in
``comparisons.VIETNAM`` without looking at any labelled pair; ``evaluate`` measures what they are worth.
"""

import duckdb

from sosach.link.config import LinkConfig

LINKED, REVIEW, REFUSED = "linked", "review", "refused"

# Children of one birth share birth date, parents and home, brothers and sisters all but the birth date: for them these
# are one piece of evidence and not four, and another given name is another child. A borrowed or mistyped number says
# nothing where name and birth date both speak against it.
_GUARD = """CASE
  WHEN {number} < 4 AND {birth} >= 6 AND (mother_equal OR father_equal) AND NOT given_equal THEN 'sinh_doi'
  WHEN {name} <= 1 AND {birth} <= 2 AND {number} >= 2 THEN 'chi_cung_so'
  WHEN {name} < 7 AND {birth} BETWEEN 0 AND 2 AND {number} < 4 THEN 'anh_em'
  WHEN {name} = 0 AND NOT ({number} >= 4 AND {birth} >= 3) THEN 'khac_ten'
  END"""

GUARDS = {
    "sinh_doi": "cùng cha mẹ, cùng ngày sinh nhưng khác tên: có thể là anh chị em sinh đôi",
    "chi_cung_so": "chỉ cùng số, họ tên và ngày sinh đều khác: có thể mượn hoặc ghi nhầm số",
    "anh_em": "họ tên và ngày sinh đều khác: có thể là anh chị em, hoặc vợ/chồng trước của cùng một người",
    "khac_ten": "khác hẳn họ tên: có thể là người thân cùng nhà",
}
"""Why a pair that weighs enough is still for a person."""

KEPT = 3
"""Best pairs of a mention that are kept for review and explanation."""


def decide(con: duckdb.DuckDBPyConnection, config: LinkConfig, scored: str) -> None:
    """Create tables ``ranked`` and ``decided`` from scored pairs of ``open_profiles`` and ``subjects``.

    ``ranked``: the ``KEPT`` best pairs of each profile as scored, with ``rank, margin`` (to the best subject that is
    another person; NULL where there is none), ``guard`` (key of ``GUARDS`` or NULL) and ``decision`` (``linked``,
    ``review``, ``refused``).
    ``decided(id, subject_id, weight)``: the profiles that are linked.
    """
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE ranked AS
    WITH persons_of AS (
      SELECT p.*, s.person, l.given = s.given AS given_equal,
        coalesce(l.mother_key = s.mother_key, false) AS mother_equal,
        coalesce(l.father_key = s.father_key, false) AS father_equal
      FROM {scored} p JOIN subjects s ON s.id = p.right_id JOIN open_profiles l ON l.id = p.left_id),
    best AS (SELECT left_id, person, max(weight) AS top FROM persons_of GROUP BY ALL),
    tops AS (
      SELECT left_id, max(top) AS first, max(top, 2)[2] AS second, arg_max(person, (top, person)) AS winner
      FROM best GROUP BY left_id),
    placed AS (
      SELECT p.*, row_number() OVER (PARTITION BY p.left_id ORDER BY p.weight DESC, p.right_id) AS rank,
        p.weight - CASE WHEN p.person = t.winner THEN t.second ELSE t.first END AS margin
      FROM persons_of p JOIN tops t USING (left_id)),
    guarded AS (
      SELECT *, {_GUARD.format(**{c.name: f"gamma_{c.name}" for c in config.comparisons})} AS guard
      FROM placed WHERE rank <= {KEPT})
    SELECT * EXCLUDE (given_equal, mother_equal, father_equal, chosen),
      CASE
        WHEN chosen AND rank = 1 THEN '{LINKED}'
        WHEN NOT bool_or(chosen) OVER (PARTITION BY left_id) AND weight >= {config.review_weight} THEN '{REVIEW}'
        ELSE '{REFUSED}' END AS decision
    FROM (
      SELECT *, rank = 1 AND weight >= {config.link_weight} AND coalesce(margin >= {config.margin}, true)
        AND guard IS NULL AS chosen
      FROM guarded)""")
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE decided AS
    SELECT left_id AS id, right_id AS subject_id, weight FROM ranked WHERE decision = '{LINKED}'""")
