"""What is kept of predictions for all labelled products, run as flows run it."""

from typing import Any

from rakuten.data.probabilities import Probabilities
from rakuten.evaluation.evaluate import evaluate
from rakuten.evaluation.unfitted import keep_unfitted

CODES = [10, 10, 40, 40, 10]
SIDES = ["test", "train", "validation", "withheld", "test"]


def test_only_products_that_no_model_was_fitted_to_are_kept_and_can_be_scored(hand_made: Any) -> None:
    probabilities = hand_made.sure_of([5, 4, 3, 2, 1], [10, 40, 40, 10, 10])
    predictions = hand_made.output("apply_fusion-v1-0", {"probabilities.parquet": probabilities})
    split = hand_made.split(CODES, SIDES)
    kept = hand_made.store.run(keep_unfitted, predictions=predictions, split=split)
    assert Probabilities.read(kept.file("probabilities.parquet")).productids.tolist() == [5, 3, 1]
    assert kept.facts == {"products": 5, "kept": 3}
    scored = hand_made.store.run(evaluate, scored=kept, split=split, name="weighted vote")
    assert scored.read_json("metrics.json")["test"]["rows"] == 2
