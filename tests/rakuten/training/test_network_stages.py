"""Training and predicting as stages: what they read, what they leave out, what they hand on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rakuten.training.bimodal_network import bimodal_predictor, refit_bimodal_network, train_bimodal_network
from rakuten.training.image_network import image_predictor, refit_image_network, train_image_network
from rakuten.training.text_hashes import hash_predictor, refit_text_hashes, train_text_hashes
from rakuten.training.text_network import refit_text_network, train_text_network, word_predictor

from rakuten.data.classes import CODES
from rakuten.data.probabilities import Probabilities
from rakuten.data.split import pool_sides
from rakuten.errors import InputError
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
    TextHashesRecipe,
    TextNetworkRecipe,
)
from rakuten.stages import stage
from rakuten.text.inputs import read_corpus_words
from rakuten.training.predictor import Predictor

NUM_PRODUCTS = 40
SIDES = ("train", "train", "validation", "test", "withheld")
WORDS = ("livre roman", "piscine pompe", "jeu console")
FIT = FitSettings(batch_size=8, epochs=2, learning_rate=0.01)
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
    fit=FIT,
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
    fit=FIT,
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


@pytest.fixture
def store(tmp_path: Path) -> OutputStore:
    return OutputStore(tmp_path / "outputs")


def inputs_of(store: OutputStore, recipe: Any, sides: tuple[str, ...] = SIDES) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments that training and prediction share, and those of training alone."""
    clean = store.run(make_clean)
    shared: dict[str, Any] = {"clean": clean}
    if recipe.family == "text_network":
        shared["corpus_words"] = clean
    elif recipe.family in ("image_features", "bimodal_network"):
        shared["images"] = store.run(make_arrays, column="features")
    elif recipe.modality == "image":
        shared["images"] = store.run(make_arrays, column="pixels", size=recipe.input_size)
    return shared, {"split": store.run(make_split, sides=sides)}


FAMILIES = [
    pytest.param(train_text_network, TEXT, id="text_network"),
    pytest.param(train_text_hashes, HASHES, id="text_hashes"),
    pytest.param(train_image_network, IMAGE, id="image_network"),
    pytest.param(train_image_network, HEAD, id="image_features"),
    pytest.param(train_image_network, BACKBONE, id="image_backbone"),
    pytest.param(train_bimodal_network, BIMODAL, id="bimodal"),
]


def predictor_of(recipe: Any, model: StageOutput, shared: dict[str, Any]) -> Predictor:
    if recipe.family == "text_network":
        return word_predictor(model.folder, read_corpus_words(shared["corpus_words"]))
    if recipe.family == "text_hashes":
        return hash_predictor(model.folder)
    of_family = bimodal_predictor if recipe.family == "bimodal_network" else image_predictor
    return of_family(model.folder, shared["images"].folder)


@pytest.mark.parametrize(("train", "recipe"), FAMILIES)
def test_a_model_is_trained_scored_stored_and_predicts_the_same(train: Any, recipe: Any, store: OutputStore) -> None:
    shared, of_training = inputs_of(store, recipe)
    model = store.run(train, recipe=recipe, **shared, **of_training)
    frame = products().merge(pd.read_parquet(of_training["split"].file("split.parquet"))[["productid", "side"]])
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

    predictor = predictor_of(recipe, model, shared)
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


REFITS = [
    pytest.param(train_text_network, refit_text_network, TEXT, id="text_network"),
    pytest.param(train_text_hashes, refit_text_hashes, HASHES, id="text_hashes"),
    pytest.param(train_image_network, refit_image_network, HEAD, id="image_features"),
    pytest.param(train_bimodal_network, refit_bimodal_network, BIMODAL, id="bimodal"),
]


@pytest.mark.parametrize(("train", "refit", "recipe"), REFITS)
def test_a_refit_learns_from_all_products_for_the_best_number_of_epochs(
    train: Any, refit: Any, recipe: Any, store: OutputStore
) -> None:
    recipe = recipe.model_copy(update={"fit": FIT.model_copy(update={"epochs": 6, "learning_rate": 0.3})})
    shared, of_training = inputs_of(store, recipe)
    scored = store.run(train, recipe=recipe, **shared, **of_training)
    pooled = store.run(pool_sides, split=of_training["split"])
    refitted = store.run(refit, recipe=recipe, split=pooled, scored=scored, **shared)
    readable = np.ones(NUM_PRODUCTS, bool) if recipe.modality == "text" else has_usable_image(products()).to_numpy()
    assert refitted.facts["train_rows"] == readable.sum()
    assert refitted.facts["epochs"] == scored.facts["best_epoch"]
    history = pd.read_parquet(refitted.file("history.parquet"))
    assert list(history.columns) == ["epoch", "loss", "accuracy"]
    assert len(history) == scored.facts["best_epoch"]
    assert "probabilities.parquet" not in refitted.manifest.files
    answered = predictor_of(recipe, refitted, shared).answer(products())
    assert len(answered.productids) == readable.sum()
    if recipe.family == "text_network":
        assert {f"neuf{place}" for place in range(NUM_PRODUCTS)} & set(refitted.read_json("vocabulary.json"))


@pytest.mark.parametrize(("train", "recipe"), FAMILIES)
def test_split_without_validation_rows_is_refused(train: Any, recipe: Any, store: OutputStore) -> None:
    shared, of_training = inputs_of(store, recipe, sides=("train", "test"))
    with pytest.raises(InputError, match="expected validation rows that this model can read, received none"):
        store.run(train, recipe=recipe, **shared, **of_training)


def test_words_of_validation_and_test_rows_are_unknown(store: OutputStore) -> None:
    shared, of_training = inputs_of(store, TEXT)
    model = store.run(train_text_network, recipe=TEXT, **shared, **of_training)
    split = pd.read_parquet(of_training["split"].file("split.parquet"))
    fitted = {f"neuf{place}" for place in np.flatnonzero(split["side"] == "train")}
    words = set(model.read_json("vocabulary.json"))
    assert {word for word in words if word.startswith("neuf")} <= fitted
    assert "promo" not in words
    assert len(words) == model.facts["vocabulary"] <= TEXT.num_words - 2


def test_products_of_a_dump_without_images_are_left_out(store: OutputStore, tmp_path: Path) -> None:
    shared, of_training = inputs_of(store, IMAGE)
    model = store.run(train_image_network, recipe=IMAGE, **shared, **of_training)
    assert len(image_predictor(model.folder, tmp_path / "nothing").answer(products()).productids) == 0


def test_a_network_over_both_answers_with_photos_hidden_as_without_any(store: OutputStore) -> None:
    shared, of_training = inputs_of(store, BIMODAL)
    model = store.run(train_bimodal_network, recipe=BIMODAL, **shared, **of_training)
    seen, hidden = (
        Probabilities.read(model.file(name)) for name in ("probabilities.parquet", "probabilities_unpictured.parquet")
    )
    assert seen.productids.tolist() == hidden.productids.tolist()
    differ = (seen.values != hidden.values).any(axis=1)
    pictured = set(products()["productid"][has_usable_image(products())])
    assert differ.tolist() == [productid in pictured for productid in seen.productids]
    bare = bimodal_predictor(model.folder, None).answer(products())
    split = pd.read_parquet(of_training["split"].file("split.parquet"))
    tested = split["productid"][split["side"] == "test"].to_numpy()
    np.testing.assert_allclose(bare.of(tested).values, hidden.of(tested).values, atol=1e-6)


def test_weights_are_not_loaded_where_the_recipe_says_random(store: OutputStore, tmp_path: Path) -> None:
    shared, of_training = inputs_of(store, BACKBONE)
    (tmp_path / "some.h5").write_bytes(b"weights")
    weights = WeightsFile(path=tmp_path / "some.h5", sha256="0")
    with pytest.raises(InputError, match="weights is 'random', received"):
        store.run(train_image_network, recipe=BACKBONE, weights=weights, **shared, **of_training)


def test_model_s_code_is_part_of_the_key_of_its_training(store: OutputStore, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, of_training = inputs_of(store, TEXT)
    seen: list[list[str]] = []
    digest: Callable[[list[str]], str] = lambda modules: seen.append(modules) or "code"  # noqa: E731
    monkeypatch.setattr("rakuten.stages.declaration.code_digest", digest)
    train_text_network.key(recipe=TEXT, **shared, **of_training)
    assert seen == [["rakuten.training.text_network", "rakuten.models.text_conv1d"]]
