"""The register dictionary: what each register's fields are called, mean and hold.

Read from ``expectations/<register>/register.yaml``. Holds no rule and no data.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sosach.delivering import Delivering
from sosach.errors import RuleFileError

SIMPLE_TYPES = {
    "text",
    "name",
    "address",
    "date",
    "partial_date",
    "id_number",
    "unit_code",
    "entry_number",
    "integer",
    "phone",
    "email",
}


class RegisterField(BaseModel):
    """One field of a register; ``source`` is its column name in a delivery, ``name`` the one inside."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    source: str = ""
    type: str
    required: bool = False
    personal: bool = False
    sensitive: bool = False
    meaning: str
    labels: tuple[str, ...] = ()  # what officers also call it in a header, besides its meaning

    @model_validator(mode="after")
    def _known_type(self) -> "RegisterField":
        if self.type not in SIMPLE_TYPES and not self.type.startswith("code:"):
            raise ValueError(f"type {self.type!r} is none of {sorted(SIMPLE_TYPES)} nor code:<list>")
        return self

    @property
    def source_name(self) -> str:
        """Column name in a delivery."""
        return self.source or self.name

    @property
    def code_list(self) -> str | None:
        """Name of the code list, for coded fields."""
        return self.type.removeprefix("code:") if self.type.startswith("code:") else None

    @property
    def columns(self) -> dict[str, str]:
        """Columns of the core table that this field becomes, with their DuckDB types."""
        match self.type:
            case "date":
                own = {self.name: "DATE"}
            case "integer":
                own = {self.name: "INTEGER"}
            case "partial_date":
                own = {self.name: "DATE", f"{self.name}_nam": "INTEGER", f"{self.name}_do_chinh_xac": "VARCHAR"}
            case "entry_number":
                own = {self.name: "VARCHAR", f"{self.name}_thu_tu": "INTEGER", f"{self.name}_nam": "INTEGER"}
            case "address":
                own = {self.name: "VARCHAR"} | {f"{self.name}_{part}": "VARCHAR" for part in ("ma", "ma_nay", "cach")}
            case _:
                own = {self.name: "VARCHAR"}
        return {**own, f"raw_{self.name}": "VARCHAR"}


class Register(BaseModel):
    """One register: its fields, natural key and the field that says which unit answers for a record."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    register_id: str = Field(alias="register", pattern=r"^[a-z][a-z0-9_]*$")
    code: str
    title: str
    kind: Literal["ho_tich", "toa_an", "dan_cu", "cu_tru", "danh_muc", "chuyen_nganh"]
    key: tuple[str, ...] = Field(min_length=1)
    unit: str
    identity: tuple[str, ...] = ()  # a later row of the same key replaces an earlier one only where one of these agrees
    delivering: Delivering = Delivering()
    fields: tuple[RegisterField, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_fit(self) -> "Register":
        names = [f.name for f in self.fields]
        doubled = sorted({n for n in names if names.count(n) > 1})
        if doubled:
            raise ValueError(f"fields named twice: {doubled}")
        unknown = [n for n in (*self.key, self.unit, *self.identity) if n not in names]
        if unknown:
            raise ValueError(f"key, unit or identity names no field: {unknown}")
        if self.delivering.date and self.delivering.date not in {f.name for f in self.fields if f.type == "date"}:
            raise ValueError(f"delivering: date: {self.delivering.date!r} is no field of type date")
        return self

    def field(self, name: str) -> RegisterField:
        """The field of that inner name."""
        return next(f for f in self.fields if f.name == name)

    @property
    def core_columns(self) -> dict[str, str]:
        """All columns of the core table with DuckDB types, in order."""
        own = {
            "record_id": "VARCHAR",
            "record_key": "VARCHAR",
            "unit": "VARCHAR",
            "_delivery": "VARCHAR",
            "_row": "BIGINT",
        }
        for field in self.fields:
            own |= field.columns
        return own


def load_register(path: Path) -> Register:
    """Read one ``register.yaml``.

    Raises:
        RuleFileError: the file does not fit the schema; names the file and the entry.
    """
    try:
        return Register.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    except (ValidationError, yaml.YAMLError) as error:
        raise RuleFileError(f"{path}: {error}") from error


@lru_cache(maxsize=8)
def load_registers(expectations: Path) -> dict[str, Register]:
    """All registers by id, in the order of their ids.

    Raises:
        RuleFileError: no register at all, a broken file, or a folder name that differs from the register's id.
    """
    found: dict[str, Register] = {}
    for path in sorted(expectations.glob("*/register.yaml")):
        register = load_register(path)
        if register.register_id != path.parent.name:
            raise RuleFileError(f"{path}: register {register.register_id!r} must stand in a folder of that name.")
        found[register.register_id] = register
    if not found:
        raise RuleFileError(f"{expectations}: no <register>/register.yaml found. Is SOSACH_EXPECTATIONS right?")
    return found
