"""Command line of the generator: ``python -m synthetic_data --out DIR --truth DIR``."""

from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sosach.errors import SosachError
from synthetic_data.make import make
from synthetic_data.sizes import DEFAULT_PERSONS, SIZES, persons_and_communes

Size = StrEnum("Size", [(name, name) for name in SIZES])
SIZE_HELP = "; ".join(f"{name}: {size.persons} persons, {size.communes} communes" for name, size in SIZES.items())


def main(
    out: Annotated[Path, typer.Option(help="folder of the deliveries: <out>/<register>/<file>")],
    truth: Annotated[Path, typer.Option(help="folder of the truth, apart from the deliveries")],
    size: Annotated[Size | None, typer.Option(case_sensitive=False, help=SIZE_HELP)] = None,
    persons: Annotated[
        int | None, typer.Option(help=f"people, living and dead, instead of a size; {DEFAULT_PERSONS} by default")
    ] = None,
    seed: Annotated[int, typer.Option(help="same seed, same bytes")] = 7,
    as_of: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="the day on which the data set ends")
    ] = datetime(2025, 8, 15),  # noqa: DTZ001
    communes: Annotated[int | None, typer.Option(help="how many of the 130 communes; all by default")] = None,
    noise: Annotated[float, typer.Option(help="factor on all rates of errors; 0 gives clean data")] = 1.0,
    with_bad: Annotated[bool, typer.Option(help="also one file without a required column")] = True,
    stream_from: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="day of the base; what comes later goes to --days")
    ] = None,
    days: Annotated[
        Path | None, typer.Option(help="folder of the stream: <days>/<yyyy-mm-dd>/<register>/<file>")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="no lines of progress")] = False,
) -> None:
    """Write made-up registers with planted errors, and the truth behind them.

    Progress goes to standard error: seconds so far, most memory so far, the step that begins.
    """
    show = (lambda line: None) if quiet else partial(typer.echo, err=True)
    try:
        people, places = persons_and_communes(size, persons, communes)
        start = stream_from.date() if stream_from else None
        summary = make(
            out, truth, people, seed, as_of.date(), places, noise, with_bad, progress=show, stream_from=start, days=days
        )  # fmt: skip
    except SosachError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    for register, rows in summary.records.items():
        typer.echo(f"{register}: {rows} records")
    typer.echo(
        f"{summary.files} files, {sum(summary.corruptions.values())} records with planted errors"
        f" of {len(summary.corruptions)} kinds"
    )
    if start:
        typer.echo(f"stream of days: {summary.day_files} files, {summary.day_rows} rows")


if __name__ == "__main__":
    typer.run(main)
