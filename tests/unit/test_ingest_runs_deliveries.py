"""Deliveries from inbox to manifest: notes, corrected and held ones, drift, and nothing left of a failure."""

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from sosach import cli, stages
from sosach.errors import SosachError
from sosach.ingest import ingest_register, open_run
from sosach.ingest.delivery_tables import quarantine_lines
from sosach.lake import Lake, read_json
from sosach.settings import Settings
from sosach.state import ACCEPTED, HELD, StateStore
from tests.unit.ingest_sample import FILE, HEADER, REGISTER, ROW, drop, raw_files

DAY, LATER = date(2026, 10, 1), date(2026, 10, 8)
NOTE = "phieu_giao_nhan.csv"
OTHER = ROW.replace("2020-12-31", "2020-12-30")
DRIFTED = (
    HEADER + "\n" + "\n".join(f"16681,KS,hai không,{n}/2020,01/2020,09/2020,9,2020-12-31" for n in range(20)) + "\n"
)

Declare = Callable[..., Settings]


@pytest.fixture
def declare(settings: Settings, tmp_path: Path) -> Declare:
    """The installation with another section ``delivering`` of the register; the rest of the expectations is shared."""

    def with_section(**section: Any) -> Settings:
        folder = tmp_path / f"expectations-{len(list(tmp_path.iterdir()))}"
        (folder / REGISTER).mkdir(parents=True)
        (folder / "code_lists").symlink_to(settings.expectations / "code_lists")
        text = yaml.safe_load((settings.expectations / REGISTER / "register.yaml").read_text(encoding="utf-8"))
        text["delivering"] = section
        (folder / REGISTER / "register.yaml").write_text(yaml.safe_dump(text, allow_unicode=True), encoding="utf-8")
        return settings.model_copy(update={"expectations": folder})

    return with_section


def _manifest(settings: Settings, as_of: date) -> dict[str, Any]:
    found: dict[str, Any] = read_json(Lake(settings.home).run(open_run(settings, as_of, "luat")).manifest)
    return found


def _reasons(settings: Settings) -> list[str]:
    with StateStore(settings.state_url) as state:
        return [refusal.reason for refusal in state.refusals()]


def test_a_note_says_who_sent_what_and_is_no_delivery(settings: Settings) -> None:
    sha256 = hashlib.sha256(FILE.encode()).hexdigest()
    drop(settings, "17329/a.csv", FILE)
    drop(
        settings,
        f"17329/{NOTE}",
        f"tệp,kỳ từ,kỳ đến,số dòng,người gửi,sha256\na.csv,9/2026,9/2026,1,Tư pháp,{sha256}\n",
    )
    counts = ingest_register(settings, REGISTER, DAY)
    assert (counts.accepted, counts.refused, counts.held) == (1, 0, 0)
    (first,) = _manifest(settings, DAY)["deliveries"]
    assert (first["unit"], first["period_from"], first["period_to"]) == ("17329", "2026-09-01", "2026-09-30")
    assert first["origin"] == {"unit": "path", "period": "note", "sender": "note"}
    assert "Tư pháp" not in str(first), "a sender may be a person"
    with StateStore(settings.state_url) as state:
        (delivery,) = state.deliveries()
    assert (delivery.sender, delivery.declared_rows) == ("Tư pháp", 1)
    assert delivery.parts[0]["line"] == 2
    assert [column["field"] for column in delivery.columns][:2] == ["ma_noi_dang_ky", "loai_so"]


def test_a_broken_promise_is_refused_by_name_and_leaves_no_rows(settings: Settings) -> None:
    drop(settings, "a.csv", FILE + OTHER + "\n")
    drop(settings, NOTE, "tệp,số dòng\na.csv,100\nb.csv,1\n")
    counts = ingest_register(settings, REGISTER, DAY)
    assert (counts.accepted, counts.refused) == (0, 2)
    promised, absent = sorted(_reasons(settings))
    assert "a.csv: phiếu giao nhận ghi 100 dòng, tệp có 2" in promised
    assert "b.csv: có trong phieu_giao_nhan.csv nhưng không thấy tệp" in absent
    assert raw_files(settings) == []
    drop(settings, NOTE, "tệp,số dòng\na.csv,2\n")
    assert ingest_register(settings, REGISTER, DAY).accepted == 1, "the note was mended"
    assert _reasons(settings) == []


def test_an_unknown_unit_is_told_and_the_delivery_kept(settings: Settings) -> None:
    drop(settings, "99999_2026-09.csv", FILE)
    assert ingest_register(settings, REGISTER, DAY).accepted == 1
    (first,) = _manifest(settings, DAY)["deliveries"]
    assert (first["unit"], first["origin"]["unit"]) == ("16681", "data")
    assert [f["kind"] for f in first["findings"]] == ["handover"]
    assert "99999" in first["findings"][0]["text"]


def test_a_corrected_delivery_replaces_the_earlier_one_and_both_are_kept(declare: Declare) -> None:
    settings = declare(replace="whole_period")
    drop(settings, "16681_2026-09.csv", FILE + OTHER + "\n")
    ingest_register(settings, REGISTER, DAY)
    before = open_run(settings, DAY, "luat")
    drop(settings, "16681_2026-09_sua.csv", FILE)
    counts = ingest_register(settings, REGISTER, LATER)
    assert (counts.accepted, counts.duplicate) == (1, 1)
    older, newer = _manifest(settings, LATER)["deliveries"]
    assert (older["status"], older["replaced_by"], older["rows"]) == ("replaced", newer["delivery_id"], 2)
    assert (newer["status"], newer["replaced_by"]) == ("accepted", None)
    assert len(raw_files(settings)) == 2
    assert open_run(settings, DAY, "luat") == before, "what came later is not part of the earlier day"
    (alone,) = read_json(Lake(settings.home).run(before).manifest)["deliveries"]
    assert (alone["status"], alone["replaced_by"]) == ("accepted", None)


def test_a_note_says_that_a_delivery_replaces_another(settings: Settings) -> None:
    drop(settings, "a.csv", FILE)
    ingest_register(settings, REGISTER, DAY)
    drop(settings, "b.csv", FILE.replace("2020-12-31", "2020-12-30"))
    drop(settings, NOTE, "tệp,thay thế\nb.csv,a.csv\n")
    ingest_register(settings, REGISTER, LATER)
    older, newer = _manifest(settings, LATER)["deliveries"]
    assert (older["status"], older["replaced_by"]) == ("replaced", newer["delivery_id"])


def test_a_drifted_delivery_is_held_until_somebody_releases_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drop(settings, "a.csv", FILE)
    drop(settings, "b.csv", DRIFTED)
    counts = ingest_register(settings, REGISTER, DAY)
    assert (counts.accepted, counts.held, counts.rows) == (1, 1, 1)
    manifest = _manifest(settings, DAY)
    assert [d["file_name"] for d in manifest["deliveries"]] == [f"{REGISTER}/a.csv"]
    (held,) = manifest["held"]
    assert "“nam_mo_so”" in held["reason"]
    assert len(raw_files(settings)) == 2
    assert ingest_register(settings, REGISTER, LATER).duplicate == 2, "judged again, still held"
    words = ("--home", str(settings.home), "--as-of", "2026-10-08")
    monkeypatch.setattr(
        "sys.argv",
        ["sosach", "deliveries", "release", held["sha256"][:10], "--reason", "đã hỏi xã", "--actor", "lan", *words],
    )
    with pytest.raises(SystemExit) as done:
        cli.main()
    assert done.value.code == 0
    assert {d["file_name"] for d in _manifest(settings, LATER)["deliveries"]} == {
        f"{REGISTER}/a.csv",
        f"{REGISTER}/b.csv",
    }
    with StateStore(settings.state_url) as state:
        assert [(e.status, e.actor) for e in state.delivery_log()] == [(HELD, "sosach ingest"), (ACCEPTED, "lan")]
    assert [d["file_name"] for d in _manifest(settings, DAY)["deliveries"]] == [f"{REGISTER}/a.csv"]
    capsys.readouterr()
    monkeypatch.setattr("sys.argv", ["sosach", "deliveries", "--home", str(settings.home), "--status", "accepted"])
    with pytest.raises(SystemExit):
        cli.main()
    shown = capsys.readouterr().out
    assert f"{REGISTER}/b.csv" in shown
    assert "16681" in shown


def test_a_held_delivery_is_accepted_by_itself_once_the_policy_is_mended(settings: Settings, declare: Declare) -> None:
    drop(settings, "b.csv", DRIFTED)
    assert ingest_register(settings, REGISTER, DAY).held == 1
    with pytest.raises(SosachError, match="1 deliveries are held"):
        open_run(settings, DAY, "luat")
    mended = declare(drift={"retyped": "accept"})
    ingest_register(mended, REGISTER, LATER)
    (accepted,) = _manifest(mended, LATER)["deliveries"]
    assert accepted["rows"] == 20
    with StateStore(settings.state_url) as state:
        assert [e.status for e in state.delivery_log()] == [HELD, ACCEPTED]


def test_a_policy_may_stop_a_delivery(declare: Declare) -> None:
    settings = declare(drift={"added": "stop"})
    drop(settings, "a.csv", f"{HEADER},la\n{ROW},x\n")
    assert ingest_register(settings, REGISTER, DAY).refused == 1
    assert "cột “la” không có trong từ điển" in _reasons(settings)[0]
    assert raw_files(settings) == []


def test_a_total_below_the_table_hides_no_commune_and_the_corrected_file_replaces_it(declare: Declare) -> None:
    settings = declare(
        replace="whole_period",
        date="ngay_khoa_so",
        expected={"every": "month", "by": "commune", "due_days": 3, "from": date(2026, 9, 1)},
    )
    record = ROW.replace("2020-12-31", "2026-09-05") + "\n" + ROW.replace("2020-12-31", "2026-09-25") + "\n"
    drop(settings, "thang9.csv", f"{HEADER}\n{record}Tổng cộng,,,,,,18,\n")
    ingest_register(settings, REGISTER, DAY)
    (first,) = _manifest(settings, DAY)["deliveries"]
    assert (first["unit"], first["period_from"], first["period_to"]) == ("16681", "2026-09-05", "2026-09-25")
    drop(settings, "thang9-sua.csv", f"{HEADER}\n{record.replace('09/2020', '10/2020')}")
    ingest_register(settings, REGISTER, LATER)
    older, newer = _manifest(settings, LATER)["deliveries"]
    assert (older["status"], older["replaced_by"]) == ("replaced", newer["delivery_id"])
    run = Lake(settings.home).run(open_run(settings, LATER, "luat"))
    with duckdb.connect() as con:
        came = con.execute(
            "SELECT status FROM read_parquet(?) WHERE unit = '16681' AND period_from = '2026-09-01'",
            [str(run.table("expected_deliveries"))],
        ).fetchall()
    assert came == [("received",)]


def test_who_did_not_send_is_a_table_of_the_run(declare: Declare) -> None:
    settings = declare(expected={"every": "month", "by": "commune", "due_days": 3, "from": date(2026, 9, 1)})
    drop(settings, "16681_2026-09.csv", FILE)
    ingest_register(settings, REGISTER, DAY)
    drop(settings, "17329_2026-09.csv", FILE.replace("16681", "17329"))
    ingest_register(settings, REGISTER, LATER)
    run = Lake(settings.home).run(open_run(settings, LATER, "luat"))
    with duckdb.connect() as con:
        rows = con.execute(
            "SELECT status, days_late, count(*), min(unit) FROM read_parquet(?) GROUP BY ALL ORDER BY ALL",
            [str(run.table("expected_deliveries"))],
        ).fetchall()
        parts = con.execute("FROM read_parquet(?)", [str(run.table("delivery_parts"))]).fetchall()
    assert [row[:3] for row in rows] == [("late", 5, 1), ("missing", 5, 128), ("not_due", 0, 130), ("received", 0, 1)]
    assert (rows[0][3], rows[3][3]) == ("17329", "16681")
    assert [part[1:] for part in parts] == [("", 1, 2, 1)] * 2


def test_a_load_that_dies_leaves_no_trace_in_a_run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(settings, "a.csv", FILE)
    ingest_register(settings, REGISTER, DAY)
    run_id = open_run(settings, DAY, "luat")
    drop(settings, "b.csv", FILE + OTHER + "\n")

    def die(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(StateStore, "record_delivery", die)
        with pytest.raises(KeyboardInterrupt):
            ingest_register(settings, REGISTER, DAY)
    assert len(raw_files(settings)) == 2, "the raw file was there already, and nobody counts it"
    assert open_run(settings, DAY, "luat") == run_id
    assert ingest_register(settings, REGISTER, DAY).accepted == 1
    assert open_run(settings, DAY, "luat") != run_id
    again = ingest_register(settings, REGISTER, LATER)
    assert (again.accepted, again.duplicate, again.held, again.refused) == (0, 2, 0, 0), "the same files change nothing"


def test_an_unkeyed_row_is_named_by_file_and_line_and_comes_back_by_itself(declare: Declare) -> None:
    """A corrected delivery of the period takes the place of the one with the unkeyed row."""
    settings = declare(replace="whole_period", date="ngay_khoa_so")
    unkeyed = HEADER + "\n" + ROW + "\n" + ROW.replace("16681", "", 1) + "\n"
    drop(settings, "16681_2026-09.csv", unkeyed)
    ingest_register(settings, REGISTER, DAY)
    run_id = open_run(settings, DAY, "luat")
    stages.normalize(settings, run_id)
    (line,) = quarantine_lines(settings, run_id)
    assert "so_ho_tich/16681_2026-09.csv, dòng 3: Thiếu hoặc để trống" in line
    drop(settings, "16681_2026-09.csv", HEADER + "\n" + ROW + "\n" + OTHER + "\n")
    ingest_register(settings, REGISTER, LATER)
    again = open_run(settings, LATER, "luat")
    stages.normalize(settings, again)
    assert list(quarantine_lines(settings, again)) == []
    counts = read_json(Lake(settings.home).run(again).stage("normalize"))["registers"][REGISTER]
    assert (counts["rows_raw"], counts["rows_core"], counts["rows_superseded"]) == (4, 2, 2)
