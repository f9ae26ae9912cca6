"""
### Kiểm tra dữ liệu: from an opened run to its issues

Normalises every register, joins records to persons, runs the Great Expectations suites for *đúng, đủ, sạch, sống*, and
carries the issues on from the run before. Announces `sosach/issues_updated`, which starts the campaign DAGs.

#### Triage
- **May be ignored:** failed *rules*. They are the product, not a fault: no task fails because of them.
- **Must be acted on:** a failed task. `close_check` fails when a rule could not run (*engine error*; the message names
  the rules, the other rules' results are complete); `close_normalize`, `link` and `issues` fail when a balance does
  not close, that is, when rows or issues went missing.
- **Where to look:** `SOSACH_HOME/runs/<run_id>/data_docs/index.html` for rules, `…/stages/*.json` for counts,
  `…/quarantine/` for rows without a key.
- **Whom to call:** for an engine error the author of the rule (`expectations/<register>/`); for a balance the data
  engineer on duty. Nothing is published until the task is cleared and succeeds.
"""

from airflow.sdk import dag, get_current_context, task
from sosach_dags.declared import DEFAULT_ARGS, ISSUES_UPDATED, RUN_ID_PARAM, RUN_OPENED, Tag
from sosach_dags.tasks import Counts, announce, counted, guarded, settings
from sosach_dags.tasks import which_run as run_of


@dag(
    dag_id="sosach_check",
    dag_display_name="Sổ Sạch 2 · Kiểm tra đúng, đủ, sạch, sống",
    doc_md=__doc__,
    schedule=[RUN_OPENED],
    max_active_runs=1,  # issues are carried on from run to run, one after the other
    default_args=DEFAULT_ARGS,
    params={"run_id": RUN_ID_PARAM},
    tags=[Tag.SOSACH, Tag.KIEM_TRA],
)
def sosach_check():
    @task
    @guarded
    def which_run() -> str:
        """The run that was opened."""
        return run_of(get_current_context())

    @task
    @guarded
    def registers() -> list[str]:
        """Ids of the registers to map over."""
        from sosach import stages

        return stages.register_ids(settings())

    @task(map_index_template="{{ task.op_kwargs['register'] }}")
    @guarded
    def normalize_register(register: str, run: str) -> Counts:
        """Turn one register's delivered text into typed records."""
        from sosach import stages

        return counted(stages.normalize_register(settings(), run, register))

    @task
    @guarded
    def close_normalize(run: str) -> Counts:
        """Prove that no row was lost."""
        from sosach import stages

        return counted(stages.close_normalize(settings(), run))

    @task
    @guarded
    def link(run: str) -> Counts:
        """Join records to persons and derive marital status."""
        from sosach import stages

        return counted(stages.link(settings(), run))

    @task(map_index_template="{{ task.op_kwargs['register'] }}")
    @guarded
    def check_register(register: str, run: str) -> Counts:
        """Run one register's four suites."""
        from sosach import stages

        return counted(stages.check_register(settings(), run, register))

    @task
    @guarded
    def close_check(run: str) -> Counts:
        """Join the results and write the Data Docs; fails where a rule could not run."""
        from sosach import stages

        return counted(stages.close_check(settings(), run))

    @task(outlets=[ISSUES_UPDATED])
    @guarded
    def issues(run: str) -> Counts:
        """Carry the issues on from the run before."""
        from sosach import stages

        counts = counted(stages.issues(settings(), run))
        announce(get_current_context(), ISSUES_UPDATED, run)
        return counts

    run, register_ids = which_run(), registers()
    normalized = normalize_register.partial(run=run).expand(register=register_ids)
    checked = check_register.partial(run=run).expand(register=register_ids)
    normalized >> close_normalize(run) >> link(run) >> checked >> close_check(run) >> issues(run)


sosach_check()
