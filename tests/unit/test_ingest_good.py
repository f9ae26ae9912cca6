"""What a good delivery becomes: every row once, every cell as delivered, whatever the file's kind and dialect."""

import csv
import unicodedata
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sosach import duck
from sosach.errors import BalanceError
from sosach.ingest import IngestCounts, ingest_register
from sosach.ingest.columns import fields_found, lenient_key
from sosach.ingest.intake import _Intake
from sosach.ingest.raw import rows_select, write_raw, write_rows
from sosach.ingest.text_file import read_text_file
from sosach.registers import load_registers
from sosach.settings import PROJECT, Settings
from sosach.state import StateStore
from tests.conftest import WriteDelivery
from tests.unit.ingest_sample import COLUMNS, FILE, HEADER, REGISTER, ROW, drop, raw_files, raw_rows

DAY = date(2026, 10, 1)
CELLS = dict(zip(COLUMNS, ROW.split(","), strict=True))


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of December 2020 without time zone, as office files have it."""
    return datetime(2020, 12, day, hour, minute, tzinfo=UTC).replace(tzinfo=None)


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
    assert ingest_register(settings, REGISTER, DAY).rows == 1
    assert _without_provenance(raw_rows(settings)) == [CELLS]


def test_a_delimiter_inside_cells_does_not_win(settings: Settings) -> None:
    row = ROW.replace("KS", "a;b;c;d;e;f;g;h;i;j;k")
    drop(settings, "a.csv", f"{HEADER}\n{row}\n")
    ingest_register(settings, REGISTER, DAY)
    assert raw_rows(settings)[0]["loai_so"] == "a;b;c;d;e;f;g;h;i;j;k"


def to_windows_1258(text: str) -> bytes:
    """Vietnamese in Windows-1258: vowel with its shape in one byte, tone mark in the next."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    out = b""
    for letter in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", letter)
        vowel = unicodedata.normalize("NFC", "".join(p for p in parts if p not in tones))
        out += vowel.encode("cp1258") + "".join(p for p in parts if p in tones).encode("cp1258")
    return out


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
    assert ingest_register(settings, REGISTER, DAY).rows == 2
    assert [r["_row"] for r in raw_rows(settings)] == [1, 2]


@pytest.mark.parametrize("ends", ["\r\n", "\r", "\n\r\n"])
def test_any_line_end_will_do_even_mixed(settings: Settings, ends: str) -> None:
    drop(settings, "a.csv", f"{HEADER}{ends}{ROW}\r\n{ROW}\n{ROW}{ends}")
    assert ingest_register(settings, REGISTER, DAY).rows == 3
    assert _without_provenance(raw_rows(settings)) == [CELLS] * 3


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
    assert "LOAI SO → loai_so" in caplog.text
    assert "Ghi chú riêng" in caplog.text


def test_an_exact_name_wins_over_a_similar_one(settings: Settings) -> None:
    drop(settings, "a.csv", f"Mã nơi đăng ký,{HEADER}\nkhác,{ROW}\n")
    ingest_register(settings, REGISTER, DAY)
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
    assert ingest_register(settings, REGISTER, DAY).rows == 2
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
    assert ingest_register(settings, REGISTER, DAY).rows == 2
    first, second = _without_provenance(raw_rows(settings))
    assert list(first.values()) == ["16681", "KS", "2020", None, "1.5", "2020-12-31", "2020-01-02", "true"]
    assert list(second.values())[:4] == [None, None, None, " x\n"]
    assert second["ngay_khoa_so"] == "2020-12-31 08:30:00"


cells = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8) | st.sampled_from(
    ["", " ", "NULL", '"', ' "a"', ",", ";", "\n", "\r", "\r\n", "\ufeff", "\u2028", "\\", "'", "\x1c", "\x85", "'\"'"]
)


@hypothesis_settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # without shrinking: a failure is small enough, and shrinking slow
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(st.tuples(*[cells] * len(COLUMNS)).filter(any), min_size=1, max_size=30),
    delimiter=st.sampled_from(",;\t|"),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_any_text_survives_the_way_into_the_lake(
    tmp_path: Path, settings: Settings, rows: list[tuple[str, ...]], delimiter: str, ends: str
) -> None:
    register = load_registers(PROJECT / "expectations")[REGISTER]
    delivered, plain, raw = tmp_path / "a.csv", tmp_path / "rows.csv", tmp_path / "raw.parquet"
    with delivered.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=ends, quoting=csv.QUOTE_ALL)
        writer.writerows([COLUMNS, *rows])
    table, stream = read_text_file(delivered, register)
    with stream:
        counted = write_rows(table, tuple(COLUMNS), plain)
    assert counted == len(rows)
    with duck.connect(settings) as con:
        write_raw(con, rows_select(plain, tuple(COLUMNS)), tuple(COLUMNS), raw, "0123456789abcdef", counted)
        found = con.execute(f"SELECT * FROM '{raw}' ORDER BY _row").fetchall()
    assert [tuple(cell or "" for cell in row[: len(COLUMNS)]) for row in found] == rows
    assert [row[len(COLUMNS) :] for row in found] == [("0123456789abcdef", n + 1) for n in range(len(rows))]


def test_rows_keep_their_order_in_a_large_file(settings: Settings) -> None:
    n = 150_000
    drop(settings, "a.csv", f"{HEADER}\n" + "".join(f'16681,KS,{i},"01\n/2020",,,,\n' for i in range(n)))
    assert ingest_register(settings, REGISTER, DAY).rows == n
    with duckdb.connect() as con:
        query = (
            f"SELECT count(*), count(*) FILTER (CAST(nam_mo_so AS BIGINT) + 1 = _row) FROM '{raw_files(settings)[0]}'"
        )
        assert con.execute(query).fetchone() == (n, n)


def test_the_engine_and_the_counter_must_agree(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    real = _Intake._plain_rows

    def miscount(self: _Intake, path: Path, plain: Path) -> object:
        match, rows = real(self, path, plain)
        return match, rows + 1

    monkeypatch.setattr(_Intake, "_plain_rows", miscount)
    drop(settings, "a.csv", FILE)
    with pytest.raises(BalanceError, match="2 rows were counted"):
        ingest_register(settings, REGISTER, DAY)
    assert raw_files(settings) == []
    with StateStore(settings.state_url) as state:
        assert state.deliveries() == []
