"""Accuracy, precision, recall and F1, all of them computed from one table of counts.

The table is int64 (27, 27): row the true class, column the predicted one, both in the order of `classes.CODES`. Every
function also takes a stack of tables (..., 27, 27), so that a bootstrap is one vectorised call.
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
    """Scores of each class, float64 (..., 27); 0 where a ratio has nothing below the line.

    Attributes:
        precision: Share of the products given this class that belong to it.
        recall: Share of the products of this class that were given it.
        f1: Harmonic mean of the two.
        support: int64, products of this class.
    """

    precision: Floats
    recall: Floats
    f1: Floats
    support: Counts

    @property
    def f1_weighted(self) -> Floats:
        """Mean F1, each class weighing as many products as it has: the challenge's score."""
        return _ratio((self.f1 * self.support).sum(axis=-1), self.support.sum(axis=-1))

    @property
    def f1_macro(self) -> Floats:
        """Mean F1 over the classes that have products, all weighing the same.

        A class without products has no recall; scikit-learn counts it as 0 once it was predicted anywhere.
        """
        present = self.support > 0
        return _ratio((self.f1 * present).sum(axis=-1), present.sum(axis=-1))


def count_confusions(true_codes: npt.NDArray[np.int64], predicted_codes: npt.NDArray[np.int64]) -> Counts:
    """Count every pair of true and predicted class.

    Args:
        true_codes: int64 (num_samples,), class codes.
        predicted_codes: int64 (num_samples,), class codes of the same products.

    Returns:
        int64 (27, 27).

    Raises:
        MismatchError: If the lengths differ, or a code is none of the 27.
    """
    if len(true_codes) != len(predicted_codes):
        raise MismatchError(f"{len(true_codes)} true classes, but {len(predicted_codes)} predictions")
    cells = targets_of(true_codes) * NUM_CLASSES + targets_of(predicted_codes)
    return np.bincount(cells, minlength=NUM_CLASSES**2).astype(np.int64).reshape(NUM_CLASSES, NUM_CLASSES)


def score_classes(counts: Counts) -> ClassScores:
    """Precision, recall, F1 and support of each class of a table (or stack of tables) of counts."""
    return score_margins(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1), counts.sum(axis=-2))


def score_margins(right: npt.NDArray[Any], support: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> ClassScores:
    """The same from what it takes of a table: products of each class, given each class, and both; (..., 27) each."""
    return ClassScores(
        precision=_ratio(right, predicted),
        recall=_ratio(right, support),
        f1=_ratio(2 * right, support + predicted),
        support=support,
    )


def accuracy(counts: Counts) -> Floats:
    """Share of products that were given their class."""
    return _ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1)))


def f1_weighted(counts: Counts) -> Floats:
    """`ClassScores.f1_weighted` of a table."""
    return score_classes(counts).f1_weighted


def f1_macro(counts: Counts) -> Floats:
    """`ClassScores.f1_macro` of a table."""
    return score_classes(counts).f1_macro


def f1_weighted_interval(counts: Counts, seed: int = 1234) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the weighted F1.

    Drawing products with replacement is drawing table cells from a multinomial, so no product is touched.

    Args:
        counts: int64 (27, 27), of at least one product.
        seed: Of the draws.

    Returns:
        Lower and upper end.

    Raises:
        InputError: If the table is empty.

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
    """Positions of class codes in `classes.CODES`.

    Raises:
        MismatchError: If a code is none of the 27.
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
