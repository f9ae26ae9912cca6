"""Reads an official report back and refuses percentages that do not follow from the counts beside them.

Knows how the report writes figures: in text ``55.861/62.229 công dân (89,77%)``, in tables by column headings. Holds no
figure of its own and does not write; a report edited by hand is checked the same way.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import docx
from docx.oxml.ns import qn
from docx.oxml.table import CT_Tbl
from docx.oxml.text.paragraph import CT_P

from sosach.errors import SosachError
from sosach.report.model import ReportData, Share
from sosach.report.suppress import SECONDARY, mark
from sosach.report.vn import NOTHING, percent, phan_tram, read_so, read_ty_le, ty_le

RATIO_COLUMNS = (
    ("Tỷ lệ %", "Đã rà soát", "Tổng số phải rà soát"),
    ("Tỷ lệ làm sạch %", "Khớp đúng", "Tổng số phải rà soát"),
    ("Tỷ lệ %", "Số công dân", "Tổng số phải rà soát"),
    ("Tỷ lệ %", "Số bản ghi đạt", "Số bản ghi được kiểm tra"),
    ("Tỷ lệ %", "Số bản ghi chưa đạt", "Số bản ghi đã kết luận"),
)
"""Headings of a percentage, its numerator and its denominator."""

_COUNT = r"(?:\d[\d.]*\d|\d|\*|<\d+)"
_SHARE = re.compile(rf"(?<![\d./])({_COUNT})/({_COUNT})(?![\d.]*\d)(?:[^%/]*?)((?:≥\s*)?\d[\d.,]*\s*%)")
_LEFT_OVER = re.compile(r"\d[\d.,]*\s*%")
_AT_LEAST = "≥"


def check_report(path: Path, data: ReportData) -> int:
    """Check every percentage of a report against its own numerator and denominator.

    Percentages inside texts that the campaign declares (a task's target, say) are not results and are passed over.

    Args:
        path: the DOCX file.
        data: what the report was made of; gives the declared texts, the smallest printed count and the number of units.

    Returns:
        The number of percentages checked, at least 1.

    Raises:
        SosachError: a percentage does not follow, has no counts beside it, or the report has none at all; names the
            place and what should stand there.
    """
    declared = _declared_texts(data)
    checked, tables, paragraphs, caption = 0, 0, 0, ""
    for element in docx.Document(str(path)).element.body.iterchildren():
        if isinstance(element, CT_P):
            text = _text(element)
            if not text.strip():
                continue
            paragraphs += 1
            if text.startswith(("Bảng ", "Phụ lục ")):
                caption = text
            place = f"{path.name}, đoạn thứ {paragraphs} (“{text[:40]}…”)"
            checked += _check_text(text, place, declared, data.small_cell)
        elif isinstance(element, CT_Tbl):
            tables += 1
            place = f"{path.name}, bảng thứ {tables}" + (f" ({caption})" if caption else "")
            checked += _check_table(element, place, declared, data.small_cell)
    if not checked:
        raise SosachError(f"{path.name}: không có tỷ lệ nào kèm tử số, mẫu số. Lập lại báo cáo (sosach publish).")
    return checked


def _check_text(text: str, place: str, declared: list[str], floor: int) -> int:
    """Percentages in running text; each must follow a fraction of its own."""
    for known in declared:
        text = text.replace(known, " ")
    found = list(_SHARE.finditer(text))
    for share in found:
        _check_rate(share[1], share[2], share[3], place, floor)
    if bare := _LEFT_OVER.search(_SHARE.sub(" ", text)):
        raise SosachError(
            f"{place}: tỷ lệ {bare.group().strip()} không có tử số, mẫu số đứng cạnh. "
            "Ghi theo dạng tử số/mẫu số (tỷ lệ)."
        )
    return len(found)


def _check_table(table: CT_Tbl, place: str, declared: list[str], floor: int) -> int:
    """Percentages in a table, by the columns that its headings name; other cells are read as text."""
    rows = [[_text(cell) for cell in row.tc_lst] for row in table.tr_lst]
    heads = [row.trPr is not None and row.trPr.find(qn("w:tblHeader")) is not None for row in table.tr_lst]
    headings = [heading.strip() for heading in rows[0]] if rows else []
    ratios = list(_ratios(headings, place))
    used = {column for column, _, _ in ratios}
    checked = 0
    for number, (row, head) in enumerate(zip(rows, heads, strict=True), start=1):
        if head or (used and number == 1):
            continue
        if used and len(row) != len(headings):
            raise SosachError(f"{place}, dòng {number}: có {len(row)} ô, cần {len(headings)} ô theo tiêu đề. Bỏ gộp ô.")
        for column, numerator, denominator in ratios:
            where = f"{place}, dòng {number} ({' '.join(row[:2]).strip()}), cột “{headings[column]}”"
            checked += _check_rate(row[numerator], row[denominator], row[column], where, floor)
        for column, text in enumerate(row):
            if column not in used:
                checked += _check_text(text, f"{place}, dòng {number}, cột {column + 1}", declared, floor)
    return checked


def _ratios(headings: list[str], place: str) -> Iterator[tuple[int, int, int]]:
    """Columns of each percentage, its numerator and its denominator."""
    for column, heading in enumerate(headings):
        if not heading.endswith("%"):
            continue
        known = [(n, d) for p, n, d in RATIO_COLUMNS if p == heading and n in headings and d in headings]
        if len(known) != 1:
            raise SosachError(
                f"{place}, cột “{heading}”: không rõ cột tử số và mẫu số. Giữ nguyên tiêu đề cột như báo cáo đã lập."
            )
        yield column, headings.index(known[0][0]), headings.index(known[0][1])


def _check_rate(numerator: str, denominator: str, printed: str, place: str, floor: int) -> int:
    """Whether the printed rate is the one that follows from the two printed counts.

    Returns:
        1 where a percentage was compared, 0 where ``*`` or ``–`` rightly stands for none.
    """
    part, whole = _count(numerator, place), _count(denominator, place)
    shown = printed.strip()
    if part is not None and whole is not None:
        expected = _rounded(Share(part, whole), shown)
    elif whole is not None and whole >= floor and shown.startswith(_AT_LEAST):
        least = Share(whole - floor + 1, whole)
        expected = f"{_AT_LEAST} {_rounded(least, shown.removeprefix(_AT_LEAST))}"
    else:
        expected = SECONDARY
    if "".join(shown.split()) != "".join(expected.split()):
        raise SosachError(
            f"{place}: ghi {shown or 'trống'}, theo {numerator.strip()}/{denominator.strip()} phải là {expected}. "
            "Sửa số liệu tại nguồn rồi lập lại báo cáo (sosach publish); không sửa tay tỷ lệ."
        )
    return int("%" in expected)


def _rounded(share: Share, shown: str) -> str:
    """The share with as many decimals as are shown, two where nothing readable is."""
    read = read_ty_le(shown)
    exact: Decimal | None = percent(share, read[1]) if read else percent(share)
    if exact is None:
        return NOTHING
    return phan_tram(exact) if read else ty_le(share)


def _count(text: str, place: str) -> int | None:
    """A printed count; None where it is hidden."""
    cleaned = text.strip()
    if cleaned == SECONDARY or re.fullmatch(re.escape(mark(0)[0]) + r"\d+", cleaned):
        return None
    value = read_so(cleaned)
    if value is None:
        raise SosachError(f"{place}: “{cleaned}” không phải số đếm. Ghi dạng 1.234, hoặc để nguyên ô đã ẩn.")
    return value


def _declared_texts(data: ReportData) -> list[str]:
    """Texts with a percentage that are declared, not computed; longest first."""
    texts = {data.campaign_title, *(refused.reason for refused in data.refused)}
    texts |= {refused.file_name for refused in data.refused}
    texts |= {text for rule in data.rules for text in (rule.title, rule.register_title)}
    texts |= {row.title for row in data.classes}
    for task in data.tasks:
        texts |= {task.what, task.who, task.with_whom, task.responsibility, task.authority, task.deadline, task.product}
    return sorted((text for text in texts if "%" in text), key=lambda text: (-len(text), text))


def _text(element: CT_P) -> str:
    return "".join(node.text or "" for node in element.iter(qn("w:t")))
