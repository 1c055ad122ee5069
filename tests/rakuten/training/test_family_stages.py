"""Training, refit and prediction of every family of networks: what they read, leave out and hand on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rakuten.catalogue.classes import CODES
from rakuten.data.probabilities import Probabilities
from rakuten.data.split import pool_sides
from rakuten.errors import InputError, RecipeError, SettingError
from rakuten.images.arrays import array_table
from rakuten.images.weights import WeightsFile
from rakuten.outputs import SCRATCH, OutputStore, Pool, StageOutput
from rakuten.recipes import (
    Augmentation,
    Backbone,
    BimodalRecipe,
    FitSettings,
    ImageBackboneRecipe,
    ImageFeaturesRecipe,
    ImageNetworkRecipe,
    RateFinderRecipe,
    TextHashesRecipe,
    TextNetworkRecipe,
    load_recipe,
)
from rakuten.stages import stage
from rakuten.stages.code import _closure
from rakuten.text.inputs import read_corpus_words
from rakuten.training.family import ModelInputs, PredictorInputs, family_of
from rakuten.training.predictor import Predictor
from rakuten.training.stages import refit_model, search_learning_rate, train_model

FAMILY_MODULES = "rakuten.training.families."
NUM_PRODUCTS = 40
SIDES = ("train", "train", "validation", "test", "withheld")
WORDS = ("livre roman", "piscine pompe", "jeu console")
# Learns fast enough for its best epoch to come before its last.
FIT = FitSettings(batch_size=8, epochs=6, learning_rate=0.3)
SHORT_FIT = FitSettings(batch_size=8, epochs=2, learning_rate=0.01)
TEXT = TextNetworkRecipe(
    name="tiny_text",
    family="text_network",
    model="text_conv1d",
    column="text",
    num_words=50,
    sequence_length=6,
    architecture={"embedding_size": 4, "spatial_dropout": 0.2, "filters": 4, "kernel_size": 2},
    fit=FIT,
)
HASHES = TextHashesRecipe(
    name="tiny_hashes",
    family="text_hashes",
    model="text_fasttext",
    column="text",
    word_ngrams=(1, 2),
    char_ngrams=(3, 4),
    num_buckets=64,
    max_ngrams=24,
    architecture={"embedding_size": 4, "dropout": 0.2},
    fit=FIT,
)
IMAGE = ImageNetworkRecipe(
    name="tiny_image",
    family="image_network",
    model="image_small_cnn",
    input_size=16,
    architecture={"filters": 4, "blocks": 2, "dropout": 0.3},
    fit=SHORT_FIT,
)
HEAD = ImageFeaturesRecipe(
    name="tiny_head",
    family="image_features",
    model="feature_head",
    backbone=Backbone(name="MobileNetV2", input_size=32, weights="random"),
    architecture={"first_units": 8, "second_units": 8, "dropout": 0.2},
    fit=FIT,
)
BACKBONE = ImageBackboneRecipe(
    name="tiny_backbone",
    family="image_backbone",
    model="image_backbone",
    backbone=Backbone(name="MobileNetV2", input_size=32, alpha=0.35, weights="random"),
    unfrozen_layers=5,
    augmentation=Augmentation(flip="both", rotation=45, fill="edge"),
    architecture={"first_units": 8, "second_units": 8, "dropout": 0.2},
    fit=SHORT_FIT,
)


BIMODAL = BimodalRecipe(
    name="tiny_bimodal",
    family="bimodal_network",
    model="bimodal",
    column="text",
    word_ngrams=(1, 2),
    char_ngrams=(3, 4),
    num_buckets=64,
    max_ngrams=24,
    backbone=Backbone(name="MobileNetV2", input_size=32, weights="random"),
    architecture={
        "embedding_size": 4,
        "photo_units": 4,
        "text_dropout": 0.2,
        "features_dropout": 0.2,
        "photo_dropout": 0.3,
    },
    fit=FIT,
)


def products() -> pd.DataFrame:
    """Every fourth product has no image, every fifth one that does not decode."""
    places = np.arange(NUM_PRODUCTS)
    return pd.DataFrame(
        {
            "productid": 5000 - places,
            "prdtypecode": [CODES[place % 3] for place in places],
            "image_digest": [None if place % 4 == 3 else f"d{place:02}" for place in places],
            "designation": ["" if place == 7 else WORDS[place % 3].title() for place in places],
            "description": ["" if place % 2 else f"<b>Neuf</b> {place} cm" for place in places],
            "clean_designation": [WORDS[place % 3] for place in places],
            "clean_text": [f"{WORDS[place % 3]} promo neuf{place}" for place in places],
        }
    )


def has_usable_image(frame: pd.DataFrame) -> pd.Series:
    return frame["image_digest"].notna() & (np.arange(NUM_PRODUCTS) % 5 != 4)


@stage(version=1)
def make_clean(out: Path) -> None:
    """Both parts; the unlabelled one is the labelled one without its labels."""
    products().to_parquet(out / "train.parquet")
    products().drop(columns="prdtypecode").to_parquet(out / "test.parquet")
    (out / "corpus_words.json").write_text('["promo"]')


@stage(version=1)
def make_split(out: Path, sides: tuple[str, ...]) -> None:
    """Sides in turn."""
    frame = products()[["productid", "prdtypecode"]]
    frame["side"] = [sides[place // 3 % len(sides)] for place in range(NUM_PRODUCTS)]
    frame.to_parquet(out / "split.parquet")


@stage(version=1)
def make_arrays(out: Path, column: str, size: int = 16) -> None:
    """Pixels or features of the images that decode."""
    frame = products()
    usable = set(frame["image_digest"][has_usable_image(frame)])
    shape: tuple[int, ...] = (size, size, 3) if column == "pixels" else (6,)
    dtype = np.uint8 if column == "pixels" else np.float32

    def array(digest: str) -> Any:
        return np.full(shape, int(digest[1:]) % 3 * 100, dtype) if digest in usable else None

    Pool(out.parent, make_arrays, (), column=column, size=size).fill(
        out,
        frame["image_digest"].dropna(),
        lambda digests: array_table(column, digests, [array(digest) for digest in digests], dtype, shape),
        shard_size=7,
        unit="images",
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> OutputStore:
    """One outputs folder for all tests: each model is trained once, and found where it is needed again."""
    return OutputStore(tmp_path_factory.mktemp("trained") / "outputs")


def training_inputs(store: OutputStore, recipe: Any, sides: tuple[str, ...] = SIDES) -> dict[str, Any]:
    """Arguments of the stages."""
    clean = store.run(make_clean)
    inputs: ModelInputs = {}
    if "corpus_words" in recipe.inputs:
        inputs["corpus_words"] = clean
    if recipe.image_input is not None:
        kind, size = recipe.image_input.kind, recipe.image_input.input_size
        inputs["images"] = store.run(make_arrays, column=kind, **({"size": size} if kind == "pixels" else {}))
    if "weights" in recipe.inputs:
        inputs["weights"] = None
    return {"recipe": recipe, "clean": clean, "split": store.run(make_split, sides=sides), "inputs": inputs}


RECIPES = [TEXT, HASHES, IMAGE, HEAD, BACKBONE, BIMODAL]
each_recipe = pytest.mark.parametrize("recipe", [pytest.param(recipe, id=recipe.family) for recipe in RECIPES])


def predictor_of(recipe: Any, model: StageOutput, inputs: ModelInputs) -> Predictor:
    words = read_corpus_words(inputs["corpus_words"]) if "corpus_words" in inputs else frozenset()
    images = inputs["images"].folder if "images" in inputs else None
    return family_of(recipe).predictor(recipe, model.folder, PredictorInputs(words, images))


@each_recipe
def test_a_model_is_trained_scored_stored_and_predicts_the_same(recipe: Any, store: OutputStore) -> None:
    given = training_inputs(store, recipe)
    model = store.run(train_model, **given)
    frame = products().merge(pd.read_parquet(given["split"].file("split.parquet"))[["productid", "side"]])
    readable = np.ones(NUM_PRODUCTS, bool) if recipe.modality == "text" else has_usable_image(frame).to_numpy()

    scored = Probabilities.read(model.file("probabilities.parquet"))
    expected = frame["productid"][readable & frame["side"].isin(["validation", "test"])]
    assert scored.productids.tolist() == expected.tolist()
    assert model.facts["train_rows"] == (readable & (frame["side"] == "train")).sum()
    assert list(pd.read_parquet(model.file("history.parquet")).columns) == [
        "epoch",
        "loss",
        "accuracy",
        "validation_loss",
        "validation_accuracy",
        "validation_f1_weighted",
    ]
    assert not (model.folder / SCRATCH).exists()

    predictor = predictor_of(recipe, model, given["inputs"])
    asked = products()[["productid", *predictor.columns]]
    probabilities = predictor.answer(asked)
    assert probabilities.productids.tolist() == frame["productid"][readable].tolist()
    tested = frame["productid"][readable & (frame["side"] == "test")].to_numpy()
    np.testing.assert_allclose(probabilities.of(tested).values, scored.of(tested).values, atol=1e-5)
    sevens = [predictor.answer(asked.iloc[start : start + 7]).values for start in range(0, len(asked), 7)]
    # Equal to the rounding of float32: on some processors a kernel's sums depend on a row's position in its batch.
    np.testing.assert_allclose(np.concatenate(sevens), probabilities.values, rtol=1e-5, atol=1e-7)
    if recipe.modality == "image":
        assert model.facts["without_image"] == (~readable & (frame["side"] != "withheld")).sum()


@pytest.mark.parametrize("recipe", [pytest.param(recipe, id=recipe.family) for recipe in (TEXT, HASHES, HEAD, BIMODAL)])
def test_a_refit_learns_from_all_products_for_the_best_number_of_epochs(recipe: Any, store: OutputStore) -> None:
    given = training_inputs(store, recipe)
    scored = store.run(train_model, **given)
    refitted = store.run(refit_model, **{**given, "split": store.run(pool_sides, split=given["split"])}, scored=scored)
    readable = np.ones(NUM_PRODUCTS, bool) if recipe.modality == "text" else has_usable_image(products()).to_numpy()
    assert refitted.facts["train_rows"] == readable.sum()
    assert refitted.facts["epochs"] == scored.facts["best_epoch"]
    history = pd.read_parquet(refitted.file("history.parquet"))
    assert list(history.columns) == ["epoch", "loss", "accuracy"]
    assert len(history) == scored.facts["best_epoch"]
    assert "probabilities.parquet" not in refitted.manifest.files
    answered = predictor_of(recipe, refitted, given["inputs"]).answer(products())
    assert len(answered.productids) == readable.sum()
    if recipe.family == "text_network":
        assert {f"neuf{place}" for place in range(NUM_PRODUCTS)} & set(refitted.read_json("vocabulary.json"))


@each_recipe
def test_split_without_validation_rows_is_refused(recipe: Any, store: OutputStore) -> None:
    with pytest.raises(InputError, match="expected validation rows that this model can read, received none"):
        store.run(train_model, **training_inputs(store, recipe, sides=("train", "test")))


def test_words_of_validation_and_test_rows_are_unknown(store: OutputStore) -> None:
    given = training_inputs(store, TEXT)
    model = store.run(train_model, **given)
    split = pd.read_parquet(given["split"].file("split.parquet"))
    fitted = {f"neuf{place}" for place in np.flatnonzero(split["side"] == "train")}
    words = set(model.read_json("vocabulary.json"))
    assert {word for word in words if word.startswith("neuf")} <= fitted
    assert "promo" not in words
    assert len(words) == model.facts["vocabulary"] <= TEXT.num_words - 2


def test_products_of_a_dump_without_images_are_left_out(store: OutputStore, tmp_path: Path) -> None:
    given = training_inputs(store, IMAGE)
    model = store.run(train_model, **given)
    bare = family_of(IMAGE).predictor(IMAGE, model.folder, PredictorInputs(images=tmp_path / "nothing"))
    assert len(bare.answer(products()).productids) == 0


def test_a_network_over_both_answers_with_photos_hidden_as_without_any(store: OutputStore) -> None:
    given = training_inputs(store, BIMODAL)
    model = store.run(train_model, **given)
    seen, hidden = (
        Probabilities.read(model.file(name)) for name in ("probabilities.parquet", "probabilities_unpictured.parquet")
    )
    assert seen.productids.tolist() == hidden.productids.tolist()
    differ = (seen.values != hidden.values).any(axis=1)
    pictured = set(products()["productid"][has_usable_image(products())])
    assert differ.tolist() == [productid in pictured for productid in seen.productids]
    bare = family_of(BIMODAL).predictor(BIMODAL, model.folder, PredictorInputs()).answer(products())
    split = pd.read_parquet(given["split"].file("split.parquet"))
    tested = split["productid"][split["side"] == "test"].to_numpy()
    np.testing.assert_allclose(bare.of(tested).values, hidden.of(tested).values, atol=1e-6)


def test_weights_are_not_loaded_where_the_recipe_says_random(store: OutputStore, tmp_path: Path) -> None:
    given = training_inputs(store, BACKBONE)
    (tmp_path / "some.h5").write_bytes(b"weights")
    given["inputs"]["weights"] = WeightsFile(path=tmp_path / "some.h5", sha256="0")
    with pytest.raises(InputError, match="weights is 'random', received"):
        store.run(train_model, **given)


def digested_modules(recipe: Any, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Modules whose code, with all they reach, enters the key of a training."""
    seen: list[list[str]] = []
    digest: Callable[[list[str]], str] = lambda modules: seen.append(modules) or "code"  # noqa: E731
    with monkeypatch.context() as patched:
        patched.setattr("rakuten.stages.declaration.code_digest", digest)
        train_model.key(**given)
    return seen[0]


def test_code_of_family_and_network_is_part_of_the_key_of_a_training(
    store: OutputStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert digested_modules(TEXT, training_inputs(store, TEXT), monkeypatch) == [
        "rakuten.training.stages",
        "rakuten.training.families.text_network",
        "rakuten.models.text_conv1d",
    ]


def test_editing_a_family_changes_the_keys_of_no_other(store: OutputStore, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = {
        recipe.family_module: {
            module
            for root in digested_modules(recipe, training_inputs(store, recipe), monkeypatch)
            for module, _ in _closure(root)
        }
        for recipe in RECIPES
    }
    families = {module for modules in reached.values() for module in modules if module.startswith(FAMILY_MODULES)}
    assert families == {*reached}
    for own, modules in reached.items():
        assert {module for module in modules if module.startswith(FAMILY_MODULES)} == {own}


def test_backend_and_device_are_part_of_the_key_of_a_network(
    store: OutputStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = training_inputs(store, TEXT)
    on_cpu = train_model.identity(**given)
    monkeypatch.setenv("RAKUTEN_GPUS", "0")
    on_gpu = train_model.identity(**given)
    assert on_cpu["environment"] == {"keras_backend": "tensorflow", "device": "cpu"}
    assert on_gpu["environment"] == {"keras_backend": "tensorflow", "device": "gpu"}
    assert {name: on_cpu[name] for name in on_cpu if name != "environment"} == {
        name: on_gpu[name] for name in on_gpu if name != "environment"
    }
    assert {"keras", "tensorflow"} <= set(on_cpu["libraries"])
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert "jax" in TEXT.libraries
    assert "tensorflow" not in TEXT.libraries
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(SettingError, match="KERAS_BACKEND is 'theano', expected one of tensorflow, jax, torch"):
        train_model.key(**given)


def test_backend_and_device_do_not_matter_to_a_classifier(store: OutputStore, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {**training_inputs(store, TEXT), "recipe": load_recipe("text_ngrams"), "inputs": {}}
    on_cpu = train_model.identity(**given)
    assert "environment" not in on_cpu
    assert "keras" not in on_cpu["libraries"]
    monkeypatch.setenv("RAKUTEN_GPUS", "0")
    assert train_model.identity(**given) == on_cpu


def test_a_family_without_a_learning_rate_says_so(store: OutputStore) -> None:
    recipe, clean = load_recipe("text_ngrams"), store.run(make_clean)
    finder = RateFinderRecipe(method="batch", steps=100)
    with pytest.raises(RecipeError, match="family text_ngrams has no learning rate"):
        store.run(search_learning_rate, recipe=recipe, clean=clean, split=clean, inputs={}, finder=finder)
