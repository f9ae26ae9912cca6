"""All stages on a small synthetic province.

Figures recomputed independently, same bytes again, nothing lost in a crash.
"""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import docx
import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest

from sosach import stages
from sosach.checks.catalogue import load_catalogue
from sosach.settings import Settings
from sosach.summary import summary
from tests.scenarios.conftest import AS_OF

KILLED = 86


def tree(root: Path) -> dict[str, str]:
    """Hash of every file under a folder, by relative path."""
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(root.rglob("*"))
        if p.is_file()
    }


def rows_in_file(path: Path) -> int:
    """Data rows of a delivery, counted without any of our code."""
    if path.suffix == ".parquet":
        return pq.read_metadata(path).num_rows
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path, read_only=True).worksheets[0]
        return sum(any(c is not None for c in row) for row in sheet.iter_rows(values_only=True)) - 1
    data = path.read_bytes()
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=header.count)
    return sum(1 for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) - 1


def numbers(line: str) -> list[int]:
    """Whole numbers of a summary line, without those inside percentages, dates and ids."""
    plain = re.sub(r"\([^)]*%\)|\d{4}-\d\d-\d\d_\w+|\d\d/\d\d/\d{4}", "", line)
    return [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", plain.replace(", ", " , "))]


CLEAN = re.compile(r"(đúng|đủ|sạch|sống) (\d+)/(\d+)")
WORDS = {"dung": "đúng", "du": "đủ", "sach": "sạch", "song": "sống"}


def clean_records(con: duckdb.DuckDBPyConnection, root: Path) -> dict[str, tuple[int, int]]:
    """Records without an open warning or error by word, counted from rule results, violations and core files."""
    found = {}
    for word, name in WORDS.items():
        registers = con.execute(
            "SELECT DISTINCT register FROM read_parquet(?) WHERE dimension = ?",
            [str(root / "rule_results.parquet"), word],
        ).fetchall()
        whole = sum(pq.read_metadata(root / "core" / f"{register}.parquet").num_rows for (register,) in registers)
        (dirty,) = con.execute(
            "SELECT count(DISTINCT (register, record_id)) FROM read_parquet(?) "
            "WHERE dimension = ? AND NOT mended AND severity <> 'info'",
            [str(root / "violations.parquet"), word],
        ).fetchone() or (0,)
        found[name] = (whole - dirty, whole)
    return found


def lines_in_workbook(path: Path) -> int:
    """Numbered lines of the list sheet."""
    sheet = openpyxl.load_workbook(path, read_only=True)["Danh sách"]
    return sum(isinstance(row[0], int) for row in sheet.iter_rows(max_col=1, values_only=True))


def test_what_is_published_agrees_with_the_tables(finished: tuple[Settings, str]) -> None:
    settings, run_id = finished
    root = settings.home / "runs" / run_id
    with duckdb.connect() as con:
        scope, matching, confirmable = con.execute(
            "SELECT sum(in_scope)::BIGINT, sum(matching)::BIGINT, sum(confirmable)::BIGINT FROM read_parquet(?)",
            [str(root / "campaign_units.parquet")],
        ).fetchone() or (0, 0, 0)
        noted, asked = con.execute(
            "SELECT n_pass, n_pass + n_fail FROM read_parquet(?) WHERE rule_id = 'LH05'",
            [str(root / "rule_results.parquet")],
        ).fetchone() or (0, 0)
    assert 0 < noted <= asked
    assert 0 < confirmable < scope
    page = (root / "published" / "site" / "index.html").read_text(encoding="utf-8")
    report = docx.Document(str(root / "published" / "bao_cao.docx"))
    text = "\n".join(p.text for p in report.paragraphs)
    percent = f"{100 * confirmable / scope:.2f}%".replace(".", ",")
    assert f"{confirmable} / {scope}" in re.sub(r"<[^>]+>", "", page)
    assert percent in page
    assert f"{confirmable}/{scope}" in text
    assert percent in text
    shown = f"{matching} / {scope}" in re.sub(r"<[^>]+>", "", page)
    assert shown or f"* / {scope}" in re.sub(r"<[^>]+>", "", page)  # hidden where one citizen could be told from it
    assert f"{noted}/{asked}" in text or 0 < asked - noted < settings.small_cell


def test_an_unknown_place_reaches_an_officer_with_file_row_and_remedy(sample: Path, tmp_path: Path) -> None:
    for register in ("dan_cu", "khai_tu"):
        shutil.copytree(sample / register, tmp_path / "deliveries" / register)
    file = min((tmp_path / "deliveries" / "khai_tu").glob("*.csv"))
    entries = file.read_text(encoding="utf-8-sig")
    place = re.search(r"[,;](1[67]\d{3})[,;]", entries)
    assert place is not None
    file.write_text(entries.replace(place[0], place[0].replace(place[1], "91234"), 1), encoding="utf-8")
    settings = Settings(home=tmp_path / "home", deliveries=tmp_path / "deliveries")
    run_id = stages.run_all(settings, AS_OF)
    root = settings.home / "runs" / run_id
    with duckdb.connect() as con:
        unknown = con.execute(
            "SELECT i.issue_id, i.unit, split_part(i.record_id, ':', 2) FROM read_parquet(?) i "
            "WHERE i.rule_id LIKE 'BK09-%' AND i.unit = 'TINH' ORDER BY 1",
            [str(root / "issues.parquet")],
        ).fetchall()
    assert unknown
    sheet = openpyxl.load_workbook(root / "published" / "workbooks" / "TINH.xlsx", read_only=True)["Danh sách"]
    lines = {row[1]: row for row in sheet.iter_rows(values_only=True)}
    for issue, _, row in unknown:
        line = lines[issue]
        # The line in the file: the header is above the first record.
        assert re.search(rf"Tệp: \w+/[\w.]+, dòng {int(row) + 1}\b", str(line[8]))
        assert line[10]


def test_the_summary_agrees_with_queries_on_what_was_delivered_and_written(finished: tuple[Settings, str]) -> None:
    settings, run_id = finished
    lines = summary(settings, run_id)
    assert len(lines) == 11
    root = settings.home / "runs" / run_id
    manifest = json.loads((root / "manifest.json").read_text(encoding="utf-8"))
    with duckdb.connect() as con:

        def one(query: str) -> tuple[int, ...]:
            row = con.execute(query.replace("$run", str(root))).fetchone()
            assert row is not None
            return tuple(int(v) for v in row)

        delivered = sum(
            rows_in_file(settings.deliveries / d["register"] / Path(d["file_name"]).name)
            for d in manifest["deliveries"]
        )
        (core,) = one("SELECT count(*) FROM read_parquet('$run/core/*.parquet', union_by_name = true)")
        (quarantined,) = one("SELECT count(*) FROM read_parquet('$run/quarantine/*.parquet', union_by_name = true)")
        found = numbers(lines[2])
        assert found[:3] == [delivered, core, quarantined]
        assert delivered == core + quarantined + found[3]
        assert core > 3000

        rules = json.loads((root / "stages" / "check.json").read_text(encoding="utf-8"))
        ran, total, errors, violations, mended = numbers(lines[5])
        assert (ran, total) == one(
            "SELECT count(*) FILTER (status <> 'engine_error'), count(*) FROM '$run/rule_results.parquet'"
        )
        assert (errors, ran) == (0, rules["rules"])
        assert (violations, mended) == one("SELECT count(*), count(*) FILTER (mended) FROM '$run/violations.parquet'")
        assert ran >= 45
        assert violations > 100
        assert one("SELECT sum(n_fail)::BIGINT FROM '$run/rule_results.parquet'") == (violations,)

        balance = numbers(lines[7])
        assert balance[0] + balance[1] + balance[2] - balance[3] == balance[4]
        assert one("SELECT count(*) FROM '$run/issues.parquet' WHERE state IN ('new', 'open', 'reopened')") == (
            balance[4],
        )
        assert one(
            "SELECT count(*) FROM (SELECT DISTINCT register, record_key, rule_id, evidence_hash "
            "FROM '$run/violations.parquet' WHERE NOT mended)"
        ) == (balance[4],)
        assert one("SELECT count(*) FROM '$run/proposals.parquet'") == (balance[5],)

        assert numbers(lines[1]) == [len(manifest["deliveries"]), 1]
        changed, unknown = numbers(lines[3])
        cells = "read_parquet('$run/cells/*.parquet', union_by_name = true)"
        assert one(f"SELECT count(*) FILTER (normaliser <> 'not_understood') FROM {cells}") == (changed,)
        assert one(f"SELECT count(*) FILTER (normaliser = 'not_understood') FROM {cells}") == (unknown,)
        mentions, *methods = numbers(lines[4])
        assert one("SELECT count(*) FROM '$run/links.parquet'") == (mentions,) == (sum(methods),)
        assert methods == [
            one(f"SELECT count(*) FROM '$run/links.parquet' WHERE method = '{m}'")[0]
            for m in ("cmnd", "exact_keys", "pin", "probable", "unlinked")
        ]
        assert clean_records(con, root) == {w: tuple(map(int, s)) for w, *s in CLEAN.findall(lines[6].replace(",", ""))}

        scope, *outcomes = numbers(lines[8])
        duplicate = (
            "SELECT record_id FROM '$run/issues.parquet' WHERE rule_id IN ('ID10', 'ID11') AND register = 'dan_cu'"
        )
        by_group = dict(
            con.execute(
                f"""SELECT CASE WHEN record_id IN ({duplicate}) THEN 'duplicate' ELSE "group" END, count(*)
                FROM '$run/marital_status.parquet' WHERE in_scope GROUP BY 1""".replace("$run", str(root))
            ).fetchall()
        )
        assert outcomes == [by_group.get(g, 0) for g in ("matching", "missing", "differing", "duplicate", "to_verify")]
        adults = one(
            "SELECT count(*) FROM '$run/core/dan_cu.parquet' d WHERE ngay_chet IS NULL AND "
            "coalesce(ngay_sinh, make_date(ngay_sinh_nam, 12, 31)) "
            "+ CASE WHEN gioi_tinh = 'Nữ' THEN INTERVAL 18 YEAR ELSE INTERVAL 20 YEAR END <= DATE '2025-08-15' "
            "AND record_id NOT IN (SELECT l.record_id FROM '$run/links.parquet' l "
            "JOIN '$run/links.parquet' t ON t.person_id = l.person_id AND t.register = 'khai_tu' "
            "WHERE l.register = 'dan_cu')"
        )
        (minors,) = one("SELECT count(*) FROM '$run/marital_status.parquet' WHERE in_scope AND class = 'F1'")
        assert adults[0] <= scope <= adults[0] + minors
        assert sum(outcomes) == scope
        confirmable, of, workbooks, listed = numbers(lines[9])
        books = sorted((root / "published" / "workbooks").iterdir())
        assert (workbooks, listed) == (len(books), sum(lines_in_workbook(book) for book in books))
        assert one("SELECT count(*) FROM '$run/issues.parquet' WHERE severity <> 'info'") == (listed,)
        assert (confirmable, of) == one(
            "SELECT count(*) FILTER (confirmable), count(*) FROM '$run/marital_status.parquet' WHERE in_scope"
        )


def test_every_rule_judges_every_record_or_figure_once(finished: tuple[Settings, str]) -> None:
    settings, run_id = finished
    root = settings.home / "runs" / run_id
    of_figures = [rule.id for rule in load_catalogue(settings.expectations).counted if rule.aggregate]
    with duckdb.connect() as con:
        for register in stages.register_ids(settings):
            (records,) = con.execute(
                "SELECT count(*) FROM read_parquet(?)", [str(root / "core" / f"{register}.parquet")]
            ).fetchone() or (0,)
            wrong = con.execute(
                "SELECT rule_id FROM read_parquet(?) "
                "WHERE register = ? AND NOT list_contains(?, rule_id) "
                "AND n_pass + n_fail + n_undecided + n_not_applicable <> ?",
                [str(root / "rule_results.parquet"), register, of_figures, records],
            ).fetchall()
            assert wrong == []
        counted = con.execute(
            "SELECT rule_id, count(*) FROM read_parquet(?) GROUP BY 1 ORDER BY 1", [str(root / "figures.parquet")]
        ).fetchall()
        told = con.execute(
            "SELECT rule_id, n_records FROM read_parquet(?) "
            "WHERE list_contains(?, rule_id) AND n_records > 0 ORDER BY 1",
            [str(root / "rule_results.parquet"), of_figures],
        ).fetchall()
        assert counted == told != []


def test_the_same_input_gives_the_same_run_and_the_same_bytes(finished: tuple[Settings, str]) -> None:
    settings, run_id = finished
    before = tree(settings.home / "runs"), tree(settings.home / "lake")
    assert stages.run_all(settings, AS_OF) == run_id
    assert (tree(settings.home / "runs"), tree(settings.home / "lake")) == before


def test_a_second_copy_of_a_delivery_changes_nothing(finished: tuple[Settings, str], tmp_path: Path) -> None:
    settings, run_id = finished
    home, inbox = tmp_path / "home", tmp_path / "deliveries"
    shutil.copytree(settings.home, home)
    shutil.copytree(settings.deliveries, inbox)
    victim = sorted((inbox / "dan_cu").iterdir())[0]
    shutil.copy(victim, victim.with_name("copy-of-" + victim.name))
    assert stages.ingest(Settings(home=home, deliveries=inbox), AS_OF) == run_id


def test_the_next_run_carries_the_issues(finished: tuple[Settings, str], tmp_path: Path) -> None:
    settings, run_id = finished
    home = tmp_path / "home"
    shutil.copytree(settings.home, home)
    again = Settings(home=home, deliveries=settings.deliveries)
    later = stages.run_all(again, AS_OF.replace(day=16))
    receipt = json.loads((home / "runs" / later / "stages" / "issues.json").read_text(encoding="utf-8"))
    first = json.loads((home / "runs" / run_id / "stages" / "issues.json").read_text(encoding="utf-8"))
    assert receipt["open_before"] == first["open_after"] > 0
    assert receipt["new"] + receipt["closed"] < first["open_after"] / 10  # one day later hardly anything is another age


CRASHING = """
import os, sys
from datetime import date
from pathlib import Path
from sosach import stages
from sosach.settings import Settings
real = os.replace
def replace(source, target):
    if str(target).endswith(sys.argv[4]) and not str(target).endswith("old"):
        os._exit({killed})
    real(source, target)
os.replace = replace
settings, as_of = Settings(home=Path(sys.argv[1]), deliveries=Path(sys.argv[2])), date(2025, 8, 15)
run_id = sys.argv[3]
{step}
"""


@pytest.mark.parametrize(
    ("place", "step", "written"),
    [
        ("manifest.json", "stages.ingest(settings, as_of)", ["runs", "lake", "state.db"]),
        (
            "core/khai_tu.parquet",
            "stages.normalize_register(settings, run_id, 'khai_tu')",
            ["core/khai_tu.parquet", "cells/khai_tu.parquet", "quarantine/khai_tu.parquet"],
        ),
        ("links.parquet", "stages.link(settings, run_id)", ["links.parquet", "persons.parquet", "stages/link.json"]),
        (
            "checks/ket_hon/evidence.parquet",
            "stages.check_register(settings, run_id, 'ket_hon')",
            ["checks/ket_hon/evidence.parquet", "checks/ket_hon/violations.parquet"],
        ),
        (
            "published",
            "stages.publish(settings, run_id)",
            [],
        ),  # the old one is out of the way, the new one not in place
    ],
)
def test_a_step_killed_anywhere_and_started_again_ends_the_same(
    finished: tuple[Settings, str], tmp_path: Path, place: str, step: str, written: list[str]
) -> None:
    """The step dies while it puts ``place`` into place; what it had ``written`` before is not there yet."""
    settings, run_id = finished
    home = tmp_path / "home"
    shutil.copytree(settings.home, home)
    for name in written:
        gone = home / name if (home / name).exists() else home / "runs" / run_id / name
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    env = {k: v for k, v in os.environ.items() if not k.startswith("SOSACH_")}

    def run(dies_at: str) -> int:
        script = CRASHING.format(killed=KILLED, step=step)
        arguments = [str(home), str(settings.deliveries), run_id, dies_at]
        return subprocess.run([sys.executable, "-c", script, *arguments], env=env, check=False).returncode

    assert run(dies_at=place) == KILLED
    assert not (home / "runs" / run_id / place).exists()
    assert run(dies_at="nowhere") == 0
    expected, found = tree(settings.home / "runs"), tree(home / "runs")
    if place == "manifest.json":
        assert expected.keys() > found.keys() > set()
        expected = {path: content for path, content in expected.items() if path in found}
    assert found == expected
    assert tree(home / "lake") == tree(settings.home / "lake")
