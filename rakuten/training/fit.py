"""The one fit loop of all Keras networks. A killed training goes on at its last checkpoint and ends with equal bytes.

Batches are pure functions of their position, see `rakuten.training.steps`. A checkpoint holds what else decides the
rest of the training: weights, optimizer, seed generators of dropout and augmentation, the best weights so far, the
running sums of the current epoch, the probabilities of validation rows after each epoch, and the history, from which
early stopping is decided anew.
"""

import itertools
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rakuten.errors import DivergenceError
from rakuten.outputs import PacedProgress, report_progress
from rakuten.recipes import FitSettings
from rakuten.training.checkpoints import CHECKPOINT_SECONDS, Checkpoint, Checkpoints
from rakuten.training.scoring import Gather, predict, score
from rakuten.training.steps import Rows, Steps
from rakuten.training.stopping import best_epoch, stops

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

# Lists of arrays in the state of a fit.
LISTS = ("best_weights", "validated", "validated_unpictured")


@dataclass(frozen=True)
class Fitted:
    """How a training went.

    Attributes:
        history: One entry an epoch: loss, accuracy, and where there are validation rows validation_loss,
            validation_accuracy, validation_f1_weighted.
        best_epoch: The epoch with the lowest validation loss, counted from 1; without validation rows the last one.
        resumed_from_step: Steps of an interrupted attempt that were not done again.
        validated: float32 (num_epochs, num_rows, num_classes), probabilities of the validation rows after each epoch;
            (0, 0, 0) without validation rows.
        validated_unpictured: The same, photos hidden; None where that was not asked for.
    """

    history: list[dict[str, float]]
    best_epoch: int
    resumed_from_step: int
    validated: npt.NDArray[np.float32]
    validated_unpictured: npt.NDArray[np.float32] | None = None


def fit(
    model: "keras.Model",
    train: Rows,
    validation: Rows | None,
    settings: FitSettings,
    *,
    seed: int,
    scratch: Path,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    unpictured: Gather | None = None,
) -> Fitted:
    """Fit a network, or finish fitting it, with Adam on sparse categorical cross-entropy.

    Call `make_reproducible` before the network is built.

    Args:
        model: Ends in a softmax; not compiled. Holds the result.
        train: At least one row.
        validation: At least one row; decides when fitting stops and which weights are kept. None: nothing does, and the
            settings must ask for neither.
        settings: See its class.
        seed: Of the order of rows.
        scratch: Folder of checkpoints; what an interrupted attempt of the same training left there is used.
        checkpoint_seconds: Age at which a checkpoint is due; 0: one every step.
        unpictured: The validation rows' inputs with photos hidden, of a network that reads texts and photos; answered
            after each epoch too, and decide nothing.

    Raises:
        DivergenceError: If the loss stops being finite.
        ValueError: If there are no validation rows, and the settings need some.
    """
    if validation is None and (settings.patience is not None or settings.restore_best):
        raise ValueError("without validation rows there is no best epoch to wait for or to restore")
    steps = Steps(model, train, settings, seed)
    return _Fitting(model, steps, validation, unpictured, settings, Checkpoints(scratch, checkpoint_seconds)).run()


@dataclass
class _State:
    """What a checkpoint holds beside the variables of model and optimizer."""

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    accuracy_sum: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    best_weights: list[npt.NDArray[Any]] = field(default_factory=list)
    validated: list[npt.NDArray[np.float32]] = field(default_factory=list)
    validated_unpictured: list[npt.NDArray[np.float32]] = field(default_factory=list)

    @property
    def losses(self) -> list[float]:
        """Validation losses, one an epoch; none without validation rows."""
        return [entry["validation_loss"] for entry in self.history if "validation_loss" in entry]

    @property
    def best_epoch(self) -> int:
        """Counted from 1; 0 before the first epoch has ended. Without validation rows the last one."""
        return best_epoch(self.losses) or len(self.history)


class _Fitting:
    def __init__(
        self,
        model: "keras.Model",
        steps: Steps,
        validation: Rows | None,
        unpictured: Gather | None,
        settings: FitSettings,
        checkpoints: Checkpoints,
    ) -> None:
        self.model = model
        self.steps = steps
        self.validation = validation
        self.unpictured = unpictured
        self.settings = settings
        self.checkpoints = checkpoints
        self.state = _State()
        self.progress = PacedProgress("steps")

    @property
    def steps_done(self) -> int:
        return self.state.epoch * self.steps.per_epoch + self.state.step

    @property
    def finished(self) -> bool:
        return self.state.epoch >= self.settings.epochs or stops(self.state.losses, self.settings.patience)

    def run(self) -> Fitted:
        self._restore()
        resumed_from_step = self.steps_done
        while not self.finished:
            self._run_epoch()
        report_progress(self.steps_done, self.steps_done, "steps")
        if self.settings.restore_best:
            self.model.set_weights(self.state.best_weights)
        state = self.state
        return Fitted(
            state.history,
            state.best_epoch,
            resumed_from_step,
            np.stack(state.validated) if state.validated else np.empty((0, 0, 0), np.float32),
            np.stack(state.validated_unpictured) if state.validated_unpictured else None,
        )

    def _run_epoch(self) -> None:
        for step in range(self.state.step, self.steps.per_epoch):
            self._run_step()
            if step + 1 < self.steps.per_epoch and self.checkpoints.due(epoch_ended=False):
                self._save()
        self._end_epoch()
        if self.checkpoints.due(epoch_ended=True):
            self._save()

    def _run_step(self) -> None:
        loss, accuracy = self.steps.run(self.state.epoch, self.state.step)
        if not np.isfinite(loss):
            raise DivergenceError(
                f"training diverged: expected a finite loss, received {loss} in epoch {self.state.epoch + 1}; "
                f"a learning rate below {self.settings.learning_rate} may help"
            )
        self.state.loss_sum += loss
        self.state.accuracy_sum += accuracy
        self.state.step += 1
        self.progress.report(self.steps_done, self.settings.epochs * self.steps.per_epoch)

    def _end_epoch(self) -> None:
        state = self.state
        entry = {
            "loss": state.loss_sum / self.steps.per_epoch,
            "accuracy": state.accuracy_sum / self.steps.per_epoch,
            **self._validate(),
        }
        state.history.append(entry)
        state.epoch, state.step, state.loss_sum, state.accuracy_sum = state.epoch + 1, 0, 0.0, 0.0
        if self.settings.restore_best and state.best_epoch == state.epoch:
            state.best_weights = self.model.get_weights()
        figures = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in entry.items())
        logger.info("epoch %d of at most %d: %s", state.epoch, self.settings.epochs, figures)

    def _validate(self) -> dict[str, float]:
        if self.validation is None:
            return {}
        num_rows, batch_size = len(self.validation), self.settings.batch_size
        validated = predict(self.model, self.validation.gather, num_rows, batch_size)
        self.state.validated.append(validated)
        if self.unpictured is not None:
            self.state.validated_unpictured.append(predict(self.model, self.unpictured, num_rows, batch_size))
        scores = score(validated, self.validation.targets)
        return {
            "validation_loss": scores.loss,
            "validation_accuracy": scores.accuracy,
            "validation_f1_weighted": scores.f1_weighted,
        }

    def _save(self) -> None:
        state = self.state
        lists = {f"{name}_{place}": value for name in LISTS for place, value in enumerate(getattr(state, name))}
        names = ("epoch", "step", "loss_sum", "accuracy_sum", "history")
        self.checkpoints.save(Checkpoint(self.steps.arrays() | lists, {name: getattr(state, name) for name in names}))

    def _restore(self) -> None:
        checkpoint = self.steps.resume(self.checkpoints)
        if checkpoint is None:
            return
        lists: dict[str, Any] = {name: _listed(checkpoint.arrays, name) for name in LISTS}
        self.state = _State(**checkpoint.position, **lists)
        logger.info("resumed at step %d of epoch %d", self.state.step, self.state.epoch + 1)


def _listed(arrays: Mapping[str, npt.NDArray[Any]], name: str) -> list[npt.NDArray[Any]]:
    """The arrays `<name>_0`, `<name>_1`, … of a checkpoint."""
    names = itertools.takewhile(arrays.__contains__, (f"{name}_{place}" for place in itertools.count()))
    return [arrays[name] for name in names]
