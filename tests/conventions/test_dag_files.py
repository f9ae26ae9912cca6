"""DAG files stay thin: light imports on top, heavy ones inside tasks, one stage a task."""

import ast
import sys
from pathlib import Path

import pytest

from sosach.settings import PROJECT

ALLOWED_ON_TOP = {"airflow", "sosach_dags", *sys.stdlib_module_names}
LONGEST = 130


def dag_files() -> list[Path]:
    """The DAG files."""
    return sorted((PROJECT / "dags").glob("*.py"))


def top_imports(tree: ast.Module) -> set[str]:
    """Top-level packages that a module imports when it is loaded."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


def task_functions(tree: ast.Module) -> list[ast.FunctionDef]:
    """Functions that are tasks: decorated with ``@task`` or ``@task(…)``."""

    def is_task(decorator: ast.expr) -> bool:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        return isinstance(called, ast.Name) and called.id == "task"

    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and any(map(is_task, n.decorator_list))]


def stage_calls(function: ast.FunctionDef) -> list[str]:
    """Functions of ``sosach.stages`` that a task calls."""
    calls = [n.func for n in ast.walk(function) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    return [c.attr for c in calls if isinstance(c.value, ast.Name) and c.value.id == "stages"]


def test_there_are_dag_files() -> None:
    assert {p.stem for p in dag_files()} >= {"sosach_ingest", "sosach_check", "sosach_campaign_marriage"}


@pytest.mark.parametrize("path", dag_files(), ids=lambda p: p.stem)
def test_dag_file_is_thin(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert top_imports(tree) <= ALLOWED_ON_TOP
    assert len(text.splitlines()) <= LONGEST
    tasks = task_functions(tree)
    assert tasks
    for function in tasks:
        assert len(stage_calls(function)) <= 1, f"{function.name} calls more than one stage"
        assert ast.get_docstring(function), f"{function.name} does not say what it does"
        assert [d.id for d in function.decorator_list if isinstance(d, ast.Name) and d.id == "guarded"], function.name


def test_every_stage_is_called_by_exactly_one_dag_task() -> None:
    calls = [
        c for p in dag_files() for f in task_functions(ast.parse(p.read_text(encoding="utf-8"))) for c in stage_calls(f)
    ]
    stages = ast.parse((PROJECT / "src" / "sosach" / "stages.py").read_text(encoding="utf-8"))
    joint = {"ingest", "normalize", "check", "run_all"}  # made of stages that Airflow runs one by one
    public = {n.name for n in stages.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")} - joint
    assert set(calls) == public
    assert sorted(c for c in calls if c != "register_ids") == sorted(public - {"register_ids"})
