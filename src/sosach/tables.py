"""The run's tables as DuckDB views, under the names that rules and stages use.

Holds no logic: each register's core file becomes a view of the register's name (empty with the right columns where
the register has no file), each named table of the run likewise where it exists.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb

from sosach.duck import identifier, literal
from sosach.errors import MissingArtefactError
from sosach.lake import Run
from sosach.normalize.macros import register_code_lists, register_macros
from sosach.registers import load_registers


def open_tables(
    con: duckdb.DuckDBPyConnection,
    expectations: Path,
    run: Run,
    needed: Sequence[str] = (),
    only: Collection[str] | None = None,
) -> None:
    """Register macros, code lists, every register and the ``needed`` tables of a run on a connection.

    Args:
        con: an open connection.
        expectations: folder of registers and code lists.
        run: the run.
        needed: tables of the run beside the registers.
        only: names of the registers and code lists that are wanted; all by default.

    Raises:
        MissingArtefactError: a needed table has not been written yet.
    """
    register_macros(con)
    register_code_lists(con, expectations, only)
    for name, register in load_registers(expectations).items():
        if only is not None and name not in only:
            continue
        path = run.core(name)
        if path.is_file():
            con.execute(f"CREATE OR REPLACE VIEW {identifier(name)} AS FROM read_parquet({literal(path)})")
        else:
            columns = ", ".join(f"{identifier(c)} {t}" for c, t in register.core_columns.items())
            con.execute(f"CREATE OR REPLACE TABLE {identifier(name)} ({columns})")
    for name in needed:
        path = run.table(name)
        if not path.is_file():
            raise MissingArtefactError(
                f"{path}: not found. Run the stage that writes {name} first (docs/architecture.md)."
            )
        con.execute(f"CREATE OR REPLACE VIEW {identifier(name)} AS FROM read_parquet({literal(path)})")
