"""How an issue is born, carried, closed and reopened over runs, and that none is ever lost."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from sosach.duck import write_parquet
from sosach.issues.life import TERMS, build_issues

Violation = tuple[str, str, str]  # record_key, rule_id, hash of the values


class Runs:
    """Runs of one register ``dan_cu``, each with the issues of the one before."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.before, self.number = folder, None, 0
        self.before: Path | None = None
        self.balance: dict[str, int] = {}

    def run(
        self,
        violations: list[Violation],
        keys: str = "ABC",
        rules: dict[str, str] | None = None,
        mended: bool = False,
        info: str = "",
        standing: dict[str, str] | None = None,
    ) -> dict[str, tuple[str, str | None]]:
        """Issue state and reason by record key + rule + hash, after one more run."""
        self.number += 1
        rules = rules or {"R1": "ok", "R2": "ok"}
        with duckdb.connect() as con:
            con.execute(
                "CREATE TABLE violations (register VARCHAR, record_key VARCHAR, record_id VARCHAR, "
                "rule_id VARCHAR, dimension VARCHAR, "
                "severity VARCHAR, unit VARCHAR, mended BOOLEAN, evidence_hash VARCHAR)"
            )
            for i, (key, rule, values) in enumerate(violations):
                con.execute(
                    "INSERT INTO violations VALUES ('dan_cu', ?, ?, ?, 'dung', ?, '16681', ?, ?)",
                    [key, f"d:{i}", rule, "info" if rule == info else "critical", mended, values],
                )
            con.execute("CREATE TABLE rule_results (rule_id VARCHAR, status VARCHAR)")
            con.executemany("INSERT INTO rule_results VALUES (?, ?)", list(rules.items()))
            con.execute(
                "CREATE TABLE record_keys AS SELECT 'dan_cu' AS register, unnest(?) AS record_key", [list(keys)]
            )
            con.execute(
                "CREATE TABLE standing (register VARCHAR, rule_id VARCHAR, record_key VARCHAR, verdict VARCHAR)"
            )
            for key, verdict in (standing or {}).items():
                con.execute("INSERT INTO standing VALUES ('dan_cu', 'R1', ?, ?)", [key, verdict])
            self.balance = build_issues(con, self.before, f"run{self.number}", date(2025, 6, self.number))
            target = self.folder / f"{self.number}.parquet"
            write_parquet(con, "SELECT * EXCLUDE (before) FROM issues", target, "issue_id")
            self.before = target
            return {
                f"{k}{r}{h}": (s, why)
                for k, r, h, s, why in con.execute(
                    "SELECT record_key, rule_id, evidence_hash, state, reason FROM issues"
                ).fetchall()
            }

    def terms(self, prefix: str = "") -> tuple[int, ...]:
        """open_before, new, reopened, closed, open_after of the last run."""
        return tuple(self.balance[prefix + term] for term in TERMS)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_a_record_that_lost_its_value_keeps_its_issue(runs: Runs) -> None:
    runs.run([("A", "R1", "x"), ("B", "R1", "x")])
    after = runs.run([], standing={"A": "undecided"})
    assert after == {"AR1x": ("open", "record_undecided"), "BR1x": ("fixed_at_source", None)}
    assert runs.terms() == (2, 0, 0, 1, 1)
    assert runs.run([])["AR1x"] == ("fixed_at_source", None)


def test_a_record_that_the_rule_is_no_longer_about_is_not_called_fixed(runs: Runs) -> None:
    runs.run([("A", "R1", "x")])
    assert runs.run([], standing={"A": "not_applicable"}) == {"AR1x": ("vanished", "no_longer_applicable")}
    assert runs.terms() == (1, 0, 0, 1, 0)


def test_new_then_open_then_fixed_then_reopened(runs: Runs) -> None:
    assert runs.run([("A", "R1", "x")]) == {"AR1x": ("new", None)}
    assert runs.run([("A", "R1", "x")]) == {"AR1x": ("open", None)}
    assert runs.run([]) == {"AR1x": ("fixed_at_source", None)}
    assert runs.terms() == (1, 0, 0, 1, 0)
    assert runs.run([]) == {"AR1x": ("fixed_at_source", None)}
    assert runs.run([("A", "R1", "x")]) == {"AR1x": ("reopened", None)}
    assert runs.terms() == (0, 0, 1, 0, 1) == runs.terms("settle_")


def test_a_rule_that_could_not_run_closes_nothing(runs: Runs) -> None:
    runs.run([("A", "R1", "x")])
    assert runs.run([], rules={"R1": "engine_error", "R2": "ok"}) == {"AR1x": ("open", "rule_not_run")}


@pytest.mark.parametrize(
    ("violations", "keys", "rules", "reason"),
    [
        ([], "BC", None, "record_gone"),
        ([], "ABC", {"R2": "ok"}, "rule_retired"),
        ([("A", "R1", "y")], "ABC", None, "values_changed"),
    ],
)
def test_what_vanishes_says_why(
    runs: Runs, violations: list[Violation], keys: str, rules: dict[str, str] | None, reason: str
) -> None:
    runs.run([("A", "R1", "x")])
    assert runs.run(violations, keys=keys, rules=rules)["AR1x"] == ("vanished", reason)


def test_two_rows_with_one_key_and_one_fault_are_one_issue(runs: Runs) -> None:
    assert runs.run([("A", "R1", "x"), ("A", "R1", "x"), ("A", "R2", "x")]) == {
        "AR1x": ("new", None),
        "AR2x": ("new", None),
    }


def test_what_was_mended_on_the_way_in_opens_no_issue(runs: Runs) -> None:
    assert runs.run([("A", "R1", "x")], mended=True) == {}


def test_first_seen_stays_and_last_seen_moves(runs: Runs) -> None:
    runs.run([("A", "R1", "x")])
    runs.run([("A", "R1", "x")])
    runs.run([])
    assert runs.before is not None
    with duckdb.connect() as con:
        seen = con.execute(
            "SELECT first_run, first_seen, last_run, last_seen FROM read_parquet(?)", [str(runs.before)]
        ).fetchone()
    assert seen == ("run1", date(2025, 6, 1), "run2", date(2025, 6, 2))


def test_information_is_no_part_of_what_officers_have_to_settle(runs: Runs) -> None:
    runs.run([("A", "R1", "x"), ("B", "R2", "x")], info="R2")
    assert (runs.terms(), runs.terms("settle_")) == ((0, 2, 0, 0, 2), (0, 1, 0, 0, 1))
    runs.run([("A", "R1", "x")], info="R2")
    assert (runs.terms(), runs.terms("settle_")) == ((2, 0, 0, 1, 1), (1, 0, 0, 0, 1))
