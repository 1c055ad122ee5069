"""The range test: a network is trained on while its learning rate grows, and is then what it was before.

A rate lasts a batch or an epoch. A killed test goes on at its last checkpoint and ends with the same losses.
"""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rakuten.outputs import PacedProgress, report_progress
from rakuten.recipes import FitSettings, RateFinderRecipe
from rakuten.training.checkpoints import CHECKPOINT_SECONDS, Checkpoint, Checkpoints
from rakuten.training.rate_choice import Floats, divergence
from rakuten.training.steps import Rows, Steps, to_array

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Losses:
    """What a range test saw.

    Attributes:
        rates: float64 (num_rates,), ascending: those that were tried.
        losses: float64 (num_rates,), the mean loss of the batches that each rate was tried on; only the last may be
            infinite or no number.
        steps: Steps of gradient descent, those of interrupted attempts among them.
        resumed_from_step: Steps of an interrupted attempt that were not done again.
    """

    rates: Floats
    losses: Floats
    steps: int
    resumed_from_step: int


def range_test(
    model: "keras.Model",
    train: Rows,
    settings: FitSettings,
    finder: RateFinderRecipe,
    *,
    seed: int,
    scratch: Path,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Losses:
    """Losses of a network on train rows while its learning rate grows.

    Call `make_reproducible` before the network is built.

    Args:
        model: Ends in a softmax; not compiled. Its variables hold afterwards what they held before.
        train: At least one row; no others are looked at.
        settings: Batch size and class weights; its learning rate is not used.
        finder: Which rates, and how long each lasts.
        seed: Of the order of rows.
        scratch: Folder of checkpoints; what an interrupted attempt of the same test left there is used.
        checkpoint_seconds: Age at which a checkpoint is due; 0: one every step.
    """
    before = [to_array(variable) for variable in model.variables]
    try:
        return _RangeTest(Steps(model, train, settings, seed), finder, Checkpoints(scratch, checkpoint_seconds)).run()
    finally:
        for variable, value in zip(model.variables, before, strict=True):
            variable.assign(value)


@dataclass
class _State:
    """What a checkpoint holds beside the variables."""

    step: int = 0
    loss_sum: float = 0.0
    losses: list[float] = field(default_factory=list)


class _RangeTest:
    def __init__(self, steps: Steps, finder: RateFinderRecipe, checkpoints: Checkpoints) -> None:
        self.steps = steps
        self.finder = finder
        self.checkpoints = checkpoints
        self.rates = finder.rates
        self.steps_per_rate = 1 if finder.method == "batch" else steps.per_epoch
        self.state = _State()
        self.progress = PacedProgress("steps")

    @property
    def total(self) -> int:
        return len(self.rates) * self.steps_per_rate

    @property
    def finished(self) -> bool:
        losses = self.state.losses
        if self.state.step >= self.total or (losses and not np.isfinite(losses[-1])):
            return True
        # The report went on to the end.
        return self.finder.method == "batch" and divergence(self.rates, losses, self.finder.smoothing) is not None

    def run(self) -> Losses:
        self._restore()
        resumed_from_step = self.state.step
        while not self.finished:
            self._run_step()
            if self.checkpoints.due(epoch_ended=self.state.step % self.steps.per_epoch == 0):
                self._save()
        report_progress(self.state.step, self.state.step, "steps")
        losses = np.array(self.state.losses, np.float64)
        return Losses(self.rates[: len(losses)], losses, self.state.step, resumed_from_step)

    def _run_step(self) -> None:
        state = self.state
        rate, within = divmod(state.step, self.steps_per_rate)
        epoch, batch = divmod(state.step, self.steps.per_epoch)
        if within == 0:
            self.steps.set_learning_rate(self.rates[rate])
        state.loss_sum += self.steps.run(epoch, batch).loss
        state.step += 1
        # The rest of an epoch cannot make its mean finite again.
        if within + 1 == self.steps_per_rate or not np.isfinite(state.loss_sum):
            state.losses.append(state.loss_sum / (within + 1))
            state.loss_sum = 0.0
            if self.finder.method == "epoch":
                logger.info("learning rate %.2g: loss %.4f", self.rates[rate], state.losses[-1])
        self.progress.report(state.step, self.total)

    def _save(self) -> None:
        state = self.state
        # No JSON: the last loss may be infinite.
        arrays = self.steps.arrays() | {"losses": np.array(state.losses)}
        self.checkpoints.save(Checkpoint(arrays, {"step": state.step, "loss_sum": state.loss_sum}))

    def _restore(self) -> None:
        checkpoint = self.steps.resume(self.checkpoints)
        if checkpoint is None:
            return
        self.state = _State(**checkpoint.position, losses=checkpoint.arrays["losses"].tolist())
        logger.info("resumed at step %d of at most %d", self.state.step, self.total)
