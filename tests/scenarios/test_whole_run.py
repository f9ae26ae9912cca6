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

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest

from sosach import stages
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


def test_the_summary_agrees_with_queries_on_what_was_delivered_and_written(finished: tuple[Settings, str]) -> None:
    settings, run_id = finished
    lines = summary(settings, run_id)
    assert len(lines) == 10
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
        assert (ran, total) == one("SELECT count(*) FILTER (status = 'ok'), count(*) FROM '$run/rule_results.parquet'")
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

        scope, *outcomes = numbers(lines[8])
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
        confirmable, of, *_ = numbers(lines[9])
        assert (confirmable, of) == one(
            "SELECT count(*) FILTER (confirmable), count(*) FROM '$run/marital_status.parquet' WHERE in_scope"
        )


def test_every_rule_judges_every_record_once(finished: tuple[Settings, str]) -> None:
    settings, run_id = finished
    root = settings.home / "runs" / run_id
    with duckdb.connect() as con:
        for register in stages.register_ids(settings):
            (records,) = con.execute(
                "SELECT count(*) FROM read_parquet(?)", [str(root / "core" / f"{register}.parquet")]
            ).fetchone() or (0,)
            wrong = con.execute(
                "SELECT rule_id FROM read_parquet(?) "
                "WHERE register = ? AND n_pass + n_fail + n_undecided + n_not_applicable <> ?",
                [str(root / "rule_results.parquet"), register, records],
            ).fetchall()
            assert wrong == []


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
left = int(sys.argv[3])
real = os.replace
def replace(source, target):
    global left
    left -= 1
    if left == 0:
        os._exit({killed})
    real(source, target)
os.replace = replace
stages.run_all(Settings(home=Path(sys.argv[1]), deliveries=Path(sys.argv[2])), date(2025, 8, 15))
"""


@pytest.mark.parametrize("replacements", [20, 75])
def test_a_run_killed_anywhere_and_started_again_ends_the_same(
    finished: tuple[Settings, str], tmp_path: Path, replacements: int
) -> None:
    settings, run_id = finished
    home = tmp_path / "home"
    code = CRASHING.format(killed=KILLED)
    env = {k: v for k, v in os.environ.items() if not k.startswith("SOSACH_")}
    died = subprocess.run(
        [sys.executable, "-c", code, str(home), str(settings.deliveries), str(replacements)],
        env=env,
        capture_output=True,
        check=False,
    )
    assert died.returncode == KILLED, died.stderr[-2000:]
    assert stages.run_all(Settings(home=home, deliveries=settings.deliveries), AS_OF) == run_id
    assert tree(home / "runs") == tree(settings.home / "runs")
    assert tree(home / "lake") == tree(settings.home / "lake")
