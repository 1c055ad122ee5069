"""The labelled products that are scored: validation products with their classes, test products without.

What fits or chooses (weights, temperatures, a decision) reads `read_truth` and so cannot see a test product's class.
Those are had from `held_out` alone, which no layer that fits may import.
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
    """Products of one side.

    Attributes:
        productids: int64 (num_samples,), unique.
    """

    productids: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Truth(Unlabelled):
    """Products of one side and their classes.

    Attributes:
        codes: int64 (num_samples,), their `prdtypecode`.
    """

    codes: npt.NDArray[np.int64]

    def confusions(self, probabilities: Probabilities) -> Counts:
        """Count true against predicted classes over the products that have probabilities.

        Returns:
            int64 (27, 27); its sum is the number of products that were scored.
        """
        codes, rows = self.scored(probabilities)
        return count_confusions(codes, probabilities.predicted[rows])

    def calibration_error(self, probabilities: Probabilities) -> float:
        """Expected calibration error over the products that have probabilities, at least one."""
        codes, rows = self.scored(probabilities)
        return calibration_error(probabilities.values[rows], np.searchsorted(np.asarray(CODES), codes))

    def scored(self, probabilities: Probabilities) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """True codes of the products that have probabilities, and their rows there."""
        rows = pd.Index(probabilities.productids).get_indexer(pd.Index(self.productids))
        scored = rows >= 0
        return self.codes[scored], rows[scored].astype(np.int64)


class ScoredProducts(TypedDict):
    """Both sides that are scored; the classes of one of them."""

    validation: Truth
    test: Unlabelled


def read_truth(split: StageOutput) -> ScoredProducts:
    """The validation products of a split with their classes, and its test products without.

    Raises:
        MismatchError: If the split holds a scored product more than once.
    """
    return {"validation": read_side(split, "validation"), "test": Unlabelled(read_side(split, "test").productids)}


def read_side(split: StageOutput, side: ScoredSide) -> Truth:
    """Products of a side with their classes. Of test products it is asked for by `held_out` alone.

    Raises:
        MismatchError: If the split holds a scored product more than once.
    """
    frame = pd.read_parquet(split.file(SPLIT), columns=["productid", "prdtypecode", "side"])
    frame = frame[frame["side"].isin(SCORED_SIDES)]
    if frame["productid"].duplicated().any():
        raise MismatchError(f"{split.key}: a productid stands in the split more than once")
    rows = frame[frame["side"] == side]
    return Truth(rows["productid"].to_numpy(np.int64), rows["prdtypecode"].to_numpy(np.int64))


def require_unfitted(probabilities: Probabilities, truth: ScoredProducts, name: str) -> None:
    """See that probabilities are of validation and test products only.

    Raises:
        MismatchError: If one is of a product that a model may have been fitted to, or that the split does not know.
    """
    known = np.concatenate([truth[side].productids for side in SCORED_SIDES])
    strange = probabilities.productids[~np.isin(probabilities.productids, known)]
    if len(strange):
        raise MismatchError(
            f"{name}: expected probabilities of the split's validation and test products, "
            f"received {len(strange)} others, first {strange[0]}"
        )
