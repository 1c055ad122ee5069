import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import check_grad

from rakuten.training.classifiers.calibration import Calibration, _loss, columns_of, cross_calibrated, uncalibrated


def scores_and_targets(seed: int, rows: int = 400, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Scores of a classifier that is often right, on the scale of an SVM's."""
    random = np.random.default_rng(seed)
    targets = random.integers(0, classes, rows)
    scores = random.normal(-0.8, 0.4, (rows, classes))
    scores[np.arange(rows), targets] += random.normal(1.0, 0.6, rows)
    return scores, targets


def cross_entropy(calibration: Calibration, scores: np.ndarray, targets: np.ndarray) -> float:
    return float(-np.log(calibration.apply(scores)[np.arange(len(targets)), targets]).mean())


def test_gradient_is_that_of_the_loss() -> None:
    scores, targets = scores_and_targets(0, rows=50)
    point = np.random.default_rng(1).normal(0, 0.3, 8)
    assert check_grad(lambda p: _loss(p, scores, targets)[0], lambda p: _loss(p, scores, targets)[1], point) < 1e-5


def test_calibrating_lowers_the_loss_on_other_rows() -> None:
    fitted = Calibration.fit(*scores_and_targets(0))
    assert cross_entropy(fitted, *scores_and_targets(1)) < 0.8 * cross_entropy(uncalibrated(5), *scores_and_targets(1))


def test_confidence_is_the_share_of_right_answers() -> None:
    scores, targets = scores_and_targets(1, rows=4_000)
    probabilities = Calibration.fit(*scores_and_targets(0, rows=4_000)).apply(scores)
    assert probabilities.max(axis=1).mean() == pytest.approx((probabilities.argmax(axis=1) == targets).mean(), abs=0.02)


def test_a_class_without_validation_rows_keeps_a_chance() -> None:
    scores, targets = scores_and_targets(0)
    present = targets != 3
    fitted = Calibration.fit(scores[present], targets[present])
    highest = np.full((1, 5), -1.0)
    highest[0, 3] = 1.0
    assert fitted.apply(highest).argmax() == 3


@pytest.mark.parametrize("rows", [1, 2])
def test_next_to_no_rows_make_finite_probabilities(rows: int) -> None:
    scores, targets = scores_and_targets(0, rows=rows)
    probabilities = Calibration.fit(scores, targets).apply(np.array([[-9.0, 9.0, 0.0, 0.0, 0.0]]))
    assert np.isfinite(probabilities).all()
    assert probabilities.sum() == pytest.approx(1)


def test_a_few_rows_all_right_do_not_mean_certainty() -> None:
    scores = np.where(np.eye(3, dtype=bool), 1.0, -1.0)[np.arange(12) % 3]
    highest = Calibration.fit(scores, np.arange(12) % 3).apply(scores).max()
    assert 0.9 < highest < 0.97


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_a_higher_score_is_never_a_lower_probability(seed: int) -> None:
    fitted = Calibration.fit(*scores_and_targets(seed, rows=60))
    row = np.zeros((30, 5))
    row[:, 2] = np.linspace(-6, 6, 30)
    assert (np.diff(fitted.apply(row)[:, 2]) >= 0).all()


def test_calibration_survives_json() -> None:
    fitted = Calibration.fit(*scores_and_targets(0))
    scores, _ = scores_and_targets(1)
    assert np.array_equal(Calibration.from_json(fitted.as_json()).apply(scores), fitted.apply(scores))


def test_a_calibration_of_other_classes_leaves_unknown_ones_where_they_are() -> None:
    fitted = Calibration(1.5, 0.2, 0.8, np.array([0.3, -0.1, 0.4]))
    moved = fitted.for_classes(np.array([2, 5, 9]), np.array([2, 7, 9, 20]))
    assert moved.biases.tolist() == [0.3, 0.0, 0.4, 0.0]
    assert (moved.slope, moved.offset, moved.power) == (1.5, 0.2, 0.8)


def test_calibrating_on_rows_flatters_them_and_cross_fitting_does_not() -> None:
    """A calibration of very many other rows is the best there is; nothing honest beats it on few rows."""
    best = Calibration.fit(*scores_and_targets(999, rows=3_000, classes=20))
    gains, losses = [], []
    for seed in range(4):
        scores, targets = scores_and_targets(seed, rows=150, classes=20)
        rows = np.arange(len(targets))
        expected = cross_entropy(best, scores, targets)
        gains.append(expected - cross_entropy(Calibration.fit(scores, targets), scores, targets))
        crossed = cross_calibrated(scores, targets, rows % 5)
        losses.append(float(-np.log(crossed[rows, targets]).mean()) - expected)
    assert min(gains) > 0.01
    assert 0 < np.mean(losses) < 0.06


def test_the_class_of_a_row_does_not_move_its_own_calibration() -> None:
    scores, targets = scores_and_targets(0, rows=60)
    folds = np.arange(60) % 5
    before = cross_calibrated(scores, targets, folds)
    after = cross_calibrated(scores, np.where(folds == 1, (targets + 1) % 5, targets), folds)
    assert np.array_equal(before[folds == 1], after[folds == 1])
    assert not np.array_equal(before[folds != 1], after[folds != 1])


def test_rows_of_classes_without_a_column_are_answered_and_not_fitted_to() -> None:
    scores, targets = scores_and_targets(0, rows=60)
    unknown = np.where(np.arange(60) < 6, -1, targets)
    crossed = cross_calibrated(scores, unknown, np.arange(60) % 5)
    assert np.isfinite(crossed).all()
    np.testing.assert_allclose(crossed.sum(axis=1), 1)


def test_rows_of_one_fold_stay_uncalibrated() -> None:
    scores, targets = scores_and_targets(0, rows=8)
    crossed = cross_calibrated(scores, targets, np.zeros(8, np.int64))
    np.testing.assert_allclose(crossed, uncalibrated(5).apply(scores))
    assert cross_calibrated(scores[:0], targets[:0], np.zeros(0, np.int64)).shape == (0, 5)


def test_columns_of_targets_among_known_ones() -> None:
    assert columns_of(np.array([9, 2, 5, 1, 26]), np.array([2, 5, 9])).tolist() == [2, 0, 1, -1, -1]
