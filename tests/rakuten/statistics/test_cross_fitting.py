"""Cross-fitting folds: one a product wherever it is seen, and no row answered by what was fitted to it."""

import numpy as np
import numpy.typing as npt
import pytest

from rakuten.statistics.cross_fitting import NUM_FOLDS, cross_fitted, folds_of
from rakuten.statistics.temperature_scaling import at_cross_fitted_temperature


def test_a_product_has_the_same_fold_whatever_stands_beside_it() -> None:
    productids = np.arange(10_000, 11_000, dtype=np.int64)
    folds = folds_of(productids)
    assert np.array_equal(folds[::3], folds_of(productids[::3]))
    assert np.array_equal(folds[::-1], folds_of(productids[::-1]))


def test_folds_are_of_about_equal_sizes() -> None:
    counts = np.bincount(folds_of(np.arange(5_000, dtype=np.int64)), minlength=NUM_FOLDS)
    assert len(counts) == NUM_FOLDS
    assert counts.min() > 900


def test_every_row_is_answered_once_by_the_other_folds() -> None:
    folds = np.array([0, 3, 0, 1, 3, 3])
    fitted_to: dict[int, list[int]] = {}

    def answer(others: npt.NDArray[np.bool_], rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        assert not (others & rows).any()
        fitted_to.update({int(row): np.flatnonzero(others).tolist() for row in np.flatnonzero(rows)})
        return np.flatnonzero(rows).astype(float)

    assert cross_fitted(folds, answer).tolist() == [0, 1, 2, 3, 4, 5]
    assert fitted_to[0] == fitted_to[2] == [1, 3, 4, 5]
    assert fitted_to[3] == [0, 1, 2, 4, 5]


def test_no_row_cannot_be_cross_fitted() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        cross_fitted(np.empty(0, np.int64), lambda others, rows: np.empty(0))


def test_a_fold_without_others_keeps_its_probabilities() -> None:
    values = np.random.default_rng(0).dirichlet(np.ones(4), 10)
    same = at_cross_fitted_temperature(values, values, np.zeros(10, np.int64), np.zeros(10, np.int64))
    np.testing.assert_allclose(same, values)


def test_the_class_of_a_row_moves_no_temperature_that_the_row_is_at() -> None:
    random = np.random.default_rng(0)
    values, targets, folds = random.dirichlet(np.ones(4), 40), random.integers(0, 4, 40), np.arange(40) % 5
    before = at_cross_fitted_temperature(values, values, targets, folds)
    other = np.where(folds == 2, (targets + 1) % 4, targets)
    after = at_cross_fitted_temperature(values, values, other, folds)
    assert np.array_equal(before[folds == 2], after[folds == 2])
    assert not np.array_equal(before[folds != 2], after[folds != 2])
