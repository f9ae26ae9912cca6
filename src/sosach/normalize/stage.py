"""The stage ``normalize``: raw deliveries of a run to core, quarantine and the log of cells.

Holds reading the manifest, replacing what was delivered again, writing and the balance. What becomes of one cell is
in ``normalisers``, ``columns`` and ``cells``.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from sosach.duck import connect, identifier, literal, write_parquet
from sosach.errors import BalanceError, MissingArtefactError, SettingsError
from sosach.lake import Lake, Run, read_json, write_json
from sosach.manifest import read_manifest
from sosach.normalize.cells import NOT_UNDERSTOOD, cells_select
from sosach.normalize.columns import code_lists, quarantine_reason, typed_select
from sosach.normalize.macros import register_code_lists, register_macros
from sosach.normalize.normalisers import register_code_keys, register_normalisers
from sosach.registers import Register, load_registers
from sosach.settings import Settings


@dataclass(frozen=True)
class NormalizeCounts:
    """Rows and cells of one register in one run."""

    rows_raw: int
    rows_core: int
    rows_quarantined: int
    rows_superseded: int
    cells_changed: int
    cells_not_understood: int


def prepare(con: duckdb.DuckDBPyConnection, expectations: Path, register: Register) -> dict[str, str]:
    """Register macros, code lists and normalisers; return code list → look-up table for ``typed_select``.

    Raises:
        SettingsError: a code list that a field needs is not there.
    """
    register_macros(con)
    register_code_lists(con, expectations)
    register_normalisers(con)
    return {name: register_code_keys(con, name) for name in code_lists(register)}


def normalize_register(settings: Settings, run_id: str, register: str) -> NormalizeCounts:
    """Write core, quarantine and cells of one register of a run; the same deliveries give the same bytes.

    A register without delivery gets empty files with the right columns. Rows whose key comes again in a later
    delivery (by ``sequence``), for the same person by the register's identity fields, are left out and counted as
    superseded; repetitions inside one delivery, and different people under one key, stay for the rules to find.

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
    with connect(settings) as con:
        key_tables = prepare(con, settings.expectations, dictionary)
        rows_raw = _open_raw(con, dictionary, paths)
        columns = {str(row[0]) for row in con.execute("DESCRIBE raw").fetchall()}
        con.execute(f"CREATE TEMP VIEW typed AS {typed_select(dictionary, 'raw', columns, key_tables)}")
        superseded = _find_superseded(
            con, dictionary, [(str(d["delivery_id"]), int(str(d["sequence"]))) for d in deliveries]
        )
        core, quarantined = _write_rows(con, dictionary, run)
        cells = write_parquet(
            con,
            cells_select(dictionary, f"read_parquet({literal(run.core(register))})"),
            run.cells(register),
            "record_id, field",
        )
        unknown = _count(
            con, f"read_parquet({literal(run.cells(register))}) WHERE normaliser = {literal(NOT_UNDERSTOOD)}"
        )
    counts = NormalizeCounts(rows_raw, core, quarantined, superseded, cells - unknown, unknown)
    write_json(run.stage(f"normalize/{register}"), asdict(counts))
    return counts


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


def _open_raw(con: duckdb.DuckDBPyConnection, register: Register, paths: Sequence[Path]) -> int:
    """Make the view ``raw`` over all deliveries (columns by name) and count its rows."""
    if paths:
        files = ", ".join(literal(path) for path in sorted(paths))
        con.execute(f"CREATE TEMP VIEW raw AS FROM read_parquet([{files}], union_by_name = true)")
    else:
        columns = "".join(f", CAST(NULL AS VARCHAR) AS {identifier(field.source_name)}" for field in register.fields)
        own = "CAST(NULL AS VARCHAR) AS _delivery, CAST(NULL AS BIGINT) AS _row"
        con.execute(f"CREATE TEMP VIEW raw AS SELECT {own}{columns} WHERE false")
    return _count(con, "raw")


def _find_superseded(con: duckdb.DuckDBPyConnection, register: Register, deliveries: Sequence[tuple[str, int]]) -> int:
    """Make table ``superseded`` (rows that a later delivery brings again) and count it.

    Two different people under one number are no repetition: where the register names identity fields, one of them has
    to agree, else both rows stay and the rules on uniqueness find them.
    """
    con.execute("CREATE TEMP TABLE deliveries (_delivery VARCHAR, sequence BIGINT)")
    if deliveries:
        con.executemany("INSERT INTO deliveries VALUES (?, ?)", [list(delivery) for delivery in deliveries])
    identity = {name: _identity_key(register, name) for name in register.identity}
    keys = ", ".join(
        ["_delivery", "_row", "record_key", "sequence", *(f"{key} AS id_{name}" for name, key in identity.items())]
    )
    agree = " OR ".join(f"older.id_{name} = newer.id_{name}" for name in identity) or "TRUE"
    con.execute(f"""
      CREATE TEMP TABLE superseded AS
      WITH keyed AS (SELECT {keys} FROM typed JOIN deliveries USING (_delivery) WHERE record_key IS NOT NULL),
      again AS (SELECT record_key FROM keyed GROUP BY record_key HAVING max(sequence) > min(sequence)),
      repeated AS (SELECT * FROM keyed SEMI JOIN again USING (record_key))
      SELECT DISTINCT older._delivery, older._row FROM repeated older JOIN repeated newer
        ON older.record_key = newer.record_key AND older.sequence < newer.sequence AND ({agree})""")
    return _count(con, "superseded")


def _identity_key(register: Register, name: str) -> str:
    """What has to agree: a name without regard to case and diacritics, of a birth date the year."""
    match register.field(name).type:
        case "partial_date":
            return f"{name}_nam"
        case "name":
            return f"name_key({name})"
        case _:
            return name


def _write_rows(con: duckdb.DuckDBPyConnection, register: Register, run: Run) -> tuple[int, int]:
    record_id = "_delivery || ':' || _row AS record_id"
    columns = ", ".join(
        record_id if name == "record_id" else f"CAST({identifier(name)} AS {kind}) AS {identifier(name)}"
        for name, kind in register.core_columns.items()
    )
    core = write_parquet(
        con,
        f"SELECT {columns} FROM typed ANTI JOIN superseded USING (_delivery, _row) WHERE _missing IS NULL",
        run.core(register.register_id),
        "_delivery, _row",
    )
    quarantined = write_parquet(
        con,
        f"SELECT {record_id}, _delivery, CAST(_row AS BIGINT) AS _row, {quarantine_reason(register)} AS reason,"
        " _missing AS field FROM typed WHERE _missing IS NOT NULL",
        run.quarantine(register.register_id),
        "_delivery, _row",
    )
    return core, quarantined


def _count(con: duckdb.DuckDBPyConnection, source: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {source}").fetchone()
    return int(row[0]) if row else 0
