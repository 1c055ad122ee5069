import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from rakuten.images.borders import blacken_border, product_box
from rakuten.images.resizing import decode_square

RED = (200, 30, 30)


def photo(height: int, width: int, box: tuple[int, int, int, int]) -> npt.NDArray[np.uint8]:
    """White, with a red product in a box (left, upper, right, lower)."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    left, upper, right, lower = box
    pixels[upper:lower, left:right] = RED
    return pixels


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def test_the_box_holds_the_product_and_no_more() -> None:
    assert product_box(photo(40, 60, (10, 5, 30, 25))) == (10, 5, 30, 25)


def test_noise_on_white_belongs_to_the_border() -> None:
    pixels = photo(40, 60, (10, 5, 30, 25))
    pixels[0, 0] = (252, 250, 255)
    assert product_box(pixels) == (10, 5, 30, 25)


def test_an_all_white_photo_is_left_whole() -> None:
    white = np.full((8, 12, 3), 255, np.uint8)
    assert product_box(white) == (0, 0, 12, 8)
    np.testing.assert_array_equal(blacken_border(white), white)


def test_white_within_the_product_stays_white() -> None:
    pixels = photo(20, 20, (5, 5, 15, 15))
    pixels[9:11, 9:11] = 255
    blackened = blacken_border(pixels)
    assert (blackened[9:11, 9:11] == 255).all()
    assert (blackened[:5] == 0).all()
    assert pixels[0, 0, 0] == 255


def test_cropping_makes_the_product_fill_the_square() -> None:
    data = png(photo(100, 100, (20, 40, 60, 80)))
    assert (decode_square(data, 32, "crop") == RED).all()
    # Twice as wide as high: margins above and below, none at the sides.
    wide = decode_square(png(photo(100, 100, (20, 40, 60, 60))), 32, "crop")
    assert (wide[8:24] == RED).all()
    assert (wide[:7] == 255).all()


def test_blackening_takes_the_margins_of_what_is_not_square_along() -> None:
    square = decode_square(png(photo(50, 100, (0, 0, 100, 50))), 32, "black")
    assert (square[8:24] == RED).all()
    assert (square[:8] == 0).all()
    assert (square[24:] == 0).all()


@pytest.mark.parametrize("borders", ["crop", "black"])
def test_a_photo_without_a_border_stays_as_it_is(borders: str) -> None:
    noise = np.random.default_rng(0).integers(0, 240, (32, 32, 3), np.uint8)
    np.testing.assert_array_equal(decode_square(png(noise), 32, borders), noise)  # type: ignore[arg-type]
