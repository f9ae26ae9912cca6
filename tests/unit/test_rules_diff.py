"""The difference between two catalogues on one run's data: which rules differ, and what that does to the issues."""

import json
from pathlib import Path
from typing import Any

import pytest

from sosach import cli
from sosach.checks.diff import PARTS, Counts, Difference, diff_rules
from sosach.checks.diff_table import diff_table
from sosach.checks.rule import Rule
from sosach.errors import MissingArtefactError, RuleFileError, SettingsError
from sosach.lake import Lake, write_json
from sosach.settings import Settings
from tests.unit.checks_sample import AS_OF, entry, make_expectations, make_run

PIN = "040190000011"
PEOPLE = [
    {"ho_ten": "Bí Mật", "so_dinh_danh": PIN, "raw_ho_ten": "bi mat", "dan_toc": "Kinh"},
    {"ho_ten": None, "so_dinh_danh": PIN, "unit": "16691", "dan_toc": "Kinh"},
    {"ho_ten": "Ất", "so_dinh_danh": None, "unit": "16691", "dan_toc": "Lạ"},
]
NAMED = entry(id="N1")  # k2 fails
NUMBERED = entry(id="N2", passes_when="so_dinh_danh IS NOT NULL", evidence=["so_dinh_danh"], message="Số.")  # k3 fails


class Change:
    """Two versions of a small catalogue and a run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def between(self, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Difference:
        """The difference on the three people."""
        old = make_expectations(self.folder / "old", dan_cu__du=before)
        return self.to(old, make_expectations(self.folder / "new", dan_cu__du=after))

    def to(self, old: Path, new: Path) -> Difference:
        """The difference between two folders."""
        return diff_rules(self.settings(new), "r1", old, new)

    def settings(self, new: Path) -> Settings:
        """An installation whose run ``r1`` has the three people."""
        settings = make_run(self.folder, new, {"dan_cu": PEOPLE})
        manifest = {"run_id": "r1", "as_of": AS_OF.isoformat(), "previous_run_id": None, "catalogue": "ab" * 32}
        write_json(Lake(settings.home).run("r1").manifest, {**manifest, "deliveries": [], "refused": []})
        return settings


@pytest.fixture
def change(tmp_path: Path) -> Change:
    return Change(tmp_path)


def told(difference: Difference) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {change.rule_id: (change.kind, change.parts) for change in difference.changes}


def test_every_field_of_a_rule_belongs_to_one_part() -> None:
    named = [name for names in PARTS.values() for name in names]
    assert sorted([*named, "id"]) == sorted(Rule.model_fields)


def test_the_same_rules_make_no_difference(change: Change) -> None:
    difference = change.between([NAMED, NUMBERED], [NAMED, NUMBERED])
    assert difference.changes == ()
    assert difference.unchanged == 2
    assert diff_table(difference) == ["2 rules, none differs."]


def test_an_added_and_a_removed_rule_count_as_new_and_gone(change: Change) -> None:
    difference = change.between([NAMED], [NUMBERED])
    assert told(difference) == {"N1": ("removed", ()), "N2": ("added", ())}
    assert difference.by_rule == {"N1": Counts(1, 0, 0, 1, 0), "N2": Counts(0, 1, 1, 0, 0)}
    assert difference.to_settle == Counts(1, 1, 1, 1, 0)
    assert difference.to_settle_by_unit == {"16691": Counts(1, 1, 1, 1, 0)}


def test_changed_sql_shows_what_is_new_gone_and_the_same(change: Change) -> None:
    wider = {**NAMED, "version": 2, "passes_when": "coalesce(ho_ten, '') = 'Bí Mật'"}
    difference = change.between([NAMED], [wider])
    assert told(difference) == {"N1": ("changed", ("SQL", "version"))}
    assert difference.by_rule == {"N1": Counts(before=1, after=2, new=1, gone=0, same=1)}
    assert not difference.changes[0].version_forgotten


def test_sql_that_changes_under_the_same_version_is_told(change: Change) -> None:
    difference = change.between([NAMED], [{**NAMED, "passes_when": "ho_ten <> ''"}])
    assert difference.changes[0].version_forgotten
    assert "  N1: the SQL differs under the same version; raise it" in diff_table(difference)


def test_a_change_of_texts_runs_nothing(change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "title": "Khác",
        "message": "Tên {ho_ten}.",
        "what_to_do": "Khác.",
        "law": [{**NAMED["law"][0], "text": "K"}],
    }
    monkeypatch.setattr("sosach.checks.diff.FusedPass", None)
    difference = change.between([NAMED], [{**NAMED, **texts}])
    assert told(difference) == {"N1": ("changed", ("law", "text"))}
    assert difference.to_settle == Counts()
    assert "No difference in findings: N1 (law, text)." in diff_table(difference)


def test_a_change_of_evidence_gives_every_issue_a_new_identity(change: Change) -> None:
    difference = change.between([NAMED], [{**NAMED, "evidence": ["ho_ten", "dan_toc"]}])
    assert difference.by_rule == {"N1": Counts(before=1, after=1, new=1, gone=1, same=0)}


def test_a_change_of_severity_moves_findings_without_making_any(change: Change) -> None:
    difference = change.between([{**NAMED, "severity": "info"}], [NAMED])
    assert difference.by_rule == {"N1": Counts(1, 1, 0, 0, 1)}
    assert {name: pair for name, pair in difference.by_severity.items() if any(pair)} == {
        "info": (1, 0),
        "warning": (0, 1),
    }
    assert difference.to_settle == Counts(before=0, after=1, new=1, gone=0, same=0)


def test_a_trial_rule_is_nothing_to_settle_until_it_counts(change: Change) -> None:
    trial = {**NUMBERED, "trial": True}
    added = change.between([NAMED], [NAMED, trial])
    assert added.by_rule == {"N2": Counts(0, 1, 1, 0, 0)}
    assert added.by_severity["trial"] == (0, 1)
    assert added.to_settle == Counts()


def test_a_trial_rule_that_goes_live_is_all_new(change: Change) -> None:
    difference = change.between([{**NUMBERED, "trial": True}], [NUMBERED])
    assert told(difference) == {"N2": ("changed", ("trial",))}
    assert difference.by_rule == {"N2": Counts(1, 1, 0, 0, 1)}
    assert difference.to_settle == Counts(0, 1, 1, 0, 0)


def test_what_a_normaliser_mends_is_no_issue(change: Change) -> None:
    auto = entry(id="M1", answer="auto", mends="ho_ten", passes_when="raw_ho_ten <> 'bi mat'")
    assert change.between([], [auto]).by_rule == {"M1": Counts()}


def test_a_rule_that_cannot_run_has_no_counts_and_spares_the_others(change: Change) -> None:
    broken = {**NAMED, "passes_when": "CAST(ho_ten AS INTEGER) > 3"}
    difference = change.between([NAMED], [broken, NUMBERED])
    assert list(difference.errors) == [("N1", "after")]
    assert difference.by_rule == {"N2": Counts(0, 1, 1, 0, 0)}
    assert difference.to_settle == Counts(0, 1, 1, 0, 0)
    lines = diff_table(difference)
    assert any(line.startswith("  N1: could not run after: ") for line in lines)
    assert not any("Bí Mật" in line for line in lines)


def test_a_changed_code_list_runs_the_rules_that_read_it(tmp_path: Path, change: Change) -> None:
    listed = entry(
        id="L1",
        passes_when=None,
        references={"column": "dan_toc", "list": "dan_toc"},
        evidence=["dan_toc"],
        message="D.",
    )
    old, new = (make_expectations(tmp_path / name, dan_cu__du=[NAMED, listed]) for name in ("old", "new"))
    path = new / "code_lists" / "dan_toc.csv"
    header, first, rest = path.read_text(encoding="utf-8").split("\n", 2)
    path.write_text("\n".join([header, first, "99,Lạ,,,thử,", rest]), encoding="utf-8")
    difference = change.to(old, new)
    assert difference.inputs == ("code list dan_toc",)
    assert told(difference) == {"L1": ("reads", ("code list dan_toc",))}
    assert difference.by_rule == {"L1": Counts(before=1, after=0, new=0, gone=1, same=0)}


def test_a_changed_field_runs_the_rules_that_read_it(tmp_path: Path, change: Change) -> None:
    old, new = (make_expectations(tmp_path / name, dan_cu__du=[NAMED, NUMBERED]) for name in ("old", "new"))
    path = new / "dan_cu" / "register.yaml"
    text = path.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if "name: ho_ten," in line)
    path.write_text(text.replace(line, line.replace("type: name", "type: text")), encoding="utf-8")
    difference = change.to(old, new)
    assert difference.inputs == ("field dan_cu.ho_ten",)
    assert told(difference) == {"N1": ("reads", ("field dan_cu.ho_ten",))}
    assert difference.by_rule == {"N1": Counts(1, 1, 0, 0, 1)}


def test_no_value_of_a_record_is_told(change: Change) -> None:
    difference = change.between([NAMED], [NUMBERED, {**NAMED, "passes_when": "ho_ten = 'x'"}])
    told = json.dumps(difference.as_json(), ensure_ascii=False) + "".join(diff_table(difference))
    assert "16691" in told
    for value in (PIN, "Bí Mật", "bi mat", "k1", "k2"):
        assert value not in told


def test_counts_balance() -> None:
    counts = Counts(before=5, after=7, new=4, gone=2, same=3)
    for before in (False, True):
        for after in (False, True):
            found = counts.to_settle(before, after)
            assert found.before == found.gone + found.same
            assert found.after == found.new + found.same


def test_what_is_wrong_is_named(tmp_path: Path, change: Change) -> None:
    right = make_expectations(tmp_path / "right", dan_cu__du=[NAMED])
    settings = change.settings(right)
    with pytest.raises(MissingArtefactError, match=r"r2.manifest\.json"):
        diff_rules(settings, "r2", right, right)
    with pytest.raises(SettingsError, match="nowhere: no such folder of expectations"):
        diff_rules(settings, "r1", tmp_path / "nowhere", right)
    wrong = make_expectations(tmp_path / "wrong", dan_cu__du=[{**NAMED, "severity": "grave"}])
    with pytest.raises(RuleFileError, match=r"du\.yaml: N1: severity"):
        diff_rules(settings, "r1", right, wrong)


def test_the_command_prints_the_table_and_writes_the_json(
    tmp_path: Path, change: Change, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = make_expectations(tmp_path / "old", dan_cu__du=[NAMED])
    new = make_expectations(tmp_path / "new", dan_cu__du=[NUMBERED])
    settings = change.settings(new)
    monkeypatch.setenv("SOSACH_EXPECTATIONS", str(new))
    arguments = ["rules", "diff", "--run", "r1", "--home", str(settings.home), "--before", str(old)]
    monkeypatch.setattr("sys.argv", ["sosach", *arguments, "--json", str(tmp_path / "d.json")])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    assert "Run r1: 1 added, 1 removed, 0 unchanged." in said
    assert "To settle: 1 before - 1 gone + 1 new = 1 after" in said
    written = json.loads((tmp_path / "d.json").read_text(encoding="utf-8"))
    assert written["to_settle"] == {"before": 1, "after": 1, "new": 1, "gone": 1, "same": 0}
    assert [rule["rule_id"] for rule in written["rules"]] == ["N1", "N2"]
