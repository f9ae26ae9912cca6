"""The whole check stage of one run in one process: ``python -m benchmarks.checks.stage HOME RUN_ID AS_OF OUT``.

Leaves ``OUT``, a JSON file. Times of import and of work are told apart.
"""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.checks.worker import Meter, forget_peak, peak_mb, versions


def main() -> None:
    home, run_id, as_of, out = Path(sys.argv[1]), sys.argv[2], date.fromisoformat(sys.argv[3]), Path(sys.argv[4])
    meter = Meter()
    from sosach.checks.data_docs import render_data_docs
    from sosach.checks.gx import check_register
    from sosach.checks.join import join_parts
    from sosach.registers import load_registers
    from sosach.settings import Settings

    imported = meter.spent()
    settings = Settings(home=home)
    forget_peak()
    whole = Meter()
    checked: dict[str, dict[str, Any]] = {}
    for register in load_registers(settings.expectations):
        meter = Meter()
        checked[register] = {**check_register(settings, run_id, register, as_of), **meter.spent()}
    meter = Meter()
    join_parts(settings, run_id)
    joined, meter = meter.spent(), Meter()
    render_data_docs(settings, run_id)
    documented = meter.spent()
    names = ("records", "rules", "violations", "engine_errors")
    content = {
        **whole.spent(),
        "peak_mb": peak_mb(),
        "import_wall": imported["wall"],
        **{name: sum(one[name] for one in checked.values()) for name in names},
        "registers": checked,
        "join": joined,
        "data_docs": documented,
        "versions": versions(),
    }
    out.write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    main()
