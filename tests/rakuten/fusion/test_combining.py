"""Laws of the combiners."""

import json

import numpy as np
import pytest

from rakuten.catalogue.classes import CODES, NUM_CLASSES
from rakuten.errors import OutputError
from rakuten.fusion.combining import Average, Maximum, Stack, combiner_from_json


@pytest.fixture
def three() -> np.ndarray:
    """Two members that lean to class 10, a third that is sure of class 2905; one product."""
    values = np.zeros((3, 1, NUM_CLASSES))
    values[:, 0, 0] = [0.6, 0.55, 0.1]
    values[:, 0, -1] = [0.4, 0.45, 0.9]
    return values


def test_the_maximum_hears_every_member(three: np.ndarray) -> None:
    of_two = np.maximum(three[0], three[1])
    assert CODES[int(of_two.argmax())] == 10, "the report's vote, which its third model never entered"
    fused = Maximum()(three)
    assert CODES[int(fused.argmax())] == 2905
    np.testing.assert_allclose(fused[0, [0, -1]], [0.6 / 1.5, 0.9 / 1.5])


def test_the_maximum_leaves_its_members_as_they_were(three: np.ndarray) -> None:
    before = three.copy()
    Maximum()(three)
    np.testing.assert_array_equal(three, before)


def test_an_average_is_the_weighted_mean(three: np.ndarray) -> None:
    assert Average.weighing([2, 1, 1])(three)[0, 0] == pytest.approx((2 * 0.6 + 0.55 + 0.1) / 4)


def test_members_that_all_weigh_nothing_count_equally() -> None:
    assert Average.weighing([0, 0]).weights == (0.5, 0.5)


@pytest.mark.parametrize("weights", [[1, -1], [1, float("nan")]])
def test_unusable_weights_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="finite and not negative"):
        Average.weighing(weights)


def test_every_combiner_survives_json(three: np.ndarray) -> None:
    generator = np.random.default_rng(0)
    stack = Stack((0, 2), generator.normal(size=(2 * NUM_CLASSES, NUM_CLASSES)), generator.normal(size=NUM_CLASSES))
    for combiner in (Average.weighing([1, 2, 3]), Maximum(), stack):
        again = combiner_from_json(json.loads(json.dumps(combiner.as_json())))
        np.testing.assert_array_equal(again(three), combiner(three))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(OutputError, match="received 'oracle'"):
        combiner_from_json({"kind": "oracle"})
