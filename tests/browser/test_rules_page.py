"""The officers' page of all rules in a real browser: found by words without diacritics, narrowed, printed whole.

Needs Chromium like ``test_site``.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from sosach.checks.catalogue import load_catalogue
from sosach.checks.rule_words import rules_page
from sosach.report.rules_page import FILE_NAME, write_rules_page
from sosach.settings import PROJECT
from tests.browser.test_site import pytestmark

__all__ = ["pytestmark"]

REAL = PROJECT / "expectations"
PHONE = {"width": 375, "height": 812}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    target = tmp_path_factory.mktemp("page") / FILE_NAME
    write_rules_page(rules_page(load_catalogue(REAL), REAL), target)
    return target.as_uri()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, which asks for no other address and makes the browser complain of nothing."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    yield page
    page.close()
    assert {url.partition("#")[0] for url in asked} == {address}
    assert complaints == []


def shown(page: Page) -> list[str]:
    """Codes of the rules that can be seen."""
    return page.evaluate("Array.from(document.querySelectorAll('article:not([hidden])'), a => a.id)")


def total() -> int:
    return len(load_catalogue(REAL).rules)


def test_a_rule_is_found_by_words_without_diacritics(page: Page) -> None:
    assert len(shown(page)) == total()
    page.get_by_label("Tìm").fill("TUOI ket hon")
    assert "KH01" in shown(page)
    assert page.locator("#dem").inner_text() == f"Đang hiện {len(shown(page))} trong {total()} quy tắc"
    assert page.locator("h2:visible").count() < 10
    page.get_by_label("Tìm").fill("zzzz")
    assert shown(page) == []
    assert page.locator("#khong").is_visible()
    page.get_by_label("Tìm").fill("")
    assert len(shown(page)) == total()
    assert not page.locator("#khong").is_visible()


def test_register_dimension_and_severity_narrow_the_list(page: Page) -> None:
    page.get_by_label("Sổ").select_option(label="Kết hôn")
    page.get_by_label("Tiêu chí").select_option(label="Đúng")
    page.get_by_label("Mức độ").select_option(label="Nghiêm trọng")
    rules = load_catalogue(REAL).rules
    wanted = [r.id for r in rules if (r.register_id, r.dimension, r.severity) == ("ket_hon", "dung", "critical")]
    assert sorted(shown(page)) == sorted(wanted)


def test_examples_open_and_an_anchor_opens_its_rule(page: Page, address: str) -> None:
    examples = page.locator("#KH01 dl.x")
    assert not examples.is_visible()
    page.locator("#KH01 button").click()
    assert examples.is_visible()
    assert page.locator("#KH01 button").get_attribute("aria-expanded") == "true"
    page.get_by_label("Tìm").fill("khai sinh")
    page.goto(f"{address}#KH03")
    assert page.locator("#KH03 dl.x").is_visible()
    assert page.get_by_label("Tìm").input_value() == ""


def test_a_code_of_several_rules_as_an_anchor_is_searched(page: Page, address: str) -> None:
    page.goto(f"{address}#BK01")
    found = shown(page)
    assert {"BK01-KH", "BK01-KS"} <= set(found)
    assert len(found) < total()


def test_a_phone_never_scrolls_sideways(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.get_by_label("Tìm").fill("KH01")
    for button in page.locator("article:visible button").all():
        button.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_label("Tìm").fill("")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_paper_shows_everything_but_the_controls(page: Page, tmp_path: Path) -> None:
    page.emulate_media(media="print")
    assert page.locator("#KH01 dl.x").is_visible()
    assert not page.locator("#tim").is_visible()
    assert page.locator("article button:visible").count() == 0
    assert page.locator("#KH01").evaluate("a => getComputedStyle(a).breakInside") == "avoid"


def test_without_script_the_whole_list_is_there(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.locator("article").count() == total()
    assert page.locator("#KH01 dl.x").is_visible()
    assert not page.locator("#tim").is_visible()
    context.close()


def test_text_has_enough_contrast(page: Page) -> None:
    """Each colour of text on a rule against the colour behind it, by WCAG: at least 4.5 to 1."""
    page.locator("#KH01 button").click()
    low = page.evaluate(
        """() => {
          const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
          const linear = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
          const weights = [0.2126, 0.7152, 0.0722];
          const light = (c) => weights.reduce((sum, weight, i) => sum + weight * linear(c[i] / 255), 0);
          const behind = (node) => {
            for (let n = node; n; n = n.parentElement) {
              const c = rgb(getComputedStyle(n).backgroundColor);
              if (c.length < 4 || c[3] > 0) return c;
            }
            return [255, 255, 255];
          };
          const found = [];
          for (const node of document.querySelectorAll("#KH01 *, #giai-thich *, header *, .find *, h3")) {
            const a = light(rgb(getComputedStyle(node).color)), b = light(behind(node));
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (node.textContent.trim() && ratio < 4.5) found.push([node.tagName, node.className, ratio]);
          }
          return found;
        }"""
    )
    assert low == []
