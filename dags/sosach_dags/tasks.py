"""Helpers inside a task: which day, which run, what may be handed on, what may be said of a crash.

Holds no stage and no declaration. ``sosach.stages`` is imported by the tasks themselves, when they run.
"""

import functools
import traceback
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowFailException

from sosach.errors import SosachError
from sosach_dags.declared import TIMEZONE

if TYPE_CHECKING:
    from sosach.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


class StageCrashError(Exception):
    """A stage stopped with a foreign error; says which kind and where, never the error's own text."""


def guarded(function: Callable[P, R]) -> Callable[P, R]:
    """Withhold the text of foreign errors, which may quote a cell (``Could not convert string '0401…'``), from the log.

    Errors of this project and of Airflow pass unchanged: they never hold a cell's value.

    Raises:
        StageCrashError: in place of any other error, with its type and the lines it came through.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (SosachError, AirflowFailException):
            raise
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)[1:]
            place = "\n".join(f"  {f.filename}:{f.lineno} in {f.name}" for f in frames)
            crash = StageCrashError(f"{type(error).__name__} (its text is withheld: it may quote personal data), came through:\n{place}")
        raise crash  # outside the except block: otherwise the first error is logged as the context of this one

    return wrapper


def settings() -> "Settings":
    """The installation's settings, from the environment of the worker."""
    from sosach.settings import Settings

    return Settings()


def counted(result: Mapping[str, Any]) -> dict[str, int | str | None]:
    """What a stage returned as XCom may carry it: numbers and ids stay, a list becomes its length."""
    return {name: len(value) if isinstance(value, list | tuple | dict) else value for name, value in result.items()}


def which_day(context: Mapping[str, Any]) -> date:
    """The run's date: the parameter ``as_of``, else the day (Vietnam time) for which Airflow scheduled the DAG run."""
    given = context["params"]["as_of"]
    return date.fromisoformat(given) if given else context["dag_run"].run_after.astimezone(TIMEZONE).date()


def which_run(context: Mapping[str, Any]) -> str:
    """The run to work on: the parameter ``run_id``, else the newest event that triggered the DAG run.

    Raises:
        AirflowFailException: started by hand without ``run_id``.
    """
    if given := context["params"]["run_id"]:
        return str(given)
    events = [event for of_asset in context["triggering_asset_events"].values() for event in of_asset]
    if not events:
        raise AirflowFailException(
            "Started by hand without run_id. Trigger again with the parameter run_id (a folder name under SOSACH_HOME/runs), "
            "or run sosach_ingest, which starts this DAG by itself."
        )
    return str(max(events, key=lambda event: event.timestamp).extra["run_id"])


def announce(context: Mapping[str, Any], asset: Asset, run_id: str) -> None:
    """Let the task's asset event say which run it is about (``run_id`` begins with the run's date)."""
    context["outlet_events"][asset].extra = {"run_id": run_id, "as_of": run_id.partition("_")[0]}
