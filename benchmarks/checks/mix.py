"""What the 20 rules speak of, for contestants that do not read our rule files. Standard library only."""

from datetime import date

AS_OF = date(2025, 12, 31)
CITIZENS, MARRIAGES = "cong_dan", "hon_nhan"
SEXES = ("Nam", "Nữ")
ETHNIC = (
    "Kinh", "Tày", "Thái", "Mường", "Khmer", "Hoa", "Nùng", "H'Mông", "Dao", "Gia Rai", "Ê Đê", "Ba Na", "Sán Chay",
    "Chăm", "Cơ Ho",
)  # fmt: skip
MARITAL = ("Chưa kết hôn", "Đang có vợ/chồng", "Đã ly hôn", "Góa")
IN_FORCE = "Đang hiệu lực"
PIN, CMND, NAME_BAD = "[0-9]{12}", "[0-9]{9}|[0-9]{12}", "[0-9@#$%^&*_=+<>?]"
CITIZEN_COLUMNS = (
    "record_key", "so_dinh_danh", "so_cmnd", "ho_ten", "ngay_sinh", "gioi_tinh", "dan_toc", "tinh_trang_hon_nhan",
    "dia_chi", "ngay_dang_ky", "ngay_cap_nhat",
)  # fmt: skip
"""Columns of the citizens that some rule reads."""
MARRIAGE_COLUMNS = ("record_key", "chong_so_dinh_danh", "vo_so_dinh_danh", "ngay_dang_ky", "trang_thai")
"""Columns of the marriages that some rule reads."""
RULES = {
    "R01": "số định danh not null",
    "R02": "số định danh: 12 digits",
    "R03": "số định danh unique",
    "R04": "CMND: 9 or 12 digits",
    "R05": "name not null",
    "R06": "characters of the name",
    "R07": "length of the name",
    "R08": "birth date not null",
    "R09": "birth date from 1900 to the day of the run",
    "R10": "sex in its code list",
    "R11": "ethnic group in its code list",
    "R12": "marital status in its code list",
    "R13": "filed on or after birth",
    "R14": "(name, birth, address) unique",
    "R15": "century, sex and year in the số định danh",
    "R16": "the register was touched within 7 days",
    "R17": "the husband is a citizen of the register",
    "R18": "the wife is a citizen of the register",
    "R19": "nobody in two marriages in force",
    "R20": "of age at marriage",
}
