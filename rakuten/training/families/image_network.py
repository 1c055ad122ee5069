"""Keras networks over images, whether they read pixels or a frozen backbone's features.

They predict products with a usable image; others are left out, and never read as an empty image.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.data.probabilities import Probabilities
from rakuten.errors import InputError
from rakuten.images.arrays import ImageArrays
from rakuten.images.weights import checked_weights
from rakuten.recipes.families.image_network import ImageRecipe
from rakuten.training.examples import examples_of
from rakuten.training.family import PredictorInputs, TrainingData
from rakuten.training.keras_family import KerasFamily
from rakuten.training.networks.network import NetworkData, read_network
from rakuten.training.networks.scoring import Gather
from rakuten.training.predictor import Predictor


class ImageNetwork(KerasFamily[ImageRecipe]):
    """Files: the network's."""

    def network_data(self, data: TrainingData[ImageRecipe]) -> NetworkData:
        """Labelled products whose image decoded, with its array as their input."""
        recipe, products = data.recipe, data.products()
        backbone = recipe.image_input.backbone
        in_network = backbone if "weights" in recipe.inputs else None
        weights = None if in_network is None else checked_weights(in_network, data.inputs.get("weights"))
        arrays = ImageArrays(data.inputs["images"].folder, recipe.image_input.kind)
        usable = with_image(products, arrays)
        examples = examples_of(usable, gather_images(arrays, usable["image_digest"].tolist()))
        # Without any image there is no shape: say first that there is nothing to train on.
        examples.indices("train")
        facts = {"without_image": len(products) - len(usable)}
        return NetworkData(recipe, examples, arrays.shape, weights, facts=facts)

    def predictor(self, recipe: ImageRecipe, folder: Path, inputs: PredictorInputs) -> Predictor:
        """Predicts products with a usable image, of which there must be a folder."""
        if inputs.images is None:
            raise InputError(f"{recipe.name} reads images, and none are given")
        arrays = ImageArrays(inputs.images, recipe.image_input.kind)
        # A batch as large as in training: a larger one might not fit into memory.
        network = read_network(folder, recipe.fit.batch_size)

        def predict(products: pd.DataFrame) -> Probabilities:
            usable = with_image(products, arrays)
            gather = gather_images(arrays, usable["image_digest"].tolist())
            return Probabilities(usable["productid"].to_numpy(np.int64), network(gather, len(usable)))

        return Predictor(recipe.columns, predict)


def with_image(products: pd.DataFrame, images: ImageArrays) -> pd.DataFrame:
    """Products whose image decoded.

    Args:
        products: With the column `image_digest`, null where there is no image.
        images: Of the same dump.
    """
    return products[products["image_digest"].isin(images.usable)]


def gather_images(images: ImageArrays, digests: Sequence[str]) -> Gather:
    """Indices into `digests` → arrays of these images, read from the shards batch by batch."""

    def gather(indices: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        return images.gather([digests[index] for index in indices])

    return gather


FAMILY = ImageNetwork()
