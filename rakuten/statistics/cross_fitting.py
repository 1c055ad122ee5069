"""Cross-fitting folds of validation rows: the same for every model, fusion and run.

Rows of the validation side calibrate models, stop networks, set temperatures, and fit and choose fusions. What a row is
answered for these purposes comes from parameters fitted to the other folds. A product's fold is a function of its id
alone, so that a model that sees fewer products (those with a photo) has the same folds as the others.

Reference:
    Chernozhukov, V. et al. (2018). Double/debiased machine learning for treatment and structural parameters. The
    Econometrics Journal 21(1): cross-fitting.
"""

import hashlib
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

NUM_FOLDS = 5

Folds = npt.NDArray[np.int64]


def folds_of(productids: npt.NDArray[np.int64]) -> Folds:
    """Fold of each product, int64 (num_rows,), 0 to `NUM_FOLDS` - 1, evenly spread over ids."""
    digests = (hashlib.sha256(f"fold {productid}".encode()).digest() for productid in productids.tolist())
    return np.array([int.from_bytes(digest[:6]) % NUM_FOLDS for digest in digests], np.int64)


def held_out_folds(folds: Folds) -> Iterator[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    """Masks of each fold that has rows: the rows to fit to, and the rows to answer.

    Where all rows are in one fold there are none to fit to.
    """
    for fold in np.unique(folds):
        yield folds != fold, folds == fold


def cross_fitted(
    folds: Folds, answer: Callable[[npt.NDArray[np.bool_], npt.NDArray[np.bool_]], npt.NDArray[np.floating]]
) -> npt.NDArray[np.float64]:
    """Answers to all rows, each by what was fitted to the other folds.

    Args:
        folds: int64 (num_rows,), at least one row.
        answer: Called once a fold with two masks, bool (num_rows,): the rows to fit to, and the rows to answer; gives
            one answer a row of the latter, (num_answered, ...).
    """
    answers: npt.NDArray[np.float64] | None = None
    for others, rows in held_out_folds(folds):
        of_fold = answer(others, rows)
        if answers is None:
            answers = np.empty((len(folds), *of_fold.shape[1:]), np.float64)
        answers[rows] = of_fold
    if answers is None:
        raise ValueError("cross-fitting needs at least one row")
    return answers
