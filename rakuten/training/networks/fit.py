"""Fit of a Keras network with early stopping on validation rows; resumes as `rakuten.training.networks.loop` says.

The state of the loop holds the best weights so far, the probabilities of validation rows after each epoch and the
history, from which early stopping is decided anew.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rakuten.errors import DivergenceError
from rakuten.recipes import FitSettings
from rakuten.training.networks.checkpoints import CHECKPOINT_SECONDS, Checkpoints
from rakuten.training.networks.loop import TrainingLoop
from rakuten.training.networks.scoring import Gather, predict, score
from rakuten.training.networks.steps import Batch, Rows, Steps
from rakuten.training.networks.stopping import best_epoch, stops

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)


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
        validated_unpictured: The same, images hidden; None where that was not asked for.
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
        unpictured: The validation rows' inputs with images hidden, of a network that reads texts and images; answered
            after each epoch too, and decide nothing.

    Raises:
        DivergenceError: If the loss stops being finite.
        ValueError: If there are no validation rows, and the settings need some.
    """
    if validation is None and (settings.patience is not None or settings.restore_best):
        raise ValueError("without validation rows there is no best epoch to wait for or to restore")
    steps = Steps(model, train, settings, seed)
    return _Fitting(model, steps, validation, unpictured, settings, Checkpoints(scratch, checkpoint_seconds)).fit()


class _Fitting(TrainingLoop):
    def __init__(
        self,
        model: "keras.Model",
        steps: Steps,
        validation: Rows | None,
        unpictured: Gather | None,
        settings: FitSettings,
        checkpoints: Checkpoints,
    ) -> None:
        super().__init__(steps, checkpoints, ("best_weights", "validated", "validated_unpictured"))
        self.model = model
        self.validation = validation
        self.unpictured = unpictured
        self.settings = settings

    @property
    def most_steps(self) -> int:
        return self.settings.epochs * self.steps.per_epoch

    @property
    def finished(self) -> bool:
        return self.state.epoch >= self.settings.epochs or stops(self.losses, self.settings.patience)

    @property
    def losses(self) -> list[float]:
        """Validation losses, one an epoch; none without validation rows."""
        return [entry["validation_loss"] for entry in self.state.history if "validation_loss" in entry]

    @property
    def best_epoch(self) -> int:
        """Counted from 1; 0 before the first epoch has ended. Without validation rows the last one."""
        return best_epoch(self.losses) or len(self.state.history)

    def fit(self) -> Fitted:
        resumed_from_step = self.run()
        arrays = self.state.arrays
        if self.settings.restore_best:
            self.model.set_weights(arrays["best_weights"])
        validated, unpictured = arrays["validated"], arrays["validated_unpictured"]
        return Fitted(
            self.state.history,
            self.best_epoch,
            resumed_from_step,
            np.stack(validated) if validated else np.empty((0, 0, 0), np.float32),
            np.stack(unpictured) if unpictured else None,
        )

    def after_step(self, batch: Batch) -> None:
        if not np.isfinite(batch.loss):
            raise DivergenceError(
                f"training diverged: expected a finite loss, received {batch.loss} in epoch {self.state.epoch + 1}; "
                f"a learning rate below {self.settings.learning_rate} may help"
            )

    def end_epoch(self) -> None:
        state = self.state
        entry = {
            "loss": state.loss_sum / self.steps.per_epoch,
            "accuracy": state.accuracy_sum / self.steps.per_epoch,
            **self._validate(),
        }
        state.loss_sum = state.accuracy_sum = 0.0
        state.history.append(entry)
        if self.settings.restore_best and self.best_epoch == len(state.history):
            state.arrays["best_weights"] = self.model.get_weights()
        figures = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in entry.items())
        logger.info("epoch %d of at most %d: %s", len(state.history), self.settings.epochs, figures)

    def _validate(self) -> dict[str, float]:
        if self.validation is None:
            return {}
        num_rows, batch_size = len(self.validation), self.settings.batch_size
        validated = predict(self.model, self.validation.gather, num_rows, batch_size)
        self.state.arrays["validated"].append(validated)
        if self.unpictured is not None:
            hidden = predict(self.model, self.unpictured, num_rows, batch_size)
            self.state.arrays["validated_unpictured"].append(hidden)
        scores = score(validated, self.validation.targets)
        return {
            "validation_loss": scores.loss,
            "validation_accuracy": scores.accuracy,
            "validation_f1_weighted": scores.f1_weighted,
        }
