"""Functions that find something on this machine, as tasks without a cache: what they find depends on the moment."""

from collections.abc import Callable
from functools import cached_property
from typing import Generic, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE

from rakuten.outputs import StageOutput
from rakuten.runs.planning import current_planner
from tasks.futures import SubmittedOutput, with_futures

P = ParamSpec("P")
R = TypeVar("R")


class LookUp(Generic[P, R]):
    """A function as a task of the run that calls it; a plain call while planning.

    Args:
        function: Its name is the task's.
    """

    def __init__(self, function: Callable[P, R]) -> None:
        self.function = function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call it now."""
        if current_planner():
            return self.function(*args, **kwargs)
        return self._task(*args, **kwargs)

    @cached_property
    def _task(self) -> Task[P, R]:
        return task(name=self.function.__name__, cache_policy=NO_CACHE, persist_result=False)(self.function)


class OutputLookUp(LookUp[P, StageOutput | None]):
    """A function that finds an output, or None."""

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> StageOutput | None:
        """Call it when its arguments are there.

        Returns:
            Only to be handed to other tasks: in a run whether there is an output is not known yet.
        """
        if current_planner():
            return self.function(*args, **kwargs)
        return SubmittedOutput(self._task.submit(*with_futures(args), **with_futures(kwargs)))
