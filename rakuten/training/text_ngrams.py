"""The stages of the n-gram model: fitted on train rows, calibrated on validation rows, applied to a part of a dump.

It reads raw texts, not clean ones: stop words, short words and punctuation tell classes apart, and it can bear them.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.data.classes import NUM_CLASSES
from rakuten.data.folds import folds_of
from rakuten.data.hidden import targets_of
from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.outputs import StageOutput, report_progress
from rakuten.recipes import TextNgramsRecipe
from rakuten.stages import stage
from rakuten.text.inputs import read_labelled
from rakuten.text.ngrams import ngram_text
from rakuten.training.ngram_classifier import NgramClassifier, Texts
from rakuten.training.predictor import Predictor, text_predictor
from rakuten.training.scoring import refuse_constant, score

logger = logging.getLogger(__name__)

LIBRARIES = ("ftfy", "numpy", "scikit-learn", "scipy")
COLUMNS = ["designation", "description"]


@stage(version=1, libraries=LIBRARIES, isolated=True)
def train_text_ngrams(out: Path, clean: StageOutput, split: StageOutput, recipe: TextNgramsRecipe) -> dict[str, Any]:
    """Train a linear classifier on word and character n-grams of titles and descriptions.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `split_products`.
        recipe: What is counted, and how the classifier is regularised.

    Returns:
        Rows, terms and classes it was fitted on, loss and F1 on validation rows.

    Raises:
        InputError: If the train rows are of fewer than two classes or hold no repeated n-gram.
        MismatchError: If `split` and `clean` are not of the same products.
        ConstantPredictionError: If it answers one class whatever it is shown.

    Output:
        ngrams.json, ngrams.npz: the model (`NgramClassifier.read`), calibrated on all validation rows.
        probabilities.parquet: of test rows by that model, of validation rows by calibrations of the other folds.
    """
    products = read_labelled(clean, split, COLUMNS)
    targets = targets_of(products["prdtypecode"])
    is_on = {side: (products["side"] == side).to_numpy() for side in ("train", "validation", "test")}
    report_progress(0, 3, "steps")
    fitted = NgramClassifier.fit(_texts(products[is_on["train"]]), targets[is_on["train"]], recipe)
    report_progress(1, 3, "steps")
    if not is_on["validation"].any():
        logger.warning("%s: no validation rows; its probabilities are not calibrated", recipe.name)
    validation = products[is_on["validation"]]
    productids = products["productid"].to_numpy(np.int64)
    model, of_validation = fitted.calibrated(
        _texts(validation), targets[is_on["validation"]], folds_of(productids[is_on["validation"]])
    )
    report_progress(2, 3, "steps")
    refuse_constant(of_validation, targets[is_on["validation"]], recipe.name)
    scored = is_on["validation"] | is_on["test"]
    values = np.empty((int(scored.sum()), NUM_CLASSES), np.float32)
    values[is_on["validation"][scored]] = of_validation
    values[is_on["test"][scored]] = model.probabilities(_texts(products[is_on["test"]]))
    probabilities = Probabilities(productids[scored], values)
    model.write(out)
    probabilities.write(out / PROBABILITIES)
    report_progress(3, 3, "steps")
    return _facts(model, targets, is_on, of_validation)


@stage(version=1, libraries=LIBRARIES, isolated=True)
def refit_text_ngrams(
    out: Path, clean: StageOutput, split: StageOutput, recipe: TextNgramsRecipe, scored: StageOutput
) -> dict[str, Any]:
    """Fit the classifier to all labelled products, with the calibration of the one that was scored.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `pool_sides`.
        recipe: As of the training.
        scored: `train_text_ngrams`.

    Returns:
        Rows, terms and classes it was fitted on.

    Output:
        ngrams.json, ngrams.npz: the model. No probabilities: there is no product left to score it on.
    """
    products = read_labelled(clean, split, COLUMNS)
    targets = targets_of(products["prdtypecode"])
    fitted = NgramClassifier.fit(_texts(products), targets, recipe)
    model = fitted.calibrated_like(NgramClassifier.read(scored.folder))
    model.write(out)
    return {"train_rows": len(products), "terms": len(model.coefficients), "classes": len(model.targets)}


def ngram_predictor(folder: Path) -> Predictor:
    """A trained n-gram model, for predictions.

    Raises:
        OutputError: If its files are damaged.
    """
    model = NgramClassifier.read(folder)
    return text_predictor(COLUMNS, lambda products: model.probabilities(_texts(products)))


def _texts(products: pd.DataFrame) -> Texts:
    return {
        "designation": [ngram_text(text) for text in products["designation"]],
        "description": [ngram_text(text) for text in products["description"]],
    }


def _facts(
    model: NgramClassifier,
    targets: npt.NDArray[np.int64],
    is_on: dict[str, npt.NDArray[np.bool_]],
    of_validation: npt.NDArray[np.float32],
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "train_rows": int(is_on["train"].sum()),
        "terms": len(model.coefficients),
        "classes": len(model.targets),
    }
    if len(of_validation):
        scores = score(of_validation, targets[is_on["validation"]])
        facts |= {"validation_loss": round(scores.loss, 4), "validation_f1_weighted": round(scores.f1_weighted, 4)}
    return facts
