"""Early stopping as a function of losses, and validation rows answered after the epoch that other rows keep."""

from typing import Any

import numpy as np
import pytest

from rakuten.recipes import FitSettings
from rakuten.training.networks.stopping import best_epoch, cross_fitted_epochs, kept_epoch, row_losses, stops

NUM_CLASSES = 4


def settings(**changes: Any) -> FitSettings:
    return FitSettings(batch_size=8, epochs=20, learning_rate=0.1, **{"patience": 2, **changes})


def test_the_earliest_of_equally_good_epochs_is_the_best() -> None:
    assert best_epoch([3.0, 2.0, 2.0, 4.0]) == 2
    assert best_epoch([]) == 0


def test_fitting_stops_after_epochs_that_are_no_better() -> None:
    assert not stops([3.0, 2.0, 2.5], 2)
    assert stops([3.0, 2.0, 2.5, 2.1], 2)
    assert not stops([3.0, 4.0, 5.0, 6.0], None)


@pytest.mark.parametrize(
    ("losses", "changes", "epoch"),
    [
        ([3.0, 2.0, 2.5, 2.1, 1.0], {}, 2),
        ([3.0, 2.0, 2.5, 2.1, 1.0], {"restore_best": False}, 4),
        ([3.0, 2.0, 2.5, 2.1, 1.0], {"patience": None}, 5),
        ([1.0, 2.0, 3.0], {"patience": None}, 1),
        ([1.0, 2.0, 3.0], {"patience": None, "restore_best": False}, 3),
        ([2.0], {}, 1),
    ],
)
def test_the_epoch_that_is_kept(losses: list[float], changes: dict[str, Any], epoch: int) -> None:
    assert kept_epoch(losses, settings(**changes)) == epoch


def epochs_of_chance(seed: int, num_epochs: int = 15, num_rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities after epochs that are all equally good but for chance, and true classes."""
    random = np.random.default_rng(seed)
    values = random.dirichlet(np.full(NUM_CLASSES, 0.7), (num_epochs, num_rows)).astype(np.float32)
    return values, random.integers(0, NUM_CLASSES, num_rows)


def test_stopping_on_rows_flatters_them_and_cross_fitting_does_not() -> None:
    used, honest, expected = [], [], []
    for seed in range(40):
        values, targets = epochs_of_chance(seed)
        losses, folds = row_losses(values, targets), np.arange(len(targets)) % 5
        chosen = cross_fitted_epochs(losses, values, folds, settings(patience=None))
        used.append(losses.mean(axis=1).min())
        honest.append(row_losses(chosen[None], targets).mean())
        expected.append(losses.mean())
    error = np.std(expected) / np.sqrt(len(expected))
    assert np.mean(used) < np.mean(expected) - 0.2
    assert np.mean(honest) > np.mean(expected) - 3 * error - 0.05


def test_rows_are_answered_after_the_epoch_that_other_folds_keep() -> None:
    values = np.stack([np.full((4, NUM_CLASSES), epoch, np.float32) for epoch in (1, 2, 3)])
    # Rows 0 and 1 are best after epoch 3, rows 2 and 3 after epoch 1.
    losses = np.array([[9.0, 9.0, 1.0, 1.0], [5.0, 5.0, 5.0, 5.0], [1.0, 1.0, 8.0, 8.0]])
    answered = cross_fitted_epochs(losses, values, np.array([0, 0, 1, 1]), settings(patience=None))
    assert answered[:, 0].tolist() == [1, 1, 3, 3]


def test_rows_without_other_folds_are_answered_after_the_last_epoch() -> None:
    values, targets = epochs_of_chance(0, num_rows=3)
    answered = cross_fitted_epochs(row_losses(values, targets), values, np.zeros(3, np.int64), settings())
    assert np.array_equal(answered, values[-1])
