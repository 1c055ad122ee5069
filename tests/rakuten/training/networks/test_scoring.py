import numpy as np
import pytest

from rakuten.errors import ConstantPredictionError
from rakuten.training.networks.scoring import GUARD_ROWS, refuse_constant, score

TARGETS = np.arange(60) % 3
FOLDS = np.arange(60) % 5


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def test_scores_of_known_probabilities() -> None:
    probabilities = np.array([[0.5, 0.5, 0.0], [0.25, 0.75, 0.0], [0.1, 0.1, 0.8], [1.0, 0.0, 0.0]], np.float32)
    scores = score(probabilities, np.array([0, 1, 2, 1]))
    assert scores.accuracy == 0.75
    assert scores.loss == pytest.approx(-np.log([0.5, 0.75, 0.8, 1e-7]).mean())
    # Class F1s 2/3, 2/3 and 1 with 1, 2 and 1 rows.
    assert scores.f1_weighted == pytest.approx(0.75)


def test_guard_refuses_a_model_that_answers_the_same_to_all() -> None:
    noise = np.random.default_rng(0).normal(0, 1e-4, (60, 3))
    with pytest.raises(ConstantPredictionError, match="one class for all 60"):
        refuse_constant(softmax(np.log([0.2, 0.3, 0.5]) + noise), TARGETS, FOLDS, "tiny")


def test_guard_lets_a_weak_model_pass_that_tells_rows_apart() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (60, 3))
    probabilities = softmax(np.log([0.1, 0.1, 0.8]) + noise)
    assert set(probabilities.argmax(axis=1)) == {2}
    refuse_constant(probabilities, TARGETS, FOLDS, "tiny")


def test_guard_is_silent_where_constant_answers_may_be_right() -> None:
    constant = np.full((60, 3), 1 / 3, np.float32)
    refuse_constant(constant, np.zeros(60, np.int64), FOLDS, "tiny")
    refuse_constant(constant[: GUARD_ROWS - 1], TARGETS[: GUARD_ROWS - 1], FOLDS[: GUARD_ROWS - 1], "tiny")


def test_folds_that_are_answered_by_different_parameters_hide_no_dead_network() -> None:
    by_fold = softmax(np.log([[0.2, 0.3, 0.5], [0.1, 0.3, 0.6], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4], [0.0001, 0.3, 0.6]]))
    with pytest.raises(ConstantPredictionError, match="tiny predicts one class"):
        refuse_constant(by_fold[FOLDS], TARGETS, FOLDS, "tiny")
