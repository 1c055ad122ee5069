"""The evaluation stage, run as flows run it."""

from typing import Any

import pandas as pd
import pytest

from rakuten.errors import InputError, MismatchError
from rakuten.evaluation.evaluate import evaluate
from rakuten.outputs import StageOutput

CODES = [10, 10, 40, 40, 10, 2905]
SIDES = ["test", "test", "test", "train", "validation", "test"]


def scored_of(hand_made: Any, productids: list[int], codes: list[int], **files: Any) -> StageOutput:
    probabilities = hand_made.sure_of(productids, codes)
    return hand_made.output("train_dnn-v1-0", {"probabilities.parquet": probabilities, **files})


def test_test_and_validation_products_are_scored_apart(hand_made: Any) -> None:
    scored = scored_of(hand_made, [1, 2, 3, 5, 6], [10, 40, 40, 40, 2905])
    output = hand_made.store.run(evaluate, scored=scored, split=hand_made.split(CODES, SIDES), name="dnn")
    metrics = output.read_json("metrics.json")
    assert metrics["name"] == "dnn"
    assert metrics["scored"] == scored.key
    assert metrics["test"]["rows"] == 4
    assert metrics["test"]["accuracy"] == 0.75
    assert metrics["test"]["f1_weighted"] == pytest.approx((2 / 3 * 2 + 2 / 3 + 1) / 4)
    assert metrics["test"]["f1_macro"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert metrics["validation"] == {
        "rows": 1,
        "missing_rows": 0,
        "accuracy": 0.0,
        "f1_weighted": 0.0,
        "f1_macro": 0.0,
        "interval": [0.0, 0.0],
        "calibration_error": pytest.approx(0.9, abs=1e-6),
    }
    assert output.facts["f1_weighted"] == metrics["test"]["f1_weighted"]
    assert not (output.folder / "curves.png").exists()


def test_products_without_probabilities_are_counted_not_scored(hand_made: Any) -> None:
    scored = scored_of(hand_made, [1, 3], [10, 40])
    output = hand_made.store.run(evaluate, scored=scored, split=hand_made.split(CODES, SIDES), name="cnn")
    metrics = output.read_json("metrics.json")
    assert (metrics["test"]["rows"], metrics["test"]["missing_rows"]) == (2, 2)
    assert metrics["test"]["f1_weighted"] == 1
    assert metrics["validation"] is None


def test_class_table_has_all_classes_with_labels(hand_made: Any) -> None:
    scored = scored_of(hand_made, [1, 2, 3, 5, 6], [10, 40, 40, 40, 2905])
    output = hand_made.store.run(evaluate, scored=scored, split=hand_made.split(CODES, SIDES), name="dnn")
    table = pd.read_parquet(output.file("per_class.parquet")).set_index("prdtypecode")
    assert len(table) == 27
    assert table.loc[10, ["label", "precision", "recall", "support"]].tolist() == ["adult books", 1.0, 0.5, 2]
    assert table.loc[60, ["precision", "recall", "f1", "support"]].tolist() == [0, 0, 0, 0]
    confusions = pd.read_parquet(output.file("confusions.parquet"))
    assert confusions.to_dict("records") == [{"prdtypecode": 10, "taken_for": 40, "share": 0.5, "count": 1}]


def test_a_history_becomes_a_picture(hand_made: Any) -> None:
    columns = ["loss", "accuracy", "validation_loss", "validation_accuracy", "validation_f1_weighted"]
    history = pd.DataFrame({"epoch": [1, 2], **{column: [0.5, 0.4] for column in columns}})
    scored = scored_of(hand_made, [1], [10], **{"history.parquet": history})
    output = hand_made.store.run(evaluate, scored=scored, split=hand_made.split(CODES, SIDES), name="dnn")
    assert output.file("curves.png").read_bytes().startswith(b"\x89PNG")


def test_same_inputs_give_same_bytes(hand_made: Any, tmp_path: Any) -> None:
    scored, split = scored_of(hand_made, [1, 2, 5], [10, 40, 10]), hand_made.split(CODES, SIDES)
    contents = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        evaluate.function(tmp_path / name, scored=scored, split=split, name="dnn")
        contents.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("sides", "productids"),
    [(["train", "validation"], [2]), (["test", "validation"], [2])],
    ids=["no test side", "no test product has probabilities"],
)
def test_nothing_to_score_is_an_error(hand_made: Any, sides: list[str], productids: list[int]) -> None:
    scored = scored_of(hand_made, productids, [10] * len(productids))
    with pytest.raises(InputError, match="dnn: expected probabilities of test products"):
        hand_made.store.run(evaluate, scored=scored, split=hand_made.split([10, 10], sides), name="dnn")


def test_scoring_fitted_products_is_an_error(hand_made: Any) -> None:
    scored = scored_of(hand_made, [1, 4], [10, 40])
    with pytest.raises(MismatchError, match="received 1 others, first 4"):
        hand_made.store.run(evaluate, scored=scored, split=hand_made.split(CODES, SIDES), name="dnn")
