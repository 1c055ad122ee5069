"""A training of a second with everything that makes resuming hard; run as a script, it kills itself on the way."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rakuten.recipes import Augmentation, FitSettings, ImageNetworkRecipe
from rakuten.training.examples import Examples
from rakuten.training.networks.network import NetworkData, train_network

STEPS_PER_EPOCH = 5
# Dropout, augmentation, batch norm, class weights, early stopping and restored weights.
RECIPE = ImageNetworkRecipe(
    name="tiny",
    family="image_network",
    model="image_small_cnn",
    input_size=16,
    architecture={"filters": 4, "blocks": 2, "dropout": 0.3},
    augmentation=Augmentation(flip="horizontal", shift=0.1),
    fit=FitSettings(batch_size=8, epochs=15, learning_rate=0.01, patience=2, class_weight="balanced"),
)


def tiny_examples(before_batch: Callable[[], None] = lambda: None) -> Examples:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 3, 60)
    pixels = rng.integers(0, 256, (60, 16, 16, 3), np.uint8)

    def gather(places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        before_batch()
        return pixels[places]

    sides = np.array(["train"] * 38 + ["validation"] * 12 + ["test"] * 10)
    return Examples(np.arange(1000, 1060), targets, sides, gather)


def train_tiny(out: Path, before_batch: Callable[[], None] = lambda: None) -> dict[str, Any]:
    out.mkdir(exist_ok=True)
    return train_network(out, NetworkData(RECIPE, tiny_examples(before_batch), (16, 16, 3)), checkpoint_seconds=0)


def call_at(number: int, action: Callable[[], None]) -> Callable[[], None]:
    """A function that calls `action` when it is called for the `number`th time."""
    calls = iter(range(1, sys.maxsize))

    def counted() -> None:
        if next(calls) == number:
            action()

    return counted


if __name__ == "__main__":
    train_tiny(Path(sys.argv[1]), call_at(int(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL)))
