"""A network of the demo plan trained on generated examples, as a stage, for tests that kill its process."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rakuten.outputs import OutputStore
from rakuten.recipes import ImageNetworkRecipe, TextNetworkRecipe, load_network_recipe
from rakuten.stages import stage
from rakuten.training.examples import Examples
from rakuten.training.networks.network import NetworkData, train_network

NUM_WORDS = 500
NUM_EXAMPLES = 200
SIDES = ("train", "train", "validation", "test")


@stage(version=1)
def train_demo_network(out: Path, name: str) -> dict[str, Any]:
    """Train a recipe on fewer words and for fewer epochs, with a checkpoint at every step."""
    recipe = load_network_recipe(name)
    rng = np.random.default_rng(0)
    inputs: npt.NDArray[Any]
    if isinstance(recipe, TextNetworkRecipe):
        recipe = recipe.model_copy(update={"num_words": NUM_WORDS, "sequence_length": 40})
        shape: tuple[int, ...] = (recipe.sequence_length,)
        inputs = rng.integers(0, NUM_WORDS, (NUM_EXAMPLES, *shape), np.int32)
    else:
        assert isinstance(recipe, ImageNetworkRecipe)
        shape = (recipe.input_size, recipe.input_size, 3)
        inputs = rng.integers(0, 256, (NUM_EXAMPLES, *shape), np.uint8)
    recipe = recipe.model_copy(update={"fit": recipe.fit.model_copy(update={"batch_size": 8, "epochs": 6})})
    sides = np.array([SIDES[number % len(SIDES)] for number in range(NUM_EXAMPLES)])
    examples = Examples(np.arange(NUM_EXAMPLES), rng.integers(0, 3, NUM_EXAMPLES), sides, lambda places: inputs[places])
    return train_network(out, NetworkData(recipe, examples, shape), checkpoint_seconds=0)


def main() -> None:
    """Train into the outputs folder and for the recipe that the command line names."""
    OutputStore(Path(sys.argv[1])).run(train_demo_network, name=sys.argv[2])
