"""Learning rates of networks over texts and photos."""

from pathlib import Path
from typing import Any

from rakuten.outputs import StageOutput
from rakuten.recipes import BimodalRecipe, RateFinderRecipe
from rakuten.stages import stage
from rakuten.training.bimodal_network import bimodal_examples
from rakuten.training.rate_finder import find_rate
from rakuten.training.text_hashes import LIBRARIES


@stage(version=1, libraries=LIBRARIES, isolated=True)
def find_bimodal_network_rate(
    out: Path,
    clean: StageOutput,
    split: StageOutput,
    images: StageOutput,
    recipe: BimodalRecipe,
    finder: RateFinderRecipe,
) -> dict[str, Any]:
    """Find the learning rate of a network over texts and photos.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `split_products`.
        images: `extract_features`.
        recipe: What is to be trained.
        finder: Which rates are tried, and for how long each.

    Returns:
        What `find_rate` returns.

    Raises:
        InputError: If there are no photos or no train rows, or no rate lowers the loss.
        RecipeError: If the recipe's model does not exist or cannot be given its sizes.

    Output:
        What `find_rate` writes.
    """
    examples, inputs = bimodal_examples(clean, split, images, recipe)
    return find_rate(out, recipe, examples, (recipe.max_ngrams, inputs.num_features), finder)
