"""Planted numbers, names, an address and a phone are in no log, XCom, rendered field, GX result, Data Docs or page."""

import gzip
import json
import sqlite3
import unicodedata
import zipfile
from pathlib import Path

import duckdb
import pytest

from tests.dags import planted
from tests.dags.conftest import FinishedRun
from tests.dags.search import occurrences


def test_the_planted_values_reached_the_data(finished_run: FinishedRun) -> None:
    """Otherwise not finding them elsewhere would prove nothing."""
    core = finished_run.run_folder / "core"
    pins = [planted.HUSBAND_PIN, planted.WIFE_PIN]
    with duckdb.connect() as con:
        people = con.read_parquet(f"{core}/dan_cu.parquet").query("p", "SELECT so_dinh_danh, ho_ten FROM p").fetchall()
        married = (
            con.read_parquet(f"{core}/ket_hon.parquet").query("m", "SELECT chong_so_giay_to_tuy_than FROM m").fetchall()
        )
    assert [name for pin, name in sorted(people) if pin in pins] == [planted.HUSBAND, planted.WIFE]
    assert married.count((planted.HUSBAND_PIN,)) == 1


def test_the_planted_records_break_rules(finished_run: FinishedRun) -> None:
    """Otherwise their values would never have come near a result."""
    with duckdb.connect() as con:
        broken = con.execute(
            f"SELECT DISTINCT register FROM read_parquet('{finished_run.run_folder}/violations.parquet') "
            f"WHERE record_key LIKE '%{planted.HUSBAND_PIN}%' OR record_key LIKE '%987/2024'"
        ).fetchall()
    assert {"dan_cu", "ket_hon"} <= {register for (register,) in broken}


def test_no_planted_value_is_found_outside_the_data(finished_run: FinishedRun, tmp_path: Path) -> None:
    run = finished_run.run_folder
    gx_results = sorted(run.glob("checks/*/gx.json"))
    assert len(gx_results) > 1
    engineers = [finished_run.airflow_home, finished_run.home / "state.db", finished_run.output]
    results = [*gx_results, run / "data_docs", run / "stages", run / "manifest.json"]
    with zipfile.ZipFile(run / "published" / "bao_cao.docx") as report:
        report.extractall(tmp_path / "bao_cao", [name for name in report.namelist() if name.endswith(".xml")])
    everyone = [run / "published" / "site", tmp_path / "bao_cao"]
    roots = [*engineers, *results, *everyone]
    hits, read = occurrences(roots, planted.SECRETS)
    assert hits == []
    assert read > len(roots)
    assert finished_run.rows("SELECT count(*) FROM rendered_task_instance_fields")[0][0] > 0


def test_the_search_finds_every_spelling(tmp_path: Path) -> None:
    name, pin = planted.HUSBAND, planted.HUSBAND_PIN
    contents = {
        "plain.log": f"… {name} …",
        "decomposed.log": unicodedata.normalize("NFD", name),
        "upper.log": name.upper(),
        "bare.log": "quang thu trong khoai",
        "address.html": "ten=quang%20thu%20trong%20khoai",
        "escaped.json": json.dumps({"name": name}),
        "escaped_upper.json": json.dumps({"name": name.upper()}),
        "number.html": f"<td>{pin}</td>",
        f"{pin}.txt": "",
    }
    for file, content in contents.items():
        (tmp_path / file).write_text(content, encoding="utf-8")
    (tmp_path / "wide.bin").write_bytes(name.encode("utf-16-le"))
    with sqlite3.connect(tmp_path / "xcom.db") as database:
        database.execute("CREATE TABLE xcom (value JSON)")
        database.execute("INSERT INTO xcom VALUES (?)", [json.dumps({"pin": pin})])
    hits, read = occurrences([tmp_path], [name, pin])
    assert {Path(hit.rpartition(": ")[0]).name for hit in hits} == {*contents, "wide.bin", "xcom.db"}
    assert read == len(contents) + 2


def test_the_search_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "log.gz").write_bytes(gzip.compress(planted.HUSBAND_PIN.encode()))
    with pytest.raises(AssertionError, match="gzip"):
        occurrences([tmp_path], [planted.HUSBAND_PIN])
    with pytest.raises(AssertionError, match="nothing to search"):
        occurrences([tmp_path / "missing"], [planted.HUSBAND_PIN])
