"""Added, missing, renamed and retyped columns are told in words, by the declared policy, and only when they are new."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sosach.delivering import DriftPolicy
from sosach.errors import RuleFileError
from sosach.ingest.columns import match_columns
from sosach.ingest.drift import (
    Column,
    Finding,
    as_recorded,
    columns_of,
    judge,
    sentence,
    worst,
)
from sosach.ingest.understanding import SAMPLE_ROWS, judging_engine, sample_of
from sosach.registers import Register, load_register, load_registers
from sosach.settings import PROJECT

KET_HON = load_registers(PROJECT / "expectations")["ket_hon"]
GOOD = {
    "so": "01/2020",
    "quyenSo": "01/2020",
    "ngayDangKy": "05.03.2020",
    "loaiDangKy": "1",
    "noiDangKy": "16681",
    "chongHoTen": "NGUYỄN VĂN AN",
    "chongNgaySinh": "1990",
    "chongSoGiayToTuyThan": "040090001234",
    "voHoTen": "TRẦN THỊ BA",
    "voNgaySinh": "28t",
}
ROWS = 40
Judge = Callable[..., tuple[list[Finding], list[Column]]]


@pytest.fixture
def judged(tmp_path: Path) -> Judge:
    """Judge a delivery of ``ROWS`` equal rows with these cells; a cell may be given as a list."""

    def judge_rows(
        cells: dict[str, object],
        register: Register = KET_HON,
        previous: list[Column] | None = None,
        types: list[str] | None = None,
    ) -> tuple[list[Finding], list[Column]]:
        columns = columns_of(register, match_columns(register, list(cells)), types or ())
        raw = tmp_path / "raw.parquet"
        values = [v if isinstance(v, list) else [v] * ROWS for v in cells.values()]
        pq.write_table(pa.table([pa.array(v, pa.string()) for v in values], [c.name for c in columns]), raw)
        engine = judging_engine(PROJECT / "expectations", "1GB")
        found = judge(engine, register, columns, [asdict(c) for c in previous or ()], raw)
        return found, columns

    return judge_rows


def _kinds(findings: list[Finding], *left_out: str) -> list[tuple[str, str, str]]:
    return [(f.kind, f.column, f.policy) for f in findings if f.kind not in left_out]


def test_a_delivery_as_declared_has_only_missing_optional_columns(judged: Judge) -> None:
    findings, _ = judged(GOOD)
    assert {f.kind for f in findings} == {"missing"}
    assert {f.column for f in findings} == {f.source_name for f in KET_HON.fields} - set(GOOD)
    assert worst(findings) == "accept"


def test_a_difference_that_was_there_before_is_not_told_again(judged: Judge) -> None:
    cells = {**GOOD, "Số điện thoại": "0912345678"}
    cells = {"Chồng họ tên" if name == "chongHoTen" else name: cell for name, cell in cells.items()}
    findings, columns = judged(cells)
    assert _kinds(findings, "missing") == [
        ("added", "Số điện thoại", "accept"),
        ("renamed", "Chồng họ tên", "accept"),
    ]
    assert "“chongHoTen”" in next(f.text for f in findings if f.kind == "renamed")
    again, _ = judged(cells, previous=columns)
    assert again == []
    fewer = {name: cell for name, cell in GOOD.items() if name != "loaiDangKy"}
    fewer, _ = judged(fewer, previous=columns)
    assert _kinds(fewer) == [("missing", "loaiDangKy", "accept")]
    assert "lần giao trước" in fewer[0].text


def test_names_in_the_column_of_birth_dates_are_found(judged: Judge) -> None:
    findings, _ = judged({**GOOD, "chongNgaySinh": "NGUYỄN VĂN AN", "chongHoTen": "1990"})
    assert _kinds(findings, "missing") == [
        ("retyped", "chongHoTen", "quarantine"),
        ("retyped", "chongNgaySinh", "quarantine"),
    ]
    assert worst(findings) == "quarantine"
    text = sentence(findings, "quarantine")
    assert "“chongNgaySinh” (Ngày sinh chồng" in text
    assert "NGUYỄN" not in text, "no cell is ever told"


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("so", "Nguyễn Văn An"),
        ("ngayDangKy", "040090001234"),
        ("loaiDangKy", "Phường Thành Vinh"),
        ("noiDangKy", "Phường Thành Vinh"),
        ("chongHoTen", "040090001234"),
        ("chongNgaySinh", "Kinh"),
        ("chongSoGiayToTuyThan", "05.03.1990"),
        ("chongSoGiayToTuyThan", "Nguyễn Văn An"),
    ],
)
def test_each_type_knows_what_it_is_not(column: str, cell: str, judged: Judge) -> None:
    findings, _ = judged({**GOOD, column: cell})
    assert _kinds(findings, "missing") == [("retyped", column, "quarantine")]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("ngayDangKy", "2020-03-05 00:00:00"),
        ("ngayDangKy", "43895"),
        ("loaiDangKy", "1.0"),
        ("noiDangKy", "16681.0"),
        ("chongNgaySinh", "05/03/1990"),
        ("chongSoGiayToTuyThan", "40090001234"),
        ("chongSoGiayToTuyThan", "B1234567"),
        ("chongSoGiayToTuyThan", "040.090.001.234"),
        ("chongSoGiayToTuyThan", "không rõ"),
    ],
)
def test_dirt_is_no_drift(column: str, cell: str, judged: Judge) -> None:
    findings, _ = judged({**GOOD, column: cell})
    assert _kinds(findings, "missing") == []


def test_half_understood_passes_and_few_cells_say_nothing(judged: Judge) -> None:
    for right, retyped in ((ROWS // 2, False), (ROWS // 2 - 1, True)):
        findings, _ = judged({**GOOD, "ngayDangKy": ["05.03.2020"] * right + ["hôm qua"] * (ROWS - right)})
        assert bool(_kinds(findings, "missing")) is retyped
    for wrong, retyped in ((19, False), (20, True)):
        findings, _ = judged({**GOOD, "ngayDangKy": ["hôm qua"] * wrong + [None] * (ROWS - wrong)})
        assert bool(_kinds(findings, "missing")) is retyped


def test_another_physical_type_is_told_and_held_only_where_cells_cannot_prove_it_right(judged: Judge) -> None:
    cells = {**GOOD, "trangSo": "7"}
    _, before = judged(cells, types=["VARCHAR"] * len(cells))
    types = ["DATE" if name == "ngayDangKy" else "BIGINT" if name == "trangSo" else "VARCHAR" for name in cells]
    findings, _ = judged(cells, previous=before, types=types)
    assert _kinds(findings) == [("retyped", "ngayDangKy", "accept"), ("retyped", "trangSo", "quarantine")]
    assert "lần trước VARCHAR, lần này BIGINT" in findings[1].text
    assert judged(cells, previous=before)[0] == [], "a text file has no physical types to compare"


def test_the_register_decides_what_is_done(judged: Judge) -> None:
    policy = DriftPolicy(added="stop", missing="quarantine", renamed="quarantine", retyped="accept")
    strict = KET_HON.model_copy(update={"delivering": KET_HON.delivering.model_copy(update={"drift": policy})})
    cells = {"Số": GOOD["so"], **{k: v for k, v in GOOD.items() if k != "so"}, "la": "x", "ngayDangKy": "hôm qua"}
    findings, _ = judged(cells, strict)
    assert {(f.kind, f.policy) for f in findings} == {
        ("added", "stop"),
        ("missing", "quarantine"),
        ("renamed", "quarantine"),
        ("retyped", "accept"),
    }
    assert worst(findings) == "stop"
    assert as_recorded(findings)[0].keys() == {"kind", "column", "policy", "text"}


def test_several_reasons_are_sentences() -> None:
    texts = ["cột “a” lạ. Sửa.", "cột “b” lạ. Sửa.", "cột “a” lạ. Sửa."]
    findings = [Finding("added", "", "quarantine", text) for text in texts]
    assert sentence(findings, "quarantine") == "cột “a” lạ. Sửa. Cột “b” lạ. Sửa."
    assert sentence(findings, "stop") == ""


def test_the_sample_is_bounded_and_reaches_the_end_of_the_file(tmp_path: Path) -> None:
    raw = tmp_path / "raw.parquet"
    table = pa.table({"a": [f"{n:05}" for n in range(50_000)], "b": ["x"] * 50_000})
    pq.write_table(table, raw, row_group_size=5_000)
    sample = sample_of(raw, ["a"])
    assert sample.column_names == ["a"]
    assert sample.num_rows == SAMPLE_ROWS
    assert sample["a"][0].as_py() == "00000"
    assert sample["a"][-1].as_py() > "45000"
    pq.write_table(table.slice(0, 30), raw)
    assert sample_of(raw, ["b", "a"]).num_rows == 30


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("{drift: {retyped: maybe}}", "retyped"),
        ("{drift: {moved: accept}}", "moved"),
        ("{date: ho_ten}", "no field of type date"),
        ("{replace: never}", "replace"),
        ("{expected: {every: week, from: 2026-01-01}}", "every"),
        ("{expected: {every: month}}", "from"),
    ],
)
def test_a_wrong_section_is_named(section: str, words: str, tmp_path: Path) -> None:
    text = (PROJECT / "expectations" / "dan_cu" / "register.yaml").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("delivering:")]
    path = tmp_path / "register.yaml"
    path.write_text("\n".join([*kept, f"delivering: {section}"]), encoding="utf-8")
    with pytest.raises(RuleFileError, match=words):
        load_register(path)
