"""Search for a learning rate, for every family of networks, and its plot."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from test_family_stages import BACKBONE, BIMODAL, HASHES, HEAD, IMAGE, NUM_PRODUCTS, SHORT_FIT, TEXT, training_inputs

from rakuten.errors import InputError
from rakuten.outputs import SCRATCH, OutputStore
from rakuten.recipes import RateFinderRecipe
from rakuten.reporting.lr_curve import draw_rate_curve
from rakuten.training.stages import search_learning_rate

# Of every three products in turn: 21 of the train products have a usable image, and so have the validation products.
MOSTLY_TRAIN = ("train",) * 12 + ("validation", "test")
SHORT_TEXT, SHORT_HASHES, SHORT_HEAD, SHORT_BIMODAL = (
    recipe.model_copy(update={"fit": SHORT_FIT}) for recipe in (TEXT, HASHES, HEAD, BIMODAL)
)
FINDER = RateFinderRecipe(method="batch", lowest=1e-4, highest=10, steps=100)


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(recipe, id=recipe.family)
        for recipe in (SHORT_TEXT, SHORT_HASHES, IMAGE, SHORT_HEAD, BACKBONE, SHORT_BIMODAL)
    ],
)
def test_every_family_has_its_learning_rate_found_and_drawn(recipe: Any, tmp_path: Path) -> None:
    store = OutputStore(tmp_path / "outputs")
    given = training_inputs(store, recipe, MOSTLY_TRAIN)
    found = store.run(search_learning_rate, **given, finder=FINDER)

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
    split = pd.read_parquet(given["split"].file("split.parquet"))
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
        found = store.run(search_learning_rate, **training_inputs(store, SHORT_HASHES, sides), finder=FINDER)
        curves.append(pd.read_parquet(found.file("curve.parquet")))
    pd.testing.assert_frame_equal(*curves)


def test_split_without_train_rows_is_refused(tmp_path: Path) -> None:
    store = OutputStore(tmp_path / "outputs")
    given = training_inputs(store, SHORT_HASHES, ("validation", "test"))
    with pytest.raises(InputError, match="expected train rows that this model can read, received none"):
        store.run(search_learning_rate, **given, finder=FINDER)
