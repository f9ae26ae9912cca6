"""The declaration of a campaign: one YAML file in ``campaigns/``. Holds no figure."""

from datetime import date
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sosach.errors import RuleFileError

Metric = Literal["clean", "with_status", "confirmable", "noted_judgments"]


class CampaignTask(BaseModel):
    """One line of the 6-rõ table; ``progress`` names a metric that this product computes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: str
    who: str
    with_whom: str
    responsibility: str
    authority: str
    deadline: str
    product: str
    progress: Metric


class Campaign(BaseModel):
    """A declared campaign; dates include both ends."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    campaign_id: str = Field(alias="id", pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    begins: date = Field(alias="from")
    ends: date = Field(alias="to")
    province: str
    superior: str
    issuer: str
    place: str
    min_ranked: int = Field(ge=1)
    duplicate_rules: tuple[str, ...]
    outcome_rules: tuple[str, ...]
    tasks: tuple[CampaignTask, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _dates_in_order(self) -> "Campaign":
        if self.begins > self.ends:
            raise ValueError(f"from ({self.begins}) is after to ({self.ends})")
        return self


def load_campaign(campaigns: Path, campaign_id: str) -> Campaign:
    """Read ``<campaigns>/<campaign_id>.yaml``.

    Raises:
        RuleFileError: there is no such file, or it does not fit; names the file and the field.
    """
    path = campaigns / f"{campaign_id}.yaml"
    if not path.is_file():
        raise RuleFileError(
            f"{path}: no such campaign. Files there: {sorted(p.name for p in campaigns.glob('*.yaml'))}"
        )
    try:
        return Campaign.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise RuleFileError(f"{path}: {error}") from error
