"""Where figures stand on an axis: positions in percent, and the ticks that a reader needs."""

import math
from collections.abc import Iterable
from typing import NamedTuple


class Tick(NamedTuple):
    """A mark on an axis: position in percent, and what is written there."""

    at: float
    text: str


class LogScale:
    """A logarithmic axis from `low` to `high`.

    Args:
        low, high: Its ends; positive.
    """

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, max(high, low * 1.01)

    def __call__(self, value: float) -> float:
        """Position of a value in percent, kept within the axis."""
        share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return round(100 * min(share, 1.0), 2)

    def ticks(self) -> list[Tick]:
        """Powers of ten, and their doubles and fives where there are few."""
        exponents = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        values = [float(10**exponent) for exponent in exponents]
        if self.high / self.low < 500:
            values = sorted(value * step for value in values for step in (1, 2, 5))
        return [Tick(self(value), short(value)) for value in values if self.low <= value <= self.high]


class LinearScale:
    """An axis from `low` to `high`.

    Args:
        low, high: Its ends.
    """

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high if high > low else low + 1

    def __call__(self, value: float) -> float:
        """Position of a value in percent, kept within the axis."""
        return round(100 * min(max((value - self.low) / (self.high - self.low), 0.0), 1.0), 2)

    def ticks(self, values: Iterable[float], unit: str = "") -> list[Tick]:
        """Marks at these values."""
        return [Tick(self(value), f"{short(value)}{unit}") for value in values if self.low <= value <= self.high]


def short(value: float) -> str:
    """1500 → "1.5k": as few characters as tell the number."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def nice_end(value: float) -> float:
    """The first of 1, 2, 2.5, 5 and 10 times a power of ten that is not below a value; the end of an axis from 0."""
    if value <= 0:
        return 1.0
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * (1 - 1e-9))
