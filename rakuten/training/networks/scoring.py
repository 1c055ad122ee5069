"""Probabilities of a network, their scores on rows of known class, and the guard against networks that are dead."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rakuten.errors import ConstantPredictionError
from rakuten.statistics.cross_fitting import Folds

if TYPE_CHECKING:
    import keras

# Places of rows, int64 (batch_size,) → a network's inputs for them; by name where it has several.
Gather = Callable[[npt.NDArray[np.int64]], npt.NDArray[Any] | dict[str, npt.NDArray[Any]]]

# Fewer rows may well belong to one class by chance.
GUARD_ROWS = 50
# A network that is merely weak tells rows apart by more than this; one that is dead does not.
GUARD_SPREAD = 0.01


@dataclass(frozen=True)
class Scores:
    """How probabilities compare with the true classes.

    Attributes:
        loss: Mean cross-entropy, nats.
        accuracy: Share of rows whose most probable class is the true one.
        f1_weighted: F1 of each class, averaged with the classes' shares of the true rows.
    """

    loss: float
    accuracy: float
    f1_weighted: float


def predict(model: "keras.Model", gather: Gather, num_rows: int, batch_size: int) -> npt.NDArray[np.float32]:
    """Probabilities of rows 0..num_rows-1.

    Returns:
        float32 (num_rows, num_classes), rows sum to 1.
    """
    values = np.empty((num_rows, model.output_shape[-1]), np.float32)
    for start in range(0, num_rows, batch_size):
        places = np.arange(start, min(start + batch_size, num_rows))
        # Always full batches, for numbers that do not depend on how many rows there are; repeats are cut off.
        answers = np.asarray(model.predict_on_batch(gather(np.resize(places, batch_size))))
        values[places] = answers[: len(places)]
    return values


def score(probabilities: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> Scores:
    """Loss, accuracy and weighted F1.

    Args:
        probabilities: float32 (num_rows, num_classes).
        targets: int64 (num_rows,), at least one row.
    """
    from sklearn.metrics import f1_score

    predicted = probabilities.argmax(axis=1)
    of_truth = probabilities[np.arange(len(targets)), targets].astype(np.float64)
    return Scores(
        loss=float(-np.log(np.clip(of_truth, 1e-7, 1.0)).mean()),
        accuracy=float((predicted == targets).mean()),
        f1_weighted=float(f1_score(targets, predicted, average="weighted", zero_division=0)),
    )


def refuse_constant(
    probabilities: npt.NDArray[np.float32], targets: npt.NDArray[np.int64], folds: Folds, name: str
) -> None:
    """Refuse a model that answers the same whatever it is shown, as one fed pixels of the wrong range does.

    Silent below `GUARD_ROWS` rows and where all rows are of one class.

    Args:
        probabilities: float32 (num_rows, num_classes), of validation rows.
        targets: int64 (num_rows,).
        folds: int64 (num_rows,), see `rakuten.statistics.cross_fitting`. Rows of different folds are predicted with
            different parameters, so differences count within a fold only.
        name: What to call the model in the error.

    Raises:
        ConstantPredictionError: If one class is predicted for all rows, with all but the same probabilities.
    """
    if len(targets) < GUARD_ROWS or len(np.unique(targets)) == 1:
        return
    of_folds = [probabilities[folds == fold] for fold in np.unique(folds)]
    spread = max(float(np.ptp(rows, axis=0).max()) for rows in of_folds)
    if all(len(np.unique(rows.argmax(axis=1))) == 1 for rows in of_folds) and spread < GUARD_SPREAD:
        raise ConstantPredictionError(
            f"{name} predicts one class for all {len(targets)} validation rows: expected probabilities that differ "
            f"between rows, received ones that differ by {spread:.1e} at most; its inputs or its recipe are wrong"
        )
