"""One rule as an Expectation of Great Expectations.

Holds how a rule's result becomes success, counts and Vietnamese text. Holds no SQL: the result comes from the metric.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from great_expectations.core import ExpectationValidationResult
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.render.components import RenderedAtomicContent, renderedAtomicValueSchema
from great_expectations.render.renderer.renderer import renderer
from great_expectations.render.renderer_configuration import RendererConfiguration, RendererValueType
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validator import ValidationDependencies

from sosach.checks.fused import RuleResult
from sosach.checks.gx_engine import METRIC
from sosach.checks.rule import Rule

ROW_COUNT = "table.row_count"


_OBSERVED = {
    "ok": "{found} vi phạm",
    "undecided": "chưa kết luận được: mọi bản ghi thuộc diện áp dụng đều thiếu thông tin cần thiết",
    "not_applicable": "không có bản ghi nào thuộc diện áp dụng",
    "engine_error": "chưa kiểm tra được",
}
"""What is said of a rule's outcome, by its status."""


def _metric(name: str, batch_id: str | None) -> MetricConfiguration:
    return MetricConfiguration(name, metric_domain_kwargs={"batch_id": batch_id}, metric_value_kwargs={})


class RuleEngineError(Exception):
    """A rule could not be evaluated; the text holds no value of a record."""


class ExpectRecordsToSatisfyRule(BatchExpectation):
    """No more records of the register fail the rule than it tolerates.

    ``of`` says what the rule judges: ``records`` or ``units`` (figures of units and periods).
    """

    rule_id: str
    max_failed: int = 0
    of: str = "records"

    metric_dependencies: ClassVar[tuple[str, ...]] = (ROW_COUNT, METRIC)
    success_keys: ClassVar[tuple[str, ...]] = ("rule_id", "max_failed", "of")
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)
    args_keys: ClassVar[tuple[str, ...]] = ("rule_id", "max_failed", "of")

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: Any = None
    ) -> ValidationDependencies:
        """The two metrics, the same for every rule of a register, so that each is computed once."""
        return ValidationDependencies(
            {name: _metric(name, self.batch_id) for name in self.metric_dependencies},
            (runtime_configuration or {}).get("result_format", {}),
        )

    def metrics_validate(
        self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None, **_more: Any
    ) -> ExpectationValidationResult:
        """Judge by the computed metrics; the base class builds its own configuration a dozen times to do the same."""
        provided = {name: metrics[_metric(name, self.batch_id).id] for name in self.metric_dependencies}
        return self._build_evr(self._validate(provided))

    def _validate(
        self, metrics: Mapping[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        outcome: RuleResult = metrics[METRIC][self.rule_id]
        if outcome.error is not None:
            raise RuleEngineError(outcome.error)
        if self.of == "records" and outcome.n_records != metrics[ROW_COUNT]:
            raise RuleEngineError(f"the pass saw {outcome.n_records} records, the batch has {metrics[ROW_COUNT]}")
        decided = outcome.n_pass + outcome.n_fail
        return {
            "success": outcome.n_fail <= self.max_failed,
            "result": {
                "element_count": outcome.n_records,
                "unexpected_count": outcome.n_fail,
                "unexpected_percent": 100 * outcome.n_fail / decided if decided else None,
                "missing_count": outcome.n_undecided,
                "details": {
                    "status": outcome.status,
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
        renderer_configuration.add_param(name="max_failed", param_type=RendererValueType.NUMBER)
        tolerated = " Cho phép tối đa $max_failed vi phạm." if renderer_configuration.kwargs.get("max_failed") else ""
        renderer_configuration.template_str = f"Không có vi phạm quy tắc $rule_id.{tolerated}"
        return renderer_configuration

    @classmethod
    @renderer(renderer_type="atomic.diagnostic.observed_value")
    def _atomic_diagnostic_observed_value(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> RenderedAtomicContent:
        outcome = result.result if result is not None else {}
        status = outcome.get("details", {}).get("status", "engine_error")
        text = _OBSERVED[status].format(found=outcome.get("unexpected_count"))
        schema = {"type": "com.superconductive.rendered.string"}
        value = renderedAtomicValueSchema.load({"template": text, "params": {}, "schema": schema})
        return RenderedAtomicContent(name="atomic.diagnostic.observed_value", value=value, value_type="StringValueType")


def expectation(rule: Rule) -> ExpectRecordsToSatisfyRule:
    """The Expectation of a rule, with title, law and severity on it."""
    law = [
        {
            "text": item.text,
            "from": _iso(item.from_),
            "to": _iso(item.to),
            "source": item.source,
            "certainty": item.certainty,
        }
        for item in rule.law
    ]
    era = {"by": rule.era.by, "from": _iso(rule.era.from_), "to": _iso(rule.era.to)} if rule.era else None
    of = "units" if rule.aggregate else "records"
    return ExpectRecordsToSatisfyRule(
        rule_id=rule.id,
        max_failed=rule.max_failed,
        of=of,
        description=f"{rule.id}. {rule.title}",
        notes=rule.what_to_do,
        severity=FailureSeverity(rule.severity),
        meta={
            "rule_id": rule.id,
            "version": rule.version,
            "title": rule.title,
            "answer": rule.answer,
            "law": law,
            "era": era,
            "trial": rule.trial,
            "of": of,
        },
    )


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None
