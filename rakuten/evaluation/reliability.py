"""Whether probabilities can be taken at their word: how often the answer is right, by how sure it is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.data.probabilities import Probabilities
from rakuten.evaluation.ground_truth import Truth
from rakuten.evaluation.scores import targets_of
from rakuten.statistics.calibration_error import calibration_error
from rakuten.statistics.temperature_scaling import at_temperature, fit_temperature

# Of equal width, as in reliability diagrams; fewer than for the calibration error, so that each holds some products.
BINS = 10


@dataclass(frozen=True)
class Calibration:
    """Probabilities of test products as they are, and divided by a temperature.

    Attributes:
        temperature: Fitted to the validation products; None where none was scored, and then nothing is corrected.
        before, after: Expected calibration error on test products, 15 bins.
        bins: Of both: at ("before" or "after"), low (lower end of the bin), rows, confidence and accuracy (means;
            NaN where a bin is empty).
    """

    temperature: float | None
    before: float
    after: float | None
    bins: pd.DataFrame


def calibrate(probabilities: Probabilities, validation: Truth, test: Truth) -> Calibration:
    """See how far a temperature would bring the probabilities; nothing of the test products decides it.

    Args:
        probabilities: Of validation and test products; at least one of the latter.
        validation: Decides the temperature.
        test: What is measured.
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
    """Products by the probability of their most probable class, and how often that class is the true one.

    Args:
        values: float32 (num_samples, num_classes), rows sum to 1.
        targets: int64 (num_samples,), positions of the true classes.

    Returns:
        `BINS` rows: low, rows, confidence, accuracy, as in `Calibration.bins`.
    """
    confidence = values.max(axis=1, initial=0).astype(np.float64)
    right = values.argmax(axis=1) == targets
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    rows = np.bincount(places, minlength=BINS)
    sums = {
        "confidence": np.bincount(places, weights=confidence, minlength=BINS),
        "accuracy": np.bincount(places, weights=right, minlength=BINS),
    }
    means = {name: np.divide(sum_, rows, out=np.full(BINS, np.nan), where=rows > 0) for name, sum_ in sums.items()}
    return pd.DataFrame({"low": np.arange(BINS) / BINS, "rows": rows, **means})
