"""Files of the stream of days: every row that is sent on a day, whole, with all that has changed up to that day.

``<days>/<yyyy-mm-dd>/<register>/<stem>_ngay_<yyyy-mm-dd>[_<district>].csv``: the names sort behind those of the base
delivery, so that the order of arrival holds even where all are laid into the inbox at once. Also the truth about them.
"""

import csv
from datetime import date
from itertools import groupby
from pathlib import Path

import duckdb
import yaml

from sosach.duck import identifier, literal
from synthetic_data.deliveries import file_order
from synthetic_data.layout import LAYOUTS
from synthetic_data.stream_state import LATE, use
from synthetic_data.truth import key_sql

SQL = Path(__file__).parent / "sql"
PIECE = 20_000
"""Rows that are held at a time."""


def write_days(con: duckdb.DuckDBPyConnection, columns: dict[str, tuple[str, ...]], folder: Path) -> tuple[int, int]:
    """Write all files of all days to ``folder``; also makes ``stream.placed``. Returns how many files and rows."""
    use(con, LATE)
    con.execute("""
        CREATE TABLE stream.send AS
        SELECT register, _row, day, CASE WHEN a.arrives THEN 'new' ELSE s.cause END AS cause,
            CASE WHEN a.arrives THEN [] ELSE s.fields END AS fields
        FROM (SELECT register, _row, day, min(cause) AS cause, list(DISTINCT field ORDER BY field) AS fields
            FROM stream.step GROUP BY ALL) s
        FULL JOIN (SELECT *, TRUE AS arrives FROM stream.arrival) a USING (register, _row, day)""")
    con.execute("""CREATE TABLE stream.placed (register VARCHAR, _row BIGINT, day DATE, file VARCHAR, row BIGINT,
        record_key VARCHAR, cause VARCHAR, fields VARCHAR[])""")
    files = rows = 0
    for name, shown in columns.items():
        _rows_of_days(con, name, shown)
        made = _write(con, name, shown, folder)
        files, rows = files + made[0], rows + made[1]
        con.execute("DROP TABLE outgoing")
    return files, rows


def _rows_of_days(con: duckdb.DuckDBPyConnection, name: str, columns: tuple[str, ...]) -> None:
    """Temporary table ``outgoing``: every row of every day of a register, with ``_sent, _file, _number, _key``."""
    layout = LAYOUTS[name]
    own = f"register = {literal(name)}"
    key, mended = key_sql(layout)
    stem = layout.files.stem or name
    part = "'_' || r._lo_file" if layout.files.by == "district" else "''"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE latest AS
        SELECT _row, day, map(list(field ORDER BY field), list(held.value ORDER BY field)) AS cells FROM (
            SELECT d._row, d.day, s.field, arg_max(struct_pack(value := s.value), s.day) AS held
            FROM (SELECT _row, day FROM stream.send WHERE {own}) d
            JOIN (FROM stream.step WHERE {own}) s ON s._row = d._row AND s.day <= d.day GROUP BY ALL)
        GROUP BY ALL""")
    shown = ", ".join(
        f"""CASE WHEN map_contains(l.cells, {literal(c)}) THEN l.cells[{literal(c)}]
            ELSE r.{identifier(c)} END AS {identifier(c)}"""
        for c in columns
    )
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE outgoing AS
        SELECT *, row_number() OVER (PARTITION BY _file ORDER BY {file_order(layout)}) AS _number
        FROM (
            SELECT r.* REPLACE ({shown}), s.day AS _sent, s.cause AS _cause, s.fields AS _fields,
                {literal(stem + "_ngay_")} || strftime(s.day, '%Y-%m-%d') || {part} || '.csv' AS _file
            FROM (FROM stream.send WHERE {own}) s
            JOIN (
                SELECT b.*, a.record_key AS _key FROM base.r_{name} b JOIN base.at_{name} a USING (_row)
                WHERE b._row IN (SELECT _row FROM stream.send WHERE {own})
                    AND b._row NOT IN (SELECT _row FROM stream.arrival WHERE {own})
                UNION ALL BY NAME
                SELECT n.*, {key} AS _key FROM r_{name} n LEFT JOIN {mended} m USING (_row)) r USING (_row)
            LEFT JOIN latest l ON l._row = s._row AND l.day = s.day)""")
    con.execute(f"""
        INSERT INTO stream.placed
        SELECT {literal(name)}, _row, _sent, _file, _number, _key, _cause, _fields
        FROM outgoing ORDER BY _file, _number""")
    con.execute("DROP TABLE latest")


def _write(con: duckdb.DuckDBPyConnection, name: str, columns: tuple[str, ...], folder: Path) -> tuple[int, int]:
    """Write the files of one register; returns the numbers of files and rows."""
    shown = ", ".join(identifier(column) for column in columns)
    result = con.execute(f"SELECT _sent, _file, {shown} FROM outgoing ORDER BY _sent, _file, _number")
    files = rows = 0
    writer, target, opened = None, None, None
    try:
        while piece := result.fetchmany(PIECE):
            for (sent, file), group in groupby(piece, key=lambda row: (row[0], row[1])):
                path = _path(folder, sent, name, file)
                if path != target:
                    if opened:
                        opened.close()
                    path.parent.mkdir(parents=True, exist_ok=True)
                    opened = path.open("w", encoding="utf-8", newline="")
                    writer, target, files = csv.writer(opened, lineterminator="\n"), path, files + 1
                    writer.writerow(columns)
                lines = [row[2:] for row in group]
                assert writer is not None
                writer.writerows(lines)
                rows += len(lines)
    finally:
        if opened:
            opened.close()
    return files, rows


def _path(folder: Path, sent: date, name: str, file: str) -> Path:
    return folder / sent.isoformat() / name / file


def write_truth_of_days(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write ``rows, corrections, corruptions, persons, marriages`` of the days to ``folder`` (see ``README.md``)."""
    use(con, LATE)
    world = yaml.safe_load((SQL / "truth.yaml").read_text(encoding="utf-8"))
    con.execute("""
        CREATE TABLE stream.wrong AS
        SELECT k.register, k._row, a.day, k.field, k.true_value, k.written_value, k.kind
        FROM corruption k JOIN stream.arrival a USING (register, _row)
        UNION ALL
        SELECT n.register, n._row, u.day, n.field, n.true_value, n.written_value, n.kind
        FROM stream.noised n JOIN stream.updated u USING (register, _row)""")
    keys = " UNION ALL ".join(
        f"SELECT {literal(name)} AS register, _row, record_key FROM base.at_{name}" for name in LAYOUTS
    )
    queries = {
        "rows": """SELECT day, register, file, row, record_key, cause, fields
            FROM stream.placed ORDER BY day, register, file, row""",
        "corrections": f"""SELECT c.day, c.register, a.record_key, c.field, c.old_value, c.new_value,
                c.correct AS "right", c.kind, c.work, c.unit, c.pace, c.first
            FROM stream.correction c JOIN ({keys}) a USING (register, _row)
            ORDER BY c.day, c.register, c._row, c.field""",
        "corruptions": """SELECT w.day, w.register, p.record_key, p.file, p.row, w.field, w.true_value,
                w.written_value, w.kind
            FROM stream.wrong w LEFT JOIN stream.placed p USING (register, _row, day)
            ORDER BY w.day, w.register, w._row, w.field, w.kind""",
        "persons": world["persons"],
        "marriages": world["marriages"],
    }
    folder.mkdir()
    for name, query in queries.items():
        con.execute(f"COPY ({query}) TO {literal(folder / f'{name}.parquet')} (FORMAT parquet, COMPRESSION zstd)")
