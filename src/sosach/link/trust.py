"""Which of several statements of one field is likelier wrong: latent truth by expectation and maximisation.

A model without labels after Dawid and Skene (1979, Applied Statistics 28, 20-28): each item (a person's field) has one
true value that nobody sees; each class of statements (register, role, era, shape) is wrong at a rate of its own; a slip
leads to any of ``alternatives`` wrong values alike. Truth and rates are estimated in turn. A statement that tells less
than a full value (a year, a name without diacritics) speaks for every value that it fits. Statements are taken to be
independent: what one register has copied from another counts twice.

Holds arithmetic on arrays and the SQL that lays them out. Holds no register and no word for officers.
"""

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ROUNDS = 60
SETTLED = 1e-6
"""The rates are estimated until none moves by more, at most this many rounds."""
START = 0.05
PRIOR = 6.0
"""A class is first taken to be as bad as its parent, with the weight of this many statements."""
LOWEST, HIGHEST = 1e-5, 1 - 1e-5


@dataclass(frozen=True)
class Contest:
    """The statements about items whose statements do not all agree, as arrays.

    Attributes:
        item: item of each candidate value, candidates sorted by item.
        statement_item: item of each statement.
        statement_class: class of each statement.
        fits_statement, fits_candidate: pairs of statement and candidate of one item, all of them.
        fits: whether the statement speaks for the candidate.
        agreed: statements of each class on items where all agree.
        parent: of each class the group from which it borrows where it has few statements.
        alternatives: wrong values that a slip may lead to.
    """

    item: Ints
    statement_item: Ints
    statement_class: Ints
    fits_statement: Ints
    fits_candidate: Ints
    fits: npt.NDArray[np.bool_]
    agreed: Floats
    parent: Ints
    alternatives: int


def estimate(contest: Contest) -> tuple[Floats, Floats]:
    """Rates of error and the probability that each statement is wrong.

    Args:
        contest: the statements.

    Returns:
        ``(rates, wrong)``: error rate of each class, probability of each statement, both 0 to 1.
    """
    rates = np.full(len(contest.agreed), START)
    wrong = np.full(len(contest.statement_class), 0.5)
    if not len(contest.item):
        return rates, wrong
    items = int(max(contest.item.max(), contest.statement_item.max())) + 1
    spare = np.maximum(contest.alternatives + 1 - np.bincount(contest.item, minlength=items), 0)
    with np.errstate(divide="ignore"):
        none_of_them = np.log(spare.astype(np.float64))
    seen = np.bincount(contest.statement_class, minlength=len(rates))
    for _ in range(ROUNDS):
        before, rates = rates, rates.copy()
        wrong = _wrong(contest, rates, none_of_them, items)
        failed = np.bincount(contest.statement_class, weights=wrong, minlength=len(rates))
        told = seen + contest.agreed
        groups = int(contest.parent.max()) + 1
        pooled = (np.bincount(contest.parent, failed, groups) + PRIOR * START) / (
            np.bincount(contest.parent, told, groups) + PRIOR
        )
        rates = np.clip((failed + PRIOR * pooled[contest.parent]) / (told + PRIOR), LOWEST, HIGHEST)
        if np.abs(rates - before).max() < SETTLED:
            break
    return rates, wrong


def _wrong(contest: Contest, rates: Floats, none_of_them: Floats, items: int) -> Floats:
    """Probability that each statement is wrong, given the rates."""
    right, slip = np.log1p(-rates), np.log(rates / contest.alternatives)
    of_pair = contest.statement_class[contest.fits_statement]
    candidates = len(contest.item)
    score = np.bincount(
        contest.fits_candidate, np.where(contest.fits, right[of_pair], slip[of_pair]), minlength=candidates
    )
    nobody = none_of_them + np.bincount(contest.statement_item, slip[contest.statement_class], minlength=items)
    best = nobody.copy()
    np.maximum.at(best, contest.item, score)
    weight = np.exp(score - best[contest.item])
    total = np.bincount(contest.item, weight, minlength=items) + np.exp(nobody - best)
    chance = weight / total[contest.item]
    spoken = np.bincount(
        contest.fits_statement[contest.fits],
        chance[contest.fits_candidate[contest.fits]],
        minlength=len(contest.statement_class),
    )
    return np.clip(1.0 - spoken, 0.0, 1.0)


_CANDIDATES = """
CREATE OR REPLACE TEMP TABLE candidate AS
WITH told AS (SELECT DISTINCT item, part, key, "full" FROM contest),
kept AS (
  FROM told WHERE "full"
  UNION ALL
  FROM told t WHERE NOT "full" AND NOT EXISTS (FROM told o WHERE o.item = t.item AND o."full" AND o.part = t.part))
SELECT row_number() OVER (ORDER BY item, key) - 1 AS candidate, item, key, part, "full" FROM kept
"""

_FITS = """
SELECT s.statement, c.candidate, CASE
    WHEN s."full" AND c."full" THEN s.key = c.key
    WHEN s.loose THEN abs(TRY_CAST(s.part AS INTEGER) - TRY_CAST(c.part AS INTEGER)) <= 1
    ELSE s.part = c.part END AS fits
FROM contest s JOIN candidate c USING (item) ORDER BY s.statement, c.candidate
"""


def judge(con: duckdb.DuckDBPyConnection, alternatives: int) -> None:
    """Make ``wrong(statement, wrong)`` and ``rate(class, rate, told)`` from ``contest`` and ``agreed``.

    Args:
        con: holds ``contest(statement, item, key, part, "full", loose, class, parent)``, statements numbered from 0
            in a total order and items likewise, and ``agreed(class, parent, n)``.
        alternatives: wrong values that a slip may lead to.
    """
    con.execute(_CANDIDATES)
    con.execute("""
    CREATE OR REPLACE TEMP TABLE class AS
    SELECT row_number() OVER (ORDER BY class) - 1 AS number, dense_rank() OVER (ORDER BY parent) - 1 AS parent, class,
      coalesce(n, 0) AS n
    FROM (SELECT class, min(parent) AS parent, sum(n) AS n
      FROM (SELECT class, parent, n FROM agreed UNION ALL SELECT DISTINCT class, parent, 0 FROM contest) GROUP BY class)
    """)
    classes = con.execute("SELECT parent, n::DOUBLE AS n FROM class ORDER BY number").fetchnumpy()
    statements = con.execute(
        "SELECT item, number FROM contest JOIN class USING (class) ORDER BY statement"
    ).fetchnumpy()
    fits = con.execute(_FITS).fetchnumpy()
    rates, wrong = estimate(
        Contest(
            item=con.execute("SELECT item FROM candidate ORDER BY candidate").fetchnumpy()["item"],
            statement_item=statements["item"],
            statement_class=statements["number"],
            fits_statement=fits["statement"],
            fits_candidate=fits["candidate"],
            fits=fits["fits"].astype(np.bool_),
            agreed=classes["n"],
            parent=classes["parent"],
            alternatives=alternatives,
        )
    )
    _keep(con, "wrong", "statement", "wrong", wrong)
    _keep(con, "class_rate", "number", "rate", rates)
    con.execute("""
    CREATE OR REPLACE TEMP TABLE rate AS
    SELECT class, rate, n + (SELECT count(*) FROM contest s WHERE s.class = c.class) AS told
    FROM class c JOIN class_rate USING (number)""")


def _keep(con: duckdb.DuckDBPyConnection, table: str, number: str, name: str, values: Floats) -> None:
    import pyarrow as pa

    columns = pa.table({number: np.arange(len(values), dtype=np.int64), name: values})
    con.register("kept_values", columns)
    con.execute(f'CREATE OR REPLACE TEMP TABLE "{table}" AS FROM kept_values')
    con.unregister("kept_values")
