"""Small expectations and small runs for the tests of the checks."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import yaml

from sosach.checks.catalogue import Catalogue, load_catalogue
from sosach.checks.contract import RUN_TABLES, open_empty
from sosach.duck import connect, identifier, write_parquet
from sosach.lake import Lake
from sosach.registers import load_registers
from sosach.settings import PROJECT, Settings

AS_OF = date(2026, 6, 30)
REAL = PROJECT / "expectations"
REGISTERS = ("dan_cu", "ly_hon", "so_ho_tich")
CODE_LISTS = ("dan_toc", "don_vi")


def entry(**changes: Any) -> dict[str, Any]:
    """A right rule of ``dan_cu``: the name is there. ``None`` takes a key away."""
    rule: dict[str, Any] = {
        "id": "T01",
        "version": 1,
        "dimension": "du",
        "severity": "warning",
        "answer": "fix",
        "title": "Có họ tên",
        "message": "Họ tên là {ho_ten}.",
        "what_to_do": "Xem sổ gốc.",
        "law": [{"text": "Luật Hộ tịch", "from": date(2016, 1, 1), "source": "test", "certainty": "known"}],
        "passes_when": "ho_ten IS NOT NULL",
        "evidence": ["ho_ten"],
        "cases": [{"verdict": "pass", "ho_ten": "A"}, {"verdict": "fail"}],
    }
    rule |= changes
    return {key: value for key, value in rule.items() if value is not None}


def make_expectations(folder: Path, **files: list[dict[str, Any]]) -> Path:
    """Some real registers and code lists, and the given rules; ``dan_cu__du=[…]`` becomes ``dan_cu/du.yaml``."""
    expectations = folder / "expectations"
    (expectations / "code_lists").mkdir(parents=True)
    for name in CODE_LISTS:
        shutil.copy(REAL / "code_lists" / f"{name}.csv", expectations / "code_lists")
    for name in REGISTERS:
        (expectations / name).mkdir()
        shutil.copy(REAL / name / "register.yaml", expectations / name)
    for name, rules in files.items():
        path = expectations / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(rules, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return expectations


def fill(con: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    """Insert rows; a register's record gets an id, key and unit unless it has them."""
    for i, row in enumerate(rows, start=1):
        given = {} if table in RUN_TABLES else {"record_id": f"r{i}", "record_key": f"k{i}", "unit": "16690"}
        given |= row
        names = ", ".join(identifier(column) for column in given)
        marks = ", ".join("?" for _ in given)
        con.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(given.values()))


def make_run(folder: Path, expectations: Path, tables: dict[str, list[dict[str, Any]]]) -> Settings:
    """A run ``r1`` with core and linkage files made of the given rows."""
    settings = Settings(home=folder / "home", expectations=expectations)
    run = Lake(settings.home).run("r1")
    registers = load_registers(expectations)
    with connect(settings) as con:
        open_empty(con, expectations)
        for table, rows in tables.items():
            fill(con, table, rows)
            target = run.core(table) if table in registers else run.table(table)
            write_parquet(con, f"FROM {table}", target, "ALL")
    return settings


def catalogue_of(folder: Path, **files: list[dict[str, Any]]) -> Catalogue:
    """The catalogue of ``make_expectations``."""
    return load_catalogue(make_expectations(folder, **files))
