"""The one place that says better or worse."""

import pytest

from rakuten.evaluation.difference import Difference


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.001, 0.02, "better"),
        (-0.02, -0.001, "worse"),
        (-0.001, 0.02, "no difference shown"),
        (0.0, 0.02, "no difference shown"),
        (-0.02, 0.0, "no difference shown"),
        (0.0, 0.0, "no difference shown"),
    ],
)
def test_better_and_worse_are_said_only_where_the_interval_excludes_zero(low: float, high: float, word: str) -> None:
    assert Difference((low + high) / 2, low, high).word == word
