"""Which learning rate a range test speaks for: pure functions of rates and losses.

The report took the rate of the lowest loss, as long as the losses around it were not volatile, by eye. Here losses are
smoothed over neighbouring rates, and volatility is how far a loss lies from the line between its two neighbours: a
trend, however steep, is not volatile, and neither is a bend.

A rate is taken only well below the one at which the loss diverges or has lost half of what it had gained: a network
that is trained for hundreds of steps at such a rate diverges where one batch at it did no harm.

With a rate a batch the lowest point lies on a plateau as broad as a factor of three, on which noise alone says where:
of rates that are as good within the noise the smallest is taken, which is also where a slow test has its minimum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rakuten.errors import InputError

Floats = npt.NDArray[np.float64]

# Fewer losses leave nothing to tell a trend from noise by.
FEWEST = 10
# A loss of this many times the first ones has diverged; a network that answers evenly has never more than once.
DIVERGED = 2.0
# A rate's neighbours are volatile beyond this many times what is usual at lower rates …
VOLATILE = 2.0
# … and beyond this share of what the best rate gains: batches differ more once a network has learnt something.
VOLATILE_SHARE = 0.1
# Standard errors by which the lowest smoothed loss must lie below the first one; of noise alone one test in 1,000 does.
SIGNIFICANT = 5.0
# A gain of less than this share of the loss may be float32's rounding.
ROUNDING = 1e-6
# Standard errors within which a loss is as good as the lowest.
EQUAL = 2.0
# A rate lies at least this factor below the one at which the loss diverges …
MARGIN = 10.0
# … or has lost this share of its gain.
LOST = 0.5


@dataclass(frozen=True)
class Choice:
    """The learning rate that was chosen, and what it was chosen by.

    Attributes:
        rate: The learning rate.
        lowest_at: The rate at which the smoothed loss is lowest, volatile neighbourhoods left out.
        volatility: Of the neighbours of `rate`, in units of the loss.
        volatility_limit: What counted as volatile.
        diverged_at: First rate at which the loss had diverged, or None.
        limit: Highest rate that keeps the margin, or None where the loss neither diverged nor rose.
        smoothed: float64 (num_rates,); no number from the divergence on.
        why: In words.
    """

    rate: float
    lowest_at: float
    volatility: float
    volatility_limit: float
    diverged_at: float | None
    limit: float | None
    smoothed: Floats
    why: str

    def as_json(self) -> dict[str, Any]:
        """All but the curve."""
        return {
            "learning_rate": self.rate,
            "lowest_at": self.lowest_at,
            "volatility": self.volatility,
            "volatility_limit": self.volatility_limit,
            "diverged_at": self.diverged_at,
            "limit": self.limit,
            "why": self.why,
        }


def choose_rate(rates: Floats, losses: Floats, smoothing: float) -> Choice:
    """The smallest rate whose smoothed loss is the lowest within the noise, and whose neighbours are not volatile.

    Where the loss diverges or rises again, only rates a factor of `MARGIN` below that count. Neither the scale of the
    losses nor anything after their divergence matters.

    Args:
        rates: float64 (num_rates,), ascending, each the same multiple of the one before it.
        losses: float64 (num_rates,); may hold infinities and what is no number.
        smoothing: Decades of rates over which losses are averaged.

    Raises:
        InputError: If fewer than ten rates were tried before the loss diverged, or none lowered it.
    """
    # Without two rates there is no telling how many are a decade.
    end = divergence(rates, losses, smoothing) if len(losses) >= FEWEST else None
    seen = losses[:end]
    if len(seen) < FEWEST:
        raise InputError(f"expected at least {FEWEST} losses before they diverge, received {len(seen)}")
    weights = _weights(rates, smoothing)
    smoothed, volatility = _smooth(seen, weights), _volatility(seen, weights)
    errors = _errors(len(seen), weights)
    lowest = int(smoothed.argmin())
    gain, usual = float(smoothed[0] - smoothed[lowest]), float(np.median(volatility[: lowest + 1]))
    noise = usual * float(np.hypot(errors[0], errors[lowest]))
    if gain <= max(SIGNIFICANT * noise, ROUNDING * abs(smoothed[0])):
        raise InputError(
            f"no learning rate from {rates[0]:.2g} to {rates[len(seen) - 1]:.2g} lowered the loss beyond its noise: "
            f"{smoothed[0]:.4g} at the start, {smoothed[lowest]:.4g} at best, a difference of ± {noise:.2g} by chance"
        )
    limit = max(VOLATILE * usual, VOLATILE_SHARE * gain)
    calm = volatility <= limit
    best = int(np.where(calm, smoothed, np.inf).argmin())
    ceiling = _limit(rates, smoothed, best, end)
    allowed = calm & (smoothed < smoothed[0]) & (rates[: len(seen)] <= ceiling)
    if not allowed.any():
        # The loss falls for less than the margin; short fits at lower rates must tell.
        allowed = calm
    good = allowed & (smoothed <= _within_noise(best, smoothed, errors, volatility))
    is_lowest = bool(good.any())
    if not is_lowest:
        chosen = int(np.where(allowed, smoothed, np.inf).argmin())
        good = allowed & (smoothed <= _within_noise(chosen, smoothed, errors, volatility))
    place = int(good.argmax())
    return Choice(
        rate=float(rates[place]),
        lowest_at=float(rates[best]),
        volatility=float(volatility[place]),
        volatility_limit=limit,
        diverged_at=None if end is None else float(rates[end]),
        limit=float(ceiling) if np.isfinite(ceiling) else None,
        smoothed=np.concatenate([smoothed, np.full(len(losses) - len(seen), np.nan)]),
        why=_why(rates[: len(seen)], place, best, lowest, is_lowest=is_lowest),
    )


def _limit(rates: Floats, smoothed: Floats, best: int, end: int | None) -> float:
    """Highest rate that keeps the margin to where the loss diverges or has lost its gain; infinite without either."""
    risen = smoothed[best:] > smoothed[best] + LOST * (smoothed[0] - smoothed[best])
    if risen.any():
        return float(rates[best + int(risen.argmax())] / MARGIN)
    return np.inf if end is None else float(rates[end] / MARGIN)


def divergence(rates: Floats, losses: Floats | Sequence[float], smoothing: float) -> int | None:
    """Place of the first loss that is infinite, no number, or ends a stretch of losses far above the first ones.

    Args:
        rates: float64, ascending, at least as many as there are losses.
        losses: Later ones do not change the answer once there is one.
        smoothing: Decades of rates that are a stretch.

    Returns:
        The place; None where the loss did not diverge.
    """
    values = np.asarray(losses, np.float64)
    (broken,) = np.nonzero(~np.isfinite(values))
    finite = values[: broken[0]] if len(broken) else values
    width = len(_weights(rates, smoothing))
    if len(finite) > width:
        means = np.convolve(finite, np.full(width, 1 / width), "valid")
        (high,) = np.nonzero(means > DIVERGED * means[0])
        if len(high):
            return int(high[0]) + width - 1
    return int(broken[0]) if len(broken) else None


def _weights(rates: Floats, smoothing: float) -> Floats:
    """Weights of a rate's neighbours, an odd number, highest in the middle; sum to 1."""
    spacing = np.log10(rates[1] / rates[0])
    reach = max(1, round(smoothing / spacing / 2))
    rising = np.arange(1, reach + 1)
    weights = np.concatenate([rising, [reach + 1], rising[::-1]]).astype(np.float64)
    return weights / weights.sum()


def _smooth(values: Floats, weights: Floats) -> Floats:
    """Weighted means over neighbours; at the ends over those there are."""
    return _sums(values, weights) / _sums(np.ones(len(values)), weights)


def _errors(num_values: int, weights: Floats) -> Floats:
    """Standard errors of those means, where the values have a deviation of 1."""
    ones = np.ones(num_values)
    return np.sqrt(_sums(ones, np.square(weights))) / _sums(ones, weights)


def _volatility(losses: Floats, weights: Floats) -> Floats:
    """Root mean square of how far losses lie from the line between their neighbours; 1 for noise that deviates by 1."""
    off = np.square(losses[:-2] - 2 * losses[1:-1] + losses[2:]) / 6
    return np.sqrt(_smooth(np.pad(off, 1, "edge"), np.ones(len(weights))))


def _sums(values: Floats, weights: Floats) -> Floats:
    """Sums over the neighbours of each value, itself in the middle."""
    reach = len(weights) // 2
    return np.convolve(values, weights)[reach : reach + len(values)]


def _within_noise(place: int, smoothed: Floats, errors: Floats, volatility: Floats) -> float:
    """Highest loss that is as good as the one at this place."""
    return float(smoothed[place] + EQUAL * errors[place] * volatility[place])


def _why(rates: Floats, place: int, best: int, lowest: int, *, is_lowest: bool) -> str:
    words = "the lowest smoothed loss"
    if place != best:
        words = f"the smallest rate whose smoothed loss is within the noise of the lowest, at {rates[best]:.2g}"
    if not is_lowest:
        words = f"the best rate a factor of {MARGIN:g} below the one where the loss rises, lowest at {rates[best]:.2g}"
    if best != lowest:
        words += f"; lower still at {rates[lowest]:.2g}, where losses are volatile"
    if best == len(rates) - 1:
        words += "; the loss fell to the end, so a higher rate may be better still"
    return words
