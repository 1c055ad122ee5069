"""Equal models are stored as equal bytes, and read back as what they were."""

from pathlib import Path

import numpy as np
import pytest

from rakuten.catalogue.classes import NUM_CLASSES
from rakuten.determinism import make_reproducible
from rakuten.models.building import build_model
from rakuten.recipes import TextNetworkRecipe, load_recipe
from rakuten.training.networks.model_files import read_model, write_model


@pytest.mark.parametrize("name", ["text_conv1d", "text_rnn_designation", "text_gru", "text_bilstm"])
def test_a_model_built_twice_is_stored_as_the_same_bytes_and_read_back(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    assert isinstance(recipe, TextNetworkRecipe)
    recipe = recipe.model_copy(update={"num_words": 20})
    # Both live at once: Keras must not find a part of the second one where one of the first stood in memory.
    models = []
    for place in range(2):
        make_reproducible(recipe.seed)
        models.append(build_model(recipe, NUM_CLASSES, (8,)))
        write_model(tmp_path / f"{place}.keras", models[-1])
    assert (tmp_path / "0.keras").read_bytes() == (tmp_path / "1.keras").read_bytes()
    words = np.array([[3, 4, 5, 0, 0, 0, 0, 0]], np.int32)
    answers = read_model(tmp_path / "0.keras").predict_on_batch(words)
    np.testing.assert_array_equal(answers, models[0].predict_on_batch(words))
