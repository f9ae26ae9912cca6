"""The check stage of one register: its suites, run by a Great Expectations checkpoint over one fused pass.

Holds the entry point and the making of suites. Import it inside a task only: that takes seconds.
Engine, metric, Expectation and action are in ``gx_engine``, ``gx_expectation`` and ``gx_actions``; the SQL is in
``compile``.
"""

import logging
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import great_expectations as gx
from great_expectations.data_context.types.base import ProgressBarsConfig

from sosach.checks.catalogue import load_catalogue
from sosach.checks.contract import open_findings, open_run
from sosach.checks.fused import FusedPass
from sosach.checks.gx_actions import WriteResult
from sosach.checks.gx_engine import Bridge, bridged
from sosach.checks.gx_expectation import expectation
from sosach.checks.gx_made import MadeCheckpoint, MadeDefinition, MadeSuite
from sosach.checks.parts import gx_json, write_parts
from sosach.checks.rule import Rule
from sosach.duck import connect
from sosach.errors import SettingsError
from sosach.lake import Lake, write_json
from sosach.settings import Settings


def check_register(settings: Settings, run_id: str, register: str, as_of: date) -> dict[str, int]:
    """Check every record of one register against every rule that stands on it.

    Reads the run's core tables and, where rules ask for them, the tables of linkage. Writes
    the register's part of every result table and ``gx.json`` under ``checks/<register>/``.

    Args:
        settings: the installation.
        run_id: the run.
        register: id of the register.
        as_of: date of the run, which rules may ask for.

    Returns:
        Counts: ``records, rules, violations, mended, engine_errors``; trial rules are counted in ``trial`` alone.

    Raises:
        RuleFileError: a rule file is wrong.
        SettingsError: there is no such register.
    """
    catalogue = load_catalogue(settings.expectations)
    if register not in catalogue.registers:
        raise SettingsError(f"{register!r} is no register; there are {', '.join(catalogue.registers)}.")
    run = Lake(settings.home).run(run_id)
    suites = catalogue.suites_of(register)
    rules = [rule for members in suites.values() for rule in members]
    with connect(settings) as con:
        open_run(con, settings.expectations, run, {register}.union(*(rule.tables for rule in rules)))
        fused = FusedPass(con, catalogue.registers[register], rules, as_of, catalogue.registers)
        with bridged(Bridge(con, fused.run)) as bridge:
            written = gx_json(run, register)
            if suites:
                _run_checkpoint(register, suites, written)
            else:
                write_json(written, {"register": register, "suites": []})
            results = bridge.results  # raises what stopped the pass, which the checkpoint has turned into failures
        con.execute(f"CREATE TEMP TABLE _before AS {open_findings(run, register)}")
        fused.standing("_before")
        write_parts(con, run, register, suites, results)
        row = con.execute(f'SELECT count(*) FROM "{register}"').fetchone()
    counted = [results[rule.id] for rule in rules if not rule.trial]
    return {
        "records": int(row[0]) if row else 0,
        "rules": len(counted),
        "violations": sum(result.n_fail for result in counted),
        "mended": sum(result.n_mended for result in counted),
        "engine_errors": sum(result.error is not None for result in results.values()),
        "trial": len(rules) - len(counted),
    }


def _run_checkpoint(register: str, suites: Mapping[str, tuple[Rule, ...]], written: Path) -> None:
    """Run the register's suites in an ephemeral context; its action writes the result, without values."""
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sosach_duckdb(name="sosach", connection_string="duckdb:///:memory:")
    batch = source.add_table_asset(name=register, table_name=register).add_batch_definition_whole_table(register)
    definitions: list[gx.ValidationDefinition] = [
        MadeDefinition(
            name=name, data=batch, suite=MadeSuite(name=name, expectations=[expectation(rule) for rule in rules])
        )
        for name, rules in suites.items()
    ]
    checkpoint = MadeCheckpoint(
        name=register,
        validation_definitions=definitions,
        actions=[WriteResult(name="write_result", register_id=register, path=str(written))],
        result_format="BASIC",
    )
    checkpoint.run()
