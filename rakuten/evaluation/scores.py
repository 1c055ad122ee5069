"""Classification metrics from a confusion matrix: accuracy, precision, recall, F1, bootstrap confidence interval.

The confusion matrix is int64 (num_classes, num_classes): rows are true classes, columns predicted classes, both in the
order of `classes.CODES`. All functions also take a stack of matrices (..., num_classes, num_classes), so that a
bootstrap is one vectorised call.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rakuten.catalogue.classes import CODES, NUM_CLASSES
from rakuten.errors import InputError, MismatchError

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

RESAMPLES = 1000
INTERVAL = 0.95


@dataclass(frozen=True)
class ClassScores:
    """Precision, recall, F1 and support of each class, float64 (..., num_classes); 0 for a zero denominator.

    Attributes:
        precision: True positives / predicted positives.
        recall: True positives / support.
        f1: Harmonic mean of precision and recall.
        support: int64, number of products of each class.
    """

    precision: Floats
    recall: Floats
    f1: Floats
    support: Counts

    @property
    def f1_weighted(self) -> Floats:
        """Weighted F1: mean over classes, weighted by support; the challenge's metric."""
        return _ratio((self.f1 * self.support).sum(axis=-1), self.support.sum(axis=-1))

    @property
    def f1_macro(self) -> Floats:
        """Macro F1: unweighted mean over the classes with products.

        Unlike scikit-learn, which counts a class without products as 0 if it is predicted.
        """
        present = self.support > 0
        return _ratio((self.f1 * present).sum(axis=-1), present.sum(axis=-1))


def count_confusions(true_codes: npt.NDArray[np.int64], predicted_codes: npt.NDArray[np.int64]) -> Counts:
    """Confusion matrix of true and predicted class codes.

    Args:
        true_codes: int64 (num_samples,), class codes.
        predicted_codes: int64 (num_samples,), class codes of the same products.

    Returns:
        int64 (num_classes, num_classes).

    Raises:
        MismatchError: If the lengths differ, or a class code is unknown.
    """
    if len(true_codes) != len(predicted_codes):
        raise MismatchError(f"{len(true_codes)} true classes, but {len(predicted_codes)} predictions")
    cells = targets_of(true_codes) * NUM_CLASSES + targets_of(predicted_codes)
    return np.bincount(cells, minlength=NUM_CLASSES**2).astype(np.int64).reshape(NUM_CLASSES, NUM_CLASSES)


def score_classes(counts: Counts) -> ClassScores:
    """Precision, recall, F1 and support of each class, from a confusion matrix or a stack of them."""
    return score_margins(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1), counts.sum(axis=-2))


def score_margins(right: npt.NDArray[Any], support: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> ClassScores:
    """Precision, recall and F1 from true positives, support and predicted positives; (..., num_classes) each."""
    return ClassScores(
        precision=_ratio(right, predicted),
        recall=_ratio(right, support),
        f1=_ratio(2 * right, support + predicted),
        support=support,
    )


def accuracy(counts: Counts) -> Floats:
    """Accuracy: share of correct predictions."""
    return _ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1)))


def f1_weighted(counts: Counts) -> Floats:
    """Weighted F1 of a confusion matrix."""
    return score_classes(counts).f1_weighted


def f1_macro(counts: Counts) -> Floats:
    """Macro F1 of a confusion matrix."""
    return score_classes(counts).f1_macro


def f1_weighted_interval(counts: Counts, seed: int = 1234) -> tuple[float, float]:
    """95 % percentile bootstrap confidence interval of the weighted F1.

    Resampling products with replacement is drawing the cells from a multinomial distribution.

    Args:
        counts: int64 (num_classes, num_classes), of at least one product.
        seed: Seed of the resampling.

    Returns:
        Lower and upper end.

    Raises:
        InputError: If the confusion matrix is empty.

    Reference:
        Efron, B. (1979). Bootstrap methods: another look at the jackknife. Annals of Statistics 7(1).
    """
    total = int(counts.sum())
    if total == 0:
        raise InputError("an interval needs at least one product, received an empty table of counts")
    draws = np.random.default_rng(seed).multinomial(total, counts.ravel() / total, size=RESAMPLES)
    scores = f1_weighted(draws.reshape(RESAMPLES, NUM_CLASSES, NUM_CLASSES))
    low, high = np.quantile(scores, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    return float(low), float(high)


def targets_of(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Class indices of class codes, in the order of `classes.CODES`.

    Raises:
        MismatchError: If a class code is unknown.
    """
    known = np.asarray(CODES, np.int64)
    targets = np.searchsorted(known, codes).clip(max=NUM_CLASSES - 1)
    strange = np.flatnonzero(known[targets] != codes)
    if len(strange):
        raise MismatchError(f"expected the catalogue's {NUM_CLASSES} class codes, received {codes[strange[0]]}")
    return targets


def _ratio(above: npt.ArrayLike, below: npt.ArrayLike) -> Floats:
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
