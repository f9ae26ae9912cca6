"""FEBRL through plain Splink: comparisons and blocking from its own library, its own training; no code of ours."""

import time

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

Pairs = set[tuple[str, str]]

BLOCKS = (
    ("given_name", "surname"),
    ("date_of_birth",),
    ("surname", "postcode"),
    ("given_name", "suburb"),
    ("street_number", "address_1"),
    ("postcode", "address_1"),
)
PROBABILITY = 0.9


def timed(
    con: duckdb.DuckDBPyConnection, left: str, right: str | None, with_number: bool, name: str
) -> tuple[Pairs, float]:
    """The pairs from probability 0.9 on, the smaller id first, and the seconds."""
    began = time.perf_counter()
    api = DuckDBAPI(con)
    tables = [api.register(t, dataset_display_name=f"{name}_{i}") for i, t in enumerate((left, right)) if t is not None]
    comparisons = [
        cl.NameComparison("given_name"),
        cl.NameComparison("surname"),
        cl.LevenshteinAtThresholds("date_of_birth", [1, 2]),
        cl.LevenshteinAtThresholds("postcode", [1, 2]),
        cl.JaroWinklerAtThresholds("suburb", [0.9, 0.75]),
        cl.JaroWinklerAtThresholds("address_1", [0.9, 0.75]),
        cl.JaroWinklerAtThresholds("address_2", [0.9]),
        cl.LevenshteinAtThresholds("street_number", [1]),
        cl.ExactMatch("state"),
    ]
    blocks = [block_on(*keys) for keys in BLOCKS]
    if with_number:
        comparisons.append(cl.LevenshteinAtThresholds("soc_sec_id", [1, 2]))
        blocks.append(block_on("soc_sec_id"))
    settings = SettingsCreator(
        link_type="dedupe_only" if right is None else "link_only",
        unique_id_column_name="id",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=blocks,
    )
    linker = Linker(tables, settings, log_level=None)
    train = linker.training
    train.estimate_probability_two_random_records_match(
        [block_on("given_name", "surname", "date_of_birth"), block_on("surname", "postcode", "date_of_birth")],
        recall=0.5,
    )
    train.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    train.estimate_parameters_using_expectation_maximisation(block_on("date_of_birth"))
    train.estimate_parameters_using_expectation_maximisation(block_on("given_name", "surname"))
    found = linker.inference.predict(threshold_match_probability=PROBABILITY)
    pairs = con.execute(f"SELECT id_l, id_r FROM {found.physical_name}").fetchall()
    seconds = time.perf_counter() - began
    api.delete_tables_created_by_splink_from_db()
    return {(min(a, b), max(a, b)) for a, b in pairs}, seconds
