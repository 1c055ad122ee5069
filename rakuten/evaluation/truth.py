"""The labelled products that scores are taken on: validation and test rows, kept apart."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.data.calibration_error import calibration_error
from rakuten.data.classes import CODES
from rakuten.data.probabilities import Probabilities
from rakuten.data.split import SPLIT
from rakuten.errors import MismatchError
from rakuten.evaluation.scores import Counts, count_confusions
from rakuten.outputs import StageOutput

ScoredSide = Literal["validation", "test"]
SCORED_SIDES: tuple[ScoredSide, ...] = ("validation", "test")


@dataclass(frozen=True)
class Truth:
    """Products of one side and their classes.

    Attributes:
        productids: int64 (num_samples,), unique.
        codes: int64 (num_samples,), their `prdtypecode`.
    """

    productids: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int64]

    def confusions(self, probabilities: Probabilities) -> Counts:
        """Count true against predicted classes over the products that have probabilities.

        Returns:
            int64 (27, 27); its sum is the number of products that were scored.
        """
        codes, rows = self._scored(probabilities)
        return count_confusions(codes, probabilities.predicted[rows])

    def calibration_error(self, probabilities: Probabilities) -> float:
        """Expected calibration error over the products that have probabilities, at least one."""
        codes, rows = self._scored(probabilities)
        return calibration_error(probabilities.values[rows], np.searchsorted(np.asarray(CODES), codes))

    def _scored(self, probabilities: Probabilities) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """True codes of the products that have probabilities, and their rows there."""
        rows = pd.Index(probabilities.productids).get_indexer(pd.Index(self.productids))
        scored = rows >= 0
        return self.codes[scored], rows[scored].astype(np.int64)


def read_truth(split: StageOutput) -> dict[ScoredSide, Truth]:
    """The validation and the test products of a split.

    Raises:
        MismatchError: If the split holds a scored product more than once.
    """
    frame = pd.read_parquet(split.file(SPLIT), columns=["productid", "prdtypecode", "side"])
    frame = frame[frame["side"].isin(SCORED_SIDES)]
    if frame["productid"].duplicated().any():
        raise MismatchError(f"{split.key}: a productid stands in the split more than once")
    sides = {side: frame[frame["side"] == side] for side in SCORED_SIDES}
    return {
        side: Truth(rows["productid"].to_numpy(np.int64), rows["prdtypecode"].to_numpy(np.int64))
        for side, rows in sides.items()
    }


def require_unfitted(probabilities: Probabilities, truth: dict[ScoredSide, Truth], name: str) -> None:
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
