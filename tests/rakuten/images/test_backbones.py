"""Each backbone gets the pixels it was trained on: the report's first mistake, made impossible."""

from typing import get_args

import numpy as np
import pytest

from rakuten.images.backbones import PUBLISHED, build_backbone, prepare_pixels
from rakuten.recipes import Backbone

RANGES = {
    "DenseNet121": (-2.118, 2.640),
    "EfficientNetB7": (0.0, 255.0),
    "InceptionResNetV2": (-1.0, 1.0),
    "InceptionV3": (-1.0, 1.0),
    "MobileNetV2": (-1.0, 1.0),
    "NASNetMobile": (-1.0, 1.0),
    "ResNet50": (-123.68, 151.061),
    "VGG16": (-123.68, 151.061),
    "VGG19": (-123.68, 151.061),
    "Xception": (-1.0, 1.0),
}


def test_every_backbone_that_a_recipe_can_name_is_known() -> None:
    assert set(PUBLISHED) == set(get_args(Backbone.model_fields["name"].annotation)) == set(RANGES)


@pytest.mark.parametrize("name", sorted(RANGES))
def test_black_and_white_reach_the_backbone_in_the_range_it_was_trained_on(name: str) -> None:
    backbone = Backbone(name=name, input_size=224)
    pixels = np.stack([np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)])
    prepared = prepare_pixels(backbone, pixels)
    assert prepared.dtype == np.float32
    low, high = RANGES[name]
    assert prepared.min() == pytest.approx(low, abs=0.01)
    assert prepared.max() == pytest.approx(high, abs=0.01)
    assert pixels.max() == 255


def test_random_weights_are_the_same_every_time() -> None:
    backbone = Backbone(name="MobileNetV2", input_size=32, alpha=0.35, weights="random")
    first, second = build_backbone(backbone, None), build_backbone(backbone, None)
    assert first.output_shape == (None, 1280)
    assert not first.trainable
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
