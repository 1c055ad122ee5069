"""What a photo looks like in numbers: how white its ground is, how much of it the product fills, its light and colour.

Measured on the small squares that trainings read, once for each distinct image.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from rakuten.dumps.joined_table import IMAGES_FILE
from rakuten.images.arrays import ImageArrays
from rakuten.images.borders import WHITE_FROM, product_box
from rakuten.images.resizing import PIXELS, size_within
from rakuten.outputs import Pool, StageOutput
from rakuten.stages import stage

SHARD_SIZE = 5000
UNIT = "images"

# Width of the rim that shows the ground, as a share of the shorter side.
RIM = 1 / 32
# Products cut off at one or two sides of a white page still stand on white; pages with bars at two sides do not.
WHITE_GROUND_FROM = 0.7

MEASURES_SCHEMA = pa.schema(
    [
        ("digest", pa.string()),
        ("rim_white", pa.float32()),
        ("filled", pa.float32()),
        ("crop_gain", pa.float32()),
        ("brightness", pa.float32()),
        ("contrast", pa.float32()),
        ("saturation", pa.float32()),
    ]
)


@stage(version=1)
def measure_images(out: Path, squares: StageOutput, images: StageOutput, size: int) -> dict[str, int]:
    """Measure every distinct image that decodes.

    Args:
        out: Work folder.
        squares: `resize_images`.
        images: `inspect_images` of the same dump, which knows the images' own proportions.
        size: Side of the squares, pixels.

    Returns:
        Numbers of images measured now and before.

    Output:
        shards/: by digest: see `measure`; shared with other outputs.
    """
    arrays = ImageArrays(squares.folder, PIXELS)
    table = pq.read_table(images.file(IMAGES_FILE), columns=["digest", "width", "height"])
    rows = zip(*(table.column(name).to_pylist() for name in table.column_names), strict=True)
    sides = {digest: (width, height) for digest, width, height in rows}

    def compute(digests: Sequence[str]) -> pa.Table:
        pixels = arrays.gather(digests)
        found = [
            measure(margins_off(square, sides[digest])) | {"digest": digest}
            for digest, square in zip(digests, pixels, strict=True)
        ]
        return pa.Table.from_pylist(found, schema=MEASURES_SCHEMA)

    pool = Pool(out.parent, measure_images, ("squares", "images"), squares=squares, images=images, size=size)
    # A shard of squares may hold other dumps' images as well.
    return pool.fill(out, arrays.usable & sides.keys(), compute, shard_size=SHARD_SIZE, unit=UNIT)


def margins_off(square: npt.NDArray[np.uint8], sides: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """The picture within a square, without the margins that made it one.

    Args:
        square: (size, size, 3).
        sides: Width and height of the image it was made of.
    """
    size = len(square)
    width, height = size_within(sides, size)
    left, top = (size - width) // 2, (size - height) // 2
    return square[top : top + height, left : left + width]


def measure(pixels: npt.NDArray[np.uint8]) -> dict[str, Any]:
    """Measure one picture.

    Args:
        pixels: (height, width, 3), RGB.

    Returns:
        rim_white: Share of its rim that is white. filled: Share of its area that `product_box` takes; None where all is
        white. crop_gain: How many times as long and wide the product would be shown
        if the picture were cut to that box, from 1. brightness, contrast, saturation: mean and deviation of lightness,
        mean difference of the strongest and the weakest colour, 0 to 1.
    """
    height, width, _ = pixels.shape
    white = pixels.min(axis=-1) >= WHITE_FROM
    lightness = pixels @ np.array([0.299, 0.587, 0.114]) / 255
    found: dict[str, Any] = {
        "rim_white": float(white[_rim(height, width)].mean()),
        "brightness": float(lightness.mean()),
        "contrast": float(lightness.std()),
        "saturation": float(np.ptp(pixels, axis=-1).mean() / 255),
    }
    if white.all():
        return found | {"filled": None, "crop_gain": None}
    left, upper, right, lower = product_box(pixels)
    return found | {
        "filled": (right - left) * (lower - upper) / (height * width),
        "crop_gain": max(height, width) / max(right - left, lower - upper),
    }


def _rim(height: int, width: int) -> npt.NDArray[np.bool_]:
    depth = max(1, round(min(height, width) * RIM))
    rim = np.ones((height, width), bool)
    rim[depth : height - depth, depth : width - depth] = False
    return rim
