"""Heads on the pooled features of a frozen backbone: training and prediction."""

from pathlib import Path
from typing import Any

import numpy as np

from rakuten.images.arrays import ImageArrays
from rakuten.images.features import FEATURES
from rakuten.outputs import StageOutput
from rakuten.recipes import ImageFeaturesRecipe
from rakuten.stages import stage
from rakuten.text.inputs import read_part
from rakuten.training.network import RECIPE, predict_network, train_network
from rakuten.training.pictured import gather_images, pictured_examples, with_image


@stage(version=1, libraries=("keras", "tensorflow", "numpy"), isolated=True)
def train_feature_head(
    out: Path, clean: StageOutput, split: StageOutput, features: StageOutput, recipe: ImageFeaturesRecipe
) -> dict[str, Any]:
    """Train a head on the features of a frozen backbone; products without a usable image are left out and counted.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `split_products`.
        features: `extract_features`.
        recipe: What is trained and how.

    Returns:
        Products without a usable image, and what `train_network` returns.

    Raises:
        InputError: If there are no train or no validation rows with an image, or the training diverges.
        RecipeError: If the recipe's model does not exist or cannot be given its sizes.
        ConstantPredictionError: If the network answers the same for all validation rows.

    Output:
        What `train_network` writes; probabilities are of products with a usable image.
    """
    images = ImageArrays(features.folder, FEATURES)
    examples, without_image = pictured_examples(clean, split, images)
    facts = train_network(out, recipe, examples, images.shape)
    return {"without_image": without_image, **facts}


@stage(version=1, libraries=("keras", "tensorflow", "numpy"), isolated=True)
def predict_feature_head(
    out: Path, model: StageOutput, clean: StageOutput, features: StageOutput, part: str
) -> dict[str, Any]:
    """Probabilities of the products of a part that have a usable image.

    Args:
        out: Work folder.
        model: `train_feature_head`.
        clean: `clean_products`.
        features: `extract_features`, made as for the training.
        part: "train" or "test".

    Returns:
        Numbers of rows and of products without a usable image.

    Raises:
        OutputError: If the dump did not hold the part, or the model cannot be read.

    Output:
        probabilities.parquet: products with a usable image, in the order of `clean`.
    """
    images = ImageArrays(features.folder, FEATURES)
    recipe = ImageFeaturesRecipe.model_validate(model.read_json(RECIPE))
    products = read_part(clean, part, ["image_digest"])
    pictured = with_image(products, images)
    gather = gather_images(images, pictured["image_digest"].tolist())
    facts = predict_network(out, model, recipe, pictured["productid"].to_numpy(np.int64), gather)
    return {"without_image": len(products) - len(pictured), **facts}
