"""``benchmarks/results/checks.json`` and the tables of ``docs/benchmarks.md``: figures in, Markdown out."""

import json
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.checks import mix
from sosach.evaluate.table import write_between_markers
from sosach.lake import write_json
from sosach.settings import PROJECT

FILE = PROJECT / "benchmarks" / "results" / "checks.json"
PAGE = PROJECT / "docs" / "benchmarks.md"
GOAL_MEMORY_GB, GOAL_FIXED_S, GOAL_HAND, GOAL_GX, GOAL_LINEAR = 4.0, 5.0, 1.3, 8.0, 1.2


@dataclass
class Results:
    """Both files; what is put in replaces older figures of the same thing and leaves the others.

    Attributes:
        file: the figures.
        page: the page with the tables.
        titles: words of the contestants by name, in the order of the table.
        writes: what each contestant leaves.
    """

    file: Path
    page: Path
    titles: dict[str, str]
    writes: dict[str, str]

    def put_speed(self, persons: int, marriages: int, pairs: int, contestants: dict[str, dict[str, Any]]) -> None:
        content = self._content()
        size = content["speed"].setdefault(str(persons), {})
        size |= {"persons": persons, "marriages": marriages, "pairs": pairs}
        size.setdefault("contestants", {}).update(contestants)
        self._write(content)

    def put_catalogue(self, run_id: str, figures: dict[str, Any]) -> None:
        content = self._content()
        content["catalogue"][run_id] = figures
        self._write(content)

    def _content(self) -> dict[str, Any]:
        if self.file.is_file():
            found: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
            return found
        return {"speed": {}, "catalogue": {}}

    def _write(self, content: dict[str, Any]) -> None:
        content["machine"] = machine()
        write_json(self.file, content)
        write_between_markers(self.page, "\n\n".join(self._page(content)))

    def _page(self, content: dict[str, Any]) -> Iterator[str]:
        told = content["machine"]
        yield f"{told['cpu']}, {told['cores']} cores, {told['memory_gb']} GB, {told['system']}."
        yield f"## Goals\n\n{_table(('goal', 'measured', 'reached'), list(_goals(content)), '<<<')}"
        for size in sorted(content["speed"].values(), key=lambda size: int(size["persons"])):
            yield from self._size(size)
        if content["catalogue"]:
            yield from _catalogue(content["catalogue"])

    def _size(self, size: dict[str, Any]) -> Iterator[str]:
        found = size["contestants"]
        yield f"## {size['persons']:,} citizens and {size['marriages']:,} marriages"
        heads = (
            "contestant", "wall s", "CPU s", "× by hand, wall", "CPU", "peak MB", "import s",
            f"right keys of {size['pairs']:,}", "rounds",
        )  # fmt: skip
        rows = [
            (
                title, f"{one['wall']:.2f}", f"{one['cpu']:.2f}", f"{one['x_wall']:.2f}", f"{one['x_cpu']:.2f}",
                f"{one['peak_mb']:.0f}", f"{one['import_wall']:.1f}", f"{one['keys']:,}", one["rounds"],
            )
            for name, title in self.titles.items()
            if (one := found.get(name))
        ]  # fmt: skip
        yield _table(heads, rows, "<" + ">" * 8)
        yield "\n".join(
            f"- {title.strip('*')}: {self.writes[name]}; {_counts(found[name]['counts_differ'])}. "
            f"{_versions(found[name])}, {found[name]['date']}."
            for name, title in self.titles.items()
            if name in found
        )


def machine() -> dict[str, Any]:
    """What the figures depend on beside the versions."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {"cpu": cpu, "cores": os.cpu_count() or 0, "memory_gb": round(memory), "system": platform.system()}


def _goals(content: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for size in sorted(content["speed"].values(), key=lambda size: int(size["persons"])):
        found = size["contestants"]
        if (ours := found.get("sosach")) is None:
            continue
        at = f"{size['persons']:,} citizens"
        for name, words in (("by_hand", "SQL by hand, keys only"), ("by_hand_ledger", "SQL by hand, the same ledger")):
            if other := found.get(name):
                wall, cpu = (ours[f"x_{what}"] / other[f"x_{what}"] for what in ("wall", "cpu"))
                said = f"{wall:.2f} × wall, {cpu:.2f} × CPU"
                yield f"{at}: at most {GOAL_HAND} × {words}", said, _yes(wall <= GOAL_HAND)
        if other := found.get("gx_core"):
            times = other["x_wall"] / ours["x_wall"]
            goal = f"{at}: {GOAL_GX:.0f} × faster than Great Expectations' COMPLETE with keys"
            yield goal, f"{times:.1f} ×", _yes(times >= GOAL_GX)
        for name, words in (("pandera_polars", "pandera on polars"), ("pointblank_polars", "Pointblank on polars")):
            if other := found.get(name):
                times = ours["x_wall"] / other["x_wall"]
                yield f"{at}: no slower than {words}", f"{times:.2f} × its time", _yes(times <= 1)
    runs = sorted(content["catalogue"].values(), key=lambda run: int(run["records"]))
    if runs and not runs[0]["records"]:
        fixed = runs[0]["wall"]
        goal = f"the whole catalogue on no record: at most {GOAL_FIXED_S:.0f} s"
        yield goal, f"{fixed:.1f} s", _yes(fixed <= GOAL_FIXED_S)
    if filled := [run for run in runs if run["records"]]:
        peak = filled[-1]["peak_mb"] / 1024
        yield (
            f"{filled[-1]['records']:,} records: at most {GOAL_MEMORY_GB:.0f} GB",
            f"{peak:.2f} GB",
            _yes(peak <= GOAL_MEMORY_GB),
        )
    if len(filled) > 1:
        small, large = (run["wall"] / run["records"] for run in (filled[0], filled[-1]))
        growth = f"{large / small:.2f} × the seconds a record"
        words = f"linear from {filled[0]['records']:,} to {filled[-1]['records']:,} records"
        yield words, growth, _yes(large <= GOAL_LINEAR * small)


def _yes(reached: bool) -> str:
    return "yes" if reached else "**no**"


def _catalogue(runs: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield "## The real catalogue"
    heads = (
        "run", "records", "rules", "violations", "engine errors", "wall s", "CPU s", "s a million records", "peak MB",
        "of it join s", "of it Data Docs s", "import s", "rounds",
    )  # fmt: skip
    ordered = sorted(runs.items(), key=lambda item: int(item[1]["records"]))
    rows = [
        (
            run_id, f"{run['records']:,}", run["rules"], f"{run['violations']:,}", run["engine_errors"],
            f"{run['wall']:.2f}", f"{run['cpu']:.2f}",
            f"{run['wall'] / run['records'] * 1e6:.1f}" if run["records"] else "–",
            f"{run['peak_mb']:.0f}", f"{run['join_wall']:.2f}", f"{run['data_docs_wall']:.2f}",
            f"{run['import_wall']:.1f}", run["rounds"],
        )
        for run_id, run in ordered
    ]  # fmt: skip
    yield _table(heads, rows, "<" + ">" * 12)
    run_id, largest = ordered[-1]
    yield f"By register, {run_id}:"
    counts, times = ("records", "rules", "violations"), ("wall", "cpu")
    parts = [
        (name, *(f"{part[what]:,}" for what in counts), *(f"{part[what]:.2f}" for what in times))
        for name, part in largest["registers"].items()
    ]
    yield _table(("register", "records", "rules", "violations", "wall s", "CPU s"), parts, "<>>>>>")
    yield f"{_versions(largest)}, {largest['date']}."


def _counts(differ: dict[str, list[int]]) -> str:
    if not differ:
        return f"all {len(mix.RULES)} counts as the reference"
    return "counts that differ from the reference: " + ", ".join(f"{r} {a:,} for {b:,}" for r, (a, b) in differ.items())


def _versions(figures: dict[str, Any]) -> str:
    return ", ".join(f"{name} {figures['versions'][name]}" for name in sorted(figures["versions"], key=str.lower))


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]], sides: str) -> str:
    """A Markdown table; ``<`` and ``>`` say how each column stands."""
    rule = "|".join({"<": "---", ">": "---:"}[side] for side in sides)
    lines = [" | ".join(str(cell) for cell in row) for row in (heads, *rows)]
    return "\n".join([f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])])
