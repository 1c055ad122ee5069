"""The list of what is taken for what."""

import numpy as np

from rakuten.evaluation.confusion import rank_confusions
from rakuten.evaluation.scores import count_confusions


def test_confusions_are_ranked_by_share_of_their_class() -> None:
    true = np.array([10] * 10 + [40] * 4 + [50])
    predicted = np.array([10] * 7 + [40] * 3 + [10] * 2 + [40] * 2 + [50])
    ranked = rank_confusions(count_confusions(true, predicted))
    assert ranked.to_dict("records") == [
        {"prdtypecode": 40, "taken_for": 10, "share": 0.5, "count": 2},
        {"prdtypecode": 10, "taken_for": 40, "share": 0.3, "count": 3},
    ]


def test_equal_shares_are_ranked_by_count_then_code() -> None:
    true = np.array([10, 10, 40, 40, 40, 40, 60, 60])
    predicted = np.array([10, 40, 40, 40, 10, 10, 60, 10])
    ranked = rank_confusions(count_confusions(true, predicted))
    assert ranked[["prdtypecode", "count"]].to_numpy().tolist() == [[40, 2], [10, 1], [60, 1]]


def test_right_predictions_leave_an_empty_list_with_its_columns() -> None:
    ranked = rank_confusions(count_confusions(np.array([10, 40]), np.array([10, 40])))
    assert ranked.empty
    assert list(ranked.columns) == ["prdtypecode", "taken_for", "share", "count"]
