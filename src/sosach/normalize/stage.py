"""The stage ``normalize``: raw deliveries of a run to core, quarantine and the log of cells.

Holds reading the manifest, writing and the balance. Which rows are left out is in ``left_out``; what becomes of one
cell is in ``normalisers``, ``value_maps``, ``columns`` and ``cells``.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import duckdb

from sosach.duck import connect, identifier, literal, write_parquet
from sosach.errors import BalanceError, MissingArtefactError, SettingsError
from sosach.lake import Lake, Run, read_json, write_json
from sosach.manifest import read_manifest
from sosach.normalize.cells import cells_select
from sosach.normalize.columns import code_lists, quarantine_reason, typed_select
from sosach.normalize.left_out import find_left_out
from sosach.normalize.macros import register_code_lists, register_macros
from sosach.normalize.normalisers import register_normalisers
from sosach.normalize.text import register_text
from sosach.normalize.value_maps import NOT_UNDERSTOOD, build_value_maps
from sosach.registers import Register, load_registers
from sosach.settings import Settings

_ALWAYS = ("cl_unit_now", "cl_don_vi", "cl_don_vi_tinh", "cl_don_vi_huyen_truoc", "cl_ma_tinh_dinh_danh")
QUARANTINE_COLUMNS = {
    "record_id": "VARCHAR",
    "_delivery": "VARCHAR",
    "_row": "BIGINT",
    "reason": "VARCHAR",
    "field": "VARCHAR",
}
CELL_COLUMNS = dict.fromkeys(("record_id", "register", "field", "old", "new", "normaliser"), "VARCHAR")


@dataclass(frozen=True)
class NormalizeCounts:
    """Rows and cells of one register in one run."""

    rows_raw: int
    rows_core: int
    rows_quarantined: int
    rows_superseded: int
    cells_changed: int
    cells_not_understood: int


def prepare(con: duckdb.DuckDBPyConnection, expectations: Path, register: Register) -> None:
    """Register macros, normalisers and the code lists of a register on a connection.

    Raises:
        SettingsError: a code list is missing.
    """
    register_macros(con)
    register_code_lists(con, expectations, {*_ALWAYS, *(f"cl_{name}" for name in code_lists(register))})
    register_text(con)
    register_normalisers(con)


def normalize_register(settings: Settings, run_id: str, register: str) -> NormalizeCounts:
    """Write core, quarantine and cells of one register of a run; the same deliveries give the same bytes.

    A register without delivery gets empty files with the right columns. Rows whose key comes again in a later
    delivery (by ``sequence``), for the same person by the register's identity fields, are left out and counted as
    superseded, and so are all rows of a delivery that another one replaces whole; repetitions inside one delivery, and
    different people under one key, stay for the rules to find.

    Args:
        settings: the installation.
        run_id: a run that ``ingest`` opened.
        register: id of a register.

    Returns:
        The counts, also kept in ``stages/normalize/<register>.json`` for ``close_normalize``.

    Raises:
        MissingArtefactError: no such run, or a delivery of its manifest is not in the lake.
        SettingsError: no such register, or a code list is missing.
    """
    registers = load_registers(settings.expectations)
    if register not in registers:
        raise SettingsError(f"{settings.expectations}: no register {register!r}; there are {', '.join(registers)}.")
    dictionary = registers[register]
    run, manifest = read_manifest(settings, run_id)
    deliveries = [delivery for delivery in manifest.deliveries if delivery["register"] == register]
    paths = [Lake(settings.home).raw(register, str(delivery["delivery_id"])) for delivery in deliveries]
    absent = [path for path in paths if not path.is_file()]
    if absent:
        raise MissingArtefactError(f"{absent[0]}: not found, but {run.manifest} names it. Run ingest again.")
    by_id = dict(zip((str(delivery["delivery_id"]) for delivery in deliveries), paths, strict=True))
    replaced = [path for name, path in by_id.items() if name in manifest.replaced]
    with connect(settings) as con:
        rows_replaced = _count(con, replaced)
        live = [path for name, path in by_id.items() if name not in manifest.replaced]
        if rows := _count(con, live):
            con.execute(f"CREATE TEMP VIEW raw AS FROM {_files(live)}")
            found = _normalize(con, settings, dictionary, deliveries, run)
        else:
            found = _nothing(con, dictionary, run)
    counts = replace(found, rows_raw=rows + rows_replaced, rows_superseded=found.rows_superseded + rows_replaced)
    write_json(run.stage(f"normalize/{register}"), asdict(counts))
    return counts


def _normalize(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    register: Register,
    deliveries: Sequence[dict[str, object]],
    run: Run,
) -> NormalizeCounts:
    """Write the three files of a register that has rows in the view ``raw``; the counts say nothing of raw."""
    prepare(con, settings.expectations, register)
    columns = {str(row[0]) for row in con.execute("DESCRIBE raw").fetchall()}
    maps = build_value_maps(con, register, "raw", columns)
    order = [(str(d["delivery_id"]), int(str(d["sequence"]))) for d in deliveries]
    left_out = find_left_out(con, register, columns, maps, order)
    core = _write_core(con, register, columns, maps, left_out.any, run)
    quarantined = write_parquet(
        con,
        f"SELECT _delivery || ':' || _row AS record_id, _delivery, _row, {quarantine_reason(register)} AS reason,"
        " _missing AS field FROM quarantined",
        run.quarantine(register.register_id),
        "_delivery, _row",
    )
    changed, unknown = _write_cells(con, register, maps, run)
    return NormalizeCounts(0, core, quarantined, left_out.superseded, changed, unknown)


def _nothing(con: duckdb.DuckDBPyConnection, register: Register, run: Run) -> NormalizeCounts:
    """Write the three files of a register without rows: their columns alone."""
    name = register.register_id
    for target, columns in (
        (run.core(name), register.core_columns),
        (run.quarantine(name), QUARANTINE_COLUMNS),
        (run.cells(name), CELL_COLUMNS),
    ):
        empty = ", ".join(f"CAST(NULL AS {kind}) AS {identifier(column)}" for column, kind in columns.items())
        write_parquet(con, f"SELECT {empty} WHERE false", target, None)
    return NormalizeCounts(0, 0, 0, 0, 0, 0)


def close_normalize(settings: Settings, run_id: str) -> dict[str, object]:
    """Check the balance of every register and write ``stages/normalize.json``.

    Returns:
        ``registers``: the counts of ``NormalizeCounts`` by register.

    Raises:
        MissingArtefactError: a register has not been normalised in this run.
        BalanceError: rows of the manifest's deliveries ≠ rows read, or ≠ core + quarantined + superseded.
    """
    run, manifest = read_manifest(settings, run_id)
    counts: dict[str, dict[str, int]] = {}
    for register in load_registers(settings.expectations):
        found = NormalizeCounts(**read_json(run.stage(f"normalize/{register}")))
        delivered = sum(int(str(d["rows"])) for d in manifest.deliveries if d["register"] == register)
        parts = found.rows_core + found.rows_quarantined + found.rows_superseded
        if not delivered == found.rows_raw == parts:
            raise BalanceError(
                f"{register}: manifest {delivered} rows, raw {found.rows_raw}, core {found.rows_core} + quarantined"
                f" {found.rows_quarantined} + superseded {found.rows_superseded} = {parts}."
                " Run ingest and normalize again."
            )
        counts[register] = asdict(found)
    receipt: dict[str, object] = {"registers": counts}
    write_json(run.stage("normalize"), receipt)
    return receipt


def _files(paths: Sequence[Path]) -> str:
    """A FROM item of raw files: columns by name, rows in the order of the delivery ids."""
    return f"read_parquet([{', '.join(literal(path) for path in sorted(paths))}], union_by_name = true)"


def _count(con: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> int:
    row = con.execute(f"SELECT count(*) FROM {_files(paths)}").fetchone() if paths else None
    return int(row[0]) if row else 0


def _write_core(
    con: duckdb.DuckDBPyConnection,
    register: Register,
    delivered: set[str],
    maps: dict[str, str],
    some_left_out: bool,
    run: Run,
) -> int:
    """Write the core file, sorted: the joins keep no order when several threads work."""
    source = "(SELECT * FROM raw ANTI JOIN left_out USING (_delivery, _row))" if some_left_out else "raw"
    columns = ", ".join(
        "_delivery || ':' || _row AS record_id"
        if name == "record_id"
        else f"CAST({identifier(name)} AS {kind}) AS {identifier(name)}"
        for name, kind in register.core_columns.items()
    )
    typed = typed_select(register, source, delivered, maps)
    return write_parquet(con, f"SELECT {columns} FROM ({typed})", run.core(register.register_id), "_delivery, _row")


def _write_cells(con: duckdb.DuckDBPyConnection, register: Register, maps: dict[str, str], run: Run) -> tuple[int, int]:
    """Write the log of cells; returns how many were changed and how many nobody understood."""
    core = f"read_parquet({literal(run.core(register.register_id))})"
    target = run.cells(register.register_id)
    cells = write_parquet(con, cells_select(register, core, maps), target, "record_id, field")
    row = con.execute(
        f"SELECT count(*) FROM read_parquet({literal(target)}) WHERE normaliser = {literal(NOT_UNDERSTOOD)}"
    ).fetchone()
    unknown = int(row[0]) if row else 0
    return cells - unknown, unknown
