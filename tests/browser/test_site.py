"""The static site in a real browser, opened from a folder: readable on a desk and on a phone, silent on the network.

Needs Chromium from the system (SOSACH_CHROMIUM names another place); skipped with a line that says so where there is
none, unless SOSACH_REQUIRE_BROWSER is set (as CI does): then they fail.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from sosach.report.site import SitePages, write_site
from tests.browser.conftest import CHROMIUM
from tests.unit.report_sample import report_data

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).is_file() and "SOSACH_REQUIRE_BROWSER" not in os.environ,
    reason=f"no Chromium at {CHROMIUM}: install the package chromium",
)
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> SitePages:
    return write_site(report_data(), tmp_path_factory.mktemp("trang") / "site")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that records every address asked for and every complaint of the browser, and wants none of either."""
    page = browser.new_page(viewport=DESK)
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert asked, "the test opened no page"
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert complaints == []


def names(page: Page) -> list[str]:
    """The units in the ranking table that can be seen, from top to bottom."""
    return page.locator("#bang-xa tbody tr:visible td:nth-child(2)").all_inner_texts()


def column(page: Page, number: int) -> list[float | None]:
    """Numbers in a column of the ranking table; None where hidden."""
    texts = page.locator(f"#bang-xa tbody td:nth-child({number})").all_inner_texts()
    return [float(t.replace(".", "")) if re.fullmatch(r"[\d.]+", t) else None for t in texts]


def test_the_province_page_opens_from_a_folder_with_its_pictures(page: Page, pages: SitePages) -> None:
    page.goto(pages.index.as_uri())
    assert page.locator("h1").inner_text() == "Cao điểm 90 ngày đêm làm sạch dữ liệu hôn nhân"
    assert page.locator(".card .big").count() == 3
    pictures = page.locator("figure img")
    assert pictures.count() == 2
    for number in range(2):
        assert pictures.nth(number).evaluate("image => image.complete && image.naturalWidth > 0")


def test_the_ranking_sorts_by_any_column_and_hidden_cells_stay_last(page: Page, pages: SitePages) -> None:
    page.goto(pages.index.as_uri())
    button = page.locator("#bang-xa thead th:nth-child(7) [role=button]")  # Thiếu thông tin
    button.click()
    values = column(page, 7)
    shown = [value for value in values if value is not None]
    assert shown == sorted(shown, reverse=True)
    assert len(shown) > 100
    assert None in values, "the sample must have hidden cells"
    assert all(value is None for value in values[len(shown) :])
    button.press("Enter")
    assert [value for value in column(page, 7) if value is not None] == sorted(shown)
    assert column(page, 7)[-1] is None


def test_a_commune_is_found_without_typing_diacritics(page: Page, pages: SitePages) -> None:
    page.goto(pages.index.as_uri())
    assert len(names(page)) == 131
    page.get_by_label("Tìm xã, phường").fill("luong minh")
    assert names(page) == ["Xã Lượng Minh"]
    page.get_by_label("Tìm xã, phường").fill("ĐÔ LƯƠNG")
    assert names(page) == ["Xã Đô Lương"]
    page.get_by_label("Tìm xã, phường").fill("")
    assert len(names(page)) == 131


def test_from_province_to_commune_to_rule_and_back(page: Page, pages: SitePages) -> None:
    page.goto(pages.index.as_uri())
    page.get_by_role("link", name="Xã Lượng Minh").click()
    assert page.url == pages.communes["16906"].as_uri()
    assert page.locator("h1").inner_text() == "Xã Lượng Minh"
    rule = page.locator("main table a").first
    title = rule.inner_text()
    rule.click()
    assert page.locator("h1").inner_text() == title.replace(" ", " · ", 1)
    page.get_by_role("link", name="Toàn tỉnh").click()
    assert page.url == pages.index.as_uri()


def test_rules_are_found_by_words(page: Page, pages: SitePages) -> None:
    page.goto((pages.index.parent / "quy-tac" / "index.html").as_uri())
    page.get_by_label("Tìm theo mã, tên, sổ").fill("tuoi ket hon")
    assert page.locator("#bang-quy-tac tbody tr:visible").count() == 1
    page.locator("#bang-quy-tac tbody tr:visible a").click()
    assert page.url == pages.rules["KH01"].as_uri()


@pytest.mark.parametrize(
    "which", ["index.html", "xa/16906.html", "quy-tac/KH01.html", "quy-tac/index.html", "cach-doc.html"]
)
def test_a_phone_never_scrolls_the_page_sideways(page: Page, pages: SitePages, which: str) -> None:
    page.set_viewport_size(PHONE)
    page.goto((pages.index.parent / which).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.locator("h1").bounding_box()["width"] <= PHONE["width"]  # type: ignore[index]


def test_without_script_everything_is_still_there(browser: Browser, pages: SitePages) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=DESK)
    page = context.new_page()
    page.goto(pages.index.as_uri())
    assert page.locator("#bang-xa tbody tr").count() == 131
    context.close()


def test_vietnamese_letters_have_shapes(page: Page, pages: SitePages) -> None:
    """Each letter of the text is drawn by a font that has it, not as the box for a missing one."""
    page.goto(pages.index.as_uri())
    same = page.evaluate(
        """() => {
          const draw = (letter) => {
            const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
            canvas.width = canvas.height = 40;
            pen.font = "28px " + getComputedStyle(document.body).fontFamily;
            pen.fillText(letter, 2, 30);
            return Array.from(pen.getImageData(0, 0, 40, 40).data).join();
          };
          const box = draw("\\u{10FFFE}");
          const letters = "ăâđêôơưĂÂĐÊÔƠƯạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ";
          return Array.from(letters).filter((letter) => draw(letter) === box);
        }"""
    )
    assert same == []
