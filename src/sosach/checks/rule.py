"""What one rule is: the closed schema of an entry of ``expectations/``.

Holds names, texts, law and cases of a rule, and the checks that need no other file. Its shapes are in ``shapes``.
Holds no register (see ``catalogue``) and no SQL of the pass (see ``compile``).
"""

import re
from datetime import date
from functools import cached_property
from typing import Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from sosach.checks.shapes import ORDER_COLUMNS, Aggregate, Closed, Era, Expression, Order, Pair, References, Sequence
from sosach.checks.sql_text import SqlText, parse_expression, parse_select

Dimension = Literal["dung", "du", "sach", "song"]
Severity = Literal["critical", "warning", "info"]
Answer = Literal["fix", "fix_or_explain", "auto"]
Verdict = Literal["pass", "fail", "undecided", "not_applicable"]

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""In the order of the codes 0, 1, 2, 3 that the pass writes."""

Certainty = Literal["published", "logic", "known", "likely", "doubtful", "own"]
"""How sure we are that the law says so: a public source is cited, it follows from the data themselves, well known
though not looked up, likely, doubtful, or our own design (no law at all). The last three are unsure."""

SURE: frozenset[Certainty] = frozenset({"published", "logic", "known"})

SHAPES = ("passes_when", "unique", "sequence", "references", "order")
"""Exactly one of these decides."""
COMPANIONS = ("lookup", "pair", "aggregate")
"""At most one of these stands beside ``passes_when`` and says what it may look at."""
CASE_KEYS = {"verdict", "why", "rows", "tables", "as_of"}
"""Keys of a case that are not columns."""

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class Law(Closed):
    """What the rule rests on, and between which event dates (both included) it was in force."""

    text: str = Field(min_length=1)
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None
    source: str = Field(min_length=1, description="where the text can be checked")
    certainty: Certainty

    @model_validator(mode="after")
    def _dates_in_order(self) -> "Law":
        if self.from_ and self.to and self.to < self.from_:
            raise ValueError(f"to {self.to} is before from {self.from_}")
        return self


class Tolerance(Closed):
    """How many failing records still count as success in the suite, and why that is acceptable."""

    max_failed: int = Field(ge=0)
    why: str = Field(min_length=1)


class Case(Closed):
    """One example: column values and the verdict they must get.

    Either one record (``columns`` and ``verdict``) or several (``rows``), each with its own columns and verdict
    (``None`` = not looked at). ``tables`` fills other tables.
    """

    rows: tuple[tuple[Verdict | None, dict[str, Any]], ...] = Field(min_length=1)
    tables: dict[str, tuple[dict[str, Any], ...]] = Field(default_factory=dict)
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
    """One rule on the records of one register, or on the figures of its units. Exactly one shape decides."""

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
    trial: bool = False
    era: Era | None = None
    applies_when: Expression = "TRUE"
    passes_when: Expression | None = None
    lookup: str | None = None
    pair: Pair | None = None
    aggregate: Aggregate | None = None
    order: Order | None = None
    unique: tuple[str, ...] | None = Field(default=None, min_length=1)
    sequence: Sequence | None = None
    references: References | None = None
    evidence: tuple[str, ...] = Field(min_length=1)
    tolerance: Tolerance | None = None
    accepted_explanations: tuple[str, ...] = ()
    mends: str | None = None
    cases: tuple[Case, ...] = Field(min_length=1)

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
        beside = [name for name in COMPANIONS if getattr(self, name) is not None]
        if len(beside) > 1 or (beside and self.passes_when is None):
            raise ValueError(f"{' and '.join(beside)}: at most one of {', '.join(COMPANIONS)}, beside passes_when only")
        if self.severity == "critical" and not {law.certainty for law in self.law} & SURE:
            raise ValueError("severity: a rule whose law is unsure (likely, doubtful, own) is warning or info")
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

    @property
    def applies(self) -> str:
        """SQL expression of the records that the rule is about: its era and ``applies_when``."""
        return f"{self.era.condition} AND ({self.applies_when}\n)" if self.era else self.applies_when

    @cached_property
    def added_columns(self) -> tuple[str, ...]:
        """Columns that stand beside the record's own: of the lookup, the counterpart or the step."""
        if self.lookup is not None:
            return tuple(c for c in parse_select(self.lookup).output if c != "record_id")
        if self.pair is not None:
            return tuple(self.pair.columns)
        return ORDER_COLUMNS if self.order is not None else ()

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
    def sql_texts(self) -> tuple[SqlText, ...]:
        """Every SQL text of the rule, parsed."""
        expressions = [self.applies, *([self.passes_when] if self.passes_when is not None else [])]
        selects = [self.lookup] if self.lookup is not None else []
        if self.aggregate is not None:
            expressions += [self.aggregate.unit, *self.aggregate.measures.values()]
            expressions += [self.aggregate.period] if self.aggregate.period else []
            selects += [self.aggregate.rows] if self.aggregate.rows else []
        if self.order is not None:
            expressions += [text for source in self.order.sources for text in (source.date, source.where)]
        return (*map(parse_expression, expressions), *map(parse_select, selects))

    @cached_property
    def tables(self) -> frozenset[str]:
        """Tables and views that the rule reads beside its own record."""
        named: set[str] = set()
        if self.references:
            named.add(f"cl_{self.references.list}")
        if self.pair is not None:
            named |= {"links", self.pair.with_}
        if self.order is not None:
            named |= {"links", *(source.register_id for source in self.order.sources)}
        if self.aggregate is not None:
            named |= {"cl_don_vi", "cl_unit_now"}  # units without rows, and the name of a unit in the message
        return frozenset(named).union(*(text.tables for text in self.sql_texts))

    @cached_property
    def columns(self) -> frozenset[str]:
        """Names of columns that the rule's SQL reads, of whatever table."""
        named = {*self.shape_columns, *self.evidence}
        if self.pair is not None:
            named |= set(self.pair.columns.values())
        return frozenset(named).union(*(text.columns for text in self.sql_texts))
