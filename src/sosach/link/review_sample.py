"""Which pairs of a run people look at: all its decisions in strata, a drawn sample of each, and the key that is kept.

Holds the strata, how many pairs each gives and the draw itself. Words and workbooks are in ``review``, the figures that
follow from the answers in ``review_score``.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path

import duckdb

from sosach.errors import SettingsError
from sosach.lake import Run, read_json, write_json
from sosach.report.workbook_pairs import IDENTITY, Identified

STRATA = {
    "pin": ("linked by identity number", 1.0),
    "cmnd": ("linked by CMND", 1.0),
    "exact_keys": ("linked by the keys of TT 01/2022", 1.0),
    "duplicates": ("citizens' records taken for one person", 1.0),
    "linked_clear": ("linked by the model, clear of the threshold", 1.0),
    "linked_near": ("linked by the model, the quarter of lowest weight", 2.0),
    "review_upper": ("left to review, upper half of the weights", 2.0),
    "review_lower": ("left to review, lower half of the weights", 2.0),
    "refused_near": ("refused, the twentieth of highest weight", 2.0),
    "refused_far": ("refused, lower weight", 1.0),
    "refused_taken": ("refused, as the mention is linked to somebody else", 1.0),
    "linked_unscored": ("linked without a weight", 1.0),
    "review_unscored": ("left to review without a weight", 1.0),
    "refused_unscored": ("refused without a weight", 1.0),
}
"""Strata in order: what they are, and how often a pair there counts when the sample is shared out."""
LINKED = frozenset({"pin", "cmnd", "exact_keys", "duplicates", "linked_clear", "linked_near", "linked_unscored"})
"""Strata of pairs that the run took for one person."""
FEWEST = 10  # pairs of each stratum, as far as it has them

# A person's own record speaks for it; a residence spell has a number and no name, so that nobody could judge its link.
_POPULATION = """
CREATE OR REPLACE TEMP TABLE review_population AS
WITH sure AS (
  SELECT CASE WHEN l.register = 'dan_cu' THEN 'duplicates' ELSE l.method END AS stratum,
    l.register, l.record_id, l.role, p.record_id AS subject_record_id, 'linked' AS decision, l.weight
  FROM links l JOIN persons p USING (person_id)
  ANTI JOIN link_pairs q ON q.register = l.register AND q.record_id = l.record_id AND q.role = l.role
    AND q.subject_record_id = p.record_id
  WHERE l.register <> 'cu_tru' AND (l.register <> 'dan_cu' OR l.record_id <> p.record_id)
    AND (l.register = 'dan_cu' OR l.method IN ('pin', 'cmnd', 'exact_keys'))),
taken AS (SELECT DISTINCT register, record_id, role FROM links SEMI JOIN persons USING (person_id)),
scored AS (
  SELECT q.register, q.record_id, q.role, q.subject_record_id, q.other_register, q.other_record_id, q.other_role,
    q.decision, q.weight,
    q.decision = 'refused' AND q.register <> 'dan_cu' AND t.record_id IS NOT NULL AS taken
  FROM link_pairs q LEFT JOIN taken t USING (register, record_id, role)),
bound AS (
  SELECT decision, CASE decision WHEN 'linked' THEN quantile_disc(weight, 0.25)
    WHEN 'review' THEN median(weight) ELSE quantile_disc(weight, 0.95) END AS bound
  FROM scored WHERE NOT taken GROUP BY decision)
SELECT stratum, register, record_id, role, subject_record_id, NULL::VARCHAR AS other_register,
  NULL::VARCHAR AS other_record_id, NULL::VARCHAR AS other_role, decision, weight FROM sure
UNION ALL
SELECT CASE WHEN taken THEN 'refused_taken' WHEN weight IS NULL THEN decision || '_unscored' ELSE decision || '_'
    || CASE decision WHEN 'linked' THEN if(weight <= bound, 'near', 'clear')
       WHEN 'review' THEN if(weight >= bound, 'upper', 'lower') ELSE if(weight >= bound, 'near', 'far') END END,
  register, record_id, role, subject_record_id, other_register, other_record_id, other_role, decision, weight
FROM scored LEFT JOIN bound USING (decision)
"""

_PLACE = "concat_ws('|', " + ", ".join(f"coalesce({c}, '')" for c in IDENTITY) + ")"
_DRAW = f"""
SELECT {", ".join(f"coalesce(p.{c}, '')" for c in IDENTITY)}, stratum, decision, weight
FROM review_population p JOIN review_wanted USING (stratum)
WHERE {_PLACE} NOT IN (SELECT place FROM review_known)
QUALIFY row_number() OVER (PARTITION BY stratum ORDER BY sha256($seed || '|' || {_PLACE}), {_PLACE}) <= wanted
ORDER BY stratum, {_PLACE}
"""


@dataclass(frozen=True)
class DrawnPair(Identified):
    """One pair of the sample; '' where the identity has nothing. ``print`` is that of the line that was shown."""

    stratum: str
    decision: str
    weight: float | None
    print: str = ""


@dataclass(frozen=True)
class ReviewKey:
    """What the engine keeps of one draw: the strata and the decisions that the reviewers must not see."""

    run_id: str
    seed: int
    size: int
    population: Mapping[str, int]  # pairs of each stratum in the run
    pairs: tuple[DrawnPair, ...]

    @property
    def digest(self) -> str:
        """A print of the draw, by which a returned workbook is told from one of another draw."""
        text = "\n".join([self.run_id, str(self.seed), *(pair.pair_id for pair in self.pairs)])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def order(self, reviewer: str) -> list[DrawnPair]:
        """The pairs as a reviewer gets them: another order for each, which follows from seed and reviewer."""
        return sorted(self.pairs, key=lambda p: hashlib.sha256(f"{self.seed}|{reviewer}|{p.pair_id}".encode()).digest())


def key_path(run: Run, seed: int) -> Path:
    """Where the key of a draw is kept: in the run, never beside the workbooks."""
    return run.root / "reviews" / f"{seed}.json"


def write_key(run: Run, key: ReviewKey) -> None:
    """Keep the key of a draw."""
    write_json(key_path(run, key.seed), {**asdict(key), "pairs": [asdict(pair) for pair in key.pairs]})


def read_keys(run: Run) -> dict[int, ReviewKey]:
    """The keys of all draws of a run, by seed."""
    found = {}
    for path in sorted((run.root / "reviews").glob("*.json")):
        told = read_json(path)
        told["population"] = {name: told["population"][name] for name in STRATA if name in told["population"]}
        told["pairs"] = tuple(DrawnPair(**pair) for pair in told["pairs"])
        found[int(told["seed"])] = ReviewKey(**told)
    return found


def make_population(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Create table ``review_population`` (a row a pair with its ``stratum``) from links, persons and link_pairs.

    Returns:
        The number of pairs of each stratum that has any, in the order of ``STRATA``.
    """
    con.execute(_POPULATION)
    counted = dict(con.execute("SELECT stratum, count(*) FROM review_population GROUP BY 1").fetchall())
    return {name: int(counted[name]) for name in STRATA if name in counted}


def allocate(population: Mapping[str, int], size: int) -> dict[str, int]:
    """Share ``size`` pairs out over the strata: each some, the rest by the root of its size and by ``STRATA``.

    The root (power allocation, Bankier 1988) keeps small strata from vanishing beside large ones. A larger ``size``
    never gives a stratum fewer.

    Raises:
        SettingsError: there are fewer than two pairs for each stratum.
    """
    if size < 2 * len(population):
        raise SettingsError(f"--size {size}: there are {len(population)} strata; give {2 * len(population)} or more.")
    given = {name: min(n, FEWEST, size // len(population)) for name, n in population.items()}
    share = {name: STRATA[name][1] * sqrt(n) for name, n in population.items()}
    for _ in range(size - sum(given.values())):
        open_ones = [name for name, n in population.items() if given[name] < n]
        if not open_ones:
            break
        given[max(open_ones, key=lambda name: share[name] / (given[name] + 1))] += 1
    return given


def draw(
    con: duckdb.DuckDBPyConnection, seed: int, wanted: Mapping[str, int], known: Sequence[DrawnPair]
) -> tuple[DrawnPair, ...]:
    """Draw from ``review_population``, in each stratum at random by ``seed`` and without what was drawn before."""
    for table, columns in (("review_known", "place VARCHAR"), ("review_wanted", "stratum VARCHAR, wanted BIGINT")):
        con.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({columns})")
    con.execute("INSERT INTO review_known SELECT unnest(?::VARCHAR[])", [["|".join(p.identity) for p in known]])
    names, counts = list(wanted), list(wanted.values())
    con.execute("INSERT INTO review_wanted SELECT unnest(?::VARCHAR[]), unnest(?::BIGINT[])", [names, counts])
    found = con.execute(_DRAW, {"seed": str(seed)}).fetchall()
    return tuple(DrawnPair(*row) for row in found)
