"""The sister registers: whole, near their settings, and free of the errors that their noise plants.

Foreigners, dead payees, cards and accounts; and what recognition of a child does to its birth entry.
"""

from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sosach.registers import load_registers
from sosach.settings import PROJECT
from synthetic_data.days import day
from synthetic_data.kinds import load_kinds
from synthetic_data.sister import FEWEST, FIRST_ID, PER_PERSON, foreigners, pools
from tests.unit.test_synthetic_data import AS_OF, DataSet, built

SISTERS = ("bhyt", "can_cuoc", "tai_khoan_dinh_danh", "tai_khoan_dvc", "chi_tra_an_sinh")
ALL = (*SISTERS, "nhan_cha_me_con")
EXPECTATIONS = PROJECT / "expectations"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    return built(tmp_path_factory.mktemp("clean"), 5000, 6, noise=0.0)


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    return built(tmp_path_factory.mktemp("noisy"), 5000, 6, noise=4.0)


def dates(texts: pd.Series) -> pd.Series:
    """Days of a column that holds them as dd/mm/yyyy or yyyy-mm-dd."""
    written = pd.to_datetime(texts, format="%d/%m/%Y", errors="coerce")
    return written.fillna(pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce"))


def month(texts: pd.Series) -> pd.Series:
    """Months of mm/yyyy, counted from year 0."""
    return texts.str[3:].astype(int) * 12 + texts.str[:2].astype(int)


def people(data: DataSet, register: str) -> pd.DataFrame:
    """Rows of a register with the true person behind each."""
    records = data.table("records").query("register == @register")[["file", "row", "person_id"]]
    who = data.table("persons").add_prefix("that_")
    rows = data.rows(register).merge(records, on=["file", "row"], validate="1:1")
    return rows.merge(who, left_on="person_id", right_on="that_person_id", validate="m:1")


def foreign(rows: pd.DataFrame) -> pd.Series:
    return rows["that_dan_toc"] == "Người nước ngoài"


def test_every_register_has_rows_and_its_dictionary_lists_what_its_sql_gives(clean: DataSet) -> None:
    registers = load_registers(EXPECTATIONS)
    for name in ALL:
        rows = clean.rows(name)
        assert len(rows) == clean.summary.records[name] > 0
        filled = {c for c in rows.columns if rows[c].notna().any()}
        empty = {f.source_name for f in registers[name].fields} - filled
        assert empty <= {"ghiChu"}, (name, empty)


def test_coded_cells_are_in_their_lists(clean: DataSet) -> None:
    for name in ALL:
        rows = clean.rows(name)
        for field in load_registers(EXPECTATIONS)[name].fields:
            if field.code_list:
                listed = pd.read_csv(
                    EXPECTATIONS / "code_lists" / f"{field.code_list}.csv", dtype=str, keep_default_na=False
                )
                known = {*listed["code"], *listed["name"]}
                assert set(rows[field.source_name].dropna()) <= known, (name, field.name)


def test_keys_are_unique_and_numbers_belong_to_the_true_person(clean: DataSet) -> None:
    keys = {"bhyt": "ma_so_bhxh", "can_cuoc": "so_ho_so", "tai_khoan_dinh_danh": "ma_tai_khoan"}
    keys |= {"tai_khoan_dvc": "ten_dang_nhap", "chi_tra_an_sinh": "ma_doi_tuong"}
    for name, key in keys.items():
        rows = people(clean, name)
        assert rows[key].notna().all(), name
        assert not rows[key].duplicated().any(), name
        citizen = rows[~foreign(rows)]
        assert (citizen["so_dinh_danh"] == citizen["that_so_dinh_danh"]).all(), name


def test_shares_are_near_their_settings(clean: DataSet) -> None:
    persons = clean.table("persons")
    living = persons[persons["trong_dan_cu"] & persons["ngay_chet"].isna()]
    insured = people(clean, "bhyt")
    insured = insured[insured["that_ngay_chet"].isna()]
    assert len(insured) / len(living) == pytest.approx(0.925, abs=0.02)

    accounts = people(clean, "tai_khoan_dinh_danh")
    accounts = accounts[~foreign(accounts) & accounts["that_ngay_chet"].isna()]
    cards = people(clean, "can_cuoc")
    cards = cards[cards["ngay_cap"].notna() & cards["that_ngay_chet"].isna()]
    assert len(accounts) / len(cards) == pytest.approx(1387 / 1773, abs=0.03)
    approved = accounts["ngay_phe_duyet"].notna()
    assert approved.mean() == pytest.approx(1112.118 / 1387, abs=0.03)
    assert accounts.loc[approved, "ngay_kich_hoat"].notna().mean() == pytest.approx(936 / 1112.118, abs=0.03)

    kept = cards["trang_thai"].isin(["4", "Không trả được"])
    assert kept.mean() == pytest.approx(35 / 1650, abs=0.01)
    paid = clean.rows("chi_tra_an_sinh")
    assert paid["so_tai_khoan"].notna().mean() == pytest.approx(0.6516, abs=0.09)


def test_foreigners_have_a_passport_and_a_card_but_no_pin(clean: DataSet) -> None:
    rows = people(clean, "tai_khoan_dinh_danh")
    theirs = rows[foreign(rows)]
    assert 0 < len(theirs) <= FEWEST
    assert theirs["so_dinh_danh"].isna().all()
    assert theirs["so_ho_chieu"].str.fullmatch(r"[A-Z]\d{7}").all()
    assert theirs["so_the_cu_tru"].str.fullmatch(r"(PR|TR)\d{7}").all()
    assert (theirs["ho_ten"] == theirs["ho_ten_tren_the"]).all()
    assert (dates(theirs["ngay_dang_ky"]) >= "2025-07-01").all(), "the campaign began on that day"
    assert (theirs["person_id"] >= FIRST_ID).all()
    numbered = theirs["so_dinh_danh_nguoi_nuoc_ngoai"].notna()
    assert (numbered == theirs["ngay_phe_duyet"].notna()).all()
    ours = rows[~foreign(rows)]
    assert ours[["so_ho_chieu", "so_the_cu_tru", "so_dinh_danh_nguoi_nuoc_ngoai"]].isna().all(axis=None)


def test_number_and_places_of_foreigners_follow_the_population() -> None:
    homes = np.repeat(np.arange(4), [10, 20, 30, 40])
    table = foreigners(7, 500_000, homes, day(AS_OF))
    assert len(table) == round(500_000 * PER_PERSON)
    assert table["home_old"].value_counts().index.tolist() == [3, 2, 1, 0]
    for column in ("passport", "residence_card", "number"):
        assert not table[column].duplicated().any()
    on_time = table.dropna(subset=["filed"])
    assert (on_time["filed"] > on_time["card_day"]).all()
    assert (table["approved"].dropna() <= pd.Timestamp(AS_OF)).all()
    assert foreigners(7, 100, homes, day(date(2025, 6, 30)))["filed"].isna().all(), "before the campaign nobody files"


def test_draws_repeat_and_follow_the_seed() -> None:
    homes = np.arange(50)
    pd.testing.assert_frame_equal(foreigners(7, 9000, homes, day(AS_OF)), foreigners(7, 9000, homes, day(AS_OF)))
    pd.testing.assert_frame_equal(pools(7), pools(7))
    assert not foreigners(8, 9000, homes, day(AS_OF))["name"].equals(foreigners(7, 9000, homes, day(AS_OF))["name"])
    assert not pools(8)["text"].equals(pools(7)["text"])


def insured_after_death(data: DataSet) -> pd.DataFrame:
    rows = people(data, "bhyt")
    return rows[dates(rows["den_ngay"]) > pd.to_datetime(rows["that_ngay_chet"]) + pd.Timedelta(days=31)]


def paid_after_death(data: DataSet) -> pd.DataFrame:
    rows = people(data, "chi_tra_an_sinh").dropna(subset=["that_ngay_chet"])
    died = pd.to_datetime(rows["that_ngay_chet"])
    return rows[month(rows["ky_chi_tra"]) > died.dt.year * 12 + died.dt.month]


def open_after_death(data: DataSet, register: str) -> pd.DataFrame:
    rows = people(data, register).dropna(subset=["that_ngay_chet"])
    return rows[~rows["trang_thai"].isin(["5" if register == "tai_khoan_dinh_danh" else "0", "Đã khóa"])]


def test_the_dead_are_insured_paid_or_online_only_where_planted(clean: DataSet, noisy: DataSet) -> None:
    found = {
        "bhyt_nguoi_chet_con_han": insured_after_death,
        "an_sinh_chi_cho_nguoi_chet": paid_after_death,
        "dinh_danh_nguoi_chet_con_mo": lambda data: open_after_death(data, "tai_khoan_dinh_danh"),
        "dich_vu_cong_nguoi_chet_con_mo": lambda data: open_after_death(data, "tai_khoan_dvc"),
    }
    for kind, search in found.items():
        assert search(clean).empty, kind
        planted = noisy.table("corruptions").query("kind == @kind")[["file", "row"]].drop_duplicates()
        seen = search(noisy)[["file", "row"]].drop_duplicates()
        assert len(planted) > 0, kind
        assert set(map(tuple, seen.to_numpy())) == set(map(tuple, planted.to_numpy())), kind


def test_dates_of_cards_and_accounts_are_in_order(clean: DataSet) -> None:
    orders = {
        "bhyt": ("tu_ngay", "den_ngay"),
        "can_cuoc": ("ngay_nop_ho_so", "ngay_cap", "ngay_tra_the"),
        "tai_khoan_dinh_danh": ("ngay_dang_ky", "ngay_phe_duyet", "ngay_kich_hoat"),
        "tai_khoan_dvc": ("ngay_tao", "lan_dang_nhap_cuoi"),
    }
    for register, columns in orders.items():
        rows = clean.rows(register)
        for before, after in pairwise(columns):
            wrong = dates(rows[before]) > dates(rows[after])
            assert not wrong.any(), (register, before, after)
        if "ngay_cap_nhat" in rows:
            assert (dates(rows["ngay_cap_nhat"]) <= pd.Timestamp(AS_OF)).all(), register


def test_registers_agree_on_who_has_an_active_account(clean: DataSet) -> None:
    accounts = clean.rows("tai_khoan_dinh_danh")
    active = set(accounts.loc[accounts["ngay_kich_hoat"].notna(), "so_dinh_danh"])
    insured = clean.rows("bhyt")
    booked = insured[insured["so_suc_khoe_dien_tu"].isin(["1", "Có"])]
    assert 0.03 < len(booked) / len(insured) < 0.14
    assert set(booked["so_dinh_danh"]) <= active
    linked = clean.rows("tai_khoan_dvc").query("da_lien_ket_vneid in ('1', 'Có')")
    assert len(linked) > 0
    assert set(linked["so_dinh_danh"]) <= active


def originals(data: DataSet, register: str, kind: str) -> pd.DataFrame:
    """Rows that a kind delivered a second time, with the columns of their originals after ``first_``."""
    pairs = data.table("duplicates").query("register == @register and kind == @kind")
    rows = data.rows(register)
    copies = pairs.merge(rows, on=["file", "row"], validate="1:1")
    return copies.merge(
        rows.add_prefix("first_"), left_on=["of_file", "of_row"], right_on=["first_file", "first_row"], validate="m:1"
    )


def test_who_is_registered_or_paid_twice_stands_in_another_commune(noisy: DataSet) -> None:
    units = pd.read_csv(EXPECTATIONS / "code_lists" / "don_vi.csv", dtype=str).query("level == 'xa'")
    before = units[units["valid_to"].notna()].set_index("code")["name"]
    since = units[units["valid_to"].isna()].set_index("code")["name"]
    paid = originals(noisy, "chi_tra_an_sinh", "an_sinh_huong_hai_noi")
    stays = originals(noisy, "cu_tru", "hai_thuong_tru")
    assert len(stays) > 5
    for rows in (paid, stays):
        known = rows["ma_dvhc"].isin(units["code"]) & rows["first_ma_dvhc"].isin(units["code"])
        assert known.mean() > 0.9
        assert (rows["ma_dvhc"] != rows["first_ma_dvhc"])[known].all()
    touched = noisy.table("corruptions").query("register == 'cu_tru' and kind != 'hai_thuong_tru'")
    plain = stays.merge(touched[["file", "row"]].drop_duplicates(), on=["file", "row"], how="left", indicator=True)
    plain = plain[plain["_merge"] == "left_only"]
    merged = dates(plain["ngay_cap_nhat"]) >= "2025-07-01"
    named = plain["ma_dvhc"].map(before).where(~merged, plain["ma_dvhc"].map(since))
    assert named.notna().all(), "the code is of the era of the row"
    assert all(f" {name}, " in place for name, place in zip(named, plain["dia_chi"], strict=True))


def test_phones_have_prefixes_of_mobile_networks(clean: DataSet) -> None:
    phones = clean.rows("dan_cu")[["so_dinh_danh", "so_dien_thoai"]].dropna()
    assert phones["so_dien_thoai"].str.fullmatch(r"0(3[2-9]|5[2689]|7[06789]|8[1-689]|9[0-46-9])\d{7}").all()
    assert phones["so_dien_thoai"].str[:3].nunique() == 34
    accounts = clean.rows("tai_khoan_dvc")[["so_dinh_danh", "so_dien_thoai", "loai"]]
    both = accounts.merge(phones, on="so_dinh_danh")
    assert len(both) > 100
    assert (both["so_dien_thoai_x"] == both["so_dien_thoai_y"]).all()


def test_health_facilities_are_named(clean: DataSet) -> None:
    places = clean.rows("bhyt")["noi_kham_ban_dau"]
    assert places.str.fullmatch(r"Trạm y tế (xã|phường) \w.*|(Bệnh viện đa khoa|Trung tâm y tế) \w.*").all()
    births = clean.rows("khai_sinh")
    born = births["nksNoiSinh"].str.extract(r"^(Tại nhà|Trạm y tế|Bệnh viện đa khoa|Trung tâm y tế)")[0]
    assert born.notna().all()
    year = births["nksNgaySinh"].str[-4:].astype(int)
    house = born.isin(["Bệnh viện đa khoa", "Trung tâm y tế"])
    assert (born == "Tại nhà")[year < 1995].mean() > 0.2 > 0.1 > (born == "Tại nhà")[year >= 2010].mean()
    assert house[year < 1995].mean() < house[year >= 2010].mean()
    old = births[house & (dates(births["ngayDangKy"].str.replace(".", "/")) < "2025-07-01")]
    seats = old["nksNoiSinh"].str.extract(r"^(?P<house>[^,]+), (?P<seat>.+)$")
    assert (seats["seat"] == old["nksNoiSinhDVHC"]).all()
    assert (
        seats.assign(district=seats["house"].str.extract(r"((?:huyện|thị xã|thành phố) .+)$")[0])
        .groupby("district")["seat"]
        .nunique()
        == 1
    ).all(), "a district has one hospital, at its seat"
    deaths = clean.rows("khai_tu")
    facility = deaths["nktNoiChet"].str.match("Bệnh viện|Trung tâm y tế|Trạm y tế")
    assert 0.02 < facility.mean() < 0.6
    assert (facility == deaths["gbtLoai"].isin(["5", "Giấy báo tử của cơ sở y tế"])).all()


def test_a_card_is_shown_with_its_day_and_place(clean: DataSet) -> None:
    rows = clean.rows("ket_hon")
    for side in ("chong", "vo"):
        card = rows[rows[f"{side}LoaiGiayToTuyThan"].isin(["4", "Căn cước công dân"])]
        entered = dates(card["ngayDangKy"].str.replace(".", "/"))
        issued = dates(card[f"{side}NgayCapGiayToTuyThan"].str.replace(".", "/"))
        assert len(card) > 50
        assert (issued <= entered).all()
        assert (issued >= "2021-03-01").all()
        assert card[f"{side}NoiCapGiayToTuyThan"].notna().all()


def acknowledged(data: DataSet) -> pd.DataFrame:
    """``child, parent`` of the delivered acts of recognition."""
    acts = data.table("records").query("register == 'nhan_cha_me_con'")
    pairs = acts.pivot(index=["file", "row"], columns="role", values="person_id")
    birth = data.table("persons").set_index("person_id")["ngay_sinh"]
    younger = pd.to_datetime(pairs["nc"].map(birth)) > pd.to_datetime(pairs["cm"].map(birth))
    child, parent = pairs["nc"].where(younger, pairs["cm"]), pairs["cm"].where(younger, pairs["nc"])
    return pd.DataFrame({"child": child, "parent": parent})


def births_without_a_parent(data: DataSet) -> pd.DataFrame:
    """Birth entries of recognised children that lack the father or the mother."""
    records = data.table("records").query("register == 'khai_sinh' and role == 'nks'")
    births = data.rows("khai_sinh").merge(records[["file", "row", "person_id"]], on=["file", "row"], validate="1:1")
    told = births[births["person_id"].isin(acknowledged(data)["child"])]
    assert len(told) > 0
    return told[told["chaHoTen"].isna() | told["meHoTen"].isna()]


def test_the_recognised_parent_is_the_true_parent(clean: DataSet) -> None:
    pairs = acknowledged(clean)
    assert len(pairs) > 0
    who = clean.table("persons").set_index("person_id")
    known = pd.concat([pairs["child"].map(who[f"{line}_person_id"]) for line in ("cha", "me")], axis=1)
    assert known.eq(pairs["parent"], axis=0).any(axis=1).all()


def test_recognition_amends_the_birth_entry_unless_planted(clean: DataSet, noisy: DataSet) -> None:
    assert births_without_a_parent(clean).empty
    errors = noisy.table("corruptions")
    planted = errors.loc[errors["kind"].str.startswith("khai_sinh_chua_bo_sung"), ["file", "row"]].drop_duplicates()
    bare = births_without_a_parent(noisy)[["file", "row"]]
    assert len(planted) > 0
    assert set(map(tuple, planted.to_numpy())) <= set(map(tuple, bare.to_numpy()))


def test_every_kind_of_these_registers_is_planted_at_a_high_factor(noisy: DataSet) -> None:
    planted = set(noisy.table("corruptions")["kind"])
    rare = {"dinh_danh_nham_loai_chu_the", "the_sai_ngay_cap", "nhan_con_cha_me_tre_hon_con", "nhan_con_sai_loai"}
    rare |= {name for name in load_kinds() if name.startswith(("nguoi_nuoc_ngoai", "nhan_con", "khai_sinh_chua"))}
    wanted = {name for name, kind in load_kinds().items() if set(kind.registers) <= set(SISTERS)} - rare
    assert wanted - planted == set()


def test_the_same_settings_give_the_same_sister_files(tmp_path: Path) -> None:
    first, second = built(tmp_path / "a", 300, 3), built(tmp_path / "b", 300, 3)
    for register in ALL:
        if (first.out / register).is_dir():
            for path in sorted((first.out / register).iterdir()):
                assert path.read_bytes() == (second.out / register / path.name).read_bytes(), path.name
