"""Two little registers for the speed benchmark: citizens and marriages, about 2 % of the cells dirty.

Writes them as core tables of a run (``docs/architecture.md``). Everything follows from the row number, so equal sizes
give equal files under one version of DuckDB. Not a quality corpus: that is ``synthetic_data``.
"""

import unicodedata
from datetime import date
from pathlib import Path

import duckdb

from sosach.duck import connect, identifier, literal, write_parquet
from sosach.lake import Lake, Run
from sosach.registers import load_registers
from sosach.settings import Settings

EXPECTATIONS = Path(__file__).parent / "expectations"
RUN_ID = "bench"
AS_OF = date(2025, 12, 31)

_SURNAMES = {
    "Nguyễn": 36, "Trần": 11, "Lê": 10, "Phạm": 7, "Hoàng": 5, "Phan": 5, "Vũ": 4, "Đặng": 3, "Bùi": 3, "Hồ": 3,
    "Ngô": 2, "Lò": 3, "Lầu": 2, "Vi": 2, "Cụt": 1, "Moong": 1, "Y": 1, unicodedata.normalize("NFD", "Nguyễn"): 1,
}  # fmt: skip
_MIDDLE_MEN = ("Văn", "Đức", "Hữu", "Bá", "Xuân", "Đình", "Công", "Quốc")
_MIDDLE_WOMEN = ("Thị", "Thị Kim", "Ngọc", "Thu", "Thanh", "Hồng", "Thị Mỹ", "Thùy")
_GIVEN = (
    "An", "Bình", "Châu", "Dung", "Đạt", "Giang", "Hà", "Hạnh", "Hiếu", "Hoa", "Huệ", "Khánh", "Lan", "Liên", "Long",
    "Mai", "Minh", "Nga", "Nghĩa", "Oanh", "Phúc", "Phượng", "Quang", "Sơn", "Tâm", "Thảo", "Thủy", "Trung", "Tuấn",
    "Uyên", "Vinh", "Xuân", "Yến", "H'Bia", "H'Loan", unicodedata.normalize("NFD", "Thường"),
)  # fmt: skip
_ETHNIC = ("Kinh",) * 84 + ("Thái",) * 6 + ("H'Mông",) * 4 + ("Tày", "Mường", "Khmer", "Nùng", "Dao", "Ê Đê")
_MARITAL = ("Chưa kết hôn", "Đang có vợ/chồng", "Đang có vợ/chồng", "Đã ly hôn", "Góa")

# draw: a number in [0, 1) that belongs to row i and purpose k, hashed twice because two purposes differ by a constant
# after one hash; pick: the entry of a list at that share of its length.
_MACROS = (
    "draw(i, k) AS (hash(hash(i, k)) >> 11) / 9007199254740992.0",
    "pick(entries, x) AS entries[1 + CAST(floor(x * len(entries)) AS INTEGER)]",
)

# A twin (every 250th, by chance) has name, birth and address of the row before it.
_CLEAN = """
WITH base AS (
  SELECT i, CASE WHEN i > 0 AND draw(i, 'twin') < 0.004 THEN i - 1 ELSE i END AS person FROM range({persons}) t(i)
), born AS (
  SELECT *, person % 2 = 0 AS male, DATE '1931-01-01' + CAST(floor(draw(person, 'birth') * 34500) AS INTEGER) AS birth
  FROM base
)
SELECT i, person <> i AS twin, male, birth,
  printf('%03d', 1 + 2 * ((i // 1000000) % 48))
    || (2 * (year(birth) // 100 - 19) + CASE WHEN male THEN 0 ELSE 1 END)
    || printf('%02d', year(birth) % 100) || printf('%06d', (i * 618033) % 1000000) AS pin,
  pick($surnames, draw(person, 'surname')) || ' '
    || CASE WHEN male THEN pick($men, draw(person, 'middle')) ELSE pick($women, draw(person, 'middle')) END
    || ' ' || pick($given, draw(person, 'given')) AS name,
  printf('%05d', 16651 + 3 * CAST(floor(draw(person, 'commune') * 130) AS INTEGER)) AS commune,
  printf('Số %d, thôn %d', 1 + CAST(floor(draw(person, 'house') * 900) AS INTEGER),
    1 + CAST(floor(draw(person, 'hamlet') * 20) AS INTEGER)) AS address
FROM born
"""

_CITIZENS = """
SELECT i AS _number, 'CD' || printf('%08d', i) AS ma_ho_so,
  CASE WHEN id < 0.002 THEN NULL WHEN id < 0.008 THEN left(pin, 11) WHEN id < 0.012 THEN replace(pin, '0', 'O')
    WHEN id < 0.018 THEN coalesce(pin_before, pin) ELSE pin END AS so_dinh_danh,
  CASE WHEN draw(i, 'has cmnd') < 0.4 THEN NULL WHEN draw(i, 'cmnd') < 0.02 THEN printf('%07d', (i * 7) % 10000000)
    ELSE printf('%09d', (i * 104729 + 186) % 1000000000) END AS so_cmnd,
  CASE WHEN twin THEN name WHEN nm < 0.005 THEN NULL WHEN nm < 0.015 THEN name || '1' WHEN nm < 0.02 THEN 'Vi'
    ELSE name END AS ho_ten,
  CASE WHEN twin THEN birth WHEN bd < 0.005 THEN NULL WHEN bd < 0.01 THEN DATE '1800-01-01'
    WHEN bd < 0.015 THEN DATE '2099-01-01' ELSE birth END AS ngay_sinh,
  CASE WHEN sx < 0.01 THEN 'nam ' WHEN sx < 0.015 THEN NULL
    WHEN sx < 0.02 THEN CASE WHEN male THEN 'Nữ' ELSE 'Nam' END
    ELSE CASE WHEN male THEN 'Nam' ELSE 'Nữ' END END AS gioi_tinh,
  CASE WHEN draw(i, 'ethnic bad') < 0.02 THEN 'KINH?' ELSE pick($ethnic, draw(i, 'ethnic')) END AS dan_toc,
  CASE WHEN draw(i, 'status bad') < 0.02 THEN 'N/A' ELSE pick($marital, draw(i, 'status')) END
    AS tinh_trang_hon_nhan,
  commune AS ma_dvhc, address AS dia_chi,
  CASE WHEN draw(i, 'filed bad') < 0.02 THEN birth - 30
    ELSE birth + CAST(floor(draw(i, 'filed') * 200) AS INTEGER) END AS ngay_dang_ky,
  CASE WHEN draw(i, 'spouse') < 0.4 THEN pin_before END AS vo_chong_so_dinh_danh,
  DATE '2024-01-01' + CAST(floor(draw(i, 'touched') * 730) AS INTEGER) AS ngay_cap_nhat
FROM (
  SELECT c.*, b.pin AS pin_before, draw(c.i, 'id') AS id, draw(c.i, 'name') AS nm, draw(c.i, 'birth bad') AS bd,
    draw(c.i, 'sex') AS sx
  FROM clean c LEFT JOIN clean b ON b.i = c.i - 1
)
"""

# The n-th man and the n-th woman of two shuffles marry; some men marry twice, some pins lead nowhere.
_MARRIAGES = """
WITH men AS (
  SELECT row_number() OVER (ORDER BY draw(i, 'men'), i) - 1 AS n, pin, birth FROM clean
  WHERE male AND birth < DATE '1999-01-01'
), women AS (
  SELECT row_number() OVER (ORDER BY draw(i, 'women'), i) - 1 AS n, pin, birth FROM clean
  WHERE NOT male AND birth < DATE '1999-01-01'
), wed AS (
  SELECT m.n, m.pin AS man, w.pin AS woman, lag(m.pin) OVER (ORDER BY m.n) AS other_man,
    CAST(greatest(m.birth + INTERVAL 20 YEAR, w.birth + INTERVAL 18 YEAR)
      + to_days(CAST(floor(draw(m.n, 'wait') * 3000) AS INTEGER)) AS DATE) AS day
  FROM men m JOIN women w USING (n) WHERE m.n < {marriages}
)
SELECT n AS _number, 'KH' || printf('%08d', n) AS so_dang_ky,
  CASE WHEN draw(n, 'twice') < 0.01 THEN coalesce(other_man, man) WHEN draw(n, 'man') < 0.01 THEN '9' || substr(man, 2)
    WHEN draw(n, 'man') < 0.012 THEN NULL ELSE man END AS chong_so_dinh_danh,
  CASE WHEN draw(n, 'woman') < 0.01 THEN '9' || substr(woman, 2) WHEN draw(n, 'woman') < 0.012 THEN NULL ELSE woman END
    AS vo_so_dinh_danh,
  CASE WHEN draw(n, 'early') < 0.015 THEN CAST(day - INTERVAL 11 YEAR AS DATE) ELSE day END AS ngay_dang_ky,
  printf('%05d', 16651 + 3 * CAST(floor(draw(n, 'place') * 130) AS INTEGER)) AS noi_dang_ky,
  CASE WHEN draw(n, 'ended') < 0.1 THEN 'Đã chấm dứt' ELSE 'Đang hiệu lực' END AS trang_thai
FROM wed
"""


def settings_of(home: Path) -> Settings:
    """The installation whose only run is the benchmark's."""
    return Settings(home=home, expectations=EXPECTATIONS)


def make(home: Path, persons: int, marriages: int) -> Run:
    """Write both registers under ``home`` unless they are there; returns the run.

    Raises:
        ValueError: there are too few citizens for so many marriages.
    """
    run = Lake(home).run(RUN_ID)
    registers = load_registers(EXPECTATIONS)
    if all(run.core(name).is_file() for name in registers):
        return run
    with connect(settings_of(home)) as con:
        for macro in _MACROS:
            con.execute(f"CREATE MACRO {macro}")
        con.execute(f"CREATE TABLE clean AS {_filled(_CLEAN, persons=persons)}")
        for name, query in (("cong_dan", _CITIZENS), ("hon_nhan", _MARRIAGES)):
            con.execute(f"CREATE TABLE {name} AS {_filled(query, marriages=marriages)}")
        wed = con.execute("SELECT count(*) FROM hon_nhan").fetchall()[0][0]
        if wed < marriages:
            raise ValueError(f"{persons} citizens make {wed} marriages at most, {marriages} were asked for")
        for name, register in registers.items():
            _write_core(con, name, run.core(name), register.key, register.unit, register.core_columns)
    return run


def _filled(query: str, **sizes: int) -> str:
    """The query with its lists and sizes written in."""
    surnames = [name for name, weight in _SURNAMES.items() for _ in range(weight)]
    lists = {"surnames": surnames, "men": _MIDDLE_MEN, "women": _MIDDLE_WOMEN, "given": _GIVEN}
    for name, entries in {**lists, "ethnic": _ETHNIC, "marital": _MARITAL}.items():
        query = query.replace(f"${name}", f"[{', '.join(literal(entry) for entry in entries)}]")
    return query.format(**sizes)


def _write_core(
    con: duckdb.DuckDBPyConnection, name: str, target: Path, key: tuple[str, ...], unit: str, columns: dict[str, str]
) -> None:
    """One register as its core table: keys, values, and each value as delivered text."""
    made = {
        "record_id": "'0123456789abcdef:' || (_number + 1)",
        "record_key": " || '|' || ".join(key),
        "unit": unit,
        "_delivery": "'0123456789abcdef'",
        "_row": "_number + 1",
    }
    for column in columns:
        if column.startswith("raw_"):
            value = column.removeprefix("raw_")
            made[column] = f"strftime({value}, '%d/%m/%Y')" if columns[value] == "DATE" else value
        elif column.endswith(("_ma", "_ma_nay", "_cach")):
            made[column] = "NULL"  # no rule of the twenty reads the unit of an address
        else:
            made.setdefault(column, column)
    chosen = ", ".join(f"CAST({made[c]} AS {kind}) AS {identifier(c)}" for c, kind in columns.items())
    write_parquet(con, f"SELECT {chosen} FROM {name}", target, "_row")
