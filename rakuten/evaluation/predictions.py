"""Table of predictions of the test products, for comparisons of models within and across runs."""

from pathlib import Path

import numpy as np
import pandas as pd

from rakuten.data.probabilities import Probabilities
from rakuten.errors import OutputError
from rakuten.evaluation.ground_truth import Truth
from rakuten.outputs import StageOutput

PREDICTIONS = "predictions.parquet"


def write_predictions(probabilities: Probabilities, truth: Truth, path: Path) -> None:
    """Write productid, prdtypecode, predicted and confidence of the products that have probabilities."""
    codes, rows = truth.scored(probabilities)
    confidence = probabilities.values[rows].max(axis=1, initial=0).astype(np.float64)
    columns = {
        "productid": probabilities.productids[rows],
        "prdtypecode": codes,
        "predicted": probabilities.predicted[rows],
        "confidence": confidence,
    }
    pd.DataFrame(columns).to_parquet(path, index=False)


def read_predictions(evaluation: StageOutput) -> pd.DataFrame:
    """Read the predictions of an output of `evaluate`.

    Raises:
        OutputError: If it has no predictions (earlier version).
    """
    if not (evaluation.folder / PREDICTIONS).is_file():
        raise OutputError(
            f"{evaluation.key} holds no {PREDICTIONS}: it was made by an earlier version; run its retrain again"
        )
    return pd.read_parquet(evaluation.file(PREDICTIONS))
