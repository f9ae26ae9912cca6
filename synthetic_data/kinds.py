"""The named kinds of noise, as read from ``noise/*.yaml``.

A kind says what goes wrong, through which channel, how often, why it happens in life and which rules should notice.
Kinds of cells and rows carry their SQL; kinds of events (``event:``) are carried out by the function of that name in
``planted``. Holds the schema and its refusals, and no kind.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import duckdb
import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator

from sosach.duck import identifier, literal
from sosach.errors import SettingsError
from sosach.registers import Register
from sosach.settings import PROJECT

FOLDER = Path(__file__).parent / "noise"
UNRULED = Path(__file__).parent / "data" / "codes_without_rule.csv"
"""Codes of domain.md that a kind may name although no rule has them yet, each with the reason."""
RULE_ID = re.compile(r"^- id: *[\"']?([A-Z]{1,3}\d{1,2})\b", re.MULTILINE)

Channel = Literal[
    "chu_viet_tay",  # handwriting read wrong
    "nhan_dang_chu",  # OCR of a scan
    "go_phim",  # typing
    "bo_go",  # input method, copy and paste: right letters in the wrong code points
    "phong_chu_cu",  # TCVN3, VNI and other fonts of before Unicode
    "bang_tinh",  # Excel
    "so_goc",  # the book itself says it so
    "chon_nham_ma",  # wrong code chosen from a list
    "khai_sai",  # false declaration
    "muon_danh_tinh",  # identity of somebody else
    "dien_hang_loat",  # mass default fill
    "nhap_hai_lan",  # double entry
    "bo_sot",  # entry or value left out
    "chua_lan_truyen",  # true in one register, not yet told to the other
    "sap_nhap_xa",  # merge of communes, move of data between systems
    "sai_nghiep_vu",  # an office did its work wrongly or late
]
Event = Literal["marry_children", "false_marriages", "foreign_divorces", "false_births", "false_deaths", "enter_acts"]
BatchOf = Literal["month", "typist", "book", "page", "unit", "file"]
Rate = float | tuple[float, float, float]
EVENTS: dict[str, Event] = {
    "ket_hon_tao_hon": "marry_children",
    "ket_hon_trung_hon": "false_marriages",
    "ket_hon_dang_ky_hai_lan": "false_marriages",
    "ket_hon_muon_ten": "false_marriages",
    "dang_ky_lai_sau_khi_chet": "false_marriages",
    "ket_hon_sau_ly_hon_nuoc_ngoai": "foreign_divorces",
    "khai_sinh_dang_ky_hai_lan": "false_births",
    "khai_tu_dang_ky_hai_lan": "false_deaths",
    "chet_khong_khai_tu": "false_deaths",
    "nuoi_con_khong_phai_vo_chong": "enter_acts",
    "cai_chinh_hai_lan": "enter_acts",
}
"""The kinds that ``planted`` and ``acts`` carry out, by name: all of them are needed, and there is no other."""
ERAS = (2006, 2016)
"""First years of the second and the third era of registration (domain.md 6, last lines)."""


def _one_rate(value: object) -> Rate:
    """A rate as it stands in a file, refused when it is none."""
    if isinstance(value, list | tuple):
        if len(value) != 1 + len(ERAS):
            raise ValueError(f"{len(value)} numbers; give one, or three (before 2006, 2006-2015, since 2016)")
        old, middle, new = (_share(part) for part in value)
        return old, middle, new
    return _share(value)


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is no number")
    if not 0 <= value <= 1:
        raise ValueError(f"{value} is not between 0 and 1")
    return float(value)


Rules = Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Z]{1,3}\d{1,2}$")], ...], Field(min_length=1)]


class Batch(BaseModel):
    """Only records of some batches are eligible: ``share`` of all batches, drawn once a kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: BatchOf
    share: Annotated[float, Field(gt=0, le=1)]


class Kind(BaseModel):
    """One kind of noise.

    ``rate`` is the share of the eligible records: one number, three by the year of registration (before 2006,
    2006-2015, since 2016), or one of these a register. ``rules`` are the codes that should notice it, one list or one a
    register. With ``batch`` only the records of the hit batches are
    eligible, and there the rate applies. Exactly one of these says what happens:

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
    channel: Channel
    rate: Rate | dict[str, Rate]
    reason: str = Field(min_length=1)
    rules: Rules | dict[str, Rules]
    when: str = "TRUE"
    batch: Batch | None = None
    mended: bool = False
    cells: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    write: str = ""
    register_id: str = Field(default="", alias="register")
    row: dict[str, str] | None = None
    copied: dict[str, str] | None = Field(default=None, alias="copy")
    drop: Literal[True] | None = None
    event: Event | None = None
    _file: str = PrivateAttr(default="")

    @field_validator("rate", mode="before")
    @classmethod
    def _rates(cls, value: object) -> object:
        if isinstance(value, dict):
            return {str(register): _one_rate(part) for register, part in value.items()}
        return _one_rate(value)

    @model_validator(mode="after")
    def _fits_together(self) -> "Kind":
        ways = [
            bool(self.cells),
            self.row is not None,
            self.copied is not None,
            self.drop is not None,
            bool(self.event),
        ]
        if sum(ways) != 1:
            raise ValueError("cells: give exactly one of cells, row, copy, drop, event")
        if bool(self.cells) != bool(self.write):
            raise ValueError("write: cells and write belong together")
        if bool(self.cells) == bool(self.register_id):
            raise ValueError("register: it belongs to row, copy, drop and event, and is needed there")
        if self.row == {}:
            raise ValueError("row: names no cell")
        if isinstance(self.rules, dict) and set(self.rules) != set(self.registers):
            raise ValueError(f"rules: registers must be {sorted(self.registers)}, found {sorted(self.rules)}")
        if isinstance(self.rate, dict) and set(self.rate) != set(self.registers):
            raise ValueError(f"rate: registers must be {sorted(self.registers)}, found {sorted(self.rate)}")
        if self.event and (not isinstance(self.rate, float) or self.batch or self.when != "TRUE"):
            raise ValueError("event: an event has one number as rate, no batch and no when")
        return self

    @property
    def place(self) -> str:
        """File and name, for messages."""
        return f"{self._file}: {self.name}" if self._file else self.name

    @property
    def registers(self) -> tuple[str, ...]:
        """Registers that the kind touches."""
        return tuple(self.cells) or (self.register_id,)

    def rate_of(self, register: str) -> Rate:
        """The rate in a register that the kind touches: one number, or three by era."""
        return self.rate[register] if isinstance(self.rate, dict) else self.rate

    def rules_of(self, register: str) -> Rules:
        """Codes of the rules that should notice the kind in a register."""
        return self.rules[register] if isinstance(self.rules, dict) else self.rules

    def rate_sql(self, register: str) -> str:
        """The rate in a register as SQL on ``_year``."""
        rate = self.rate_of(register)
        if isinstance(rate, tuple):
            old, middle, new = rate
            return f"(CASE WHEN _year < {ERAS[0]} THEN {old} WHEN _year < {ERAS[1]} THEN {middle} ELSE {new} END)"
        return str(rate)

    @property
    def batch_sql(self) -> str:
        """SQL that is true for the rows of the batches that are hit; TRUE without batches."""
        if self.batch is None:
            return "TRUE"
        key = f"_lo_{self.batch.of}"
        return f"({key} IS NOT NULL AND u({literal('batch.' + self.name)}, {key}) < {self.batch.share})"

    @property
    def single_rate(self) -> float:
        """The rate of a kind that has one number (all kinds of events)."""
        if not isinstance(self.rate, float):
            raise TypeError(f"{self.place} has several rates")
        return self.rate

    def fields(self, register: str) -> tuple[str, ...]:
        """Delivered columns that the kind writes in a register."""
        return (*self.cells.get(register, ()), *(self.row or {}), *(self.copied or {}))

    def expressions(self, register: str) -> Iterator[tuple[str, str]]:
        """Every piece of SQL of the kind in a register, with the name of the field where it stands in the file."""
        first = identifier(self.cells[register][0]) if self.cells else ""
        yield "batch", self.batch_sql
        yield "when", self.when.replace("@", first) if first else self.when
        for field in self.cells.get(register, ()):
            yield "write", self.write.replace("@", identifier(field))
        for part, written in (("row", self.row), ("copy", self.copied)):
            for field, sql in (written or {}).items():
                yield f"{part}.{field}", sql.replace("@", identifier(field))


@lru_cache(maxsize=8)
def load_kinds(folder: Path = FOLDER) -> dict[str, Kind]:
    """All kinds by name, in the order of files and entries.

    Raises:
        SettingsError: a file is no YAML list, an entry is wrong or a name stands twice; names file, kind and field.
    """
    kinds: dict[str, Kind] = {}
    for path in sorted(folder.glob("*.yaml")):
        for number, entry in enumerate(_entries(path), start=1):
            kind = _kind(path, number, entry)
            if kind.name in kinds:
                raise SettingsError(
                    f"{path}: {kind.name}: name: stands twice; the other one is in {kinds[kind.name]._file}."
                )
            kinds[kind.name] = kind
    return kinds


def _entries(path: Path) -> list[Any]:
    try:
        entries = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not readable as YAML: {error}. Mend the file.") from error
    if not isinstance(entries, list):
        raise SettingsError(f"{path}: must be a list of kinds (entries that begin with '- name:').")
    return entries


def _kind(path: Path, number: int, entry: object) -> Kind:
    name = entry.get("name") if isinstance(entry, dict) else None
    try:
        kind = Kind.model_validate(entry)
    except ValidationError as error:
        found = error.errors(include_url=False)
        # Of a field that may be a list or a mapping, what is wrong inside the one that was written.
        first = next((one for one in found if one["type"] not in ("tuple_type", "dict_type")), found[0])
        place = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("tuple[", "dict[")))
        problem = first["msg"].removeprefix("Value error, ")
        shown = f"{place}: {problem}" if place else problem
        raise SettingsError(
            f"{path}: {name or f'entry {number}'}: {shown}. See Kind in synthetic_data/kinds.py."
        ) from error
    kind._file = path.name
    return kind


def rule_codes(expectations: Path) -> frozenset[str]:
    """Codes of all rules of a folder of expectations; ``TX01-KH-CHONG`` has the code TX01."""
    files = sorted(expectations.glob("*/*.yaml"))
    return frozenset(code for path in files for code in RULE_ID.findall(path.read_text(encoding="utf-8")))


def unruled_codes() -> dict[str, str]:
    """Codes of domain.md that no rule has yet, with the reason why a kind names them."""
    with UNRULED.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["reason"] for row in csv.DictReader(file)}


def check_kinds(
    registers: Mapping[str, Register],
    kinds: Mapping[str, Kind] | None = None,
    expectations: Path = PROJECT / "expectations",
) -> None:
    """Refuse kinds that name a register, field, rule or event that does not exist, and a missing event.

    Args:
        registers: the dictionary, by id.
        kinds: the kinds to look at; None for those of ``noise/``.
        expectations: folder of the rules whose codes the kinds may name.

    Raises:
        SettingsError: names file, kind and field.
    """
    kinds = load_kinds() if kinds is None else kinds
    codes = rule_codes(expectations) | unruled_codes().keys()
    for kind in kinds.values():
        for register in kind.registers:
            for code in kind.rules_of(register):
                if code not in codes:
                    raise SettingsError(
                        f"{kind.place}: rules: no rule of {expectations} has the code {code}; name one that is there,"
                        f" or list the code of domain.md with a reason in {UNRULED.name}."
                    )
        if kind.event and EVENTS.get(kind.name) != kind.event:
            raise SettingsError(
                f"{kind.place}: event: {kind.event} carries out no kind of that name; it has"
                f" {', '.join(name for name, event in EVENTS.items() if event == kind.event)}."
            )
        for register in kind.registers:
            part = "cells" if kind.cells else "register"
            if register not in registers:
                raise SettingsError(f"{kind.place}: {part}: no register {register!r} in expectations/.")
            known = {field.source_name for field in registers[register].fields}
            for field in kind.fields(register):
                if field not in known:
                    where = part if kind.cells else "row" if kind.row is not None else "copy"
                    raise SettingsError(
                        f"{kind.place}: {where}: register {register} delivers no field {field!r}; see register.yaml."
                    )
    for name, event in EVENTS.items():
        if name not in kinds or not kinds[name].event:
            raise SettingsError(f"su_kien.yaml: {name}: missing; {event}() needs this kind with 'event: {event}'.")


def check_sql(con: duckdb.DuckDBPyConnection, kinds: Mapping[str, Kind] | None = None) -> None:
    """Refuse kinds whose SQL does not bind to the tables ``r_<register>`` of a connection; no row is read.

    Args:
        con: a connection on which ``compose`` has made the tables.
        kinds: the kinds to look at; None for those of ``noise/``.

    Raises:
        SettingsError: names file, kind and field.
    """
    by_register: dict[str, list[Kind]] = {}
    for kind in (load_kinds() if kinds is None else kinds).values():
        for register in () if kind.event else kind.registers:
            by_register.setdefault(register, []).append(kind)
    for register, own in by_register.items():
        parts = [(kind, field, f"({sql})") for kind in own for field, sql in kind.expressions(register)]
        if _problem(con, register, ", ".join(sql for _, _, sql in parts)):
            for kind, field, sql in parts:
                if problem := _problem(con, register, sql):
                    raise SettingsError(f"{kind.place}: {field}: not valid for register {register}: {problem}")


def _problem(con: duckdb.DuckDBPyConnection, register: str, sql: str) -> str:
    """First line of what DuckDB says against expressions on a register's row; empty when they bind."""
    try:
        con.execute(f"DESCRIBE SELECT {sql} FROM {identifier(f'r_{register}')}")
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return ""
