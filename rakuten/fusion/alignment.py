"""Alignment of several models' probabilities by productid and class code, never by row order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.catalogue.classes import NUM_CLASSES
from rakuten.data.probabilities import Probabilities
from rakuten.errors import MismatchError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Aligned:
    """Probabilities of all members for the same products.

    Attributes:
        productids: int64 (num_samples,).
        values: float64 (num_members, num_samples, num_classes); zeros if a member lacks a product.
        has: bool (num_members, num_samples), true if the member has the product; each product is in at least one.
    """

    productids: npt.NDArray[np.int64]
    values: Floats
    has: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.productids)

    def rows(self, chosen: npt.NDArray[np.bool_]) -> Self:
        """Select products by a mask, bool (num_samples,)."""
        return type(self)(self.productids[chosen], self.values[:, chosen], self.has[:, chosen])


def align(members: Sequence[Probabilities | None], productids: npt.NDArray[np.int64]) -> Aligned:
    """Align the probabilities of all members to a list of products.

    Args:
        members: Probabilities of each model, of some or all of the products; None: no predictions of this model.
        productids: int64 (num_samples,), products in the order of the result.

    Raises:
        MismatchError: If there is no member, or a product is in none of them.
    """
    if not members:
        raise MismatchError("a fusion needs at least one member, received none")
    values = np.zeros((len(members), len(productids), NUM_CLASSES))
    has = np.zeros((len(members), len(productids)), np.bool_)
    asked = pd.Index(productids)
    for place, member in enumerate(members):
        if member is not None:
            rows = pd.Index(member.productids).get_indexer(asked)
            has[place] = rows >= 0
            values[place, has[place]] = member.values[rows[has[place]]]
    unseen = productids[~has.any(axis=0)]
    if len(unseen):
        raise MismatchError(
            f"{len(unseen)} of {len(productids)} products have no probabilities in any member, first {unseen[0]}"
        )
    return Aligned(productids, values, has)
