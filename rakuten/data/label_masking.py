"""Classes of products that are only to be scored: out of sight of whatever is fitted or chosen.

Training reads labelled products of all sides, since it also answers for those that are scored. The classes of test and
withheld products are hidden before it sees them, and what fits refuses hidden ones: fitting on a test row is an error,
not a slip that only a reviewer could find.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.catalogue.classes import TARGETS
from rakuten.errors import HeldOutError

# Stands for a class code, and for a class position, that nobody may know here.
HIDDEN = -1
# Sides whose classes may be looked at before the score is taken.
OPEN_SIDES = ("train", "validation")


def hide_classes(codes: "pd.Series[int]", sides: "pd.Series[str]") -> "pd.Series[int]":
    """The class codes of train and validation products, and `HIDDEN` for all others."""
    return codes.where(sides.isin(OPEN_SIDES), HIDDEN)


def targets_of(codes: "pd.Series[int]") -> npt.NDArray[np.int64]:
    """Positions of class codes in `classes.CODES`; `HIDDEN` stays hidden.

    Raises:
        KeyError: If a code is none of the 27.
    """
    return np.array([code if code == HIDDEN else TARGETS[code] for code in codes], np.int64)


def require_open(targets: npt.NDArray[np.int64], purpose: str) -> None:
    """Refuse rows whose class is hidden.

    Args:
        targets: int64 (num_rows,), of `targets_of`.
        purpose: What they are asked for: "fit text_dnn".

    Raises:
        HeldOutError: If there is one.
    """
    hidden = int((targets == HIDDEN).sum())
    if hidden:
        raise HeldOutError(
            f"asked to {purpose} on {len(targets)} rows, {hidden} of them test or withheld products; these are scored, "
            "never fitted or chosen on"
        )
