"""From the true world to register rows: one DuckDB table ``r_<register>`` each, in the delivered columns.

Beside the delivered columns (text, names of ``register.yaml``) a row has hidden ones that begin with ``_``: its
number, year,
district, true persons and whatever the noise asks about. Holds no noise; the wording is in ``sql/*.sql``.
"""

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from duckdb.func import PythonUDFType

from sosach.duck import identifier, literal
from sosach.registers import load_registers
from synthetic_data.days import two_digit_words, year_words
from synthetic_data.world import World

SQL = Path(__file__).parent / "sql"
REGISTERS = ("khai_sinh", "ket_hon", "khai_tu", "xac_nhan_tthn", "ly_hon", "dan_cu", "cu_tru", "so_ho_tich")
ORDER = {
    "ly_hon": "_date, so_ban_an, toa_an",
    "dan_cu": "_district, ma_dvhc, _p",
    "cu_tru": "_district, ma_dvhc, so_ho_so_cu_tru, _p, _tu_ngay, loai_cu_tru",
    "so_ho_tich": "loai_so, ma_noi_dang_ky, _year, quyen_so",
}
BOOK_ORDER = "_district, _code, _year, _seq"


def connect(seed: int, as_of: date) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with the words that register and noise queries use."""
    con = duckdb.connect()
    con.execute("SET threads = 2")
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
    return con


def _nfd(texts: pa.Array) -> pa.Array:
    """Texts in Unicode normal form D."""
    return pc.utf8_normalize(texts, form="NFD")


def load_world(con: duckdb.DuckDBPyConnection, world: World, expectations: Path) -> None:
    """Give the world's tables to the connection; days become dates, codes get their official texts."""
    names = (
        "marriage",
        "births",
        "weddings",
        "funerals",
        "certificates",
        "judgment",
        "citizen",
        "spell",
        "numbered",
        "book",
        "signer",
    )
    for name in names:
        con.register("incoming", getattr(world, name))
        con.execute(f"CREATE TABLE {identifier(name)} AS SELECT * FROM incoming")
        con.unregister("incoming")
    for name, code_list in (("relation", "quan_he_chu_ho"), ("ethnic", "dan_toc"), ("country", "quoc_tich")):
        path = literal(expectations / "code_lists" / f"{code_list}.csv")
        con.execute(f"CREATE TABLE {name} AS SELECT code, name FROM read_csv({path}, all_varchar = true)")
    _load_places(con, world, expectations)
    con.register("incoming", world.person)
    con.execute("CREATE TABLE person AS " + (SQL / "person.sql").read_text(encoding="utf-8"))
    con.unregister("incoming")
    for table, column in (
        ("citizen", "touched_date"),
        ("numbered", "date"),
        ("weddings", "since_date"),
        ("book", "closed"),
    ):
        con.execute(f"ALTER TABLE {table} ALTER {column} TYPE DATE")
    for column in ("since", "until", "term"):
        con.execute(f"ALTER TABLE spell ALTER {column} TYPE DATE")
    for column in ("judged_date", "effective_date", "sent_date", "received_date", "noted_date"):
        con.execute(f"ALTER TABLE judgment ALTER {column} TYPE DATE")
    con.execute("ALTER TABLE marriage ALTER married_date TYPE DATE")


def _load_places(con: duckdb.DuckDBPyConnection, world: World, expectations: Path) -> None:
    """``place``: texts and codes of each old commune; ``province``: text of each PIN prefix."""
    old, new, district = world.province.old, world.province.new, world.province.district
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
    con.unregister("incoming")
    prefixes = literal(expectations / "code_lists" / "ma_tinh_dinh_danh.csv")
    con.execute(f"""
        CREATE TABLE province AS SELECT code::INTEGER AS prefix,
            CASE WHEN name IN ('Hà Nội', 'Hải Phòng', 'Đà Nẵng', 'TP. Hồ Chí Minh', 'Cần Thơ')
                THEN 'thành phố ' || replace(name, 'TP. ', '') ELSE 'tỉnh ' || name END AS text
        FROM read_csv({prefixes}, all_varchar = true) WHERE try_cast(code AS INTEGER) IS NOT NULL""")


def compose(con: duckdb.DuckDBPyConnection, expectations: Path) -> dict[str, tuple[str, ...]]:
    """Make the tables ``r_<register>``. Returns the delivered columns of each register, in the order of its
    dictionary.
    """
    registers = load_registers(expectations)
    columns: dict[str, tuple[str, ...]] = {}
    for name in REGISTERS:
        query = (SQL / f"{name}.sql").read_text(encoding="utf-8")
        made = [row[0] for row in con.execute(f"DESCRIBE {query}").fetchall()]
        columns[name] = tuple(field.source_name for field in registers[name].fields)
        hidden = ", ".join(column for column in made if column.startswith("_"))
        shown = ", ".join(
            f"{identifier(c)}::VARCHAR AS {identifier(c)}" if c in made else f"NULL::VARCHAR AS {identifier(c)}"
            for c in columns[name]
        )
        order = ORDER.get(name, BOOK_ORDER)
        con.execute(f"""
            CREATE TABLE r_{name} AS
            SELECT row_number() OVER (ORDER BY {order}) AS _row, NULL::BIGINT AS _of, {hidden}, {shown} FROM ({query})
            ORDER BY _row""")
    return columns
