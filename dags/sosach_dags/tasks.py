"""Helpers inside a task: which day, which run, what may be handed on, what may be said of a crash.

Holds no stage and no declaration. ``sosach.stages`` is imported by the tasks themselves, when they run.
"""

import functools
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, NewType, ParamSpec, TypeVar

from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowFailException

from sosach.errors import SosachError
from sosach.privacy import withheld
from sosach_dags.declared import TIMEZONE

if TYPE_CHECKING:
    from sosach.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

# Not a plain dict: of a task that says it returns one, Airflow pushes every key as an XCom of its own.
Counts = NewType("Counts", dict[str, int | str | None])


def guarded(function: Callable[P, R]) -> Callable[P, R]:
    """Keep the text of foreign errors, which may quote a cell (``Could not convert string '0401…'``), out of the log.

    Errors of this project and of Airflow pass with their message, which never holds a cell's value; what caused them
    is told by type and place only.

    Raises:
        StageCrashError: in place of any other error, with its type and the lines it came through.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (SosachError, AirflowFailException) as error:
            if behind := error.__cause__ or error.__context__:
                error.__cause__, error.__context__ = withheld(behind, __file__), None
            raise
        except Exception as error:
            crash = withheld(error, __file__)
        raise crash  # outside the except block: otherwise the first error is logged as the context of this one

    return wrapper


def settings() -> "Settings":
    """The installation's settings, from the environment of the worker."""
    from sosach.settings import Settings

    return Settings()


def source_ids() -> list[str]:
    """Ids of the declared SQL sources. Read while the DAG is parsed, so that without any there is no task for them."""
    return sorted(path.stem for path in settings().sources.glob("*.yaml") if not path.name.startswith("_"))


def counted(result: Mapping[str, Any]) -> Counts:
    """What a stage returned as XCom may carry it: numbers and ids stay, a list becomes its length."""
    return Counts({k: len(v) if isinstance(v, list | tuple | dict) else v for k, v in result.items()})


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
            "Started by hand without run_id. Trigger again with run_id (the name of a folder under SOSACH_HOME/runs), "
            "or run sosach_ingest, which starts this DAG by itself."
        )
    return str(max(events, key=lambda event: event.timestamp).extra["run_id"])


def announce(context: Mapping[str, Any], asset: Asset, run_id: str) -> None:
    """Let the task's asset event say which run it is about (``run_id`` begins with the run's date)."""
    context["outlet_events"][asset].extra = {"run_id": run_id, "as_of": run_id.partition("_")[0]}
