"""A new family is two files of one name, and nothing else."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rakuten.catalogue.classes import CODES
from rakuten.data.probabilities import Probabilities
from rakuten.recipes import families as recipes_of_families
from rakuten.recipes.recipe import _registered
from rakuten.training import families
from rakuten.training.family import PredictorInputs, family_of
from rakuten.training.stages import train_model

RECIPES = """
from typing import Literal

from rakuten.recipes.network import ModelRecipe


class CommonestRecipe(ModelRecipe):
    modality = "text"
    family: Literal["commonest"]

    @property
    def columns(self):
        return ("designation",)
"""
CODE = """
import json

import numpy as np

from rakuten.data.label_masking import targets_of
from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.training.family import Family
from rakuten.training.predictor import text_predictor


def probabilities_of(shares, num_samples):
    return np.tile(np.float32(shares), (num_samples, 1))


class Commonest(Family):
    def fit(self, out, data):
        products = data.products()
        is_train = products["side"] == "train"
        counts = np.bincount(targets_of(products["prdtypecode"][is_train]), minlength=27)
        shares = (counts / counts.sum()).tolist()
        (out / "shares.json").write_text(json.dumps(shares))
        scored = products["productid"][~is_train].to_numpy()
        Probabilities(scored, probabilities_of(shares, len(scored))).write(out / PROBABILITIES)
        return {"train_rows": int(is_train.sum())}

    def refit(self, out, data, scored):
        return self.fit(out, data)

    def predictor(self, recipe, folder, inputs):
        shares = json.loads((folder / "shares.json").read_text())
        return text_predictor(recipe.columns, lambda products: probabilities_of(shares, len(products)))


FAMILY = Commonest()
"""


@pytest.fixture
def recipe_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The recipe class of a family whose two files lie beside the project's."""
    for package, code in ((recipes_of_families, RECIPES), (families, CODE)):
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / "commonest.py").write_text(code, "utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
        # Restored, and so forgotten, when the test ends.
        monkeypatch.setitem(sys.modules, f"{package.__name__}.commonest", None)
        del sys.modules[f"{package.__name__}.commonest"]
    return _registered()["commonest"]


def test_a_family_of_two_files_is_listed_trained_and_predicts(recipe_class: Any, hand_made: Any) -> None:
    recipe = recipe_class(name="commonest", family="commonest")
    codes = [CODES[0], CODES[0], CODES[1], CODES[0]]
    products = pd.DataFrame({"productid": [1, 2, 3, 4], "prdtypecode": codes, "designation": "livre"})
    clean = hand_made.output("clean_products-v1-a", {"train.parquet": products})
    split = hand_made.split(codes, ["train", "train", "train", "test"])
    model = hand_made.store.run(train_model, recipe=recipe, clean=clean, split=split, inputs={})
    assert model.facts["train_rows"] == 3
    scored = Probabilities.read(model.file("probabilities.parquet"))
    np.testing.assert_allclose(scored.values[:, :2], [[2 / 3, 1 / 3]], rtol=1e-6)
    predictor = family_of(recipe).predictor(recipe, model.folder, PredictorInputs())
    assert predictor.answer(products).predicted.tolist() == [CODES[0]] * 4
