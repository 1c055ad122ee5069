"""Scores against scikit-learn's, and where they differ on purpose."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from rakuten.catalogue.classes import CODES
from rakuten.errors import InputError, MismatchError
from rakuten.evaluation.scores import (
    accuracy,
    count_confusions,
    f1_macro,
    f1_weighted,
    f1_weighted_interval,
    score_classes,
)

pairs_of_codes = st.lists(st.tuples(st.sampled_from(CODES), st.sampled_from(CODES)), min_size=1, max_size=200)


def counts_of(pairs: list[tuple[int, int]]) -> np.ndarray:
    true, predicted = np.asarray(pairs, np.int64).T
    return count_confusions(true, predicted)


@given(pairs_of_codes)
@settings(max_examples=60, deadline=None)
def test_scores_equal_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    true, predicted = np.asarray(pairs, np.int64).T
    counts, scores = counts_of(pairs), score_classes(counts_of(pairs))
    expected = metrics.precision_recall_fscore_support(true, predicted, labels=CODES, zero_division=0)
    for ours, theirs in zip((scores.precision, scores.recall, scores.f1, scores.support), expected, strict=True):
        np.testing.assert_allclose(ours, theirs)
    assert accuracy(counts) == pytest.approx(metrics.accuracy_score(true, predicted))
    assert f1_weighted(counts) == pytest.approx(
        metrics.f1_score(true, predicted, labels=CODES, average="weighted", zero_division=0)
    )
    present = sorted(set(true.tolist()))
    assert f1_macro(counts) == pytest.approx(
        metrics.f1_score(true, predicted, labels=present, average="macro", zero_division=0)
    )
    np.testing.assert_array_equal(counts, metrics.confusion_matrix(true, predicted, labels=CODES))


def test_macro_f1_leaves_out_classes_without_products() -> None:
    counts = counts_of([(10, 10), (10, 10), (40, 2905)])
    assert f1_macro(counts) == pytest.approx((1 + 0) / 2)


def test_stacked_tables_are_scored_as_each_alone() -> None:
    tables = np.stack([counts_of([(10, 10), (40, 10)]), counts_of([(50, 50), (60, 60)])])
    np.testing.assert_allclose(f1_weighted(tables), [f1_weighted(table) for table in tables])


def test_codes_outside_the_catalogue_are_refused() -> None:
    with pytest.raises(MismatchError, match="received 11"):
        count_confusions(np.array([10]), np.array([11]))
    with pytest.raises(MismatchError, match="received 9999"):
        count_confusions(np.array([9999]), np.array([10]))


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(MismatchError, match="2 true classes, but 1 predictions"):
        count_confusions(np.array([10, 40]), np.array([10]))


def test_interval_equals_that_of_resampled_products() -> None:
    generator = np.random.default_rng(0)
    true = generator.choice(CODES[:6], 400)
    predicted = np.where(generator.random(400) < 0.7, true, generator.choice(CODES[:6], 400))
    drawn = [generator.integers(0, 400, 400) for _ in range(400)]
    resampled = [float(f1_weighted(count_confusions(true[rows], predicted[rows]))) for rows in drawn]
    low, high = f1_weighted_interval(count_confusions(true, predicted))
    assert (low, high) == pytest.approx(np.quantile(resampled, [0.025, 0.975]), abs=0.012)


def test_interval_is_the_same_each_time_and_holds_the_score() -> None:
    counts = counts_of([(10, 10)] * 50 + [(40, 10)] * 10 + [(40, 40)] * 30)
    assert f1_weighted_interval(counts) == f1_weighted_interval(counts)
    low, high = f1_weighted_interval(counts)
    assert low < float(f1_weighted(counts)) < high


def test_interval_of_no_products_is_refused() -> None:
    with pytest.raises(InputError, match="at least one product"):
        f1_weighted_interval(np.zeros((27, 27), np.int64))
