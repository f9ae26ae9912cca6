"""The benchmark's contestants find the same: ours, hand-written SQL, plain queries, Great Expectations' own rules.

This also guards the short cut of the fused pass on a larger and dirtier table than ``test_gx_parity``.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from benchmarks.checks import data, mix, reference
from benchmarks.checks.contestants import by_hand, by_hand_ledger, gx_core, sosach

PERSONS, MARRIAGES = 4_000, 1_000
LEDGER = {
    "violations": "register, record_key, record_id, rule_id, dimension, severity, unit, mended, evidence_hash",
    "evidence": "register, record_id, rule_id, evidence_hash, evidence, message",
    "rule_results": "register, suite, rule_id, n_records, n_pass, n_fail, n_undecided, n_not_applicable",
    "rule_results_by_unit": "rule_id, unit, n_pass, n_fail, n_undecided, n_not_applicable",
}


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data.make(tmp_path_factory.mktemp("benchmark"), PERSONS, MARRIAGES).core(mix.CITIZENS).parent


@pytest.fixture(scope="module")
def expected(core: Path) -> set[tuple[str, str]]:
    """The pairs of the plain queries."""
    reference.write_pairs(core, core.parent / "reference.parquet")
    with duckdb.connect() as con:
        found = con.execute(f"SELECT rule_id, record_key FROM '{core.parent / 'reference.parquet'}'").fetchall()
    assert len(found) == len(set(found))
    return set(found)


@pytest.fixture(scope="module")
def ours(core: Path) -> Path:
    return sosach.run(core, core)


@pytest.fixture(scope="module")
def ledger_by_hand(core: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ledger")
    by_hand_ledger.run(core, out)
    return out


def _once(found: Iterator[tuple[str, str]]) -> set[tuple[str, str]]:
    pairs = list(found)
    assert len(pairs) == len(set(pairs))
    return set(pairs)


def test_every_rule_but_freshness_has_findings(expected: set[tuple[str, str]]) -> None:
    assert {rule for rule, _ in expected} == set(mix.RULES) - {"R16"}


def test_by_hand_finds_the_reference(core: Path, expected: set[tuple[str, str]], tmp_path: Path) -> None:
    by_hand.run(core, tmp_path)
    assert _once(by_hand.pairs(None, tmp_path)) == expected


def test_our_checks_find_the_reference(ours: Path, expected: set[tuple[str, str]]) -> None:
    assert _once(sosach.pairs(ours, ours)) == expected


@pytest.mark.parametrize("table", LEDGER)
@pytest.mark.parametrize("register", sosach.REGISTERS)
def test_the_ledger_by_hand_is_ours(ours: Path, ledger_by_hand: Path, register: str, table: str) -> None:
    with duckdb.connect() as con:
        mine, theirs = (
            con.execute(f"SELECT {LEDGER[table]} FROM '{path}' ORDER BY ALL").fetchall()
            for path in (
                ours / "checks" / register / f"{table}.parquet",
                ledger_by_hand / f"{register}_{table}.parquet",
            )
        )
    assert len(mine) > 3
    assert mine == theirs


def test_the_expectations_of_great_expectations_count_the_same(core: Path, expected: set[tuple[str, str]]) -> None:
    counts = gx_core.validate(core, gx_core.CUT, "BASIC").counts
    assert {rule: n for rule, n in counts.items() if n} == Counter(rule for rule, _ in expected)
    assert set(counts) == set(mix.RULES)
