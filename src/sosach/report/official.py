"""The official report of a campaign as a Word document in the layout of Nghị định 30/2020/NĐ-CP.

Holds what each section says; looks are in ``official_layout``, tables in ``official_tables``, what may be printed in
``published``. Says only what the run knows: what a person has to add is a dotted line.
"""

from pathlib import Path

from docx.document import Document

from sosach.report import official_layout as layout
from sosach.report import official_tables as tables
from sosach.report.model import ReportData
from sosach.report.official_grid import CENTRE
from sosach.report.published import Published, PublishedCounts, Rate, rate
from sosach.report.suppress import SECONDARY
from sosach.report.vn import NOTHING, ngay, ngay_chu, so, so2
from sosach.report.words import NO_COMMUNE

_LOWEST = 10  # units named with their figures; the others below the province's rate are named only
_CLASSES = 5


def write_report(data: ReportData, target: Path) -> None:
    """Write the report as a DOCX file; the same results give the same bytes.

    Args:
        data: the results of one run.
        target: the file, replaced atomically.

    Raises:
        BalanceError: the results do not add up.
    """
    published = Published(data)
    area = _area(data.province, data.superior)
    subject = f"Kết quả {data.campaign_title} trên địa bàn {area}"
    document = layout.new_document(f"Báo cáo {subject[0].lower()}{subject[1:]}", data.issuer, data.as_of)
    layout.add_letterhead(document, data.superior, data.issuer, data.place, data.as_of)
    layout.add_title(document, "BÁO CÁO", subject.replace(" trên địa bàn ", "\ntrên địa bàn "))
    layout.add_line(document, f"Kính gửi: {layout.BLANK * 6}", align=CENTRE)
    layout.add_text(
        document,
        f"Thực hiện {data.campaign_title} trên địa bàn {area}, kết quả đến hết ngày {ngay(data.as_of)} như sau:",
    )
    _add_direction(document, published, area)
    _add_results(document, published)
    _add_shortcomings(document, published)
    _add_tasks(document, published)
    layout.add_heading(document, "V. KIẾN NGHỊ, ĐỀ XUẤT", 0)
    layout.add_dotted(document, "", 3)
    layout.add_text(
        document, f"Trên đây là báo cáo kết quả {data.campaign_title} trên địa bàn {area}./.", together=True
    )
    layout.add_signature(document, ("- Như trên;", f"- {layout.BLANK * 4};", "- Lưu: VT."))
    layout.start_annex(
        document,
        "Phụ lục I",
        "KẾT QUẢ RÀ SOÁT, LÀM SẠCH DỮ LIỆU THEO XÃ, PHƯỜNG",
        f"(Kèm theo Báo cáo số {layout.BLANK}/BC-{layout.BLANK} {ngay_chu(data.as_of)} của {data.issuer})",
    )
    tables.add_units(document, published)
    included = "Số đã bổ sung, đã chỉnh sửa nằm trong số khớp đúng."
    layout.add_line(document, f"Ghi chú: {included} {_marks(data.small_cell)}", italic=True, size=11)
    layout.save(document, target)


def _add_direction(document: Document, published: Published, area: str) -> None:
    data, province = published.data, published.province
    units = [row for row in published.rows if row.unit and row.unit.code != NO_COMMUNE]
    outside = [row for row in published.rows if row.unit and row.unit.code == NO_COMMUNE]
    layout.add_heading(document, "I. CÔNG TÁC CHỈ ĐẠO, TRIỂN KHAI", 0)
    scope = (
        f"Thời gian thực hiện: từ ngày {ngay(data.campaign_from)} đến ngày {ngay(data.campaign_to)}. Phạm vi: "
        f"{province.cells['in_scope'].text} công dân phải rà soát tại {so2(len(units))} xã, phường trên địa bàn {area}"
    )
    rest = "".join(f", trong đó {row.cells['in_scope'].text} công dân chưa xác định được xã quản lý" for row in outside)
    layout.add_text(document, f"{scope}{rest}.")
    rows = [
        sum(getattr(register, name) for register in data.registers)
        for name in ("deliveries", "rows_delivered", "rows_core", "rows_quarantined", "rows_superseded")
    ]
    layout.add_text(
        document,
        f"Dữ liệu làm căn cứ: {so2(len(data.registers))} sổ, nguồn dữ liệu với {so2(rows[0])} lần giao; tổng số "
        f"{so(rows[1])} dòng, trong đó {so(rows[2])} dòng được đưa vào đối chiếu, {so(rows[3])} dòng không nhận dạng "
        f"được, {so(rows[4])} dòng đã được bản mới thay thế.",
    )
    layout.add_dotted(document, "Văn bản chỉ đạo, kế hoạch đã ban hành: ", 2)
    layout.add_dotted(document, "Công tác tuyên truyền, tập huấn, kiểm tra, đôn đốc: ", 2)


def _add_results(document: Document, published: Published) -> None:
    data, province = published.data, published.province
    cells, issues = province.cells, data.issues
    layout.add_heading(document, "II. KẾT QUẢ THỰC HIỆN", 0)
    layout.add_heading(document, "1. Rà soát, làm sạch dữ liệu tình trạng hôn nhân", 1)
    layout.add_text(
        document,
        f"Đã rà soát {share(province.reviewed, 'công dân')}. Dữ liệu dân cư và hộ tịch đã khớp đúng "
        f"{share(province.clean, 'công dân')}{_change(province.change)}; trong số này có {cells['added'].text} "
        f"trường hợp đã bổ sung, {cells['corrected'].text} trường hợp đã chỉnh sửa tại nguồn. Đã chuyển nơi khác xử lý "
        f"{cells['transferred'].text} trường hợp.",
    )
    layout.add_caption(document, "Bảng 1. Kết quả đối chiếu")
    tables.add_outcomes(document, province)
    layout.add_text(
        document,
        f"Số việc phải xử lý: kỳ trước chuyển sang {so(issues.open_before)}, phát sinh mới {so(issues.new)}, mở lại "
        f"{so(issues.reopened)}, đã giải quyết {so(issues.closed)}, còn phải xử lý {so(issues.open_after)}.",
    )
    layout.add_heading(document, "2. Chất lượng dữ liệu theo tiêu chí “đúng, đủ, sạch, sống”", 1)
    layout.add_caption(document, "Bảng 2. Bản ghi không còn lỗi phải xử lý theo từng tiêu chí")
    tables.add_dimensions(document, published)
    layout.add_heading(document, "3. Ghi chú bản án, quyết định của Tòa án và tiến độ các nhiệm vụ", 1)
    for task in data.tasks:
        found = tables.progress(published, task)
        if found is None:
            layout.add_dotted(document, f"- {task.what}: ")
        else:
            layout.add_text(document, f"- {task.what}: {share(found)}.")
    layout.add_heading(document, "4. Xác nhận tình trạng hôn nhân bằng dữ liệu, cắt giảm giấy xác nhận", 1)
    layout.add_text(
        document,
        f"Có {share(province.confirmable, 'công dân')} xác nhận được tình trạng hôn nhân ngay bằng dữ liệu, không phải "
        f"yêu cầu giấy xác nhận tình trạng hôn nhân. Đã có thông tin tình trạng hôn nhân trong dữ liệu dân cư "
        f"{share(province.filled, 'công dân')}.",
    )
    if province.cells["certificates"].value:
        layout.add_text(
            document,
            f"Trong 12 tháng qua, dữ liệu trả lời được {share(province.answerable, 'giấy xác nhận')} tình trạng hôn "
            "nhân đã cấp; những giấy này không cần phải cấp.",
        )
    layout.add_dotted(document, "Số giấy xác nhận đã cấp so với cùng kỳ năm trước: ")
    layout.add_caption(document, "Bảng 3. Công dân theo loại kết quả đối chiếu")
    tables.add_classes(document, published)
    layout.add_line(document, f"Ghi chú: {_marks(data.small_cell)}", italic=True, size=12)


def _add_shortcomings(document: Document, published: Published) -> None:
    data, whole = published.data, published.province.cells["in_scope"]
    layout.add_heading(document, "III. TỒN TẠI, HẠN CHẾ, NGUYÊN NHÂN", 0)
    layout.add_heading(document, "1. Các loại chưa khớp còn nhiều công dân nhất", 1)
    classes = [(row, cell) for row, cell in published.classes() if row.group != "matching" and cell.value]
    classes.sort(key=lambda pair: (-(pair[1].value or 0), pair[0].code))
    for row, cell in classes[:_CLASSES]:
        layout.add_text(document, f"- {row.title} (loại {row.code}): {share(rate(cell, whole), 'công dân')}.")
    if not classes:
        layout.add_text(document, "Không có loại nào đủ số lượng để công bố.")
    layout.add_heading(document, "2. Các quy tắc có nhiều bản ghi phải xử lý nhất", 1)
    if published.worst_rules:
        layout.add_caption(document, f"Bảng 4. {so2(len(published.worst_rules))} quy tắc vướng nhiều nhất")
        tables.add_rules(document, published)
    else:
        layout.add_text(document, "Không còn bản ghi nào phải xử lý.")
    layout.add_heading(document, "3. Dữ liệu giao chưa đạt yêu cầu", 1)
    titles = {register.register_id: register.title for register in data.registers}
    if data.refused:
        layout.add_text(document, f"Có {so2(len(data.refused))} lần giao bị từ chối, đơn vị giao phải gửi lại:", True)
    for refused in data.refused:
        title = titles.get(refused.register_id, refused.register_id)
        layout.add_text(document, f"- {title}, tệp {refused.file_name}: {refused.reason}")
    if not data.refused:
        layout.add_text(document, "Không có lần giao dữ liệu nào bị từ chối.")
    layout.add_heading(document, "4. Đơn vị có kết quả thấp", 1)
    _add_low_units(document, published)
    layout.add_dotted(document, "5. Nguyên nhân: ", 3)


def _add_low_units(document: Document, published: Published) -> None:
    """Ranked units below the province's rate, the lowest with their figures, and the units that are not ranked."""
    units = [row for row in published.rows if row.unit and row.unit.code != NO_COMMUNE]
    ranked = [row for row in units if row.rank not in (NOTHING, SECONDARY)]
    hidden = sum(row.rank == SECONDARY for row in units)
    aside = f" (không kể {so2(hidden)} đơn vị không công bố số liệu)" if hidden else ""
    below = [row for row in reversed(ranked) if _is_lower(row.clean, published.province.clean)]
    if below:
        lowest = "; ".join(f"{_name(row)} {share(row.clean)}" for row in below[:_LOWEST])
        layout.add_text(
            document,
            f"{so2(len(below))}/{so2(len(ranked))} xã, phường được xếp hạng{aside} có tỷ lệ làm sạch thấp hơn mức "
            f"chung toàn tỉnh là {share(published.province.clean)}. {so2(len(below[:_LOWEST]))} đơn vị thấp nhất, "
            f"kể từ dưới lên: {lowest}.",
        )
        if below[_LOWEST:]:
            layout.add_text(
                document, f"Các đơn vị khác dưới mức chung: {', '.join(_name(row) for row in below[_LOWEST:])}."
            )
    else:
        layout.add_text(document, "Không có xã, phường nào được xếp hạng dưới mức chung toàn tỉnh.")
    if others := [_name(row) for row in units if row.rank == NOTHING]:
        layout.add_text(
            document,
            f"{so2(len(others))} đơn vị không xếp hạng do có dưới {so(published.data.min_ranked)} công dân phải rà "
            f"soát: {', '.join(others)}.",
        )
    layout.add_text(document, "Kết quả của từng đơn vị tại Phụ lục I.")


def _add_tasks(document: Document, published: Published) -> None:
    layout.add_heading(document, "IV. NHIỆM VỤ, GIẢI PHÁP THỜI GIAN TỚI", 0)
    layout.add_text(
        document,
        "Tiếp tục thực hiện các nhiệm vụ theo nguyên tắc 6 rõ: rõ người, rõ việc, rõ thời gian, rõ trách nhiệm, rõ sản "
        "phẩm, rõ thẩm quyền, cụ thể như sau:",
        together=True,
    )
    layout.add_caption(document, "Bảng 5. Nhiệm vụ theo nguyên tắc 6 rõ")
    tables.add_tasks(document, published)
    layout.add_dotted(document, "Giải pháp khác: ", 2)


def share(found: Rate, what: str = "") -> str:
    """A rate in running text beside its own counts: ``55.861/62.229 công dân (89,77%)``."""
    return f"{found.numerator.text}/{found.denominator.text}{' ' if what else ''}{what} ({found.text})"


def _change(change: str) -> str:
    """The change against the previous run in words; nothing where there is none to tell."""
    if change in (NOTHING, SECONDARY):
        return ""
    if change == "0,00":
        return ", bằng kỳ trước"
    return f", {'tăng' if change.startswith('+') else 'giảm'} {change[1:]} điểm phần trăm so với kỳ trước"


def _is_lower(found: Rate, mean: Rate) -> bool:
    """Whether a rate lies below another, on the exact fractions of printed counts only."""
    parts = (found.numerator.value, found.denominator.value, mean.numerator.value, mean.denominator.value)
    if None in parts:
        return False
    part, whole, mean_part, mean_whole = (value or 0 for value in parts)
    return part * mean_whole < mean_part * whole


def _name(row: PublishedCounts) -> str:
    return row.unit.name if row.unit else ""


def _area(province: str, superior: str) -> str:
    """The province inside a sentence, with its kind as it or the letterhead gives it: ``tỉnh Nghệ An``."""
    for kind in ("tỉnh", "thành phố"):
        if province.lower().startswith(f"{kind} "):
            return kind + province[len(kind) :]
        if f"{kind} {province}".lower() in superior.lower():
            return f"{kind} {province}"
    return province


def _marks(floor: int) -> str:
    return (
        f"“<{floor}” là số từ 1 đến {floor - 1}; “*” là số không công bố để không suy ra được các số đó; “≥” là mức "
        f"thấp nhất của tỷ lệ khi phần còn lại dưới {floor}; “–” là không có số liệu để tính hoặc không xếp hạng."
    )
