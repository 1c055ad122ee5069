"""Each model beside the decision."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

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
    output = hand_made.store.run(compare_models, evaluations=evaluations, decided=evaluations[1])
    found = output.read_json("differences.json")
    assert {name: row["word"] for name, row in found.items()} == {
        "weak": "worse",
        "vote": "no difference shown",
        "akin": "no difference shown",
        "strong": "better",
    }
    assert found["strong"]["difference"] == pytest.approx(0.2, abs=0.01)
    assert found["strong"]["interval"][0] > 0
    assert found["weak"]["mid"] < 0.001
    assert output.facts == {"better": 1, "worse": 1}
