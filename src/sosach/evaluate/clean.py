"""The same records without their planted errors, judged by the same rules.

What a rule still finds there no planted error has caused: it is a fact of the true world, a book that was not
delivered, or a fault of the rule. What it no longer finds came from an error or from a wrong link. Nothing of this is
kept: the files lie in a folder that goes away.
"""

from pathlib import Path

import duckdb

from sosach.checks.catalogue import Catalogue
from sosach.checks.contract import open_run
from sosach.checks.fused import FOUND_TABLE, FusedPass
from sosach.duck import connect, identifier, literal, write_parquet
from sosach.lake import Lake, Run
from sosach.link.coverage import build_coverage
from sosach.link.status import derive
from sosach.manifest import Manifest
from sosach.normalize.columns import typed_select
from sosach.normalize.stage import prepare
from sosach.normalize.value_maps import build_value_maps
from sosach.registers import Register
from sosach.settings import Settings


def mark_false_records(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Make ``false_record(register, record_id)``: records that the true world does not have.

    These are the planted second copies and false events. An error of a citizen's record as a whole (a death that nobody
    registered) leaves the citizen true.
    """
    people = [name for name, register in catalogue.registers.items() if register.kind == "dan_cu"]
    listed = ", ".join(literal(name) for name in people) or "''"
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE false_record AS
    SELECT DISTINCT register, record_id FROM cell
    WHERE field = '' AND record_id IS NOT NULL AND register NOT IN ({listed})
    UNION
    SELECT e.register, e.record_id FROM error e JOIN truth_duplicates t ON t.register = e.register AND t.kind = e.kind
    JOIN delivery d ON d.register = t.register AND d.file = t.file AND e.record_id = d.delivery_id || ':' || t."row"
    """)


def write_clean(
    con: duckdb.DuckDBPyConnection, settings: Settings, run: Run, manifest: Manifest, catalogue: Catalogue, clean: Run
) -> None:
    """Write the core of every register with true values to ``clean``.

    Rows are those that the run has in core or quarantine, without the false ones; they go through the same
    normalisers. Record ids stay.
    """
    for name, register in catalogue.registers.items():
        paths = [
            Lake(settings.home).raw(name, str(delivery["delivery_id"]))
            for delivery in manifest.deliveries
            if delivery["register"] == name
        ]
        if not paths:
            continue
        prepare(con, settings.expectations, register)
        files = ", ".join(literal(path) for path in sorted(paths))
        con.execute(f"CREATE OR REPLACE TEMP VIEW raw AS FROM read_parquet([{files}], union_by_name = true)")
        delivered = {str(row[0]) for row in con.execute("DESCRIBE raw").fetchall()}
        _restore(con, register, run, delivered)
        maps = build_value_maps(con, register, "restored", delivered)
        con.execute(f"CREATE OR REPLACE TEMP VIEW typed AS {typed_select(register, 'restored', delivered, maps)}")
        columns = ", ".join(
            "_delivery || ':' || _row AS record_id"
            if c == "record_id"
            else f"CAST({identifier(c)} AS {t}) AS {identifier(c)}"
            for c, t in register.core_columns.items()
        )
        write_parquet(con, f"SELECT {columns} FROM typed", clean.core(name), "_delivery, _row")
        con.execute("DROP VIEW typed")
        con.execute("DROP TABLE restored")


def _restore(con: duckdb.DuckDBPyConnection, register: Register, run: Run, delivered: set[str]) -> None:
    """Make ``restored``: the delivered text of the kept rows with every planted cell set back."""
    name = literal(register.register_id)
    changed = [
        str(row[0])
        for row in con.execute(
            f"SELECT DISTINCT source FROM cell WHERE register = {name} AND source <> '' AND record_id IS NOT NULL"
            " ORDER BY 1"
        ).fetchall()
    ]
    replaced = ", ".join(
        f"CASE WHEN map_contains(m.cells, {literal(c)}) THEN m.cells[{literal(c)}] ELSE r.{identifier(c)} END"
        f" AS {identifier(c)}"
        for c in changed
        if c in delivered
    )
    kept = " UNION ALL ".join(
        f"SELECT record_id FROM read_parquet({literal(path)})"
        for path in (run.core(register.register_id), run.quarantine(register.register_id))
        if path.is_file()
    )
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE restored AS
    WITH mended AS (
        SELECT record_id, map_from_entries(list({{'k': source, 'v': true_value}})) AS cells FROM cell
        WHERE register = {name} AND field <> '' AND record_id IS NOT NULL GROUP BY record_id),
    kept AS ({kept} EXCEPT SELECT record_id FROM false_record WHERE register = {name})
    SELECT r.* {f"REPLACE ({replaced})" if replaced else ""}
    FROM raw r JOIN kept k ON k.record_id = r._delivery || ':' || r._row
    LEFT JOIN mended m ON m.record_id = k.record_id""")


def write_true_links(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, clean: Run) -> None:
    """Write ``links`` and ``persons`` of the clean records from the true persons.

    A person without a citizen's record is ``unlinked``, since the rules conclude nothing from such.
    """
    parts = " UNION ALL ".join(
        f"SELECT {literal(name)} AS register, record_key, record_id FROM read_parquet({literal(clean.core(name))})"
        for name in catalogue.registers
        if clean.core(name).is_file()
    )
    con.execute(f"CREATE OR REPLACE TEMP VIEW clean_record AS {parts}")
    known = "SELECT DISTINCT person_id FROM role WHERE register = 'dan_cu'"
    write_parquet(
        con,
        "SELECT register, c.record_key, record_id, r.role, 'T' || r.person_id AS person_id,"
        f" CASE WHEN r.person_id IN ({known}) THEN 'pin' ELSE 'unlinked' END AS method,"
        f" CASE WHEN r.person_id IN ({known}) THEN 3.0 ELSE 0.0 END::DOUBLE AS weight"
        " FROM role r JOIN clean_record c USING (register, record_id)",
        clean.table("links"),
        "register, record_id, role",
    )
    write_parquet(
        con,
        "SELECT DISTINCT ON (person_id) l.person_id, d.record_id, d.so_dinh_danh, d.ho_ten, d.ngay_sinh,"
        f" d.ngay_sinh_nam AS nam_sinh, d.gioi_tinh, d.unit FROM read_parquet({literal(clean.table('links'))}) l"
        f" JOIN read_parquet({literal(clean.core('dan_cu'))}) d USING (record_id) WHERE l.register = 'dan_cu'"
        " ORDER BY l.person_id, d.record_id",
        clean.table("persons"),
        "person_id",
    )


def judge_clean(settings: Settings, manifest: Manifest, catalogue: Catalogue, clean: Run) -> Path:
    """Run every rule on the clean records.

    Returns:
        A Parquet file ``record_id, rule_id`` of what they find, beside the clean records.
    """
    found = clean.table("persisting")
    with connect(settings) as con:
        open_run(con, settings.expectations, clean)
        build_coverage(con, settings.coverage_floor, manifest.as_of.year)
        derive(con, manifest.as_of)
        for name in ("coverage", "marital_status"):
            write_parquet(con, f"FROM {name}", clean.table(name), "ALL")
    with connect(settings) as con:
        open_run(con, settings.expectations, clean)
        con.execute("CREATE TEMP TABLE persisting (record_id VARCHAR, rule_id VARCHAR)")
        for name, register in catalogue.registers.items():
            rules = [rule for suite in catalogue.suites_of(name).values() for rule in suite]
            if rules and clean.core(name).is_file():
                FusedPass(con, register, rules, manifest.as_of).answer()
                con.execute(f"INSERT INTO persisting SELECT record_id, rule_id FROM {FOUND_TABLE}")
        write_parquet(con, "FROM persisting", found, "record_id, rule_id")
    return found
