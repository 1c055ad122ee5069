"""Networks over words: how many positions they read, odd texts, and the report's own way of fitting them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rakuten.catalogue.classes import CODES
from rakuten.data.split import by_content
from rakuten.outputs import StageOutput
from rakuten.recipes import CleaningRecipe, SplitRecipe, TextNetworkRecipe, load_recipe
from rakuten.text.stages import clean_products, find_corpus_words
from rakuten.training.families.text_network import FAMILY, FEWEST_POSITIONS
from rakuten.training.family import PredictorInputs
from rakuten.training.stages import train_model

NETWORKS = ("text_conv1d", "text_dnn", "text_gru", "text_bilstm", "text_rnn_designation")
ODD_TEXTS = ("", "\U0001f600 \U0001f600", "123456 789", "jamais vu ailleurs", "livre " * 10_000, "a" * 50_000)
WORDS = ("livre roman", "piscine pompe", "jeu console")


def quick(name: str, **changes: Any) -> TextNetworkRecipe:
    """A recipe of the project with one epoch to fit."""
    recipe = load_recipe(name)
    assert isinstance(recipe, TextNetworkRecipe)
    fit = recipe.fit.model_copy(update={"epochs": 1, "patience": None})
    return recipe.model_copy(update={"fit": fit, **changes})


def trained(hand_made: Any, recipe: TextNetworkRecipe, texts: list[str]) -> StageOutput:
    """A network trained on these texts; sides in turn."""
    places = range(len(texts))
    frame = pd.DataFrame(
        {
            "productid": [place + 1 for place in places],
            "prdtypecode": [CODES[place % 3] for place in places],
            "clean_designation": texts,
            "clean_text": texts,
        }
    )
    split = frame[["productid", "prdtypecode"]].assign(
        side=[("train", "train", "validation", "test")[place // 3 % 4] for place in places]
    )
    output: StageOutput = hand_made.store.run(
        train_model,
        clean=hand_made.output("clean_products-v1-train", {"train.parquet": frame}),
        split=hand_made.output("split_products-v1-0", {"split.parquet": split}),
        inputs={"corpus_words": hand_made.output("find_corpus_words-v1-0", {"corpus_words.json": "[]"})},
        recipe=recipe,
    )
    return output


@pytest.mark.parametrize(("longest", "read"), [(3, FEWEST_POSITIONS), (40, 40), (70, 60)])
def test_no_more_positions_are_read_than_the_longest_train_text_has(hand_made: Any, longest: int, read: int) -> None:
    texts = [WORDS[place % 3] for place in range(24)]
    texts[0] = " ".join(["livre"] * longest)
    texts[6] = "piscine " * 300  # a validation row
    model = trained(hand_made, quick("text_conv1d", sequence_length=60), texts)
    assert model.facts["sequence_length"] == read
    assert json.loads(model.file("recipe.json").read_bytes())["sequence_length"] == read


@pytest.mark.parametrize("name", NETWORKS)
def test_odd_texts_are_answered(hand_made: Any, name: str) -> None:
    recipe = quick(name)
    model = trained(hand_made, recipe, [WORDS[place % 3] for place in range(24)])
    odd = pd.DataFrame({"productid": range(len(ODD_TEXTS)), "clean_designation": ODD_TEXTS, "clean_text": ODD_TEXTS})
    values = FAMILY.predictor(recipe, model.folder, PredictorInputs()).answer(odd).values
    assert values.shape == (len(ODD_TEXTS), 27)
    assert np.isfinite(values).all()


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("name", ["text_conv1d", "text_dnn"])
def test_our_fit_is_at_least_as_good_as_the_report_s(hand_made: Any, shared_data: Path, name: str) -> None:
    """The report's: 5 epochs in batches of 200. Compared on validation products, of which it saw none."""
    folder = shared_data / "real-text"
    products = pd.read_csv(folder / "X_train_update.csv", index_col=0, keep_default_na=False)
    products["prdtypecode"] = pd.read_csv(folder / "y_train_CVw08PX.csv", index_col=0)["prdtypecode"]
    places = range(1, len(products) + 1)
    products = products.astype({"description": str}).assign(productid=places, image_digest=None, index=places)
    clean = hand_made.store.run(
        clean_products,
        accepted=hand_made.output("accept_products-v1-a", {"train.parquet": products}),
        recipe=CleaningRecipe(),
    )
    sides = products[["productid", "prdtypecode"]].assign(side=by_content(products, SplitRecipe()))
    split = hand_made.output("split_products-v1-a", {"split.parquet": sides})
    corpus_words = hand_made.store.run(find_corpus_words, clean=clean, split=split, recipe=CleaningRecipe())
    ours = load_recipe(name)
    assert isinstance(ours, TextNetworkRecipe)
    as_reported = {"batch_size": 200, "epochs": 5, "patience": None, "restore_best": False}
    report_s = ours.model_copy(update={"fit": ours.fit.model_copy(update=as_reported)})
    scores = [
        hand_made.store.run(
            train_model, clean=clean, split=split, inputs={"corpus_words": corpus_words}, recipe=recipe
        ).facts["validation_f1_weighted"]
        for recipe in (ours, report_s)
    ]
    assert scores[0] >= scores[1] > 0.3, scores
