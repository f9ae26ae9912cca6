"""The sure steps of linkage: a number with what stands beside it, then the keys of the law, and only to one subject.

Order and keys are those of TT 01/2022/TT-BTP art. 11: số định danh; without one CMND, name, sex, birth date, parents. A
number alone never links (it may be borrowed or mistyped), nor do name and birth date alone (at 3.5 million two persons
share them): one more field must agree and none may contradict. The rest is for the model (``decide``).
"""

import duckdb

from sosach.link.mentions import PROFILE

# Enough beside an equal number: the name with a birth year that is not another one, or the birth date, or year, family
# name and given name; and never against the sex.
_AGREES = """((m.sex = s.sex) IS NOT FALSE AND (
    (m.name_fold = s.name_fold AND (abs(m.birth_year - s.birth_year) <= 3) IS NOT FALSE)
    OR m.birth = s.birth OR (m.birth_year = s.birth_year AND m.given = s.given AND m.surname = s.surname)))"""

_BESIDE = (
    "m.home = s.home OR m.origin = s.origin OR m.father_key = s.father_key OR m.mother_key = s.mother_key"
    " OR m.spouse_key = s.spouse_key OR m.phone = s.phone OR m.cmnd = s.cmnd"
)
_AGAINST = (
    "(m.pin <> s.pin OR m.cmnd <> s.cmnd OR m.death <> s.death"
    " OR jaro_winkler_similarity(m.father_key, s.father_key) < 0.8"
    " OR jaro_winkler_similarity(m.mother_key, s.mother_key) < 0.8)"
)

_STEPS = (
    ("pin", "s.pin = m.pin", _AGREES),
    ("cmnd", "s.cmnd = m.cmnd", f"{_AGREES} AND (m.pin <> s.pin) IS NOT TRUE"),
    (
        "exact_keys",
        "s.name_key = m.name_key AND s.birth = m.birth AND s.sex = m.sex",
        f"({_BESIDE}) AND {_AGAINST} IS NOT TRUE",
    ),
)

# Alike profiles are decided once. A step whose keys hold for several persons decides nothing.
_STEP = """
INSERT INTO certain
WITH found AS (
  SELECT m.fingerprint, s.id AS subject_id, s.person
  FROM (FROM profiles ANTI JOIN certain USING (fingerprint)) m JOIN subjects s ON {key}
  WHERE {holds})
SELECT fingerprint, min(subject_id), '{method}' FROM found GROUP BY fingerprint HAVING count(DISTINCT person) = 1
"""

_BY_PLACE = """
INSERT INTO certain
WITH found AS (
  SELECT m.fingerprint, s.id AS subject_id, s.person, s.home = m.home AS here
  FROM (FROM profiles WHERE name IS NULL) m JOIN subjects s USING (pin)),
single AS (
  SELECT fingerprint, min(subject_id) AS subject_id FROM found GROUP BY fingerprint HAVING count(DISTINCT person) = 1
  UNION ALL
  SELECT fingerprint, min(subject_id) FILTER (here) FROM found GROUP BY fingerprint
  HAVING count(DISTINCT person) > 1 AND count(DISTINCT person) FILTER (here) = 1)
SELECT fingerprint, subject_id, 'pin' FROM single
"""


def link_certain(con: duckdb.DuckDBPyConnection) -> None:
    """Create tables ``profiles`` (``PROFILE`` and ``fingerprint``, once each) and ``certain``.

    ``certain(fingerprint, subject_id, method)`` has the profiles that a sure step gives to one person; method is
    ``pin``, ``cmnd`` or ``exact_keys``. A residence record has a number and no name; its number is enough, and where
    several persons bear the number, the one who lives in that commune.

    Args:
        con: a connection with ``mentions`` and ``subjects``, the latter with ``person`` (subjects that are one person).
    """
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE profiles AS SELECT DISTINCT fingerprint, {", ".join(PROFILE)} FROM mentions;
    CREATE OR REPLACE TEMP TABLE certain (fingerprint UBIGINT, subject_id VARCHAR, method VARCHAR);
    {_BY_PLACE}""")
    for method, key, holds in _STEPS:
        con.execute(_STEP.format(key=key, holds=holds, method=method))
