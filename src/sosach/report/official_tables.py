"""The tables of the official report: which columns and rows each one has.

Holds the content of tables; how one looks is in ``official_grid``, what may be printed in ``published``. Every
percentage stands in one row with its own numerator and denominator; ``arithmetic`` knows the columns by heading.
"""

from dataclasses import asdict

from docx.document import Document

from sosach.report.model import Task
from sosach.report.official_grid import CENTRE, LEFT, RIGHT, Column, add_table
from sosach.report.official_layout import BLANK
from sosach.report.published import PARTS, Published, PublishedCounts, Rate, rate
from sosach.report.suppress import Line, protect
from sosach.report.vn import so
from sosach.report.words import CAMPAIGN_HEADINGS, DIMENSIONS, NO_COMMUNE, OUTCOMES, SEVERITIES

_UNIT_WIDTHS = (9, 34, 16, 16, 16, 16, 14, 13, 12, 13, 13, 13, 14, 16, 11, 13, 23)
_FORMULAS = {"Tỷ lệ %": "(5)= (4)/(3)", "Tỷ lệ làm sạch %": "(14)= (6)/(3)"}


def add_outcomes(document: Document, province: PublishedCounts) -> None:
    """Citizens by outcome among all in scope."""
    columns = (
        Column("STT", 12, CENTRE),
        Column("Kết quả đối chiếu", 55),
        Column("Số công dân", 32, RIGHT),
        Column("Tổng số phải rà soát", 36, RIGHT),
        Column("Tỷ lệ %", 30, RIGHT),
    )
    whole = province.cells["in_scope"]
    rows = []
    for number, (name, title) in enumerate(OUTCOMES.items(), start=1):
        found = province.clean if name == "matching" else rate(province.cells[name], whole)
        rows.append((so(number), title, found.numerator.text, whole.text, found.text))
    add_table(document, columns, rows)


def add_dimensions(document: Document, published: Published) -> None:
    """Records without open violation by each of the four words."""
    columns = (
        Column("Tiêu chí", 18, CENTRE),
        Column("Nội dung", 57),
        Column("Số bản ghi đạt", 30, RIGHT),
        Column("Số bản ghi được kiểm tra", 34, RIGHT),
        Column("Tỷ lệ %", 26, RIGHT),
    )
    found = published.dimensions()
    rows = [
        (word, meaning, found[name].numerator.text, found[name].denominator.text, found[name].text)
        for name, (word, meaning) in DIMENSIONS.items()
        if name in found
    ]
    add_table(document, columns, rows)


def add_classes(document: Document, published: Published) -> None:
    """Citizens by class of the status comparison; classes that nobody falls in are left out."""
    columns = (
        Column("Loại", 16, CENTRE),
        Column("Nội dung", 55),
        Column("Nhóm", 28),
        Column("Số công dân", 22, RIGHT),
        Column("Tổng số phải rà soát", 24, RIGHT),
        Column("Tỷ lệ %", 20, RIGHT),
    )
    whole, clean = published.province.cells["in_scope"], published.province.clean
    rows = []
    for row, cell in published.classes():
        if cell.value != 0:
            found = clean if clean.numerator == cell and row.group == "matching" else rate(cell, whole)
            rows.append((row.code, row.title, OUTCOMES[row.group], cell.text, whole.text, found.text))
    add_table(document, columns, rows, size=11)


def add_rules(document: Document, published: Published) -> None:
    """The rules with most records that people still have to settle."""
    columns = (
        Column("Quy tắc", 15, CENTRE),
        Column("Nội dung", 46),
        Column("Mức độ", 22),
        Column("Còn phải xử lý", 20, RIGHT),
        Column("Số bản ghi chưa đạt", 21, RIGHT),
        Column("Số bản ghi đã kết luận", 22, RIGHT),
        Column("Tỷ lệ %", 19, RIGHT),
    )
    rows = [
        (
            rule.row.rule_id,
            f"{rule.row.title} ({rule.row.register_title})",
            SEVERITIES.get(rule.row.severity, rule.row.severity),
            rule.cells["remaining"].text,
            rule.cells["failed"].text,
            rule.decided.text,
            rule.failing.text,
        )
        for rule in published.worst_rules
    ]
    add_table(document, columns, rows, size=11)


def add_tasks(document: Document, published: Published) -> None:
    """The 6-rõ table; progress as numerator, denominator and percentage."""
    columns = (
        Column("STT", 9.5, CENTRE),
        Column("Nhiệm vụ (rõ việc)", 26.5),
        Column("Chủ trì (rõ người)", 17),
        Column("Phối hợp", 17.5),
        Column("Trách nhiệm", 19.5),
        Column("Thẩm quyền", 15),
        Column("Thời hạn (rõ thời gian)", 18.5, CENTRE),
        Column("Sản phẩm", 17.5),
        Column("Tiến độ", 24, CENTRE),
    )
    rows = []
    for number, task in enumerate(published.data.tasks, start=1):
        found = progress(published, task)
        done = BLANK if found is None else f"{found.numerator.text}/{found.denominator.text} ({found.text})"
        who = (task.what, task.who, task.with_whom, task.responsibility, task.authority)
        rows.append((so(number), *who, task.deadline, task.product, done))
    add_table(document, columns, rows, size=10)


def add_units(document: Document, published: Published) -> None:
    """The campaign table by commune (domain 4.4), the province on top, ranked units first."""
    columns = []
    for heading, width in zip(CAMPAIGN_HEADINGS, _UNIT_WIDTHS, strict=True):
        text = heading in ("Đơn vị (xã, phường)", "Ghi chú")
        columns.append(Column(heading, width, LEFT if text else CENTRE if heading in ("STT", "Xếp hạng") else RIGHT))
    numbers = [_FORMULAS.get(column.heading, f"({place})") for place, column in enumerate(columns, start=1)]
    rows = [("", "Toàn tỉnh", *_unit_cells(published.province))]
    for number, row in enumerate(published.rows, start=1):
        assert row.unit is not None
        rows.append((so(number), row.unit.name, *_unit_cells(row)))
    add_table(document, columns, rows, size=9, numbers=numbers, bold_rows=1)


def progress(published: Published, task: Task) -> Rate | None:
    """How far a task is, as it may be printed; None where nothing measures it.

    A share that is one of the province's own is printed as published there, so that no hidden count shows up here.
    """
    if task.progress is None:
        return None
    part, whole, floor = task.progress.numerator, task.progress.denominator, published.data.small_cell
    totals, province = asdict(published.data.totals), published.province
    rates = (province.reviewed, province.clean, province.confirmable, province.filled, province.answerable)
    for (name, of), found in zip(PARTS.items(), rates, strict=True):
        if (part, whole) == (totals[name], totals[of]):
            return found
    cells = protect(
        {"done": part, "rest": whole - part, "all": whole}, [Line("all", ("done", "rest"))], floor, {"rest"}
    )
    return rate(cells["done"], cells["all"], cells["rest"], floor)


def _unit_cells(row: PublishedCounts) -> tuple[str, ...]:
    cells = row.cells
    note = "Không xếp hạng" if row.unit and row.unit.code == NO_COMMUNE else row.note
    return (
        cells["in_scope"].text,
        cells["reviewed"].text,
        row.reviewed.text,
        *(cells[name].text for name in ("matching", "missing", "differing", "duplicate")),
        *(cells[name].text for name in ("added", "corrected", "transferred", "to_verify")),
        row.clean.text,
        row.rank,
        row.change,
        note,
    )
