"""What the DAGs' helpers decide: which day, which run, what is retried, what a crash may say."""

import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from sosach.privacy import StageCrashError
from sosach.settings import PROJECT
from tests.dags.conftest import DAGS

SECRET = "040290987613"


@pytest.fixture(scope="module")
def helpers() -> Iterator[ModuleType]:
    """``sosach_dags.tasks``, importable as in Airflow: the DAG folder stands in the module path."""
    with tempfile.TemporaryDirectory() as airflow_home, pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "AIRFLOW_HOME", airflow_home)
        patch.syspath_prepend(str(DAGS))
        import sosach_dags.tasks

        yield sosach_dags.tasks
        for name in [n for n in sys.modules if n.startswith("sosach_dags")]:
            del sys.modules[name]


def event(run_id: str, hour: int) -> SimpleNamespace:
    return SimpleNamespace(extra={"run_id": run_id}, timestamp=datetime(2025, 8, 15, hour, tzinfo=UTC))


def context(**more: Any) -> dict[str, Any]:
    return {"params": {"run_id": None, "as_of": None}, "triggering_asset_events": {}} | more


def test_the_given_run_wins_over_the_event(helpers: ModuleType) -> None:
    events = {"asset": [event("2025-08-15_bbbbbbbb", 1)]}
    given = context(params={"run_id": "2025-08-15_aaaaaaaa"}, triggering_asset_events=events)
    assert helpers.which_run(given) == "2025-08-15_aaaaaaaa"


def test_of_several_events_the_newest_names_the_run(helpers: ModuleType) -> None:
    events = {"asset": [event("2025-08-15_bbbbbbbb", 5), event("2025-08-15_cccccccc", 3)]}
    assert helpers.which_run(context(triggering_asset_events=events)) == "2025-08-15_bbbbbbbb"


def test_started_by_hand_without_a_run_says_what_to_do(helpers: ModuleType) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match="Trigger again with run_id"):
        helpers.which_run(context())


def test_the_day_is_that_of_vietnam(helpers: ModuleType) -> None:
    late = SimpleNamespace(run_after=datetime(2025, 8, 14, 19, 30, tzinfo=UTC))  # 02:30 on the 15th in Vietnam
    assert helpers.which_day(context(dag_run=late)).isoformat() == "2025-08-15"
    given = context(params={"as_of": "2025-06-30"}, dag_run=late)
    assert helpers.which_day(given).isoformat() == "2025-06-30"


def test_a_crash_tells_its_place_and_no_value(helpers: ModuleType) -> None:
    @helpers.guarded
    def stage() -> None:
        raise ValueError(f"Could not convert string {SECRET!r}")

    with pytest.raises(StageCrashError) as caught:
        stage()
    told = "".join(traceback.format_exception(caught.value))
    assert SECRET not in told
    assert "ValueError" in str(caught.value)
    assert f"{__file__}:" in str(caught.value)
    assert "in stage" in str(caught.value)


def test_the_cause_of_an_error_for_the_reader_tells_no_value_either(helpers: ModuleType) -> None:
    from sosach.errors import DeliveryError

    @helpers.guarded
    def stage() -> None:
        try:
            raise ValueError(f"Could not convert string {SECRET!r}")
        except ValueError as error:
            raise DeliveryError("a.csv, column so: not a number. Send it again.") from error

    with pytest.raises(DeliveryError) as caught:
        stage()
    told = "".join(traceback.format_exception(caught.value))
    assert SECRET not in told
    assert "a.csv, column so" in told
    assert "ValueError (its text is withheld" in told


def test_an_error_for_the_reader_passes_unchanged(helpers: ModuleType) -> None:
    from sosach.errors import BalanceError

    @helpers.guarded
    def stage() -> None:
        raise BalanceError("raw 3, core 2")

    with pytest.raises(BalanceError, match="raw 3, core 2"):
        stage()


def test_only_what_may_pass_by_itself_is_retried(helpers: ModuleType) -> None:
    from sosach_dags.declared import DEFAULT_ARGS

    from sosach.errors import EngineError, SourceUnavailableError

    policy = DEFAULT_ARGS["retry_policy"]
    assert policy.evaluate(SourceUnavailableError("away"), 1, 2).action.value == "retry"
    assert policy.evaluate(EngineError("rule"), 1, 2).action.value == "fail"
    assert policy.evaluate(StageCrashError("OSError"), 1, 2).action.value == "default"


def test_lists_do_not_go_into_xcom(helpers: ModuleType) -> None:
    result = {"register": "ket_hon", "rows": 3, "worst": [SECRET, SECRET], "by": {"a": 1}}
    assert helpers.counted(result) == {"register": "ket_hon", "rows": 3, "worst": 2, "by": 1}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        (
            {
                "conn_type": "postgres",
                "login": "a",
                "password": "p@s/s",
                "host": "may",
                "port": 5433,
                "schema": "ho_tich",
            },
            "postgresql://a:p%40s%2Fs@may:5433/ho_tich",
        ),
        ({"conn_type": "postgres", "host": "/run/pg", "schema": "d"}, "postgresql:///d?host=%2Frun%2Fpg"),
        (
            {"conn_type": "postgres", "host": "may", "schema": "d", "extra": '{"sslmode": "require", "cursor": "x"}'},
            "postgresql://may/d?sslmode=require",
        ),
        ({"conn_type": "sqlite", "host": "/du_lieu/nguon.db"}, "sqlite:////du_lieu/nguon.db"),
    ],
)
def test_a_connection_becomes_an_address(
    helpers: ModuleType, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], url: str
) -> None:
    from airflow.sdk import Connection
    from sqlalchemy.engine import make_url

    found = _address(monkeypatch, lambda name: Connection(conn_id=name, **given))
    assert found == url
    assert make_url(found).password == given.get("password")


def test_a_connection_of_another_kind_and_none_at_all_are_named(
    helpers: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    from sosach.errors import SettingsError

    def missing(name: str) -> Connection:
        raise AirflowNotFoundException(SECRET)

    with pytest.raises(SettingsError, match="'cua' is mysql"):
        _address(monkeypatch, lambda name: Connection(conn_id=name, conn_type="mysql", password=SECRET))
    with pytest.raises(SettingsError, match=r"no connection 'cua'.*AIRFLOW_CONN_CUA"):
        _address(monkeypatch, missing)


def _address(monkeypatch: pytest.MonkeyPatch, get: Any) -> str:
    """What a source declared for the connection ``cua`` is given."""
    import sosach_dags.connections as module

    monkeypatch.setattr(module.Connection, "get", get)
    monkeypatch.setattr(module, "load_source", lambda *_: SimpleNamespace(connection="cua"))
    found: str = module.source_url(SimpleNamespace(sources=None, expectations=PROJECT / "expectations"), "nguon")
    return found
