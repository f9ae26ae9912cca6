"""Small deliveries for the ingest tests. The register is the inventory of books: it holds no personal data."""

from pathlib import Path
from typing import Any

import duckdb

from sosach.lake import Lake
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
