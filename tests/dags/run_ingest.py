"""Run the DAG ``sosach_ingest`` twice in one process: ``python run_ingest.py AIRFLOW_HOME AS_OF``.

Before the second run the wrong connection is mended: ``AIRFLOW_CONN_CUA_HONG`` becomes ``AIRFLOW_CONN_CUA_TOT``. Prints
of each run whether it succeeded. A process of its own, because Airflow reads its settings while it is imported.
"""

import os
import sys
from pathlib import Path

from run_dags import INGEST, DagRunFailedError, end_process, prepare_airflow, run_dag


def main(airflow_home: Path, as_of: str) -> None:
    """Run, mend, run again."""
    prepare_airflow(airflow_home)
    for _ in range(2):
        try:
            sys.stdout.write(f"opened {run_dag(INGEST, {'as_of': as_of})}\n")
        except DagRunFailedError as error:
            sys.stdout.write(f"failed {error}\n")
        os.environ["AIRFLOW_CONN_CUA_HONG"] = os.environ["AIRFLOW_CONN_CUA_TOT"]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
    end_process(0)
