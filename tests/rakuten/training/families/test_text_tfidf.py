"""The report's scikit-learn models, from hand-made products to stored probabilities, odd texts and files included."""

import functools
import json
import random
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rakuten.catalogue.classes import CODES
from rakuten.data.probabilities import Probabilities
from rakuten.data.split import pool_sides
from rakuten.errors import ConstantPredictionError, InputError, OutputError
from rakuten.outputs import StageOutput
from rakuten.recipes import TextTfidfRecipe, load_recipe
from rakuten.training.classifiers.calibration import FLOOR
from rakuten.training.classifiers.estimator_files import SCHEMA, SKLEARN, XGBOOST, read_estimators
from rakuten.training.classifiers.tfidf_classifier import STRUCTURE, TFIDF, TfidfClassifier
from rakuten.training.families.text_tfidf import FAMILY
from rakuten.training.family import PredictorInputs
from rakuten.training.stages import refit_model, train_model

FOREST = {"kind": "random_forest", "num_trees": 10, "min_samples_split": 4, "class_weight": "none"}
REGRESSION = {"kind": "logistic_regression", "max_iter": 1000, "class_weight": "balanced"}
ESTIMATORS: dict[str, dict[str, Any]] = {
    "logistic_regression": REGRESSION,
    # The report's gamma flattens the kernel; tests of what all classifiers owe take one that learns.
    "svm": {"kind": "svm", "gamma": 1.0, "class_weight": "balanced"},
    "random_forest": FOREST,
    "voting": {"kind": "voting", "num_neighbors": 3, "forest": FOREST, "logistic_regression": REGRESSION},
    "xgboost": {"kind": "xgboost", "num_rounds": 5, "max_depth": 3, "learning_rate": 0.3},
    "linear_svc": {"kind": "linear_svc", "c": 0.8, "tol": 1e-5, "max_iter": 4000, "class_weight": "none"},
}
GOODS = {2583: "piscine bache pompe filtre", 10: "livre roman auteur edition", 40: "console jeu manette import"}
SIDES = ["train", "train", "train", "validation", "test"]
ODD_TEXTS = ["", "   ", "🎮👾", "4711 0815", "&", "\u200b", "mot " * 10_000, "x" * 50_000, "игра"]

each_estimator = pytest.mark.parametrize("kind", ESTIMATORS)


def recipe_of(kind: str, **changes: Any) -> TextTfidfRecipe:
    content = {"family": "text_tfidf", "name": "tiny", "column": "text", "num_words": 50, "estimator": ESTIMATORS[kind]}
    return TextTfidfRecipe.model_validate({**content, **changes})


def product_rows(codes: list[int], rows: int) -> pd.DataFrame:
    draw = random.Random(7)
    chosen = [codes[row % len(codes)] for row in range(rows)]
    texts = [" ".join(draw.sample(GOODS[code].split(), 3)) for code in chosen]
    return pd.DataFrame(
        {"productid": range(1, rows + 1), "prdtypecode": chosen, "clean_designation": texts, "clean_text": texts}
    )


def sides_of(rows: int) -> list[str]:
    return [SIDES[row // 3 % 5] for row in range(rows)]


def corpus_words(hand_made: Any, words: list[str]) -> StageOutput:
    key = f"find_corpus_words-v1-{len(words)}"
    found = hand_made.store.find(key)
    output: StageOutput = found or hand_made.output(key, {"corpus_words.json": json.dumps(words)})
    return output


def trained(
    hand_made: Any, products: pd.DataFrame, sides: list[str], recipe: TextTfidfRecipe, words: list[str] | None = None
) -> StageOutput:
    clean = hand_made.output("clean_products-v1-a", {"train.parquet": products})
    split = hand_made.split(products["prdtypecode"].tolist(), sides)
    removed = corpus_words(hand_made, words or [])
    output: StageOutput = hand_made.store.run(
        train_model, recipe=recipe, clean=clean, split=split, inputs={"corpus_words": removed}
    )
    return output


@dataclass(frozen=True)
class Fitted:
    """A model of 90 products, trained on one thread, and the outputs it was made of."""

    hand_made: Any
    products: pd.DataFrame
    recipe: TextTfidfRecipe
    model: StageOutput


@pytest.fixture(scope="module")
def fitted(hand_made_in: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Fitted]:
    """One model of each kind, for all tests that only read it."""

    @functools.cache
    def fitted_once(kind: str) -> Fitted:
        hand_made = hand_made_in(tmp_path_factory.mktemp(kind) / "outputs")
        products, recipe = product_rows(list(GOODS), 90), recipe_of(kind)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OMP_NUM_THREADS", "1")
            model = trained(hand_made, products, sides_of(90), recipe)
        return Fitted(hand_made, products, recipe, model)

    return fitted_once


def predicted(model: StageOutput, texts: list[str]) -> Probabilities:
    frame = pd.DataFrame({"productid": range(len(texts)), "clean_designation": texts, "clean_text": texts})
    return FAMILY.predictor(recipe_of("linear_svc"), model.folder, PredictorInputs()).answer(frame)


@each_estimator
def test_scored_rows_get_probabilities_and_the_right_class(fitted: Callable[[str], Fitted], kind: str) -> None:
    products, model = fitted(kind).products, fitted(kind).model
    probabilities = Probabilities.read(model.file("probabilities.parquet"))
    scored = products[np.isin(sides_of(90), ["validation", "test"])]
    assert probabilities.productids.tolist() == scored["productid"].tolist()
    assert probabilities.values.dtype == np.float32
    assert probabilities.predicted.tolist() == scored["prdtypecode"].tolist()
    assert (model.facts["train_rows"], model.facts["left_out_rows"], model.facts["terms"]) == (54, 0, 12)
    assert model.facts["validation_f1_weighted"] == 1.0
    assert 0 <= model.facts["validation_ece"] <= 1


@each_estimator
def test_two_classes_are_told_apart_and_absent_ones_get_the_floor(hand_made: Any, kind: str) -> None:
    products = product_rows([10, 2583], 60)
    model = trained(hand_made, products, [SIDES[row // 2 % 5] for row in range(60)], recipe_of(kind))
    probabilities = predicted(model, ["livre roman auteur", "piscine pompe filtre"])
    assert probabilities.predicted.tolist() == [10, 2583]
    known = [CODES.index(10), CODES.index(2583)]
    assert np.allclose(np.delete(probabilities.values, known, axis=1), FLOOR)


@each_estimator
def test_training_twice_makes_the_same_bytes_on_any_number_of_threads(
    fitted: Callable[[str], Fitted], hand_made: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fitted(kind).model
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    second = trained(hand_made, product_rows(list(GOODS), 90), sides_of(90), recipe_of(kind))
    assert first.folder != second.folder
    assert first.manifest.files == second.manifest.files


@each_estimator
def test_predictions_are_those_of_training_and_odd_texts_are_answered(hand_made: Any, kind: str) -> None:
    products = product_rows(list(GOODS), 90)
    products.loc[products.index[: len(ODD_TEXTS)], ["clean_designation", "clean_text"]] = [[t, t] for t in ODD_TEXTS]
    model = trained(hand_made, products, sides_of(90), recipe_of(kind, num_words=5))
    before = Probabilities.read(model.file("probabilities.parquet"))
    # Validation rows are stored as calibrated by the other folds.
    before = before.of(products["productid"].to_numpy()[np.array(sides_of(90)) == "test"])
    places = before.productids - 1
    again = predicted(model, [*products["clean_text"], *ODD_TEXTS])
    assert np.array_equal(again.values[places], before.values)
    assert np.isfinite(again.values).all()


@pytest.mark.parametrize("kind", ["svm", "linear_svc", "voting"])
def test_what_has_no_probabilities_is_left_uncalibrated_without_validation_rows_and_says_so(
    hand_made: Any, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    model = trained(hand_made, product_rows(list(GOODS), 30), ["train"] * 29 + ["test"], recipe_of(kind))
    assert "no validation rows" in caplog.text
    assert "validation_ece" not in model.facts


def test_a_row_limit_leaves_rows_out_keeps_every_class_and_is_told(
    hand_made: Any, caplog: pytest.LogCaptureFixture
) -> None:
    products = product_rows(list(GOODS), 90)
    model = trained(hand_made, products, sides_of(90), recipe_of("svm", row_limit=12))
    assert (model.facts["train_rows"], model.facts["left_out_rows"], model.facts["classes"]) == (12, 42, 3)
    # Words are counted in all train rows.
    assert model.facts["terms"] == 12
    assert "fitted to 12 of 54 train rows" in caplog.text


def test_words_are_counted_in_train_rows_only_and_without_corpus_words(hand_made: Any) -> None:
    products = product_rows(list(GOODS), 60)
    for row, word in ((57, "zzzvalidation"), (58, "zzztest"), (59, "zzzwithheld")):
        products.loc[row, "clean_text"] = word
    sides = [*(["train"] * 57), "validation", "test", "withheld"]
    model = trained(hand_made, products, sides, recipe_of("linear_svc"), words=["livre"])
    words = json.loads(model.file(TFIDF).read_text("utf-8"))["words"]
    assert words == sorted({word for text in GOODS.values() for word in text.split()} - {"livre"})
    assert Probabilities.read(model.file("probabilities.parquet")).productids.tolist() == [58, 59]


@pytest.mark.parametrize(
    ("codes", "text", "message"), [([10], "livre", "at least 2 classes"), ([10, 40], " ", "holds a word")]
)
def test_rows_that_nothing_can_be_learnt_from_are_refused(
    hand_made: Any, codes: list[int], text: str, message: str
) -> None:
    products = product_rows(codes, 10).assign(clean_text=text)
    with pytest.raises(InputError, match=message):
        trained(hand_made, products, ["train"] * 10, recipe_of("linear_svc"))


def test_a_classifier_of_one_answer_is_refused_unless_its_recipe_wants_it_in_the_comparison(
    hand_made: Any, caplog: pytest.LogCaptureFixture
) -> None:
    products = product_rows([10, 10, 2583], 300)
    flat = {"kind": "svm", "gamma": 0.01, "class_weight": "none"}
    with pytest.raises(ConstantPredictionError, match="tiny predicts one class"):
        trained(hand_made, products, sides_of(300), recipe_of("svm", estimator=flat))
    allowed = recipe_of("svm", estimator=flat, allow_constant=True)
    clean, split = (hand_made.store.find(key) for key in ("clean_products-v1-a", "split_products-v1-0"))
    inputs = {"corpus_words": corpus_words(hand_made, [])}
    model = hand_made.store.run(train_model, recipe=allowed, clean=clean, split=split, inputs=inputs)
    assert model.facts["is_constant"] is True
    assert "allow_constant" in caplog.text


def copied(model: StageOutput, folder: Path) -> Path:
    copy = folder / "copy"
    shutil.copytree(model.folder, copy)
    return copy


@each_estimator
def test_damaged_and_exchanged_files_are_refused(fitted: Callable[[str], Fitted], tmp_path: Path, kind: str) -> None:
    folder = copied(fitted(kind).model, tmp_path)
    TfidfClassifier.read(folder)
    words = json.loads((folder / TFIDF).read_text("utf-8"))
    shorter = {name: values[1:] for name, values in words.items()}
    (folder / TFIDF).write_text(json.dumps(shorter), "utf-8")
    with pytest.raises(OutputError, match="expected 11 words and 3 classes, received 12 and 3"):
        TfidfClassifier.read(folder)
    estimator = folder / (XGBOOST if kind == "xgboost" else SKLEARN)
    estimator.write_bytes(estimator.read_bytes()[:-200])
    with pytest.raises(OutputError, match="cannot be read as"):
        TfidfClassifier.read(folder)


def test_an_estimator_of_another_class_is_refused(fitted: Callable[[str], Fitted], tmp_path: Path) -> None:
    folder = copied(fitted("linear_svc").model, tmp_path)
    structure = json.loads((folder / STRUCTURE).read_text("utf-8"))
    structure["recipe"]["estimator"] = ESTIMATORS["logistic_regression"]
    (folder / STRUCTURE).write_text(json.dumps(structure), "utf-8")
    with pytest.raises(OutputError, match=r"expected \['LogisticRegression'\]"):
        TfidfClassifier.read(folder)


@pytest.mark.parametrize("loader", ["FunctionNode", "TypeNode", "ReduceNode", "NoSuchNode"])
def test_a_file_that_would_run_code_is_refused_and_runs_none(tmp_path: Path, loader: str) -> None:
    from sklearn.svm import LinearSVC

    trace = tmp_path / "trace"
    content = {"module_path": "os", "function": "system", "command": f"touch {trace}"}
    node = {"__class__": "system", "__module__": "os", "__loader__": loader, "__id__": 2, "content": content}
    schema = {
        "__class__": "list",
        "__module__": "builtins",
        "__loader__": "ListNode",
        "__id__": 1,
        "content": [{**node, "reduce": {**node, "args": [f"touch {trace}"]}}],
        "protocol": 2,
        "_skops_version": "0",
    }
    with zipfile.ZipFile(tmp_path / SKLEARN, "w") as archive:
        archive.writestr(SCHEMA, json.dumps(schema))
    with pytest.raises(OutputError, match=r"estimator\.skops"):
        read_estimators(tmp_path, (LinearSVC(),))
    assert not trace.exists()


def test_stored_files_hold_no_address_or_date(fitted: Callable[[str], Fitted]) -> None:
    with zipfile.ZipFile(fitted("voting").model.file(SKLEARN)) as archive:
        entries = archive.infolist()
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert all(len(Path(entry.filename).stem) < 7 for entry in entries)


@pytest.mark.real
def test_real_short_texts_reach_the_expected_score(hand_made: Any, shared_data: Path) -> None:
    from sklearn.metrics import f1_score

    from rakuten.data.split import by_content
    from rakuten.recipes import CleaningRecipe, SplitRecipe
    from rakuten.text.stages import clean_products

    folder = shared_data / "real-text"
    products = pd.read_csv(folder / "X_train_update.csv", index_col=0, keep_default_na=False).astype(
        {"description": str}
    )
    products["prdtypecode"] = pd.read_csv(folder / "y_train_CVw08PX.csv", index_col=0)["prdtypecode"]
    products = products.assign(productid=range(1, len(products) + 1), image_digest=None, index=range(len(products)))
    accepted = hand_made.output("accept_products-v1-a", {"train.parquet": products})
    cleaned = hand_made.store.run(clean_products, accepted=accepted, recipe=CleaningRecipe())
    frame = pd.read_parquet(cleaned.file("train.parquet"))
    sides = by_content(products, SplitRecipe())
    recipe = load_recipe("text_linear_svc")
    assert isinstance(recipe, TextTfidfRecipe)
    model = trained(hand_made, frame, sides.tolist(), recipe)
    test = frame[(sides == "test").to_numpy()] if isinstance(sides, pd.Series) else frame[sides == "test"]
    probabilities = Probabilities.read(model.file("probabilities.parquet")).of(test["productid"].to_numpy())
    assert f1_score(test["prdtypecode"], probabilities.predicted, average="weighted") >= 0.67


@pytest.mark.parametrize("kind", ["logistic_regression", "linear_svc"])
def test_a_refit_learns_from_all_products_and_keeps_the_calibration(fitted: Callable[[str], Fitted], kind: str) -> None:
    hand_made, recipe, scored = fitted(kind).hand_made, fitted(kind).recipe, fitted(kind).model
    clean = hand_made.store.find("clean_products-v1-a")
    pooled = hand_made.store.run(pool_sides, split=hand_made.store.find("split_products-v1-0"))
    inputs = {"corpus_words": corpus_words(hand_made, [])}
    refitted = hand_made.store.run(refit_model, recipe=recipe, clean=clean, split=pooled, inputs=inputs, scored=scored)
    assert refitted.facts["train_rows"] == 90
    assert "probabilities.parquet" not in refitted.manifest.files
    assert predicted(refitted, ["livre roman auteur", "piscine pompe filtre"]).predicted.tolist() == [10, 2583]
    before, after = (TfidfClassifier.read(output.folder).calibration for output in (scored, refitted))
    assert (before is None) == (kind == "logistic_regression")
    assert before is None or (after is not None and after.as_json() == before.as_json())
