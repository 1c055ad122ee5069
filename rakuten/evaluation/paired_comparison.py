"""Two sets of predictions for the same products: how they differ, and how sure that is.

The products are drawn anew with replacement, both predictions of a product together, so that what is hard for both
does not count as a difference. Drawing products is drawing cells (true class, first answer, second answer) from a
multinomial, so no product is touched: 2,000 draws of 17,000 products take a fraction of a second.
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
# Draws held at once: with 2,000 cells, 16 MB.
DRAWN_AT_ONCE = 500

SCORES = ("f1_weighted", "f1_macro", "accuracy")


@dataclass(frozen=True)
class ScoreDifference:
    """One score of both, and the second's lead over the first.

    Attributes:
        first, second: Its value for each.
        difference: second - first, with a 95 % interval.
    """

    first: float
    second: float
    difference: Difference


@dataclass(frozen=True)
class ClassDifference:
    """F1 of one class for both.

    Attributes:
        code: The class.
        support: Products of it.
        first, second: F1 for each.
        difference: second - first; the intervals of all classes hold together with 95 % (see `compare`).
    """

    code: int
    support: int
    first: float
    second: float
    difference: Difference


@dataclass(frozen=True)
class Paired:
    """What `compare` finds.

    Attributes:
        rows: Products compared.
        scores: By name, one of `SCORES`.
        classes: The classes that have products, ascending code.
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
    """Paired bootstrap of the scores of two sets of predictions.

    Intervals of whole scores are percentile intervals. Those of the 27 classes answer 27 questions at once, of which
    one would come out wrong by chance most times: they are the observed difference ± q standard errors, q being the
    95 % quantile, over the draws, of the largest distance of any class in its standard errors (max-t). So all of them
    hold together with 95 %, and classes that go up and down together cost less than with Bonferroni's correction.

    A bootstrap knows only what it saw: from a handful of products that two answers tell apart, its intervals are too
    short. Where they are so few that no exact test could show a difference (`fewest_telling`), the interval is
    stretched to zero. All of 95 % holds for another `interval` alike.

    Args:
        true_codes: int64 (num_samples,), class codes.
        first, second: int64 (num_samples,), predicted class codes of the same products.
        interval: How often intervals hold.
        seed: Of the draws.
        resamples: Number of draws.

    Raises:
        InputError: If there is no product.
        MismatchError: If the lengths differ, or a code is none of the 27.

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
    """Products two answers must differ on before a sign test over so many looks can come out below 5 % at all."""
    return math.ceil(math.log2(2 * looks / (1 - interval)))


def count_cells(
    true_codes: npt.NDArray[np.int64], first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], Counts]:
    """The cells that occur, int64 (3, num_cells) of class positions, and how often each does.

    Raises:
        InputError: If there is no product.
        MismatchError: If the lengths differ, or a code is none of the 27.
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
    """Scores by class of the first and of the second, from counts of the cells (num_draws, num_cells)."""
    # BLAS multiplies floats only; counts stay exact in them.
    weights = drawn.astype(np.float64)
    true, *answers = (np.eye(NUM_CLASSES)[positions] for positions in cells)
    support = weights @ true
    for answer in answers:
        yield score_margins(weights @ (true * answer), support, weights @ answer)


def _scores(classes: ClassScores) -> dict[str, Floats]:
    rows = classes.support.sum(axis=-1)
    right = (classes.recall * classes.support).sum(axis=-1)
    whole = {"f1_weighted": classes.f1_weighted, "f1_macro": classes.f1_macro, "accuracy": right / rows}
    return {**whole, "f1": classes.f1}


def draw_scores(cells: npt.NDArray[np.int64], counts: Counts, seed: int, resamples: int) -> list[dict[str, Floats]]:
    """Scores of the first and of the second in every draw."""
    generator = np.random.default_rng(seed)
    total, found = int(counts.sum()), []
    for start in range(0, resamples, DRAWN_AT_ONCE):
        size = min(DRAWN_AT_ONCE, resamples - start)
        drawn = generator.multinomial(total, counts / total, size=size)
        found.append([_scores(classes) for classes in score_both(cells, drawn)])
    return [
        {name: np.concatenate([batch[which][name] for batch in found]) for name in found[0][which]} for which in (0, 1)
    ]


def _by_class(cells: npt.NDArray[np.int64], counts: Counts, differing: Counts) -> tuple[Counts, Counts]:
    """Products of each class, and products that the two answer differently and that touch its F1."""
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
    deviations = drawn[1]["f1"] - drawn[0]["f1"] - lead
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
    """The distance, in standard errors, that no class goes beyond in so many of the draws."""
    moves = errors > 0
    if not moves.any():
        return 0.0
    return float(np.quantile(np.abs(deviations[:, moves] / errors[moves]).max(axis=1), interval))
