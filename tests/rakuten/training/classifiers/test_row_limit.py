"""A part of the rows keeps the shares of the classes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rakuten.training.classifiers.row_limit import stratified_rows


@given(
    targets=st.lists(st.integers(0, 26), min_size=1, max_size=300).map(np.array),
    row_limit=st.integers(1, 320),
    seed=st.integers(0, 5),
)
def test_classes_keep_their_shares_and_none_is_lost(targets: np.ndarray, row_limit: int, seed: int) -> None:
    rows = stratified_rows(targets, row_limit, seed)
    assert rows.tolist() == sorted(set(rows.tolist()))
    assert len(rows) == min(row_limit, len(targets))
    present = np.unique(targets)
    if row_limit >= len(present):
        assert set(targets[rows]) == set(present)
    expected = np.bincount(targets, minlength=27) * len(rows) / len(targets)
    # Each class is cut at the same share, one row of its own more at most; the others give way together.
    assert np.abs(np.bincount(targets[rows], minlength=27) - expected).max() <= len(present)


def test_no_limit_keeps_all_rows_and_the_seed_decides_which_are_drawn() -> None:
    targets = np.arange(100) % 4
    assert stratified_rows(targets, None, 1).tolist() == list(range(100))
    first, again, other = (stratified_rows(targets, 40, seed).tolist() for seed in (1, 1, 2))
    assert first == again != other
    assert np.bincount(targets[first]).tolist() == [10] * 4
