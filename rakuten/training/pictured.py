"""Products with a usable image, and their images' arrays batch by batch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.images.arrays import ImageArrays
from rakuten.training.scoring import Gather


def with_image(products: pd.DataFrame, images: ImageArrays) -> pd.DataFrame:
    """The products whose image decoded: the others are left out, and never seen as an empty picture.

    Args:
        products: With the column `image_digest`, null where there is no image.
        images: Of the same dump.
    """
    return products[products["image_digest"].isin(images.usable)]


def gather_images(images: ImageArrays, digests: Sequence[str]) -> Gather:
    """Places among `digests` → arrays of these images, read from the shards when they are asked for."""

    def gather(places: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        return images.gather([digests[place] for place in places])

    return gather
