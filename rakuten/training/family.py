"""Interface of a model family: how one kind of recipe becomes a model, and a stored model a predictor.

A new family is two files of one name: its recipes in `rakuten/recipes/families`, which say what it reads (columns,
inputs, libraries), and its code in `rakuten/training/families`, which ends in `FAMILY = <its class>()`. Keras networks
derive from `KerasFamily`, classifiers that are calibrated on validation rows from `ClassifierFamily`. No other code
lists families: stages and predictions load the module that a recipe names.
"""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypedDict, TypeVar

import pandas as pd

from rakuten.errors import RecipeError
from rakuten.images.weights import WeightsFile
from rakuten.outputs import StageOutput
from rakuten.recipes import ModelRecipe, RateFinderRecipe
from rakuten.text.inputs import read_corpus_words, read_labelled
from rakuten.training.examples import FITTED_SIDES
from rakuten.training.predictor import Predictor

R = TypeVar("R", bound=ModelRecipe)


class ModelInputs(TypedDict, total=False):
    """What a model reads beside products and split; holds exactly what the recipe lists in `inputs`.

    Attributes:
        corpus_words: `find_corpus_words`.
        images: The arrays of the recipe's `image_input`: `resize_images` or `extract_features`.
        weights: Pre-trained weights of the backbone within a network over pixels; None: random ones.
    """

    corpus_words: StageOutput
    images: StageOutput
    weights: WeightsFile | None


@dataclass(frozen=True)
class TrainingData(Generic[R]):
    """A recipe and what its model is trained on: the arguments of the stages, see `rakuten.training.stages`."""

    recipe: R
    clean: StageOutput
    split: StageOutput
    inputs: ModelInputs

    def products(self) -> pd.DataFrame:
        """Products of the sides that are fitted or scored: productid, prdtypecode, side and the recipe's columns."""
        products = read_labelled(self.clean, self.split, self.recipe.columns)
        return products[products["side"].isin(FITTED_SIDES)]

    def corpus_words(self) -> frozenset[str]:
        """Words to leave out of clean texts; none where the recipe reads no list of them."""
        return read_corpus_words(self.inputs["corpus_words"]) if "corpus_words" in self.inputs else frozenset()


@dataclass(frozen=True)
class PredictorInputs:
    """What a stored model reads beside products.

    Attributes:
        corpus_words: Those it was trained without.
        images: Folder of arrays as in training; None: there is no image.
    """

    corpus_words: Collection[str] = frozenset()
    images: Path | None = None


class Family(ABC, Generic[R]):
    """A model family; stateless. Results, errors and files are those of the stages in `rakuten.training.stages`."""

    @abstractmethod
    def fit(self, out: Path, data: TrainingData[R]) -> dict[str, Any]:
        """Fit a model to train rows and store it with its probabilities of validation and test rows."""

    @abstractmethod
    def refit(self, out: Path, data: TrainingData[R], scored: StageOutput) -> dict[str, Any]:
        """Fit a model to all labelled products, with what was learnt from fitting the scored one, and store it."""

    @abstractmethod
    def predictor(self, recipe: R, folder: Path, inputs: PredictorInputs) -> Predictor:
        """A stored model, for predictions.

        Args:
            recipe: As of the training.
            folder: Of the model's files.
            inputs: Has what the recipe lists.

        Raises:
            OutputError: If the files are damaged.
        """

    def search_learning_rate(self, out: Path, data: TrainingData[R], finder: RateFinderRecipe) -> dict[str, Any]:
        """Recommend a learning rate, where the family has one."""
        raise RecipeError(f"recipe {data.recipe.name}: family {data.recipe.family} has no learning rate")

    # A hook, not an oversight: most families accept all that their schema does.
    def check(self, recipe: R) -> None:
        """Refuse a recipe that no model can be made of, before any work; imports neither Keras nor scikit-learn.

        Raises:
            RecipeError: If so.
        """


def family_of(recipe: ModelRecipe) -> Family[Any]:
    """The family of a recipe, by the module that the recipe names."""
    family: Family[Any] = importlib.import_module(recipe.family_module).FAMILY
    return family
