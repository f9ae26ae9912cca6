"""What is true, kept apart from the deliveries: persons, marriages, events, books, who stands in which record, and
every planted error.

Parquet files of the truth folder:

* ``persons``: ``person_id, ho_ten, gioi_tinh, ngay_sinh, ngay_chet, dan_toc, so_dinh_danh, so_cmnd, ma_xa,
  tinh_trang_hon_nhan`` (on the data set's date; of the dead: at death)``, vo_chong_person_id,
  vo_chong_so_dinh_danh, cha_person_id, me_person_id, trong_dan_cu``. Shadows (parents and spouses outside the
  population) and foreigners with a residence card have no status.
* ``marriages``: ``chong_person_id, vo_person_id, ngay_ket_hon, ngay_ket_thuc, ket_thuc`` (open, ly_hon, huy_ket_hon,
  goa).
* ``events``: ``kind`` (KS, KH, KT, HN, LH, CMC, NCN, TDCC)``, event_id, ngay_su_kien, ngay_dang_ky, loai_dang_ky,
  ma_noi_dang_ky, in_books`` (entered in a book that still exists)``, delivered, register, record_key, person_id,
  other_person_id, planted``: every registration of the true world, and the false ones (``planted`` names their kind).
* ``records``: ``register, record_key, file, row, role, person_id``: the true persons behind every delivered record.
* ``duplicates``: ``register, record_key, file, row, of_record_key, of_file, of_row, kind``: delivered rows about an
  event or person that another delivered row is about already; an empty kind is lawful (entered again).
* ``corruptions``: ``register, record_key, file, row, field, true_value, written_value, kind, reason, rules``;
  ``file`` and ``row`` are NULL for a record that was left out. An empty field means the record as a whole.
* ``books``: ``ma_noi_dang_ky, loai_so, nam, quyen_so, so_truong_hop, delivered``.
* ``counts``: ``measure, name, value``.

Beside them ``deliveries.json``: the files under ``out`` that belong to this truth.

``record_key`` is the natural key as ``core`` will hold it: the delivered value, except in cells that a normaliser
mends.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb
import pandas as pd
import yaml

from sosach.duck import literal
from synthetic_data.deliveries import file_order
from synthetic_data.kinds import load_kinds
from synthetic_data.layout import LAYOUTS, Layout

SQL = Path(__file__).parent / "sql"
MENDED_PART = "so_dinh_danh"
"""The one part of a key that noise can spoil and a normaliser mends."""


def key_sql(layout: Layout) -> tuple[str, str]:
    """SQL of a row's record key, and of the table of mended parts that has to be joined as ``m`` by ``_row``."""
    mended = ", ".join(literal(kind.name) for kind in load_kinds().values() if kind.mended)
    key = " || '|' || ".join(f"coalesce(m.true_value, {part})" if part == MENDED_PART else part for part in layout.key)
    parts = f"""(SELECT _row, max(true_value) AS true_value FROM corruption
        WHERE register = {literal(layout.register_id)} AND field = {literal(MENDED_PART)} AND kind IN ({mended})
        GROUP BY _row)"""
    return key, parts


def place_rows(con: duckdb.DuckDBPyConnection) -> None:
    """Tables ``at_<register>``: ``_row, _of, _planted``, the roles, ``record_key, same, file, row`` of every
    record, in the order of files and rows.

    ``row`` is the 1-based data row in its file; rows that were left out have neither.
    """
    for name, layout in LAYOUTS.items():
        key, mended = key_sql(layout)
        kept = ", ".join(["_row", "_of", "_planted", *layout.roles.values()])
        own = f"register = {literal(name)}"
        # Sorted once and numbered as it comes: a window would sort and carry the keys again.
        con.execute(f"""
            CREATE TABLE at_{name} AS
            SELECT * EXCLUDE before, row_number() OVER () - before AS row FROM (
                SELECT {kept}, {key} AS record_key, ({layout.same})::BIGINT AS same, f.file, f.before
                FROM r_{name} r JOIN (FROM file_plan WHERE {own}) f ON f.part = r._lo_file
                {f"LEFT JOIN {mended} m USING (_row)" if MENDED_PART in layout.key else ""}
                ORDER BY f.file, {file_order(layout)})""")
        con.execute(f"""INSERT INTO at_{name}
            SELECT {kept}, {" || '|' || ".join(layout.key)}, ({layout.same})::BIGINT, NULL, NULL
            FROM left_out_{name}""")


def _each(template: str, layouts: Iterable[Layout]) -> str:
    """One query of the same query for every layout; ``{register}`` in it is the register's name."""
    return " UNION ALL ".join(f"({template.replace('{register}', layout.register_id)})" for layout in layouts)


def _roles() -> str:
    """Delivered persons, in the order of registers, files, rows and roles."""
    queries = []
    for name, layout in LAYOUTS.items():
        if layout.roles:
            roles = sorted(layout.roles)
            persons = ", ".join(
                f"{{'role': {literal(role)}, 'person_id': {layout.roles[role]}::BIGINT}}" for role in roles
            )
            queries.append(f"""(SELECT * FROM (
                SELECT {literal(name)} AS register, record_key, file, row, unnest([{persons}], recursive := true)
                FROM at_{name} WHERE file IS NOT NULL) WHERE person_id IS NOT NULL)""")
    return " UNION ALL ".join(queries)


def _events() -> str:
    """All registrations, kind by kind."""
    queries = []
    for layout in LAYOUTS.values():
        if not (event := layout.event):
            continue
        entered = "n.date" if event.numbered else event.entered
        books = f"""JOIN entry n ON n.kind = {literal(event.kind)} AND n.eid = {event.event_id}
            LEFT JOIN (FROM numbered WHERE kind = {literal(event.kind)}) b ON b.eid = {event.event_id}"""
        queries.append(f"""(SELECT {literal(event.kind)} AS kind, {event.event_id} AS event_id,
                ({event.happened})::DATE AS ngay_su_kien, ({entered})::DATE AS ngay_dang_ky,
                ({event.form})::VARCHAR AS loai_dang_ky,
                {"n.code::VARCHAR" if event.numbered else "NULL"} AS ma_noi_dang_ky,
                {"b.eid IS NOT NULL" if event.numbered else "TRUE"} AS in_books,
                a.file IS NOT NULL AS delivered, {literal(layout.register_id)} AS register, a.record_key,
                {event.person} AS person_id, nullif({event.other}, -1) AS other_person_id, {event.planted} AS planted
            FROM {event.table} e {books if event.numbered else ""}
            LEFT JOIN person p ON p.id = {event.person}
            LEFT JOIN at_{layout.register_id} a ON a._row = {event.event_id} ORDER BY event_id)""")
    return " UNION ALL ".join(queries)


def write_truth(
    con: duckdb.DuckDBPyConnection, folder: Path, progress: Callable[[str], None] = lambda line: None
) -> None:
    """Write all truth files to ``folder``; needs ``place_rows``."""
    told = [(k.name, r, k.reason, list(k.rules_of(r))) for k in load_kinds().values() for r in k.registers]
    frame = pd.DataFrame(told, columns=["kind", "register", "reason", "rules"])
    con.register("kind_list", frame)
    queries = yaml.safe_load((SQL / "truth.yaml").read_text(encoding="utf-8"))
    parts = {name: _each(query, LAYOUTS.values()) for name, query in queries.pop("each").items()}
    parts |= {"roles": _roles(), "events": _events()}
    for name, query in queries.items():
        progress(f"truth: {name}")
        for part, filled in parts.items():
            query = query.replace(f"{{{part}}}", filled)
        con.execute(f"COPY ({query}) TO {literal(folder / f'{name}.parquet')} (FORMAT parquet, COMPRESSION zstd)")
    con.unregister("kind_list")


def counts(con: duckdb.DuckDBPyConnection) -> tuple[dict[str, int], dict[str, int]]:
    """Delivered records by register, and records touched by kind of noise."""
    records = dict(
        con.execute("SELECT register, sum(rows)::BIGINT FROM file_plan GROUP BY ALL ORDER BY ALL").fetchall()
    )
    kinds = dict(
        con.execute(
            "SELECT kind, count(DISTINCT (register, _row)) FROM corruption GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    )
    return records, kinds
