"""``make evaluate``: the demo's run compared with the truth behind its sample; prints the tables and where they lie.

Holds the choice of the run; the demo makes sample and run where they are missing, ``sosach.evaluate`` compares.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from demo import AS_OF, DEMO, HOME, MADE, TRUTH, sample_identity

from sosach.checks.catalogue import load_catalogue
from sosach.errors import SosachError
from sosach.evaluate.evaluation import evaluate
from sosach.evaluate.table import markdown
from sosach.lake import Lake, atomic_path, write_json
from sosach.settings import Settings

JSON, MARKDOWN = DEMO / "evaluation.json", DEMO / "evaluation.md"


def finished_run(settings: Settings) -> str | None:
    """The demo's run under today's rules and generator, if it is finished."""
    if not MADE.is_file() or json.loads(MADE.read_text(encoding="utf-8")) != sample_identity():
        return None
    catalogue = load_catalogue(settings.expectations).version
    for path in sorted((settings.home / "runs").glob("*/manifest.json")):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        finished = Lake(settings.home).run(manifest["run_id"]).stage("publish").is_file()
        if finished and manifest["catalogue"] == catalogue and manifest["as_of"] == AS_OF.isoformat():
            return str(manifest["run_id"])
    return None


def main() -> int:
    """Evaluate the demo's run; returns the exit code."""
    os.environ["SOSACH_HOME"] = str(HOME)
    settings = Settings()
    run_id = finished_run(settings)
    if run_id is None:
        demo = subprocess.run([sys.executable, str(Path(__file__).with_name("demo.py"))], check=False)
        run_id = finished_run(settings)
        if demo.returncode or run_id is None:
            print("make evaluate: the demo did not finish; the lines above say why.", file=sys.stderr)
            return 1
    try:
        result = evaluate(settings, run_id, TRUTH, lambda line: print(f"{line} …", file=sys.stderr, flush=True))
    except SosachError as error:
        print(f"make evaluate: {error}", file=sys.stderr)
        return 2
    write_json(JSON, result)
    with atomic_path(MARKDOWN) as draft:
        draft.write_text(markdown(result), encoding="utf-8")
    print(markdown(result))
    print(f"JSON      {JSON}\nMarkdown  {MARKDOWN}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
