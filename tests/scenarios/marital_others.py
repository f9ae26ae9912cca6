"""Cases: deaths, spouses who are no citizens, unions without an entry, and suspicions."""

from datetime import date

from tests.scenarios.marital_cases import MARRIED, OLD_NUMBER, PARTED, WIDOWED, Couple, case, each
from tests.scenarios.marital_world import HUSBAND, OTHER, WIFE, of, person


@case
def the_dead_do_not_marry(c: Couple) -> None:
    c.spouses()
    c.marriage()
    c.death(date(2005, 1, 1))
    c.expect("w", derived=MARRIED, proof_gap="chet_truoc_ket_hon")


@case
def who_dies_first_dies_married(c: Couple) -> None:
    c.spouses()
    c.marriage()
    c.set("w", ngay_chet=date(2015, 6, 7))
    c.death(date(2020, 1, 2))
    c.expect("w", derived=MARRIED)
    c.expect("h", derived=WIDOWED)


@each((date(2020, 1, 1), 2020, date(2020, 1, 1)), (None, 2019, date(2019, 12, 31)))
def a_spouse_dead_in_the_book_living_in_the_population_register(
    c: Couple, day: date | None, year: int, since: date
) -> None:
    c.spouses(MARRIED, WIDOWED)
    c.marriage()
    c.death(day, nkt_ngay_chet_nam=year)
    c.expect("w", derived=WIDOWED, proof_gap="khai_tu_trai_dan_cu", since=since)


@each(
    (None, None, "chet_thieu_ngay"),
    (date(2012, 2, 3), 2012, "chet_chi_co_nam"),
    (date(2012, 2, 3), None, "chet_thieu_ngay"),
)
def a_death_without_a_day(c: Couple, written: date | None, year: int | None, gap: str) -> None:
    c.stranger()
    c.death(None, nkt_so_giay_to_tuy_than=of(OLD_NUMBER, c.n), ngay_dang_ky=written, nkt_ngay_chet_nam=year)
    c.expect("w", derived=WIDOWED, proof_gap=gap)


@each((False, MARRIED, "vo_chong_chua_noi", ["G2"]), (True, WIDOWED, None, []))
def a_spouse_who_is_no_citizen(c: Couple, died: bool, derived: str, gap: str | None, flags: list[str]) -> None:
    c.stranger()
    if died:
        c.death(date(2012, 2, 3), nkt_so_giay_to_tuy_than=of(OLD_NUMBER, c.n))
    c.expect("w", derived=derived, proof_gap=gap, flags=flags)


@each(
    (True, {}, WIDOWED),
    (False, {"nyc_so_giay_to_tuy_than": "040199999999"}, MARRIED),  # another woman of that name
    (False, {"nkt_ngay_sinh_nam": 1983}, WIDOWED),  # no number, but both names and the year
    (False, {}, MARRIED),
    (False, {"nkt_ngay_sinh_nam": 1980}, MARRIED),
    (True, {"nkt_ngay_sinh_nam": 1980}, MARRIED),
    (True, {"nyc_quan_he": "Con"}, MARRIED),
    (True, {"nkt_ho_ten": "PHAN VĂN XUÂN"}, MARRIED),
)
def a_spouse_who_had_the_death_entered(c: Couple, numbered: bool, cells: dict[str, object], derived: str) -> None:
    c.stranger()
    asker = {"nyc_ho_ten": of("TRẦN THỊ BÌNH", c.n), "nyc_quan_he": "Vợ"}
    number = {"nyc_so_giay_to_tuy_than": of(WIFE, c.n) if numbered else None}
    c.death(date(2012, 2, 3), nkt_so_giay_to_tuy_than=None, **{**asker, **number, **cells})
    c.expect("w", derived=derived)


@case
def two_couples_of_the_same_names_are_not_told_apart_by_names(c: Couple) -> None:
    c.stranger()
    c.other(ho_ten=of("TRẦN THỊ BÌNH", c.n))
    c.marriage(
        "k2", so="77/2010", chong_so_giay_to_tuy_than="187654321", chong_ngay_sinh_nam=1984,
        vo_so_giay_to_tuy_than=of(OTHER, c.n),
    )  # fmt: skip
    asker = {"nyc_ho_ten": of("TRẦN THỊ BÌNH", c.n), "nyc_quan_he": "Vợ", "nkt_ngay_sinh_nam": 1984}
    c.death(date(2012, 2, 3), nkt_so_giay_to_tuy_than=None, **asker)
    c.expect("w", derived=MARRIED)
    c.expect("o", derived=MARRIED)


@each((1984, 1), (1979, 2))
def the_same_stranger_written_twice_is_one_spouse(c: Couple, born: int, n_open: int) -> None:
    c.stranger()
    c.marriage("k2", date(2020, 4, 4), chong_so_giay_to_tuy_than=None, chong_ngay_sinh_nam=born)
    c.expect("w", n_open=n_open)


@each(
    ({}, True),  # the same name beside the same wife
    ({"chong_ho_ten": "VŨ AN", "ket_hon_noi_dang_ky": "16681"}, True),
    ({"chong_ho_ten": "VŨ AN", "ket_hon_ngay_dang_ky": date(2010, 4, 4)}, True),
    ({"chong_ho_ten": "VŨ AN", "ket_hon_ngay_dang_ky": date(2010, 4, 5)}, False),
    ({"chong_ho_ten": "VŨ AN", "ket_hon_noi_dang_ky": "16690"}, False),
)
def a_judgment_finds_its_marriage_though_a_party_is_a_stranger(c: Couple, cells: dict[str, object], ends: bool) -> None:
    c.stranger()
    c.divorce(date(2015, 6, 7), chong_so_giay_to="189999999", ket_hon_so=f"{c.n:02}/2010", **cells)
    c.expect("w", derived=PARTED if ends else MARRIED, flags=["G2"] if ends else ["G1", "G2"])


@each((date(2015, 6, 7), PARTED), (date(2021, 1, 1), WIDOWED))
def what_came_first_ended_it(c: Couple, judged: date, derived: str) -> None:
    c.spouses(derived, derived)
    c.set("h", ngay_chet=date(2020, 1, 1))
    c.marriage()
    c.divorce(judged)
    c.expect("w", derived=derived, proof_gap=None)
    c.expect("h", living=False)


@each(
    (date(1968, 1, 2), "Nam", MARRIED, "hon_nhan_thuc_te"),
    (date(1968, 1, 3), "Nam", MARRIED, None),
    (date(1970, 1, 2), "Nữ", WIDOWED, "hon_nhan_thuc_te"),
    (date(1970, 1, 3), "Nữ", WIDOWED, None),
    (date(1950, 1, 3), "Nữ", PARTED, None),
)
def who_was_of_age_before_1987(c: Couple, born: date, sex: str, recorded: str, exception: str | None) -> None:
    person(c.con, of("h", c.n), of(HUSBAND, c.n), of("NGUYỄN VĂN AN", c.n), born, sex, recorded)
    code = {MARRIED: "B1", PARTED: "B2", WIDOWED: "B3"}[recorded]
    c.expect("h", **{"class": code, "exception": exception})


@case
def another_name_or_year_in_the_book_is_an_identity_mismatch(c: Couple) -> None:
    c.spouses()
    name = of("NGUYỄN VĂN AN", c.n).replace("Ễ", "E").replace("Ă", "A")  # diacritics are no other name
    c.marriage(chong_ho_ten=name, vo_ho_ten="TRẦN THỊ BÍCH", chong_ngay_sinh_nam=1985)
    c.found = {("H1", "w", "k")}


@each(
    (date(1993, 4, 5), "HỒ THỊ LAN", False, True),  # 17 on the day
    (date(1992, 4, 4), "HỒ THỊ LAN", False, False),  # 18 on the day
    (date(1992, 4, 4), "HỒ THỊ LAN", True, True),  # of age, but the elder has a husband of her own
    (date(1993, 4, 5), "HỒ THỊ MAI", False, False),  # no sister
)
def a_sister_under_the_other_ones_name(c: Couple, born: date, mother: str, wed_too: bool, suspected: bool) -> None:
    c.spouses()
    c.set("w", cha_ho_ten="TRẦN VĂN DŨNG", me_ho_ten="HỒ THỊ LAN")
    c.set("h", vo_chong_so_dinh_danh=of(OTHER, c.n))
    c.other(born, cha_ho_ten="TRẦN VĂN DŨNG", me_ho_ten=mother)
    c.marriage()
    if wed_too:
        c.marriage("k2", date(2012, 1, 3), chong_ho_ten="LÊ VĂN BA", chong_so_giay_to_tuy_than="182222222")
    found = {("H2", who, "k") for who in "hwo"} if suspected else set()
    c.found = found | ({("E1", "w", "k2"), ("G2", "w", "k2")} if wed_too else set())


@each((None, None, ["K1"], "E1"), ("Đã ly hôn", None, [], "KHOP"), (None, date(2017, 1, 2), [], "KHOP"))
def a_foreign_divorce_without_a_note(
    c: Couple, note: str | None, judged: date | None, flags: list[str], code: str
) -> None:
    c.spouses()
    korean = {"chong_ho_ten": "KIM MIN SU", "chong_so_giay_to_tuy_than": f"M{c.n}", "chong_quoc_tich": "Hàn Quốc"}
    dated = note and "Ghi chú ly hôn ngày 05/06/2017"
    c.marriage("k1", **{**korean, "tinh_trang_ket_hon": note, "ghi_chu": dated})  # type: ignore[arg-type]
    if judged:
        c.divorce(judged, chong_ho_ten="KIM MIN SU", chong_so_giay_to=f"M{c.n}")
    c.marriage("k2", date(2019, 1, 3))
    c.expect("w", **{"flags": flags, "class": code})
