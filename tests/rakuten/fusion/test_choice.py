"""Which fusion decides."""

import numpy as np
import pytest

from rakuten.errors import InputError
from rakuten.fusion.selection import Candidate, choose
from rakuten.recipes.plan import FusionMethod

TARGETS = np.arange(200) % 27


def candidate(method: FusionMethod, num_right: int, sureness: float, *, after: int = 0) -> Candidate:
    """Right on the rows that follow the first few; equally sure of all its answers."""
    values = np.full((len(TARGETS), 27), (1 - sureness) / 26)
    rows = np.arange(len(TARGETS))
    answers = np.where((rows >= after) & (rows < after + num_right), TARGETS, (TARGETS + 1) % 27)
    values[np.arange(len(TARGETS)), answers] = sureness
    return Candidate(method, values, TARGETS)


def test_the_best_one_decides_where_the_others_are_clearly_worse() -> None:
    choice = choose([candidate("max", 120, 0.6), candidate("fitted", 160, 0.99)], "auto")
    assert choice.place == 1
    assert "1 of 2" in choice.reason


def test_among_equals_cross_entropy_decides() -> None:
    choice = choose([candidate("single", 160, 0.999), candidate("fitted", 159, 0.8, after=4)], "auto")
    assert choice.place == 1
    assert choice.standings[1].behind <= choice.standings[1].margin


def test_the_plan_may_ask_for_a_method() -> None:
    choice = choose([candidate("max", 120, 0.6), candidate("fitted", 160, 0.99)], "max")
    assert (choice.place, choice.reason) == (0, "the plan asks for it")


def test_a_method_that_was_not_fitted_cannot_be_asked_for() -> None:
    with pytest.raises(InputError, match=r"no fusion is 'stacked'; there are \['max'\]"):
        choose([candidate("max", 120, 0.6)], "stacked")
