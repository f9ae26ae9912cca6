"""A made-up but plausible ``ReportData`` of a province with its 130 communes, for the tests of what people read.

All counts are drawn from a fixed seed; no person stands behind them.
"""

import csv
import random
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

from sosach.link.doubts import REASONS
from sosach.report.model import (
    CampaignCounts,
    CampaignRow,
    ClassRow,
    DimensionRow,
    IssueBalance,
    ReasonRow,
    RefusedDelivery,
    RegisterRow,
    ReportData,
    RuleRow,
    Share,
    Task,
    Unit,
    WorkLine,
)

UNITS_FILE = Path(__file__).parents[2] / "expectations" / "code_lists" / "don_vi.csv"
KINDS = {"phuong": "Phường", "xa": "Xã", "dac_khu": "Đặc khu"}
CLASSES = {
    "KHOP": ("Khớp đúng giữa hai cơ sở dữ liệu", "matching", 1.0),
    "A1": ("Chưa có tình trạng hôn nhân, không có sự kiện hộ tịch", "missing", 0.6),
    "A2": ("Chưa có tình trạng hôn nhân, có đăng ký kết hôn", "missing", 0.25),
    "A3": ("Chưa có tình trạng hôn nhân, có bản án ly hôn", "missing", 0.1),
    "A4": ("Chưa có tình trạng hôn nhân, vợ/chồng đã chết", "missing", 0.05),
    "B1": ("Ghi đang có vợ/chồng, thiếu bản ghi kết hôn", "to_verify", 0.7),
    "B2": ("Ghi ly hôn, thiếu bản án", "to_verify", 0.2),
    "B3": ("Ghi góa, thiếu khai tử hoặc kết hôn", "to_verify", 0.1),
    "C1": ("Ghi chưa kết hôn, đã đăng ký kết hôn", "differing", 0.35),
    "C5": ("Ghi đang có vợ/chồng, tòa án đã cho ly hôn", "differing", 0.3),
    "C8": ("Ghi đang có vợ/chồng, vợ/chồng đã chết", "differing", 0.2),
    "D1": ("Ghi vợ/chồng khác với sổ đăng ký kết hôn", "differing", 0.1),
    "E1": ("Nghi có từ hai quan hệ hôn nhân cùng lúc", "differing", 0.03),
    "F1": ("Kết hôn khi chưa đủ tuổi hoặc sai ngày sinh", "differing", 0.02),
    "G3": ("Hai bản ghi cho một việc kết hôn", "duplicate", 1.0),
    "H1": ("Thông tin nhân thân lệch giữa hai nguồn", "to_verify", 0.0),
}
REGISTERS = {
    "cu_tru": "Cư trú",
    "dan_cu": "Dân cư",
    "ket_hon": "Đăng ký kết hôn",
    "khai_sinh": "Đăng ký khai sinh",
    "khai_tu": "Đăng ký khai tử",
    "ly_hon": "Bản án, quyết định ly hôn",
    "xac_nhan_tthn": "Xác nhận tình trạng hôn nhân",
}
RULES = (
    ("KH01", "ket_hon", "dung", "critical", "fix", "Tuổi kết hôn"),
    ("KH02", "ket_hon", "dung", "critical", "fix", "Một nam và một nữ"),
    ("KH03", "ket_hon", "dung", "critical", "fix", "Vợ và chồng là hai người"),
    ("KH04", "ket_hon", "dung", "critical", "fix_or_explain", "Chế độ một vợ một chồng"),
    ("KH07", "ket_hon", "dung", "critical", "fix", "Còn sống khi đăng ký kết hôn"),
    ("KH13", "ket_hon", "sach", "warning", "fix", "Một cặp đăng ký hai lần"),
    ("KH14", "dan_cu", "dung", "warning", "fix", "Vợ, chồng ghi nhận lẫn nhau"),
    ("LH01", "ly_hon", "du", "warning", "fix", "Bản án đủ thông tin bắt buộc"),
    ("LH04", "ly_hon", "du", "warning", "fix_or_explain", "Bản án có bản ghi kết hôn"),
    ("LH06", "ly_hon", "song", "info", "fix_or_explain", "Gửi thông báo trong 05 ngày làm việc"),
    ("LH07", "dan_cu", "song", "warning", "fix", "Cập nhật ly hôn vào dữ liệu dân cư"),
    ("LH08", "dan_cu", "song", "warning", "fix", "Đã ly hôn vẫn hiển thị vợ chồng"),
    ("KT01", "khai_tu", "dung", "critical", "fix", "Sinh trước, chết sau, rồi đăng ký"),
    ("KT02", "khai_tu", "song", "info", "fix_or_explain", "Đăng ký khai tử trong 15 ngày"),
    ("KT03", "khai_tu", "du", "warning", "fix", "Khai tử đủ thông tin bắt buộc"),
    ("KT08", "dan_cu", "song", "critical", "fix", "Đã khai tử vẫn đang thường trú"),
    ("KT10", "dan_cu", "song", "warning", "fix", "Góa vợ, góa chồng chưa cập nhật"),
    ("KS01", "khai_sinh", "dung", "critical", "fix", "Đăng ký sau ngày sinh"),
    ("KS02", "khai_sinh", "song", "info", "fix_or_explain", "Đăng ký khai sinh trong 60 ngày"),
    ("KS03", "khai_sinh", "du", "warning", "fix", "Khai sinh đủ thông tin bắt buộc"),
    ("KS04", "khai_sinh", "du", "warning", "fix", "Có số định danh cá nhân từ năm 2016"),
    ("KS16", "khai_sinh", "sach", "critical", "fix", "Một trẻ đăng ký hai lần"),
    ("ID01", "dan_cu", "dung", "warning", "fix", "Số định danh đủ 12 chữ số"),
    ("ID02", "dan_cu", "sach", "info", "auto", "Số định danh mất số 0 ở đầu"),
    ("ID05", "dan_cu", "dung", "warning", "fix", "Chữ số thứ tư khớp giới tính"),
    ("ID06", "dan_cu", "dung", "warning", "fix", "Số định danh khớp năm sinh"),
    ("ID10", "dan_cu", "sach", "critical", "fix", "Một số định danh cho một người"),
    ("TX01", "dan_cu", "sach", "info", "auto", "Chuẩn Unicode và khoảng trắng"),
    ("TX02", "khai_sinh", "dung", "warning", "fix", "Họ tên không có chữ số, ký hiệu lạ"),
    ("TX04", "ket_hon", "sach", "warning", "fix", "Chữ hỏng do phông cũ"),
    ("DT01", "ket_hon", "dung", "warning", "fix", "Ngày tháng có thật"),
    ("DT05", "khai_sinh", "sach", "info", "auto", "Ngày tháng bị Excel đổi thành số"),
    ("BK01", "ket_hon", "dung", "warning", "fix", "Số đăng ký theo mẫu số/năm"),
    ("BK03", "ket_hon", "sach", "critical", "fix", "Số đăng ký không trùng trong quyển"),
    ("BK04", "ket_hon", "du", "warning", "fix_or_explain", "Số đăng ký liên tục, không nhảy số"),
    ("CT01", "cu_tru", "dung", "critical", "fix", "Chỉ một nơi thường trú"),
    ("CT03", "cu_tru", "song", "warning", "fix", "Tạm trú hết hạn chưa xóa"),
    ("CT14", "cu_tru", "song", "info", "auto", "Địa chỉ theo tên xã mới"),
    ("XN01", "xac_nhan_tthn", "dung", "critical", "fix", "Giấy xác nhận khớp sự kiện hộ tịch"),
    ("XN05", "xac_nhan_tthn", "song", "info", "fix_or_explain", "Giấy xác nhận lẽ ra không phải xin"),
    ("XR07", "dan_cu", "song", "warning", "fix", "Đã kết hôn, dân cư ghi chưa kết hôn"),
    ("XR08", "dan_cu", "song", "warning", "fix", "Tình trạng hôn nhân để trống"),
    ("XR09", "dan_cu", "dung", "warning", "fix_or_explain", "Có vợ/chồng, thiếu bản ghi kết hôn"),
    ("XR10", "dan_cu", "dung", "critical", "fix_or_explain", "Ghi vợ/chồng khác với sổ hộ tịch"),
)


def units() -> list[Unit]:
    """The communes of today, from the code list."""
    with UNITS_FILE.open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["valid_from"] == "2025-07-01"]
    return [Unit(row["code"], f"{KINDS[row['type']]} {row['name']}") for row in rows]


def counts(rng: random.Random, size: int) -> CampaignCounts:
    """Outcomes of one commune; they add up to ``size``."""
    quality = rng.betavariate(9, 2)
    matching = round(size * (0.55 + 0.42 * quality))
    rest = size - matching
    missing, differing = round(rest * 0.4), round(rest * 0.22)
    duplicate = min(rng.choice([0, 0, 1, 2, 6]), rest - missing - differing)
    to_verify = rest - missing - differing - duplicate
    return CampaignCounts(
        in_scope=size,
        reviewed=size - rng.randint(0, max(1, size // 30)),
        matching=matching,
        missing=missing,
        differing=differing,
        duplicate=duplicate,
        to_verify=to_verify,
        added=min(matching, rng.randint(0, 30)),
        corrected=min(matching, rng.randint(0, 12)),
        transferred=rng.randint(0, 9),
        confirmable=round(matching * (0.6 + 0.3 * quality)),
        with_status=size - missing,
        certificates=(issued := size // 40),
        certificates_answerable=round(issued * quality * 0.7),
    )


def total(parts: list[CampaignCounts]) -> CampaignCounts:
    """The province: the sum over the communes."""
    return CampaignCounts(**{name: sum(getattr(p, name) for p in parts) for name in asdict(parts[0])})


def split(rng: random.Random, whole: int, weights: list[float]) -> list[int]:
    """``whole`` people drawn into classes by weight."""
    drawn = rng.choices(range(len(weights)), weights=weights, k=whole) if sum(weights) else []
    return [drawn.count(place) for place in range(len(weights))]


def report_data(seed: int = 7, size: tuple[int, int] = (90, 900)) -> ReportData:
    """A whole report; the same seed gives the same figures."""
    rng = random.Random(seed)
    communes = [(unit, counts(rng, rng.randint(*size))) for unit in units()]
    bucket = (Unit("TINH", "Chưa xác định xã"), CampaignCounts(41, 12, 6, 9, 0, 0, 26, 0, 0, 0, 0, 32, 0, 0))
    clean = sorted({Share(c.matching, c.in_scope) for _, c in communes}, key=lambda s: -s.numerator / s.denominator)
    rows = [
        CampaignRow(
            unit,
            c,
            clean.index(Share(c.matching, c.in_scope)) + 1 if c.in_scope >= 100 else None,
            Share(max(0, c.matching - c.added - c.corrected), c.in_scope),
        )
        for unit, c in communes
    ] + [CampaignRow(*bucket, None, None)]
    totals = total([row.counts for row in rows])
    found: list[ClassRow] = []
    for row in rows:
        for group in ("matching", "missing", "differing", "duplicate", "to_verify"):
            codes = [code for code, (_, g, _) in CLASSES.items() if g == group]
            parts = split(rng, getattr(row.counts, group), [CLASSES[code][2] for code in codes])
            found += [ClassRow(code, CLASSES[code][0], group, n) for code, n in zip(codes, parts, strict=True)]
    classes = [
        ClassRow(code, title, group, sum(c.count for c in found if c.code == code))
        for code, (title, group, _) in CLASSES.items()
    ]
    dimensions: list[DimensionRow] = []
    for word, level in (("dung", 0.96), ("du", 0.9), ("sach", 0.985), ("song", 0.87)):
        shares = []
        for row in rows:
            whole = row.counts.in_scope * 3
            shares.append((row.unit.code, Share(min(whole, round(whole * rng.gauss(level, 0.02))), whole)))
        dimensions += [DimensionRow(word, code, share) for code, share in shares]
        whole = Share(sum(s.numerator for _, s in shares), sum(s.denominator for _, s in shares))
        dimensions.append(DimensionRow(word, None, whole))
    return ReportData(
        run_id="2025-09-05_1a2b3c4d",
        as_of=date(2025, 9, 5),
        campaign_id="hon_nhan_90_ngay",
        campaign_title="Cao điểm 90 ngày đêm làm sạch dữ liệu hôn nhân",
        campaign_from=date(2025, 5, 31),
        campaign_to=date(2025, 8, 31),
        province="Nghệ An",
        superior="Ủy ban nhân dân tỉnh Nghệ An",
        issuer="Tổ công tác Đề án 06",
        place="Nghệ An",
        catalogue_version="2025.09-44",
        small_cell=5,
        min_ranked=100,
        totals=totals,
        previous_clean=Share(totals.matching - totals.added - totals.corrected, totals.in_scope),
        rows=tuple(rows),
        classes=tuple(classes),
        dimensions=tuple(dimensions),
        rules=tuple(_rule(rng, spec, rows) for spec in RULES),
        registers=tuple(_register(rng, *spec) for spec in REGISTERS.items()),
        refused=(
            RefusedDelivery("ket_hon", "ket_hon_quy_4.csv", "Thiếu cột bắt buộc ngayDangKy; bổ sung cột rồi gửi lại."),
        ),
        issues=IssueBalance(9120, 640, 37, 2411, 7386),
        outcome_rules=("CT18", "XR07"),
        tasks=_tasks(totals),
        reasons=_reasons(totals),
    )


def _reasons(totals: CampaignCounts) -> tuple[ReasonRow, ...]:
    """Two reasons and the rest; together all in scope."""
    denied = totals.in_scope - totals.confirmable
    books = denied // 3
    return (
        ReasonRow("du_can_cu", REASONS["du_can_cu"], totals.confirmable),
        ReasonRow("so_dinh_danh", REASONS["so_dinh_danh"], 3),
        ReasonRow("chua_khop", REASONS["chua_khop"], denied - books - 3),
        ReasonRow("chua_du_so", REASONS["chua_du_so"], books),
    )


def _rule(rng: random.Random, spec: tuple[str, ...], rows: list[CampaignRow]) -> RuleRow:
    rule_id, register, dimension, severity, answer, title = spec
    scale = rng.choice([0.0, 0.001, 0.004, 0.02, 0.06])
    by_unit = []
    for row in rows:
        decided = row.counts.in_scope
        by_unit.append((row.unit.code, min(decided, round(decided * scale * rng.uniform(0, 2))), decided))
    failed, decided = sum(f for _, f, _ in by_unit), sum(d for _, _, d in by_unit)
    return RuleRow(
        rule_id=rule_id,
        version=1,
        register_id=register,
        register_title=REGISTERS[register],
        dimension=dimension,
        severity=severity,
        answer=answer,
        title=title,
        message="Đăng ký ngày {ngay_dang_ky}: giá trị ghi trong sổ chưa phù hợp với {nguon_doi_chieu}.",
        what_to_do="Đối chiếu với sổ gốc và giấy tờ của công dân; không tự sửa khi chưa có căn cứ.",
        law=("Luật Hộ tịch 2014", "Nghị định 07/2025/NĐ-CP"),
        status="engine_error" if rule_id == "XN05" else "ok",
        passed=decided - failed,
        failed=failed,
        undecided=rng.randint(0, 400),
        not_applicable=rng.randint(0, 4000),
        mended=failed if answer == "auto" else 0,
        records_failed_by_unit=tuple(by_unit),
    )


def _register(rng: random.Random, register: str, title: str) -> RegisterRow:
    core, quarantined, superseded = rng.randint(4000, 90000), rng.randint(0, 90), rng.randint(0, 300)
    refused = 1 if register == "ket_hon" else 0
    return RegisterRow(register, title, 3, refused, core + quarantined + superseded, core, quarantined, superseded)


def _tasks(totals: CampaignCounts) -> tuple[Task, ...]:
    return (
        Task(
            "Bổ sung tình trạng hôn nhân còn để trống",
            "Công an cấp xã",
            "Công chức tư pháp - hộ tịch",
            "Trưởng Công an cấp xã",
            "Công an tỉnh",
            "30/09/2025",
            "100% người trưởng thành có tình trạng hôn nhân",
            Share(totals.with_status, totals.in_scope),
        ),
        Task(
            "Ghi chú ly hôn vào sổ theo bản án 2010 - 2025",
            "UBND cấp xã",
            "Tòa án nhân dân khu vực",
            "Chủ tịch UBND cấp xã",
            "Sở Tư pháp",
            "31/10/2025",
            "Sổ đăng ký kết hôn được ghi chú đầy đủ",
            None,
        ),
    )


def work_lines(n: int, seed: int = 3) -> list[WorkLine]:
    """Lines of one commune's work list; names are made up."""
    rng = random.Random(seed)
    lines = []
    for number in range(n):
        rule_id, register, _, severity, _, title = rng.choice(RULES)
        lines.append(
            WorkLine(
                issue_id=f"{rng.getrandbits(48):012x}",
                rule_id=rule_id,
                severity=severity,
                title=title,
                register_title=REGISTERS[register],
                record_key="040*******12",
                person=rng.choice(["N.T.H. (1987)", "T.V.B. (1990)", "L.Đ.C. (1975)", "V.T.Ư. (2001)"]),
                message=f"Đăng ký ngày 12/03/2009: dân cư ghi chưa kết hôn, sổ số {number + 1:02d}/2009 còn hiệu lực.",
                evidence=(("Sổ kết hôn", "12/03/2009"), ("Dân cư", "Chưa kết hôn")),
                proposal="Chưa kết hôn → Đang có vợ/chồng" if number % 2 else "",
                what_to_do="Đối chiếu sổ gốc; cập nhật dữ liệu dân cư.",
                answers=("Sửa dân cư", "Sửa hộ tịch") if number % 3 else ("Giải trình: kết hôn thực tế",),
                first_seen=date(2025, 6, 1) + timedelta(days=number % 60),
            )
        )
    return lines
