"""Ruled tables of figures in an official document, with python-docx.

Holds how a table looks: widths, heading repeated on every page, small type. Holds no content.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Mm, Pt
from docx.styles.style import ParagraphStyle
from docx.table import Table
from docx.text.paragraph import Paragraph

LEFT, CENTRE, RIGHT = WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT
_SHORT = 6  # rows; a table up to this long is kept on one page


@dataclass(frozen=True)
class Column:
    """A table column: heading, width in millimetres, and how its cells are aligned."""

    heading: str
    width: float
    align: WD_ALIGN_PARAGRAPH = LEFT


def add_table(
    document: Document,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    size: float = 12,
    numbers: Sequence[str] = (),
    bold_rows: int = 0,
) -> None:
    """A ruled table whose heading is repeated on every page; no row is broken across pages.

    Args:
        document: where it is appended.
        columns: headings, widths, alignment.
        rows: texts, one for each column.
        size: points.
        numbers: a second heading row such as ``(1)``, ``(5) = (4)/(3)``.
        bold_rows: how many rows at the top are printed bold (totals).
    """
    heads = [[column.heading for column in columns], *([list(numbers)] if numbers else [])]
    table = document.add_table(rows=len(heads) + len(rows), cols=len(columns))
    table.style = document.styles["Table Grid"]
    fix_widths(table, [column.width for column in columns], margin=1)
    short = len(rows) <= _SHORT
    style = _cell_style(document, size).style_id
    for place, (row, texts) in enumerate(zip(table._tbl.tr_lst, [*heads, *rows], strict=True)):
        head = place < len(heads)
        properties = row.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if head:
            properties.append(OxmlElement("w:tblHeader"))
        for cell, text, column in zip(row.tc_lst, texts, columns, strict=True):
            cell.get_or_add_tcPr().append(_valued("w:vAlign", "center"))
            cell.p_lst[0].style = style  # by id: python-docx searches all styles for each paragraph otherwise
            paragraph = Paragraph(cell.p_lst[0], document._body)
            paragraph.alignment = CENTRE if head else column.align
            paragraph.paragraph_format.keep_with_next = head or (short and place < len(heads) + len(rows) - 1) or None
            run = paragraph.add_run(text)
            run.bold = True if place == 0 or len(heads) <= place < len(heads) + bold_rows else None
            run.italic = True if head and place else None
    gap = document.add_paragraph()
    gap.paragraph_format.space_after, gap.paragraph_format.line_spacing = Pt(0), Pt(6)


def fix_widths(table: Table, widths: Sequence[float], margin: float) -> None:
    """Column widths and side margins of the cells, in millimetres; the table keeps them whatever it holds."""
    table.autofit = False
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    twips = round(margin * 1440 / 25.4)
    sides = "".join(f'<w:{side} w:w="{twips}" w:type="dxa"/>' for side in ("left", "right"))
    layout = table._tbl.tblPr.find(qn("w:tblLayout"))
    assert layout is not None
    layout.addnext(parse_xml(f"<w:tblCellMar {nsdecls('w')}>{sides}</w:tblCellMar>"))
    for column, width in zip(table._tbl.tblGrid.gridCol_lst, widths, strict=True):
        column.w = Mm(width)
    for row in table._tbl.tr_lst:
        for cell, width in zip(row.tc_lst, widths, strict=True):
            cell.width = Mm(width)


def _cell_style(document: Document, size: float) -> ParagraphStyle:
    """The paragraph style of table cells of a size; made at first use."""
    name = f"Bang so lieu {size:g}"
    if name in document.styles:
        found = document.styles[name]
        assert isinstance(found, ParagraphStyle)
        return found
    style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    assert isinstance(style, ParagraphStyle)
    style.base_style = document.styles["Normal"]
    style.font.size = Pt(size)
    style.paragraph_format.space_before = style.paragraph_format.space_after = Pt(1)
    style.paragraph_format.line_spacing = 1.0
    return style


def _valued(tag: str, value: str) -> BaseOxmlElement:
    element = OxmlElement(tag)
    element.set(qn("w:val"), value)
    return element
