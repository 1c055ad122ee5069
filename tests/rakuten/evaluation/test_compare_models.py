"""Each model beside the decision."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rakuten.errors import InputError
from rakuten.evaluation.compare_models import compare_models
from rakuten.outputs import StageOutput


def evaluation(hand_made: Any, name: str, right: slice) -> StageOutput:
    codes = np.where(np.arange(200) % 2, 10, 40)
    predicted = 50 - codes
    predicted[right] = codes[right]
    frame = pd.DataFrame({"productid": range(200), "prdtypecode": codes, "predicted": predicted, "confidence": 0.9})
    output: StageOutput = hand_made.output(
        f"evaluate-v2-{name}", {"predictions.parquet": frame, "metrics.json": f'{{"name": "{name}"}}'}
    )
    return output


def test_models_are_called_better_or_worse_than_the_decision_only_where_that_is_shown(hand_made: Any) -> None:
    evaluations = tuple(
        evaluation(hand_made, name, right)
        for name, right in {"weak": slice(60), "vote": slice(150), "akin": slice(3, 150), "strong": slice(190)}.items()
    )
    output = hand_made.store.run(compare_models, evaluations=evaluations, decision="vote")
    found = output.read_json("differences.json")
    assert {name: row["word"] for name, row in found.items()} == {
        "weak": "worse",
        "akin": "no difference shown",
        "strong": "better",
    }
    assert found["strong"]["difference"] == pytest.approx(0.2, abs=0.01)
    assert found["strong"]["interval"][0] > 0
    assert found["weak"]["mid"] < 0.001
    assert output.facts == {"better": 1, "worse": 1}


def test_a_decision_that_was_not_scored_is_refused(hand_made: Any) -> None:
    only = (evaluation(hand_made, "vote", slice(10)),)
    assert hand_made.store.run(compare_models, evaluations=only, decision="vote").facts == {"better": 0, "worse": 0}
    with pytest.raises(InputError, match=r"'max vote' has no evaluation; there are \['vote'\]"):
        hand_made.store.run(compare_models, evaluations=only, decision="max vote")
