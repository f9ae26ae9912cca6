"""The borders between the parts hold, and the check that says so can fail."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from sosach.settings import PROJECT

LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]


def verdicts(source: Path) -> dict[str, str]:
    """KEPT or BROKEN of each contract for the package ``sosach`` found under ``source``."""
    done = subprocess.run(
        [*LINT, "--config", str(PROJECT / ".importlinter"), "--no-cache"],
        cwd=source,
        env=os.environ | {"PYTHONPATH": str(source), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = re.findall(r"^(.+?) (KEPT|BROKEN)\b", done.stdout, flags=re.MULTILINE)
    assert found, done.stdout + done.stderr
    return dict(found)


def test_every_border_is_kept() -> None:
    broken = [name for name, verdict in verdicts(PROJECT / "src").items() if verdict != "KEPT"]
    assert broken == []


def test_a_planted_import_breaks_every_border(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "src" / "sosach", tmp_path / "sosach", ignore=shutil.ignore_patterns("__pycache__"))
    planted = {
        "lake.py": "import airflow",
        "manifest.py": "import great_expectations",
        "issues/life.py": "import splink",
        "report/vn.py": "from sosach import duck",
        "link/match.py": "from sosach import stages",
        "tables.py": "from sosach import evaluate",
    }
    for name, line in planted.items():
        path = tmp_path / "sosach" / name
        path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    found = verdicts(tmp_path)
    assert len(found) == len(planted)
    assert set(found.values()) == {"BROKEN"}
