"""Labels that out-of-sample probabilities contradict."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rakuten.catalogue.classes import CODES
from rakuten.data.probabilities import Probabilities
from rakuten.errors import MismatchError
from rakuten.evaluation.label_errors import find_label_errors


def test_planted_errors_are_found_and_ranked_by_how_little_the_label_is_believed(hand_made: Any) -> None:
    generator = np.random.default_rng(0)
    true = generator.choice([10, 40, 50], 120)
    labels, wrong = true.copy(), [3, 50, 90]
    labels[wrong] = [code + 10 if code == 40 else 40 for code in true[wrong]]
    confidences = generator.uniform(0.6, 0.99, 120)
    confidences[wrong] = [0.99, 0.95, 0.97]
    values = np.stack(
        [
            hand_made.sure_of([1], [code], confidence).values[0]
            for code, confidence in zip(true, confidences, strict=True)
        ]
    )
    sides = ["test" if row % 2 else "validation" for row in range(120)]
    scored = hand_made.output(
        "train-v1-0", {"probabilities.parquet": Probabilities(np.arange(1, 121), values.astype(np.float32))}
    )
    split = hand_made.split(labels.tolist(), sides)
    output = hand_made.store.run(find_label_errors, scored=scored, split=split)
    found = pd.read_parquet(output.file("label_errors.parquet"))
    assert found["productid"].tolist() == [4, 91, 51]
    assert found["suggested"].tolist() == true[[3, 90, 50]].tolist()
    assert found["given"].tolist() == labels[[3, 90, 50]].tolist()
    assert found["confidence"].tolist() == pytest.approx([0.99, 0.97, 0.95], abs=1e-6)
    assert found["side"].tolist() == ["test", "validation", "validation"]
    assert found["self_confidence"].is_monotonic_increasing
    assert output.facts == {"rows": 120, "suspected": 3}


def test_a_class_with_a_handful_of_products_is_never_suggested(hand_made: Any) -> None:
    codes = [10] * 10 + [2905] * 4
    answers = [10] * 9 + [2905] * 5
    scored = hand_made.output("train-v1-0", {"probabilities.parquet": hand_made.sure_of(list(range(1, 15)), answers)})
    output = hand_made.store.run(find_label_errors, scored=scored, split=hand_made.split(codes, ["test"] * 14))
    assert output.facts == {"rows": 14, "suspected": 0}


def test_probabilities_of_fitted_products_are_refused(hand_made: Any) -> None:
    scored = hand_made.output("train-v1-0", {"probabilities.parquet": hand_made.sure_of([1, 2], list(CODES[:2]))})
    with pytest.raises(MismatchError, match="received 1 others, first 1"):
        hand_made.store.run(find_label_errors, scored=scored, split=hand_made.split([10, 40], ["train", "test"]))
