"""One data set from a few settings: the deliveries in one folder, the truth in another.

Checks the settings and puts the steps in order. Where things are written is the matter of ``places``. Holds no
content.
"""

import json
import resource
import shutil
import time
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sosach.errors import SettingsError
from sosach.registers import load_registers
from sosach.settings import PROJECT
from synthetic_data import deliveries
from synthetic_data import truth as truth_files
from synthetic_data.campaign_work import check_work, load_work
from synthetic_data.compose import compose, connect, load_world
from synthetic_data.kinds import check_kinds, check_sql
from synthetic_data.layout import LAYOUTS
from synthetic_data.noise import apply_noise
from synthetic_data.places import LIST, beside, check_folders, check_space, disk_errors_named, put, put_registers
from synthetic_data.stream import check_stream, make_days, put_days
from synthetic_data.stream_state import BASE, citizens_on, open_states, use
from synthetic_data.world import build_world

EARLIEST, LATEST = date(2020, 1, 1), date(2099, 12, 31)
FEWEST = 50


@dataclass(frozen=True)
class Summary:
    """What was made: delivered records by register, records touched by kind of noise, number of files; of the stream
    of days the numbers of files and rows.
    """

    records: dict[str, int]
    corruptions: dict[str, int]
    files: int
    bad_file: Path | None
    day_files: int = 0
    day_rows: int = 0


def _check(out: Path, truth: Path, persons: int, seed: int, as_of: date, noise: float) -> None:
    """Refuse settings that cannot give a data set, by name."""
    if persons < FEWEST:
        raise SettingsError(f"persons: {persons} is too few; give at least {FEWEST}.")
    if seed < 0:
        raise SettingsError(f"seed: {seed} is negative; give 0 or more.")
    if not 0 <= noise < float("inf"):
        raise SettingsError(f"noise: {noise} is not a factor of 0 or more; 1 is the usual amount, 0 gives clean data.")
    if as_of < EARLIEST:
        raise SettingsError(f"as_of: {as_of} is before {EARLIEST}; the registers described here start later.")
    if as_of > LATEST:
        raise SettingsError(f"as_of: {as_of} is after {LATEST}; give the day on which the data set ends.")
    first, second = out.resolve(), truth.resolve()
    if first == second or first in second.parents or second in first.parents:
        raise SettingsError(f"truth: {truth} and out: {out} must be apart, so that the truth is never delivered.")


class _Clock:
    """Passes lines on with the seconds since the start and the most memory held so far."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self.progress, self.start = progress, time.monotonic()

    def __call__(self, line: str) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        self.progress(f"{time.monotonic() - self.start:7.1f} s {peak:6.2f} GB  {line}")


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
    stream_from: date | None = None,
    days: Path | None = None,
) -> Summary:
    """Write one data set; the same settings give the same bytes.

    Args:
        out: folder of deliveries, ``<out>/<register>/<file>``; what an earlier run wrote there is replaced.
        truth: folder of the truth; its files are replaced.
        persons: people of the population, living and dead; parents and spouses from outside come on top.
        seed: of all random draws.
        as_of: the day on which the data set ends.
        communes: how many of the 130 communes, spread over the province; None for all.
        noise: factor on the rate of every kind of noise; 0 gives clean data.
        with_bad: also write one marriage file without a required column.
        expectations: where the registers and code lists are.
        progress: gets one line before each step: seconds so far, most memory so far, the step.
        stream_from: the day of the base delivery in ``out``; what comes after it up to ``as_of`` becomes a stream of
            days. None: no stream, everything up to ``as_of`` is in ``out``.
        days: folder of the stream, ``<days>/<yyyy-mm-dd>/<register>/<file>``; its folders of days are replaced.

    Raises:
        SettingsError: a setting or a file of kinds is wrong, a folder cannot be used or holds files of others, or the
            disk has too little room; nothing was written.
        SosachError: the disk became full, or a file may not be written; what was there before is as it was.
    """
    _check(out, truth, persons, seed, as_of, noise)
    stream = check_stream(out, truth, as_of, stream_from, days, EARLIEST)
    folders = {"out": out, "truth": truth} | ({"days": stream.folder} if stream else {})
    check_folders(folders, tuple(LAYOUTS))
    registers = load_registers(expectations)
    check_kinds(registers)
    if stream:
        check_work(load_work(), registers)
    check_space(folders, persons)
    clock = _Clock(progress)
    clock(f"world: {persons} persons, seed {seed}, as of {as_of}")
    world = build_world(expectations, persons, seed, as_of, communes, noise)
    beside_days = beside(stream.folder) if stream else nullcontext(out)
    with disk_errors_named(), beside(out) as aside, beside(truth) as truth_aside, beside_days as days_aside:
        with closing(connect(seed, as_of, aside)) as con:
            province = world.province
            citizens = citizens_on(world, stream.period.start, seed) if stream else None
            load_world(con, world, expectations, clock)
            if stream and citizens is not None:
                open_states(con, citizens, stream.period)
                use(con, BASE)
            columns = compose(con, registers, clock)
            check_sql(con)
            apply_noise(con, columns, noise, clock)
            staged = aside / "out"
            staged.mkdir()
            plan = deliveries.plan_files(con, province)
            deliveries.write_files(con, plan, columns, staged, stream.period.start if stream else as_of, clock)
            bad_file = deliveries.write_bad_file(con, columns, staged) if with_bad else None
            truth_files.place_rows(con)
            truth_files.write_truth(con, truth_aside, clock)
            records, kinds = truth_files.counts(con)
            day_files, day_rows = 0, 0
            if stream:
                staged_days, truth_days = days_aside / "days", truth_aside / "days"
                day_files, day_rows = make_days(con, registers, columns, stream, staged_days, truth_days, noise, clock)
        written = put_registers(staged, out, tuple(LAYOUTS))
        (truth_aside / LIST).write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
        for file in sorted(truth_aside.iterdir()):
            put(file, truth / file.name)
        if stream:
            put_days(days_aside / "days", stream.folder)
        elif (truth / "days").is_dir():
            shutil.rmtree(truth / "days")
    clock("done")
    return Summary(
        records=records,
        corruptions=kinds,
        files=len(plan) + (bad_file is not None),
        bad_file=out / bad_file.relative_to(staged) if bad_file else None,
        day_files=day_files,
        day_rows=day_rows,
    )
