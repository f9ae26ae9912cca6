"""From the true world to register rows: one DuckDB table ``r_<register>`` each, in the delivered columns.

Beside the delivered columns (text, names of ``register.yaml``) a row has hidden ones that begin with ``_``: its id
``_row`` (``Layout.row``), the row ``_of`` which it is a copy (NULL: none), the part of the delivery ``_lo_file``, its
year, district, true persons and whatever the noise asks about. Holds no noise; the wording is in ``sql/*.sql``.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from duckdb.func import PythonUDFType

from sosach.duck import identifier, literal
from sosach.registers import Register
from synthetic_data.acts import enter_acts
from synthetic_data.days import two_digit_words, year_words
from synthetic_data.layout import LAYOUTS, Layout
from synthetic_data.lunar import define_lunar
from synthetic_data.spelling import define_spellings
from synthetic_data.units import Province
from synthetic_data.world import World

SQL = Path(__file__).parent / "sql"
MEMORY = "5GB"
"""What DuckDB may hold in memory; more goes to the temporary folder. Python's own memory comes on top."""
CODE_LISTS = {
    "relation": "quan_he_chu_ho",
    "ethnic": "dan_toc",
    "country": "quoc_tich",
    "changed_field": "truong_thay_doi",
    "changed_how": "loai_thay_doi",
}
"""Tables ``code, name`` that the register queries join, and the code lists behind them."""
LOADED = {"M": "DATE", "i": "BIGINT", "u": "BIGINT"}
"""SQL type of a world column by the kind of its NumPy type; all whole numbers alike, so that draws by id agree."""


def connect(seed: int, as_of: date, folder: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with the words that register and noise queries use; its database and overflow are files in
    ``folder``.
    """
    con = duckdb.connect(folder / "world.duckdb")
    con.execute("SET threads = 2")
    con.execute(f"SET memory_limit = '{MEMORY}'")
    con.execute(f"SET temp_directory = {literal(folder / 'overflow')}")
    con.execute("SET enable_progress_bar = false")
    con.create_function("nfd", _nfd, ["VARCHAR"], "VARCHAR", type=PythonUDFType.ARROW)
    con.execute("SET VARIABLE day_words = ?", [[two_digit_words(n) for n in range(1, 32)]])
    months = ["một", "hai", "ba", "tư", "năm", "sáu", "bảy", "tám", "chín", "mười", "mười một", "mười hai"]
    con.execute("SET VARIABLE month_words = ?", [months])
    con.execute("SET VARIABLE year_words = ?", [[year_words(year) for year in range(1900, 2100)]])
    con.execute(
        (SQL / "macros.sql")
        .read_text(encoding="utf-8")
        .replace("{seed}", str(seed))
        .replace("{as_of}", as_of.isoformat())
    )
    define_spellings(con)
    define_lunar(con)
    return con


def _nfd(texts: pa.Array) -> pa.Array:
    """Texts in Unicode normal form D."""
    return pc.utf8_normalize(texts, form="NFD")


def load_world(
    con: duckdb.DuckDBPyConnection, world: World, expectations: Path, progress: Callable[[str], None]
) -> None:
    """Give the world's tables to the connection, each under its name; every table is given up by ``world`` as it is
    loaded. Days become dates, codes get their official texts, and the acts on earlier entries are added.
    """
    for name, code_list in CODE_LISTS.items():
        path = literal(expectations / "code_lists" / f"{code_list}.csv")
        con.execute(f"CREATE TABLE {name} AS SELECT code, name FROM read_csv({path}, all_varchar = true)")
    _load_places(con, world.province, expectations)
    for name, frame in world.give_up():
        progress(f"loading {name}: {len(frame)} rows")
        shown = ", ".join(
            f"{identifier(column)}::{LOADED[dtype.kind]} AS {identifier(column)}"
            if dtype.kind in LOADED
            else identifier(column)
            for column, dtype in frame.dtypes.items()
        )
        table = pa.Table.from_pandas(frame, preserve_index=False)
        del frame
        con.register("incoming", table)
        query = f"SELECT {shown} FROM incoming"
        if name == "person":
            query = f"WITH bare AS ({query}) {(SQL / 'person.sql').read_text(encoding='utf-8')}"
        con.execute(f"CREATE TABLE {identifier(name)} AS {query}")
        con.unregister("incoming")
        del table
    enter_acts(con, world.province, world.noise)


def _load_places(con: duckdb.DuckDBPyConnection, province: Province, expectations: Path) -> None:
    """``place``: texts and codes of each old commune; ``province``: text of each PIN prefix."""
    old, new, district = province.old, province.new, province.district
    parent = old["parent"].to_numpy()
    district_text = old["district"].map(district.set_index("code")["text"])
    con.register(
        "incoming",
        pd.DataFrame(
            {
                "old": old.index,
                "district": old["district"],
                "district_text": district_text,
                "text3": old["text"] + ", " + district_text + ", tỉnh Nghệ An",
                "text2": new["text"].to_numpy(object)[parent] + ", tỉnh Nghệ An",
                "code_old": old["code"],
                "code_new": new["code"].to_numpy(object)[parent],
            }
        ),
    )
    con.execute("CREATE TABLE place AS SELECT * FROM incoming")
    con.execute("""CREATE TABLE neighbour AS SELECT old, coalesce(
            lead(code_old) OVER (PARTITION BY district ORDER BY code_old),
            first_value(code_old) OVER (PARTITION BY district ORDER BY code_old)) AS code FROM place""")
    # Another commune near by, both before and after the merge; none where the data set has a single one.
    con.execute("""CREATE TABLE elsewhere AS
        WITH kept AS (
            SELECT code_new, min(district) AS district, min(code_old) AS code_old FROM place GROUP BY code_new),
        near AS (
            SELECT code_new, coalesce(
                lead(code_old) OVER alike, nullif(first_value(code_old) OVER alike, code_old),
                lead(code_old) OVER (ORDER BY code_new), lag(code_old) OVER (ORDER BY code_new)) AS code_old
            FROM kept WINDOW alike AS (PARTITION BY district ORDER BY code_new))
        SELECT p.old, q.code_old, q.code_new, q.text3, q.text2
        FROM place p JOIN near n USING (code_new) JOIN place q ON q.code_old = n.code_old""")
    # The seat of each former district: its town, or its first ward.
    con.execute("""CREATE TABLE seat AS SELECT district, arg_min(text3, rank) AS text3, arg_min(text2, rank) AS text2
        FROM (SELECT *, struct_pack(a := NOT starts_with(text3, 'thị trấn '), b := code_old) AS rank FROM place)
        GROUP BY district""")
    con.unregister("incoming")
    prefixes = literal(expectations / "code_lists" / "ma_tinh_dinh_danh.csv")
    con.execute(f"""
        CREATE TABLE province AS SELECT code::INTEGER AS prefix,
            CASE WHEN name IN ('Hà Nội', 'Hải Phòng', 'Đà Nẵng', 'TP. Hồ Chí Minh', 'Cần Thơ')
                THEN 'thành phố ' || replace(name, 'TP. ', '') ELSE 'tỉnh ' || name END AS text
        FROM read_csv({prefixes}, all_varchar = true) WHERE try_cast(code AS INTEGER) IS NOT NULL""")


def compose(
    con: duckdb.DuckDBPyConnection, registers: dict[str, Register], progress: Callable[[str], None]
) -> dict[str, tuple[str, ...]]:
    """Make the tables ``r_<register>``. Returns the delivered columns of each register, in the order of its
    dictionary.
    """
    columns: dict[str, tuple[str, ...]] = {}
    for name, layout in LAYOUTS.items():
        progress(f"records of {name}")
        columns[name] = tuple(field.source_name for field in registers[name].fields)
        compose_one(con, layout, columns[name])
    return columns


def compose_one(con: duckdb.DuckDBPyConnection, layout: Layout, columns: tuple[str, ...]) -> None:
    """Make the table ``r_<register>`` of one register with the delivered ``columns``."""
    query = (SQL / f"{layout.register_id}.sql").read_text(encoding="utf-8")
    made = [row[0] for row in con.execute(f"DESCRIBE {query}").fetchall()]
    hidden = ", ".join(column for column in made if column.startswith("_"))
    shown = ", ".join(
        f"{identifier(c)}::VARCHAR AS {identifier(c)}" if c in made else f"NULL::VARCHAR AS {identifier(c)}"
        for c in columns
    )
    con.execute(f"""
        CREATE TABLE r_{layout.register_id} AS
        SELECT ({layout.row})::BIGINT AS _row, NULL::BIGINT AS _of, {layout.files.part_sql} AS _lo_file,
            {hidden}, {shown} FROM ({query})""")
