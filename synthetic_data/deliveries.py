"""Delivered files: which rows go into which file, and in which form.

Civil-status registers come one file a former district, as offices send them: CSV in UTF-8, CSV with BOM and
semicolons, one CSV in UTF-16, some XLSX. The population register is Parquet and CSV (``layout`` says which). Same
rows, same bytes. Holds no content of rows.
"""

import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import xlsxwriter

from sosach.duck import identifier, literal
from synthetic_data.layout import CSV, CSV_BOM, CSV_UTF16, LAYOUTS, PARQUET, XLSX, Form, Layout
from synthetic_data.units import Province

XLSX_ROWS = 2000
"""Parts with more rows send CSV where XLSX would be their turn: a sheet of that size is slow to write."""
BAD_REGISTER, BAD_COLUMN, BAD_ROWS = "ket_hon", "chongHoTen", 5
BOM = "\ufeff"
PIECE = 1 << 22
"""Characters that are recoded at a time."""


def _slug(name: str) -> str:
    """ASCII name of a district for a file name."""
    plain = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c)).replace(" ", "_")


def _form(layout: Layout, position: int, rows: int) -> Form:
    """Form of the file at ``position`` (0-based)."""
    form = layout.files.special.get(position)
    if form is None or (form == XLSX and rows > XLSX_ROWS):
        return layout.files.forms[position % len(layout.files.forms)]
    return form


def plan_files(con: duckdb.DuckDBPyConnection, province: Province) -> pd.DataFrame:
    """``register, part, file, form, rows``: the files that have rows; also as table ``file_plan``."""
    names = province.district.set_index("code")["name"]
    plan = []
    for register, layout in LAYOUTS.items():
        rows = dict(con.execute(f"SELECT _lo_file, count(*) FROM r_{register} GROUP BY ALL").fetchall())
        stem = layout.files.stem or register
        for position, part in enumerate(layout.files.parts(tuple(sorted(names.index)))):
            form = _form(layout, position, rows.get(part, 0))
            suffix = {XLSX: "xlsx", PARQUET: "parquet"}.get(form, "csv")
            middle = {"district": f"_{part}_{_slug(names.get(part, ''))}", "thirds": f"_{position + 1}", "one": ""}
            if rows.get(part):
                plan.append((register, part, f"{stem}{middle[layout.files.by]}.{suffix}", form, rows[part]))
    table = pd.DataFrame(plan, columns=["register", "part", "file", "form", "rows"])
    in_order = table.sort_values(["register", "file"]).groupby("register")["rows"]
    table["before"] = in_order.cumsum() - table["rows"]
    con.register("incoming", table)
    con.execute("CREATE TABLE file_plan AS SELECT * FROM incoming")
    con.unregister("incoming")
    return table


def file_order(layout: Layout) -> str:
    """SQL of the order of rows inside a file; copies stand at its end. No two rows are equal in it."""
    return f"_of IS NOT NULL, {layout.order}, _row"


def write_files(
    con: duckdb.DuckDBPyConnection,
    plan: pd.DataFrame,
    columns: dict[str, tuple[str, ...]],
    folder: Path,
    as_of: date,
    progress: Callable[[str], None] = lambda line: None,
) -> None:
    """Write every planned file to ``folder/<register>/``."""
    for register, files in plan.groupby("register", sort=False):
        layout = LAYOUTS[str(register)]
        progress(f"files of {register}: {files['rows'].sum()} rows")
        (folder / layout.register_id).mkdir()
        for part, file, form in files[["part", "file", "form"]].itertuples(index=False):
            tail = f"FROM r_{register} WHERE _lo_file = {literal(part)} ORDER BY {file_order(layout)}"
            _write(con, columns[layout.register_id], tail, folder / layout.register_id / file, form, as_of)


def write_bad_file(con: duckdb.DuckDBPyConnection, columns: dict[str, tuple[str, ...]], folder: Path) -> Path:
    """A marriage delivery without its required column: a few rows that other files hold in full."""
    shown = tuple(c for c in columns[BAD_REGISTER] if c != BAD_COLUMN)
    target = folder / BAD_REGISTER / "ket_hon_bo_sung_thieu_cot.csv"
    target.parent.mkdir(exist_ok=True)
    order = f"_lo_file, {file_order(LAYOUTS[BAD_REGISTER])}"
    _write(con, shown, f"FROM r_{BAD_REGISTER} ORDER BY {order} LIMIT {BAD_ROWS}", target, CSV, date.min)
    return target


def _write(
    con: duckdb.DuckDBPyConnection, columns: tuple[str, ...], tail: str, target: Path, form: Form, as_of: date
) -> None:
    """Write ``columns`` of the rows of ``tail`` (FROM and what follows) in one of the forms."""
    shown = [identifier(column) for column in columns]
    query = f"SELECT {', '.join(shown)} {tail}"
    if form == PARQUET:
        con.execute(f"COPY ({query}) TO {literal(target)} (FORMAT parquet, COMPRESSION zstd)")
    elif form == XLSX:
        _write_xlsx(con, query, target, as_of)
    elif form == CSV_BOM:
        # The mark is the first character of the header, so that the file is written in one go.
        marked = f"{shown[0]} AS {identifier(BOM + columns[0])}"
        query = f"SELECT {', '.join([marked, *shown[1:]])} {tail}"
        con.execute(f"COPY ({query}) TO {literal(target)} (FORMAT csv, HEADER, DELIMITER ';')")
    else:
        con.execute(f"COPY ({query}) TO {literal(target)} (FORMAT csv, HEADER, DELIMITER ',')")
        if form == CSV_UTF16:
            _recode(target)


def _recode(target: Path) -> None:
    """Turn a file from UTF-8 to UTF-16 (little-endian, with mark)."""
    draft = target.with_suffix(".utf8")
    target.rename(draft)
    with draft.open(encoding="utf-8", newline="") as old, target.open("w", encoding="utf-16-le", newline="") as new:
        new.write(BOM)
        while piece := old.read(PIECE):
            new.write(piece)
    draft.unlink()


def _write_xlsx(con: duckdb.DuckDBPyConnection, query: str, target: Path, as_of: date) -> None:
    """One sheet of text cells; the created property is the data set's date, so that the bytes repeat."""
    result = con.execute(query)
    header = [column[0] for column in result.description]
    options = {"strings_to_formulas": False, "strings_to_urls": False, "tmpdir": str(target.parent)}
    book = xlsxwriter.Workbook(str(target), options)
    book.set_properties({"created": datetime(as_of.year, as_of.month, as_of.day)})  # noqa: DTZ001 - the file format has no zone
    sheet = book.add_worksheet("Sheet1")
    sheet.write_row(0, 0, header)
    for number, row in enumerate(result.fetchall(), start=1):
        for column, cell in enumerate(row):
            if cell is not None:
                sheet.write_string(number, column, cell)
    book.close()
