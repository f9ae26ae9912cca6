"""The truth folder of a synthetic data set as DuckDB views, proved to belong to a run.

Holds names, columns and the proof. What is made of the truth is in the modules beside. The files are written by
``synthetic_data`` (its ``truth`` module says what each column means).
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import duckdb

from sosach.duck import literal
from sosach.errors import MissingArtefactError, SettingsError
from sosach.manifest import Manifest
from sosach.registers import Register

COLUMNS: dict[str, frozenset[str]] = {
    "persons": frozenset(
        {"person_id", "gioi_tinh", "ngay_sinh", "ngay_chet", "dan_toc", "so_dinh_danh", "tinh_trang_hon_nhan"}
        | {"vo_chong_person_id", "cha_person_id", "me_person_id"}
    ),
    "marriages": frozenset({"chong_person_id", "vo_person_id", "ngay_ket_hon", "ngay_ket_thuc", "ket_thuc"}),
    "records": frozenset({"register", "record_key", "file", "row", "role", "person_id"}),
    "corruptions": frozenset(
        {"register", "record_key", "file", "row", "field", "true_value", "written_value", "kind", "rules"}
    ),
    "books": frozenset({"ma_noi_dang_ky", "loai_so", "nam", "quyen_so", "delivered"}),
    "events": frozenset(
        {"kind", "ngay_su_kien", "delivered", "register", "record_key", "person_id", "other_person_id", "planted"}
    ),
    "counts": frozenset({"measure", "name", "value"}),
    "duplicates": frozenset({"register", "file", "row", "of_file", "of_row", "kind"}),
}
"""Files of the truth that are read, with the columns that are needed. File ``x.parquet`` is the view ``truth_x``."""

REMEDY = "Give the truth folder that was written together with the deliveries (python -m synthetic_data --truth)."


def open_truth(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make the views ``truth_<file>`` over a truth folder.

    Raises:
        SettingsError: the folder, a file or a column is missing; names it.
    """
    if not folder.is_dir():
        raise SettingsError(f"truth: {folder} is no folder. {REMEDY}")
    for name, needed in COLUMNS.items():
        path = folder / f"{name}.parquet"
        if not path.is_file():
            raise SettingsError(f"truth: {path} not found. {REMEDY}")
        con.execute(f"CREATE OR REPLACE VIEW truth_{name} AS FROM read_parquet({literal(path)})")
        found = {str(row[0]) for row in con.execute(f"DESCRIBE truth_{name}").fetchall()}
        if lacking := sorted(needed - found):
            raise SettingsError(f"truth: {path} has no column {', '.join(lacking)}. Make the data again.")


def match_deliveries(con: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    """Prove that truth and run are about the same files, and make ``delivery(delivery_id, register, file, n)``.

    They are where each register has as many delivered rows as the truth counts, every file that the truth names was
    taken in, and no row of it lies behind the end of that file.

    Raises:
        SettingsError: a register or file of the one does not fit the other; names it.
        MissingArtefactError: the run has no delivery.
    """
    if not manifest.deliveries:
        raise MissingArtefactError(f"Run {manifest.run_id} has no delivery, so there is nothing to compare.")
    con.execute("CREATE OR REPLACE TEMP TABLE delivery (delivery_id VARCHAR, register VARCHAR, file VARCHAR, n BIGINT)")
    for given in manifest.deliveries:
        name = PurePosixPath(str(given["file_name"])).name
        con.execute(
            "INSERT INTO delivery VALUES (?, ?, ?, ?)",
            [str(given["delivery_id"]), str(given["register"]), name, int(str(given["rows"]))],
        )
    row = con.execute("""
        WITH made AS (SELECT name AS register, value AS n FROM truth_counts WHERE measure = 'records' AND value > 0),
        taken AS (SELECT register, sum(n) AS n FROM delivery GROUP BY ALL),
        known AS (SELECT register, file, max("row") AS n FROM truth_records GROUP BY ALL)
        SELECT place, made, taken FROM (
            SELECT coalesce(m.register, t.register) AS place, coalesce(m.n, 0) AS made, coalesce(t.n, 0) AS taken
            FROM made m FULL JOIN taken t USING (register) WHERE m.n IS DISTINCT FROM t.n
            UNION ALL
            SELECT k.register || '/' || k.file, k.n, coalesce(d.n, 0) FROM known k LEFT JOIN delivery d
            ON d.register = k.register AND d.file = k.file WHERE k.n > coalesce(d.n, 0))
        ORDER BY ALL LIMIT 1""").fetchone()
    if row:
        place, made, taken = row
        raise SettingsError(
            f"truth and run {manifest.run_id} do not belong together: {place}: {int(made)} rows in the truth, "
            f"{int(taken)} in the run. {REMEDY}"
        )
    doubled = con.execute(
        "SELECT register, file FROM delivery GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
    ).fetchone()
    if doubled:
        raise SettingsError(
            f"run {manifest.run_id} took in {doubled[0]}/{doubled[1]} twice with different contents, so its rows cannot"
            " be told apart. Run it in a fresh home (--home)."
        )


def find_records(con: duckdb.DuckDBPyConnection, registers: Mapping[str, Register]) -> None:
    """Make the tables that the comparisons share; record ids are those of the run (delivery and row).

    * ``role(register, record_id, role, person_id)``: the true person behind each mention;
    * ``error(error_id, register, record_id, record_key, kind, rules)``: one planted error: a record and a kind;
      ``record_id`` is NULL for a record that was left out;
    * ``cell(error_id, register, record_id, source, field, true_value, written_value)``: its cells; ``source`` is the
      delivered column, ``field`` its inner name, both empty for a record as a whole.

    Raises:
        SettingsError: the truth names a column that no register has.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE field (register VARCHAR, source VARCHAR, field VARCHAR)")
    con.executemany(
        "INSERT INTO field VALUES (?, ?, ?)",
        [[name, f.source_name, f.name] for name, register in registers.items() for f in register.fields]
        + [[name, "", ""] for name in registers],
    )
    strange = con.execute("""
        SELECT DISTINCT c.register, c.field FROM truth_corruptions c
        ANTI JOIN field f ON f.register = c.register AND f.source = c.field ORDER BY ALL LIMIT 1""").fetchone()
    if strange:
        raise SettingsError(f"truth: corruptions name {strange[0]}.{strange[1]}, which no register has. {REMEDY}")
    con.execute("""
    CREATE OR REPLACE TEMP TABLE role AS
    SELECT t.register, d.delivery_id || ':' || t."row" AS record_id, t.role, t.person_id
    FROM truth_records t JOIN delivery d ON d.register = t.register AND d.file = t.file WHERE t.person_id IS NOT NULL;

    CREATE OR REPLACE TEMP TABLE error AS
    SELECT row_number() OVER (ORDER BY c.register, c.file, c."row", c.record_key, c.kind) AS error_id,
        c.register, d.delivery_id || ':' || c."row" AS record_id, c.file, c."row", c.record_key, c.kind, c.rules
    FROM (SELECT register, file, "row", record_key, kind, any_value(rules) AS rules
        FROM truth_corruptions GROUP BY ALL) c
    LEFT JOIN delivery d ON d.register = c.register AND d.file = c.file;

    CREATE OR REPLACE TEMP TABLE cell AS
    SELECT e.error_id, e.register, e.record_id, f.source, f.field, c.true_value, c.written_value
    FROM truth_corruptions c JOIN error e ON e.register = c.register AND e.kind = c.kind
        AND e.file IS NOT DISTINCT FROM c.file AND e."row" IS NOT DISTINCT FROM c."row"
        AND e.record_key IS NOT DISTINCT FROM c.record_key
    JOIN field f ON f.register = c.register AND f.source = c.field;

    ALTER TABLE error DROP COLUMN file;
    ALTER TABLE error DROP COLUMN "row";
    """)
