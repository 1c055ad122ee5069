"""Paired randomisation (permutation) test and paired bootstrap of the difference of two models' weighted F1.

Is model B's weighted F1 higher than model A's, at a given significance level? Both tests must agree:

- the lower bound of the one-sided paired bootstrap confidence interval of the difference is above zero: products are
  resampled, both predictions of a product together;
- the p-value of the paired randomisation (permutation) test is at most the significance level: where the two models
  differ, their predictions are swapped with probability ½. It is exact for any number of products.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rakuten.catalogue.classes import NUM_CLASSES
from rakuten.evaluation.paired_comparison import count_cells, draw_scores, score_both
from rakuten.evaluation.scores import Counts, Floats, score_margins

Codes = npt.NDArray[np.int64]

# Resamples (or permutations) of each test: at least 20 are expected beyond the significance level.
FEWEST_DRAWS, DRAWS_BEYOND = 2_000, 20
SEED = 1234


@dataclass(frozen=True)
class Lead:
    """Result of both paired tests of the challenger's weighted F1 against the champion's.

    Attributes:
        champion, challenger: Weighted F1 of each.
        low: Lower bound of the one-sided bootstrap confidence interval of the difference, at `level`.
        chance: p-value of the paired randomisation test.
        level: Significance level.
        rows: Number of products.
        differing: Number of products with different predictions.
    """

    champion: float
    challenger: float
    low: float
    chance: float
    level: float
    rows: int
    differing: int

    @property
    def value(self) -> float:
        """Observed difference, challenger - champion."""
        return self.challenger - self.champion

    @property
    def is_shown(self) -> bool:
        """True if both tests are significant."""
        return self.low > 0 and self.chance <= self.level


def measure_lead(true_codes: Codes, champion: Codes, challenger: Codes, *, level: float, seed: int = SEED) -> Lead:
    """Test the difference of two models' weighted F1.

    Args:
        true_codes: int64 (num_samples,), class codes.
        champion, challenger: int64 (num_samples,), predicted class codes of the same products.
        level: Significance level, between 0 and 0.5.
        seed: Seed of resamples and permutations.

    Raises:
        InputError: If there is no product.
        MismatchError: If the lengths differ, or a class code is unknown.
    """
    cells, counts = count_cells(true_codes, champion, challenger)
    first, second = (float(scores.f1_weighted[0]) for scores in score_both(cells, counts[np.newaxis]))
    return Lead(
        champion=first,
        challenger=second,
        low=lower_end(cells, counts, level, seed),
        chance=chance_of_lead(cells, counts, level, seed),
        level=level,
        rows=int(counts.sum()),
        differing=int(counts[cells[1] != cells[2]].sum()),
    )


def lower_end(cells: Codes, counts: Counts, level: float, seed: int = SEED) -> float:
    """Lower bound of the one-sided paired bootstrap confidence interval; cells and counts from `count_cells`."""
    champion, challenger = draw_scores(cells, counts, seed, _draws(level))
    return float(np.quantile(challenger["f1_weighted"] - champion["f1_weighted"], level))


def chance_of_lead(cells: Codes, counts: Counts, level: float, seed: int = SEED) -> float:
    """p-value of the paired randomisation test: each product's two predictions are swapped with probability ½.

    Reference:
        Noreen, E. W. (1989), Computer-Intensive Methods for Testing Hypotheses: approximate randomization. The observed
        assignment counts as one of the permutations, which makes the test exact (Phipson & Smyth, 2010).
    """
    differ = cells[1] != cells[2]
    true, low, high, pairs = _pairs(cells[:, differ], counts[differ])
    same = _margins(cells[0, ~differ], cells[1, ~differ], counts[~differ])
    support = np.bincount(cells[0], weights=counts, minlength=NUM_CLASSES)
    given_low, given_high = _one_hot(low), _one_hot(high)
    right_low, right_high = given_low * (true == low)[:, None], given_high * (true == high)[:, None]

    def leads(to_second: Floats) -> Floats:
        """F1 differences (num_draws,), given the products per pair whose `low` prediction the second model gets.

        `to_second` has shape (num_draws, num_pairs).
        """
        to_first = pairs - to_second
        scores = []
        for own, others in ((to_first, to_second), (to_second, to_first)):
            right = same[0] + own @ right_low + others @ right_high
            predicted = same[1] + own @ given_low + others @ given_high
            scores.append(score_margins(right, np.broadcast_to(support, right.shape), predicted).f1_weighted)
        return scores[1] - scores[0]

    is_low = cells[2, differ] < cells[1, differ]
    observed = leads(_pairs(cells[:, differ], counts[differ] * is_low)[3][None].astype(np.float64))[0]
    draws = _draws(level)
    dealt = np.random.default_rng(seed).binomial(pairs, 0.5, size=(draws, len(pairs))).astype(np.float64)
    # Equal permutations may differ by floating-point error.
    reached = int((leads(dealt) >= observed - 1e-12).sum())
    return (1 + reached) / (1 + draws)


def _pairs(cells: Codes, counts: Counts) -> tuple[Codes, Codes, Codes, Counts]:
    """Merge cells with swapped predictions: true class, lower and higher predicted class, number of products."""
    low, high = np.minimum(cells[1], cells[2]), np.maximum(cells[1], cells[2])
    flat = np.ravel_multi_index((cells[0], low, high), (NUM_CLASSES,) * 3)
    pairs, place = np.unique(flat, return_inverse=True)
    products = np.bincount(place, weights=counts, minlength=len(pairs)).astype(np.int64)
    true, low, high = (np.asarray(part, np.int64) for part in np.unravel_index(pairs, (NUM_CLASSES,) * 3))
    return true, low, high, products


def _margins(true: Codes, predicted: Codes, counts: Counts) -> tuple[Floats, Floats]:
    """True positives and predicted positives of each class; (num_classes,) each."""
    right = np.bincount(true, weights=counts * (true == predicted), minlength=NUM_CLASSES)
    given = np.bincount(predicted, weights=counts, minlength=NUM_CLASSES)
    return right.astype(np.float64), given.astype(np.float64)


def _one_hot(positions: Codes) -> Floats:
    return np.eye(NUM_CLASSES)[positions]


def _draws(level: float) -> int:
    return max(FEWEST_DRAWS, math.ceil(DRAWS_BEYOND / level))
