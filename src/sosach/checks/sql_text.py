"""Reading the SQL of a rule without running it.

Holds what DuckDB's parser tells of a text: is it one SELECT or one expression, which tables does it read, what are its
columns called, does it ask for the clock or for chance. Holds no knowledge of rules.
"""

import atexit
import json
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import duckdb

FORBIDDEN = {
    "now",
    "today",
    "current_date",
    "current_time",
    "current_timestamp",
    "get_current_time",
    "get_current_timestamp",
    "localtime",
    "localtimestamp",
    "transaction_timestamp",
    "random",
    "gen_random_uuid",
    "uuid",
    "uuidv4",
    "uuidv7",
}
"""Functions whose answer differs from run to run."""

_SERIALIZED: dict[str, str] = {}
"""Parse trees as DuckDB writes them, by text; they depend on the text alone."""

_PER_THREAD = threading.local()
atexit.register(lambda: _PER_THREAD.__dict__.clear())

AS_OF = re.compile(r"'(?:[^']|'')*'|\bas_of\b", re.IGNORECASE)


@dataclass(frozen=True)
class SqlText:
    """What a text reads and gives: ``output`` are the column names of a SELECT, empty for an expression."""

    tables: frozenset[str]
    columns: frozenset[str]
    output: tuple[str, ...]


def with_as_of(text: str, as_of: date) -> str:
    """Replace the word ``as_of`` (not inside a quoted text) by the date of the run."""
    return AS_OF.sub(lambda hit: hit[0] if hit[0].startswith("'") else f"DATE '{as_of.isoformat()}'", text)


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> SqlText:
    """Parse one expression.

    Raises:
        ValueError: it is none, or it asks for the clock or for chance.
    """
    parsed = _parse(f"SELECT ({text}\n)")
    return SqlText(parsed.tables, parsed.columns, ())


@lru_cache(maxsize=4096)
def parse_select(text: str) -> SqlText:
    """Parse one SELECT whose columns all have names.

    Raises:
        ValueError: it is none, a column has no name (or is ``*``), or it asks for the clock or for chance.
    """
    return _parse(text)


def read_ahead(texts: Iterable[str]) -> None:
    """Have many texts (expressions or SELECTs) parsed by one query: a query a text costs three times as long."""
    wanted = sorted({form for text in texts for form in (text, f"SELECT ({text}\n)")} - set(_SERIALIZED))
    if wanted:
        rows = _parser().execute("SELECT t, json_serialize_sql(t) FROM unnest(?) AS u(t)", [wanted]).fetchall()
        _SERIALIZED.update((str(text), str(tree)) for text, tree in rows)


def _parse(text: str) -> SqlText:
    if text not in _SERIALIZED:
        row = _parser().execute("SELECT json_serialize_sql(?)", [text]).fetchone()
        _SERIALIZED[text] = str(row[0]) if row else '{"error": true, "error_message": "empty"}'
    tree: dict[str, Any] = json.loads(_SERIALIZED[text])
    if tree["error"]:
        raise ValueError(f"not a SELECT or expression that DuckDB can read: {tree['error_message']}")
    if len(tree["statements"]) != 1:
        raise ValueError("more than one statement")
    node = tree["statements"][0]["node"]
    tables: set[str] = set()
    named: set[str] = set()
    columns: set[str] = set()
    for part in walk(node):
        if part.get("type") == "BASE_TABLE":
            tables.add(part["table_name"])
        if part.get("type") == "COLUMN_REF":
            columns.add(part["column_names"][-1])
        named |= {entry["key"] for entry in part.get("cte_map", {}).get("map", [])}
        word = str(part.get("function_name") or (part.get("column_names") or [""])[-1]).lower()
        if part.get("type") in ("FUNCTION", "COLUMN_REF") and word in FORBIDDEN:
            raise ValueError(f"{word}() differs from run to run; use as_of")
    return SqlText(frozenset(tables - named), frozenset(columns), tuple(_output(node)))


def _parser() -> duckdb.DuckDBPyConnection:
    """One connection a thread: opening one costs a hundred times more than parsing a text."""
    if not hasattr(_PER_THREAD, "con"):
        _PER_THREAD.con = duckdb.connect(config={"threads": 1})
    con: duckdb.DuckDBPyConnection = _PER_THREAD.con
    return con


def walk(part: Any) -> Iterator[dict[str, Any]]:
    """Every node of a statement's parse tree, the outer before the inner."""
    if isinstance(part, dict):
        yield part
        for inner in part.values():
            yield from walk(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from walk(inner)


def _output(node: dict[str, Any]) -> Iterator[str]:
    while "select_list" not in node:
        node = node.get("left") or node["children"][0]
    for column in node["select_list"]:
        name = column.get("alias") or (column.get("column_names") or [""])[-1]
        if column["class"] == "STAR" or (not name and len(node["select_list"]) > 1):
            raise ValueError("every column of the SELECT needs a name of its own (AS …), and no *")
        yield name
