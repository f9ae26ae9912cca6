"""pandera on polars, lazy: every failing value with its row number is kept in ``failure_cases``.

A check of several columns stands on ``record_key``, because a check of the whole frame would turn each failing row into
JSON, which is far slower.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandera.polars as pa
import polars as pl

from benchmarks.checks import mix
from benchmarks.checks.frames import NOT_TAKEN, OF_AGE, PIN_FITS, citizens, free_of_twins, marriages, there

NOT_NULL = {"so_dinh_danh": "R01", "ho_ten": "R05", "ngay_sinh": "R08"}


@dataclass
class State:
    """What the validation gave: a frame of failure cases and the keys by row number, a register each."""

    failures: list[pl.DataFrame]
    keys: list[list[str]]


def holds(rule: str, expression: pl.Expr) -> pa.Check:
    return pa.Check(lambda data: data.lazyframe.select(expression), error=rule)


def citizen_schema() -> pa.DataFrameSchema:
    day = mix.AS_OF
    return pa.DataFrameSchema(
        {
            "so_dinh_danh": pa.Column(pl.String, pa.Check.str_matches(f"^{mix.PIN}$", error="R02")),
            "so_cmnd": pa.Column(pl.String, pa.Check.str_matches(f"^({mix.CMND})$", error="R04"), nullable=True),
            "ho_ten": pa.Column(
                pl.String,
                [holds("R06", ~pl.col("ho_ten").str.contains(mix.NAME_BAD)), pa.Check.str_length(3, 60, error="R07")],
            ),
            "ngay_sinh": pa.Column(pl.Date, pa.Check.in_range(day.replace(1900, 1, 1), day, error="R09")),
            "gioi_tinh": pa.Column(pl.String, pa.Check.isin(mix.SEXES, error="R10"), nullable=True),
            "dan_toc": pa.Column(pl.String, pa.Check.isin(mix.ETHNIC, error="R11"), nullable=True),
            "tinh_trang_hon_nhan": pa.Column(pl.String, pa.Check.isin(mix.MARITAL, error="R12"), nullable=True),
            "record_key": pa.Column(
                pl.String,
                [
                    holds("R03", free_of_twins("so_dinh_danh")),
                    holds("R13", pl.col("ngay_dang_ky") >= pl.col("ngay_sinh")),
                    holds("R14", free_of_twins("ho_ten", "ngay_sinh", "dia_chi")),
                    holds("R15", PIN_FITS),
                ],
            ),
            "ngay_cap_nhat": pa.Column(
                pl.Date, holds("R16", pl.col("ngay_cap_nhat").max() >= day.replace(day=day.day - 7))
            ),
        }
    )


def marriage_schema() -> pa.DataFrameSchema:
    rules = {"R17": there("chong"), "R18": there("vo"), "R19": NOT_TAKEN, "R20": OF_AGE}
    checks = [holds(rule, expression) for rule, expression in rules.items()]
    return pa.DataFrameSchema({"record_key": pa.Column(pl.String, checks)})


def run(core: Path, _out: Path) -> State:
    people = citizens(core)
    state = State([], [])
    for schema, frame in ((citizen_schema(), people), (marriage_schema(), marriages(core, people))):
        try:
            schema.validate(frame, lazy=True)
            state.failures.append(pl.DataFrame())
        except pa.errors.SchemaErrors as errors:
            state.failures.append(errors.failure_cases)
        state.keys.append(frame["record_key"])
    return state


def pairs(state: State, _out: Path) -> Iterator[tuple[str, str]]:
    for failures, keys in zip(state.failures, state.keys, strict=True):
        for check, column, row in failures.select("check", "column", "index").iter_rows():
            yield NOT_NULL[column] if check == "not_nullable" else check, keys[row]
