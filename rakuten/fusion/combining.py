"""How the probabilities of several models become one: averages, the maximum, a stack; fitted elsewhere, applied here.

The report's max vote called `numpy.maximum(a, b, c)`, whose third argument is where the result is written, so its third
model never voted. Here every member does.
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
    """One way to combine members that all have the products in question."""

    def __call__(self, values: Floats) -> Floats:
        """float64 (num_members, num_samples, 27) → (num_samples, 27), rows sum to 1."""

    def as_json(self) -> dict[str, Any]:
        """What `combiner_from_json` reads."""


@dataclass(frozen=True)
class Average:
    """The mean of the members' probabilities.

    Attributes:
        weights: One a member, none negative, sum 1.
    """

    weights: tuple[float, ...]

    @classmethod
    def weighing(cls, weights: npt.ArrayLike) -> Self:
        """An average by weights that need not sum to 1; weights that are all 0 count equally.

        Raises:
            ValueError: If one is negative or not finite.
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
    """Each class's highest probability over all members, scaled to a sum of 1."""

    def __call__(self, values: Floats) -> Floats:
        """See `Combiner`."""
        highest = values.max(axis=0)
        return np.asarray(highest / highest.sum(axis=1, keepdims=True))

    def as_json(self) -> dict[str, Any]:
        """See `Combiner`."""
        return {"kind": "maximum"}


@dataclass(frozen=True)
class Stack:
    """A multinomial logistic regression on the logarithms of the members' probabilities.

    Attributes:
        members: Places of the members that it reads.
        coefficients: float64 (num_read_members * 27, 27), members one after another.
        intercepts: float64 (27,).
    """

    members: tuple[int, ...]
    coefficients: Floats
    intercepts: Floats

    def __call__(self, values: Floats) -> Floats:
        """See `Combiner`."""
        logits = stack_features(values[list(self.members)]) @ self.coefficients + self.intercepts
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
    """float64 (num_members, num_samples, 27) → (num_samples, num_members * 27): what a stack is fitted to."""
    num_members, num_samples, _ = values.shape
    return log_floored(values).transpose(1, 0, 2).reshape(num_samples, num_members * NUM_CLASSES)


def combiner_from_json(content: dict[str, Any]) -> Combiner:
    """The combiner that `as_json` was called on.

    Raises:
        OutputError: If there is no such kind.
    """
    match content["kind"]:
        case "average":
            return Average(tuple(content["weights"]))
        case "maximum":
            return Maximum()
        case "stack":
            return Stack(tuple(content["members"]), np.array(content["coefficients"]), np.array(content["intercepts"]))
    raise OutputError(f"expected a combiner of a known kind, received {content['kind']!r}")
