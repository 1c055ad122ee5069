"""One number that makes probabilities as sure as they deserve to be, and leaves the most probable class as it is.

Reference:
    Guo, C. et al. (2017). On Calibration of Modern Neural Networks. ICML.
"""

import numpy as np
import numpy.typing as npt

from rakuten.statistics.cross_fitting import Folds, cross_fitted

Floats = npt.NDArray[np.float64]

# Below it a probability says no more than "not this one"; its logarithm would drown all others.
FLOOR = 1e-7
# Sharper or flatter than this is no calibration any more, but a sign of rows that all are right, or all wrong.
LOWEST, HIGHEST = 0.1, 10.0


def fit_temperature(values: npt.NDArray[np.floating], targets: npt.NDArray[np.int64]) -> float:
    """The temperature of the smallest cross-entropy.

    Args:
        values: (num_rows, num_classes), rows sum to 1, of rows that the model was not fitted to.
        targets: int64 (num_rows,), columns of the true classes.

    Returns:
        Between 0.1 and 10; above 1 for a model that is too sure; 1 where there is no row to tell.
    """
    from scipy.optimize import minimize_scalar

    if not len(targets):
        return 1.0
    logs = log_floored(values)
    rows = np.arange(len(targets))

    def loss(log_temperature: float) -> float:
        scaled = logs / np.exp(log_temperature)
        return float((np.logaddexp.reduce(scaled, axis=1) - scaled[rows, targets]).mean())

    found = minimize_scalar(loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded")
    return float(np.exp(found.x))


def at_temperature(values: npt.NDArray[np.floating], temperature: float) -> Floats:
    """Probabilities to the power of 1 / temperature, float64 (..., num_classes), rows sum to 1 again.

    Args:
        values: (..., num_classes), rows sum to 1.
        temperature: 1 changes nothing; above 1: less sure.
    """
    if temperature == 1:
        return np.asarray(values, np.float64)
    logs = log_floored(values) / temperature
    return np.asarray(np.exp(logs - np.logaddexp.reduce(logs, axis=-1, keepdims=True)))


def at_cross_fitted_temperature(
    values: npt.NDArray[np.floating],
    fitted_to: npt.NDArray[np.floating],
    targets: npt.NDArray[np.int64],
    folds: Folds,
) -> Floats:
    """Probabilities of validation rows, each at the temperature of the other folds, float64 (num_rows, num_classes).

    Args:
        values: (num_rows, num_classes), rows sum to 1; at least one row.
        fitted_to: (num_rows, num_classes), probabilities of the same rows that temperatures are fitted to.
        targets: int64 (num_rows,), columns of the true classes.
        folds: int64 (num_rows,), see `rakuten.statistics.cross_fitting`; a fold without others keeps its probabilities.
    """

    def answer(others: npt.NDArray[np.bool_], rows: npt.NDArray[np.bool_]) -> Floats:
        return at_temperature(values[rows], fit_temperature(fitted_to[others], targets[others]))

    return cross_fitted(folds, answer)


def log_floored(values: npt.NDArray[np.floating]) -> Floats:
    """Logarithms of probabilities, none below that of `FLOOR`."""
    return np.log(np.maximum(values, FLOOR, dtype=np.float64))
