"""Small deliveries for the ingest tests, and the way to read them.

The register is the inventory of books: it holds no personal data.
"""

import unicodedata
from pathlib import Path
from typing import Any

import duckdb

from sosach import duck
from sosach.ingest.delivered import Deliveries, Refused, Taken
from sosach.ingest.inbox import walk, workspace
from sosach.lake import Lake
from sosach.registers import load_registers
from sosach.settings import Settings

REGISTER = "so_ho_tich"
COLUMNS = ["ma_noi_dang_ky", "loai_so", "nam_mo_so", "quyen_so", "so_dau", "so_cuoi", "so_truong_hop", "ngay_khoa_so"]
HEADER = ",".join(COLUMNS)
ROW = "16681,KS,2020,01/2020,01/2020,09/2020,9,2020-12-31"
FILE = f"{HEADER}\n{ROW}\n"


def drop(settings: Settings, name: str, content: bytes | str, register: str = REGISTER) -> Path:
    """Put a file into the inbox."""
    path = settings.deliveries / register / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def take_all(settings: Settings, register: str = REGISTER) -> dict[str, Taken | Refused]:
    """Read all files of a register's folder into the lake, by name without the folder; no state database is asked."""
    root = settings.deliveries
    with workspace(settings, register) as work, duck.connect(settings) as con:
        con.execute("SET threads = 1")
        con.execute("SET TimeZone = 'UTC'")
        deliveries = Deliveries(settings, load_registers(settings.expectations)[register], {}, con, work)
        outcomes = [outcome for found in walk(root / register, root) for outcome in deliveries.take(found)]
        assert not list(work.iterdir()), "no private copy is left"
    return {outcome.file_name.removeprefix(f"{register}/"): outcome for outcome in outcomes}


def raw_files(settings: Settings, register: str = REGISTER) -> list[Path]:
    """Raw files in the lake."""
    return sorted(Lake(settings.home).raw(register, "x").parent.glob("*.parquet"))


def raw_rows(settings: Settings, register: str = REGISTER) -> list[dict[str, Any]]:
    """All raw rows of a register as dicts, by delivery and row."""
    with duckdb.connect() as con:
        rows: list[dict[str, Any]] = []
        for path in raw_files(settings, register):
            cursor = con.execute(f"SELECT * FROM read_parquet('{path}') ORDER BY _row")
            names = [d[0] for d in cursor.description]
            rows += [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return rows


def to_windows_1258(text: str) -> bytes:
    """Vietnamese in Windows-1258: vowel with its shape in one byte, tone mark in the next."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    out = b""
    for letter in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", letter)
        vowel = unicodedata.normalize("NFC", "".join(p for p in parts if p not in tones))
        out += vowel.encode("cp1258") + "".join(p for p in parts if p in tones).encode("cp1258")
    return out
