"""The calibration table: it says what was made, and a data set that is off does not pass for one that is near."""

import json
import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer import Typer
from typer.testing import CliRunner

from sosach.errors import SettingsError
from synthetic_data import make
from synthetic_data.calibration import TARGETS, TRUTH, Table, calibrate, load_targets, main

LATE_BIRTHS = "Births registered late, percent of the last five years"
LATE_DEATHS = "Deaths registered late, percent of the last five years"
MINORITIES = "Ethnic minorities, percent of the living"
STATUS = "Marital status or spouse wrong or missing in the population register, percent of adults"
OLD_BIRTHS = "Birth records with a defect, percent, before 2006"


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calibrated")
    make(folder / "out", folder / "truth", 2500, 7, date(2025, 8, 15), communes=4)
    return folder / "truth"


@pytest.fixture(scope="module")
def own_targets(truth: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Targets that are the figures of ``truth`` itself, meaningful at any size."""
    made = {line.measure: line.made for line in calibrate(truth).lines}
    entries = yaml.safe_load(TARGETS.read_text(encoding="utf-8"))
    known = [
        {**entry, "target": made[entry["measure"]], "tolerance": 0.01, "persons": 1}
        for entry in entries
        if made[entry["measure"]] is not None
    ]
    path = tmp_path_factory.mktemp("targets") / "targets.yaml"
    path.write_text(yaml.safe_dump(known, allow_unicode=True), encoding="utf-8")
    return path


def altered(truth: Path, folder: Path, name: str, frame: pd.DataFrame) -> Path:
    """A copy of the truth with one file replaced."""
    shutil.copytree(truth, folder)
    frame.to_parquet(folder / f"{name}.parquet", index=False)
    return folder


def off(table: Table) -> set[str]:
    return {line.measure for line in table.lines if line.within is False}


def test_every_measure_can_be_counted(truth: Path) -> None:
    table = calibrate(truth)
    assert table.persons == 2500
    assert 1800 < table.living < 2500
    assert len(table.lines) == len(load_targets()) > 35
    uncounted = [line.measure for line in table.lines if line.made is None]
    assert all("group with most" in m or "Certificate" in m or "highland" in m for m in uncounted), uncounted


def test_a_small_data_set_is_not_judged_by_what_it_is_too_small_for(truth: Path) -> None:
    lines = {line.measure: line for line in calibrate(truth).lines}
    assert lines[MINORITIES].within is None
    assert lines[MINORITIES].made is not None


def test_a_data_set_is_near_its_own_figures(truth: Path, own_targets: Path) -> None:
    table = calibrate(truth, targets=own_targets)
    assert off(table) == set()
    assert all(line.within for line in table.lines)


def test_late_entries_are_noticed(truth: Path, own_targets: Path, tmp_path: Path) -> None:
    events = pd.read_parquet(truth / "events.parquet")
    births = (events["kind"] == "KS") & (events["loai_dang_ky"] == "1")
    events["loai_dang_ky"] = events["loai_dang_ky"].astype(object).mask(births, "4")
    found = off(calibrate(altered(truth, tmp_path / "t", "events", events), targets=own_targets))
    assert LATE_BIRTHS in found
    assert LATE_DEATHS not in found


def test_another_population_is_noticed(truth: Path, own_targets: Path, tmp_path: Path) -> None:
    persons = pd.read_parquet(truth / "persons.parquet")
    persons["dan_toc"] = "Kinh"
    found = off(calibrate(altered(truth, tmp_path / "t", "persons", persons), targets=own_targets))
    assert MINORITIES in found
    assert not found & {LATE_BIRTHS, STATUS}


def test_missing_noise_is_noticed(truth: Path, own_targets: Path, tmp_path: Path) -> None:
    corruptions = pd.read_parquet(truth / "corruptions.parquet")
    kept = corruptions[~corruptions["register"].isin(["khai_sinh", "dan_cu"])]
    found = off(calibrate(altered(truth, tmp_path / "t", "corruptions", kept), targets=own_targets))
    assert {STATUS, OLD_BIRTHS} <= found
    assert not any(measure.startswith(("Marriage records", "Death records")) for measure in found)


def test_share_of_late_births_is_that_of_the_events(truth: Path) -> None:
    events = pd.read_parquet(truth / "events.parquet")
    year = pd.to_datetime(events["ngay_dang_ky"]).dt.year
    last = pd.to_datetime(events["ngay_dang_ky"]).max().year
    first = events[(events["kind"] == "KS") & (events["planted"] == "") & (events["loai_dang_ky"] != "2")]
    first = first[year[first.index].between(last - 5, last - 1)]
    made = {line.measure: line.made for line in calibrate(truth).lines}[LATE_BIRTHS]
    assert made == pytest.approx(100 * (first["loai_dang_ky"] == "4").mean(), abs=0.001)


def test_page_and_json_say_plainly_what_is_off(truth: Path, own_targets: Path, tmp_path: Path) -> None:
    persons = pd.read_parquet(truth / "persons.parquet").assign(dan_toc="Kinh")
    page = calibrate(altered(truth, tmp_path / "t", "persons", persons), targets=own_targets).markdown()
    line = next(row for row in page.splitlines() if row.startswith(f"| {MINORITIES} |"))
    assert "| 0.00 |" in line
    assert "| **no** |" in line
    assert MINORITIES in page.split("| measure |")[0]


def run(*arguments: str) -> tuple[int, str]:
    app = Typer()
    app.command()(main)
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_command_writes_page_and_json(truth: Path, tmp_path: Path) -> None:
    page, data = tmp_path / "calibration.md", tmp_path / "calibration.json"
    code, output = run("--truth", str(truth), "--markdown", str(page), "--json", str(data))
    assert code == 0
    assert page.read_text(encoding="utf-8") in output
    written = json.loads(data.read_text(encoding="utf-8"))
    assert len(written["lines"]) == len(load_targets())
    assert {"measure", "made", "target", "within", "source"} == set(written["lines"][0])


@pytest.mark.parametrize("name", TRUTH)
def test_a_missing_truth_file_is_named(truth: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "t"
    shutil.copytree(truth, folder)
    (folder / f"{name}.parquet").unlink()
    code, output = run("--truth", str(folder))
    assert code == 2
    assert f"{name}.parquet" in output.replace("\n", "")


def test_wrong_targets_are_refused_by_file_and_entry(tmp_path: Path) -> None:
    path = tmp_path / "targets.yaml"
    path.write_text("- {measure: a, query: SELECT 1, target: x, persons: 1, source: none}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"targets\.yaml: entry 1: target"):
        load_targets(path)
