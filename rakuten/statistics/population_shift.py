"""Difference between two samples of products: population stability index (PSI) with a permutation test.

The PSI of two tables of counts depends on the shares alone; by convention 0.1 is a moderate shift and 0.25 a large one.
How large it becomes by chance depends on the number of products, and on how many of them are in both samples: a nightly
dump repeats most of the last one. So the products are dealt out anew many times, as many to the first sample, to the
second and to both as there are, and the index is computed each time. A shift matters when it exceeds almost all of
these, and what is worth acting on. The test is exact for every sample size: unlike a chi-squared approximation it needs
no least count per cell. Where even a complete change could not be told from chance, the verdict is "too few to tell"
and not "none".

Nothing here reads files: counts or arrays in, numbers out.

Reference:
    Phipson, B. and Smyth, G. K., "Permutation P-values Should Never Be Zero", 2010.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# PSI from which a shift is worth acting on, by the convention of credit scoring, where the index comes from.
MODERATE, LARGE = 0.1, 0.25
# Of one comparison of two samples from the same population; a night makes some fifteen.
FALSE_ALARM = 0.001
# Permutations beyond the significance level; of 20, the level is met within a quarter of itself.
BEYOND = 20
NUM_BINS = 10
# Values that a bin of a number holds at least, on average over both samples.
VALUES_PER_BIN = 5
# Permutations of documents; their mean and variance are then known to 7 and 10 %.
ROUNDS = 200
# Equal indices may differ in their last digits.
DIGITS = 12

TOO_FEW = "too few to tell"

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shift:
    """Difference of two tables of counts.

    Attributes:
        psi: Population stability index, 0 for equal shares.
        js_distance: Jensen–Shannon distance, square root of the divergence in bits: 0 to 1.
        chance: PSI that two samples of this size from one population exceed once in 1 / `FALSE_ALARM` comparisons.
        before, after: How many were counted.
        can_tell: Whether a complete change would exceed `chance`.
    """

    psi: float
    js_distance: float
    chance: float
    before: int
    after: int
    can_tell: bool = True

    @property
    def threshold(self) -> float:
        """PSI from which the shift matters."""
        return max(self.chance, MODERATE)

    @property
    def matters(self) -> bool:
        """Whether it is more than chance and large enough to act on."""
        return self.psi > self.threshold

    @property
    def verdict(self) -> str:
        """In words: "none" (chance explains it), `TOO_FEW`, "slight" (too small to act on), "moderate" or "large"."""
        if self.psi <= self.chance:
            return "none" if self.can_tell else TOO_FEW
        return "slight" if self.psi <= MODERATE else "moderate" if self.psi <= LARGE else "large"


@dataclass(frozen=True)
class Sizes:
    """Sizes of two samples.

    Attributes:
        before, after: Members of each.
        shared: Members of both.
    """

    before: int
    after: int
    shared: int

    @property
    def are_empty(self) -> bool:
        """Whether a sample has no member."""
        return not (self.before and self.after)

    @property
    def are_one_sample(self) -> bool:
        """Whether both have the same members."""
        return self.before == self.after == self.shared

    @property
    def least_chance(self) -> float:
        """Chance of a complete separation: no result of a permutation test on these sizes is less likely."""
        only_before, only_after = self.before - self.shared, self.after - self.shared
        parts = (self.shared, only_before, only_after)
        ways = math.lgamma(sum(parts) + 1) - sum(math.lgamma(part + 1) for part in parts)
        # Of two samples of one size, the separation the other way round has the same index.
        return min(1.0, (2 if only_before == only_after else 1) * math.exp(-ways))


def shift_of_counts(
    before: Sequence[float] | npt.NDArray[np.number],
    after: Sequence[float] | npt.NDArray[np.number],
    *,
    shared: Sequence[float] | npt.NDArray[np.number] | None = None,
    ordered: bool = False,
    alpha: float = FALSE_ALARM,
    seed: int = 0,
) -> Shift:
    """Compare how many fell into each of several cells.

    Args:
        before, after: Counts by cell, in the same order of cells.
        shared: Counts of those that are in both samples, in the same cell; None: none.
        ordered: Whether the cells are bins of a number, so that a complete change fills the first or the last ones.
        alpha: How often `chance` may be exceeded by two samples of one population.
        seed: Of the permutations.

    Returns:
        The shift; of an empty sample, one that is too few to tell.

    Raises:
        ValueError: If the cells are not the same, or more are shared than counted.
    """
    old, new = np.asarray(before, np.int64), np.asarray(after, np.int64)
    both = np.zeros_like(old) if shared is None else np.asarray(shared, np.int64)
    if not old.shape == new.shape == both.shape or old.ndim != 1 or (both > np.minimum(old, new)).any():
        raise ValueError(f"expected counts of the same cells, {both} of them in both; received {old} and {new}")
    sizes = Sizes(int(old.sum()), int(new.sum()), int(both.sum()))
    if sizes.are_empty:
        return _unknown(sizes)
    observed, distance = round(float(psi(old, new)), DIGITS), js_distance(old, new)
    if sizes.are_one_sample:
        return Shift(observed, distance, 0.0, sizes.before, sizes.after)
    union = old + new - both
    dealt = np.sort(psi(*deal(union, sizes, math.ceil(BEYOND / alpha) - 1, seed)).round(DIGITS))
    chance = float(dealt[-BEYOND])
    extremes = [round(float(psi(*extreme)), DIGITS) for extreme in _extremes(union, sizes, ordered=ordered)]
    complete = min(extremes) if ordered else max(observed, float(dealt[-1]), *extremes)
    can_tell = sizes.least_chance <= alpha and (complete > chance or complete <= MODERATE)
    return Shift(observed, distance, chance, sizes.before, sizes.after, can_tell)


def shift_of_values(
    before: npt.NDArray[np.floating],
    after: npt.NDArray[np.floating],
    *,
    shared: npt.NDArray[np.floating] | None = None,
    alpha: float = FALSE_ALARM,
    seed: int = 0,
) -> Shift:
    """Compare two samples of a number.

    Args:
        before, after: float arrays; NaN is left out.
        shared: Values of those that are in both samples with the same value; None: none.
        alpha, seed: As for `shift_of_counts`.

    Raises:
        ValueError: As `shift_of_counts`.
    """
    samples = [values[~np.isnan(values)] for values in (before, after, np.empty(0) if shared is None else shared)]
    edges = quantile_edges(np.concatenate(samples[:2]))
    old, new, both = (count_cells(values, edges) for values in samples)
    return shift_of_counts(old, new, shared=both, ordered=True, alpha=alpha, seed=seed)


def shift_of_documents(
    documents: "csr_matrix",
    in_before: npt.NDArray[np.bool_],
    in_after: npt.NDArray[np.bool_],
    *,
    alpha: float = FALSE_ALARM,
    seed: int = 0,
) -> Shift:
    """Compare the words of two samples of documents.

    Words of one document go together, so whole documents are dealt out anew, `ROUNDS` times; the tail of the index is
    that of a Pearson type III distribution of the same mean, variance and skewness.

    Args:
        documents: Sparse (num_documents, num_words): 1 where a document holds a word. Every document of either sample
            is one row, one that stands in both as well.
        in_before, in_after: bool (num_documents,): which sample a document is in.
        alpha: As in `shift_of_counts`.
        seed: Of the permutations.

    Returns:
        The shift; of an empty sample, one that is too few to tell.

    Reference:
        Kazi-Aoual, F. et al. (1995). Refined approximations to permutation tests for multivariate inference.
        Computational Statistics & Data Analysis 20(6).
    """
    from scipy.stats import pearson3, skew

    sizes = Sizes(int(in_before.sum()), int(in_after.sum()), int((in_before & in_after).sum()))
    if sizes.are_empty:
        return _unknown(sizes)
    transposed = documents.T.tocsr().astype(np.float64)

    def counted(order: npt.NDArray[np.integer]) -> tuple[Floats, Floats]:
        return transposed @ in_before[order].astype(np.float64), transposed @ in_after[order].astype(np.float64)

    order = np.arange(len(in_before))
    old, new = counted(order)
    random = np.random.default_rng(seed)
    dealt = np.array([psi(*counted(random.permutation(order))) for _ in range(ROUNDS)]).round(DIGITS)
    mean, variance = float(dealt.mean()), float(dealt.var())
    # Equal samples (all of it shared) deal out the same each time.
    chance = float(pearson3.ppf(1 - alpha, skew(dealt), mean, variance**0.5)) if variance > 0 else mean
    observed = round(float(psi(old, new)), DIGITS)
    is_testable = sizes.least_chance <= alpha and (variance > 0 or observed <= MODERATE)
    return Shift(
        observed, js_distance(old, new), chance, sizes.before, sizes.after, sizes.are_one_sample or is_testable
    )


def deal(union: Integers, sizes: Sizes, rounds: int, seed: int) -> tuple[Integers, Integers]:
    """Deal the members of two samples out anew.

    Args:
        union: Members of either sample by cell, (num_cells,).
        sizes: Of the samples.
        rounds: How many times.
        seed: Of the random numbers.

    Returns:
        Counts of both samples, int64 (rounds, num_cells).
    """
    random = np.random.default_rng(seed)
    after = random.multivariate_hypergeometric(union, sizes.after, size=rounds, method="marginals")
    shared = np.zeros_like(after)
    # Members of both are drawn from those of the second sample, cell by cell: there is a row of counts per round.
    wanted, rest = np.full(rounds, sizes.shared), np.full(rounds, sizes.after)
    for cell in range(len(union) if sizes.shared else 0):
        rest = rest - after[:, cell]
        shared[:, cell] = random.hypergeometric(after[:, cell], rest, wanted)
        wanted = wanted - shared[:, cell]
    return union - after + shared, after


def _extremes(union: Integers, sizes: Sizes, *, ordered: bool) -> Iterator[tuple[Integers, Integers]]:
    """Deal the members out as far apart as possible: the second sample gets the rarest or the most frequent cells.

    Of ordered cells, it gets the first or the last ones.
    """
    cells = np.arange(len(union)) if ordered else np.argsort(union, kind="stable")
    for order in (cells, cells[::-1]):
        only_after = _take(union, order, sizes.after - sizes.shared)
        only_before = _take(union - only_after, order[::-1], sizes.before - sizes.shared)
        yield union - only_after, union - only_before


def _take(counts: Integers, order: npt.NDArray[np.intp], number: int) -> Integers:
    """A number of members of cells in this order, each emptied before the next."""
    taken = np.zeros_like(counts)
    taken[order] = np.diff(np.minimum(counts[order].cumsum(), number), prepend=0)
    return taken


def _unknown(sizes: Sizes) -> Shift:
    return Shift(0.0, 0.0, 0.0, sizes.before, sizes.after, can_tell=False)


def psi(before: npt.NDArray[np.number], after: npt.NDArray[np.number]) -> Floats:
    """Population stability index of tables of counts, (..., num_cells) → (...).

    Half a count is added to each cell, so that an empty one makes the index large and not infinite.
    """
    old, new = _shares(before + 0.5), _shares(after + 0.5)
    index: Floats = ((new - old) * np.log(new / old)).sum(axis=-1)
    return index


def js_distance(before: npt.NDArray[np.number], after: npt.NDArray[np.number]) -> float:
    """Jensen–Shannon distance of two tables of counts, 0 (equal shares) to 1 (nothing in common)."""
    old, new = _shares(before), _shares(after)
    middle = (old + new) / 2
    divergence = (_entropy_to(old, middle) + _entropy_to(new, middle)) / 2
    return float(np.sqrt(max(divergence, 0.0)))


def quantile_edges(values: npt.NDArray[np.floating]) -> Floats:
    """Bounds between `NUM_BINS` cells of about as many values each; fewer where values are few or repeat."""
    if not len(values):
        return np.array([], np.float64)
    num_bins = min(max(len(values) // VALUES_PER_BIN, 2), NUM_BINS)
    edges = np.unique(np.quantile(values, np.linspace(0, 1, num_bins + 1)[1:-1], method="closest_observation"))
    # A value belongs to the cell that its bound begins: nothing lies below a bound that is the least value.
    return edges[edges > values.min()].astype(np.float64)


def count_cells(values: npt.NDArray[np.floating], edges: npt.NDArray[np.floating]) -> Integers:
    """How many values lie in each cell; a cell begins with its bound. (len(edges) + 1,)"""
    return np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1).astype(np.int64)


def _shares(counts: npt.NDArray[np.number]) -> Floats:
    shares: Floats = counts / counts.sum(axis=-1, keepdims=True)
    return shares


def _entropy_to(shares: Floats, other: Floats) -> float:
    held = shares > 0
    return float((shares[held] * np.log2(shares[held] / other[held])).sum())
