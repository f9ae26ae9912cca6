"""Cases: how marriages begin and how judgments and notes end them, with what can be wrong in both."""

from datetime import date

from tests.scenarios.marital_cases import MARRIED, PARTED, SINGLE, Couple, case, each
from tests.scenarios.marital_world import AS_OF, OTHER, of


@case
def a_divorce_of_tomorrow_does_not_count(c: Couple) -> None:
    c.spouses()
    c.marriage()
    c.divorce(date(2025, 8, 16))
    c.expect("h", **{"class": "KHOP"})


@case
def a_divorce_of_the_day_counts(c: Couple) -> None:
    c.spouses()
    c.marriage()
    c.divorce(AS_OF)
    c.expect("h", **{"class": "C5", "since": AS_OF})


@case
def the_status_of_any_day_follows_the_events(c: Couple) -> None:
    c.spouses()
    c.marriage("k1", date(2010, 4, 4))
    c.divorce(date(2015, 6, 7))
    c.marriage("k2", date(2018, 9, 9))
    c.expect("h", **{"class": "KHOP", "marriage_record_id": of("k2", c.n), "proof_gap": None, "flags": []})
    c.days = [
        ("h", date(2010, 4, 3), SINGLE), ("h", date(2010, 4, 4), MARRIED), ("h", date(2015, 6, 6), MARRIED),
        ("h", date(2015, 6, 7), PARTED), ("h", date(2018, 9, 8), PARTED), ("h", date(2018, 9, 9), MARRIED),
    ]  # fmt: skip


@case
def a_re_registration_is_the_same_marriage_and_no_defect(c: Couple) -> None:
    c.spouses()
    c.marriage("k1", date(2010, 4, 4))
    c.marriage("k2", date(2020, 4, 4), loai_dang_ky="Đăng ký lại")
    c.expect("h", **{"class": "KHOP", "n_open": 1, "flags": [], "since": date(2010, 4, 4), "proof_gap": None})


@each((None, "ket_hon_thieu_ngay", date(2020, 4, 4)), (date(2008, 2, 3), None, date(2008, 2, 3)))
def a_re_registration_alone(c: Couple, began: date | None, gap: str | None, since: date) -> None:
    c.spouses()
    c.marriage("k2", date(2020, 4, 4), loai_dang_ky="Đăng ký lại", ngay_xac_lap_quan_he_hon_nhan=began)
    c.expect("h", proof_gap=gap, since=since)


@case
def an_undated_re_registration_belongs_to_the_marriage_before_it(c: Couple) -> None:
    c.spouses()
    c.divorce(date(2005, 1, 2))
    c.marriage("k1", date(2010, 4, 4))
    c.marriage("k2", date(2020, 4, 4), loai_dang_ky="Đăng ký lại")
    c.expect("h", derived=MARRIED, n_open=1, since=date(2010, 4, 4), proof_gap=None)


@case
def a_second_entry_that_is_not_marked_is_a_duplicate(c: Couple) -> None:
    c.spouses()
    c.marriage("k1", date(2010, 4, 4))
    c.marriage("k2", date(2011, 4, 4))
    c.expect("h", **{"class": "KHOP", "flags": ["G3"]})
    c.found = {("G3", "h", "k2"), ("G3", "w", "k2")}


@each(
    (date(1960, 1, 12), "KHOP", "nhieu_vo_chong_truoc_luat"),
    (date(1960, 1, 13), "E1", "co_the_o_mien_nam"),
    (date(1977, 3, 24), "E1", "co_the_o_mien_nam"),
    (date(1977, 3, 25), "E1", None),
    (date(2016, 4, 4), "E1", None),
)
def two_open_marriages(c: Couple, second: date, code: str, exception: str | None) -> None:
    c.spouses()
    c.other()
    c.marriage("k1", date(1958, 5, 6))
    c.with_other("k2", second)
    c.expect("h", **{"class": code, "exception": exception, "proof_gap": "hai_hon_nhan_mo", "n_open": 2})
    c.expect("w", **{"class": "KHOP", "proof_gap": None})
    c.found = {("E1", "h", "k2")}


@case
def another_spouse_on_the_record(c: Couple) -> None:
    c.spouses()
    c.set("h", vo_chong_so_dinh_danh=of(OTHER, c.n), vo_chong_ho_ten="LÊ THỊ CÚC")
    c.marriage()
    c.expect("h", **{"class": "D1"})
    c.expect("w", **{"class": "KHOP"})


@case
def after_annulment_the_earlier_status_returns(c: Couple) -> None:
    c.spouses(PARTED, "HUY_KET_HON")
    c.other()
    c.with_other("k1", date(2006, 1, 2))
    c.divorce(date(2008, 1, 2), vo_ho_ten=of("LÊ THỊ CÚC", c.n), vo_so_giay_to=of(OTHER, c.n))
    c.marriage("k2")
    c.divorce(date(2012, 1, 1), "huy_ket_hon")
    c.expect("h", **{"derived": PARTED, "class": "KHOP"})
    c.expect("w", **{"derived": SINGLE, "class": "KHOP", "had_annulment": True})
    c.days = [("w", date(2011, 12, 31), MARRIED), ("w", date(2012, 1, 1), SINGLE), ("h", date(2011, 12, 31), MARRIED)]


@each(
    (None, "ghi_chu_thieu_ngay", date(2010, 4, 4), PARTED),
    ("Ly hôn theo 45/2017 ngày 01/08/2017 của Tòa án", None, date(2017, 8, 1), MARRIED),
)
def the_note_in_the_book_ends_a_marriage(c: Couple, note: str | None, gap: str | None, since: date, then: str) -> None:
    c.spouses(PARTED, MARRIED)
    c.marriage(tinh_trang_ket_hon="Đã ly hôn", ghi_chu=note)
    c.expect("h", **{"class": "KHOP", "proof_gap": gap, "since": since})
    c.expect("w", **{"class": "C5"})
    c.days = [("h", date(2017, 7, 31), then), ("h", date(2017, 8, 1), PARTED)]


@each(("Ly hôn ngày 01/08/2017", MARRIED, None), (None, PARTED, "ghi_chu_khong_ro_lan"))
def a_second_entry_after_the_note(c: Couple, note: str | None, derived: str, gap: str | None) -> None:
    c.spouses()
    c.marriage("k1", tinh_trang_ket_hon="Đã ly hôn", ghi_chu=note)
    c.marriage("k2", date(2019, 1, 3))
    c.expect("h", derived=derived, proof_gap=gap)


@case
def an_open_marriage_under_age(c: Couple) -> None:
    c.spouses()
    c.set("h", ngay_sinh=date(2006, 3, 2), ngay_sinh_nam=2006)
    c.marriage(day=date(2025, 1, 1))
    c.expect("h", **{"class": "F1"})


@each((False,), (True,))
def who_is_married_to_somebody_unnamed_is_married(c: Couple, judged: bool) -> None:
    c.spouses()
    c.marriage(vo_ho_ten=None, vo_so_giay_to_tuy_than=None)
    if judged:  # the judgment names the entry, and her
        c.divorce(date(2015, 6, 7), ket_hon_noi_dang_ky="16681", ket_hon_so=f"{c.n:02}/2010")
        c.expect("w", derived=PARTED, flags=[])
    else:
        c.expect("w", derived=SINGLE)
    c.expect("h", derived=PARTED if judged else MARRIED, proof_gap=None if judged else "vo_chong_chua_noi")


@each(
    (None, 2010, MARRIED, "ket_hon_chi_co_nam"),
    (None, None, MARRIED, "ket_hon_thieu_ngay"),
    (date(2090, 4, 4), 2010, MARRIED, "ket_hon_chi_co_nam"),
    (date(2025, 8, 20), 2025, SINGLE, None),
)
def a_marriage_without_a_day(c: Couple, day: date | None, year: int | None, derived: str, gap: str | None) -> None:
    c.spouses()
    c.marriage(ngay_dang_ky=day, so_nam=year)
    c.expect("h", derived=derived, proof_gap=gap)


@case
def a_judgment_that_names_a_later_entry_is_a_broken_chain(c: Couple) -> None:
    c.spouses(PARTED, PARTED)
    c.marriage()
    c.divorce(date(2005, 6, 7), ket_hon_noi_dang_ky="16681", ket_hon_so=f"{c.n:02}/2010")
    c.expect("h", derived=PARTED, proof_gap="ban_an_truoc_ket_hon", flags=[])


@case
def a_judgment_before_the_entry_that_names_none_ended_an_earlier_marriage(c: Couple) -> None:
    c.spouses()
    c.marriage()
    c.divorce(date(2005, 6, 7))
    c.expect("h", derived=MARRIED, proof_gap=None, flags=["G1"])


@case
def a_judgment_without_an_entry_divorces_and_says_so(c: Couple) -> None:
    c.spouses(PARTED, PARTED)
    c.divorce(date(2015, 6, 7), ket_hon_ngay_dang_ky=date(2009, 1, 2))
    c.expect("h", **{"derived": PARTED, "class": "KHOP", "proof_gap": "thieu_dang_ky_ket_hon", "flags": ["G1"]})
    c.days = [("h", date(2009, 1, 1), SINGLE), ("h", date(2012, 1, 1), MARRIED)]


@each(
    (date(2017, 8, 1), date(2017, 7, 1), "45/2017/HNGĐ-ST", "hieu_luc_truoc_ban_an", date(2017, 8, 1)),
    (date(2017, 8, 1), None, "45/2017/HNGĐ-ST", "thieu_ngay_hieu_luc", date(2017, 8, 1)),
    (None, None, "45/2017/HNGĐ-ST", "ban_an_thieu_ngay", date(2017, 12, 31)),
    (None, None, None, "ban_an_thieu_ngay", AS_OF),
)
def a_judgment_with_doubtful_days(
    c: Couple, judged: date | None, effective: date | None, number: str | None, gap: str, since: date
) -> None:
    c.spouses(PARTED, PARTED)
    c.marriage()
    c.divorce(None, ngay_ban_an=judged, ngay_hieu_luc=effective, so_ban_an=number)
    c.expect("h", derived=PARTED, proof_gap=gap, since=since)
