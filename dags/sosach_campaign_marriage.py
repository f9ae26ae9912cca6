"""
### Chiến dịch làm sạch dữ liệu hôn nhân 90 ngày: from issues to reports

Proposes repairs, measures the progress of the marriage-data campaign for each commune (cao điểm 90 ngày đêm làm sạch dữ
liệu hôn nhân, 31/05–31/08/2025), and publishes the pages, the communes' workbooks and the official report. Announces
`sosach/report_published`.

#### Triage
- **May be ignored:** nothing recurring is known. Figures that fell since the last run are not a fault of this DAG: look
  first at what was delivered (`manifest.json`).
- **Must be acted on:** a failed task. Until it succeeds, the officers see the reports of the run before.
- **Where to look:** `SOSACH_HOME/runs/<run_id>/stages/campaign.json` and `publish.json`; the scope, period and
  targets in `campaigns/`.
- **Whom to call:** the data engineer on duty; for scope, period and targets the campaign's owner at Công an tỉnh and
  Sở Tư pháp.
"""

from airflow.sdk import dag, get_current_context, task
from sosach_dags.declared import DEFAULT_ARGS, ISSUES_UPDATED, REPORT_PUBLISHED, RUN_ID_PARAM, Tag
from sosach_dags.tasks import Counts, announce, counted, guarded, settings
from sosach_dags.tasks import which_run as run_of


@dag(
    dag_id="sosach_campaign_marriage",
    dag_display_name="Sổ Sạch 3 · Chiến dịch 90 ngày dữ liệu hôn nhân",
    doc_md=__doc__,
    schedule=[ISSUES_UPDATED],
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params={"run_id": RUN_ID_PARAM},
    tags=[Tag.SOSACH, Tag.CHIEN_DICH],
)
def sosach_campaign_marriage():
    @task
    @guarded
    def which_run() -> str:
        """The run whose issues were updated."""
        return run_of(get_current_context())

    @task
    @guarded
    def cleanse(run: str) -> Counts:
        """Propose repairs for open issues."""
        from sosach import stages

        return counted(stages.cleanse(settings(), run))

    @task
    @guarded
    def campaign(run: str) -> Counts:
        """Measure the campaign's progress for each commune."""
        from sosach import stages

        return counted(stages.campaign(settings(), run))

    @task(outlets=[REPORT_PUBLISHED])
    @guarded
    def publish(run: str) -> Counts:
        """Write pages, workbooks and the official report."""
        from sosach import stages

        counts = counted(stages.publish(settings(), run))
        announce(get_current_context(), REPORT_PUBLISHED, run)
        return counts

    run = which_run()
    cleanse(run) >> campaign(run) >> publish(run)


sosach_campaign_marriage()
