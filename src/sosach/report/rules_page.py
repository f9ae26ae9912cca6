"""One page of all rules, for officers: what each rule means, what to do, the law behind it, and examples.

Holds the page's data and its writing. The words come from ``checks.rule_words``; nothing here is a result of a run.
The page stands alone (style and script are inside it), works without its script, and prints.
"""

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sosach.lake import atomic_path
from sosach.report import vn, words

TEMPLATES = Path(__file__).parent / "templates"
FILE_NAME = "bo-quy-tac.html"


@dataclass(frozen=True)
class Piece:
    """A piece of a sentence: plain text, or the name of a field that stands where a value will."""

    text: str
    is_field: bool


@dataclass(frozen=True)
class LawText:
    """What a rule rests on, when that was in force, and how sure we are of it (a key of ``words.CERTAINTIES``)."""

    text: str
    period: str
    certainty: str


@dataclass(frozen=True)
class ExampleRecord:
    """A made-up record: its verdict (``pass``, ``fail``, or ``""`` where nothing is asked of it) and its values."""

    verdict: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Example:
    """Made-up records that stand together, and why they are as they are. ``beside``: records of other registers."""

    records: tuple[ExampleRecord, ...]
    beside: tuple[tuple[str, ExampleRecord], ...]
    why: str


@dataclass(frozen=True)
class RuleEntry:
    """One rule in words."""

    rule_id: str
    version: int
    register_id: str
    register_title: str
    cross: bool  # compares registers
    of_units: bool  # judges figures of communes, not records
    dimension: str
    severity: str
    answer: str
    trial: bool
    title: str
    message: tuple[Piece, ...]
    what_to_do: str
    law: tuple[LawText, ...]
    era: str  # "" where the rule is of all times
    explanations: tuple[str, ...]
    fields: tuple[str, ...]  # what an officer looks at
    tolerance: str
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class RulesPage:
    """All rules, those of a register together in the order of their codes."""

    entries: tuple[RuleEntry, ...]
    catalogue_version: str

    @property
    def registers(self) -> tuple[tuple[str, str, dict[str, tuple[RuleEntry, ...]]], ...]:
        """Register id, title and its rules by dimension; dimensions without a rule are left out."""
        found = []
        for (register, title), members in groupby(self.entries, key=lambda e: (e.register_id, e.register_title)):
            listed = list(members)
            by_dimension = {d: tuple(e for e in listed if e.dimension == d) for d in words.DIMENSIONS}
            found.append((register, title, {d: rules for d, rules in by_dimension.items() if rules}))
        return tuple(found)


def write_rules_page(page: RulesPage, target: Path, in_site: bool = False) -> None:
    """Write the page as the file ``target``.

    Args:
        page: the rules in words.
        target: the HTML file to replace.
        in_site: the page stands in ``quy-tac/`` of the site, beside the results of each rule, and links to them.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["so"] = vn.so
    text = environment.get_template("bo_quy_tac.html").render(
        page=page,
        in_site=in_site,
        words=words,
        css=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
        own_css=Markup((TEMPLATES / "bo_quy_tac.css").read_text(encoding="utf-8")),
        script=Markup((TEMPLATES / "bo_quy_tac.js").read_text(encoding="utf-8")),
    )
    with atomic_path(target) as draft:
        draft.write_text(text, encoding="utf-8")
