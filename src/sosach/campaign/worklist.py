"""The lines of one commune's work list: open issues with their evidence and proposal, and pairs left to people.

Personal: what leaves here goes only into that commune's workbook, identity numbers masked. Information findings are
counted in the report and not listed, so that officers see what they have to settle.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb

from sosach.checks.catalogue import Catalogue
from sosach.duck import literal
from sosach.link.reconcile_words import words_by_issue
from sosach.link.review_cards import lines_of_pairs, make_cards
from sosach.manifest import Manifest
from sosach.places import place_join, place_words
from sosach.registers import Register, RegisterField
from sosach.report.model import WorkLine
from sosach.report.words import NO_COMMUNE
from sosach.report.workbook import PairList

_NAMES = {
    "khai_sinh": "nks_ho_ten",
    "ket_hon": "concat_ws(' – ', chong_ho_ten, vo_ho_ten)",
    "khai_tu": "nkt_ho_ten",
    "xac_nhan_tthn": "nxn_ho_ten",
    "ly_hon": "concat_ws(' – ', chong_ho_ten, vo_ho_ten)",
    "dan_cu": "ho_ten",
    "cu_tru": "(SELECT any_value(d.ho_ten) FROM dan_cu d WHERE d.so_dinh_danh = cu_tru.so_dinh_danh "
    "HAVING count(DISTINCT d.ho_ten) = 1)",
    "nhan_cha_me_con": "concat_ws(' – ', cm_ho_ten, nc_ho_ten)",
    "nuoi_con_nuoi": "concat_ws(' – ', con_nuoi_ho_ten, cha_nuoi_ho_ten, me_nuoi_ho_ten)",
    "thay_doi_ho_tich": "ntd_ho_ten",
    "bhyt": "ho_ten",
    "can_cuoc": "ho_ten",
    "tai_khoan_dinh_danh": "ho_ten",
    "tai_khoan_dvc": "ho_ten",
    "chi_tra_an_sinh": "ho_ten",
}

_NUMBER = re.compile(r"\b(\d{3})\d{4,7}(\d{2})\b")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
_IDENTIFIER = re.compile(r"\b[A-Za-z]+(?:_[A-Za-z]+)+\b")

_NOT_RUN = "Kỳ này quy tắc chưa chạy được; việc giữ nguyên từ kỳ trước."

# Numbers of twelve digits that name no person and that an officer needs to find the file.
_OPEN_NUMBERS = ("so_ho_so_cu_tru",)

_LINES = """
CREATE OR REPLACE TEMP TABLE work_lines AS
WITH named AS ({names}),
field_labels (register, field, label) AS (VALUES {labels}),
delivered (delivery_id, file_name) AS (VALUES {files}),
proposed AS (
  SELECT issue_id, string_agg(
    label || ': ' || coalesce(old_value, '(trống)') || ' → '
      || CASE WHEN is_pin(new_value) THEN mask_id(new_value) ELSE new_value END
      || ' (' || reason || ')',
    '; ' ORDER BY proposal_id) AS proposal
  FROM proposals JOIN field_labels USING (register, field) GROUP BY 1)
SELECT i.unit, i.issue_id, i.rule_id, i.severity, i.register, i.record_key,
  n.person, coalesce(e.message, '{not_run}') AS message, coalesce(e.evidence, '{{}}') AS evidence, p.proposal,
  i.first_seen,
  f.file_name || ', ' || {place} AS source, k.words AS likelier
FROM issues i
LEFT JOIN evidence e ON e.register = i.register AND e.record_id = i.record_id AND e.rule_id = i.rule_id
LEFT JOIN named n ON n.register = i.register AND n.record_id = i.record_id
LEFT JOIN proposed p USING (issue_id)
LEFT JOIN issue_words k USING (issue_id)
LEFT JOIN delivered f ON f.delivery_id = split_part(i.record_id, ':', 1)
{parts}
WHERE i.state IN ('new', 'open', 'reopened') AND i.severity <> 'info'
"""

MAX_PAIRS = 300  # in one workbook: what a commune can look up in its books in some weeks

# A pair of a mention and two citizens is two lines: beside each other, so that an officer sees the choice.
_PAIRS = f"""
CREATE OR REPLACE TEMP TABLE work_pairs AS
WITH best AS (
  SELECT coalesce(unit, '{NO_COMMUNE}') AS unit, * EXCLUDE (unit),
    max(weight) OVER (PARTITION BY register, record_id, role) AS best
  FROM link_pairs WHERE decision = 'review'),
placed AS (
  SELECT unit, register, record_id, role, subject_record_id, other_register, other_record_id, other_role, probability,
    reason, count(*) OVER (PARTITION BY unit) AS pairs,
    row_number() OVER (PARTITION BY unit ORDER BY best DESC NULLS LAST, register, record_id, role,
      weight DESC NULLS LAST, subject_record_id, other_register, other_record_id, other_role) AS place
  FROM best)
FROM placed WHERE place <= {MAX_PAIRS}
"""

# The model's odds of one person to two: above 99 to 1, above 9 to 1, less.
_LIKENESS = (
    "CASE WHEN q.probability >= 0.99 THEN 'rất giống' WHEN q.probability >= 0.9 THEN 'khá giống' ELSE 'chưa rõ' END"
)


def build_lines(con: duckdb.DuckDBPyConnection, registers: dict[str, Register], manifest: Manifest) -> dict[str, int]:
    """Create table ``work_lines`` for all units; returns the number of lines by unit code."""
    labels = ", ".join(
        f"({literal(r)}, {literal(f.name)}, {literal(_label(f))})" for r, d in registers.items() for f in d.fields
    )
    files = ", ".join(f"({literal(d['delivery_id'])}, {literal(d['file_name'])})" for d in manifest.deliveries)
    names = " UNION ALL ".join(
        f"SELECT '{register}' AS register, record_id, {sql} AS person FROM {register}"
        for register, sql in _NAMES.items()
    )
    place, parts = place_words("i.record_id"), place_join("i.record_id")
    words_by_issue(con)
    con.execute(
        _LINES.format(
            not_run=_NOT_RUN,
            names=names,
            labels=labels,
            files=files,
            place=place,
            parts=parts,
        )
    )
    return {
        str(u): int(n) for u, n in con.execute("SELECT unit, count(*) FROM work_lines GROUP BY 1 ORDER BY 1").fetchall()
    }


def build_pairs(con: duckdb.DuckDBPyConnection, expectations: Path) -> dict[str, int]:
    """Create table ``work_pairs``: pairs that linkage left to people, likeliest first, ``MAX_PAIRS`` a unit.

    Returns:
        The number of such pairs by unit code, with those that do not stand in the table.
    """
    con.execute(_PAIRS)
    make_cards(con, expectations, "work_pairs")
    found = con.execute("SELECT unit, max(pairs) FROM work_pairs GROUP BY 1 ORDER BY 1").fetchall()
    return {str(unit): int(pairs) for unit, pairs in found}


def pairs_of(con: duckdb.DuckDBPyConnection, unit: str, pairs: int) -> PairList:
    """One unit's pairs; ``pairs`` is how many it has in all."""
    found = lines_of_pairs(con, "work_pairs", _LIKENESS, "q.reason", f"q.unit = {literal(unit)}", "q.place")
    lines = tuple(replace(line, reason=_why(line.reason)) for line in found)
    return PairList(lines, pairs - len(lines))


def _why(reason: str) -> str:
    """The words of the explanation, a line each: what agrees, what differs; what one side lacks is seen beside."""
    parts = reason.removeprefix("cần người xem: ").split("; ")
    return "\n".join(part[:1].upper() + part[1:] for part in parts if not part.startswith("không so được: "))


def _label(field: RegisterField) -> str:
    """What the form calls a field: its meaning without the explanation behind it."""
    return re.split(r"[(:,]", field.meaning)[0].strip()


def _labels(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Words for the official texts that are identifiers, such as DANG_CO_VO_CHONG: their first alias."""
    lists = ("tinh_trang_hon_nhan", "loai_cu_tru", "loai_viec_toa_an")
    query = " UNION ALL ".join(f"SELECT name, split_part(aliases, '|', 1) FROM cl_{name}" for name in lists)
    return {str(name): str(words) for name, words in con.execute(query).fetchall()}


def _mask(text: str) -> str:
    return _NUMBER.sub(r"\1*******\2", text)


def _masked_key(register: str, key: str) -> str:
    """The key with identity numbers masked.

    The number of a residence file is no identity number and finds the household.
    """
    first, *rest = key.split("|")
    return "|".join([first if register == "cu_tru" else _mask(first), *map(_mask, rest)])


def _plain(text: str, labels: dict[str, str]) -> str:
    """Text as an officer reads it: identifiers in words, dates dd/mm/yyyy."""
    worded = _IDENTIFIER.sub(lambda m: labels.get(m.group(), m.group()), text)
    return _ISO_DATE.sub(r"\3/\2/\1", worded)


def lines_of(
    con: duckdb.DuckDBPyConnection, unit: str, catalogue: Catalogue, registers: dict[str, Register]
) -> Iterator[WorkLine]:
    """One unit's lines, gravest first."""
    rules = {rule.id: rule for rule in catalogue.rules}
    labels = _labels(con)
    found = con.execute(
        "SELECT issue_id, rule_id, severity, register, record_key, person, message, evidence, proposal, first_seen, "
        "source, likelier FROM work_lines WHERE unit = ? "
        "ORDER BY severity <> 'critical', rule_id, record_key, issue_id",
        [unit],
    ).fetchall()
    for line in found:
        issue_id, rule_id, severity, register, key, person, message, evidence, proposal, first_seen, source, side = line
        rule = rules[rule_id]
        fields = {f.name: f for f in registers[register].fields}
        shown = []
        for column, value in json.loads(evidence).items():
            # What a lookup adds stands in the message already, in words; a field stands here under its form name.
            field = fields.get(column.removeprefix("raw_"))
            if field is not None and value is not None and field.type != "id_number":
                plain = _plain(str(value), labels)
                shown.append((_label(field), plain if field.name in _OPEN_NUMBERS else _mask(plain)))
        if side:
            shown.append(("Nhận định", side))
        shown.append(("Tệp", source or ""))
        yield WorkLine(
            issue_id=issue_id,
            rule_id=rule_id,
            severity=severity,
            title=rule.title,
            register_title=registers[register].title,
            record_key=_plain(_masked_key(register, key), labels),
            person=person or "",
            message=_plain(message, labels),
            evidence=tuple(dict.fromkeys(shown)),
            proposal=_mask(_plain(proposal or "", labels)),
            what_to_do=rule.what_to_do,
            answers=tuple(rule.accepted_explanations),
            first_seen=first_seen,
        )
