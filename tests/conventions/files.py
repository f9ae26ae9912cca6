"""Which files the conventions speak of. Holds no rule of its own."""

import os
from pathlib import Path

from sosach.settings import PROJECT

CODE_FOLDERS = ("src", "dags", "plugins", "scripts", "synthetic_data", "tests", "benchmarks")
SKIPPED = {".git", ".venv", "var", "build", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}


def python_files(*folders: str) -> list[Path]:
    """Python files under these folders of the project, sorted."""
    return sorted(p for folder in folders for p in (PROJECT / folder).rglob("*.py") if not SKIPPED & set(p.parts))


def project_files() -> list[Path]:
    """Every file of the project that a reader of the repository gets, sorted."""
    found: list[Path] = []
    for folder, inner, names in os.walk(PROJECT):
        inner[:] = [d for d in inner if d not in SKIPPED and not d.endswith((".egg-info", "_cache"))]
        found += [Path(folder) / name for name in names]
    return sorted(found)
