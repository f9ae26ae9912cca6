"""One contestant, once, in a process of its own: ``python -m benchmarks.checks.worker NAME CORE OUT``.

Measures the import and the run apart and leaves ``OUT/measured.json`` and ``OUT/pairs.csv``. Standard library only, for
the peers' environment has nothing of ours.
"""

import csv
import importlib
import importlib.metadata
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

VERSIONS = ("duckdb", "duckdb-engine", "great-expectations", "pandera", "pointblank", "polars", "SQLAlchemy")


class Meter:
    """Wall and CPU seconds (of all threads) since its making."""

    def __init__(self) -> None:
        self._cpu = time.process_time()
        self._wall = time.perf_counter()

    def spent(self) -> dict[str, float]:
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return {"wall": round(wall, 3), "cpu": round(cpu, 3)}


def forget_peak() -> None:
    """Let the kernel's mark of the process's peak memory start anew."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_mb() -> float:
    """Most memory that the process has held since then."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return round(int(peak.split()[1]) / 1024, 1)


def versions() -> dict[str, str]:
    """The versions of the measured libraries that this process has loaded."""
    loaded = {name.replace("_", "-") for name in sys.modules}
    return {name: importlib.metadata.version(name) for name in VERSIONS if name.lower() in loaded}


def main() -> None:
    name, core, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    meter = Meter()
    contestant = importlib.import_module(f"benchmarks.checks.contestants.{name}")
    imported = meter.spent()
    forget_peak()
    meter = Meter()
    state = contestant.run(core, out)
    measured = {**meter.spent(), "peak_mb": peak_mb()}
    found = Counter[str]()
    with (out / "pairs.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for rule, key in contestant.pairs(state, out):
            writer.writerow((rule, key))
            found[rule] += 1
    counts = contestant.counts(state) if hasattr(contestant, "counts") else dict(found)
    content = {
        **measured,
        "import_wall": imported["wall"],
        "counts": counts,
        "versions": versions(),
        "python": ".".join(str(part) for part in sys.version_info[:3]),
    }
    (out / "measured.json").write_text(json.dumps(content), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)  # nothing is left to do, and closing down is not measured


if __name__ == "__main__":
    main()
