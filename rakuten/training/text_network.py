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
# A convolution needs room to slide, however short the titles are.
FEWEST_POSITIONS = 16


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
        Words of the vocabulary, positions the network reads, and what `train_network` returns.

    Raises:
        InputError: If there are no train or no validation rows, or the training diverges.
        RecipeError: If the recipe's model does not exist or cannot be given its sizes.
        ConstantPredictionError: If the network answers the same for all validation rows.

    Output:
        vocabulary.json: words of the train rows, see `Vocabulary`.
        And what `train_network` writes.
    """
    examples, vocabulary, fitting = indexed_examples(clean, split, corpus_words, recipe)
    vocabulary.write(out / VOCABULARY)
    facts = train_network(out, fitting, examples, (fitting.sequence_length,))
    return {"vocabulary": len(vocabulary.words), "sequence_length": fitting.sequence_length, **facts}


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
) -> tuple[Examples, Vocabulary, TextNetworkRecipe]:
    """Labelled products, with the indices of their words as inputs.

    Few products hold fewer words than the recipe allows, and short texts end before its last position. Embeddings of
    no word and positions that are always padding would only cost time: as much as words do.

    Args:
        clean: `clean_products`.
        split: `split_products`.
        corpus_words: `find_corpus_words`.
        recipe: Which texts, how many words.

    Returns:
        The examples; the words of the train rows, which the indices stand for; and the recipe with no more words and
        positions than the train rows have.
    """
    products = read_labelled(clean, split, [f"clean_{recipe.column}"])
    products = products[products["side"].isin(FITTED_SIDES)]
    texts = clean_texts(products, recipe.column, read_corpus_words(corpus_words))
    train_texts = [text for text, side in zip(texts, products["side"], strict=True) if side == "train"]
    # The recipe counts indices, as the report did: padding and unknown words take two of them.
    vocabulary = Vocabulary.fit(train_texts, recipe.num_words - FIRST_WORD)
    longest = max((text.count(" ") + 1 for text in train_texts), default=0)
    length = min(recipe.sequence_length, max(longest, FEWEST_POSITIONS))
    fitting = recipe.model_copy(update={"num_words": vocabulary.size, "sequence_length": length})
    indices = vocabulary.encode(texts, length)
    return examples_of(products, gather=indices.__getitem__), vocabulary, fitting
