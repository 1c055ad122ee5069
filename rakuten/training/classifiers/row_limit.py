"""A seeded part of the train rows, for classifiers whose time grows with the square of the rows."""

import numpy as np
import numpy.typing as npt


def stratified_rows(targets: npt.NDArray[np.int64], row_limit: int | None, seed: int) -> npt.NDArray[np.int64]:
    """Places of rows in which the classes have the shares they have in all rows.

    Every class keeps a row, as long as there are no more classes than rows to keep.

    Args:
        targets: int64 (num_rows,), classes.
        row_limit: Rows to keep, at most; None: all.
        seed: Of the draw.

    Returns:
        int64, ascending.
    """
    if row_limit is None or row_limit >= len(targets):
        return np.arange(len(targets))
    drawn = np.random.default_rng(seed).permutation(len(targets))
    by_class = drawn[np.argsort(targets[drawn], kind="stable")]
    _, starts, sizes = np.unique(targets[by_class], return_index=True, return_counts=True)
    rank = np.arange(len(targets)) - np.repeat(starts, sizes)
    # Row 0 of every class stands at 0, its last one just below 1: cutting anywhere keeps the shares.
    position = rank / np.repeat(sizes, sizes)
    return np.sort(by_class[np.argsort(position, kind="stable")[:row_limit]])
