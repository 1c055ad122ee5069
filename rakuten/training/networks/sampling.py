"""Which rows an epoch shows, in which order."""

from typing import Literal

import numpy as np
import numpy.typing as npt


def epoch_rows(
    targets: npt.NDArray[np.int64], num_rows: int, sampling: Literal["natural", "balanced"], seed: tuple[int, int]
) -> npt.NDArray[np.int64]:
    """Places of rows, shuffled; some come several times where there are fewer than asked for.

    Args:
        targets: int64, the rows' classes.
        num_rows: How many places to give, at least as many as there are rows.
        sampling: "natural": every row comes. "balanced": each class has as many places as any other, give or take one;
            no row of a class comes a second time before all of them have come once.
        seed: Of the order: the training's seed and the epoch.

    Returns:
        int64 (num_rows,), places in `targets`.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(targets))
    if sampling == "natural":
        return np.resize(shuffled, num_rows)
    classes = np.unique(targets)
    # Which classes have one place more than others is drawn anew each epoch.
    shares = np.bincount(np.arange(num_rows) % len(classes))
    drawn = [
        np.resize(shuffled[targets[shuffled] == target], share)
        for target, share in zip(rng.permutation(classes), shares, strict=True)
    ]
    return rng.permutation(np.concatenate(drawn))
