"""Ground truth of the held-out splits: validation products with labels, test products without.

Training and model selection use `read_truth`, which has no test labels. Test labels are read by `test_labels` only,
which `training` and `fusion` may not import.
"""

from dataclasses import dataclass
from typing import Literal, TypedDict

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.catalogue.classes import CODES
from rakuten.data.probabilities import Probabilities
from rakuten.data.split import SPLIT
from rakuten.errors import MismatchError
from rakuten.evaluation.scores import Counts, count_confusions
from rakuten.outputs import StageOutput
from rakuten.statistics.calibration_error import calibration_error

ScoredSide = Literal["validation", "test"]
SCORED_SIDES: tuple[ScoredSide, ...] = ("validation", "test")


@dataclass(frozen=True)
class Unlabelled:
    """Products of one split, without labels.

    Attributes:
        productids: int64 (num_samples,), unique.
    """

    productids: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Truth(Unlabelled):
    """Ground truth: products of one split with their labels.

    Attributes:
        codes: int64 (num_samples,), class codes.
    """

    codes: npt.NDArray[np.int64]

    def confusions(self, probabilities: Probabilities) -> Counts:
        """Confusion matrix over the products that have probabilities.

        Returns:
            int64 (num_classes, num_classes); its sum is the number of scored products.
        """
        codes, rows = self.scored(probabilities)
        return count_confusions(codes, probabilities.predicted[rows])

    def calibration_error(self, probabilities: Probabilities) -> float:
        """Expected calibration error over the products that have probabilities, at least one."""
        codes, rows = self.scored(probabilities)
        return calibration_error(probabilities.values[rows], np.searchsorted(np.asarray(CODES), codes))

    def scored(self, probabilities: Probabilities) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Class codes of the products that have probabilities, and their row indices in `probabilities`."""
        rows = pd.Index(probabilities.productids).get_indexer(pd.Index(self.productids))
        scored = rows >= 0  # (num_samples,); get_indexer gives -1 for a product without probabilities
        return self.codes[scored], rows[scored].astype(np.int64)


class ScoredProducts(TypedDict):
    """Held-out products: validation split with labels, test split without."""

    validation: Truth
    test: Unlabelled


def read_truth(split: StageOutput) -> ScoredProducts:
    """Read the validation products of a split with labels, and its test products without.

    Raises:
        MismatchError: If the split has a duplicate productid.
    """
    return {"validation": read_side(split, "validation"), "test": Unlabelled(read_side(split, "test").productids)}


def read_side(split: StageOutput, side: ScoredSide) -> Truth:
    """Read the products of a split with labels; for the test split, to be used by `test_labels` only.

    Raises:
        MismatchError: If the split has a duplicate productid.
    """
    frame = pd.read_parquet(split.file(SPLIT), columns=["productid", "prdtypecode", "side"])
    frame = frame[frame["side"].isin(SCORED_SIDES)]
    if frame["productid"].duplicated().any():
        raise MismatchError(f"{split.key}: a productid stands in the split more than once")
    rows = frame[frame["side"] == side]
    return Truth(rows["productid"].to_numpy(np.int64), rows["prdtypecode"].to_numpy(np.int64))


def require_unfitted(probabilities: Probabilities, truth: ScoredProducts, name: str) -> None:
    """Check that all probabilities are of validation and test products, against leakage of training products.

    Raises:
        MismatchError: If a product is neither in the validation nor in the test split.
    """
    known = np.concatenate([truth[side].productids for side in SCORED_SIDES])
    strange = probabilities.productids[~np.isin(probabilities.productids, known)]
    if len(strange):
        raise MismatchError(
            f"{name}: expected probabilities of the split's validation and test products, "
            f"received {len(strange)} others, first {strange[0]}"
        )
