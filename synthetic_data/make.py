"""One data set from a few settings: the deliveries in one folder, the truth in another.

Checks the settings and puts the steps in order. Holds no content.
"""

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sosach.errors import SettingsError
from sosach.settings import PROJECT
from synthetic_data import deliveries
from synthetic_data import truth as truth_files
from synthetic_data.compose import REGISTERS, compose, connect, load_world
from synthetic_data.noise import apply_noise
from synthetic_data.world import build_world

EARLIEST = date(2020, 1, 1)
FEWEST = 50


@dataclass(frozen=True)
class Summary:
    """What was made: delivered records by register, records touched by kind of noise, number of files."""

    records: dict[str, int]
    corruptions: dict[str, int]
    files: int
    bad_file: Path | None


def _check(out: Path, truth_folder: Path, persons: int, seed: int, as_of: date, noise: float) -> None:
    """Refuse settings that cannot give a data set, by name."""
    if persons < FEWEST:
        raise SettingsError(f"persons: {persons} is too few; give at least {FEWEST}.")
    if seed < 0:
        raise SettingsError(f"seed: {seed} is negative; give 0 or more.")
    if not 0 <= noise < float("inf"):
        raise SettingsError(f"noise: {noise} is not a factor of 0 or more; 1 is the usual amount, 0 gives clean data.")
    if as_of < EARLIEST:
        raise SettingsError(f"as_of: {as_of} is before {EARLIEST}; the registers described here start later.")
    first, second = out.resolve(), truth_folder.resolve()
    if first == second or first in second.parents or second in first.parents:
        raise SettingsError(
            f"truth: {truth_folder} and out: {out} must be apart, so that the truth is never delivered."
        )


def make(
    out: Path,
    truth: Path,
    persons: int,
    seed: int,
    as_of: date,
    communes: int | None = None,
    noise: float = 1.0,
    with_bad: bool = True,
    expectations: Path = PROJECT / "expectations",
    progress: Callable[[str], None] = lambda line: None,
) -> Summary:
    """Write one data set; the same settings give the same bytes.

    Args:
        out: folder of deliveries, ``<out>/<register>/<file>``; the folders of the registers are replaced.
        truth: folder of the truth; its files are replaced.
        persons: people of the population, living and dead; parents and spouses from outside come on top.
        seed: of all random draws.
        as_of: the day on which the data set ends.
        communes: how many of the 130 communes, spread over the province; None for all.
        noise: factor on the rate of every kind of noise; 0 gives clean data.
        with_bad: also write one marriage file without a required column.
        expectations: where the registers and code lists are.
        progress: gets one line before each step.

    Raises:
        SettingsError: a setting is wrong; the message names it.
    """
    _check(out, truth, persons, seed, as_of, noise)
    progress(f"world: {persons} persons, seed {seed}, as of {as_of}")
    world = build_world(expectations, persons, seed, as_of, communes, noise)
    for register in REGISTERS:
        shutil.rmtree(out / register, ignore_errors=True)
    with closing(connect(seed, as_of)) as con:
        load_world(con, world, expectations)
        progress("records")
        columns = compose(con, expectations)
        progress(f"noise: factor {noise}")
        apply_noise(con, columns, noise)
        progress("files")
        plan = deliveries.plan_files(con, world.province)
        deliveries.place_rows(con, REGISTERS)
        files = deliveries.write_files(con, plan, columns, out, as_of)
        bad_file = deliveries.write_bad_file(con, columns, out) if with_bad else None
        progress("truth")
        truth_files.keep_keys(con)
        truth_files.write_truth(con, truth)
        records, kinds = truth_files.counts(con)
    return Summary(records=records, corruptions=kinds, files=files + (bad_file is not None), bad_file=bad_file)
