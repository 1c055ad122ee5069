"""The stages of the report's scikit-learn text models: fitted on train rows, calibrated on validation rows, applied."""

import logging
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.data.calibration_error import calibration_error
from rakuten.data.classes import NUM_CLASSES
from rakuten.data.folds import folds_of
from rakuten.data.hidden import targets_of
from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.errors import ConstantPredictionError
from rakuten.outputs import StageOutput, report_progress
from rakuten.recipes import TextTfidfRecipe
from rakuten.stages import stage
from rakuten.text.inputs import clean_texts, read_corpus_words, read_labelled
from rakuten.training.examples import FITTED_SIDES
from rakuten.training.predictor import Predictor, text_predictor
from rakuten.training.scoring import refuse_constant, score
from rakuten.training.tfidf_classifier import TfidfClassifier

logger = logging.getLogger(__name__)

LIBRARIES = ("numpy", "scikit-learn", "scipy", "skops", "xgboost-cpu")


@stage(version=1, libraries=LIBRARIES, isolated=True)
def train_text_tfidf(
    out: Path, clean: StageOutput, split: StageOutput, corpus_words: StageOutput, recipe: TextTfidfRecipe
) -> dict[str, Any]:
    """Train one of the report's scikit-learn classifiers on TF-IDF of clean words.

    Logistic regression, forest and XGBoost keep the probabilities they give; distances and votes are calibrated on
    validation rows.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `split_products`.
        corpus_words: `find_corpus_words`.
        recipe: What is trained and how.

    Returns:
        Train rows it was fitted to, those that the recipe's row limit left out, terms, classes, whether it answers one
        class whatever it is shown; loss, F1 and expected calibration error on validation rows, each calibrated by the
        other folds.

    Raises:
        InputError: If the train rows are of fewer than two classes or hold no word.
        MismatchError: If `split` and `clean` are not of the same products.
        ConstantPredictionError: If it answers one class whatever it is shown, and its recipe does not allow that.

    Output:
        classifier.json, tfidf.json, estimator.skops or estimator.ubj: the model (`TfidfClassifier.read`).
        probabilities.parquet: of test rows by that model, of validation rows by calibrations of the other folds.
    """
    products = read_labelled(clean, split, [f"clean_{recipe.column}"])
    products = products[products["side"].isin(FITTED_SIDES)]
    texts = np.array(clean_texts(products, recipe.column, read_corpus_words(corpus_words)), object)
    targets = targets_of(products["prdtypecode"])
    on_train, on_validation = ((products["side"] == side).to_numpy() for side in ("train", "validation"))
    report_progress(0, 3, "steps")
    fitted = TfidfClassifier.fit(texts[on_train].tolist(), targets[on_train], recipe)
    report_progress(1, 3, "steps")
    if fitted.num_fitted < on_train.sum():
        logger.warning("%s is fitted to %d of %d train rows", recipe.name, fitted.num_fitted, on_train.sum())
    if fitted.calibration is not None and not on_validation.any():
        logger.warning("%s: no validation rows; its probabilities are not calibrated", recipe.name)
    productids = products["productid"].to_numpy(np.int64)
    model, of_validation = fitted.calibrated(
        texts[on_validation].tolist(), targets[on_validation], folds_of(productids[on_validation])
    )
    report_progress(2, 3, "steps")
    scored = ~on_train
    values = np.empty((int(scored.sum()), NUM_CLASSES), np.float32)
    values[on_validation[scored]] = of_validation
    values[~on_validation[scored]] = model.probabilities(texts[scored & ~on_validation].tolist())
    is_constant = _is_constant(of_validation, targets[on_validation], recipe)
    model.write(out)
    Probabilities(productids[scored], values).write(out / PROBABILITIES)
    report_progress(3, 3, "steps")
    return {
        "train_rows": model.num_fitted,
        "left_out_rows": int(on_train.sum()) - model.num_fitted,
        "terms": len(model.tfidf.words),
        "classes": len(model.known),
        "is_constant": is_constant,
        **_validation_facts(of_validation, targets[on_validation]),
    }


@stage(version=1, libraries=LIBRARIES, isolated=True)
def refit_text_tfidf(
    out: Path,
    clean: StageOutput,
    split: StageOutput,
    corpus_words: StageOutput,
    recipe: TextTfidfRecipe,
    scored: StageOutput,
) -> dict[str, Any]:
    """Fit the classifier to all labelled products, with the calibration of the one that was scored.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `pool_sides`.
        corpus_words: `find_corpus_words`, as of the training.
        recipe: As of the training.
        scored: `train_text_tfidf`.

    Returns:
        Rows it was fitted to, those that the recipe's row limit left out, terms and classes.

    Output:
        classifier.json, tfidf.json, estimator.skops or estimator.ubj: the model. No probabilities: there is no product
        left to score it on.
    """
    products = read_labelled(clean, split, [f"clean_{recipe.column}"])
    texts = clean_texts(products, recipe.column, read_corpus_words(corpus_words))
    fitted = TfidfClassifier.fit(texts, targets_of(products["prdtypecode"]), recipe)
    model = fitted.calibrated_like(TfidfClassifier.read(scored.folder))
    model.write(out)
    return {
        "train_rows": model.num_fitted,
        "left_out_rows": len(products) - model.num_fitted,
        "terms": len(model.tfidf.words),
        "classes": len(model.known),
    }


def tfidf_predictor(folder: Path, corpus_words: Collection[str]) -> Predictor:
    """A trained model over TF-IDF of words, for predictions.

    Args:
        folder: Of its files.
        corpus_words: Those it was trained without.

    Raises:
        OutputError: If its files are damaged.
    """
    classifier = TfidfClassifier.read(folder)
    column = classifier.recipe.column

    def answer(products: pd.DataFrame) -> npt.NDArray[np.float32]:
        return classifier.probabilities(clean_texts(products, column, corpus_words))

    return text_predictor((f"clean_{column}",), answer)


def _is_constant(
    of_validation: npt.NDArray[np.float32], targets: npt.NDArray[np.int64], recipe: TextTfidfRecipe
) -> bool:
    """Whether the model answers one class whatever it is shown; raises where its recipe does not allow that."""
    try:
        refuse_constant(of_validation, targets, recipe.name)
    except ConstantPredictionError as error:
        if not recipe.allow_constant:
            raise
        logger.warning("%s (kept: its recipe says allow_constant)", error)
        return True
    return False


def _validation_facts(of_validation: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> dict[str, float]:
    if not len(targets):
        return {}
    scores = score(of_validation, targets)
    return {
        "validation_loss": round(scores.loss, 4),
        "validation_f1_weighted": round(scores.f1_weighted, 4),
        "validation_ece": round(calibration_error(of_validation, targets), 4),
    }
