"""Unit, period, sender and promises of a delivery: from its note, else its path, else its rows."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sosach.errors import DeliveryError
from sosach.ingest.handover import Handover, Units, load_units, read_handover
from sosach.ingest.handover_rows import from_data
from sosach.ingest.notes import NOTE_NAME, Notes, is_note, read_notes
from sosach.ingest.periods import find_period
from sosach.ingest.understanding import judging_engine
from sosach.registers import Register, load_registers
from sosach.settings import PROJECT

AS_OF = date(2026, 11, 2)
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))
NO_NOTES = Notes({})


@pytest.fixture(scope="module")
def units() -> Units:
    return load_units(PROJECT / "expectations")


@pytest.fixture(scope="module")
def ket_hon() -> Register:
    return load_registers(PROJECT / "expectations")["ket_hon"]


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("2026-10", *OCTOBER),
        ("202610", *OCTOBER),
        ("10/2026", *OCTOBER),
        ("T10-2026", *OCTOBER),
        ("thang_10_2026", *OCTOBER),
        ("Tháng 10 năm 2026", *OCTOBER),
        ("_vinh_2026.10", *OCTOBER),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("quý 3/2026", date(2026, 7, 1), date(2026, 9, 30)),
        ("Q4-2026", date(2026, 10, 1), date(2026, 12, 31)),
        ("quy_IV_2026", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026_q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("năm 2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-10-05", date(2026, 10, 5), date(2026, 10, 5)),
        ("01/10/2026", date(2026, 10, 1), date(2026, 10, 1)),
        ("20261001_20261015", date(2026, 10, 1), date(2026, 10, 15)),
        ("01.10.2026 den 15.10.2026", date(2026, 10, 1), date(2026, 10, 15)),
    ],
)
def test_a_period_is_read_as_people_write_it(text: str, begins: date, ends: date) -> None:
    assert find_period(text) == (begins, ends)


@pytest.mark.parametrize("text", ["", "vinh", "412_vinh", "17329", "dan_cu_2", "202613", "31/02/26", "tand_nghe_an"])
def test_what_is_no_period_is_none(text: str) -> None:
    assert find_period(text) is None


@pytest.mark.parametrize(
    ("name", "unit", "begins"),
    [
        ("ket_hon/17329_2026-10.xlsx", "17329", OCTOBER[0]),
        ("ket_hon/ket_hon_412_vinh.csv", "412", None),
        ("ket_hon/KET-HON 412 Vinh T10-2026.csv", "412", OCTOBER[0]),
        ("ket_hon/17329/bat_ky.csv", "17329", None),
        ("ket_hon/17329 Anh Sơn/2026-10/a.csv", "17329", OCTOBER[0]),
        ("ket_hon/2026-10/17329.csv", "17329", OCTOBER[0]),
        ("ket_hon/goi.zip/17329/a.csv", "17329", None),
        ("ket_hon/40/a.csv", "40", None),
        ("ket_hon/ket_hon_2.csv", None, None),
        ("ket_hon/giao.csv", None, None),
        ("ket_hon/2026/giao.csv", None, date(2026, 1, 1)),
    ],
)
def test_the_path_says_unit_and_period(
    name: str, unit: str | None, begins: date | None, ket_hon: Register, units: Units
) -> None:
    found = read_handover(name, ket_hon, NO_NOTES, units)
    assert (found.unit, found.period_from, found.told) == (unit, begins, ())
    assert found.origin == ({"unit": "path"} if unit else {}) | ({"period": "path"} if begins else {})


def test_an_unknown_unit_code_is_told(ket_hon: Register, units: Units) -> None:
    for name in ("ket_hon/99999_2026-10.csv", "ket_hon/499/a.csv"):
        found = read_handover(name, ket_hon, NO_NOTES, units)
        assert found.unit is None
        assert len(found.told) == 1
        assert "danh mục" in found.told[0]


def _note(folder: Path, text: str | bytes) -> dict[str, Path]:
    path = folder / "phieu.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return {f"ket_hon/xa/{NOTE_NAME}": path}


NOTE = (
    "Tệp;Đơn vị;Kỳ từ;Kỳ đến;Số dòng;Người gửi;SHA256;Thay thế\n"
    f"A.csv;17329;01/10/2026;31/10/2026;1.234;Tổ tiếp nhận;{'AB' * 32};cu.csv\n"
    "b.csv;Xã Anh Sơn;10/2026;;;;;\n\n"
    "c.zip;99999;;;7;;;\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_note_is_read_leniently(encoding: str, tmp_path: Path, ket_hon: Register, units: Units) -> None:
    notes = read_notes(_note(tmp_path, NOTE.replace("\n", "\r\n").encode(encoding)))
    assert notes.faults == ()
    a = read_handover("ket_hon/xa/a.csv", ket_hon, notes, units)
    assert (a.unit, a.period_from, a.period_to) == ("17329", *OCTOBER)
    assert (a.rows, a.sha256, a.sender, a.replaces) == (1234, "ab" * 32, "Tổ tiếp nhận", "cu.csv")
    assert a.origin == {"unit": "note", "period": "note", "sender": "note"}
    b = read_handover("ket_hon/xa/b.csv", ket_hon, notes, units)
    assert (b.unit, b.period_from, b.period_to, b.rows, b.sender) == ("17329", *OCTOBER, None, None)
    inside = read_handover("ket_hon/xa/c.zip/17329.csv", ket_hon, notes, units)
    assert (inside.unit, inside.origin, inside.rows) == ("17329", {"unit": "path"}, None), "rows are of the archive"
    assert "99999" in inside.told[0]
    assert read_handover("ket_hon/a.csv", ket_hon, notes, units) == Handover(), "the note lies in a subfolder"


def test_a_note_about_an_absent_file_is_told(tmp_path: Path) -> None:
    notes = read_notes(_note(tmp_path, NOTE))
    told = notes.absent(["ket_hon/xa/A.csv", "ket_hon/xa/c.zip/17329.csv", f"ket_hon/xa/{NOTE_NAME}"])
    assert [name for name, _ in told] == ["ket_hon/xa/b.csv"]
    assert "không thấy tệp" in told[0][1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "không có cột “tệp”"),
        ("đơn vị\n17329\n", "không có cột “tệp”"),
        ('tệp,số dòng\n"a.csv,1\n', "ngoặc kép"),
        ("tệp,số dòng\n,1\n", "dòng 2 của phiếu không ghi tên tệp"),
        ("tệp,số dòng\na.csv,nhiều\n", "dòng 2 của phiếu: số dòng không phải là số"),
        ("tệp,kỳ từ\na.csv,tháng trước\n", "dòng 2 của phiếu: kỳ không hiểu được"),
        ("tệp,sha256\na.csv,12ab\n", "SHA-256 không đủ"),
        ("tệp,số dòng\na.csv,1\nA.CSV,2\n", "dòng 3 của phiếu: tệp này đã có ở dòng khác"),
        (b"\xff\xfe\x00\xd8a", "không đọc được chữ"),
    ],
)
def test_what_a_note_cannot_say_is_told_with_its_line(text: str | bytes, words: str, tmp_path: Path) -> None:
    notes = read_notes(_note(tmp_path, text))
    assert [name for name, _ in notes.faults] == [f"ket_hon/xa/{NOTE_NAME}"]
    assert words in notes.faults[0][1]
    line = notes.line_for("ket_hon/xa/a.csv")
    assert line is None or (line.rows, line.period, line.sha256) == (None, None, None)


def test_a_note_is_known_by_its_name() -> None:
    assert is_note("ket_hon/xa/PHIEU_GIAO_NHAN.csv")
    assert not is_note("ket_hon/phieu_giao_nhan.xlsx")


def test_a_broken_promise_is_refused_by_name() -> None:
    promise = Handover(rows=100, sha256="a" * 64)
    promise.check_rows(100)
    promise.check_sha256("a" * 64)
    Handover().check_rows(98)
    with pytest.raises(DeliveryError, match="ghi 100 dòng, tệp có 98"):
        promise.check_rows(98)
    with pytest.raises(DeliveryError, match="SHA-256"):
        promise.check_sha256("b" * 64)


Rows = Callable[..., Handover]


@pytest.fixture
def rows_say(tmp_path: Path, ket_hon: Register) -> Rows:
    """What rows with these codes, days and keys say; a key of None is a row that is no record."""

    def said(
        codes: list[str | None],
        days: list[str | None],
        found: Handover | None = None,
        keys: list[str | None] | None = None,
    ) -> Handover:
        keys = keys or [f"{n}/2026" for n in range(len(codes))]
        columns = {"noiDangKy": codes, "ngayDangKy": days, "so": keys, "quyenSo": keys}
        raw = tmp_path / "raw.parquet"
        pq.write_table(pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()}), raw)
        con = judging_engine(PROJECT / "expectations", "1GB").con
        return from_data(con, raw, list(columns), ket_hon, found or Handover(), AS_OF)

    return said


@pytest.mark.parametrize(
    ("codes", "unit", "share"),
    [
        (["17329", "17329.0", "17 329"], "17329", None),
        (["17329", "16681"], None, None),
        (["17329", None], "17329", "50%"),
        (["17329", "17329", "không rõ"], "17329", "66%"),
        (["17329", "99999", "99998"], None, None),
        (["99999", "99999"], None, None),
        (["17329"] * 19 + ["16681"], "17329", "95%"),
        (["17329"] * 18 + ["16681"], None, None),
        ([None, None], None, None),
    ],
)
def test_the_rows_say_the_unit(codes: list[str | None], unit: str | None, share: str | None, rows_say: Rows) -> None:
    found = rows_say(codes, [None] * len(codes))
    assert found.unit == unit
    assert found.origin == ({"unit": "data"} if unit else {}) | ({"unit_share": share} if share else {})
    assert len(found.told) == bool(share)
    assert all(f"đơn vị {unit} lấy theo" in text for text in found.told)


def test_the_rows_say_the_period(rows_say: Rows) -> None:
    found = rows_say(["17329"] * 4, ["05.10.2026", "2026-10-28", "01.01.2099", "ba mươi"])
    assert (found.period_from, found.period_to) == (date(2026, 10, 5), date(2026, 10, 28))
    assert found.origin == {"unit": "data", "period": "data"}


def test_what_stands_below_the_table_says_nothing(rows_say: Rows) -> None:
    found = rows_say(
        ["17329", "17329", "16681", " ", None],
        ["05.10.2026", "28.10.2026", "02.11.2026", None, "01.11.2026"],
        keys=[" 1/2026", "2/2026", None, " ", None],
    )
    assert (found.unit, found.period_from, found.period_to) == ("17329", date(2026, 10, 5), date(2026, 10, 28))
    assert (found.origin, found.told) == ({"unit": "data", "period": "data"}, ())


def test_a_citizen_counts_also_without_pin(tmp_path: Path) -> None:
    register = load_registers(PROJECT / "expectations")["dan_cu"]
    source = {name: register.field(name).source_name for name in (*register.key, *register.identity, register.unit)}
    cells = {
        "so_dinh_danh": [None, None],
        "ho_ten": ["NGUYỄN VĂN AN", "Tổng cộng"],
        "ngay_sinh": ["1950", None],
        register.unit: ["17329", "16681"],
    }
    raw = tmp_path / "raw.parquet"
    pq.write_table(pa.table({source[name]: pa.array(values, pa.string()) for name, values in cells.items()}), raw)
    con = judging_engine(PROJECT / "expectations", "1GB").con
    found = from_data(con, raw, list(source.values()), register, Handover(), AS_OF)
    assert (found.unit, found.told) == ("17329", ())


@pytest.mark.parametrize(
    ("unit", "code", "told"),
    [
        ("17329", "17329", 0),
        ("17506", "17329", 1),
        ("40", "17329", 0),
        ("412", "16681", 0),  # a ward of Vinh
        ("412", "17329", 1),
        ("17506", "17572", 0),  # followed by 17506
    ],
)
def test_a_path_that_the_rows_contradict_is_told(unit: str, code: str, told: int, rows_say: Rows) -> None:
    said = Handover(unit=unit, period_from=OCTOBER[0], period_to=OCTOBER[1], origin={"unit": "path", "period": "note"})
    found = rows_say([code, code, None], ["05.10.2026"] * 3, said)
    assert (found.unit, found.period_from, found.origin) == (unit, OCTOBER[0], said.origin), "what was said stays"
    assert len(found.told) == told
    assert all(f"đường dẫn ghi đơn vị {unit}, nhưng 2 trong 3 dòng ghi {code}" in text for text in found.told)


def test_a_period_without_any_row_is_told(rows_say: Rows) -> None:
    said = Handover(unit="17329", period_from=date(1904, 1, 1), period_to=date(1904, 12, 31), origin={"period": "path"})
    (told,) = rows_say(["17329"], ["05.10.2020"], said).told
    assert "đường dẫn ghi kỳ 01/01/1904–31/12/1904, nhưng không dòng nào có ngày trong kỳ đó" in told
    assert rows_say(["17329"] * 2, ["05.10.2020", "05.10.1904"], said).told == ()
    assert rows_say(["17329"], ["không rõ"], said).told == (), "no day is understood: nothing contradicts"


def test_a_column_that_was_not_delivered_says_nothing(tmp_path: Path, ket_hon: Register) -> None:
    raw = tmp_path / "raw.parquet"
    pq.write_table(pa.table({"so": ["1/2026"]}), raw)
    con = judging_engine(PROJECT / "expectations", "1GB").con
    assert from_data(con, raw, ["so"], ket_hon, Handover(), AS_OF) == Handover()
