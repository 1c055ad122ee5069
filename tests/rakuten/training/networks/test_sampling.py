import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rakuten.recipes import FitSettings
from rakuten.training.networks.sampling import epoch_rows

TARGETS = np.array([0] * 50 + [3] * 10 + [7] * 2)


def test_natural_epochs_hold_every_row_and_fill_the_last_batch_with_repeats() -> None:
    rows = epoch_rows(TARGETS, 64, "natural", (1, 0))
    assert np.bincount(rows, minlength=62).min() == 1
    assert len(rows) == 64


def test_balanced_epochs_hold_as_many_rows_of_each_class() -> None:
    rows = epoch_rows(TARGETS, 62, "balanced", (1, 0))
    assert sorted(np.bincount(TARGETS[rows])[[0, 3, 7]]) == [20, 21, 21]
    of_rare = np.bincount(rows, minlength=62)[60:]
    assert of_rare.max() - of_rare.min() <= 1
    # Half a batch of either kind: classes come mixed, not one after another.
    assert len(np.unique(TARGETS[rows[:8]])) > 1


@given(st.lists(st.integers(0, 26), min_size=1, max_size=60), st.integers(0, 5))
def test_an_epoch_is_a_function_of_seed_and_epoch(targets: list[int], epoch: int) -> None:
    classes = np.asarray(targets)
    first, again = (epoch_rows(classes, len(targets) + 3, "balanced", (1234, epoch)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len(first) == len(targets) + 3
    assert set(classes[first]) == set(targets) or len(set(targets)) > len(first)


def test_common_classes_show_other_rows_in_another_epoch() -> None:
    one, other = (set(epoch_rows(TARGETS, 62, "balanced", (1, epoch))) for epoch in range(2))
    assert one != other


def test_balancing_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="both balanced"):
        FitSettings(batch_size=8, epochs=1, learning_rate=0.1, class_weight="balanced", sampling="balanced")
