"""Whether two deliveries differ by more than chance, and by enough to matter.

A difference is measured by the population stability index (PSI) between two tables of counts, a number that depends on
the shares alone: 0.1 is usually called a moderate shift, 0.25 a large one. How large it becomes by chance depends on
how many products were counted, and on how many of them stand in both deliveries: a nightly dump repeats most of the
last one, so that equal shares prove little and small differences much. `threshold` knows both. A shift matters when it
exceeds what chance explains *and* what is worth acting on.

Nothing here reads files: counts or arrays in, numbers out.

Reference:
    Bilal Yurdakul, "Statistical Properties of Population Stability Index", 2018: for two samples without common
    members, PSI / (1/n + 1/m) is chi-squared with one degree of freedom less than there are cells.
"""

from collections.abc import Sequence
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
# A chi-squared approximation needs about this many in each cell.
FEWEST_EXPECTED = 5
NUM_BINS = 10
# Of dealing documents out anew; their mean and variance are then known to 7 and 10 %.
ROUNDS = 200

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shift:
    """How two tables of counts differ.

    Attributes:
        psi: Population stability index, 0 for equal shares.
        js_distance: Jensen–Shannon distance, square root of the divergence in bits: 0 to 1.
        chance: PSI that two samples of this size from one population exceed once in 1 / `FALSE_ALARM` comparisons.
        before, after: How many were counted.
    """

    psi: float
    js_distance: float
    chance: float
    before: int
    after: int

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
        """In words: "none" (chance explains it), "slight" (real, too small to act on), "moderate" or "large"."""
        if self.psi <= self.chance:
            return "none"
        return "slight" if self.psi <= MODERATE else "moderate" if self.psi <= LARGE else "large"


def shift_of_counts(
    before: Sequence[float] | Counts, after: Sequence[float] | Counts, *, shared: int = 0, alpha: float = FALSE_ALARM
) -> Shift:
    """Compare how many fell into each of several cells.

    Args:
        before, after: Counts by cell, in the same order of cells.
        shared: How many of those counted stand unchanged in both.
        alpha: How often `chance` may be exceeded by two samples of one population.

    Raises:
        ValueError: If the cells are not the same, one side counts nothing, or `shared` is more than either counts.
    """
    from scipy.stats import chi2

    old, new = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if old.shape != new.shape or old.ndim != 1:
        raise ValueError(f"expected two counts of the same cells, received shapes {old.shape} and {new.shape}")
    n, m = int(old.sum()), int(new.sum())
    if not n or not m or shared > min(n, m):
        raise ValueError(f"expected something counted on both sides, {shared} of it shared; received {n} and {m}")
    old, new = merge_rare(old, new)
    # Both samples' variance, less what the common members take out of the difference.
    spread = 1 / n + 1 / m - 2 * shared / (n * m)
    chance = spread * float(chi2.ppf(1 - alpha, max(len(old) - 1, 1)))
    return Shift(psi(old, new), js_distance(old, new), chance, n, m)


def shift_of_values(
    before: npt.NDArray[np.floating],
    after: npt.NDArray[np.floating],
    *,
    shared: int = 0,
    edges: npt.NDArray[np.floating] | None = None,
) -> Shift:
    """Compare two samples of a number.

    Args:
        before, after: float arrays; NaN is left out.
        shared: How many of the other values stand unchanged in both.
        edges: Bounds of the cells; None: `quantile_edges` of both samples.

    Raises:
        ValueError: As `shift_of_counts`.
    """
    old, new = before[~np.isnan(before)], after[~np.isnan(after)]
    bounds = quantile_edges(np.concatenate([old, new])) if edges is None else edges
    return shift_of_counts(count_cells(old, bounds), count_cells(new, bounds), shared=shared)


def shift_of_documents(
    documents: "csr_matrix",
    in_before: npt.NDArray[np.bool_],
    in_after: npt.NDArray[np.bool_],
    *,
    alpha: float = FALSE_ALARM,
    seed: int = 0,
) -> Shift:
    """Compare the words of two samples of documents.

    Words of one document go together, so that no formula says how large the index becomes by chance: it is seen from
    documents dealt out anew, `ROUNDS` times, and its tail from a gamma distribution of the same mean and variance.

    Args:
        documents: Sparse (num_documents, num_words): 1 where a document holds a word. Every document of either sample
            is one row, one that stands in both as well.
        in_before, in_after: bool (num_documents,): which sample a document is in.
        alpha: As in `shift_of_counts`.
        seed: Of the dealing.

    Raises:
        ValueError: If a sample is empty.

    Reference:
        F. E. Satterthwaite, "An Approximate Distribution of Estimates of Variance Components", 1946.
    """
    from scipy.stats import gamma

    n, m = int(in_before.sum()), int(in_after.sum())
    if not n or not m:
        raise ValueError(f"expected documents in both samples, received {n} and {m}")
    transposed = documents.T.tocsr().astype(np.float64)

    def counted(order: npt.NDArray[np.integer]) -> tuple[Counts, Counts]:
        return transposed @ in_before[order].astype(np.float64), transposed @ in_after[order].astype(np.float64)

    order = np.arange(len(in_before))
    old, new = counted(order)
    random = np.random.default_rng(seed)
    dealt = np.array([psi(*counted(random.permutation(order))) for _ in range(ROUNDS)])
    mean, variance = float(dealt.mean()), float(dealt.var())
    # Equal samples (all of it shared) deal out the same each time.
    chance = float(gamma.ppf(1 - alpha, mean**2 / variance, scale=variance / mean)) if variance > 0 else mean
    return Shift(psi(old, new), js_distance(old, new), chance, n, m)


def psi(before: Counts, after: Counts) -> float:
    """Population stability index of two tables of counts.

    Half a count is added to each cell, so that an empty one makes the index large and not infinite.
    """
    old, new = _shares(before + 0.5), _shares(after + 0.5)
    return float(((new - old) * np.log(new / old)).sum())


def js_distance(before: Counts, after: Counts) -> float:
    """Jensen–Shannon distance of two tables of counts, 0 (equal shares) to 1 (nothing in common)."""
    old, new = _shares(before), _shares(after)
    middle = (old + new) / 2
    divergence = (_entropy_to(old, middle) + _entropy_to(new, middle)) / 2
    return float(np.sqrt(max(divergence, 0.0)))


def merge_rare(before: Counts, after: Counts, fewest: float = FEWEST_EXPECTED) -> tuple[Counts, Counts]:
    """The same counts with rare cells merged into one last cell.

    Args:
        before, after: Counts by cell.
        fewest: A cell is rare if fewer than this would be expected in the smaller of the two samples.
    """
    both = before + after
    expected = both / both.sum() * min(before.sum(), after.sum())
    order = np.argsort(expected, kind="stable")
    is_rare = expected < fewest
    merged = int(is_rare.sum())
    if not merged:
        return before, after
    # A merged cell that is rare itself takes the next ones in.
    while merged < len(order) and expected[order[:merged]].sum() < fewest:
        merged += 1
    rest, kept = order[:merged], np.sort(order[merged:])
    return np.append(before[kept], before[rest].sum()), np.append(after[kept], after[rest].sum())


def quantile_edges(values: npt.NDArray[np.floating], num_bins: int = NUM_BINS) -> npt.NDArray[np.float64]:
    """Bounds between cells that hold about as many values each; fewer where values repeat."""
    if not len(values):
        return np.array([], np.float64)
    edges = np.unique(np.quantile(values, np.linspace(0, 1, num_bins + 1)[1:-1], method="closest_observation"))
    # A value belongs to the cell that its bound begins: nothing lies below a bound that is the least value.
    return edges[edges > values.min()].astype(np.float64)


def count_cells(values: npt.NDArray[np.floating], edges: npt.NDArray[np.floating]) -> Counts:
    """How many values lie in each cell; a cell begins with its bound. (len(edges) + 1,)"""
    return np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1).astype(np.float64)


def _shares(counts: Counts) -> Counts:
    return counts / counts.sum()


def _entropy_to(shares: Counts, other: Counts) -> float:
    held = shares > 0
    return float((shares[held] * np.log2(shares[held] / other[held])).sum())
