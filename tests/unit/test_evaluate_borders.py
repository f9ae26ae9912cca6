"""The truth is read by the evaluation alone: no stage can look up what was planted."""

import re
from pathlib import Path

from sosach.evaluate.truth import COLUMNS
from sosach.settings import PROJECT

TRUTH = re.compile(r"\btruth_(?:" + "|".join(COLUMNS) + r")\b|\bsynthetic_data\b|\b(?:corruptions|true_value)\b")
READER = "evaluate"


def readers(source: Path) -> set[str]:
    """Modules under ``source`` that mention files, columns or the maker of the truth, as relative paths."""
    files = sorted(source.rglob("*.py"))
    assert files
    return {str(p.relative_to(source)) for p in files if TRUTH.search(p.read_text(encoding="utf-8"))}


def test_no_other_module_mentions_the_truth() -> None:
    found = readers(PROJECT / "src" / "sosach")
    assert {name for name in found if not name.startswith(f"{READER}/")} == set()
    assert f"{READER}/truth.py" in found


def test_a_planted_mention_is_seen(tmp_path: Path) -> None:
    (tmp_path / "match.py").write_text('QUERY = "SELECT person_id FROM truth_records"\n', encoding="utf-8")
    (tmp_path / "life.py").write_text("from synthetic_data import make\n", encoding="utf-8")
    (tmp_path / "fine.py").write_text('"""The truth of the matter is in records."""\n', encoding="utf-8")
    assert readers(tmp_path) == {"match.py", "life.py"}
