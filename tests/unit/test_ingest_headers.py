"""Headers as people write them: the same field whatever the case, the diacritics, the order or the office wording."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sosach.errors import DeliveryError
from sosach.ingest.columns import HeaderIndex, Matched, match_columns
from sosach.ingest.header_words import label_key, lenient_key, one_edit
from sosach.ingest.workbook_layout import Merged, find_header, is_number_row, join_header
from sosach.registers import Register, load_registers
from sosach.settings import PROJECT

REGISTERS = load_registers(PROJECT / "expectations")
INDEXES = {name: HeaderIndex(register) for name, register in REGISTERS.items()}
BOOKS = [field.source_name for field in REGISTERS["so_ho_tich"].fields]


def test_every_way_to_name_a_field_names_only_that_field() -> None:
    for register_id, index in INDEXES.items():
        for field in index.register.fields:
            for name in (field.source_name, field.name, field.meaning, *field.labels):
                assert index.candidates(name).fields == (field,), f"{register_id}: {name}"


@pytest.mark.parametrize(
    ("register", "written", "field"),
    [
        ("ket_hon", "Bên nam: Họ và tên", "chongHoTen"),
        ("ket_hon", "HỌ, CHỮ ĐỆM, TÊN (VỢ)", "voHoTen"),
        ("ket_hon", "Họ, chữ đệm, tên vợ", "voHoTen"),
        ("ket_hon", "Ngày, tháng, năm sinh (bên nữ)", "voNgaySinh"),
        ("ket_hon", "Ngày tháng năm sinh bên nữ", "voNgaySinh"),
        ("ket_hon", "Năm sinh chồng", "chongNgaySinh"),
        ("ket_hon", "Bên nữ/vợ", None),
        ("ket_hon", "Bên nam CCCD", "chongSoGiayToTuyThan"),
        ("ket_hon", "Số đăng ký", "so"),
        ("ket_hon", "(1) Số", "so"),
        ("ket_hon", "Quyển sổ", "quyenSo"),
        ("ket_hon", "Họ tên", None),
        ("khai_sinh", "Họ và tên", "nksHoTen"),
        ("khai_sinh", "Người được khai sinh Giới tính", "nksGioiTinh"),
        ("khai_sinh", "Nam/Nữ", "nksGioiTinh"),
        ("khai_sinh", "SĐDCN", "nksSoDinhDanhCaNhan"),
        ("khai_sinh", "Người mẹ Họ và tên", "meHoTen"),
        ("khai_sinh", "Thông tin về cha: ngày sinh", "chaNgaySinh"),
        ("khai_sinh", "Người làm chứng Họ tên", None),
        ("khai_tu", "Họ tên người chết", "nktHoTen"),
        ("khai_tu", "Chết ngày", "nktNgayChet"),
        ("dan_cu", "Số ĐDCN", "so_dinh_danh"),
        ("dan_cu", "Số CCCD", "so_dinh_danh"),
        ("dan_cu", "SĐT", "so_dien_thoai"),
        ("dan_cu", "DÂN TỘC *", "dan_toc"),
        ("dan_cu", "Giới", "gioi_tinh"),
        ("dan_cu", "Ðân tộc", "dan_toc"),
        ("dan_cu", "Địa chỉ thường trú", "dia_chi"),
        ("dan_cu", "Số", None),
        ("ly_hon", "Chồng - Ngày sinh", "chong_ngay_sinh"),
    ],
)
def test_words_of_offices(register: str, written: str, field: str | None) -> None:
    found = INDEXES[register].candidates(written)
    assert (found.field.source_name if found.field else None) == field


@pytest.mark.parametrize("written", ["Cơ quan đăng ký", "Ủy ban nhân dân", "UBND xã", "Tên cơ quan đăng ký"])
def test_a_column_of_office_names_is_no_column_of_unit_codes(written: str) -> None:
    for register_id, index in INDEXES.items():
        field = index.candidates(written).field
        assert field is None or field.type != "unit_code", register_id


styles = st.sampled_from(
    [
        str,
        str.upper,
        str.title,
        lambda s: unicodedata.normalize("NFD", s),
        lambda s: "".join(
            c
            for c in unicodedata.normalize("NFD", s.replace("đ", "d").replace("Đ", "D"))
            if not unicodedata.combining(c)
        ),
        lambda s: f" {s.replace(' ', '_')}:\n",
        lambda s: s.replace(" ", "\u00a0\n"),
        lambda s: f"{s} (*)",
    ]
)


@hypothesis_settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.data(), name=st.sampled_from(sorted(REGISTERS)))
def test_permutations_case_and_diacritics_match_the_same_fields(data: st.DataObject, name: str) -> None:
    register = REGISTERS[name]
    fields = data.draw(st.permutations(register.fields))
    header = []
    for field in fields:
        names = [field.source_name, field.name, field.meaning, *field.labels]
        written = data.draw(st.sampled_from(names))
        header.append(data.draw(styles)(written) if written is not field.source_name else written)
    match = match_columns(register, header)
    assert match.names == tuple(field.source_name for field in fields)
    assert match.extra == ()
    assert [one.field for one in match.found] == list(match.names)


def test_the_match_says_how_each_column_was_found() -> None:
    header = [*BOOKS[:5], "So-Cuoi", "Số trường hợp theo chốt sổ", "Ngày khóa sổ", "Ghi chú"]
    match = match_columns(REGISTERS["so_ho_tich"], header)
    assert [one.how for one in match.found] == ["exact"] * 5 + ["lenient", "label", "lenient", "extra"]
    assert match.found[5] == Matched("So-Cuoi", "so_cuoi", "lenient")
    assert match.found[8] == Matched("Ghi chú", None, "extra")
    assert match.extra == ("Ghi chú",)
    assert match.renamed == (
        "So-Cuoi → so_cuoi",
        "Số trường hợp theo chốt sổ → so_truong_hop",
        "Ngày khóa sổ → ngay_khoa_so",
    )


def test_the_stronger_name_wins_and_the_other_is_kept() -> None:
    match = match_columns(REGISTERS["so_ho_tich"], ["Năm mở sổ", "Số trường hợp theo chốt sổ", *BOOKS])
    assert match.extra == ("Năm mở sổ", "Số trường hợp theo chốt sổ")
    assert [one.how for one in match.found[:2]] == ["extra", "extra"]


@pytest.mark.parametrize("pair", [("Mã nơi đăng ký", "MA NOI DANG KY"), ("ma_noi_dang_ky", "ma_noi_dang_ky")])
def test_two_columns_of_one_field_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(DeliveryError, match="tên cột bị trùng"):
        match_columns(REGISTERS["so_ho_tich"], [*pair, *BOOKS[1:]])


def test_a_label_of_two_fields_is_never_guessed() -> None:
    register = Register.model_validate(
        {
            "register": "thu", "code": "T", "title": "Thử", "kind": "ho_tich", "key": ["so"], "unit": "so",
            "fields": [
                {"name": "so", "type": "text", "required": True, "meaning": "Số"},
                {"name": "chong", "type": "name", "required": True, "labels": ["Họ tên"], "meaning": "Người chồng"},
                {"name": "vo", "type": "name", "labels": ["Họ tên"], "meaning": "Người vợ"},
            ],
        }
    )  # fmt: skip
    with pytest.raises(DeliveryError, match="“HỌ TÊN” có thể là chong hoặc vo"):
        match_columns(register, ["so", "HỌ TÊN", "vo"])
    match = match_columns(register, ["so", "Chồng", "Họ tên"])
    assert match.found[2] == Matched("Họ tên", None, "unclear")
    assert match.extra == ("Họ tên",)


def test_a_misspelt_name_is_proposed_and_not_accepted() -> None:
    header = ["ma_noi_dang_ki", *BOOKS[1:]]
    with pytest.raises(DeliveryError, match=r"ma_noi_dang_ky \(Mã nơi đăng ký; gần giống: “ma_noi_dang_ki”\)"):
        match_columns(REGISTERS["so_ho_tich"], header)


def test_a_refusal_tells_no_cell_of_a_file_without_header() -> None:
    row = ["16681", "01/2020", "Lô Thị Mai", "040185001234"]
    with pytest.raises(DeliveryError) as refused:
        match_columns(REGISTERS["so_ho_tich"], row)
    assert not any(cell in str(refused.value) for cell in row)


letters = st.text("abcdeghiklmnopqrstuvxy", min_size=1, max_size=12)


@hypothesis_settings(max_examples=100, deadline=None, derandomize=True)
@given(letters, letters)
def test_one_edit_is_one_edit(left: str, right: str) -> None:
    def slow(a: str, b: str) -> bool:
        out = {a[:i] + a[i + 1 :] for i in range(len(a))}
        same = any(a[:i] == b[:i] and a[i + 1 :] == b[i + 1 :] for i in range(len(a))) and len(a) == len(b)
        turned = {a[:i] + a[i + 1] + a[i] + a[i + 2 :] for i in range(len(a) - 1)}
        return a != b and (b in out or a in {b[:i] + b[i + 1 :] for i in range(len(b))} or same or b in turned)

    assert one_edit(left, right) == slow(left, right)
    for i in range(len(left)):
        changed = left[:i] + left[i + 1 :]
        assert one_edit(left, changed)
        assert one_edit(changed, left)
    for (i, a), (_, b) in pairwise(enumerate(left)):
        assert one_edit(left, left[:i] + b + a + left[i + 2 :]) == (a != b)


def test_keys() -> None:
    assert lenient_key("Chồng_Họ tên") == lenient_key("chongHoTen") == "chonghoten"
    assert label_key("Bên nam: Họ và tên") == label_key("Họ tên chồng") == "chong ho ten"
    assert lenient_key("(...)") == ""


def test_number_rows() -> None:
    header = ["a"] * 6
    assert is_number_row(["(1)", "(2)", "(3)", "", "", ""], header)
    assert is_number_row(["A", "B", "1", "2", "3", "4"], header)
    assert is_number_row(["1", "2", "3", "4", "5", "6"], header)
    assert not is_number_row(["1", "2", "", "", "", ""], header)
    assert not is_number_row(["1", "16681", "3", "4", "5", "6"], header)
    assert not is_number_row(["2", "3", "4", "5", "6", "7"], header)
    assert not is_number_row(["A", "B", "C", "D", "E", "F"], header)


def test_headers_of_three_rows() -> None:
    rows = [
        ["Số", "Thông tin chồng", "", "Vợ"],
        ["", "Họ tên", "Giấy tờ", "Họ tên"],
        ["", "", "Ngày cấp", ""],
    ]
    merged = [Merged(0, 0, 2, 0), Merged(0, 1, 0, 2)]
    joined = ("Số", "Thông tin chồng Họ tên", "Thông tin chồng Giấy tờ Ngày cấp", "Vợ Họ tên")
    assert join_header(rows, merged, 0) == joined
    place = find_header(INDEXES["ket_hon"], [["x", "", "", ""], *rows, ["1", "A", "", "B"]], [Merged(1, 1, 1, 2)], 0)
    assert place is not None
    assert (place.row, place.depth, place.header) == (1, 3, joined)
