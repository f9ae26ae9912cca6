"""What one rule is: the closed schema of an entry of ``expectations/``.

Holds names, texts, law, shape and cases of a rule, and the checks that need no other file. Holds no register
(see ``catalogue``) and no SQL of the pass (see ``compile``).
"""

import re
from datetime import date
from functools import cached_property
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sosach.checks.sql_text import SqlText, parse_expression, parse_select

Dimension = Literal["dung", "du", "sach", "song"]
Severity = Literal["critical", "warning", "info"]
Answer = Literal["fix", "fix_or_explain", "auto"]
Verdict = Literal["pass", "fail", "undecided", "not_applicable"]

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""In the order of the codes 0, 1, 2, 3 that the pass writes."""

SHAPES = ("passes_when", "unique", "sequence", "references")
CASE_KEYS = {"verdict", "why", "rows", "tables", "as_of"}
"""Keys of a case that are not columns."""

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class Closed(BaseModel):
    """Base of everything in a rule file: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Law(Closed):
    """What the rule rests on, and between which event dates (both included) it was in force."""

    text: str = Field(min_length=1)
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None
    source: str = Field(min_length=1, description="where the text can be checked")

    @model_validator(mode="after")
    def _dates_in_order(self) -> "Law":
        if self.from_ and self.to and self.to < self.from_:
            raise ValueError(f"to {self.to} is before from {self.from_}")
        return self


class Tolerance(Closed):
    """How many failing records still count as success in the suite, and why that is acceptable."""

    max_failed: int = Field(ge=0)
    why: str = Field(min_length=1)


class Sequence(Closed):
    """Within a group of equal ``per``, the values of ``number`` run 1, 2, 3, … without a gap."""

    per: tuple[str, ...] = Field(min_length=1)
    number: str


class References(Closed):
    """``column`` holds an entry of the code list ``list``, valid on the date ``valid_on`` where that is given."""

    column: str
    list: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    valid_on: str | None = None

    @property
    def key(self) -> str:
        """Column of the code list that the value must equal: units are known by code, all else by official text."""
        return "code" if self.list == "don_vi" else "name"


class Case(Closed):
    """One example: column values and the verdict they must get.

    Either one record (``columns`` and ``verdict``) or several (``rows``), each with its own columns and verdict
    (``None`` = not looked at). ``tables`` fills other tables.
    """

    rows: tuple[tuple[Verdict | None, dict[str, Any]], ...] = Field(min_length=1)
    tables: dict[str, tuple[dict[str, Any], ...]] = {}
    why: str = ""
    as_of: date | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, raw: Any) -> Any:
        if not isinstance(raw, dict):
            raise ValueError("a case is a mapping of verdict and columns, or of rows")
        top = {k: v for k, v in raw.items() if k not in CASE_KEYS}
        if "rows" in raw:
            if top or "verdict" in raw:
                raise ValueError(f"beside rows stand only tables, why and as_of, not {sorted(top) or ['verdict']}")
            entries = [dict(entry) for entry in raw["rows"]]
        else:
            if "verdict" not in raw:
                raise ValueError("verdict is missing")
            entries = [{"verdict": raw["verdict"], **top}]
        rows = [(entry.pop("verdict", None), entry) for entry in entries]
        if all(verdict is None for verdict, _ in rows):
            raise ValueError("no row has a verdict")
        return {k: raw[k] for k in ("tables", "why", "as_of") if k in raw} | {"rows": rows}

    @property
    def verdicts(self) -> set[Verdict]:
        """The verdicts that this case demands."""
        return {verdict for verdict, _ in self.rows if verdict}


class Rule(Closed):
    """One rule on the records of one register. Exactly one of the four shapes is given."""

    id: str = Field(pattern=r"^[A-Z][A-Za-z0-9_.-]*$")
    version: int = Field(ge=1)
    register_id: str = Field(alias="register")
    dimension: Dimension
    severity: Severity
    answer: Answer
    title: str = Field(min_length=1)
    message: str = Field(min_length=1)
    what_to_do: str = Field(min_length=1)
    law: tuple[Law, ...] = Field(min_length=1)
    applies_when: str = "TRUE"
    passes_when: str | None = None
    lookup: str | None = None
    unique: tuple[str, ...] | None = Field(default=None, min_length=1)
    sequence: Sequence | None = None
    references: References | None = None
    evidence: tuple[str, ...] = Field(min_length=1)
    tolerance: Tolerance | None = None
    accepted_explanations: tuple[str, ...] = ()
    mends: str | None = None
    cases: tuple[Case, ...] = Field(min_length=1)

    @field_validator("applies_when", "passes_when")
    @classmethod
    def _is_expression(cls, text: str | None) -> str | None:
        if text is not None:
            parse_expression(text)
        return text

    @field_validator("lookup")
    @classmethod
    def _is_select(cls, text: str | None) -> str | None:
        if text is not None and "record_id" not in parse_select(text).output:
            raise ValueError("lookup must give record_id")
        return text

    @model_validator(mode="after")
    def _fits_together(self) -> "Rule":
        given = [name for name in SHAPES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of {', '.join(SHAPES)} is needed, given: {', '.join(given) or 'none'}")
        if self.lookup is not None and self.passes_when is None:
            raise ValueError("lookup goes with passes_when only")
        if (self.answer == "fix_or_explain") != bool(self.accepted_explanations):
            raise ValueError("accepted_explanations is needed with answer fix_or_explain, and only there")
        if (self.answer == "auto") != (self.mends is not None):
            raise ValueError("mends is needed with answer auto, and only there")
        if len(set(self.evidence)) != len(self.evidence):
            raise ValueError("evidence names a column twice")
        strangers = sorted(set(PLACEHOLDER.findall(self.message)) - set(self.evidence))
        if strangers:
            raise ValueError(f"message: placeholders {strangers} are not in evidence")
        if re.search(r"[{}]", PLACEHOLDER.sub("", self.message)):
            raise ValueError("message: a brace stands alone")
        seen = {verdict for case in self.cases for verdict in case.verdicts}
        missing = [verdict for verdict in ("pass", "fail") if verdict not in seen]
        if missing:
            raise ValueError(f"cases: none with verdict {' and none with verdict '.join(missing)}")
        return self

    @property
    def max_failed(self) -> int:
        """Failing records that the suite still tolerates."""
        return self.tolerance.max_failed if self.tolerance else 0

    @cached_property
    def lookup_columns(self) -> tuple[str, ...]:
        """Columns that the lookup adds to the record."""
        if self.lookup is None:
            return ()
        return tuple(c for c in parse_select(self.lookup).output if c != "record_id")

    @cached_property
    def shape_columns(self) -> tuple[str, ...]:
        """Columns that a ``unique``, ``sequence`` or ``references`` rule names."""
        if self.unique:
            return self.unique
        if self.sequence:
            return (*self.sequence.per, self.sequence.number)
        if self.references:
            valid_on = self.references.valid_on
            return (self.references.column, *((valid_on,) if valid_on else ()))
        return ()

    @cached_property
    def tables(self) -> frozenset[str]:
        """Tables and views that the rule's SQL reads beside its own record."""
        texts: list[SqlText] = [parse_expression(self.applies_when)]
        if self.passes_when is not None:
            texts.append(parse_expression(self.passes_when))
        if self.lookup is not None:
            texts.append(parse_select(self.lookup))
        if self.references:
            texts.append(SqlText(tables=frozenset({f"cl_{self.references.list}"}), output=()))
        return frozenset[str]().union(*(text.tables for text in texts))
