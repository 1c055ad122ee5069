"""Scores of parts of the test products."""

from typing import Any

import pandas as pd
import pytest

from rakuten.evaluation.slices import WITHOUT_TWIN, score_slices


def test_slices_are_scored_by_what_is_odd_about_products(hand_made: Any) -> None:
    products = pd.DataFrame(
        {
            "productid": [1, 2, 3, 4, 5],
            "designation": ["Une lampe pour le jardin", "The lamp of this garden", "Lampe", "Lampe", "Lampe"],
            "description": ["avec ses piles", "", "", "", ""],
            "clean_text": ["un deux trois quatre cinq six", "lamp garden", "lampe", "", "lampe"],
            "image_digest": ["a", None, None, "b", "c"],
        }
    )
    predictions = pd.DataFrame(
        {"productid": [4, 2, 1, 3], "prdtypecode": [40, 10, 10, 10], "predicted": [40, 10, 40, 10], "confidence": 0.5}
    )
    twins = pd.DataFrame({"productid": [1, 1, 4], "twin": [9, 8, 9], "kind": ["text", "image", "image"]})
    output = hand_made.store.run(
        score_slices,
        evaluation=hand_made.output("evaluate-v2-0", {"predictions.parquet": predictions}),
        clean=hand_made.output("clean_products-v1-0", {"train.parquet": products}),
        near_twins=hand_made.output("find_near_twins-v1-0", {"near_twins.parquet": twins}),
    )
    found = pd.read_parquet(output.file("slices.parquet")).set_index("slice")
    assert found["rows"].to_dict() == {
        "all test products": 4,
        "with a description": 1,
        "no description": 3,
        "with a usable image": 2,
        "no usable image": 2,
        "short text, at most 5 clean words": 3,
        "longer text": 1,
        "French": 1,
        "English": 1,
        "German": 0,
        "language not told": 2,
        "text nearly that of a train product": 1,
        "image that of a train product": 2,
        WITHOUT_TWIN: 2,
    }
    assert found.loc["no description", "accuracy"] == 1
    assert found.loc["with a description", "f1_weighted"] == 0
    assert found.loc["German", ["accuracy", "f1_weighted", "low", "high"]].isna().all()
    assert found.loc["all test products", "accuracy"] == 0.75
    assert output.facts == {"all": pytest.approx(found["f1_weighted"].iat[0]), "without_twins": 1.0}
