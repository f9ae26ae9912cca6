"""The named kinds of noise, as read from ``noise/*.yaml``.

A kind says what goes wrong, where, how often, why it happens in life and which rules should notice. Kinds of cells
and rows carry their SQL; kinds of events (``event:``) are carried out by the function of that name in ``planted``.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sosach.errors import SettingsError

FOLDER = Path(__file__).parent / "noise"


class Kind(BaseModel):
    """One kind of noise.

    ``rate`` is the share of the eligible records: one number, or three by the year of registration (before 2006,
    2006-2015, since 2016). Exactly one of these says what happens:

    * ``cells`` + ``write``: in a chosen record one of the listed cells gets the value of ``write``, where ``@`` is
      the cell;
    * ``register`` + ``row``: a chosen record gets all the listed cells;
    * ``register`` + ``copy``: a second row of the record is delivered, with the listed cells changed (``{}``: none);
    * ``register`` + ``drop``: the record is not delivered;
    * ``event``: a false event is entered, or a true one is not.

    ``when`` is SQL on the register's row (delivered columns and the hidden ``_`` ones), a record is eligible where
    it is true. ``mended`` says that a normaliser restores the value, so the record keeps its key.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    rate: float | tuple[float, float, float]
    reason: str
    rules: tuple[str, ...]
    when: str = "TRUE"
    mended: bool = False
    cells: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    write: str = ""
    register_id: str = Field(default="", alias="register")
    row: dict[str, str] | None = None
    copied: dict[str, str] | None = Field(default=None, alias="copy")
    drop: Literal[True] | None = None
    event: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> "Kind":
        ways = [
            bool(self.cells),
            self.row is not None,
            self.copied is not None,
            self.drop is not None,
            bool(self.event),
        ]
        if sum(ways) != 1:
            raise ValueError(f"{self.name}: give exactly one of cells, row, copy, drop, event")
        if bool(self.cells) != bool(self.write):
            raise ValueError(f"{self.name}: cells and write belong together")
        if not self.cells and not self.register_id:
            raise ValueError(f"{self.name}: register is missing")
        return self

    @property
    def registers(self) -> tuple[str, ...]:
        """Registers that the kind touches."""
        return tuple(self.cells) or (self.register_id,)

    @property
    def rate_sql(self) -> str:
        """The rate as SQL on ``_year``."""
        if isinstance(self.rate, tuple):
            old, middle, new = self.rate
            return f"(CASE WHEN _year < 2006 THEN {old} WHEN _year < 2016 THEN {middle} ELSE {new} END)"
        return str(self.rate)

    @property
    def single_rate(self) -> float:
        """The rate of a kind that has one number (kinds of events)."""
        return self.rate if isinstance(self.rate, float) else max(self.rate)


@lru_cache(maxsize=1)
def load_kinds() -> dict[str, Kind]:
    """All kinds by name, in the order of files and entries.

    Raises:
        SettingsError: an entry is wrong or a name stands twice; names the file.
    """
    kinds: dict[str, Kind] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
            try:
                kind = Kind.model_validate(entry)
            except ValidationError as error:
                raise SettingsError(f"{path}: {error}") from error
            if kind.name in kinds:
                raise SettingsError(f"{path}: {kind.name} is named twice.")
            kinds[kind.name] = kind
    return kinds
