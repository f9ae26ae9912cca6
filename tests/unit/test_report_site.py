"""The static site: complete, the same every time, self-contained, safe, and without anything that must stay hidden."""

import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sosach.errors import SosachError
from sosach.report.model import RefusedDelivery, ReportData
from sosach.report.published import Published
from sosach.report.site import SitePages, fill_gaps, write_site
from sosach.report.words import CAMPAIGN_HEADINGS
from sosach.settings import PROJECT
from tests.unit.report_sample import report_data


@pytest.fixture(scope="module")
def data() -> ReportData:
    return report_data()


@pytest.fixture(scope="module")
def pages(data: ReportData, tmp_path_factory: pytest.TempPathFactory) -> SitePages:
    return write_site(data, tmp_path_factory.mktemp("trang") / "site")


class _Links(HTMLParser):
    """Addresses and ids of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src", "action", "poster", "srcset", "data") and value:
                self.addresses.append(value)
            if name == "id" and value:
                self.ids.add(value)


@cache
def read_links(path: Path) -> _Links:
    links = _Links()
    links.feed(path.read_text(encoding="utf-8"))
    return links


def all_pages(pages: SitePages) -> list[Path]:
    return sorted(pages.index.parent.rglob("*.html"))


def test_there_is_a_page_for_the_province_each_unit_each_rule_and_how_to_read(
    data: ReportData, pages: SitePages
) -> None:
    assert set(pages.communes) == {row.unit.code for row in data.rows}
    assert len(pages.communes) == 131
    assert set(pages.rules) == {rule.rule_id for rule in data.rules}
    alone = ("index.html", "cach-doc.html", "khang-dinh.html", "quy-tac/index.html")
    expected = {pages.index.parent / name for name in alone}
    assert set(all_pages(pages)) == expected | set(pages.communes.values()) | set(pages.rules.values())


def test_the_page_of_what_data_confirm_tells_why_not_and_hides_small_counts(data: ReportData, pages: SitePages) -> None:
    text = (pages.index.parent / "khang-dinh.html").read_text(encoding="utf-8")
    province = Published(data).province
    for rate in (province.confirmable, province.answerable):
        assert rate.text in text
        assert f"{rate.numerator.text} / {rate.denominator.text}" in text
        assert f"Khoảng 95%: {rate.interval}" in text
    cells = dict(re.findall(r'<td class="first">([^<]*?) <span class="note">.*?</td><td [^>]*>([^<]*)</td>', text))
    books = next(row for row in data.reasons if row.code == "chua_du_so")
    small = next(row for row in data.reasons if row.code == "so_dinh_danh")
    assert (cells[small.title], cells[books.title]) == ("&lt;5", "*")  # the rest of the sum hides it
    communes = re.findall(r'<td class="stick"><a href="xa/(\d+)\.html">', text)
    assert set(communes) == set(pages.communes) - {"TINH"}


def test_every_link_leads_to_a_page_of_the_site_and_nothing_comes_from_outside(pages: SitePages) -> None:
    for page in all_pages(pages):
        for address in read_links(page).addresses:
            if address.startswith("data:image/svg+xml;base64,"):
                continue
            path, _, anchor = address.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.is_file(), f"{page.name}: {address}"
            assert not anchor or anchor in read_links(target).ids, f"{page.name}: {address}"
        assert not re.search(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}|@import|url\(", page.read_text(encoding="utf-8"))


def test_the_same_results_give_the_same_bytes_in_another_process(pages: SitePages, tmp_path: Path) -> None:
    """Another hash seed, another clock: nothing of either may reach a page."""
    code = (
        "import sys; from pathlib import Path; from tests.unit.report_sample import report_data;"
        "from sosach.report.site import write_site; write_site(report_data(), Path(sys.argv[1]))"
    )
    again = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-c", code, str(again)], cwd=PROJECT, check=True, env={"PYTHONHASHSEED": "4711", "TZ": "UTC-9"}
    )

    def digest(root: Path) -> dict[str, str]:
        return {
            str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in root.rglob("*") if p.is_file()
        }

    assert digest(again) == digest(pages.index.parent)


def test_an_old_site_is_replaced_as_a_whole(data: ReportData, tmp_path: Path) -> None:
    target = tmp_path / "site"
    (target / "xa").mkdir(parents=True)
    (target / "xa" / "99999.html").write_text("cũ", encoding="utf-8")
    write_site(replace(data, rules=data.rules[:1]), target)
    assert not (target / "xa" / "99999.html").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["site"]


def test_the_province_page_has_the_headline_with_numerator_and_denominator(data: ReportData, pages: SitePages) -> None:
    text = pages.index.read_text(encoding="utf-8")
    published = Published(data).province
    for found in (published.confirmable, published.clean, published.filled):
        assert f'<div class="big">{found.text}</div>' in text
        assert f"{found.numerator.text} / {found.denominator.text}" in text
    for heading in CAMPAIGN_HEADINGS:
        assert f">{heading}</th>" in text
    assert "05/09/2025" in text
    assert "ket_hon_quy_4.csv" in text


def test_no_page_tells_a_small_count(data: ReportData, pages: SitePages) -> None:
    """Cells, sort values and bars: a hidden count is in none of them."""
    row = next(r for r in data.rows if 0 < r.counts.duplicate < 5 and r.counts.missing > 9 and r.counts.differing > 9)
    text = pages.index.read_text(encoding="utf-8")
    line = next(part for part in text.split("<tr>") if f"xa/{row.unit.code}.html" in part)
    cells = re.findall(r"<td[^>]*>.*?</td>", line)
    assert cells[8] == '<td class="n" data-v="">&lt;5</td>'
    for page in all_pages(pages):
        for sort, shown in re.findall(r'data-v="([^"]*)">([^<]*)<', page.read_text(encoding="utf-8")):
            if shown.startswith(("&lt;", "*")):
                assert sort == "", f"{page.name}: {shown}"
    commune = pages.communes[row.unit.code].read_text(encoding="utf-8")
    assert 'class="duplicate" style' not in commune
    assert "Trùng: <b>&lt;5</b>" in commune


def test_text_from_data_cannot_become_markup(data: ReportData, tmp_path: Path) -> None:
    evil = RefusedDelivery("ket_hon", "<script>alert(1)</script>.csv", "<img src=x onerror=alert(1)>")
    pages = write_site(replace(data, refused=(evil,), campaign_title="A <b>&</b> B"), tmp_path / "site")
    text = pages.index.read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "A &lt;b&gt;&amp;&lt;/b&gt; B" in text


def test_a_rule_page_never_fills_its_message_in(data: ReportData, pages: SitePages) -> None:
    text = pages.rules["KH01"].read_text(encoding="utf-8")
    assert "Đăng ký ngày …: giá trị ghi trong sổ chưa phù hợp với …" in text
    assert "{" not in text.split("<main", 1)[1].split("<script", 1)[0]
    assert fill_gaps("Sinh {a}, mất {b}.") == "Sinh …, mất …"


def test_a_rule_that_could_not_run_shows_no_figures(pages: SitePages) -> None:
    text = pages.rules["XN05"].read_text(encoding="utf-8")
    assert "không chạy được" in text
    assert "Theo xã, phường" not in text


def test_a_code_that_is_no_file_name_is_refused(data: ReportData, tmp_path: Path) -> None:
    bad = replace(data.rules[0], rule_id="../KH01")
    with pytest.raises(SosachError, match="KH01"):
        write_site(replace(data, rules=(bad,)), tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_report_without_communes_rules_or_refusals_is_still_a_page(data: ReportData, tmp_path: Path) -> None:
    nothing = replace(data.totals, **dict.fromkeys(data.totals.__dataclass_fields__, 0))
    empty = replace(
        data,
        rows=(),
        rules=(),
        classes=(),
        dimensions=(),
        refused=(),
        registers=(),
        totals=nothing,
        previous_clean=None,
    )
    text = write_site(empty, tmp_path / "site").index.read_text(encoding="utf-8")
    assert '<div class="big">–</div>' in text
