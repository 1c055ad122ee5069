"""The products a network is fitted to and scored on: ids, classes, sides, and their inputs batch by batch."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.data.label_masking import targets_of
from rakuten.errors import InputError
from rakuten.training.networks.scoring import Gather
from rakuten.training.networks.steps import Rows

FITTED_SIDES = ("train", "validation", "test")


@dataclass(frozen=True)
class Examples:
    """Labelled products that have what a model reads.

    Attributes:
        productids: int64 (num_examples,).
        targets: int64 (num_examples,), class indices in the order of `classes.CODES`; hidden for test products.
        sides: str (num_examples,), of `FITTED_SIDES`.
        gather: Indices of examples → the network's inputs for them.
        unpictured: The same, images hidden; None where the network does not read texts and images at once.
    """

    productids: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]
    sides: npt.NDArray[np.str_]
    gather: Gather
    unpictured: Gather | None = None

    def indices(self, *sides: str) -> npt.NDArray[np.int64]:
        """Indices of the examples of these sides, ascending.

        Raises:
            InputError: If there is none of some side.
        """
        for side in sides:
            if side not in self.sides:
                counts = {known: int((self.sides == known).sum()) for known in FITTED_SIDES}
                raise InputError(f"expected {side} rows that this model can read, received none; rows: {counts}")
        return np.flatnonzero(np.isin(self.sides, sides))

    def rows(self, indices: npt.NDArray[np.int64]) -> Rows:
        """The examples at these indices, to fit or to validate on."""
        return Rows(lambda chosen: self.gather(indices[chosen]), self.targets[indices])


def examples_of(products: pd.DataFrame, gather: Gather, unpictured: Gather | None = None) -> Examples:
    """Examples of these products.

    Args:
        products: productid, prdtypecode, side.
        gather, unpictured: Indices of `products` → inputs.
    """
    return Examples(
        productids=products["productid"].to_numpy(np.int64),
        targets=targets_of(products["prdtypecode"]),
        sides=products["side"].to_numpy(np.str_),
        gather=gather,
        unpictured=unpictured,
    )
