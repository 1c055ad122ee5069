"""Whether a difference may be called one: the only place that decides the word."""

from dataclasses import dataclass
from typing import Literal

Word = Literal["better", "worse", "no difference shown"]


@dataclass(frozen=True)
class Difference:
    """How much higher a score is than another, of which more is better.

    Attributes:
        value: The difference itself.
        low, high: Ends of its interval.
    """

    value: float
    low: float
    high: float

    @property
    def word(self) -> Word:
        """ "better" or "worse" only where the interval excludes zero."""
        if self.low > 0:
            return "better"
        if self.high < 0:
            return "worse"
        return "no difference shown"
