"""Keras networks over word indices: training and prediction."""

from pathlib import Path
from typing import Any

import numpy as np

from rakuten.outputs import StageOutput
from rakuten.recipes import TextNetworkRecipe
from rakuten.stages import stage
from rakuten.text.inputs import clean_texts, read_corpus_words, read_labelled, read_part
from rakuten.text.vocabulary import FIRST_WORD, Vocabulary
from rakuten.training.examples import FITTED_SIDES, Examples, examples_of
from rakuten.training.network import RECIPE, predict_network, train_network

VOCABULARY = "vocabulary.json"


@stage(version=1, libraries=("keras", "tensorflow", "numpy"), isolated=True)
def train_text_network(
    out: Path, clean: StageOutput, split: StageOutput, corpus_words: StageOutput, recipe: TextNetworkRecipe
) -> dict[str, Any]:
    """Train a network on clean texts; a product without any word is read as padding alone.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `split_products`.
        corpus_words: `find_corpus_words`.
        recipe: What is trained and how.

    Returns:
        Words of the vocabulary, and what `train_network` returns.

    Raises:
        InputError: If there are no train or no validation rows, or the training diverges.
        RecipeError: If the recipe's model does not exist or cannot be given its sizes.
        ConstantPredictionError: If the network answers the same for all validation rows.

    Output:
        vocabulary.json: words of the train rows, see `Vocabulary`.
        And what `train_network` writes.
    """
    examples, vocabulary = indexed_examples(clean, split, corpus_words, recipe)
    vocabulary.write(out / VOCABULARY)
    facts = train_network(out, fitting_recipe(recipe, vocabulary), examples, (recipe.sequence_length,))
    return {"vocabulary": len(vocabulary.words), **facts}


@stage(version=1, libraries=("keras", "tensorflow", "numpy"), isolated=True)
def predict_text_network(
    out: Path, model: StageOutput, clean: StageOutput, corpus_words: StageOutput, part: str
) -> dict[str, Any]:
    """Probabilities of all products of a part.

    Args:
        out: Work folder.
        model: `train_text_network`.
        clean: `clean_products`.
        corpus_words: `find_corpus_words`, the one the model was trained with.
        part: "train" or "test".

    Returns:
        Number of rows.

    Raises:
        OutputError: If the dump did not hold the part, or the model cannot be read.

    Output:
        probabilities.parquet: every product of the part, in the order of `clean`.
    """
    recipe = TextNetworkRecipe.model_validate(model.read_json(RECIPE))
    products = read_part(clean, part, [f"clean_{recipe.column}"])
    texts = clean_texts(products, recipe.column, read_corpus_words(corpus_words))
    vocabulary = Vocabulary.read(model.file(VOCABULARY))
    indices = vocabulary.encode(texts, recipe.sequence_length)
    productids = products["productid"].to_numpy(np.int64)
    return predict_network(out, model, recipe, productids, gather=indices.__getitem__)


def indexed_examples(
    clean: StageOutput, split: StageOutput, corpus_words: StageOutput, recipe: TextNetworkRecipe
) -> tuple[Examples, Vocabulary]:
    """Labelled products, with the indices of their words as inputs.

    Args:
        clean: `clean_products`.
        split: `split_products`.
        corpus_words: `find_corpus_words`.
        recipe: Which texts, how many words.

    Returns:
        The examples, and the words of the train rows, which the indices stand for.
    """
    products = read_labelled(clean, split, [f"clean_{recipe.column}"])
    products = products[products["side"].isin(FITTED_SIDES)]
    texts = clean_texts(products, recipe.column, read_corpus_words(corpus_words))
    train_texts = [text for text, side in zip(texts, products["side"], strict=True) if side == "train"]
    # The recipe counts indices, as the report did: padding and unknown words take two of them.
    vocabulary = Vocabulary.fit(train_texts, recipe.num_words - FIRST_WORD)
    indices = vocabulary.encode(texts, recipe.sequence_length)
    return examples_of(products, gather=indices.__getitem__), vocabulary


def fitting_recipe(recipe: TextNetworkRecipe, vocabulary: Vocabulary) -> TextNetworkRecipe:
    """The recipe with no more embeddings than the vocabulary has indices: those of no word would only cost time."""
    return recipe.model_copy(update={"num_words": vocabulary.size})
