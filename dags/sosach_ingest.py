"""
### Tiếp nhận dữ liệu: from the inbox to an opened run

Brings what is new in the declared SQL sources (`sources/`, one mapped task a source) into the inbox, takes in every new
delivery under `SOSACH_DELIVERIES/<register>/`, one mapped task a register, then opens the run about all deliveries
accepted so far and announces it as `sosach/run_opened`, which starts `sosach_check`. Without declared sources there are
no tasks for them.

#### Triage
- **May be ignored:** the warning *refused* in a task of `ingest_register`. That one delivery was not taken in; all
  others were. It stands with its reason in the run's `manifest.json` and in the report, and is tried again in every
  run until the unit replaces it. A day without new deliveries succeeds: its run is about the same data on a later date.
- **Must be acted on:** a failed task. `SosachError` messages say file, field and remedy and are not retried; a
  `StageCrashError` was retried twice and names the line of code. A failed `pull_source` fails the DAG run, but not the
  other sources, the files or the opened run: that source's data are those of its last pull. `SourceUnavailableError`
  was retried: ask whoever runs that database, then clear the task or wait for the next night; nothing is missed
  meanwhile, for its watermark has not moved. Any other error: mend `sources/<source>.yaml`, the connection or the data.
- **Where to look:** the log of the mapped task (its label is the source or the register);
  `SOSACH_HOME/runs/<run_id>/manifest.json`; table `source_pulls` of the state database for what was pulled when.
- **Whom to call:** for a refused delivery the unit that sent it; for a source its `sender`; for a failed task the data
  engineer on duty.
"""

from airflow.sdk import dag, get_current_context, task
from sosach_dags.declared import AS_OF_PARAM, DEFAULT_ARGS, NIGHTLY, RUN_OPENED, Tag
from sosach_dags.tasks import Counts, announce, counted, guarded, settings, source_ids, which_day


@dag(
    dag_id="sosach_ingest",
    dag_display_name="Sổ Sạch 1 · Tiếp nhận dữ liệu",
    doc_md=__doc__,
    schedule=NIGHTLY,
    max_active_runs=1,  # two runs would race for the same inbox
    default_args=DEFAULT_ARGS,
    params={"as_of": AS_OF_PARAM},
    tags=[Tag.SOSACH, Tag.TIEP_NHAN],
)
def sosach_ingest():
    @task
    @guarded
    def as_of() -> str:
        """The run's date."""
        return which_day(get_current_context()).isoformat()

    @task(map_index_template="{{ task.op_kwargs['source'] }}")
    @guarded
    def pull_source(source: str, as_of: str) -> Counts:
        """Bring what is new in one SQL source into the inbox; its address is known here only."""
        from datetime import date

        from sosach_dags.connections import source_url

        from sosach import stages

        return counted(
            stages.pull_source(settings(), source, source_url(settings(), source), date.fromisoformat(as_of))
        )

    @task
    @guarded
    def sources_pulled() -> None:
        """Nothing to do: it stands at the end of the DAG so that a source that failed fails the DAG run."""

    @task(trigger_rule="all_done")  # files are taken in whatever became of the sources
    @guarded
    def registers() -> list[str]:
        """Ids of the registers to map over."""
        from sosach import stages

        return stages.register_ids(settings())

    @task(map_index_template="{{ task.op_kwargs['register'] }}")
    @guarded
    def ingest_register(register: str, as_of: str) -> Counts:
        """Take in one register's new deliveries; the stage counts what it refuses and warns of it in the log."""
        from datetime import date

        from sosach import stages

        return counted(stages.ingest_register(settings(), register, date.fromisoformat(as_of)))

    @task(outlets=[RUN_OPENED])
    @guarded
    def open_run(as_of: str) -> str:
        """Open the run about all accepted deliveries."""
        from datetime import date

        from sosach import stages

        run_id = stages.open_run(settings(), date.fromisoformat(as_of))
        announce(get_current_context(), RUN_OPENED, run_id)
        return run_id

    day, register_ids = as_of(), registers()
    if declared := source_ids():
        pull_source.partial(as_of=day).expand(source=declared) >> [register_ids, sources_pulled()]
    ingest_register.partial(as_of=day).expand(register=register_ids) >> open_run(day)


sosach_ingest()
