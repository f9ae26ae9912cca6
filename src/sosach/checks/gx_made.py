"""Suite, validation definition and checkpoint that are made, run once and thrown away.

Great Expectations keeps its objects in stores and asks many times in a run whether each is still as it was stored, by
reading the stored text back and comparing; results are serialised for a store too. With hundreds of rules that costs
more than checking the data. These objects are made from the rule files and run in the same process, so they are what
they are, and their result is written by the checkpoint's own action. Holds no rule and no engine.
"""

from typing import Any

import great_expectations as gx
from great_expectations.core.freshness_diagnostics import (
    CheckpointFreshnessDiagnostics,
    ExpectationSuiteFreshnessDiagnostics,
    ValidationDefinitionFreshnessDiagnostics,
)


class MadeSuite(gx.ExpectationSuite):
    """A suite that nobody stores."""

    def is_fresh(self) -> ExpectationSuiteFreshnessDiagnostics:
        """Always: there is no stored one to differ from."""
        return ExpectationSuiteFreshnessDiagnostics(errors=[])


class _NoStore:
    """Takes results and keeps none; the checkpoint's action has them."""

    cloud_mode = False

    def store_validation_results(self, **_result: Any) -> None:
        """Do nothing."""


class MadeDefinition(gx.ValidationDefinition):
    """A validation definition that nobody stores."""

    def is_fresh(self) -> ValidationDefinitionFreshnessDiagnostics:
        """Always: there is no stored one to differ from."""
        return ValidationDefinitionFreshnessDiagnostics(errors=[])

    @property
    def _validation_results_store(self) -> Any:
        return _NoStore()


class MadeCheckpoint(gx.Checkpoint):
    """A checkpoint that nobody stores."""

    def is_fresh(self) -> CheckpointFreshnessDiagnostics:
        """Always: there is no stored one to differ from."""
        return CheckpointFreshnessDiagnostics(errors=[])
