"""Paired bootstrap: confidence intervals of the score differences of two models on the same products.

Products are resampled with replacement, both predictions of a product together, so that products that are difficult for
both models do not widen the intervals. Resampling products is drawing the counts of cells (true class, first
prediction, second prediction) from a multinomial distribution: 2,000 resamples of 17,000 products take a fraction of a
second.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rakuten.catalogue.classes import CODES, NUM_CLASSES
from rakuten.errors import InputError, MismatchError
from rakuten.evaluation.difference import Difference
from rakuten.evaluation.scores import INTERVAL, ClassScores, Counts, Floats, score_margins, targets_of

RESAMPLES = 2000
# Batch size of resamples: 8 MB with 2,000 cells.
DRAWN_AT_ONCE = 500

SCORES = ("f1_weighted", "f1_macro", "accuracy")


@dataclass(frozen=True)
class ScoreDifference:
    """One score of both models, and its difference.

    Attributes:
        first, second: Score of each model.
        difference: second - first, with a 95 % confidence interval.
    """

    first: float
    second: float
    difference: Difference


@dataclass(frozen=True)
class ClassDifference:
    """F1 of one class for both models, and its difference.

    Attributes:
        code: Class code.
        support: Number of products of the class.
        first, second: F1 of each model.
        difference: second - first, with a simultaneous 95 % confidence interval over all classes (see `compare`).
    """

    code: int
    support: int
    first: float
    second: float
    difference: Difference


@dataclass(frozen=True)
class Paired:
    """Result of the paired bootstrap (`compare`).

    Attributes:
        rows: Number of products.
        scores: By name, one of `SCORES`.
        classes: Classes with products, by ascending code.
    """

    rows: int
    scores: dict[str, ScoreDifference]
    classes: tuple[ClassDifference, ...]


def compare(
    true_codes: npt.NDArray[np.int64],
    first: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
    *,
    interval: float = INTERVAL,
    seed: int = 1234,
    resamples: int = RESAMPLES,
) -> Paired:
    """Paired bootstrap confidence intervals of the score differences of two sets of predictions.

    Overall scores have percentile intervals. The 27 classes are multiple comparisons, so their intervals are
    simultaneous (max-t): observed difference ± q standard errors, where q is the 95 % quantile, over the resamples, of
    the largest absolute studentised deviation of any class. Correlated classes make them narrower than with a
    Bonferroni correction.

    Bootstrap intervals are too short if the predictions differ on a handful of products. If these are too few for a
    significant exact sign test (`fewest_telling`), the interval is extended to include zero.

    Args:
        true_codes: int64 (num_samples,), class codes.
        first, second: int64 (num_samples,), predicted class codes of the same products.
        interval: Confidence level.
        seed: Seed of the resampling.
        resamples: Number of bootstrap resamples.

    Raises:
        InputError: If there is no product.
        MismatchError: If the lengths differ, or a class code is unknown.

    Reference:
        Efron & Tibshirani (1993), An Introduction to the Bootstrap; Romano & Wolf (2005), Exact and approximate
        stepdown methods for multiple hypothesis testing.
    """
    cells, counts = count_cells(true_codes, first, second)
    differing = counts * (cells[1] != cells[2])
    observed = [_scores(classes) for classes in score_both(cells, counts[np.newaxis])]
    drawn = draw_scores(cells, counts, seed, resamples)
    low, high = (1 - interval) / 2, (1 + interval) / 2
    fewest = fewest_telling(1, interval)
    scores = {}
    for name in SCORES:
        one, other = (float(values[name][0]) for values in observed)
        ends = np.quantile(drawn[1][name] - drawn[0][name], [low, high])
        difference = _difference(other - one, float(ends[0]), float(ends[1]), int(differing.sum()), fewest)
        scores[name] = ScoreDifference(one, other, difference)
    support, told_apart = _by_class(cells, counts, differing)
    return Paired(int(counts.sum()), scores, _compare_classes(observed, drawn, support, told_apart, interval))


def fewest_telling(looks: int, interval: float = INTERVAL) -> int:
    """Fewest differing predictions for which a two-sided sign test can be significant (Bonferroni over `looks`)."""
    return math.ceil(math.log2(2 * looks / (1 - interval)))


def count_cells(
    true_codes: npt.NDArray[np.int64], first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], Counts]:
    """Count the cells (true class, first prediction, second prediction) of a three-way contingency table.

    Returns:
        int64 (3, num_cells), class indices of the non-empty cells; and int64 (num_cells,), their counts.

    Raises:
        InputError: If there is no product.
        MismatchError: If the lengths differ, or a class code is unknown.
    """
    if not len(true_codes) == len(first) == len(second):
        raise MismatchError(f"{len(true_codes)} true classes, but {len(first)} and {len(second)} predictions")
    if not len(true_codes):
        raise InputError("a comparison needs at least one product, received none")
    shape = (NUM_CLASSES,) * 3
    flat = np.ravel_multi_index([targets_of(codes) for codes in (true_codes, first, second)], shape)
    cells, counts = np.unique(flat, return_counts=True)
    return np.stack(np.unravel_index(cells, shape)), counts.astype(np.int64)


def score_both(cells: npt.NDArray[np.int64], drawn: Counts) -> Iterator[ClassScores]:
    """Class scores of the first and of the second model, from cell counts (num_draws, num_cells)."""
    # BLAS needs floats; counts are exact in float64.
    weights = drawn.astype(np.float64)
    true, *answers = (np.eye(NUM_CLASSES)[positions] for positions in cells)  # one-hot, (num_cells, num_classes)
    support = weights @ true  # (num_draws, num_classes)
    for answer in answers:
        yield score_margins(weights @ (true * answer), support, weights @ answer)


def _scores(classes: ClassScores) -> dict[str, Floats]:
    rows = classes.support.sum(axis=-1)
    right = (classes.recall * classes.support).sum(axis=-1)
    whole = {"f1_weighted": classes.f1_weighted, "f1_macro": classes.f1_macro, "accuracy": right / rows}
    return {**whole, "f1": classes.f1}


def draw_scores(cells: npt.NDArray[np.int64], counts: Counts, seed: int, resamples: int) -> list[dict[str, Floats]]:
    """Bootstrap scores of the first and of the second model, one value per resample."""
    generator = np.random.default_rng(seed)
    total, found = int(counts.sum()), []
    for start in range(0, resamples, DRAWN_AT_ONCE):
        size = min(DRAWN_AT_ONCE, resamples - start)
        drawn = generator.multinomial(total, counts / total, size=size)  # (num_draws, num_cells)
        found.append([_scores(classes) for classes in score_both(cells, drawn)])
    return [
        {name: np.concatenate([batch[which][name] for batch in found]) for name in found[0][which]} for which in (0, 1)
    ]


def _by_class(cells: npt.NDArray[np.int64], counts: Counts, differing: Counts) -> tuple[Counts, Counts]:
    """Support of each class, and the number of differing predictions that affect its F1; (num_classes,) each."""
    support = np.bincount(cells[0], weights=counts, minlength=NUM_CLASSES)
    touched = np.stack([(cells == place).any(axis=0) for place in range(NUM_CLASSES)])
    return support.astype(np.int64), (touched * differing).sum(axis=1)


def _compare_classes(
    observed: list[dict[str, Floats]],
    drawn: list[dict[str, Floats]],
    support: Counts,
    told_apart: Counts,
    interval: float,
) -> tuple[ClassDifference, ...]:
    first, second = (values["f1"][0] for values in observed)
    lead = second - first
    deviations = drawn[1]["f1"] - drawn[0]["f1"] - lead  # (num_draws, num_classes)
    errors = deviations.std(axis=0)
    reach = errors * _max_t(deviations, errors, interval)
    fewest = fewest_telling(NUM_CLASSES, interval)
    return tuple(
        ClassDifference(
            code=CODES[place],
            support=int(support[place]),
            first=float(first[place]),
            second=float(second[place]),
            difference=_difference(
                float(lead[place]),
                float(lead[place] - reach[place]),
                float(lead[place] + reach[place]),
                int(told_apart[place]),
                fewest,
            ),
        )
        for place in np.flatnonzero(support)
    )


def _difference(value: float, low: float, high: float, told_apart: int, fewest: int) -> Difference:
    if told_apart < fewest:
        return Difference(value, min(low, 0.0), max(high, 0.0))
    return Difference(value, low, high)


def _max_t(deviations: Floats, errors: Floats, interval: float) -> float:
    """Quantile of the largest absolute studentised deviation over all classes (max-t)."""
    moves = errors > 0
    if not moves.any():
        return 0.0
    return float(np.quantile(np.abs(deviations[:, moves] / errors[moves]).max(axis=1), interval))
