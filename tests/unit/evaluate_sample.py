"""A province of nine persons with its truth: every figure of its evaluation can be worked out by hand."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from sosach import stages
from sosach.registers import load_registers
from sosach.settings import PROJECT, Settings

AS_OF = date(2025, 8, 15)
PLACE = "16681"
HUSBAND, WIFE = 7, 8
STATUS = "DANG_CO_VO_CHONG"

Rows = Sequence[Mapping[str, Any]]


def pin(person: int) -> str:
    """Number of a made-up person: the couple was born in 1985 and 1988, everybody else (boys) in 2019."""
    return {HUSBAND: "040085000007", WIFE: "040188000008"}.get(person, f"04021900000{person}")


NAMES = {1: "LÊ VĂN AN", 2: "LÊ VĂN BA", 3: "LÊ VĂN CHÍ", 4: "LÊ VĂN DO", 5: "LÊ VĂN EM", 6: "LÊ VĂN GIA"}
NAMES |= {HUSBAND: "TRẦN VĂN HẢI", WIFE: "VI THỊ KHÁNH", 9: "LÊ VĂN LONG"}


def birth(number: int, person: int, **cells: str) -> dict[str, str]:
    """A birth entry of a foundling, so that no parent has to be told."""
    return {
        "so": f"0{number}/2019",
        "quyenSo": "01/2019",
        "ngayDangKy": "07.03.2019",
        "loaiDangKy": "1",
        "noiDangKy": PLACE,
        "nksHoTen": NAMES[person],
        "nksGioiTinh": "1",
        "nksNgaySinh": f"0{person}.02.2019",
        "nksLoaiKhaiSinh": "5",
        "nksSoDinhDanhCaNhan": pin(person),
        "nguoiKy": "NGUYỄN VĂN ÊM",
        **cells,
    }


BIRTHS = [
    birth(1, 1),
    birth(2, 2, nksHoTen="LÊ  VĂN BA"),  # planted: a space too many
    birth(4, 3),  # 03/2019 was left out: planted
    birth(5, 4, nksHoTen="LÊ VĂN D0"),  # planted: zero for O
    birth(6, 5, nksSoDinhDanhCaNhan=pin(4), nguoiKy="NGUYỄN VĂN 3M"),  # the signer is planted, the number is not told
    birth(7, 6, nksSoDinhDanhCaNhan="", nksNgaySinh="2019", noiDangKy="99999"),  # not told: nothing here is planted
    birth(1, 1),  # planted: the first entry once more
]
CITIZENS = [
    {
        "so_dinh_danh": pin(p),
        "ho_ten": NAMES[p],
        "ngay_sinh": {HUSBAND: "05/05/1985", WIFE: "06/06/1988"}.get(p, f"0{p}/02/2019"),
        "gioi_tinh": "2" if p == WIFE else "1",
        "tinh_trang_hon_nhan": {HUSBAND: "CHUA_KET_HON", WIFE: STATUS}.get(p, ""),
        "vo_chong_ho_ten": NAMES[HUSBAND] if p == WIFE else "",
        "vo_chong_so_dinh_danh": pin(HUSBAND) if p == WIFE else "",
        "ma_dvhc": PLACE,
        "ngay_cap_nhat": "01/03/2022",
    }
    for p in range(1, 9)
]
WEDDINGS = [
    {
        "so": "01/2018",
        "quyenSo": "01/2018",
        "ngayDangKy": "08.03.2018",
        "loaiDangKy": "1",
        "noiDangKy": PLACE,
        "chongHoTen": NAMES[HUSBAND],
        "chongNgaySinh": "05.05.1985",
        "chongSoGiayToTuyThan": pin(HUSBAND),
        "voHoTen": NAMES[WIFE],
        "voNgaySinh": "06.06.1988",
        "voSoGiayToTuyThan": pin(WIFE),
    }
]
DELIVERED = {"khai_sinh": BIRTHS, "dan_cu": CITIZENS, "ket_hon": WEDDINGS}


def deliver(inbox: Path) -> None:
    """Write the three files."""
    registers = load_registers(PROJECT / "expectations")
    for register, rows in DELIVERED.items():
        columns = [field.source_name for field in registers[register].fields]
        path = inbox / register / f"{register}.csv"
        path.parent.mkdir(parents=True)
        pd.DataFrame(rows, columns=columns).fillna("").to_csv(path, index=False)


def _planted(
    register: str, row: int | None, kind: str, rules: list[str], field: str = "", true: str | None = None
) -> dict[str, Any]:
    written = None if row is None or not field else DELIVERED[register][row - 1].get(field) or None
    return {
        "register": register,
        "record_key": f"{PLACE}|01/2019|03/2019" if row is None else f"{register}-{row}",
        "file": None if row is None else f"{register}.csv",
        "row": row,
        "field": field,
        "true_value": true,
        "written_value": written,
        "kind": kind,
        "rules": rules,
    }


CORRUPTIONS = [
    _planted("khai_sinh", 2, "dau_cach", ["TX01"], "nksHoTen", NAMES[2]),
    _planted("khai_sinh", None, "nhay_so", ["BK04"]),
    _planted("khai_sinh", 4, "chu_so", ["TX02"], "nksHoTen", NAMES[4]),
    _planted("khai_sinh", 5, "chu_so", ["TX02"], "nguoiKy", "NGUYỄN VĂN ÊM"),
    _planted("khai_sinh", 7, "hai_lan", ["BK03"]),
    _planted("dan_cu", 7, "chua_cap_nhat", ["XR07"], "tinh_trang_hon_nhan", STATUS),
    _planted("dan_cu", 7, "chua_cap_nhat", ["XR07"], "vo_chong_ho_ten", NAMES[WIFE]),
    _planted("dan_cu", 7, "chua_cap_nhat", ["XR07"], "vo_chong_so_dinh_danh", pin(WIFE)),
    _planted("ket_hon", 1, "la", ["ZZ99"], "trangSo", "1"),  # a code without any rule
]


def _records() -> Rows:
    behind = [
        *(("khai_sinh", row, "nks", person) for row, person in enumerate([1, 2, 3, 4, 5, 6, 1], start=1)),
        *(("dan_cu", person, "chu_the", person) for person in range(1, 9)),
        ("ket_hon", 1, "chong", HUSBAND),
        ("ket_hon", 1, "vo", WIFE),
    ]
    return [
        {"register": g, "record_key": f"{g}-{row}", "file": f"{g}.csv", "row": row, "role": role, "person_id": person}
        for g, row, role, person in behind
    ]


def truth_tables() -> dict[str, Rows]:
    """The rows of every truth file. The wife is divorced in truth, and no register knows it."""
    persons = [
        {
            "person_id": p,
            "gioi_tinh": "Nữ" if p == WIFE else "Nam",
            "ngay_sinh": date(1985 if p == HUSBAND else 1988 if p == WIFE else 2019, 2, p),
            "ngay_chet": None,
            "dan_toc": "Kinh",
            "so_dinh_danh": pin(p),
            "tinh_trang_hon_nhan": {HUSBAND: STATUS, WIFE: "LY_HON"}.get(p, "CHUA_KET_HON"),
            "vo_chong_person_id": WIFE if p == HUSBAND else None,
            "cha_person_id": None,
            "me_person_id": None,
        }
        for p in range(1, 10)
    ]
    wedding, parting = date(2018, 3, 8), date(2024, 9, 9)
    left_out = {"kind": "KS", "delivered": False, "register": "khai_sinh", "person_id": 9, "other_person_id": None}
    left_out |= {"ngay_su_kien": date(2019, 2, 9), "planted": ""}
    couple = {"person_id": HUSBAND, "other_person_id": WIFE, "planted": ""}
    wed = {"kind": "KH", "delivered": True, "register": "ket_hon", "record_key": "ket_hon-1", "ngay_su_kien": wedding}
    twin = {"register": "khai_sinh", "file": "khai_sinh.csv", "row": 7, "of_file": "khai_sinh.csv", "of_row": 1}
    return {
        "persons": persons,
        "marriages": [
            {"chong_person_id": HUSBAND, "vo_person_id": WIFE, "ket_thuc": "ly_hon"}
            | {"ngay_ket_hon": wedding, "ngay_ket_thuc": parting}
        ],
        "records": _records(),
        "corruptions": CORRUPTIONS,
        "books": [
            {"ma_noi_dang_ky": PLACE, "loai_so": "KS", "nam": 2019, "quyen_so": "01/2019", "delivered": True},
        ],
        "events": [{**left_out, "record_key": f"{PLACE}|01/2019|03/2019"}, couple | wed],
        "counts": [{"measure": "records", "name": name, "value": len(rows)} for name, rows in DELIVERED.items()],
        "duplicates": [{**twin, "kind": "hai_lan"}],
    }


INTEGERS = ("row", "of_row", "person_id", "other_person_id", "vo_chong_person_id", "cha_person_id", "me_person_id")
DATES = ("ngay_sinh", "ngay_chet", "ngay_ket_hon", "ngay_ket_thuc", "ngay_su_kien")


def write_truth(folder: Path, tables: Mapping[str, Rows]) -> None:
    """Write the truth files; columns that are NULL throughout keep their type."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        frame = pd.DataFrame(list(rows))
        for column in frame.columns.intersection([*INTEGERS]):
            frame[column] = frame[column].astype("Int64")
        for column in frame.columns.intersection([*DATES]):
            frame[column] = pd.to_datetime(frame[column])
        frame.to_parquet(folder / f"{name}.parquet")


def finished_run(root: Path) -> tuple[Settings, str, Path]:
    """An installation with the run of the sample through ``cleanse``; also its truth folder."""
    settings = Settings(home=root / "home", deliveries=root / "deliveries", expectations=PROJECT / "expectations")
    deliver(settings.deliveries)
    write_truth(root / "truth", truth_tables())
    run_id = stages.ingest(settings, AS_OF)
    for name in ("normalize", "link", "check", "issues", "cleanse"):
        stages.PIPELINE[name](settings, run_id)
    return settings, run_id, root / "truth"
