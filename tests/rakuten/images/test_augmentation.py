"""Augmentation changes photos in training, as far as the recipe says and no further, and never in prediction."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from rakuten.determinism import make_reproducible
from rakuten.images.augmentation import augmentation_layers
from rakuten.recipes import Augmentation

REPORT = Augmentation(flip="both", shear=0.2, rotation=45, shift=0.1, zoom=0.2, fill="edge")
WISHES = Augmentation(crop=0.2, brightness=0.2, contrast=0.2, colour=0.5)


def augmented(augmentation: Augmentation, pixels: npt.NDArray[Any], *, training: bool = True) -> npt.NDArray[Any]:
    make_reproducible(1)
    values: Any = pixels.astype(np.float32)
    for layer in augmentation_layers(augmentation):
        values = layer(values, training=training)
    return np.asarray(values)


def gradient(count: int = 1, size: int = 40) -> npt.NDArray[np.float32]:
    """Red grows downwards, green to the right, blue is 100."""
    down, right = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    one = np.stack([down * 4.0, right * 4.0, np.full_like(down, 100.0, np.float64)], axis=-1)
    return np.repeat(one[None].astype(np.float32), count, axis=0)


@pytest.mark.parametrize("augmentation", [REPORT, WISHES], ids=["report", "wishes"])
def test_photos_are_changed_in_training_each_in_its_own_way_and_not_in_prediction(augmentation: Augmentation) -> None:
    pixels = gradient(4)
    np.testing.assert_array_equal(augmented(augmentation, pixels, training=False), pixels)
    changed = augmented(augmentation, pixels)
    assert changed.shape == pixels.shape
    assert all(not np.array_equal(changed[0], other) for other in changed[1:])
    assert changed.min() >= 0
    assert changed.max() <= 255


def test_a_recipe_without_augmentation_adds_no_layer() -> None:
    assert augmentation_layers(Augmentation()) == []


def test_a_shift_brings_white_or_the_edge_into_view() -> None:
    dark = np.zeros((16, 40, 40, 3), np.float32)
    white = augmented(Augmentation(shift=0.2), dark)
    assert white.max() == 255
    assert (white > 0).mean() < 2 * 0.2
    assert (augmented(Augmentation(shift=0.2, fill="edge"), dark) == 0).all()


def test_a_crop_shows_a_part_of_the_photo_enlarged_and_nothing_from_beyond_it() -> None:
    cropped = augmented(Augmentation(crop=0.5), gradient(32))
    # Half of 40 pixels in steps of 4: 20 different ones, so values span half of the full range.
    spans = np.ptp(cropped[..., 0], axis=(1, 2))
    np.testing.assert_allclose(spans, 80, atol=6)
    assert cropped[..., 2].max() == pytest.approx(100, abs=0.1)
    assert len(np.unique(cropped[:, 0, 0, 0].round())) > 10


def test_shear_goes_as_far_as_an_angle_of_a_fifth_of_a_radian() -> None:
    sheared = augmented(Augmentation(shear=0.2, fill="edge"), gradient(64))
    # Green in the middle column is 80; at the foot the photo has moved by at most 0.2 times its height of 40 pixels.
    moved = np.abs(sheared[:, 38, 20, 1] - 80) / 4
    assert moved.max() <= 0.2 * 40
    assert moved.max() > 0.15 * 40
    np.testing.assert_allclose(sheared[:, 0], gradient(64)[:, 0], atol=1e-3)


def test_colour_is_mixed_with_grey_and_grey_stays() -> None:
    changed = augmented(Augmentation(colour=0.5), gradient(8))
    assert np.ptp(changed[:, 39, 0], axis=-1).max() < np.ptp(gradient()[0, 39, 0])
    grey = np.full((4, 8, 8, 3), 90, np.float32)
    np.testing.assert_allclose(augmented(Augmentation(colour=0.5), grey), grey, atol=0.1)


def test_on_jax_the_steps_of_a_network_with_augmentation_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    layers = [*augmentation_layers(REPORT), *augmentation_layers(WISHES)]
    assert all(layer.supports_jit for layer in layers)
