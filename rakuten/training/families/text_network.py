"""Keras networks over word indices; a product without any word is read as padding alone."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.recipes import TextNetworkRecipe
from rakuten.text.inputs import clean_texts
from rakuten.text.vocabulary import FIRST_WORD, Vocabulary
from rakuten.training.examples import examples_of
from rakuten.training.family import PredictorInputs, TrainingData
from rakuten.training.keras_family import KerasFamily
from rakuten.training.networks.network import NetworkData, read_network, read_recipe
from rakuten.training.predictor import TEXT_BATCH, Predictor, text_predictor

VOCABULARY = "vocabulary.json"
# A convolution needs room to slide, however short the titles are.
FEWEST_POSITIONS = 16


class TextNetwork(KerasFamily[TextNetworkRecipe]):
    """Files: vocabulary.json (words of the train rows) beside the network's."""

    def network_data(self, data: TrainingData[TextNetworkRecipe]) -> NetworkData:
        """Labelled products, with the indices of their words as inputs.

        The recipe comes back with no more words and positions than the train rows have. Few products hold fewer words
        than it allows, and short texts end before its last position; embeddings of no word and positions that are
        always padding would cost as much time as words do.
        """
        recipe, products = data.recipe, data.products()
        texts = clean_texts(products, recipe.column, data.corpus_words())
        train_texts = [text for text, side in zip(texts, products["side"], strict=True) if side == "train"]
        # The recipe counts indices, as the report did: padding and unknown words take two of them.
        vocabulary = Vocabulary.fit(train_texts, recipe.num_words - FIRST_WORD)
        longest = max((text.count(" ") + 1 for text in train_texts), default=0)
        length = min(recipe.sequence_length, max(longest, FEWEST_POSITIONS))
        indices = vocabulary.encode(texts, length)  # (num_samples, length)
        return NetworkData(
            recipe.model_copy(update={"num_words": vocabulary.size, "sequence_length": length}),
            examples_of(products, gather=indices.__getitem__),
            (length,),
            vocabularies={VOCABULARY: vocabulary},
            facts={"vocabulary": len(vocabulary.words), "sequence_length": length},
        )

    def predictor(self, recipe: TextNetworkRecipe, folder: Path, inputs: PredictorInputs) -> Predictor:
        """Predicts every product."""
        fitted = read_recipe(folder, TextNetworkRecipe)
        vocabulary = Vocabulary.read(folder / VOCABULARY)
        network = read_network(folder, TEXT_BATCH)

        def predict(products: pd.DataFrame) -> npt.NDArray[np.float32]:
            texts = clean_texts(products, fitted.column, inputs.corpus_words)
            return network(vocabulary.encode(texts, fitted.sequence_length).__getitem__, len(products))

        return text_predictor(fitted.columns, predict)


FAMILY = TextNetwork()
