"""What all flows of this project share: names of their runs, a lock for each run, and what carries out their tasks."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from prefect import Flow, flow
from prefect.runtime import flow_run

from tasks.engine import task_runner
from tasks.flow_run_locks import hold_flow_run_lock
from tasks.naming import run_name

P = ParamSpec("P")
R = TypeVar("R")


def project_flow(name: str) -> Callable[[Callable[P, R]], Flow[P, R]]:
    """Declare the function below as a flow.

    Args:
        name: The flow's name, in the Prefect UI and in the records of its runs.
    """

    def declare(function: Callable[P, R]) -> Flow[P, R]:
        return flow(name=name, flow_run_name=run_name, task_runner=task_runner())(_locked(function))

    return declare


def _locked(function: Callable[P, R]) -> Callable[P, R]:
    """Have a flow hold its run's lock while it runs."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with hold_flow_run_lock(flow_run.get_id()):
            return function(*args, **kwargs)

    return run
