"""One small synthetic province for the scenarios that run every stage; made once a session."""

from datetime import date
from pathlib import Path

import pytest

import synthetic_data
from sosach import stages
from sosach.settings import Settings

AS_OF = date(2025, 8, 15)
PERSONS = 1500


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Deliveries of a small province; the folder ``truth`` stands beside."""
    root = tmp_path_factory.mktemp("sample")
    synthetic_data.make(root / "deliveries", root / "truth", persons=PERSONS, seed=7, as_of=AS_OF, communes=4)
    return root / "deliveries"


@pytest.fixture(scope="session")
def finished(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, str]:
    """An installation in which one run on the sample is finished, and that run's id."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), deliveries=sample)
    return settings, stages.run_all(settings, AS_OF)
