"""Checking a register end to end: a real checkpoint over the fused pass, its files, and what must not happen."""

import json
from datetime import date

import duckdb
import pytest

from sosach.checks.data_docs import render_data_docs
from sosach.checks.fused import FusedPass
from sosach.checks.gx import check_register
from sosach.checks.join import join_parts
from sosach.checks.parts import TABLES, gx_json
from sosach.errors import BalanceError, MissingArtefactError, SettingsError
from sosach.lake import Lake, write_json
from tests.unit.checks_sample import AS_OF, entry, make_expectations, make_run

PIN = "040190000011"
PEOPLE = [
    {"ho_ten": "Bí Mật", "so_dinh_danh": PIN, "raw_ho_ten": "bi mat"},
    {"ho_ten": None, "so_dinh_danh": PIN, "unit": "16691"},
    {"ho_ten": "H'Mông", "so_dinh_danh": None, "unit": "16691"},
]
RULES = {
    "dan_cu__du": [
        entry(id="D1", severity="critical"),
        entry(id="D2", tolerance={"max_failed": 1, "why": "thử"}),
        entry(id="D3", passes_when="tuoi > 3"),
        entry(id="D4", passes_when="CAST(ho_ten AS INTEGER) > 3"),
    ],
    "dan_cu__sach": [
        entry(
            id="S1",
            dimension="sach",
            passes_when=None,
            unique=["so_dinh_danh"],
            evidence=["so_dinh_danh"],
            message="Số {so_dinh_danh} trùng.",
        ),
        entry(id="S2", dimension="sach", answer="auto", mends="ho_ten", passes_when="raw_ho_ten <> 'bi mat'"),
    ],
    "lien_thong__song": [
        entry(
            id="X1",
            register="dan_cu",
            dimension="song",
            lookup="SELECT record_id, max(person_id) AS nguoi FROM links GROUP BY record_id",
            passes_when="nguoi IS NOT NULL",
        )
    ],
}


def run_of_people(folder, **rules):
    settings = make_run(folder, make_expectations(folder, **rules), {"dan_cu": PEOPLE})
    manifest = {"run_id": "r1", "as_of": AS_OF.isoformat(), "previous_run_id": None, "catalogue": "ab" * 32}
    write_json(Lake(settings.home).run("r1").manifest, {**manifest, "deliveries": [], "refused": []})
    return settings


@pytest.fixture
def checked(tmp_path):
    """A run whose ``dan_cu`` has been checked, without a table of links."""
    settings = run_of_people(tmp_path, **RULES)
    counts = check_register(settings, "r1", "dan_cu", AS_OF)
    return settings, Lake(settings.home).run("r1"), counts


def rows(path, columns, where="TRUE"):
    with duckdb.connect() as con:
        return con.execute(f"SELECT {columns} FROM read_parquet('{path}') WHERE {where} ORDER BY ALL").fetchall()


def test_the_stage_writes_results_a_rule_and_a_unit(checked):
    _, run, counts = checked
    assert counts == {"records": 3, "rules": 7, "violations": 5, "mended": 1, "engine_errors": 3, "trial": 0}
    results = rows(
        run.checked("dan_cu", "rule_results"), "rule_id, suite, status, n_records, n_pass, n_fail, n_undecided"
    )
    assert results == [
        ("D1", "dan_cu.du", "ok", 3, 2, 1, 0),
        ("D2", "dan_cu.du", "ok", 3, 2, 1, 0),
        ("D3", "dan_cu.du", "engine_error", 3, 0, 0, 0),
        ("D4", "dan_cu.du", "engine_error", 3, 0, 0, 0),
        ("S1", "dan_cu.sach", "ok", 3, 0, 2, 1),
        ("S2", "dan_cu.sach", "ok", 3, 0, 1, 2),
        ("X1", "lien_thong.dan_cu.song", "engine_error", 3, 0, 0, 0),
    ]
    by_unit = rows(run.checked("dan_cu", "rule_results_by_unit"), "unit, n_pass, n_fail", "rule_id = 'D1'")
    assert by_unit == [("16690", 1, 0), ("16691", 1, 1)]
    columns = "register, record_key, rule_id, rule_version, dimension, severity, unit, mended"
    violations = rows(run.checked("dan_cu", "violations"), columns, "rule_id IN ('D1', 'S2')")
    assert violations == [
        ("dan_cu", "k1", "S2", 1, "sach", "warning", "16690", True),
        ("dan_cu", "k2", "D1", 1, "du", "critical", "16691", False),
    ]
    messages = rows(run.checked("dan_cu", "evidence"), "message", "rule_id = 'S1'")
    assert messages == [("Số 040*******11 trùng.",)] * 2


def test_great_expectations_reports_success_failure_and_exceptions(checked):
    _, run, _ = checked
    suites = json.loads(gx_json(run, "dan_cu").read_text(encoding="utf-8"))["suites"]
    lines = {line["rule_id"]: line for suite in suites for line in suite["results"]}
    assert [suite["suite"] for suite in suites] == ["dan_cu.du", "dan_cu.sach", "lien_thong.dan_cu.song"]
    assert {name: line["success"] for name, line in lines.items() if line["status"] == "ok"} == {
        "D1": False,
        "D2": True,  # one failure is tolerated
        "S1": False,
        "S2": False,
    }
    assert lines["D3"]["status"] == lines["D4"]["status"] == lines["X1"]["status"] == "engine_error"
    assert "tuoi" in lines["D3"]["exception"]
    assert "links" in lines["X1"]["exception"]
    assert lines["S1"]["unexpected_percent"] == 100.0  # of the records that could be decided
    assert (suites[0]["evaluated"], suites[0]["successful"], suites[0]["engine_errors"]) == (4, 1, 2)


def test_no_value_of_a_record_leaves_the_result_tables(checked, capfd):
    settings, run, _ = checked
    join_parts(settings, "r1")
    render_data_docs(settings, "r1")
    shown = capfd.readouterr()
    texts = [shown.out, shown.err]
    texts += [path.read_text(encoding="utf-8") for path in run.root.rglob("*") if path.suffix in (".json", ".html")]
    assert len(texts) >= 7
    for text in texts:
        assert PIN not in text
        assert "Bí Mật" not in text
        assert "H'M" not in text
        assert "H&#39;M" not in text


def test_the_same_input_gives_the_same_bytes(checked):
    settings, run, _ = checked

    def snapshot():
        join_parts(settings, "r1")
        render_data_docs(settings, "r1")
        return {p.relative_to(run.root): p.read_bytes() for p in run.root.rglob("*") if p.is_file()}

    first = snapshot()
    check_register(settings, "r1", "dan_cu", AS_OF)
    assert snapshot() == first


def test_join_gives_the_run_its_tables(checked):
    settings, run, _ = checked
    assert join_parts(settings, "r1") == {"registers": 1, "rules": 7, "engine_errors": 3, "violations": 5, "mended": 1}
    assert len(rows(run.table("violations"), "*")) == len(rows(run.table("evidence"), "*")) == 5
    assert len(rows(run.table("rule_results"), "*")) == 7


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("rule_results", "SELECT * REPLACE (n_pass - 1 AS n_pass)"),
        ("rule_results_by_unit", "SELECT * REPLACE (n_pass + 1 AS n_pass)"),
        ("violations", "SELECT * EXCLUDE (n) FROM (SELECT *, row_number() OVER () AS n"),
    ],
)
def test_join_refuses_what_does_not_add_up(checked, table, change):
    settings, run, _ = checked
    path = run.checked("dan_cu", table)
    tail = ") WHERE n > 1" if table == "violations" else ""
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE t AS {change} FROM read_parquet('{path}'){tail}")
        con.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    with pytest.raises(BalanceError, match=r"D1|S1"):
        join_parts(settings, "r1")
    assert not run.table("violations").exists()


def test_join_asks_for_a_register_that_was_not_checked(checked):
    settings, run, _ = checked
    run.core("ly_hon").write_bytes(run.core("dan_cu").read_bytes())
    with pytest.raises(MissingArtefactError, match="ly_hon"):
        join_parts(settings, "r1")


def test_what_stops_the_pass_is_raised_and_not_reported_as_failed_rules(tmp_path, monkeypatch):
    settings = make_run(tmp_path, make_expectations(tmp_path, dan_cu__du=[entry()]), {"dan_cu": PEOPLE})

    def full(_self):
        raise duckdb.OutOfMemoryException("full")

    monkeypatch.setattr(FusedPass, "run", full)
    with pytest.raises(duckdb.OutOfMemoryException):
        check_register(settings, "r1", "dan_cu", AS_OF)
    assert not (settings.home / "runs" / "r1" / "checks").exists()


def test_a_register_without_rules_or_records(tmp_path):
    settings = make_run(tmp_path, make_expectations(tmp_path, dan_cu__du=[entry()]), {})
    for register, rules in (("dan_cu", 1), ("ly_hon", 0)):
        counts = check_register(settings, "r1", register, date(2026, 1, 1))
        assert counts == {"records": 0, "rules": rules, "violations": 0, "mended": 0, "engine_errors": 0, "trial": 0}
    assert join_parts(settings, "r1")["registers"] == 2
    run = Lake(settings.home).run("r1")
    assert [name for name in TABLES if not run.table(name).is_file()] == []


def test_an_unknown_register_is_named(tmp_path):
    settings = make_run(tmp_path, make_expectations(tmp_path), {})
    with pytest.raises(SettingsError, match="ho_khau"):
        check_register(settings, "r1", "ho_khau", AS_OF)


def test_data_docs_need_a_checked_register(tmp_path, checked):
    settings, run, _ = checked
    gx_json(run, "dan_cu").unlink()
    with pytest.raises(MissingArtefactError, match=r"gx\.json"):
        render_data_docs(settings, "r1")


def test_data_docs_tell_each_rule_and_use_no_outside_address(checked):
    settings, run, _ = checked
    index = render_data_docs(settings, "r1")
    assert index == run.docs / "index.html"
    assert sorted(p.name for p in run.docs.iterdir()) == [
        "dan_cu.du.html",
        "dan_cu.sach.html",
        "index.html",
        "lien_thong.dan_cu.song.html",
    ]
    assert "30/06/2026" in index.read_text(encoding="utf-8")
    page = (run.docs / "dan_cu.du.html").read_text(encoding="utf-8")
    for text in ("Có họ tên", "Luật Hộ tịch, từ 01/01/2016", "33,33%", "Chưa đạt", "Lỗi máy", "Binder Error"):
        assert text in page
    assert "Không có bản ghi thuộc diện" not in page
    for path in run.docs.iterdir():
        assert "://" not in path.read_text(encoding="utf-8")


def test_data_docs_do_not_call_a_rule_right_that_met_no_record(tmp_path):
    settings = run_of_people(tmp_path, dan_cu__du=[entry(applies_when="FALSE")])
    check_register(settings, "r1", "dan_cu", AS_OF)
    page = (render_data_docs(settings, "r1").parent / "dan_cu.du.html").read_text(encoding="utf-8")
    assert "Không có bản ghi thuộc diện" in page
    assert ">Đạt</td>" not in page
