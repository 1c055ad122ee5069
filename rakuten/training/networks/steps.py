"""A step of any training: which rows a batch holds, and Adam on their sparse categorical cross-entropy.

Batch i of epoch e is a pure function of (seed, e, i).
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rakuten.data.label_masking import require_open
from rakuten.recipes import FitSettings
from rakuten.training.networks.checkpoints import Checkpoint, Checkpoints
from rakuten.training.networks.sampling import epoch_rows
from rakuten.training.networks.scoring import Gather

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

VARIABLE = "variable_"


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


class Batch(NamedTuple):
    """What a step reports: means over its rows, before the step."""

    loss: float
    accuracy: float


class Steps:
    """The steps of one training; compiles the network.

    Args:
        model: Ends in a softmax; not compiled.
        train: At least one row.
        settings: Batch size, first learning rate and class weights.
        seed: Of the order of rows.

    Attributes:
        per_epoch: Steps that show every row.
    """

    def __init__(self, model: "keras.Model", train: Rows, settings: FitSettings, seed: int) -> None:
        import keras

        model.compile(
            optimizer=keras.optimizers.Adam(settings.learning_rate),
            loss=keras.losses.SparseCategoricalCrossentropy(),
            metrics=["accuracy"],
        )
        # Restoring needs Adam's moments to exist, which Keras would only make at the first step.
        model.optimizer.build(model.trainable_variables)
        self._batch_size = settings.batch_size_of(len(train))
        self.per_epoch = -(-len(train) // self._batch_size)
        self._model = model
        self._train = train
        self._sampling = settings.sampling
        self._seed = seed
        self._weights = sample_weights(train.targets, settings)
        self._ordered: tuple[int, npt.NDArray[np.int64]] | None = None

    def set_learning_rate(self, rate: float) -> None:
        """Take steps of this rate from here on."""
        self._model.optimizer.learning_rate = rate

    def run(self, epoch: int, step: int) -> Batch:
        """Step 0..per_epoch-1 of an epoch."""
        places = self._order(epoch)[step]
        logs = self._model.train_on_batch(
            self._train.gather(places),
            self._train.targets[places],
            sample_weight=None if self._weights is None else self._weights[places],
            return_dict=True,
        )
        # train_on_batch starts its metrics anew each time: these are the batch's own means.
        return Batch(float(logs["loss"]), float(logs["accuracy"]))

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        """The rows of an epoch, int64 (per_epoch, batch_size), shuffled; some come twice to fill the last batch.

        All batches have one shape: a backend may compute with other kernels once it has seen a second one, and so the
        numbers would depend on where a training was resumed.
        """
        if self._ordered is None or self._ordered[0] != epoch:
            shape = self.per_epoch, self._batch_size
            rows = epoch_rows(self._train.targets, shape[0] * shape[1], self._sampling, (self._seed, epoch))
            self._ordered = epoch, rows.reshape(shape)
        return self._ordered[1]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All that steps change: weights, seed generators, optimizer; by `variable_<path>`."""
        return {name: to_array(variable) for name, variable in self._variables()}

    def resume(self, checkpoints: Checkpoints) -> Checkpoint | None:
        """Restore the variables of the newest checkpoint.

        Returns:
            The checkpoint; None where there is none, or where it is of other variables, as one of another device's
            precision may be: then a warning says so, and the training starts anew.
        """
        checkpoint = checkpoints.load()
        if checkpoint is None:
            return None
        misfit = self._misfit(checkpoint.arrays)
        if misfit is not None:
            logger.warning("the checkpoint does not fit this network (%s); its training starts anew", misfit)
            return None
        for name, variable in self._variables():
            variable.assign(checkpoint.arrays[name])
        return checkpoint

    def _misfit(self, arrays: Mapping[str, npt.NDArray[Any]]) -> str | None:
        """The first difference between a checkpoint's variables and the network's; None where there is none."""
        expected = {name: tuple(variable.shape) for name, variable in self._variables()}
        found = {name: array.shape for name, array in arrays.items() if name.startswith(VARIABLE)}
        for name in sorted(expected.keys() | found.keys()):
            if expected.get(name) != found.get(name):
                shown = name.removeprefix(VARIABLE)
                return f"{shown}: expected shape {expected.get(name)}, received {found.get(name)}"
        return None

    def _variables(self) -> Iterator[tuple[str, Any]]:
        """Variables of network and optimizer by name; of equal paths the later ones are numbered."""
        seen: Counter[str] = Counter()
        for variable in (*self._model.variables, *self._model.optimizer.variables):
            seen[variable.path] += 1
            number = f"#{seen[variable.path]}" if seen[variable.path] > 1 else ""
            yield f"{VARIABLE}{variable.path}{number}", variable


def to_array(variable: Any) -> npt.NDArray[Any]:
    """A copy of a variable's value, whatever backend holds it."""
    from keras import ops

    return np.array(ops.convert_to_numpy(variable))


def sample_weights(targets: npt.NDArray[np.int64], settings: FitSettings) -> npt.NDArray[np.float32] | None:
    """Weight of each row: 1 on average, inverse to the share of its class; None: all weigh the same."""
    if settings.class_weight == "none":
        return None
    counts = np.bincount(targets)
    present = np.count_nonzero(counts)
    return (len(targets) / (present * counts[targets])).astype(np.float32)
