"""Settings of one installation, typed and read once.

Holds where things are and how much of the machine may be used. Holds no date of a run: ``as_of`` is an
argument of every stage that needs it.
"""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """Where the data, the rules and the state live (environment prefix ``SOSACH_``)."""

    model_config = SettingsConfigDict(env_prefix="SOSACH_", frozen=True, extra="ignore")

    home: Path = Field(default=Path("var/home"), description="root of the lake and of the runs")
    deliveries: Path = Field(default=Path("var/deliveries"), description="inbox: <register>/<file>")
    database_url: str = Field(default="", description="state database; empty = SQLite file under home")
    expectations: Path = Field(default=PROJECT / "expectations", description="registers, rules, code lists")
    campaigns: Path = Field(default=PROJECT / "campaigns", description="one YAML file a campaign")
    sources: Path = Field(default=PROJECT / "sources", description="one YAML file a SQL source")
    threads: int = Field(default=2, ge=1, description="threads of the DuckDB engine")
    memory_limit: str = Field(default="4GB", description="memory of the DuckDB engine, e.g. 4GB")
    coverage_floor: float = Field(
        default=0.95, gt=0, le=1, description="share of a closing count that counts as covered"
    )
    small_cell: int = Field(
        default=5, ge=1, description="published counts of persons from 1 to this minus 1 are hidden"
    )
    max_file_bytes: int = Field(default=8 << 30, ge=1, description="largest file taken in, packed or unpacked")
    max_archive_members: int = Field(default=10_000, ge=1, description="most files in one zip archive")
    max_archive_bytes: int = Field(default=32 << 30, ge=1, description="largest sum of unpacked files of an archive")
    max_archive_ratio: int = Field(
        default=200, ge=1, description="most bytes that a packed byte of an archive may become, beyond the first 16 MB"
    )

    @property
    def state_url(self) -> str:
        """SQLAlchemy URL of the state database."""
        return self.database_url or f"sqlite:///{self.home.resolve() / 'state.db'}"
