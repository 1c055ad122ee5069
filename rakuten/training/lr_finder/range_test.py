"""LR range test: training with a growing learning rate; the network is restored afterwards.

A rate lasts a batch or an epoch. The training loop is that of all networks, see `rakuten.training.networks.loop`.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rakuten.recipes import FitSettings, RateFinderRecipe
from rakuten.training.lr_finder.rate_choice import Floats, divergence
from rakuten.training.networks.checkpoints import CHECKPOINT_SECONDS, Checkpoints
from rakuten.training.networks.loop import TrainingLoop
from rakuten.training.networks.steps import Batch, Rows, Steps, to_array

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
        return _RangeTest(Steps(model, train, settings, seed), finder, Checkpoints(scratch, checkpoint_seconds)).test()
    finally:
        for variable, value in zip(model.variables, before, strict=True):
            variable.assign(value)


class _RangeTest(TrainingLoop):
    def __init__(self, steps: Steps, finder: RateFinderRecipe, checkpoints: Checkpoints) -> None:
        super().__init__(steps, checkpoints, ("losses",))
        self.finder = finder
        self.rates = finder.rates
        self.steps_per_rate = 1 if finder.method == "batch" else steps.per_epoch

    @property
    def most_steps(self) -> int:
        return len(self.rates) * self.steps_per_rate

    @property
    def losses(self) -> Floats:
        return np.array(self.state.arrays["losses"], np.float64)

    @property
    def finished(self) -> bool:
        losses = self.losses
        if self.steps_done >= self.most_steps or (len(losses) and not np.isfinite(losses[-1])):
            return True
        # The report went on to the end.
        return self.finder.method == "batch" and divergence(self.rates, losses, self.finder.smoothing) is not None

    def test(self) -> Losses:
        resumed_from_step = self.run()
        losses = self.losses
        return Losses(self.rates[: len(losses)], losses, self.steps_done, resumed_from_step)

    def before_step(self) -> None:
        rate, within = divmod(self.steps_done, self.steps_per_rate)
        if within == 0:
            self.steps.set_learning_rate(self.rates[rate])

    def after_step(self, batch: Batch) -> None:
        state = self.state
        rate, within = divmod(self.steps_done - 1, self.steps_per_rate)
        # The rest of an epoch cannot make its mean finite again.
        if within + 1 == self.steps_per_rate or not np.isfinite(state.loss_sum):
            loss, state.loss_sum = state.loss_sum / (within + 1), 0.0
            # Among the arrays, not in the history: a checkpoint's JSON holds no infinite number.
            state.arrays["losses"].append(np.array(loss))
            if self.finder.method == "epoch":
                logger.info("learning rate %.2g: loss %.4f", self.rates[rate], loss)
