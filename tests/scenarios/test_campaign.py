"""Outcomes of citizens in scope by unit, and what counts as mended since the baseline."""

from pathlib import Path

import duckdb
import pytest

from sosach.campaign.model import Campaign, load_campaign
from sosach.campaign.progress import measure
from sosach.duck import write_parquet
from sosach.errors import RuleFileError
from sosach.normalize.macros import register_code_lists
from tests.scenarios.registers import SETTINGS

Citizen = tuple[str, str, str, str, bool]  # number, unit, class, group, confirmable


def declared() -> Campaign:
    return load_campaign(SETTINGS.campaigns, "hon_nhan_90_ngay")


def measured(
    citizens: list[Citizen],
    duplicates: list[str] | None = None,
    baseline: Path | None = None,
    keep: Path | None = None,
    certificates: list[tuple[str, str]] | None = None,
) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    with duckdb.connect() as con:
        register_code_lists(con, SETTINGS.expectations)
        con.execute(
            "CREATE TABLE marital_status (record_id VARCHAR, so_dinh_danh VARCHAR, unit VARCHAR, class VARCHAR, "
            '"group" VARCHAR, confirmable BOOLEAN, '
            "reason VARCHAR, recorded VARCHAR, in_scope BOOLEAN)"
        )
        for number, unit, class_, group, confirmable in citizens:
            con.execute(
                "INSERT INTO marital_status VALUES (?, ?, ?, ?, ?, ?, 'du_can_cu', ?, true)",
                [f"d:{number}", number, unit, class_, group, confirmable, None if class_[0] == "A" else "CHUA_KET_HON"],
            )
        con.execute("CREATE TABLE certificates (unit VARCHAR, reason VARCHAR)")
        con.executemany("INSERT INTO certificates VALUES (?, ?)", certificates or [("16690", "du_can_cu")])
        con.execute("CREATE TABLE issues (register VARCHAR, record_id VARCHAR, rule_id VARCHAR, state VARCHAR)")
        for number in duplicates or []:
            con.execute("INSERT INTO issues VALUES ('dan_cu', ?, 'ID11', 'open')", [f"d:{number}"])
        totals = measure(con, declared(), baseline)
        if keep:
            write_parquet(con, "FROM outcomes", keep, "record_id")
        cursor = con.execute("FROM campaign_units")
        names = [d[0] for d in cursor.description]
        return totals, {row[0]: dict(zip(names[1:], row[1:], strict=True)) for row in cursor.fetchall()}


def test_each_citizen_has_one_outcome_and_duplicate_goes_first() -> None:
    totals, units = measured(
        [
            ("1", "16681", "KHOP", "matching", True),
            ("2", "16681", "A1", "missing", False),
            ("3", "16681", "C5", "differing", False),
            ("4", "16690", "B1", "to_verify", False),
            ("5", "16690", "C1", "differing", False),
        ],
        duplicates=["5"],
    )
    expected = {
        "in_scope": 5,
        "matching": 1,
        "missing": 1,
        "differing": 1,
        "duplicate": 1,
        "to_verify": 1,
        "confirmable": 1,
        "with_status": 4,
    }
    assert {k: totals[k] for k in expected} == expected
    assert units["16690"]["duplicate"] == 1
    assert len(units) == 130


def test_certificates_count_for_the_commune_that_issued_them() -> None:
    certificates = [("16681", "du_can_cu"), ("16681", "chua_du_so"), ("16690", "du_can_cu"), ("TINH", "chua_khop")]
    totals, units = measured([("1", "16681", "KHOP", "matching", True)], certificates=certificates)
    assert (totals["certificates"], totals["certificates_answerable"]) == (4, 2)
    found = {unit: (units[unit]["certificates"], units[unit]["certificates_answerable"]) for unit in units}
    assert {unit: n for unit, n in found.items() if n[0]} == {"16681": (2, 1), "16690": (1, 1), "TINH": (1, 0)}


def test_units_without_citizens_are_listed_with_zero() -> None:
    _, units = measured([("1", "16681", "KHOP", "matching", True)])
    assert units["18040"]["in_scope"] == 0


def test_added_corrected_and_transferred_are_told_against_the_baseline(tmp_path: Path) -> None:
    first = [
        ("1", "16681", "A1", "missing", False),
        ("2", "16681", "C5", "differing", False),
        ("3", "16681", "C5", "differing", False),
        ("4", "16681", "KHOP", "matching", True),
    ]
    keep = tmp_path / "baseline.parquet"
    totals, _ = measured(first, keep=keep)
    assert (totals["added"], totals["corrected"], totals["transferred"]) == (0, 0, 0)
    later = [
        ("1", "16681", "KHOP", "matching", True),
        ("2", "16681", "KHOP", "matching", True),
        ("3", "16690", "C5", "differing", False),
        ("4", "16690", "KHOP", "matching", True),
    ]
    totals, units = measured(later, baseline=keep)
    assert (totals["added"], totals["corrected"], totals["transferred"]) == (1, 1, 1)
    assert units["16681"]["transferred"] == 1
    assert totals["matching"] == 3


def test_a_wrong_campaign_file_is_refused_with_file_and_field(tmp_path: Path) -> None:
    good = (SETTINGS.campaigns / "hon_nhan_90_ngay.yaml").read_text(encoding="utf-8")
    (tmp_path / "c.yaml").write_text(good.replace("to: 2025-08-31", "to: 2025-01-31"), encoding="utf-8")
    with pytest.raises(RuleFileError, match=r"c\.yaml.*(?s:.)*after to"):
        load_campaign(tmp_path, "c")
    with pytest.raises(RuleFileError, match="no such campaign"):
        load_campaign(tmp_path, "d")
