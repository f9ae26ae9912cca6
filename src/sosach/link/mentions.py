"""Every mention of a person in a register, in one shape: the profile by which persons are told apart.

Holds where each register names persons (role and columns) and how a profile is made of them. Which mentions are
compared is in ``blocking``, how in ``comparisons``, joining them to persons in ``match``.
"""

import re
from dataclasses import dataclass, fields

import duckdb

NAME_CHANGED, BIRTH_CHANGED, SEX_CHANGED = "Họ, chữ đệm, tên", "Ngày, tháng, năm sinh", "Giới tính"
"""Fields of ``truong_thay_doi.csv`` after whose change a person is known by the new value."""
_NEW_BIRTH = "CAST(try_strptime(replace(gia_tri_moi, '/', '.'), '%d.%m.%Y') AS DATE)"
_NEW_BIRTH_YEAR = "TRY_CAST(right(trim(gia_tri_moi), 4) AS INTEGER)"


@dataclass(frozen=True)
class Role:
    """One place of a register that names a person; the other fields are SQL over that register's core table.

    ``home`` is today's commune where the person lives, ``origin`` the one whose books hold the birth, ``death`` the
    day of death. Numbers are as written: CMND, PIN or anything else.
    """

    register: str
    role: str
    number: str
    name: str
    birth: str = "NULL::DATE"
    birth_year: str = "NULL::INTEGER"
    sex: str = "NULL::VARCHAR"
    number_2: str = "NULL::VARCHAR"
    father: str = "NULL::VARCHAR"
    mother: str = "NULL::VARCHAR"
    spouse: str = "NULL::VARCHAR"
    father_number: str = "NULL::VARCHAR"
    mother_number: str = "NULL::VARCHAR"
    spouse_number: str = "NULL::VARCHAR"
    home: str = "unit"
    origin: str = "NULL::VARCHAR"
    death: str = "NULL::DATE"
    phone: str = "NULL::VARCHAR"

    @property
    def expressions(self) -> tuple[str, ...]:
        """The SQL of all that the role says of the person."""
        return tuple(str(getattr(self, f.name)) for f in fields(self)[2:])

    @property
    def select(self) -> str:
        """SELECT of this role's mentions as written; a row exists where a number or a name stands."""
        return self.select_from(self.register)

    def select_from(self, source: str) -> str:
        """The same over another table or view with the register's columns."""
        values = ", ".join(f"{getattr(self, f.name)} AS {f.name}" for f in fields(self)[2:])
        return (
            f"SELECT '{self.register}' AS register, record_id, record_key, unit, '{self.role}' AS role, {values} "
            f"FROM {source} WHERE ({self.number}) IS NOT NULL OR ({self.name}) IS NOT NULL"
        )


def _party(
    register: str, prefix: str, sex: str, number: str = "so_giay_to_tuy_than", home: str = "noi_cu_tru_ma_nay",
    **more: str,
) -> Role:  # fmt: skip
    return Role(
        register,
        prefix,
        number=f"{prefix}_{number}",
        name=f"{prefix}_ho_ten",
        birth=f"{prefix}_ngay_sinh",
        birth_year=f"{prefix}_ngay_sinh_nam",
        sex=sex,
        home=f"coalesce({prefix}_{home}, unit)" if home else "unit",
        **more,
    )


def _parent(prefix: str, sex: str, other: str) -> Role:
    spouse = {"spouse": f"{other}_ho_ten", "spouse_number": f"{other}_so_giay_to_tuy_than"}
    return _party("khai_sinh", prefix, sex, **spouse)


def _married(register: str, prefix: str, sex: str, other: str, number: str, **more: str) -> Role:
    spouse = {"spouse": f"{other}_ho_ten", "spouse_number": f"{other}_{number}"}
    return _party(register, prefix, sex, number, **spouse, **more)


def _holder(register: str, **more: str) -> Role:
    """The one person of a record of a specialised database."""
    return Role(register, "chu_the", "so_dinh_danh", "ho_ten", "ngay_sinh", "ngay_sinh_nam", "gioi_tinh", **more)


SUBJECTS = Role(
    "dan_cu",
    "chu_the",
    "so_dinh_danh",
    "ho_ten",
    "ngay_sinh",
    "ngay_sinh_nam",
    "gioi_tinh",
    number_2="so_cmnd",
    father="cha_ho_ten",
    mother="me_ho_ten",
    spouse="vo_chong_ho_ten",
    father_number="cha_so_dinh_danh",
    mother_number="me_so_dinh_danh",
    spouse_number="vo_chong_so_dinh_danh",
    origin="noi_dang_ky_khai_sinh_ma_nay",
    death="ngay_chet",
    phone="so_dien_thoai",
)

ROLES: tuple[Role, ...] = (
    Role("cu_tru", "chu_the", "so_dinh_danh", "NULL::VARCHAR"),
    _party(
        "khai_sinh",
        "nks",
        "nks_gioi_tinh",
        "so_dinh_danh_ca_nhan",
        home="",
        father="cha_ho_ten",
        mother="me_ho_ten",
        father_number="cha_so_giay_to_tuy_than",
        mother_number="me_so_giay_to_tuy_than",
        origin="unit",
    ),
    _parent("me", "'Nữ'", "cha"),
    _parent("cha", "'Nam'", "me"),
    _married("ket_hon", "chong", "'Nam'", "vo", "so_giay_to_tuy_than"),
    _married("ket_hon", "vo", "'Nữ'", "chong", "so_giay_to_tuy_than"),
    _party(
        "khai_tu",
        "nkt",
        "nkt_gioi_tinh",
        death="nkt_ngay_chet",
        spouse="CASE WHEN nyc_quan_he IN ('Vợ', 'Chồng') THEN nyc_ho_ten END",
        spouse_number="CASE WHEN nyc_quan_he IN ('Vợ', 'Chồng') THEN nyc_so_giay_to_tuy_than END",
    ),
    _party("xac_nhan_tthn", "nxn", "nxn_gioi_tinh"),
    _married("ly_hon", "chong", "'Nam'", "vo", "so_giay_to", home=""),
    _married("ly_hon", "vo", "'Nữ'", "chong", "so_giay_to", home=""),
    _party("nhan_cha_me_con", "cm", "cm_gioi_tinh"),
    _party("nhan_cha_me_con", "nc", "nc_gioi_tinh"),
    _party("nuoi_con_nuoi", "con_nuoi", "con_nuoi_gioi_tinh"),
    _married("nuoi_con_nuoi", "cha_nuoi", "'Nam'", "me_nuoi", "so_giay_to_tuy_than"),
    _married("nuoi_con_nuoi", "me_nuoi", "'Nữ'", "cha_nuoi", "so_giay_to_tuy_than"),
    Role(
        "thay_doi_ho_tich",
        "ntd",
        "ntd_so_dinh_danh",
        f"CASE WHEN truong_thay_doi = '{NAME_CHANGED}' THEN gia_tri_moi ELSE ntd_ho_ten END",
        f"CASE WHEN truong_thay_doi = '{BIRTH_CHANGED}' THEN {_NEW_BIRTH} ELSE ntd_ngay_sinh END",
        f"CASE WHEN truong_thay_doi = '{BIRTH_CHANGED}' THEN {_NEW_BIRTH_YEAR} ELSE ntd_ngay_sinh_nam END",
        f"CASE WHEN truong_thay_doi = '{SEX_CHANGED}' THEN gia_tri_moi ELSE ntd_gioi_tinh END",
    ),
    _holder("bhyt"),
    _holder("can_cuoc", number_2="so_cmnd_cu"),
    _holder("tai_khoan_dinh_danh", phone="so_dien_thoai"),
    _holder("chi_tra_an_sinh"),
    Role(
        "tai_khoan_dvc",
        "chu_the",
        "so_dinh_danh",
        "ho_ten",
        number_2="so_cmnd",
        phone="so_dien_thoai",
    ),
)

PROFILE = (
    "pin", "cmnd", "name", "name_key", "name_fold", "surname", "given", "birth", "birth_year", "sex",
    "father_key", "mother_key", "spouse_key", "father_number", "mother_number", "spouse_number",
    "home", "origin", "death", "phone",
)  # fmt: skip
"""Columns of a profile: what is compared. ``name`` keeps its tones, ``name_key`` has none, ``name_fold`` is also free
of slips of Telex and VNI and of i for y; the relatives' keys are folded."""

# Of each distinct name once: a digit for a letter, an alias in brackets, tone and vowel keys of Telex ("nguyeenx") and
# VNI ("nguye64n") that became letters, y for i. No Vietnamese syllable has s, f, r, x, j or w after a vowel.
_FOLD = (
    ("'0'", "'o'"),
    ("'[^a-z ]+'", "''"),
    ("'a+'", "'a'"),
    ("'e+'", "'e'"),
    ("'o+'", "'o'"),
    ("'d+'", "'d'"),
    ("'([aeiouy])[sfrxjw]+'", "'\\1'"),
    ("'([a-z]{2})[sfrxjw]+( |$)'", "'\\1\\2'"),
    ("'y'", "'i'"),
)


def _fold(key: str) -> str:
    for pattern, by in _FOLD:
        key = f"regexp_replace({key}, {pattern}, {by}, 'g')"
    return f"trim({key})"


_NAMES = """
CREATE OR REPLACE TEMP TABLE person_names AS
WITH written AS (SELECT DISTINCT text FROM ({texts}) WHERE text IS NOT NULL),
bare AS (
  SELECT text, trim(regexp_replace(regexp_replace(lower(text), '\\s*[(/,].*$', ''), '[*?._-]+', ' ', 'g')) AS name
  FROM written),
keyed AS (SELECT text, name, name_key(name) AS name_key FROM bare WHERE name <> '')
SELECT *, CASE WHEN contains(name_fold, ' ') THEN split_part(name_fold, ' ', 1) END AS surname,
  string_split(name_fold, ' ')[-1] AS given
FROM (SELECT *, {fold} AS name_fold FROM keyed)
"""

# One digit over and over, as in 000000000000, is a place holder.
_NUMBER = "{kind}({column}) AND NOT regexp_full_match({column}, '0+|1+|2+|3+|4+|5+|6+|7+|8+|9+')"

_COLLECTED = """
CREATE OR REPLACE TEMP TABLE {table} AS
WITH written AS ({written}),
profiled AS (
  SELECT w.register, w.record_id, w.record_key, w.role, w.unit,
    CASE WHEN {pin_1} THEN w.number WHEN {pin_2} THEN w.number_2 END AS pin,
    CASE WHEN {cmnd_1} THEN w.number WHEN {cmnd_2} THEN w.number_2 END AS cmnd,
    n.name, n.name_key, n.name_fold, n.surname, n.given,
    w.birth, coalesce(w.birth_year, year(w.birth))::INTEGER AS birth_year,
    CASE WHEN w.sex IN ('Nam', 'Nữ') THEN w.sex END AS sex,
    f.name_fold AS father_key, m.name_fold AS mother_key, s.name_fold AS spouse_key,
    w.father_number, w.mother_number, w.spouse_number, w.home, w.origin, w.death, w.phone
  FROM written w
  LEFT JOIN person_names n ON n.text = w.name
  LEFT JOIN person_names f ON f.text = w.father
  LEFT JOIN person_names m ON m.text = w.mother
  LEFT JOIN person_names s ON s.text = w.spouse)
SELECT {id} AS id, *, hash({profile}) AS fingerprint FROM profiled
"""


def collect(con: duckdb.DuckDBPyConnection, wanted: str | None = None) -> dict[str, int]:
    """Create tables ``subjects`` (a row a ``dan_cu`` record) and ``mentions`` (a row each naming elsewhere).

    Both have ``id, register, record_id, record_key, role, unit``, the columns of ``PROFILE`` and ``fingerprint``
    (hash of the profile: equal profiles are compared once). ``id`` of a subject is its record id, of a mention
    register, record id and role. Also makes ``person_names``, a row a distinct text of a name.

    Args:
        con: a connection with the registers and macros.
        wanted: table ``(register, record_id)``: only these records; None: all.

    Returns:
        Counts: mentions, subjects.
    """
    sources = _sources(con, wanted)
    texts = " UNION ALL ".join(
        f"SELECT {column} AS text FROM {sources[role.register]}"
        for role in (SUBJECTS, *ROLES)
        for column in (role.name, role.father, role.mother, role.spouse)
        if not column.startswith("NULL")
    )
    con.execute(_NAMES.format(texts=texts, fold=_fold("name_key")))
    numbers = {
        f"{kind}_{place}": _NUMBER.format(kind=f"is_{kind}", column=f"w.{column}")
        for kind in ("pin", "cmnd")
        for place, column in ((1, "number"), (2, "number_2"))
    }
    profile = ", ".join(PROFILE)
    for table, roles, identity in (
        ("subjects", (SUBJECTS,), "record_id"),
        ("mentions", ROLES, "concat_ws('|', register, record_id, role)"),
    ):
        written = " UNION ALL ".join(role.select_from(sources[role.register]) for role in roles)
        con.execute(_COLLECTED.format(table=table, written=written, id=identity, profile=profile, **numbers))
    row = con.execute("SELECT (SELECT count(*) FROM mentions), (SELECT count(*) FROM subjects)").fetchone()
    assert row is not None
    return {"mentions": int(row[0]), "subjects": int(row[1])}


def count_namings(con: duckdb.DuckDBPyConnection) -> int:
    """How many links a run must have: the records of ``dan_cu`` and every role elsewhere that names somebody."""
    roles = (f"FROM {role.register} WHERE ({role.number}) IS NOT NULL OR ({role.name}) IS NOT NULL" for role in ROLES)
    parts = " UNION ALL ".join(f"SELECT count(*) AS n {part}" for part in (f"FROM {SUBJECTS.register}", *roles))
    row = con.execute(f"SELECT sum(n)::BIGINT FROM ({parts})").fetchone()
    assert row is not None
    return int(row[0])


def read_columns(con: duckdb.DuckDBPyConnection, register: str) -> list[str]:
    """Columns of a register that its roles read."""
    selects = " ".join(role.select for role in (SUBJECTS, *ROLES) if role.register == register)
    named = set(re.findall(r"\w+", selects))
    columns = [str(row[0]) for row in con.execute(f"DESCRIBE SELECT * FROM {register}").fetchall()]
    return [column for column in columns if column in named]


def _sources(con: duckdb.DuckDBPyConnection, wanted: str | None) -> dict[str, str]:
    """Where each register's records are read: the register, or a copy of what is wanted of it (each is read once)."""
    registers = dict.fromkeys(role.register for role in (SUBJECTS, *ROLES))
    if wanted is None:
        return {register: register for register in registers}
    asked = {str(row[0]) for row in con.execute(f"SELECT DISTINCT register FROM {wanted}").fetchall()}
    for register in registers:
        these = f"record_id IN (SELECT record_id FROM {wanted} WHERE register = '{register}')"
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE wanted_{register} AS SELECT {', '.join(read_columns(con, register))} "
            f"FROM {register} WHERE {these if register in asked else 'false'}"
        )
    return {register: f"wanted_{register}" for register in registers}
