"""Pointblank on polars: the extract of every step, with all failing rows, is kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pointblank as pb
import polars as pl

from benchmarks.checks import mix
from benchmarks.checks.frames import NOT_TAKEN, OF_AGE, PIN_FITS, citizens, free_of_twins, marriages, there

ALL = 10**9


@dataclass
class State:
    """What the validation gave: a validation a register."""

    validations: list[pb.Validate]


def citizen_steps(frame: pl.DataFrame) -> pb.Validate:
    day = mix.AS_OF
    return (
        pb.Validate(frame)
        .col_vals_not_null("so_dinh_danh", brief="R01")
        .col_vals_regex("so_dinh_danh", f"^{mix.PIN}$", na_pass=True, brief="R02")
        .col_vals_expr(free_of_twins("so_dinh_danh"), brief="R03")
        .col_vals_regex("so_cmnd", f"^({mix.CMND})$", na_pass=True, brief="R04")
        .col_vals_not_null("ho_ten", brief="R05")
        .col_vals_expr(~pl.col("ho_ten").str.contains(mix.NAME_BAD).fill_null(value=False), brief="R06")
        .col_vals_expr(pl.col("ho_ten").str.len_chars().is_between(3, 60).fill_null(value=True), brief="R07")
        .col_vals_not_null("ngay_sinh", brief="R08")
        .col_vals_between("ngay_sinh", day.replace(1900, 1, 1), day, na_pass=True, brief="R09")
        .col_vals_expr(pl.col("gioi_tinh").is_in(mix.SEXES).fill_null(value=True), brief="R10")
        .col_vals_expr(pl.col("dan_toc").is_in(mix.ETHNIC).fill_null(value=True), brief="R11")
        .col_vals_expr(pl.col("tinh_trang_hon_nhan").is_in(mix.MARITAL).fill_null(value=True), brief="R12")
        .col_vals_ge("ngay_dang_ky", pb.col("ngay_sinh"), na_pass=True, brief="R13")
        .col_vals_expr(free_of_twins("ho_ten", "ngay_sinh", "dia_chi"), brief="R14")
        .col_vals_expr(PIN_FITS, brief="R15")
        .col_vals_expr(pl.col("ngay_cap_nhat").max() >= day.replace(day=day.day - 7), brief="R16")
    )


def marriage_steps(frame: pl.DataFrame) -> pb.Validate:
    return (
        pb.Validate(frame)
        .col_vals_expr(there("chong"), brief="R17")
        .col_vals_expr(there("vo"), brief="R18")
        .col_vals_expr(NOT_TAKEN, brief="R19")
        .col_vals_expr(OF_AGE, brief="R20")
    )


def run(core: Path, _out: Path) -> State:
    people = citizens(core)
    steps = (citizen_steps(people), marriage_steps(marriages(core, people)))
    return State([each.interrogate(collect_extracts=True, get_first_n=ALL, extract_limit=ALL) for each in steps])


def pairs(state: State, _out: Path) -> Iterator[tuple[str, str]]:
    for validation in state.validations:
        for step in validation.validation_info:
            if step.eval_error:
                raise RuntimeError(f"{step.brief}: the step could not run")
            if step.extract is not None:
                yield from ((step.brief, key) for key in step.extract["record_key"])
