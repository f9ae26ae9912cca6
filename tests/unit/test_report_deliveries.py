"""The page of deliveries: figures of registers and units, only where something is expected."""

from dataclasses import replace
from pathlib import Path

import duckdb

from sosach.campaign.deliveries import due_rows
from sosach.lake import Run
from sosach.report.deliveries import due_totals, owing
from sosach.report.model import DueRow, Unit
from sosach.report.site import write_site
from tests.unit.report_sample import report_data

UNITS = (Unit("16681", "Phường Thành Vinh"), Unit("17329", "Xã Anh Sơn"), Unit("412", "Vinh <b>"))
ROWS = (
    DueRow("ket_hon", "Kết hôn", UNITS[0], 3, 0, 0, 1, 0),
    DueRow("ket_hon", "Kết hôn", UNITS[1], 1, 1, 1, 1, 12),
    DueRow("ket_hon", "Kết hôn", UNITS[2], 0, 0, 3, 1, 70),
    DueRow("khai_tu", "Khai tử", UNITS[1], 0, 1, 0, 0, 2),
)


def test_registers_are_summed_and_units_behind_come_first() -> None:
    ket_hon, khai_tu = due_totals(ROWS)
    assert (ket_hon.title, ket_hon.units, ket_hon.units_owing) == ("Kết hôn", 3, 2)
    assert (ket_hon.on_time, ket_hon.late, ket_hon.missing, ket_hon.not_due) == (4, 1, 4, 3)
    assert (khai_tu.late, khai_tu.units_owing) == (1, 0)
    assert [(row.unit.code, row.register_id) for row in owing(ROWS)] == [
        ("412", "ket_hon"),
        ("17329", "ket_hon"),
        ("17329", "khai_tu"),
    ]


def test_the_page_is_there_where_something_is_expected(tmp_path: Path) -> None:
    data = report_data()
    assert data.due == (), "else test_report_site would see the page"
    index = write_site(replace(data, due=ROWS), tmp_path / "with").index
    assert 'href="giao-nhan.html"' in index.read_text(encoding="utf-8")
    page = (index.parent / "giao-nhan.html").read_text(encoding="utf-8")
    assert '<td>Kết hôn</td><td class="n">3</td><td class="n key">2</td><td class="n">4</td>' in page
    assert "Vinh &lt;b&gt;" in page
    assert page.index("Vinh &lt;b&gt;") < page.index("Anh Sơn")
    assert '<a href="xa/17329.html">Xã Anh Sơn</a>' in page


def test_the_rows_come_from_the_table_of_the_run(tmp_path: Path) -> None:
    run = Run(tmp_path, "r")
    with duckdb.connect() as con:
        con.execute("CREATE TABLE cl_don_vi AS SELECT '412' AS code, 'Vinh' AS name, DATE '2025-06-30' AS valid_to")
        assert due_rows(con, run, {}, {}) == []
        con.execute(
            "COPY (SELECT * FROM (VALUES ('ket_hon', '412', 'late', 4), ('ket_hon', '412', 'missing', 9), "
            "('ket_hon', '16681', 'received', 0), ('ket_hon', '40', 'not_due', 0)) "
            "t(register, unit, status, days_late)) "
            f"TO '{run.table('expected_deliveries')}'"
        )
        assert due_rows(con, run, {"ket_hon": "Kết hôn"}, {"16681": UNITS[0]}) == [
            DueRow("ket_hon", "Kết hôn", UNITS[0], 1, 0, 0, 0, 0),
            DueRow("ket_hon", "Kết hôn", Unit("40", "Toàn tỉnh"), 0, 0, 0, 1, 0),
            DueRow("ket_hon", "Kết hôn", Unit("412", "Vinh"), 0, 1, 1, 0, 9),
        ]
