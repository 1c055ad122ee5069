"""Keras networks over photos, whether they read pixels or a frozen backbone's features: training and prediction."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from rakuten.data.probabilities import Probabilities
from rakuten.images.arrays import ImageArrays
from rakuten.images.weights import WeightsFile, checked_weights
from rakuten.outputs import StageOutput
from rakuten.recipes import ImageBackboneRecipe
from rakuten.recipes.image import ImageRecipe
from rakuten.stages import stage
from rakuten.training.network import RECIPE, read_network, refit_network, train_network
from rakuten.training.pictured import gather_images, pictured_examples, with_image
from rakuten.training.predictor import Predictor

_recipe: TypeAdapter[ImageRecipe] = TypeAdapter(ImageRecipe)


@stage(version=1, libraries=("keras", "tensorflow", "numpy"), isolated=True)
def train_image_network(
    out: Path,
    clean: StageOutput,
    split: StageOutput,
    images: StageOutput,
    recipe: ImageRecipe,
    weights: WeightsFile | None = None,
) -> dict[str, Any]:
    """Train a network on photos; products without a usable image are left out and counted.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `split_products`.
        images: What the recipe reads: `resize_images`, or `extract_features`, which knows the backbone's weights.
        recipe: What is trained and how.
        weights: Of the backbone within the network, as `find_weights` found them; None: there is none, or they are
            random.

    Returns:
        Products without a usable image, and what `train_network` returns.

    Raises:
        InputError: If there are no train or no validation rows with an image, the weights are not those of the
            backbone, or the training diverges.
        RecipeError: If the recipe's model does not exist or cannot be given its sizes.
        WeightsNotFoundError: If the weights are gone or changed.
        ConstantPredictionError: If the network answers the same for all validation rows.

    Output:
        What `train_network` writes; probabilities are of products with a usable image.
    """
    starts_from = checked_weights(recipe.backbone, weights) if isinstance(recipe, ImageBackboneRecipe) else None
    arrays = ImageArrays(images.folder, recipe.reads)
    examples, without_image = pictured_examples(clean, split, arrays)
    facts = train_network(out, recipe, examples, arrays.shape, weights=starts_from)
    return {"without_image": without_image, **facts}


@stage(version=1, libraries=("keras", "tensorflow", "numpy"), isolated=True)
def refit_image_network(
    out: Path,
    clean: StageOutput,
    split: StageOutput,
    images: StageOutput,
    recipe: ImageRecipe,
    scored: StageOutput,
    weights: WeightsFile | None = None,
) -> dict[str, Any]:
    """Fit the network to the photos of all labelled products, for as many epochs as proved best.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `pool_sides`.
        images, recipe, weights: As of the training.
        scored: `train_image_network`.

    Returns:
        Products without a usable image, and what `refit_network` returns.

    Output:
        What `refit_network` writes.
    """
    starts_from = checked_weights(recipe.backbone, weights) if isinstance(recipe, ImageBackboneRecipe) else None
    arrays = ImageArrays(images.folder, recipe.reads)
    examples, without_image = pictured_examples(clean, split, arrays, needed=("train",))
    facts = refit_network(out, recipe, examples, arrays.shape, scored, starts_from)
    return {"without_image": without_image, **facts}


def image_predictor(folder: Path, images: Path) -> Predictor:
    """A trained network over photos, for predictions; it answers for products with a usable image.

    Args:
        folder: Of its files.
        images: Folder of what `resize_images` or `extract_features` made, as for the training.

    Raises:
        OutputError: If its files are damaged.
    """
    recipe = _recipe.validate_json((folder / RECIPE).read_bytes())
    arrays = ImageArrays(images, recipe.reads)
    # A step of the size of the training's: larger ones would not fit where it did.
    network = read_network(folder, recipe.fit.batch_size)

    def answer(products: pd.DataFrame) -> Probabilities:
        pictured = with_image(products, arrays)
        gather = gather_images(arrays, pictured["image_digest"].tolist())
        return Probabilities(pictured["productid"].to_numpy(np.int64), network(gather, len(pictured)))

    return Predictor(("image_digest",), answer)
