"""Settings that the generator refuses, and the kinds of noise as data."""

import re
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, get_args

import duckdb
import numpy as np
import pytest
import yaml

from sosach.errors import SettingsError
from sosach.registers import load_registers
from sosach.settings import PROJECT
from synthetic_data import acts, make, planted
from synthetic_data.days import day, next_working, two_digit_words, year_words
from synthetic_data.kinds import (
    EVENTS,
    FOLDER,
    Channel,
    Kind,
    check_kinds,
    check_sql,
    load_kinds,
    rule_codes,
    unruled_codes,
)

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


def test_kinds_name_what_exists() -> None:
    check_kinds(load_registers(PROJECT / "expectations"))
    kinds = load_kinds().values()
    assert len(kinds) > 150
    for kind in kinds:
        if kind.event:
            assert callable(getattr(acts if kind.event == "enter_acts" else planted, kind.event)), kind.name
    assert {kind.channel for kind in kinds} == set(get_args(Channel))
    own = {**vars(planted), **vars(acts)}
    named = {value for key, value in own.items() if key.isupper() and isinstance(value, str)}
    assert set(EVENTS) == named, "planted and acts carry out the kinds that check_kinds asks for"


def test_codes_without_a_rule_are_those_that_kinds_name_and_no_rule_has() -> None:
    codes = rule_codes(PROJECT / "expectations")
    assert {"KS01", "TX01", "XR07"} <= codes
    used = {code for kind in load_kinds().values() for register in kind.registers for code in kind.rules_of(register)}
    assert set(unruled_codes()) == used - codes
    assert all(unruled_codes().values())


def copied_kinds(folder: Path, old: str, new: str) -> dict[str, Kind]:
    """The kinds of ``noise/``, where one text of the file of events is another."""
    for path in FOLDER.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        if path.name == "su_kien.yaml":
            assert old in text
            text = text.replace(old, new, 1)
        (folder / path.name).write_text(text, encoding="utf-8")
    return load_kinds(folder)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "name: ket_hon_muon_ten",
            "name: ket_hon_muon_tuoi",
            "ket_hon_muon_tuoi: event: false_marriages carries out no",
        ),
        ("event: marry_children", "event: false_births", "ket_hon_tao_hon: event: false_births carries out no"),
        ("event: false_births", "drop: true", "khai_sinh_dang_ky_hai_lan: missing"),
    ],
)
def test_an_event_that_is_renamed_or_missing_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    registers = load_registers(PROJECT / "expectations")
    check_kinds(registers, copied_kinds(tmp_path, "name: ket_hon_muon_ten", "name: ket_hon_muon_ten"))
    load_kinds.cache_clear()
    with pytest.raises(SettingsError, match=rf"^su_kien\.yaml: {re.escape(said)}"):
        check_kinds(registers, copied_kinds(tmp_path, old, new))


def test_rules_by_register() -> None:
    cells = {"ket_hon": ["voHoTen"], "dan_cu": ["ho_ten"]}
    kind = Kind.model_validate(
        {**GOOD_KIND, "cells": cells, "rules": {"ket_hon": ["TX01"], "dan_cu": ["TX02", "DC01"]}}
    )
    assert kind.rules_of("ket_hon") == ("TX01",)
    assert kind.rules_of("dan_cu") == ("TX02", "DC01")
    assert Kind.model_validate({**GOOD_KIND, "cells": cells}).rules_of("dan_cu") == ("TX01",)


GOOD_KIND: dict[str, Any] = {
    "name": "x",
    "channel": "go_phim",
    "rate": 0.1,
    "reason": "Gõ nhầm.",
    "rules": ["TX01"],
    "cells": {"ket_hon": ["voHoTen"]},
    "write": "lower(@)",
}


def write_kinds(folder: Path, *changes: dict[str, Any]) -> Path:
    """A folder with one file of good kinds, each with its changes; a None takes the key away."""
    entries = [{k: v for k, v in {**GOOD_KIND, **change}.items() if v is not None} for change in changes]
    (folder / "mau.yaml").write_text(yaml.safe_dump(entries, allow_unicode=True), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"rate": -0.1}, "rate", "not between 0 and 1"),
        ({"rate": 1.5}, "rate", "not between 0 and 1"),
        ({"rate": float("nan")}, "rate", "not between 0 and 1"),
        ({"rate": "nhiều"}, "rate", "no number"),
        ({"rate": True}, "rate", "no number"),
        ({"rate": [0.1, 0.2]}, "rate", "2 numbers"),
        ({"rate": [0.1, 0.2, -0.3]}, "rate", "not between 0 and 1"),
        ({"rate": {"ket_hon": 0.1, "khai_tu": 0.1}}, "rate", "registers must be"),
        ({"channel": "gio_thoi"}, "channel", "Input should be"),
        ({"channel": None}, "channel", "required"),
        ({"reason": ""}, "reason", "at least 1"),
        ({"rules": []}, "rules", "at least 1"),
        ({"rules": ["sai"]}, "rules.0", "pattern"),
        ({"rules": {"ket_hon": ["TX01"], "dan_cu": ["TX01"]}}, "rules", "registers must be"),
        ({"rules": {"ket_hon": []}}, "rules.ket_hon", "at least 1"),
        ({"batch": {"of": "tuan", "share": 0.1}}, "batch.of", "Input should be"),
        ({"batch": {"of": "book", "share": 0}}, "batch.share", "greater than 0"),
        ({"batch": {"of": "book", "share": 0.1, "x": 1}}, "batch.x", "not permitted"),
        ({"nghia": "x"}, "nghia", "not permitted"),
        ({"drop": True}, "cells", "exactly one of"),
        ({"cells": None, "write": None}, "cells", "exactly one of"),
        ({"write": None}, "write", "belong together"),
        ({"register": "ket_hon"}, "register", "belongs to"),
        ({"cells": None, "write": None, "register": "ket_hon", "event": "bay_ra"}, "event", "Input should be"),
        (
            {"cells": None, "write": None, "register": "ket_hon", "event": "false_births", "rate": [0.1, 0, 0]},
            "event",
            "one number",
        ),
    ],
)
def test_a_wrong_kind_is_refused_by_file_kind_and_field(
    tmp_path: Path, change: dict[str, Any], field: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=rf"mau\.yaml: x: {re.escape(field)}: .*{said}"):
        load_kinds(write_kinds(tmp_path, change))


def test_kind_files_that_are_no_lists_or_name_a_kind_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"mau\.yaml: x: name: stands twice"):
        load_kinds(write_kinds(tmp_path, {}, {}))
    for number, text in enumerate(("name: [x", "name: x", "- x", "")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "hong.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(SettingsError, match=r"hong\.yaml: "):
            load_kinds(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rules": ["TX01", "KH99"]}, "rules: no rule of .* has the code KH99"),
        ({"rules": {"ket_hon": ["KH99"]}}, "rules: no rule of .* has the code KH99"),
        ({"cells": {"ket_hom": ["voHoTen"]}}, "cells: no register 'ket_hom'"),
        ({"cells": {"ket_hon": ["vo_ho_ten"]}}, "cells: register ket_hon delivers no field 'vo_ho_ten'"),
        (
            {"cells": None, "write": None, "register": "dan_cu", "row": {"hoTen": "NULL"}},
            "row: register dan_cu delivers no field 'hoTen'",
        ),
    ],
)
def test_a_kind_with_an_unknown_register_or_field_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    kinds = load_kinds(write_kinds(tmp_path, change))
    with pytest.raises(SettingsError, match=rf"^mau\.yaml: x: {said}"):
        check_kinds(load_registers(PROJECT / "expectations"), kinds)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"when": "_khong_co > 1"}, "when"),
        ({"when": "@ LIKE"}, "when"),
        ({"write": "khong_co(@)"}, "write"),
        ({"batch": {"of": "book", "share": 0.1}}, "batch"),
        ({"cells": None, "write": None, "register": "ket_hon", "row": {"voHoTen": "upper("}}, "row.voHoTen"),
        ({"cells": None, "write": None, "register": "ket_hon", "copy": {"voHoTen": "voHoTen2"}}, "copy.voHoTen"),
    ],
)
def test_a_kind_whose_sql_does_not_bind_is_refused(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    kinds = load_kinds(write_kinds(tmp_path, change, {"name": "y"}))
    with closing(duckdb.connect()) as con:
        con.execute("CREATE TABLE r_ket_hon AS SELECT 1 AS _row, 2020 AS _year, 'A' AS \"voHoTen\"")
        check_sql(con, {"y": kinds["y"]})
        with pytest.raises(SettingsError, match=rf"^mau\.yaml: x: {re.escape(field)}: not valid for register ket_hon"):
            check_sql(con, kinds)


def test_rates_by_era_and_register_as_sql() -> None:
    kind = Kind.model_validate(
        {
            **GOOD_KIND,
            "cells": {"ket_hon": ["voHoTen"], "dan_cu": ["ho_ten"]},
            "rate": {"ket_hon": [0.3, 0.2, 0.1], "dan_cu": 0.01},
            "batch": {"of": "unit", "share": 0.2},
        }
    )
    rates = [
        duckdb.sql(f"SELECT {kind.rate_sql('ket_hon')} FROM (SELECT {y} AS _year)").fetchall()
        for y in (2005, 2006, 2016)
    ]
    assert [float(row[0][0]) for row in rates] == [0.3, 0.2, 0.1]
    assert kind.rate_sql("dan_cu") == "0.01"
    assert "_lo_unit" in kind.batch_sql
    assert Kind.model_validate(GOOD_KIND).batch_sql == "TRUE"


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
