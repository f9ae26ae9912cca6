"""Data Docs: what the checkpoints found, as pages for engineers.

Holds the reading of ``gx.json`` and the writing of pages: an index and a page a suite. The pages carry counts and rule
texts, no value of a record and no outside address. Officers read other pages (``report``).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sosach.checks.parts import gx_json
from sosach.errors import MissingArtefactError
from sosach.lake import Lake, atomic_dir, read_json
from sosach.manifest import read_manifest
from sosach.registers import load_registers
from sosach.report import words
from sosach.report.vn import NOTHING, ngay
from sosach.settings import Settings

COUNTED = ("evaluated", "successful", "failed", "undecided", "not_applicable", "engine_errors", "trial")
"""Numbers of rules that the index shows; the first is the sum of the next five, trial rules are beside."""


def render_data_docs(settings: Settings, run_id: str) -> Path:
    """Write the Data Docs of a run.

    Args:
        settings: the installation.
        run_id: a run whose registers have been checked.

    Returns:
        The index page.

    Raises:
        MissingArtefactError: no register of the run has been checked.
    """
    _, manifest = read_manifest(settings, run_id)
    run = Lake(settings.home).run(run_id)
    registers = load_registers(settings.expectations)
    checked = {name: gx_json(run, name) for name in registers if gx_json(run, name).is_file()}
    if not checked:
        raise MissingArtefactError(f"{run.root / 'checks'}: no gx.json. Check a register first.")
    suites = [
        _suite(suite, registers[name].title) for name, path in checked.items() for suite in read_json(path)["suites"]
    ]
    suites.sort(key=lambda suite: str(suite["suite"]))
    common = {
        "run_id": run_id,
        "as_of": manifest.as_of,
        "catalogue": manifest.catalogue[:12],
        "registers": {name: registers[name].title for name in checked},
    }
    pages = _environment()
    with atomic_dir(run.docs) as folder:
        index = pages.get_template("index.html.j2").render(suites=suites, totals=_totals(suites), **common)
        (folder / "index.html").write_text(index, encoding="utf-8")
        for suite in suites:
            page = pages.get_template("suite.html.j2").render(suite=suite, **common)
            (folder / f"{suite['suite']}.html").write_text(page, encoding="utf-8")
    return run.docs / "index.html"


def number(value: float | int | None, digits: int = 0) -> str:
    """A number as Vietnamese readers write it: ``1.234.567``, ``12,50``; a dash where there is none."""
    if value is None:
        return NOTHING
    return f"{value:,.{digits}f}".translate(str.maketrans(",.", ".,"))


def span(dates: Mapping[str, str | None]) -> str:
    """The dates of a law or an era: ``từ 01/01/2015 đến 31/12/2020``; empty where there is none."""
    ends = ((word, dates[key]) for word, key in (("từ", "from"), ("đến", "to")))
    return " ".join(f"{word} {ngay(date.fromisoformat(day))}" for word, day in ends if day)


def state(line: Mapping[str, Any]) -> str:
    """Key of ``words.RULE_STATES``: only a rule that decided something is right or wrong."""
    return "failed" if line["status"] == "ok" and not line["success"] else str(line["status"])


def _suite(suite: dict[str, Any], register_title: str) -> dict[str, Any]:
    lines = suite["results"]
    return {
        **suite,
        "register_title": register_title,
        "dimension": words.DIMENSIONS[suite["suite"].split(".")[-1]][0],
        "failed": sum(state(line) == "failed" and not line["trial"] for line in lines),
        "counted": [line for line in lines if not line["trial"]],
        "on_trial": [line for line in lines if line["trial"]],
    }


def _totals(suites: Iterable[dict[str, Any]]) -> dict[str, int]:
    listed = list(suites)
    return {key: sum(int(suite[key]) for suite in listed) for key in COUNTED}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sosach.checks"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "span": span, "state": state}
    environment.globals["words"] = words
    return environment
