"""One literal world of many citizens, each with the one trace that keeps, or does not keep, a status from being
confirmed; derived once."""

from datetime import date, timedelta
from typing import Any

import duckdb

from sosach.link.certificates import build_certificates
from sosach.link.coverage import build_coverage
from sosach.link.status import derive
from tests.scenarios.marital_world import AS_OF, link_by_number, rows
from tests.scenarios.registers import add

BORN = date(1985, 3, 2)
COVERED, NO_DISTRICT, HALF = "16681", "17179", "16702"
"""A unit with all its books, one whose district's books are missing, one without the books of 2012 and 2003."""
MARRY = "Kết hôn trong nước với người Việt Nam"
_SYLLABLES = ("AN", "BA", "CA", "ĐÔ", "GIA", "HÀ", "KỲ", "LA", "MY", "NA")


class World:
    """Adds citizens and traces by short names; ``reasons`` derives everything and reads them back."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.pins: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self._pairs: list[str] = []
        self._n = 0

    def _next(self) -> str:
        self._n += 1
        return f"r{self._n}"

    def citizen(self, key: str, sex: str = "Nam", status: str | None = "CHUA_KET_HON", **cells: Any) -> None:
        """One living citizen, in scope, resident in ``unit`` since birth unless ``lives`` is false."""
        number = len(self.pins)
        self.pins[key] = f"040{'0' if sex == 'Nam' else '1'}85{number:06d}"
        self.names[key] = f"NGUYỄN {_SYLLABLES[number // 10]} {_SYLLABLES[number % 10]}"
        lives = cells.pop("lives", True)
        row = {"ngay_cap_nhat": AS_OF, "unit": COVERED, "so_dinh_danh": self.pins[key], **cells}
        self.pins[key] = row["so_dinh_danh"]
        add(
            self.con, "dan_cu", key, ho_ten=self.names[key], ngay_sinh=BORN, gioi_tinh=sex, tinh_trang_hon_nhan=status,
            **row,
        )  # fmt: skip
        if lives:
            self.spell(key, unit=row["unit"])

    def spell(self, key: str, from_day: date = BORN, kind: str = "thuong_tru", **cells: Any) -> None:
        """A residence spell."""
        row = {"so_dinh_danh": self.pins[key], "loai_cu_tru": kind, "tu_ngay": from_day, **cells}
        add(self.con, "cu_tru", self._next(), **row)

    def member(self, key: str, relation: str, head: str) -> None:
        """Write the relation to the head into the citizen's spell."""
        self.con.execute(
            "UPDATE cu_tru SET quan_he_voi_chu_ho = ?, so_dinh_danh_chu_ho = ? WHERE so_dinh_danh = ?",
            [relation, self.pins[head], self.pins[key]],
        )

    def names_spouse(self, key: str, other: str, **cells: Any) -> None:
        """Let the record of ``key`` name ``other`` as spouse, by number and name where nothing else is said."""
        row = {"vo_chong_so_dinh_danh": self.pins[other], "vo_chong_ho_ten": self.names[other], **cells}
        for column, value in row.items():
            self.con.execute(f"UPDATE dan_cu SET {column} = ? WHERE record_id = ?", [value, key])

    def marriage(self, his: str | None, hers: str | None, day: date | None = date(2010, 4, 4), **cells: Any) -> None:
        """An entry; a party that is None is named nowhere else and has no number."""
        record = self._next()
        row: dict[str, Any] = {"ngay_dang_ky": day, "noi_dang_ky": COVERED, "so": record, "so_nam": 2010}
        for role, key in (("chong", his), ("vo", hers)):
            row[f"{role}_ho_ten"] = self.names[key] if key else f"LÊ THỊ {record.upper()}"
            row[f"{role}_so_giay_to_tuy_than"] = self.pins[key] if key else None
            row[f"{role}_ngay_sinh"] = BORN if key else None
        add(self.con, "ket_hon", record, **{**row, **cells})

    def divorce(self, his: str, hers: str, day: date = date(2015, 6, 8), **cells: Any) -> None:
        """A judgment."""
        row = {
            "loai_viec": "ly_hon", "ngay_ban_an": day, "ngay_hieu_luc": day, "so_ban_an": self._next(),
            "chong_ho_ten": self.names[his], "chong_so_giay_to": self.pins[his], "chong_ngay_sinh": BORN,
            "vo_ho_ten": self.names[hers], "vo_so_giay_to": self.pins[hers], "vo_ngay_sinh": BORN,
        }  # fmt: skip
        add(self.con, "ly_hon", self._next(), **{**row, **cells})

    def couple(self, his: str, hers: str, status: str = "DANG_CO_VO_CHONG", **cells: Any) -> None:
        """Two citizens of one marriage who name each other."""
        self.citizen(his, status=status, **cells)
        self.citizen(hers, "Nữ", status=status, **cells)
        self.names_spouse(his, hers)
        self.names_spouse(hers, his)
        self.marriage(his, hers)

    def child(
        self, father: str | None, mother: str | None, born: date = date(2012, 1, 1), recognised: bool = False
    ) -> None:
        """A birth entry; a recognised child also stands in a recognition entry."""
        record = self._next()
        add(
            self.con, "khai_sinh", record, nks_ngay_sinh=born, nks_ho_ten="CON", nks_so_dinh_danh_ca_nhan=record,
            cha_ho_ten=self.names[father] if father else "LÊ VĂN CHA", me_ho_ten=self.names[mother] if mother else None,
            cha_so_giay_to_tuy_than=self.pins[father] if father else None,
            me_so_giay_to_tuy_than=self.pins[mother] if mother else None,
        )  # fmt: skip
        if recognised:
            add(self.con, "nhan_cha_me_con", self._next(), nc_ho_ten="CON", nc_so_giay_to_tuy_than=record)

    def certificate(
        self,
        key: str | None,
        day: date = date(2025, 3, 4),
        status: str = "CHUA_KET_HON",
        purpose: str = "Mục đích khác",
    ) -> str:
        """A certificate; returns its record."""
        record = self._next()
        add(
            self.con, "xac_nhan_tthn", record, ngay_dang_ky=day, nxn_tinh_trang_hon_nhan=status,
            nxn_loai_muc_dich_su_dung=purpose, nxn_ho_ten=self.names[key] if key else "LÊ VĂN LẠ",
            nxn_so_giay_to_tuy_than=self.pins[key] if key else None,
        )  # fmt: skip
        return record

    def review(self, key: str, register: str = "ket_hon", role: str = "chong") -> None:
        """A pair that waits for an officer."""
        self._pairs.append(f"('{register}', 'x', '{role}', '{key}', 'review')")

    def books(self) -> None:
        """Marriage books of three units, closed and empty, 2000 to 2025, with what is missing in two of them."""
        self.con.execute(f"""
            INSERT INTO so_ho_tich (record_id, record_key, unit, ma_noi_dang_ky, loai_so, nam_mo_so, so_truong_hop)
            SELECT code || y, code || y, unit, code, 'KH', y,
              CASE WHEN unit = '{HALF}' AND y IN (2003, 2012) THEN 4 ELSE 0 END
            FROM cl_unit_now CROSS JOIN range(2000, 2026) t(y) WHERE unit IN ('{COVERED}', '{NO_DISTRICT}', '{HALF}')
            UNION ALL
            SELECT DISTINCT district || y, district || y, 'TINH', district, 'KH', y, 0
            FROM cl_don_vi JOIN cl_unit_now USING (code) CROSS JOIN range(2016, 2026) t(y)
            WHERE unit IN ('{COVERED}', '{HALF}') AND district IS NOT NULL""")

    def derive(self) -> dict[str, dict[str, Any]]:
        """Link by number, derive, and give the rows of ``marital_status`` by citizen."""
        con = self.con
        link_by_number(con)
        for register, role, number in (
            ("khai_sinh", "cha", "cha_so_giay_to_tuy_than"),
            ("khai_sinh", "me", "me_so_giay_to_tuy_than"),
            ("khai_sinh", "nks", "nks_so_dinh_danh_ca_nhan"),
            ("nhan_cha_me_con", "nc", "nc_so_giay_to_tuy_than"),
        ):
            con.execute(
                f"INSERT INTO links SELECT '{register}', record_key, record_id, '{role}', 'P' || {number}, 'pin', NULL "
                f"FROM {register} WHERE {number} IS NOT NULL"
            )
        con.execute(
            "CREATE OR REPLACE TEMP TABLE link_pairs (register VARCHAR, record_id VARCHAR, role VARCHAR, "
            "subject_record_id VARCHAR, decision VARCHAR)"
        )
        if self._pairs:
            con.execute(f"INSERT INTO link_pairs VALUES {', '.join(self._pairs)}")
        build_coverage(con, 0.95, AS_OF.year)
        derive(con, AS_OF)
        return {row["record_id"]: row for row in rows(con, "FROM marital_status")}

    def answered(self) -> dict[str, str]:
        """Reason by certificate; ``derive`` has been called."""
        build_certificates(self.con, AS_OF)
        return dict(self.con.execute("SELECT record_id, reason FROM certificates").fetchall())


def days(n: int) -> timedelta:
    """``n`` days."""
    return timedelta(days=n)
