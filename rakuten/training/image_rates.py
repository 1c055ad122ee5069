"""Learning rates of networks over pixels and of heads on features."""

from pathlib import Path
from typing import Any

from rakuten.images.arrays import ImageArrays
from rakuten.images.features import FEATURES
from rakuten.images.resizing import PIXELS
from rakuten.outputs import StageOutput
from rakuten.recipes import ImageFeaturesRecipe, ImageNetworkRecipe, RateFinderRecipe
from rakuten.stages import stage
from rakuten.training.pictured import pictured_examples
from rakuten.training.rate_finder import find_rate


@stage(version=1, libraries=("keras", "tensorflow", "numpy"), isolated=True)
def find_image_network_rate(
    out: Path,
    clean: StageOutput,
    split: StageOutput,
    pixels: StageOutput,
    recipe: ImageNetworkRecipe,
    finder: RateFinderRecipe,
) -> dict[str, Any]:
    """Find the learning rate of a network over pixels.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `split_products`.
        pixels: `resize_images`.
        recipe: What is to be trained.
        finder: Which rates are tried, and for how long each.

    Returns:
        Products without a usable image, and what `find_rate` returns.

    Raises:
        InputError: If there are no train or no validation rows with an image, or no rate lowers the loss.
        RecipeError: If the recipe's model does not exist or cannot be given its sizes.

    Output:
        What `find_rate` writes.
    """
    return _find(out, clean, split, ImageArrays(pixels.folder, PIXELS), recipe, finder)


@stage(version=1, libraries=("keras", "tensorflow", "numpy"), isolated=True)
def find_feature_head_rate(
    out: Path,
    clean: StageOutput,
    split: StageOutput,
    features: StageOutput,
    recipe: ImageFeaturesRecipe,
    finder: RateFinderRecipe,
) -> dict[str, Any]:
    """Find the learning rate of a head on the features of a frozen backbone: seconds, once they are there.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `split_products`.
        features: `extract_features`.
        recipe: What is to be trained.
        finder: Which rates are tried, and for how long each.

    Returns:
        Products without a usable image, and what `find_rate` returns.

    Raises:
        InputError: If there are no train or no validation rows with an image, or no rate lowers the loss.
        RecipeError: If the recipe's model does not exist or cannot be given its sizes.

    Output:
        What `find_rate` writes.
    """
    return _find(out, clean, split, ImageArrays(features.folder, FEATURES), recipe, finder)


def _find(
    out: Path,
    clean: StageOutput,
    split: StageOutput,
    images: ImageArrays,
    recipe: ImageNetworkRecipe | ImageFeaturesRecipe,
    finder: RateFinderRecipe,
) -> dict[str, Any]:
    examples, without_image = pictured_examples(clean, split, images)
    return {"without_image": without_image, **find_rate(out, recipe, examples, images.shape, finder)}
