"""The ``sosach`` command: the whole pipeline or one stage. Holds no logic; prints counts, never records."""

import logging
from datetime import date, datetime
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from sosach import stages
from sosach.cli_links import links_app
from sosach.cli_review import review_app
from sosach.cli_status import status
from sosach.errors import SettingsError, SosachError
from sosach.privacy import withheld
from sosach.settings import Settings
from sosach.summary import summary

app = typer.Typer(
    help="Sổ Sạch: data quality for civil-status, court and residence registers.",
    no_args_is_help=True,
    add_completion=False,
)

rules_app = typer.Typer(help="The rule catalogue: listing, officers' page, export, difference.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")
app.command()(status)
deliveries_app = typer.Typer(help="Deliveries: what came, what was expected; holding and releasing one.")
app.add_typer(deliveries_app, name="deliveries")
app.add_typer(review_app, name="review")
app.add_typer(links_app, name="links")

Home = Annotated[
    Path | None, typer.Option(help="Folder of the lake, the runs and the state (default: SOSACH_HOME or var/home).")
]
Deliveries = Annotated[
    Path | None, typer.Option(help="Inbox with <register>/<file> (default: SOSACH_DELIVERIES or var/deliveries).")
]
AsOf = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The run's date: nothing later counts.")]
RunId = Annotated[str, typer.Option(help="The run, as printed by ingest.")]

STAGES = stages.PIPELINE


def _settings(home: Path | None, deliveries: Path | None = None) -> Settings:
    given = {"home": home, "deliveries": deliveries}
    return Settings(**{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]


def _say_stage(name: str, settings: Settings, run_id: str) -> None:
    started = perf_counter()
    typer.echo(f"{name:<10} …", err=True)
    STAGES[name](settings, run_id)
    typer.echo(f"{name:<10} done in {perf_counter() - started:.1f} s", err=True)


def _ingest(settings: Settings, as_of: date) -> str:
    started = perf_counter()
    typer.echo("ingest     …", err=True)
    for register in stages.register_ids(settings):
        counts = stages.ingest_register(settings, register, as_of)
        if counts["accepted"] or counts["refused"] or counts["held"]:
            typer.echo(
                f"  {register}: {counts['accepted']} accepted, {counts['duplicate']} known, "
                f"{counts['refused']} refused, {counts['held']} held",
                err=True,
            )
    run_id = stages.open_run(settings, as_of)
    typer.echo(f"ingest     done in {perf_counter() - started:.1f} s", err=True)
    return run_id


@app.command()
def run(as_of: AsOf, deliveries: Deliveries = None, home: Home = None) -> None:
    """Run every stage on the inbox and print the summary."""
    settings = _settings(home, deliveries)
    run_id = _ingest(settings, as_of.date())
    for name in STAGES:
        _say_stage(name, settings, run_id)
    for line in summary(settings, run_id):
        typer.echo(line)


@app.command()
def ingest(as_of: AsOf, deliveries: Deliveries = None, home: Home = None) -> None:
    """Take in new deliveries, open the run and print its id."""
    typer.echo(_ingest(_settings(home, deliveries), as_of.date()))


@app.command()
def pull(
    as_of: AsOf,
    sources: Annotated[list[str] | None, typer.Argument(help="Ids of declared sources (default: all).")] = None,
    deliveries: Deliveries = None,
    home: Home = None,
) -> None:
    """Bring what is new in the SQL sources into the inbox; a source that fails stops no other."""
    from sosach.ingest.sql_source_model import address_from_environment, load_sources
    from sosach.registers import load_registers

    settings = _settings(home, deliveries)
    declared = load_sources(settings.sources, load_registers(settings.expectations))
    if unknown := sorted(set(sources or ()) - set(declared)):
        raise SettingsError(
            f"{settings.sources}: no source {', '.join(unknown)}. Declared are: {', '.join(declared) or 'none'}."
        )
    if not declared:
        typer.echo(f"{settings.sources}: no source is declared", err=True)
    failed = []
    for source_id in sources or declared:
        try:
            url = address_from_environment(declared[source_id])
            counts = stages.pull_source(settings, source_id, url, as_of.date())
        except SosachError as error:
            failed.append(source_id)
            typer.echo(f"{source_id}: {error}", err=True)
        else:
            typer.echo(f"{source_id}: {counts['rows']} rows into {counts['register']}, {counts['files']} files")
    if failed:
        raise SosachError(f"{len(failed)} of {len(sources or declared)} sources failed: {', '.join(failed)}.")


@app.command(name="summary")
def show_summary(run_id: RunId, home: Home = None) -> None:
    """Print a finished run in ten lines."""
    for line in summary(_settings(home), run_id):
        typer.echo(line)


@app.command()
def evaluate(
    run_id: Annotated[str, typer.Option("--run", help="The run, as printed by ingest.")],
    truth: Annotated[Path, typer.Option(help="Truth folder written together with the synthetic deliveries.")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here as JSON.")] = None,
    markdown_file: Annotated[
        Path | None,
        typer.Option("--markdown", help="Write the tables here, between the page's markers if it has them."),
    ] = None,
    withheld: Annotated[
        bool, typer.Option(help="Also link again without identity numbers; takes as long as linking, twice.")
    ] = True,
    home: Home = None,
) -> None:
    """Compare a finished run on synthetic data with the truth behind them; counts only."""
    from sosach.evaluate.evaluation import evaluate as compare
    from sosach.evaluate.table import markdown, write_between_markers
    from sosach.lake import write_json

    def say(line: str) -> None:
        typer.echo(f"evaluate   {line} …", err=True)

    result = compare(_settings(home), run_id, truth, say, withheld=withheld)
    text = markdown(result)
    if json_file:
        write_json(json_file, result)
    if markdown_file:
        write_between_markers(markdown_file, text)
    typer.echo(text, nl=False)


@rules_app.command(name="list")
def list_rules() -> None:
    """Print every rule: code, version, suite, severity, trial or not, title."""
    from sosach.checks.catalogue import load_catalogue

    for suite, rules in load_catalogue(Settings().expectations).suites.items():
        for rule in rules:
            trial = "trial" if rule.trial else ""
            typer.echo(f"{rule.id:<18} v{rule.version:<3} {suite:<34} {rule.severity:<8} {trial:<5} {rule.title}")


@rules_app.command(name="page")
def rules_page(out: Annotated[Path, typer.Option(help="Folder that gets the page; other files in it stay.")]) -> None:
    """Write the officers' page of all rules, in Vietnamese."""
    from sosach.checks.catalogue import load_catalogue
    from sosach.checks.rule_words import rules_page as words_of
    from sosach.report.rules_page import FILE_NAME, write_rules_page

    expectations = Settings().expectations
    page = words_of(load_catalogue(expectations), expectations)
    write_rules_page(page, out / FILE_NAME)
    typer.echo(f"{out / FILE_NAME}: {len(page.entries):,} rules")


@rules_app.command(name="history")
def rule_history(
    rule: Annotated[str, typer.Option("--rule", help="A code (KH01) or one rule (KH01-2000).")], home: Home = None
) -> None:
    """Print what a rule has found in every run so far; counts only."""
    from sosach.checks.history import history

    typer.echo(
        f"{'as of':<12}{'rule':<20}{'status':<16}{'pass':>12}{'fail':>12}{'undecided':>12}{'not applicable':>16}"
    )
    for past in history(_settings(home), rule):
        counts = f"{past.n_pass:>12,}{past.n_fail:>12,}{past.n_undecided:>12,}{past.n_not_applicable:>16,}"
        typer.echo(f"{past.as_of!s:<12}{f'{past.rule_id} v{past.rule_version}':<20}{past.status:<16}{counts}")


@rules_app.command(name="export")
def export_rules(
    out: Annotated[Path, typer.Option(help="Folder of the suites; it is replaced and may hold nothing else.")],
) -> None:
    """Write the rules as native Great Expectations suites, one JSON file a suite."""
    from sosach.checks.export import export_suites

    files = export_suites(Settings().expectations, out)
    typer.echo(f"{out}: {len(files):,} suites")


@rules_app.command(name="diff")
def diff(
    run_id: Annotated[str, typer.Option("--run", help="The run whose data are used; it is only read.")],
    before: Annotated[Path, typer.Option(help="Folder of the expectations as they were.")],
    after: Annotated[
        Path | None, typer.Option(help="Folder of the expectations as they will be (default: the installation's).")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all counts here as JSON.")] = None,
    home: Home = None,
) -> None:
    """Show what a change of the rules does to the issues before it goes live; counts only."""
    from sosach.checks.diff import diff_rules
    from sosach.checks.diff_table import diff_table
    from sosach.lake import write_json

    settings = _settings(home)
    difference = diff_rules(settings, run_id, before, after or settings.expectations)
    if json_file:
        write_json(json_file, difference.as_json())
    for line in diff_table(difference):
        typer.echo(line)


@deliveries_app.callback(invoke_without_command=True)
def deliveries_table(
    context: typer.Context,
    register: Annotated[str, typer.Option(help="Only this register.")] = "",
    status: Annotated[
        str,
        typer.Option(
            help="Only accepted, held, replaced, refused; or received, late, missing, not_due of what was due."
        ),
    ] = "",
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As it stood on that day (default: all there is).")
    ] = None,
    home: Home = None,
) -> None:
    """Print deliveries with unit, period, rows and status, and what was expected; no personal data."""
    if context.invoked_subcommand is not None:
        return
    from sosach.ingest.delivery_tables import delivery_lines

    for line in delivery_lines(_settings(home), as_of.date() if as_of else None, register, status):
        typer.echo(line)


def _set_status(status: str, sha256: str, reason: str, actor: str, as_of: datetime, home: Path | None) -> None:
    from sosach.state import DeliveryEvent, StateStore

    with StateStore(_settings(home).state_url) as state:
        found = state.find_delivery(sha256)
        state.set_status(DeliveryEvent(found.sha256, status, reason, actor, as_of.date()))
    typer.echo(f"{found.delivery_id}  {found.register}  {found.file_name}: {status}")


Sha = Annotated[str, typer.Argument(help="SHA-256 of the delivery, or its first 8 digits or more.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the log of deliveries.")]
Actor = Annotated[str, typer.Option(help="Who decides; kept in the log of deliveries.")]


@deliveries_app.command(name="release")
def release_delivery(sha256: Sha, reason: Reason, actor: Actor, as_of: AsOf, home: Home = None) -> None:
    """Let the runs from that day on be about a held delivery."""
    _set_status("accepted", sha256, reason, actor, as_of, home)


@deliveries_app.command(name="hold")
def hold_delivery(sha256: Sha, reason: Reason, actor: Actor, as_of: AsOf, home: Home = None) -> None:
    """Keep a delivery out of the runs from that day on; its rows stay in the lake."""
    _set_status("held", sha256, reason, actor, as_of, home)


@deliveries_app.command(name="quarantine")
def quarantined_rows(run_id: RunId, home: Home = None) -> None:
    """Print the rows of a run that could not be keyed: file, place and reason; no cell."""
    from sosach.ingest.delivery_tables import quarantine_lines

    for line in quarantine_lines(_settings(home), run_id):
        typer.echo(line)


def _add_stage(name: str) -> None:
    def command(run_id: RunId, home: Home = None) -> None:
        _say_stage(name, _settings(home), run_id)

    app.command(name=name, help=(STAGES[name].__doc__ or "").split("\n")[0])(command)


for _name in STAGES:
    _add_stage(_name)


def main() -> None:
    """Entry point. An error with a message for the reader: that message, exit code 2. A crash: kind and place, 3."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        app()
    except SosachError as error:
        typer.echo(f"sosach: {error}", err=True)
        raise SystemExit(2) from None
    except Exception as error:
        typer.echo(f"sosach: crash: {withheld(error, __file__)}", err=True)
        raise SystemExit(3) from None


if __name__ == "__main__":
    main()
