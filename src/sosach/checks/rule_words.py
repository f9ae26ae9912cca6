"""The rules in an officer's words: columns by what the form calls them, law with its dates, cases as examples.

Holds the way from the catalogue to ``report.rules_page``. Words for columns that no register has (those of a lookup
or of an aggregate) are in ``expectations/words.yaml``. Holds no result of a run.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, get_args

import yaml

from sosach.checks.catalogue import CROSS_REGISTER, Catalogue
from sosach.checks.evidence import EMPTY
from sosach.checks.rule import PLACEHOLDER, Case, Law, Rule
from sosach.checks.shapes import ORDER_COLUMNS
from sosach.errors import RuleFileError
from sosach.registers import Register, RegisterField
from sosach.report.rules_page import Example, ExampleRecord, LawText, Piece, RuleEntry, RulesPage
from sosach.report.vn import ngay, so

WORDS_FILE = "words.yaml"
UNKNOWN = "…"
"""What stands for a column that has no words."""

KINDS = get_args(Register.model_fields["kind"].annotation)
"""Kinds of registers in the order of the page."""

MOST_RECORDS = 6
"""An example with more records than this is not read."""

_PERSON_NUMBER = re.compile(r"\b(\d{3})\d{4,7}(\d{2})\b")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
_COALESCE = re.compile(r"coalesce\((\w+), *(\w+)\)", re.IGNORECASE)
_HIDDEN = {"record_id", "record_key", "_delivery", "_row"}
_RECORD_WORDS = {"unit": "xã, phường quản lý"}
_GROUP_WORDS = {"unit": "tên xã, phường", "period": "năm hoặc kỳ"}
_STEP_WORDS = dict(
    zip(ORDER_COLUMNS, ("sự kiện", "ngày của sự kiện", "sự kiện liền trước", "ngày của sự kiện trước"), strict=True)
)
_PRECISION_WORDS = {
    "ngay": "đủ ngày, tháng, năm",
    "thang": "chỉ có tháng, năm",
    "nam": "chỉ có năm",
    "tuoi": "chỉ có tuổi",
}


_PLACE_WORDS = {
    "du": "đủ các cấp",
    "ten_cu": "tên cũ, đủ các cấp",
    "thieu_huyen": "thiếu cấp huyện",
    "theo_ngay": "theo ngày của bản ghi",
    "mo_ho": "có nhiều nơi trùng tên",
    "ngoai_tinh": "ngoài tỉnh",
    "khong_ro": "không nhận ra",
}
"""How the unit of an address was found (``docs/architecture.md``, ``<f>_cach``)."""


def rules_page(catalogue: Catalogue, expectations: Path) -> RulesPage:
    """All rules of a catalogue in words.

    Args:
        catalogue: the rules.
        expectations: the folder that they come from; its code lists and ``words.yaml`` are read.

    Raises:
        RuleFileError: ``words.yaml`` is no mapping of names to words.
    """
    speaker = Speaker(catalogue.registers, expectations)
    places = {name: (KINDS.index(register.kind), name) for name, register in catalogue.registers.items()}
    listed = [(name, rule) for name, rules in catalogue.suites.items() for rule in rules]
    listed.sort(key=lambda pair: (places[pair[1].register_id], _by_number(pair[1].id)))
    return RulesPage(
        tuple(speaker.entry(rule, name.startswith(f"{CROSS_REGISTER}.")) for name, rule in listed), catalogue.version
    )


def _by_number(rule_id: str) -> list[tuple[str, int]]:
    """Order of codes in which KH2 stands before KH10."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"(\D+)(\d*)", rule_id)]


def label(field: RegisterField) -> str:
    """What the form calls a field: its meaning without the explanation behind it, as it stands inside a sentence."""
    return _inside(re.split(r"[(:,]", field.meaning)[0].strip())


class Speaker:
    """Says rules of one catalogue in words."""

    def __init__(self, registers: Mapping[str, Register], expectations: Path) -> None:
        self._registers = registers
        self._words = _read_words(expectations / WORDS_FILE)
        self._units = _unit_names(expectations / "code_lists" / "don_vi.csv")
        self._codes = dict(_aliases(expectations / "code_lists"))
        self._labels = {
            name: {field.name: label(field) for field in register.fields} for name, register in registers.items()
        }
        self._fields = {
            field.name: label(field) for register in reversed([*registers.values()]) for field in register.fields
        }

    def entry(self, rule: Rule, cross: bool) -> RuleEntry:
        """One rule in words; ``cross`` says that it stands in the folder of rules that compare registers."""
        return RuleEntry(
            rule_id=rule.id,
            version=rule.version,
            register_id=rule.register_id,
            register_title=self._registers[rule.register_id].title,
            cross=cross,
            of_units=rule.aggregate is not None,
            dimension=rule.dimension,
            severity=rule.severity,
            answer=rule.answer,
            trial=rule.trial,
            title=rule.title,
            message=tuple(self._message(rule)),
            what_to_do=rule.what_to_do,
            law=tuple(LawText(law.text, period(law), law.certainty) for law in rule.law),
            era=self._era(rule),
            explanations=rule.accepted_explanations,
            fields=tuple(dict.fromkeys(self.column(rule, column) for column in rule.evidence)),
            tolerance=_tolerance(rule),
            examples=tuple(self._example(rule, case) for case in _chosen(rule)),
        )

    def column(self, rule: Rule, column: str) -> str:
        """What an officer calls a column of a rule; ``UNKNOWN`` where nobody has said."""
        if rule.aggregate is not None:
            return _GROUP_WORDS.get(column) or self._spelled(column)
        named = self._of_register(self._registers[rule.register_id], column)
        if named is None and rule.pair is not None and column in rule.pair.columns:
            there = self._registers[rule.pair.with_]
            if own := self._of_register(there, rule.pair.columns[column]):
                named = f"{own} theo {_inside(there.title)}"
        if named is None and rule.order is not None:
            named = _STEP_WORDS.get(column)
        return named or self._spelled(column)

    def _of_register(self, register: Register, column: str) -> str | None:
        fields = self._labels[register.register_id]
        if column in fields:
            return fields[column]
        if (plain := column.removeprefix("raw_")) in fields and plain != column:
            return f"{fields[plain]} (nguyên văn)"
        for ending, words in (
            ("_nam", "năm của {}"),
            ("_thu_tu", "số thứ tự của {}"),
            ("_do_chinh_xac", "mức đầy đủ của {}"),
            ("_ma_nay", "đơn vị hiện nay của {}"),
            ("_ma", "đơn vị ghi trong {}"),
            ("_cach", "cách nhận ra đơn vị trong {}"),
        ):
            if (plain := column.removesuffix(ending)) in fields and plain != column:
                named = fields[plain]
                return (
                    named.replace("ngày sinh", "năm sinh")
                    if ending == "_nam" and "ngày sinh" in named
                    else words.format(named)
                )
        return _RECORD_WORDS.get(column)

    def _spelled(self, column: str) -> str:
        """A name that no register has, from the longest parts that have words."""
        parts, said, place = column.split("_"), [], 0
        while place < len(parts):
            for end in range(len(parts), place, -1):
                part = "_".join(parts[place:end])
                if known := self._words.get(part) or (self._fields.get(part) if "_" in part else None):
                    said.append(known)
                    place = end
                    break
            else:
                return UNKNOWN
        return " ".join(said)

    def _message(self, rule: Rule) -> Iterator[Piece]:
        end = 0
        for hit in PLACEHOLDER.finditer(rule.message):
            if hit.start() > end:
                yield Piece(rule.message[end : hit.start()], is_field=False)
            yield Piece(self.column(rule, hit[1]), is_field=True)
            end = hit.end()
        if end < len(rule.message):
            yield Piece(rule.message[end:], is_field=False)

    def _era(self, rule: Rule) -> str:
        if rule.era is None:
            return ""
        if both := _COALESCE.fullmatch(rule.era.by.strip()):
            named = f"{self.column(rule, both[1])} (không có thì {self.column(rule, both[2])})"
        else:
            named = self.column(rule, rule.era.by.strip())
        named = "ngày của sự kiện" if UNKNOWN in named else named
        return f"Áp dụng với bản ghi có {named} {_between(rule.era.from_, rule.era.to)}."

    def _example(self, rule: Rule, case: Case) -> Example:
        records = [
            ExampleRecord(verdict or "", tuple(self._values(rule, columns)))
            for verdict, columns in case.rows
            if verdict in ("pass", "fail", None)
        ]
        beside = [
            (self._registers[table].title, ExampleRecord("", tuple(self._plain_values(self._registers[table], row))))
            for table, rows in case.tables.items()
            if table in self._registers
            for row in rows
        ]
        why = "; ".join(text for text in (case.why, f"tính đến {ngay(case.as_of)}" if case.as_of else "") if text)
        return Example(tuple(records), tuple(beside), why)

    def _values(self, rule: Rule, columns: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for column, value in columns.items():
            if column not in _HIDDEN:
                yield self.column(rule, column), self._value(column, value)

    def _plain_values(self, register: Register, columns: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for column, value in columns.items():
            if column not in _HIDDEN and (named := self._of_register(register, column)):
                yield named, self._value(column, value)

    def _value(self, column: str, value: Any) -> str:
        """A made-up value as an officer reads it; whatever looks like a number of a person is masked all the same."""
        match value:
            case None | "":
                return EMPTY
            case bool():
                return "có" if value else "không"
            case date():
                return ngay(value)
            case int():
                return str(value)
            case float():
                return str(value).replace(".", ",")
        text = str(value)
        if column.endswith("_do_chinh_xac"):
            return _PRECISION_WORDS.get(text, text)
        if column.endswith("_cach"):
            return _PLACE_WORDS.get(text, text)
        if text in self._units and not column.startswith("raw_"):
            return f"{text} ({self._units[text]})"
        return _ISO_DATE.sub(r"\3/\2/\1", _PERSON_NUMBER.sub(r"\1*******\2", self._codes.get(text, text)))


def period(law: Law) -> str:
    """When a law was in force: ``từ 01/01/2015 đến 31/12/2020``; empty where no date is given."""
    return _between(law.from_, law.to)


def _between(begin: date | None, end: date | None) -> str:
    return " ".join([*([f"từ {ngay(begin)}"] if begin else []), *([f"đến {ngay(end)}"] if end else [])])


def _inside(text: str) -> str:
    """A phrase as it stands inside a sentence; an abbreviation keeps its capitals."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _tolerance(rule: Rule) -> str:
    if rule.tolerance is None:
        return ""
    if rule.tolerance.max_failed == 0:
        return f"Không bản ghi nào được phép: {_inside(rule.tolerance.why)}"
    return f"Cho phép tới {so(rule.tolerance.max_failed)} bản ghi: {_inside(rule.tolerance.why)}"


def _chosen(rule: Rule) -> list[Case]:
    """The simplest case with a failing record, and the simplest with a passing one unless the first has one."""
    chosen: list[Case] = []
    for verdict in ("fail", "pass"):
        fitting = [case for case in rule.cases if verdict in case.verdicts]
        simplest = min(fitting, key=lambda case: (len(case.tables), len(case.rows)))
        shown = len(simplest.rows) + sum(len(rows) for rows in simplest.tables.values())
        if not any(verdict in case.verdicts for case in chosen) and (shown <= MOST_RECORDS or not chosen):
            chosen.append(simplest)
    return chosen


def _read_words(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    found = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    if not isinstance(found, dict) or not all(isinstance(part, str) for pair in found.items() for part in pair):
        raise RuleFileError(f"{path}: must map names of columns to words.")
    return found


def _unit_names(path: Path) -> dict[str, str]:
    """Name of a unit's code; where the code has changed hands, the first name and today's."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        found: dict[str, list[str]] = {}
        for row in sorted(csv.DictReader(file), key=lambda row: row["valid_from"] or ""):
            found.setdefault(row["code"], []).append(row["name"])
    return {
        code: names[0] if names[0] == names[-1] else f"{names[0]}, nay là {names[-1]}" for code, names in found.items()
    }


def _aliases(folder: Path) -> Iterator[tuple[str, str]]:
    """Words for official texts that are identifiers (DANG_CO_VO_CHONG): their first alias."""
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if re.fullmatch(r"[A-Za-z]+(?:_[A-Za-z]+)+", row["name"] or "") and row.get("aliases"):
                    yield row["name"], row["aliases"].split("|")[0]
