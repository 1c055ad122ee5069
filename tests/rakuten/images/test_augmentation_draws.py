"""Each augmentation draws from the range its recipe names, uniformly, anew for each photo and each step.

Photos are ramps: red is the row and green the column that a pixel was taken from, so that the affine map that a layer
drew can be read from three pixels in the middle. Layers run compiled, as in training.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from rakuten.determinism import make_reproducible
from rakuten.images.augmentation import augmentation_layers
from rakuten.recipes import Augmentation

Floats = npt.NDArray[np.float64]

SIZE, MIDDLE = 40, 20
BATCHES, BATCH = 8, 50
# Of a draw that is what it should be one test in 1,000 would fail; the seed is fixed, so none does by chance.
LEAST_P = 1e-3
# Correlation of two independent draws of 400: |r| above 0.165 has p = 0.001.
MOST_CORRELATED = 0.165


def drawn(augmentation: Augmentation, photo: npt.NDArray[Any], seed: int = 1) -> Floats:
    """One photo augmented 400 times, float64 (400, height, width, 3), in 8 training steps."""
    import keras
    import tensorflow as tf

    make_reproducible(seed)
    layers = keras.Sequential([keras.Input(photo.shape), *augmentation_layers(augmentation)])
    step = tf.function(lambda photos: layers(photos, training=True))
    photos = np.repeat(photo[None].astype(np.float32), BATCH, axis=0)
    return np.concatenate([np.asarray(step(photos)) for _ in range(BATCHES)]).astype(np.float64)


def ramp() -> Floats:
    """(40, 40, 3): red is the row, green the column, times 4."""
    rows, columns = np.meshgrid(np.arange(SIZE), np.arange(SIZE), indexing="ij")
    return np.stack([rows * 4.0, columns * 4.0, np.full((SIZE, SIZE), 100.0)], axis=-1)


def affine(photos: Floats) -> tuple[Floats, Floats]:
    """The map from a pixel (x, y) to the place it was taken from, near the middle.

    Returns:
        Matrices (num_photos, 2, 2), and the places that the middle was taken from, (num_photos, 2); x comes first.
    """
    taken_from = photos[..., [1, 0]] / 4
    middle = taken_from[:, MIDDLE, MIDDLE]
    to_the_right = (taken_from[:, MIDDLE, MIDDLE + 4] - middle) / 4
    downwards = (taken_from[:, MIDDLE + 4, MIDDLE] - middle) / 4
    return np.stack([to_the_right, downwards], axis=-1), middle


def require_uniform(values: Floats, low: float, high: float) -> None:
    """Fail unless values fill [low, high] evenly and neighbours among them have nothing to do with each other."""
    tolerance = 0.01 * (high - low)
    assert low - tolerance <= values.min()
    assert values.max() <= high + tolerance
    assert stats.kstest(values, stats.uniform(low, high - low).cdf).pvalue > LEAST_P
    require_independent(values[:-1], values[1:])


def require_independent(first: Floats, second: Floats) -> None:
    assert abs(np.corrcoef(first, second)[0, 1]) < MOST_CORRELATED


@pytest.mark.parametrize(("flip", "states"), [("horizontal", 2), ("both", 4)])
def test_a_flip_mirrors_each_axis_with_probability_one_half_and_independently(flip: Any, states: int) -> None:
    photo = ramp()
    photos = drawn(Augmentation(flip=flip), photo)
    mirrored = {
        "as it is": photo,
        "left to right": photo[:, ::-1],
        "upside down": photo[::-1],
        "both": photo[::-1, ::-1],
    }
    counts = {name: int((photos == image).all(axis=(1, 2, 3)).sum()) for name, image in mirrored.items()}
    seen = [count for count in counts.values() if count]
    assert sum(seen) == BATCHES * BATCH, "a flip does nothing else"
    assert len(seen) == states
    assert stats.chisquare(seen).pvalue > LEAST_P
    if flip == "horizontal":
        assert counts["upside down"] == counts["both"] == 0


def test_rotation_draws_degrees_to_either_side() -> None:
    matrices, _ = affine(drawn(Augmentation(rotation=45, fill="edge"), ramp()))
    angles = np.degrees(np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    require_uniform(angles, -45, 45)
    np.testing.assert_allclose(np.linalg.det(matrices), 1, atol=1e-3)


def test_shift_draws_a_share_of_width_and_one_of_height() -> None:
    matrices, middles = affine(drawn(Augmentation(shift=0.1, fill="edge"), ramp()))
    np.testing.assert_allclose(matrices, np.broadcast_to(np.eye(2), matrices.shape), atol=1e-3)
    shares = (middles - MIDDLE) / SIZE
    for axis in (0, 1):
        require_uniform(shares[:, axis], -0.1, 0.1)
    require_independent(shares[:, 0], shares[:, 1])


def test_zoom_draws_each_side_on_its_own() -> None:
    matrices, _ = affine(drawn(Augmentation(zoom=0.2, fill="edge"), ramp()))
    across, down = matrices[:, 0, 0], matrices[:, 1, 1]
    require_uniform(across, 0.8, 1.2)
    require_uniform(down, 0.8, 1.2)
    require_independent(across, down)
    np.testing.assert_allclose(matrices[:, [0, 1], [1, 0]], 0, atol=1e-3)


def test_shear_draws_to_either_side_and_moves_rows_alone() -> None:
    matrices, _ = affine(drawn(Augmentation(shear=0.2, fill="edge"), ramp()))
    require_uniform(matrices[:, 0, 1], -0.2, 0.2)
    np.testing.assert_allclose(matrices[:, 1], np.broadcast_to([0, 1], (len(matrices), 2)), atol=1e-3)


def test_a_crop_keeps_its_size_and_draws_its_place() -> None:
    matrices, middles = affine(drawn(Augmentation(crop=0.2), ramp()))
    np.testing.assert_allclose(matrices, np.broadcast_to(0.8 * np.eye(2), matrices.shape), atol=1e-3)
    # The middle of the photo lies between two pixels, half a pixel from MIDDLE.
    places = (middles - (SIZE - 1) / 2 - 0.8 * 0.5) / SIZE
    for axis in (0, 1):
        require_uniform(places[:, axis], -0.1, 0.1)
    require_independent(places[:, 0], places[:, 1])


def test_brightness_adds_or_takes_away_one_amount_a_photo() -> None:
    photos = drawn(Augmentation(brightness=0.2), np.full((8, 8, 3), 128.0))
    assert np.ptp(photos, axis=(1, 2, 3)).max() < 1e-3
    require_uniform((photos[:, 0, 0, 0] - 128) / 255, -0.2, 0.2)


def test_contrast_scales_the_distance_from_the_mean_by_one_factor_a_photo() -> None:
    halves = np.full((8, 8, 3), 100.0)
    halves[:4] = 156.0
    photos = drawn(Augmentation(contrast=0.2), halves)
    np.testing.assert_allclose(photos.mean(axis=(1, 2, 3)), 128, atol=1e-2)
    require_uniform((photos[:, 0, 0, 0] - photos[:, 7, 0, 0]) / 56, 0.8, 1.2)


def test_colour_mixes_in_a_share_of_grey() -> None:
    red = np.zeros((4, 4, 3))
    red[..., 0] = 200.0
    photos = drawn(Augmentation(colour=0.5), red)
    # Distance of red and green: 200 without grey, 0 of grey alone.
    require_uniform(1 - (photos[:, 0, 0, 0] - photos[:, 0, 0, 1]) / 200, 0.0, 0.5)


@pytest.mark.parametrize(
    "change", [{"rotation": 45}, {"shift": 0.2}, {"zoom": 0.3}, {"shear": 0.3}], ids=lambda change: next(iter(change))
)
def test_beyond_the_borders_is_white_or_the_edge_and_nothing_else(change: dict[str, float]) -> None:
    black = np.zeros((SIZE, SIZE, 3))
    assert (drawn(Augmentation(**change, fill="edge"), black) == 0).all()
    white = drawn(Augmentation(**change, fill="white"), black)
    assert white.max() == 255
    assert (white[:, MIDDLE, MIDDLE] == 0).all()
    # Several photos show some white, at a border at least.
    assert (white.max(axis=(1, 2, 3)) == 255).mean() > 0.5


def test_augmentations_of_one_recipe_draw_independently_of_each_other() -> None:
    recipe = Augmentation(shift=0.1, zoom=0.2, fill="edge")
    matrices, middles = affine(drawn(recipe, ramp()))
    draws = [matrices[:, 0, 0], matrices[:, 1, 1], middles[:, 0], middles[:, 1]]
    for first, second in pairwise(draws):
        require_independent(first, second)


def test_equal_seeds_draw_equal_bytes_and_others_do_not() -> None:
    recipe = Augmentation(flip="both", shear=0.2, rotation=45, shift=0.1, zoom=0.2, brightness=0.1, contrast=0.1)
    first = drawn(recipe, ramp())
    assert np.array_equal(first, drawn(recipe, ramp()))
    assert not np.array_equal(first, drawn(recipe, ramp(), seed=2))
    assert not np.array_equal(first[:BATCH], first[BATCH : 2 * BATCH]), "each step draws anew"
