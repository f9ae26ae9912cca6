"""Command line of the generator: ``python -m synthetic_data --out DIR --truth DIR``."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from sosach.errors import SosachError
from synthetic_data.make import make


def main(
    out: Annotated[Path, typer.Option(help="folder of the deliveries: <out>/<register>/<file>")],
    truth: Annotated[Path, typer.Option(help="folder of the truth, apart from the deliveries")],
    persons: Annotated[int, typer.Option(help="people, living and dead")] = 60_000,
    seed: Annotated[int, typer.Option(help="same seed, same bytes")] = 7,
    as_of: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="the day on which the data set ends")
    ] = datetime(2025, 8, 15),  # noqa: DTZ001
    communes: Annotated[int | None, typer.Option(help="how many of the 130 communes; all by default")] = None,
    noise: Annotated[float, typer.Option(help="factor on all rates of errors; 0 gives clean data")] = 1.0,
    with_bad: Annotated[bool, typer.Option(help="also one file without a required column")] = True,
) -> None:
    """Write made-up registers with planted errors, and the truth behind them."""
    try:
        summary = make(out, truth, persons, seed, as_of.date(), communes, noise, with_bad, progress=print)
    except SosachError as error:
        print(f"error: {error}")
        raise typer.Exit(2) from error
    for register, rows in summary.records.items():
        print(f"{register}: {rows} records")
    print(
        f"{summary.files} files, {sum(summary.corruptions.values())} records with planted errors"
        f" of {len(summary.corruptions)} kinds"
    )


if __name__ == "__main__":
    typer.run(main)
