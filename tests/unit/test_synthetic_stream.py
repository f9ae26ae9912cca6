"""The stream of days: the base knows nothing later, and base and days together are the state of the end."""

import csv
import re
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sosach import stages
from sosach.errors import SettingsError
from sosach.lake import Lake, read_json
from sosach.registers import load_registers
from sosach.settings import PROJECT, Settings
from synthetic_data import Summary, make
from synthetic_data.campaign_work import check_work, load_work
from synthetic_data.layout import REGISTERS
from synthetic_data.stream_state import period

START, END = date(2025, 5, 31), date(2025, 8, 29)
PERSONS, COMMUNES = 1500, 4
UPKEEP = ["ngay_cap_nhat", "ma_dvhc", "dia_chi", "que_quan"]
"""What is renewed in a record beside what was changed: an officer's work, a new card and a move count as an update."""
DICTIONARY = load_registers(PROJECT / "expectations")
PLACE = ["register", "file", "row"]
NOT_IN_SO_SMALL_A_WORLD = "nuoi_con_nuoi"
"""Nobody is adopted there; the register has no file."""


def read(path: Path) -> pd.DataFrame:
    """One delivered file as text, with ``file`` and ``row``."""
    if path.suffix == ".parquet":
        table = pd.read_parquet(path)
    elif path.suffix == ".xlsx":
        table = pd.read_excel(path, dtype=str, engine="calamine")
    else:
        head = path.read_bytes()[:3]
        encoding = "utf-16" if head[:2] == b"\xff\xfe" else "utf-8-sig"
        delimiter = ";" if head == b"\xef\xbb\xbf" else ","
        table = pd.read_csv(path, dtype=str, sep=delimiter, encoding=encoding, keep_default_na=False, na_values=[""])
    return table.astype(object).where(table.notna(), None).assign(file=path.name, row=range(1, len(table) + 1))


@dataclass(frozen=True)
class Made:
    """A data set with a stream, read back."""

    folder: Path
    summary: Summary

    def truth(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "truth" / f"{name}.parquet")

    def base(self, register: str) -> pd.DataFrame:
        bad = self.summary.bad_file
        files = [p for p in sorted((self.folder / "out" / register).glob("*")) if p != bad]
        columns = [*(field.source_name for field in DICTIONARY[register].fields), "file", "row"]
        return pd.concat([pd.DataFrame(columns=columns), *map(read, files)], ignore_index=True)

    def days(self, register: str) -> pd.DataFrame:
        """Rows of all days, in the order of days, with ``day``."""
        files = sorted((self.folder / "days").glob(f"*/{register}/*.csv"))
        parts = [read(path).assign(day=date.fromisoformat(path.parts[-3])) for path in files]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["day"])


def built(folder: Path, noise: float = 1.0, persons: int = PERSONS, communes: int = COMMUNES) -> Made:
    summary = make(
        folder / "out", folder / "truth", persons, 7, END, communes, noise, stream_from=START, days=folder / "days"
    )  # fmt: skip
    return Made(folder, summary)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return built(tmp_path_factory.mktemp("stream"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The same world, delivered as one on the last day."""
    folder = tmp_path_factory.mktemp("whole")
    return Made(folder, make(folder / "out", folder / "truth", PERSONS, 7, END, COMMUNES))


def keys_of(register: str) -> list[str]:
    return [DICTIONARY[register].field(name).source_name for name in DICTIONARY[register].key]


def reverted(rows: pd.DataFrame, register: str, corruptions: pd.DataFrame, fields: list[str]) -> pd.DataFrame:
    """The rows with the true values in those of ``fields`` that were changed by noise."""
    clean = rows.copy().set_index(["file", "row"])
    own = corruptions[(corruptions["register"] == register) & corruptions["field"].isin(fields)].dropna(subset=["file"])
    for change in own.itertuples():
        true = change.true_value if isinstance(change.true_value, str) else None
        if (change.file, change.row) in clean.index:
            clean.at[(change.file, change.row), change.field] = true
    return clean.reset_index()


def keyed(rows: pd.DataFrame, register: str) -> pd.Series:
    return rows[keys_of(register)].fillna("").agg("|".join, axis=1)


def merged(made: Made, register: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Base and days, superseded by key in the order of days; indexed by the true key.

    Also the account of what is wrong in it (``key, field``), by the truth of base and days, and all rows, earlier ones
    too. Keys that several rows have are left out.
    """
    base, later = made.base(register), made.days(register)
    noise, late_noise = made.truth("corruptions"), made.truth("days/corruptions")
    delivered_key = keyed(base, register)
    base = base.assign(key=keyed(reverted(base, register, noise, keys_of(register)), register), day=START)
    names = dict(zip(delivered_key, base["key"], strict=True))
    shared = {key for keys in (delivered_key, base["key"]) for key in keys[keys.duplicated(keep=False)]}
    shared |= set(base["key"][delivered_key.duplicated(keep=False)])
    if len(later):
        true = keyed(reverted(later, register, late_noise, keys_of(register)), register)
        sent = keyed(later, register)
        later = later.assign(key=[names.get(s, t) for s, t in zip(sent, true, strict=True)])
        shared |= set(later["key"][later.duplicated(["key", "day"], keep=False)])
    rows = pd.concat([base, later], ignore_index=True)
    rows = rows[~rows["key"].isin(shared)]
    at = rows.set_index(["file", "row"])["key"]
    wrong = []
    for account in (noise, late_noise):
        own = account[(account["register"] == register) & (account["field"] != "")].dropna(subset=["file"])
        places = pd.MultiIndex.from_frame(own[["file", "row"]])
        known = places.isin(at.index)
        wrong.append(pd.DataFrame({"key": at.loc[places[known]].to_numpy(), "field": own["field"].to_numpy()[known]}))
    return rows.drop_duplicates("key", keep="last").set_index("key"), pd.concat(wrong), rows


def last_corrections(made: Made) -> pd.DataFrame:
    steps = made.truth("days/corrections").reset_index().sort_values(["day", "index"])
    return steps.drop_duplicates(["register", "record_key", "field"], keep="last")


@pytest.mark.parametrize("register", [name for name in REGISTERS if name != NOT_IN_SO_SMALL_A_WORLD])
def test_base_and_days_make_the_state_of_the_end(made: Made, whole: Made, register: str) -> None:
    found, wrong, history = merged(made, register)
    shown = [field.source_name for field in DICTIONARY[register].fields]
    end = reverted(whole.base(register), register, whole.truth("corruptions"), shown)
    end = end.assign(key=keyed(end, register)).drop_duplicates("key", keep=False).set_index("key")
    both = end.index.intersection(found.index)
    lost = made.truth("corruptions").query("file.isna() and register == @register")
    gone = made.truth("days/corruptions").query("file.isna() and register == @register")
    assert len(both) >= len(end) - len(lost) - len(gone) - 0.03 * len(end)
    assert len(both) > 0

    one, other = found.loc[both, shown], end.loc[both, shown]
    unlike = (one.fillna("") != other.fillna("")).stack()
    differing = {tuple(place) for place in unlike[unlike].index}
    explained = set(wrong.itertuples(index=False, name=None))
    sent = made.truth("days/rows").query("register == @register")
    moved = set(made.days("cu_tru")["so_dinh_danh"])
    sent = history.merge(sent[["file", "row", "cause", "fields"]], on=["file", "row"])
    renewed = sent["cause"].eq("correction") | sent["fields"].map(lambda fields: "ngay_cap_the" in fields)
    kept_up = set(sent[renewed]["key"]) | (moved if register == "dan_cu" else set())
    left = [
        (key, field)
        for key, field in sorted(differing - explained)
        if not (field in UPKEEP and key in kept_up) and not (register == "khai_sinh" and field == "ghiChu")
    ]
    assert left == []


def test_every_right_correction_restores_the_true_value(made: Made) -> None:
    corrections = made.truth("days/corrections")
    planted = made.truth("corruptions")[["register", "record_key", "field", "true_value", "kind"]]
    joined = corrections.merge(planted, on=["register", "record_key", "field", "kind"])
    assert len(joined) >= len(corrections) > 100
    same = joined["new_value"].fillna("") == joined["true_value"].fillna("")
    assert (same == joined["right"])[~joined["field"].isin(UPKEEP)].all()
    assert 0 < (~joined["right"]).mean() < 0.2
    for register, steps in last_corrections(made).groupby("register"):
        found, _, _ = merged(made, str(register))
        checked = 0
        for step in steps[steps["record_key"].isin(found.index)].itertuples():
            value = step.new_value if isinstance(step.new_value, str) else None
            assert found.at[step.record_key, step.field] == value
            checked += 1
        assert checked or register in ("cu_tru",) or len(steps) < 5


def test_corrections_leave_keys_alone_and_each_follows_the_one_before(made: Made) -> None:
    corrections = made.truth("days/corrections")
    for register, rows in corrections.groupby("register"):
        assert not set(rows["field"]) & set(keys_of(str(register)))
    for _, steps in corrections.groupby(["register", "record_key", "field"], sort=False):
        assert steps["day"].is_monotonic_increasing
        old, new = (steps[name].fillna("").tolist() for name in ("old_value", "new_value"))
        assert old[1:] == new[:-1]


def test_work_follows_the_pace_of_each_commune(made: Made) -> None:
    work = load_work()
    corrections = made.truth("days/corrections").query("first and work != 'lui_lai' and work != 'sua_lai'")
    tasks = corrections.drop_duplicates(["register", "record_key", "kind"])
    open_days = period(START, END).working
    at = pd.Series({pd.Timestamp(d): n / len(open_days) for n, d in enumerate(open_days)})
    share = at[pd.to_datetime(tasks["day"])].to_numpy()
    assert tasks["pace"].value_counts()[["som", "muon"]].min() > 10
    halves = {name: share[tasks["pace"] == name].mean() for name in ("som", "muon")}
    assert halves["som"] + 0.1 < halves["muon"]
    pushed = (share > 1 - work.push.days / len(open_days)).mean()
    assert work.push.share * 0.5 < pushed < work.push.share + 0.25


def test_the_base_knows_nothing_later(made: Made) -> None:
    allowed = {"han_the", "thoi_han", "den_ngay", "han", "han_the_cu_tru"}
    noise = made.truth("corruptions").query("field != ''")
    for register in REGISTERS:
        rows = reverted(made.base(register), register, noise, list(made.base(register).columns))
        for field in DICTIONARY[register].fields:
            if field.source_name in allowed:
                continue
            cells = rows[field.source_name].dropna().astype(str)
            for text in cells[cells.str.contains(r"2025|2026")].unique():
                for day in dates_in(text):
                    assert day <= START, (register, field.source_name, text)
    for table, field in (("persons", "ngay_chet"), ("events", "ngay_dang_ky"), ("marriages", "ngay_ket_thuc")):
        assert pd.to_datetime(made.truth(table)[field]).max() <= pd.Timestamp(START), (table, field)


def dates_in(text: str) -> list[date]:
    """Whole dates inside a text."""
    found = [(int(y), int(m), int(d)) for d, m, y in re.findall(r"(?<!\d)(\d\d)[./](\d\d)[./](\d{4})(?!\d)", text)]
    found += [(int(y), int(m), int(d)) for y, m, d in re.findall(r"(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)", text)]
    return [date(y, m, d) for y, m, d in found]


def test_new_events_come_on_working_days_with_the_codes_of_their_day(made: Made, whole: Made) -> None:
    first, last = pd.Timestamp(START), pd.Timestamp(END)
    events = whole.truth("events").query("delivered")
    events = events[pd.to_datetime(events["ngay_dang_ky"]).between(first, last, inclusive="right")]
    rows = made.truth("days/rows").query("cause == 'new'")
    for register in ("khai_sinh", "ket_hon", "khai_tu"):
        own = rows[rows["register"] == register]
        assert set(events[events["register"] == register]["record_key"]) <= set(own["record_key"])
        assert len(own)
    days = {date.fromisoformat(p.name) for p in (made.folder / "days").iterdir()}
    assert days <= set(period(START, END).working)
    assert all(any(p.iterdir()) for p in (made.folder / "days").iterdir())
    changed = made.truth("days/corruptions").query("field == 'noiDangKy'")["record_key"]
    units = pd.read_csv(PROJECT / "expectations" / "code_lists" / "don_vi.csv", dtype=str)
    new_codes = set(units[units["valid_to"].isna() & (units["level"] == "xa")]["code"])
    seen = 0
    for register in ("khai_sinh", "ket_hon", "khai_tu"):
        sent = made.days(register)
        registered = pd.to_datetime(sent["ngayDangKy"], format="%d.%m.%Y", errors="coerce")
        new = sent[(registered >= pd.Timestamp(2025, 7, 1)) & ~keyed(sent, register).isin(changed)]
        assert set(new["noiDangKy"]) <= new_codes
        assert (pd.to_datetime(new["day"]) == registered[new.index]).all()
        seen += len(new)
    assert seen > 5


def test_books_are_listed_anew_at_the_end_of_each_month(made: Made) -> None:
    sent = made.days("so_ho_tich")
    assert set(sent["day"]) <= {date(2025, 6, 30), date(2025, 7, 31), date(2025, 8, 29)}
    closed = sent[sent["day"] == date(2025, 6, 30)]["ngay_khoa_so"].dropna()
    assert len(closed) > 0
    assert set(closed) == {"2025-06-30"}


def test_files_hold_the_rows_that_the_truth_lists(made: Made) -> None:
    listed = made.truth("days/rows")
    assert made.summary.day_rows == len(listed)
    on_disk = {}
    for path in (made.folder / "days").glob("*/*/*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
        assert lines[0] == [field.source_name for field in DICTIONARY[path.parts[-2]].fields]
        on_disk[(path.parts[-3], path.parts[-2], path.name)] = len(lines) - 1
    assert made.summary.day_files == len(on_disk)
    days = listed["day"].astype(str).str[:10]
    assert listed.groupby([days, "register", "file"]).size().to_dict() == on_disk


def test_same_settings_give_the_same_days(tmp_path: Path) -> None:
    first, second = (built(tmp_path / name, persons=300, communes=3) for name in "ab")
    for name in ("out", "truth", "days"):
        files = [p.relative_to(first.folder) for p in (first.folder / name).rglob("*") if p.is_file()]
        assert files
        for path in files:
            assert (first.folder / path).read_bytes() == (second.folder / path).read_bytes(), path
        assert len(files) == sum(p.is_file() for p in (second.folder / name).rglob("*"))


def test_a_later_stream_replaces_the_days_and_nothing_else(tmp_path: Path) -> None:
    stale = tmp_path / "days" / "2024-01-02" / "ket_hon"
    stale.mkdir(parents=True)
    note = tmp_path / "days" / "ghi_chu.txt"
    note.write_text("x", encoding="utf-8")
    made = built(tmp_path, noise=0, persons=200, communes=2)
    assert not stale.exists()
    assert note.exists()
    assert len(made.truth("days/corrections")) == 0
    assert len(made.truth("days/corruptions")) == 0
    make(tmp_path / "out", tmp_path / "truth", 200, 7, END, 2)
    assert not (tmp_path / "truth" / "days").exists(), "the truth of another stream must not stay"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stream_from": END}, "stream_from: 2025-08-29 is not before as_of"),
        ({"stream_from": date(2025, 9, 1)}, "stream_from: 2025-09-01 is not before as_of"),
        ({"stream_from": date(2019, 12, 31)}, "stream_from: 2019-12-31 is before 2020-01-01"),
        ({"stream_from": date(2024, 7, 1)}, "400 is the most"),
        ({"stream_from": None}, "days: .* without stream_from"),
        ({"days": None}, "stream_from: 2025-05-31 is given without days"),
        ({"days": "out/days"}, "days: .* and out: .* must be apart"),
        ({"days": "truth"}, "days: .* and truth: .* must be apart"),
        ({"days": "."}, "must be apart"),
        ({"as_of": date(2025, 8, 31), "stream_from": date(2025, 8, 29)}, "no working day"),
    ],
)
def test_settings_that_give_no_stream_are_refused_by_name(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    wanted: dict[str, Any] = {"stream_from": START, "days": "days", "as_of": END} | change
    folder = tmp_path / wanted["days"] if wanted["days"] else None
    with pytest.raises(SettingsError, match=message):
        make(
            tmp_path / "out", tmp_path / "truth", 100, 7, wanted["as_of"], 2,
            stream_from=wanted["stream_from"], days=folder,
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("done: 0.85", "done: 1.85", "paces.0.done"),
        ("share: 0.30", "share: 0.40", "paces: the shares add up to 1.1"),
        ("back_after: [3, 12]", "back_after: [12, 3]", "undone: back_after: 12 is more than 3"),
        ("push:", "pull:", "push: Field required"),
    ],
)
def test_wrong_work_settings_are_refused_by_file_and_field(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (PROJECT / "synthetic_data" / "data" / "campaign_work.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "work.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SettingsError, match=f"{path}: {message}"):
        load_work(path)


def test_work_on_an_unknown_field_is_refused() -> None:
    work = load_work()
    first = work.first.model_copy(update={"fields": {"dan_cu": ("khong_co",)}})
    with pytest.raises(SettingsError, match="dan_cu delivers no field 'khong_co'"):
        check_work(work.model_copy(update={"first": first}), DICTIONARY)


def test_issues_close_as_corrections_arrive(made: Made, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    shutil.copytree(made.folder / "out", inbox)
    # Every rule would cost a minute: those of one register show that issues close.
    expectations = tmp_path / "expectations"
    shutil.copytree(PROJECT / "expectations", expectations)
    for rules in expectations.glob("*/*.yaml"):
        if rules.name != "register.yaml" and rules.parent.name != "dan_cu":
            rules.unlink()
    settings = Settings(home=tmp_path / "home", deliveries=inbox, expectations=expectations)
    first = stages.run_all(settings, START)
    sent = [d for d in sorted((made.folder / "days").iterdir()) if d.name <= "2025-07-31"]
    for day in sent:
        shutil.copytree(day, inbox, dirs_exist_ok=True)
    second = stages.run_all(settings, date(2025, 7, 31))

    run = Lake(settings.home).run(second)
    counts = read_json(run.stage("normalize"))["registers"]
    assert counts["dan_cu"]["rows_superseded"] > 10
    assert all(c["rows_raw"] == c["rows_core"] + c["rows_quarantined"] + c["rows_superseded"] for c in counts.values())
    issues = pd.read_parquet(run.table("issues"))
    fixed = issues[issues["state"] == "fixed_at_source"]
    done = made.truth("days/corrections").query("right")
    corrected = done[pd.to_datetime(done["day"]) <= pd.Timestamp(2025, 7, 31)]
    assert len(set(fixed["record_key"]) & set(corrected["record_key"])) > 5
    life = read_json(run.stage("issues"))
    assert life["open_before"] + life["new"] + life["reopened"] - life["closed"] == life["open_after"], life
    assert life["closed"] >= len(fixed) > 0
    assert first != second
