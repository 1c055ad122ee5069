"""The stage that points at labels that are probably wrong."""

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

# A mean over fewer products is no level that a class could be held to.
FEWEST_ROWS = 5


@stage(version=1, libraries=("numpy",))
def find_label_errors(out: Path, scored: StageOutput, split: StageOutput) -> dict[str, Any]:
    """List validation and test products whose label the probabilities contradict.

    Only probabilities of products that no model was fitted to are asked (confident learning). A class is confidently
    given where its probability is at least the mean that it has over the products labelled so; a label is suspected
    where the most probable confidently given class is another.

    Args:
        out: Work folder.
        scored: Has `probabilities.parquet` of validation and test products.
        split: `split_products`.

    Returns:
        Facts: rows (looked at), suspected.

    Raises:
        MismatchError: If there are probabilities of other products than the split's validation and test products.

    Reference:
        Northcutt, Jiang & Chuang (2021), Confident Learning: Estimating Uncertainty in Dataset Labels. JAIR 70.

    Output:
        label_errors.parquet: productid, side, given, suggested (class codes), confidence (probability of the suggested
            class), self_confidence (of the given one, by which they are sorted, the lowest first).
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
    """Suggested class code of each product, -1 where its label stands, with both probabilities."""
    rows = np.arange(len(targets))
    self_confidence = values[rows, targets].astype(np.float64)
    counts = np.bincount(targets, minlength=NUM_CLASSES)
    levels = np.bincount(targets, weights=self_confidence, minlength=NUM_CLASSES) / np.maximum(counts, 1)
    levels[counts < FEWEST_ROWS] = np.inf
    confident = np.where(values >= levels, values, 0)
    likeliest = confident.argmax(axis=1)
    other = (confident[rows, likeliest] > 0) & (likeliest != targets)
    return {
        "suggested": np.where(other, np.asarray(CODES, np.int64)[likeliest], -1),
        "confidence": values[rows, likeliest].astype(np.float64),
        "self_confidence": self_confidence,
    }
