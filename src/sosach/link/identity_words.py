"""What officers read about a record that joined two persons or parted them: SQL that makes Vietnamese words.

Holds words only. No value of a record is in them: a record is named by register, role and record id.
"""

REGISTERS = {
    "dan_cu": "cơ sở dữ liệu dân cư",
    "cu_tru": "dữ liệu cư trú",
    "khai_sinh": "sổ khai sinh",
    "ket_hon": "sổ kết hôn",
    "khai_tu": "sổ khai tử",
    "xac_nhan_tthn": "sổ xác nhận tình trạng hôn nhân",
    "ly_hon": "bản án, quyết định của Tòa án",
    "nhan_cha_me_con": "sổ nhận cha, mẹ, con",
    "nuoi_con_nuoi": "sổ nuôi con nuôi",
    "thay_doi_ho_tich": "sổ thay đổi, cải chính hộ tịch",
    "bhyt": "dữ liệu bảo hiểm y tế",
    "can_cuoc": "dữ liệu căn cước",
    "tai_khoan_dinh_danh": "dữ liệu tài khoản định danh",
    "tai_khoan_dvc": "tài khoản dịch vụ công",
    "chi_tra_an_sinh": "dữ liệu chi trả an sinh",
}
ROLES = {
    "nks": "người được khai sinh",
    "me": "mẹ",
    "cha": "cha",
    "chong": "chồng",
    "vo": "vợ",
    "nkt": "người chết",
    "nxn": "người được xác nhận",
    "cm": "cha, mẹ",
    "nc": "người con",
    "con_nuoi": "con nuôi",
    "cha_nuoi": "cha nuôi",
    "me_nuoi": "mẹ nuôi",
    "ntd": "người được thay đổi",
}
METHODS = {
    "pin": "theo số định danh",
    "cmnd": "theo số CMND",
    "exact_keys": "theo họ tên, giới tính, ngày sinh và cha mẹ",
    "probable": "theo xác suất",
}


def _words(column: str, words: dict[str, str], other: str) -> str:
    cases = " ".join(f"WHEN '{value}' THEN '{text}'" for value, text in words.items())
    return f"CASE {column} {cases} ELSE {other} END"


def place(alias: str) -> str:
    """SQL: ``sổ kết hôn, vai chồng, bản ghi …`` of the columns register, role and record_id of ``alias``."""
    role = _words(f"{alias}.role", {role: f", vai {text}" for role, text in ROLES.items()}, "''")
    return (
        f"{_words(f'{alias}.register', REGISTERS, f'{alias}.register')} || {role} || ', bản ghi ' || {alias}.record_id"
    )


def by(method: str) -> str:
    """SQL: how a link was found, such as ``theo số định danh``; ``method`` is SQL of one of a link's methods."""
    return _words(method, METHODS, "'theo nhóm bản ghi ngoài dân cư'")
