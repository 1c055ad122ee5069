"""Finding a learning rate as a stage, for every family of networks, and drawing what was seen."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from rakuten.training.image_rates import find_image_network_rate
from rakuten.training.text_rates import find_text_hashes_rate, find_text_network_rate
from test_network_stages import BACKBONE, HASHES, HEAD, IMAGE, NUM_PRODUCTS, TEXT, inputs_of

from rakuten.errors import InputError
from rakuten.evaluation.rate_curve import draw_rate_curve
from rakuten.outputs import SCRATCH, OutputStore
from rakuten.recipes import RateFinderRecipe

# Of every three products in turn: 21 of the train products have a usable image, and so have the validation products.
MOSTLY_TRAIN = ("train",) * 12 + ("validation", "test")
FINDER = RateFinderRecipe(method="batch", lowest=1e-4, highest=10, steps=100)


@pytest.mark.parametrize(
    ("find", "recipe"),
    [
        pytest.param(find_text_network_rate, TEXT, id="text_network"),
        pytest.param(find_text_hashes_rate, HASHES, id="text_hashes"),
        pytest.param(find_image_network_rate, IMAGE, id="image_network"),
        pytest.param(find_image_network_rate, HEAD, id="image_features"),
        pytest.param(find_image_network_rate, BACKBONE, id="image_backbone"),
    ],
)
def test_every_family_has_its_learning_rate_found_and_drawn(find: Any, recipe: Any, tmp_path: Path) -> None:
    store = OutputStore(tmp_path / "outputs")
    shared, of_training = inputs_of(store, recipe, MOSTLY_TRAIN)
    found = store.run(find, recipe=recipe, finder=FINDER, **shared, **of_training)

    curve, choice = pd.read_parquet(found.file("curve.parquet")), found.read_json("choice.json")
    assert list(curve.columns) == ["step", "learning_rate", "loss", "smoothed"]
    assert curve["step"].tolist() == list(range(1, found.facts["steps"] + 1))
    np.testing.assert_allclose(curve["learning_rate"], FINDER.rates[: len(curve)])
    assert choice["learning_rate"] == found.facts["learning_rate"]
    smoothed = curve["smoothed"][(curve["learning_rate"] == choice["found"])].item()
    assert smoothed < curve["smoothed"].iloc[0]
    tried = {trial["learning_rate"]: trial for trial in choice["trials"]}
    assert choice["learning_rate"] in tried
    assert {choice["found"], recipe.fit.learning_rate} <= set(tried) or len(tried) == 3
    assert [rate for rate, trial in tried.items() if trial["own"]] == [recipe.fit.learning_rate]
    assert not (found.folder / SCRATCH).exists()
    split = pd.read_parquet(of_training["split"].file("split.parquet"))
    assert found.facts["train_rows"] == (split["side"] == "train").sum() - (
        0 if recipe.modality == "text" else _unpictured_train_rows(split)
    )

    drawn = store.run(draw_rate_curve, found=found, name=recipe.name)
    with Image.open(drawn.file("curve.png")) as picture:
        assert picture.size[0] > picture.size[1] > 100


def _unpictured_train_rows(split: pd.DataFrame) -> int:
    places = np.arange(NUM_PRODUCTS)
    return int(((split["side"] == "train") & ((places % 4 == 3) | (places % 5 == 4))).sum())


def test_only_train_rows_decide(tmp_path: Path) -> None:
    """Validation and test products change sides: the same train rows, the same curve."""
    store = OutputStore(tmp_path / "outputs")
    curves = []
    for others in (("validation", "test"), ("test", "validation")):
        sides = ("train",) * 8 + others * 3
        shared, of_training = inputs_of(store, HASHES, sides)
        found = store.run(find_text_hashes_rate, recipe=HASHES, finder=FINDER, **shared, **of_training)
        curves.append(pd.read_parquet(found.file("curve.parquet")))
    pd.testing.assert_frame_equal(*curves)


def test_split_without_train_rows_is_refused(tmp_path: Path) -> None:
    store = OutputStore(tmp_path / "outputs")
    shared, of_training = inputs_of(store, HASHES, ("validation", "test"))
    with pytest.raises(InputError, match="expected train rows that this model can read, received none"):
        store.run(find_text_hashes_rate, recipe=HASHES, finder=FINDER, **shared, **of_training)
