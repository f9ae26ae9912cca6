"""The generator's machinery: sizes, disk space, failed runs, stable rows, and noise that touches only what it says."""

import errno
import importlib
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from sosach.errors import SettingsError, SosachError
from sosach.registers import load_registers
from sosach.settings import PROJECT
from synthetic_data import Summary, deliveries, make
from synthetic_data import noise as noise_module
from synthetic_data.__main__ import main
from synthetic_data.compose import SQL, compose, connect, load_world
from synthetic_data.kinds import load_kinds
from synthetic_data.layout import LAYOUTS, REGISTERS
from synthetic_data.noise import COPY_STEP, apply_noise
from synthetic_data.places import BYTES
from synthetic_data.sizes import SIZES, persons_and_communes
from synthetic_data.world import build_world

AS_OF = date(2025, 8, 15)
PERSONS = 4000
EXPECTATIONS = PROJECT / "expectations"
ENGINE = importlib.import_module("synthetic_data.make")
"""The module; in the package its name is the function's."""
Usage = namedtuple("Usage", "total used free")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def composed(folder: Path, noise: float = 1.0) -> tuple[duckdb.DuckDBPyConnection, dict[str, tuple[str, ...]]]:
    """Registers of a small world on a connection, before any noise on cells and rows."""
    folder.mkdir()
    con = connect(7, AS_OF, folder)
    load_world(con, build_world(EXPECTATIONS, 1500, 7, AS_OF, 4, noise), EXPECTATIONS, lambda line: None)
    return con, compose(con, load_registers(EXPECTATIONS), lambda line: None)


@pytest.fixture(scope="module")
def data_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``out`` and ``truth`` of one data set."""
    folder = tmp_path_factory.mktemp("data_set")
    make(folder / "out", folder / "truth", PERSONS, 7, AS_OF, communes=5)
    return folder


# ---- sizes and settings


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("S", None, None), (30_000, 3)),
        (("M", None, 5), (350_000, 5)),
        (("L", None, None), (3_500_000, 130)),
        ((None, 400, None), (400, None)),
        ((None, None, 2), (60_000, 2)),
    ],
)
def test_a_size_is_persons_and_communes(
    asked: tuple[str | None, int | None, int | None], found: tuple[int, int | None]
) -> None:
    assert persons_and_communes(*asked) == found


@pytest.mark.parametrize("asked", [("S", 400, None), ("XL", None, None)])
def test_a_wrong_size_is_refused_by_name(asked: tuple[str, int | None, None]) -> None:
    with pytest.raises(SettingsError, match=r"^size:"):
        persons_and_communes(*asked)


def run_command(*arguments: str) -> tuple[int, str, str]:
    app = typer.Typer()
    app.command()(main)
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_the_command_refuses_size_with_persons_and_writes_nothing(tmp_path: Path) -> None:
    places = ("--out", str(tmp_path / "out"), "--truth", str(tmp_path / "truth"))
    code, _, errors = run_command(*places, "--size", "S", "--persons", "400")
    assert code == 2
    assert errors.startswith("error: size:")
    assert list(tmp_path.iterdir()) == []


def test_the_command_shows_progress_apart_from_its_result(tmp_path: Path) -> None:
    places = ("--out", str(tmp_path / "out"), "--truth", str(tmp_path / "truth"))
    code, shown, steps = run_command(*places, "--persons", "200", "--communes", "3")
    assert code == 0
    assert shown.splitlines()[-1].endswith("kinds")
    lines = pd.Series(steps.splitlines())
    assert lines.str.fullmatch(r" *\d+\.\d s +\d+\.\d\d GB  .+").all()
    assert {f"records of {register}" for register in REGISTERS} <= set(lines.str.split("GB  ").str[1])


def test_the_command_can_be_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def speaks(*_: object, progress: Callable[[str], None], **__: object) -> Summary:
        progress("a step")
        return Summary(records={}, corruptions={}, files=0, bad_file=None)

    monkeypatch.setattr("synthetic_data.__main__.make", speaks)
    places = ("--out", str(tmp_path / "out"), "--truth", str(tmp_path / "truth"))
    assert run_command(*places)[2] == "a step\n"
    assert run_command(*places, "--quiet")[2] == ""


def test_a_day_after_all_dates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^as_of:"):
        make(tmp_path / "out", tmp_path / "truth", 400, 7, date(2100, 1, 1))


# ---- disk


def test_too_little_disk_is_refused_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 10**12 - 10**9, 10**9))
    monkeypatch.setattr(ENGINE, "build_world", lambda *_: pytest.fail("made a world first"))
    with pytest.raises(SettingsError, match=r"^out: the disk of .* has 1\.00 GB free, and 3500000 persons need"):
        make(tmp_path / "new" / "out", tmp_path / "new" / "truth", SIZES["L"].persons, 7, AS_OF)
    assert list(tmp_path.iterdir()) == []


def test_the_estimate_covers_what_a_data_set_takes(data_set: Path) -> None:
    for name in ("out", "truth"):
        taken = sum(path.stat().st_size for path in (data_set / name).rglob("*") if path.is_file())
        assert 0 < taken < PERSONS * BYTES[name]


def test_a_disk_that_fills_up_leaves_the_old_data_set_and_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"persons": 200, "seed": 7, "as_of": AS_OF, "communes": 3}
    make(tmp_path / "out", tmp_path / "truth", **settings)
    before = contents(tmp_path)
    written: list[Path] = []
    write = deliveries._write

    def full_at_the_third(*arguments: object) -> None:
        written.append(arguments[3])
        if len(written) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(written[-1]))
        write(*arguments)

    monkeypatch.setattr(deliveries, "_write", full_at_the_third)
    with pytest.raises(SosachError, match=r"khai_sinh_\d+.*: the disk is full"):
        make(tmp_path / "out", tmp_path / "truth", **{**settings, "seed": 8})
    assert contents(tmp_path) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "truth"]


def test_a_real_write_that_fails_is_reported_and_cleaned_up(tmp_path: Path) -> None:
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000));"
        "from synthetic_data.__main__ import main; import typer; sys.argv[0] = 'make'; typer.run(main)"
    )
    arguments = ["--out", str(tmp_path / "a" / "out"), "--truth", str(tmp_path / "a" / "truth"), "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments, "--persons", "1000", "--communes", "3"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert "the disk is full" in done.stderr
    assert str(tmp_path) in done.stderr, "the file is named"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["out", "truth"])
def test_a_file_where_a_folder_should_be_is_refused_at_once(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ENGINE, "build_world", lambda *_: pytest.fail("made a world first"))
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    folders = {"out": tmp_path / "a", "truth": tmp_path / "b", name: tmp_path / "file" / "deeper"}
    with pytest.raises(SettingsError, match=rf"^{name}: .*file is a file"):
        make(**folders, persons=200, seed=7, as_of=AS_OF, communes=3)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_deliveries_of_others_are_never_replaced(tmp_path: Path) -> None:
    settings = {"persons": 200, "seed": 7, "as_of": AS_OF, "communes": 3}
    make(tmp_path / "out", tmp_path / "truth", **settings)
    mine = tmp_path / "out" / "ket_hon" / "cua_toi.csv"
    mine.write_text("so,quyenSo", encoding="utf-8")
    before = contents(tmp_path)
    with pytest.raises(SettingsError, match=r"^out: .*cua_toi\.csv was not written together with"):
        make(tmp_path / "out", tmp_path / "truth", **settings)
    assert contents(tmp_path) == before
    mine.unlink()
    make(tmp_path / "out", tmp_path / "truth", **{**settings, "seed": 8})
    assert contents(tmp_path) != before


def test_a_kind_that_cannot_be_computed_is_named_with_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = load_kinds()["thua_dau_cach"]
    broken = bad.model_copy(update={"write": "(@ || 'x')::INTEGER", "rate": 1.0})
    broken._file = bad._file
    monkeypatch.setattr(noise_module, "load_kinds", lambda: {"thua_dau_cach": broken})
    with pytest.raises(SettingsError, match=rf"^{bad._file}: thua_dau_cach: write: cannot be computed"):
        make(tmp_path / "out", tmp_path / "truth", 200, 7, AS_OF, communes=3)
    assert list(tmp_path.iterdir()) == []


def test_another_failure_keeps_its_own_error_and_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(ENGINE, "apply_noise", broken)
    with pytest.raises(RuntimeError, match="broken"):
        make(tmp_path / "x" / "out", tmp_path / "y" / "truth", 200, 7, AS_OF, communes=3)
    assert list(tmp_path.iterdir()) == []


# ---- world, layout


def test_every_register_is_described_and_laid_out() -> None:
    registers = load_registers(EXPECTATIONS)
    for name, layout in LAYOUTS.items():
        assert (SQL / f"{name}.sql").is_file()
        assert name in registers
        assert layout.register_id == name
        assert layout.key


def test_days_of_the_world_are_dates_and_numbers_are_of_one_type(tmp_path: Path) -> None:
    world = build_world(EXPECTATIONS, 1500, 7, AS_OF, 3, 1.0)
    days = [
        (name, column)
        for name, frame in vars(world).items()
        if isinstance(frame, pd.DataFrame)
        for column, dtype in frame.dtypes.items()
        if dtype.kind == "M" and name != "person"
    ]
    assert len(days) > 10
    (tmp_path / "db").mkdir()
    with closing(connect(7, AS_OF, tmp_path / "db")) as con:
        load_world(con, world, EXPECTATIONS, lambda line: None)
        types = {
            (table, column): kind
            for table, column, kind in con.execute(
                "SELECT table_name, column_name, data_type FROM information_schema.columns"
            ).fetchall()
        }
    assert {types[day] for day in days} == {"DATE"}
    assert types["person", "id"] == types["births", "person"] == "BIGINT"
    assert not hasattr(world, "person"), "a loaded table is given up"


def test_rows_have_ids_of_their_own(tmp_path: Path) -> None:
    con, columns = composed(tmp_path / "db")
    with closing(con):
        for register in columns:
            rows, ids, highest = con.execute(
                f"SELECT count(*), count(DISTINCT _row), max(_row) FROM r_{register}"
            ).fetchone()
            assert rows == ids, register
            assert rows > 0 or register == "nuoi_con_nuoi", f"{register}: only adoptions are too rare for so few people"
            assert (highest or 0) < COPY_STEP, register


# ---- noise


def test_noise_changes_the_cells_in_its_account_and_no_other(tmp_path: Path) -> None:
    con, columns = composed(tmp_path / "db")
    with closing(con):
        for register in columns:
            con.execute(f"CREATE TABLE before_{register} AS FROM r_{register}")
        apply_noise(con, columns, 1.0)
        changed = 0
        for register, shown in columns.items():
            same_rows = con.execute(f"""SELECT
                (SELECT count(*) FROM r_{register} WHERE _of IS NULL) + (SELECT count(*) FROM left_out_{register}),
                (SELECT count(*) FROM before_{register}),
                (SELECT count(*) FROM r_{register} WHERE _of NOT IN (SELECT _row FROM before_{register}))""").fetchone()
            assert same_rows[0] == same_rows[1], register
            assert same_rows[2] == 0, register
            for field in shown:
                unlike, unknown = con.execute(f"""
                    SELECT count(*) FILTER (r."{field}" IS DISTINCT FROM b."{field}"),
                        count(*) FILTER (r."{field}" IS DISTINCT FROM coalesce(c.written_value, b."{field}")
                            AND NOT (c._row IS NOT NULL AND r."{field}" IS NOT DISTINCT FROM c.written_value)
                            OR c._row IS NOT NULL AND c.true_value IS DISTINCT FROM b."{field}")
                    FROM r_{register} r JOIN before_{register} b ON b._row = coalesce(r._of, r._row)
                    LEFT JOIN corruption c ON c.register = '{register}' AND c.field = '{field}' AND c._row = r._row
                    """).fetchone()
                assert unknown == 0, (register, field)
                changed += unlike
        account = con.execute(
            "SELECT count(*), count(DISTINCT (register, _row, field)) FROM corruption WHERE field <> ''"
        )
        cells, different = account.fetchone()
        assert cells == different == changed > 300


def test_no_noise_changes_nothing(tmp_path: Path) -> None:
    con, columns = composed(tmp_path / "db", noise=0.0)
    with closing(con):
        for register in columns:
            con.execute(f"CREATE TABLE before_{register} AS FROM r_{register}")
        apply_noise(con, columns, 0.0)
        assert con.execute("SELECT count(*) FROM corruption").fetchone() == (0,)
        for register in columns:
            left = f"(FROM r_{register} EXCEPT FROM before_{register})"
            right = f"(FROM before_{register} EXCEPT FROM r_{register})"
            assert con.execute(f"SELECT count(*) FROM ({left} UNION ALL {right})").fetchone() == (0,)


def test_what_happens_to_a_row_does_not_depend_on_other_rows(tmp_path: Path) -> None:
    accounts = []
    for name in ("all", "half"):
        con, columns = composed(tmp_path / name)
        with closing(con):
            if name == "half":
                for register in columns:
                    con.execute(f"DELETE FROM r_{register} WHERE _row % 2 = 1")
            apply_noise(con, columns, 1.0)
            accounts.append(con.execute("SELECT * FROM corruption WHERE _row % 2 = 0 ORDER BY ALL").fetchall())
    assert len(accounts[0]) > 100
    assert accounts[0] == accounts[1]


# ---- events and duplicates in the truth


@pytest.fixture(scope="module")
def truth(data_set: Path) -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_parquet(path) for path in (data_set / "truth").glob("*.parquet")}


def test_every_delivered_entry_is_a_registration_and_lost_ones_are_known(truth: dict[str, pd.DataFrame]) -> None:
    events, records = truth["events"], truth["records"]
    assert records["person_id"].notna().all()
    assert not events.duplicated(["kind", "event_id"]).any()
    copies = truth["duplicates"]
    for register, layout in LAYOUTS.items():
        if layout.event is None:
            continue
        own = events[events["register"] == register]
        rows = records[records["register"] == register].drop_duplicates(["file", "row"])
        doubled = copies[(copies["register"] == register) & copies["kind"].isin(copy_kinds(register))]
        assert own["delivered"].sum() == len(rows) - len(doubled), register
        assert set(rows["record_key"]) <= set(own["record_key"].dropna()) | set(doubled["record_key"])
    books = events[events["kind"].isin(["KS", "KH", "KT", "HN"])]
    assert (~books["in_books"]).sum() > 100, "some books are lost"
    assert (books["in_books"] & ~books["delivered"]).sum() > 20, "some books are not digitised yet"
    assert not (books["delivered"] & ~books["in_books"]).any()
    assert books.loc[books["kind"].isin(["KS", "KT"]), "ngay_su_kien"].notna().all()
    assert (books["ngay_su_kien"] <= books["ngay_dang_ky"]).mean() > 0.98
    assert (books["other_person_id"].notna() == (books["kind"] == "KH")).all()


def copy_kinds(register: str) -> set[str]:
    return {kind.name for kind in load_kinds().values() if kind.copied is not None and register in kind.registers}


def test_duplicates_are_rows_about_one_event_or_person(truth: dict[str, pd.DataFrame]) -> None:
    pairs, records = truth["duplicates"], truth["records"]
    assert len(pairs) > 10
    assert not pairs.duplicated(["register", "file", "row"]).any()
    people = records.groupby(["register", "file", "row"])["person_id"].agg(frozenset)
    for one, other in zip(
        pairs[["register", "file", "row"]].itertuples(index=False),
        pairs[["register", "of_file", "of_row"]].itertuples(index=False),
        strict=True,
    ):
        assert people[tuple(one)] == people[tuple(other)]
        assert tuple(one) != tuple(other)
    planted = truth["corruptions"].query("field == '' and file.notna()")
    for kind in ("khai_sinh_dang_ky_hai_lan", "nhap_hai_lan"):
        wrong = set(planted.loc[planted["kind"] == kind, ["file", "row"]].itertuples(index=False, name=None))
        assert len(wrong) > 0, kind
        found = set(pairs.loc[pairs["kind"] == kind, ["file", "row"]].itertuples(index=False, name=None))
        assert found <= wrong
        assert len(found) > 0.4 * len(wrong), "the first entry may stand in a book that is lost"
