"""Small registers and deliveries for the tests of the stage ``normalize``; no test in here."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from sosach.lake import Lake, write_json
from sosach.normalize.cells import cells_select
from sosach.normalize.columns import typed_select
from sosach.normalize.stage import prepare
from sosach.normalize.value_maps import build_value_maps
from sosach.registers import SIMPLE_TYPES, Register
from sosach.settings import PROJECT, Settings

RUN = "2026-11-01_00000000"
REGISTERED_ON = "15.06.2010"


TRIED = (*sorted(SIMPLE_TYPES), "code:dan_toc", "code:quoc_tich", "code:tinh_trang_hon_nhan", "code:ton_giao")


def try_field(kind: str) -> str:
    """Name of the field that has this type in the register of trials."""
    return f"x_{kind.replace(':', '_')}"


def register_of_trials(kinds: Iterable[str]) -> Register:
    """A register with one field of each type; ages count back from ``ngay_dang_ky``."""
    fields = [
        {"name": "stt", "type": "text", "meaning": "Số thứ tự"},
        {"name": "ma", "type": "unit_code", "meaning": "Mã"},
        {"name": "ngay_dang_ky", "type": "date", "meaning": "Ngày đăng ký"},
        *({"name": try_field(kind), "type": kind, "meaning": "Ô thử"} for kind in kinds),
    ]
    return Register.model_validate(
        {
            "register": "thu",
            "code": "T",
            "title": "Thử",
            "kind": "danh_muc",
            "key": ["stt"],
            "unit": "ma",
            "fields": fields,
        }
    )


class Trial:
    """The production SQL over cells of any field type, on one connection that is prepared once."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        prepare(self.con, PROJECT / "expectations", register_of_trials(TRIED))

    def run(
        self, delivered: Mapping[str, Sequence[str | None]]
    ) -> dict[str, list[tuple[tuple[str | None, ...], str | None]]]:
        """By type, for each cell: the core columns of the field as text, and the logged normaliser."""
        register = register_of_trials(delivered)
        size = len(next(iter(delivered.values())))
        own = {"stt": [str(i) for i in range(size)], "ma": ["16681"] * size, "ngay_dang_ky": [REGISTERED_ON] * size}
        columns = own | {try_field(kind): list(cells) for kind, cells in delivered.items()}
        table = {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
        table |= {"_delivery": pa.array(["d"] * size), "_row": pa.array(range(size), pa.int64())}
        self.con.register("cells", pa.table(table))
        maps = build_value_maps(self.con, register, "cells", columns)
        typed = typed_select(register, "cells", columns, maps)
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE core AS SELECT *, _row AS record_id FROM ({typed})")
        log = {
            (field, row): normaliser
            for row, field, normaliser in self.con.execute(
                f"SELECT record_id, field, normaliser FROM ({cells_select(register, 'core', maps)})"
            ).fetchall()
        }
        found = {}
        for kind in delivered:
            field = register.field(try_field(kind))
            parts = ", ".join(f"CAST({name} AS VARCHAR)" for name in field.columns if not name.startswith("raw_"))
            rows = self.con.execute(f"SELECT {parts} FROM core ORDER BY _row").fetchall()
            found[kind] = [(tuple(row), log.get((field.name, i))) for i, row in enumerate(rows)]
        return found


def deliver(settings: Settings, deliveries: Sequence[tuple[str, Sequence[Mapping[str, str | None]]]]) -> list[str]:
    """Put deliveries (register, rows by source name) into raw and the manifest, in that order; return their ids."""
    entries, ids = [], []
    for sequence, (register, rows) in enumerate(deliveries, start=1):
        columns = list(dict.fromkeys(name for row in rows for name in row))
        digest = hashlib.sha256(f"{sequence}{rows}".encode()).hexdigest()
        path = Lake(settings.home).raw(register, digest[:16])
        path.parent.mkdir(parents=True, exist_ok=True)
        table = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns}
        table["_delivery"] = pa.array([digest[:16]] * len(rows), pa.string())
        table["_row"] = pa.array(range(1, len(rows) + 1), pa.int64())
        pq.write_table(pa.table(table), path)
        ids.append(digest[:16])
        entries.append(
            {
                "delivery_id": digest[:16],
                "sha256": digest,
                "register": register,
                "file_name": f"{register}_{sequence}.csv",
                "rows": len(rows),
                "received_on": "2026-10-01",
                "sequence": sequence,
            }
        )
    write_json(
        Lake(settings.home).run(RUN).manifest,
        {
            "run_id": RUN,
            "as_of": "2026-11-01",
            "previous_run_id": None,
            "catalogue": "",
            "deliveries": entries,
            "refused": [],
        },
    )
    return ids


def read(path: Path) -> list[dict[str, object]]:
    """Rows of a Parquet file, in file order."""
    return list(pq.read_table(path).to_pylist())
