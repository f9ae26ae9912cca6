"""What the rows of a delivery say of its unit and period: fills in what note and path leave open, contradicts the rest.

Asks only rows that can be records, those with the fields of a key: a total or signature below the table is none.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from sosach.duck import identifier, literal
from sosach.ingest.handover import PROVINCE, Handover
from sosach.registers import Register

_OLDEST = date(1900, 1, 1)  # an earlier date of a register is a slip of the pen and says nothing of a period
# The unit of a delivery is the code of so many of the rows with a known code, if so many of the records have it.
MIN_OF_KNOWN = 0.95
MIN_OF_RECORDS = 0.5
# Nearly every cell begins with a sign above the space: comparing is some twenty times as fast as trimming.
_FILLED = "({0} >= '!' OR trim({0}) <> '')"
_WRITTEN = {"path": "đường dẫn", "note": "phiếu giao nhận", "source": "nguồn dữ liệu"}

# Whether a code belongs to a unit of any time and level: itself, a commune of the district, and what followed it.
_BELONGS = """
WITH own AS (SELECT code FROM cl_don_vi WHERE code = $1 OR (level = 'xa' AND district = $1)),
related AS (FROM own UNION SELECT u.unit FROM cl_unit_now AS u JOIN own USING (code))
SELECT $2 IN (FROM related) OR coalesce((SELECT unit IN (FROM related) FROM cl_unit_now WHERE code = $2), false)"""


@dataclass(frozen=True)
class RowUnit:
    """The unit that the rows agree on: its code, how many records have it, and how many there are."""

    code: str
    rows: int
    records: int


def from_data(
    con: duckdb.DuckDBPyConnection,
    raw: Path,
    delivered: Collection[str],
    register: Register,
    found: Handover,
    as_of: date,
) -> Handover:
    """Fill in unit and period from the rows where nothing else says them, and tell where the rows contradict.

    The unit is the code of ``MIN_OF_KNOWN`` of the records with a known code and of ``MIN_OF_RECORDS`` of all; the
    period goes from the earliest to the latest value of the field that ``delivering: date`` names, between 1900 and
    ``as_of``.

    Args:
        con: a connection with the normalisers and code lists.
        raw: the delivery in the lake.
        delivered: names of its columns.
        register: the dictionary.
        found: what note and path say.
        as_of: date of the run.
    """
    origin, told = dict(found.origin), list(found.told)
    records = f"FROM read_parquet({literal(raw)}) WHERE {_is_record(register, delivered)}"
    seen = _unit(con, register.field(register.unit).source_name, delivered, records)
    if seen and found.unit is None:
        found, origin["unit"] = replace(found, unit=seen.code), "data"
        if seen.rows < seen.records:
            origin["unit_share"] = f"{100 * seen.rows // seen.records}%"
            told.append(
                f"đơn vị {seen.code} lấy theo {seen.rows} trong {seen.records} dòng; các dòng còn lại ghi mã khác, để "
                "trống hoặc mã không có trong danh mục. Nếu không đúng, ghi đơn vị vào phiếu giao nhận."
            )
    elif seen and found.unit and not _belongs(con, seen.code, found.unit):
        told.append(
            f"{_where(origin, 'unit')} ghi đơn vị {found.unit}, nhưng {seen.rows} trong {seen.records} dòng ghi "
            f"{seen.code}. Kiểm tra tệp có gửi nhầm chỗ không; sửa bên sai rồi gửi lại."
        )
    if register.delivering.date and (dated := register.field(register.delivering.date).source_name) in delivered:
        begins, ends = found.period_from or _OLDEST, found.period_to or as_of
        ((first, last, within),) = con.execute(
            f"SELECT min(d), max(d), bool_or(d BETWEEN $3 AND $4) FROM (SELECT nz_date(p) AS d "
            f"FROM ({_present(dated, records)})) WHERE d BETWEEN $1 AND $2",
            [_OLDEST, as_of, begins, ends],
        ).fetchall()
        if first and found.period_from is None:
            found, origin["period"] = replace(found, period_from=first, period_to=last), "data"
        elif first and not within:
            told.append(
                f"{_where(origin, 'period')} ghi kỳ {begins:%d/%m/%Y}–{ends:%d/%m/%Y}, nhưng không dòng nào có ngày "
                "trong kỳ đó. Kiểm tra tên tệp hoặc phiếu; sửa kỳ rồi gửi lại."
            )
    return replace(found, origin=origin, told=tuple(told))


def _is_record(register: Register, delivered: Collection[str]) -> str:
    """SQL of whether a row has a key but for its unit; a citizen has one also without PIN."""
    ways = [[name for name in register.key if name != register.unit]]
    if register.kind == "dan_cu":
        ways.append(list(register.identity))
    sources = [[register.field(name).source_name for name in way] for way in ways]
    tests = [
        " AND ".join(_FILLED.format(identifier(name)) for name in names)
        for names in sources
        if names and all(name in delivered for name in names)
    ]
    return " OR ".join(f"({test})" for test in tests) or "true"


def _unit(con: duckdb.DuckDBPyConnection, column: str, delivered: Collection[str], records: str) -> RowUnit | None:
    """The unit that nearly all records have whose code is known; None where they differ or few are known."""
    if column not in delivered:
        return None
    found = con.execute(
        f"WITH counted AS (SELECT {identifier(column)} AS v, count(*) AS n {records} GROUP BY v), "
        "texts AS (SELECT nz_text(v) AS t, n FROM counted), "
        "present AS (SELECT nz_present(t) AS p, n FROM texts), "
        "coded AS (SELECT nz_unit_code(p) AS code, n FROM present) "
        "SELECT code, sum(n), sum(sum(n)) OVER (), (SELECT sum(n) FROM coded) FROM coded "
        "WHERE code IN (SELECT code FROM cl_don_vi) GROUP BY code ORDER BY sum(n) DESC, code LIMIT 1"
    ).fetchall()
    for code, rows, known, records_ in found:
        if rows >= MIN_OF_KNOWN * known and rows >= MIN_OF_RECORDS * records_:
            return RowUnit(str(code), int(rows), int(records_))
    return None


def _belongs(con: duckdb.DuckDBPyConnection, code: str, unit: str) -> bool:
    if unit in (code, PROVINCE):
        return True
    ((belongs,),) = con.execute(_BELONGS, [unit, code]).fetchall()
    return bool(belongs)


def _where(origin: dict[str, str], what: str) -> str:
    return _WRITTEN.get(origin.get(what, ""), "thông tin giao nhận")


def _present(column: str, records: str) -> str:
    """SELECT of the distinct cells of a column as ``p``, cleaned, NULL where nothing stands.

    Step by step: the functions repeat their argument, so a call within a call takes long to plan.
    """
    texts = f"SELECT DISTINCT {identifier(column)} AS v {records}"
    return f"SELECT nz_present(t) AS p FROM (SELECT nz_text(v) AS t FROM ({texts}))"
