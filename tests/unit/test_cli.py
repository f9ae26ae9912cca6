"""What the command says when something is wrong: file, place and remedy, and never a cell's value."""

from pathlib import Path

import pytest

from sosach import cli, stages
from sosach.settings import Settings


def called(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Exit code of ``sosach`` with these arguments."""
    monkeypatch.setattr("sys.argv", ["sosach", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return int(str(stopped.value.code))


def test_a_missing_inbox_is_named_with_the_remedy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox = settings.home / "nowhere"
    arguments = ("run", "--deliveries", str(inbox), "--home", str(settings.home), "--as-of", "2025-08-15")
    assert called(monkeypatch, *arguments) == 2
    said = capsys.readouterr().err
    assert str(inbox) in said
    assert "SOSACH_DELIVERIES" in said


def test_an_empty_inbox_says_what_to_do(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("run", "--deliveries", str(settings.deliveries), "--home", str(settings.home), "--as-of", "2025-08-15")
    assert called(monkeypatch, *arguments) == 2
    assert "No delivery was accepted" in capsys.readouterr().err


def test_a_stage_without_its_input_names_the_stage_to_run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "link", "--run-id", "2025-08-15_00000000", "--home", str(settings.home)) == 2
    assert "manifest.json: not found" in capsys.readouterr().err


def test_a_crash_shows_kind_and_place_but_no_value(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(settings: Settings, run_id: str) -> stages.Counts:
        raise ValueError("could not convert 040085123456")

    monkeypatch.setitem(cli.STAGES, "link", crash)
    assert called(monkeypatch, "link", "--run-id", "r", "--home", str(settings.home)) == 3
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert Path(__file__).name in said
    assert "040085123456" not in said
