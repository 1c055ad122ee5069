"""Learning rates of networks over texts."""

from pathlib import Path
from typing import Any

from rakuten.outputs import StageOutput
from rakuten.recipes import RateFinderRecipe, TextHashesRecipe, TextNetworkRecipe
from rakuten.stages import stage
from rakuten.training import text_hashes
from rakuten.training.rate_finder import find_rate
from rakuten.training.text_hashes import hashed_examples
from rakuten.training.text_network import indexed_examples


@stage(version=1, libraries=("keras", "tensorflow", "numpy"), isolated=True)
def find_text_network_rate(
    out: Path,
    clean: StageOutput,
    split: StageOutput,
    corpus_words: StageOutput,
    recipe: TextNetworkRecipe,
    finder: RateFinderRecipe,
) -> dict[str, Any]:
    """Find the learning rate of a network over word indices.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `split_products`.
        corpus_words: `find_corpus_words`.
        recipe: What is to be trained.
        finder: Which rates are tried, and for how long each.

    Returns:
        What `find_rate` returns.

    Raises:
        InputError: If there are no train rows, or no rate lowers the loss.
        RecipeError: If the recipe's model does not exist or cannot be given its sizes.

    Output:
        What `find_rate` writes.
    """
    examples, _, fitting = indexed_examples(clean, split, corpus_words, recipe)
    return find_rate(out, fitting, examples, (fitting.sequence_length,), finder)


@stage(version=1, libraries=text_hashes.LIBRARIES, isolated=True)
def find_text_hashes_rate(
    out: Path, clean: StageOutput, split: StageOutput, recipe: TextHashesRecipe, finder: RateFinderRecipe
) -> dict[str, Any]:
    """Find the learning rate of a network over hashed n-grams.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `split_products`.
        recipe: What is to be trained.
        finder: Which rates are tried, and for how long each.

    Returns:
        What `find_rate` returns.

    Raises:
        InputError: If there are no train rows, or no rate lowers the loss.
        MismatchError: If `split` and `clean` are not of the same products.
        RecipeError: If the recipe's model does not exist or cannot be given its sizes.

    Output:
        What `find_rate` writes.
    """
    return find_rate(out, recipe, hashed_examples(clean, split, recipe), (recipe.max_ngrams,), finder)
