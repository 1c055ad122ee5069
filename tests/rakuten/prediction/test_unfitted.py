"""Predictions for labelled products are scored where no model of the package was fitted on the product."""

from typing import Any

import pandas as pd

from rakuten.data.fitted_products import list_fitted_products
from rakuten.data.probabilities import Probabilities
from rakuten.evaluation.evaluate import evaluate
from rakuten.outputs import StageOutput
from rakuten.prediction.drop_train_rows import keep_unfitted

CODES = [10, 10, 40, 40, 10]
SIDES = ["test", "train", "validation", "withheld", "test"]
TITLES = ["one", "two", "three", "four", "five"]


class Scored:
    """Predictions for five labelled products, of a package that was fitted on a dump of its own."""

    def __init__(self, hand_made: Any) -> None:
        self.hand_made = hand_made
        probabilities = hand_made.sure_of([5, 4, 3, 2, 1], [10, 40, 40, 10, 10])
        self.predictions = hand_made.output("apply_fusion-v1-0", {"probabilities.parquet": probabilities})
        self.split = hand_made.split(CODES, SIDES)

    def clean(self, key: str, titles: list[str]) -> StageOutput:
        images = pd.Series([None] * 5, dtype="string")
        frame = pd.DataFrame({"productid": range(1, 6), "designation": titles, "image_digest": images})
        output: StageOutput = self.hand_made.output(key, {"train.parquet": frame})
        return output

    def fitted(self, titles: list[str], sides: list[str]) -> StageOutput:
        split = pd.DataFrame({"productid": range(1, 6), "prdtypecode": CODES, "side": sides})
        output: StageOutput = self.hand_made.store.run(
            list_fitted_products,
            clean=self.clean("clean_products-v1-1", titles),
            split=self.hand_made.output("split_products-v1-1", {"split.parquet": split}),
        )
        return output

    def kept(self, fitted: StageOutput) -> StageOutput:
        clean = self.clean("clean_products-v1-2", TITLES)
        output: StageOutput = self.hand_made.store.run(
            keep_unfitted, predictions=self.predictions, clean=clean, split=self.split, fitted=fitted
        )
        return output


def ids(kept: StageOutput) -> list[int]:
    found: list[int] = Probabilities.read(kept.file("probabilities.parquet")).productids.tolist()
    return found


def test_of_the_models_own_dump_validation_and_test_products_are_kept_and_can_be_scored(hand_made: Any) -> None:
    scored = Scored(hand_made)
    kept = scored.kept(scored.fitted(TITLES, SIDES))
    assert ids(kept) == [5, 3, 1]
    assert kept.facts == {"products": 5, "kept": 3, "seen": 0}
    evaluated = hand_made.store.run(evaluate, scored=kept, split=scored.split, name="weighted vote")
    assert evaluated.read_json("metrics.json")["test"]["rows"] == 2


def test_a_product_whose_edited_title_made_it_a_test_product_is_not_scored(hand_made: Any) -> None:
    scored = Scored(hand_made)
    before = ["another title", *TITLES[1:]]
    kept = scored.kept(scored.fitted(before, ["train", "train", "test", "test", "validation"]))
    assert ids(kept) == [3], "1 was trained on, 5 was chosen on"
    assert kept.facts["seen"] == 2
