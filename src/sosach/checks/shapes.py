"""The shapes of a rule beside a plain condition: what a rule file says instead of SQL.

Holds the closed schema of each shape. What SQL they become is in ``compile`` and ``compile_shapes``; what surrounds
them in a rule is in ``rule``.
"""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from sosach.checks.sql_text import parse_expression, parse_select


class Closed(BaseModel):
    """Base of everything in a rule file: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _expression(text: str) -> str:
    parse_expression(text)
    return text


def _select(text: str) -> str:
    parse_select(text)
    return text


Expression = Annotated[str, AfterValidator(_expression)]
"""Text of one SQL expression."""
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
"""Name of a column, event, role or register."""


class Era(Closed):
    """The rule applies to records whose date ``by`` lies between ``from`` and ``to``, both included."""

    by: Expression
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> "Era":
        if self.from_ is None and self.to is None:
            raise ValueError("from, to or both are needed")
        if self.from_ and self.to and self.to < self.from_:
            raise ValueError(f"to {self.to} is before from {self.from_}")
        return self

    @property
    def condition(self) -> str:
        """SQL expression of the era."""
        bounds = [f"({self.by}) >= DATE '{self.from_}'"] if self.from_ else []
        bounds += [f"({self.by}) <= DATE '{self.to}'"] if self.to else []
        return " AND ".join(bounds)


class Sequence(Closed):
    """Within a group of equal ``per``, the values of ``number`` run 1, 2, 3, … without a gap."""

    per: tuple[str, ...] = Field(min_length=1)
    number: str


class References(Closed):
    """``column`` holds an entry of the code list ``list``, valid on the date ``valid_on`` where that is given."""

    column: str
    list: Name
    valid_on: str | None = None

    @property
    def key(self) -> str:
        """Column of the code list that the value must equal: units are known by code, all else by official text."""
        return "code" if self.list == "don_vi" else "name"


class Pair(Closed):
    """The record of the same person in another register, whose ``columns`` stand beside the record under new names.

    ``here`` and ``there`` are the roles of the person in the two records. Without a counterpart the rule does not
    apply; of several the one with the least record_id counts.
    """

    with_: Name = Field(alias="with")
    here: Name
    there: Name
    columns: dict[Name, str] = Field(min_length=1)


class EventSource(Closed):
    """Records of ``register`` (those that satisfy ``where``) are an event of the person in ``role`` on ``date``."""

    register_id: Name = Field(alias="register")
    role: Name
    date: Expression
    where: Expression = "TRUE"


class Order(Closed):
    """A person's events in the order of their days, and which step may follow which.

    ``allowed`` maps an event (or ``start``, before the first one) to the events that may come next. Events of one day
    come in the order in which ``events`` names them.
    """

    events: dict[Name, tuple[EventSource, ...]] = Field(min_length=1)
    allowed: dict[Name, tuple[Name, ...]] = Field(min_length=1)

    @model_validator(mode="after")
    def _known_events(self) -> "Order":
        named = {*self.allowed, *(after for steps in self.allowed.values() for after in steps)} - {"start"}
        if strangers := sorted(named - set(self.events)):
            raise ValueError(f"allowed: {strangers} are no events; there are {sorted(self.events)}")
        if "start" in {after for steps in self.allowed.values() for after in steps}:
            raise ValueError("allowed: start stands before the first event, nothing leads to it")
        return self

    @property
    def sources(self) -> tuple[EventSource, ...]:
        """All sources of all events."""
        return tuple(source for sources in self.events.values() for source in sources)


ORDER_COLUMNS = ("su_kien", "ngay_su_kien", "su_kien_truoc", "ngay_su_kien_truoc")
"""What an ``order`` rule tells of a step: the event and its day, the one before and its day."""


class Aggregate(Closed):
    """A figure of a unit (and period) in place of a record.

    Attributes:
        unit: expression of the unit's code.
        period: expression of the period, where there is one.
        rows: SELECT in place of the register's records.
        measures: names and aggregate expressions.
        all_units: also the communes of today without any row; their measures are those of no row.
    """

    unit: Expression = "unit"
    period: Expression | None = None
    rows: Annotated[str, AfterValidator(_select)] | None = None
    measures: dict[Name, Expression] = Field(min_length=1)
    all_units: bool = False

    @model_validator(mode="after")
    def _fits_together(self) -> "Aggregate":
        if self.all_units and self.period is not None:
            raise ValueError("all_units and period exclude each other: a unit without rows has no period")
        if taken := sorted({"unit", "period", "record_id", "record_key"} & set(self.measures)):
            raise ValueError(f"measures: {taken} mean something else")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of a group."""
        return ("unit", *(("period",) if self.period else ()), *self.measures)
