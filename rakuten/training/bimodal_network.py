"""Keras networks over texts and photos at once: training, refit and prediction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.errors import InputError
from rakuten.images.arrays import ImageArrays
from rakuten.outputs import StageOutput
from rakuten.recipes import BimodalRecipe
from rakuten.stages import stage
from rakuten.text.inputs import read_labelled
from rakuten.training.examples import FITTED_SIDES, Examples, examples_of
from rakuten.training.model_files import MODEL, read_model
from rakuten.training.network import RECIPE, refit_network, train_network
from rakuten.training.predictor import TEXT_BATCH, Predictor, text_predictor
from rakuten.training.scoring import predict
from rakuten.training.text_hashes import COLUMNS, LIBRARIES, hashed_texts


@dataclass(frozen=True)
class BimodalInputs:
    """What the network reads of some products.

    Attributes:
        ngrams: int32 (num_products, max_ngrams).
        digests: Of each product's photo; None: it has none that can be read.
        images: The photos' features; None where no product has a photo.
        num_features: Of a photo.
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

    def gather(self, places: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[Any]]:
        """Inputs by name at these places."""
        chosen = [self.digests[place] for place in places]
        has_photo = np.array([digest is not None for digest in chosen])
        features = np.zeros((len(places), self.num_features), np.float32)
        if self.images is not None and has_photo.any():
            features[has_photo] = self.images.gather([digest for digest in chosen if digest is not None])
        return {
            "ngrams": self.ngrams[places],
            "features": features,
            "has_photo": has_photo[:, np.newaxis].astype(np.float32),
        }

    def without_photos(self) -> Self:
        """The same products, photos hidden."""
        return replace(self, digests=[None] * len(self.digests))


@stage(version=1, libraries=LIBRARIES, isolated=True)
def train_bimodal_network(
    out: Path, clean: StageOutput, split: StageOutput, images: StageOutput, recipe: BimodalRecipe
) -> dict[str, Any]:
    """Train a network on texts and photos; products without a usable photo are learnt from and answered as such.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `split_products`.
        images: `extract_features`.
        recipe: What is trained and how.

    Returns:
        Products without a usable photo, and what `train_network` returns.

    Raises:
        InputError: If there is no photo at all, there are no train or no validation rows, or the training diverges.
        RecipeError: If the recipe's model does not exist or cannot be given its sizes.
        ConstantPredictionError: If the network answers the same for all validation rows.

    Output:
        What `train_network` writes.
    """
    examples, inputs = bimodal_examples(clean, split, images, recipe)
    facts = train_network(out, recipe, examples, (recipe.max_ngrams, inputs.num_features))
    return {"without_image": inputs.digests.count(None), **facts}


@stage(version=1, libraries=LIBRARIES, isolated=True)
def refit_bimodal_network(
    out: Path,
    clean: StageOutput,
    split: StageOutput,
    images: StageOutput,
    recipe: BimodalRecipe,
    scored: StageOutput,
) -> dict[str, Any]:
    """Fit the network to all labelled products, for as many epochs as proved best.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `pool_sides`.
        images, recipe: As of the training.
        scored: `train_bimodal_network`.

    Returns:
        What `refit_network` returns.

    Output:
        What `refit_network` writes.
    """
    examples, inputs = bimodal_examples(clean, split, images, recipe)
    return refit_network(out, recipe, examples, (recipe.max_ngrams, inputs.num_features), scored)


def bimodal_examples(
    clean: StageOutput, split: StageOutput, images: StageOutput, recipe: BimodalRecipe
) -> tuple[Examples, BimodalInputs]:
    """Labelled products with what the network reads of them.

    Args:
        clean: `clean_products`.
        split: `split_products`.
        images: `extract_features`.
        recipe: What is read of texts.

    Raises:
        InputError: If no photo can be read.
    """
    products = read_labelled(clean, split, [*COLUMNS[recipe.column], "image_digest"])
    products = products[products["side"].isin(FITTED_SIDES)]
    arrays = ImageArrays(images.folder, recipe.reads)
    if not arrays.usable:
        raise InputError(f"{recipe.name} learns from texts and photos, and none of the photos can be read")
    inputs = BimodalInputs.of(products, recipe, arrays, arrays.shape[0])
    return examples_of(products, gather=inputs.gather, unpictured=inputs.without_photos().gather), inputs


def bimodal_predictor(folder: Path, images: Path | None) -> Predictor:
    """A trained network over texts and photos, for predictions; it answers for every product.

    Args:
        folder: Of its files.
        images: Folder of what `extract_features` made, as for the training; None: no product has a photo.

    Raises:
        OutputError: If its files are damaged.
    """
    recipe = BimodalRecipe.model_validate_json((folder / RECIPE).read_bytes())
    network = read_model(folder / MODEL)
    arrays = None if images is None else ImageArrays(images, recipe.reads)
    num_features = next(int(one.shape[-1]) for one in network.inputs if one.name == "features")

    def answer(products: pd.DataFrame) -> npt.NDArray[np.float32]:
        inputs = BimodalInputs.of(products, recipe, arrays, num_features)
        return predict(network, inputs.gather, len(products), TEXT_BATCH)

    return text_predictor([*COLUMNS[recipe.column], "image_digest"], answer)
