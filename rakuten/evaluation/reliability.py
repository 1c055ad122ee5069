"""Reliability diagram: accuracy by confidence bin, before and after temperature scaling."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.data.probabilities import Probabilities
from rakuten.evaluation.ground_truth import Truth
from rakuten.evaluation.scores import targets_of
from rakuten.statistics.calibration_error import calibration_error
from rakuten.statistics.temperature_scaling import at_temperature, fit_temperature

# Equal-width bins; fewer than for the expected calibration error (15), so that each has some products.
BINS = 10


@dataclass(frozen=True)
class Calibration:
    """Calibration of the test products before and after temperature scaling.

    Attributes:
        temperature: Fitted to the validation products; None without any.
        before, after: Expected calibration error on test products, 15 bins; `after` is None without a temperature.
        bins: Of both: at ("before" or "after"), low (lower end of the bin), rows, confidence and accuracy (means;
            NaN for an empty bin).
    """

    temperature: float | None
    before: float
    after: float | None
    bins: pd.DataFrame


def calibrate(probabilities: Probabilities, validation: Truth, test: Truth) -> Calibration:
    """Fit a temperature to the validation products and measure calibration on the test products.

    Args:
        probabilities: Of validation and test products; at least one of the latter.
        validation: Ground truth for the temperature.
        test: Ground truth for the calibration errors.
    """
    codes, rows = test.scored(probabilities)
    values, targets = probabilities.values[rows], targets_of(codes)
    before, bins = calibration_error(values, targets), reliability(values, targets).assign(at="before")
    known, fitted_rows = validation.scored(probabilities)
    if not len(known):
        return Calibration(None, before, None, bins)
    temperature = fit_temperature(probabilities.values[fitted_rows], targets_of(known))
    corrected = at_temperature(values, temperature).astype(np.float32)
    both = [bins, reliability(corrected, targets).assign(at="after")]
    return Calibration(temperature, before, calibration_error(corrected, targets), pd.concat(both, ignore_index=True))


def reliability(values: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Accuracy and mean confidence by confidence bin.

    Args:
        values: float32 (num_samples, num_classes), rows sum to 1.
        targets: int64 (num_samples,), indices of the true classes.

    Returns:
        `BINS` rows: low, rows, confidence, accuracy, as in `Calibration.bins`.
    """
    confidence = values.max(axis=1, initial=0).astype(np.float64)
    right = values.argmax(axis=1) == targets
    # Bin index of each product, (num_samples,); a confidence of exactly 1 belongs to the last bin.
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    rows = np.bincount(places, minlength=BINS)
    sums = {
        "confidence": np.bincount(places, weights=confidence, minlength=BINS),
        "accuracy": np.bincount(places, weights=right, minlength=BINS),
    }
    means = {name: np.divide(sum_, rows, out=np.full(BINS, np.nan), where=rows > 0) for name, sum_ in sums.items()}
    return pd.DataFrame({"low": np.arange(BINS) / BINS, "rows": rows, **means})
