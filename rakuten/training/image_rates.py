"""Learning rates of networks over photos, whether they read pixels or a frozen backbone's features."""

from pathlib import Path
from typing import Any

from rakuten.images.arrays import ImageArrays
from rakuten.images.weights import WeightsFile, checked_weights
from rakuten.outputs import StageOutput
from rakuten.recipes import ImageBackboneRecipe, RateFinderRecipe
from rakuten.recipes.image import ImageRecipe
from rakuten.stages import stage
from rakuten.training.pictured import pictured_examples
from rakuten.training.rate_finder import find_rate


@stage(version=1, libraries=("keras", "tensorflow", "numpy"), isolated=True)
def find_image_network_rate(
    out: Path,
    clean: StageOutput,
    split: StageOutput,
    images: StageOutput,
    recipe: ImageRecipe,
    finder: RateFinderRecipe,
    weights: WeightsFile | None = None,
) -> dict[str, Any]:
    """Find the learning rate of a network over photos; on the features of a frozen backbone, in seconds.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `split_products`.
        images: What the recipe reads: `resize_images` or `extract_features`.
        recipe: What is to be trained.
        finder: Which rates are tried, and for how long each.
        weights: Of the backbone within the network, as `find_weights` found them; None: there is none, or they are
            random.

    Returns:
        Products without a usable image, and what `find_rate` returns.

    Raises:
        InputError: If there are no train or no validation rows with an image, the weights are not those of the
            backbone, or no rate lowers the loss.
        RecipeError: If the recipe's model does not exist or cannot be given its sizes.
        WeightsNotFoundError: If the weights are gone or changed.

    Output:
        What `find_rate` writes.
    """
    starts_from = checked_weights(recipe.backbone, weights) if isinstance(recipe, ImageBackboneRecipe) else None
    arrays = ImageArrays(images.folder, recipe.reads)
    examples, without_image = pictured_examples(clean, split, arrays)
    facts = find_rate(out, recipe, examples, arrays.shape, finder, weights=starts_from)
    return {"without_image": without_image, **facts}
