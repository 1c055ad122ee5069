"""The report's first mistake: pixels of 0..1 for EfficientNet, which wants 0..255. Every photo got the same class.

Weights drawn at random do not show it: with them EfficientNet tells no photos apart, in whatever range. So this
reproduction trains Keras' EfficientNet as far as its first block, which has its whole input stage, on pixels in the
right range, and then treats it as a pre-trained backbone.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from rakuten.determinism import make_reproducible
from rakuten.errors import ConstantPredictionError
from rakuten.images.backbones import preparation
from rakuten.recipes import Backbone, FitSettings, ImageFeaturesRecipe
from rakuten.training.examples import Examples
from rakuten.training.networks.network import NetworkData, train_network

SIDES = np.array(["train"] * 60 + ["validation"] * 60)
EFFICIENTNET = Backbone(name="EfficientNetB7", input_size=32, weights="random")
HEAD = ImageFeaturesRecipe(
    name="head",
    family="image_features",
    model="feature_head",
    backbone=EFFICIENTNET,
    architecture={"first_units": 64, "second_units": 0, "dropout": 0.2},
    fit=FitSettings(batch_size=20, epochs=10, learning_rate=1e-3),
)


def photos() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Noise of three colours, a class each."""
    rng = np.random.default_rng(0)
    targets = np.arange(len(SIDES)) % 3
    colours = np.array([[220, 60, 60], [60, 220, 60], [60, 60, 220]])
    pixels = colours[targets][:, None, None] + rng.integers(-50, 36, (len(SIDES), 32, 32, 3))
    return pixels.astype(np.uint8), targets


@pytest.fixture(scope="module")
def backbone() -> Any:
    """The start of the smallest EfficientNet, trained to tell these photos apart."""
    import keras

    make_reproducible(1)
    whole = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(32, 32, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(whole.get_layer("block1a_project_bn").output)
    network = keras.Model(whole.input, keras.layers.Dense(3, activation="softmax")(pooled))
    network.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    pixels, targets = photos()
    network.fit(preparation(EFFICIENTNET)(pixels.astype(np.float32)), targets, batch_size=20, epochs=20, verbose=0)
    return keras.Model(whole.input, pooled)


def train(out: Path, backbone: Any, pixels: npt.NDArray[Any]) -> dict[str, Any]:
    features = np.asarray(backbone.predict_on_batch(pixels.astype(np.float32)))
    examples = Examples(np.arange(len(SIDES)), photos()[1], SIDES, features.__getitem__)
    return train_network(out, NetworkData(HEAD, examples, features.shape[1:]))


def test_efficientnet_learns_from_pixels_prepared_for_it(backbone: Any, tmp_path: Path) -> None:
    prepared = preparation(EFFICIENTNET)(photos()[0].astype(np.float32))
    assert train(tmp_path, backbone, prepared)["validation_f1_weighted"] > 0.9


def test_the_report_s_pixels_of_0_to_1_are_stopped_by_the_guard(backbone: Any, tmp_path: Path) -> None:
    with pytest.raises(ConstantPredictionError, match="predicts one class for all 60 validation rows"):
        train(tmp_path, backbone, photos()[0] / 255)
    assert not (tmp_path / "model.keras").exists()
