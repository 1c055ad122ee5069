"""Votes: the probabilities of several models as one, matched by productid and class, never by position.

The report's max vote called `numpy.maximum(a, b, c)`, whose third argument is where the result is written, so its third
model never voted. Here every member does.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.data.classes import NUM_CLASSES
from rakuten.data.probabilities import Probabilities
from rakuten.errors import MismatchError
from rakuten.recipes.plan import Vote


def vote_name(vote: Vote) -> str:
    """What evaluations and reports call a vote: "weighted vote" or "max vote"."""
    return f"{vote} vote"


def fuse(
    vote: Vote, members: Sequence[Probabilities], weights: Sequence[float], productids: npt.NDArray[np.int64]
) -> Probabilities:
    """The fused probabilities of these products, in this order.

    Args:
        vote: "weighted" or "max".
        members: Each model's probabilities; a product may be absent from some of them.
        weights: One a member, not negative; the max vote does not use them.
        productids: int64 (num_samples,), the products to answer for.

    Raises:
        MismatchError: If a product is in no member, there is no member, or weights are not one a member and >= 0.
    """
    if vote == "max":
        return max_vote(members, productids)
    return weighted_vote(members, weights, productids)


def weighted_vote(
    members: Sequence[Probabilities], weights: Sequence[float], productids: npt.NDArray[np.int64]
) -> Probabilities:
    """Average each product over the members that have it, by their weights renormalised to those members.

    Members that all weigh 0 count equally: nothing tells one from another.

    Args:
        members, weights, productids: As in `fuse`.

    Raises:
        MismatchError: As in `fuse`.
    """
    if len(weights) != len(members) or any(not np.isfinite(weight) or weight < 0 for weight in weights):
        raise MismatchError(f"expected {len(members)} weights, none negative, received {list(weights)}")
    places = _places(members, productids)
    shares = (places >= 0) * np.asarray(weights, np.float64)[:, np.newaxis]
    shares = np.where(shares.sum(axis=0) > 0, shares, places >= 0)
    shares /= shares.sum(axis=0)
    fused = np.zeros((len(productids), NUM_CLASSES))
    for member, rows, share in zip(members, places, shares, strict=True):
        has = rows >= 0
        fused[has] += share[has, np.newaxis] * member.values[rows[has]]
    return _normalised(productids, fused)


def max_vote(members: Sequence[Probabilities], productids: npt.NDArray[np.int64]) -> Probabilities:
    """Take each class's highest probability over all members that have the product, then scale to a sum of 1.

    Args:
        members, productids: As in `fuse`.

    Raises:
        MismatchError: As in `fuse`.
    """
    fused = np.zeros((len(productids), NUM_CLASSES))
    for member, rows in zip(members, _places(members, productids), strict=True):
        has = rows >= 0
        fused[has] = np.maximum(fused[has], member.values[rows[has]])
    return _normalised(productids, fused)


def count_members(members: Sequence[Probabilities], productids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many members have each product, int64 (num_samples,).

    Raises:
        MismatchError: As in `fuse`.
    """
    return (_places(members, productids) >= 0).sum(axis=0)


def _places(members: Sequence[Probabilities], productids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Row of each product in each member, int64 (num_members, num_samples); -1 where it has none."""
    if not members:
        raise MismatchError("a vote needs at least one member, received none")
    places = np.stack([pd.Index(member.productids).get_indexer(pd.Index(productids)) for member in members])
    absent = productids[(places < 0).all(axis=0)]
    if len(absent):
        raise MismatchError(
            f"{len(absent)} of {len(productids)} products have no probabilities in any member, first {absent[0]}"
        )
    return places.astype(np.int64)


def _normalised(productids: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> Probabilities:
    return Probabilities(productids, (values / values.sum(axis=1, keepdims=True)).astype(np.float32))
