"""Latent truth: rates of error are found without labels, ties stay ties."""

import duckdb
import numpy as np
import pytest

from sosach.link.trust import judge

Statement = tuple[int, str, str, str]  # item, class, value, part (the value again where it is whole)


def judged(
    statements: list[Statement], agreed: dict[str, int], alternatives: int = 30
) -> tuple[dict[tuple[int, str, str], float], dict[str, float]]:
    """Probability of being wrong by (item, class, value); rate by class."""
    with duckdb.connect() as con:
        con.execute(
            'CREATE TABLE contest (statement BIGINT, item BIGINT, key VARCHAR, part VARCHAR, "full" BOOLEAN, '
            "loose BOOLEAN, class VARCHAR, parent VARCHAR); "
            "CREATE TABLE agreed (class VARCHAR, parent VARCHAR, n BIGINT)"
        )
        for number, (item, name, value, part) in enumerate(statements):
            whole = value != part or len(value) != 4
            con.execute(
                "INSERT INTO contest VALUES (?, ?, ?, ?, ?, FALSE, ?, ?)",
                [number, item, value, part, whole, name, name],
            )
        for name, n in agreed.items():
            con.execute("INSERT INTO agreed VALUES (?, ?, ?)", [name, name, n])
        judge(con, alternatives)
        told = con.execute("SELECT item, class, key, wrong FROM contest JOIN wrong USING (statement)").fetchall()
        rates = con.execute("SELECT class, rate FROM rate").fetchall()
    return {(i, c, k): w for i, c, k, w in told}, dict(rates)


def test_the_majority_of_equal_witnesses_is_believed() -> None:
    wrong, _ = judged([(0, "a", "x", "x"), (0, "b", "x", "x"), (0, "c", "y", "y")], {"a": 50, "b": 50, "c": 50})
    assert wrong[0, "c", "y"] > 0.95
    assert wrong[0, "a", "x"] < 0.05


def test_two_witnesses_of_one_class_are_a_tie() -> None:
    wrong, _ = judged([(0, "a", "x", "x"), (0, "a", "y", "y")], {"a": 50})
    assert wrong[0, "a", "x"] == pytest.approx(wrong[0, "a", "y"])


def test_a_class_found_bad_elsewhere_loses_alone_against_a_good_one() -> None:
    third = [s for i in range(40) for s in ((i, "bad", "x", "x"), (i, "good", "y", "y"), (i, "third", "y", "y"))]
    wrong, rates = judged(
        [*third, (99 - 59, "bad", "x", "x"), (99 - 59, "good", "y", "y")], {"bad": 300, "good": 340, "third": 340}
    )
    assert wrong[40, "bad", "x"] > 0.9
    assert rates["bad"] > 10 * rates["good"]


def test_a_year_speaks_for_every_date_in_it() -> None:
    wrong, _ = judged(
        [(0, "a", "1983-05-06", "1983"), (0, "b", "1984-05-06", "1984"), (0, "pin", "1983", "1983")],
        {"a": 50, "b": 50, "pin": 50},
    )
    assert wrong[0, "b", "1984-05-06"] > 0.95
    assert wrong[0, "pin", "1983"] < 0.05


def test_of_two_values_of_sex_one_is_right() -> None:
    wrong, _ = judged([(0, "a", "Nam", "Nam"), (0, "b", "Nữ", "Nữ")], {"a": 50, "b": 200}, alternatives=1)
    assert wrong[0, "a", "Nam"] + wrong[0, "b", "Nữ"] == pytest.approx(1.0)


def test_rates_of_a_made_world_are_found_again() -> None:
    """Three registers that slip at 2%, 10% and 30%: the estimate comes near without seeing the truth."""
    rng = np.random.default_rng(7)
    true_rates = {"a": 0.02, "b": 0.10, "c": 0.30}
    statements: list[Statement] = []
    agreed = dict.fromkeys(true_rates, 0)
    item = 0
    for _ in range(1500):
        said = {c: ("t" if rng.random() >= rate else f"w{rng.integers(30)}") for c, rate in true_rates.items()}
        if len(set(said.values())) == 1:
            agreed = {c: n + 1 for c, n in agreed.items()}
            continue
        statements += [(item, c, v, v) for c, v in said.items()]
        item += 1
    _, rates = judged(statements, agreed)
    for name, rate in true_rates.items():
        assert rates[name] == pytest.approx(rate, abs=0.03)


def test_nothing_contested_gives_nothing() -> None:
    wrong, rates = judged([], {"a": 5})
    assert wrong == {}
    assert rates == {"a": pytest.approx(0.05)}
