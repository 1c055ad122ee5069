"""The challenge's layout, to the byte."""

from typing import Any

import pandas as pd
import pytest

from rakuten.data.probabilities import Probabilities
from rakuten.errors import DumpError, MismatchError
from rakuten.outputs import StageOutput
from rakuten.reporting.submission import write_submission


def clean_of(hand_made: Any, index: list[int], productids: list[int]) -> StageOutput:
    frame = pd.DataFrame({"index": index, "productid": productids, "clean_text": "x"})
    return hand_made.output("clean_products-v1-0", {"test.parquet": frame})


def fused_of(hand_made: Any, productids: list[int], codes: list[int]) -> StageOutput:
    return hand_made.output("apply_fusion-v1-0", {"probabilities.parquet": hand_made.sure_of(productids, codes)})


def test_rows_stand_in_the_order_of_the_part(hand_made: Any) -> None:
    clean = clean_of(hand_made, [84918, 84916, 84917], [30, 10, 20])
    fused = fused_of(hand_made, [10, 20, 30, 40], [10, 2905, 1281, 60])
    output = hand_made.store.run(write_submission, fused=fused, clean=clean, part="test")
    assert output.file("submission.csv").read_bytes() == b",prdtypecode\n84918,1281\n84916,10\n84917,2905\n"
    assert Probabilities.read(output.file("probabilities.parquet")).productids.tolist() == [30, 10, 20]
    predictions = pd.read_parquet(output.file("predictions.parquet"))
    assert predictions["prdtypecode"].tolist() == [1281, 10, 2905]
    assert predictions["productid"].tolist() == [30, 10, 20]
    assert predictions["probability"].tolist() == pytest.approx([0.9] * 3)
    assert output.facts == {"products": 3, "classes": 3}


def test_a_product_without_probabilities_is_refused(hand_made: Any) -> None:
    clean = clean_of(hand_made, [1, 2], [10, 20])
    with pytest.raises(MismatchError, match="1 of 2 products have no probabilities, first 20"):
        hand_made.store.run(write_submission, fused=fused_of(hand_made, [10], [10]), clean=clean, part="test")


def test_a_repeated_index_is_refused(hand_made: Any) -> None:
    clean = clean_of(hand_made, [5, 5], [10, 20])
    with pytest.raises(DumpError, match="expected every index once, received 1 again, first 5"):
        hand_made.store.run(write_submission, fused=fused_of(hand_made, [10, 20], [10, 40]), clean=clean, part="test")


def test_a_repeated_product_is_refused(hand_made: Any) -> None:
    clean = clean_of(hand_made, [5, 6], [10, 10])
    with pytest.raises(MismatchError, match="productid more than once"):
        hand_made.store.run(write_submission, fused=fused_of(hand_made, [10], [10]), clean=clean, part="test")
