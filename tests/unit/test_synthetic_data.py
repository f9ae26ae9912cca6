"""What the generated data must be: repeatable, whole, lawful where no error was planted, and honest about what was."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pytest

from sosach.registers import load_registers
from sosach.settings import PROJECT
from synthetic_data import Summary, make
from synthetic_data.kinds import load_kinds
from synthetic_data.layout import REGISTERS
from synthetic_data.world import build_world

AS_OF = date(2025, 8, 15)
HO_TICH = ("khai_sinh", "ket_hon", "khai_tu", "xac_nhan_tthn")
ROW = ["register", "file", "row"]


@dataclass(frozen=True)
class DataSet:
    """One generated data set, read back as an officer's computer would read it."""

    out: Path
    truth: Path
    summary: Summary

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.truth / f"{name}.parquet")

    def rows(self, register: str) -> pd.DataFrame:
        """Delivered rows with ``file`` and ``row``, empty cells as None; the broken file is left out."""
        return delivered(self.out / register, self.summary.bad_file).copy()

    def unplanted(self, register: str) -> pd.DataFrame:
        """Delivered rows in which no error was planted."""
        touched = self.table("corruptions").query("register == @register")[["file", "row"]].drop_duplicates()
        joined = self.rows(register).merge(touched, on=["file", "row"], how="left", indicator=True)
        return joined[joined["_merge"] == "left_only"].drop(columns="_merge")


@lru_cache(maxsize=32)
def delivered(folder: Path, bad_file: Path | None) -> pd.DataFrame:
    good = [p for p in sorted(folder.glob("*")) if p != bad_file]
    parts = [read(p).assign(file=p.name, row=lambda f: range(1, len(f) + 1)) for p in good]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["file", "row"])


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".xlsx":
        return pd.read_excel(path, dtype=str, engine="calamine")
    head = path.read_bytes()[:3]
    encoding = "utf-16" if head[:2] == b"\xff\xfe" else "utf-8-sig"
    delimiter = ";" if head == b"\xef\xbb\xbf" else ","
    return pd.read_csv(path, dtype=str, sep=delimiter, encoding=encoding, keep_default_na=False, na_values=[""])


def built(folder: Path, persons: int, communes: int, noise: float = 1.0) -> DataSet:
    out, truth = folder / "out", folder / "truth"
    return DataSet(out, truth, make(out, truth, persons, 7, AS_OF, communes=communes, noise=noise))


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    return built(tmp_path_factory.mktemp("noisy"), 3000, 5)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    return built(tmp_path_factory.mktemp("clean"), 1500, 4, noise=0.0)


def dates(texts: pd.Series) -> pd.Series:
    """Whole dates of a column; everything else (year, age, spoilt) becomes NaT."""
    return pd.to_datetime(texts.str.replace(".", "/", regex=False), format="%d/%m/%Y", errors="coerce")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_same_settings_give_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    first = built(tmp_path / "a", 200, 3)
    built(tmp_path / "b", 200, 3)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert any(path.suffix == ".xlsx" for path in first.out.rglob("*")), "the zip inside XLSX is what repeats worst"
    other = build_world(PROJECT / "expectations", 200, 8, AS_OF, 3, 1.0).person
    assert set(other["name"]) != set(first.table("persons")["ho_ten"])


def test_every_file_has_the_columns_of_its_register(noisy: DataSet) -> None:
    registers = load_registers(PROJECT / "expectations")
    for name in REGISTERS:
        wanted = [field.source_name for field in registers[name].fields]
        for path in (noisy.out / name).glob("*"):
            if path != noisy.summary.bad_file:
                assert list(read(path).columns) == wanted, path.name


def test_files_come_in_the_forms_that_offices_use(noisy: DataSet) -> None:
    heads = [p.read_bytes()[:4] for p in noisy.out.rglob("*") if p.is_file()]
    for mark in (b"\xef\xbb\xbf", b"\xff\xfe", b"PK\x03\x04", b"PAR1"):
        assert any(head.startswith(mark) for head in heads)
    assert sum(head.startswith(b"\xff\xfe") for head in heads) == 1


def test_one_marriage_file_lacks_a_required_column(noisy: DataSet) -> None:
    assert noisy.summary.bad_file is not None
    assert "chongHoTen" not in read(noisy.summary.bad_file).columns


def test_records_and_the_truth_about_them_are_the_same_rows(noisy: DataSet) -> None:
    records = noisy.table("records")
    for register in set(REGISTERS) - {"so_ho_tich"}:
        known = records[records["register"] == register].drop_duplicates(["file", "row"])
        assert len(known) == len(noisy.rows(register)) == noisy.summary.records.get(register, 0)


def test_every_planted_cell_stands_in_the_delivered_file(noisy: DataSet) -> None:
    cells = noisy.table("corruptions").query("field != '' and file.notna()")
    assert len(cells) > 200
    for (register, field), planted in cells.groupby(["register", "field"]):
        found = planted.merge(noisy.rows(register)[["file", "row", field]], on=["file", "row"])
        # XLSX readers strip nothing, but an empty cell and a missing one are the same in every form.
        assert (found["written_value"].fillna("") == found[field].fillna("")).all(), (register, field)
        assert (found["true_value"].fillna("") != found["written_value"].fillna("")).all(), (register, field)


def test_no_cell_is_planted_twice(noisy: DataSet) -> None:
    cells = noisy.table("corruptions").query("file.notna()")
    assert not cells.duplicated([*ROW, "field"]).any()


def test_pins_say_sex_and_birth_year_unless_planted(noisy: DataSet) -> None:
    people = noisy.unplanted("dan_cu")
    pin = people["so_dinh_danh"]
    assert pin.str.fullmatch(r"\d{12}").all()
    year = people["ngay_sinh"].str.extract(r"(\d{4})")[0].astype(int)
    woman = people["gioi_tinh"].isin(["2", "Nữ"])
    assert (pin.str[3].astype(int) == (year // 100 - 19) * 2 + woman).all()
    assert (pin.str[4:6].astype(int) == year % 100).all()
    assert not pin.duplicated().any()
    assert (pin.str[:3] == "040").mean() > 0.9


def test_no_child_is_born_before_its_mother_can_have_it_unless_planted(noisy: DataSet) -> None:
    births = noisy.unplanted("khai_sinh")
    age = (dates(births["nksNgaySinh"]) - dates(births["meNgaySinh"])).dt.days / 365.25
    assert age.notna().sum() > 300
    assert age.dropna().between(15, 46).all()


def test_siblings_of_one_mother_are_born_far_enough_apart(noisy: DataSet) -> None:
    people = noisy.table("persons").dropna(subset="me_person_id").sort_values(["me_person_id", "ngay_sinh"])
    gap = pd.to_datetime(people["ngay_sinh"]).groupby(people["me_person_id"]).diff().dt.days
    assert gap.notna().sum() > 300
    assert ((gap == 0) | (gap >= 180) | gap.isna()).all(), "twins share their birthday"


def test_nobody_marries_after_death_under_age_or_twice_at_once(noisy: DataSet) -> None:
    people = noisy.table("persons").set_index("person_id")
    planted = noisy.table("corruptions").query("kind in ('ket_hon_tao_hon', 'ket_hon_muon_ten')")
    marriages = noisy.table("marriages")
    wed = pd.to_datetime(marriages["ngay_ket_hon"])
    for role in ("chong_person_id", "vo_person_id"):
        person = people.loc[marriages[role]]
        died = pd.to_datetime(person["ngay_chet"].to_numpy())
        assert not (died < wed.to_numpy()).any()
        years = (wed.to_numpy() - pd.to_datetime(person["ngay_sinh"].to_numpy())).days / 365.2425
        least = (19 if role == "chong_person_id" else 17) + (wed >= "2015-01-01").to_numpy()
        # Planted weddings whose book is lost or in another province stand in no delivered record.
        assert (years < least - 0.001).sum() <= len(planted) + 5
        ordered = marriages.sort_values([role, "ngay_ket_hon"])
        before = ordered.groupby(role)["ngay_ket_thuc"].shift()
        second = ordered[role].duplicated()
        assert (pd.to_datetime(before[second]) < pd.to_datetime(ordered["ngay_ket_hon"][second])).all()


def test_spouses_share_no_parent(noisy: DataSet) -> None:
    people = noisy.table("persons").set_index("person_id")
    marriages = noisy.table("marriages")
    for line in ("cha_person_id", "me_person_id"):
        left, right = (people.loc[marriages[role], line].to_numpy() for role in ("chong_person_id", "vo_person_id"))
        assert not (left == right).any()


def test_entries_are_numbered_without_gaps_in_date_order(clean: DataSet) -> None:
    for register in HO_TICH:
        entries = clean.rows(register)
        number, year = (entries["so"].str.split("/", expand=True)[k].astype(int) for k in (0, 1))
        day = dates(entries["ngayDangKy"])
        assert (day.dt.year == year).all()
        assert (day.dt.dayofweek < 5).all()
        # An office's numbers of a year may be split over an old and a new book only on 01/07/2025.
        book = pd.DataFrame({"office": entries["noiDangKy"], "year": year, "number": number, "day": day})
        book = book.sort_values(["office", "year", "number"])
        group = book.groupby(["office", "year"])
        assert (book["number"] == group.cumcount() + 1).all()
        assert group["day"].apply(lambda days: days.is_monotonic_increasing).all()


def test_closing_counts_are_the_entries_of_delivered_books(clean: DataSet) -> None:
    books = clean.rows("so_ho_tich")
    assert not books.duplicated(["ma_noi_dang_ky", "loai_so", "quyen_so", "nam_mo_so"]).any()
    count = books.assign(closing=books["so_truong_hop"].astype(int)).groupby(["loai_so", "ma_noi_dang_ky", "nam_mo_so"])
    closing = count["closing"].sum()
    truth = clean.table("books")
    key = [truth["loai_so"], truth["ma_noi_dang_ky"], truth["nam"].astype(str)]
    delivered = truth["delivered"].groupby(key).all()
    assert 0.5 < delivered.mean() < 1, "some books must be missing, or coverage could never fail"
    for kind, register in zip(("KS", "KH", "KT", "HN"), HO_TICH, strict=True):
        entries = clean.rows(register)
        found = entries.groupby(["noiDangKy", entries["so"].str[-4:]]).size()
        expected = closing[kind][delivered[kind]]
        assert expected.sum() > 0
        assert (found.reindex(expected.index, fill_value=0) == expected).all()
        lost = closing[kind][~delivered[kind]]
        assert found.reindex(lost.index, fill_value=0).sum() == 0


def test_clean_data_has_no_error_and_says_the_true_marital_status(clean: DataSet) -> None:
    assert len(clean.table("corruptions")) == 0
    assert clean.summary.corruptions == {}
    people = clean.rows("dan_cu").merge(clean.table("persons"), on="so_dinh_danh")
    words = {
        "Chưa kết hôn": "CHUA_KET_HON",
        "Đã ly hôn": "LY_HON",
        "Góa": "GOA",
        "Đang có vợ/chồng": "DANG_CO_VO_CHONG",
    }
    assert (people["tinh_trang_hon_nhan_x"].replace(words) == people["tinh_trang_hon_nhan_y"]).all()
    spouse = people.dropna(subset="vo_chong_so_dinh_danh_x")
    mirrored = spouse.set_index("so_dinh_danh")["vo_chong_so_dinh_danh_x"]
    living = spouse[spouse["ngay_chet_x"].isna()]
    assert len(living) > 300
    assert (mirrored.reindex(living["vo_chong_so_dinh_danh_x"]).to_numpy() == living["so_dinh_danh"].to_numpy()).all()


def test_clean_households_have_one_head_and_everyone_one_home(clean: DataSet) -> None:
    stays = clean.rows("cu_tru").query("den_ngay.isna()")
    homes = stays[stays["loai_cu_tru"].isin(["thuong_tru", "Thường trú"])]
    heads = homes["quan_he_voi_chu_ho"].isin(["01", "Chủ hộ"]).groupby(homes["so_ho_so_cu_tru"]).sum()
    assert (heads == 1).all()
    assert not homes["so_dinh_danh"].duplicated().any()
    living = clean.rows("dan_cu").query("ngay_chet.isna()")
    assert set(homes["so_dinh_danh"]) == set(living["so_dinh_danh"])


@pytest.mark.parametrize(("kind", "status"), [("tinh_trang_trong", None), ("chua_cap_nhat_goa", "GOA")])
def test_errors_are_as_frequent_as_their_kind_says(noisy: DataSet, kind: str, status: str | None) -> None:
    people = noisy.table("persons").query("trong_dan_cu and ngay_chet.isna()")
    of_age = pd.Timestamp(AS_OF) - pd.to_timedelta((people["gioi_tinh"] == "Nam") * 730 + 6575, unit="D")
    adults = people[pd.to_datetime(people["ngay_sinh"]) <= of_age]
    eligible = len(adults) if status is None else int((adults["tinh_trang_hon_nhan"] == status).sum())
    expected = eligible * load_kinds()[kind].single_rate
    assert abs(noisy.summary.corruptions[kind] - expected) < 4 * expected**0.5 + 3


def test_planted_errors_grow_with_the_age_of_the_entry(noisy: DataSet) -> None:
    births = noisy.rows("khai_sinh").assign(year=lambda f: dates(f["ngayDangKy"]).dt.year)
    touched = noisy.table("corruptions").query("register == 'khai_sinh'")[["file", "row"]].drop_duplicates()
    joined = births.merge(touched, on=["file", "row"], how="left", indicator=True)
    share = (joined["_merge"] == "both").groupby(pd.cut(joined["year"], [0, 2005, 2015, 2100])).mean().tolist()
    assert 0.12 < share[0] < 0.32
    assert 0.03 < share[1] < 0.13
    assert share[2] < 0.05
