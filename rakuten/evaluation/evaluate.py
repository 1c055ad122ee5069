"""Stage `evaluate`: metrics of one model or fusion on the validation and test splits."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from rakuten.catalogue.classes import CODES, LABELS
from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.errors import InputError
from rakuten.evaluation.confusion import rank_confusions
from rakuten.evaluation.ground_truth import Truth, read_truth, require_unfitted
from rakuten.evaluation.plots import draw_confusion, draw_curves, draw_reliability
from rakuten.evaluation.predictions import PREDICTIONS, write_predictions
from rakuten.evaluation.reliability import Calibration, calibrate
from rakuten.evaluation.scores import (
    Counts,
    accuracy,
    f1_macro,
    f1_weighted,
    f1_weighted_interval,
    score_classes,
)
from rakuten.evaluation.test_labels import read_test_truth
from rakuten.outputs import StageOutput
from rakuten.stages import stage

HISTORY = "history.parquet"
METRICS = "metrics.json"
PER_CLASS = "per_class.parquet"
CONFUSIONS = "confusions.parquet"
CONFUSION_PICTURE = "confusion.png"
RELIABILITY = "reliability.parquet"
RELIABILITY_PICTURE = "reliability.png"
CURVES_PICTURE = "curves.png"


@stage(version=2, libraries=("matplotlib", "numpy", "scipy"))
def evaluate(out: Path, scored: StageOutput, split: StageOutput, name: str) -> dict[str, Any]:
    """Score class probabilities on the test products and, separately, on the validation products.

    Args:
        scored: Has `probabilities.parquet` of validation and test products (fewer if products lack the model's
            modality) and, for networks, `history.parquet` (one row per epoch).
        name: Display name: of a recipe or a fusion.

    Returns:
        Facts: rows, missing_rows, accuracy, f1_weighted, f1_macro, calibration_error of the test products.

    Raises:
        InputError: If the split has no test products, or none of them has probabilities.
        MismatchError: If a product is neither a validation nor a test product of the split.

    Output:
        metrics.json: name, scored (key), and for "test" and "validation" each rows, missing_rows (products without
            probabilities, not scored), accuracy, f1_weighted, f1_macro, interval (95 % bootstrap confidence interval of
            f1_weighted), calibration_error (expected calibration error, 15 bins); "validation" is null if no validation
            product has probabilities. "calibration": temperature (fitted to validation products; null without any),
            before and after (expected calibration error of the test products before and after temperature scaling).
        predictions.parquet: Of the scored test products: productid, prdtypecode, predicted, confidence.
        per_class.parquet: Classification report of the test products: prdtypecode, label, precision, recall, f1,
            support.
        confusions.parquet: Of the test products: prdtypecode, taken_for, share, count; largest share first.
        confusion.png: Confusion matrix of the test products.
        reliability.parquet, reliability.png: Reliability diagram of the test products; see `Calibration.bins`.
        curves.png: Learning curves: loss and scores by epoch; only with a history.
    """
    probabilities = Probabilities.read(scored.file(PROBABILITIES))
    truth, held_out = read_truth(split), read_test_truth(split)
    require_unfitted(probabilities, truth, name)
    counts = held_out.confusions(probabilities)
    if not counts.sum():
        raise InputError(
            f"{name}: expected probabilities of test products to score, received those of 0 of the split's "
            f"{len(held_out.productids)} test products"
        )
    test = _metrics(counts, held_out, probabilities)
    validation_counts = truth["validation"].confusions(probabilities)
    has_validation = validation_counts.sum() > 0
    validation = _metrics(validation_counts, truth["validation"], probabilities) if has_validation else None
    calibration = calibrate(probabilities, truth["validation"], held_out)
    metrics = {
        "name": name,
        "scored": scored.key,
        "test": test,
        "validation": validation,
        "calibration": {field: getattr(calibration, field) for field in ("temperature", "before", "after")},
    }
    _write_reliability(calibration, name, out)
    write_predictions(probabilities, held_out, out / PREDICTIONS)
    (out / METRICS).write_text(json.dumps(metrics, indent=2), "utf-8")
    _per_class(counts).to_parquet(out / PER_CLASS, index=False)
    rank_confusions(counts).to_parquet(out / CONFUSIONS, index=False)
    draw_confusion(counts, f"{name}: share of each class, %, {test['rows']:,} test products", out / CONFUSION_PICTURE)
    if (scored.folder / HISTORY).is_file():
        draw_curves(pd.read_parquet(scored.file(HISTORY)), name, out / CURVES_PICTURE)
    return {figure: value for figure, value in test.items() if figure != "interval"}


def _metrics(counts: Counts, truth: Truth, probabilities: Probabilities) -> dict[str, Any]:
    rows = int(counts.sum())
    return {
        "rows": rows,
        "missing_rows": len(truth.productids) - rows,
        "accuracy": float(accuracy(counts)),
        "f1_weighted": float(f1_weighted(counts)),
        "f1_macro": float(f1_macro(counts)),
        "interval": list(f1_weighted_interval(counts)),
        "calibration_error": truth.calibration_error(probabilities),
    }


def _write_reliability(calibration: Calibration, name: str, out: Path) -> None:
    calibration.bins.to_parquet(out / RELIABILITY, index=False)
    draw_reliability(calibration, name, out / RELIABILITY_PICTURE)


def _per_class(counts: Counts) -> pd.DataFrame:
    scores = score_classes(counts)
    return pd.DataFrame(
        {
            "prdtypecode": CODES,
            "label": [LABELS[code] for code in CODES],
            "precision": scores.precision,
            "recall": scores.recall,
            "f1": scores.f1,
            "support": scores.support,
        }
    )
