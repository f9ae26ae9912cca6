"""A run is named by what it is about, and its manifest says exactly that."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from sosach.errors import MissingArtefactError, SettingsError, SosachError
from sosach.ingest import ingest_register, open_run
from sosach.lake import Lake, read_json
from sosach.settings import Settings
from sosach.state import StateStore
from tests.unit.ingest_sample import FILE, REGISTER, ROW, drop, raw_files

DAY = date(2026, 10, 1)
LATER = date(2026, 10, 8)


@pytest.fixture
def on_each_database(settings: Settings, state_url: str) -> Settings:
    """The installation with its state on SQLite, then on PostgreSQL."""
    return settings.model_copy(update={"database_url": state_url})


def _finish(settings: Settings, run_id: str) -> None:
    with StateStore(settings.state_url) as state:
        state.finish_run(run_id)


def test_the_manifest_names_what_the_run_is_about(on_each_database: Settings) -> None:
    settings = on_each_database
    good = drop(settings, "a.csv", FILE)
    drop(settings, "b.csv", FILE + ROW)
    drop(settings, "c.csv", "")
    drop(settings, "d.csv", FILE, register="khong_co")
    (settings.deliveries / "la.csv").write_text(FILE)
    ingest_register(settings, REGISTER, DAY)
    run_id = open_run(settings, DAY, "luat-1")
    manifest = read_json(Lake(settings.home).run(run_id).manifest)
    assert run_id.startswith("2026-10-01_")
    assert len(run_id) == len("2026-10-01_") + 8
    assert set(manifest) == {"run_id", "as_of", "previous_run_id", "catalogue", "deliveries", "held", "refused"}
    assert (manifest["run_id"], manifest["as_of"], manifest["catalogue"]) == (run_id, "2026-10-01", "luat-1")
    assert manifest["previous_run_id"] is None
    first, second = manifest["deliveries"]
    assert (manifest["held"], first["findings"]) == ([], [])
    assert first == {
        "delivery_id": first["sha256"][:16],
        "sha256": hashlib.sha256(good.read_bytes()).hexdigest(),
        "register": REGISTER,
        "file_name": "so_ho_tich/a.csv",
        "rows": 1,
        "received_on": "2026-10-01",
        "sequence": 1,
        "unit": "16681",
        "period_from": None,
        "period_to": None,
        "origin": {"unit": "data"},
        "notes": {},
        "findings": [],
        "status": "accepted",
        "replaced_by": None,
    }
    assert (second["file_name"], second["rows"], second["sequence"]) == ("so_ho_tich/b.csv", 2, 2)
    assert [(r["register"], r["file_name"]) for r in manifest["refused"]] == [
        ("", "khong_co"),
        ("", "la.csv"),
        (REGISTER, "so_ho_tich/c.csv"),
    ]
    assert "không mang tên một sổ nào" in manifest["refused"][0]["reason"]
    assert "so_ho_tich" in manifest["refused"][1]["reason"], "the remedy names the folders that there are"


def test_the_same_input_is_the_same_run(on_each_database: Settings) -> None:
    settings = on_each_database
    drop(settings, "a.csv", FILE)
    ingest_register(settings, REGISTER, DAY)
    first = open_run(settings, DAY, "luat-1")
    path = Lake(settings.home).run(first).manifest
    content = path.read_bytes()
    _finish(settings, first)
    drop(settings, "copy.csv", FILE)
    ingest_register(settings, REGISTER, DAY)
    assert open_run(settings, DAY, "luat-1") == first
    assert path.read_bytes() == content, "opened again after it was finished, it is still not its own previous run"
    assert open_run(settings, LATER, "luat-1") not in (first, open_run(settings, DAY, "luat-2"))


def test_runs_follow_one_another(on_each_database: Settings) -> None:
    settings = on_each_database
    drop(settings, "a.csv", FILE)
    ingest_register(settings, REGISTER, DAY)
    first = open_run(settings, DAY, "luat-1")
    _finish(settings, first)
    drop(settings, "b.csv", FILE + ROW)
    ingest_register(settings, REGISTER, LATER)
    second = open_run(settings, LATER, "luat-1")
    manifest = read_json(Lake(settings.home).run(second).manifest)
    assert manifest["previous_run_id"] == first
    assert [d["received_on"] for d in manifest["deliveries"]] == ["2026-10-01", "2026-10-08"]
    assert open_run(settings, DAY, "luat-1") == first, "what came later is not part of the earlier day"


def test_the_run_id_does_not_depend_on_the_order_of_arrival(settings: Settings, tmp_path: Path) -> None:
    ids = []
    for n, order in enumerate([("a", "b"), ("b", "a")]):
        home = settings.model_copy(update={"home": tmp_path / str(n), "deliveries": tmp_path / f"in{n}"})
        for name in order:
            drop(home, f"{name}.csv", FILE if name == "a" else FILE + ROW)
            ingest_register(home, REGISTER, DAY)
        ids.append(open_run(home, DAY, "luat-1"))
    assert ids[0] == ids[1]


def test_a_run_about_nothing_says_why(settings: Settings) -> None:
    with pytest.raises(SosachError, match=r"No delivery was accepted.*<register>"):
        open_run(settings, DAY, "luat-1")
    drop(settings, "a.csv", "")
    ingest_register(settings, REGISTER, DAY)
    with pytest.raises(SosachError, match="1 files were refused"):
        open_run(settings, DAY, "luat-1")
    drop(settings, "b.csv", FILE)
    ingest_register(settings, REGISTER, LATER)
    with pytest.raises(SosachError, match="1 deliveries were received after that day"):
        open_run(settings, DAY, "luat-1")


def test_a_missing_inbox_or_raw_file_is_named(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SOSACH_DELIVERIES"):
        open_run(settings.model_copy(update={"deliveries": tmp_path / "nowhere"}), DAY, "luat-1")
    drop(settings, "a.csv", FILE)
    ingest_register(settings, REGISTER, DAY)
    (raw,) = raw_files(settings)
    raw.unlink()
    with pytest.raises(MissingArtefactError, match=rf"{raw.name}.*so_ho_tich/a\.csv"):
        open_run(settings, DAY, "luat-1")
