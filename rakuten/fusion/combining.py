"""Combiners of class probabilities: weighted average, maximum, stacking; fitted in `fitting`, applied here.

The reference study's max vote called `numpy.maximum(a, b, c)`. The third argument is the output array, so its third
model was ignored. Here all members are used.
"""

from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from rakuten.catalogue.classes import NUM_CLASSES
from rakuten.errors import OutputError
from rakuten.statistics.temperature_scaling import log_floored

Floats = npt.NDArray[np.float64]


class Combiner(Protocol):
    """Interface of combiners: probabilities of several members in, fused probabilities out."""

    def __call__(self, values: Floats) -> Floats:
        """Combine float64 (num_members, num_samples, num_classes) to (num_samples, num_classes); rows sum to 1."""

    def as_json(self) -> dict[str, Any]:
        """Convert to JSON types, for `combiner_from_json`."""


@dataclass(frozen=True)
class Average:
    """Weighted average of the members' probabilities (soft voting).

    Attributes:
        weights: One per member, non-negative, sum 1.
    """

    weights: tuple[float, ...]

    @classmethod
    def weighing(cls, weights: npt.ArrayLike) -> Self:
        """Create from unnormalised weights; if all are 0, the weights are equal.

        Raises:
            ValueError: If a weight is negative or not finite.
        """
        given = np.asarray(weights, np.float64)
        if not np.isfinite(given).all() or (given < 0).any():
            raise ValueError(f"expected weights that are finite and not negative, received {given.tolist()}")
        shares = given if given.sum() > 0 else np.ones_like(given)
        return cls(tuple((shares / shares.sum()).tolist()))

    def __call__(self, values: Floats) -> Floats:
        """See `Combiner`."""
        return np.tensordot(np.asarray(self.weights), values, axes=1)

    def as_json(self) -> dict[str, Any]:
        """See `Combiner`."""
        return {"kind": "average", "weights": list(self.weights)}


@dataclass(frozen=True)
class Maximum:
    """Maximum of the members' probabilities for each class (max vote), normalised to a sum of 1."""

    def __call__(self, values: Floats) -> Floats:
        """See `Combiner`."""
        highest = values.max(axis=0)  # (num_samples, num_classes)
        return np.asarray(highest / highest.sum(axis=1, keepdims=True))

    def as_json(self) -> dict[str, Any]:
        """See `Combiner`."""
        return {"kind": "maximum"}


@dataclass(frozen=True)
class Stack:
    """Stacking: multinomial logistic regression on the members' log-probabilities.

    Attributes:
        members: Indices of the members used.
        coefficients: float64 (num_used_members * num_classes, num_classes), grouped by member.
        intercepts: float64 (num_classes,).
    """

    members: tuple[int, ...]
    coefficients: Floats
    intercepts: Floats

    def __call__(self, values: Floats) -> Floats:
        """See `Combiner`."""
        logits = stack_features(values[list(self.members)]) @ self.coefficients + self.intercepts
        # Softmax in log space, for numerical stability; (num_samples, num_classes).
        return np.asarray(np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)))

    def as_json(self) -> dict[str, Any]:
        """See `Combiner`."""
        return {
            "kind": "stack",
            "members": list(self.members),
            "coefficients": self.coefficients.tolist(),
            "intercepts": self.intercepts.tolist(),
        }


def stack_features(values: Floats) -> Floats:
    """Features of stacking: log-probabilities, float64 (num_samples, num_members * num_classes).

    Args:
        values: float64 (num_members, num_samples, num_classes).
    """
    num_members, num_samples, _ = values.shape
    return log_floored(values).transpose(1, 0, 2).reshape(num_samples, num_members * NUM_CLASSES)


def combiner_from_json(content: dict[str, Any]) -> Combiner:
    """Restore a combiner from the result of `as_json`.

    Raises:
        OutputError: If the kind is unknown.
    """
    match content["kind"]:
        case "average":
            return Average(tuple(content["weights"]))
        case "maximum":
            return Maximum()
        case "stack":
            return Stack(tuple(content["members"]), np.array(content["coefficients"]), np.array(content["intercepts"]))
    raise OutputError(f"expected a combiner of a known kind, received {content['kind']!r}")
