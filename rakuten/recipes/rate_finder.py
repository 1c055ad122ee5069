"""How a learning rate is looked for: which rates a network is shown, and for how long each."""

from typing import Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import PositiveFloat, model_validator

from rakuten.errors import RecipeError
from rakuten.recipes.strict import Strict

RateMethod = Literal["batch", "epoch"]

# The report's `1e-5 * 100 ** (epoch / 37)`, which reaches 2.54 after its 100 epochs.
LOWEST = 1e-5
HIGHEST = LOWEST * 100 ** (100 / 37)
STEPS: dict[RateMethod, int] = {"batch": 300, "epoch": 100}
# Fewer rates leave nothing to tell a trend from noise by; with a rate a batch, the rate also grows faster than the loss
# can show: 60 batches found a rate 1.6 times that of 300.
FEWEST_STEPS: dict[RateMethod, int] = {"batch": 100, "epoch": 20}


class RateFinderRecipe(Strict):
    """A range test: a fresh network is trained on while its learning rate grows exponentially.

    Attributes:
        method: "batch": a rate a batch, until the loss diverges. "epoch": a rate an epoch, all of them, as the report
            did.
        lowest: The first rate.
        highest: The rate that would follow the last one.
        steps: How many rates there are; see `FEWEST_STEPS`.
        smoothing: Decades of rates whose losses are averaged for one point of the smoothed curve.
    """

    method: RateMethod
    lowest: PositiveFloat = LOWEST
    highest: PositiveFloat = HIGHEST
    steps: int
    smoothing: PositiveFloat = 0.5

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.lowest >= self.highest:
            raise ValueError(f"lowest is {self.lowest:g}, which is not below highest, {self.highest:g}")
        return self

    @model_validator(mode="after")
    def _has_enough_steps(self) -> Self:
        if self.steps < FEWEST_STEPS[self.method]:
            raise ValueError(too_few(self.method, self.steps))
        return self

    @property
    def rates(self) -> npt.NDArray[np.float64]:
        """float64 (steps,), ascending, each the same multiple of the one before it."""
        return np.geomspace(self.lowest, self.highest, self.steps, endpoint=False)


def rate_finder(method: RateMethod, steps: int | None = None) -> RateFinderRecipe:
    """The usual range test.

    Args:
        method: How long each rate lasts.
        steps: How many rates there are; None: as many as are usual for the method.

    Raises:
        RecipeError: If they are too few.
    """
    chosen = STEPS[method] if steps is None else steps
    if chosen < FEWEST_STEPS[method]:
        raise RecipeError(too_few(method, chosen))
    return RateFinderRecipe(method=method, steps=chosen)


def too_few(method: RateMethod, steps: int) -> str:
    """Message about too few steps."""
    return f"expected at least {FEWEST_STEPS[method]} steps of the learning rate, one {method} each, received {steps}"
