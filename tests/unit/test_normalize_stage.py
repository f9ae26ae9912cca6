"""What the stage ``normalize`` promises: nothing lost, nothing twice, the same bytes again."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as light
from hypothesis import strategies as st

from sosach.duck import connect
from sosach.errors import BalanceError, MissingArtefactError, SettingsError
from sosach.lake import Lake, read_json, write_json
from sosach.normalize import close_normalize, normalize_register
from sosach.registers import load_registers
from sosach.settings import Settings
from tests.unit.normalize_bench import RUN, deliver, read

KH = {"noiDangKy": "16681", "quyenSo": "01/2019", "ngayDangKy": "01.05.2019", "chongHoTen": "A", "voHoTen": "B"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def few_registers(settings: Settings, tmp_path: Path) -> Settings:
    """The same installation with two registers only, for tests that run all of them."""
    for name in ("code_lists", "ket_hon", "so_ho_tich"):
        (tmp_path / "expectations").mkdir(exist_ok=True)
        (tmp_path / "expectations" / name).symlink_to(settings.expectations / name)
    return settings.model_copy(update={"expectations": tmp_path / "expectations"})


def test_core_has_the_columns_of_the_dictionary_and_the_delivered_text(settings: Settings) -> None:
    row = KH | {
        "so": "5/2019",
        "chongHoTen": "NGUYE\u0302\u0303N  VĂN AN",
        "chongNgaySinh": "28t",
        "chongSoGiayToTuyThan": "40085123456",
        "chongDanToc": "Đan Lai",
        "cotLa": "thừa",
    }
    (delivery,) = deliver(settings, [("ket_hon", [row])])
    counts = normalize_register(settings, RUN, "ket_hon")
    run = Lake(settings.home).run(RUN)
    with connect(settings) as con:
        described = con.execute(f"DESCRIBE FROM read_parquet('{run.core('ket_hon')}')").fetchall()
    assert {d[0]: d[1] for d in described} == load_registers(settings.expectations)["ket_hon"].core_columns
    assert [d[0] for d in described] == list(load_registers(settings.expectations)["ket_hon"].core_columns)
    (record,) = read(run.core("ket_hon"))
    assert record["record_id"] == f"{delivery}:1"
    assert record["record_key"] == "16681|01/2019|05/2019"
    assert record["unit"] == "16681"
    assert (record["so_thu_tu"], record["so_nam"], record["raw_so"]) == (5, 2019, "5/2019")
    assert (record["chong_ngay_sinh"], record["chong_ngay_sinh_nam"]) == (None, 1991)
    assert record["chong_ho_ten"] == "NGUYỄN VĂN AN"
    assert record["raw_chong_ho_ten"] == row["chongHoTen"]
    assert (record["chong_dan_toc"], record["chong_so_giay_to_tuy_than"]) == ("Thổ", "040085123456")
    assert record["ghi_chu"] is None
    cells = {(c["field"], c["old"], c["new"], c["normaliser"]) for c in read(run.cells("ket_hon"))}
    assert cells == {
        ("so", "5/2019", "05/2019", "entry_number"),
        ("chong_ho_ten", row["chongHoTen"], "NGUYỄN VĂN AN", "cp1258"),
        ("chong_ngay_sinh", "28t", "1991", "age"),
        ("chong_so_giay_to_tuy_than", "40085123456", "040085123456", "excel_zero"),
        ("chong_dan_toc", "Đan Lai", "Thổ", "code_list"),
    }
    assert (counts.rows_raw, counts.rows_core, counts.cells_changed, counts.cells_not_understood) == (1, 1, 5, 0)


def test_units_of_today_answer_and_the_province_where_none_does(settings: Settings) -> None:
    with connect(settings) as con:
        from sosach.normalize.macros import register_code_lists

        register_code_lists(con, settings.expectations)
        old, now = con.execute("SELECT code, unit FROM cl_unit_now WHERE code <> unit ORDER BY code").fetchall()[0]
    codes = [old, f" {now} ", "412", "99999"]
    deliver(settings, [("ket_hon", [KH | {"so": f"{i + 1}/2019", "noiDangKy": code} for i, code in enumerate(codes)])])
    normalize_register(settings, RUN, "ket_hon")
    records = read(Lake(settings.home).run(RUN).core("ket_hon"))
    assert [record["unit"] for record in records] == [now, now, "TINH", "TINH"]
    assert records[0]["noi_dang_ky"] == old


def test_a_later_delivery_replaces_the_same_keys_and_repetitions_inside_one_stay(settings: Settings) -> None:
    first = [KH | {"so": so, "chongHoTen": "CŨ"} for so in ("01/2019", "02/2019", "02/2019", "03/2019")]
    second = [KH | {"so": so, "chongHoTen": "MỚI", "ghiChu": "x"} for so in ("2/2019", "3/2019", "3/2019")]
    deliver(settings, [("ket_hon", first), ("ket_hon", second)])
    counts = normalize_register(settings, RUN, "ket_hon")
    kept = sorted((r["so"], r["chong_ho_ten"]) for r in read(Lake(settings.home).run(RUN).core("ket_hon")))
    assert kept == [("01/2019", "CŨ"), ("02/2019", "MỚI"), ("03/2019", "MỚI"), ("03/2019", "MỚI")]
    assert (counts.rows_raw, counts.rows_core, counts.rows_superseded, counts.rows_quarantined) == (7, 4, 3, 0)


def test_two_people_under_one_number_in_two_deliveries_both_stay(settings: Settings) -> None:
    one = {"so_dinh_danh": "040085000011", "ho_ten": "NGUYỄN VĂN AN", "ngay_sinh": "02/03/1985", "ma_dvhc": "16681"}
    other = one | {"ho_ten": "HỒ VĂN TÁM", "ngay_sinh": "09/09/1971"}
    moved = one | {"ho_ten": "Nguyễn Văn Ân", "ma_dvhc": "16690"}
    deliver(settings, [("dan_cu", [one]), ("dan_cu", [other]), ("dan_cu", [moved])])
    counts = normalize_register(settings, RUN, "dan_cu")
    kept = sorted((r["ho_ten"], r["ma_dvhc"]) for r in read(Lake(settings.home).run(RUN).core("dan_cu")))
    assert kept == [("HỒ VĂN TÁM", "16681"), ("Nguyễn Văn Ân", "16690")]
    assert (counts.rows_raw, counts.rows_core, counts.rows_superseded) == (3, 2, 1)


def test_rows_without_key_are_quarantined_with_reason_and_field(settings: Settings) -> None:
    rows = [KH | {"so": "1/2019"}, KH | {"so": "2/2019", "quyenSo": " - "}, KH | {"so": None}, KH | {"so": "05-2019"}]
    deliver(settings, [("ket_hon", rows)])
    counts = normalize_register(settings, RUN, "ket_hon")
    run = Lake(settings.home).run(RUN)
    quarantine = read(run.quarantine("ket_hon"))
    assert [(q["_row"], q["field"]) for q in quarantine] == [(2, "quyen_so"), (3, "so")]
    assert quarantine[0]["reason"] == (
        "Thiếu hoặc để trống “Quyển số”: không lập được khóa của bản ghi. "
        "Ghi đúng ô này ở nguồn rồi gửi lại; dòng sẽ tự vào."
    )
    assert [r["record_key"] for r in read(run.core("ket_hon"))] == ["16681|01/2019|01/2019", "16681|01/2019|05-2019"]
    assert (counts.rows_core, counts.rows_quarantined) == (2, 2)


def test_citizen_without_pin_is_keyed_by_cmnd_else_by_name_birth_and_unit(settings: Settings) -> None:
    person = {"ho_ten": "LÊ THỊ B", "ngay_sinh": "01.05.1980", "ma_dvhc": "16681"}
    rows = [
        person | {"so_dinh_danh": "40180123456", "so_cmnd": "186123456"},
        person | {"so_dinh_danh": "-", "so_cmnd": "186 123 456"},
        person,
        person | {"ngay_sinh": "1/5/1980", "ho_ten": "LÊ  THỊ B"},
        person | {"ngay_sinh": None},
    ]
    deliver(settings, [("dan_cu", rows)])
    normalize_register(settings, RUN, "dan_cu")
    run = Lake(settings.home).run(RUN)
    keys = [r["record_key"] for r in read(run.core("dan_cu"))]
    assert keys[:2] == ["040180123456", "186123456"]
    assert keys[2] == keys[3]
    assert "LÊ" not in str(keys[2])
    assert [(q["_row"], q["field"]) for q in read(run.quarantine("dan_cu"))] == [(5, "ngay_sinh")]


def test_a_date_in_the_key_is_written_one_way_and_an_unreadable_one_does_not_lose_the_row(settings: Settings) -> None:
    row = {"so_ho_so_cu_tru": "HS1", "so_dinh_danh": "040180123456", "loai_cu_tru": "Thường trú", "ma_dvhc": "16681"}
    deliver(settings, [("cu_tru", [row | {"tu_ngay": tu_ngay} for tu_ngay in ("1/5/2020", "43952", "31/06/2020")])])
    normalize_register(settings, RUN, "cu_tru")
    keys = [r["record_key"] for r in read(Lake(settings.home).run(RUN).core("cu_tru"))]
    assert keys[0] == keys[1] == "HS1|040180123456|thuong_tru|2020-05-01"
    assert keys[2] == "HS1|040180123456|thuong_tru|31/06/2020"


def test_a_register_without_delivery_gets_empty_files_with_the_right_columns(settings: Settings) -> None:
    deliver(settings, [])
    with connect(settings) as con:
        for name, register in load_registers(settings.expectations).items():
            assert normalize_register(settings, RUN, name).rows_core == 0
            path = Lake(settings.home).run(RUN).core(name)
            described = con.execute(f"DESCRIBE FROM read_parquet('{path}')").fetchall()
            assert {d[0]: d[1] for d in described} == register.core_columns


def test_running_again_leaves_the_same_bytes(few_registers: Settings) -> None:
    deliver(few_registers, [("ket_hon", [KH | {"so": f"{i}/2019"} for i in range(1, 50)])])
    root = Lake(few_registers.home).run(RUN).root
    seen = []
    for _ in range(2):
        for register in ("ket_hon", "so_ho_tich"):
            normalize_register(few_registers, RUN, register)
        receipt = close_normalize(few_registers, RUN)
        seen.append({path.relative_to(root): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()})
    assert seen[0] == seen[1]
    assert read_json(Lake(few_registers.home).run(RUN).stage("normalize")) == receipt
    counts = receipt["registers"]
    assert isinstance(counts, dict)
    assert {name: found["rows_core"] for name, found in counts.items()} == {"ket_hon": 49, "so_ho_tich": 0}


def test_a_balance_that_does_not_close_stops_the_run(few_registers: Settings) -> None:
    deliver(few_registers, [("ket_hon", [KH | {"so": "1/2019"}])])
    run = Lake(few_registers.home).run(RUN)
    with pytest.raises(MissingArtefactError, match="normalize"):
        close_normalize(few_registers, RUN)
    for register in ("ket_hon", "so_ho_tich"):
        normalize_register(few_registers, RUN, register)
    receipt = run.stage("normalize/ket_hon")
    write_json(receipt, read_json(receipt) | {"rows_core": 0})
    with pytest.raises(BalanceError, match=r"ket_hon: manifest 1 rows, raw 1, core 0"):
        close_normalize(few_registers, RUN)
    assert not run.stage("normalize").exists()


def test_what_is_missing_is_named(settings: Settings) -> None:
    (delivery,) = deliver(settings, [("ket_hon", [KH | {"so": "1/2019"}])])
    with pytest.raises(SettingsError, match="no register 'ket_hom'"):
        normalize_register(settings, RUN, "ket_hom")
    Lake(settings.home).raw("ket_hon", delivery).unlink()
    with pytest.raises(MissingArtefactError, match=delivery):
        normalize_register(settings, RUN, "ket_hon")
    with pytest.raises(MissingArtefactError, match=r"manifest\.json"):
        normalize_register(settings, "2026-01-01_ffffffff", "ket_hon")


NUMBERS = st.sampled_from(["1/2019", "01/2019", "2/2019", "3/2019", "-", None, "3-2019"])
DELIVERIES = st.lists(
    st.lists(st.tuples(NUMBERS, st.sampled_from(["01/2019", " 01/2019", None])), max_size=8), max_size=4
)


@given(deliveries=DELIVERIES)
@light(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_balance_whatever_is_delivered(
    settings: Settings, deliveries: list[list[tuple[str | None, str | None]]]
) -> None:
    rows = [[KH | {"so": so, "quyenSo": quyen_so} for so, quyen_so in delivery] for delivery in deliveries]
    deliver(settings, [("ket_hon", delivery) for delivery in rows if delivery])
    counts = normalize_register(settings, RUN, "ket_hon")
    run = Lake(settings.home).run(RUN)
    core, quarantine = read(run.core("ket_hon")), read(run.quarantine("ket_hon"))
    assert counts.rows_raw == sum(len(delivery) for delivery in rows)
    assert counts.rows_raw == len(core) + len(quarantine) + counts.rows_superseded
    ids = [str(r["record_id"]) for r in (*core, *quarantine)]
    assert len(set(ids)) == len(ids)
    by_key: dict[object, set[object]] = {}
    for record in core:
        by_key.setdefault(record["record_key"], set()).add(record["_delivery"])
    assert all(len(found) == 1 for found in by_key.values())


def test_a_delivery_replaced_whole_counts_as_superseded_with_its_unkeyed_rows(settings: Settings) -> None:
    old = [KH | {"so": "01/2019"}, KH | {"so": None}, KH | {"so": "03/2019"}]
    first, _ = deliver(settings, [("ket_hon", old), ("ket_hon", [KH | {"so": "01/2019", "chongHoTen": "MỚI"}])])
    manifest = Lake(settings.home).run(RUN).manifest
    content = read_json(manifest)
    content["deliveries"][0] |= {"status": "replaced", "replaced_by": content["deliveries"][1]["delivery_id"]}
    write_json(manifest, content)
    counts = normalize_register(settings, RUN, "ket_hon")
    run = Lake(settings.home).run(RUN)
    assert [(r["so"], r["chong_ho_ten"]) for r in read(run.core("ket_hon"))] == [("01/2019", "MỚI")]
    assert read(run.quarantine("ket_hon")) == []
    assert (counts.rows_raw, counts.rows_core, counts.rows_superseded, counts.rows_quarantined) == (4, 1, 3, 0)
    assert first not in {r["_delivery"] for r in read(run.core("ket_hon"))}


def test_records_stay_in_the_order_of_their_rows_however_few_they_are(settings: Settings) -> None:
    rows = [KH | {"so": f"{n:02}/2019", "chongDanToc": "Kinh", "chongNgaySinh": "1980"} for n in range(9, 0, -1)]
    deliver(settings, [("ket_hon", rows)])
    normalize_register(settings, RUN, "ket_hon")
    assert [r["_row"] for r in read(Lake(settings.home).run(RUN).core("ket_hon"))] == list(range(1, 10))
