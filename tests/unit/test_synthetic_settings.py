"""Settings that the generator refuses, and the kinds of noise as data."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sosach.errors import SettingsError
from sosach.registers import load_registers
from sosach.settings import PROJECT
from synthetic_data import make, planted
from synthetic_data.days import day, next_working, two_digit_words, year_words
from synthetic_data.kinds import Kind, load_kinds

GOOD: dict[str, Any] = {"persons": 400, "seed": 7, "as_of": date(2025, 8, 15), "communes": 3}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"persons": -1}, "persons"),
        ({"seed": -1}, "seed"),
        ({"noise": -0.5}, "noise"),
        ({"noise": float("nan")}, "noise"),
        ({"as_of": date(2019, 12, 31)}, "as_of"),
        ({"communes": 131}, "communes"),
        ({"communes": 0}, "communes"),
    ],
)
def test_wrong_settings_are_refused_by_name(tmp_path: Path, wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{named}:"):
        make(tmp_path / "out", tmp_path / "truth", **{**GOOD, **wrong})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("truth", ["out", "out/truth", "."])
def test_truth_is_never_among_the_deliveries(tmp_path: Path, truth: str) -> None:
    with pytest.raises(SettingsError, match=r"^truth:"):
        make(tmp_path / "out", tmp_path / truth, **GOOD)


def test_kinds_touch_fields_that_exist() -> None:
    registers = load_registers(PROJECT / "expectations")
    kinds = load_kinds().values()
    assert len(kinds) > 60
    for kind in kinds:
        assert kind.rules, kind.name
        for register in kind.registers:
            known = {field.source_name for field in registers[register].fields}
            named = {*kind.cells.get(register, ()), *(kind.row or {}), *(kind.copied or {})}
            assert named <= known, (kind.name, named - known)
        if kind.event:
            assert callable(getattr(planted, kind.event)), kind.name


def test_a_kind_must_say_one_thing_to_do() -> None:
    kind: dict[str, Any] = {"name": "x", "rate": 0.1, "reason": "x", "rules": ["X01"], "register": "ket_hon"}
    assert Kind.model_validate({**kind, "drop": True}).drop
    with pytest.raises(ValidationError, match="exactly one of"):
        Kind.model_validate(kind)
    with pytest.raises(ValidationError, match="exactly one of"):
        Kind.model_validate({**kind, "drop": True, "copy": {}})


@pytest.mark.parametrize(
    ("start", "working"),
    [
        (date(2025, 8, 15), date(2025, 8, 15)),
        (date(2025, 8, 16), date(2025, 8, 18)),
        (date(2025, 8, 30), date(2025, 9, 1)),
        (date(2025, 4, 30), date(2025, 5, 2)),
    ],
)
def test_offices_work_on_weekdays_that_are_no_holiday(start: date, working: date) -> None:
    assert next_working(np.array([day(start)])).tolist() == [day(working)]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "một"),
        (10, "mười"),
        (15, "mười lăm"),
        (20, "hai mươi"),
        (21, "hai mươi mốt"),
        (25, "hai mươi lăm"),
        (11, "mười một"),
    ],
)
def test_days_in_words(number: int, words: str) -> None:
    assert two_digit_words(number) == words


@pytest.mark.parametrize(
    ("year", "words"),
    [
        (1985, "một nghìn chín trăm tám mươi lăm"),
        (2000, "hai nghìn không trăm"),
        (2005, "hai nghìn không trăm linh năm"),
        (2021, "hai nghìn không trăm hai mươi mốt"),
    ],
)
def test_years_in_words(year: int, words: str) -> None:
    assert year_words(year) == words
