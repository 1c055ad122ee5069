"""A step of any training: how many rows it shows, and what each weighs."""

import numpy as np
import pytest
import tiny_training

from rakuten.recipes import FitSettings
from rakuten.training.steps import Rows, Steps, sample_weights


def test_balanced_weights_give_every_class_the_same_sum() -> None:
    targets = np.array([0, 0, 0, 2, 2, 5])
    weights = sample_weights(targets, tiny_training.RECIPE.fit)
    assert weights is not None
    sums = [weights[targets == target].sum() for target in (0, 2, 5)]
    np.testing.assert_allclose(sums, 2.0)
    assert sample_weights(targets, tiny_training.RECIPE.fit.model_copy(update={"class_weight": "none"})) is None


@pytest.mark.parametrize(("num_rows", "batch_size", "per_epoch"), [(40, 8, 5), (41, 9, 5), (300, 60, 5), (7, 8, 1)])
def test_batches_grow_where_an_epoch_would_take_more_than_the_most_steps(
    num_rows: int, batch_size: int, per_epoch: int
) -> None:
    settings = FitSettings(batch_size=8, most_steps=5, epochs=1, learning_rate=0.1)
    shown: list[int] = []

    def gather(places: np.ndarray) -> np.ndarray:
        shown.append(len(places))
        return np.zeros((len(places), 2), np.float32)

    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="softmax")])
    steps = Steps(model, Rows(gather, np.arange(num_rows) % 3), settings, seed=1)
    steps.run(0, per_epoch - 1)
    assert (steps.per_epoch, shown) == (per_epoch, [batch_size])
