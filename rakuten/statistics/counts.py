"""Small statistics of counts: intervals of shares, imbalance of classes, association of two kinds of label."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Of a normal distribution: the middle 95 %.
Z = 1.959964


def wilson(count: int, total: int) -> tuple[float, float]:
    """95 % interval of a share; (0, 1) where nothing was counted.

    Reference:
        E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    """
    if not total:
        return 0.0, 1.0
    share = count / total
    middle = (share + Z**2 / (2 * total)) / (1 + Z**2 / total)
    reach = Z * np.sqrt(share * (1 - share) / total + Z**2 / (4 * total**2)) / (1 + Z**2 / total)
    return max(float(middle - reach), 0.0), min(float(middle + reach), 1.0)


@dataclass(frozen=True)
class Imbalance:
    """How unevenly products are spread over classes.

    Attributes:
        classes: Classes with any product.
        ratio: Size of the largest class over that of the smallest.
        effective: Number of equally large classes that would be as uneven: the exponential of the shares' entropy.
        largest_share: Share of the largest class, which is the accuracy of always answering it.
    """

    classes: int
    ratio: float
    effective: float
    largest_share: float


def imbalance(counts: npt.NDArray[np.integer]) -> Imbalance:
    """How unevenly products are spread over the classes that have any.

    Raises:
        ValueError: If there are no products.
    """
    held = np.asarray(counts)[np.asarray(counts) > 0]
    if not len(held):
        raise ValueError("expected products of at least one class, received none")
    shares = held / held.sum()
    effective = float(np.exp(-(shares * np.log(shares)).sum()))
    return Imbalance(len(held), float(held.max() / held.min()), effective, float(shares.max()))


def cramers_v(table: npt.NDArray[np.integer]) -> float:
    """How closely two kinds of label go together, 0 (not at all) to 1 (one tells the other), corrected for chance.

    Args:
        table: (num_rows, num_columns) of counts.

    Returns:
        NaN where one kind has fewer than two values.

    Reference:
        Wicher Bergsma, "A bias-correction for Cramér's V and Tschuprow's T", 2013.
    """
    counts = np.asarray(table, np.float64)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    rows, columns = counts.shape
    if min(rows, columns) < 2:
        return float("nan")
    total = counts.sum()
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / total
    phi = ((counts - expected) ** 2 / expected).sum() / total
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (total - 1))
    rows, columns = rows - (rows - 1) ** 2 / (total - 1), columns - (columns - 1) ** 2 / (total - 1)
    return float(np.sqrt(phi / min(rows - 1, columns - 1)))
