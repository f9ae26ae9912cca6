"""How each register is laid out: row ids, order in a file, record key, roles, files, and the event behind a row.

One ``Layout`` a register; ``compose``, ``noise``, ``deliveries`` and ``truth`` read it. A new register is its
``sql/<register>.sql``, its ``register.yaml`` and one entry here. Holds no wording of records and no noise.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

CSV, CSV_BOM, CSV_UTF16, XLSX, PARQUET = "csv", "csv_bom", "csv_utf16", "xlsx", "parquet"
Form = Literal["csv", "csv_bom", "csv_utf16", "xlsx", "parquet"]


class Files(BaseModel):
    """How the rows of a register are split into files, and in which form each file comes.

    ``by``: ``district`` (one file a former district, named after it), ``thirds`` (three files, a district belongs to
    the one of its code's remainder) or ``one``. ``forms`` are taken in turn by the position of the file; ``special``
    names the form of single positions. ``stem`` begins the file name; empty: the register's name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: Literal["district", "thirds", "one"]
    forms: tuple[Form, ...] = (CSV,)
    special: dict[int, Form] = Field(default_factory=dict)
    stem: str = ""

    @property
    def part_sql(self) -> str:
        """SQL on ``_district`` of the part of the delivery, one file each."""
        return {"district": "_district", "thirds": "(_district::INTEGER % 3)::VARCHAR", "one": "''"}[self.by]

    def parts(self, districts: tuple[str, ...]) -> tuple[str, ...]:
        """The parts that ``part_sql`` can give, in the order of their positions."""
        return {"district": districts, "thirds": ("0", "1", "2"), "one": ("",)}[self.by]


class Event(BaseModel):
    """The registrations behind a register's rows, for the truth: SQL on ``e`` (a row of ``table``) and ``p`` (its
    person); ``entry`` is joined by ``kind`` and ``eid`` where ``numbered`` is true, else ``entered`` gives the day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["KS", "KH", "KT", "HN", "LH", "CMC", "NCN", "TDCC"]
    table: str
    person: str
    happened: str
    form: str
    other: str = "NULL"
    planted: str = "e.planted"
    event_id: str = "e.eid"
    numbered: bool = True
    entered: str = ""


class Layout(BaseModel):
    """One register.

    ``row``: SQL of a whole number on the columns of ``sql/<register>.sql`` that names the row for good, whatever other
    rows there are. ``order``: SQL of the order inside a file. ``key``: SQL of the parts of the record key. ``roles``:
    role to hidden column of the true person. ``same``: SQL that is equal for rows about one event or person, NULL for
    a row that can only be doubled by a copy. ``event``: the registration behind a row, where there is one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    register_id: str
    row: str
    order: str
    key: tuple[str, ...]
    files: Files
    roles: dict[str, str] = Field(default_factory=dict)
    same: str = "NULL"
    event: Event | None = None


BOOK_ORDER = "_code, _year, _seq"
HO_TICH_KEY = ('"noiDangKy"', '"quyenSo"', "so")
BY_DISTRICT: tuple[Form, ...] = (CSV, CSV_BOM, CSV)

_ALL = (
    Layout(
        register_id="khai_sinh",
        row="_eid",
        order=BOOK_ORDER,
        key=HO_TICH_KEY,
        files=Files(by="district", forms=BY_DISTRICT, special={2: XLSX}),
        roles={"nks": "_nks", "me": "_me", "cha": "_cha"},
        same="_nks",
        event=Event(kind="KS", table="births", person="e.person", happened="p.birth", form="e.form"),
    ),
    Layout(
        register_id="ket_hon",
        row="_eid",
        order=BOOK_ORDER,
        key=HO_TICH_KEY,
        files=Files(by="district", forms=BY_DISTRICT, special={2: CSV_UTF16, 4: XLSX}),
        roles={"chong": "_chong", "vo": "_vo"},
        same="CASE WHEN _hon_nhan >= 0 THEN _hon_nhan END",
        event=Event(
            kind="KH",
            table="weddings",
            person="e.husband",
            other="e.wife",
            happened="coalesce(e.since_date, n.date)",
            form="e.form",
        ),
    ),
    Layout(
        register_id="khai_tu",
        row="_eid",
        order=BOOK_ORDER,
        key=HO_TICH_KEY,
        files=Files(by="district", forms=BY_DISTRICT, special={2: XLSX}),
        roles={"nkt": "_nkt"},
        same="_nkt",
        event=Event(kind="KT", table="funerals", person="e.person", happened="p.death", form="e.form"),
    ),
    Layout(
        register_id="xac_nhan_tthn",
        row="_eid",
        order=BOOK_ORDER,
        key=HO_TICH_KEY,
        files=Files(by="district", forms=BY_DISTRICT, special={0: XLSX}),
        roles={"nxn": "_nxn"},
        event=Event(
            kind="HN", table="certificates", person="e.person", happened="n.date", form="e.purpose", planted="''"
        ),
    ),
    Layout(
        register_id="ly_hon",
        row="_hon_nhan",
        order="_date, so_ban_an, toa_an",
        key=("so_ban_an", "toa_an"),
        files=Files(by="one", stem="ly_hon_tand_nghe_an"),
        roles={"chong": "_chong", "vo": "_vo"},
        same="_hon_nhan",
        event=Event(
            kind="LH",
            table="(SELECT j.*, t.husband, t.wife FROM judgment j JOIN marriage t USING (marriage))",
            person="e.husband",
            other="e.wife",
            happened="e.effective_date",
            form="e.kind",
            planted="''",
            event_id="e.marriage",
            numbered=False,
            entered="e.judged_date",
        ),
    ),
    Layout(
        register_id="dan_cu",
        row="_p",
        order="ma_dvhc, _p",
        key=("so_dinh_danh",),
        files=Files(by="thirds", forms=(PARQUET, CSV, CSV_BOM)),
        roles={"chu_the": "_p"},
        same="_p",
    ),
    Layout(
        register_id="cu_tru",
        row="_spell",
        order="ma_dvhc, so_ho_so_cu_tru, _p, _tu_ngay, _loai",
        key=(
            "so_ho_so_cu_tru",
            "so_dinh_danh",
            "_loai",
            "CASE WHEN tu_ngay LIKE '____-%' THEN tu_ngay ELSE strftime(strptime(tu_ngay, '%d/%m/%Y'), '%Y-%m-%d') END",
        ),
        files=Files(by="thirds", forms=(CSV, CSV_BOM, CSV)),
        roles={"chu_the": "_p"},
    ),
    Layout(
        register_id="so_ho_tich",
        row="_book",
        order="loai_so, ma_noi_dang_ky, _year, quyen_so",
        key=("ma_noi_dang_ky", "loai_so", "quyen_so", "nam_mo_so"),
        files=Files(by="one", stem="so_ho_tich_nghe_an"),
    ),
    Layout(
        register_id="nhan_cha_me_con",
        row="_eid",
        order=BOOK_ORDER,
        key=HO_TICH_KEY,
        files=Files(by="one", stem="nhan_cha_me_con_nghe_an"),
        roles={"cm": "_cm", "nc": "_nc"},
        event=Event(
            kind="CMC",
            table="recognition",
            person="e.person",
            other="e.recogniser",
            happened="n.date",
            form="e.kind::VARCHAR",
            planted="''",
        ),
    ),
    Layout(
        register_id="nuoi_con_nuoi",
        row="_eid",
        order=BOOK_ORDER,
        key=HO_TICH_KEY,
        files=Files(by="one", stem="nuoi_con_nuoi_nghe_an"),
        roles={"con_nuoi": "_con", "cha_nuoi": "_cha", "me_nuoi": "_me"},
        event=Event(kind="NCN", table="adopted", person="e.person", other="e.father", happened="n.date", form="'1'"),
    ),
    Layout(
        register_id="thay_doi_ho_tich",
        row="_eid",
        order=BOOK_ORDER,
        key=(*HO_TICH_KEY, "_truong"),
        files=Files(by="thirds", forms=(CSV, CSV_BOM, CSV), stem="thay_doi_ho_tich_nghe_an"),
        roles={"ntd": "_ntd"},
        event=Event(kind="TDCC", table="change", person="e.person", happened="e.decided", form="e.act"),
    ),
    Layout(
        register_id="bhyt",
        row="_p",
        order="ma_dvhc, _p",
        key=("ma_so_bhxh",),
        files=Files(by="thirds", forms=(PARQUET, CSV, CSV_BOM)),
        roles={"chu_the": "_p"},
        same="_p",
    ),
    Layout(
        register_id="can_cuoc",
        row="_p * 2 + _huy",
        order="ma_dvhc, _p, _huy",
        key=("so_ho_so",),
        files=Files(by="thirds", forms=(CSV, PARQUET, CSV)),
        roles={"chu_the": "_p"},
        same="CASE WHEN _huy = 0 THEN _p END",
    ),
    Layout(
        register_id="tai_khoan_dinh_danh",
        row="_p",
        order="ma_dvhc, _p",
        key=("ma_tai_khoan",),
        files=Files(by="thirds", forms=(CSV_BOM, CSV, PARQUET)),
        roles={"chu_the": "_p"},
        same="_p",
    ),
    Layout(
        register_id="tai_khoan_dvc",
        row="_p * 2 + _to_chuc",
        order="ma_dvhc, _p, _to_chuc",
        key=("ten_dang_nhap",),
        files=Files(by="one", stem="tai_khoan_cong_dich_vu_cong"),
        roles={"chu_the": "_p"},
        same="_p * 2 + _to_chuc",
    ),
    Layout(
        register_id="chi_tra_an_sinh",
        row="_p",
        order="ma_dvhc, _p",
        key=("ma_doi_tuong",),
        files=Files(by="thirds", forms=(CSV, CSV_BOM, CSV)),
        roles={"chu_the": "_p"},
        same="_p",
    ),
)

LAYOUTS: dict[str, Layout] = {layout.register_id: layout for layout in _ALL}
"""Every register that is made, in the order of making."""
REGISTERS = tuple(LAYOUTS)
