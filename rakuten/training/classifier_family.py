"""Base of the families of classifiers that are fitted to train rows and calibrated on validation rows."""

import logging
from abc import abstractmethod
from collections.abc import Collection
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.catalogue.classes import NUM_CLASSES
from rakuten.data.label_masking import targets_of
from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.outputs import StageOutput, report_progress
from rakuten.recipes import ModelRecipe
from rakuten.statistics.calibration_error import calibration_error
from rakuten.statistics.cross_fitting import Folds, folds_of
from rakuten.training.classifiers.classifier import Classifier
from rakuten.training.examples import FITTED_SIDES
from rakuten.training.family import Family, PredictorInputs, TrainingData
from rakuten.training.networks.scoring import refuse_constant, score
from rakuten.training.predictor import Predictor, text_predictor

logger = logging.getLogger(__name__)

R = TypeVar("R", bound=ModelRecipe)


class ClassifierFamily(Family[R]):
    """Fits a classifier over texts; its probabilities of validation rows are calibrated by the other folds.

    Attributes:
        classifier: Class of its classifiers.
    """

    classifier: ClassVar[type[Classifier[Any]]]

    @abstractmethod
    def texts(self, products: pd.DataFrame, recipe: R, corpus_words: Collection[str]) -> Any:
        """What the classifier reads of products that have the recipe's columns."""

    @abstractmethod
    def facts(self, model: Any, num_rows: int) -> dict[str, Any]:
        """Facts of a fitted classifier.

        Args:
            model: The classifier.
            num_rows: Rows it was given to be fitted to.
        """

    def fit(self, out: Path, data: TrainingData[R]) -> dict[str, Any]:
        """Fit, calibrate, refuse a constant model, predict test rows."""
        recipe, products, corpus_words = data.recipe, data.products(), data.corpus_words()
        targets = targets_of(products["prdtypecode"])
        train, validation, test = (products["side"].eq(side).to_numpy() for side in FITTED_SIDES)
        report_progress(0, 3, "steps")
        fitted = self.classifier.fit(self.texts(products[train], recipe, corpus_words), targets[train], recipe)
        report_progress(1, 3, "steps")
        if fitted.calibration is not None and not validation.any():
            logger.warning("%s: no validation rows; its probabilities are not calibrated", recipe.name)
        productids = products["productid"].to_numpy(np.int64)
        folds = folds_of(productids[validation])
        of_validation_rows = self.texts(products[validation], recipe, corpus_words), targets[validation], folds
        model, of_validation = fitted.calibrated(*of_validation_rows)
        report_progress(2, 3, "steps")
        checked = self.check_predictions(of_validation, targets[validation], folds, recipe)
        values = np.empty((len(products), NUM_CLASSES), np.float32)  # (num_samples, num_classes)
        values[validation] = of_validation
        values[test] = model.probabilities(self.texts(products[test], recipe, corpus_words))
        model.write(out)
        Probabilities(productids[~train], values[~train]).write(out / PROBABILITIES)
        report_progress(3, 3, "steps")
        facts = self.facts(model, int(train.sum()))
        return facts | checked | _validation_facts(of_validation, targets[validation])

    def refit(self, out: Path, data: TrainingData[R], scored: StageOutput) -> dict[str, Any]:
        """Fit, and take over the calibration."""
        products = data.products()
        texts = self.texts(products, data.recipe, data.corpus_words())
        fitted = self.classifier.fit(texts, targets_of(products["prdtypecode"]), data.recipe)
        model = fitted.calibrated_like(self.classifier.read(scored.folder))
        model.write(out)
        return self.facts(model, len(products))

    def predictor(self, recipe: R, folder: Path, inputs: PredictorInputs) -> Predictor:
        """Predicts every product."""
        model = self.classifier.read(folder)
        return text_predictor(
            recipe.columns, lambda products: model.probabilities(self.texts(products, recipe, inputs.corpus_words))
        )

    def check_predictions(
        self, of_validation: npt.NDArray[np.float32], targets: npt.NDArray[np.int64], folds: Folds, recipe: R
    ) -> dict[str, Any]:
        """Refuse a model that predicts one class for all rows; gives facts. See `refuse_constant`."""
        refuse_constant(of_validation, targets, folds, recipe.name)
        return {}


def _validation_facts(of_validation: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> dict[str, float]:
    if not len(targets):
        return {}
    scores = score(of_validation, targets)
    return {
        "validation_loss": round(scores.loss, 4),
        "validation_f1_weighted": round(scores.f1_weighted, 4),
        "validation_ece": round(calibration_error(of_validation, targets), 4),
    }
