"""What a good delivery becomes: every row once, every cell as delivered, whatever the file's kind and dialect."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sosach.errors import BalanceError
from sosach.ingest import IngestCounts, ingest_register
from sosach.ingest import delivered as delivered_module
from sosach.ingest.columns import fields_found, lenient_key
from sosach.ingest.delivered import Taken
from sosach.ingest.raw import Written
from sosach.ingest.table import MAX_PARTS, Part, TextTable
from sosach.ingest.text_file import Dialect
from sosach.registers import load_registers
from sosach.settings import PROJECT, Settings
from sosach.state import StateStore
from tests.conftest import WriteDelivery
from tests.unit.ingest_sample import (
    COLUMNS,
    FILE,
    HEADER,
    REGISTER,
    ROW,
    drop,
    raw_files,
    raw_rows,
    take_all,
    to_windows_1258,
)

DAY = date(2026, 10, 1)
CELLS = dict(zip(COLUMNS, ROW.split(","), strict=True))


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of December 2020 without time zone, as office files have it."""
    return datetime(2020, 12, day, hour, minute, tzinfo=UTC).replace(tzinfo=None)


def _taken(settings: Settings) -> Written:
    """What was written of the only file."""
    (outcome,) = take_all(settings).values()
    assert isinstance(outcome, Taken), outcome
    assert outcome.written
    return outcome.written


def _rows_taken(settings: Settings) -> int:
    return _taken(settings).rows


def _without_provenance(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{k: v for k, v in row.items() if not k.startswith("_")} for row in rows]


def test_a_delivery_is_kept_cell_by_cell(settings: Settings, write_delivery: WriteDelivery) -> None:
    path = write_delivery("ket_hon", [{"so": " 01/2020 ", "chongHoTen": "NULL", "voHoTen": "Vi Thị\nMơ"}, {"so": "2"}])
    assert ingest_register(settings, "ket_hon", DAY) == IngestCounts(accepted=1, rows=2)
    with StateStore(settings.state_url) as state:
        (delivery,) = state.deliveries()
    assert (delivery.file_name, delivery.rows, delivery.received_on) == (f"ket_hon/{path.name}", 2, DAY)
    first, second = raw_rows(settings, "ket_hon")
    assert (first["so"], first["chongHoTen"], first["voHoTen"]) == (" 01/2020 ", "NULL", "Vi Thị\nMơ")
    assert second["chongHoTen"] is None, "an empty cell is NULL"
    assert [(r["_delivery"], r["_row"]) for r in (first, second)] == [
        (delivery.delivery_id, 1),
        (delivery.delivery_id, 2),
    ]
    assert [p.stem for p in raw_files(settings, "ket_hon")] == [delivery.delivery_id]
    assert set(first) == {f.source_name for f in load_registers(settings.expectations)["ket_hon"].fields} | {
        "_delivery",
        "_row",
    }


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["csv", "TSV", "txt"])
def test_usual_delimiters_are_found(settings: Settings, delimiter: str, ending: str) -> None:
    drop(settings, f"a.{ending}", FILE.replace(",", delimiter))
    assert _rows_taken(settings) == 1
    assert _without_provenance(raw_rows(settings)) == [CELLS]


def test_a_delimiter_inside_cells_does_not_win(settings: Settings) -> None:
    row = ROW.replace("KS", "a;b;c;d;e;f;g;h;i;j;k")
    drop(settings, "a.csv", f"{HEADER}\n{row}\n")
    assert _rows_taken(settings) == 1
    assert raw_rows(settings)[0]["loai_so"] == "a;b;c;d;e;f;g;h;i;j;k"


NAMES = "xã Đông Thành, huyện Yên Thành, tỉnh Nghệ An; Nguyễn Thị Hồng Thắm, Vừ Bá Dềnh"


@pytest.mark.parametrize(
    "encode",
    [
        pytest.param(lambda s: s.encode(), id="utf-8"),
        pytest.param(lambda s: s.encode("utf-8-sig"), id="utf-8 with mark"),
        pytest.param(lambda s: s.encode("utf-16"), id="utf-16 little"),
        pytest.param(lambda s: "\ufeff".encode("utf-16-be") + s.encode("utf-16-be"), id="utf-16 big"),
        pytest.param(to_windows_1258, id="windows-1258"),
    ],
)
def test_usual_encodings_are_read(settings: Settings, encode: object) -> None:
    text = f'{HEADER},ghi chú\n{ROW},"{unicodedata.normalize("NFD", NAMES)}"\n'
    assert callable(encode)
    drop(settings, "a.csv", encode(text))
    assert ingest_register(settings, REGISTER, DAY).rows == 1
    (row,) = raw_rows(settings)
    (extra,) = (v for k, v in row.items() if lenient_key(k) == "ghichu")
    assert unicodedata.normalize("NFC", extra) == NAMES
    assert row["ma_noi_dang_ky"] == "16681"


def test_blank_lines_and_rows_without_any_cell_are_not_rows(settings: Settings) -> None:
    drop(settings, "a.csv", f"\n\n{HEADER}\n\n{ROW}\n,,,,,,,\n{ROW}\n\n\n")
    assert _rows_taken(settings) == 2
    assert [r["_row"] for r in raw_rows(settings)] == [1, 2]


@pytest.mark.parametrize("ends", ["\r\n", "\r", "\n\r\n"])
def test_any_line_end_will_do_even_mixed(settings: Settings, ends: str) -> None:
    drop(settings, "a.csv", f"{HEADER}{ends}{ROW}\r\n{ROW}\n{ROW}{ends}")
    assert _rows_taken(settings) == 3
    assert _without_provenance(raw_rows(settings)) == [CELLS] * 3


@pytest.mark.parametrize(
    "form", ["plain", "windows", "mark", "quoted", "title", "line breaks", "blank lines", "semicolons"]
)
def test_an_ordinary_file_is_read_by_the_engine(settings: Settings, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    text = f"{HEADER}\n{ROW}\n{ROW}\n"
    content = {
        "windows": text.replace("\n", "\r\n"),
        "mark": "\ufeff" + text,
        "quoted": text.replace("KS", '"KS,""2"""'),
        "title": f"DANH MỤC SỔ\n{text}",
        "line breaks": text.replace("KS", '"K\nS"'),
        "blank lines": f"{text}\n\n",
        "semicolons": text.replace(",", ";"),
    }.get(form, text)

    def never(*_: object) -> str:
        raise AssertionError("the careful reader was called")

    monkeypatch.setattr(delivered_module, "find_encoding", never)
    drop(settings, "a.csv", content)
    assert _rows_taken(settings) == 2


def test_title_lines_above_the_header_are_skipped_and_told(settings: Settings) -> None:
    drop(settings, "a.csv", f"sep=,\nDANH MỤC SỔ,,,\n\n{HEADER}\n{ROW}\n")
    written = _taken(settings)
    assert (written.rows, written.notes) == (1, {"rows_above_header": 2})
    assert written.parts == (Part("", 1, 5, 1),)
    drop(settings, "a.csv", f"DANH MỤC SỔ\r\nkỳ 2020\r\n{HEADER}\r\n{ROW}\r\n")
    written = _taken(settings)
    assert (written.notes, written.parts) == ({"rows_above_header": 2}, (Part("", 1, 4, 1),))


@pytest.mark.parametrize(
    "above", ["Danh mục sổ\n", "Mẫu số 1,,,,,,,Năm 2020\n", "1,2,3,4,5,6,7,8\n", "Sổ,Loại,Năm,Q,a,b,c,d\n"]
)
def test_rows_of_words_above_the_header_are_no_records(settings: Settings, above: str) -> None:
    drop(settings, "a.csv", f"{above}{FILE}")
    assert (_taken(settings).rows, _taken(settings).notes) == (1, {"rows_above_header": 1})


@pytest.mark.parametrize(
    "again",
    [
        HEADER,
        HEADER.upper().replace("_", " "),
        "Mã nơi đăng ký,Loại sổ,Năm mở sổ,Quyển số,Số đầu,Số cuối,Số trường hợp,Ngày khóa sổ",
        ",".join([*COLUMNS[:6], "", ""]),
    ],
    ids=["exact", "lenient", "labels", "a part"],
)
def test_a_header_that_is_repeated_is_no_record(settings: Settings, again: str) -> None:
    drop(settings, "a.csv", f"{FILE}{again}\n{ROW}\n{again}\n{ROW}\n{ROW}\n")
    written = _taken(settings)
    assert (written.rows, written.notes) == (4, {"header_repeated": 2})
    assert [(p.first_row, p.line, p.rows) for p in written.parts] == [(1, 2, 1), (2, 4, 1), (3, 6, 2)]
    assert _without_provenance(raw_rows(settings)) == [CELLS] * 4


def test_rows_without_numbers_are_kept(settings: Settings) -> None:
    odd = ["Tổng cộng,,,,,,2,", "Người lập biểu,,Trưởng phòng,,,,,Giám đốc", "so_dau,KS,,,so_cuoi,,,"]
    drop(settings, "a.csv", FILE + "\n".join(odd) + "\n")
    written = _taken(settings)
    assert (written.rows, written.notes) == (4, {})
    assert [r["ma_noi_dang_ky"] for r in raw_rows(settings)[1:]] == ["Tổng cộng", "Người lập biểu", "so_dau"]


def test_empty_cells_beyond_the_last_column_are_none(settings: Settings) -> None:
    drop(settings, "a.csv", f"{HEADER},,\n{ROW},,\n{ROW},,,,\n{ROW}\n")
    assert _rows_taken(settings) == 3
    assert _without_provenance(raw_rows(settings)) == [CELLS] * 3
    drop(settings, "a.csv", f"{HEADER},,\n{ROW}\n{ROW},x,\n")
    assert _rows_taken(settings) == 2
    assert [row["cot_9"] for row in raw_rows(settings) if "cot_9" in row] == [None, "x"]


def test_a_place_can_be_told_for_every_row(settings: Settings) -> None:
    drop(settings, "a.csv", f'{HEADER}\n{ROW}\n{ROW}\n\n"1\n2",{ROW[6:]}\n{ROW}\n{ROW}\r\n')
    assert _taken(settings).parts == (Part("", 1, 2, 2), Part("", 3, 5, 1), Part("", 4, 7, 2))
    drop(settings, "a.csv", f"{HEADER}\n" + f"{ROW}\n\n" * 10_050 + "\r\n")
    parts = _taken(settings).parts
    assert len(parts) == MAX_PARTS + 1
    assert (parts[-2], parts[-1]) == (Part("", 10_000, 20_000, 1), Part("", 10_001, 0, 50))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_with_and_without_mark(settings: Settings, encoding: str) -> None:
    drop(settings, "a.csv", f'Danh mục sổ\n{HEADER},Ghi chú\n{ROW},"{NAMES}"\n'.encode(encoding))
    assert _rows_taken(settings) == 1
    assert raw_rows(settings)[0]["Ghi chú"] == NAMES


def test_a_similar_header_is_recognised_and_reported(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    own = ["Mã nơi đăng ký", "LOAI SO", "namMoSo", " quyen_so", "so_dau", "Số cuối", "so-truong-hop", "ngay_khoa_so"]
    drop(settings, "a.csv", f"{','.join(own)},Ghi chú riêng,\n{ROW},x,y\n")
    assert ingest_register(settings, REGISTER, DAY).accepted == 1
    (row,) = raw_rows(settings)
    assert {k: row[k] for k in COLUMNS} == CELLS
    assert (row["Ghi chú riêng"], row["cot_10"]) == ("x", "y"), "unknown columns are kept"
    with StateStore(settings.state_url) as state:
        (delivery,) = state.deliveries()
    assert delivery.extra_columns == ("Ghi chú riêng", "cot_10")
    assert delivery.renamed_columns == (
        "Mã nơi đăng ký → ma_noi_dang_ky",
        "LOAI SO → loai_so",
        "namMoSo → nam_mo_so",
        "Số cuối → so_cuoi",
        "so-truong-hop → so_truong_hop",
    )
    assert "LOAI SO" in caplog.text
    assert "Ghi chú riêng" in caplog.text


def test_an_exact_name_wins_over_a_similar_one(settings: Settings) -> None:
    drop(settings, "a.csv", f"Mã nơi đăng ký,{HEADER}\nkhác,{ROW}\n")
    assert _rows_taken(settings) == 1
    (row,) = raw_rows(settings)
    assert (row["ma_noi_dang_ky"], row["Mã nơi đăng ký"]) == ("16681", "khác")


def test_no_two_fields_of_a_register_look_alike() -> None:
    for register in load_registers(PROJECT / "expectations").values():
        names = [f.source_name for f in register.fields]
        assert len({lenient_key(n) for n in names}) == len(names), register.register_id
        assert [f.source_name for f in fields_found(register, names).values()] == names


def _workbook(path: Path, sheets: dict[str, list[list[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path.read_bytes()


def test_a_workbook_gives_the_cells_a_person_sees(settings: Settings, tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["SỞ TƯ PHÁP"],
        [],
        [*COLUMNS, None, "lập lúc"],
        [16681, " KS ", 2020.0, "01/2020", None, 1.5, 9, date(2020, 12, 31), None, at(31, 8, 30)],
        [None] * 10,
        ["016681", "KH", True, "=", "NULL", 40123456789, 0, at(2)],
    ]
    drop(settings, "a.xlsx", _workbook(tmp_path / "w.xlsx", {"Bìa": [["Danh mục sổ"]], "Trống": [], "Dữ liệu": rows}))
    assert _rows_taken(settings) == 2
    first, second = _without_provenance(raw_rows(settings))
    assert list(first.values()) == [
        "16681",
        " KS ",
        "2020",
        "01/2020",
        None,
        "1.5",
        "9",
        "2020-12-31",
        "2020-12-31 08:30:00",
    ]
    assert list(second.values())[:8] == ["016681", "KH", "TRUE", "=", "NULL", "40123456789", "0", "2020-12-02"]
    assert list(first)[8] == "lập lúc", "a column without name and cells is dropped"


def test_a_parquet_file_gives_plain_text(settings: Settings, tmp_path: Path) -> None:
    table = pa.table(
        {
            "ma_noi_dang_ky": pa.array([16681, None], pa.int32()),
            "loai_so": pa.array([b"KS", b""], pa.binary()),
            "nam_mo_so": pa.array([2020.0, float("nan")]),
            "quyen_so": ["", " x\n"],
            "so_truong_hop": pa.array([1.5, 9007199254740994.0]),
            "ngay_khoa_so": pa.array([at(31), at(31, 8, 30)], pa.timestamp("us")),
            "mở": pa.array([date(2020, 1, 2), None], pa.date32()),
            "đúng": [True, None],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    drop(settings, "a.parquet", (tmp_path / "t.parquet").read_bytes())
    assert _rows_taken(settings) == 2
    first, second = _without_provenance(raw_rows(settings))
    assert list(first.values()) == ["16681", "KS", "2020", None, "1.5", "2020-12-31", "2020-01-02", "true"]
    assert list(second.values())[:4] == [None, None, None, " x\n"]
    assert second["ngay_khoa_so"] == "2020-12-31 08:30:00"


def test_rows_keep_their_order_in_a_large_file(settings: Settings) -> None:
    n = 150_000
    drop(settings, "a.csv", f"{HEADER}\n" + "".join(f'16681,KS,{i},"01\n/2020",,,,\n' for i in range(n)))
    assert _rows_taken(settings) == n
    with duckdb.connect() as con:
        query = (
            f"SELECT count(*), count(*) FILTER (CAST(nam_mo_so AS BIGINT) + 1 = _row) FROM '{raw_files(settings)[0]}'"
        )
        assert con.execute(query).fetchone() == (n, n)


@pytest.mark.parametrize("kind", ["text", "parquet"])
def test_the_engine_and_the_counter_must_agree(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    if kind == "text":
        read = delivered_module.read_text_file

        @contextmanager
        def forget_a_row(path: Path, dialect: Dialect) -> Iterator[TextTable]:
            with read(path, dialect) as table:
                yield replace(table, batches=(batch.slice(1) for batch in table.batches))

        monkeypatch.setattr(delivered_module, "read_text_file", forget_a_row)
        drop(settings, "a.csv", f"{HEADER}\r\n{ROW}\n{ROW}\r\n")
    else:
        pq.write_table(pa.table({c: ["1", "2"] for c in COLUMNS}), tmp_path / "t.parquet")
        drop(settings, "a.parquet", (tmp_path / "t.parquet").read_bytes())
        real = delivered_module.parquet_table
        monkeypatch.setattr(delivered_module, "parquet_table", lambda *a: replace(t := real(*a), rows=t.rows - 1))
    with pytest.raises(BalanceError, match="rows were counted"):
        ingest_register(settings, REGISTER, DAY)
    assert raw_files(settings) == []
    with StateStore(settings.state_url) as state:
        assert state.deliveries() == []
