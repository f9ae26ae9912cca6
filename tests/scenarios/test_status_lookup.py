"""``sosach status``: the printed proof, the messages for numbers that cannot be looked up, and the access log."""

from collections.abc import Callable
from datetime import date

import duckdb
import pytest
from typer.testing import CliRunner

from sosach.cli import app
from sosach.duck import write_parquet
from sosach.errors import SettingsError
from sosach.lake import Lake, write_json
from sosach.link.doubts import REASONS
from sosach.link.lookup import ACTION, lines_of, look_up
from sosach.link.proof import GAP_WORDS, write_steps
from sosach.link.status import GAPS
from sosach.settings import Settings
from sosach.state import StateStore
from tests.scenarios.marital_world import (
    AS_OF,
    HUSBAND,
    OTHER,
    WIFE,
    classed,
    death,
    divorce,
    marriage,
    person,
    rows,
    spouses,
)
from tests.scenarios.registers import add, world

RUN = "2025-08-15_00000000"
SHARED = "040199000055"


def couple(con: duckdb.DuckDBPyConnection) -> None:
    """A couple divorced and the woman married again; her commune has its books from 2012 on but for 2015."""
    spouses(con, "LY_HON", "DANG_CO_VO_CHONG")
    person(con, "o", OTHER, "LÊ VĂN CƯỜNG", date(1983, 1, 1), "Nam", "DANG_CO_VO_CHONG", unit="16690")
    person(con, "s1", SHARED, "VI A", date(1999, 1, 1), "Nữ", None)
    marriage(con, "k1", date(2009, 3, 12), so="05/2009", quyen_so="01/2009")
    divorce(con, date(2017, 8, 1))
    marriage(
        con, "k2", date(2019, 1, 3), so="01/2019", quyen_so="01-TP/HT-2019-KH", loai_dang_ky="Đúng hạn",
        chong_ho_ten="LÊ VĂN CƯỜNG", chong_so_giay_to_tuy_than=OTHER,
    )  # fmt: skip
    add(con, "cu_tru", "c", so_dinh_danh=WIFE, loai_cu_tru="thuong_tru", tu_ngay=date(1985, 5, 6))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with one linked run about ``couple``."""
    home = tmp_path_factory.mktemp("home")
    run = Lake(home).run(RUN)
    empty: dict[str, object] = {"previous_run_id": None, "catalogue": "", "deliveries": [], "refused": []}
    write_json(run.manifest, {"run_id": RUN, "as_of": AS_OF.isoformat(), **empty})
    with world() as con:
        couple(con)
        classed(con)
        con.execute(
            "CREATE TEMP TABLE marital_status AS SELECT *, class = 'KHOP' AS confirmable, "
            "[CASE class WHEN 'KHOP' THEN 'du_can_cu' ELSE 'chua_khop' END] AS reasons FROM classed"
        )
        con.execute(
            "INSERT INTO marital_status SELECT * REPLACE ('x' AS person_id) FROM marital_status WHERE record_id = 's1'"
        )
        con.execute(
            "CREATE TEMP TABLE coverage AS SELECT code AS ma_noi_dang_ky, 'KH' AS loai_so, y::INTEGER AS nam, "
            "'16681' AS unit, 1 AS expected, 1 AS digitised, y <> 2020 AS covered "
            "FROM cl_unit_now CROSS JOIN range(2012, 2026) t(y) WHERE unit = '16681'"
        )
        for name in ("marital_status", "marital_events", "marital_findings", "persons", "coverage"):
            write_parquet(con, f"FROM {name}", run.table(name), None)
        for register in ("dan_cu", "cu_tru"):
            write_parquet(con, f"FROM {register}", run.core(register), None)
    return Settings(home=home)


@pytest.fixture
def log(settings: Settings) -> Callable[[], list[tuple[str, str, str, int]]]:
    """The accesses noted since the test began: actor, action, unit, lines."""

    def read() -> list[tuple[str, str, str, int]]:
        with StateStore(settings.state_url) as store:
            return [(a.actor, a.action, a.unit, a.n_lines) for a in store.accesses(RUN)]

    before = len(read())
    return lambda: read()[before:]


def test_the_proof_is_printed_step_by_step_and_the_access_noted(
    settings: Settings, log: Callable[[], list[tuple[str, str, str, int]]]
) -> None:
    printed = CliRunner().invoke(
        app, ["status", WIFE, "--on", "2025-08-15", "--run-id", RUN, "--actor", "An", "--home", str(settings.home)]
    )
    assert printed.exit_code == 0, printed.exception
    assert printed.stdout.splitlines() == [
        "Số định danh 040*******22, tính đến hết ngày 15/08/2025 (dữ liệu đến 15/08/2025)",
        "Tình trạng hôn nhân theo sự kiện: đang có vợ, chồng từ 03/01/2019",
        "Chuỗi chứng cứ:",
        "  Kết hôn ngày 12/03/2009, số 05/2009, quyển 01/2009, tại phường Quang Trung, với N.V.A. sinh 1985 "
        "[nối theo số định danh]",
        "  → Bản án 45/2017/HNGĐ-ST cho ly hôn, có hiệu lực ngày 01/08/2017 của Tòa án nhân dân thành phố Vinh "
        "[nối theo số định danh]",
        "  → Kết hôn ngày 03/01/2019, số 01/2019, quyển 01-TP/HT-2019-KH, tại phường Quang Trung, với L.V.C. sinh 1983 "
        "[nối theo số định danh]",
        "  → chưa thấy bản án, ghi chú hoặc khai tử chấm dứt",
        "Dân cư ghi (15/08/2025): đang có vợ, chồng",
        "Nhóm D1: Khác vợ/chồng giữa hai cơ sở dữ liệu",
        "CẦN XÁC MINH, vì:",
        "  - Dân cư và hộ tịch, tòa án chưa khớp",
        "Sổ đăng ký kết hôn của các nơi đã thường trú, trong thời gian phải xét:",
        "  - phường Thành Vinh 2019–2025: chưa đủ sổ năm 2020",
    ]
    assert log() == [("An", ACTION, "16681", 1)]
    assert not any(part in printed.stdout for part in (WIFE, HUSBAND, OTHER, "TRẦN", "NGUYỄN VĂN AN", "CƯỜNG"))


@pytest.mark.parametrize(
    ("number", "on", "derived", "confirmable"),
    [
        (OTHER, AS_OF, "DANG_CO_VO_CHONG", True),
        (OTHER, date(2019, 1, 3), "DANG_CO_VO_CHONG", True),  # the same marriage
        (OTHER, date(2019, 1, 2), "CHUA_KET_HON", False),  # nothing says that he was not married before
        (WIFE, date(2017, 7, 31), "DANG_CO_VO_CHONG", False),
        (WIFE, date(2017, 8, 1), "LY_HON", False),
        (WIFE, date(2009, 3, 11), "CHUA_KET_HON", False),
        (HUSBAND, date(2018, 1, 1), "LY_HON", True),  # divorced then as today
        (
            HUSBAND,
            date(2010, 1, 1),
            "DANG_CO_VO_CHONG",
            False,
        ),  # the same marriage, but it was open: not what was proved
    ],
)
def test_the_status_of_an_earlier_day(
    settings: Settings, number: str, on: date, derived: str, confirmable: bool
) -> None:
    answer = look_up(settings, RUN, number, on, "An", "thử")
    assert (answer.derived, answer.confirmable) == (derived, confirmable)
    told = "\n".join(lines_of(answer, "", REASONS))
    assert ("KHẲNG ĐỊNH ĐƯỢC" in told) is confirmable
    assert "03/01/2019" not in told or on >= date(2019, 1, 3)


@pytest.mark.parametrize(
    ("number", "on", "told", "logged"),
    [
        ("04018500001", AS_OF, "11 chữ số", []),
        ("181234567", AS_OF, "số CMND", []),
        ("04018500001x", AS_OF, "ký tự khác", []),
        ("٠٤٠١٨٥٠٠٠٠١١", AS_OF, "ký tự khác", []),
        (WIFE, date(2025, 8, 16), "chỉ đến 15/08/2025", []),
        ("040185999999", AS_OF, "không có ai mang số", [("An", ACTION, "TINH", 0)]),
        (SHARED, AS_OF, "2 người khác nhau", [("An", ACTION, "16681", 2)]),
    ],
)
def test_a_number_that_cannot_be_looked_up_is_told_why_and_not_repeated(
    settings: Settings,
    log: Callable[[], list[tuple[str, str, str, int]]],
    number: str,
    on: date,
    told: str,
    logged: list[tuple[str, str, str, int]],
) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        look_up(settings, RUN, number, on, "An", "thử")
    assert number not in str(caught.value)
    assert log() == logged


def test_nobody_looks_up_without_a_name(settings: Settings, log: Callable[[], list[tuple[str, str, str, int]]]) -> None:
    with pytest.raises(SettingsError, match="--actor"):
        look_up(settings, RUN, WIFE, AS_OF, "  ", "thử")
    assert log() == []


def test_no_access_log_no_answer(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(StateStore, "log_access", full)
    with pytest.raises(OSError, match="disk full"):
        look_up(settings, RUN, WIFE, AS_OF, "An", "thử")


def test_every_gap_has_words() -> None:
    assert set(GAP_WORDS) == set(GAPS)


def test_each_kind_of_step_is_a_sentence() -> None:
    with world() as con:
        spouses(con, "GOA", "GOA")
        con.execute("UPDATE dan_cu SET ngay_chet = DATE '2020-01-01' WHERE record_id = 'h'")
        marriage(con, "k1", date(1990, 4, 4), tinh_trang_ket_hon="Đã hủy việc kết hôn", chong_quoc_tich="Lào")
        marriage(con, "k2", date(2012, 4, 4), loai_dang_ky="Đăng ký lại", so="08/2012", noi_dang_ky="425")
        marriage(con, "k3", date(2013, 4, 4), so="09/2013", noi_dang_ky="99999")
        divorce(con, date(1980, 1, 2), so_ban_an="01/1980/QĐST-HNGĐ")
        death(con, None, nkt_ngay_chet_nam=2020, noi_dang_ky="16681")
        classed(con)
        write_steps(con)
        told = [r["sentence"] for r in rows(con, f"FROM proof_steps WHERE person_id = 'P{WIFE}' ORDER BY seq")]
    assert None not in told
    text = "\n".join(told)
    for part in (
        "Quyết định 01/1980/QĐST-HNGĐ cho ly hôn",
        "Kết hôn không rõ ngày, chưa thấy trong sổ đăng ký kết hôn",
        "ghi chú đã hủy việc kết hôn, không rõ ngày",
        "Đăng ký lại cuộc hôn nhân này ngày 04/04/2012, số 08/2012, quyển 01/2010, tại huyện Diễn Châu",
        "Cuộc hôn nhân này có thêm một bản ghi đăng ký ngày 04/04/2013, số 09/2013, quyển 01/2010, tại nơi có mã 99999",
        "Vợ (chồng) cũ chết ngày 01/01/2020, theo dân cư",
        "(có bản án nhưng chưa thấy đăng ký kết hôn)",
    ):
        assert part in text
