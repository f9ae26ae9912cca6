"""The officers' work on the errors of the base delivery: which are corrected, when, and how well.

How communes work is data (``data/campaign_work.yaml``). Corrections are planned from the account of planted errors
alone; cells that are part of a record key are left (a new key would be a new record), and so are rows whose key another
row has too. Holds no new events and no files.
"""

from functools import lru_cache
from pathlib import Path
from typing import Annotated

import duckdb
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sosach.duck import literal
from sosach.errors import SettingsError
from sosach.registers import Register
from synthetic_data.layout import LAYOUTS

FILE = Path(__file__).parent / "data" / "campaign_work.yaml"
SQL = Path(__file__).parent / "sql"
Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: str = Field(min_length=1)


class Pace(_Part):
    """How one kind of commune works: ``share`` of the communes, ``done`` of its errors by the last day.

    The days follow an S-curve; ``middle`` is the part of the period after which half is done, ``width`` how long the
    steep part takes (as part of the period).
    """

    name: str = Field(pattern=r"^[a-z_]+$")
    share: Share
    done: Share
    middle: Share
    width: float = Field(gt=0, le=1)


class Push(_Part):
    """The last working days, to which ``share`` of all corrections is put off."""

    days: Days
    share: Share


class First(_Part):
    """The cells that the campaign is about, by register."""

    fields: dict[str, tuple[str, ...]]


class Others(_Part):
    """All other cells: done as ``share`` of what the pace says, ``later`` by this part of the period."""

    share: Share
    later: Share


class Wrong(_Part):
    """Corrections that write another wrong value."""

    share: Share


class MassFill(_Part):
    """In ``communes`` (share of them) ``share`` of the empty statuses become "never married" on a day near the end."""

    communes: Share
    share: Share


class Undone(_Part):
    """Right corrections that are taken back after some working days, and made again after some more."""

    share: Share
    back_after: tuple[Days, Days]
    again_after: tuple[Days, Days]

    @model_validator(mode="after")
    def _in_order(self) -> "Undone":
        for name in ("back_after", "again_after"):
            first, last = getattr(self, name)
            if first > last:
                raise ValueError(f"{name}: {first} is more than {last}; give the smaller number first")
        return self


class CampaignWork(BaseModel):
    """The whole of ``data/campaign_work.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    paces: tuple[Pace, ...] = Field(min_length=1)
    push: Push
    first: First
    others: Others
    wrong: Wrong
    mass_fill: MassFill
    undone: Undone

    @model_validator(mode="after")
    def _shares_add_up(self) -> "CampaignWork":
        total = sum(pace.share for pace in self.paces)
        if abs(total - 1) > 1e-6:
            raise ValueError(f"paces: the shares add up to {total:g}; make them 1")
        return self


@lru_cache(maxsize=4)
def load_work(path: Path = FILE) -> CampaignWork:
    """How communes work.

    Raises:
        SettingsError: the file is no YAML or a value is wrong; names file and field.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not readable as YAML: {error}. Mend the file.") from error
    try:
        return CampaignWork.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        problem = first["msg"].removeprefix("Value error, ")
        shown = f"{place}: {problem}" if place else problem
        raise SettingsError(f"{path}: {shown}. See CampaignWork in synthetic_data/campaign_work.py.") from error


def check_work(work: CampaignWork, registers: dict[str, Register]) -> None:
    """Refuse fields that the dictionary does not have.

    Raises:
        SettingsError: names register and field.
    """
    for name, fields in work.first.fields.items():
        known = {field.source_name for field in registers[name].fields} if name in registers else set()
        for field in fields:
            if field not in known:
                raise SettingsError(f"{FILE}: first.fields.{name}: register {name} delivers no field {field!r}.")


def key_fields(register: Register) -> set[str]:
    """Delivered columns that are part of the record key."""
    return {register.field(name).source_name for name in register.key}


def plan_corrections(con: duckdb.DuckDBPyConnection, registers: dict[str, Register], work: CampaignWork) -> None:
    """Table ``stream.correction``: ``register, _row, field, kind, day, work, old_value, new_value, correct, unit, pace,
    first``.

    ``work`` says what was done: ``sua_dung`` (the true value), ``sua_sai``, ``dien_hang_loat``, ``lui_lai`` (taken
    back) or ``sua_lai`` (made again). Also fills ``stream.worked``, the days on which a record was worked on.

    Args:
        con: a connection with the finished base state as search path and the tables of ``stream_state``.
        registers: the dictionary, by id.
        work: how communes work.
    """
    con.execute("""CREATE TABLE stream.candidate (register VARCHAR, _row BIGINT, field VARCHAR, kind VARCHAR,
        true_value VARCHAR, written_value VARCHAR, unit VARCHAR, first BOOLEAN)""")
    for name in LAYOUTS:
        _candidates(con, name, registers[name], work)
    bounds = [sum(pace.share for pace in work.paces[: n + 1]) for n in range(len(work.paces))]
    con.execute(
        "CREATE TABLE stream.pace (nth INTEGER, name VARCHAR, upto DOUBLE, done DOUBLE, middle DOUBLE, width DOUBLE)"
    )
    con.executemany(
        "INSERT INTO stream.pace VALUES (?, ?, ?, ?, ?, ?)",
        [
            [n, pace.name, 1.0 if n == len(bounds) - 1 else bounds[n], pace.done, pace.middle, pace.width]
            for n, pace in enumerate(work.paces)
        ],
    )
    text = (SQL / "stream_work.sql").read_text(encoding="utf-8")
    con.execute(text.format(**_numbers(work)))


def _numbers(work: CampaignWork) -> dict[str, str]:
    """What ``sql/stream_work.sql`` leaves open."""
    undone = work.undone
    return {
        "others_share": str(work.others.share),
        "others_later": str(work.others.later),
        "push_days": str(work.push.days),
        "push_share": str(work.push.share),
        "wrong_share": str(work.wrong.share),
        "fill_communes": str(work.mass_fill.communes),
        "fill_share": str(work.mass_fill.share),
        "undone_share": str(undone.share),
        "back_from": str(undone.back_after[0]),
        "back_span": str(undone.back_after[1] - undone.back_after[0] + 1),
        "again_from": str(undone.again_after[0]),
        "again_span": str(undone.again_after[1] - undone.again_after[0] + 1),
    }


def _candidates(con: duckdb.DuckDBPyConnection, name: str, register: Register, work: CampaignWork) -> None:
    """Changed cells of delivered rows that can be corrected: outside the key, in rows that have a key of their own."""
    columns = {row[0] for row in con.execute(f"DESCRIBE r_{name}").fetchall()}
    unit = "coalesce(l.code_new::VARCHAR, r._lo_unit)" if "_lo_unit" in columns else "r._district"
    place = "LEFT JOIN place l ON l.code_old::VARCHAR = r._lo_unit" if "_lo_unit" in columns else ""
    keys = ", ".join(literal(field) for field in sorted(key_fields(register)))
    first = ", ".join(literal(field) for field in work.first.fields.get(name, ("",)))
    con.execute(f"""
        INSERT INTO stream.candidate
        SELECT c.register, c._row, c.field, c.kind, c.true_value, c.written_value, {unit}, c.field IN ({first})
        FROM corruption c JOIN r_{name} r ON r._row = c._row {place}
        JOIN at_{name} a ON a._row = c._row
        WHERE c.register = {literal(name)} AND c.field NOT IN ('', {keys}) AND r._of IS NULL
            AND a.record_key IN (
                SELECT record_key FROM at_{name} WHERE file IS NOT NULL GROUP BY record_key HAVING count(*) = 1)""")
