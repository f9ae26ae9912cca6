"""Delivered files: which rows go into which file, and in which form.

Civil-status registers come one file a former district, as offices send them: CSV in UTF-8, CSV with BOM and
semicolons, one CSV in
UTF-16, some XLSX. The population register is Parquet and CSV. Same rows, same bytes. Holds no content of rows.
"""

import tempfile
import unicodedata
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import xlsxwriter

from sosach.duck import identifier, literal
from synthetic_data.units import Province

HO_TICH = ("khai_sinh", "ket_hon", "khai_tu", "xac_nhan_tthn")
XLSX_ROWS = 5000
"""Districts with more rows send CSV where XLSX would be their turn: a sheet of that size is slow to write."""
BAD_COLUMN = "chongHoTen"
BAD_ROWS = 5
CSV, CSV_BOM, CSV_UTF16, XLSX, PARQUET = "csv", "csv_bom", "csv_utf16", "xlsx", "parquet"


def _slug(name: str) -> str:
    """ASCII name of a district for a file name."""
    plain = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c)).replace(" ", "_")


def _form(register: str, position: int, rows: int) -> str:
    """Form of the file of the district at ``position`` (0-based, by code)."""
    if register == "ket_hon" and position == 2:
        return CSV_UTF16
    turn = {"khai_sinh": 2, "ket_hon": 4, "khai_tu": 2, "xac_nhan_tthn": 0}[register]
    if position == turn and rows <= XLSX_ROWS:
        return XLSX
    return CSV_BOM if position % 3 == 1 else CSV


def plan_files(con: duckdb.DuckDBPyConnection, province: Province) -> pd.DataFrame:
    """``register, district, file, form``: the file of each register and former district; also as table
    ``file_plan``.
    """
    names = province.district.set_index("code")["name"]
    codes = sorted(names.index)
    plan = []
    for register in HO_TICH:
        rows = dict(con.execute(f"SELECT _district, count(*) FROM r_{register} GROUP BY ALL").fetchall())
        for position, code in enumerate(codes):
            form = _form(register, position, rows.get(code, 0))
            suffix = "xlsx" if form == XLSX else "csv"
            plan.append((register, code, f"{register}_{code}_{_slug(names[code])}.{suffix}", form))
    for code in codes:
        part = int(code) % 3
        plan.append(
            ("dan_cu", code, f"dan_cu_{part + 1}." + ("csv" if part else "parquet"), (PARQUET, CSV, CSV_BOM)[part])
        )
        plan.append(("cu_tru", code, f"cu_tru_{part + 1}.csv", (CSV, CSV_BOM, CSV)[part]))
        plan.append(("ly_hon", code, "ly_hon_tand_nghe_an.csv", CSV))
        plan.append(("so_ho_tich", code, "so_ho_tich_nghe_an.csv", CSV))
    table = pd.DataFrame(plan, columns=["register", "district", "file", "form"])
    con.register("incoming", table)
    con.execute("CREATE TABLE file_plan AS SELECT * FROM incoming")
    con.unregister("incoming")
    return table


def place_rows(con: duckdb.DuckDBPyConnection, registers: tuple[str, ...]) -> None:
    """Table ``placed(register, _row, file, row)``: the 1-based data row of every delivered record in its file."""
    con.execute("CREATE TABLE placed (register VARCHAR, _row BIGINT, file VARCHAR, row BIGINT)")
    for register in registers:
        con.execute(f"""
            INSERT INTO placed
            SELECT {literal(register)}, r._row, p.file, row_number() OVER (PARTITION BY p.file ORDER BY r._row)
            FROM r_{register} r JOIN file_plan p ON p.register = {literal(register)} AND p.district = r._district""")


def write_files(
    con: duckdb.DuckDBPyConnection, plan: pd.DataFrame, columns: dict[str, tuple[str, ...]], out: Path, as_of: date
) -> int:
    """Write every planned file that has rows to ``out/<register>/``. Returns how many were written."""
    written = 0
    for (register, file, form), _ in plan.groupby(["register", "file", "form"], sort=True):
        shown = ", ".join(f"r.{identifier(c)}" for c in columns[register])
        query = f"""
            SELECT {shown} FROM r_{register} r
            JOIN placed p ON p.register = {literal(register)} AND p._row = r._row
            WHERE p.file = {literal(file)} ORDER BY p.row"""
        rows = con.execute(
            f"SELECT count(*) FROM placed WHERE register = {literal(register)} AND file = {literal(file)}"
        ).fetchone()
        if rows and rows[0]:
            target = out / register / file
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(con, query, target, form, as_of)
            written += 1
    return written


def write_bad_file(con: duckdb.DuckDBPyConnection, columns: dict[str, tuple[str, ...]], out: Path) -> Path:
    """A marriage delivery without its required column: a few rows that other files hold in full."""
    shown = ", ".join(identifier(c) for c in columns["ket_hon"] if c != BAD_COLUMN)
    target = out / "ket_hon" / "ket_hon_bo_sung_thieu_cot.csv"
    _write(con, f"SELECT {shown} FROM r_ket_hon ORDER BY _row LIMIT {BAD_ROWS}", target, CSV, date.min)
    return target


def _write(con: duckdb.DuckDBPyConnection, query: str, target: Path, form: str, as_of: date) -> None:
    """Write the rows of ``query`` in one of the forms."""
    if form == PARQUET:
        con.execute(f"COPY ({query}) TO {literal(target)} (FORMAT parquet, COMPRESSION zstd)")
    elif form == XLSX:
        _write_xlsx(con, query, target, as_of)
    else:
        delimiter = ";" if form == CSV_BOM else ","
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder) / "draft.csv"
            con.execute(f"COPY ({query}) TO {literal(draft)} (FORMAT csv, HEADER, DELIMITER '{delimiter}')")
            content = draft.read_bytes()
        if form == CSV_BOM:
            content = b"\xef\xbb\xbf" + content
        elif form == CSV_UTF16:
            content = b"\xff\xfe" + content.decode("utf-8").encode("utf-16-le")
        target.write_bytes(content)


def _write_xlsx(con: duckdb.DuckDBPyConnection, query: str, target: Path, as_of: date) -> None:
    """One sheet of text cells; the created property is the data set's date, so that the bytes repeat."""
    result = con.execute(query)
    header = [column[0] for column in result.description]
    book = xlsxwriter.Workbook(str(target), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": datetime(as_of.year, as_of.month, as_of.day)})  # noqa: DTZ001 - the file format has no zone
    sheet = book.add_worksheet("Sheet1")
    sheet.write_row(0, 0, header)
    for number, row in enumerate(result.fetchall(), start=1):
        for column, cell in enumerate(row):
            if cell is not None:
                sheet.write_string(number, column, cell)
    book.close()
