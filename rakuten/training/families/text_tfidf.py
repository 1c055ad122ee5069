"""TF-IDF of clean words, one of the report's scikit-learn classifiers.

Logistic regression, forest and XGBoost keep the probabilities they give; distances and votes are calibrated.
"""

import logging
from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.errors import ConstantPredictionError
from rakuten.recipes import TextTfidfRecipe
from rakuten.statistics.cross_fitting import Folds
from rakuten.text.inputs import clean_texts
from rakuten.training.classifier_family import ClassifierFamily
from rakuten.training.classifiers.tfidf_classifier import TfidfClassifier

logger = logging.getLogger(__name__)


class TextTfidf(ClassifierFamily[TextTfidfRecipe]):
    """Files: classifier.json, tfidf.json, estimator.skops or estimator.ubj."""

    classifier = TfidfClassifier

    def texts(self, products: pd.DataFrame, recipe: TextTfidfRecipe, corpus_words: Collection[str]) -> list[str]:
        """Clean texts without corpus-wide words."""
        return clean_texts(products, recipe.column, corpus_words)

    def facts(self, model: TfidfClassifier, num_rows: int) -> dict[str, Any]:
        """train_rows it was fitted to, left_out_rows (beyond the recipe's row limit), terms, classes."""
        if model.num_fitted < num_rows:
            logger.warning("%s is fitted to %d of %d train rows", model.recipe.name, model.num_fitted, num_rows)
        return {
            "train_rows": model.num_fitted,
            "left_out_rows": num_rows - model.num_fitted,
            "terms": len(model.tfidf.words),
            "classes": len(model.known),
        }

    def check_predictions(
        self,
        of_validation: npt.NDArray[np.float32],
        targets: npt.NDArray[np.int64],
        folds: Folds,
        recipe: TextTfidfRecipe,
    ) -> dict[str, Any]:
        """is_constant; a constant model is kept, with a warning, where the recipe says so."""
        try:
            super().check_predictions(of_validation, targets, folds, recipe)
        except ConstantPredictionError as error:
            if not recipe.allow_constant:
                raise
            logger.warning("%s (kept: its recipe says allow_constant)", error)
            return {"is_constant": True}
        return {"is_constant": False}


FAMILY = TextTfidf()
