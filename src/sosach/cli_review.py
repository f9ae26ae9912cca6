"""``sosach review``: a drawn sample for blind double review, and what the answers say. Prints counts, never records."""

from pathlib import Path
from typing import Annotated

import typer

from sosach.errors import SettingsError
from sosach.settings import Settings

review_app = typer.Typer(
    help="Clerical review of links: a drawn sample for two blind reviewers, and its score.", no_args_is_help=True
)
Home = Annotated[
    Path | None, typer.Option(help="Folder of the lake, the runs and the state (default: SOSACH_HOME or var/home).")
]
RunId = Annotated[str, typer.Option(help="The run, as printed by ingest.")]
Actor = Annotated[str, typer.Option(help="Who takes the workbooks out; kept in the access log.")]


def _settings(home: Path | None) -> Settings:
    return Settings(home=home) if home else Settings()


def _strata(given: list[str]) -> dict[str, int]:
    """``refused_near=40`` and so on."""
    found = {}
    for text in given:
        name, _, number = text.partition("=")
        if not number.isdecimal() or not int(number):
            raise SettingsError(f"--stratum {text}: write it as <stratum>=<pairs>, such as refused_near=40.")
        found[name] = int(number)
    return found


@review_app.command(name="draw")
def draw(
    run_id: RunId,
    out: Annotated[Path, typer.Option(help="New folder for the two workbooks; personal data.")],
    actor: Actor,
    size: Annotated[int, typer.Option(help="How many pairs, shared out over the strata.")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="Names the draw; another draw of the run needs another.")] = 1,
    stratum: Annotated[
        list[str] | None, typer.Option(help="Instead of --size: <stratum>=<pairs>, as score asks for; may be repeated.")
    ] = None,
    home: Home = None,
) -> None:
    """Draw pairs and write them for reviewers A and B, blind and in different order; the key stays in the run."""
    from sosach.link.review import draw_review
    from sosach.link.review_words import draw_lines

    if not actor.strip():
        raise SettingsError("--actor: personal data is handed out to somebody; say who.")
    key = draw_review(_settings(home), run_id, seed, size, out, actor, _strata(stratum or []) or None)
    for line in draw_lines(key, out):
        typer.echo(line)


@review_app.command(name="score")
def score(
    files: Annotated[list[Path], typer.Argument(help="The workbooks that came back: A, B, and C of a third.")],
    run_id: RunId,
    width: Annotated[float, typer.Option(min=0.0001, max=1.0, help="An interval narrower than this is enough.")] = 0.02,
    third: Annotated[
        Path | None, typer.Option(help="Write the pairs in dispute to this new workbook, for a third to settle.")
    ] = None,
    actor: Annotated[str, typer.Option(help="Who takes that workbook out; kept in the access log.")] = "",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here as JSON.")] = None,
    home: Home = None,
) -> None:
    """Print agreement, precision and recall with 95% intervals, pairs in dispute, and how many more are needed."""
    from sosach.lake import write_json
    from sosach.link.review import score_review, write_third
    from sosach.link.review_words import score_json, score_lines

    if third and not actor.strip():
        raise SettingsError("--actor: personal data is handed out to somebody; say who.")
    settings = _settings(home)
    result = score_review(settings, run_id, files, width)
    if json_file:
        write_json(json_file, score_json(result))
    for line in score_lines(result, width):
        typer.echo(line)
    if third and result.disputed:
        write_third(settings, run_id, result.disputed, third, actor)
        typer.echo(f"{third}: {len(result.disputed)} pairs for a third reviewer")
