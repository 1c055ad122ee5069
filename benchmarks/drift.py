"""False alarm rate and power of the drift measures by simulation, by number of products; prints a table.

    python benchmarks/drift.py [--pairs 500]

Pairs of samples of one population, and pairs that have nothing in common: of a yes/no (35 % yes), of the 27 classes (as
frequent as in the challenge; a complete change goes from every other class to the rest) and of a number (log-normal).
"""

import argparse
import itertools
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from rakuten.catalogue.classes import CLASSES, NUM_CLASSES
from rakuten.statistics.population_shift import FALSE_ALARM, TOO_FEW, Shift, shift_of_counts, shift_of_values

SIZES = ((5, 5), (10, 10), (20, 20), (50, 50), (200, 200), (1000, 1000), (1000, 5), (1000, 10), (1000, 20))
KINDS = ("yes/no", "27 classes", "number")
SHARES = np.array([found.published_count for found in CLASSES], np.float64)
EVEN = np.arange(NUM_CLASSES) % 2 == 0


def compare(kind: str, before: int, after: int, *, is_changed: bool, random: np.random.Generator) -> Shift:
    """The shift between two samples that are drawn from one population, or have nothing in common."""
    if kind == "number":
        old, new = (random.lognormal(2, 1, size) for size in (before, after))
        return shift_of_values(old, new + 1000 * is_changed)
    if kind == "27 classes":
        populations = (SHARES * EVEN, SHARES * ~EVEN) if is_changed else (SHARES, SHARES)
    else:
        populations = (np.array([0.0, 1]), np.array([1.0, 0])) if is_changed else (np.array([0.35, 0.65]),) * 2
    old, new = (draw(*drawn, random) for drawn in zip(populations, (before, after), strict=True))
    return shift_of_counts(old, new)


def draw(population: npt.NDArray[np.float64], size: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """Counts by cell of a sample."""
    counts: npt.NDArray[np.int64] = random.multinomial(size, population / population.sum())
    return counts


def _share(flags: Iterable[bool]) -> float:
    return float(np.mean(list(flags)))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=500, help="of each kind and size (default: 500); changed: a tenth")
    pairs = parser.parse_args().pairs
    print(f"significance level {FALSE_ALARM:.1%}")
    print(f"{'':<12}{'products':>12}  {'false alarms':>12} {'too few':>8}  {'change seen':>11} {'too few':>8}")
    for kind, (before, after) in itertools.product(KINDS, SIZES):
        random = np.random.default_rng(before + after)
        rates: list[float] = []
        for is_changed, count in ((False, pairs), (True, max(pairs // 10, 20))):
            found = [compare(kind, before, after, is_changed=is_changed, random=random) for _ in range(count)]
            rates += [_share(one.matters for one in found), _share(one.verdict == TOO_FEW for one in found)]
        sizes = f"{before:,}, {after:,}"
        alarms, few, seen, few_changed = rates
        print(f"{kind:<12}{sizes:>12}  {alarms:>12.2%} {few:>8.0%}  {seen:>11.0%} {few_changed:>8.0%}", flush=True)


if __name__ == "__main__":
    main()
