"""``sosach links``: why a record was linked as it was, and the weights behind it. Holds no logic."""

from pathlib import Path
from typing import Annotated

import typer

from sosach.errors import SettingsError
from sosach.lake import Lake, atomic_path
from sosach.settings import Settings

links_app = typer.Typer(help="Links between records: explanations in words and weights.", no_args_is_help=True)
Home = Annotated[
    Path | None, typer.Option(help="Folder of the lake, the runs and the state (default: SOSACH_HOME or var/home).")
]
RunId = Annotated[str, typer.Option(help="The run, as printed by ingest.")]


def _settings(home: Path | None) -> Settings:
    return Settings(home=home) if home else Settings()


def _png(path: Path) -> Path:
    if path.suffix.lower() != ".png" or not path.parent.is_dir():
        raise SettingsError(f"{path}: give a file name that ends with .png, in a folder that is there.")
    return path


@links_app.command(name="explain")
def explain(
    register: Annotated[str, typer.Argument(help="Register of the record, such as khai_sinh.")],
    record_key: Annotated[str, typer.Argument(help="Its key or record id, as in links.parquet.")],
    run_id: RunId,
    actor: Annotated[str, typer.Option(help="Who asks; kept in the access log.")],
    role: Annotated[str | None, typer.Option(help="One role of the record, such as me (default: all).")] = None,
    picture: Annotated[Path | None, typer.Option(help="Also draw the first scored pair into this PNG file.")] = None,
    purpose: Annotated[str, typer.Option(help="What for; kept in the access log.")] = "giải thích liên kết",
    home: Home = None,
) -> None:
    """Print a record's link and the candidates beside it, in Vietnamese words and weights; every look-up is logged."""
    from sosach.link.explain_run import explain_record, link_lines

    target = _png(picture) if picture else None
    model, links = explain_record(_settings(home), run_id, register, record_key, role, actor, purpose)
    for line in link_lines(links):
        typer.echo(line)
    if target:
        from sosach.link.weights_chart import draw_pair

        scored = [c.explanation for link in links for c in link.candidates if c.explanation is not None]
        if not scored:
            raise SettingsError(f"{target}: not drawn, for no pair of this record was scored.")
        with atomic_path(target) as draft:
            draft.write_bytes(draw_pair(scored[0], model.config.link_weight, model.config.review_weight))


@links_app.command(name="weights")
def weights(
    run_id: RunId,
    out: Annotated[Path, typer.Option(help="PNG file to write.")],
    home: Home = None,
) -> None:
    """Draw the weights with which a run was linked, and print what its model could not learn."""
    from sosach.link import model_file
    from sosach.link.weights_chart import draw_model

    target = _png(out)
    model = model_file.load(Lake(_settings(home).home).run(run_id).root / model_file.FILE)
    with atomic_path(target) as draft:
        draft.write_bytes(draw_model(model))
    for note in model.notes:
        typer.echo(note)
