"""The declaration of a SQL source: one YAML file in ``sources/`` (its README explains the entries).

Holds the schema, the watermark's arithmetic and where the database's address comes from. Opens no database; no
declaration holds an address or a password.
"""

import os
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sosach.errors import SettingsError
from sosach.registers import Register

SQL_COMMENTS = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
OVERLAP = re.compile(r"(\d+) (seconds|minutes|hours|days)")

Moment = datetime | date | int


class Watermark(BaseModel):
    """The column that tells which rows are new: it only ever grows, and changes whenever its row does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str = Field(min_length=1)
    type: Literal["timestamp", "date", "integer"]
    overlap: int | str = 0

    @model_validator(mode="after")
    def _overlap_fits(self) -> "Watermark":
        step = self.step  # raises where the text is no duration
        if self.type == "integer" and not isinstance(self.overlap, int):
            raise ValueError("overlap of an integer watermark is a whole number")
        if self.type == "date" and isinstance(step, timedelta) and step % timedelta(days=1):
            raise ValueError("overlap of a date watermark is in days")
        return self

    @property
    def step(self) -> timedelta | int:
        """How far before the last watermark to read again; 0 where nothing is."""
        if isinstance(self.overlap, int):
            if self.overlap < 0 or (self.overlap and self.type != "integer"):
                raise ValueError("overlap is a duration such as '2 hours' or, of an integer watermark, a number")
            return self.overlap
        if not (found := OVERLAP.fullmatch(self.overlap)):
            raise ValueError(f"overlap {self.overlap!r} is none of '90 seconds', '30 minutes', '2 hours', '3 days'")
        return timedelta(**{found[2]: int(found[1])})

    def parse(self, text: str) -> Moment:
        """The value that a text of the watermark column means.

        Raises:
            ValueError: it means none of the declared type.
        """
        match self.type:
            case "timestamp":
                return datetime.fromisoformat(text)
            case "date":
                return date.fromisoformat(text)
            case _:
                return int(text)

    def lower(self, reached: str) -> str | None:
        """After which value to read when ``reached`` was read before; None: from the beginning."""
        if not self.step:
            return reached
        value = self.parse(reached)
        try:
            begin = value - self.step  # type: ignore[operator]
        except OverflowError:
            return None
        return begin.isoformat(sep=" ") if isinstance(begin, datetime) else str(begin)

    @property
    def meaning(self) -> str:
        """What a stored watermark is a value of."""
        return f"{self.column} {self.type}"


class Source(BaseModel):
    """One SQL source: what is read from which database into which register."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source_id: str = Field(alias="id", pattern=r"^[a-z][a-z0-9_]{0,63}$")
    register_id: str = Field(alias="register")
    connection: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")
    query: str | None = None
    table: str | None = Field(default=None, pattern=r"^[^.;]+(\.[^.;]+)?$")
    columns: tuple[str, ...] = ()
    watermark: Watermark
    chunk_rows: int = Field(default=50_000, ge=1, le=1_000_000)
    timeout_seconds: int = Field(default=600, ge=1)
    sender: str = Field(min_length=1)
    unit: str | None = Field(default=None, pattern=r"^\d{5}$")

    @model_validator(mode="after")
    def _one_select(self) -> "Source":
        if (self.query is None) == (self.table is None) or bool(self.columns) != (self.table is not None):
            raise ValueError("give either query, or table and columns")
        if self.query is not None:
            if ";" in self.query:
                raise ValueError("query is one SELECT without any semicolon (write the character as chr(59))")
            begin = self.query[SQL_COMMENTS.match(self.query).end() :]  # type: ignore[union-attr]
            if not re.match(r"(?i)(?:select|with)\b", begin):
                raise ValueError("query is one SELECT (or WITH … SELECT); nothing that writes")
        if self.columns and self.watermark.column not in self.columns:
            raise ValueError(f"watermark column {self.watermark.column!r} is none of columns")
        if len(set(self.columns)) != len(self.columns):
            raise ValueError("a column is named twice")
        return self

    @property
    def variable(self) -> str:
        """The environment variable in which the command line finds the database's address."""
        return f"SOSACH_SOURCE_{self.source_id.upper()}_URL"


def source_files(folder: Path) -> list[Path]:
    """The declarations in a folder, sorted; files that begin with ``_`` are examples and none of them."""
    return sorted(p for p in folder.glob("*.yaml") if not p.name.startswith("_"))


def load_sources(folder: Path, registers: Mapping[str, Register]) -> dict[str, Source]:
    """All declared sources by id; none where the folder holds none.

    Raises:
        SettingsError: a file does not fit, is not called like its source, or names no register.
    """
    return {path.stem: _load(path, registers) for path in source_files(folder)}


def load_source(folder: Path, source_id: str, registers: Mapping[str, Register]) -> Source:
    """The declared source of that id.

    Raises:
        SettingsError: there is none, or its file does not fit.
    """
    known = {path.stem: path for path in source_files(folder)}
    if source_id not in known:
        raise SettingsError(f"{folder}: no source {source_id!r}. Declared are: {', '.join(known) or 'none'}.")
    return _load(known[source_id], registers)


def address_from_environment(source: Source) -> str:
    """The database's address for the command line.

    Raises:
        SettingsError: the variable is not set.
    """
    if not (url := os.environ.get(source.variable)):
        raise SettingsError(
            f"Source {source.source_id}: no database address. Set {source.variable} to postgresql://<user>@<host>/"
            "<database> or sqlite:///<file> (in Airflow the connection "
            f"{source.connection!r} gives it)."
        )
    return url


def _load(path: Path, registers: Mapping[str, Register]) -> Source:
    try:
        source = Source.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"{path}: {told}.") from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path}: cannot be read as YAML ({type(error).__name__}).") from error
    if source.source_id != path.stem:
        raise SettingsError(f"{path}: source {source.source_id!r} must stand in {source.source_id}.yaml.")
    if source.register_id not in registers:
        raise SettingsError(f"{path}: register {source.register_id!r} is unknown. Known are: {', '.join(registers)}.")
    return source
