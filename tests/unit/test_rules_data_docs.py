"""The Data Docs of a check: what became of each rule, and trial rules apart from the rest."""

import datetime as dt
import re
from pathlib import Path

import pytest

from sosach.checks.data_docs import number, render_data_docs, span
from sosach.checks.gx import check_register
from sosach.lake import Lake, write_json
from tests.unit.checks_sample import AS_OF, entry, make_expectations, make_run

RULES = [
    entry(id="R1", law=[{"text": "Luật A", "from": "2015-01-01", "source": "t", "certainty": "likely"}]),
    entry(id="R2", passes_when="han_the > DATE '2020-01-01'", severity="info"),  # no card: undecided everywhere
    entry(id="R3", era={"by": "ngay_cap_the", "from": "2016-01-01", "to": "2020-12-31"}),  # both cards are later
    entry(id="R4", passes_when="khong_co > 3"),  # no such column
    entry(id="R5", passes_when="gioi_tinh = 'Nam'"),
    entry(id="T1", trial=True, passes_when="gioi_tinh = 'Nữ'", title="Đang thử"),
]
ISSUED = {"ngay_cap_the": dt.date(2022, 1, 1), "gioi_tinh": "Nam"}
PEOPLE = [{"ho_ten": "A", **ISSUED}, {"ho_ten": None, **ISSUED}]


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    settings = make_run(folder, make_expectations(folder, dan_cu__du=RULES), {"dan_cu": PEOPLE})
    manifest = {"run_id": "r1", "as_of": AS_OF.isoformat(), "previous_run_id": None, "catalogue": "ab" * 32}
    write_json(Lake(settings.home).run("r1").manifest, {**manifest, "deliveries": [], "refused": []})
    check_register(settings, "r1", "dan_cu", AS_OF)
    return render_data_docs(settings, "r1").parent


def lines(page: str) -> dict[str, list[str]]:
    """Text of the cells after the first by rule id."""
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", page, flags=re.DOTALL):
        if named := re.search(r'id="([^"]+)"', row):
            cells = re.findall(r"<td[^>]*>(.*?)</td>", row, flags=re.DOTALL)
            found[named[1]] = [re.sub(r"<[^>]+>", "", cell) for cell in cells]
    return found


def test_each_state_has_its_own_word_and_only_decided_rules_have_a_rate(docs: Path) -> None:
    told = lines((docs / "dan_cu.du.html").read_text(encoding="utf-8"))
    assert told == {
        "R1": ["Chưa đạt", "Phải xử lý", "1", "1", "0", "0", "0", "50,00%"],
        "R2": ["Chưa kết luận được", "Cần kiểm tra", "0", "0", "0", "2", "0", "–"],
        "R3": ["Không có bản ghi thuộc diện", "Phải xử lý", "0", "0", "0", "0", "2", "–"],
        "R4": ["Lỗi máy", "Phải xử lý", "–", "–", "–", "–", "–", "–"],
        "R5": ["Đạt", "Phải xử lý", "2", "0", "0", "0", "0", "0,00%"],
        "T1": ["Chưa đạt", "Phải xử lý", "0", "2", "0", "0", "0", "100,00%"],
    }


def test_trial_rules_stand_apart_and_are_not_counted(docs: Path) -> None:
    page = (docs / "dan_cu.du.html").read_text(encoding="utf-8")
    counted, trial = page.split('<h2 id="thu-nghiem">')
    assert trial.startswith("Thử nghiệm, không tính")
    assert set(lines(trial)) == {"T1"}
    assert "T1" not in lines(counted)
    assert "Đạt <b>1</b>, chưa đạt <b>1</b> trên <b>5</b> quy tắc" in counted


def test_the_index_adds_up(docs: Path) -> None:
    page = (docs / "index.html").read_text(encoding="utf-8")
    row = next(row for row in re.findall(r"<tr>(.*?)</tr>", page, flags=re.DOTALL) if "dan_cu.du.html" in row)
    evaluated, passed, failed, undecided, not_applicable, errors, trial = (
        int(text) for text in re.findall(r"<td[^>]*>(\d+)</td>", row)
    )
    assert (evaluated, passed, failed, undecided, not_applicable, errors, trial) == (5, 1, 1, 1, 1, 1, 1)
    assert evaluated == passed + failed + undecided + not_applicable + errors


def test_law_says_its_dates_and_how_sure_we_are(docs: Path) -> None:
    page = (docs / "dan_cu.du.html").read_text(encoding="utf-8")
    assert "Luật A, từ 01/01/2015 (nhiều khả năng đúng, cần dò lại văn bản)" in page
    assert "Áp dụng theo <code>ngay_cap_the</code> từ 01/01/2016 đến 31/12/2020" in page


def test_numbers_and_dates_read_in_vietnamese() -> None:
    assert [number(1234567), number(12.5, 2), number(None)] == ["1.234.567", "12,50", "–"]
    assert span({"from": None, "to": None}) == ""
    assert span({"from": None, "to": "2014-12-31"}) == "đến 31/12/2014"
