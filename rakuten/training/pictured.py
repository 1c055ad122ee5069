"""Products with a usable image, and their images' arrays batch by batch: what all image models read."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.images.arrays import ImageArrays
from rakuten.outputs import StageOutput
from rakuten.text.inputs import read_labelled
from rakuten.training.examples import FITTED_SIDES, Examples, examples_of
from rakuten.training.scoring import Gather


def pictured_examples(
    clean: StageOutput, split: StageOutput, images: ImageArrays, needed: Sequence[str] = ("train", "validation")
) -> tuple[Examples, int]:
    """Labelled products whose image decoded, with its array as their input.

    Args:
        clean: `clean_products`.
        split: `split_products`.
        images: Pixels or features, of the same dump.
        needed: Sides of which there must be examples.

    Returns:
        The examples, and how many products without a usable image are not among them.

    Raises:
        InputError: If there are no products with an image on a side that is needed.
    """
    products = read_labelled(clean, split, ["image_digest"])
    products = products[products["side"].isin(FITTED_SIDES)]
    pictured = with_image(products, images)
    examples = examples_of(pictured, gather_images(images, pictured["image_digest"].tolist()))
    examples.places(*needed)
    return examples, len(products) - len(pictured)


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
