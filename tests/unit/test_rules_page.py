"""The officers' page of all rules: complete, in words, without anything that an officer cannot read, and light."""

import re
from datetime import date
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from sosach import cli
from sosach.checks.catalogue import Catalogue, load_catalogue
from sosach.checks.rule_words import UNKNOWN, Speaker, rules_page
from sosach.errors import RuleFileError
from sosach.report.rules_page import FILE_NAME, RuleEntry, write_rules_page
from sosach.report.site import write_site
from sosach.report.words import CERTAINTIES, SEVERITIES
from sosach.settings import PROJECT
from tests.unit.checks_sample import entry, make_expectations
from tests.unit.report_sample import report_data

REAL = PROJECT / "expectations"
HEAVIEST = 1_500_000


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(REAL)


@pytest.fixture(scope="module")
def page(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> str:
    target = tmp_path_factory.mktemp("page") / FILE_NAME
    write_rules_page(rules_page(catalogue, REAL), target)
    return target.read_text(encoding="utf-8")


class _Text(HTMLParser):
    """The text that a reader sees, the ids, and the addresses."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self._unseen = 0
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in ("style", "script")
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in ("href", "src", "action") and value:
                self.addresses.append(value)

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data)

    @cached_property
    def text(self) -> str:
        return " ".join(" ".join(self.parts).split())


def said(tmp_path: Path, words: str = "", **changes: Any) -> RuleEntry:
    """One rule of ``dan_cu`` in words."""
    expectations = make_expectations(tmp_path, dan_cu__du=[entry(**changes)])
    if words:
        (expectations / "words.yaml").write_text(words, encoding="utf-8")
    return rules_page(load_catalogue(expectations), expectations).entries[0]


def test_every_rule_is_on_the_page_once_with_title_and_law(catalogue: Catalogue, page: str) -> None:
    shown = _Text(page)
    assert len(shown.ids) == len(set(shown.ids))
    for rule in catalogue.rules:
        assert rule.id in shown.ids
        assert " ".join(rule.title.split()) in shown.text
        for law in rule.law:
            assert " ".join(law.text.split()) in shown.text
    assert page.count("<article ") == len(catalogue.rules)


def test_every_column_that_an_officer_reads_of_has_words(catalogue: Catalogue) -> None:
    speaker = Speaker(catalogue.registers, REAL)
    silent = {
        f"{rule.id}: {column}"
        for rule in catalogue.rules
        for column in (*rule.evidence, *(name for case in rule.cases for _, row in case.rows for name in row))
        if column not in ("record_id", "record_key") and speaker.column(rule, column) == UNKNOWN
    }
    assert sorted(silent) == [], "add the words to expectations/words.yaml"


def test_the_page_stands_alone_and_is_light(page: str) -> None:
    assert len(page.encode()) < HEAVIEST
    assert '<html lang="vi">' in page
    shown = _Text(page)
    assert all(address.startswith("#") and address[1:] in shown.ids for address in shown.addresses)
    assert not re.search(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}|@import|url\(", page)


def test_no_number_of_a_person_and_no_name_of_a_column_is_read(page: str, catalogue: Catalogue) -> None:
    text = _Text(page).text
    assert re.findall(r"\b\d{9,12}\b", text) == []
    assert "*******" in text
    columns = {name for register in catalogue.registers.values() for name in register.core_columns if "_" in name}
    assert sorted(set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text)) & columns) == []
    assert re.findall(r"\d{4}-\d\d-\d\d", text) == []


def test_counts_by_register_and_dimension_add_up(catalogue: Catalogue, page: str) -> None:
    table = re.search(r'id="bang">(.*?)</table>', page, flags=re.DOTALL)
    assert table
    rows = [
        [
            int(re.sub(r"<[^>]+>", "", cell).replace(".", ""))
            for cell in re.findall(r'<td class="n[^>]*>(.*?)</td>', row)
        ]
        for row in table[1].split("<tr>")[2:]
    ]
    assert all(sum(row[:4]) == row[4] for row in rows)
    assert sum(row[4] for row in rows) == len(catalogue.rules)


def test_a_message_names_fields_where_values_will_stand(tmp_path: Path) -> None:
    rule = said(tmp_path, message="Họ tên là {ho_ten}, sinh {ngay_sinh}.", evidence=["ho_ten", "ngay_sinh"])
    assert [(piece.text, piece.is_field) for piece in rule.message] == [
        ("Họ tên là ", False),
        ("họ tên khai sinh", True),
        (", sinh ", False),
        ("ngày sinh", True),
        (".", False),
    ]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("raw_ngay_sinh", "ngày sinh (nguyên văn)"),
        ("ngay_sinh_nam", "năm sinh"),
        ("ngay_sinh_do_chinh_xac", "mức đầy đủ của ngày sinh"),
        ("unit", "xã, phường quản lý"),
        ("ho_ten_ban_an", "họ tên khai sinh bản án"),  # a field and a part
        ("xyz", UNKNOWN),
    ],
)
def test_a_column_is_called_by_its_form(tmp_path: Path, column: str, words: str) -> None:
    expectations = make_expectations(tmp_path, dan_cu__du=[entry()])
    (expectations / "words.yaml").write_text("ban_an: bản án\n", encoding="utf-8")
    catalogue = load_catalogue(expectations)
    assert Speaker(catalogue.registers, expectations).column(catalogue.rules[0], column) == words


def test_a_counterpart_says_where_it_stands(tmp_path: Path) -> None:
    pair = {"with": "ly_hon", "here": "chu_the", "there": "chong", "columns": {"ten_kia": "chong_ho_ten"}}
    rule = said(tmp_path, pair=pair, passes_when="ten_kia = ho_ten", evidence=["ho_ten", "ten_kia"])
    assert rule.fields == ("họ tên khai sinh", "họ tên chồng theo bản án, quyết định ly hôn, hủy kết hôn")


def test_law_and_era_tell_their_dates(tmp_path: Path) -> None:
    law = [
        {"text": "Luật A", "from": date(2015, 1, 1), "to": date(2020, 12, 31), "source": "s", "certainty": "doubtful"},
        {"text": "Luật B", "source": "s", "certainty": "own"},
    ]
    rule = said(tmp_path, law=law, era={"by": "ngay_cap_the", "to": date(2020, 12, 31)})
    assert [(item.text, item.period) for item in rule.law] == [
        ("Luật A", "từ 01/01/2015 đến 31/12/2020"),
        ("Luật B", ""),
    ]
    assert rule.era == "Áp dụng với bản ghi có ngày cấp thẻ đến 31/12/2020."


def test_an_era_by_the_first_date_known_and_by_any_other_expression(tmp_path: Path) -> None:
    first = said(tmp_path / "a", era={"by": "coalesce(ngay_cap_the, ngay_cap_nhat)", "from": date(2016, 1, 1)})
    assert first.era == "Áp dụng với bản ghi có ngày cấp thẻ (không có thì ngày cập nhật) từ 01/01/2016."
    other = said(tmp_path / "b", era={"by": "greatest(ngay_cap_the, han_the)", "from": date(2016, 1, 1)})
    assert other.era == "Áp dụng với bản ghi có ngày của sự kiện từ 01/01/2016."


def test_examples_are_a_failing_and_a_passing_record_in_words(tmp_path: Path) -> None:
    cases = [
        {"verdict": "not_applicable", "ho_ten": "X"},
        {"verdict": "pass", "ho_ten": "A", "so_dinh_danh": "040190000011", "ngay_sinh": date(1990, 2, 28)},
        {"verdict": "fail", "ho_ten": None, "ma_dvhc": "16711", "why": "để trống"},
    ]
    failing, passing = said(tmp_path, cases=cases).examples
    assert (failing.records[0].verdict, failing.why) == ("fail", "để trống")
    assert failing.records[0].values == (
        ("họ tên khai sinh", "(trống)"),
        ("mã đơn vị hành chính nơi thường trú", "16711 (Hưng Hòa)"),
    )
    assert passing.records[0].values[1:] == (("số định danh cá nhân", "040*******11"), ("ngày sinh", "28/02/1990"))


def test_a_case_of_several_records_keeps_them_together(tmp_path: Path) -> None:
    rows = [{"verdict": "pass", "ho_ten": "A"}, {"verdict": "fail"}, {"verdict": "undecided", "ho_ten": "B"}]
    tables = {"ly_hon": [{"chong_ho_ten": "C"}], "links": [{"person_id": "p"}]}
    (example,) = said(tmp_path, cases=[{"rows": rows, "tables": tables, "as_of": date(2026, 6, 30)}]).examples
    assert [record.verdict for record in example.records] == ["pass", "fail"]
    assert [(title, record.values) for title, record in example.beside] == [
        ("Bản án, quyết định ly hôn, hủy kết hôn", (("họ tên chồng", "C"),))
    ]
    assert example.why == "tính đến 30/06/2026"


def test_words_of_another_shape_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match=r"words\.yaml"):
        said(tmp_path, words="- ban_an\n")


def test_tolerance_trial_explanations_and_certainty_are_told(tmp_path: Path) -> None:
    rule = entry(
        trial=True,
        severity="info",
        answer="fix_or_explain",
        accepted_explanations=["Sổ gốc ghi như vậy"],
        tolerance={"max_failed": 1200, "why": "Hợp pháp"},
        law=[{"text": "Luật", "source": "s", "certainty": "likely"}],
    )
    expectations = make_expectations(tmp_path, dan_cu__du=[rule])
    write_rules_page(rules_page(load_catalogue(expectations), expectations), tmp_path / "p.html")
    text = _Text((tmp_path / "p.html").read_text(encoding="utf-8")).text
    for part in (
        "Thử nghiệm, không tính",
        "Sổ gốc ghi như vậy",
        "Cho phép tới 1.200 bản ghi: hợp pháp",
        f"Luật ({CERTAINTIES['likely']})",
        SEVERITIES["info"],
    ):
        assert part in text


def test_the_same_rules_give_the_same_bytes(catalogue: Catalogue, page: str, tmp_path: Path) -> None:
    write_rules_page(rules_page(catalogue, REAL), tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page


def test_the_site_holds_the_page_and_links_lead_to_it(catalogue: Catalogue, tmp_path: Path) -> None:
    data = report_data()
    pages = write_site(data, tmp_path / "site", rules_page(catalogue, REAL))
    folder = tmp_path / "site" / "quy-tac"
    ids = _Text((folder / FILE_NAME).read_text(encoding="utf-8")).ids
    assert FILE_NAME in _Text((folder / "index.html").read_text(encoding="utf-8")).addresses
    assert f"{FILE_NAME}#KH01" in _Text(pages.rules["KH01"].read_text(encoding="utf-8")).addresses
    assert "KH01" in ids


def test_the_command_writes_the_page_and_leaves_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expectations = make_expectations(tmp_path, dan_cu__du=[entry(), entry(id="T02", trial=True)])
    monkeypatch.setenv("SOSACH_EXPECTATIONS", str(expectations))
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("x", encoding="utf-8")
    for arguments in (["rules", "page", "--out", str(out)], ["rules", "list"]):
        monkeypatch.setattr("sys.argv", ["sosach", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        assert stopped.value.code == 0
    assert sorted(path.name for path in out.iterdir()) == [FILE_NAME, "mine.txt"]
    listed = capsys.readouterr().out.splitlines()[1:]
    assert [(line.split()[0], " trial " in line) for line in listed] == [("T01", False), ("T02", True)]
