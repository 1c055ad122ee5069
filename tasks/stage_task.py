"""The one adapter between a stage and Prefect: the same key, the same outputs, the same meaning of "cached"."""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Generic, Literal, ParamSpec

from prefect import Task, task
from prefect.cache_policies import CachePolicy
from prefect.client.schemas.objects import TaskRun
from prefect.context import TaskRunContext
from prefect.serializers import Serializer
from prefect.states import State

from rakuten.errors import KeyInputError, OutputError, RakutenError, StageProcessError
from rakuten.outputs import OutputStore, StageOutput
from rakuten.outputs.progress import listening
from rakuten.outputs.stage_output import MANIFEST
from rakuten.outputs.subprocess_runner import run_in_child
from rakuten.runs.planning import current_planner
from rakuten.settings import Settings
from rakuten.stages import Stage
from tasks.futures import SubmittedOutput, with_futures
from tasks.observability.progress import ProgressArtifact
from tasks.orchestration.engine import taking
from tasks.orchestration.prefect_cache import RECORDS
from tasks.orchestration.slots import light_resources, training_slot

P = ParamSpec("P")
Inputs = dict[str, object]

RETRIES = 2
RETRY_SECONDS = 10

# No stage's name holds a blank, so no key starts like this.
FAILURE = "failed: "


@dataclass
class StageKeyPolicy(CachePolicy):
    """A task's cache key is its stage's key; Prefect's own policies see neither helpers' code nor upstream content."""

    stage: Stage[...] | None = None

    def compute_key(
        self, task_ctx: TaskRunContext, inputs: Inputs, flow_parameters: Inputs, **kwargs: object
    ) -> str | None:
        """The stage's key for the task's resolved parameters."""
        assert self.stage is not None
        return self.stage.key(**inputs)


class StageOutputSerializer(Serializer):
    """Stores a StageOutput as its key and, on loading, insists that the output is there undamaged.

    Prefect takes an error while loading for "no such record", so a lost or damaged output makes its task run again.
    The errors of failed tasks, which pass through here too, are kept as text.
    """

    # No other field: Prefect's API gives a serializer back with nothing but its type.
    type: Literal["stage-output"] = "stage-output"

    def dumps(self, obj: object) -> bytes:
        """The key, or the words of an error.

        Raises:
            TypeError: If the task returned anything but a StageOutput.
        """
        if isinstance(obj, BaseException):
            return f"{FAILURE}{type(obj).__qualname__}: {obj}".encode()
        if not isinstance(obj, StageOutput):
            raise TypeError(f"a stage's task must return a StageOutput, not a {type(obj).__qualname__}")
        return obj.key.encode()

    def loads(self, blob: bytes) -> StageOutput | RakutenError:
        """The output of the stored key, or the error that was kept.

        Raises:
            OutputError: If the output is absent or damaged.
        """
        key = blob.decode()
        if key.startswith(FAILURE):
            return RakutenError(key.removeprefix(FAILURE))
        found = OutputStore(Settings().outputs_folder).find(key)
        if found is None:
            raise OutputError(f"{key} is no longer there or damaged")
        return found


class StageTask(Generic[P]):
    """A stage as a Prefect task. `P` stands for the stage's inputs, so that submissions are type-checked.

    Args:
        stage: What it runs.
        label: The argument that tells runs of this stage apart in the UI: a recipe, a name, or None.
        slot: Whether it occupies one of the machine's training slots.
    """

    def __init__(self, stage: Stage[P], *, label: str | None = None, slot: bool = False) -> None:
        self.stage = stage
        self.label = label
        self.slot = slot

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> StageOutput:
        """Start the stage when its inputs are there.

        Args:
            *args, **kwargs: The stage's arguments, outputs of tasks that are still running among them.

        Returns:
            The output, see `SubmittedOutput`; while planning, the output that is expected.
        """
        inputs: Inputs = self.stage.signature.bind(*args, **kwargs).arguments
        planner = current_planner()
        if planner is not None:
            return planner.expect(self.stage, inputs, label=self._label_of(inputs))
        with taking(self.slot):
            return SubmittedOutput(self._task.submit(**with_futures(inputs)))

    def __getstate__(self) -> Inputs:
        # The task holds this object in turn; another process makes its own.
        return {name: value for name, value in self.__dict__.items() if name != "_task"}

    @cached_property
    def _task(self) -> Task[..., StageOutput | None]:
        # Prefect passes parameters by position where the signature allows. Futures of look-ups are of the same type.
        def run(*positional: object, **inputs: object) -> StageOutput | None:
            return self._run(self.stage.signature.bind(*positional, **inputs).arguments)

        run.__name__ = run.__qualname__ = self.stage.name
        run.__doc__ = self.stage.function.__doc__
        run.__signature__ = self.stage.signature  # type: ignore[attr-defined]
        # Whoever runs this task, a terminal or a worker: the library's progress belongs in its log.
        logging.getLogger("rakuten").setLevel(logging.INFO)
        as_task = task(
            name=self.stage.name,
            description=self.stage.summary,
            # Prefect's protocol of such a function asks for more than it uses.
            task_run_name=self._run_name,  # type: ignore[arg-type]
            cache_policy=StageKeyPolicy(stage=self.stage),
            persist_result=True,
            result_storage=Settings().outputs_folder / RECORDS,
            result_serializer=StageOutputSerializer(),
            retries=RETRIES,
            retry_delay_seconds=RETRY_SECONDS,
            retry_condition_fn=may_pass_by_itself,
        )
        return as_task(run)

    def _run(self, inputs: Inputs) -> StageOutput:
        store = OutputStore(Settings().outputs_folder)
        stage: Stage[...] = self.stage
        called = self._called(inputs)
        with ProgressArtifact(called) as progress, listening(progress):
            if not stage.isolated:
                return store.run(stage, **inputs)
            if not self.slot:
                return run_in_child(store, stage, inputs, light_resources(), called=called)
            with training_slot(called) as resources:
                return run_in_child(store, stage, inputs, resources, called=called)

    def _run_name(self, parameters: Inputs) -> str:
        return f"{self._called(parameters)}{self._cached_from(parameters)}"

    def _cached_from(self, inputs: Inputs) -> str:
        """The end of a task run's name where its output is there before it begins: when that was made."""
        try:
            stage: Stage[...] = self.stage
            manifest = Settings().outputs_folder / stage.key(**inputs) / MANIFEST
            made = datetime.fromtimestamp(manifest.stat().st_mtime).astimezone()
        except (KeyInputError, OSError):
            # No such output, or no key: then the stage itself raises the error.
            return ""
        return f" · cached from {made:%d %b}"

    def _called(self, inputs: Inputs) -> str:
        return f"{self.stage.name} {self._label_of(inputs)}".rstrip()

    def _label_of(self, inputs: Inputs) -> str:
        value = inputs.get(self.label) if self.label else None
        return str(getattr(value, "name", value)) if value is not None else ""


def may_pass_by_itself(task: Task[..., object], run: TaskRun, state: State[object]) -> bool:
    """Whether trying again can help: a process that was killed, a file system or connection that failed.

    Bad data, a bad recipe or a bug fail the same way every time.
    """
    error = state.result(raise_on_failure=False)
    return isinstance(error, StageProcessError | ConnectionError | TimeoutError | BlockingIOError | InterruptedError)
