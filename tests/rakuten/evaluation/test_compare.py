"""Comparing two evaluations of different runs, as the command does."""

from typing import Any

import pandas as pd
import pytest

from rakuten.errors import InputError, OutputError
from rakuten.evaluation.compare import compare_runs
from rakuten.evaluation.evaluate import evaluate
from rakuten.evaluation.predictions import read_predictions
from rakuten.outputs import StageOutput


def evaluated(hand_made: Any, key: str, products: dict[int, tuple[int, int]]) -> StageOutput:
    """An evaluation of these test products: productid → (class, prediction)."""
    ids, answers = list(products), [answer for _, answer in products.values()]
    split = pd.DataFrame(
        {"productid": ids, "prdtypecode": [code for code, _ in products.values()], "side": ["test"] * len(ids)}
    )
    output: StageOutput = hand_made.store.run(
        evaluate,
        scored=hand_made.output(f"train-v1-{key}", {"probabilities.parquet": hand_made.sure_of(ids, answers)}),
        split=hand_made.output(f"split_products-v1-{key}", {"split.parquet": split}),
        name=key,
    )
    return output


def test_runs_are_compared_on_the_test_products_of_both(hand_made: Any) -> None:
    first = evaluated(hand_made, "a", {1: (10, 10), 2: (10, 40), 3: (40, 40), 4: (50, 10), 8: (60, 60), 9: (10, 10)})
    second = evaluated(hand_made, "b", {9: (40, 40), 4: (50, 60), 3: (40, 10), 2: (10, 10), 1: (10, 10), 7: (10, 10)})
    output = hand_made.store.run(compare_runs, first=first, second=second)
    found = output.read_json("comparison.json")
    assert found["first"] == {"name": "a", "evaluation": first.key}
    assert (found["rows"], found["only_first"], found["only_second"], found["relabelled"]) == (4, 1, 1, 1)
    assert found["mcnemar"]["only_first_right"] == found["mcnemar"]["only_second_right"] == 1
    assert found["changed_wrong"] == 1
    assert found["scores"]["accuracy"]["first"] == found["scores"]["accuracy"]["second"] == 0.5
    assert found["scores"]["accuracy"]["word"] == "no difference shown"
    assert [row["prdtypecode"] for row in found["classes"]] == [10, 40, 50]
    assert pd.read_parquet(output.file("flips.parquet")).to_dict("records") == [
        {"productid": 2, "prdtypecode": 10, "first": 40, "second": 10, "flip": "wrong → right"},
        {"productid": 3, "prdtypecode": 40, "first": 40, "second": 10, "flip": "right → wrong"},
    ]
    assert output.facts == {"rows": 4, "difference": pytest.approx(0, abs=0.2), "to_right": 1, "to_wrong": 1}


def test_a_run_compared_with_itself_has_no_flips(hand_made: Any) -> None:
    same = evaluated(hand_made, "a", {1: (10, 10), 2: (10, 40)})
    output = hand_made.store.run(compare_runs, first=same, second=same)
    assert pd.read_parquet(output.file("flips.parquet")).empty
    assert output.facts["difference"] == 0


def test_runs_without_a_common_test_product_are_refused(hand_made: Any) -> None:
    first = evaluated(hand_made, "a", {1: (10, 10), 2: (10, 40)})
    second = evaluated(hand_made, "b", {3: (10, 10), 2: (40, 40)})
    with pytest.raises(InputError, match="received 2 and 2 test products, 1 of them in both, none with the same class"):
        hand_made.store.run(compare_runs, first=first, second=second)


def test_an_evaluation_that_kept_no_predictions_is_refused(hand_made: Any) -> None:
    with pytest.raises(OutputError, match=r"holds no predictions\.parquet.*run its retrain again"):
        read_predictions(hand_made.output("evaluate-v1-0", {"metrics.json": "{}"}))
