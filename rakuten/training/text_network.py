"""Keras networks over word indices: training and prediction."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.outputs import StageOutput
from rakuten.recipes import TextNetworkRecipe
from rakuten.stages import stage
from rakuten.text.inputs import clean_texts, read_corpus_words, read_labelled
from rakuten.text.vocabulary import FIRST_WORD, Vocabulary
from rakuten.training.examples import FITTED_SIDES, Examples, examples_of
from rakuten.training.network import RECIPE, read_network, refit_network, train_network
from rakuten.training.predictor import TEXT_BATCH, Predictor, text_predictor

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
def refit_text_network(
    out: Path,
    clean: StageOutput,
    split: StageOutput,
    corpus_words: StageOutput,
    recipe: TextNetworkRecipe,
    scored: StageOutput,
) -> dict[str, Any]:
    """Fit the network to all labelled products, words of all of them known, for as many epochs as proved best.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `pool_sides`.
        corpus_words: `find_corpus_words`, as of the training.
        recipe: As of the training.
        scored: `train_text_network`.

    Returns:
        Words of the vocabulary, positions the network reads, and what `refit_network` returns.

    Output:
        vocabulary.json, and what `refit_network` writes.
    """
    examples, vocabulary, fitting = indexed_examples(clean, split, corpus_words, recipe)
    vocabulary.write(out / VOCABULARY)
    facts = refit_network(out, fitting, examples, (fitting.sequence_length,), scored)
    return {"vocabulary": len(vocabulary.words), "sequence_length": fitting.sequence_length, **facts}


def word_predictor(folder: Path, corpus_words: Collection[str]) -> Predictor:
    """A trained network over word indices, for predictions.

    Args:
        folder: Of its files.
        corpus_words: Those it was trained without.

    Raises:
        OutputError: If its files are damaged.
    """
    recipe = TextNetworkRecipe.model_validate_json((folder / RECIPE).read_bytes())
    vocabulary = Vocabulary.read(folder / VOCABULARY)
    network = read_network(folder, TEXT_BATCH)

    def answer(products: pd.DataFrame) -> npt.NDArray[np.float32]:
        texts = clean_texts(products, recipe.column, corpus_words)
        return network(vocabulary.encode(texts, recipe.sequence_length).__getitem__, len(products))

    return text_predictor((f"clean_{recipe.column}",), answer)


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
