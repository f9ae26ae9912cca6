"""``sosach status``: one citizen's marital status on a day, with its proof. Holds no logic."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from sosach.settings import Settings


def status(
    so_dinh_danh: Annotated[str, typer.Argument(help="Identity number (12 digits); printed masked.")],
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day whose status is asked for.")],
    run_id: Annotated[str, typer.Option(help="The run, as printed by ingest.")],
    actor: Annotated[str, typer.Option(help="Who asks; kept in the access log.")],
    purpose: Annotated[str, typer.Option(help="What for; kept in the access log.")] = "tra cứu tình trạng hôn nhân",
    home: Annotated[
        Path | None, typer.Option(help="Folder of the lake, the runs and the state (default: SOSACH_HOME or var/home).")
    ] = None,
) -> None:
    """Print a citizen's marital status on a day with its proof chain, in Vietnamese; every look-up is logged."""
    from sosach.campaign.results import CLASS_TITLES
    from sosach.link.doubts import REASONS
    from sosach.link.lookup import lines_of, look_up

    settings = Settings(home=home) if home else Settings()
    answer = look_up(settings, run_id, so_dinh_danh, on.date(), actor, purpose)
    for line in lines_of(answer, CLASS_TITLES[answer.class_code], REASONS):
        typer.echo(line)
