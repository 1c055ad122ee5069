"""Training loop of all Keras networks: steps of gradient descent, checkpoints, resuming after a kill.

Batches are pure functions of their position, see `rakuten.training.networks.steps`. A checkpoint holds everything else
that the rest of a training depends on: weights, optimizer, seed generators of dropout and augmentation, and a
`LoopState`. A killed training resumes at its last checkpoint and ends with the same bytes.
"""

import itertools
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from rakuten.outputs import PacedProgress, report_progress
from rakuten.training.networks.checkpoints import Checkpoint, Checkpoints
from rakuten.training.networks.steps import Batch, Steps

logger = logging.getLogger(__name__)


@dataclass
class LoopState:
    """Position, running sums and results of a loop.

    Attributes:
        epoch, step: The next step; counted from 0, the step within its epoch.
        loss_sum, accuracy_sum: Of the batches since the loop's subclass last began a mean.
        history: Finite figures of each epoch.
        arrays: Lists of arrays, by name.
    """

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    accuracy_sum: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    arrays: dict[str, list[npt.NDArray[Any]]] = field(default_factory=dict)


class TrainingLoop(ABC):
    """Runs steps until it is finished; subclasses say when that is, and what happens around a step and an epoch.

    Args:
        steps: The steps of the training.
        checkpoints: Where an interrupted attempt left its state, and this one leaves its own.
        arrays: Names of the lists of arrays in the state.
    """

    def __init__(self, steps: Steps, checkpoints: Checkpoints, arrays: tuple[str, ...]) -> None:
        self.steps = steps
        self.checkpoints = checkpoints
        self.state = LoopState(arrays={name: [] for name in arrays})
        self._progress = PacedProgress("steps")

    @property
    def steps_done(self) -> int:
        """Steps from the start, those of interrupted attempts among them."""
        return self.state.epoch * self.steps.per_epoch + self.state.step

    @property
    @abstractmethod
    def most_steps(self) -> int:
        """Steps in all, at most."""

    @property
    @abstractmethod
    def finished(self) -> bool:
        """Is there no further step?"""

    def before_step(self) -> None:  # noqa: B027
        """Prepare a step."""

    @abstractmethod
    def after_step(self, batch: Batch) -> None:
        """Look at a step's batch, whose figures are in the sums and whose step is counted."""

    def end_epoch(self) -> None:  # noqa: B027
        """End an epoch, before the next one begins."""

    def run(self) -> int:
        """Run the steps that are left.

        Returns:
            Steps of an interrupted attempt that were not done again.
        """
        self._restore()
        resumed_from_step = self.steps_done
        while not self.finished:
            self._run_step()
            if self.checkpoints.due(epoch_ended=self.state.step == 0):
                self._save()
        report_progress(self.steps_done, self.steps_done, "steps")
        return resumed_from_step

    def _run_step(self) -> None:
        state = self.state
        self.before_step()
        batch = self.steps.run(state.epoch, state.step)
        state.loss_sum += batch.loss
        state.accuracy_sum += batch.accuracy
        state.step += 1
        self.after_step(batch)
        self._progress.report(self.steps_done, self.most_steps)
        if state.step == self.steps.per_epoch:
            self.end_epoch()
            state.epoch, state.step = state.epoch + 1, 0

    def _save(self) -> None:
        state = self.state
        lists = {f"{name}_{index}": one for name, held in state.arrays.items() for index, one in enumerate(held)}
        names = ("epoch", "step", "loss_sum", "accuracy_sum", "history")
        self.checkpoints.save(Checkpoint(self.steps.arrays() | lists, {name: getattr(state, name) for name in names}))

    def _restore(self) -> None:
        checkpoint = self.steps.resume(self.checkpoints)
        if checkpoint is None:
            return
        lists = {name: _listed(checkpoint.arrays, name) for name in self.state.arrays}
        self.state = LoopState(**checkpoint.position, arrays=lists)
        logger.info("resumed at step %d of epoch %d", self.state.step, self.state.epoch + 1)


def _listed(arrays: Mapping[str, npt.NDArray[Any]], name: str) -> list[npt.NDArray[Any]]:
    """The arrays `<name>_0`, `<name>_1`, … of a checkpoint."""
    names = itertools.takewhile(arrays.__contains__, (f"{name}_{index}" for index in itertools.count()))
    return [np.asarray(arrays[name]) for name in names]
