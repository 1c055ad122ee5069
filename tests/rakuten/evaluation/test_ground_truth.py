"""Which products are scored, and which must not be."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rakuten.errors import MismatchError
from rakuten.evaluation.ground_truth import read_truth, require_unfitted
from rakuten.evaluation.test_labels import read_test_truth


def test_sides_are_kept_apart_and_the_others_left_out(hand_made: Any) -> None:
    truth = read_truth(hand_made.split([10, 40, 50, 60], ["train", "validation", "test", "withheld"]))
    assert truth["validation"].productids.tolist() == [2]
    assert truth["validation"].codes.tolist() == [40]
    assert truth["test"].productids.tolist() == [3]


def test_classes_of_test_products_are_asked_for_by_their_own_name(hand_made: Any) -> None:
    split = hand_made.split([10, 40, 50, 60], ["train", "validation", "test", "withheld"])
    assert not hasattr(read_truth(split)["test"], "codes")
    assert read_test_truth(split).codes.tolist() == [50]


def test_only_products_with_probabilities_are_counted(hand_made: Any) -> None:
    truth = read_test_truth(hand_made.split([10, 40, 50], ["test"] * 3))
    counts = truth.confusions(hand_made.sure_of([3, 1], [50, 40]))
    assert counts.sum() == 2
    assert counts[2, 2] == 1
    assert counts[0, 1] == 1


def test_order_of_rows_does_not_matter(hand_made: Any) -> None:
    truth = read_test_truth(hand_made.split([10, 40, 50, 60], ["test"] * 4))
    forth = truth.confusions(hand_made.sure_of([1, 2, 3, 4], [10, 50, 50, 10]))
    back = truth.confusions(hand_made.sure_of([4, 3, 2, 1], [10, 50, 50, 10]))
    np.testing.assert_array_equal(forth, back)


def test_a_split_that_repeats_a_product_is_refused(hand_made: Any) -> None:
    frame = pd.DataFrame({"productid": [7, 7], "prdtypecode": [10, 10], "side": ["validation", "test"]})
    with pytest.raises(MismatchError, match="more than once"):
        read_truth(hand_made.output("split_products-v1-1", {"split.parquet": frame}))


@pytest.mark.parametrize("side", ["train", "withheld"])
def test_probabilities_of_products_a_model_may_have_seen_are_refused(hand_made: Any, side: str) -> None:
    truth = read_truth(hand_made.split([10, 40], [side, "test"]))
    with pytest.raises(MismatchError, match=r"dnn.*received 1 others, first 1"):
        require_unfitted(hand_made.sure_of([1, 2], [10, 40]), truth, "dnn")
