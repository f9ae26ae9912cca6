"""The static site: a page for the province, one a commune, one a rule, one of all rules, one on how to read them,
one on what data can confirm.

Where registers declare when they are to be delivered, there is one of deliveries too.

Holds which page shows what; the words are in the templates, what may be printed in ``published``. Every page stands
alone (its style and script are inside it), opens from a folder or a mail, and asks no other address for anything.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sosach.errors import SosachError
from sosach.lake import atomic_dir
from sosach.report import charts, vn, words
from sosach.report.deliveries import FILE_NAME as DUE_PAGE
from sosach.report.deliveries import due_totals, owing
from sosach.report.model import ReportData, Unit
from sosach.report.published import Published, PublishedRule, Rate
from sosach.report.rules_page import FILE_NAME, RulesPage, write_rules_page

TEMPLATES = Path(__file__).parent / "templates"
_SAFE_NAME = re.compile(r"^[A-Za-z0-9_-]+$")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True)
class SitePages:
    """Where the pages are, relative paths of communes and rules by unit code and rule id."""

    index: Path
    communes: dict[str, Path]
    rules: dict[str, Path]


def write_site(data: ReportData, target: Path, catalogue: RulesPage | None = None) -> SitePages:
    """Write the whole site as the folder ``target``, replacing what was there.

    Args:
        data: the results of one run.
        target: the folder of the site.
        catalogue: all rules in words; without it the site has no page of them.

    Returns:
        The pages written.

    Raises:
        BalanceError: the results do not add up.
        SosachError: a unit code or rule id cannot be a file name.
    """
    published = Published(data)
    site = _Site(published, FILE_NAME if catalogue else "")
    communes = {row.unit.code: Path("xa") / f"{_file_name(row.unit.code)}.html" for row in published.rows if row.unit}
    rules = {rule.row.rule_id: Path("quy-tac") / f"{_file_name(rule.row.rule_id)}.html" for rule in published.rules}
    with atomic_dir(target) as folder:
        (folder / "xa").mkdir()
        (folder / "quy-tac").mkdir()
        site.write(folder / "index.html", "index.html", "", **_province_pictures(published))
        site.write(folder / "cach-doc.html", "cach_doc.html", "")
        site.write(folder / "khang-dinh.html", "khang_dinh.html", "")
        site.write(folder / "quy-tac" / "index.html", "quy_tac_index.html", "../")
        if data.due:
            pages = {code: path.as_posix() for code, path in communes.items()}
            found = {"totals": due_totals(data.due), "owing": owing(data.due), "pages": pages}
            site.write(folder / DUE_PAGE, "giao_nhan.html", "", **found)
        if catalogue:
            write_rules_page(catalogue, folder / "quy-tac" / FILE_NAME, in_site=True)
        by_code = {rule.row.rule_id: dict(rule.by_unit) for rule in published.rules}
        for place, row in enumerate(published.rows):
            assert row.unit is not None
            broken = [(rule, by_code[rule.row.rule_id].get(row.unit.code)) for rule in published.rules]
            site.write(
                folder / communes[row.unit.code],
                "xa.html",
                "../",
                row=row,
                before=published.rows[place - 1].unit if place else None,
                after=published.rows[place + 1].unit if place + 1 < len(published.rows) else None,
                broken=_commune_rules(broken),
            )
        for rule in published.rules:
            site.write(
                folder / rules[rule.row.rule_id], "quy_tac.html", "../", rule=rule, units=_rule_units(rule, data)
            )
    return SitePages(
        target / "index.html",
        {code: target / path for code, path in communes.items()},
        {rule_id: target / path for rule_id, path in rules.items()},
    )


def fill_gaps(message: str) -> str:
    """A rule's message for everyone: each placeholder becomes ``…`` (no value is ever filled in here)."""
    return _PLACEHOLDER.sub("…", message).replace("….", "…")


class _Site:
    """The templates with the words and formats that they use."""

    def __init__(self, published: Published, catalogue_file: str) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "so": vn.so,
            "so2": vn.so2,
            "ty_le": vn.ty_le,
            "ngay": vn.ngay,
            "fill_gaps": fill_gaps,
        }
        self._environment.globals |= {
            "data": published.data,
            "published": published,
            "catalogue_file": catalogue_file,
            "words": words,
            "ranked": sum(row.rank != vn.NOTHING for row in published.rows),
            "css": Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
            "script": Markup((TEMPLATES / "table.js").read_text(encoding="utf-8")),
        }

    def write(self, path: Path, template: str, root: str, **values: Any) -> None:
        text = self._environment.get_template(template).render(root=root, **values)
        path.write_text(text, encoding="utf-8")


def _province_pictures(published: Published) -> dict[str, str]:
    colors = {"missing": charts.AMBER, "differing": charts.RED, "duplicate": charts.PURPLE, "to_verify": charts.GREY}
    found = [(row, cell.value) for row, cell in published.classes() if row.group in colors and cell.value]
    found.sort(key=lambda pair: (-pair[1], pair[0].code))
    percents = [row.clean.value for row in published.rows if row.rank != vn.NOTHING and row.clean.value is not None]
    return {
        "class_picture": charts.draw_bars(
            [row.code for row, _ in found], [n for _, n in found], [colors[row.group] for row, _ in found]
        ),
        "clean_picture": charts.draw_distribution(percents, published.province.clean.value),
    }


def _commune_rules(rules: Sequence[tuple[PublishedRule, Rate | None]]) -> list[tuple[PublishedRule, Rate]]:
    """Rules broken in the commune that somebody has to act on, most broken first; hidden counts last, by rule id."""
    broken = [
        (rule, found)
        for rule, found in rules
        if found is not None and found.numerator.value != 0 and rule.row.answer != "auto"
    ]
    return sorted(broken, key=lambda pair: (-(pair[1].numerator.value or 0), pair[0].row.rule_id))


def _rule_units(rule: PublishedRule, data: ReportData) -> list[tuple[Unit, Rate]]:
    """Units that break the rule, most first; hidden counts last, by unit code."""
    names = {row.unit.code: row.unit for row in data.rows}
    broken = [(names[code], found) for code, found in rule.by_unit if code in names and found.numerator.value != 0]
    return sorted(broken, key=lambda pair: (-(pair[1].numerator.value or 0), pair[0].code))


def _file_name(code: str) -> str:
    if not _SAFE_NAME.match(code):
        raise SosachError(
            f"site: {code!r} cannot be a file name. Use letters, digits, - and _ in unit codes and rule ids."
        )
    return code
