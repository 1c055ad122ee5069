"""Keras networks over hashed n-grams: training and prediction.

They read raw texts, as the n-gram model does: stop words, short words and the forms of numbers tell classes apart.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.outputs import StageOutput
from rakuten.recipes import TextHashesRecipe
from rakuten.recipes.text import HashedTexts
from rakuten.stages import stage
from rakuten.text.hashes import hash_ngrams
from rakuten.text.inputs import read_labelled
from rakuten.text.ngrams import Ngrams, ngram_text
from rakuten.training.examples import FITTED_SIDES, Examples, examples_of
from rakuten.training.network import RECIPE, read_network, refit_network, train_network
from rakuten.training.predictor import TEXT_BATCH, Predictor, text_predictor

LIBRARIES = ("ftfy", "keras", "tensorflow", "numpy", "scipy")
COLUMNS = {"designation": ["designation"], "text": ["designation", "description"]}


@stage(version=1, libraries=LIBRARIES, isolated=True)
def train_text_hashes(out: Path, clean: StageOutput, split: StageOutput, recipe: TextHashesRecipe) -> dict[str, Any]:
    """Train a network on hashed n-grams; a product without any is read as the index that stands in every text.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `split_products`.
        recipe: What is hashed, what is trained and how.

    Returns:
        What `train_network` returns.

    Raises:
        InputError: If there are no train or no validation rows, or the training diverges.
        MismatchError: If `split` and `clean` are not of the same products.
        RecipeError: If the recipe's model does not exist or cannot be given its sizes.
        ConstantPredictionError: If the network answers the same for all validation rows.

    Output:
        What `train_network` writes.
    """
    return train_network(out, recipe, hashed_examples(clean, split, recipe), (recipe.max_ngrams,))


@stage(version=1, libraries=LIBRARIES, isolated=True)
def refit_text_hashes(
    out: Path, clean: StageOutput, split: StageOutput, recipe: TextHashesRecipe, scored: StageOutput
) -> dict[str, Any]:
    """Fit the network to all labelled products, for as many epochs as proved best.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `pool_sides`.
        recipe: As of the training.
        scored: `train_text_hashes`.

    Returns:
        What `refit_network` returns.

    Output:
        What `refit_network` writes.
    """
    return refit_network(out, recipe, hashed_examples(clean, split, recipe), (recipe.max_ngrams,), scored)


def hash_predictor(folder: Path) -> Predictor:
    """A trained network over hashed n-grams, for predictions.

    Raises:
        OutputError: If its files are damaged.
    """
    recipe = TextHashesRecipe.model_validate_json((folder / RECIPE).read_bytes())
    network = read_network(folder, TEXT_BATCH)

    def answer(products: pd.DataFrame) -> npt.NDArray[np.float32]:
        return network(hashed_texts(products, recipe).__getitem__, len(products))

    return text_predictor(COLUMNS[recipe.column], answer)


def hashed_examples(clean: StageOutput, split: StageOutput, recipe: TextHashesRecipe) -> Examples:
    """Labelled products, with the hashes of their n-grams as inputs.

    Args:
        clean: `clean_products`.
        split: `split_products`.
        recipe: What is hashed.

    Raises:
        MismatchError: If `split` and `clean` are not of the same products.
    """
    products = read_labelled(clean, split, COLUMNS[recipe.column])
    products = products[products["side"].isin(FITTED_SIDES)]
    return examples_of(products, gather=hashed_texts(products, recipe).__getitem__)


def hashed_texts(products: pd.DataFrame, recipe: HashedTexts) -> npt.NDArray[np.int32]:
    """The n-grams of products, hashed as a recipe says, int32 (num_products, max_ngrams)."""
    # Each column apart, so that markup left open in the title does not swallow the description.
    parts = [[ngram_text(text) for text in products[column]] for column in COLUMNS[recipe.column]]
    texts = [" ".join(texts) for texts in zip(*parts, strict=True)]
    kinds = (Ngrams("word", *recipe.word_ngrams), Ngrams("char", *recipe.char_ngrams))
    return hash_ngrams(texts, kinds, recipe.num_buckets, recipe.max_ngrams)
