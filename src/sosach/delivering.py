"""How a register is delivered: section ``delivering:`` of ``register.yaml``, a closed schema with defaults.

Holds declarations only; what follows from them is in ``sosach.ingest`` (``replacing``, ``expected``, ``drift``). No
register declares ``expected`` as shipped: the dossier knows campaigns with a beginning and an end, but no rhythm in
which units send their files. An installation that agrees on one with its units adds it.
"""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Policy = Literal["accept", "quarantine", "stop"]
Kind = Literal["added", "missing", "renamed", "retyped"]


class Expected(BaseModel):
    """Who has to deliver how often: every unit of the level ``by`` that exists at the end of the period.

    The first period is the one that holds ``from``; a delivery is due ``due_days`` days after its period ended (with
    ``once``: after ``from``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    every: Literal["month", "quarter", "year", "once"]
    by: Literal["commune", "district", "province"] = "commune"
    due_days: int = Field(default=10, ge=0, le=366)
    begins: date = Field(alias="from")


class DriftPolicy(BaseModel):
    """What happens to a delivery whose columns differ: ``quarantine`` holds it back, ``stop`` refuses it.

    A missing column that is required always refuses the delivery.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    added: Policy = "accept"
    missing: Policy = "accept"
    renamed: Policy = "accept"
    retyped: Policy = "quarantine"

    def of(self, kind: Kind) -> Policy:
        """The policy for one kind of difference."""
        policies: dict[Kind, Policy] = {
            "added": self.added,
            "missing": self.missing,
            "renamed": self.renamed,
            "retyped": self.retyped,
        }
        return policies[kind]


class Delivering(BaseModel):
    """The whole section; every part may be left out.

    ``date`` names the date field whose values say which period a delivery is about where neither a handover note nor
    its path does. ``replace``: ``by_key`` lets a later row replace an earlier one of the same key and identity;
    ``whole_period`` also lets a later delivery of the same unit, period and sender replace the earlier one whole.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: str = ""
    replace: Literal["by_key", "whole_period"] = "by_key"
    expected: Expected | None = None
    drift: DriftPolicy = DriftPolicy()
