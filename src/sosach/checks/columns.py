"""Tables whose columns are not what the rules were written for.

Holds the comparison with the register dictionary and the contract. A rule that reads such a column cannot be answered;
all others can.
"""

from collections.abc import Mapping

import duckdb

from sosach.checks.contract import RUN_TABLES
from sosach.duck import identifier
from sosach.registers import Register


def strange_columns(
    con: duckdb.DuckDBPyConnection, registers: Mapping[str, Register], present: set[str]
) -> dict[str, dict[str, str]]:
    """Columns that are missing or of another type.

    Args:
        con: connection that holds the tables.
        registers: the registers to look at, by id.
        present: names of the tables and views that are there.

    Returns:
        For each table with a fault, the faulty columns and what is wrong, in words that name the remedy.
    """
    expected = {name: register.core_columns for name, register in registers.items()} | RUN_TABLES
    found: dict[str, dict[str, str]] = {}
    for table in sorted(present & set(expected)):
        kinds = {str(r[0]): str(r[1]) for r in con.execute(f"DESCRIBE {identifier(table)}").fetchall()}
        faults = {
            column: f"column {column} of {table} is {kinds.get(column, 'missing')}, must be {kind}; "
            "write the table again with the stage that makes it"
            for column, kind in expected[table].items()
            if kinds.get(column) != kind
        }
        if faults:
            found[table] = faults
    return found
