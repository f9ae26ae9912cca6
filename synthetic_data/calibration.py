"""How near a data set comes to Nghệ An: each figure of ``data/targets.yaml`` beside the one that was made.

Reads the truth folder only, never a delivery. ``python -m synthetic_data.calibration --truth DIR`` prints the table;
``--markdown`` and ``--json`` write it. Says where made and target differ; changes nothing.

Words that a query of ``targets.yaml`` may use, beside the truth files (``truth.py`` lists their columns):

* ``people`` (persons that are no mere parents or spouses from outside), ``living`` (of the population register on the
  data set's date), ``adult`` (living, of marriageable age), ``commune(ma_xa, loai, vung)``;
* ``registered``: true events with ``lai`` (entered again) and ``muon`` (late); ``delivered``: records of KS, KH, KT and
  HN with ``loi`` (a planted defect); ``written``: corruptions with ``role`` and ``person_id`` of their record;
* ``at_full_size(n)``: n scaled to 3.4 million living; ``years_ago(n)``; ``last_years(day, n)``: in the last n whole
  years.
"""

import json
from dataclasses import asdict, dataclass
from math import isnan
from pathlib import Path
from typing import Annotated

import duckdb
import typer
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from sosach.duck import literal
from sosach.errors import SettingsError, SosachError
from sosach.settings import PROJECT
from synthetic_data.units import load_province

TARGETS = Path(__file__).parent / "data" / "targets.yaml"
TRUTH = ("persons", "marriages", "events", "records", "duplicates", "corruptions", "books", "counts")
FULL_SIZE = 3_400_000
"""Living people of the province (domain.md 7)."""


class Target(BaseModel):
    """One entry of ``targets.yaml``; a target is a number or a range, ``tolerance`` widens either."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    measure: str
    query: str
    target: float | tuple[float, float]
    tolerance: float = 0.0
    persons: int
    source: str

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest value that is within the tolerance."""
        low, high = self.target if isinstance(self.target, tuple) else (self.target, self.target)
        return low - self.tolerance, high + self.tolerance

    @property
    def text(self) -> str:
        """The target as a reader sees it."""
        shown = f"{self.target[0]:g}-{self.target[1]:g}" if isinstance(self.target, tuple) else f"{self.target:g}"
        return f"{shown} ± {self.tolerance:g}" if self.tolerance else shown


@dataclass(frozen=True)
class Line:
    """One line of the table. ``made`` is None where nothing could be counted; ``within`` is None where the data set is
    too small for the measure or nothing could be counted.
    """

    measure: str
    made: float | None
    target: str
    within: bool | None
    source: str


@dataclass(frozen=True)
class Table:
    """The whole comparison: persons and living people of the data set, its last day, and the lines."""

    persons: int
    living: int
    last_day: str
    lines: list[Line]

    def markdown(self) -> str:
        """The table as a page; first what is off."""
        off = [line for line in self.lines if line.within is False]
        said = sum(line.within is not None for line in self.lines)
        rows = [
            f"| {line.measure} | {'' if line.made is None else f'{line.made:.2f}'} | {line.target} |"
            f" {_verdict(line)} | {line.source} |"
            for line in self.lines
        ]
        return "\n".join(
            [
                "# Calibration of the synthetic registers",
                "",
                "Written by `python -m synthetic_data.calibration --truth DIR --markdown FILE`; do not edit.",
                "",
                f"{self.persons:,} persons, {self.living:,} living, events up to {self.last_day}."
                " Full size means 3.4 million living people.",
                "",
                f"{said - len(off)} of {said} measures are within their tolerance."
                + (" Off: " + "; ".join(line.measure for line in off) + "." if off else ""),
                "",
                "| measure | made | target | within | source |",
                "|---|---|---|---|---|",
                *rows,
                "",
            ]
        )


def _verdict(line: Line) -> str:
    return "too small to say" if line.within is None else "yes" if line.within else "**no**"


def load_targets(path: Path = TARGETS) -> list[Target]:
    """The measures of a targets file.

    Raises:
        SettingsError: an entry is not valid; names file and entry.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    targets = []
    for number, entry in enumerate(entries, 1):
        try:
            targets.append(Target.model_validate(entry))
        except ValidationError as error:
            problem = error.errors()[0]
            field = ".".join(str(part) for part in problem["loc"])
            raise SettingsError(f"{path}: entry {number}: {field}: {problem['msg']}.") from error
    return targets


def calibrate(truth: Path, expectations: Path = PROJECT / "expectations", targets: Path = TARGETS) -> Table:
    """Compare a truth folder with the targets.

    Raises:
        SettingsError: a truth file is missing or the targets are not valid; the message names it.
    """
    wanted = load_targets(targets)
    for name in TRUTH:
        if not (truth / f"{name}.parquet").is_file():
            raise SettingsError(f"truth: {truth / name}.parquet is missing; make the data set again.")
    with duckdb.connect() as con:
        con.execute("SET threads = 2")
        con.execute("SET enable_progress_bar = false")
        _views(con, truth, expectations)
        persons, living, last_day = con.execute(
            "SELECT (SELECT count(*) FROM people), (SELECT count(*) FROM living), getvariable('last_day')::VARCHAR"
        ).fetchall()[0]
        lines = []
        for target in wanted:
            value = con.execute(target.query).fetchall()[0][0]
            made = None if value is None or isnan(value) else round(float(value), 4)
            low, high = target.bounds
            within = low <= made <= high if made is not None and persons >= target.persons else None
            lines.append(Line(target.measure, made, target.text, within, target.source))
    return Table(persons, living, last_day, lines)


def _views(con: duckdb.DuckDBPyConnection, truth: Path, expectations: Path) -> None:
    """Make the words that queries use."""
    for name in TRUTH:
        con.execute(f"CREATE VIEW {name} AS FROM read_parquet({literal(truth / f'{name}.parquet')})")
    new = load_province(expectations, None).new
    con.register("communes", new[["code", "type", "region"]])
    con.execute("CREATE TABLE commune AS SELECT code::VARCHAR AS ma_xa, type AS loai, region AS vung FROM communes")
    con.execute("SET VARIABLE last_day = (SELECT max(ngay_dang_ky)::DATE FROM events)")
    con.execute("""CREATE TABLE people AS FROM persons
        WHERE cha_person_id IS NOT NULL OR me_person_id IS NOT NULL OR trong_dan_cu""")
    con.execute("CREATE VIEW living AS FROM people WHERE trong_dan_cu AND ngay_chet IS NULL")
    con.execute("CREATE MACRO years_ago(n) AS (getvariable('last_day') - to_years(n))::DATE")
    con.execute("""CREATE VIEW adult AS FROM living
        WHERE ngay_sinh <= years_ago(CASE gioi_tinh WHEN 'Nam' THEN 20 ELSE 18 END)""")
    con.execute(f"SET VARIABLE living = (SELECT {FULL_SIZE} / count(*) FROM living)")
    con.execute("CREATE MACRO at_full_size(n) AS n * getvariable('living')")
    con.execute("""CREATE MACRO last_years(x, n) AS
        year(x) < year(getvariable('last_day')) AND year(x) >= year(getvariable('last_day')) - n""")
    con.execute("""CREATE TABLE registered AS
        SELECT *, coalesce(loai_dang_ky = '2', FALSE) AS lai, coalesce(loai_dang_ky = '4', FALSE) AS muon
        FROM events WHERE planted = ''""")
    con.execute("""CREATE TABLE delivered AS
        SELECT e.kind, e.ngay_dang_ky, c.register IS NOT NULL AS loi FROM events e
        LEFT JOIN (SELECT DISTINCT register, record_key FROM corruptions) c USING (register, record_key)
        WHERE e.delivered AND e.kind IN ('KS', 'KH', 'KT', 'HN')""")
    con.execute("""CREATE VIEW written AS SELECT c.*, r.role, r.person_id FROM corruptions c
        JOIN records r ON r.register = c.register AND r.file = c.file AND r.row = c.row""")


def main(
    truth: Annotated[Path, typer.Option(help="truth folder of a data set")],
    json_file: Annotated[Path | None, typer.Option("--json", help="write the table as JSON")] = None,
    markdown: Annotated[Path | None, typer.Option(help="write the table as a page")] = None,
) -> None:
    """Compare a made data set with the figures of Nghệ An."""
    try:
        table = calibrate(truth)
    except SosachError as error:
        typer.echo(f"error: {error}")
        raise typer.Exit(2) from error
    if json_file:
        json_file.write_text(json.dumps(asdict(table), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if markdown:
        markdown.write_text(table.markdown(), encoding="utf-8")
    typer.echo(table.markdown())


if __name__ == "__main__":
    typer.run(main)
