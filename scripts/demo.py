"""``make demo``: synthetic sample → DAGs → report, offline; prints the summary and where the results lie.

Holds the sample's settings and the order of things; ``synthetic_data`` makes the sample, ``run_dags.py`` runs the DAGs.
"""

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from run_dags import PROJECT, DagRunFailedError, end_process, prepare_airflow, run_dags

DEMO = PROJECT / "var" / "demo"
DELIVERIES, TRUTH, HOME, MADE = DEMO / "deliveries", DEMO / "truth", DEMO / "home", DEMO / "sample.json"
PERSONS, SEED, AS_OF = 60_000, 7, date(2025, 8, 15)


def sample_identity() -> dict[str, str | int]:
    """What the sample follows from: its settings and the generator's files."""
    generator = hashlib.sha256()
    for path in sorted((PROJECT / "synthetic_data").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            generator.update(path.relative_to(PROJECT).as_posix().encode() + b"\0" + path.read_bytes())
    return {"persons": PERSONS, "seed": SEED, "as_of": AS_OF.isoformat(), "generator": generator.hexdigest()}


def make_sample() -> None:
    """Make the deliveries and forget the runs over earlier ones, unless settings and generator are the same."""
    identity = sample_identity()
    if MADE.is_file() and json.loads(MADE.read_text(encoding="utf-8")) == identity:
        print(f"Sample of {PERSONS:,} persons: already made ({DELIVERIES})", flush=True)
        return
    print(f"Sample of {PERSONS:,} persons, seed {SEED}, as of {AS_OF}: being made …", flush=True)
    shutil.rmtree(DEMO, ignore_errors=True)
    options = {"--out": DELIVERIES, "--truth": TRUTH, "--persons": PERSONS, "--seed": SEED, "--as-of": AS_OF}
    arguments = [str(part) for option in options.items() for part in option]
    subprocess.run([sys.executable, "-m", "synthetic_data", *arguments], cwd=PROJECT, check=True)
    MADE.write_text(json.dumps(identity, indent=1) + "\n", encoding="utf-8")


def peak_memory_gb() -> float:
    """Largest resident memory of this process or a child so far, in GB."""
    kilobytes = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return kilobytes / 1e6


def main() -> int:
    """Run the demo; returns the exit code."""
    began = time.monotonic()
    make_sample()
    os.environ |= {"SOSACH_HOME": str(HOME), "SOSACH_DELIVERIES": str(DELIVERIES)}
    print("Starting Airflow in this process …", flush=True)
    with tempfile.TemporaryDirectory(prefix="sosach-airflow-") as airflow_home:
        prepare_airflow(Path(airflow_home))
        try:
            run_id = run_dags(AS_OF)
        except DagRunFailedError as error:
            print(f"{error} The log above says why.", file=sys.stderr)
            return 1

    from sosach.lake import Lake
    from sosach.settings import Settings
    from sosach.summary import summary

    settings = Settings()
    run = Lake(settings.home).run(run_id)
    print("", *summary(settings, run_id), "", sep="\n")
    print(f"Report page   {run.published / 'site' / 'index.html'}")
    print(f"Workbook      {min((run.published / 'workbooks').glob('[0-9]*.xlsx'))}")
    print(f"Word report   {run.published / 'bao_cao.docx'}")
    print(f"Data Docs     {run.docs / 'index.html'}")
    print(f"Took {time.monotonic() - began:.0f} s, at most {peak_memory_gb():.1f} GB of memory.")
    return 0


if __name__ == "__main__":
    end_process(main())
