"""House rules of files: they say what they hold, stay short, and name no place outside the repository."""

import ast
import re
from pathlib import Path

import pytest

from sosach.settings import PROJECT
from tests.conventions.files import CODE_FOLDERS, project_files, python_files

LONGEST = 600
# Written so that this file does not match itself.
FORBIDDEN = {
    "registry host": r"py[p]i\.org|python[h]osted\.org|npm[j]s\.(?:org|com)|--(?:extra-)?ind[e]x-url|find-l[i]nks",
    "machine path": r"(?:^|[^\w.])/(?:wo[r]k|far[m]|root|home/\w+)/",
}


def offences(text: str) -> list[str]:
    """Kinds of forbidden things that a text names."""
    return [kind for kind, pattern in FORBIDDEN.items() if re.search(pattern, text, flags=re.IGNORECASE | re.MULTILINE)]


def test_every_module_says_what_it_holds() -> None:
    files = [
        p for p in python_files("src", "dags", "scripts", "synthetic_data", "tests") if p.read_text(encoding="utf-8")
    ]
    assert len(files) > 60
    silent = [p for p in files if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))]
    assert [str(p.relative_to(PROJECT)) for p in silent] == []


def test_no_python_file_is_longer_than_600_lines() -> None:
    files = python_files(*CODE_FOLDERS)
    assert len(files) > 60
    lengths = {str(p.relative_to(PROJECT)): len(p.read_text(encoding="utf-8").splitlines()) for p in files}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def test_no_file_names_a_registry_or_a_machine() -> None:
    found: dict[str, list[str]] = {}
    read = 0
    for path in project_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        read += 1
        if kinds := offences(text):
            found[str(path.relative_to(PROJECT))] = kinds
    assert read > 100
    assert found == {}


@pytest.mark.parametrize(
    ("planted", "kind"),
    [
        ("https://files.python" + "hosted.org/packages/x.whl", "registry host"),
        ("-" + "-index" + "-url https://example.invalid/simple", "registry host"),
        ("see /" + "work/main/README.md", "machine path"),
    ],
)
def test_a_planted_place_is_seen(planted: str, kind: str) -> None:
    assert offences(planted) == [kind]


def test_the_file_lists_see_a_new_file() -> None:
    assert Path(__file__) in project_files()
    assert Path(__file__) in python_files("tests")
