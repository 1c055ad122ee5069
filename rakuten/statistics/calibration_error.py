"""How far probabilities are from being right as often as they say."""

import numpy as np
import numpy.typing as npt

BINS = 15


def calibration_error(values: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> float:
    """Expected calibration error of the most probable class, over 15 bins of equal width.

    Args:
        values: float32 (num_samples, num_classes), rows sum to 1; at least one row.
        targets: int64 (num_samples,), positions of the true classes.

    Returns:
        Mean distance between confidence and accuracy over bins, weighted by their products, 0..1; 0 is best.

    Reference:
        Guo, C. et al. (2017). On Calibration of Modern Neural Networks. ICML.
    """
    confidence = values.max(axis=1).astype(np.float64)
    right = values.argmax(axis=1) == targets
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(targets))
