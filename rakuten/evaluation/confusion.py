"""Most frequent confusions: the off-diagonal cells of the confusion matrix as a ranked list."""

import numpy as np
import pandas as pd

from rakuten.catalogue.classes import CODES
from rakuten.evaluation.scores import Counts


def rank_confusions(counts: Counts) -> pd.DataFrame:
    """Rank the off-diagonal cells of a confusion matrix by their share of the true class, largest first.

    Args:
        counts: int64 (num_classes, num_classes), rows: true class, columns: predicted class.

    Returns:
        Columns prdtypecode int64, taken_for int64, share float64 (of the products of the class `prdtypecode`) and
        count int64; ties by larger count, then by code.
    """
    true, predicted = np.nonzero(counts * ~np.eye(len(counts), dtype=bool))
    codes = np.asarray(CODES, np.int64)
    count = counts[true, predicted]
    frame = pd.DataFrame(
        {
            "prdtypecode": codes[true],
            "taken_for": codes[predicted],
            "share": count / counts.sum(axis=1)[true],
            "count": count,
        }
    )
    order = ["share", "count", "prdtypecode", "taken_for"]
    return frame.sort_values(order, ascending=[False, False, True, True], ignore_index=True)
