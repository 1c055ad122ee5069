"""Members side by side: matched by productid, whatever the order, nothing invented."""

import numpy as np
import pytest

from rakuten.errors import MismatchError
from rakuten.fusion.alignment import align


def test_rows_are_matched_by_productid(member_of) -> None:
    text = member_of({3: {10: 1.0}, 1: {40: 1.0}})
    image = member_of({1: {50: 1.0}})
    aligned = align([text, image, None], np.array([1, 3]))
    assert aligned.has.tolist() == [[True, True], [True, False], [False, False]]
    assert aligned.values[:, 0].argmax(axis=1).tolist() == [1, 2, 0]
    assert aligned.values[1:, 1].sum() == 0


def test_rows_can_be_chosen(member_of) -> None:
    aligned = align([member_of({1: {10: 1.0}, 2: {40: 1.0}})], np.array([1, 2])).rows(np.array([False, True]))
    assert aligned.productids.tolist() == [2]
    assert len(aligned) == 1


def test_a_product_in_no_member_is_refused(member_of) -> None:
    with pytest.raises(MismatchError, match="1 of 2 products have no probabilities in any member, first 99"):
        align([member_of({1: {10: 1.0}})], np.array([1, 99]))


def test_a_fusion_without_members_is_refused() -> None:
    with pytest.raises(MismatchError, match="at least one member"):
        align([], np.array([1]))
