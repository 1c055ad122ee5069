"""Test products are scored, never fitted or chosen on: what tries gets an error, and their classes move nothing."""

from typing import Any

import grimp
import numpy as np
import pandas as pd
import pytest

from rakuten.catalogue.classes import CODES
from rakuten.data.label_masking import HIDDEN, targets_of
from rakuten.errors import HeldOutError
from rakuten.fusion.stages import fuse
from rakuten.outputs import StageOutput
from rakuten.recipes import TextNgramsRecipe, TextTfidfRecipe, load_recipe
from rakuten.text.inputs import read_labelled
from rakuten.training.classifiers.ngram_classifier import NgramClassifier
from rakuten.training.classifiers.tfidf_classifier import TfidfClassifier
from rakuten.training.examples import examples_of
from rakuten.training.networks.steps import Rows
from rakuten.training.stages import train_model

GOODS = {2583: "piscine bâche pompe filtre", 10: "livre roman auteur édition", 40: "console jeu manette import"}
SIDES = ["train", "train", "train", "validation", "test", "withheld"]
ROWS = 72


def recipe_named(name: str, **changes: Any) -> Any:
    return load_recipe(name).model_copy(update=changes)


def made(hand_made: Any, key: str, test_codes: list[int] | None = None) -> tuple[StageOutput, StageOutput]:
    """Clean products and their split; test and withheld products of these classes, or of their true ones."""
    codes = [list(GOODS)[row % 3] for row in range(ROWS)]
    sides = [SIDES[row // 3 % 6] for row in range(ROWS)]
    texts = [f"{GOODS[code]} {row % 7}" for row, code in enumerate(codes)]
    labels = [
        code if test_codes is None or sides[row] in SIDES[:4] else test_codes[row] for row, code in enumerate(codes)
    ]
    products = pd.DataFrame({"productid": range(1, ROWS + 1), "prdtypecode": labels, "designation": texts})
    products = products.assign(description="", clean_text=texts)
    clean = hand_made.output(f"clean_products-v1-{key}", {"train.parquet": products})
    split = products[["productid", "prdtypecode"]].assign(side=sides)
    return clean, hand_made.output(f"split_products-v1-{key}", {"split.parquet": split})


@pytest.fixture
def products(hand_made: Any) -> pd.DataFrame:
    return read_labelled(*made(hand_made, "a"), ["designation", "clean_text"])


def test_classes_of_test_products_are_hidden_from_what_trains(products: pd.DataFrame) -> None:
    hidden = products["prdtypecode"] == HIDDEN
    assert set(products.loc[hidden, "side"]) == {"test", "withheld"}
    assert set(products.loc[~hidden, "side"]) == {"train", "validation"}
    assert (targets_of(products["prdtypecode"])[~hidden] >= 0).all()


@pytest.mark.parametrize("side", ["test", "withheld"])
def test_fitting_on_products_that_are_only_scored_is_an_error(products: pd.DataFrame, side: str) -> None:
    tried = products[products["side"].isin(["train", side])]
    targets, texts = targets_of(tried["prdtypecode"]), tried["clean_text"].tolist()
    with pytest.raises(HeldOutError, match="asked to fit text_logistic_regression on 48 rows, 12 of them test"):
        TfidfClassifier.fit(texts, targets, recipe_named("text_logistic_regression"))
    with pytest.raises(HeldOutError, match="asked to fit text_ngrams"):
        NgramClassifier.fit({"designation": texts, "description": texts}, targets, recipe_named("text_ngrams"))
    with pytest.raises(HeldOutError, match="fit or validate a network"):
        Rows(lambda places: places, targets)


def test_calibrating_on_test_products_is_an_error(products: pd.DataFrame) -> None:
    train, test = products[products["side"] == "train"], products[products["side"] == "test"]
    tfidf: TextTfidfRecipe = recipe_named("text_linear_svc")
    ngrams: TextNgramsRecipe = recipe_named("text_ngrams", min_df=1)
    targets, texts = targets_of(train["prdtypecode"]), train["clean_text"].tolist()
    hidden, asked = targets_of(test["prdtypecode"]), test["clean_text"].tolist()
    with pytest.raises(HeldOutError, match="calibrate"):
        TfidfClassifier.fit(texts, targets, tfidf).calibrated(asked, hidden, np.zeros(len(asked), np.int64))
    fitted = NgramClassifier.fit({"designation": texts, "description": texts}, targets, ngrams)
    with pytest.raises(HeldOutError, match="calibrate"):
        fitted.calibrated({"designation": asked, "description": asked}, hidden, np.zeros(len(asked), np.int64))


def test_a_networks_examples_hold_no_class_of_a_test_product(products: pd.DataFrame) -> None:
    examples = examples_of(products[products["side"] != "withheld"], gather=lambda places: places)
    assert (examples.targets[examples.indices("test")] == HIDDEN).all()
    assert (examples.targets[examples.indices("train", "validation")] != HIDDEN).all()


def test_classes_of_test_products_change_no_model_and_no_fusion(hand_made: Any) -> None:
    shuffled = np.random.default_rng(0).choice(CODES, ROWS).tolist()
    contents = []
    for key, codes in (("a", None), ("b", shuffled)):
        clean, split = made(hand_made, key, codes)
        recipe = recipe_named("text_ngrams", min_df=1)
        model = hand_made.store.run(train_model, recipe=recipe, clean=clean, split=split, inputs={})
        asked = {"members": (model,), "names": ("ngrams",), "modalities": ("text",), "split": split}
        fused = hand_made.store.run(fuse, **asked, method="stacked", calibrate=True)
        files = {name: record.sha256 for name, record in model.manifest.files.items()}
        files["fused"] = fused.manifest.files["probabilities.parquet"].sha256
        contents.append((files, model.facts))
    assert contents[0] == contents[1]


def test_nothing_that_fits_or_chooses_can_reach_the_classes_of_test_products() -> None:
    graph = grimp.build_graph("rakuten")
    for layer in ("training", "fusion"):
        assert not graph.chain_exists(f"rakuten.{layer}", "rakuten.evaluation.test_labels", as_packages=True)
    assert graph.chain_exists("rakuten.evaluation.evaluate", "rakuten.evaluation.test_labels")
