"""The check stage of one register: its suites, run by a Great Expectations checkpoint over one fused pass.

Holds the entry point and the making of suites. Import it inside a task only: that takes seconds.
Engine, metric and Expectation are in ``gx_engine`` and ``gx_expectation``; the SQL is in ``compile``.
"""

import logging
from collections.abc import Mapping
from datetime import date
from typing import Any

import great_expectations as gx
from great_expectations.data_context.types.base import ProgressBarsConfig

from sosach.checks.catalogue import load_catalogue
from sosach.checks.contract import open_run
from sosach.checks.fused import FusedPass
from sosach.checks.gx_engine import Bridge, bridged
from sosach.checks.gx_expectation import expectation
from sosach.checks.parts import gx_json, write_parts
from sosach.checks.rule import Rule
from sosach.duck import connect
from sosach.errors import SettingsError
from sosach.lake import Lake, write_json
from sosach.settings import Settings


def check_register(settings: Settings, run_id: str, register: str, as_of: date) -> dict[str, int]:
    """Check every record of one register against every rule that stands on it.

    Reads the run's core tables and, where rules ask for them, the tables of linkage. Writes
    ``checks/<register>/{violations,evidence,rule_results,rule_results_by_unit}.parquet`` and ``gx.json``.

    Args:
        settings: the installation.
        run_id: the run.
        register: id of the register.
        as_of: date of the run, which rules may ask for.

    Returns:
        Counts: ``records, rules, violations, mended, engine_errors``.

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
        open_run(con, settings.expectations, run)
        fused = FusedPass(con, catalogue.registers[register], rules, as_of)
        with bridged(Bridge(con, fused.run)) as bridge:
            summary = _run_checkpoint(register, suites) if suites else []
            results = bridge.results  # raises what stopped the pass, which the checkpoint has turned into failures
        write_parts(con, run, register, suites, results)
        row = con.execute(f'SELECT count(*) FROM "{register}"').fetchone()
    write_json(gx_json(run, register), {"register": register, "suites": summary})
    return {
        "records": int(row[0]) if row else 0,
        "rules": len(rules),
        "violations": sum(result.n_fail for result in results.values()),
        "mended": sum(result.n_mended for result in results.values()),
        "engine_errors": sum(result.error is not None for result in results.values()),
    }


def _run_checkpoint(register: str, suites: Mapping[str, tuple[Rule, ...]]) -> list[dict[str, Any]]:
    """Run the register's suites in an ephemeral context; the result without any value of a record."""
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sosach_duckdb(name="sosach", connection_string="duckdb:///:memory:")
    batch = source.add_table_asset(name=register, table_name=register).add_batch_definition_whole_table(register)
    definitions = []
    for name, rules in suites.items():
        suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=[expectation(rule) for rule in rules]))
        definitions.append(
            context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))
        )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name=register, validation_definitions=definitions, result_format="BASIC")
    )
    outcome = checkpoint.run()
    by_suite = {result.suite_name: result for result in outcome.run_results.values()}
    return [_suite_summary(name, by_suite[name], rules) for name, rules in suites.items()]


def _suite_summary(name: str, result: Any, rules: tuple[Rule, ...]) -> dict[str, Any]:
    lines = {line.expectation_config.kwargs["rule_id"]: line for line in result.results}
    checked = [_line_summary(lines[rule.id], rule) for rule in rules]
    return {
        "suite": name,
        "success": bool(result.success),
        "evaluated": len(checked),
        "successful": sum(line["success"] and not line["exception"] for line in checked),
        "engine_errors": sum(bool(line["exception"]) for line in checked),
        "results": checked,
    }


def _line_summary(line: Any, rule: Rule) -> dict[str, Any]:
    config = line.expectation_config
    error = _exception_text(line.exception_info)
    result = line.result or {}
    return {
        "rule_id": rule.id,
        "version": config.meta["version"],
        "title": config.meta["title"],
        "law": config.meta["law"],
        "severity": str(config.severity.value),
        "expectation_type": config.type,
        "max_failed": rule.max_failed,
        "status": "engine_error" if error else "ok",
        "exception": error,
        "success": bool(line.success),
        "element_count": result.get("element_count"),
        "unexpected_count": result.get("unexpected_count"),
        "unexpected_percent": result.get("unexpected_percent"),
        **{
            key: result.get("details", {}).get(key) for key in ("n_pass", "n_undecided", "n_not_applicable", "n_mended")
        },
    }


def _exception_text(info: Mapping[str, Any] | None) -> str | None:
    """The message of an exception; Great Expectations gives it in two shapes, flat or keyed by metric."""
    if not info:
        return None
    shapes = [info] if "raised_exception" in info else list(info.values())
    raised = [str(shape["exception_message"]) for shape in shapes if shape["raised_exception"]]
    return "; ".join(raised) or None
