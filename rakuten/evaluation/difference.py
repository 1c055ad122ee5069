"""Difference of two scores with a confidence interval, and its wording; defined here only."""

from dataclasses import dataclass
from typing import Literal

Word = Literal["better", "worse", "no difference shown"]


@dataclass(frozen=True)
class Difference:
    """Difference of two scores (higher is better).

    Attributes:
        value: Point estimate.
        low, high: Ends of the confidence interval.
    """

    value: float
    low: float
    high: float

    @property
    def word(self) -> Word:
        """Wording of the difference: "better" or "worse" only if the confidence interval excludes zero."""
        if self.low > 0:
            return "better"
        if self.high < 0:
            return "worse"
        return "no difference shown"
