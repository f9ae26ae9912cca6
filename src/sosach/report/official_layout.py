"""Building blocks of an official document in the layout of Nghị định 30/2020/NĐ-CP, Phụ lục I, with python-docx.

Holds page, fonts, letterhead, headings, signature block, annex section and saving; tables of figures are in
``official_grid``. Holds no content: every word and number comes from the caller. The same calls give the same bytes.
"""

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt
from docx.styles.style import ParagraphStyle
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from sosach.lake import atomic_path
from sosach.report.official_grid import CENTRE, LEFT, fix_widths
from sosach.report.vn import ngay_chu

FONT = "Times New Roman"
BODY = 14  # points
PORTRAIT_WIDTH = 165  # millimetres between the margins
LANDSCAPE_WIDTH = 252
BLANK = "……"  # what a person fills in by hand, inside a line
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def new_document(title: str, author: str, as_of: date) -> Document:
    """An empty A4 document: margins 20/20/30/15 mm, Times New Roman 14, page number above from page 2 on."""
    document = docx.Document()
    for key, relation in list(document.part.package.rels.items()):
        if relation.reltype == RELATIONSHIP_TYPE.THUMBNAIL:
            del document.part.package.rels[key]
    _set_fonts(document)
    normal = document.styles["Normal"]
    assert isinstance(normal, ParagraphStyle)
    normal.font.size = Pt(BODY)
    normal.paragraph_format.space_before, normal.paragraph_format.space_after = Pt(0), Pt(6)
    normal.paragraph_format.line_spacing = 1.1
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin = section.bottom_margin = Mm(20)
    section.left_margin, section.right_margin = Mm(30), Mm(15)
    section.header_distance = section.footer_distance = Mm(10)
    section.different_first_page_header_footer = True
    number = section.header.paragraphs[0]
    number.alignment = CENTRE
    number._p.append(parse_xml(f'<w:fldSimple {nsdecls("w")} w:instr="PAGE"><w:r><w:t>2</w:t></w:r></w:fldSimple>'))
    moment = datetime(as_of.year, as_of.month, as_of.day)  # noqa: DTZ001 - python-docx wants a plain UTC time
    properties = document.core_properties
    properties.title, properties.author, properties.last_modified_by = title, author, author
    properties.created = properties.modified = moment
    properties.comments, properties.language, properties.revision = "", "vi-VN", 1
    return document


def save(document: Document, target: Path) -> None:
    """Write the document atomically, every part of the package with the same fixed date."""
    buffer = io.BytesIO()
    document.save(buffer)
    with atomic_path(target) as draft, zipfile.ZipFile(buffer) as source, zipfile.ZipFile(draft, "w") as package:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, source.read(name))


def add_letterhead(document: Document, superior: str, issuer: str, place: str, as_of: date) -> None:
    """Boxes 1 to 4: two columns without borders; the number is left for the clerk."""
    table = _bare_table(document, (73, 92), rows=2)
    (left, right), (number, dated) = (row.cells for row in table.rows)
    _say(left, _keep_end(superior.upper()), size=12)
    _say(left, _keep_end(issuer.upper()), size=12, bold=True)
    _rule(left.add_paragraph(), 73, 0.4 * min(2.3 * len(issuer), 73))
    _say(right, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", size=12, bold=True)
    _say(right, "Độc lập - Tự do - Hạnh phúc", size=13, bold=True)
    _rule(right.add_paragraph(), 92, 53)  # as long as the text above it in 13 bold
    _say(number, f"Số: {BLANK}/BC-{BLANK}", size=13)
    _say(dated, f"{place}, {ngay_chu(as_of)}", size=13, italic=True)


def add_title(document: Document, kind: str, subject: str) -> None:
    """Box 5a: the kind of document and its trích yếu in bold, with a short line below."""
    first = add_line(document, kind, bold=True, align=CENTRE)
    first.paragraph_format.space_before, first.paragraph_format.space_after = Pt(18), Pt(0)
    about = add_line(document, subject, bold=True, align=CENTRE).paragraph_format
    about.left_indent = about.right_indent = Mm(8)
    about.space_after = Pt(2)
    _rule(document.add_paragraph(), PORTRAIT_WIDTH, 0.4 * min(2.6 * len(subject), 110))


def add_line(
    document: Document,
    text: str,
    bold: bool = False,
    italic: bool = False,
    align: WD_ALIGN_PARAGRAPH = LEFT,
    size: float = BODY,
) -> Paragraph:
    """A paragraph without first line indent, not justified."""
    paragraph = document.add_paragraph()
    paragraph.alignment = align
    run = paragraph.add_run(text)
    run.bold, run.italic, run.font.size = bold or None, italic or None, Pt(size)
    return paragraph


def add_heading(document: Document, text: str, level: int) -> None:
    """A bold heading (``I.`` level 0, ``1.`` level 1) that stays with what follows and shows in the outline."""
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.first_line_indent = Mm(12.7)
    paragraph.paragraph_format.keep_with_next = True
    paragraph.paragraph_format.space_before = Pt(6 if level == 0 else 2)
    paragraph.add_run(text).bold = True
    outline = OxmlElement("w:outlineLvl")
    outline.set(qn("w:val"), str(level))
    paragraph._p.get_or_add_pPr().append(outline)


def add_text(document: Document, text: str, together: bool = False) -> None:
    """A justified paragraph of the body; ``together`` keeps it on the page of the next one."""
    paragraph = document.add_paragraph(text)
    paragraph.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    paragraph.paragraph_format.first_line_indent = Mm(12.7)
    paragraph.paragraph_format.keep_with_next = together


def add_dotted(document: Document, lead: str, lines: int = 1) -> None:
    """A lead-in and dotted lines up to the right margin, for the author to complete."""
    for number in range(lines):
        paragraph = document.add_paragraph(f"{lead if number == 0 else ''}\t")
        paragraph.paragraph_format.first_line_indent = Mm(12.7 if number == 0 else 0)
        stops = paragraph.paragraph_format.tab_stops
        stops.add_tab_stop(Mm(PORTRAIT_WIDTH), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)


def add_caption(document: Document, text: str) -> None:
    """The line above a table."""
    paragraph = add_line(document, text, bold=True, align=CENTRE, size=13)
    paragraph.paragraph_format.space_before, paragraph.paragraph_format.space_after = Pt(4), Pt(4)
    paragraph.paragraph_format.keep_with_next = True


def add_signature(document: Document, recipients: Sequence[str]) -> None:
    """Boxes 7 and 9b: recipients left; authority, post and name right, dotted for whoever signs."""
    add_line(document, "", size=6).paragraph_format.keep_with_next = True
    table = _bare_table(document, (80, 85), rows=1)
    table._tbl.tr_lst[0].get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    left, right = table.rows[0].cells
    _say(left, "Nơi nhận:", size=12, bold=True, italic=True, align=LEFT)
    for line in recipients:
        _say(left, line, size=11, align=LEFT)
    _say(right, BLANK * 5, size=BODY, bold=True)
    for _ in range(4):
        _say(right, "", size=BODY)
    _say(right, BLANK * 5, size=BODY, bold=True)


def start_annex(document: Document, number: str, title: str, belongs_to: str) -> None:
    """A landscape section with its own page numbers, opened by the annex's number, title and what it belongs to."""
    section = document.add_section(WD_SECTION.NEW_PAGE)
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    columns = section._sectPr.find(qn("w:cols"))
    assert columns is not None
    columns.addprevious(parse_xml(f'<w:pgNumType {nsdecls("w")} w:start="1"/>'))
    for text, bold, italic in ((number, True, False), (title, True, False), (belongs_to, False, True)):
        line = add_line(document, text, bold=bold, italic=italic, align=CENTRE)
        line.paragraph_format.space_after = Pt(2 if bold else 8)


def _set_fonts(document: Document) -> None:
    """One font for every script, in the defaults and in Normal, so that no theme font shows through."""
    fonts = document.styles.element.findall(f".//{qn('w:docDefaults')}//{qn('w:rFonts')}")
    fonts.append(document.styles["Normal"].element.get_or_add_rPr().get_or_add_rFonts())
    for element in fonts:
        element.attrib.clear()
        for script in ("ascii", "hAnsi", "eastAsia", "cs"):
            element.set(qn(f"w:{script}"), FONT)
    for language in document.styles.element.findall(f".//{qn('w:lang')}"):
        language.set(qn("w:val"), "vi-VN")


def _bare_table(document: Document, widths: Sequence[float], rows: int) -> Table:
    table: Table = document.add_table(rows=rows, cols=len(widths))
    fix_widths(table, widths, margin=0)
    return table


def _say(
    cell: _Cell, text: str, size: float, bold: bool = False, italic: bool = False, align: WD_ALIGN_PARAGRAPH = CENTRE
) -> None:
    """Append a line to a cell; the empty paragraph that every new cell has is used first."""
    first = cell.paragraphs[0]
    paragraph = first if len(cell.paragraphs) == 1 and not first.runs else cell.add_paragraph()
    paragraph.alignment = align
    paragraph.paragraph_format.space_after, paragraph.paragraph_format.line_spacing = Pt(0), 1.0
    run = paragraph.add_run(text)
    run.bold, run.italic, run.font.size = bold or None, italic or None, Pt(size)


def _keep_end(name: str) -> str:
    """Bind the last three words of a name, so that a second line never holds one word alone."""
    words = name.split(" ")
    return " ".join([*words[:-3], "\N{NO-BREAK SPACE}".join(words[-3:])])


def _rule(paragraph: Paragraph, width: float, length: float) -> None:
    """Turn an empty paragraph into a centred line of ``length`` in a column of ``width`` millimetres."""
    form = paragraph.paragraph_format
    form.left_indent = form.right_indent = Mm((width - length) / 2)
    form.space_before, form.space_after, form.line_spacing = Pt(2), Pt(0), Pt(8)
    border = f'<w:pBdr {nsdecls("w")}><w:top w:val="single" w:sz="6" w:space="0" w:color="000000"/></w:pBdr>'
    properties = paragraph._p.get_or_add_pPr()
    spacing = properties.find(qn("w:spacing"))
    assert spacing is not None
    spacing.addprevious(parse_xml(border))
