"""Stage `find_label_errors`: probable label errors by confident learning."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.catalogue.classes import CODES, NUM_CLASSES
from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.evaluation.ground_truth import read_truth, require_unfitted
from rakuten.evaluation.scores import targets_of
from rakuten.evaluation.test_labels import read_test_truth
from rakuten.outputs import StageOutput
from rakuten.stages import stage

LABEL_ERRORS = "label_errors.parquet"

# Fewer products do not give a usable mean self-confidence; such a class gets no threshold.
FEWEST_ROWS = 5


@stage(version=1, libraries=("numpy",))
def find_label_errors(out: Path, scored: StageOutput, split: StageOutput) -> dict[str, Any]:
    """Detect probable label errors among validation and test products by confident learning.

    Uses out-of-sample probabilities only. The threshold of a class is its mean probability over the products labelled
    with it. A label is suspected if the most probable class at or above its threshold is another one.

    Args:
        scored: Has `probabilities.parquet` of validation and test products.

    Returns:
        Facts: rows (checked), suspected.

    Raises:
        MismatchError: If a product is neither a validation nor a test product of the split.

    Reference:
        Northcutt, Jiang & Chuang (2021), Confident Learning: Estimating Uncertainty in Dataset Labels. JAIR 70.

    Output:
        label_errors.parquet: productid, side, given, suggested (class codes), confidence (probability of the suggested
            class), self_confidence (probability of the given class); sorted by ascending self_confidence.
    """
    probabilities = Probabilities.read(scored.file(PROBABILITIES))
    truth = read_truth(split)
    require_unfitted(probabilities, truth, scored.key)
    found = []
    for side, products in (("validation", truth["validation"]), ("test", read_test_truth(split))):
        codes, rows = products.scored(probabilities)
        found.append(pd.DataFrame({"row": rows, "given": codes, "side": side}))
    labelled = pd.concat(found, ignore_index=True)
    values = probabilities.values[labelled["row"]]
    suspected = labelled.assign(
        productid=probabilities.productids[labelled["row"]],
        **_suspect(values, targets_of(labelled["given"].to_numpy())),
    )
    suspected = suspected[suspected["suggested"] >= 0].sort_values(["self_confidence", "productid"], ignore_index=True)
    columns = ["productid", "side", "given", "suggested", "confidence", "self_confidence"]
    suspected[columns].to_parquet(out / LABEL_ERRORS, index=False)
    return {"rows": len(labelled), "suspected": len(suspected)}


def _suspect(values: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[Any]]:
    """Suggested class code of each product (-1 if the label is not suspected), with both probabilities.

    Args:
        values: float32 (num_samples, num_classes), probabilities.
        targets: int64 (num_samples,), class indices of the labels.
    """
    rows = np.arange(len(targets))
    self_confidence = values[rows, targets].astype(np.float64)
    counts = np.bincount(targets, minlength=NUM_CLASSES)
    levels = np.bincount(targets, weights=self_confidence, minlength=NUM_CLASSES) / np.maximum(counts, 1)
    levels[counts < FEWEST_ROWS] = np.inf  # (num_classes,)
    confident = np.where(values >= levels, values, 0)  # (num_samples, num_classes)
    likeliest = confident.argmax(axis=1)
    other = (confident[rows, likeliest] > 0) & (likeliest != targets)
    return {
        "suggested": np.where(other, np.asarray(CODES, np.int64)[likeliest], -1),
        "confidence": values[rows, likeliest].astype(np.float64),
        "self_confidence": self_confidence,
    }
