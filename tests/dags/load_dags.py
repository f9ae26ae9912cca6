"""Load a DAG folder as the DAG processor does and tell as JSON what was seen.

``python load_dags.py FOLDER AIRFLOW_HOME``: a process of its own, so that what parsing imports can be told.
"""

import json
import sys
from pathlib import Path
from typing import Any

from run_dags import prepare_airflow


def main(folder: Path, airflow_home: Path) -> dict[str, Any]:
    """Facts about every DAG of the folder, import errors, and the modules that parsing brought in."""
    prepare_airflow(airflow_home)
    from airflow.dag_processing.dagbag import BundleDagBag

    before = set(sys.modules)
    bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder")
    return {
        "import_errors": bag.import_errors,
        "modules": sorted(set(sys.modules) - before),
        "dags": {
            dag_id: {
                "doc_md": dag.doc_md,
                "display_name": dag.dag_display_name,
                "tags": sorted(dag.tags),
                "params": dag.params.dump(),
                "catchup": dag.catchup,
                "tasks": {
                    task.task_id: {
                        "retries": task.retries,
                        "exponential": bool(task.retry_exponential_backoff),
                        "retry_policy": type(
                            getattr(task, "retry_policy", None) or task.partial_kwargs["retry_policy"]
                        ).__name__,
                        "upstream": sorted(task.upstream_task_ids),
                        "outlets": [outlet.name for outlet in task.outlets],
                    }
                    for task in dag.tasks
                },
            }
            for dag_id, dag in bag.dags.items()
        },
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))) + "\n")
