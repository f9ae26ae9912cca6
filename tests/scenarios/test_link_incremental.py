"""A day that goes on from the run before links as a run over everything does, and person ids stay.

Small worlds in which names, dates, numbers and parents come from few, so that most records may be somebody else's; over
two days records are added, changed, replaced by a later delivery and taken away.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sosach.lake import Run, write_json
from sosach.link import incremental, linkage, match
from sosach.link.comparisons import VIETNAM
from sosach.link.engine import Model
from sosach.link.previous import model_path, previous, state_path
from tests.scenarios.registers import add, world

Cells = dict[str, Any]
World = dict[tuple[str, str], Cells]  # (register, record id) -> cells

LIMITED = replace(VIETNAM, max_cluster=12)
"""So few namings a person that some clusters of these worlds are stopped."""

EXAMPLES = 1
"""One in every test run, to stay fast; raise it after a change of linkage (a world and two days take 15 s)."""

NAMES = ("NGUYỄN VĂN AN", "NGUYEN VAN AN", "TRẦN THỊ BÌNH", "LÊ THỊ CÚC", "VI VĂN DŨNG")
BIRTHS = (date(1980, 3, 2), date(1980, 2, 3), date(1985, 1, 1), date(1991, 7, 20))
PARENTS = (None, "VI VĂN ÁI", "LÔ THỊ MẬN", "HÀ VĂN SÁU")
PINS = (None, *(f"0400850000{n}" for n in range(10, 34)))
CMNDS = (None, None, "186000001", "186000002")
HOMES = ("16681", "16690")


def limit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(match, "VIETNAM", LIMITED)
    patch.setattr(linkage, "VIETNAM", LIMITED)
    patch.setattr(incremental, "MOST_CHANGED", 1.0)


@pytest.fixture(autouse=True)
def _limited(monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch)


@dataclass(frozen=True)
class Start:
    """The first run over the first records, with its model."""

    records: World
    run: Run
    model: Model


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    records, run = made(Random(6), 60, 0), Run(tmp_path_factory.mktemp("first"), "2025-01-01_0")
    with pytest.MonkeyPatch.context() as patch:
        limit(patch)
        with opened(records) as con:
            model, counts = linkage.link(con, run_id=run.run_id, before=None)
            linkage.write(con, run, model)
    assert counts["full_because_no_previous_run"]
    return Start(records, run, model)


def person(random: Random, prefix: str, number: str) -> Cells:
    cells = {"ho_ten": random.choice(NAMES), "ngay_sinh": random.choice(BIRTHS)}
    cells[number] = random.choice(PINS + CMNDS)
    return {f"{prefix}{name}": value for name, value in cells.items()}


def citizen(random: Random) -> Cells:
    relatives = {
        **{f"{who}_ho_ten": random.choice(PARENTS) for who in ("cha", "me", "vo_chong")},
        **{f"{who}_so_dinh_danh": random.choice(PINS) for who in ("cha", "me", "vo_chong")},
    }
    more = {"so_cmnd": random.choice(CMNDS), "gioi_tinh": random.choice(("Nam", "Nữ"))}
    return {
        **person(random, "", "so_dinh_danh"),
        **more,
        **relatives,
        "unit": random.choice(HOMES),
        "ngay_cap_nhat": random.choice(BIRTHS),
    }


def record(random: Random, register: str, number: int) -> Cells:
    paper = "so_giay_to_tuy_than"
    entry = {"noi_dang_ky": "16681", "quyen_so": "01", "so": str(number), "record_key": f"16681|01|{number}"}
    match register:
        case "dan_cu":
            return citizen(random)
        case "cu_tru":
            return {"so_dinh_danh": random.choice(PINS), "unit": random.choice(HOMES)}
        case "khai_sinh":
            sex = {"nks_gioi_tinh": random.choice(("Nam", "Nữ"))}
            child = person(random, "nks_", "so_dinh_danh_ca_nhan") | sex
            return entry | child | person(random, "me_", paper) | person(random, "cha_", paper)
        case "ket_hon":
            return entry | person(random, "chong_", paper) | person(random, "vo_", paper)
        case "ly_hon":
            named = {"ket_hon_noi_dang_ky": "16681", "ket_hon_quyen_so": "01", "ket_hon_so": str(random.randrange(9))}
            return named | person(random, "chong_", "so_giay_to") | person(random, "vo_", "so_giay_to")
        case "thay_doi_ho_tich":
            named = {"goc_noi_dang_ky": "16681", "goc_quyen_so": "01", "goc_so": str(random.randrange(9))}
            return named | {"goc_loai_so": "KS"} | person(random, "ntd_", "so_dinh_danh")
        case _:
            return person(random, "", "so_dinh_danh")


REGISTERS = ("dan_cu", "dan_cu", "dan_cu", "cu_tru", "khai_sinh", "ket_hon", "ly_hon", "thay_doi_ho_tich", "bhyt")


def made(random: Random, n: int, first: int) -> World:
    found = {}
    for number in range(first, first + n):
        register = random.choice(REGISTERS)
        found[register, f"d{first}:{number}"] = record(random, register, number % 9)
    return found


def next_day(random: Random, before: World, first: int) -> World:
    """Some records gone, some changed in place, some replaced under the same key, some new."""
    after = {}
    for (register, record_id), cells in before.items():
        what = random.randrange(20)
        if what == 0:
            continue
        if what == 1:
            after[register, record_id] = record(random, register, random.randrange(9))
        elif what == 2:
            key = {"record_key": cells.get("record_key", record_id)}
            after[register, f"d{first}:{record_id}"] = random.choice((cells, record(random, register, 1))) | key
        else:
            after[register, record_id] = cells
    return after | made(random, random.randrange(1, 6), first)


@contextmanager
def opened(records: World) -> Iterator[duckdb.DuckDBPyConnection]:
    with world() as con:
        con.execute("SET threads = 2")
        for (register, record_id), cells in records.items():
            add(con, register, record_id, **cells)
        yield con


def told(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    """Every table of linkage, as rows."""
    return {
        name: con.execute(f"SELECT {', '.join(columns)} FROM {name} ORDER BY ALL").fetchall()
        for name in linkage.ORDER
        for columns in [sorted(c for c, *_ in con.execute(f"DESCRIBE {name}").fetchall())]
    }


def linked(records: World, run: Run, before: Run | None, model: Model | None) -> tuple[dict[str, Any], dict[str, int]]:
    with opened(records) as con:
        used, counts = linkage.link(con, run_id=run.run_id, before=before, model=model)
        linkage.write(con, run, used)
        return told(con), counts


@settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
@given(seed=st.integers(0, 2**32))
def test_a_day_links_as_everything_does(seed: int, start: Start, tmp_path_factory: pytest.TempPathFactory) -> None:
    random, home = Random(seed), tmp_path_factory.mktemp("runs")
    records, before = start.records, start.run
    for day in (1, 2):
        previously = before
        records, before = next_day(random, records, 1000 * day), Run(home / f"{day}", f"2025-01-0{day + 1}_{day}")
        found, counts = linked(records, before, previously, None)
        assert counts["incremental"] == 1
        born, ended = counts["persons_new"] + counts["persons_split"], counts["persons_merged"] + counts["persons_gone"]
        assert counts["persons_before"] + born - ended == counts["persons_after"]
    everything, full = linked(records, Run(home / "full", before.run_id), previously, start.model)
    assert full["full_because_asked_for"]
    for name, rows in everything.items():
        assert found[name] == rows, name


def test_a_day_without_news_changes_nothing(start: Start, tmp_path: Path) -> None:
    found, counts = linked(start.records, Run(tmp_path, "2025-01-02_1"), start.run, None)
    assert (counts["incremental"], counts["records_changed"], counts["mentions_affected"]) == (1, 0, 0)
    assert found["person_changes"] == []
    for name in ("links", "persons", "link_pairs", "person_ids", "mention_prints", "stopped_clusters"):
        assert len(found[name]) > 0 or name == "stopped_clusters"
        assert Path(tmp_path / f"{name}.parquet").read_bytes() == start.run.table(name).read_bytes()


def test_what_another_program_or_config_linked_is_no_start(start: Start, tmp_path: Path) -> None:
    assert previous(None, LIMITED) == (None, "no_previous_run")
    assert previous(start.run, LIMITED)[1] == ""
    assert previous(start.run, VIETNAM) == (None, "other_model")
    copy = Run(Path(shutil.copytree(start.run.root, tmp_path / "copy")), start.run.run_id)
    model_path(copy).write_text("{}", encoding="utf-8")
    assert previous(copy, LIMITED) == (None, "other_model")
    write_json(state_path(copy), {"recipe": "0"})
    assert previous(copy, LIMITED) == (None, "other_program")
    copy.table("mention_prints").unlink()
    assert previous(copy, LIMITED) == (None, "previous_run_incomplete")
