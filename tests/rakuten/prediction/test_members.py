"""Models that answer together: fused by the case each product fits, whoever is missing."""

import numpy as np
import pandas as pd
import pytest

from rakuten.catalogue.classes import CODES, NUM_CLASSES
from rakuten.data.probabilities import Probabilities
from rakuten.errors import MismatchError
from rakuten.fusion.combining import Average
from rakuten.fusion.fuser import Case, Fuser
from rakuten.prediction.members import Members
from rakuten.training.predictor import Predictor

BOTH = Case(("image", "text"), (0, 1), Average((0.25, 0.75)), 1.0, 10)
TEXT = Case(("text",), (0,), Average((1.0,)), 1.0, 10)
FUSER = Fuser("weighted", ("text", "image"), (1.0, 1.0), (BOTH, TEXT))


def always(code: int, *, only_pictured: bool = False) -> Predictor:
    def answer(products: pd.DataFrame) -> Probabilities:
        seen = products[products["image_digest"].notna()] if only_pictured else products
        values = np.zeros((len(seen), NUM_CLASSES), np.float32)
        values[:, CODES.index(code)] = 1
        return Probabilities(seen["productid"].to_numpy(np.int64), values)

    return Predictor(("image_digest",) if only_pictured else ("designation",), answer)


PRODUCTS = pd.DataFrame({"productid": [7, 3, 5], "designation": ["a", "b", "c"], "image_digest": ["d", None, "e"]})


def test_products_without_an_image_are_fused_from_what_they_have() -> None:
    with Members([always(10), always(40, only_pictured=True)], FUSER) as members:
        assert members.columns == ["designation", "image_digest", "productid"]
        answered = members.answer(PRODUCTS)
    assert answered.productids.tolist() == [7, 3, 5]
    assert answered.predicted.tolist() == [40, 10, 40]


def test_a_modality_may_be_absent_as_a_whole() -> None:
    with Members([always(10), None], FUSER) as members:
        assert members.columns == ["designation", "productid"]
        assert members.answer(PRODUCTS).predicted.tolist() == [10, 10, 10]


def test_a_product_that_no_model_can_see_is_refused() -> None:
    with (
        Members([None, always(40, only_pictured=True)], FUSER) as members,
        pytest.raises(MismatchError, match="1 of 3 products have no probabilities in any member, first 3"),
    ):
        members.answer(PRODUCTS)
