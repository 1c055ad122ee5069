"""The calibration error on cases that can be computed by hand."""

import numpy as np
import pytest

from rakuten.statistics.calibration_error import calibration_error


def confident(confidence: float, rows: int) -> np.ndarray:
    return np.tile(np.float32([confidence, 1 - confidence]), (rows, 1))


def test_probabilities_that_are_right_as_often_as_they_say_have_no_error() -> None:
    targets = np.array([0] * 80 + [1] * 20)
    assert calibration_error(confident(0.8, 100), targets) == pytest.approx(0, abs=1e-6)


def test_certainty_that_is_always_wrong_has_error_one() -> None:
    assert calibration_error(confident(1.0, 10), np.ones(10, np.int64)) == pytest.approx(1)


def test_bins_are_weighted_by_their_products_and_do_not_cancel() -> None:
    values = np.concatenate([confident(0.9, 30), confident(0.6, 10)])
    targets = np.array([0] * 30 + [1] * 10)
    assert calibration_error(values, targets) == pytest.approx((30 * 0.1 + 10 * 0.6) / 40, abs=1e-6)
