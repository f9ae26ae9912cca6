"""Every mention of a person in a register, in one shape.

Holds where each register names persons (role and columns). Joining the mentions to persons is in ``match``.
"""

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True)
class Role:
    """One place of a register that names a person; expressions are SQL over that register's core table."""

    register: str
    role: str
    number: str
    name: str
    birth: str
    birth_year: str
    sex: str
    others: tuple[str, ...]  # names of parents or spouse that stand beside

    @property
    def select(self) -> str:
        """SELECT of this role's mentions; a row exists where a number or a name stands."""
        others = ", ".join(f"name_key({c})" for c in self.others)
        return (
            f"SELECT '{self.register}' AS register, record_id, record_key, unit, '{self.role}' AS role, "
            f"{self.number} AS number, name_key({self.name}) AS name_key, "
            f"{self.birth} AS birth, {self.birth_year} AS birth_year, {self.sex} AS sex, "
            f"list_filter([{others}]::VARCHAR[], lambda x: x IS NOT NULL) AS others "
            f"FROM {self.register} WHERE {self.number} IS NOT NULL OR {self.name} IS NOT NULL"
        )


def _party(register: str, prefix: str, sex: str, others: tuple[str, ...], number: str = "so_giay_to_tuy_than") -> Role:
    return Role(
        register=register,
        role=prefix,
        number=f"{prefix}_{number}",
        name=f"{prefix}_ho_ten",
        birth=f"{prefix}_ngay_sinh",
        birth_year=f"{prefix}_ngay_sinh_nam",
        sex=sex,
        others=others,
    )


def _holder(register: str) -> Role:
    """The one person of a record of a specialised database."""
    return Role(register, "chu_the", "so_dinh_danh", "ho_ten", "ngay_sinh", "ngay_sinh_nam", "gioi_tinh", ())


SUBJECTS = Role(
    "dan_cu",
    "chu_the",
    "so_dinh_danh",
    "ho_ten",
    "ngay_sinh",
    "ngay_sinh_nam",
    "gioi_tinh",
    ("cha_ho_ten", "me_ho_ten", "vo_chong_ho_ten"),
)

NAME_CHANGED, BIRTH_CHANGED, SEX_CHANGED = "Họ, chữ đệm, tên", "Ngày, tháng, năm sinh", "Giới tính"
"""Fields of ``truong_thay_doi.csv`` after whose change a person is known by the new value."""
_NEW_BIRTH = "CAST(try_strptime(replace(gia_tri_moi, '/', '.'), '%d.%m.%Y') AS DATE)"
_NEW_BIRTH_YEAR = "TRY_CAST(right(trim(gia_tri_moi), 4) AS INTEGER)"

ROLES: tuple[Role, ...] = (
    Role("cu_tru", "chu_the", "so_dinh_danh", "NULL::VARCHAR", "NULL::DATE", "NULL::INTEGER", "NULL::VARCHAR", ()),
    _party("khai_sinh", "nks", "nks_gioi_tinh", ("cha_ho_ten", "me_ho_ten"), "so_dinh_danh_ca_nhan"),
    _party("khai_sinh", "me", "'Nữ'", ("cha_ho_ten",)),
    _party("khai_sinh", "cha", "'Nam'", ("me_ho_ten",)),
    _party("ket_hon", "chong", "'Nam'", ("vo_ho_ten",)),
    _party("ket_hon", "vo", "'Nữ'", ("chong_ho_ten",)),
    _party("khai_tu", "nkt", "nkt_gioi_tinh", ()),
    _party("xac_nhan_tthn", "nxn", "nxn_gioi_tinh", ()),
    _party("ly_hon", "chong", "'Nam'", ("vo_ho_ten",), "so_giay_to"),
    _party("ly_hon", "vo", "'Nữ'", ("chong_ho_ten",), "so_giay_to"),
    _party("nhan_cha_me_con", "cm", "cm_gioi_tinh", ("nc_ho_ten",)),
    _party("nhan_cha_me_con", "nc", "nc_gioi_tinh", ("cm_ho_ten",)),
    _party("nuoi_con_nuoi", "con_nuoi", "con_nuoi_gioi_tinh", ("ben_giao_ho_ten",)),
    _party("nuoi_con_nuoi", "cha_nuoi", "'Nam'", ("me_nuoi_ho_ten",)),
    _party("nuoi_con_nuoi", "me_nuoi", "'Nữ'", ("cha_nuoi_ho_ten",)),
    Role(
        "thay_doi_ho_tich",
        "ntd",
        "ntd_so_dinh_danh",
        f"CASE WHEN truong_thay_doi = '{NAME_CHANGED}' THEN gia_tri_moi ELSE ntd_ho_ten END",
        f"CASE WHEN truong_thay_doi = '{BIRTH_CHANGED}' THEN {_NEW_BIRTH} ELSE ntd_ngay_sinh END",
        f"CASE WHEN truong_thay_doi = '{BIRTH_CHANGED}' THEN {_NEW_BIRTH_YEAR} ELSE ntd_ngay_sinh_nam END",
        f"CASE WHEN truong_thay_doi = '{SEX_CHANGED}' THEN gia_tri_moi ELSE ntd_gioi_tinh END",
        (),
    ),
    _holder("bhyt"),
    _holder("can_cuoc"),
    _holder("tai_khoan_dinh_danh"),
    _holder("chi_tra_an_sinh"),
    Role(
        "tai_khoan_dvc",
        "chu_the",
        "coalesce(so_dinh_danh, so_cmnd)",
        "ho_ten",
        "NULL::DATE",
        "NULL::INTEGER",
        "NULL::VARCHAR",
        (),
    ),
)


def collect_mentions(con: duckdb.DuckDBPyConnection) -> int:
    """Create table ``mentions`` from all registers but ``dan_cu``; returns its number of rows.

    Columns: register, record_id, record_key, unit, role, number, name_key, birth, birth_year, sex, others.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE mentions AS " + " UNION ALL ".join(role.select for role in ROLES))
    row = con.execute("SELECT count(*) FROM mentions").fetchone()
    return int(row[0]) if row else 0
