"""What is true, kept apart from the deliveries: persons, marriages, books, who stands in which record, and every
planted error.

Parquet files of the truth folder:

* ``persons``: ``person_id, ho_ten, gioi_tinh, ngay_sinh, ngay_chet, dan_toc, so_dinh_danh, so_cmnd, ma_xa,
  tinh_trang_hon_nhan``
  (on the data set's date; of the dead: at death)``, vo_chong_person_id, vo_chong_so_dinh_danh, cha_person_id,
  me_person_id, trong_dan_cu``. Shadows (parents and spouses outside the population) have no status.
* ``marriages``: ``chong_person_id, vo_person_id, ngay_ket_hon, ngay_ket_thuc, ket_thuc`` (open, ly_hon, huy_ket_hon,
  goa).
* ``records``: ``register, record_key, file, row, role, person_id``: the true persons behind every delivered record.
* ``corruptions``: ``register, record_key, file, row, field, true_value, written_value, kind, reason, rules``;
  ``file`` and ``row`` are NULL for a record that was left out. An empty field means the record as a whole.
* ``books``: ``ma_noi_dang_ky, loai_so, nam, quyen_so, so_truong_hop, delivered``.
* ``counts``: ``measure, name, value``.
"""

from pathlib import Path

import duckdb
import pandas as pd
import yaml

from sosach.duck import literal
from synthetic_data.kinds import load_kinds

SQL = Path(__file__).parent / "sql"
HO_TICH_KEY = ('"noiDangKy"', '"quyenSo"', "so")
KEYS = {
    "khai_sinh": HO_TICH_KEY,
    "ket_hon": HO_TICH_KEY,
    "khai_tu": HO_TICH_KEY,
    "xac_nhan_tthn": HO_TICH_KEY,
    "ly_hon": ("so_ban_an", "toa_an"),
    "dan_cu": ("so_dinh_danh",),
    "cu_tru": (
        "so_ho_so_cu_tru",
        "so_dinh_danh",
        "_loai",
        "CASE WHEN tu_ngay LIKE '____-%' THEN tu_ngay ELSE strftime(strptime(tu_ngay, '%d/%m/%Y'), '%Y-%m-%d') END",
    ),
    "so_ho_tich": ("ma_noi_dang_ky", "loai_so", "quyen_so", "nam_mo_so"),
}
MENDED_PART = "so_dinh_danh"
"""The one part of a key that noise can spoil and a normaliser mends."""
ROLES = {
    "khai_sinh": {"nks": "_nks", "me": "_me", "cha": "_cha"},
    "ket_hon": {"chong": "_chong", "vo": "_vo"},
    "khai_tu": {"nkt": "_nkt"},
    "xac_nhan_tthn": {"nxn": "_nxn"},
    "ly_hon": {"chong": "_chong", "vo": "_vo"},
    "dan_cu": {"chu_the": "_p"},
    "cu_tru": {"chu_the": "_p"},
}


def keep_keys(con: duckdb.DuckDBPyConnection) -> None:
    """Table ``key(register, _row, record_key)``: the natural key of each record as ``core`` will hold it.

    That is the delivered value, except in cells that a normaliser mends.
    """
    con.execute("CREATE TABLE key (register VARCHAR, _row BIGINT, record_key VARCHAR)")
    for register, parts in KEYS.items():
        joined = " || '|' || ".join(_mended(register) if part == MENDED_PART else part for part in parts)
        for table in (f"r_{register}", f"left_out_{register}"):
            con.execute(f"INSERT INTO key SELECT {literal(register)}, _row, {joined} FROM {table} r")


def _mended(register: str) -> str:
    """SQL of the PIN of a record as the normaliser leaves it."""
    names = ", ".join(literal(kind.name) for kind in load_kinds().values() if kind.mended)
    return f"""coalesce((SELECT max(c.true_value) FROM corruption c WHERE c.register = {literal(register)}
        AND c._row = r._row AND c.field = {literal(MENDED_PART)} AND c.kind IN ({names})), {MENDED_PART})"""


def write_truth(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write all truth files to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = load_kinds().values()
    frame = pd.DataFrame(
        {"kind": [k.name for k in kinds], "reason": [k.reason for k in kinds], "rules": [list(k.rules) for k in kinds]}
    )
    con.register("kind_list", frame)
    roles = " UNION ALL ".join(
        f"SELECT {literal(register)} AS register, _row, {literal(role)} AS role, {column} AS person_id"
        f" FROM r_{register} WHERE {column} IS NOT NULL"
        for register, columns in ROLES.items()
        for role, column in columns.items()
    )
    queries = yaml.safe_load((SQL / "truth.yaml").read_text(encoding="utf-8"))
    for name, query in queries.items():
        target = literal(folder / f"{name}.parquet")
        con.execute(f"COPY ({query.replace('{roles}', roles)}) TO {target} (FORMAT parquet, COMPRESSION zstd)")
    con.unregister("kind_list")


def counts(con: duckdb.DuckDBPyConnection) -> tuple[dict[str, int], dict[str, int]]:
    """Delivered records by register, and records touched by kind of noise."""
    records = dict(con.execute("SELECT register, count(*) FROM placed GROUP BY ALL ORDER BY ALL").fetchall())
    kinds = dict(
        con.execute(
            "SELECT kind, count(DISTINCT (register, _row)) FROM corruption GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    )
    return records, kinds
