"""Base of the families of Keras networks: they differ in their examples and their predictor, and share the rest."""

from abc import abstractmethod
from pathlib import Path
from typing import Any, TypeVar

from rakuten.models.building import check_recipe
from rakuten.outputs import StageOutput
from rakuten.recipes import KerasRecipe, RateFinderRecipe
from rakuten.training.family import Family, TrainingData
from rakuten.training.lr_finder.search import search_network_rate
from rakuten.training.networks.network import NetworkData, refit_network, train_network

R = TypeVar("R", bound=KerasRecipe)


class KerasFamily(Family[R]):
    """Networks with early stopping; probabilities of validation rows are of the epoch that the other folds keep."""

    @abstractmethod
    def network_data(self, data: TrainingData[R]) -> NetworkData:
        """Labelled products with what the network reads of them; errors as of `train_model`."""

    def fit(self, out: Path, data: TrainingData[R]) -> dict[str, Any]:
        """See `train_network`."""
        return train_network(out, self.network_data(data))

    def refit(self, out: Path, data: TrainingData[R], scored: StageOutput) -> dict[str, Any]:
        """See `refit_network`."""
        return refit_network(out, self.network_data(data), scored)

    def search_learning_rate(self, out: Path, data: TrainingData[R], finder: RateFinderRecipe) -> dict[str, Any]:
        """See `search_network_rate`."""
        return search_network_rate(out, self.network_data(data), finder)

    def check(self, recipe: R) -> None:
        """See that the network exists and can be given its hyperparameters."""
        check_recipe(recipe)
