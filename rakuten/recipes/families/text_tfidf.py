"""Recipes of scikit-learn classifiers over TF-IDF of words."""

from typing import Literal

from pydantic import PositiveInt

from rakuten.recipes.estimators import Estimator
from rakuten.recipes.network import ModelRecipe


class TextTfidfRecipe(ModelRecipe):
    """TF-IDF of the most frequent words of clean texts, and one of the report's scikit-learn classifiers.

    Attributes:
        column: `designation` alone, or `text`: designation and description; both cleaned.
        num_words: Words kept, those that occur most often in the train rows.
        row_limit: Train rows the classifier is fitted to, at most, drawn by `seed` with the shares of the classes;
            None: all. For classifiers whose time grows with the square of the rows.
        allow_constant: Whether a model that answers one class whatever it is shown is kept, with a warning, for the
            sake of a comparison; else it is refused.
        estimator: The classifier and its parameters.
    """

    modality = "text"
    inputs = ("corpus_words",)
    requires = ("numpy", "scikit-learn", "scipy", "skops", "xgboost-cpu")

    family: Literal["text_tfidf"]
    column: Literal["designation", "text"]
    num_words: PositiveInt
    row_limit: PositiveInt | None = None
    allow_constant: bool = False
    estimator: Estimator

    @property
    def columns(self) -> tuple[str, ...]:
        """The clean column."""
        return (f"clean_{self.column}",)
