"""The networks are those of the report, layer by layer; what holds for every model is tested for every model."""

import functools
from typing import Any

import numpy as np
import pytest

from rakuten.catalogue.classes import NUM_CLASSES
from rakuten.determinism import make_reproducible
from rakuten.models.building import build_model, model_names
from rakuten.recipes import BimodalRecipe, KerasRecipe, TextHashesRecipe, TextNetworkRecipe, load_recipe

RECIPES = {
    "text_conv1d": "text_conv1d",
    "text_dnn": "text_dnn",
    "text_recurrent": "text_gru",
    "text_recurrent both ways": "text_bilstm",
    "text_rnn": "text_rnn_designation",
    "text_fasttext": "text_fasttext",
    "image_small_cnn": "image_small_cnn",
    "image_backbone": "image_mobilenet_v2_fine_tuned",
    "feature_head": "image_mobilenet_v2_frozen",
    "bimodal": "bimodal_mobilenet_v2",
}
NUM_FEATURES = 1280


def recipe_of(model: str) -> KerasRecipe:
    recipe = load_recipe(RECIPES[model])
    assert isinstance(recipe, KerasRecipe)
    return recipe


def input_shape(recipe: KerasRecipe) -> tuple[int, ...]:
    if isinstance(recipe, TextNetworkRecipe):
        return (recipe.sequence_length,)
    if isinstance(recipe, TextHashesRecipe):
        return (recipe.max_ngrams,)
    if isinstance(recipe, BimodalRecipe):
        return (recipe.max_ngrams, NUM_FEATURES)
    read = recipe.image_input
    assert read is not None
    return (read.input_size, read.input_size, 3) if read.kind == "pixels" else (NUM_FEATURES,)


def build(model: str) -> Any:
    """A network of its own, for tests that change its state."""
    recipe = recipe_of(model)
    make_reproducible(recipe.seed)
    return build_model(recipe, NUM_CLASSES, input_shape(recipe))


@functools.cache
def built(model: str) -> Any:
    """One network for all tests that leave its state as it is."""
    return build(model)


def layers_of(model: Any, *settings: str) -> list[tuple[Any, ...]]:
    described = []
    for layer in model.layers:
        config = layer.get_config()
        described.append((type(layer).__name__, *(config[name] for name in settings if name in config)))
    return described


def some_inputs(model: Any) -> Any:
    draw = np.random.default_rng(0)
    drawn = {one.name: draw.integers(0, 200, (3, *one.shape[1:])).astype(one.dtype) for one in model.inputs}
    return drawn if len(drawn) > 1 else next(iter(drawn.values()))


@pytest.mark.parametrize("name", model_names())
def test_every_model_gives_probabilities_of_the_classes(name: str) -> None:
    model = built(name)
    # As one graph: called eagerly, a recurrent network takes seconds for its 500 positions.
    probabilities = model.predict_on_batch(some_inputs(model))
    assert probabilities.shape == (3, NUM_CLASSES)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", model_names())
def test_every_model_is_built_alike_from_the_same_seed(name: str) -> None:
    first, second = built(name), build(name)
    assert first.get_config() == second.get_config()
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_dnn_is_the_report_s() -> None:
    model = built("text_dnn")
    assert layers_of(model, "output_dim", "units", "rate", "activation") == [
        ("Embedding", 100),
        ("Flatten",),
        ("Dense", 100, "relu"),
        ("Dropout", 0.5),
        ("Dense", 27, "softmax"),
    ]
    assert model.input_shape == (None, 400)
    assert model.count_params() == 20000 * 100 + (400 * 100 + 1) * 100 + 101 * 27


def test_conv1d_is_the_report_s() -> None:
    model = built("text_conv1d")
    assert layers_of(model, "output_dim", "rate", "filters", "kernel_size", "units", "activation") == [
        ("Embedding", 100),
        ("SpatialDropout1D", 0.2),
        ("Conv1D", 64, (2,), "relu"),
        ("GlobalMaxPooling1D",),
        ("Dense", 27, "softmax"),
    ]
    assert model.input_shape == (None, 400)
    assert model.count_params() == 20000 * 100 + (2 * 100 + 1) * 64 + 65 * 27


# In Keras the three gates of a GRU have two biases each, the four of an LSTM one; all read the word and the state.
@pytest.mark.parametrize(
    ("name", "cell", "width", "cell_params"),
    [
        pytest.param("text_recurrent", "GRU", 128, 3 * 128 * (200 + 128 + 2), id="gru"),
        pytest.param("text_recurrent both ways", "Bidirectional", 2 * 128, 2 * 4 * 128 * (200 + 128 + 1), id="bilstm"),
    ],
)
def test_recurrent_networks_are_the_report_s(name: str, cell: str, width: int, cell_params: int) -> None:
    model = built(name)
    described = layers_of(model, "output_dim", "units", "rate", "activation")
    assert described[1][0] == cell
    assert [described[0], *described[2:]] == [
        ("Embedding", 200),
        ("Dropout", 0.3),
        ("GlobalAveragePooling1D",),
        ("Dense", 256, "relu"),
        ("Dropout", 0.3),
        ("Dense", 27, "softmax"),
    ]
    assert model.input_shape == (None, 500)
    assert model.layers[1].output.shape == (None, 500, width)
    assert model.count_params() == 10000 * 200 + cell_params + (width + 1) * 256 + 257 * 27


@pytest.mark.parametrize("name", ["text_rnn", "text_fasttext"])
def test_a_text_without_words_is_answered_by_networks_that_mask_padding(name: str) -> None:
    model = built(name)
    texts = np.zeros((3, model.input_shape[1]), np.int32)
    # Every hashed text holds index 1; a text of words may hold none.
    texts[:, 0] = 1 if name == "text_fasttext" else 0
    texts[1:, :3] = [1, 5, 7]
    probabilities = model.predict_on_batch(texts)
    assert np.isfinite(probabilities).all()
    assert not np.allclose(probabilities[0], probabilities[1])


def test_image_head_is_the_report_s() -> None:
    model = built("feature_head")
    assert layers_of(model, "units", "rate", "activation") == [
        ("Dense", 1024, "relu"),
        ("Dropout", 0.2),
        ("Dense", 512, "relu"),
        ("Dropout", 0.2),
        ("Dense", 27, "softmax"),
    ]
    assert model.count_params() == (NUM_FEATURES + 1) * 1024 + 1025 * 512 + 513 * 27


def test_image_baseline_has_the_challenge_s_parameters() -> None:
    recipe = load_recipe("image_resnet50_baseline")
    assert isinstance(recipe, KerasRecipe)
    make_reproducible(recipe.seed)
    model = build_model(recipe, NUM_CLASSES, input_shape(recipe))
    trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    unseeded = [weight for weight in model.weights if "seed" not in weight.path]
    assert trained == 12_144_667
    assert sum(int(np.prod(weight.shape)) for weight in unseeded) == 23_643_035
    last = model.get_layer("backbone").layers[-27:]
    assert sum(type(layer).__name__ == "Conv2D" for layer in last) == 8


def test_small_cnn_augments_in_training_only() -> None:
    model = build("image_small_cnn")
    pixels = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)
    one, other = model(pixels, training=False), model(pixels, training=False)
    np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
    one, other = model(pixels, training=True), model(pixels, training=True)
    assert not np.array_equal(np.asarray(one), np.asarray(other))


def test_a_bimodal_network_sees_no_photo_where_there_is_none() -> None:
    model = built("bimodal")
    inputs = some_inputs(model)
    without = {**inputs, "has_photo": np.zeros((3, 1), np.float32)}
    blank = {**without, "features": np.zeros_like(inputs["features"])}
    answers = [np.asarray(model(given)) for given in (inputs, without, blank)]
    np.testing.assert_array_equal(answers[1], answers[2])
    assert not np.allclose(answers[0], answers[1])


def test_a_bimodal_network_is_shown_photos_whole_or_not_at_all_in_training() -> None:
    from keras import Model

    model = build("bimodal")
    both = Model(model.input, model.get_layer("both").output)
    inputs = {name: np.repeat(values[:1], 400, axis=0) for name, values in some_inputs(model).items()}
    shown = np.asarray(both({**inputs, "has_photo": np.ones((400, 1), np.float32)}, training=True))[:, -1]
    assert set(shown.tolist()) == {0.0, 1.0}
    assert 0.55 < shown.mean() < 0.78
