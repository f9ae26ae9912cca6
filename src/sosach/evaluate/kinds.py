"""What became of each kind of planted error, and of the cells in which nothing was planted.

Counts over the run's core, cells and proposals, with the clean records (see ``clean``) as the true values. A value is
compared in its typed form, so that ``01.02.1990`` and ``1990-02-01`` are one value. Holds no rule.
"""

from typing import Any

import duckdb

from sosach.duck import identifier, literal
from sosach.evaluate.statistics import Share
from sosach.lake import Run
from sosach.registers import Register

KEPT = ("not_understood", "placeholder")
"""Entries in the log of cells that say that a value was not read."""

READINGS = ("code_list", "age")
"""Normalisers that only read a lawful way of writing; all others claim to repair something."""


def compare_cells(con: duckdb.DuckDBPyConnection, registers: dict[str, Register], run: Run, clean: Run) -> None:
    """Make ``outcome(error_id, record_id, field, outcome, proposed)`` of every planted cell of a true record.

    ``outcome``: ``right`` (core holds the true value again), ``wrong`` (a normaliser wrote another value than the true
    one) or ``kept`` (the planted value stands, or was only read). ``proposed``: ``right``, ``wrong`` or NULL.
    """
    parts = ["SELECT 0::BIGINT AS error_id, '' AS record_id, '' AS field, FALSE AS same, '' AS true_text WHERE FALSE"]
    for register, name in con.execute(
        "SELECT DISTINCT register, field FROM cell WHERE field <> '' AND record_id IS NOT NULL ORDER BY ALL"
    ).fetchall():
        if not (run.core(register).is_file() and clean.core(register).is_file()):
            continue
        field = registers[register].field(name)
        values = [c for c in field.columns if not c.startswith("raw_")]
        same = " AND ".join(f"r.{identifier(c)} IS NOT DISTINCT FROM t.{identifier(c)}" for c in values)
        parts.append(
            f"SELECT c.error_id, c.record_id, c.field, {same}, CAST(t.{identifier(name)} AS VARCHAR) FROM cell c"
            f" JOIN read_parquet({literal(run.core(register))}) r USING (record_id)"
            f" JOIN read_parquet({literal(clean.core(register))}) t USING (record_id)"
            f" WHERE c.register = {literal(register)} AND c.field = {literal(name)}"
        )
    logged = _logged(run, registers)
    con.execute(f"""
    CREATE OR REPLACE TEMP TABLE changed AS FROM ({logged});
    CREATE OR REPLACE TEMP TABLE proposed AS
    SELECT i.record_id, p.field, p.kind, p.new_value, i.register FROM proposals p JOIN issues i USING (issue_id);
    CREATE OR REPLACE TEMP TABLE outcome AS
    WITH compared AS ({" UNION ALL ".join(parts)}),
    repair AS (SELECT DISTINCT record_id, field FROM changed WHERE normaliser NOT IN {KEPT + READINGS}),
    advice AS (
        SELECT c.error_id, c.field, bool_and(p.new_value = c.true_text) AS good FROM compared c
        JOIN proposed p ON p.record_id = c.record_id AND p.field = c.field GROUP BY ALL)
    SELECT c.error_id, c.record_id, c.field, CASE WHEN c.same THEN 'right' WHEN r.field IS NOT NULL THEN 'wrong'
        ELSE 'kept' END AS outcome, CASE a.good WHEN TRUE THEN 'right' WHEN FALSE THEN 'wrong' END AS proposed
    FROM compared c LEFT JOIN repair r ON r.record_id = c.record_id AND r.field = c.field
    LEFT JOIN advice a ON a.error_id = c.error_id AND a.field = c.field""")


def _logged(run: Run, registers: dict[str, Register]) -> str:
    parts = ["SELECT '' AS record_id, '' AS register, '' AS field, '' AS new, '' AS normaliser WHERE FALSE"]
    parts += [
        f"SELECT record_id, register, field, new, normaliser FROM read_parquet({literal(run.cells(name))})"
        for name in registers
        if run.cells(name).is_file()
    ]
    return " UNION ALL ".join(parts)


def per_kind(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """One line a kind: planted records, caught by the expected rules or by any, cells mended and proposals.

    ``caught_by_any`` asks for a violation on the record itself or one that an expected rule shows elsewhere.
    """
    rows = con.execute("""
        WITH seen AS (SELECT error_id, bool_or(met) AS expected FROM met GROUP BY ALL),
        any_rule AS (SELECT error_id, bool_or(same OR expected) AS caught FROM pair GROUP BY ALL),
        cells AS (
            SELECT error_id, count(*) AS cells, count(*) FILTER (outcome = 'right') AS r,
                count(*) FILTER (outcome = 'wrong') AS w, count(*) FILTER (outcome = 'kept') AS k,
                count(*) FILTER (proposed = 'right') AS pr, count(*) FILTER (proposed = 'wrong') AS pw
            FROM outcome GROUP BY ALL)
        SELECT e.kind, count(*), count(*) FILTER (s.expected), count(*) FILTER (a.caught),
            coalesce(sum(c.cells), 0), coalesce(sum(c.r), 0), coalesce(sum(c.w), 0), coalesce(sum(c.k), 0),
            coalesce(sum(c.pr), 0), coalesce(sum(c.pw), 0)
        FROM error e LEFT JOIN seen s USING (error_id) LEFT JOIN any_rule a USING (error_id)
        LEFT JOIN cells c USING (error_id) GROUP BY e.kind ORDER BY e.kind""").fetchall()
    names = ("cells", "mended_right", "mended_wrong", "not_mended", "proposed_right", "proposed_wrong")
    return [
        {
            "kind": kind,
            "planted": planted,
            "caught_by_expected": expected,
            "caught_by_any": caught,
            "share_expected": Share(expected, planted).as_json(),
            "share_any": Share(caught, planted).as_json(),
            **{name: int(value) for name, value in zip(names, numbers, strict=True)},
        }
        for kind, planted, expected, caught, *numbers in rows
    ]


def proposals(con: duckdb.DuckDBPyConnection, registers: dict[str, Register], clean: Run) -> list[dict[str, Any]]:
    """One line a kind of proposal: right where it gives the true value, also where no error was planted in the cell.

    Proposals on false records (a second record of a citizen) have no true value and are counted apart.
    """
    parts = ["SELECT '' AS record_id, '' AS field, '' AS true_text WHERE FALSE"]
    for register, name in con.execute("SELECT DISTINCT register, field FROM proposed ORDER BY ALL").fetchall():
        if clean.core(register).is_file():
            text = f"CAST({identifier(registers[register].field(name).name)} AS VARCHAR)"
            parts.append(
                f"SELECT record_id, {literal(name)}, {text} FROM read_parquet({literal(clean.core(register))})"
                f" WHERE record_id IN (SELECT record_id FROM proposed WHERE field = {literal(name)})"
            )
    rows = con.execute(f"""
        SELECT p.kind, count(*), count(*) FILTER (p.new_value = t.true_text), count(*) FILTER (t.record_id IS NULL)
        FROM proposed p LEFT JOIN ({" UNION ALL ".join(parts)}) t ON t.record_id = p.record_id AND t.field = p.field
        GROUP BY p.kind ORDER BY p.kind""").fetchall()
    return [
        {
            "kind": kind,
            "proposed": n,
            "right": right,
            "wrong": n - right - nothing,
            "on_false_records": nothing,
            "precision": Share(right, n - nothing).as_json(),
        }
        for kind, n, right, nothing in rows
    ]


def untouched(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Changes that normalisers made in cells without planted error, and how many of them are wrong.

    A cell without planted error is right as delivered. So every repair of it is wrong, and so is not understanding it
    or taking it for a placeholder. A reading (code to text, age to year) is wrong where it contradicts the true person:
    another sex or ethnic group, or a year of birth more than one off.
    """
    rows = con.execute(f"""
        WITH planted AS (SELECT DISTINCT record_id, field FROM cell WHERE field <> ''),
        free AS (SELECT * FROM changed ANTI JOIN planted USING (record_id, field)),
        said AS (
            SELECT f.*, p.gioi_tinh, p.dan_toc, year(p.ngay_sinh) AS born
            FROM free f LEFT JOIN role r ON r.register = f.register AND r.record_id = f.record_id
                AND (starts_with(f.field, r.role || '_') OR r.role = 'chu_the')
            LEFT JOIN truth_persons p USING (person_id)
            QUALIFY row_number() OVER (PARTITION BY f.record_id, f.field ORDER BY r.role) = 1)
        SELECT normaliser, count(*), count(*) FILTER (CASE
            WHEN normaliser NOT IN {READINGS} THEN TRUE
            WHEN normaliser = 'age' THEN abs(try_cast(new AS INTEGER) - born) > 1
            WHEN ends_with(field, 'gioi_tinh') THEN new <> gioi_tinh
            WHEN ends_with(field, 'dan_toc') THEN new <> dan_toc
            ELSE FALSE END)
        FROM said GROUP BY normaliser ORDER BY normaliser""").fetchall()
    return [{"normaliser": name, "changed": n, "wrong": wrong} for name, n, wrong in rows]
