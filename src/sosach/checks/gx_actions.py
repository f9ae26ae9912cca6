"""What a checkpoint does with its result: write it down, without any value of a record.

Holds the action and the shape of ``gx.json``. Holds no rule and no page (see ``data_docs``).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from great_expectations.checkpoint.actions import ValidationAction

from sosach.checks.gx_engine import pass_failed
from sosach.lake import write_json


class WriteResult(ValidationAction):
    """Writes the outcome of a register's suites to ``path`` as JSON: counts, statuses and meta of every rule."""

    type: Literal["sosach_write_result"] = "sosach_write_result"
    register_id: str
    path: str

    def run(self, checkpoint_result: Any, action_context: Any = None) -> dict[str, Any]:
        """Called by the checkpoint when all suites have run; nothing is written where the pass itself was stopped."""
        if pass_failed():
            return {"suites": 0}
        suites = [_suite(result) for result in checkpoint_result.run_results.values()]
        write_json(Path(self.path), {"register": self.register_id, "suites": suites})
        return {"suites": len(suites)}


def _suite(result: Any) -> dict[str, Any]:
    lines = [_line(line) for line in result.results]
    counted = [line for line in lines if not line["trial"]]
    statuses = [line["status"] for line in counted]
    return {
        "suite": result.suite_name,
        "success": all(line["success"] is not False and line["status"] != "engine_error" for line in counted),
        "evaluated": len(counted),
        "successful": sum(line["success"] is True for line in counted),
        "engine_errors": statuses.count("engine_error"),
        "undecided": statuses.count("undecided"),
        "not_applicable": statuses.count("not_applicable"),
        "trial": len(lines) - len(counted),
        "results": lines,
    }


def _line(line: Any) -> dict[str, Any]:
    """One rule: ``success`` is None where nothing was decided or the rule could not run."""
    config = line.expectation_config
    error = _exception_text(line.exception_info)
    result = line.result or {}
    details = result.get("details", {})
    status = "engine_error" if error else details["status"]
    return {
        "rule_id": config.meta["rule_id"],
        **{key: config.meta[key] for key in ("version", "title", "law", "era", "trial", "of")},
        "severity": str(config.severity.value),
        "expectation_type": config.type,
        "max_failed": config.kwargs.get("max_failed", 0),
        "status": status,
        "exception": error,
        "success": bool(line.success) if status == "ok" else None,
        "element_count": result.get("element_count"),
        "unexpected_count": result.get("unexpected_count"),
        "unexpected_percent": result.get("unexpected_percent"),
        **{key: details.get(key) for key in ("n_pass", "n_undecided", "n_not_applicable", "n_mended")},
    }


def _exception_text(info: Mapping[str, Any] | None) -> str | None:
    """The message of an exception; Great Expectations gives it in two shapes, flat or keyed by metric."""
    if not info:
        return None
    shapes = [info] if "raised_exception" in info else list(info.values())
    raised = [str(shape["exception_message"]) for shape in shapes if shape["raised_exception"]]
    return "; ".join(raised) or None
