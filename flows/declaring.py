"""What all flows of this project have in common: how their runs are named and what carries out their tasks."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from prefect import Flow, flow

from tasks.engine import task_runner
from tasks.naming import run_name

P = ParamSpec("P")
R = TypeVar("R")


def project_flow(name: str) -> Callable[[Callable[P, R]], Flow[P, R]]:
    """Declare the function below as a flow.

    Args:
        name: The flow's name, in the Prefect UI and in the records of its runs.
    """
    return flow(name=name, flow_run_name=run_name, task_runner=task_runner())
