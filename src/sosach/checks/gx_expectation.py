"""One rule as an Expectation of Great Expectations.

Holds how a rule's result becomes success, counts and Vietnamese text. Holds no SQL: the result comes from the metric.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.render.components import RenderedAtomicContent, renderedAtomicValueSchema
from great_expectations.render.renderer.renderer import renderer
from great_expectations.render.renderer_configuration import RendererConfiguration, RendererValueType

from sosach.checks.fused import RuleResult
from sosach.checks.gx_engine import METRIC
from sosach.checks.rule import Rule

ROW_COUNT = "table.row_count"


class RuleEngineError(Exception):
    """A rule could not be evaluated; the text holds no value of a record."""


class ExpectRecordsToSatisfyRule(BatchExpectation):
    """No more records of the register fail the rule than it tolerates."""

    rule_id: str
    max_failed: int = 0

    metric_dependencies: ClassVar[tuple[str, ...]] = (ROW_COUNT, METRIC)
    success_keys: ClassVar[tuple[str, ...]] = ("rule_id", "max_failed")
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)
    args_keys: ClassVar[tuple[str, ...]] = ("rule_id", "max_failed")

    def _validate(
        self, metrics: Mapping[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        outcome: RuleResult = metrics[METRIC][self.rule_id]
        if outcome.error is not None:
            raise RuleEngineError(outcome.error)
        if outcome.n_records != metrics[ROW_COUNT]:
            raise RuleEngineError(f"the pass saw {outcome.n_records} records, the batch has {metrics[ROW_COUNT]}")
        decided = outcome.n_pass + outcome.n_fail
        return {
            "success": outcome.n_fail <= self.max_failed,
            "result": {
                "element_count": outcome.n_records,
                "unexpected_count": outcome.n_fail,
                "unexpected_percent": 100 * outcome.n_fail / decided if decided else 0.0,
                "missing_count": outcome.n_undecided,
                "details": {
                    "n_pass": outcome.n_pass,
                    "n_fail": outcome.n_fail,
                    "n_undecided": outcome.n_undecided,
                    "n_not_applicable": outcome.n_not_applicable,
                    "n_mended": outcome.n_mended,
                },
            },
        }

    @classmethod
    def _prescriptive_template(cls, renderer_configuration: RendererConfiguration[Any]) -> RendererConfiguration[Any]:
        renderer_configuration.add_param(name="rule_id", param_type=RendererValueType.STRING)
        renderer_configuration.template_str = "Mọi bản ghi thỏa quy tắc $rule_id."
        return renderer_configuration

    @classmethod
    @renderer(renderer_type="atomic.diagnostic.observed_value")
    def _atomic_diagnostic_observed_value(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> RenderedAtomicContent:
        found = (result.result if result is not None else {}).get("unexpected_count")
        text = "chưa kiểm tra được" if found is None else f"{found} bản ghi vi phạm"
        schema = {"type": "com.superconductive.rendered.string"}
        value = renderedAtomicValueSchema.load({"template": text, "params": {}, "schema": schema})
        return RenderedAtomicContent(name="atomic.diagnostic.observed_value", value=value, value_type="StringValueType")


def expectation(rule: Rule) -> ExpectRecordsToSatisfyRule:
    """The Expectation of a rule, with title, law and severity on it."""
    law = [
        {"text": item.text, "from": _iso(item.from_), "to": _iso(item.to), "source": item.source} for item in rule.law
    ]
    return ExpectRecordsToSatisfyRule(
        rule_id=rule.id,
        max_failed=rule.max_failed,
        description=f"{rule.id}. {rule.title}",
        notes=rule.what_to_do,
        severity=FailureSeverity(rule.severity),
        meta={"rule_id": rule.id, "version": rule.version, "title": rule.title, "answer": rule.answer, "law": law},
    )


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None
