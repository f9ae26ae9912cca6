"""The run's date is an argument: nothing asks a clock, neither in Python nor in SQL nor in a rule."""

import ast
import re
from pathlib import Path

from sosach.settings import PROJECT
from tests.conventions.files import python_files

CLOCKS = {"now", "utcnow", "today", "time", "localtime", "gmtime"}
CLOCK_OWNERS = {"datetime", "date", "time", "Timestamp", "pendulum", "timezone", "dt"}
SQL_CLOCK = re.compile(
    r"\b(?:now|today|getdate|get_current_timestamp|transaction_timestamp)\s*\(\s*\)|\bcurrent_(?:date|time|timestamp)\b|\blocaltimestamp\b",
    re.IGNORECASE,
)

# Lists these words because it refuses them in rules.
REFUSES_CLOCKS = PROJECT / "src" / "sosach" / "checks" / "sql_text.py"


def clock_calls(source: str) -> list[str]:
    """Places in a Python text that ask a clock: calls such as ``date.today()``, and SQL text in strings."""
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            owner = node.func.value
            name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
            if name in CLOCK_OWNERS:
                found.append(f"{node.lineno}: {name}.{node.func.attr}()")
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            found += [f"{node.lineno}: {match.group()}" for match in SQL_CLOCK.finditer(node.value)]
    return found


def declared_files() -> list[Path]:
    """Rules, campaigns and SQL files."""
    roots = [PROJECT / name for name in ("expectations", "campaigns", "src", "synthetic_data")]
    return sorted(p for root in roots for ending in ("*.yaml", "*.sql") for p in root.rglob(ending))


def test_no_python_file_asks_a_clock() -> None:
    files = [p for p in python_files("src", "dags", "synthetic_data") if p != REFUSES_CLOCKS]
    assert len(files) > 30
    found = {str(p.relative_to(PROJECT)): c for p in files if (c := clock_calls(p.read_text(encoding="utf-8")))}
    assert found == {}


def test_no_rule_or_sql_file_asks_a_clock() -> None:
    files = declared_files()
    assert len(files) > 10
    assert [str(p.relative_to(PROJECT)) for p in files if SQL_CLOCK.search(p.read_text(encoding="utf-8"))] == []


def test_every_way_to_ask_a_clock_is_seen() -> None:
    planted = '''
"""A docstring may speak of now()."""
import datetime, time
from datetime import date
a = date.today()
b = datetime.datetime.now()
c = time.time()
d = f"SELECT CURRENT_DATE, {a}"
e = "WHERE x < Now ( )"
fine = model.now, "current_dates", perf.time()
'''
    assert [line.split(":")[0] for line in sorted(clock_calls(planted))] == ["5", "6", "7", "8", "9"]
