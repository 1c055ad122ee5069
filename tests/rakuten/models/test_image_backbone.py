"""A backbone within the network: what reaches it, what is trained, what is kept, and that the file holds it all."""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rakuten.catalogue.classes import NUM_CLASSES
from rakuten.determinism import make_reproducible
from rakuten.images.backbones import PUBLISHED, build_backbone, build_network, prepare_pixels
from rakuten.models.building import build_model
from rakuten.models.image_backbone import BACKBONE
from rakuten.recipes import Augmentation, Backbone, ImageBackboneRecipe
from rakuten.training.networks.model_files import read_model, write_model

# Of the ten, those that Keras builds for the smallest photos in a second.
SIZE = 32
# Xception and the Inceptions have no smaller ones.
SMALLEST = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}
AUGMENTATION = Augmentation(flip="both", shear=0.2, rotation=45, shift=0.1, zoom=0.2, crop=0.1, fill="edge")


def recipe(name: str = "MobileNetV2", **changes: Any) -> ImageBackboneRecipe:
    alpha = 0.35 if name == "MobileNetV2" else 1.0
    backbone = Backbone(name=name, input_size=SMALLEST.get(name, SIZE), alpha=alpha, weights="random")  # type: ignore[arg-type]
    content = {
        "name": "tiny",
        "family": "image_backbone",
        "model": "image_backbone",
        "backbone": backbone,
        "augmentation": AUGMENTATION,
        "architecture": {"first_units": 8, "second_units": 8, "dropout": 0.2},
        "fit": {"batch_size": 8, "epochs": 1, "learning_rate": 0.01},
    }
    return ImageBackboneRecipe.model_validate(content | changes)


def built(chosen: ImageBackboneRecipe, weights: Path | None = None) -> Any:
    make_reproducible(chosen.seed)
    size = chosen.backbone.input_size
    return build_model(chosen, NUM_CLASSES, (size, size, 3), weights)


@functools.cache
def shared(**changes: Any) -> Any:
    """One MobileNetV2 for all tests that need no fresh weights."""
    return built(recipe(**changes))


def answers(model: Any, pixels: np.ndarray) -> np.ndarray:
    """Eagerly: tracing takes longer than a single batch."""
    return np.asarray(model(pixels, training=False))


def photos(size: int = SIZE, count: int = 8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)


def step(model: Any, pixels: np.ndarray) -> set[str]:
    """One step of training; paths of the weights that it changed."""
    # Eagerly: tracing takes longer than a single step.
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", run_eagerly=True)
    before = {weight.path: np.array(weight) for weight in model.weights}
    model.train_on_batch(pixels, np.arange(len(pixels)) % NUM_CLASSES)
    return {weight.path for weight in model.weights if not np.array_equal(before[weight.path], np.array(weight))}


def entering(model: Any, pixels: np.ndarray) -> np.ndarray:
    """What reaches the first layer of the backbone."""
    import keras

    seen = model.get_layer(BACKBONE)
    inputs = next(node.input_tensors[0] for node in seen._inbound_nodes if node.input_tensors)
    return np.asarray(keras.Model(model.input, inputs)(pixels, training=False))


@pytest.mark.parametrize("name", ["MobileNetV2", "VGG16"])
def test_known_pixels_reach_the_backbone_as_it_was_trained_on_them(name: str) -> None:
    chosen = recipe(name)
    pixels = np.stack([np.zeros((SIZE, SIZE, 3)), np.full((SIZE, SIZE, 3), 255), photos()[0]]).astype(np.uint8)
    model = shared() if name == "MobileNetV2" else built(chosen)
    np.testing.assert_array_equal(entering(model, pixels), prepare_pixels(chosen.backbone, pixels))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_every_backbone_is_shown_its_own_range_takes_a_step_and_is_stored(name: str, tmp_path: Path) -> None:
    chosen = recipe(name, unfrozen_layers=8)
    model, pixels = built(chosen), photos(chosen.backbone.input_size)
    np.testing.assert_array_equal(entering(model, pixels), prepare_pixels(chosen.backbone, pixels))
    changed = step(model, pixels)
    assert changed
    assert changed <= {weight.path for weight in model.trainable_weights}
    write_model(tmp_path / "model.keras", model)
    stored = read_model(tmp_path / "model.keras")
    for weight, original in zip(stored.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, original)
    # One of the two runs eagerly.
    np.testing.assert_allclose(stored.predict_on_batch(pixels), model.predict_on_batch(pixels), atol=1e-6)


def test_a_frozen_backbone_gives_the_head_what_the_feature_store_holds(tmp_path: Path) -> None:
    chosen = recipe()
    alone = build_backbone(chosen.backbone, None)
    alone.save_weights(tmp_path / "own.weights.h5")
    expected = answers(alone, prepare_pixels(chosen.backbone, photos()))

    import keras

    model = built(chosen, tmp_path / "own.weights.h5")
    pooled = keras.Model(model.input, model.get_layer("features").output)
    np.testing.assert_allclose(answers(pooled, photos()), expected, rtol=1e-5, atol=1e-6)


def test_nothing_of_a_frozen_backbone_changes_in_training_statistics_neither() -> None:
    changed = step(shared(), photos())
    assert changed
    assert all(path.startswith(("first_hidden", "second_hidden", "probabilities", "seed")) for path in changed)


def test_the_last_layers_are_counted_over_all_layers_of_the_backbone() -> None:
    # MobileNetV2 ends in Conv_1, Conv_1_bn, out_relu; block_16_project_BN and block_16_project stand before them.
    model = shared(unfrozen_layers=4, train_batch_norm=True)
    assert [layer.name for layer in model.get_layer(BACKBONE).layers if layer.trainable] == [
        "block_16_project_BN",
        "Conv_1",
        "Conv_1_bn",
        "out_relu",
    ]
    everything = built(recipe(unfrozen_layers="all", train_batch_norm=True))
    assert all(layer.trainable for layer in everything.get_layer(BACKBONE).layers)


def test_normalisation_of_unfrozen_layers_stays_as_imagenet_left_it() -> None:
    changed = step(built(recipe(unfrozen_layers="all")), photos())
    assert any("Conv_1/kernel" in path for path in changed)
    assert not [path for path in changed if "bn" in path.lower()]


def test_normalisation_of_unfrozen_layers_learns_where_the_recipe_says_so() -> None:
    changed = step(shared(unfrozen_layers=4, train_batch_norm=True), photos())
    assert any("Conv_1_bn/moving_mean" in path for path in changed)
    assert not [path for path in changed if "block_15" in path]


def test_dropout_of_frozen_layers_is_off_in_training() -> None:
    import keras
    from keras import layers

    from rakuten.images.backbones import unfreeze

    # EfficientNet alone has dropout within its blocks, and takes half a minute to build.
    inputs = keras.Input((4,))
    network = keras.Model(inputs, layers.Dropout(0.5)(layers.Dense(4)(layers.Dropout(0.5)(inputs))))
    unfreeze(network, 2, batch_norm=False)
    assert [layer.rate for layer in network.layers if isinstance(layer, layers.Dropout)] == [0.0, 0.5]


def test_a_file_that_is_not_of_the_backbone_is_refused(tmp_path: Path) -> None:
    from rakuten.errors import InputError

    (tmp_path / "own.h5").write_bytes(b"no weights")
    with pytest.raises(InputError, match="does not hold the weights of backbone"):
        built(recipe(), tmp_path / "own.h5")


def test_half_precision_is_for_gpus_and_never_stored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert shared().get_layer(BACKBONE).layers[1].compute_dtype == "float32"
    monkeypatch.setattr("rakuten.images.precision.has_gpu", lambda: True)
    monkeypatch.setattr("rakuten.images.precision.has_bfloat16", lambda: False)
    model = built(recipe())
    assert model.get_layer(BACKBONE).layers[1].compute_dtype == "float16"
    assert model.get_layer("probabilities").compute_dtype == "float32"
    step(model, photos())
    assert type(model.optimizer).__name__ == "LossScaleOptimizer"
    write_model(tmp_path / "model.keras", model)
    stored = read_model(tmp_path / "model.keras")
    assert stored.get_layer(BACKBONE).layers[1].compute_dtype == "float32"
    np.testing.assert_allclose(answers(stored, photos()), answers(model, photos()), atol=5e-3)
    monkeypatch.undo()
    assert built(recipe()).get_layer(BACKBONE).layers[1].compute_dtype == "float32"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_networks_with_their_top_have_the_parameters_that_the_report_counts() -> None:
    import keras

    from rakuten.reporting.published import published_parameters

    published = published_parameters()
    assert set(published) == set(PUBLISHED)
    for name, found in PUBLISHED.items():
        module = getattr(keras.applications, found.module)
        assert getattr(module, name)(weights=None).count_params() == published[name], name
        keras.utils.clear_session()


def test_networks_without_their_top_end_in_maps() -> None:
    network = build_network(recipe().backbone)
    assert network.output_shape == (None, 1, 1, 1280)
