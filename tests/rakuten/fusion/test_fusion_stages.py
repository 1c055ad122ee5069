"""The fusion stages, run as flows run them."""

from typing import Any

import pandas as pd
import pytest

from rakuten.data.probabilities import Probabilities
from rakuten.errors import InputError, MismatchError
from rakuten.fusion.stages import decide, fuse
from rakuten.outputs import StageOutput

SPLIT = ([10, 40, 10, 40, 10], ["validation", "validation", "test", "test", "train"])


def member(hand_made: Any, name: str, productids: list[int], codes: list[int]) -> StageOutput:
    return hand_made.output(f"train-v1-{name}", {"probabilities.parquet": hand_made.sure_of(productids, codes)})


@pytest.fixture
def text(hand_made: Any) -> StageOutput:
    """Right on both validation products."""
    return member(hand_made, "text", [4, 3, 2, 1], [40, 10, 40, 10])


@pytest.fixture
def image(hand_made: Any) -> StageOutput:
    """Right on one of two validation products; has no product 4."""
    return member(hand_made, "image", [1, 2, 3], [10, 10, 40])


@pytest.fixture
def fusion(hand_made: Any, text: StageOutput, image: StageOutput) -> StageOutput:
    return fused(hand_made, text, image)


def fused(hand_made: Any, *members: StageOutput, split: StageOutput | None = None, **changes: Any) -> StageOutput:
    """A fusion of these members; the one called "image" is the only one of its modality."""
    names = tuple(member.key.rpartition("-")[2] for member in members)
    inputs = {
        "members": members,
        "names": names,
        "modalities": tuple("image" if name == "image" else "text" for name in names),
        "split": split or hand_made.split(*SPLIT),
        "method": "weighted",
        "calibrate": False,
    }
    return hand_made.store.run(fuse, **{**inputs, **changes})


def stored_split(hand_made: Any) -> StageOutput:
    return StageOutput(key="split_products-v1-0", folder=hand_made.store.folder / "split_products-v1-0")


def weights(output: StageOutput, case: int = 0) -> list[float]:
    return output.read_json("fusion.json")["cases"][case]["combiner"]["weights"]


def read(output: StageOutput) -> Probabilities:
    return Probabilities.read(output.file("probabilities.parquet"))


def test_weights_are_validation_scores(fusion: StageOutput, text: StageOutput, image: StageOutput) -> None:
    stored = fusion.read_json("fusion.json")
    assert stored["method"] == "weighted"
    scores = [1.0, (2 / 3 + 0) / 2]
    assert [entry["key"] for entry in stored["members"]] == [text.key, image.key]
    assert [entry["name"] for entry in stored["members"]] == ["text", "image"]
    assert [entry["validation_f1_weighted"] for entry in stored["members"]] == pytest.approx(scores)
    assert weights(fusion) == pytest.approx([score / sum(scores) for score in scores])


def test_validation_and_test_products_are_fused(fusion: StageOutput) -> None:
    answers = read(fusion)
    assert sorted(answers.productids.tolist()) == [1, 2, 3, 4]
    assert answers.of([3, 4]).predicted.tolist() == [10, 40]
    # Of two validation products each is answered by what was fitted to the other one alone.
    assert fusion.facts == {
        "products": 4,
        "fused_from_fewer": 1,
        "unseen": 0,
        "validation_f1_weighted": pytest.approx(1 / 3),
    }


def test_members_that_know_nothing_weigh_the_same(hand_made: Any) -> None:
    wrong = [member(hand_made, name, [1, 2, 3, 4], [60] * 4) for name in ("a", "b")]
    assert weights(fused(hand_made, *wrong)) == [0.5, 0.5]


def test_test_products_do_not_move_the_weights(hand_made: Any, fusion: StageOutput, text: StageOutput) -> None:
    other = member(hand_made, "other", [1, 2, 3, 4], [10, 10, 10, 40])
    again = fused(hand_made, text, other, split=stored_split(hand_made), modalities=("text", "image"))
    assert weights(again) == weights(fusion)


def test_weights_of_a_plan_are_taken_as_they_are(hand_made: Any, text: StageOutput, image: StageOutput) -> None:
    assert weights(fused(hand_made, text, image, weights=(0.81, 0.65))) == pytest.approx([0.81 / 1.46, 0.65 / 1.46])


def test_the_decision_holds_the_chosen_fusion(hand_made: Any, text: StageOutput, image: StageOutput) -> None:
    split = hand_made.split(*SPLIT)
    single = fused(hand_made, text, image, split=split, method="single")
    highest = fused(hand_made, text, image, split=split, method="max")
    auto = hand_made.store.run(decide, fusions=(highest, single), split=split, decision="auto")
    assert auto.facts["method"] == "single"
    decision = auto.read_json("decision.json")
    assert (decision["name"], decision["fusion"]) == ("best model alone", single.key)
    assert [row["name"] for row in decision["candidates"]] == ["max vote", "best model alone"]
    assert read(auto).values.tolist() == read(single).values.tolist()
    asked = hand_made.store.run(decide, fusions=(highest, single), split=split, decision="max")
    assert asked.read_json("decision.json")["reason"] == "the plan asks for it"


def test_what_members_say_with_photos_hidden_decides_where_there_are_none(hand_made: Any, image: StageOutput) -> None:
    sure, lost = hand_made.sure_of([1, 2, 3, 4], [10, 40, 10, 40]), hand_made.sure_of([1, 2, 3, 4], [60] * 4)
    both = hand_made.output("train-v1-both", {"probabilities.parquet": sure, "probabilities_unpictured.parquet": lost})
    plain = member(hand_made, "plain", [1, 2, 3, 4], [10, 40, 10, 40])
    output = fused(hand_made, both, plain, image)
    with_photos, without = weights(output, 0), weights(output, 2)
    assert with_photos[0] == with_photos[1] > 0
    assert without == [0.0, 1.0]


def test_a_product_in_no_member_is_refused(hand_made: Any, image: StageOutput) -> None:
    with pytest.raises(MismatchError, match="1 of 2 products have no probabilities in any member, first 4"):
        fused(hand_made, image, method="max")


def test_products_that_image_models_alone_cannot_see_may_be_left_out(hand_made: Any, image: StageOutput) -> None:
    output = fused(hand_made, image, skip_unseen=True)
    assert sorted(read(output).productids.tolist()) == [1, 2, 3]
    assert (output.facts["products"], output.facts["unseen"]) == (3, 1)


def test_a_member_with_fitted_products_is_refused(hand_made: Any, text: StageOutput) -> None:
    fitted = member(hand_made, "fitted", [1, 2, 3, 4, 5], [10] * 5)
    with pytest.raises(MismatchError, match="received 1 others, first 5"):
        fused(hand_made, text, fitted)


def test_a_member_given_twice_is_refused(hand_made: Any, text: StageOutput) -> None:
    with pytest.raises(MismatchError, match="members that differ"):
        fused(hand_made, text, text)


def test_a_member_without_validation_products_is_refused(hand_made: Any, text: StageOutput) -> None:
    blind = member(hand_made, "blind", [3, 4], [10, 40])
    with pytest.raises(InputError, match="blind: expected probabilities of validation products"):
        fused(hand_made, text, blind)


def test_a_member_with_other_classes_is_refused(hand_made: Any, text: StageOutput) -> None:
    frame = pd.read_parquet(text.file("probabilities.parquet")).rename(columns={"2905": "2906"})
    foreign = hand_made.output("train-v1-foreign", {"probabilities.parquet": frame})
    with pytest.raises(MismatchError, match="2905"):
        fused(hand_made, text, foreign)
