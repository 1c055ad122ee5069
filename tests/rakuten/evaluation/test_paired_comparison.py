"""Two sets of predictions beside each other: against resampled products, scikit-learn and known answers."""

import time

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import accuracy_score, f1_score

from rakuten.catalogue.classes import CLASSES, CODES
from rakuten.errors import InputError, MismatchError
from rakuten.evaluation.paired_comparison import compare, fewest_telling

Codes = npt.NDArray[np.int64]

SHARES = np.array([product_class.published_count for product_class in CLASSES], np.float64)


def drawn(generator: np.random.Generator, rows: int) -> Codes:
    return generator.choice(CODES, rows, p=SHARES / SHARES.sum())


def predicted(generator: np.random.Generator, true: Codes, skill: float) -> Codes:
    return np.where(generator.random(len(true)) < skill, true, drawn(generator, len(true)))


def three(rows: int, seed: int, first: float = 0.7, second: float = 0.8) -> tuple[Codes, Codes, Codes]:
    """True classes and two correlated sets of predictions of some skill."""
    generator = np.random.default_rng(seed)
    true = drawn(generator, rows)
    shared = predicted(generator, true, first)
    ours = np.where(generator.random(rows) < 0.6, shared, predicted(generator, true, first))
    theirs = np.where(generator.random(rows) < 0.6, shared, predicted(generator, true, second))
    return true, ours, theirs


def test_scores_of_both_equal_those_of_scikit_learn() -> None:
    true, first, second = three(400, seed=0)
    found = compare(true, first, second, resamples=10)
    for name, answer in (("first", first), ("second", second)):
        present = sorted(set(true.tolist()))
        expected = {
            "accuracy": accuracy_score(true, answer),
            "f1_weighted": f1_score(true, answer, average="weighted", zero_division=0),
            "f1_macro": f1_score(true, answer, labels=present, average="macro", zero_division=0),
        }
        assert {score: getattr(values, name) for score, values in found.scores.items()} == pytest.approx(expected)
        by_class = f1_score(true, answer, labels=present, average=None, zero_division=0)
        assert [getattr(row, name) for row in found.classes] == pytest.approx(list(by_class))
    assert [row.code for row in found.classes] == sorted(set(true.tolist()))
    assert sum(row.support for row in found.classes) == found.rows == 400


def test_interval_equals_that_of_resampled_products() -> None:
    true, first, second = three(300, seed=1)
    generator = np.random.default_rng(2)
    differences = []
    for _ in range(400):
        rows = generator.integers(0, 300, 300)
        both = [f1_score(true[rows], answer[rows], average="weighted", zero_division=0) for answer in (first, second)]
        differences.append(both[1] - both[0])
    found = compare(true, first, second).scores["f1_weighted"].difference
    assert [found.low, found.high] == pytest.approx(np.quantile(differences, [0.025, 0.975]), abs=0.012)


def test_pairing_makes_the_interval_narrower_than_that_of_unrelated_predictions() -> None:
    true, first, _ = three(2000, seed=3)
    generator = np.random.default_rng(4)
    akin = np.where(generator.random(2000) < 0.95, first, true)
    apart = predicted(generator, true, 0.7)
    widths = [
        found.high - found.low
        for found in (compare(true, first, other).scores["f1_weighted"].difference for other in (akin, apart))
    ]
    assert widths[0] < widths[1] / 2


def test_swapping_both_turns_the_sign() -> None:
    true, first, second = three(500, seed=5)
    forth, back = compare(true, first, second), compare(true, second, first)
    for name in forth.scores:
        one, other = forth.scores[name].difference, back.scores[name].difference
        assert one.value == pytest.approx(-other.value)
        assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=0.01)


def test_a_clear_lead_is_called_better_and_its_reverse_worse() -> None:
    true, first, second = three(3000, seed=6, first=0.5, second=0.9)
    assert compare(true, first, second).scores["f1_weighted"].difference.word == "better"
    assert compare(true, second, first).scores["f1_weighted"].difference.word == "worse"


def test_equal_predictions_show_no_difference_anywhere() -> None:
    true, first, _ = three(200, seed=7)
    found = compare(true, first, first)
    differences = [score.difference for score in found.scores.values()] + [row.difference for row in found.classes]
    assert all((row.value, row.low, row.high) == (0, 0, 0) for row in differences)
    assert {row.word for row in differences} == {"no difference shown"}


def test_predictors_of_one_skill_are_rarely_called_different() -> None:
    said, rounds = 0, 60
    for seed in range(rounds):
        true, first, second = three(400, seed=100 + seed, first=0.7, second=0.7)
        found = compare(true, first, second, resamples=400)
        said += found.scores["f1_weighted"].difference.word != "no difference shown"
    # 5 % are expected; 9 of 60 would be seen once in 700 times.
    assert said < 9


def test_intervals_of_classes_hold_for_all_of_them_together() -> None:
    families = 0
    for seed in range(30):
        true, first, second = three(3000, seed=200 + seed, first=0.7, second=0.7)
        found = compare(true, first, second, resamples=400)
        families += any(row.difference.word != "no difference shown" for row in found.classes)
    assert families < 6


@pytest.mark.parametrize(("told_apart", "word"), [(5, "no difference shown"), (6, "better")])
def test_a_handful_of_products_shows_no_difference(told_apart: int, word: str) -> None:
    true = np.array([10] * 40 + [40] * 40)
    first = true.copy()
    first[:told_apart] = 40
    assert fewest_telling(looks=1) == 6
    assert compare(true, first, true).scores["accuracy"].difference.word == word


def test_thousands_of_draws_of_many_products_are_a_matter_of_seconds() -> None:
    true, first, second = three(17_000, seed=8)
    started = time.perf_counter()
    compare(true, first, second)
    # 0.4 s on an idle core.
    assert time.perf_counter() - started < 10


def test_same_predictions_give_the_same_intervals() -> None:
    answers = three(300, seed=9)
    assert compare(*answers) == compare(*answers)


def test_order_of_products_does_not_matter() -> None:
    answers = three(300, seed=10)
    order = np.random.default_rng(0).permutation(300)
    assert compare(*answers) == compare(*(codes[order] for codes in answers))


def test_nothing_to_compare_is_refused() -> None:
    none = np.zeros(0, np.int64)
    with pytest.raises(InputError, match="at least one product"):
        compare(none, none, none)
    with pytest.raises(MismatchError, match="1 true classes, but 1 and 2 predictions"):
        compare(np.array([10]), np.array([10]), np.array([10, 40]))
