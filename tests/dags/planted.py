"""Deliveries planted into a sample: two persons who exist nowhere else and break rules, and a delivery that is refused.

Holds invented values only.
"""

import csv
from pathlib import Path

from sosach.registers import load_registers
from sosach.settings import PROJECT

HUSBAND_PIN, WIFE_PIN = "040290987613", "040310987614"
HUSBAND, WIFE = "Quàng Thử Trồng Khoai", "Xeo Thị Gieo Sắn"
ADDRESS = "Ngách 987613 Xóm Bìm Bịp"
PHONE = "0398761398"
SECRETS = (HUSBAND_PIN, WIFE_PIN, HUSBAND, WIFE, ADDRESS, PHONE)
UNIT = "16681"
FILE, BAD_FILE = "trong.csv", "hong.csv"

# The husband's number says female and 1990, the record male and 1991; both are married to each other since before the
# wife came of age; the wife's record says single.
PERSONS = [
    {
        "so_dinh_danh": HUSBAND_PIN,
        "ho_ten": HUSBAND,
        "ngay_sinh": "1991-02-03",
        "gioi_tinh": "Nam",
        "tinh_trang_hon_nhan": "Chưa kết hôn",
        "ma_dvhc": UNIT,
        "dia_chi": ADDRESS,
        "so_dien_thoai": PHONE,
        "ngay_cap_nhat": "2025-07-01",
    },
    {
        "so_dinh_danh": WIFE_PIN,
        "ho_ten": WIFE,
        "ngay_sinh": "2010-05-06",
        "gioi_tinh": "Nữ",
        "tinh_trang_hon_nhan": "Chưa kết hôn",
        "ma_dvhc": UNIT,
        "dia_chi": ADDRESS,
        "ngay_cap_nhat": "2025-07-01",
    },
]
MARRIAGES = [
    {
        "so": "987/2024",
        "quyenSo": "01/2024",
        "trangSo": "7",
        "ngayDangKy": "02.03.2024",
        "loaiDangKy": "1",
        "noiDangKy": UNIT,
        "chongHoTen": HUSBAND,
        "chongNgaySinh": "03.02.1991",
        "chongSoGiayToTuyThan": HUSBAND_PIN,
        "chongNoiCuTru": ADDRESS,
        "voHoTen": WIFE,
        "voNgaySinh": "06.05.2010",
        "voSoGiayToTuyThan": WIFE_PIN,
        "voNoiCuTru": ADDRESS,
    }
]


def write_deliveries(inbox: Path) -> None:
    """Put the planted deliveries into an inbox, and one that lacks a required column and holds planted values too."""
    registers = load_registers(PROJECT / "expectations")
    for register, rows in (("dan_cu", PERSONS), ("ket_hon", MARRIAGES)):
        columns = [field.source_name for field in registers[register].fields]
        _write(inbox / register / FILE, columns, rows)
    without = [field.source_name for field in registers["ket_hon"].fields if field.name != "ngay_dang_ky"]
    kept = [{name: value for name, value in row.items() if name in without} for row in MARRIAGES]
    _write(inbox / "ket_hon" / BAD_FILE, without, kept)


def _write(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
