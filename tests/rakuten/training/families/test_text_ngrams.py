"""The n-gram model from hand-made products to stored probabilities, odd texts and missing classes included."""

import json
import random
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rakuten.catalogue.classes import CODES
from rakuten.data.probabilities import Probabilities
from rakuten.data.split import pool_sides
from rakuten.errors import InputError, OutputError
from rakuten.outputs import StageOutput
from rakuten.recipes import SplitRecipe, TextNgramsRecipe, load_recipe
from rakuten.statistics.cross_fitting import folds_of
from rakuten.training.classifiers.calibration import FLOOR
from rakuten.training.classifiers.ngram_classifier import ARRAYS, STRUCTURE, NgramClassifier
from rakuten.training.families.text_ngrams import FAMILY
from rakuten.training.family import PredictorInputs
from rakuten.training.stages import refit_model, train_model

RECIPE = TextNgramsRecipe(
    family="text_ngrams",
    name="tiny",
    word_ngrams=(1, 2),
    char_ngrams=(3, 4),
    min_df=1,
    max_terms=2_000,
    title_weight=1.2,
    c=0.5,
    class_weight="balanced",
)

GOODS = {2583: "piscine bâche pompe filtre", 10: "livre roman auteur édition", 40: "console jeu manette import"}
SIDES = ["train", "train", "train", "validation", "test"]
ODD_TEXTS = ["", "   ", "🎮👾", "4711 0815", "<b>", "&", "\u200b", "mot " * 10_000, "x" * 50_000, "игра"]


def product_rows(codes: list[int], rows: int) -> pd.DataFrame:
    draw = random.Random(7)
    chosen = [codes[row % len(codes)] for row in range(rows)]
    return pd.DataFrame(
        {
            "productid": range(1, rows + 1),
            "index": range(rows),
            "prdtypecode": chosen,
            "designation": [" ".join(draw.sample(GOODS[code].split(), 3)) for code in chosen],
            "description": [
                "" if row % 3 else f"<p>{draw.choice(GOODS[code].split())} neuf</p>" for row, code in enumerate(chosen)
            ],
        }
    )


def trained(hand_made: Any, products: pd.DataFrame, sides: list[str], recipe: TextNgramsRecipe = RECIPE) -> StageOutput:
    clean = hand_made.output("clean_products-v1-a", {"train.parquet": products})
    split = hand_made.split(products["prdtypecode"].tolist(), sides)
    output: StageOutput = hand_made.store.run(train_model, recipe=recipe, clean=clean, split=split, inputs={})
    return output


def predicted(model: StageOutput, texts: list[str]) -> Probabilities:
    frame = pd.DataFrame({"productid": range(len(texts)), "designation": texts, "description": ""})
    return FAMILY.predictor(RECIPE, model.folder, PredictorInputs()).answer(frame)


def test_scored_rows_get_probabilities_and_the_right_class(hand_made: Any) -> None:
    products = product_rows(list(GOODS), 90)
    sides = [SIDES[row // 3 % 5] for row in range(90)]
    model = trained(hand_made, products, sides)
    probabilities = Probabilities.read(model.file("probabilities.parquet"))
    scored = products[np.isin(sides, ["validation", "test"])]
    assert probabilities.productids.tolist() == scored["productid"].tolist()
    assert probabilities.values.dtype == np.float32
    assert probabilities.predicted.tolist() == scored["prdtypecode"].tolist()
    assert model.facts["train_rows"] == 54
    assert model.facts["validation_f1_weighted"] == 1.0


def test_classes_without_train_rows_get_the_floor(hand_made: Any) -> None:
    products = product_rows(list(GOODS), 90)
    sides = ["test" if code == 40 else SIDES[row // 3 % 5] for row, code in enumerate(products["prdtypecode"])]
    probabilities = Probabilities.read(trained(hand_made, products, sides).file("probabilities.parquet"))
    known = [CODES.index(10), CODES.index(2583)]
    assert np.allclose(np.delete(probabilities.values, known, axis=1), FLOOR)


def test_classes_without_validation_rows_are_still_predicted(hand_made: Any) -> None:
    products = product_rows(list(GOODS), 90)
    sides = [SIDES[row // 3 % 5] for row in range(90)]
    pairs = zip(sides, products["prdtypecode"], strict=True)
    sides = ["train" if side == "validation" and code == 40 else side for side, code in pairs]
    model = trained(hand_made, products, sides)
    assert predicted(model, ["console jeu manette"]).predicted.tolist() == [40]


def test_without_validation_rows_it_is_uncalibrated_and_says_so(
    hand_made: Any, caplog: pytest.LogCaptureFixture
) -> None:
    model = trained(hand_made, product_rows(list(GOODS), 30), ["train"] * 29 + ["test"])
    assert "no validation rows" in caplog.text
    assert "validation_loss" not in model.facts
    assert len(Probabilities.read(model.file("probabilities.parquet")).values) == 1


def test_odd_texts_are_answered(hand_made: Any) -> None:
    products = product_rows(list(GOODS), 90)
    products.loc[products.index[: len(ODD_TEXTS)], "designation"] = ODD_TEXTS
    model = trained(hand_made, products, [SIDES[row // 3 % 5] for row in range(90)])
    probabilities = predicted(model, [*ODD_TEXTS, "livre roman", "roman auteur"])
    assert np.isfinite(probabilities.values).all()
    of_nothing = probabilities.values[[ODD_TEXTS.index(""), ODD_TEXTS.index("игра")]]
    assert of_nothing.max() < 0.9
    assert probabilities.predicted[-2:].tolist() == [10, 10]


def test_predictions_are_of_all_rows_of_the_part_in_their_order(hand_made: Any) -> None:
    model = trained(hand_made, product_rows(list(GOODS), 90), [SIDES[row // 3 % 5] for row in range(90)])
    probabilities = predicted(model, ["livre roman", "piscine pompe", "", "pompe filtre", "auteur livre"])
    assert probabilities.productids.tolist() == [0, 1, 2, 3, 4]
    assert probabilities.predicted[[0, 1, 3, 4]].tolist() == [10, 2583, 2583, 10]


def test_predictions_are_those_of_training(hand_made: Any) -> None:
    products, sides = product_rows(list(GOODS), 90), np.array([SIDES[row // 3 % 5] for row in range(90)])
    model = trained(hand_made, products, sides.tolist())
    again = FAMILY.predictor(RECIPE, model.folder, PredictorInputs()).answer(products)
    before = Probabilities.read(model.file("probabilities.parquet"))
    of_test, of_validation = (products["productid"].to_numpy()[sides == side] for side in ("test", "validation"))
    assert np.array_equal(again.of(of_test).values, before.of(of_test).values)
    # Validation rows are stored as calibrated by the other folds, the model as calibrated by all.
    assert not np.array_equal(again.of(of_validation).values, before.of(of_validation).values)


def test_the_class_of_a_validation_product_changes_nothing_that_is_stored_for_it(
    hand_made: Any, hand_made_in: Any, tmp_path: Any
) -> None:
    products, sides = product_rows(list(GOODS), 90), [SIDES[row // 3 % 5] for row in range(90)]
    changed = products["productid"].isin(
        [productid for productid, side in zip(products["productid"], sides, strict=True) if side == "validation"]
    )
    fold = folds_of(products["productid"].to_numpy(np.int64)) == 0
    others = products.copy()
    others.loc[changed & fold, "prdtypecode"] = 40
    stored = [
        Probabilities.read(trained(made, frame, sides).file("probabilities.parquet")).of(
            products["productid"].to_numpy()[changed & fold]
        )
        for made, frame in ((hand_made, products), (hand_made_in(tmp_path / "elsewhere"), others))
    ]
    assert len(stored[0].values) > 0
    assert np.array_equal(stored[0].values, stored[1].values)


def test_a_refit_learns_from_all_products_and_keeps_the_calibration(hand_made: Any) -> None:
    products = product_rows(list(GOODS), 90)
    sides = ["test" if code == 40 else SIDES[row // 3 % 5] for row, code in enumerate(products["prdtypecode"])]
    scored = trained(hand_made, products, sides)
    inputs = {name: hand_made.store.find(key) for name, key in upstream(scored).items()}
    pooled = hand_made.store.run(pool_sides, split=inputs["split"])
    of_refit = {"recipe": RECIPE, "clean": inputs["clean"], "split": pooled, "inputs": {}}
    refitted = hand_made.store.run(refit_model, **of_refit, scored=scored)
    assert refitted.facts["train_rows"] == 90
    assert set(refitted.manifest.files) == {ARRAYS, STRUCTURE}, "what no product is left to score has no probabilities"
    assert predicted(refitted, ["console jeu manette"]).predicted.tolist() == [40]
    before, after = (NgramClassifier.read(output.folder) for output in (scored, refitted))
    of_known = np.isin(after.known, before.known)
    assert after.calibration.slope == before.calibration.slope
    assert np.array_equal(after.calibration.biases[of_known], before.calibration.biases)
    assert after.calibration.biases[~of_known].tolist() == [0.0]


def upstream(output: StageOutput) -> dict[str, str]:
    """Keys of the outputs that an output was made from."""
    inputs = output.manifest.identity["inputs"]
    return {name: value["key"] for name, value in inputs.items() if isinstance(value, dict) and "key" in value}


def test_training_twice_makes_the_same_bytes(hand_made: Any, hand_made_in: Any, tmp_path: Any) -> None:
    products, sides = product_rows(list(GOODS), 60), [SIDES[row // 3 % 5] for row in range(60)]
    first = trained(hand_made, products, sides)
    second = trained(hand_made_in(tmp_path / "elsewhere"), products, sides)
    assert first.manifest.files == second.manifest.files


def test_withheld_rows_are_not_fitted_on(hand_made: Any) -> None:
    products = product_rows(list(GOODS), 60)
    products.loc[59, "designation"] = "zzzyx"
    model = trained(hand_made, products, [*(["train"] * 40), *(["validation"] * 19), "withheld"])
    assert "zzzyx" not in model.file(STRUCTURE).read_text("utf-8")
    assert 60 not in Probabilities.read(model.file("probabilities.parquet")).productids


def test_train_rows_of_one_class_are_refused(hand_made: Any) -> None:
    with pytest.raises(InputError, match="at least 2 classes"):
        trained(hand_made, product_rows([10], 10), ["train"] * 10)


def test_texts_without_a_repeated_term_are_refused(hand_made: Any) -> None:
    products = product_rows(list(GOODS), 6).assign(description="")
    with pytest.raises(InputError, match="no n-gram occurs in 50"):
        trained(hand_made, products, ["train"] * 6, RECIPE.model_copy(update={"min_df": 50}))


def test_model_files_hold_no_pickle_and_damage_is_seen(hand_made: Any, tmp_path: Any) -> None:
    model = trained(hand_made, product_rows(list(GOODS), 30), ["train"] * 30)
    with np.load(model.file(ARRAYS), allow_pickle=False) as arrays:
        stored = {name: arrays[name] for name in arrays.files}
    structure = json.loads(model.file(STRUCTURE).read_text("utf-8"))
    (tmp_path / STRUCTURE).write_text(json.dumps(structure), "utf-8")
    np.savez(tmp_path / ARRAYS, **{**stored, "coefficients": stored["coefficients"][1:]})
    with pytest.raises(OutputError, match="does not belong"):
        NgramClassifier.read(tmp_path)
    np.savez(tmp_path / ARRAYS, **{**stored, "coefficients": np.array([object()])}, allow_pickle=True)
    with pytest.raises(OutputError, match="Object arrays"):
        NgramClassifier.read(tmp_path)


@pytest.mark.real
def test_real_short_texts_reach_the_expected_score(hand_made: Any, shared_data: Any) -> None:
    from sklearn.metrics import f1_score

    from rakuten.data.split import by_content

    folder = shared_data / "real-text"
    products = pd.read_csv(folder / "X_train_update.csv", index_col=0, keep_default_na=False)
    products["prdtypecode"] = pd.read_csv(folder / "y_train_CVw08PX.csv", index_col=0)["prdtypecode"]
    products["productid"] = range(1, len(products) + 1)
    products["image_digest"] = None
    sides = by_content(products, SplitRecipe())
    recipe = load_recipe("text_ngrams")
    assert isinstance(recipe, TextNgramsRecipe)
    model = trained(hand_made, products, sides.tolist(), recipe)
    test = products[sides == "test"]
    probabilities = Probabilities.read(model.file("probabilities.parquet")).of(test["productid"].to_numpy())
    assert f1_score(test["prdtypecode"], probabilities.predicted, average="weighted") >= 0.74
