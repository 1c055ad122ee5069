"""Keras networks over hashed n-grams; a product without any is read as the index that stands in every text.

They read raw texts, as the n-gram classifier does: stop words, short words and the forms of numbers tell classes apart.
"""

from pathlib import Path

from rakuten.recipes import TextHashesRecipe
from rakuten.text.hashes import hashed_texts
from rakuten.training.examples import examples_of
from rakuten.training.family import PredictorInputs, TrainingData
from rakuten.training.keras_family import KerasFamily
from rakuten.training.networks.network import NetworkData, read_network, read_recipe
from rakuten.training.predictor import TEXT_BATCH, Predictor, text_predictor


class TextHashes(KerasFamily[TextHashesRecipe]):
    """Files: the network's."""

    def network_data(self, data: TrainingData[TextHashesRecipe]) -> NetworkData:
        """Labelled products, with the hashes of their n-grams as inputs."""
        recipe, products = data.recipe, data.products()
        examples = examples_of(products, gather=hashed_texts(products, recipe).__getitem__)
        return NetworkData(recipe, examples, (recipe.max_ngrams,))

    def predictor(self, recipe: TextHashesRecipe, folder: Path, inputs: PredictorInputs) -> Predictor:
        """Predicts every product."""
        fitted = read_recipe(folder, TextHashesRecipe)
        network = read_network(folder, TEXT_BATCH)
        return text_predictor(
            fitted.columns, lambda products: network(hashed_texts(products, fitted).__getitem__, len(products))
        )


FAMILY = TextHashes()
