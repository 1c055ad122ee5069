"""Early stopping as pure functions of validation losses, and its cross-fitted counterpart for the rows that stop it.

A network is kept at the epoch that is best on the validation rows, so its answers to these rows look better than to
others. The rows' stored probabilities are therefore those of the epoch that the other folds would have kept.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rakuten.recipes import FitSettings
from rakuten.statistics.cross_fitting import Folds, cross_fitted

# As in `scoring.score`: one row that is wrong beyond doubt must not decide alone.
LEAST = 1e-7


def best_epoch(losses: Sequence[float]) -> int:
    """Epoch of the lowest loss, counted from 1; the earliest of equal ones; 0 without losses. NaN is the highest."""
    return int(np.argmin(np.nan_to_num(losses, nan=np.inf))) + 1 if len(losses) else 0


def stops(losses: Sequence[float], patience: int | None) -> bool:
    """Whether fitting stops after these epochs: none of the last `patience` was the best."""
    return patience is not None and len(losses) - best_epoch(losses) >= patience


def kept_epoch(losses: Sequence[float], settings: FitSettings) -> int:
    """Epoch whose weights are kept, counted from 1, of a fit that has these validation losses.

    Args:
        losses: One an epoch, at least one; later ones than those at which fitting stops do not count.
        settings: Patience, and whether the best epoch or the last one is kept.
    """
    last = next((end for end in range(1, len(losses)) if stops(losses[:end], settings.patience)), len(losses))
    return best_epoch(losses[:last]) if settings.restore_best else last


def cross_fitted_epochs(
    losses: npt.NDArray[np.floating], values: npt.NDArray[np.float32], folds: Folds, settings: FitSettings
) -> npt.NDArray[np.float32]:
    """Probabilities of validation rows, each of the epoch that the other folds keep.

    Which epochs there are was decided by all rows.

    Args:
        losses: (num_epochs, num_rows), of each row; see `row_losses`.
        values: float32 (num_epochs, num_rows, num_classes), after each epoch.
        folds: int64 (num_rows,), see `rakuten.statistics.cross_fitting`. Without other folds the last epoch is taken.
        settings: As of the fit.

    Returns:
        float32 (num_rows, num_classes).
    """

    def answer(others: npt.NDArray[np.bool_], rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        epoch = kept_epoch(losses[:, others].mean(axis=1).tolist(), settings) if others.any() else len(values)
        return values[epoch - 1, rows]

    return cross_fitted(folds, answer).astype(np.float32)


def row_losses(values: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Cross-entropy of each row after each epoch, float64 (num_epochs, num_rows), nats; infinite where there is none.

    Args:
        values: float32 (num_epochs, num_rows, num_classes).
        targets: int64 (num_rows,).
    """
    of_truth = values[:, np.arange(len(targets)), targets].astype(np.float64)
    return np.nan_to_num(-np.log(np.clip(of_truth, LEAST, 1.0)), nan=np.inf)
