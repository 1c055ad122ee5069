"""A step of any training: how many rows it shows, and what each weighs."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_training

from rakuten.recipes import FitSettings
from rakuten.training.networks.checkpoints import Checkpoint, Checkpoints
from rakuten.training.networks.steps import Rows, Steps, sample_weights


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


def small_steps(units: int = 3, policy: str = "float32") -> Steps:
    import keras

    keras.utils.clear_session()
    keras.config.set_dtype_policy(policy)
    try:
        layers = [keras.layers.Dense(units, activation="relu"), keras.layers.Dense(3, activation="softmax")]
        model = keras.Sequential([keras.Input((2,)), *layers], name="small")
        settings = FitSettings(batch_size=4, epochs=1, learning_rate=0.1)
        return Steps(model, Rows(lambda rows: np.ones((len(rows), 2), np.float32), np.arange(8) % 3), settings, seed=1)
    finally:
        keras.config.set_dtype_policy("float32")


def checkpoints_of(steps: Steps, folder: Path) -> Checkpoints:
    checkpoints = Checkpoints(folder, seconds=0)
    checkpoints.save(Checkpoint(steps.arrays(), {"step": 1}))
    return checkpoints


def test_variables_are_named_by_their_paths(tmp_path: Path) -> None:
    names = small_steps().arrays().keys()
    assert {"variable_small/dense/kernel", "variable_small/dense_1/bias", "variable_adam/iteration"} <= names
    assert len(names) == 4 + 2 + 8


def test_a_checkpoint_of_the_same_network_is_resumed(tmp_path: Path) -> None:
    steps = small_steps()
    steps.run(0, 0)
    checkpoints = checkpoints_of(steps, tmp_path)
    resumed = small_steps()
    found = resumed.resume(checkpoints)
    assert found is not None
    assert found.position == {"step": 1}
    assert {name: array.tolist() for name, array in resumed.arrays().items()} == {
        name: array.tolist() for name, array in steps.arrays().items()
    }


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({"units": 5}, r"expected shape \(3, 3\), received \(5, 3\)"),
        ({"policy": "mixed_float16"}, r"expected shape None, received \(\)"),
    ],
    ids=["other sizes", "a scaled loss"],
)
def test_a_checkpoint_of_other_variables_is_dropped_with_a_warning(
    other: dict[str, Any], difference: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = checkpoints_of(small_steps(**other), tmp_path)
    steps = small_steps()
    before = steps.arrays()
    assert steps.resume(checkpoints) is None
    assert all(np.array_equal(array, before[name]) for name, array in steps.arrays().items())
    (warning,) = caplog.messages
    assert re.search(rf"does not fit this network \(.*{difference}.*\); its training starts anew", warning)
