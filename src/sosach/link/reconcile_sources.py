"""Which place of which register says what of a person: name, birth, sex, ethnic group, numbers.

Holds names of columns and the SELECT that brings all sources into one table; what is compared is in
``reconcile_fields``.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """One place of a register that speaks of a person; expressions are SQL over its core table, None where it lacks
    the field.
    """

    register: str
    role: str
    name: str | None
    birth: str | None
    sex: str | None
    ethnic: str | None
    number: str
    dated: str | None
    sex_told: bool = False  # sex stands in a cell of its own, not in the role


def _party(register: str, role: str, sex: str, ethnic: bool, dated: str, number: str = "so_giay_to_tuy_than") -> Source:
    return Source(
        register, role, f"{role}_ho_ten", f"{role}_ngay_sinh", sex, f"{role}_dan_toc" if ethnic else None,
        f"{role}_{number}", dated, sex == f"{role}_gioi_tinh",
    )  # fmt: skip


def _holder(register: str) -> Source:
    return Source(
        register, "chu_the", "ho_ten", "ngay_sinh", "gioi_tinh", None, "so_dinh_danh", "ngay_cap_nhat", sex_told=True
    )


_CHANGED = "CASE WHEN truong_thay_doi = '{field}' THEN {new} ELSE {old} END"
_NEW_DATE = "CAST(try_strptime(gia_tri_moi, ['%d.%m.%Y', '%d/%m/%Y', '%Y-%m-%d']) AS DATE)"

SOURCES: tuple[Source, ...] = (
    Source("dan_cu", "chu_the", "ho_ten", "ngay_sinh", "gioi_tinh", "dan_toc", "so_dinh_danh", None, sex_told=True),
    _party("khai_sinh", "nks", "nks_gioi_tinh", True, "ngay_dang_ky", "so_dinh_danh_ca_nhan"),
    _party("khai_sinh", "me", "'Nữ'", True, "ngay_dang_ky"),
    _party("khai_sinh", "cha", "'Nam'", True, "ngay_dang_ky"),
    _party("ket_hon", "chong", "'Nam'", True, "ngay_dang_ky"),
    _party("ket_hon", "vo", "'Nữ'", True, "ngay_dang_ky"),
    _party("khai_tu", "nkt", "nkt_gioi_tinh", True, "ngay_dang_ky"),
    _party("xac_nhan_tthn", "nxn", "nxn_gioi_tinh", True, "ngay_dang_ky"),
    _party("ly_hon", "chong", "'Nam'", False, "ngay_ban_an", "so_giay_to"),
    _party("ly_hon", "vo", "'Nữ'", False, "ngay_ban_an", "so_giay_to"),
    _party("nhan_cha_me_con", "cm", "cm_gioi_tinh", True, "ngay_dang_ky"),
    _party("nhan_cha_me_con", "nc", "nc_gioi_tinh", True, "ngay_dang_ky"),
    _party("nuoi_con_nuoi", "con_nuoi", "con_nuoi_gioi_tinh", True, "ngay_dang_ky"),
    _party("nuoi_con_nuoi", "cha_nuoi", "'Nam'", True, "ngay_dang_ky"),
    _party("nuoi_con_nuoi", "me_nuoi", "'Nữ'", True, "ngay_dang_ky"),
    Source(
        "thay_doi_ho_tich",
        "ntd",
        _CHANGED.format(field="Họ, chữ đệm, tên", new="gia_tri_moi", old="ntd_ho_ten"),
        "ntd_ngay_sinh",
        _CHANGED.format(field="Giới tính", new="gia_tri_moi", old="ntd_gioi_tinh"),
        "CASE WHEN truong_thay_doi = 'Dân tộc' THEN gia_tri_moi END",
        "ntd_so_dinh_danh",
        "ngay_dang_ky",
        sex_told=True,
    ),
    _holder("can_cuoc"),
    _holder("bhyt"),
    _holder("tai_khoan_dinh_danh"),
    _holder("chi_tra_an_sinh"),
    Source(
        "tai_khoan_dvc", "chu_the", "ho_ten", None, None, None, "coalesce(so_dinh_danh, so_cmnd)", "ngay_tao"
    ),
)  # fmt: skip


def said_sql(source: Source) -> str:
    """SELECT of everything that a source says of its persons, for table ``said``; needs table ``who``."""
    birth, year, loose = "NULL::DATE", "NULL::INTEGER", "FALSE"
    if source.birth:
        birth, year = source.birth, f"{source.birth}_nam"
        loose = f"coalesce({source.birth}_do_chinh_xac = 'tuoi', FALSE)"
        if source.register == "thay_doi_ho_tich":
            changed = "truong_thay_doi = 'Ngày, tháng, năm sinh'"
            birth = f"CASE WHEN {changed} THEN {_NEW_DATE} ELSE {birth} END"
            year = f"CASE WHEN {changed} THEN TRY_CAST(right(trim(gia_tri_moi), 4) AS INTEGER) ELSE {year} END"
    cmnd = "so_cmnd" if source.register == "dan_cu" else f"CASE WHEN is_cmnd({source.number}) THEN {source.number} END"
    if source.register == "can_cuoc":
        cmnd = "so_cmnd_cu"
    return f"""
    SELECT w.item, w.register, w.role, k.record_id, w.main,
      {source.name or "NULL::VARCHAR"} AS ho_ten, {birth} AS ngay, {year} AS nam, {loose} AS loose,
      {source.sex or "NULL::VARCHAR"} AS gioi_tinh, {source.ethnic or "NULL::VARCHAR"} AS dan_toc,
      CASE WHEN is_pin({source.number}) THEN {source.number} END AS so_dinh_danh, {cmnd} AS so_cmnd,
      {source.dated or "NULL::DATE"} AS dated
    FROM {source.register} k JOIN who w ON w.register = '{source.register}' AND w.role = '{source.role}'
      AND w.record_id = k.record_id"""


def places() -> str:
    """SQL list of the pairs (register, role) of all sources."""
    return ", ".join(f"('{s.register}', '{s.role}')" for s in SOURCES)


def one_of(attribute: str) -> str:
    """SQL type of the registers or roles of the sources: one byte a row instead of a text."""
    return f"ENUM({', '.join(sorted({repr(str(getattr(s, attribute))) for s in SOURCES}))})"


def holders(attribute: str) -> str:
    """SQL list of ``register.role`` that have a cell for an attribute of ``Source``."""
    held = [
        f"'{s.register}.{s.role}'"
        for s in SOURCES
        if getattr(s, attribute)
        and (attribute != "sex" or s.sex_told)
        and (attribute != "ethnic" or s.register != "thay_doi_ho_tich")
    ]
    return ", ".join(held)
