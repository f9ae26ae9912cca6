"""Pairs that people judge: as lines of a commune's workbook, and as a drawn sample that two reviewers send back."""

import re
import zipfile
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from sosach.campaign import worklist
from sosach.campaign.worklist import build_pairs, pairs_of
from sosach.cli import app
from sosach.duck import connect, identifier, write_parquet
from sosach.errors import DeliveryError, SettingsError
from sosach.lake import Lake, read_json, write_json
from sosach.link.mentions import ROLES, SUBJECTS
from sosach.link.review import draw_review, score_review, write_third
from sosach.link.review_cards import FACES, READS
from sosach.link.review_read import read_review
from sosach.link.review_sample import ReviewKey, allocate, key_path
from sosach.link.review_words import score_json, score_lines
from sosach.registers import load_registers
from sosach.report.workbook_pairs import (
    DIFFERENT,
    PAIR_HEADER_ROW,
    PAIR_SHEET,
    SAME,
    UNDECIDED,
    pair_columns,
)
from sosach.settings import Settings
from sosach.state import StateStore
from sosach.tables import open_tables
from tests.scenarios.registers import add

RUN, ENTRIES, SIZE = "2025-08-15_0000abcd", 30, 14
COLUMNS = pair_columns(blind=True)
LETTERS = {name: chr(ord("A") + place) for name, place in COLUMNS.items()}
FIRST = PAIR_HEADER_ROW + 2  # the first pair's row, 1-based
PAIRS = """
CREATE TABLE link_pairs AS
SELECT 'ket_hon' AS register, k.record_id, k.record_id AS record_key, 'chong' AS role, 'd' || k.n AS subject_record_id,
  'd' || k.n AS subject_record_key, '16681' AS unit, k.decision, k.weight, 1 - pow(2, -k.weight) AS probability,
  NULL::DOUBLE AS margin, 'cần người xem: cùng họ tên; khác: ngày sinh; không so được: CMND; lưu ý' AS reason,
  NULL::VARCHAR AS other_register, NULL::VARCHAR AS other_record_id, NULL::VARCHAR AS other_role
FROM (SELECT 'k' || n AS record_id, n, CASE WHEN n <= 10 THEN 'linked' WHEN n <= 20 THEN 'review' ELSE 'refused' END
        AS decision, (31.0 - n) / 2 AS weight FROM range(1, 31) r(n)) k
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A linked run with thirty husbands, each compared with one citizen of about the same name."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    run = Lake(settings.home).run(RUN)
    write_json(
        run.manifest,
        {
            "run_id": RUN,
            "as_of": "2025-08-15",
            "previous_run_id": None,
            "catalogue": "x",
            "deliveries": [],
            "refused": [],
        },
    )
    registers = load_registers(settings.expectations)
    with connect(settings) as con:
        for name in ("dan_cu", "ket_hon"):
            columns = ", ".join(f"{identifier(c)} {t}" for c, t in registers[name].core_columns.items())
            con.execute(f"CREATE TABLE {name} ({columns})")
        for n in range(1, ENTRIES + 1):
            pin = f"0400850000{n:02d}"
            born = date(1985, 3, n)
            add(con, "dan_cu", f"d{n}", so_dinh_danh=pin, ho_ten=f"ĐỖ VĂN {n}", ngay_sinh=born, gioi_tinh="Nam")
            add(
                con, "ket_hon", f"k{n}", chong_ho_ten=f"Đổ Văn {n}", chong_ngay_sinh=born,
                chong_so_giay_to_tuy_than=f"0400850001{n:02d}", so=f"{n}/2009", quyen_so="01/2009",
                ngay_dang_ky=date(2009, 3, 12), vo_ho_ten="=HYPERLINK(1)",
            )  # fmt: skip
        con.execute("CREATE TABLE links (register VARCHAR, record_id VARCHAR, role VARCHAR, person_id VARCHAR, "
                    "method VARCHAR, weight DOUBLE)")  # fmt: skip
        con.execute("CREATE TABLE persons (person_id VARCHAR, record_id VARCHAR)")
        con.execute(PAIRS)
        for register in ("dan_cu", "ket_hon"):
            write_parquet(con, f"FROM {register}", run.core(register), "record_id")
        for table in ("links", "persons", "link_pairs"):
            write_parquet(con, f"FROM {table}", run.table(table), None)
    return settings


@pytest.fixture(scope="module")
def drawn(home: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[ReviewKey, Path]:
    out = tmp_path_factory.mktemp("review") / "out"
    return draw_review(home, RUN, 5, SIZE, out, "thu", None), out


Fill = Callable[..., Path]


@pytest.fixture(scope="module")
def well_filled(drawn: tuple[ReviewKey, Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Both workbooks with the right answers."""
    return [_filled(drawn, tmp_path_factory.mktemp("right"), name, right) for name in "AB"]


@pytest.fixture
def fill(drawn: tuple[ReviewKey, Path], tmp_path: Path) -> Fill:
    """Fill in a copy of a workbook: an answer for each pair by ``answer(pair)``, and any other cell by its place."""
    return partial(_filled, drawn, tmp_path)


def _filled(
    drawn: tuple[ReviewKey, Path], folder: Path, name: str, answer: Callable[..., str | None], **changed: str
) -> Path:
    key, out = drawn
    cells = {f"{LETTERS['answer']}{FIRST + 2 * n}": answer(pair) for n, pair in enumerate(key.order(name))} | changed
    with zipfile.ZipFile(out / f"{name}.xlsx") as source, zipfile.ZipFile(folder / f"{name}.xlsx", "w") as target:
        for part in source.namelist():
            content = source.read(part).decode() if part.endswith(".xml") else ""
            if part == "xl/worksheets/sheet1.xml":
                for place, text in cells.items():
                    typed = f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'
                    content, found = re.subn(rf'<c r="{place}"[^>]*?(/>|>.*?</c>)', typed if text else "", content)
                    assert found == 1
            target.writestr(part, content or source.read(part))
    return folder / f"{name}.xlsx"


def right(pair: object) -> str:
    return DIFFERENT if getattr(pair, "decision", "") == "refused" else SAME


def test_every_role_that_linkage_knows_can_be_shown() -> None:
    known = {(role.register, role.role) for role in (SUBJECTS, *ROLES)}
    assert known == {(register, role) for register, faces in FACES.items() for role in faces}


def test_pairs_left_to_people_become_lines_of_their_commune(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Lake(home.home).run(RUN)
    monkeypatch.setattr(worklist, "_PAIRS", worklist._PAIRS.replace(f"<= {worklist.MAX_PAIRS}", "<= 4"))
    with connect(home) as con:
        open_tables(con, home.expectations, run, needed=("link_pairs",), only=READS)
        assert build_pairs(con, home.expectations) == {"16681": 10}
        found = pairs_of(con, "16681", 10)
        assert pairs_of(con, "16682", 0).lines == ()
    assert [line.record_id for line in found.lines] == ["k11", "k12", "k13", "k14"]  # the likeliest four
    assert found.left_out == 6
    line = found.lines[0]
    mention, citizen = line.sides
    assert mention.source == "Kết hôn – chồng, số 11/2009, quyển 01/2009, ngày 12/03/2009"
    assert (mention.name, citizen.name) == ("ĐỔ VĂN 11", "ĐỖ VĂN 11")
    assert (mention.birth, mention.sex, citizen.sex) == ("11/03/1985", "Nam", "Nam")
    assert (mention.paper, citizen.paper, line.papers_differ) == ("định danh 040*******11",) * 2 + (True,)
    assert line.likeness == "rất giống"
    assert line.reason == "Cùng họ tên\nKhác: ngày sinh\nLưu ý"


def test_the_same_seed_draws_the_same_and_another_seed_never_a_pair_twice(
    home: Settings, drawn: tuple[ReviewKey, Path], tmp_path: Path
) -> None:
    key, out = drawn
    again = draw_review(home, RUN, 5, SIZE, tmp_path / "again", "thu", None)
    assert again == key
    for name in ("A.xlsx", "B.xlsx"):
        assert (tmp_path / "again" / name).read_bytes() == (out / name).read_bytes()
    other = draw_review(home, RUN, 6, 0, tmp_path / "other", "thu", {"refused_far": 2, "linked_clear": 1})
    assert {p.pair_id for p in other.pairs}.isdisjoint(p.pair_id for p in key.pairs)
    assert other.population == key.population
    with pytest.raises(SettingsError, match="Take another seed"):
        draw_review(home, RUN, 5, 13, tmp_path / "size", "thu", None)
    with pytest.raises(SettingsError, match="No pairs in stratum pin"):
        draw_review(home, RUN, 7, 0, tmp_path / "pin", "thu", {"pin": 3})
    with pytest.raises(SettingsError, match="exists"):
        draw_review(home, RUN, 5, SIZE, out, "thu", None)


def test_every_stratum_gives_some_pairs_and_a_larger_sample_gives_none_fewer() -> None:
    population = {"pin": 900_000, "linked_near": 40, "review_upper": 3, "refused_near": 1_800, "refused_far": 30_000}
    before = dict.fromkeys(population, 0)
    for size in range(10, 400, 13):
        given = allocate(population, size)
        assert sum(given.values()) == size
        assert all(0 < given[name] <= n and given[name] >= before[name] for name, n in population.items())
        before = given
    assert before["refused_near"] > before["refused_far"] / 4, "near the threshold more than by size alone"
    with pytest.raises(SettingsError):
        allocate(population, 9)


def test_the_workbooks_are_blind_ordered_apart_and_logged_and_the_key_is_not_beside(
    home: Settings, drawn: tuple[ReviewKey, Path]
) -> None:
    key, out = drawn
    names = {}
    for reviewer in "AB":
        book = openpyxl.load_workbook(out / f"{reviewer}.xlsx")
        sheet = book[PAIR_SHEET]
        names[reviewer] = [sheet.cell(row, 2).value for row in range(FIRST, sheet.max_row + 1, 2)]
        texts = " ".join(str(c.value) for s in book.worksheets for row in s.iter_rows() for c in row if c.value)
        for secret in ("linked", "review_", "refused", "rất giống", "cần người xem", "0400850000"):
            assert secret not in texts
        assert "'=HYPERLINK" in texts
        assert " =HYPERLINK" not in texts
    assert sorted(names["A"]) == sorted(names["B"]) == sorted(p.pair_id for p in key.pairs)
    assert names["A"] != names["B"]
    assert sorted(p.name for p in out.iterdir()) == ["A.xlsx", "B.xlsx"]
    with StateStore(home.state_url) as state:
        first = state.accesses(RUN)[0]
    assert (first.actor, first.action, first.n_lines) == ("thu", "write_review", 2 * SIZE)


def test_answers_become_figures_and_a_third_settles_what_two_dispute(
    home: Settings, drawn: tuple[ReviewKey, Path], well_filled: list[Path], fill: Fill, tmp_path: Path
) -> None:
    key, _ = drawn
    odd = next(pair for pair in key.pairs if pair.decision == "review")
    a = well_filled[0]
    b = fill("B", lambda pair: DIFFERENT if pair == odd else right(pair))
    score = score_review(home, RUN, [b, a], 0.02)
    assert (score.agreement.answered, score.agreement.same, score.waiting) == (SIZE, SIZE - 1, 0)
    assert score.disputed == (odd,)
    assert score.accuracy.precision.value == 1
    assert score.accuracy.recall.value is not None
    assert 0.4 < score.accuracy.recall.value < 0.6  # ten linked of twenty true ones
    assert sum(score.more.values()) > 0
    write_third(home, RUN, score.disputed, tmp_path / "C0.xlsx", "ba")
    book = openpyxl.load_workbook(tmp_path / "C0.xlsx")
    book[PAIR_SHEET].cell(FIRST, COLUMNS["answer"] + 1).value = SAME
    book.save(tmp_path / "C.xlsx")
    settled = score_review(home, RUN, [a, b, tmp_path / "C.xlsx"], 0.02)
    assert settled.disputed == ()
    assert settled.accuracy.recall.width < score.accuracy.recall.width
    text = "\n".join(score_lines(score, 0.02))
    assert f"in dispute: {odd.pair_id}  ket_hon {odd.record_id} chong | {odd.subject_record_id}" in text
    assert "never a pair" in text
    assert "ĐỖ" not in text + str(score_json(score))


def test_partial_answers_count_as_far_as_both_gave_them(home: Settings, fill: Fill) -> None:
    a = fill("A", lambda pair: right(pair) if pair.decision == "linked" else None)
    b = fill("B", lambda pair: UNDECIDED if pair.decision == "linked" else SAME)
    score = score_review(home, RUN, [a, b], 0.02)
    linked = sum(s.answered for s in score.strata if s.linked)
    assert score.agreement.answered == linked == len(score.disputed)
    assert score.accuracy.precision.width > 0.9
    with pytest.raises(DeliveryError, match="Chưa có cặp nào"):
        score_review(home, RUN, [fill("A", lambda _: None), b], 0.02)


@pytest.mark.parametrize(
    ("column", "offset", "value", "message"),
    [
        ("name", 3, "LÊ VĂN SỬA", f"dòng {FIRST + 2}: nội dung bản ghi đã bị sửa.*gửi lại"),
        ("pair_id", 2, "0123456789", f"dòng {FIRST + 2}: không thuộc mẫu"),
        ("answer", 0, "chắc là SỬA", f"dòng {FIRST}: kết luận không có trong danh sách. Chọn một trong"),
        ("pair_id", 4, "", rf"dòng {FIRST + 4}: một trong hai dòng của cặp bị mất hoặc bị chèn thêm"),
        ("pair_id", 1, "0123456789", rf"dòng {FIRST + 1}: một trong hai dòng của cặp bị mất hoặc bị chèn thêm"),
    ],
)
def test_a_file_that_was_tampered_with_is_refused_by_sheet_and_line(
    drawn: tuple[ReviewKey, Path], fill: Fill, column: str, offset: int, value: str, message: str
) -> None:
    with pytest.raises(DeliveryError, match=f"A.xlsx: trang tính “{PAIR_SHEET}”, {message}") as refused:
        read_review(fill("A", right, **{f"{LETTERS[column]}{FIRST + offset}": value}), RUN, {5: drawn[0]})
    assert "SỬA" not in str(refused.value)


def test_a_line_copied_or_lost_is_found_and_lines_taken_out_whole_are_not_missed(
    drawn: tuple[ReviewKey, Path], well_filled: list[Path], tmp_path: Path
) -> None:
    book = openpyxl.load_workbook(well_filled[0])
    sheet = book[PAIR_SHEET]
    for merged in list(sheet.merged_cells.ranges):
        sheet.unmerge_cells(str(merged))
    sheet.delete_rows(FIRST + 2, 2)
    book.save(tmp_path / "part.xlsx")
    assert len(read_review(tmp_path / "part.xlsx", RUN, {5: drawn[0]}).answers) == SIZE - 1
    for row in range(2):
        for column in range(1, len(COLUMNS) + 1):
            sheet.cell(FIRST + 4 + row, column).value = sheet.cell(FIRST + row, column).value
    book.save(tmp_path / "double.xlsx")
    with pytest.raises(DeliveryError, match=f"dòng {FIRST + 4}: lặp lại cặp ở dòng {FIRST}"):
        read_review(tmp_path / "double.xlsx", RUN, {5: drawn[0]})
    sheet.delete_rows(sheet.max_row)
    sheet.delete_rows(FIRST + 4, 2)
    book.save(tmp_path / "lost.xlsx")
    with pytest.raises(DeliveryError, match="một trong hai dòng của cặp bị mất"):
        read_review(tmp_path / "lost.xlsx", RUN, {5: drawn[0]})


def test_foreign_files_are_refused(
    home: Settings, drawn: tuple[ReviewKey, Path], well_filled: list[Path], tmp_path: Path
) -> None:
    out = drawn[1]

    def refused(files: list[Path], message: str) -> None:
        with pytest.raises(DeliveryError, match=message):
            score_review(home, RUN, files, 0.02)

    a = well_filled[0]
    refused([a], "thiếu tệp của người xem B")
    refused([a, out / "A.xlsx"], "cùng người xem A và cùng mẫu với A.xlsx")
    for content, name in ((b"khong phai", "x.xlsx"), (b"PK\x03\x04 hong", "y.xlsx")):
        (tmp_path / name).write_bytes(content)
        refused([tmp_path / name], name)
    openpyxl.Workbook().save(tmp_path / "z.xlsx")
    refused([tmp_path / "z.xlsx"], "z.xlsx: không phải tệp xem xét cặp")
    book = openpyxl.load_workbook(a)
    book["_sosach"]["B3"].value = "2024-01-01_ffffffff"
    book.save(tmp_path / "run.xlsx")
    refused([tmp_path / "run.xlsx"], "tệp thuộc lần chạy khác")
    book["_sosach"]["B3"].value, book["_sosach"]["B6"].value = RUN, "0" * 16
    book.save(tmp_path / "draw.xlsx")
    refused([tmp_path / "draw.xlsx"], "không khớp mẫu nào đã rút")


def test_the_command_prints_figures_and_hands_nothing_out_to_nobody(
    home: Settings, drawn: tuple[ReviewKey, Path], well_filled: list[Path], tmp_path: Path
) -> None:
    given = ["review", "score", *map(str, well_filled), "--run-id", RUN, "--home", str(home.home)]
    told = CliRunner().invoke(app, [*given, "--width", "1", "--json", str(tmp_path / "x.json")])
    assert told.exit_code == 0, told.output
    assert "precision: 100.00% (" in told.output
    assert "Both intervals are within 1: enough." in told.output
    assert read_json(tmp_path / "x.json")["agreement"]["answered"] == SIZE
    kept = key_path(Lake(home.home).run(RUN), drawn[0].seed).read_text(encoding="utf-8")
    assert not [word for word in ("ĐỖ", "Đổ", "0400850000") if word in kept + told.output]
    nobody = CliRunner().invoke(app, [*given, "--third", str(tmp_path / "c.xlsx")])
    assert isinstance(nobody.exception, SettingsError)
    assert not (tmp_path / "c.xlsx").exists()
    wrong = ["review", "draw", "--run-id", RUN, "--out", str(tmp_path / "o"), "--actor", "thu", "--stratum", "pin"]
    assert "refused_near=40" in str(CliRunner().invoke(app, wrong).exception)
