"""The one fit loop of all Keras networks. A killed training goes on at its last checkpoint and ends with equal bytes.

Batch i of epoch e is a pure function of (seed, e, i). A checkpoint holds what else decides the rest of the training:
weights, optimizer, seed generators of dropout and augmentation, the best weights so far, the running sums of the
current epoch, and the history, from which early stopping is decided anew.
"""

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rakuten.data.hidden import require_open
from rakuten.errors import InputError
from rakuten.outputs import report_progress
from rakuten.recipes import FitSettings
from rakuten.training.checkpoints import Checkpoint, Checkpoints
from rakuten.training.scoring import Gather, predict, score

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 60.0
PROGRESS_SECONDS = 0.5


@dataclass(frozen=True)
class Rows:
    """Products to fit or to validate on.

    Attributes:
        gather: Places in these rows, int64 (batch_size,) → the network's inputs for them, (batch_size, ...).
        targets: int64 (num_rows,), class positions 0..num_classes-1.

    Raises:
        HeldOutError: On building, if the class of a row is hidden.
    """

    gather: Gather
    targets: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        require_open(self.targets, "fit or validate a network")

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Fitted:
    """How a training went.

    Attributes:
        history: One entry an epoch: loss, accuracy, validation_loss, validation_accuracy, validation_f1_weighted.
        best_epoch: The epoch with the lowest validation loss, counted from 1.
        resumed_from_step: Steps of an interrupted attempt that were not done again.
    """

    history: list[dict[str, float]]
    best_epoch: int
    resumed_from_step: int


def fit(
    model: "keras.Model",
    train: Rows,
    validation: Rows,
    settings: FitSettings,
    *,
    seed: int,
    scratch: Path,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Fitted:
    """Fit a network, or finish fitting it, with Adam on sparse categorical cross-entropy.

    Call `make_reproducible` before the network is built.

    Args:
        model: Ends in a softmax; not compiled. Holds the result.
        train: At least one row.
        validation: At least one row; decides when fitting stops and which weights are kept.
        settings: See its class.
        seed: Of the order of rows.
        scratch: Folder of checkpoints; what an interrupted attempt of the same training left there is used.
        checkpoint_seconds: Age at which a checkpoint is due; 0: one every step.

    Raises:
        InputError: If the loss stops being finite.
    """
    import keras

    model.compile(
        optimizer=keras.optimizers.Adam(settings.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    # Restoring needs Adam's moments to exist, which Keras would only make at the first step.
    model.optimizer.build(model.trainable_variables)
    fitting = _Fitting(model, train, validation, settings, seed, Checkpoints(scratch, checkpoint_seconds))
    return fitting.run()


@dataclass
class _State:
    """What a checkpoint holds beside the variables of model and optimizer."""

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    accuracy_sum: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    best_weights: list[npt.NDArray[Any]] = field(default_factory=list)

    @property
    def best_epoch(self) -> int:
        """Counted from 1; 0 before the first epoch has ended; the earlier one of two that are equal."""
        losses = [entry["validation_loss"] for entry in self.history]
        return losses.index(min(losses)) + 1 if losses else 0


class _Fitting:
    def __init__(
        self,
        model: "keras.Model",
        train: Rows,
        validation: Rows,
        settings: FitSettings,
        seed: int,
        checkpoints: Checkpoints,
    ) -> None:
        self.model = model
        self.train = train
        self.validation = validation
        self.settings = settings
        self.seed = seed
        self.checkpoints = checkpoints
        self.steps_per_epoch = -(-len(train) // settings.batch_size)
        self.sample_weights = _sample_weights(train.targets, settings)
        self.state = _State()
        self.reported_at = 0.0

    @property
    def steps_done(self) -> int:
        return self.state.epoch * self.steps_per_epoch + self.state.step

    @property
    def finished(self) -> bool:
        patience = self.settings.patience
        waited = self.state.epoch - self.state.best_epoch
        return self.state.epoch >= self.settings.epochs or (patience is not None and waited >= patience)

    def run(self) -> Fitted:
        self._restore()
        resumed_from_step = self.steps_done
        while not self.finished:
            self._run_epoch()
        report_progress(self.steps_done, self.steps_done, "steps")
        if self.settings.restore_best:
            self.model.set_weights(self.state.best_weights)
        return Fitted(self.state.history, self.state.best_epoch, resumed_from_step)

    def _run_epoch(self) -> None:
        order = self._order()
        for step in range(self.state.step, self.steps_per_epoch):
            start = step * self.settings.batch_size
            self._run_step(order[start : start + self.settings.batch_size])
            if step + 1 < self.steps_per_epoch and self.checkpoints.due(epoch_ended=False):
                self._save()
        self._end_epoch()
        if self.checkpoints.due(epoch_ended=True):
            self._save()

    def _order(self) -> npt.NDArray[np.int64]:
        """The rows of this epoch, shuffled; some come twice where they do not fill the last batch.

        All batches have one shape: a backend may compute with other kernels once it has seen a second one, and so the
        numbers would depend on where a training was resumed.
        """
        shuffled = np.random.default_rng((self.seed, self.state.epoch)).permutation(len(self.train))
        return np.resize(shuffled, self.steps_per_epoch * self.settings.batch_size)

    def _run_step(self, places: npt.NDArray[np.int64]) -> None:
        logs = self.model.train_on_batch(
            self.train.gather(places),
            self.train.targets[places],
            sample_weight=None if self.sample_weights is None else self.sample_weights[places],
            return_dict=True,
        )
        # train_on_batch starts its metrics anew each time: these are the batch's own means.
        loss = float(logs["loss"])
        if not np.isfinite(loss):
            raise InputError(
                f"training diverged: expected a finite loss, received {loss} in epoch {self.state.epoch + 1}; "
                f"a learning rate below {self.settings.learning_rate} may help"
            )
        self.state.loss_sum += loss
        self.state.accuracy_sum += float(logs["accuracy"])
        self.state.step += 1
        if time.monotonic() - self.reported_at >= PROGRESS_SECONDS:
            self.reported_at = time.monotonic()
            report_progress(self.steps_done, self.settings.epochs * self.steps_per_epoch, "steps")

    def _end_epoch(self) -> None:
        state = self.state
        validated = predict(self.model, self.validation.gather, len(self.validation), self.settings.batch_size)
        scores = score(validated, self.validation.targets)
        entry = {
            "loss": state.loss_sum / self.steps_per_epoch,
            "accuracy": state.accuracy_sum / self.steps_per_epoch,
            "validation_loss": scores.loss,
            "validation_accuracy": scores.accuracy,
            "validation_f1_weighted": scores.f1_weighted,
        }
        state.history.append(entry)
        state.epoch, state.step, state.loss_sum, state.accuracy_sum = state.epoch + 1, 0, 0.0, 0.0
        if self.settings.restore_best and state.best_epoch == state.epoch:
            state.best_weights = self.model.get_weights()
        figures = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in entry.items())
        logger.info("epoch %d of at most %d: %s", state.epoch, self.settings.epochs, figures)

    def _save(self) -> None:
        from keras import ops

        state = self.state
        variables = enumerate(self._variables())
        arrays = {f"variable_{place}": ops.convert_to_numpy(variable) for place, variable in variables}
        arrays |= {f"best_{place}": value for place, value in enumerate(state.best_weights)}
        names = ("epoch", "step", "loss_sum", "accuracy_sum", "history")
        self.checkpoints.save(Checkpoint(arrays, {name: getattr(state, name) for name in names}))

    def _restore(self) -> None:
        checkpoint = self.checkpoints.load()
        if checkpoint is None:
            return
        variables = self._variables()
        for place, variable in enumerate(variables):
            variable.assign(checkpoint.arrays[f"variable_{place}"])
        num_best = len(checkpoint.arrays) - len(variables)
        best = [checkpoint.arrays[f"best_{place}"] for place in range(num_best)]
        self.state = _State(**checkpoint.position, best_weights=best)
        logger.info("resumed at step %d of epoch %d", self.state.step, self.state.epoch + 1)

    def _variables(self) -> list[Any]:
        """All that steps change: weights, seed generators, optimizer. Always in the same order."""
        return [*self.model.variables, *self.model.optimizer.variables]


def _sample_weights(targets: npt.NDArray[np.int64], settings: FitSettings) -> npt.NDArray[np.float32] | None:
    """Weight of each row: 1 on average, inverse to the share of its class; None: all weigh the same."""
    if settings.class_weight == "none":
        return None
    counts = np.bincount(targets)
    present = np.count_nonzero(counts)
    return (len(targets) / (present * counts[targets])).astype(np.float32)
