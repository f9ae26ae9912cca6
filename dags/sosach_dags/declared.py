"""Words that all DAGs share: assets, tags, time zone, how a task is retried.

Holds declarations only. Imported when DAG files are parsed, so nothing heavy may be imported here.
"""

from datetime import timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from airflow.sdk import Asset, CronTriggerTimetable, ExceptionRetryPolicy, Param, RetryAction, RetryRule

from sosach.errors import SosachError, SourceUnavailableError

TIMEZONE = ZoneInfo("Asia/Ho_Chi_Minh")
# At night: the units deliver until the evening, the officers read in the morning. No DAG has a start date: switched on,
# it waits for the next night or event and does not make up for nights past.
NIGHTLY = CronTriggerTimetable("30 2 * * *", timezone=TIMEZONE.key)

RUN_OPENED = Asset("sosach/run_opened", group="sosach")
ISSUES_UPDATED = Asset("sosach/issues_updated", group="sosach")
REPORT_PUBLISHED = Asset("sosach/report_published", group="sosach")


class Tag(StrEnum):
    """The only tags that a DAG of this project may carry."""

    SOSACH = "sosach"
    TIEP_NHAN = "tiếp nhận"
    KIEM_TRA = "kiểm tra"
    CHIEN_DICH = "chiến dịch"


# A SosachError is about data, rules or settings: the same input fails the same way, so a person must act and a retry
# only hides the message for some minutes. Everything else (disk full, lost database, killed worker) may pass by itself,
# and so may the absence of a source. The first rule that fits counts.
DEFAULT_ARGS = {
    "owner": "sosach",
    "retries": 2,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(exception=SourceUnavailableError, action=RetryAction.RETRY, reason="a source may come back"),
            RetryRule(
                exception=SosachError, action=RetryAction.FAIL, reason="data, rule or setting to be mended by a person"
            ),
        ]
    ),
}

RUN_ID_PARAM = Param(
    None,
    type=["null", "string"],
    pattern=r"^\d{4}-\d{2}-\d{2}_[0-9a-f]{8}$",
    title="Mã lượt chạy (run_id)",
    description="Để trống: lượt chạy do sự kiện kích hoạt DAG này nêu. Dạng: 2025-08-15_1a2b3c4d.",
)
AS_OF_PARAM = Param(
    None,
    type=["null", "string"],
    format="date",
    title="Ngày tính số liệu (as_of)",
    description="Để trống: ngày của lượt chạy DAG theo giờ Việt Nam. Dạng: 2025-08-15.",
)
