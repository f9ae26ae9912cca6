"""The stream of days: what comes after the base delivery, as dated deliveries, and the truth about it.

New events, changes that they bring to other records, and the officers' work of a campaign. Checks the settings and puts
the steps in order; ``stream_state`` holds the two states, ``campaign_work`` the officers, ``stream_rows`` the
comparison, ``stream_files`` the files.
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from sosach.errors import SettingsError
from sosach.registers import Register
from synthetic_data.campaign_work import load_work, plan_corrections
from synthetic_data.stream_files import write_days, write_truth_of_days
from synthetic_data.stream_rows import compare
from synthetic_data.stream_state import BASE, Period, period, use

LONGEST = 400
"""Days that a stream may have at most."""
DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True)
class Stream:
    """A wanted stream: the folder of the days, and the days."""

    folder: Path
    period: Period


def check_stream(
    out: Path, truth: Path, as_of: date, stream_from: date | None, days: Path | None, earliest: date
) -> Stream | None:
    """The wanted stream, or None where none is wanted.

    Raises:
        SettingsError: one of the two settings stands alone, the days are turned round or too many, none of them is a
            working day, or the folders overlap.
    """
    if stream_from is None and days is None:
        return None
    if stream_from is None:
        raise SettingsError(f"days: {days} is given without stream_from; give both for a stream of days, or neither.")
    if days is None:
        raise SettingsError(
            f"stream_from: {stream_from} is given without days; give both for a stream of days, or neither."
        )
    if stream_from < earliest:
        raise SettingsError(
            f"stream_from: {stream_from} is before {earliest}; the registers described here start later."
        )
    if stream_from >= as_of:
        raise SettingsError(
            f"stream_from: {stream_from} is not before as_of {as_of}; the stream is the days between them."
        )
    if (as_of - stream_from).days > LONGEST:
        raise SettingsError(
            f"stream_from: {(as_of - stream_from).days} days up to as_of {as_of}; {LONGEST} is the most."
        )
    own = days.resolve()
    for name, folder in (("out", out.resolve()), ("truth", truth.resolve())):
        if own == folder or own in folder.parents or folder in own.parents:
            raise SettingsError(f"days: {days} and {name}: {folder} must be apart.")
    wanted = period(stream_from, as_of)
    if not wanted.working:
        raise SettingsError(f"stream_from: no working day between {stream_from} and as_of {as_of}; give more days.")
    return Stream(days, wanted)


def make_days(
    con: duckdb.DuckDBPyConnection,
    registers: dict[str, Register],
    columns: dict[str, tuple[str, ...]],
    stream: Stream,
    folder: Path,
    truth: Path,
    noise: float,
    progress: Callable[[str], None],
) -> tuple[int, int]:
    """Write the days to ``folder`` and the truth about them to ``truth``; the base must be finished.

    Returns the numbers of files and of rows.
    """
    use(con, BASE)
    progress("stream: officers' work")
    plan_corrections(con, registers, load_work())
    compare(con, registers, stream.period, noise, progress)
    progress("stream: files")
    folder.mkdir()
    made = write_days(con, columns, folder)
    write_truth_of_days(con, truth)
    return made


def put_days(staged: Path, target: Path) -> None:
    """Put the folders of the days where they belong, in place of those of an earlier stream; other files stay."""
    if target.is_dir():
        for folder in target.iterdir():
            if folder.is_dir() and DAY.match(folder.name):
                shutil.rmtree(folder)
    target.mkdir(parents=True, exist_ok=True)
    for folder in sorted(staged.iterdir()):
        folder.replace(target / folder.name)
