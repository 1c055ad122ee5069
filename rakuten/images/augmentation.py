"""Augmentation as Keras layers: it runs where the network runs, in training only, on whole batches."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rakuten.recipes import Augmentation

if TYPE_CHECKING:
    import keras

# One layer an axis: Keras' "horizontal_and_vertical" draws once for both, so it turns by 180° and never mirrors.
FLIPS = {"none": (), "horizontal": ("horizontal",), "both": ("horizontal", "vertical")}
FILLS: dict[str, dict[str, Any]] = {
    "white": {"fill_mode": "constant", "fill_value": 255.0},
    "edge": {"fill_mode": "nearest"},
}
# Pixels keep full precision, whatever the network computes in.
PIXELS: dict[str, Any] = {"dtype": "float32"}
VALUES: dict[str, Any] = {"value_range": (0, 255), **PIXELS}


def augmentation_layers(augmentation: Augmentation) -> "list[keras.layers.Layer]":
    """Layers from pixels, 0..255, to pixels; none for what the recipe leaves out.

    Args:
        augmentation: How far each change goes.
    """
    import keras

    made = [*_geometric(augmentation), *_photometric(augmentation)]
    if keras.config.backend() == "jax":
        # Keras says of most that they cannot be compiled, for XLA lacks the operation that TensorFlow uses for them;
        # JAX has it, and would otherwise run the whole network's steps uncompiled, operation by operation.
        for layer in made:
            layer.supports_jit = True
    return made


def _geometric(wanted: Augmentation) -> "Iterator[keras.layers.Layer]":
    from keras import layers

    fill = FILLS[wanted.fill] | PIXELS
    for axis in FLIPS[wanted.flip]:
        yield layers.RandomFlip(axis, name=f"flip_{axis}", **PIXELS)
    if wanted.shear:
        # To either side, about the upper edge: the middle of the photo moves by half of it. As a pair, because Keras
        # does not read back what it stores of a single number.
        yield layers.RandomShear(x_factor=(0.0, wanted.shear), name="shear", **fill)
    if wanted.rotation:
        yield layers.RandomRotation(wanted.rotation / 360, name="rotation", **fill)
    if wanted.shift:
        yield layers.RandomTranslation(wanted.shift, wanted.shift, name="shift", **fill)
    if wanted.zoom:
        yield layers.RandomZoom(wanted.zoom, wanted.zoom, name="zoom", **fill)
    if wanted.crop:
        # Shifted by what the zoom then cuts off on one side, at most: nothing from beyond the borders is seen.
        edge = FILLS["edge"] | PIXELS
        yield layers.RandomTranslation(wanted.crop / 2, wanted.crop / 2, name="crop_place", **edge)
        yield layers.RandomZoom((-wanted.crop, -wanted.crop), name="crop", **edge)


def _photometric(wanted: Augmentation) -> "Iterator[keras.layers.Layer]":
    from keras import layers

    if wanted.brightness:
        yield layers.RandomBrightness(wanted.brightness, name="brightness", **VALUES)
    if wanted.contrast:
        # As a pair: of a single number Keras takes 0 as the lower one, and so never lowers the contrast.
        yield layers.RandomContrast((wanted.contrast, wanted.contrast), name="contrast", **VALUES)
    if wanted.colour:
        # As a pair: of a single number Keras makes two, the lower one below 0, and mixes in less grey than none.
        yield layers.RandomColorDegeneration((0.0, wanted.colour), name="colour", **VALUES)
