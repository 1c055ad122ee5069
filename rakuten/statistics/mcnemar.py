"""McNemar's test: are two sets of predictions for the same products right equally often?"""

from dataclasses import dataclass


@dataclass(frozen=True)
class McNemar:
    """Whether two sets of predictions are right equally often.

    Attributes:
        only_first, only_second: Products that only the first, only the second gets right.
        exact: Two-sided exact p-value.
        mid: Two-sided mid-p-value, which is less conservative and still keeps its level.
    """

    only_first: int
    only_second: int
    exact: float
    mid: float


def mcnemar(only_first: int, only_second: int) -> McNemar:
    """McNemar's test of products that one of two gets right and the other wrong.

    Reference:
        Fagerland, Lydersen & Laake (2013), The McNemar test for binary matched-pairs data: mid-p and asymptotic are
        better than exact conditional.
    """
    from scipy.stats import binom

    fewer, discordant = min(only_first, only_second), only_first + only_second
    of_fewer = float(binom.pmf(fewer, discordant, 0.5))
    below = float(binom.cdf(fewer - 1, discordant, 0.5)) if fewer else 0.0
    # Where both are equal the middle is counted once, not on each side.
    exact = min(1.0, 2 * (below + of_fewer))
    return McNemar(only_first, only_second, exact, min(1.0, 2 * below + of_fewer))
