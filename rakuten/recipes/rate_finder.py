"""How a learning rate is looked for: which rates a network is shown, and for how long each."""

from typing import Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, PositiveFloat, model_validator

from rakuten.errors import RecipeError
from rakuten.recipes.strict import Strict

RateMethod = Literal["batch", "epoch"]

# The report's `1e-5 * 100 ** (epoch / 37)`, which reaches 2.54 after its 100 epochs.
LOWEST = 1e-5
HIGHEST = LOWEST * 100 ** (100 / 37)
STEPS: dict[RateMethod, int] = {"batch": 300, "epoch": 100}
# Fewer rates leave nothing to tell a trend from noise by.
FEWEST_STEPS = 20


class RateFinderRecipe(Strict):
    """A range test: a fresh network is trained on while its learning rate grows exponentially.

    Attributes:
        method: "batch": a rate a batch, until the loss diverges. "epoch": a rate an epoch, all of them, as the report
            did.
        lowest: The first rate.
        highest: The rate that would follow the last one.
        steps: How many rates there are.
        smoothing: Decades of rates whose losses are averaged for one point of the smoothed curve.
    """

    method: RateMethod
    lowest: PositiveFloat = LOWEST
    highest: PositiveFloat = HIGHEST
    steps: int = Field(ge=FEWEST_STEPS)
    smoothing: PositiveFloat = 0.5

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.lowest >= self.highest:
            raise ValueError(f"lowest is {self.lowest:g}, which is not below highest, {self.highest:g}")
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
    if chosen < FEWEST_STEPS:
        raise RecipeError(f"expected at least {FEWEST_STEPS} steps of the learning rate, received {chosen}")
    return RateFinderRecipe(method=method, steps=chosen)
