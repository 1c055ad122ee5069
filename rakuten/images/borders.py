"""White borders of product photos: cut away or blackened (the report's section 5.5). No file is read here.

The border is what lies outside the smallest upright rectangle that holds every pixel that is not white.
"""

import numpy as np
import numpy.typing as npt

# JPEG noise on a white ground stays above this.
WHITE_FROM = 250

# Left, upper, right and lower edge in pixels, as Pillow has them: the last two are outside.
Box = tuple[int, int, int, int]


def product_box(pixels: npt.NDArray[np.uint8]) -> Box:
    """The rectangle within the border; the whole picture where all of it is white.

    Args:
        pixels: uint8 (height, width, 3), RGB.
    """
    height, width = pixels.shape[:2]
    # A pixel is white when its darkest channel is.
    is_product = pixels.min(axis=-1) < WHITE_FROM
    rows, columns = np.flatnonzero(is_product.any(axis=1)), np.flatnonzero(is_product.any(axis=0))
    if not len(rows):
        return 0, 0, width, height
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def blacken_border(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The picture with a black border in place of its white one.

    Args:
        pixels: uint8 (height, width, 3), RGB.
    """
    left, upper, right, lower = product_box(pixels)
    blackened = np.zeros_like(pixels)
    blackened[upper:lower, left:right] = pixels[upper:lower, left:right]
    return blackened
