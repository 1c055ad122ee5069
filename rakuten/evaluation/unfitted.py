"""The stage that keeps, of predictions for all labelled products, those that no model was fitted to."""

from pathlib import Path

import numpy as np

from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.evaluation.truth import SCORED_SIDES, read_truth
from rakuten.outputs import StageOutput
from rakuten.stages import stage


@stage(version=1)
def keep_unfitted(out: Path, predictions: StageOutput, split: StageOutput) -> dict[str, int]:
    """Keep the rows of validation and test products.

    A product's side depends on its own content, so these were held out wherever the model was trained with the same
    split recipe, also on an earlier dump.

    Args:
        out: Work folder.
        predictions: Has `probabilities.parquet` of labelled products.
        split: Has `split.parquet` of the same dump.

    Returns:
        Facts: products, kept.

    Output:
        probabilities.parquet: The rows kept, in the order they came in.
    """
    probabilities = Probabilities.read(predictions.file(PROBABILITIES))
    truth = read_truth(split)
    unfitted = np.concatenate([truth[side].productids for side in SCORED_SIDES])
    kept = np.isin(probabilities.productids, unfitted)
    Probabilities(probabilities.productids[kept], probabilities.values[kept]).write(out / PROBABILITIES)
    return {"products": len(kept), "kept": int(kept.sum())}
