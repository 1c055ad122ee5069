"""Outputs of submitted stages: stand-ins that wait for their task, and the wait for all tasks of a flow run."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from prefect.futures import PrefectFuture, wait
from prefect.runtime import flow_run
from prefect.utilities.collections import visit_collection

from rakuten.errors import ConstantPredictionError, InputError, OutputError
from rakuten.outputs import StageOutput

T = TypeVar("T")
# Of a look-up the result may be None.
Future = PrefectFuture[StageOutput | None]

# By flow run, in order of submission, in which a cause comes before what it stops.
_submitted: defaultdict[str | None, list[Future]] = defaultdict(list)


class SubmittedOutput(StageOutput):
    """The output of a task that may still be running: each attribute waits for the task and raises its error.

    Args:
        future: Prefect's future of the task, which becomes one of those that `outputs_of` waits for.
    """

    future: Future

    def __init__(self, future: Future) -> None:
        object.__setattr__(self, "future", future)
        _submitted[flow_run.get_id()].append(future)

    @property
    def output(self) -> StageOutput:
        """The committed output, waited for.

        Raises:
            OutputError: If the task was a look-up that found nothing.
        """
        output = self.future.result()
        if output is None:
            raise OutputError("the look-up found no output")
        return output

    @property
    def key(self) -> str:
        """Key of the committed output."""
        return self.output.key

    @property
    def folder(self) -> Path:
        """Folder of the committed output."""
        return self.output.folder

    def __reduce__(self) -> tuple[type[StageOutput], tuple[str, Path]]:
        # Another process gets the committed output.
        return StageOutput, (self.key, self.folder)

    def __repr__(self) -> str:
        return f"SubmittedOutput({self.future.task_run_id})"


def with_futures(value: T) -> T:
    """A copy in which Prefect finds the futures of submitted outputs, also inside collections and dataclasses."""
    found: T = visit_collection(value, _future_of, return_data=True)
    return found


def _future_of(item: object) -> object:
    return item.future if isinstance(item, SubmittedOutput) else item


def outputs_of(outputs: Mapping[str, StageOutput]) -> dict[str, str]:
    """Wait for everything this flow run has submitted and give the keys of some of it.

    All of it is waited for before a failure is raised, so that one failed training does not keep the others from being
    finished and cached.

    Args:
        outputs: By role.

    Raises:
        Exception: What the first failed task raised; tasks that waited for it have no error of their own.
    """
    submitted = _submitted.pop(flow_run.get_id(), [])
    wait(submitted)
    for future in submitted:
        if future.state.is_failed() or future.state.is_crashed():
            future.result()
    return {role: output.key for role, output in outputs.items()}


def settled(outputs: Mapping[str, StageOutput]) -> tuple[dict[str, StageOutput], dict[str, str]]:
    """Wait for trainings of which some may be refused, for what they were asked to do or for what came of it.

    Args:
        outputs: By name, each submitted by this flow run.

    Returns:
        Outputs by name, and by name why there is none.

    Raises:
        Exception: What a task raised that failed for any other reason; all others are waited for before.
    """
    futures = {name: output.future for name, output in outputs.items() if isinstance(output, SubmittedOutput)}
    wait(list(futures.values()))
    refused = {name: reason for name, future in futures.items() if (reason := _refusal(future)) is not None}
    submitted = _submitted[flow_run.get_id()]
    for name in refused:
        submitted.remove(futures[name])
    if not all(future.state.is_completed() for name, future in futures.items() if name not in refused):
        outputs_of({})
    return {name: output for name, output in outputs.items() if name not in refused}, refused


def _refusal(future: Future) -> str | None:
    if not future.state.is_failed():
        return None
    error = future.state.result(raise_on_failure=False)
    return str(error) if isinstance(error, InputError | ConstantPredictionError) else None
