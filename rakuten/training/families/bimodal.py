"""Keras networks over texts and images at once; products without a usable image are learnt from and predicted, too."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.errors import InputError
from rakuten.images.arrays import ImageArrays
from rakuten.recipes import BimodalRecipe
from rakuten.text.hashes import hashed_texts
from rakuten.training.examples import examples_of
from rakuten.training.family import PredictorInputs, TrainingData
from rakuten.training.keras_family import KerasFamily
from rakuten.training.networks.network import NetworkData, read_keras_model, read_recipe
from rakuten.training.networks.scoring import predict
from rakuten.training.predictor import TEXT_BATCH, Predictor, text_predictor


@dataclass(frozen=True)
class BimodalArrays:
    """The arrays that the network reads of some products.

    Attributes:
        ngrams: int32 (num_samples, max_ngrams).
        digests: Of each product's image; None: it has none that decodes.
        images: Features of images; None where no product has an image.
        num_features: Of an image.
    """

    ngrams: npt.NDArray[np.int32]
    digests: Sequence[str | None]
    images: ImageArrays | None
    num_features: int

    @classmethod
    def of(cls, products: pd.DataFrame, recipe: BimodalRecipe, images: ImageArrays | None, num_features: int) -> Self:
        """Inputs of products with the recipe's text columns and `image_digest`."""
        usable: frozenset[str] = frozenset() if images is None else images.usable
        digests = [digest if digest in usable else None for digest in products["image_digest"]]
        return cls(hashed_texts(products, recipe), digests, images, num_features)

    def gather(self, indices: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[Any]]:
        """Inputs by name at these indices, each (len(indices), …)."""
        chosen = [self.digests[index] for index in indices]
        has_photo = np.array([digest is not None for digest in chosen])
        features = np.zeros((len(indices), self.num_features), np.float32)
        if self.images is not None and has_photo.any():
            features[has_photo] = self.images.gather([digest for digest in chosen if digest is not None])
        return {
            "ngrams": self.ngrams[indices],
            "features": features,
            "has_photo": has_photo[:, np.newaxis].astype(np.float32),
        }

    def without_images(self) -> Self:
        """The same products, images hidden."""
        return replace(self, digests=[None] * len(self.digests))


class Bimodal(KerasFamily[BimodalRecipe]):
    """Files: the network's."""

    def network_data(self, data: TrainingData[BimodalRecipe]) -> NetworkData:
        """Labelled products, with hashed n-grams and image features as inputs."""
        recipe, products = data.recipe, data.products()
        images = ImageArrays(data.inputs["images"].folder, recipe.image_input.kind)
        if not images.usable:
            raise InputError(f"{recipe.name} learns from texts and images, and none of the images can be read")
        arrays = BimodalArrays.of(products, recipe, images, images.shape[0])
        examples = examples_of(products, gather=arrays.gather, unpictured=arrays.without_images().gather)
        facts = {"without_image": arrays.digests.count(None)}
        return NetworkData(recipe, examples, (recipe.max_ngrams, arrays.num_features), facts=facts)

    def predictor(self, recipe: BimodalRecipe, folder: Path, inputs: PredictorInputs) -> Predictor:
        """Predicts every product."""
        fitted = read_recipe(folder, BimodalRecipe)
        network = read_keras_model(folder)
        images = None if inputs.images is None else ImageArrays(inputs.images, recipe.image_input.kind)
        num_features = next(int(one.shape[-1]) for one in network.inputs if one.name == "features")

        def answer(products: pd.DataFrame) -> npt.NDArray[np.float32]:
            arrays = BimodalArrays.of(products, fitted, images, num_features)
            return predict(network, arrays.gather, len(products), TEXT_BATCH)

        return text_predictor(fitted.columns, answer)


FAMILY = Bimodal()
